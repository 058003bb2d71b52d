"""The loss with few copies and with many, and every stationary point against their number."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

BRANCHES = {
    "minimum that separates": ("blue", "*"),
    "minimum that fails": ("vermillion", "X"),
    "saddle": ("black", "d"),
}


def draw(tables: Tables) -> Figure:
    """Draw three landscapes and the branches."""
    figure = plt.figure(figsize=(WIDTH, 4.6), layout="constrained")
    shown = sorted(tables["landscape"]["m"].unique())
    axes = figure.subplot_mosaic([[str(m) for m in shown], ["branches"] * len(shown)], height_ratios=[1, 1.15])
    for letter, m in zip("abc", shown, strict=True):
        draw_landscape(axes[str(m)], tables["landscape"], tables["points"], m)
        axes[str(m)].set(xlabel="weight $w$", ylabel="bias $b$" if letter == "a" else "")
        axes[str(m)].tick_params(labelleft=letter == "a")
    draw_branches(axes["branches"], tables["points"], tables[""])
    titles = [*(f"$m = {m}$" for m in shown), "every stationary point, by the number of copies"]
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_landscape(axes: Axes, landscape: pd.DataFrame, points: pd.DataFrame, m: int) -> None:
    """Draw level lines of the loss, the region of weights that separate, and the stationary points."""
    grid = landscape[landscape["m"] == m].pivot_table(index="b", columns="w", values="loss")
    low = grid.to_numpy().min()
    levels = low * np.geomspace(1.02, 60.0, 14)
    axes.contourf(grid.columns, grid.index, grid, levels=[low * 0.9, *levels], cmap="Greys", norm="log", alpha=0.5)
    axes.contour(grid.columns, grid.index, grid, levels=levels, colors="0.45", linewidths=0.4)
    w = np.array([0.0, 6.5])
    axes.fill_between(w, 0.2 * w, w, color=OKABE_ITO["sky"], alpha=0.25, linewidth=0)
    for name, rows in points[points["m"] == m].groupby(branches(points)):
        marker = BRANCHES[str(name)][1]
        axes.scatter(rows["w"], rows["b"], s=70, marker=marker, color="white", edgecolor="black", zorder=3)
    axes.set(xlim=(0.0, 6.5), ylim=(-1.0, 4.0))


def branches(points: pd.DataFrame) -> pd.Series:
    """Return what each stationary point is called."""
    ends = points["separates"].map({True: "minimum that separates", False: "minimum that fails"})
    return ends.where(points["kind"] == "minimum", points["kind"])


def draw_branches(axes: Axes, points: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Draw the loss of every stationary point against m, as a share of the least loss far out."""
    far = points["m"].map(counts.set_index("m")["loss_at_infinity"])
    shown = points.assign(share=(points["loss_low"] + points["loss_high"]) / 2 / far)[points["m"] <= 200]
    for name, (colour, marker) in BRANCHES.items():
        rows = shown[branches(shown) == name]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "linestyle": "none"}
        axes.plot(rows["m"], rows["share"], markersize=3.5, markeredgewidth=0, label=name, **style)
    axes.axhline(1.0, color="0.5", linestyle="--", linewidth=1.0, label="far out, at least")
    axes.set(xscale="log", xlim=(0.9, 220), ylim=(0, 1.3))
    axes.set(xlabel="copies $m$ of either point", ylabel="loss, as a share")
    axes.legend(loc="lower left", bbox_to_anchor=(0.1, 0.0))
