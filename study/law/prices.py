"""The price of a row of a table: the limit from which a unit keeps it, what the law says, and the weight that does."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from study.analysis.limit_path import Advance, LimitPath
from study.analysis.limits import Limit, Penalty, UsualFit, usual_fits, work_of
from study.analysis.margin import functional_margins
from study.analysis.separability import Separability
from study.checks import BadInput, Positive, PositiveInt, checked
from study.datasets.dataset import Dataset, Floats, check_one_set
from study.law.bound import asymptote
from study.law.conflict import Spoilt, largest_margin
from study.law.penalty import penalty_law
from study.trainers.fit import Fit, Stop
from study.trainers.losses import Bias

MOST_NUMBERS = 200_000
"""Numbers in a table up to which the law is computed; beyond, its linear programmes take a second a row."""
MOST_PAIRS = 1000
"""Pairs of points of two classes up to which the law is computed where the bias is free."""
WORK = 5e10
"""Multiplications that the search for weights may cost: five to ten seconds."""
HEAVIEST = 1e12
"""The largest weight of a row that is tried."""


@dataclass(frozen=True, kw_only=True)
class RowLaw:
    """What the law of the ignored spoiler says of one row and its copies, all others being base points.

    Parameters
    ----------
    gamma0 : float
        The largest least margin of the others, in the unit bound, of weights that do not have the row wrong.
    mu : float
        The row's multiplier there; 0 without conflict.
    ln_threshold : tuple of float
        ln M* at each limit that was asked for: the row is outvoted once each other row counts M* times; inf without
        conflict.
    kept_from : float
        The limit at which M* is 1; 0 without conflict, or where that is negative.
    regular : bool
        Whether the law's constant stands; else it is that of one choice of multipliers, and only gamma0 is sure.
    """

    gamma0: float
    mu: float
    ln_threshold: tuple[float, ...]
    kept_from: float
    regular: bool


@dataclass(frozen=True, kw_only=True)
class KeepingWeight:
    """What keeps one row at one limit.

    Parameters
    ----------
    sample : int
    limit : float
    weight : float
        The least weight of the row, the others of weight 1, at which the optimum has it right.
    errors : int
        How many of the other rows are wrong then.
    """

    sample: int
    limit: float
    weight: float
    errors: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """What each row costs.

    Parameters
    ----------
    unit : WeightBound or Penalty
    limits : tuple of float
        Those that were asked for; the path visits each.
    path : LimitPath
    dearest : ndarray of int
        The samples that are wrong somewhere on the path, the dearest first: those never kept for good, which are right
        along the least part of the path first, ties by their last margin; then by the limit from which they are kept.
    laws : dict of int to RowLaw
        By sample, of some of the dearest; empty where the law does not apply.
    no_law : str
        Why the law was not computed, in words.
    weights : tuple of KeepingWeight
        Of some of the dearest that are given up at a limit asked for.
    no_weights : str
        Why weights were not sought, or not all, in words.
    usual : tuple of UsualFit
        As `study.analysis.limits.usual_fits` returns them.
    """

    unit: Limit
    limits: tuple[float, ...]
    path: LimitPath
    dearest: NDArray[np.int64]
    laws: dict[int, RowLaw]
    no_law: str
    weights: tuple[KeepingWeight, ...]
    no_weights: str
    usual: tuple[UsualFit, ...]

    @property
    def usual_limit(self) -> float:
        """The limit that the weights of scikit-learn's LogisticRegression(C=1) just keep; NaN where it is not known."""
        return next((self.unit.of_penalised(one.w, one.C) for one in self.usual if one.C == 1.0), np.nan)


@checked
def price_rows(
    points: Dataset,
    separability: Separability,
    unit: Limit,
    path: LimitPath,
    limits: Sequence[Positive],
    *,
    most_rows: PositiveInt,
    advance: Advance | None = None,
) -> Prices:
    """Return what each row costs; the law and the weights of the `most_rows` dearest.

    Parameters
    ----------
    points : Dataset
        One set.
    separability : Separability
        Of the same samples.
    unit : WeightBound or Penalty
        What is fitted, and what its limit is.
    path : LimitPath
        Of this unit on these points, as `follow_path` returns it.
    limits : sequence of float in (0, inf)
        Visited by the path: there it is found what is given up, and what weight would keep it.
    most_rows : int, at least 1
    advance : callable (weights so far, weights in all), optional

    Returns
    -------
    Prices

    Raises
    ------
    BadInput
        For a stack of sets, or a path of other points.
    """
    check_one_set("points", points)
    if path.right.shape[1] != len(points.y) or path.w.shape[1] != points.X.shape[1] + 1:
        raise BadInput(f"`path` must be of the {len(points.y)} samples of `points`; it has {path.right.shape[1]}")
    dearest = by_price(points, path)
    no_law = _why_no_law(points, separability, unit)
    laws = {} if no_law else _laws(points, unit, limits, dearest[:most_rows])
    weights, no_weights = keeping_weights(points, unit, path, limits, dearest, most_rows, advance)
    return Prices(
        usual=usual_fits(points, unit, limits),
        unit=unit,
        limits=tuple(limits),
        path=path,
        dearest=dearest,
        laws=laws,
        no_law=no_law,
        weights=weights,
        no_weights=no_weights,
    )


def by_price(points: Dataset, path: LimitPath) -> NDArray[np.int64]:
    """Return the samples that are wrong somewhere on a path, the dearest first, ties in their order."""
    ever = np.flatnonzero(~path.right.all(axis=0))
    kept_from = path.kept_from[ever]
    share = np.diff(np.log(path.limits), append=np.log(path.limits[-1])) @ path.right[:, ever]
    last = functional_margins(path.w[-1], points.X, points.y)[ever]
    never = np.isinf(kept_from)
    return ever[np.lexsort((ever, np.where(never, last, 0.0), np.where(never, share, 0.0), -kept_from))]


def _why_no_law(points: Dataset, separability: Separability, unit: Limit) -> str:
    if not separability.separable:
        return "it is about separable points"
    if unit.eps or unit.loss == "threshold-quadratic":
        return "it is about hard targets"
    if isinstance(unit, Penalty) and unit.loss != "cross-entropy":
        return "under a penalty it is about the cross-entropy"
    pairs = int((points.y > 0.0).sum()) * int((points.y < 0.0).sum())
    if isinstance(unit, Penalty) and unit.bias == "free" and pairs > MOST_PAIRS:
        return f"up to {MOST_PAIRS:,} pairs of points of two classes are within its budget where the bias is free"
    if points.X.size > MOST_NUMBERS:
        return f"tables of up to {MOST_NUMBERS:,} numbers are within its budget"
    return ""


def _laws(points: Dataset, unit: Limit, limits: Sequence[float], samples: NDArray[np.int64]) -> dict[int, RowLaw]:
    """Return the laws of some samples; none of a sample without which a class, or a margin that floats tell, is gone.

    A sample that does not support the largest margin of all points is not in conflict with it.
    """
    Z = points.y[:, None] * np.column_stack([points.X, np.ones(len(points.y))])
    distinct, place, copies = np.unique(Z, axis=0, return_inverse=True, return_counts=True)
    try:
        best = largest_margin(distinct, distinct[:0], unit.shape)
    except BadInput:  # too thin for floating point
        return {}
    none = RowLaw(gamma0=best.margin, mu=0.0, ln_threshold=(np.inf,) * len(limits), kept_from=0.0, regular=True)
    laws = {}
    for sample in samples.tolist():
        own = np.arange(len(distinct)) == place[sample]
        if best.alpha[own][0] <= 0.0:
            laws[sample] = none
            continue
        try:
            others = Spoilt(base=distinct[~own], spoilers=distinct[own], shape=unit.shape)
            laws[sample] = _law(others, copies, own, unit, limits)
        except BadInput:
            continue
    return laws


def _law(
    others: Spoilt, copies: NDArray[np.int64], own: NDArray[np.bool_], unit: Limit, limits: Sequence[float]
) -> RowLaw:
    """Return the law of one spoiler among distinct points, of which there are copies.

    With c_i copies of base point i, and c of the spoiler, ln M* is less by sum_i alpha_i ln c_i - ln c.
    """
    own_copies = float(copies[own][0])
    shift = float(np.log(own_copies) - others.best.alpha @ np.log(copies[~own]))
    if isinstance(unit, Penalty):
        return _penalty_law(others, own_copies, shift, unit.bias, limits)
    at_one, at_two, *ln_threshold = (asymptote(others, unit.loss, R) + shift for R in (1.0, 2.0, *limits))
    conflict = np.isfinite(at_one)
    return RowLaw(
        gamma0=others.gamma0,
        mu=float(others.best.mu[0]) if conflict else 0.0,
        ln_threshold=tuple(ln_threshold),
        kept_from=max(1.0 - at_one / (at_two - at_one), 0.0) if conflict else 0.0,  # ln M* is a line in R
        regular=others.regular or not conflict,
    )


def _penalty_law(others: Spoilt, own_copies: float, shift: float, bias: Bias, limits: Sequence[float]) -> RowLaw:
    """Return the law of one spoiler under a penalty; c copies of it are one that is penalised c times less."""
    law = penalty_law(others, bias)
    conflict = bool(np.isfinite(law.slope))
    constant = law.constant + shift
    return RowLaw(
        gamma0=others.gamma0,
        mu=float(others.best.mu[0]) if conflict else 0.0,
        ln_threshold=tuple(law.slope * own_copies * C + constant if conflict else np.inf for C in limits),
        kept_from=max(-constant / (law.slope * own_copies), 0.0) if conflict else 0.0,
        regular=others.regular or not conflict,
    )


def keeping_weights(
    points: Dataset,
    unit: Limit,
    path: LimitPath,
    limits: Sequence[float],
    dearest: NDArray[np.int64],
    most_rows: int,
    advance: Advance | None = None,
) -> tuple[tuple[KeepingWeight, ...], str]:
    """Return the weights of the dearest rows that are given up at each limit, and why there are no more of them."""
    if unit.loss != "cross-entropy":
        return (), f"the {unit.loss} loss has several minima, and no one weight"
    places = {limit: k for limit in limits if (k := path.place(limit)) is not None}
    sought = [
        (limit, k, i) for limit, k in places.items() for i in dearest[~path.right[k, dearest]][:most_rows].tolist()
    ]
    found: list[KeepingWeight] = []
    spent = 0.0
    for n, (limit, k, sample) in enumerate(sought):
        if spent > WORK:
            return tuple(found), "the budget of work was spent"
        one, cost = _keeping_weight(points, unit, limit, sample, path.w[k])
        spent += cost
        found += [one] if one else []
        if advance is not None:
            advance(n + 1, len(sought))
    return tuple(found), ""


def _keeping_weight(
    points: Dataset, unit: Limit, limit: float, sample: int, w: Floats
) -> tuple[KeepingWeight | None, float]:
    """Return the weight at which the margin of a sample, which grows with it, is zero; and what that cost."""
    fits: list[Fit] = []

    @cache  # `brentq` has to meet the signs that chose its interval
    def margin(log_weight: float) -> float:
        weights = np.ones(len(points.y))
        weights[sample] = np.exp(log_weight)
        fits.append(unit.fit(points, limit, fits[-1].w if fits else w, weights))
        return float(functional_margins(fits[-1].w, points.X, points.y)[sample])

    low, high = 0.0, float(np.log(2.0))
    if margin(low) > 0.0:  # a tie that rounding put on its own side
        log_weight = low
    else:
        while not margin(high) > 0.0 and high < np.log(HEAVIEST):
            low, high = high, 2.0 * high
        log_weight = float(brentq(margin, low, high, xtol=1e-4)) if margin(high) > 0.0 else np.nan
    wrong = ~(functional_margins(fits[-1].w, points.X, points.y) > 0.0)
    wrong[sample] = False
    one = KeepingWeight(sample=sample, limit=limit, weight=float(np.exp(log_weight)), errors=int(wrong.sum()))
    found = np.isfinite(log_weight) and fits[-1].stop in (Stop.STATIONARY, Stop.SEPARATED)
    return one if found else None, sum(work_of(fit, points) for fit in fits)
