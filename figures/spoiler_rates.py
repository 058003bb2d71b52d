"""Variance, bias and error as spoilers become frequent, with the share at which the law lets a unit turn."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures._bias_variance import select_setting
from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

DRAWN_FROM = ("bias_variance",)
SHOWN: dict[str, tuple[str, str, str]] = {
    "perceptron": ("perceptron", "blue", "o"),
    "max_margin": ("widest margin", "green", "D"),
    "unit_cross_entropy_ball_3": ("unit, ball of 3", "vermillion", "s"),
    "unit_cross_entropy_box_3": ("unit, box of 3", "orange", "s"),
    "unit_cross_entropy_box_1": ("unit, box of 1", "purple", "^"),
}
PARTS = ("variance", "bias", "error")


def draw(tables: Tables) -> Figure:
    """Draw three panels."""
    figure = plt.figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots(1, 3)
    rows = select_setting(tables[""])
    for axis, part in zip(axes, PARTS, strict=True):
        draw_rates(axis, rows, part)
        axis.set_xlabel("spoilers in 100")
    draw_law(axes[0], tables["law"])
    label_panels(zip(axes, PARTS, strict=True))
    handles, labels = axes[1].get_legend_handles_labels()
    law = Line2D([], [], color="0.3", linewidth=1.0, marker="|", markersize=6)
    figure.legend([*handles, law], [*labels, "one spoiler in $N^*$ (law)"], loc="outside lower center", ncols=3)
    return figure


def draw_rates(axes: Axes, rows: pd.DataFrame, part: str) -> None:
    """Draw one part against the share of spoilers, with intervals."""
    for label, (name, colour, marker) in SHOWN.items():
        line = rows[rows["label"] == label].sort_values("spoiler_rate")
        draw_estimates(axes, line, 100.0 * line["spoiler_rate"], part, colour, marker, linewidth=1.1, label=name)
    axes.set(ylim=(-0.002, None))


def draw_law(axes: Axes, law: pd.DataFrame) -> None:
    """Mark, above each unit's variance, the share of spoilers at which the law lets it turn: median, and 5 to 95%."""
    top = axes.get_ylim()[1]
    shown = [row for row in law.to_dict("records") if row["label"] in SHOWN]
    for k, row in enumerate(shown):
        colour = OKABE_ITO[SHOWN[row["label"]][1]]
        height = top * (1.06 + 0.06 * k)
        axes.plot(
            [100 * row["predicted_rate_q05"], 100 * row["predicted_rate_q95"]], [height] * 2, color=colour, lw=1.0
        )
        axes.plot(100 * row["predicted_rate"], height, "|", color=colour, markersize=6)
    axes.set_ylim(-0.002, top * 1.28)
