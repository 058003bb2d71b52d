"""A minority that its features mark badly: held-out errors of the groups along C, and along the minority's weight."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study.report.style import WIDTH, Tables, draw_estimates, label_panels

GROUPS = {
    "minority": ("vermillion", "o", "minority"),
    "rest of its class": ("orange", "s", "rest of the malignant"),
    "other class": ("blue", "^", "benign"),
    "all": ("black", "D", "all rows"),
}


def draw(tables: Tables) -> Figure:
    """Draw the two panels."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    errors, weight = tables["errors"], float(tables["kept"]["k"].iloc[0])
    predicted = float(tables[""]["predicted_k"].max())
    for group, (colour, marker, label) in GROUPS.items():
        rows = errors[errors["group"] == group]
        for axis, x, chosen in ((axes[0], "C", rows[rows["k"] == 1.0]), (axes[1], "k", rows[rows["C"] == 1.0])):
            draw_estimates(axis, chosen, x, "error", colour, marker, markersize=4, label=label)
    axes[1].axvline(weight, color="0.5", linestyle=":", linewidth=1.0, label="all its rows right in training")
    axes[1].axvline(predicted, color="0.5", linestyle="--", linewidth=1.0, label="the same, by the law")
    for axis, words in zip(axes, ("$C$", "weight of the minority, $C = 1$"), strict=True):
        axis.set(xscale="log", xlabel=words)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes[0].set_ylabel("held-out error")
    label_panels(zip(axes, ("the penalty", "the weight"), strict=True))
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
