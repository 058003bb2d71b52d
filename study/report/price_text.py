"""What `study price` says of each row: one object for machines, sentences, and the drawing's caption."""

from typing import Any

import numpy as np

from study.analysis.least_errors import LeastErrors
from study.analysis.separability import Separability
from study.checks import counted, shorten
from study.datasets.table import Table
from study.law.prices import Prices, RowLaw
from study.report.comparison_text import (
    given_up_sentence,
    listed,
    number_or_none,
    table_to_json,
    usual_sentences,
    usual_to_json,
)

MOST_SETS = 4
"""How many inseparable sets the sentences name."""
MOST_INTERVALS = 3
"""How many intervals of a row the list shows."""
LONGEST = 24
"""Characters of a label in the list of rows."""
ENDS = {
    "all right": "all rows are right there and at every wider one",
    "slack": "it has no effect any more: the weights are the same at every wider one",
    "widest": "where the path was broken off",
    "not found": "at a little more the least loss was not found",
}
"""What is said of the end of a path."""
FINAL = ("all right", "slack")
"""Ends beyond which nothing changes."""


def to_json(
    table: Table, decision: Separability, least: LeastErrors, prices: Prices, *, standardised: bool
) -> dict[str, Any]:
    """Return the answer as plain numbers, rows as the file counts them, the dearest first; no end is null."""
    path, unit = prices.path, prices.unit
    return {
        **table_to_json(table, decision, standardised),
        "disjoint_inseparable_sets": [_rows_of(one, table) for one in least.sets],
        "no_more_sets": least.complete,
        "fewest_errors": [len(least.sets), int(path.errors.min())],
        "loss": unit.loss,
        "eps": unit.eps,
        "limit": unit.name,
        "limits": path.limits.tolist(),
        "errors": path.errors.tolist(),
        "end": path.end,
        "step": path.step,
        "tolerance": path.tol,
        "all_right_from": number_or_none(path.kept_from.max()),
        "given_up": [{"limit": limit, "rows": rows} for limit, rows in given_up(table, prices).items()],
        "logistic_regression": [
            {**usual_to_json(one, table), "limit": unit.of_penalised(one.w, one.C)} for one in prices.usual
        ],
        "given_up_at_every_limit": table.rows[~path.right.any(axis=0)].tolist(),
        "always_right": int(path.right.all(axis=0).sum()),
        "rows": [_row_to_json(sample, table, prices) for sample in prices.dearest.tolist()],
        "law_not_asked": prices.no_law or None,
        "weights_not_sought": prices.no_weights or None,
        "caption": caption(table, prices),
    }


def _row_to_json(sample: int, table: Table, prices: Prices) -> dict[str, Any]:
    weights = [
        {"limit": one.limit, "weight": one.weight, "other_errors": one.errors}
        for one in prices.weights
        if one.sample == sample
    ]
    right = [[low or None, number_or_none(high)] for low, high in prices.path.intervals(sample)]
    law = prices.laws.get(sample)
    return {
        "row": int(table.rows[sample]),
        "label": _label(table, sample),
        "kept_from": number_or_none(prices.path.kept_from[sample]),
        "right": right,
        "law": _law_to_json(law) if law else None,
        "weights": weights,
    }


def _law_to_json(law: RowLaw) -> dict[str, Any]:
    return {
        "gamma0": law.gamma0,
        "mu": law.mu,
        "conflict": law.mu > 0.0,
        "ln_threshold": [number_or_none(value) for value in law.ln_threshold],
        "kept_from": law.kept_from,
        "regular": law.regular,
    }


def given_up(table: Table, prices: Prices) -> dict[float, list[int] | None]:
    """Return the rows that are given up at each limit that was asked for, None where the least loss was not found."""
    path, places = prices.path, {limit: prices.path.place(limit) for limit in prices.limits}
    return {limit: None if k is None else table.rows[~path.right[k]].tolist() for limit, k in places.items()}


def _rows_of(decision: Separability, table: Table) -> list[int]:
    return sorted(table.rows[list(decision.multipliers)].tolist())


def sentences(table: Table, least: LeastErrors, prices: Prices, most_rows: int) -> str:
    """Return the answer for a reader: the path, what is given up at each limit, and the dearest rows."""
    path, unit = prices.path, prices.unit
    symbol = unit.symbol
    soft = f", eps {unit.eps:g}" if unit.eps else ""
    lines = [
        f"path: unit, {unit.loss}{soft}, {len(path.limits):,} fits from {unit.name} = {path.limits[0]:.3g} "
        f"to {path.limits[-1]:.3g}: {ENDS[path.end]}"
    ]
    for limit, rows in given_up(table, prices).items():
        gives = "the least loss was not found" if rows is None else given_up_sentence(rows, table)
        lines.append(f"at {symbol} = {limit:g}: {gives}")
    lines += [*usual_sentences(prices.usual, table), _reached(prices), _all_right(prices)]
    lines.append(_fewest(table, least, prices))
    never = table.rows[~path.right.any(axis=0)]
    until = "" if path.end in FINAL else f" up to {path.limits[-1]:.3g}, where the path ends"
    lines.append(f"given up at every {symbol}{until}: {listed(never)} ({len(never):,} in all)" if len(never) else "")
    if prices.dearest.size:
        lines += [_heading(prices, most_rows), *_list(table, prices, most_rows)]
    lines.append(f"no law beside it: {prices.no_law}" if prices.no_law and prices.dearest.size else "")
    lines.append(f"no more weights: {prices.no_weights}" if prices.no_weights and prices.dearest.size else "")
    return "\n".join(line for line in lines if line)


def _reached(prices: Prices) -> str:
    """Return where on the path scikit-learn's default stands."""
    if prices.unit.symbol == "C" or not prices.usual:
        return ""
    return f"the weights of LogisticRegression(C=1) reach {prices.unit.name} = {prices.usual_limit:.3g}"


def _all_right(prices: Prices) -> str:
    path, symbol = prices.path, prices.unit.symbol
    if not path.right[-1].all():
        return ""
    if path.right.all():
        return f"all rows are right at every {symbol}"
    until = "on" if path.end in FINAL else "to the end of the path"
    return f"from {symbol} = {path.kept_from.max():.4g} {until}: all rows are right"


def _fewest(table: Table, least: LeastErrors, prices: Prices) -> str:
    """Return between which numbers the fewest errors of any line lie, where there is no separator."""
    path, n = prices.path, len(least.sets)
    if not n:
        return ""
    k = int(np.argmin(path.errors))
    best = f"the best of the path, at {prices.unit.symbol} = {path.limits[k]:.3g}, {path.errors[k]:,}"
    named = "; ".join(listed(_rows_of(one, table)) for one in least.sets[:MOST_SETS])
    sets = f"disjoint sets that no line has right, each proved: {named}{'; ...' if n > MOST_SETS else ''}"
    looked = "" if least.complete else ", as far as the budget went"
    return f"any line has at least {counted(n, 'row')} wrong{looked}, {best}; {sets}"


def _heading(prices: Prices, most_rows: int) -> str:
    path, n = prices.path, prices.dearest.size
    which = f"the {most_rows} dearest" if n > most_rows else "all"
    seen = f"two changes within {100.0 * path.step:.2g}% are not seen"
    tol = f", each limit to {100.0 * path.tol:.1g}%" if path.tol else ""
    return f"rows that are given up anywhere: {n:,}; {which}, the dearest first{tol}; {seen}"


def _list(table: Table, prices: Prices, most_rows: int) -> list[str]:
    """Return the dearest rows below one another, in columns."""
    symbol, path = prices.unit.symbol, prices.path
    not_kept = "never" if path.end in FINAL else f"not to {path.limits[-1]:.3g}"
    head = ["row", "class", f"kept from {symbol}", "right before that", f"law: {symbol}"]
    weighed = sorted({one.limit for one in prices.weights})
    head += [f"weight at {symbol} = {limit:g} (others wrong)" for limit in weighed]
    lines = [head]
    for sample in prices.dearest[:most_rows].tolist():
        *before, last = [(0.0, 0.0), *path.intervals(sample)]
        is_kept = np.isinf(last[1])
        kept, before = (f"{last[0]:.4g}", before) if is_kept else (not_kept, [*before, last])
        law = prices.laws.get(sample)
        weights = {one.limit: f"{one.weight:.3g} ({one.errors:,})" for one in prices.weights if one.sample == sample}
        lines.append(
            [
                str(table.rows[sample]),
                _label(table, sample),
                kept,
                _intervals(before[1:]),
                _law(law),
                *(weights.get(limit, "-") for limit in weighed),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _law(law: RowLaw | None) -> str:
    if law is None:
        return "-"
    return "no conflict" if not law.mu else f"{law.kept_from:.4g}" if law.regular else "not regular"


def _intervals(limits: list[tuple[float, float]]) -> str:
    shown = [f"to {high:.4g}" if not low else f"{low:.4g} to {high:.4g}" for low, high in limits[:MOST_INTERVALS]]
    return ", ".join(shown + ["..."] * (len(limits) > MOST_INTERVALS)) or "-"


def _label(table: Table, sample: int) -> str:
    return shorten(table.positive if table.points.y[sample] > 0 else table.negative, LONGEST)


def caption(table: Table, prices: Prices) -> str:
    """Return the drawing's caption."""
    return (
        f"{len(table.rows):,} points, unit with the limit {prices.unit.name}, which grows rightward. (a) Bars: where "
        "the optimum gives a row up, the dearest rows on top; diamonds: from where the law keeps it, all others being "
        "base points. (b) How many rows of each class are wrong. Dotted: limits that were asked for; dash-dotted: how "
        "far the weights of scikit-learn's LogisticRegression(C=1) reach."
    )
