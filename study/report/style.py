"""One look for every figure, and SVG whose bytes repeat."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, filterwarnings

import matplotlib as mpl
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

Tables = Mapping[str, pd.DataFrame]
WIDTH = 4.7
"""Width of a figure in inches: set smaller, in a column of 3.5, its letters are still 6 points high."""

SETTINGS: dict[str, Any] = {
    "axes.grid": False,
    "axes.labelsize": 9,
    "axes.prop_cycle": cycler(color=list(mpl.color_sequences["okabe_ito"])),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "figure.dpi": 150,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "svg.hashsalt": "study",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}

OKABE_ITO = dict(
    zip(
        ("black", "orange", "sky", "green", "yellow", "blue", "vermillion", "purple"),
        mpl.color_sequences["okabe_ito"],
        strict=True,
    )
)
RULES: dict[str, dict[str, Any]] = {
    "perceptron": {"color": OKABE_ITO["blue"], "linestyle": "-"},
    "unit": {"color": OKABE_ITO["vermillion"], "linestyle": "--"},
    "lowest": {"color": OKABE_ITO["black"], "linestyle": ":"},
}
"""Each rule keeps its colour and its line style in every figure."""
LOSSES = {"quadratic": ("vermillion", "s"), "cross-entropy": ("blue", "o"), "threshold-quadratic": ("green", "^")}
"""Colour and marker of each loss where all three are drawn."""


@contextmanager
def study_style(*, mathematics: bool = True) -> Iterator[None]:
    """Draw in the study's style, whatever the user's own settings are; without `mathematics` text is drawn as text.

    A letter that the font lacks is drawn as an empty box.
    """
    with mpl.rc_context(), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.use("agg")
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        mpl.rcParams["text.parse_math"] = mathematics
        yield


def label_panels(panels: Iterable[tuple[Axes, str]], first: str = "a", **style: Any) -> None:
    """Give panels their titles, and letters in their order from the first."""
    for k, (axes, title) in enumerate(panels):
        axes.set_title(f"({chr(ord(first) + k)}) {title}", **style)


def label_in_full(axis: Axis) -> None:
    """Label 1, 2 and 5 in each decade of a logarithmic axis that has few, without powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def draw_estimates(axes: Axes, rows: pd.DataFrame, x: Any, name: str, colour: str, marker: str, **style: Any) -> None:
    """Draw a column with its intervals, against another column or against given places."""
    places = rows[x] if isinstance(x, str) else x
    style = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3.5, "elinewidth": 0.8} | style
    axes.errorbar(places, rows[name], yerr=arms(rows, name), **style)


def draw_open(axes: Axes, x: Any, y: Any, colour: str, marker: str, size: float = 3.0, **style: Any) -> None:
    """Draw marks that are white inside, which leave what lies under them to be seen."""
    axes.plot(x, y, marker, markersize=size, color=OKABE_ITO[colour], markerfacecolor="white", **style)


def draw_points(axes: Axes, points: pd.DataFrame, size: float) -> None:
    """Draw the points of a table, positive ones filled and negative ones open, and rings around the spoilers."""
    style: dict[str, Any] = {"edgecolor": OKABE_ITO["black"], "linewidth": 0.5 if size < 10 else 0.8, "zorder": 3}
    for label, marker, face in ((1, "o", OKABE_ITO["black"]), (-1, "s", "white")):
        chosen = points[points["label"] == label]
        axes.scatter(chosen["x_1"], chosen["x_2"], s=size, marker=marker, facecolor=face, **style)
    spoilers = points[points["is_spoiler"]]
    axes.scatter(spoilers["x_1"], spoilers["x_2"], s=30.0 + 3.5 * size, facecolor="none", **style | {"linewidth": 0.9})


def cross_out(axes: Axes, lost: pd.DataFrame) -> None:
    """Cross the points of a table out."""
    axes.scatter(lost["x_1"], lost["x_2"], s=40, marker="x", color=OKABE_ITO["vermillion"], linewidth=1.1, zorder=4)


def draw_region(axes: Axes, grid: pd.DataFrame, net: str) -> None:
    """Shade where a network predicts +1, from its outputs over a grid of places."""
    theta = grid.pivot_table(index="x_2", columns="x_1", values=net)
    levels, colours = [-1e9, 0.0, 1e9], ["white", OKABE_ITO["sky"]]
    axes.contourf(theta.columns, theta.index, theta, levels=levels, colors=colours, alpha=0.5)
    axes.contour(theta.columns, theta.index, theta, levels=[0], colors=[OKABE_ITO["blue"]], linewidths=1.0)


def arms(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return the lengths of the two arms of a column's intervals, of shape (2, n)."""
    ends = rows[[f"{name}_low", f"{name}_high"]].to_numpy(dtype=float)
    return np.asarray(np.abs(ends - rows[[name]].to_numpy(dtype=float)).T)


def render_figure(figure: Figure, file_format: str = "svg", source: str | None = None) -> bytes:
    """Return a figure as a file, closed; of an SVG, `source` goes into the metadata, and nothing of time or machine."""
    metadata = {"svg": {"Date": None, "Creator": None, "Source": source}, "pdf": {"CreationDate": None}}
    content = io.BytesIO()
    figure.savefig(content, format=file_format, metadata=metadata.get(file_format))
    plt.close(figure)  # matplotlib keeps it otherwise, and warns of the twenty-first
    return content.getvalue()
