"""The logarithm of a unit's loss on hard targets, which tells losses of any size apart, and its minimum in a bound."""

import math

import numpy as np
from scipy.special import expit, logsumexp

from study.checks import checked
from study.datasets.dataset import Features, Floats, Labels, check_points, check_shape
from study.trainers.bounded import slsqp
from study.trainers.fit import Bound
from study.trainers.losses import Eps, Loss

LEAST = 1e-3
"""How far above the least loss inside the bound, as a share of itself, a loss may be and still be called the least."""


def log_loss_of_margin(loss: Loss, m: Floats) -> tuple[Floats, Floats]:
    """Return ln of a sample's loss with hard targets, and its slope divided by it, for margins of any size."""
    if loss == "cross-entropy":
        softplus = np.logaddexp(0.0, -m)
        small = m > 30.0  # log1p(e^-m) is e^-m to rounding
        ln_loss = np.where(small, -m, np.log(np.where(small, 1.0, softplus)))
        return ln_loss, np.where(small, -1.0, -expit(-m) / np.where(small, 1.0, softplus))
    return -2.0 * np.logaddexp(0.0, m) - np.log(2.0), -2.0 * expit(m)


def log_loss(loss: Loss, Z: Floats, m: Floats, ln_weight: Floats | float = 0.0) -> tuple[float, Floats]:
    """Return ln of sum_i weight_i loss(m_i) at margins m = Z w, and its gradient in w."""
    ln_loss, ratio = log_loss_of_margin(loss, m)
    total = logsumexp(ln_weight + ln_loss)
    return float(total), (np.exp(ln_weight + ln_loss - total) * ratio) @ Z


@checked
def least_loss(X: Features, y: Labels, w: Floats, loss: Loss, eps: Eps, bound: Bound) -> Floats:
    """Return weights as they are where their loss is the least; else sharpened, or NaN where that fails too.

    With hard targets every loss of a separator falls as it is scaled up, towards zero: the optimum lies on the bound,
    but an absolute tolerance takes weights far from it for stationary. The gradient g of the logarithm of the loss
    tells: max of g.(w - u) over all u inside the bound is, for the convex cross-entropy, at least the share by which
    the loss exceeds the least one [1]_. So does its minimum by scipy, from the bound's easy part outwards.

    Raises
    ------
    BadInput
        For points that `check_points` refuses, more than one set, or weights of another length.

    References
    ----------
    .. [1] M. Jaggi, "Revisiting Frank-Wolfe: projection-free sparse convex optimization", ICML 2013.
    """
    X, y = check_points(X, y)
    check_shape("X", X, "n_samples", "n_features")
    check_shape("y", y, len(X))
    check_shape("w", w, X.shape[1] + 1)
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
    value, g = log_loss(loss, Z, Z @ w)
    gap = g @ w + bound.weight_bound * (np.abs(g).sum() if bound.shape == "box" else np.linalg.norm(g))
    return bool(gap <= max(LEAST, 1e-5 * abs(value)))  # of a loss below 1e-43, the logarithm to five digits


def _lowest(Z: Floats, v: Floats, loss: Loss, bound: Bound) -> Floats:
    """Return the weights, as shares of the bound, at which the logarithm of the loss is lowest."""
    R = bound.weight_bound

    def scaled(v: Floats) -> tuple[float, Floats]:
        value, gradient = log_loss(loss, Z, Z @ (R * v))
        return value / R, gradient

    answer = slsqp(scaled, v, bound.shape, max_steps=1000, ftol=1e-15)
    return Bound(bound.shape, 1.0).project(answer.x)
