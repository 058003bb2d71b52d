"""Both rules on the points of a table: what `study compare` reports."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from study.analysis.influence import movement_without
from study.analysis.limits import Limit, UsualFit, usual_fits, work_of
from study.analysis.margin import functional_margins, geometric_margin
from study.analysis.separability import Separability, lost_samples, rationals, table_separability
from study.checks import Positive, checked
from study.datasets.dataset import Dataset, Floats, check_one_set
from study.datasets.table import Table, standardise
from study.trainers.best_separator import best_separator
from study.trainers.fit import Fit, Stop
from study.trainers.losses import loss_of_margin
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron

LOOKS_A_PART = 2e8
"""Numbers looked at between two reports of progress: about a quarter of a second."""
PATIENCE = 1e10
"""Numbers looked at in about twenty seconds."""
WORK = 8e9
"""Multiplications that leaving samples out may cost, for all rules together: about ten seconds."""
MOST_LEFT_OUT, MOST_FOR_BEST = 200, 2000
MOST_A_STEP = 3e8
"""Multiplications that one step of the search for the best separator may cost."""

Advance = Callable[[int, int], None]
"""Called several times a second with the updates, or fits, so far and in all."""
Retrain = Callable[[Floats, Floats], tuple[Floats, float]]
"""Trains a rule on points and labels; returns weights and the multiplications that they cost."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to train, and how long.

    Parameters
    ----------
    unit : WeightBound or Penalty
    limits : tuple of float in (0, inf)
        Of the unit, one or more.
    standardise : bool
        Whether to train on features of mean 0 and standard deviation 1.
    max_updates, max_passes : int, at least 1
        The perceptron's budgets; no `max_passes` is as many as take about twenty seconds.
    """

    unit: Limit
    limits: tuple[float, ...]
    standardise: bool
    max_updates: int
    max_passes: int | None = None

    @property
    def first(self) -> str:
        """The first limit, in symbols."""
        return f"{self.unit.symbol} = {self.limits[0]:g}"


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleOutcome:
    """What one rule's weights do on the points.

    Parameters
    ----------
    w : ndarray of shape (n_features + 1,)
        The bias last.
    stop : Stop
    n_updates, n_passes : int
    loss : float
        The rule's own objective.
    lost : ndarray of int
        Indices of the samples that do not lie strictly on their own side.
    margin : float
        Distance from the boundary to the nearest sample, negative where one is wrong.
    left_out : ndarray of int
        The samples that were left out, one at a time; none until `examine` has done so.
    moved : ndarray of shape (len(left_out),)
        How far that moved the boundary, in degrees as `study.analysis.influence.movement` measures; NaN where one class
        was left, or the least loss was not found.
    not_tried : str
        Why samples were not left out that might have been, in words; empty where none were passed over.
    best_separator : float
        The lowest loss of a separator at the limit; NaN for the perceptron, without a separator, or where it was
        not sought.
    not_sought : str
        Why the best separator was not sought although there is one, in words.
    least_loss_found : bool
        False where the gap of the unit's loss to the least at its limit is above 1e-9; nothing is left out then.
    """

    w: Floats
    stop: Stop
    n_updates: int
    n_passes: int
    loss: float
    lost: NDArray[np.int64]
    margin: float
    left_out: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    moved: Floats = field(default_factory=lambda: np.empty(0))
    not_tried: str = ""
    best_separator: float = np.nan
    not_sought: str = ""
    least_loss_found: bool = True

    @property
    def separates(self) -> bool:
        """Whether no sample is wrong."""
        return not self.lost.size

    def by_move(self) -> NDArray[np.int64]:
        """Return the places in `left_out` of samples that move the boundary, the farthest first, ties in order."""
        degrees = np.round(np.nan_to_num(self.moved), 6)  # copies of a point tie, but for rounding
        order = np.lexsort((self.left_out, -degrees))
        return order[degrees[order] > 0.0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What both rules make of a table.

    Parameters
    ----------
    table : Table
    settings : Settings
    points : Dataset
        What the rules were trained on: the table's points, standardised where the settings say so.
    separability : Separability
        Of the table's own points.
    margin : float
        The largest there is on `points`, NaN without a separator, or where it is too thin for floating point.
    margin_resolved : bool
        Whether the boundary of that margin separates whatever was rounded to the digits in the cells; whole numbers
        were not rounded.
    perceptron : RuleOutcome
    units : tuple of RuleOutcome
        One for each limit of the settings.
    usual : tuple of UsualFit
        As `study.analysis.limits.usual_fits` returns them.
    """

    table: Table
    settings: Settings
    points: Dataset
    separability: Separability
    margin: float
    margin_resolved: bool
    perceptron: RuleOutcome
    units: tuple[RuleOutcome, ...]
    usual: tuple[UsualFit, ...]


@checked
def compare(table: Table, settings: Settings, advance: Advance | None = None) -> Comparison:
    """Decide whether a table is separable, train both rules on it, and measure what they do.

    These are the first answers; `examine` adds what takes many fits.
    """
    d = len(table.features)
    points, centre, spread = table.points, np.zeros(d), np.ones(d)
    if settings.standardise:
        points, centre, spread = standardise(points)
    decision = table_separability(table)
    separable = decision.separable
    widest = max_margin(points.X, points.y).w if separable else np.full(d + 1, np.nan)
    budgets = (settings.max_updates, settings.max_passes or usual_passes(points))
    perceptron = compare_perceptron(points, max_updates=budgets[0], max_passes=budgets[1], advance=advance)
    units = tuple(compare_unit(points, settings.unit, limit) for limit in settings.limits)
    return Comparison(
        table=table,
        settings=settings,
        points=points,
        separability=decision,
        margin=float(geometric_margin(widest, points.X, points.y)) if np.isfinite(widest).all() else np.nan,
        margin_resolved=separable and bool(np.abs(widest[:-1] / spread) @ table.exact.rounding < 1.0),
        perceptron=_as_written(perceptron, table, centre, spread),
        units=tuple(_as_written(unit, table, centre, spread) for unit in units),
        usual=usual_fits(points, settings.unit, settings.limits),
    )


def _as_written(outcome: RuleOutcome, table: Table, centre: Floats, spread: Floats) -> RuleOutcome:
    """Measure a rule on the decimals of a table; it was trained on their nearest floats, centred and divided."""
    if not np.isfinite(outcome.w).all():
        return outcome
    w, c, s = map(rationals, (outcome.w, centre, spread))
    normal = [a / b for a, b in zip(w[:-1], s, strict=True)]
    bias = w[-1] - sum((a * b for a, b in zip(normal, c, strict=True)), fmpq(0))
    return replace(outcome, lost=lost_samples(table, [*normal, bias]))


@checked
def compare_perceptron(
    points: Dataset, *, max_updates: int, max_passes: int, advance: Advance | None = None
) -> RuleOutcome:
    """Train the perceptron in natural order and measure it.

    Parameters
    ----------
    points : Dataset
        One set.
    max_updates, max_passes : int, at least 1
        The budgets.
    advance : callable (updates so far, max_updates), optional
        Called several times a second.
    """
    check_one_set("points", points)
    X, y = points.X, points.y
    part = max(1, int(LOOKS_A_PART / X.size))
    w, n_updates, n_passes = np.zeros(X.shape[1] + 1), 0, 0
    while True:
        fit = perceptron(X, y, w0=w, max_updates=max_updates - n_updates, max_passes=min(part, max_passes - n_passes))
        w, n_updates, n_passes = fit.w, n_updates + int(fit.n_updates), n_passes + int(fit.n_passes)
        if advance is not None:
            advance(n_updates, max_updates)
        if fit.stop != Stop.BUDGET_SPENT or n_updates >= max_updates or n_passes >= max_passes:
            break
    return RuleOutcome(**_measured(points, w, fit), n_updates=n_updates, n_passes=n_passes, loss=float(fit.loss))


def _measured(points: Dataset, w: Floats, fit: Fit) -> dict[str, Any]:
    return {
        "w": w,
        "stop": Stop(int(fit.stop)),
        "lost": np.flatnonzero(~(functional_margins(w, points.X, points.y) > 0.0)),
        "margin": float(geometric_margin(w, points.X, points.y)),
    }


@checked
def compare_unit(points: Dataset, unit: Limit, limit: Positive) -> RuleOutcome:
    """Train a unit at a limit, from zero, and measure it."""
    check_one_set("points", points)
    fit = unit.fit(points, limit)
    return RuleOutcome(
        **_measured(points, fit.w, fit),
        n_updates=int(fit.n_updates),
        n_passes=int(fit.n_passes),
        loss=float(fit.loss),
        least_loss_found=fit.stop in (Stop.STATIONARY, Stop.SEPARATED),
    )


@checked
def examine(comparison: Comparison, advance: Advance | None = None) -> Comparison:
    """Return a comparison with the best separators, and with how far each boundary moves without some of the samples.

    Parameters
    ----------
    comparison : Comparison
        As `compare` returns it.
    advance : callable (fits so far, fits in all), optional

    Notes
    -----
    All rules share a budget of counted work, so that the answer does not hang on the machine; what is not done for it
    is said in the outcomes.
    """
    points, settings = comparison.points, comparison.settings
    separable = comparison.separability.separable
    units = [
        _with_best(points, unit, settings.unit.options(limit)) if separable else unit
        for unit, limit in zip(comparison.units, settings.limits, strict=True)
    ]
    plans = [_perceptron_again(points, comparison.perceptron, separable)]
    plans += [_unit_again(points, *one, settings.unit) for one in zip(units, settings.limits, strict=True)]
    total, done, left = sum(len(plan.order) for plan in plans), 0, WORK
    outcomes = []
    for k, plan in enumerate(plans):
        moved: list[float] = []
        work: list[float] = []

        def train(X: Floats, y: Floats, plan: _Plan = plan, work: list[float] = work) -> Floats:
            w, cost = plan.retrain(X, y)
            work.append(cost)
            return w

        expected, budget = plan.expected, left / (len(plans) - k)
        for sample in plan.order:
            if sum(work) + expected > budget:
                break
            moved += movement_without(train, points.X, points.y, plan.outcome.w, np.array([sample])).tolist()
            expected = sum(work) / len(moved)
            if advance is not None:
                advance(done + len(moved), total)
        left, done = left - sum(work), done + len(plan.order)
        why = plan.not_tried or ("the budget of work was spent" if len(moved) < len(plan.order) else "")
        outcome = replace(plan.outcome, left_out=plan.order[: len(moved)], moved=np.array(moved), not_tried=why)
        outcomes.append(outcome)
    return replace(comparison, perceptron=outcomes[0], units=tuple(outcomes[1:]))


@dataclass(frozen=True)
class _Plan:
    """Which samples to leave out of a rule, the first first, how to train it anew, and what the first may cost."""

    outcome: RuleOutcome
    order: NDArray[np.int64]
    retrain: Retrain
    expected: float = 0.0
    not_tried: str = ""


def _perceptron_again(points: Dataset, outcome: RuleOutcome, separable: bool) -> _Plan:
    X, y = points.X, points.y
    n_updates, n_passes = outcome.n_updates, outcome.n_passes

    def retrain(X: Floats, y: Floats) -> tuple[Floats, float]:
        fit = perceptron(X, y, max_updates=4 * n_updates + 100, max_passes=4 * n_passes + 100)
        return fit.w, float(fit.n_passes) * X.size

    if outcome.stop == Stop.SEPARATED and separable:
        nearest = np.argsort(functional_margins(outcome.w, X, y), kind="stable")[:MOST_LEFT_OUT]
        return _Plan(outcome, nearest, retrain, float(n_passes) * X.size)
    why = "it did not come to rest within its budget" if separable else "on inseparable points it never comes to rest"
    return _Plan(outcome, np.empty(0, np.int64), retrain, not_tried=why)


def _unit_again(points: Dataset, outcome: RuleOutcome, limit: float, unit: Limit) -> _Plan:
    X, y, w = points.X, points.y, outcome.w

    def retrain(X: Floats, y: Floats) -> tuple[Floats, float]:
        fewer = Dataset(X=X, y=y, name=points.name)
        fit = unit.fit(fewer, limit, w)
        found = fit.stop in (Stop.STATIONARY, Stop.SEPARATED)
        return fit.w if found else np.full(w.shape, np.nan), work_of(fit, fewer)

    if not outcome.least_loss_found:
        return _Plan(outcome, np.empty(0, np.int64), retrain, not_tried="its least loss was not found")
    margins = functional_margins(w, X, y)
    slope = np.abs(loss_of_margin(unit.loss, margins, unit.eps)[1])
    pull = slope * np.sqrt((X**2).sum(axis=1) + 1.0)  # the norm of a sample's own gradient
    strongest = np.lexsort((margins, -pull))  # margins tell where all pulls round to zero
    return _Plan(outcome, strongest[:MOST_LEFT_OUT], retrain)


def _with_best(points: Dataset, unit: RuleOutcome, options: dict[str, Any]) -> RuleOutcome:
    """Return a unit's outcome with the lowest loss of a separator at its limit, or why it was not sought."""
    n, p = points.X.shape[0], points.X.shape[1] + 1
    if not unit.least_loss_found:
        return unit
    if (functional_margins(unit.w, points.X, points.y) > 0.0).all():
        return replace(unit, best_separator=unit.loss)
    if n > MOST_FOR_BEST or p * p * (n + p) > MOST_A_STEP:
        return replace(unit, not_sought=f"{n:,} points with {p - 1:,} features are too many for the budget of work")
    return replace(unit, best_separator=float(best_separator(points.X, points.y, **options).loss))


@checked
def usual_passes(points: Dataset) -> int:
    """Return the passes that take about twenty seconds, and at least a thousand."""
    return max(1000, int(PATIENCE / points.X.size))
