"""What a fit costs, beside the peers, and against the size of the stack."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

PEERS = {
    "perceptron": ("scikit-learn Perceptron", "blue", "o"),
    "bounded": ("scipy L-BFGS-B, bounded", "vermillion", "s"),
    "unbounded": ("scikit-learn LogisticRegression", "black", "^"),
}


def draw(tables: Tables) -> Figure:
    """Draw the ratios to the peers, and the cost of a fit against the size of the stack."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    ratios, stacks = figure.subplots(1, 2, width_ratios=[1.3, 1])
    table = tables[""]
    draw_ratios(ratios, table)
    draw_stacks(stacks, table[table["part"] == "stack"])
    label_panels([(ratios, "times faster than the peer"), (stacks, "cost of a fit")])
    return figure


def draw_ratios(axes: Axes, table: pd.DataFrame) -> None:
    """Draw one mark a comparison; filled for two features, open for twenty."""
    for shift, (part, (label, colour, marker)) in zip((0.85, 1.0, 1.18), PEERS.items(), strict=True):
        rows = table[table["part"] == part]
        for n_features, face in ((2, OKABE_ITO[colour]), (20, "white")):
            chosen = rows[rows["n_features"] == n_features]
            axes.errorbar(
                chosen["n_samples"] * shift,
                chosen["ratio"],
                yerr=[chosen["ratio"] - chosen["ratio_least"], chosen["ratio_most"] - chosen["ratio"]],
                color=OKABE_ITO[colour],
                marker=marker,
                markerfacecolor=face,
                linestyle="none",
                markersize=4.5,
                elinewidth=0.7,
                label=label if n_features == 2 else None,
            )
    axes.axhline(1.0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="samples in a set", ylabel="ratio of times", ylim=(0.7, 3e5))
    axes.legend(loc="upper left", handlelength=0.8, borderpad=0.0, fontsize=7.5)


def draw_stacks(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw microseconds a fit, the median and the range, for stacks of fifty samples and two features."""
    error = [rows["ours_us"] - rows["ours_us_least"], rows["ours_us_most"] - rows["ours_us"]]
    colour = OKABE_ITO["vermillion"]
    axes.errorbar(rows["n_sets"], rows["ours_us"], yerr=error, color=colour, marker="s", markersize=4.5)
    axes.set(xscale="log", xlabel="sets in the stack", ylabel="microseconds")
    axes.set_ylim(0.0, 1.4 * rows["ours_us_most"].max())
