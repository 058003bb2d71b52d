"""The drawing of a comparison shows each point on its own side of both boundaries, and names that can be read."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from study.analysis.comparison import Comparison, Settings, compare, examine
from study.analysis.limits import WeightBound
from study.datasets.table import read_table
from study.report.comparison_figure import draw
from study.report.comparison_text import caption
from study.report.style import study_style


def compared(d: int, spread: float = 0.7) -> Comparison:
    """Return what the rules make of points of two classes that overlap."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, d)).round(2)
    y = np.where(X.sum(axis=1) + spread * rng.normal(size=60) > 0.0, "a", "b")
    table = read_table(pd.DataFrame(X, columns=[f"x{j}" for j in range(d)]).assign(c=y).to_csv(index=False), "c")
    unit = WeightBound(shape="box", loss="cross-entropy", eps=0.0)
    settings = Settings(unit=unit, limits=(0.5,), standardise=False, max_updates=500, max_passes=9)
    return examine(compare(table, settings))


def drawn(comparison: Comparison) -> Figure:
    with study_style(mathematics=False):
        figure = draw(comparison)
        figure.draw_without_rendering()
    return figure


def marks(figure: Figure) -> dict[str, Any]:
    """Return where the marks of each entry of the legend stand."""
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    collections = iter(figure.axes[0].collections)
    return {word: next(collections).get_offsets() for word in words if ":" not in word}


@pytest.mark.parametrize("d", [2, 5])
def test_every_mark_is_in_the_legend_and_on_its_side(d: int) -> None:
    comparison = compared(d)
    figure = drawn(comparison)
    found = marks(figure)
    words = ("b", "a", "wrong for the perceptron", "wrong for the unit", "moves the unit most")
    assert list(found) == list(words)
    assert len(found["a"]) + len(found["b"]) == 60
    assert len(found["wrong for the unit"]) == comparison.units[0].lost.size > 0
    assert len(figure.axes[0].collections) == len(found)
    if d > 2:
        right = [(outcome.lost.size, k) for k, outcome in enumerate((comparison.units[0], comparison.perceptron))]
        for n_lost, k in right:
            wrong = np.count_nonzero(found["b"][:, k] <= 0.0) + np.count_nonzero(found["a"][:, k] >= 0.0)
            assert wrong == n_lost


@pytest.mark.parametrize("d", [1, 2, 5])
def test_names_of_rows_do_not_cover_one_another(d: int) -> None:
    figure = drawn(compared(d, spread=2.0))
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert len(boxes) >= 6
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_axes_are_named_by_what_weighs_most() -> None:
    comparison = compared(5)
    weights = comparison.units[0].w[:-1]
    j = int(np.argmax(np.abs(weights)))
    axes = drawn(comparison).axes[0]
    assert axes.get_xlabel().startswith(
        f"distance from the unit's boundary\n{weights[j] / np.linalg.norm(weights):+.2f} x{j} "
    )
    assert axes.get_ylabel().startswith("distance from the perceptron's boundary\n")
    assert [axes.get_xlabel() for axes in drawn(compared(2)).axes] == ["x0"]
    assert "every" not in caption(comparison)


def test_of_many_points_some_are_drawn_and_all_that_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.report.comparison_text.MOST_DRAWN", 20)
    comparison = compared(5)
    found = marks(drawn(comparison))
    assert 20 <= len(found["a"]) + len(found["b"]) < 60
    assert len(found["wrong for the unit"]) == comparison.units[0].lost.size
    assert "of the others every 3rd is drawn" in caption(comparison)
