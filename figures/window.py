"""Maps over numbers of points and rates of spoilers: whose bias, variance and error is the larger, and both edges."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

BOX, BALL, WIDE = (f"unit_cross_entropy_{bound}" for bound in ("box_3", "ball_3", "box_10"))
PANELS = (
    ("perceptron", BOX, "bias", "bias, box of 3"),
    ("perceptron", BOX, "variance", "variance"),
    ("perceptron", BOX, "error", "error"),
    ("perceptron", BALL, "error", "error, ball of 3"),
    ("perceptron", WIDE, "error", "error, box of 10"),
    ("max_margin", BOX, "error", "error, margin"),
)
COLOURS = ListedColormap([OKABE_ITO["orange"], "white", OKABE_ITO["sky"]])


def draw(tables: Tables) -> Figure:
    """Draw the maps."""
    figure = plt.figure(figsize=(WIDTH, 4.6), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    differences, edges = tables[""], tables["edges"]
    for axis, (baseline, label, part, _) in zip(axes.flat, PANELS, strict=True):
        chosen = (differences["baseline"] == baseline) & (differences["label"] == label) & (differences["part"] == part)
        draw_map(axis, differences[chosen], edges[edges["label"] == label])
    for axis in axes[-1]:
        axis.set_xlabel("points in a set")
    for axis in axes[:, 0]:
        axis.set_ylabel("rate of spoilers")
    label_panels(zip(axes.flat, (title for *_, title in PANELS), strict=True))
    figure.legend(handles=legend(), loc="outside lower center", ncols=2)
    return figure


def draw_map(axes: Axes, rows: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Colour each cell by whose part is surely the larger, and draw the edges that are predicted."""
    sides = rows.pivot_table(index="spoiler_rate", columns="n_samples", values="side")
    across, up = (corners(values) for values in (sides.columns, sides.index))
    axes.pcolormesh(across, up, sides, cmap=COLOURS, vmin=-1, vmax=1, edgecolor="0.75", linewidth=0.3)
    n = edges["n_samples"]
    axes.plot(n, edges["vote_rate"], color=OKABE_ITO["black"])
    axes.plot(n, edges["rate"], color=OKABE_ITO["black"], linestyle="--")
    axes.fill_between(n, edges["rate_q05"], edges["rate_q95"], color=OKABE_ITO["black"], alpha=0.15, linewidth=0)
    axes.set(xscale="log", yscale="log", xlim=across[[0, -1]], ylim=up[[0, -1]])
    axes.set_xticks([16, 64, 256], ["16", "64", "256"])
    axes.set_yticks([0.001, 0.01, 0.1], ["0.001", "0.01", "0.1"])
    axes.minorticks_off()


def corners(centres: pd.Index) -> NDArray[np.float64]:
    """Return where cells begin and end whose centres double."""
    return np.asarray(np.append(centres, 2.0 * centres[-1]) / np.sqrt(2.0))


def legend() -> list[Patch | Line2D]:
    """Return what each colour and each line means."""
    return [
        Patch(facecolor=OKABE_ITO["sky"], label="the unit's is smaller"),
        Patch(facecolor=OKABE_ITO["orange"], label="the unit's is larger"),
        Patch(facecolor="white", edgecolor="0.75", label="not sure"),
        Line2D([], [], color=OKABE_ITO["black"], label="half of the sets hold a spoiler"),
        Line2D([], [], color=OKABE_ITO["black"], linestyle="--", label="one spoiler in $N^*$: median, 5 to 95%"),
    ]
