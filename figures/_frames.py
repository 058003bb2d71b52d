"""One frame of the lecture: points, the boundary now and before the spoilers came, and what is given up."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from study.report.style import OKABE_ITO, RULES, cross_out, draw_points

ROWS = {"perceptron": "perceptron", "cross-entropy": "unit"}
BEFORE: dict[str, Any] = {"color": "0.6", "linestyle": "-", "linewidth": 1.0}
SIGHT = {"xlim": (-1.7, 1.7), "ylim": (-1.25, 1.25), "xlabel": "$x_1$"}


def draw_frame(axes: Axes, points: pd.DataFrame, lines: pd.DataFrame, rule: str, n_spoilers: int) -> int:
    """Draw one frame and return how many points are on the wrong side."""
    chosen = points[points["n_spoilers"] == n_spoilers]
    wrong = chosen[chosen[f"wrong_{rule}"]]
    draw_points(axes, chosen, 5)
    cross_out(axes, wrong)
    fits = lines[lines["rule"] == rule].set_index("n_spoilers")
    if n_spoilers:
        draw_boundary(axes, fits.loc[0], {**BEFORE, "zorder": 1})
    draw_boundary(axes, fits.loc[n_spoilers], {**RULES[ROWS[rule]], "zorder": 3})
    axes.set(**SIGHT)
    axes.set_xticks([-1, 0, 1])
    return len(wrong)


def draw_boundary(axes: Axes, fit: Any, style: Mapping[str, Any]) -> None:
    """Draw the line w_1 x_1 + w_2 x_2 + bias = 0, which is never level here."""
    y = np.array([-1.25, 1.25])
    axes.plot(-(fit["w_2"] * y + fit["bias"]) / fit["w_1"], y, **style)


def legend_entries() -> list[Line2D]:
    """Return an entry of the legend for each mark of a frame."""
    mark: dict[str, Any] = {"linestyle": "none", "markeredgecolor": OKABE_ITO["black"], "markersize": 4}
    cross: dict[str, Any] = {"linestyle": "none", "marker": "x", "color": OKABE_ITO["vermillion"], "markersize": 6}
    return [
        Line2D([], [], marker="o", color=OKABE_ITO["black"], label="positive", **mark),
        Line2D([], [], marker="s", color="white", label="negative", **mark),
        Line2D([], [], marker="o", markerfacecolor="none", label="spoiler", **mark | {"markersize": 8}),
        Line2D([], [], label="wrong side", **cross),
        Line2D([], [], label="perceptron", **RULES["perceptron"]),
        Line2D([], [], label="unit", **RULES["unit"]),
        Line2D([], [], label="before the spoiler", **BEFORE),
    ]
