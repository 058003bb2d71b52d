"""The two failures of networks with a hidden layer: the strict minimum and its basin, and the bound on separators."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, draw_points, draw_region, label_panels

METHODS = {("minimum", "descent"): ("blue", "o", "-"), ("minimum", "spectral"): ("vermillion", "s", "-")} | {
    ("zero", "descent"): ("blue", "o", ":"),
    ("zero", "spectral"): ("vermillion", "s", ":"),
}


def draw(tables: Tables) -> Figure:
    """Draw the four panels."""
    figure = plt.figure(figsize=(WIDTH, 5.2), layout="constrained")
    axes = figure.subplot_mosaic([["stuck", "separating"], ["basin", "global"]])
    for name in ("stuck", "separating"):
        draw_view(axes[name], tables["view"], tables["points"], name)
    draw_basin(axes["basin"], tables["basin"])
    draw_global(axes["global"], tables["global"])
    titles = ("the strict minimum", "weights that separate", "starts with the spoiler wrong", "every optimum fails")
    label_panels(zip(axes.values(), titles, strict=True))
    return figure


def draw_view(axes: Axes, view: pd.DataFrame, points: pd.DataFrame, net: str) -> None:
    """Draw where a net says +1, and the points."""
    draw_region(axes, view, net)
    draw_points(axes, points, 11)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(-2, 10), ylim=(-4, 9.5))


def draw_basin(axes: Axes, basin: pd.DataFrame) -> None:
    """Draw the share of starts that misclassify the spoiler, around the minimum and around zero."""
    for (around, method), (colour, marker, line) in METHODS.items():
        rows = basin[(basin["around"] == around) & (basin["method"] == method)]
        label = f"{method}, from the {'minimum' if around == 'minimum' else 'origin'}"
        style = {"linestyle": line, "markersize": 4, "linewidth": 0.9, "elinewidth": 0.9, "label": label}
        draw_estimates(axes, rows, "scale", "spoiler_lost", colour, marker, **style)
    axes.set(xscale="log", ylim=(-0.04, 1.04), xlabel="spread of the starts", ylabel="share of starts")
    axes.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    axes.minorticks_off()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), fontsize=7.5)


def draw_global(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the lowest loss found, and what every separator costs at least."""
    for loss, colour in (("cross-entropy", "blue"), ("quadratic", "vermillion")):
        chosen = rows[(rows["loss"] == loss) & (rows["depth"] == 1)]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "linewidth": 1.0}
        axes.plot(chosen["copies"], chosen["lowest"], marker="o", markersize=4, label=f"{loss}, found", **style)
        axes.plot(chosen["copies"], chosen["separators_cost"], linestyle="--", label="separators, at least", **style)
    axes.set(xscale="log", yscale="log", xlabel="copies of the two base points", ylabel="loss (sum)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), fontsize=7.5)
