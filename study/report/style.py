"""One look for every figure, and SVG whose bytes repeat."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


@contextmanager
def study_style() -> Iterator[None]:
    """Draw in the study's style, whatever the user's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("agg")
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


def label_panel(axes: Axes, letter: str, title: str) -> None:
    """Give a panel its letter and its title."""
    axes.set_title(f"({letter}) {title}")


def rendered(figure: Figure, file_format: str = "svg", source: str | None = None) -> bytes:
    """Return a figure as a file; of an SVG, `source` goes into the metadata, and nothing of time or machine."""
    metadata = {"svg": {"Date": None, "Creator": None, "Source": source}, "pdf": {"CreationDate": None}}
    content = io.BytesIO()
    figure.savefig(content, format=file_format, metadata=metadata.get(file_format))
    return content.getvalue()
