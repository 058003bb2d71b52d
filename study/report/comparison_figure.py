"""The drawing of `study compare`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.analysis.comparison import Comparison
from study.checks import shorten
from study.datasets.dataset import Floats
from study.report.style import OKABE_ITO, RULES, WIDTH

MOST_DRAWN = 5000
RINGED = 2
"""How many rows are ringed for each rule."""


def draw(comparison: Comparison) -> Figure:
    """Draw the points with the boundaries of the perceptron and of the unit at the first bound, in the plane of both.

    Positive points are filled circles, negative ones open squares; what a rule gives up is crossed in its colour.
    """
    table, points, directions = comparison.table, comparison.points, comparison.plane
    perceptron, unit = comparison.perceptron, comparison.units[0]
    at = points.X @ directions.T
    lost = np.zeros(len(at), bool)
    lost[np.concatenate([unit.lost, perceptron.lost])] = True
    shown = lost | (np.arange(len(at)) % max(1, -(-len(at) // MOST_DRAWN)) == 0)
    figure = plt.figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    black, many = OKABE_ITO["black"], shown.sum() > 500
    handles: list[Any] = []
    words = [shorten(name, 24) for name in (table.positive, table.negative)]
    for label, marker, face in ((1, "o", black), (-1, "s", "white")):
        side = at[shown & (points.y == label)]
        look: dict[str, Any] = {"marker": marker, "facecolor": face, "edgecolor": black, "linewidth": 0.6}
        handles.append(axes.scatter(side[:, 0], side[:, 1], s=6 if many else 22, rasterized=many, **look))
    limits = [(low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0)) for low, high in _ranges(at)]
    named: set[int] = set()
    names = {"perceptron": "perceptron", "unit": f"unit, R = {comparison.settings.bounds[0].weight_bound:g}"}
    for outcome, rule, mark in ((perceptron, "perceptron", "+"), (unit, "unit", "x")):
        crossed, colour = at[outcome.lost], RULES[rule]["color"]
        axes.scatter(crossed[:, 0], crossed[:, 1], s=50, marker=mark, color=colour, linewidth=1.0, rasterized=many)
        ringed = outcome.left_out[outcome.by_move()[:RINGED]]
        size = 70 if rule == "perceptron" else 140  # so that both rings are seen where they are of one row
        axes.scatter(at[ringed, 0], at[ringed, 1], s=size, facecolor="none", edgecolor=colour, linewidth=1.1, zorder=5)
        named |= {int(i) for i in ringed}
        said = "separates" if outcome.separates else f"{outcome.lost.size:,} wrong"
        seen = np.append(directions @ outcome.w[:-1], outcome.w[-1])
        for line in _boundary(axes, seen, limits, RULES[rule]):
            handles.append(line)
            words.append(f"{names[rule]}: {said}")
    for i in sorted(named):
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
        axes.annotate(str(table.rows[i]), at[i], (7, 5), textcoords="offset points", fontsize=8, bbox=box, zorder=6)
    first, second = (_axis(d, table.features, w) for d, w in zip(directions, ("first", "second"), strict=True))
    axes.set(xlim=limits[0], ylim=limits[1], xlabel=first, ylabel=second)
    if len(table.features) == 1:
        axes.set_yticks([])
    figure.legend(handles, words, loc="outside lower center", ncols=2)
    return figure


def _ranges(at: Floats) -> list[tuple[float, float]]:
    return list(zip(at.min(axis=0).tolist(), at.max(axis=0).tolist(), strict=True))


def _boundary(axes: Axes, w: Floats, limits: Sequence[tuple[float, float]], style: Mapping[str, Any]) -> list[Line2D]:
    """Draw the line w_1 a + w_2 b + w_3 = 0 across the limits, whichever way it lies, where there is one."""
    (a0, a1), (b0, b1) = limits
    if abs(w[0]) * (a1 - a0) < abs(w[1]) * (b1 - b0):
        a = np.array([a0, a1])
        return axes.plot(a, -(w[0] * a + w[2]) / w[1], **style)
    if w[0] != 0.0:
        b = np.array([b0, b1])
        return axes.plot(-(w[1] * b + w[2]) / w[0], b, **style)
    return []


def _axis(direction: Floats, features: Sequence[str], which: str) -> str:
    """Return the name of a direction: the feature, or the combination's place in the caption."""
    if not direction.any():
        return ""
    alone = np.flatnonzero(direction)
    named = alone.size == 1 and direction[alone[0]] == 1.0
    return shorten(features[alone[0]], 60) if named else f"{which} direction"
