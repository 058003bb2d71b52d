"""How many samples every boundary has wrong at least: one of each of some disjoint sets that no boundary has right."""

from dataclasses import dataclass, replace

import numpy as np

from study.analysis.separability import Separability, table_separability
from study.checks import Positive, checked
from study.datasets.table import Table

WORK = 3e6
"""Numbers of the table that the search may look at, over all its rounds: up to ten seconds."""


@dataclass(frozen=True, kw_only=True)
class LeastErrors:
    """Disjoint sets of samples that no boundary has right.

    Parameters
    ----------
    sets : tuple of Separability
        Each with multipliers for its samples, by their places in the table, and the proof.
    complete : bool
        Whether the samples outside all sets are separable, or of one class; else the budget ended the search.
    """

    sets: tuple[Separability, ...]
    complete: bool


@checked
def least_errors(table: Table, first: Separability, work: Positive = WORK) -> LeastErrors:
    """Return disjoint sets of samples that no boundary has right, so that each costs every boundary an error.

    Parameters
    ----------
    table : Table
    first : Separability
        As `study.analysis.separability.table_separability` returns it: the first of the sets, where there is one.
    work : float in (0, inf)
        Budget: numbers of the table that may be looked at in all.

    Notes
    -----
    What is left is decided again, exactly, until it is separable; points with both labels come first, being the
    smallest sets. Each set is that of a vertex of a linear programme, so no part of it is inseparable by itself.
    """
    left, sets, decision = np.arange(len(table.rows)), list[Separability](), first
    while not decision.separable:
        sets.append(decision)
        left = np.setdiff1d(left, list(decision.multipliers))
        work -= table.points.X.size
        y = table.points.y[left]
        if not left.size or abs(y.sum()) == left.size:
            return LeastErrors(sets=tuple(sets), complete=True)
        if work < left.size * len(table.features):
            return LeastErrors(sets=tuple(sets), complete=False)
        decision = table_separability(table.take(left))
        by_place = {int(left[i]): v for i, v in decision.multipliers.items()}
        decision = replace(decision, multipliers=by_place)
    return LeastErrors(sets=tuple(sets), complete=True)
