"""The lowest loss that a separator can have inside a bound: what a unit gives up by separating."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from study.checks import checked, one_of
from study.datasets.dataset import Features, Floats, Labels, check_points
from study.trainers.bounded import slsqp_of_unit
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import Eps, Loss, Objective, check_sample_weight, convention
from study.trainers.max_margin import _max_margin
from study.trainers.solvers import UnitProblem, newton

SCALES = (1.0, 0.5, 0.1, 0.02, 0.005)
"""Where the search starts: the maximum-margin weights at these shares of the bound; one is enough for a convex loss."""


@checked
def best_separator(
    X: Features,
    y: Labels,
    *,
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound,
) -> Fit:
    """Minimise a unit's loss inside a bound among weights with no negative margin.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    loss, eps, sample_weight
        As `study.trainers.sigmoid_unit` has them.
    bound : Bound
        A box or a ball.

    Returns
    -------
    Fit
        `loss` is the infimum over all separators inside the bound: it is attained where a margin may be zero, and any
        nearby separator comes as near to it as one likes. `residual` is the largest negative margin, as a share of the
        largest margin. `stop` is STATIONARY, or NOT_SEPARABLE with `w` NaN. `n_updates` and `n_passes` count steps and
        loss evaluations.

    Raises
    ------
    BadInput
        As `sigmoid_unit`.

    Notes
    -----
    scipy's SLSQP, from the maximum-margin weights at a few scales and from the bounded optimum; only the samples that
    some answer misclassifies enter as constraints, until none is left. For the cross-entropy the answer is the global
    one; for the quadratic losses, which are not convex, it is the lowest that was found.
    """
    X, y = check_points(X, y)
    one_of("bound.shape", bound.shape, ("box", "ball"))
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total = weights.sum(axis=-1)
    widest = _max_margin(X, y)
    unit = UnitProblem(X, y, weights / total[..., None], loss, eps, bound, np.zeros(X.shape[-1] + 1), 10_000)
    shape = unit.shape
    free = np.broadcast_to(newton(unit)[0].w, (*shape, X.shape[-1] + 1))
    w = np.full(free.shape, np.nan)
    found, wide = np.broadcast_to(np.isfinite(widest.loss), shape), np.broadcast_to(widest.w, free.shape)
    value, residual = np.full(shape, np.nan), np.ones(shape)
    steps, passes = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for index in np.ndindex(shape):
        if found[index]:
            one, _ = unit.one(index)
            answer = min(_answers(one, bound, free[index], wide[index]), key=lambda fit: fit[1])
            w[index], value[index], steps[index], passes[index] = answer
            margins = one.Z @ w[index]
            residual[index] = max(0.0, -margins.min()) / np.abs(margins).max()
    return Fit(
        w=w,
        stop=np.where(np.isfinite(value), Stop.STATIONARY, Stop.NOT_SEPARABLE).astype(np.int8),
        n_updates=steps,
        n_passes=passes,
        loss=value * convention(loss, total),
        residual=residual,
    )


Candidate = tuple[Floats, float, int, int]


def _answers(one: Objective, bound: Bound, free: Floats, widest: Floats) -> Iterator[Candidate]:
    """Yield weights without a negative margin, mean loss, steps and loss evaluations, from each start."""
    size = np.abs(widest).max() if bound.shape == "box" else np.linalg.norm(widest)
    inside = widest * (bound.weight_bound / size)
    if (one.Z @ free >= 0.0).all():
        yield free, float(one.value_and_gradient(free)[0]), 0, 1
        if one.loss == "cross-entropy":
            return
    lost = one.Z @ free < 0.0
    for scale in SCALES if one.loss != "cross-entropy" else SCALES[:1]:
        yield _solve_constrained(one, bound, scale * inside, lost)


def _solve_constrained(one: Objective, bound: Bound, start: Floats, lost: np.ndarray) -> Candidate:
    R, steps, passes = bound.weight_bound, 0, 0
    w = start
    for _ in range(len(one.Z)):
        held = one.Z[lost]
        held = held / np.abs(held).max(axis=-1, keepdims=True)
        answer = slsqp_of_unit(one, bound, start, least=1e-12, max_steps=1000, ftol=1e-15, held=[("ineq", held)])
        steps, passes = steps + int(answer.nit), passes + int(answer.nfev)
        w = bound.project(answer.x)
        more = (one.Z @ w < -1e-9 * np.abs(one.Z).max() * R) & ~lost
        if not more.any():
            break
        lost = lost | more
    w = _repair(one.Z, w, start)
    return w, float(one.value_and_gradient(w)[0]), steps, passes


def _repair(Z: Floats, w: Floats, separator: Floats) -> Floats:
    """Return the first weights on the way from `w` to a separator that have no negative margin: a rounding away."""
    short, room = -(Z @ w), Z @ separator
    share = np.max(np.divide(short, short + room, where=short > 0.0, out=np.zeros_like(short)))
    return np.asarray(w + share * (separator - w))
