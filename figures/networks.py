"""Separation by depth, width and bound; decision regions; copies against margins; variance against depth."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import (
    OKABE_ITO,
    WIDTH,
    Tables,
    cross_out,
    draw_estimates,
    draw_points,
    draw_region,
    label_panels,
)

DEPTHS = {0: ("black", "o"), 1: ("blue", "s"), 2: ("vermillion", "^"), 3: ("green", "D"), 4: ("purple", "v")}
WIDTHS = {1: ":", 4: "--", 16: "-"}
LAWS = {0: ("black", "o", "no hidden layer"), 1: ("blue", "s", "one hidden node"), 2: ("vermillion", "^", "two")}
THIN: dict[str, Any] = {"linewidth": 0.9, "elinewidth": 0.6}
NETS = ("unit,\nbox 2", "one of 4,\nbox 2", "two of 16,\nbox 2", "one of 4,\nproduct 16", "one of 4,\nproduct 256")


def draw(tables: Tables) -> Figure:
    """Draw the nine panels."""
    figure = plt.figure(figsize=(WIDTH, 8.0))
    rows = {"top": (0.71, 0.97), "middle": (0.305, 0.535), "bottom": (0.015, 0.2)}
    sides: dict[str, Any] = {"left": 0.115, "right": 0.975, "wspace": 0.3}
    axes: dict[str, Axes] = {}
    for names, row in ((("box", "ball"), "top"), (("law", "variance"), "middle")):
        grid = figure.add_gridspec(1, 2, bottom=rows[row][0], top=rows[row][1], **sides)
        axes |= {name: figure.add_subplot(grid[0, k]) for k, name in enumerate(names)}
    low, high = rows["bottom"]
    views = figure.add_gridspec(1, 5, left=0.02, right=0.98, bottom=low, top=high - 0.03, wspace=0.1)
    axes |= {f"net_{k}": figure.add_subplot(views[0, k]) for k in range(5)}
    trained = tables[""]
    draw_box(axes["box"], trained[trained["bound"] == "box"])
    draw_ball(axes["ball"], trained[trained["bound"] == "ball"])
    draw_law(axes["law"], tables["law"])
    draw_variance(axes["variance"], tables["depth"])
    nets = [axes.pop(f"net_{k}") for k in range(len(NETS))]
    for k, panel in enumerate(nets):
        draw_regions(panel, tables["regions"], tables["points"], f"net_{k}")
    titles = ("each weight bounded", "product of norms", "copies and margins", "variance and depth")
    label_panels(zip(axes.values(), titles, strict=True))
    label_panels(zip(nets, NETS, strict=True), "e", fontsize=7.5)
    return figure


def draw_box(axes: Axes, trained: pd.DataFrame) -> None:
    """Draw the rate of separation against depth, for each width at each box."""
    for k, (bound, rows) in enumerate(trained.groupby("weight_bound")):
        colour = ("sky", "orange", "green")[k]
        for width, line in WIDTHS.items():
            chosen = rows[(rows["width"] == width) | (rows["depth"] == 0)].sort_values("depth")
            label = f"$R$ = {bound:g}" if width == 16 else None
            place = chosen["depth"] + 0.06 * (k - 1)
            draw_estimates(axes, chosen, place, "separates", colour, "o", linestyle=line, label=label, **THIN)
    for width, line in WIDTHS.items():
        axes.plot([], [], color="black", linestyle=line, linewidth=0.9, label=f"width {width}")
    axes.set(xlabel="hidden layers", ylabel="share that separates", ylim=(-0.04, 1.04), xticks=range(5))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=7.5, columnspacing=1.0)


def draw_ball(axes: Axes, trained: pd.DataFrame) -> None:
    """Draw the rate of separation against the bound on the product of norms, for each depth and width."""
    for depth, (colour, marker) in DEPTHS.items():
        for width in (4, 16) if depth else (0,):
            rows = trained[(trained["depth"] == depth) & (trained["width"] == width)]
            style = THIN | {"linestyle": WIDTHS.get(width, "-"), "label": f"{depth} hidden" if width != 16 else None}
            draw_estimates(axes, rows, "weight_bound", "separates", colour, marker, **style)
    axes.set(xscale="log", ylim=(-0.04, 1.04), xlabel="bound on the product")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=7.5, columnspacing=1.0)


def draw_law(axes: Axes, law: pd.DataFrame) -> None:
    """Draw the log of the copies against the class's own margin."""
    for width, (colour, marker, label) in LAWS.items():
        rows = law[law["width"] == width]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "markersize": 3.5, "linewidth": 0.9}
        axes.plot(rows["margin_with"], rows["log_copies"], label=label, **style)
    ends = np.array([0.5, 7.5])
    axes.plot(ends, ends - 0.5, color="0.5", linestyle=":", linewidth=0.9, label="slope 1")
    axes.set(xlabel=r"margin $\Gamma_0(R)$", ylabel=r"log of the copies $M^*$", ylim=(-0.5, 13.5))
    axes.legend(loc="upper left", fontsize=7.5)


def draw_variance(axes: Axes, depth: pd.DataFrame) -> None:
    """Draw the variance against depth at width 4, on the same sets, for two boxes and a product of norms."""
    shown = {("box", 1.0): ("sky", "o"), ("box", 4.0): ("green", "s"), ("ball", 16.0): ("vermillion", "^")}
    for (bound, R), (colour, marker) in shown.items():
        [row] = depth[(depth["bound"] == bound) & (depth["weight_bound"] == R) & (depth["width"] == 4)].to_dict(
            "records"
        )
        columns = {f"variance{end}": [row[f"variance_{d}{end}"] for d in DEPTHS] for end in ("", "_low", "_high")}
        label = f"each weight, {R:g}" if bound == "box" else f"product, {R:g}" + r" $\times\,4^{\mathrm{layers}}$"
        rows = pd.DataFrame({"depth": list(DEPTHS), **columns})
        draw_estimates(axes, rows, "depth", "variance", colour, marker, label=label, **THIN)
    axes.set(xlabel="hidden layers (width 4)", ylabel="variance", ylim=(0, 0.135), xticks=range(5))
    axes.legend(loc="upper right", fontsize=7.5)


def draw_regions(axes: Axes, regions: pd.DataFrame, points: pd.DataFrame, net: str) -> None:
    """Draw where a net predicts +1, and what it misclassifies."""
    draw_region(axes, regions, net)
    draw_points(axes, points, 5)
    cross_out(axes, points[points[net]])
    axes.set(xticks=[], yticks=[], xlim=(-1.7, 1.7), ylim=(-1.2, 1.2))
    axes.spines[["right", "top"]].set_visible(True)
