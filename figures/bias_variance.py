"""Where each rule stands between bias and variance, and how that turns as spoilers become frequent."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, draw_estimates, label_panels

SHOWN: dict[str, tuple[str, str, str]] = {
    "perceptron": ("perceptron", "blue", "o"),
    "max_margin": ("widest margin", "green", "D"),
    "unit_cross_entropy_ball_3": ("unit, ball 3", "vermillion", "s"),
    "unit_cross_entropy_box_3": ("unit, box 3", "orange", "s"),
    "unit_cross_entropy_box_1": ("unit, box 1", "purple", "^"),
}
OTHERS = {
    "perceptron_random": "random order",
    "averaged_perceptron": "averaged",
    "pocket_perceptron_10": "pocket",
    "soft_margin_1": "soft margin",
    "nearest_centroid": "centroid",
}
PRIMARY = {"generator": "boxes", "n_samples": 100, "n_features": 2, "features": "raw", "resampling": "fresh"}


def draw(tables: Tables) -> Figure:
    """Draw four panels."""
    figure = plt.figure(figsize=(WIDTH, 5.2), layout="constrained")
    axes = figure.subplots(2, 2)
    table = tables[""]
    draw_parts(axes[0, 0], chosen(table, spoiler_rate=0.01))
    for axis, part in zip(axes.flat[1:], ("variance", "bias", "error"), strict=True):
        draw_rates(axis, chosen(table), part)
    label_panels(zip(axes.flat, ("one in a hundred", "variance", "bias", "error"), strict=True))
    draw_law(axes[0, 1], tables["law"])
    handles, labels = axes[0, 1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def chosen(table: pd.DataFrame, **more: Any) -> pd.DataFrame:
    """Return the rows that differ from the primary setting in nothing but what is drawn."""
    for name, value in {**PRIMARY, **more}.items():
        table = table[table[name] == value]
    return table


def draw_parts(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw what each rule's error is made of: bias as a bar, variance as a bar on top or taken off."""
    rows = rows.set_index("label")
    named = {label: name for label, (name, _, _) in SHOWN.items()} | OTHERS
    named |= {"unit_quadratic_box_10": "quadratic, box 10", "unit_cross_entropy_box_10": "unit, box 10"}
    order = sorted(named, key=lambda label: rows.loc[label, "error"])
    for k, label in enumerate(order):
        row = rows.loc[label]
        axes.barh(k, row["bias"], color=OKABE_ITO["sky"], height=0.62)
        axes.barh(k, row["unbiased_variance"], left=row["bias"], color=OKABE_ITO["orange"], height=0.62)
        off = row["biased_variance"]
        axes.barh(k, -off, left=row["bias"], color="white", height=0.3, hatch="/////", edgecolor="0.35", linewidth=0.5)
        axes.plot([row["error"]] * 2, [k - 0.4, k + 0.4], color=OKABE_ITO["black"], linewidth=1.2)
    axes.set_yticks(range(len(order)), [named[label] for label in order], fontsize=7.5)
    axes.set(xlabel="share of test points", ylim=(-0.7, len(order) - 0.3))
    axes.set_xticks([0.0, 0.005, 0.01], ["0", "0.005", "0.01"])
    axes.tick_params(axis="y", length=0)


def draw_rates(axes: Axes, rows: pd.DataFrame, part: str) -> None:
    """Draw one part against the share of spoilers, with intervals."""
    for label, (name, colour, marker) in SHOWN.items():
        line = rows[rows["label"] == label].sort_values("spoiler_rate")
        draw_estimates(axes, line, 100.0 * line["spoiler_rate"], part, colour, marker, linewidth=1.1, label=name)
    axes.set(xlabel="spoilers in a hundred", ylabel=part, ylim=(-0.002, None))


def draw_law(axes: Axes, law: pd.DataFrame) -> None:
    """Mark, above each unit's variance, the share of spoilers at which the law lets it turn: median, and 5 to 95%."""
    top = axes.get_ylim()[1]
    shown = [row for row in law.to_dict("records") if row["label"] in SHOWN]
    for k, row in enumerate(shown):
        colour = OKABE_ITO[SHOWN[row["label"]][1]]
        height = top * (1.06 + 0.06 * k)
        axes.plot(
            [100 * row["predicted_rate_q05"], 100 * row["predicted_rate_q95"]], [height] * 2, color=colour, lw=1.0
        )
        axes.plot(100 * row["predicted_rate"], height, "|", color=colour, markersize=6)
    axes.text(31.0, top * 1.12, "law", fontsize=7.5, ha="right", va="center")
    axes.set_ylim(-0.002, top * 1.28)
