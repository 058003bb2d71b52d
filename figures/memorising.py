"""Right but rare points and wrong labels: what each regularisation gives up at each strength, and which is best."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

BRAKES = {
    "steps": ("blue", "o", "fewer steps"),
    "bound": ("vermillion", "s", "bound"),
    "decay": ("purple", "D", "decay"),
    "targets": ("green", "^", "soft targets"),
}
POINTS = {
    ("none", 0.0): ("black", "o", "none"),
    ("bound", 64.0): ("orange", "^", "bound 64"),
    ("bound", 8.0): ("vermillion", "s", "bound 8"),
}
NETWORK = 64
NAMES = {
    "steps": "steps",
    "bound": "bound",
    "decay": "decay",
    "targets": "soft\ntargets",
    "quadratic": "quadratic\nloss",
}


def draw(tables: Tables) -> Figure:
    """Draw the four panels."""
    figure = plt.figure(figsize=(WIDTH, 5.2), layout="constrained")
    panels = figure.subplots(2, 2)
    rules = tables[""][tables[""]["width"] == NETWORK]
    mixture = rules[(rules["rare"] == 0.05) & (rules["wrong"] == 0.2)]
    for axes, kind in zip(panels[0], ("rare", "common"), strict=True):
        draw_strengths(axes, mixture, f"{kind}_error")
    draw_number(panels[1, 0], rules[(rules["n_samples"] == 200) & (rules["wrong"] == 0.05)])
    draw_best(panels[1, 1], tables["best"])
    titles = ("rare points", "common points", "how many stand together", "the best, its gain")
    label_panels(zip(panels.flat, titles, strict=True))
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, handletextpad=0.4)
    return figure


def draw_strengths(axes: Axes, mixture: pd.DataFrame, name: str) -> None:
    """Draw an error on fresh points against the strength of each regularisation, from none to the tightest."""
    for k, (brake, (colour, marker, label)) in enumerate(BRAKES.items()):
        own = pd.concat([mixture[mixture["brake"] == brake], mixture[mixture["brake"] == "none"]])
        place = np.arange(len(own) - 1, -1, -1) + 0.08 * (k - 1.5)
        draw_estimates(axes, own, place, name, colour, marker, linewidth=0.9, label=label)
    axes.set(xlabel="tightness", ylabel="error on fresh points", ylim=(0.0, None))
    axes.set_xticks([0, 1, 2, 3, 4, 5], ["none", "", "", "", "", "most"])


def draw_number(axes: Axes, rules: pd.DataFrame) -> None:
    """Draw the error on fresh rare points against how many of them a set holds."""
    for k, ((brake, strength), (colour, marker, label)) in enumerate(POINTS.items()):
        own = rules[(rules["brake"] == brake) & (rules["strength"] == strength)]
        place = own["rare"] * own["n_samples"] * 1.06 ** (k - 1)
        draw_estimates(axes, own, place, "rare_error", colour, marker, linewidth=0.9, label=label)
    axes.set(xscale="log", xlabel="rare points in a set", ylabel="error on fresh rare points", ylim=(-0.04, 1.04))
    axes.set_xticks([1, 10, 40], ["1", "10", "40"])
    axes.minorticks_off()
    axes.legend(loc="lower left", fontsize=7.5, handlelength=1.4, handletextpad=0.3, borderaxespad=0.1)


def draw_best(axes: Axes, best: pd.DataFrame) -> None:
    """Write what has the smallest error into each mixture, and what it gains over none; shaded where surely."""
    tried = best[best["brake"].isin(list(NAMES))]
    shares = sorted(best["rare"].unique())
    for (rare, wrong), own in tried.groupby(["rare", "wrong"]):
        row = own.loc[own["error"].idxmin()]
        place = shares.index(wrong), shares.index(rare)
        colour = OKABE_ITO["sky"] if row["gain_low"] > 0.0 else "white"
        axes.add_patch(
            Rectangle((place[0] - 0.5, place[1] - 0.5), 1, 1, facecolor=colour, edgecolor="white", alpha=0.5)
        )
        axes.text(*place, f"{NAMES[row['brake']]}\n{row['gain']:.3f}", ha="center", va="center", fontsize=7.5)
    names = [f"{100.0 * share:g}%" for share in shares]
    axes.set_xticks(range(len(shares)), names)
    axes.set_yticks(range(len(shares)), names)
    axes.set(xlabel="wrong labels", ylabel="rare points", xlim=(-0.5, 2.5), ylim=(-0.5, 2.5))
