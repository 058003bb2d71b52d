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
    "spoiler lost": "#f3c5ad",
    "base lost": "#f2e394",
    "undecided": "white",
}


def draw(tables: Tables) -> Figure:
    """Draw five maps and two panels of the law's error."""
    figure = plt.figure(figsize=(WIDTH, 6.6))
    panels: dict[str, Axes] = {}
    for letters, top, bottom, wspace in (
        ("ab", 0.965, 0.71, 0.34),
        ("cde", 0.61, 0.395, 0.6),
        ("fg", 0.295, 0.065, 0.34),
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
    draw_geometries(panels["f"], tables["law"])
    draw_errors(panels["g"], tables["law"])
    titles = [title for _, _, title in maps.values()]
    label_panels(zip(panels.values(), [*titles, "predicted and measured", "error of the law"], strict=True))
    return figure


def state(row: Mapping[str, Any]) -> str:
    """Return what happens in a cell, in the words of the legend."""
    if row["verdict"] != "fails":
        return str(row["verdict"])
    return "spoiler lost" if row["spoiler_lost"] else "base lost"


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
    panels["a"].text(12, 3e9, "spoiler lost", ha="center", fontsize=8)
    panels["a"].text(40, 2e3, "separates", ha="center", fontsize=8)
    panels["e"].text(2.1, 110, "spoiler lost", ha="center", fontsize=7.5)
    panels["e"].text(2.6, 9.5, "separates", ha="center", fontsize=7.5)
    panels["e"].text(0.25, 2.0, "base lost", fontsize=7.5)
    for label, line, colour in (("threshold $N^*$", "-", "black"), ("law", "--", "black"), ("bounds", ":", "0.35")):
        panels["b"].plot([], [], color=colour, linestyle=line, linewidth=1.1, label=label)
    panels["b"].legend(loc="upper left", fontsize=8, handlelength=1.7, borderpad=0.1, labelspacing=0.25)


def draw_geometries(axes: Axes, law: pd.DataFrame) -> None:
    """Draw predicted against measured ln N* for the other geometries; open marks where the law is not resolved."""
    rows = law[law["part"].isin(["geometry", "soft"])]
    axes.plot([0, 30], [0, 30], color="0.6", linewidth=0.8, zorder=1)
    for kind, marker, colour in kinds():
        chosen = rows[rows.apply(lambda row, kind=kind: kind_of(row) == kind, axis=1)]
        for resolved, face in ((True, OKABE_ITO[colour]), (False, "white")):
            some = chosen[(chosen["resolved"] | (chosen["eps"].between(1e-99, 1e-3))) == resolved]
            axes.scatter(
                some["ln_predicted"],
                some["ln_threshold"],
                s=14,
                marker=marker,
                facecolor=face,
                edgecolor=OKABE_ITO[colour],
                linewidth=0.8,
                zorder=2,
                label=kind if resolved else None,
            )
    axes.set(xlabel=r"predicted $\ln N^*$", ylabel=r"measured $\ln N^*$", xlim=(0, 30), ylim=(0, 30))
    axes.legend(loc="upper left", fontsize=7.5, handletextpad=0.1, borderpad=0.1, labelspacing=0.25)


def kinds() -> list[tuple[str, str, str]]:
    """Return the kinds of geometry, with marker and colour."""
    return [
        ("box", "s", "blue"),
        ("ball", "o", "vermillion"),
        ("two spoilers", "^", "green"),
        ("soft targets", "D", "purple"),
    ]


def kind_of(row: Mapping[str, Any]) -> str:
    """Return the kind of geometry of a row."""
    if row["eps"] > 0.0:
        return "soft targets"
    return "two spoilers" if row["n_spoilers"] > 1 else str(row["shape"])


def draw_errors(axes: Axes, law: pd.DataFrame) -> None:
    """Draw the size of the error of ln N* against the rate of the law's error, times R."""
    rows = law[(law["part"] == "geometry") | (law["part"] == "bound")]
    rows = rows.assign(resolution=rows["rate"] * rows["weight_bound"], size=rows["error"].abs())
    for kind, marker, colour in kinds()[:3]:
        chosen = rows[rows.apply(lambda row, kind=kind: kind_of(row) == kind, axis=1)]
        axes.scatter(
            chosen["resolution"],
            chosen["size"].clip(lower=1e-8),
            s=12,
            marker=marker,
            facecolor="white",
            edgecolor=OKABE_ITO[colour],
            linewidth=0.8,
        )
    axes.axhline(0.05, color="0.5", linewidth=0.8, linestyle=":")
    axes.axvline(5.0, color="0.5", linewidth=0.8, linestyle=":")
    x = np.linspace(1.0, 17.0, 2)
    axes.plot(x, np.exp(-x), color=OKABE_ITO["black"], linewidth=1.0)
    axes.text(11.0, 2e-4, r"$e^{-\eta'R}$", fontsize=8, ha="left")
    axes.set(xlabel=r"$\eta'R$", ylabel=r"error of $\ln N^*$", yscale="log", xlim=(0.5, 16.6), ylim=(5e-9, 3))
    axes.minorticks_off()
