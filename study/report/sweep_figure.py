"""The figure of a sweep: bias, variance and error of each rule over what varies."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from study.checks import shorten
from study.report.style import OKABE_ITO, WIDTH, arms, label_panels
from study.sweeps.rule import Rule

PARTS = ("bias", "variance", "error")
COLOURS = ("blue", "vermillion", "green", "orange", "purple", "sky", "black")
MARKERS = "osD^vP*X"
MOST_ROWS = 8
"""Rows of panels; further values of what varies are in the table alone."""
FACTOR = 4.0
"""Two values of which one is so many times the other grow by a factor."""


@dataclass(frozen=True)
class Line:
    """A rule in the figure, or several that differ in what is on the x axis alone.

    Parameters
    ----------
    name : str
        For the legend.
    labels : mapping of str to value
        Of its rules in the table, with the places of each on the axis; None where the place is a setting's.
    """

    name: str
    labels: Mapping[str, Any]


def draw_sweep(table: pd.DataFrame, settings: Sequence[str], rules: Sequence[Rule]) -> Figure:
    """Draw three panels over what varies, in a row for each combination of the other settings that vary.

    Parameters
    ----------
    table : DataFrame
        A row for each setting and rule, as `study sweep` writes it.
    settings : sequence of str
        The columns that may vary.
    rules : sequence of Rule
        Those of the table.
    """
    varying = [name for name in settings if len(set(table[name])) > 1]
    along = choose_axis(table, varying, rules)
    lines = make_lines(rules, "" if along in settings else along)
    facets = [name for name in varying if name != along]
    groups = list(table.groupby(facets, sort=False)) if facets else [((), table)]
    shown = groups[:MOST_ROWS]
    names, title = (
        [shorten(line.name, 90) for line in lines],
        legend_title(common_options(rules, along), facets, groups),
    )
    n_columns = 2 if max(map(len, names)) <= 40 else 1
    n_legend = -(-len(names) // n_columns) + title.count("\n") + 1
    figure = plt.figure(figsize=(WIDTH, 1.9 * len(shown) + 0.5 + 0.15 * n_legend), layout="constrained")
    panels = figure.subplots(len(shown), 3, squeeze=False, sharex=True, sharey="col")
    for row, (values, group) in zip(panels, shown, strict=True):
        for axes, part in zip(row, PARTS, strict=True):
            handles = draw_part(axes, group, along, part, lines)
        if facets:
            named = zip(facets, values, strict=True)
            row[0].set_ylabel("\n".join(f"{spoken(name)} = {shown_value(value)}" for name, value in named), fontsize=7)
    label_panels((axes, part) for row in panels[:1] for axes, part in zip(row, PARTS, strict=True))
    for axes in panels[-1]:
        axes.set_xlabel(spoken(along))
    style: dict[str, Any] = {"fontsize": 6.5, "title_fontsize": 6.5, "ncols": n_columns, "title": title or None}
    figure.legend(handles, names, loc="outside lower center", **style)
    return figure


def legend_title(common: Mapping[str, Any], facets: Sequence[str], groups: Sequence[Any]) -> str:
    """Return what holds of all lines, and how many combinations of settings are not shown."""
    title = ", ".join(f"{spoken(name)} = {shown_value(value)}" for name, value in common.items())
    lines = textwrap.wrap(title, 90)
    if len(groups) > MOST_ROWS:
        lines.append(f"{len(groups) - MOST_ROWS} more of {', '.join(map(spoken, facets))} in the table")
    return "\n".join(lines)


def common_options(rules: Sequence[Rule], along: str) -> dict[str, Any]:
    """Return the options that a reader has to be told, and that all rules of some names have, with one value."""
    told = dict.fromkeys(name for rule in rules for name in rule.unusual if name != along)
    found = {}
    for name in told:
        bases = {base_name(rule) for rule in rules if name in rule.settings}
        values = [rule.settings.get(name) for rule in rules if base_name(rule) in bases]
        if len(values) > 1 and all(value == values[0] for value in values):
            found[name] = values[0]
    return found


def choose_axis(table: pd.DataFrame, varying: Sequence[str], rules: Sequence[Rule]) -> str:
    """Return what goes on the x axis: a setting that varies, a number if there is one, or an option of rules that does.

    Where nothing varies, it is the number of samples, of which there is one.
    """
    numbers = [name for name in varying if pd.api.types.is_numeric_dtype(table[name])]
    options = dict.fromkeys(name for rule in rules for name in rule.settings)
    for name in options:
        own = [rule.settings[name] for rule in rules if name in rule.settings]
        lines = make_lines(rules, name)
        if all(isinstance(value, int | float) for value in own) and max(len(line.labels) for line in lines) > 1:
            numbers.append(name)
    return next(iter([*numbers, *varying]), "n_samples")


def make_lines(rules: Sequence[Rule], along: str) -> list[Line]:
    """Return the lines of rules, those in one that differ in the option `along` alone."""
    members: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        others = {name: value for name, value in rule.settings.items() if name != along}
        members.setdefault((rule.rule.partition(",")[0], repr(others)), []).append(rule)
    common, lines = common_options(rules, along), []
    for own in members.values():
        base = base_name(own[0])
        alike = [rule.settings for rule in rules if base_name(rule) == base]
        told = []
        for name, value in own[0].settings.items():
            varies = any(others.get(name, value) != value for others in alike)
            if (name != along or len(own) == 1) and (varies or name in own[0].unusual) and name not in common:
                told.append(f"{spoken(name)} = {shown_value(value)}")
        lines.append(Line(", ".join([base, *told]), {rule.label: rule.settings.get(along) for rule in own}))
    names = [line.name for line in lines]
    return [line if names.count(line.name) == 1 else Line(next(iter(line.labels)), line.labels) for line in lines]


def base_name(rule: Rule) -> str:
    """Return what a person calls a rule: of one's own, the name behind its module."""
    place, _, name = rule.rule.partition(",")[0].partition(":")
    return name or place.replace("-", " ")


def spoken(name: str) -> str:
    """Return a column's name in words."""
    return name.replace("_", " ")


def shown_value(value: Any) -> str:
    """Return a value as an axis or a legend shows it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def draw_part(axes: Axes, table: pd.DataFrame, along: str, part: str, lines: Sequence[Line]) -> list[Any]:
    """Draw one part of the error against what varies, with intervals, and return what was drawn of each line.

    At names, or one place, rules stand side by side. A rule without the option on the axis is a level.
    """
    of_option = any(place is not None for line in lines for place in line.labels.values())
    values = [place for line in lines if len(line.labels) > 1 for place in line.labels.values()]
    places = sorted(set(values)) if of_option else list(dict.fromkeys(table[along]))
    numeric = len(places) > 1 and all(isinstance(place, int | float) for place in places)
    drawn: list[Any] = []
    for k, line in enumerate(lines):
        rows = table.set_index("label").loc[list(line.labels)].reset_index()
        style: dict[str, Any] = {
            "color": OKABE_ITO[COLOURS[k % len(COLOURS)]],
            "linestyle": ("-", "--", ":")[k // len(COLOURS) % 3],
        }
        if of_option and len(line.labels) == 1:
            axes.axhspan(*rows[[f"{part}_low", f"{part}_high"]].iloc[0], color=style["color"], alpha=0.15, linewidth=0)
            drawn.append(axes.axhline(rows[part].iloc[0], linewidth=1.0, **style))
            continue
        aside = 0.6 * ((k + 0.5) / len(lines) - 0.5)  # else the marks of one place would hide each other
        x: Any = [line.labels[label] for label in rows["label"]] if of_option else rows[along].tolist()
        order = np.argsort(x, kind="stable") if numeric else np.arange(len(x))
        rows, x = rows.iloc[order], [x[i] if numeric else places.index(x[i]) + aside for i in order]
        style |= {"marker": MARKERS[k % len(MARKERS)], "markersize": 3, "elinewidth": 0.7, "linewidth": 1.0}
        drawn.append(axes.errorbar(x, rows[part], arms(rows, part), **style))
    if numeric:
        scale_axis(axes, np.array(sorted(places), float))
    else:
        axes.set_xticks(range(len(places)), list(map(shown_value, places)), rotation=30, ha="right", fontsize=7)
    axes.locator_params(axis="y", nbins=5)
    return drawn


def scale_axis(axes: Axes, places: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
    """Make an x axis logarithmic where its values grow by factors, zero standing left of them."""
    if not grows_by_factors(places[places > 0.0]) or places[0] < 0.0:
        return
    if places[0] > 0.0:
        axes.set_xscale("log")
    else:
        axes.set_xscale("symlog", linthresh=places[1], linscale=0.5)
    if len(places) <= 6:
        axes.set_xticks(places, [f"{place:g}" for place in places], fontsize=7)
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def grows_by_factors(places: "np.ndarray[Any, np.dtype[np.float64]]") -> bool:
    """Return whether the logarithms of positive values are spaced more evenly than the values are."""
    if len(places) < 3:
        return len(places) == 2 and places[1] / places[0] >= FACTOR
    steps, factors = np.diff(places), np.diff(np.log(places))
    return bool(factors.std() / factors.mean() < steps.std() / steps.mean())
