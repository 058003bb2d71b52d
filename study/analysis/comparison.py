"""Both rules on one set of points, judged: what `study compare` reports."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit, logsumexp

from study.analysis.influence import moved_without
from study.analysis.margin import functional_margins, geometric_margin
from study.datasets.arguments import checked
from study.datasets.dataset import Dataset, Floats, check_one_set, check_shape
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Stop
from study.trainers.losses import Loss, loss_of_margin, objective
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

LOOKS_A_PART = 2e8
"""Numbers looked at between two reports of progress: about a quarter of a second."""
PATIENCE = 1e10
"""Numbers looked at in about twenty seconds."""
WORK = 3e9
"""Multiplications that leaving samples out may cost: a few seconds."""
MOST_LEFT_OUT, MOST_FOR_BEST = 200, 2000
LEAST = 1e-3
"""How far above the least loss inside the bound, as a share of itself, a loss may be and still be called the least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What is true of one rule's weights on the points.

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
        Distance from the boundary to the nearest sample, negative where one is lost.
    left_out : ndarray of int
        The samples that were left out, one at a time.
    moved : ndarray of shape (len(left_out),)
        How far that moved the boundary, in degrees as `study.analysis.influence.moved` has them; NaN where one class
        was left, or the least loss was not found.
    best_separator : float
        The lowest loss of a separator inside the bound; NaN for the perceptron, without a separator or above 2,000
        samples.
    least_loss_found : bool
        False where the unit separates on hard targets and scipy, too, leaves it short of the least loss inside the
        bound; nothing is left out then.
    """

    w: Floats
    stop: Stop
    n_updates: int
    n_passes: int
    loss: float
    lost: NDArray[np.int64]
    margin: float
    left_out: NDArray[np.int64]
    moved: Floats
    best_separator: float = np.nan
    least_loss_found: bool = True

    @property
    def separates(self) -> bool:
        """Whether no sample is lost."""
        return not self.lost.size


@checked
def compare_perceptron(
    points: Dataset,
    *,
    separable: bool,
    max_updates: int,
    max_passes: int,
    advance: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Train the perceptron in natural order and judge it.

    Parameters
    ----------
    points : Dataset
        One set.
    separable : bool
        Whether a boundary separates them; only then are samples left out, since else the weights never settle.
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
    margins = functional_margins(w, X, y)
    fits = min(MOST_LEFT_OUT, int(WORK / (n_passes * X.size))) if separable and fit.stop == Stop.SEPARATED else 0
    nearest = np.argsort(margins, kind="stable")[:fits]

    def train(X: Floats, y: Floats) -> Floats:
        return perceptron(X, y, max_updates=4 * n_updates + 100, max_passes=4 * n_passes + 100).w

    moved = moved_without(train, X, y, w, nearest)
    return _verdict(points, w, Stop(int(fit.stop)), n_updates, n_passes, float(fit.loss), nearest, moved)


@checked
def compare_unit(points: Dataset, *, loss: Loss, eps: float, bound: Bound, separable: bool) -> Verdict:
    """Train the unit inside its bound, from zero, and judge it; arguments as `sigmoid_unit` has them."""
    check_one_set("points", points)
    X, y = points.X, points.y
    fit = sigmoid_unit(X, y, loss=loss, eps=eps, bound=bound, method="newton")
    w = _least(X, y, fit.w, loss, eps, bound)
    found = bool(np.isfinite(w).all())
    w = w if found else fit.w
    margins = functional_margins(w, X, y)
    slope = np.abs(loss_of_margin(loss, margins, eps)[1])
    pull = slope * np.sqrt((X**2).sum(axis=1) + 1.0)  # the norm of a sample's own gradient
    fits = max(3, min(MOST_LEFT_OUT, int(WORK / (5 * X.size * X.shape[1])))) if found else 0
    strongest = np.lexsort((margins, -pull))[:fits]  # margins tell where all pulls round to zero

    def train(X: Floats, y: Floats) -> Floats:
        fit = sigmoid_unit(X, y, loss=loss, eps=eps, bound=bound, method="newton", w0=w)
        return _least(X, y, fit.w, loss, eps, bound)

    moved = moved_without(train, X, y, w, strongest)
    value = float(fit.loss) if w is fit.w else _loss(X, y, w, loss, eps)
    best = np.nan
    if found and separable and bound.shape != "none" and len(y) <= MOST_FOR_BEST:
        if loss == "cross-entropy" and (margins > 0.0).all():
            best = value
        else:
            separator = best_separator(X, y, loss=loss, eps=eps, bound=bound)
            inside = functional_margins(separator.w, X, y).min() > 1.0  # else a sample on the boundary holds it
            w_best = _least(X, y, separator.w, loss, eps, bound) if inside else separator.w
            best = float(separator.loss) if w_best is separator.w else _loss(X, y, w_best, loss, eps)
    counts = (int(fit.n_updates), int(fit.n_passes))
    return _verdict(points, w, Stop(int(fit.stop)), *counts, value, strongest, moved, best, found)


def _loss(X: Floats, y: Floats, w: Floats, loss: Loss, eps: float) -> float:
    """Return the unit's loss in the lecture's convention."""
    goal = objective(X, y, np.ones(len(y)), loss, eps)
    return float(goal.value_and_gradient(w)[0] * goal.convention)


def _least(X: Floats, y: Floats, w: Floats, loss: Loss, eps: float, bound: Bound) -> Floats:
    """Return a fit as it is where its loss is the least; else sharpened, or NaN where that fails too.

    With hard targets every loss of a separator falls as it is scaled up, towards zero: the optimum lies on the bound,
    but an absolute tolerance takes weights far from it for stationary. The gradient g of the logarithm of the loss
    tells: max of g.(w - u) over all u inside the bound is, for the convex cross-entropy, at least the share by which
    the loss exceeds the least one [1]_. So does its minimum by scipy, from the bound's easy part outwards.

    References
    ----------
    .. [1] M. Jaggi, "Revisiting Frank-Wolfe: projection-free sparse convex optimization", ICML 2013.
    """
    Z = y[:, None] * np.column_stack([X, np.ones(len(X))])
    if eps > 0.0 or bound.shape == "none" or not (Z @ w > 0.0).all() or _is_least(Z, w, loss, bound):
        return w
    size = np.abs(w).max() if bound.shape == "box" else np.linalg.norm(w)
    w = w / size
    R = bound.weight_bound
    steps = math.ceil(math.log(max(1.0, R * (Z @ w).min() / 8.0), 4.0))
    for k in range(steps, -1, -1):
        w = _lowest(Z, w, loss, Bound(bound.shape, R / 4.0**k))
    w = R * w
    return w if (Z @ w > 0.0).all() and _is_least(Z, w, loss, bound) else np.full_like(w, np.nan)


def _is_least(Z: Floats, w: Floats, loss: Loss, bound: Bound) -> bool:
    value, g = _log_loss(Z, w, loss)
    gap = g @ w + bound.weight_bound * (np.abs(g).sum() if bound.shape == "box" else np.linalg.norm(g))
    return bool(gap <= max(LEAST, 1e-5 * abs(value)))  # of a loss below 1e-43, the logarithm to five digits


def _lowest(Z: Floats, v: Floats, loss: Loss, bound: Bound) -> Floats:
    """Return the weights, as shares of the bound, at which scipy's SLSQP finds the logarithm of the loss lowest."""
    R = bound.weight_bound

    def scaled(v: Floats) -> tuple[float, Floats]:
        value, gradient = _log_loss(Z, R * v, loss)
        return value / R, gradient

    ball = {"type": "ineq", "fun": lambda v: (1.0 - v @ v) / 2.0, "jac": lambda v: -v}
    shape = {"bounds": optimize.Bounds(-1.0, 1.0)} if bound.shape == "box" else {"constraints": [ball]}
    options = {"maxiter": 1000, "ftol": 1e-15}
    answer = optimize.minimize(scaled, v, jac=True, method="SLSQP", options=options, **shape)
    return Bound(bound.shape, 1.0).project(answer.x)


def _log_loss(Z: Floats, w: Floats, loss: Loss) -> tuple[float, Floats]:
    """Return the logarithm of the summed loss on hard targets, up to a constant, and its gradient."""
    m = Z @ w
    if loss == "cross-entropy":
        entropy = np.logaddexp(0.0, -np.minimum(m, 30.0))
        terms, slope = np.where(m < 30.0, np.log(entropy), -m), np.where(m < 30.0, -expit(-m) / entropy, -1.0)
    else:
        terms, slope = -2.0 * np.logaddexp(0.0, m), -2.0 * expit(m)
    value = logsumexp(terms)
    return float(value), (np.exp(terms - value) * slope) @ Z


def _verdict(
    points: Dataset,
    w: Floats,
    stop: Stop,
    n_updates: int,
    n_passes: int,
    loss: float,
    left_out: NDArray[np.int64],
    moved: Floats,
    best: float = np.nan,
    found: bool = True,
) -> Verdict:
    return Verdict(
        w=w,
        stop=stop,
        n_updates=n_updates,
        n_passes=n_passes,
        loss=loss,
        lost=np.flatnonzero(~(functional_margins(w, points.X, points.y) > 0.0)),
        margin=float(geometric_margin(w, points.X, points.y)),
        left_out=left_out,
        moved=moved,
        best_separator=best,
        least_loss_found=found,
    )


@checked
def telling_plane(points: Dataset, unit: Floats, other: Floats) -> Floats:
    """Return two orthonormal directions that show both boundaries as lines, and every point on its own side of each.

    Parameters
    ----------
    points : Dataset
    unit, other : ndarray of shape (n_features + 1,)
        Weights, the bias last.

    Returns
    -------
    directions : ndarray of shape (2, n_features)
        The first along the normal of `unit`, the second along what is left of the normal of `other`; where nothing is
        left, along what the points vary most in. For two features the axes themselves, for one the axis and zero.
    """
    check_one_set("points", points)
    d = points.X.shape[1]
    if d <= 2:
        return np.eye(2, d)
    check_shape("unit", unit, d + 1)
    check_shape("other", other, d + 1)
    centred = points.X - points.X.mean(axis=0)
    widest = np.linalg.eigh(np.cov((centred / np.abs(centred).max()).T))[1][:, ::-1].T
    rows: list[Floats] = []
    for candidate in (unit[:-1], other[:-1], *widest):
        size = np.linalg.norm(candidate)
        rest = candidate / size if size > 0.0 else candidate
        for row in rows:
            rest = rest - (rest @ row) * row
        if np.linalg.norm(rest) > 1e-6 and len(rows) < 2:
            rows.append(rest / np.linalg.norm(rest))
    return np.array(rows)


@checked
def usual_passes(points: Dataset) -> int:
    """Return the passes that take about twenty seconds, and at least a thousand."""
    return max(1000, int(PATIENCE / points.X.size))
