"""Which loss separates, by bound and start, and how long the threshold loss takes."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import LOSSES, OKABE_ITO, WIDTH, Tables, arms, label_panels

STARTS = ("warm", "zero", "random")


def draw(tables: Tables) -> Figure:
    """Draw the three panels."""
    figure = plt.figure(figsize=(WIDTH, 5.4), layout="constrained")
    axes = figure.subplot_mosaic([["four", "clusters"], ["time", "time"]], height_ratios=[1, 1.05])
    for where in ("four", "clusters"):
        draw_rates(axes[where], tables[""][tables[""]["points"] == where])
    axes["four"].set_ylabel("share that separates")
    draw_time(axes["time"], tables["time"])
    titles = ("four points", "spoiled clusters", "from the old optimum: steps until the fourth point is right")
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_rates(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of runs that end separating, bounded and not, with intervals where runs were drawn."""
    for k, (loss, (colour, marker)) in enumerate(LOSSES.items()):
        for bounded, face in ((True, OKABE_ITO[colour]), (False, "white")):
            chosen = rows[(rows["loss"] == loss) & (rows["bounded"] == bounded)].set_index("start").loc[list(STARTS)]
            place = np.arange(3) + 0.24 * (k - 1) + (-0.05 if bounded else 0.05)
            drawn = (chosen["n"] > 1).to_numpy()
            rate = chosen["separates"].to_numpy()
            off = arms(chosen, "separates") * drawn
            style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "markerfacecolor": face}
            label = loss if bounded else None
            axes.errorbar(place, rate, yerr=off, linestyle="none", markersize=4.5, linewidth=0.9, label=label, **style)
    axes.set(ylim=(-0.06, 1.06), xlim=(-0.5, 2.5))
    axes.set_xticks(range(3), [f"{start}\nstart" for start in STARTS])


def draw_time(axes: Axes, time: pd.DataFrame) -> None:
    """Draw the steps of each loss against the distance, and what theory says of the threshold loss."""
    for loss, (colour, marker) in LOSSES.items():
        counts = time[loss.replace("-", "_")]
        axes.plot(time["t"], counts, color=OKABE_ITO[colour], marker=marker, markersize=4, linewidth=0.9, label=loss)
    late = time[time["t"] >= 2.0]
    axes.plot(late["t"], late["predicted"], color=OKABE_ITO["black"], linestyle="--", linewidth=0.9, label="theory")
    ended = time["t"][time["quadratic"].notna()].max()
    axes.axvline(ended + 0.25, color=OKABE_ITO["vermillion"], linewidth=0.7, linestyle=":")
    axes.text(ended + 0.33, 5e5, "quadratic:\nnever", color=OKABE_ITO["vermillion"], fontsize=8, va="center")
    axes.set(yscale="log", xlabel="distance $t$ of the fourth point", ylabel="steps")
    axes.legend(loc="upper left")
