"""Where descent ends: the map of starts for each loss, and how often random starts misclassify the fourth point."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

LOSSES = {"quadratic": "quadratic", "threshold-quadratic": "threshold", "cross-entropy": "cross-entropy"}
ENDS = {"separates": "sky", "fourth point lost": "vermillion", "another point lost": "yellow"}
DISTANCES = {5.0: ("sky", "o", "-"), 10.0: ("vermillion", "s", "--"), 100.0: ("black", "^", ":")}
STYLES = {"quadratic": "-", "threshold-quadratic": ":", "cross-entropy": "--"}


def draw(tables: Tables) -> Figure:
    """Draw three maps and the shares."""
    figure = plt.figure(figsize=(WIDTH, 4.7), layout="constrained")
    axes = figure.subplot_mosaic([list(LOSSES), ["random"] * 3], height_ratios=[1, 1.1])
    for letter, loss in zip("abc", LOSSES, strict=True):
        draw_map(axes[loss], tables["map"], loss)
        axes[loss].set(xlabel="start of $w_1$", ylabel="start of $w_2$" if letter == "a" else "")
        axes[loss].tick_params(labelleft=letter == "a")
    stationary = tables["stationary"]
    chosen = stationary[(stationary["eps"] == 0.1) & (stationary["t"] == 10.0) & stationary["everywhere"]]
    for row in chosen.itertuples():
        mark = "d" if not row.is_minimum else "*" if row.separates else "X"
        axes["quadratic"].scatter(row.w_x, row.w_y, s=45, marker=mark, color="white", edgecolor="black", zorder=3)
    draw_shares(axes["random"], tables[""])
    label_panels(zip(axes.values(), (*LOSSES.values(), "random starts that misclassify the fourth point"), strict=True))
    return figure


def draw_map(axes: Axes, ends: pd.DataFrame, loss: str) -> None:
    """Colour each start by the end of descent from there."""
    codes = ends.assign(code=ends[loss].map({end: code for code, end in enumerate(ENDS)}))
    grid = codes.pivot_table(index="w_y", columns="w_x", values="code")
    colours = ListedColormap([OKABE_ITO[colour] for colour in ENDS.values()])
    axes.pcolormesh(grid.columns, grid.index, grid, cmap=colours, vmin=-0.5, vmax=2.5, alpha=0.75)
    u = np.log(9.0)
    axes.plot(u, u, "+", color="black", markersize=8)
    axes.set_aspect("equal")


def draw_shares(axes: Axes, shares: pd.DataFrame) -> None:
    """Draw the share of starts that misclassify the fourth point against their spread, with 95% intervals."""
    drawn = shares[shares["s"].notna()]
    for t, (colour, marker, _) in DISTANCES.items():
        for loss, line in STYLES.items():
            rows = drawn[(drawn["t"] == t) & (drawn["loss"] == loss)]
            error = np.abs(rows[["low", "high"]].T.to_numpy() - rows["stuck"].to_numpy())
            style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "linestyle": line, "markersize": 3.5}
            name = f"$t = {t:g}$" if loss == "quadratic" else None
            axes.errorbar(rows["s"], rows["stuck"], yerr=error, elinewidth=0.8, linewidth=1.1, label=name, **style)
    for loss, line in STYLES.items():
        axes.plot([], [], color="black", linestyle=line, label=LOSSES[loss])
    axes.set(xscale="log", xlabel="spread $s$ of the starts", ylabel="share", ylim=(-0.03, 0.8))
    axes.legend(loc="upper left", ncols=2)
