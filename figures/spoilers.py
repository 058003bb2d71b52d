"""The lecture's frames, and what failing and separating cost the unit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study.report.style import OKABE_ITO, RULES, WIDTH, Tables, cross_out, draw_estimates, draw_points, label_panels

ROWS = {"perceptron": "perceptron", "cross-entropy": "unit"}
LOSSES = {"cross-entropy": ("vermillion", "o"), "quadratic": ("blue", "s")}
COLUMNS = {0: "no spoiler", 1: "one spoiler", 3: "three spoilers"}


def draw(tables: Tables) -> Figure:
    """Draw six frames and three panels."""
    figure = plt.figure(figsize=(WIDTH, 6.4), layout="constrained")
    axes = figure.subplots(3, 3, height_ratios=[1, 1, 1.15])
    for row, rule in enumerate(ROWS):
        for column, n_spoilers in enumerate(COLUMNS):
            draw_frame(axes[row, column], tables["points"], tables["lines"], rule, n_spoilers)
            axes[row, column].sharex(axes[0, 0])
            axes[row, column].sharey(axes[0, 0])
            axes[row, column].set_xticks([-1, 0, 1])
            axes[row, column].tick_params(labelbottom=row == 1, labelleft=column == 0)
        axes[row, 0].set_ylabel(f"{ROWS[rule]}\n$x_2$")
    for axis in axes[1]:
        axis.set_xlabel("$x_1$")
    draw_losses(axes[2, 0], tables["growth"])
    draw_share(axes[2, 1], tables["growth"])
    draw_bounds(axes[2, 2], tables["bounds"])
    label_panels(zip(axes[2], ("mean loss", "spoiler's share", "the bound"), strict=True), "g")
    return figure


def draw_frame(axes: Axes, points: pd.DataFrame, lines: pd.DataFrame, rule: str, n_spoilers: int) -> None:
    """Draw the points, the boundary now and the one before the spoilers, and what is lost."""
    chosen = points[points["n_spoilers"] == n_spoilers]
    wrong = chosen[chosen[f"wrong_{rule}"]]
    draw_points(axes, chosen, 5)
    cross_out(axes, wrong)
    fits = lines[lines["rule"] == rule].set_index("n_spoilers")
    style = RULES[ROWS[rule]]
    if n_spoilers:
        draw_boundary(axes, fits.loc[0], {"color": "0.6", "linestyle": "-", "linewidth": 1.0, "zorder": 1})
    draw_boundary(axes, fits.loc[n_spoilers], {**style, "zorder": 3})
    verdict = "separates" if fits.loc[n_spoilers, "separates"] else f"{len(wrong)} lost"
    letter = "abcdef"[3 * list(ROWS).index(rule) + list(COLUMNS).index(n_spoilers)]
    heading = f"{COLUMNS[n_spoilers]}\n" if rule == "perceptron" else ""
    axes.set_title(f"{heading}({letter}) {verdict}")
    axes.set(xlim=(-1.7, 1.7), ylim=(-1.25, 1.25))


def draw_boundary(axes: Axes, fit: Any, style: Mapping[str, Any]) -> None:
    """Draw the line w_1 x_1 + w_2 x_2 + bias = 0, which is never level here."""
    y = np.array([-1.25, 1.25])
    axes.plot(-(fit["w_2"] * y + fit["bias"]) / fit["w_1"], y, **style)


def draw_losses(axes: Axes, growth: pd.DataFrame) -> None:
    """Draw the mean loss of the bounded optimum and of the best separator against the number of base points."""
    for loss, (colour, marker) in LOSSES.items():
        rows = growth[growth["loss"] == loss]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3}
        axes.plot(rows["n_samples"], rows["best_separator"], linestyle="-", markerfacecolor="white", **style)
        axes.plot(rows["n_samples"], rows["optimum"], linestyle="-", **style)
    axes.set(xscale="log", yscale="log", xlabel="base points", ylim=(2e-3, 0.4))
    for loss, height in (("cross-entropy", 0.2), ("quadratic", 0.026)):
        axes.text(10, height, loss, color=OKABE_ITO[LOSSES[loss][0]], fontsize=8)


def draw_share(axes: Axes, growth: pd.DataFrame) -> None:
    """Draw the spoiler's own share of the loss, median and 5% to 95%."""
    for loss, (colour, marker) in LOSSES.items():
        rows = growth[growth["loss"] == loss]
        n, shade = rows["n_samples"], OKABE_ITO[colour]
        axes.fill_between(n, rows["own_share_q05"], rows["own_share_q95"], color=shade, alpha=0.2, linewidth=0)
        axes.plot(n, rows["own_share"], marker=marker, markersize=3, label=loss, color=shade)
    axes.axhline(0.05, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="base points", ylim=(0, 0.8))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.text(1e4, 0.72, "quadratic", color=OKABE_ITO[LOSSES["quadratic"][0]], fontsize=8, ha="right")
    axes.text(1e4, 0.64, "cross-entropy", color=OKABE_ITO[LOSSES["cross-entropy"][0]], fontsize=8, ha="right")


def draw_bounds(axes: Axes, bounds: pd.DataFrame) -> None:
    """Draw the rate of separation against the bound, with 95% intervals."""
    for shape, line in (("box", "-"), ("ball", ":")):
        for loss, (colour, marker) in LOSSES.items():
            rows = bounds[(bounds["shape"] == shape) & (bounds["loss"] == loss)]
            draw_estimates(axes, rows, "weight_bound", "separates", colour, marker, linestyle=line, markersize=3)
    axes.set(xscale="log", xlabel="weight bound $R$", ylim=(-0.04, 1.04))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    for shape, line in (("box", "-"), ("ball", ":")):
        axes.plot([], [], color="black", linestyle=line, label=shape)
    axes.legend(loc="upper left", handlelength=1.4, borderpad=0.0, fontsize=7.5)
