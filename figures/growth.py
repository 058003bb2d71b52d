"""How times grow: fits, `study compare`, verdicts near a threshold, and a sweep on more workers."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import LOSSES, OKABE_ITO, WIDTH, Tables, label_in_full, label_panels

FEATURES = {2: ("blue", "o"), 20: ("vermillion", "s")}
SIDES = {"below": "-", "above": "--"}


def draw(tables: Tables) -> Figure:
    """Draw the four panels."""
    figure = plt.figure(figsize=(WIDTH, 4.6), layout="constrained")
    (fits, compare), (verdicts, workers) = figure.subplots(2, 2)
    draw_fits(fits, tables[""])
    draw_compare(compare, tables["compare"])
    draw_verdicts(verdicts, tables["verdicts"])
    draw_workers(workers, tables["model"])
    titles = ("a fit", "study compare", "a proof", "a sweep, on paper")
    label_panels(zip((fits, compare, verdicts, workers), titles, strict=True))
    return figure


def draw_fits(axes: Axes, fits: pd.DataFrame) -> None:
    """Draw microseconds a fit against samples, on one thread."""
    for n_features, (colour, marker) in FEATURES.items():
        rows = fits[(fits["n_features"] == n_features) & (fits["n_threads"] == 1)].sort_values("n_samples")
        draw_range(axes, rows, "n_samples", "us", colour, marker, label=f"{n_features} features")
    axes.set(xscale="log", yscale="log", xlabel="samples", ylabel="microseconds")
    axes.legend()


def draw_compare(axes: Axes, compare: pd.DataFrame) -> None:
    """Draw seconds, and the peak of memory, against rows of ten columns."""
    rows = compare[compare["n_columns"] == 10]
    draw_range(axes, rows, "n_rows", "seconds", "blue", "o", label="seconds")
    memory = rows.assign(**{name: rows[name] / 1024.0 for name in rows if name.startswith("peak_mb")})
    draw_range(axes, memory, "n_rows", "peak_mb", "green", "^", linestyle="--", label="gigabytes")
    axes.set(xscale="log", yscale="log", xlabel="rows of ten columns")
    label_in_full(axes.yaxis)
    axes.legend()


def draw_verdicts(axes: Axes, verdicts: pd.DataFrame) -> None:
    """Draw milliseconds against the distance from the threshold, on either side."""
    for loss, side in [(loss, side) for loss in ("cross-entropy", "quadratic") for side in SIDES]:
        rows = verdicts[(verdicts["loss"] == loss) & (verdicts["side"] == side)]
        label = loss if side == "below" else None
        draw_range(axes, rows, "share", "ms", *LOSSES[loss], linestyle=SIDES[side], label=label)
    axes.set(xscale="log", yscale="log", xlabel="distance from the threshold", ylabel="milliseconds")
    axes.set_xticks([0.001, 0.01, 0.1], ["0.1%", "1%", "10%"])
    axes.set_ylim(top=8.0 * axes.get_ylim()[1])
    axes.legend(loc="upper right")


def draw_workers(axes: Axes, model: pd.DataFrame) -> None:
    """Draw the speed-up on more workers: the ideal, what the serial share leaves of it, and what the scheduler does."""
    workers, measured = model["n_workers"], model["modelled_s"].iloc[0] / model["measured_s"]
    axes.plot(workers, workers, ":", color="0.5", label="ideal")
    axes.plot(workers, model["amdahl"], "--", color=OKABE_ITO["green"], label="serial share")
    axes.plot(workers, model["speedup"], color=OKABE_ITO["vermillion"], marker="s", markersize=4, label="and scheduler")
    axes.plot(workers, measured, "o", color=OKABE_ITO["black"], markersize=3, label="measured")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times as fast as one")
    axes.legend(fontsize=7.5)


def draw_range(axes: Axes, rows: pd.DataFrame, x: str, name: str, colour: str, marker: str, **style: Any) -> None:
    """Draw a column and its range against another."""
    error = [rows[name] - rows[f"{name}_least"], rows[f"{name}_most"] - rows[name]]
    axes.errorbar(rows[x], rows[name], error, color=OKABE_ITO[colour], marker=marker, markersize=4, **style)
