"""Today's optimisers: three clocks and limits beside their laws, and the networks that keep the spoiler."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures._optimisers import NAMES, RULES, draw_kept
from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, draw_open, label_panels


def draw(tables: Tables) -> Figure:
    """Draw the four panels."""
    figure = plt.figure(figsize=(WIDTH, 5.4), layout="constrained")
    axes = figure.subplot_mosaic([["time", "adam"], ["adamw", "classes"], ["nets", "nets"]])
    draw_time(axes["time"], tables["time"])
    draw_adam(axes["adam"], tables["adam"])
    draw_adamw(axes["adamw"], tables["adamw"])
    draw_classes(axes["classes"], tables["classes"])
    draw_nets(axes["nets"], tables[""])
    titles = ("descent's clock", "Adam's clock", "AdamW is a box", "one among three classes", "networks, 100 points")
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_time(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the time until the spoiler is right against that of the flow."""
    for rule in ("descent", "momentum"):
        one = rows[rows["rule"] == rule]
        draw_open(axes, one["flow"], one["t"], *RULES[rule], label=NAMES[rule])
    ends = np.array([rows["flow"].min(), rows["flow"].max()])
    axes.plot(ends, ends, color=OKABE_ITO["black"], linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="time of the flow", ylabel="steps times rate")
    axes.legend(loc="lower right", handletextpad=0.1)


def draw_adam(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the steps until the spoiler is right, in memories of the squared gradient; the law is the slope."""
    for beta, (colour, marker) in {0.99: ("vermillion", "s"), 0.999: ("black", "o")}.items():
        one = rows[rows["beta"] == beta]
        memory = 2.0 / -np.log(beta)
        for _, own in one.groupby("geometry"):
            axes.plot(own["ln_M"], own["n_steps"] / memory, color=OKABE_ITO[colour], linewidth=0.4)
        draw_open(axes, one["ln_M"], one["n_steps"] / memory, colour, marker, label=rf"$\beta_2 = {beta}$")
    x = np.linspace(11.0, 14.0, 30)
    axes.plot(x, x + np.log(x), color=OKABE_ITO["blue"], linestyle="--", linewidth=1.0, label="law, up to a constant")
    axes.set(xlabel=r"$\ln M$", ylabel="steps in memories", ylim=(1.0, 18.5))
    axes.legend(loc="lower right", handletextpad=0.3, fontsize=7.5)


def draw_adamw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the threshold of AdamW against that of the box."""
    for (decay, one), (colour, marker) in zip(rows.groupby("decay", sort=True), RULES.values(), strict=False):
        measured = one["ln_law"] + one["error"]
        draw_open(axes, one["ln_law"], measured, colour, marker, label=f"$1/\\lambda = {1.0 / float(str(decay)):.0f}$")
    ends = np.array([rows["ln_law"].min(), rows["ln_law"].max()])
    axes.plot(ends, ends, color=OKABE_ITO["black"], linewidth=0.8)
    axes.set(xlabel=r"$\ln M^*$ in the box", ylabel=r"$\ln M^*$ of AdamW")
    axes.legend(loc="lower right", handletextpad=0.1)


def draw_classes(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of sets of three classes that keep the spoiler, by how far from the law the points' weight is."""
    shown = {
        "box 3": ("black", "o", "box of 3"),
        "box 6": ("sky", "^", "box of 6"),
        "adamw": (*RULES["adamw"], "AdamW"),
    }
    for k, (rule, (colour, marker, label)) in enumerate(shown.items()):
        own = rows[rows["rule"] == rule].assign(place=lambda one, k=k: one["offset"] + 0.02 * (k - 1))
        draw_estimates(axes, own, "place", "kept", colour, marker, markersize=4, linewidth=0.8, label=label)
    axes.axvline(0.0, color=OKABE_ITO["black"], linewidth=0.6, linestyle=":")
    axes.set(xlabel=r"$\ln M$ less the law's $\ln M^*$", ylabel="spoiler kept", ylim=(-0.04, 1.04))
    axes.legend(loc="lower left")


def draw_nets(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of sets of a hundred points in which each network keeps the spoiler."""
    rows = rows[rows["n_samples"] == 100]
    nets = list(dict.fromkeys(zip(rows["net"], rows["activation"], strict=True)))

    def places(own: pd.DataFrame, k: int) -> NDArray[np.float64]:
        return np.array([nets.index(pair) for pair in zip(own["net"], own["activation"], strict=True)]) + 0.16 * (
            k - 1.5
        )

    draw_kept(axes, rows, places, linestyle="none")
    axes.set_xticks(range(len(nets)), [name(*pair) for pair in nets], fontsize=7.5)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=4, handletextpad=0.1)


def name(net: str, activation: str) -> str:
    """Return a network's name in two short lines: its width, times its hidden layers, and its activation's initial."""
    width, *further = net.split(", ")
    layers = rf"{width}$\times${1 + len(further)}" if further else width
    return net if net == "unit" else f"{layers}\n{activation[0]}"
