"""What each rule's error is made of, when one point in a hundred is a spoiler."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from figures._bias_variance import select_setting
from study.report.style import OKABE_ITO, WIDTH, Tables

NAMES = {
    "perceptron": "perceptron",
    "perceptron_random": "perceptron, random order",
    "averaged_perceptron": "averaged perceptron",
    "pocket_perceptron_10": "pocket perceptron",
    "max_margin": "widest margin",
    "soft_margin_1": "soft margin",
    "nearest_centroid": "nearest centroid",
    "unit_cross_entropy_ball_3": "unit, ball of 3",
    "unit_cross_entropy_box_1": "unit, box of 1",
    "unit_cross_entropy_box_3": "unit, box of 3",
    "unit_cross_entropy_box_10": "unit, box of 10",
    "unit_quadratic_box_10": "unit, quadratic, box of 10",
}
BIAS, ADDED = OKABE_ITO["sky"], OKABE_ITO["yellow"]
TAKEN: dict[str, Any] = {"facecolor": "white", "hatch": "/////", "edgecolor": "0.35"}


def draw(tables: Tables) -> Figure:
    """Draw a bar for each rule, in the order of their errors."""
    figure = plt.figure(figsize=(WIDTH, 3.4), layout="constrained")
    rows = select_setting(tables[""])
    draw_parts(figure.subplots(), rows[rows["spoiler_rate"] == 0.01].set_index("label"))
    entries = [
        Patch(color=BIAS, label="bias"),
        Patch(color=ADDED, label="variance, added"),
        Patch(**TAKEN, linewidth=0.5, label="variance, taken off"),
        Line2D([], [], color=OKABE_ITO["black"], linewidth=1.2, label="error"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=4)
    return figure


def draw_parts(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw what each rule's error is made of: bias as a bar, variance as a bar on top or taken off."""
    order = sorted(NAMES, key=lambda label: rows.loc[label, "error"])
    for k, label in enumerate(order):
        row = rows.loc[label]
        axes.barh(k, row["bias"], color=BIAS, height=0.62)
        axes.barh(k, row["unbiased_variance"], left=row["bias"], color=ADDED, height=0.62)
        axes.barh(k, -row["biased_variance"], left=row["bias"], height=0.3, linewidth=0.5, **TAKEN)
        axes.plot([row["error"]] * 2, [k - 0.4, k + 0.4], color=OKABE_ITO["black"], linewidth=1.2)
    axes.set_yticks(range(len(order)), [NAMES[label] for label in order], fontsize=7.5)
    axes.set(xlabel="share of test points", ylim=(-0.7, len(order) - 0.3))
    axes.tick_params(axis="y", length=0)
