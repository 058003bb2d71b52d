"""The figure of a sweep: bias, variance and error of each rule over the setting that varies."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.checks import shorten
from study.report.style import OKABE_ITO, WIDTH, arms, label_panels

PARTS = ("bias", "variance", "error")
COLOURS = ("blue", "vermillion", "green", "orange", "purple", "sky", "black")
MARKERS = "osD^vP*X"


def draw_sweep(table: pd.DataFrame, settings: tuple[str, ...]) -> Figure:
    """Draw three panels over the first setting that varies; of the others only the first value is shown.

    Parameters
    ----------
    table : DataFrame
        A row for each setting and rule, as `study sweep` writes it.
    settings : tuple of str
        The columns that may vary.
    """
    varying = [name for name in settings if len(set(table[name])) > 1]
    along = varying[0] if varying else "n_samples"
    held = {name: table[name].iloc[0] for name in varying[1:]}
    for name, value in held.items():
        table = table[table[name] == value]
    figure = plt.figure(figsize=(WIDTH, 3.4), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, part in zip(panels, PARTS, strict=True):
        handles = draw_part(axes, table, along, part)
    label_panels(zip(panels, PARTS, strict=True))
    labels = [shorten(label, 80) for label in table["label"].unique()]
    title = ", ".join(f"{name} = {value}" for name, value in held.items())
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=6.5, title=title or None)
    return figure


def draw_part(axes: Axes, table: pd.DataFrame, along: str, part: str) -> list[Any]:
    """Draw one part of the error against a setting, with intervals; at names, or one place, rules side by side.

    Returned is what was drawn of each rule, in their order in the table.
    """
    drawn = []
    places = list(dict.fromkeys(table[along]))
    along_line = pd.api.types.is_numeric_dtype(table[along]) and len(places) > 1
    n_rules = table["label"].nunique()
    for k, (_, rows) in enumerate(table.groupby("label", sort=False)):
        aside = 0.6 * ((k + 0.5) / n_rules - 0.5)  # else the marks of one place would hide each other
        x = rows[along] if along_line else [places.index(place) + aside for place in rows[along]]
        style: dict[str, Any] = {
            "color": OKABE_ITO[COLOURS[k % len(COLOURS)]],
            "marker": MARKERS[k % len(MARKERS)],
            "linestyle": ("-", "--", ":")[k // len(COLOURS) % 3],
        }
        drawn.append(
            axes.errorbar(x, rows[part], arms(rows, part), markersize=3, elinewidth=0.7, linewidth=1.0, **style)
        )
    if not along_line:
        axes.set_xticks(range(len(places)), places, rotation=30, ha="right", fontsize=7)
    axes.set_xlabel(along)
    axes.locator_params(axis="y", nbins=5)
    return drawn
