"""The figure of a sweep shows every rule."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from study.report.style import study_style
from study.report.sweep_figure import PARTS, draw_sweep

LABELS = ["perceptron", "unit", "_mine:rule"]


def table(**settings: list[Any]) -> pd.DataFrame:
    rows = [
        {name: values[k] for name, values in settings.items()} | {"label": label}
        for k in range(len(next(iter(settings.values()))))
        for label in LABELS
    ]
    parts = {f"{part}{end}": 0.1 for part in PARTS for end in ("", "_low", "_high")}
    return pd.DataFrame(rows).assign(**parts)


def marks(figure: Figure) -> list[list[float]]:
    return [np.asarray(bars.lines[0].get_xdata()).tolist() for bars in figure.axes[0].containers]  # type: ignore[attr-defined]


@pytest.mark.parametrize("settings", [{"n_samples": [50]}, {"n_samples": [50, 50], "features": ["raw", "centred"]}])
def test_rules_stand_side_by_side(settings: dict[str, list[Any]]) -> None:
    with study_style():
        figure = draw_sweep(table(**settings), tuple(settings))
    found = [x for places in marks(figure) for x in places]
    assert np.diff(sorted(found)).min() > 0.15
    ticks = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert ticks == [str(value) for value in list(settings.values())[-1]]
    middles = np.reshape(found, (3, -1)).mean(axis=0)
    np.testing.assert_allclose(middles, range(len(ticks)), atol=1e-12)


def test_numbers_stand_where_they_are() -> None:
    with study_style():
        figure = draw_sweep(table(n_samples=[50, 100]), ("n_samples",))
    assert marks(figure) == [[50, 100]] * 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == LABELS
