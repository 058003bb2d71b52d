"""The fourth point: lines, the two minima, where one of them ends, and the perceptron's updates."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, RULES, WIDTH, Tables, draw_points, label_panels

FOLDS = {0.01: ("green", ":"), 0.05: ("sky", "-."), 0.1: ("vermillion", "-"), 0.2: ("black", "--")}
ORDERS = {"natural": ("blue", ""), "cyclic-shuffled": ("orange", "^"), "random": ("purple", "v")}
KINDS = {"stuck minimum": "X", "saddle": "d", "separating minimum": "*"}


def draw(tables: Tables) -> Figure:
    """Draw the six panels."""
    figure = plt.figure(figsize=(WIDTH, 7.2), layout="constrained")
    axes = figure.subplot_mosaic(
        [["three", "four"], ["slice", "fold"], ["updates", "pull"]], height_ratios=[1.15, 1, 0.8]
    )
    rules = tables[""].set_index("key")
    points = tables["points"].rename(columns={"x": "x_1", "y": "x_2"})
    axes["three"].set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
    draw_points(axes["three"], points[~points["is_spoiler"]], 28)
    draw_line(axes["three"], rules.loc["perceptron"], "perceptron", "perceptron")
    draw_line(axes["three"], rules.loc["unit"], "unit", "sigmoid unit")
    axes["four"].set(xlim=(-6.5, 6.5), ylim=(-11.5, 3.5))
    draw_points(axes["four"], points, 28)
    draw_line(axes["four"], rules.loc["perceptron_four"], "perceptron", "perceptron")
    draw_line(axes["four"], rules.loc["continued"], "unit", "unit trained on")
    draw_line(axes["four"], rules.loc["lowest"], "lowest", "unit, lowest")
    draw_slice(axes["slice"], tables["slice"], tables["stationary"])
    draw_fold(axes["fold"], tables["fold"])
    draw_updates(axes["updates"], tables["updates"])
    draw_pull(axes["pull"], tables["pull"])
    for name in ("three", "four"):
        axes[name].set(xlabel="$x_1$", ylabel="$x_2$")
        axes[name].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), handlelength=2.2)
    titles = ("three points", "a fourth, far below", "the loss on a plane", "the two minima", "perceptron's updates")
    label_panels(zip(axes.values(), (*titles, "the fourth point's pull"), strict=True))
    return figure


def draw_line(axes: Axes, fit: pd.Series, rule: str, name: str) -> None:
    """Draw the line w_x x + w_y y + bias = 0; the legend says whether it separates."""
    verdict = "separates" if fit["separates"] else f"{fit['training_error']:.0%} wrong"
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    if abs(fit["w_y"]) > 1e-9 and abs(fit["w_x"] / fit["w_y"]) < 100:
        x = np.array([x0, x1])
        axes.plot(x, -(fit["w_x"] * x + fit["bias"]) / fit["w_y"], label=f"{name}: {verdict}", **RULES[rule])
    else:
        y = np.array([y0, y1])
        axes.plot(-(fit["w_y"] * y + fit["bias"]) / fit["w_x"], y, label=f"{name}: {verdict}", **RULES[rule])
    axes.set(xlim=(x0, x1), ylim=(y0, y1))


def draw_slice(axes: Axes, grid: pd.DataFrame, stationary: pd.DataFrame) -> None:
    """Draw the loss on the plane through its three stationary points, with the level of the saddle."""
    loss = grid.pivot_table(index="across", columns="along", values="loss_value")
    saddle = stationary.set_index("kind")["loss_value"]["saddle"]
    levels = np.geomspace(0.005, 1.3, 15)
    axes.contourf(loss.columns, loss.index, loss, levels=levels, cmap="Greys", norm="log", extend="both", alpha=0.5)
    near = np.linspace(stationary["loss_value"].iloc[0], saddle, 6)[1:-1]  # between stuck minimum and saddle
    axes.contour(loss.columns, loss.index, loss, levels=near, colors="black", linewidths=0.5)
    axes.contour(loss.columns, loss.index, loss, levels=[saddle], colors=[OKABE_ITO["vermillion"]], linewidths=1.2)
    for row in stationary.itertuples():
        axes.scatter(row.along, row.across, s=75, marker=KINDS[row.kind], color="white", edgecolor="black", zorder=3)
        axes.annotate(
            f"{row.kind.replace(' ', chr(10))}\n{row.loss_value:.3g}",
            (row.along, row.across),
            xytext=(0, 9 if row.kind == "saddle" else -9),
            textcoords="offset points",
            ha="center",
            va="bottom" if row.kind == "saddle" else "top",
            fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
        )
    axes.set(xlabel="from stuck to separating", ylabel="towards the saddle")


def draw_fold(axes: Axes, fold: pd.DataFrame) -> None:
    """Draw the loss of both minima against t; a dot marks where the stuck one ends."""
    for eps, branches in fold.groupby("eps"):
        colour, line = FOLDS[float(eps)]
        stuck = branches[branches["kind"] == "stuck minimum"].sort_values("t")
        separating = branches[branches["kind"] == "separating minimum"].sort_values("t")
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "linestyle": line}
        axes.plot(stuck["t"], stuck["loss_value"], **style)
        axes.plot(separating["t"], separating["loss_value"], **style)
        axes.text(1.3, 1.12 * separating["loss_value"].iloc[0], rf"$\varepsilon = {eps:g}$", va="bottom", fontsize=8)
        axes.plot(stuck["t_fold"].iloc[0], stuck["loss_value"].iloc[0], "o", color=style["color"], markersize=5)
    axes.set(yscale="log", xlim=(1, 10), ylim=(2e-5, 1.5), xlabel="distance $t$ of the fourth point", ylabel="loss")
    axes.text(9.8, 0.21, "stuck minimum", ha="right", va="top", fontsize=8)
    axes.text(9.8, 2.5e-4, "separating minimum", ha="right", va="center", fontsize=8)


def draw_updates(axes: Axes, updates: pd.DataFrame) -> None:
    """Draw the updates against t, beside Novikoff's bound; drawn orders as means with their range."""
    for order, rows in updates.groupby("order", sort=False):
        colour, marker = ORDERS[str(order)]
        if order == "natural":
            axes.plot(rows["t"], rows["n_updates"], color=OKABE_ITO[colour], label="natural order, all $t$")
            axes.plot(
                rows["t"], rows["novikoff_bound"], color=OKABE_ITO["black"], linestyle="--", label="Novikoff's bound"
            )
        else:
            span = np.abs(rows[["least", "most"]].T - rows["n_updates"])
            style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "linestyle": "none", "markersize": 5}
            axes.errorbar(rows["t"], rows["n_updates"], yerr=span, capsize=2, label=order, **style)
    axes.set(xscale="log", yscale="log", xlabel="distance $t$ of the fourth point", ylabel="updates")
    axes.legend(loc="upper left", fontsize=7.5, handlelength=1.6)
    axes.set_ylim(top=1e10)


def draw_pull(axes: Axes, pull: pd.DataFrame) -> None:
    """Draw the norm of the fourth point's part of the gradient against t, the closed form as lines."""
    for eps, rows in pull.groupby("eps"):
        colour, line = FOLDS[float(eps)]
        for loss, marker in (("quadratic", "o"), ("cross-entropy", "")):
            one = rows[rows["loss"] == loss]
            axes.plot(one["t"], one["closed_form"], color=OKABE_ITO[colour], linestyle=line)
            if marker:
                own = one[one["t"] % 3 == 1]
                axes.plot(
                    own["t"],
                    own["pull"],
                    marker,
                    color=OKABE_ITO[colour],
                    markersize=3,
                    label=f"$\\varepsilon = {eps:g}$",
                )
    axes.text(29.5, 150.0, "cross-entropy", ha="right", va="bottom", fontsize=8)
    axes.text(29.5, 1e-6, "quadratic loss", ha="right", fontsize=8)
    axes.set(
        yscale="log", ylim=(1e-24, 1e6), xlabel="distance $t$ of the fourth point", ylabel="its part of the gradient"
    )
