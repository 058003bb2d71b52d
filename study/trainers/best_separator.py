"""The lowest loss that a separator can have inside a bound: what a unit gives up by separating."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from study.checks import checked, one_of
from study.datasets.dataset import Features, Floats, Labels, check_points
from study.trainers.few_features import few_features
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import Eps, Loss, Objective, check_sample_weight, convention
from study.trainers.max_margin import _max_margin
from study.trainers.solvers import UnitProblem

SCALES = (1.0, 0.5, 0.1, 0.02, 0.005)
"""Where the search starts: the maximum-margin weights at these shares of the bound; one is enough for a convex loss."""

LEVELS, MOST_STEPS = 11, 40
"""Weights of the barrier, each a tenth of the one before, and Newton steps at each."""


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
    A barrier method [1]_, from the maximum-margin weights at a few scales, and the bounded optimum where it separates.
    For the cross-entropy the answer is the global one; for the quadratic losses, which are not convex, it is the lowest
    that was found.

    References
    ----------
    .. [1] S. Boyd, L. Vandenberghe, "Convex Optimization", Cambridge University Press, 2004, chapter 11.
    """
    X, y = check_points(X, y)
    one_of("bound.shape", bound.shape, ("box", "ball"))
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total = weights.sum(axis=-1)
    widest = _max_margin(X, y)
    unit = UnitProblem(X, y, weights / total[..., None], loss, eps, bound, np.zeros(X.shape[-1] + 1), 10_000)
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
    for scale in SCALES if one.loss != "cross-entropy" else SCALES[:1]:
        yield _solve_constrained(one, bound, scale * inside)


def _solve_constrained(one: Objective, bound: Bound, start: Floats) -> Candidate:
    """Follow the minimisers of loss + t barrier, from a separator strictly inside the bound, while t falls to zero.

    The barrier is minus the sum of the logarithms of all margins and of what is left to the bound. For a convex loss
    the minimiser at t exceeds the least loss by at most t times the number of logarithms.
    """
    w, steps, passes, at_zero = 0.99 * start, 0, 0, float(one.value_and_gradient(0.0 * start)[0])
    weight = 1.0 / (len(one.Z) + 2 * w.size)  # of the barrier, as a share of the loss
    for _ in range(LEVELS):
        t = weight * float(one.value_and_gradient(w)[0])
        if t <= 1e-12 * weight * at_zero:  # nothing is left to gain
            break
        value = _with_barrier(one, bound, w, t)
        for _ in range(MOST_STEPS):
            d, falls = _newton_step(one, bound, w, t)
            share = 1.0
            while not (lower := _with_barrier(one, bound, w + share * d, t)) <= value - 1e-4 * share * falls:
                share, passes = 0.5 * share, passes + 1
                if share < 1e-9:
                    break
            if not lower < value:
                break
            w, value, steps, passes = w + share * d, lower, steps + 1, passes + 1
            if falls <= 1e-8:
                break
        weight *= 0.1
    return w, float(one.value_and_gradient(w)[0]), steps, passes


def _with_barrier(one: Objective, bound: Bound, w: Floats, t: float) -> float:
    margins, R = one.Z @ w, bound.weight_bound
    inside = 1.0 - (w / R) ** 2 if bound.shape == "box" else np.array([1.0 - (w / R) @ (w / R)])
    if not (margins.min() > 0.0 and inside.min() > 0.0):
        return np.inf
    return float(one.value_and_gradient(w)[0] / t - np.log(margins).sum() - np.log(inside).sum())


def _newton_step(one: Objective, bound: Bound, w: Floats, t: float) -> tuple[Floats, float]:
    """Return the step to the minimiser of the quadratic model, and by how much twice the model falls.

    Zeros where floats do not hold the model. It is made in units of the bound.
    """
    R = np.float64(bound.weight_bound)
    u = w / R
    with np.errstate(all="ignore"):
        margins = one.Z @ u
        _, slope, curvature = one.terms(w)
        g = (R * one.share * slope / t - 1.0 / margins) @ one.Z
        H = (one.Z.T * (R * (R * one.share * np.maximum(curvature, 0.0) / t) + 1.0 / margins**2)) @ one.Z
        if bound.shape == "box":
            g += 1.0 / (1.0 - u) - 1.0 / (1.0 + u)
            H += np.diag(1.0 / (1.0 - u) ** 2 + 1.0 / (1.0 + u) ** 2)
        else:
            left = 1.0 - u @ u
            g += 2.0 * u / left
            H += 2.0 * np.eye(w.size) / left + 4.0 * np.outer(u, u) / left**2
        scale = 1.0 / np.sqrt(np.diag(H))
        scaled = H * np.outer(scale, scale)
        if not np.isfinite([*scaled.ravel(), *g]).all():
            return np.zeros_like(w), 0.0
        d = -scale * np.linalg.lstsq(scaled, scale * g)[0]
        return R * d, float(-g @ d)
