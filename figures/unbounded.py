"""Descent without a bound: loss, direction, and the path of the bounded optima beside it."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

KINDS = {"symmetric": ("blue", "-"), "generic": ("vermillion", "--")}


def draw(tables: Tables) -> Figure:
    """Draw the five panels."""
    figure = plt.figure(figsize=(WIDTH, 6.9), layout="constrained")
    axes = figure.subplot_mosaic([["loss", "norm"], ["error", "error"], ["path", "meeting"]])
    paths = tables["paths"]
    draw_paths(axes["loss"], paths, "loss_value")
    steps = np.array([1e3, 1e6])
    axes["loss"].plot(steps, 0.02 * 1e3 / steps, color=OKABE_ITO["black"], linewidth=0.9, linestyle=":")
    axes["loss"].text(4e4, 2e-3, "$1/t$", fontsize=8)
    axes["loss"].set(yscale="log", ylabel="loss")
    draw_paths(axes["norm"], paths, "norm")
    axes["norm"].set(ylabel="norm of the weights")
    axes["norm"].legend(loc="upper left")
    draw_error(axes["error"], paths, tables[""])
    draw_bridge(axes["path"], tables["path"])
    draw_meeting(axes["meeting"], tables["meeting"])
    for name in ("loss", "norm", "error"):
        axes[name].set(xscale="log", xlabel="steps")
    titles = (
        "loss",
        "norm",
        "distance of the direction from the largest margin's",
        "descent and bounded optima",
        "when the spoiler is met",
    )
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_paths(axes: Axes, paths: pd.DataFrame, column: str) -> None:
    """Draw a line for each draw."""
    for kind, (colour, line) in KINDS.items():
        for draw_, rows in paths[paths["points"] == kind].groupby("draw"):
            label = kind if draw_ == 0 else None
            axes.plot(
                rows["n_steps"], rows[column], color=OKABE_ITO[colour], linestyle=line, linewidth=0.7, label=label
            )


def draw_error(axes: Axes, paths: pd.DataFrame, rates: pd.DataFrame) -> None:
    """Draw the direction errors, and for the generic sets what theory says of them."""
    draw_paths(axes, paths, "error")
    generic = rates[rates["points"] == "generic"]
    steps = np.geomspace(1e3, paths["n_steps"].max(), 50)
    for k, row in enumerate(generic.itertuples()):
        label = "theory, generic" if k == 0 else None
        theory = row.predicted_constant / (np.log(steps) + row.shift)
        axes.plot(steps, theory, color=OKABE_ITO["black"], linewidth=0.7, linestyle=":", label=label)
    axes.set(yscale="log", ylabel="norm of the difference", ylim=(8e-5, 0.5))
    axes.legend(loc="lower left", ncols=3)


def draw_bridge(axes: Axes, path: pd.DataFrame) -> None:
    """Draw the angle from the largest margin against the norm: descent as a line, bounded optima as dots."""
    axes.plot(path["norm"], path["angle"], color=OKABE_ITO["blue"], label="descent")
    every = path.iloc[::3]
    axes.plot(
        every["norm"],
        every["bounded_angle"],
        "o",
        markersize=3.5,
        markerfacecolor="white",
        color=OKABE_ITO["vermillion"],
        label="bounded optimum",
    )
    met = path[path["separates"]]["norm"].min()
    axes.axvline(met, color=OKABE_ITO["black"], linewidth=0.7, linestyle=":")
    axes.text(met + 0.7, 15, "separates\nfrom here", fontsize=8)
    axes.set(xlabel="norm of the weights", ylabel="angle (degrees)")
    axes.legend(loc="upper right")


def draw_meeting(axes: Axes, meeting: pd.DataFrame) -> None:
    """Draw the bound from which the optimum separates against the steps after which descent does."""
    axes.plot(meeting["n_steps"], meeting["weight_bound"], "o-", markersize=4, linewidth=0.9, color=OKABE_ITO["blue"])
    for row in (meeting.iloc[0], meeting.iloc[3], meeting.iloc[-1]):
        axes.annotate(
            f"{row['n_samples']:,.0f} points",
            (row["n_steps"], row["weight_bound"]),
            xytext=(5, -3) if row["n_samples"] < 1000 else (-5, 3),
            textcoords="offset points",
            fontsize=8,
            ha="left" if row["n_samples"] < 1000 else "right",
            va="top" if row["n_samples"] < 1000 else "bottom",
        )
    axes.set(xscale="log", xlabel="steps of descent", ylabel="bound $R$", ylim=(0, 14.5))
