"""How far one added instance swings each boundary."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

NAMES = {
    "perceptron": "perceptron",
    "max-margin": "widest margin",
    "unit, quadratic, box": "unit, quadratic, box",
    "unit, quadratic, ball": "unit, quadratic, ball",
    "unit, cross-entropy, box": "unit, cross-entropy, box",
    "unit, cross-entropy, ball": "unit, cross-entropy, ball",
}
INSTANCES = {
    "right already": ("black", "^", "a point that is right already"),
    "ordinary": ("blue", "o", "an ordinary point"),
    "spoiler": ("vermillion", "s", "a spoiler"),
}
MARKS = {"angle_median": "full", "angle_q99": "left", "angle_max": "none"}


def draw(tables: Tables) -> Figure:
    """Draw two panels: trained on, and trained anew."""
    figure = plt.figure(figsize=(WIDTH, 3.1), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    table = tables[""]
    label_panels(zip(axes, ("trained on", "trained anew"), strict=True))
    for axis, start in zip(axes, ("warm", "anew"), strict=True):
        for row, rule in enumerate(NAMES):
            for shift, (instance, (colour, marker, _)) in enumerate(INSTANCES.items()):
                at = (table["rule"] == rule) & (table["instance"] == instance) & (table["start"] == start)
                swing = table[at].iloc[0]
                height = len(NAMES) - row + 0.22 * (1 - shift)
                axis.plot([swing["angle_median"], swing["angle_max"]], [height] * 2, color=OKABE_ITO[colour], lw=0.8)
                for name, fill in MARKS.items():
                    axis.plot(
                        swing[name],
                        height,
                        marker,
                        color=OKABE_ITO[colour],
                        fillstyle=fill,
                        markerfacecoloralt="white",
                        markersize=4,
                        markeredgewidth=0.7,
                    )
        axis.set_xscale("symlog", linthresh=0.1)
        axis.set(xlabel="swing in degrees", xlim=(-0.02, 120))
        axis.set_xticks([0, 0.1, 1, 10, 90], ["0", "0.1", "1", "10", "90"])
        axis.set_xticks([], minor=True)
    axes[0].set_yticks(range(len(NAMES), 0, -1), list(NAMES.values()))
    handles = [
        Line2D([], [], color=OKABE_ITO[colour], marker=marker, markersize=4, lw=0.8, label=label)
        for colour, marker, label in INSTANCES.values()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
