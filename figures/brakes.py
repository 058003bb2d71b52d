"""Thresholds under a bound, a penalty, in time and for other losses, with the laws as lines."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_open, label_panels

PENALTIES = {
    "penalty, bias penalised": ("blue", "o", "bias penalised"),
    "penalty, bias free": ("vermillion", "s", "free"),
}
TAILS = {
    "inverse": ("blue", "o", "$1/m$"),
    "inverse-square": ("green", "^", "$1/m^2$"),
    "arctan": ("purple", "D", "arctan"),
}


def draw(tables: Tables) -> Figure:
    """Draw a panel for each."""
    figure = plt.figure(figsize=(WIDTH, 4.5), layout="constrained")
    axes = figure.subplots(2, 2)
    laws = tables[""]
    draw_law(axes[0, 0], laws[laws["brake"] == "bound"], "black", "o", "bound")
    axes[0, 0].set(xlabel="bound $R$", ylabel=r"$\ln M^*$")
    for brake, (colour, marker, label) in PENALTIES.items():
        draw_law(axes[0, 1], laws[laws["brake"] == brake], colour, marker, label)
    axes[0, 1].set(xlabel="$C$", ylabel=r"$\ln M^*$")
    draw_time(axes[1, 0], tables["time"])
    draw_tails(axes[1, 1], tables["tail"])
    for axis in axes[0]:
        axis.set(xscale="log", yscale="log", ylim=(4.0, 1000.0))
    axes[0, 1].legend(loc="upper left", handletextpad=0.1, ncols=2, columnspacing=0.5)
    titles = ("a bound", "a penalty", "time", "other losses, in a bound")
    label_panels(zip(axes.ravel(), titles, strict=True))
    return figure


def draw_law(axes: Axes, rows: pd.DataFrame, colour: str, marker: str, label: str) -> None:
    """Draw the law of each geometry as a line, and the thresholds as points."""
    for _, one in rows.groupby("geometry"):
        axes.plot(one["strength"], one["ln_law"], color=OKABE_ITO[colour], linewidth=0.5)
    draw_open(axes, rows["strength"], rows["ln_threshold"], colour, marker, label=label)


def draw_time(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the time over tau* ln M, which tends to 1."""
    for _, one in rows.groupby("geometry"):
        ratio = one["t"] / (one["hitting_time"] * one["ln_M"])
        draw_open(axes, one["ln_M"], ratio, "black", "o")
    axes.axhline(1.0, color=OKABE_ITO["black"], linewidth=0.8)
    axes.set(xscale="log", xlabel=r"$\ln M$", ylabel=r"$t^* / (\tau^* \ln M)$", ylim=(0.9, 2.0))


def draw_tails(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw law and thresholds of each loss with a power tail."""
    for tail, (colour, marker, label) in TAILS.items():
        chosen = rows[rows["tail"] == tail].rename(columns={"weight_bound": "strength"})
        draw_law(axes, chosen, colour, marker, label)
    axes.set(xscale="log", xlabel="bound $R$", ylabel=r"$\ln M^*$")
    axes.legend(loc="upper left", handletextpad=0.1, borderpad=0.1, labelspacing=0.25)
