"""On how much of the region one added instance, or a small move of all, changes each boundary's mind."""

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
    "all points moved": ("green", "D", "all points moved by up to a tenth"),
}
MARKS = {"median": "full", "q99": "left", "max": "none"}


def draw(tables: Tables) -> Figure:
    """Draw two panels: trained on, and trained anew."""
    figure = plt.figure(figsize=(WIDTH, 4.0), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    table = tables[""]
    label_panels(zip(axes, ("trained on", "trained anew"), strict=True))
    for axis, start in zip(axes, ("warm", "anew"), strict=True):
        for row, rule in enumerate(NAMES):
            for shift, (instance, (colour, marker, _)) in enumerate(INSTANCES.items()):
                at = (table["rule"] == rule) & (table["instance"] == instance) & (table["start"] == start)
                swing = table[at].iloc[0]
                height = len(NAMES) - row + 0.2 * (1.5 - shift)
                ends = [swing["disagreement_median"], swing["disagreement_max"]]
                axis.plot(ends, [height] * 2, color=OKABE_ITO[colour], lw=0.8)
                for name, fill in MARKS.items():
                    axis.plot(
                        swing[f"disagreement_{name}"],
                        height,
                        marker,
                        color=OKABE_ITO[colour],
                        fillstyle=fill,
                        markerfacecoloralt="white",
                        markersize=4,
                        markeredgewidth=0.7,
                    )
        axis.set_xscale("symlog", linthresh=0.003)
        axis.set(xlabel="share of the region", xlim=(-0.0003, 0.7))
        axis.set_xticks([0, 0.003, 0.03, 0.3], ["0", "0.3%", "3%", "30%"])
        axis.set_xticks([], minor=True)
    axes[0].set_yticks(range(len(NAMES), 0, -1), list(NAMES.values()))
    handles = [
        Line2D([], [], color=OKABE_ITO[colour], marker=marker, markersize=4, lw=0.8, label=label)
        for colour, marker, label in INSTANCES.values()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
