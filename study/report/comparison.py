"""What `study compare` says of the user's own points: a summary for machines, sentences, and a drawing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from study.analysis.comparison import Verdict, telling_plane
from study.analysis.influence import angle
from study.datasets.dataset import Dataset, Floats
from study.datasets.table import Table
from study.report.style import OKABE_ITO, RULES, WIDTH

MOST_DRAWN = 5000
FEW, RINGED = 5, 2
"""How many rows the sentences name, and how many of each rule are ringed; the summary holds all."""


def verdict_summary(verdict: Verdict, table: Table) -> dict[str, Any]:
    """Return what is true of one rule as plain numbers, rows as the file counts them."""
    spoilers = [
        {"row": int(table.rows[verdict.left_out[k]]), "moved_degrees": float(verdict.moved[k])}
        for k in order_by_move(verdict)
    ]
    judged = np.isfinite(verdict.moved)
    return {
        "separates": verdict.separates,
        "errors": int(verdict.lost.size),
        "lost_rows": [int(row) for row in table.rows[verdict.lost]],
        "updates": verdict.n_updates,
        "passes": verdict.n_passes,
        "stop": verdict.stop.sentence,
        "loss": _number(verdict.loss),
        "margin": _number(verdict.margin),
        "weights": [float(v) for v in verdict.w],
        "spoilers": spoilers[:50],
        "rows_left_out": int(judged.sum()),
        "rows_not_judged": [int(row) for row in np.sort(table.rows[verdict.left_out[~judged]])],
    }


def order_by_move(verdict: Verdict) -> NDArray[np.int64]:
    """Return the places of the samples without which the boundary moves, the farthest first; ties in order of rows."""
    degrees = np.round(np.nan_to_num(verdict.moved), 6)  # copies of a point tie, but for rounding
    order = np.lexsort((verdict.left_out, -degrees))
    return order[degrees[order] > 0.0]


def summary(
    table: Table,
    decision: Mapping[str, Any],
    margin: float,
    perceptron: Verdict,
    units: Sequence[tuple[float, Verdict]],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the answer as one machine-readable object; `backprop` is the unit at the first bound."""
    backprops = [
        {
            **verdict_summary(unit, table),
            "weight_bound": weight_bound,
            "least_loss_found": unit.least_loss_found,
            "best_separator_loss": _number(unit.best_separator),
            "degrees_from_perceptron": _number(float(angle(unit.w, perceptron.w))),
        }
        for weight_bound, unit in units
    ]
    return {
        "n_samples": len(table.rows),
        "n_features": len(table.features),
        "features": list(table.features),
        "positive": table.positive,
        "negative": table.negative,
        **settings,
        **decision,
        "margin": _number(margin),
        "perceptron": verdict_summary(perceptron, table),
        "backprop": backprops[0],
        "backprops": backprops,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def sentences(name: str, answer: Mapping[str, Any], table: Table) -> str:
    """Return the answer as a reader wants it, a line for each thing."""
    y = table.points.y
    lines = [
        f"{name}: {answer['n_samples']:,} points, {_number_of(answer['n_features'], 'feature')}"
        f"{' (standardised)' if answer['standardised'] else ''}; "
        f"positive {table.positive} ({int((y > 0).sum()):,}), negative {table.negative} ({int((y < 0).sum()):,})"
    ]
    if answer["separable"]:
        lines.append(f"separable: yes, {answer['proof']}; maximum margin {_shorten(answer['margin'])}")
    else:
        rows = answer["inseparable_rows"]
        lines.append(f"separable: no, {answer['proof']}; no line has {_rows(rows)} all right")
    perceptron = answer["perceptron"]
    lines.append(
        f"perceptron: {_outcome(perceptron)}, {_number_of(perceptron['updates'], 'update')} in "
        f"{_number_of(perceptron['passes'], 'pass', 'es')}"
        f" ({perceptron['stop']})"
    )
    lines += _spoilers(perceptron)
    soft = f", eps {answer['eps']:g}" if answer["eps"] else ""
    for unit in answer["backprops"]:
        lines.append(
            f"unit, {answer['loss']}{soft}, {answer['shape']} R = {unit['weight_bound']:g}: {_outcome(unit)}; "
            f"{_losses(unit)}; {_angle_between(unit['degrees_from_perceptron'])}"
        )
        lines += _spoilers(unit)
    return "\n".join(lines)


def _number_of(n: int, what: str, plural: str = "s") -> str:
    return f"{n:,} {what}{plural if n != 1 else ''}"


def _outcome(rule: Mapping[str, Any]) -> str:
    if rule["separates"]:
        return f"separates with margin {_shorten(rule['margin'])}"
    return f"gives up {_number_of(rule['errors'], 'point')}, {_rows(rule['lost_rows'])}"


def _losses(unit: Mapping[str, Any]) -> str:
    loss = _shorten(unit["loss"]) if unit["loss"] else "below 1e-300"
    if not unit["least_loss_found"]:
        return f"its loss, {loss}, is too small to be told from zero: the least loss inside the bound was not found"
    best = unit["best_separator_loss"]
    if best is None:
        return f"loss {loss}"
    return f"loss {loss}, best separator {_shorten(best) if best else 'below 1e-300'}"


def _angle_between(degrees: float | None) -> str:
    if degrees is None:
        return "no boundary to compare"
    return f"its normal {_degrees(degrees)} degrees from the perceptron's"


def _degrees(value: float) -> str:
    return "0" if value < 1e-6 else _shorten(value)


def _spoilers(rule: Mapping[str, Any]) -> list[str]:
    if not rule["rows_left_out"]:
        return []
    silent = rule["rows_not_judged"]
    most = rule["spoilers"][0]["moved_degrees"] if rule["spoilers"] else 0.0
    telling = [item for item in rule["spoilers"] if item["moved_degrees"] >= 0.01 * most]
    moves = [f"row {item['row']} ({_shorten(item['moved_degrees'])})" for item in telling[:FEW]]
    tried = f"of {rule['rows_left_out']} left out one at a time"
    tried += f"; {_rows(silent)} could not be judged" if silent else ""
    return [
        f"    moves most, in degrees turned or shifted, without {', '.join(moves)}; {tried}"
        if moves
        else f"    no row, {tried}, moves it"
    ]


def _rows(rows: Sequence[int]) -> str:
    named = ", ".join(map(str, rows[:FEW]))
    return f"row{'s' if len(rows) != 1 else ''} {named}" + (", ..." if len(rows) > FEW else "")


def _shorten(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def draw_comparison(table: Table, points: Dataset, perceptron: Verdict, unit: Verdict, weight_bound: float) -> Figure:
    """Draw the points with both boundaries, in the plane of `telling_plane`.

    Positive points are filled circles, negative ones open squares; what a rule gives up is crossed in its colour.
    """
    directions = telling_plane(points, unit.w, perceptron.w)
    at = points.X @ directions.T
    lost = np.zeros(len(at), bool)
    lost[np.concatenate([unit.lost, perceptron.lost])] = True
    shown = lost | (np.arange(len(at)) % max(1, -(-len(at) // MOST_DRAWN)) == 0)
    figure = plt.figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    black, many = OKABE_ITO["black"], shown.sum() > 500
    for label, marker, face in ((1, "o", black), (-1, "s", "white")):
        side = at[shown & (points.y == label)]
        name = (table.positive if label > 0 else table.negative)[:24]
        look: dict[str, Any] = {"marker": marker, "facecolor": face, "edgecolor": black, "linewidth": 0.6}
        axes.scatter(side[:, 0], side[:, 1], s=6 if many else 22, label=name, rasterized=many, **look)
    limits = [(low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0)) for low, high in _ranges(at)]
    named: set[int] = set()
    names = {"perceptron": "perceptron", "unit": f"unit, R = {weight_bound:g}"}
    for verdict, rule, mark in ((perceptron, "perceptron", "+"), (unit, "unit", "x")):
        crossed, colour = at[verdict.lost], RULES[rule]["color"]
        axes.scatter(crossed[:, 0], crossed[:, 1], s=50, marker=mark, color=colour, linewidth=1.0, rasterized=many)
        ringed = verdict.left_out[order_by_move(verdict)[:RINGED]]
        size = 70 if rule == "perceptron" else 140  # so that both rings are seen where they are of one row
        axes.scatter(at[ringed, 0], at[ringed, 1], s=size, facecolor="none", edgecolor=colour, linewidth=1.1, zorder=5)
        named |= {int(i) for i in ringed}
        said = "separates" if verdict.separates else f"gives up {verdict.lost.size:,}"
        seen = np.append(directions @ verdict.w[:-1], verdict.w[-1])
        _boundary(axes, seen, limits, {**RULES[rule], "label": f"{names[rule]}: {said}"})
    for i in sorted(named):
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
        axes.annotate(str(table.rows[i]), at[i], (7, 5), textcoords="offset points", fontsize=8, bbox=box, zorder=6)
    first, second = (_axis(d, table.features, w) for d, w in zip(directions, ("first", "second"), strict=True))
    axes.set(xlim=limits[0], ylim=limits[1], xlabel=first, ylabel=second)
    if len(table.features) == 1:
        axes.set_yticks([])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _ranges(at: Floats) -> list[tuple[float, float]]:
    return list(zip(at.min(axis=0).tolist(), at.max(axis=0).tolist(), strict=True))


def _boundary(axes: Axes, w: Floats, limits: Sequence[tuple[float, float]], style: Mapping[str, Any]) -> None:
    """Draw the line w_1 a + w_2 b + w_3 = 0 across the limits, whichever way it lies."""
    (a0, a1), (b0, b1) = limits
    if abs(w[0]) * (a1 - a0) < abs(w[1]) * (b1 - b0):
        a = np.array([a0, a1])
        axes.plot(a, -(w[0] * a + w[2]) / w[1], **style)
    elif w[0] != 0.0:
        b = np.array([b0, b1])
        axes.plot(-(w[1] * b + w[2]) / w[0], b, **style)


def _axis(direction: Floats, features: Sequence[str], which: str) -> str:
    """Return the name of a direction: the feature, or the combination's place in the caption."""
    if not direction.any():
        return ""
    alone = np.flatnonzero(direction)
    return features[alone[0]] if alone.size == 1 and direction[alone[0]] == 1.0 else f"{which} direction"


def caption(answer: Mapping[str, Any], table: Table, points: Dataset, perceptron: Verdict, unit: Verdict) -> str:
    """Return the drawing's caption, which names the directions by their heaviest features."""
    directions = telling_plane(points, unit.w, perceptron.w)
    several = f", the unit at R = {answer['backprop']['weight_bound']:g}" if len(answer["backprops"]) > 1 else ""
    text = (
        f"{answer['n_samples']:,} points{several}; filled circles are {table.positive}, open squares {table.negative}; "
        "points that a rule gives up are crossed in its colour, rows without which its boundary moves most are ringed."
    )
    if len(table.features) > 2:
        for which, direction in zip(("First", "Second"), directions, strict=True):
            heaviest = np.argsort(-np.abs(direction), kind="stable")[:3]
            parts = " ".join(f"{direction[j]:+.2f} {table.features[j]}" for j in heaviest)
            rest = " and smaller terms" if len(table.features) > 3 else ""
            text += f" {which} direction: {parts}{rest}."
        text += (
            " The first is the unit's normal; with the second it spans the perceptron's, so both boundaries are lines."
        )
    return text
