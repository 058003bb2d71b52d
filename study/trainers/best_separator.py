"""The lowest loss that a separator can have inside a bound or with a penalty: what it costs a unit to separate."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from study.checks import checked, one_of
from study.datasets.dataset import Features, Floats, Labels, check_points
from study.kernels.codes import LOSS_CODES, SHAPE_CODES
from study.kernels.interior_point import interior
from study.trainers.few_features import few_features
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import Bias, Eps, Loss, Objective, PenaltyC, check_sample_weight, convention, penalty_weights
from study.trainers.max_margin import max_margin
from study.trainers.solvers import UnitProblem

SCALES = (1.0, 0.5, 0.1, 0.02, 0.005)
"""Where the search starts: the maximum-margin weights at these shares of the bound; one is enough for a convex loss."""

GAP = 1e-13
"""The barrier ends at this share of the loss, times the number of its logarithms."""


@checked
def best_separator(
    X: Features,
    y: Labels,
    *,
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound = Bound(),  # noqa: B008 (frozen)
    C: PenaltyC = math.inf,
    bias: Bias = "free",
) -> Fit:
    """Minimise a unit's loss inside a bound, with a penalty or both, among weights with no negative margin.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    loss, eps, sample_weight, C, bias
        As in `study.trainers.sigmoid_unit`.
    bound : Bound
        A box or a ball; with a penalty there may be none.

    Returns
    -------
    Fit
        `loss` is the infimum of the objective over all separators inside the bound: it is attained where a margin may
        be zero, and any nearby separator comes as near to it as one likes. `residual` is the largest negative margin,
        as a share of the largest margin. `stop` is STATIONARY, or NOT_SEPARABLE with `w` NaN. `n_updates` and
        `n_passes` count steps and loss evaluations.

    Raises
    ------
    BadInput
        As `sigmoid_unit`.

    Notes
    -----
    A barrier method [1]_, compiled, from the maximum-margin weights at a few scales, and the unit's optimum where it
    separates. For the cross-entropy the answer is the global one; for the quadratic losses, which are not convex, it is
    the lowest that was found.

    References
    ----------
    .. [1] S. Boyd, L. Vandenberghe, "Convex Optimization", Cambridge University Press, 2004, chapter 11.
    """
    X, y = check_points(X, y)
    if math.isinf(C):
        one_of("bound.shape", bound.shape, ("box", "ball"))
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total, start = weights.sum(axis=-1), np.zeros(X.shape[-1] + 1)
    widest = max_margin(X, y)
    penalty = penalty_weights(C, bias, total, start.size)
    unit = UnitProblem(X, y, weights / total[..., None], loss, eps, bound, start, 10_000, penalty)
    shape = unit.shape
    free = np.broadcast_to(few_features(unit).w, (*shape, X.shape[-1] + 1))
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
        loss=value * convention(loss, total, C),
        residual=residual,
    )


Candidate = tuple[Floats, float, int, int]


def _answers(one: Objective, bound: Bound, free: Floats, widest: Floats) -> Iterator[Candidate]:
    """Yield weights without a negative margin, mean loss, steps and loss evaluations, from each start."""
    size, R = np.abs(widest).max() if bound.shape == "box" else np.linalg.norm(widest), bound.weight_bound
    if bound.shape == "none":  # beyond that length the penalty alone is more than the loss of no weights
        R = math.sqrt(2.0 * one.value_and_gradient(0.0 * free)[0] / one.penalty.max())
    inside = widest * (R / size)
    if (one.Z @ free >= 0.0).all():
        yield free, float(one.value_and_gradient(free)[0]), 0, 1
        if one.loss == "cross-entropy":
            return
    scales = np.array(SCALES if one.loss != "cross-entropy" else SCALES[:1])
    codes = (LOSS_CODES[one.loss], one.eps, SHAPE_CODES[bound.shape], bound.weight_bound, one.penalty)
    every, starts = np.ones(len(one.Z), np.bool_), 0.99 * scales[:, None] * inside
    w, _, n_steps, n_passes = interior(one.Z, one.share, *codes, every, 1.0, starts, 1.0, GAP)
    yield from zip(w, one.value_and_gradient(w)[0].tolist(), n_steps.tolist(), n_passes.tolist(), strict=True)
