"""Networks under limits: what steps, bound and decay leave of the spoiler, by optimiser, and four other geometries."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures._optimisers import RULES, draw_kept
from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

DRAWN_FROM = ("optimisers",)

LIMITS = {"steps": "passes", "bound": "bound", "decay": "decay, or penalty"}
NETS = {"unit": "unit", "16": "16", "8, 8, 8": r"8$\times$3"}


def draw(tables: Tables) -> Figure:
    """Draw the five panels."""
    figure = plt.figure(figsize=(WIDTH, 6.2), layout="constrained")
    axes = figure.subplot_mosaic([["steps", "bound"], ["decay", "norm"], ["shapes", "shapes"]])
    rows = tables["limits"]
    rows = rows[(rows["net"] == "16") & (rows["n_samples"] == rows["n_samples"].max())]
    for limit, meaning in LIMITS.items():
        own = rows[rows["limit"] == limit]
        draw_kept(axes[limit], own, lambda one, k: one["strength"] * 1.06 ** (k - 1), linewidth=0.9)
        axes[limit].set(xscale="log", xlabel=meaning)
    draw_norm(axes["norm"], rows[rows["limit"] == "decay"])
    draw_shapes(axes["shapes"], tables["shapes"])
    handles, names = axes["decay"].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, handletextpad=0.3)
    titles = ("few or many passes", "a bound", "decay: AdamW apart", "decay: norm at the end", "four geometries")
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_norm(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the median norm of the weights at the end, by decay."""
    for rule, own in rows.groupby("rule", sort=False):
        colour, marker = RULES[str(rule)]
        axes.plot(own["strength"], own["norm"], color=OKABE_ITO[colour], marker=marker, markersize=4, linewidth=0.9)
    axes.set(xscale="log", yscale="log", xlabel=LIMITS["decay"], ylabel="norm of the weights")


def draw_shapes(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of sets of each geometry in which the unit and two ReLU networks keep the spoiler."""
    rows = rows[(rows["activation"] == "relu") | (rows["net"] == "unit")]
    shapes = list(dict.fromkeys(rows["geometry"]))

    def places(own: pd.DataFrame, k: int) -> NDArray[np.float64]:
        pairs = zip(own["geometry"], own["net"], strict=True)
        return np.array([4 * shapes.index(shape) + list(NETS).index(net) for shape, net in pairs]) + 0.2 * (k - 1)

    draw_kept(axes, rows, places, linestyle="none")
    middle = [f"{name}\n{shape}" if net == 1 else name for shape in shapes for net, name in enumerate(NETS.values())]
    ticks = [4 * shape + net for shape in range(len(shapes)) for net in range(len(NETS))]
    axes.set_xticks(ticks, middle, fontsize=7.5)
