"""What a fit costs: beside each peer, beside the arithmetic that it needs, and against the size of the stack."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_in_full, label_panels

STACKED = {
    "JAX Newton": ("JAX, Newton", "blue", "o"),
    "PyTorch Newton": ("PyTorch, Newton", "vermillion", "s"),
    "jaxopt LBFGSB": ("jaxopt, L-BFGS", "green", "^"),
    "jaxopt LBFGS": ("jaxopt, L-BFGS", "green", "^"),
    "BoTorch L-BFGS-B": ("BoTorch, L-BFGS", "purple", "D"),
}
"""Peers that take the whole stack at once, their marks filled: label, colour and marker."""
SINGLE = {
    "L-BFGS-B": ("SciPy", "black", "o"),
    "newton-cholesky": ("scikit-learn, Newton", "black", "s"),
    "lbfgs": ("scikit-learn, L-BFGS", "black", "^"),
    "glum": ("glum", "black", "D"),
    "clogistic": ("clogistic", "black", "v"),
    "adelie": ("adelie", "black", "P"),
}
"""Peers that take one set at a time, their marks open."""
PARTS = {"bounded": ("in a box", "vermillion", "s"), "penalty": ("with a penalty", "blue", "o")}
SIZES = [(n_samples, n_features) for n_features in (2, 20) for n_samples in (10, 50, 1000)]
PLACES = np.array([0.0, 1.0, 2.0, 3.4, 4.4, 5.4])


def draw(tables: Tables) -> Figure:
    """Draw the ratios to the peers in a box and with a penalty, multiples of the floor, and the cost of a fit."""
    figure = plt.figure(figsize=(WIDTH, 5.4), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[1.5, 1.0])
    top, bottom = parts
    (box, penalty), (floors, stacks) = top.subplots(1, 2, sharey=True), bottom.subplots(1, 2)
    table = tables[""]
    easy = table[(table["loss"] == "cross-entropy") & (table["points"] == "easy")]
    for axes, part in ((box, "bounded"), (penalty, "penalty")):
        draw_ratios(axes, easy[easy["part"] == part])
    box.set_ylabel("time, as a multiple of ours")
    draw_floors(floors, easy)
    draw_stacks(stacks, table[table["part"] == "stack"])
    named = (axes.get_legend_handles_labels() for axes in (box, penalty))
    marks = {label: mark for handles, labels in named for mark, label in zip(handles, labels, strict=True)}
    order = dict.fromkeys(label for label, *_ in {**STACKED, **SINGLE}.values() if label in marks)
    top.legend([marks[label] for label in order], list(order), loc="outside lower center", ncols=3, fontsize=7.5)
    titles = ("peers in a box", "with a penalty", "ours over the floor", "cost of a fit")
    label_panels(zip((box, penalty, floors, stacks), titles, strict=True))
    return figure


def draw_ratios(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the times of each peer as multiples of ours, where its answers are ours."""
    for peer, (label, colour, marker) in {**SINGLE, **STACKED}.items():
        chosen = rows[rows["peer"] == peer]
        if chosen["ratio"].notna().any():
            face = OKABE_ITO[colour] if peer in STACKED else "white"
            draw_sizes(axes, chosen, "ratio", color=OKABE_ITO[colour], marker=marker, markerfacecolor=face, label=label)
    axes.axhline(1.0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_yscale("log")


def draw_floors(axes: Axes, easy: pd.DataFrame) -> None:
    """Draw our times as multiples of the floor."""
    columns = ["floors", "floors_least", "floors_most"]
    for part, (label, colour, marker) in PARTS.items():
        rows = easy[easy["part"] == part].groupby(["n_samples", "n_features"], as_index=False)[columns].median()
        draw_sizes(axes, rows, "floors", color=OKABE_ITO[colour], marker=marker, label=label)
    axes.axhline(1.0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(yscale="log", ylabel="multiple of the floor")
    axes.set_ylim(0.8, 4.0 * axes.get_ylim()[1])
    label_in_full(axes.yaxis)
    axes.legend(loc="upper right", handlelength=0.8, borderpad=0.0, fontsize=7.5)


def draw_sizes(axes: Axes, rows: pd.DataFrame, name: str, *, label: str, **style: Any) -> None:
    """Draw a column and its range at each size, a gap between two features and twenty."""
    table = rows.set_index(["n_samples", "n_features"]).reindex(pd.MultiIndex.from_tuples(SIZES))
    for part in (slice(0, 3), slice(3, 6)):
        middle, least, most = (table[f"{name}{end}"].to_numpy()[part] for end in ("", "_least", "_most"))
        error = [middle - least, most - middle]
        style |= {"markersize": 4.0, "linewidth": 0.7, "elinewidth": 0.7, "label": label if part.start == 0 else None}
        axes.errorbar(PLACES[part], middle, yerr=error, **style)
    axes.set_xticks(PLACES, ["10", "50", "1000"] * 2, fontsize=7.5)
    axes.set_xlabel("samples; 2 features, then 20")


def draw_stacks(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw microseconds a fit, the median and the range, for stacks of fifty samples and two features."""
    error = [rows["ours_us"] - rows["ours_us_least"], rows["ours_us_most"] - rows["ours_us"]]
    colour = OKABE_ITO["vermillion"]
    axes.errorbar(rows["n_sets"], rows["ours_us"], yerr=error, color=colour, marker="s", markersize=4.5)
    axes.set(xscale="log", xlabel="sets in the stack", ylabel="microseconds")
    axes.set_ylim(0.0, 1.4 * rows["ours_us_most"].max())
