"""What `study compare` says of the user's own points: one object for machines, sentences, and the drawing's caption."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.analysis.comparison import Comparison, RuleOutcome, Settings
from study.analysis.limits import TIE, UsualFit
from study.analysis.margin import decision_values
from study.analysis.separability import Separability
from study.analysis.stability import angle_swing
from study.checks import counted, escape_controls, shorten
from study.datasets.dataset import Floats
from study.datasets.table import Table

FEW, MANY = 5, 50
"""How many rows and features the sentences name, and how many spoilers the object holds."""
MOST_DRAWN = 5000
"""How many points that both rules have right are drawn."""
LONGEST = 60
"""Characters of a label or a name in a sentence."""


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return the answer as plain numbers, rows as the file counts them; `backprop` is the unit at the first limit."""
    table, settings, decision = comparison.table, comparison.settings, comparison.separability
    backprops = [
        {
            **_outcome_to_json(unit, comparison),
            settings.unit.argument: limit,
            "least_loss_found": unit.least_loss_found,
            "best_separator_loss": number_or_none(unit.best_separator),
            "best_separator_not_sought": unit.not_sought or None,
            "degrees_from_perceptron": number_or_none(_degrees_between(unit, comparison.perceptron)),
        }
        for limit, unit in zip(settings.limits, comparison.units, strict=True)
    ]
    return {
        **table_to_json(table, decision, settings.standardise),
        "loss": settings.unit.loss,
        "eps": settings.unit.eps,
        "limit": settings.unit.name,
        "margin": number_or_none(comparison.margin),
        "margin_resolved": comparison.margin_resolved,
        "larger_class_error": _larger_class(table)[1],
        "perceptron": _outcome_to_json(comparison.perceptron, comparison),
        "backprop": backprops[0],
        "backprops": backprops,
        "logistic_regression": [usual_to_json(one, table) for one in comparison.usual],
        "caption": caption(comparison),
    }


def table_to_json(table: Table, decision: Separability, standardised: bool) -> dict[str, Any]:
    """Return what a table holds, and whether it is separable, with the evidence, rows as the file counts them."""
    multipliers = {int(table.rows[i]): str(v) for i, v in decision.multipliers.items()}
    return {
        "n_samples": len(table.rows),
        "n_features": len(table.features),
        "features": list(table.features),
        "notes": list(table.notes),
        "positive": table.positive,
        "negative": table.negative,
        "standardised": standardised,
        "separable": decision.separable,
        "proof": decision.evidence,
        "separator": decision.separator or None,
        "inseparable_rows": sorted(multipliers),
        "multipliers": multipliers,
    }


def usual_to_json(usual: UsualFit, table: Table) -> dict[str, Any]:
    """Return what LogisticRegression does, rows as the file counts them."""
    ties = table.rows[usual.ties].tolist()
    return {"C": usual.C, "lost_rows": table.rows[usual.lost].tolist(), "ties": ties, "weights": usual.w.tolist()}


def usual_sentences(fits: Sequence[UsualFit], table: Table) -> list[str]:
    """Return what LogisticRegression does with the rows, a line for each C."""
    lines = []
    for one in fits:
        gives = given_up_sentence(table.rows[one.lost], table)
        line = f"LogisticRegression(C={one.C:g}) of scikit-learn, at its optimum: {gives}"
        if one.ties.size:
            line += f"; within {TIE:g} of its boundary, where rounding decides: "
            line += listed(table.rows[one.ties])
        lines.append(line)
    return lines


def given_up_sentence(rows: Sequence[int] | NDArray[np.int64], table: Table) -> str:
    """Return which rows are given up, and how many."""
    n = len(rows)
    return f"gives up {listed(rows)} ({counted(n, 'row')} of {len(table.rows):,})" if n else "no row is given up"


def _outcome_to_json(outcome: RuleOutcome, comparison: Comparison) -> dict[str, Any]:
    table = comparison.table
    known = np.isfinite(outcome.moved)
    spoilers = [
        {"row": int(table.rows[outcome.left_out[k]]), "moved_degrees": float(outcome.moved[k])}
        for k in outcome.by_move()[:MANY]
    ]
    return {
        "separates": outcome.separates,
        "errors": int(outcome.lost.size),
        "training_error": outcome.lost.size / len(table.rows),
        "calls_every_point": _only_class(outcome, comparison),
        "lost_rows": table.rows[outcome.lost].tolist(),
        "updates": outcome.n_updates,
        "passes": outcome.n_passes,
        "stop": outcome.stop.sentence,
        "loss": number_or_none(outcome.loss),
        "margin": number_or_none(outcome.margin),
        "weights": outcome.w.tolist(),
        "spoilers": spoilers,
        "rows_left_out": int(known.sum()),
        "rows_tried": np.sort(table.rows[outcome.left_out]).tolist(),
        "rows_not_tried": outcome.not_tried or None,
        "rows_not_judged": np.sort(table.rows[outcome.left_out[~known]]).tolist(),
    }


def number_or_none(value: float) -> float | None:
    """Return a number for JSON: None where it is infinite or NaN."""
    return float(value) if np.isfinite(value) else None


def _degrees_between(unit: RuleOutcome, perceptron: RuleOutcome) -> float:
    return float(np.degrees(angle_swing(unit.w, perceptron.w)))


def table_sentences(name: str, table: Table, standardised: bool) -> list[str]:
    """Return what a table holds and what was decided in reading it, a line for each thing; `name` is the table's."""
    y, few = table.points.y, [shorten(name, LONGEST) for name in table.features[:FEW]]
    features = ", ".join([*few, "..."] if len(few) < len(table.features) else few)
    return [
        f"{shorten(name, LONGEST)}: {len(y):,} points, {counted(len(table.features), 'feature')} ({features})"
        f"{', standardised' if standardised else ''}; "
        f"positive {_label(table, 1)} ({int((y > 0).sum()):,}), negative {_label(table, -1)} ({int((y < 0).sum()):,})",
        *(f"note: {escape_controls(note)}" for note in table.notes),
    ]


def first_sentences(name: str, comparison: Comparison) -> str:
    """Return what `compare` found for a reader, a line for each thing; `name` is the table's."""
    table, settings, perceptron = comparison.table, comparison.settings, comparison.perceptron
    margin = f"; {_margin(comparison)}" if comparison.separability.separable else ""
    lines = [
        *table_sentences(name, table, settings.standardise),
        separable_sentence(table, comparison.separability) + margin,
    ]
    updates, passes = counted(perceptron.n_updates, "update"), counted(perceptron.n_passes, "pass", "es")
    told = f"{updates} in {passes} ({perceptron.stop.sentence})"
    lines.append(f"perceptron: {_errors(perceptron, comparison, 'has {} wrong')}, {told}")
    for limit, unit in zip(settings.limits, comparison.units, strict=True):
        turned = _angle(_degrees_between(unit, perceptron))
        measured = f"{_errors(unit, comparison, 'gives up {}')}; {_losses(unit)}; {turned}"
        lines.append(f"{_unit(settings, limit)}: {measured}")
    return "\n".join([*lines, *usual_sentences(comparison.usual, table)])


def further_sentences(comparison: Comparison) -> str:
    """Return what `examine` added, a line for each rule."""
    table, settings = comparison.table, comparison.settings
    lines = [f"perceptron: {_spoilers(comparison.perceptron, table, 'nearest to its boundary')}"]
    for limit, unit in zip(settings.limits, comparison.units, strict=True):
        best = f"best separator {_size(unit.best_separator)}; " if np.isfinite(unit.best_separator) else ""
        best = f"the best separator was not sought: {unit.not_sought}; " if unit.not_sought else best
        lines.append(f"{_unit(settings, limit)}: {best}{_spoilers(unit, table, 'that pull most')}")
    return "\n".join(lines)


def separable_sentence(table: Table, decision: Separability) -> str:
    """Return whether a table is separable, and what that rests on."""
    if decision.separable:
        return f"separable: yes, {decision.evidence}"
    held = sorted(table.rows[list(decision.multipliers)])
    if len(held) == 2:  # a Farkas combination of two points is their equality
        return f"separable: no, rows {held[0]} and {held[1]} are the same point with both labels"
    return f"separable: no, {decision.evidence}; no line has {listed(held)} all right"


def _label(table: Table, side: float) -> str:
    return shorten(table.positive if side > 0 else table.negative, LONGEST)


def _larger_class(table: Table) -> tuple[float, float]:
    """Return the larger class, and the share of the points that always answering it has wrong."""
    share = float((table.points.y > 0).mean())
    return (1.0, 1.0 - share) if share >= 0.5 else (-1.0, share)


def _only_class(outcome: RuleOutcome, comparison: Comparison) -> str | None:
    """Return the label that a rule gives to every point, or None where it gives both."""
    sides = np.sign(decision_values(outcome.w, comparison.points.X))
    if not sides[0] or (sides != sides[0]).any():
        return None
    return comparison.table.positive if sides[0] > 0 else comparison.table.negative


def _margin(comparison: Comparison) -> str:
    if not np.isfinite(comparison.margin):
        return "the maximum margin is too thin for floating point, in which the rules compute"
    thin = "" if comparison.margin_resolved else ", less than the digits of the cells resolve"
    return f"maximum margin {_shorten(comparison.margin)}{thin}"


def _unit(settings: Settings, limit: float) -> str:
    unit = settings.unit
    soft = f", eps {unit.eps:g}" if unit.eps else ""
    return f"unit, {unit.loss}{soft}, {unit.name} = {limit:g}"


def _errors(outcome: RuleOutcome, comparison: Comparison, verb: str) -> str:
    if outcome.separates:
        return f"separates with margin {_shorten(outcome.margin)}"
    table, (side, error) = comparison.table, _larger_class(comparison.table)
    only = _only_class(outcome, comparison)
    calls = f", and calls every point {shorten(only, LONGEST)}" if only is not None else ""
    own = f"training error {outcome.lost.size / len(table.rows):.3g}"
    always = f"against {error:.3g} for always answering {_label(table, side)}"
    wrong = f"{verb.format(counted(outcome.lost.size, 'point'))}, {listed(table.rows[outcome.lost])}{calls}"
    return f"{wrong} ({own}, {always})"


def _losses(unit: RuleOutcome) -> str:
    missed = "" if unit.least_loss_found else ", and the least loss was not found"
    return f"loss {_size(unit.loss)}{missed}"


def _size(loss: float) -> str:
    return _shorten(loss) if loss else "below 1e-300"


def _angle(degrees: float) -> str:
    if not np.isfinite(degrees):
        return "no boundary to compare"
    return f"its normal {'0' if degrees < 1e-6 else _shorten(degrees)} degrees from the perceptron's"


def _spoilers(outcome: RuleOutcome, table: Table, chosen: str) -> str:
    known = np.isfinite(outcome.moved)
    if not outcome.left_out.size:
        return f"no row was left out: {outcome.not_tried}"
    if not known.any():
        return (
            f"{listed(table.rows[outcome.left_out])} could not be compared: without it one class or no boundary is left"
        )
    order = outcome.by_move()[:FEW]
    rows, moved = table.rows[outcome.left_out[order]], outcome.moved[order]
    moves = [f"row {row} ({_shorten(by)})" for row, by in zip(rows, moved, strict=True) if by >= 0.01 * moved[0]]
    silent = np.sort(table.rows[outcome.left_out[~known]])
    rest = len(table.rows) - outcome.left_out.size
    why = f": {outcome.not_tried}" if outcome.not_tried else ""
    others = f", those {chosen}; {counted(rest, 'other')} not tried{why}" if rest else ""
    tried = f"of {known.sum()} left out one at a time{others}"
    tried += f"; {listed(silent)} could not be compared" if silent.size else ""
    if moves:
        return f"moves most, in degrees turned or shifted, without {', '.join(moves)}; {tried}"
    return f"no row moves it, {tried}"


def listed(rows: Sequence[int] | NDArray[np.int64]) -> str:
    """Return the first rows by their numbers."""
    named = ", ".join(map(str, rows[:FEW]))
    return f"row{'s' if len(rows) != 1 else ''} {named}" + (", ..." if len(rows) > FEW else "")


def _shorten(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "none"


def heaviest(w: Floats, features: Sequence[str], most: int, longest: int = LONGEST) -> str:
    """Return the features of the largest weights, as shares of the normal: "+0.62 width -0.31 length ..."."""
    normal = w[:-1] / (np.linalg.norm(w[:-1]) or 1.0)
    first = np.argsort(-np.abs(normal), kind="stable")[:most]
    parts = [f"{normal[j]:+.2f} {shorten(features[j], longest)}" for j in first]
    return " ".join([*parts, "..."] if len(features) > most else parts)


def caption(comparison: Comparison) -> str:
    """Return the drawing's caption, which names the axes by their heaviest features."""
    table, unit = comparison.table, comparison.units[0]
    step = drawn_step(comparison)
    ordinal = {2: "2nd", 3: "3rd"}.get(step, f"{step}th")
    drawn = f"; of the others every {ordinal} is drawn" if step > 1 else ""
    text = (
        f"{len(table.rows):,} points, the unit at {comparison.settings.first}; filled circles are {_label(table, 1)}, "
        f"open squares {_label(table, -1)}; points that a rule has wrong are crossed in its colour{drawn}, rows "
        "without which its boundary moves most are ringed."
    )
    if len(table.features) > 2:
        text += (
            " Axes: signed distances from both boundaries, stretched near these; above and to the right is the side of "
            f"{_label(table, 1)}. Weights of the unit: {heaviest(unit.w, table.features, 3)}. "
            f"Weights of the perceptron: {heaviest(comparison.perceptron.w, table.features, 3)}."
        )
    return text


def drawn_step(comparison: Comparison) -> int:
    """Return of how many points that both rules have right one is drawn."""
    return max(1, -(-len(comparison.table.rows) // MOST_DRAWN))
