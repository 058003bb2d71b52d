"""Time under the quadratic loss, and how far the laws of bound and penalty are from the thresholds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_open, label_panels

DRAWN_FROM = ("brakes",)
LAWS = {
    "bound": ("black", "o", "bound"),
    "penalty, bias penalised": ("blue", "o", "penalty, bias penalised"),
    "penalty, bias free": ("vermillion", "s", "penalty, bias free"),
}


def draw(tables: Tables) -> Figure:
    """Draw two panels."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2)
    draw_quadratic(axes[0], tables["quadratic"])
    draw_errors(axes[1], tables[""])
    label_panels(zip(axes, ("time, quadratic loss", "error of the laws"), strict=True))
    handles, labels = axes[1].get_legend_handles_labels()
    never, name = axes[0].get_legend_handles_labels()
    figure.legend(handles + never, labels + name, loc="outside lower center", ncols=2, handletextpad=0.1)
    return figure


def draw_quadratic(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the time of descent on the quadratic loss, with lines of the power that is derived."""
    for _, one in rows.groupby("geometry"):
        met = one[np.isfinite(one["ln_t"])]
        if len(met):
            last = met.iloc[-1]
            law = last["ln_t"] + last["exponent"] * (one["ln_M"] - last["ln_M"])
            axes.plot(one["ln_M"], law, color=OKABE_ITO["vermillion"], linewidth=0.5)
        draw_open(axes, met["ln_M"], met["ln_t"], "vermillion", "s")
    never = rows[np.isinf(rows["exponent"])]
    axes.plot(never["ln_M"], np.full(len(never), 62.0), "x", markersize=4, color=OKABE_ITO["black"], label="never (a)")
    axes.set(xlabel=r"$\ln M$", ylabel=r"$\ln t^*$", ylim=(0, 66))


def draw_errors(axes: Axes, laws: pd.DataFrame) -> None:
    """Draw the size of the error of ln M* against the one that the law expects of itself."""
    for brake, (colour, marker, label) in LAWS.items():
        rows = laws[laws["brake"] == brake]
        expected = rows["own_error"].clip(1e-6, 10.0)
        error = (rows["ln_threshold"] - rows["ln_law"]).abs().clip(lower=1e-5)
        draw_open(axes, expected, error, colour, marker, label=label)
    axes.plot([1e-6, 10.0], [1e-6, 10.0], color="0.5", linewidth=0.8)
    axes.axhline(1e-2, color="0.5", linewidth=0.8, linestyle=":")
    axes.axvline(1e-2 / 3.0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="expected", ylabel=r"error of $\ln M^*$", ylim=(5e-6, None))
