"""The figure of a sweep shows every rule, over whatever varies."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from study.report.style import study_style
from study.report.sweep_figure import MOST_ROWS, PARTS, draw_sweep, grows_by_factors
from study.sweeps.own_rule import OwnRule
from study.sweeps.rule import Rule
from study.sweeps.rules import MaxMargin, Network, Perceptron, SoftMargin, Unit

RULES = [Perceptron(), Unit(), OwnRule(place="_mine:rule")]


def draw(rules: list[Rule] = RULES, **settings: list[Any]) -> Figure:
    """Draw a sweep over all combinations of the settings."""
    rows = [
        dict(zip(settings, values, strict=True)) | {"label": rule.label}
        for values in product(*settings.values())
        for rule in rules
    ]
    parts = {f"{part}{end}": 0.1 for part in PARTS for end in ("", "_low", "_high")}
    with study_style():
        return draw_sweep(pd.DataFrame(rows).assign(**parts), tuple(settings), rules)


def marks(figure: Figure) -> list[list[float]]:
    return [np.asarray(bars.lines[0].get_xdata()).tolist() for bars in figure.axes[0].containers]  # type: ignore[attr-defined]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("settings", [{"n_samples": [50]}, {"n_samples": [50], "features": ["raw", "centred"]}])
def test_rules_stand_side_by_side(settings: dict[str, list[Any]]) -> None:
    figure = draw(**settings)
    found = [x for places in marks(figure) for x in places]
    assert np.diff(sorted(found)).min() > 0.15
    ticks = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert ticks == [str(value) for value in list(settings.values())[-1]]
    middles = np.reshape(found, (3, -1)).mean(axis=0)
    np.testing.assert_allclose(middles, range(len(ticks)), atol=1e-12)


def test_numbers_stand_where_they_are_and_names_are_a_persons() -> None:
    figure = draw(features=["raw", "centred"], n_samples=[50, 100])
    assert marks(figure) == [[50, 100]] * 3
    assert legend(figure) == ["perceptron", "unit, weight bound = 3", "rule"]
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["features = raw", "features = centred"]
    assert figure.axes[-1].get_xlabel() == "n samples"


def test_an_option_that_varies_is_the_axis_and_rules_without_it_are_levels() -> None:
    units: list[Rule] = [Unit(loss=loss, weight_bound=R) for loss in ("cross-entropy", "quadratic") for R in (9, 1, 3)]
    figure = draw([Perceptron(), *units], n_samples=[50])
    assert marks(figure) == [[1, 3, 9]] * 2
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_xscale()) == ("weight bound", "log")
    assert legend(figure) == ["perceptron", "unit, loss = cross-entropy", "unit, loss = quadratic"]
    estimators: list[Rule] = [OwnRule(place="a.b:Tree", given=f"depth={depth},rule=gini") for depth in (1, 2, 3)]
    figure = draw([*estimators, MaxMargin()], n_samples=[50])
    assert (figure.axes[0].get_xlabel(), marks(figure)) == ("depth", [[1, 2, 3]])
    assert legend(figure) == ["Tree", "max margin"]


def test_what_all_lines_share_is_said_once() -> None:
    same: dict[str, Any] = {"optimiser": "adamw", "layers": "8,1"}
    networks: list[Rule] = [Network(activation=one, **same) for one in ("relu", "tanh")]
    figure = draw([*networks, SoftMargin()], n_samples=[50, 100])
    assert legend(figure) == ["network, activation = relu", "network, activation = tanh", "soft margin, C = 1"]
    title = figure.legends[0].get_title().get_text()
    assert title.replace("\n", " ").startswith(
        "weight bound = 3, optimiser = adamw, rate = 0.01, epochs = 200, layers = 8,1"
    )


def test_lines_of_one_name_are_told_apart() -> None:
    twins: list[Rule] = [OwnRule(place=f"{module}:Tree") for module in "ab"]
    assert legend(draw(twins, n_samples=[50])) == ["a:Tree", "b:Tree"]


def test_more_rows_than_a_page_holds_are_counted() -> None:
    figure = draw(n_samples=[50, 100], n_features=list(range(1, MOST_ROWS + 3)))
    assert len(figure.axes) == 3 * MOST_ROWS
    assert figure.legends[0].get_title().get_text() == "2 more of n features in the table"


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1, 3, 10], "log"), ([0.0, 0.01, 0.1, 1.0], "symlog"), ([100, 200, 300], "linear"), ([50, 100], "linear")],
)
def test_an_axis_is_logarithmic_where_values_grow_by_factors(values: list[float], scale: str) -> None:
    axes = draw(n_samples=values).axes[0]
    assert axes.get_xscale() == scale
    assert grows_by_factors(np.array([v for v in values if v > 0], float)) == (scale != "linear")
    assert scale == "linear" or [text.get_text() for text in axes.get_xticklabels()] == [f"{v:g}" for v in values]
