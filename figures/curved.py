"""Networks and a few spoilers: how far boundaries move, what starts and data add, and variance beside optimal rules."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

KINDS = {
    "tight": ("vermillion", "s", "tight bound"),
    "wide": ("blue", "o", "wide bound"),
    "decay": ("purple", "D", "decay to zero"),
}
RIVALS = {"nearest": ("black", "-", "nearest neighbour"), "margin": ("green", "--", "widest margin of a line")}
STYLE: dict[str, Any] = {"linewidth": 0.9}


def draw(tables: Tables) -> Figure:
    """Draw the four panels; networks have four nodes a layer."""
    figure = plt.figure(figsize=(WIDTH, 5.2), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    shares, parts = (tables[name][tables[name]["width"] == 4] for name in ("", "parts"))
    wave = shares[shares["geometry"] == "wave"]
    draw_moved(panels[0, 0], wave)
    draw_apart(panels[0, 1], wave)
    for axes, geometry in zip(panels[1], ("wave", "clusters"), strict=True):
        draw_variance(axes, parts[parts["geometry"] == geometry])
        axes.set(xlabel="hidden layers", xticks=[1, 2, 3])
    titles = ("three spoilers, wave", "starts and data, wave", "variance, wave", "variance, two clusters")
    label_panels(zip(panels.flat, titles, strict=True))
    handles = dict(zip(*panels[1, 1].get_legend_handles_labels()[::-1], strict=True))
    labels = [label for *_, label in (*KINDS.values(), *RIVALS.values())]
    figure.legend([handles[label] for label in labels], labels, loc="outside lower center", ncols=2, handletextpad=0.4)
    return figure


def draw_moved(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of the region on which three spoilers change each network's mind, and the nearest neighbour's."""
    for k, (kind, (colour, marker, _)) in enumerate(KINDS.items()):
        own = rows[rows["kind"] == kind]
        draw_estimates(axes, own, own["depth"] + 0.05 * (k - 1), "moved", colour, marker, **STYLE)
    colour, line, _ = RIVALS["nearest"]
    level = rows.loc[rows["kind"] == "tight", "moved_nearest"].mean()
    axes.axhline(level, color=OKABE_ITO[colour], linestyle=line, linewidth=0.9)
    axes.set(ylabel="share of the region", ylim=(0.0, None))


def draw_apart(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of the region on which networks differ: of other data (solid) and of other starts (dotted)."""
    for k, kind in enumerate(("tight", "wide")):
        colour, marker, _ = KINDS[kind]
        own = rows[rows["kind"] == kind]
        for name, line in (("data", "-"), ("starts", ":")):
            draw_estimates(axes, own, own["depth"] + 0.05 * k, name, colour, marker, linestyle=line, **STYLE)
    for name, line in (("other data", "-"), ("other starts", ":")):
        axes.plot([], [], color="black", linestyle=line, linewidth=0.9, label=name)
    axes.set(ylim=(0.0, None))
    axes.legend(loc="center right", fontsize=7.5)


def draw_variance(axes: Axes, parts: pd.DataFrame) -> None:
    """Draw each network's variance against its depth, and that of rules without hidden nodes as lines."""
    for k, (kind, (colour, marker, label)) in enumerate(KINDS.items()):
        own = parts[parts["label"].str.startswith(kind)]
        place = own["label"].str[-1].astype(int) + 0.05 * (k - 1)
        draw_estimates(axes, own, place, "variance", colour, marker, label=label, **STYLE)
    for rival, (colour, line, label) in RIVALS.items():
        for level in parts.loc[parts["label"] == rival, "variance"]:
            axes.axhline(level, color=OKABE_ITO[colour], linestyle=line, linewidth=0.9, label=label)
    axes.set(ylabel="variance", ylim=(0.0, None))
