"""Which loss gives a spoiler up where the targets are within reach of the bound."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study.report.style import LOSSES, OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

SHARES = {0.95: "-", 1.05: "--"}


def draw(tables: Tables) -> Figure:
    """Draw the two panels."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    draw_targets(axes[0], tables[""][tables[""]["shape"] == "box"])
    draw_copies(axes[1], tables["copies"])
    for axis in axes:
        axis.set(ylim=(-0.04, 1.04), xscale="log")
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    label_panels(zip(axes, ("the targets", "the other points"), strict=True))
    axes[0].set_ylabel("sets that the unit separates")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def draw_targets(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the rates of separation against the margin at which the targets are met."""
    for loss, (colour, marker) in LOSSES.items():
        draw_estimates(axes, rows[rows["loss"] == loss], "u", "separates", colour, marker, markersize=4, label=loss)
    reach = rows[rows["loss"] == "quadratic"]
    axes.plot(reach["u"], reach["in_reach"], ":", color="black", label="share of sets with targets within reach")
    axes.set(xlabel="margin $u$ that meets a target")
    axes.set_xticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    axes.minorticks_off()


def draw_copies(axes: Axes, copies: pd.DataFrame) -> None:
    """Draw the rates of separation against the copies of each other point, just within and just out of reach."""
    for loss, (colour, marker) in LOSSES.items():
        for share, line in SHARES.items():
            chosen = copies[(copies["loss"] == loss) & (copies["share_of_reach"] == share)]
            draw_estimates(axes, chosen, "copies", "separates", colour, marker, markersize=4, linestyle=line)
    green = OKABE_ITO["green"]
    axes.text(1e3, 0.92, "within reach", color=green, fontsize=8, ha="center")
    axes.text(50, 0.5, "just beyond", color=green, fontsize=8)
    axes.set(xlabel="copies of each base point")
