"""The drawing of `study compare`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from study.analysis.comparison import Comparison, RuleOutcome
from study.analysis.margin import decision_values
from study.checks import shorten
from study.datasets.dataset import Floats
from study.report.comparison_text import drawn_step, heaviest
from study.report.style import OKABE_ITO, RULES, WIDTH

RINGED, NAMED, CROWD = 2, 6, 50
"""How many rows are ringed for each rule, how many that the unit has wrong are named, and of how many at most."""
OFFSETS = [(r * x, r * y) for r in (1.0, 2.0, 3.5, 5.0) for x, y in ((7, 5), (7, -11), (-22, 5), (-22, -11), (-8, 9))]
"""Where a name may stand beside its point, in points of a printer, the best place first."""


def draw(comparison: Comparison) -> Figure:
    """Draw the points with the boundaries of the perceptron and of the unit at the first limit.

    One or two features are the axes. Of more, the signed distances from both boundaries are, which are lines then too,
    so that each point is seen on its own side of each, and how near.
    """
    table, y = comparison.table, comparison.points.y
    rules = {"perceptron": comparison.perceptron, "unit": comparison.units[0]}
    at, lines = _places(comparison)
    lost = np.zeros(len(at), bool)
    lost[np.concatenate([outcome.lost for outcome in rules.values()])] = True
    shown = lost | (np.arange(len(at)) % drawn_step(comparison) == 0)
    figure = plt.figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    handles = _draw_classes(axes, at, y, shown, (table.positive, table.negative))
    limits = [(low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0)) for low, high in _ranges(at)]
    names = {"perceptron": "perceptron", "unit": f"unit, {comparison.settings.first}"}
    for (rule, outcome), line in zip(rules.items(), lines, strict=True):
        said = "separates" if outcome.separates else f"{outcome.lost.size:,} wrong"
        handles += [(drawn, f"{names[rule]}: {said}") for drawn in _boundary(axes, line, limits, RULES[rule])]
        handles += _draw_marks(axes, at, rule, outcome, crowded=shown.sum() > 500)
    _name_axes(axes, at, comparison)
    axes.set(xlim=limits[0], ylim=limits[1])
    figure.legend(*zip(*handles, strict=True), loc="outside lower center", ncols=2)
    lost_rows = rules["unit"].lost
    named = [*(ringed for outcome in rules.values() for ringed in _ringed(outcome))]
    named += lost_rows[:NAMED].tolist() if lost_rows.size <= CROWD else []
    _name_rows(figure, axes, at, list(dict.fromkeys(named)), table.rows, shown)
    return figure


def _places(comparison: Comparison) -> tuple[Floats, list[Floats]]:
    """Return the points as they are drawn, of shape (n_samples, 2), and both boundaries as weights there."""
    X, outcomes = comparison.points.X, (comparison.units[0], comparison.perceptron)
    if X.shape[1] <= 2:
        axes = np.eye(2, X.shape[1])
        return X @ axes.T, [np.append(axes @ outcome.w[:-1], outcome.w[-1]) for outcome in reversed(outcomes)]
    at = [decision_values(outcome.w, X) / (np.linalg.norm(outcome.w[:-1]) or 1.0) for outcome in outcomes]
    return np.column_stack(at), [np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])]


def _draw_classes(
    axes: Axes, at: Floats, y: Floats, shown: NDArray[np.bool_], labels: tuple[str, str]
) -> list[tuple[Any, str]]:
    """Draw the points that are shown, positive ones filled and negative ones open; return what goes in the legend."""
    black, many, handles = OKABE_ITO["black"], shown.sum() > 500, []
    for label, side, marker, face in zip(labels, (1, -1), "os", (black, "white"), strict=True):
        chosen = at[shown & (y == side)]
        look: dict[str, Any] = {"marker": marker, "facecolor": face, "edgecolor": black, "linewidth": 0.6}
        drawn = axes.scatter(chosen[:, 0], chosen[:, 1], s=6 if many else 22, rasterized=many, **look)
        handles.append((drawn, shorten(label, 24)))
    return handles


def _ringed(outcome: RuleOutcome) -> list[int]:
    return [int(i) for i in outcome.left_out[outcome.by_move()[:RINGED]]]


def _draw_marks(axes: Axes, at: Floats, rule: str, outcome: RuleOutcome, *, crowded: bool) -> list[tuple[Any, str]]:
    """Cross what a rule has wrong, and ring the rows that move it most; return what goes in the legend."""
    colour, handles = RULES[rule]["color"], []
    crossed, ringed = at[outcome.lost], at[_ringed(outcome)]
    if len(crossed):
        few = len(crossed) <= CROWD
        mark: dict[str, Any] = {
            "marker": "x" if rule == "unit" else "+",
            "color": colour,
            "linewidth": 1.0 if few else 0.4,
        }
        size = (50 if rule == "unit" else 70) if few else 6
        drawn = axes.scatter(crossed[:, 0], crossed[:, 1], s=size, rasterized=crowded, **mark)
        handles.append((drawn, f"wrong for the {rule}"))
    if len(ringed):
        size = 140 if rule == "unit" else 80  # so that both rings are seen where they are of one row
        ring: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "linewidth": 1.1, "zorder": 5}
        handles.append((axes.scatter(ringed[:, 0], ringed[:, 1], s=size, **ring), f"moves the {rule} most"))
    return handles


def _name_axes(axes: Axes, at: Floats, comparison: Comparison) -> None:
    """Name the axes by the features, or by the heaviest of them where the axes are distances, which are stretched."""
    features = comparison.table.features
    if len(features) <= 2:
        axes.set(xlabel=shorten(features[0], 60), ylabel=shorten(features[1], 60) if len(features) == 2 else "")
        if len(features) == 1:
            axes.set_yticks([])
        return
    for k, (name, outcome) in enumerate((("unit", comparison.units[0]), ("perceptron", comparison.perceptron))):
        distance = np.abs(at[:, k])
        near = float(np.quantile(distance[distance > 0.0], 0.1)) if distance.any() else 1.0
        scale = axes.set_xscale if k == 0 else axes.set_yscale
        scale("asinh", linear_width=near)
        axis = axes.xaxis if k == 0 else axes.yaxis
        axis.set_major_locator(FixedLocator(_ticks(near, float(distance.max()))))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_label_text(f"distance from the {name}'s boundary\n{heaviest(outcome.w, features, 2, 24)}", fontsize=8)


def _ticks(near: float, farthest: float) -> list[float]:
    """Return round distances on both sides of 0 that lie apart on an axis stretched near 0."""
    round_ones = np.outer([5.0, 2.0, 1.0], 10.0 ** np.arange(12.0, -13.0, -1.0)).T.ravel()
    kept: list[float] = []
    last, apart = np.inf, 0.2 * np.arcsinh(farthest / near)
    for value in round_ones[round_ones <= farthest].tolist():
        place = float(np.arcsinh(value / near))
        if apart <= place <= last - apart:
            kept.append(value)
            last = place
    return [*(-value for value in kept), 0.0, *reversed(kept)]


def _name_rows(
    figure: Figure, axes: Axes, at: Floats, named: Sequence[int], rows: NDArray[np.int64], shown: NDArray[np.bool_]
) -> None:
    """Write the numbers of some rows beside their points, each at the place that hides the least."""
    figure.draw_without_rendering()  # lays the axes out
    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    places, taken = axes.transData.transform(at[shown]), list[Bbox]()
    inside, pixel = axes.get_window_extent(renderer), figure.dpi / 72.0
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    for i in named:
        text = axes.annotate(
            str(rows[i]), at[i], OFFSETS[0], textcoords="offset points", fontsize=7, bbox=box, zorder=6
        )
        text.update_positions(renderer)
        first = Text.get_window_extent(text, renderer)  # without the line to the point

        def hidden(place: tuple[float, float], first: Bbox = first) -> tuple[int, int]:
            moved = first.translated(*((np.array(place) - OFFSETS[0]) * pixel))
            outside = not (inside.contains(moved.x0, moved.y0) and inside.contains(moved.x1, moved.y1))
            return sum(map(moved.overlaps, taken)) + outside, int(moved.count_contains(places))

        best = min(OFFSETS, key=hidden)
        text.set_position(best)
        taken.append(first.translated(*((np.array(best) - OFFSETS[0]) * pixel)))


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
