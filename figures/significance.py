"""The spoiler's share of the loss along the number of points, and both thresholds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_open, label_panels

COLOURS = ("sky", "blue", "black")
"""Of the bounds, from the tightest to the widest."""


def draw(tables: Tables) -> Figure:
    """Draw the two panels."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2)
    draw_shares(axes[0], tables["curve"])
    draw_near(axes[1], tables["curve"][tables["curve"]["geometry"] == "corners"], tables[""])
    for axis in axes:
        axis.set(ylim=(0.0, 1.02))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes[0].set_ylabel("spoiler's share of the loss")
    label_panels(zip(axes, ("all sets", "the eight points"), strict=True))
    return figure


def draw_shares(axes: Axes, curve: pd.DataFrame) -> None:
    """Draw the share of each geometry, the first threshold at 0 and the second at 1."""
    for (_, turn), one in curve.groupby(["geometry", "turn"]):
        colour = OKABE_ITO[COLOURS[sorted(set(curve["turn"])).index(turn)]]
        axes.plot(one["place"], one["share"], color=colour, linewidth=0.6)
    for turn, colour in zip(sorted(set(curve["turn"])), COLOURS, strict=True):
        axes.plot([], [], color=OKABE_ITO[colour], label=rf"$\gamma_0 R = {turn:g}$")
    axes.axhline(0.05, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xlabel=r"from $\ln M^*$ to $\ln M^{**}$", xticks=[0, 1], xlim=(-0.55, 2.6))
    axes.legend(loc="upper right", fontsize=7.5, borderpad=0.1, labelspacing=0.25)


def draw_near(axes: Axes, curve: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the share on the corners, the limit near the first threshold, and both thresholds."""
    for turn, colour in zip(sorted(set(curve["turn"])), COLOURS, strict=True):
        one = curve[curve["turn"] == turn]
        law = rows[(rows["geometry"] == "corners") & (rows["turn"] == turn)].iloc[0]
        axes.plot(one["ln_M"], one["share"], color=OKABE_ITO[colour])
        close = one[np.abs(one["ln_M"] - law["ln_first"]) < 0.5 * (law["ln_second"] - law["ln_first"])]
        axes.plot(close["ln_M"], close["limit"], color=OKABE_ITO["vermillion"], linestyle="--", linewidth=0.9)
        draw_open(axes, law["ln_first"], law["share_law"], "vermillion", "o", 4.0)
        draw_open(axes, law["ln_second_law"], 0.05, "vermillion", "s", 4.0)
    axes.axhline(0.05, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xlabel=r"$\ln M$", xscale="log", xlim=(2, 350), xticks=[3, 10, 30, 100, 300])
    axes.set_xticklabels(["3", "10", "30", "100", "300"])
    axes.minorticks_off()
