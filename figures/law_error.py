"""How far the law is from the threshold: predicted against measured, and the size of the error."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

DRAWN_FROM = ("phase_diagram",)
KINDS = {
    "box": ("s", "blue"),
    "ball": ("o", "vermillion"),
    "two spoilers": ("^", "green"),
    "soft targets": ("D", "purple"),
}
"""Marker and colour of each kind of geometry."""


def draw(tables: Tables) -> Figure:
    """Draw two panels."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2)
    draw_geometries(axes[0], tables["law"])
    draw_errors(axes[1], tables["law"])
    label_panels(zip(axes, ("predicted and measured", "error of the law"), strict=True))
    entries = axes[0].get_legend_handles_labels()[0]
    unresolved = Line2D([], [], linestyle="none", marker="o", markersize=4, color="0.3", markerfacecolor="white")
    figure.legend([*entries, unresolved], [*KINDS, "law not resolved (a)"], loc="outside lower center", ncols=3)
    return figure


def draw_geometries(axes: Axes, law: pd.DataFrame) -> None:
    """Draw predicted against measured ln N* for the other geometries; open marks where the law is not resolved."""
    rows = law[law["part"].isin(["geometry", "soft"])]
    axes.plot([0, 30], [0, 30], color="0.6", linewidth=0.8, zorder=1)
    for kind, (marker, colour) in KINDS.items():
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


def kind_of(row: Mapping[str, Any]) -> str:
    """Return the kind of geometry of a row."""
    if row["eps"] > 0.0:
        return "soft targets"
    return "two spoilers" if row["n_spoilers"] > 1 else str(row["shape"])


def draw_errors(axes: Axes, law: pd.DataFrame) -> None:
    """Draw the size of the error of ln N* against the rate of the law's error, times R."""
    rows = law[(law["part"] == "geometry") | (law["part"] == "bound")]
    rows = rows.assign(
        resolution=rows["rate"] * rows["weight_bound"], size=(rows["ln_threshold"] - rows["ln_predicted"]).abs()
    )
    for kind, (marker, colour) in list(KINDS.items())[:3]:
        chosen = rows[rows.apply(lambda row, kind=kind: kind_of(row) == kind, axis=1)]
        axes.scatter(
            chosen["resolution"],
            chosen["size"].clip(lower=1e-6),
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
    axes.set(xlabel=r"$\eta'R$", ylabel=r"error of $\ln N^*$", yscale="log", xlim=(0.5, 16.6), ylim=(5e-7, 3))
    axes.minorticks_off()
