"""What failing and separating cost the unit, and the bound from which it separates."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

LOSSES = {"cross-entropy": ("vermillion", "o"), "quadratic": ("blue", "s")}


def draw(tables: Tables) -> Figure:
    """Draw three panels."""
    figure = plt.figure(figsize=(WIDTH, 2.6), layout="constrained")
    axes = figure.subplots(1, 3)
    draw_losses(axes[0], tables["growth"])
    draw_share(axes[1], tables["growth"])
    draw_bounds(axes[2], tables["bounds"])
    label_panels(zip(axes, ("mean loss", "spoiler's share", "sets separated"), strict=True))
    figure.legend(handles=legend_entries(), loc="outside lower center", ncols=3)
    return figure


def legend_entries() -> list[Line2D]:
    """Return an entry of the legend for each loss and each kind of mark and line."""
    grey: dict[str, Any] = {"color": "0.3", "markersize": 4}
    losses = [
        Line2D([], [], color=OKABE_ITO[colour], marker=marker, markersize=4, label=name)
        for name, (colour, marker) in LOSSES.items()
    ]
    return [
        *losses,
        Line2D([], [], marker="o", linestyle="none", label="optimum", **grey),
        Line2D([], [], marker="o", linestyle="none", markerfacecolor="white", label="best separator", **grey),
        Line2D([], [], label="box", **grey),
        Line2D([], [], linestyle=":", label="ball", **grey),
    ]


def draw_losses(axes: Axes, growth: pd.DataFrame) -> None:
    """Draw the mean loss of the bounded optimum and of the best separator against the number of base points."""
    for loss, (colour, marker) in LOSSES.items():
        rows = growth[growth["loss"] == loss]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3}
        axes.plot(rows["n_samples"], rows["best_separator"], linestyle="-", markerfacecolor="white", **style)
        axes.plot(rows["n_samples"], rows["optimum"], linestyle="-", **style)
    axes.set(xscale="log", yscale="log", xlabel="base points", ylim=(2e-3, 0.4))


def draw_share(axes: Axes, growth: pd.DataFrame) -> None:
    """Draw the spoiler's own share of the loss, median and 5% to 95%."""
    for loss, (colour, marker) in LOSSES.items():
        rows = growth[growth["loss"] == loss]
        n, shade = rows["n_samples"], OKABE_ITO[colour]
        axes.fill_between(n, rows["own_share_q05"], rows["own_share_q95"], color=shade, alpha=0.2, linewidth=0)
        axes.plot(n, rows["own_share"], marker=marker, markersize=3, color=shade)
    axes.axhline(0.05, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="base points", ylim=(0, 0.8))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def draw_bounds(axes: Axes, bounds: pd.DataFrame) -> None:
    """Draw the rate of separation against the bound, with 95% intervals."""
    for shape, line in (("box", "-"), ("ball", ":")):
        for loss, (colour, marker) in LOSSES.items():
            rows = bounds[(bounds["shape"] == shape) & (bounds["loss"] == loss)]
            draw_estimates(axes, rows, "weight_bound", "separates", colour, marker, linestyle=line, markersize=3)
    axes.set(xscale="log", xlabel="weight bound $R$", ylim=(-0.04, 1.04))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
