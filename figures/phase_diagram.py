"""Where the bounded optimum separates, certified cell by cell, with the law drawn over it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

STATES = {
    "separates": "#d9ecf7",
    "spoiler given up": "#f3c5ad",
    "base points given up": "#f2e394",
    "undecided": "white",
}


def draw(tables: Tables) -> Figure:
    """Draw five maps."""
    figure = plt.figure(figsize=(WIDTH, 4.6))
    panels: dict[str, Axes] = {}
    for letters, top, bottom, wspace in (
        ("ab", 0.95, 0.585, 0.34),
        ("cde", 0.43, 0.1, 0.6),
    ):
        row = figure.add_gridspec(1, len(letters), left=0.115, right=0.99, top=top, bottom=bottom, wspace=wspace)
        panels |= {letter: figure.add_subplot(row[0, place]) for place, letter in enumerate(letters)}
    maps = {
        "a": ("bound", "cross-entropy", "cross-entropy"),
        "b": ("bound", "quadratic", "quadratic loss"),
        "c": ("depth", "cross-entropy", "depth"),
        "d": ("offset", "quadratic", "offset"),
        "e": ("tight", "cross-entropy", "small $R$"),
    }
    for letter, (part, loss, _) in maps.items():
        draw_map(panels[letter], tables[""], tables["law"], part, loss)
        across = part if part in ("depth", "offset") else "weight bound $R$"
        panels[letter].set(xlabel=across)
    for letter in "ac":
        panels[letter].set_ylabel("base points $N$")
    panels["d"].set(xscale="log", xticks=[2, 5, 10, 20], xticklabels=["2", "5", "10", "20"])
    panels["d"].minorticks_off()
    label_regions(panels)
    label_panels(zip(panels.values(), [title for _, _, title in maps.values()], strict=True))
    return figure


def state(row: Mapping[str, Any]) -> str:
    """Return what happens in a cell, in the words of the legend."""
    if row["verdict"] != "fails":
        return str(row["verdict"])
    return "spoiler given up" if row["spoiler_lost"] else "base points given up"


def edges(centres: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Return the edges of cells around centres."""
    x = np.log(centres) if logarithmic else centres
    inner = (x[1:] + x[:-1]) / 2.0
    whole = np.concatenate([[2.0 * x[0] - inner[0]], inner, [2.0 * x[-1] - inner[-1]]])
    return np.exp(whole) if logarithmic else whole


def draw_map(axes: Axes, cells: pd.DataFrame, law: pd.DataFrame, part: str, loss: str) -> None:
    """Draw the verdicts of one map, a rectangle for each run of equal ones, and the law's curves."""
    across = part if part in ("depth", "offset") else "weight_bound"
    chosen = cells[(cells["part"] == part) & (cells["loss"] == loss)]
    x = edges(np.unique(chosen[across]), part == "offset")
    y = edges(np.unique(chosen["n_base"]), True)
    for column, (_, rows) in enumerate(chosen.groupby(across)):
        states = [state(row) for row in rows.sort_values("n_base").to_dict("records")]
        begin = 0
        for end in range(1, len(states) + 1):
            if end == len(states) or states[end] != states[begin]:
                corner, size = (x[column], y[begin]), (x[column + 1] - x[column], y[end] - y[begin])
                axes.add_patch(Rectangle(corner, *size, color=STATES[states[begin]], linewidth=0.3, clip_on=False))
                begin = end
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), yscale="log")
    axes.minorticks_off()
    curves = law[(law["part"] == part) & (law["loss"] == loss)].sort_values(across)
    if len(curves):
        for bound in ("ln_low", "ln_high"):
            rows = curves[np.isfinite(curves[bound])]
            axes.plot(rows[across], np.exp(rows[bound]), color="0.35", linestyle=":", linewidth=0.9)
        axes.plot(
            curves[across], np.exp(curves["ln_asymptote"]), color=OKABE_ITO["black"], linestyle="--", linewidth=1.1
        )
        axes.plot(curves[across], np.exp(curves["ln_threshold"]), color=OKABE_ITO["black"], linewidth=1.1)


def label_regions(panels: Mapping[str, Axes]) -> None:
    """Name the regions where they lie, and the curves beside the second map."""
    panels["a"].text(12, 3e9, "given up", ha="center", fontsize=8)
    panels["a"].text(40, 2e3, "separates", ha="center", fontsize=8)
    panels["e"].text(2.1, 110, "given up", ha="center", fontsize=7.5)
    panels["e"].text(2.6, 9.5, "separates", ha="center", fontsize=7.5)
    panels["e"].text(0.25, 2.0, "base\ngiven up", fontsize=7.5)
    for label, line, colour in (("threshold $N^*$", "-", "black"), ("law", "--", "black"), ("bounds", ":", "0.35")):
        panels["b"].plot([], [], color=colour, linestyle=line, linewidth=1.1, label=label)
    panels["b"].legend(loc="upper left", fontsize=8, handlelength=1.7, borderpad=0.1, labelspacing=0.25)
