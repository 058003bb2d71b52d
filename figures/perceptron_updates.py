"""The perceptron's updates beside the bound of its theorem."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

SCALES = {
    0.0: ("black", "o"),
    1.0: ("blue", "s"),
    10.0: ("green", "^"),
    100.0: ("orange", "D"),
    1000.0: ("vermillion", "v"),
}


def draw(tables: Tables) -> Figure:
    """Draw two panels."""
    figure = plt.figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots(1, 2)
    draw_distance(axes[0], tables[""])
    draw_bound(axes[1], tables[""])
    label_panels(zip(axes, ("the four points", "drawn sets"), strict=True))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, title="(a) spread of the start", loc="outside lower center", ncols=5)
    return figure


def draw_distance(axes: Axes, table: pd.DataFrame) -> None:
    """Draw mean updates against the distance of the fourth point, by the spread of the start."""
    rows = table[table["part"] == "distance"]
    for scale, (colour, marker) in SCALES.items():
        line = rows[rows["start_scale"] == scale]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3.5, "linewidth": 1.0}
        axes.plot(line["t"], line["updates"], label="zero" if scale == 0.0 else f"{scale:,.0f}", **style)
    t = np.array([1.0, 1000.0])
    axes.plot(t, 5.0 * (t**2 + 1.0), color="0.5", linestyle=":", linewidth=1.0)
    axes.text(12.0, 3.0e3, "bound", color="0.4", fontsize=8, ha="right")
    axes.set(xscale="log", yscale="log", xlabel="distance $t$", ylabel="mean updates", ylim=(2, 1e5))


def draw_bound(axes: Axes, table: pd.DataFrame) -> None:
    """Draw updates against the bound, and the family on which they are equal."""
    for generator, colour, marker in (("boxes", "blue", "o"), ("Gaussians", "green", "^")):
        rows = table[(table["part"] == "random") & (table["generator"] == generator.lower())]
        spread = [rows["updates"] - rows["updates_least"], rows["updates_most"] - rows["updates"]]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "linestyle": "none", "markersize": 4}
        axes.errorbar(rows["bound_median"], rows["updates"], spread, label=generator, elinewidth=0.8, **style)
    rows = table[table["part"] == "simplex"]
    orthogonal: dict[str, Any] = {"color": OKABE_ITO["vermillion"], "marker": "s", "linestyle": "none", "markersize": 4}
    axes.plot(rows["bound_median"], rows["updates"], label="orthogonal", **orthogonal)
    axes.plot([1, 400], [1, 400], color="0.5", linestyle=":", linewidth=1.0, zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="bound, median", ylabel="updates")
    axes.legend(loc="upper left", fontsize=7.5)
