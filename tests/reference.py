"""Slow, literal references that share no line with the package: what the sources say, in plain Python."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from study.trainers.fit import Bound

Floats = NDArray[np.float64]


def perceptron(
    X: Sequence[Sequence[float]], y: Sequence[float], max_updates: int = 10_000
) -> tuple[list[list[float]], int, int]:
    """Return the weights after each look of Rosenblatt's rule from zero, in natural order, and updates and passes."""
    after = [[0.0] * (len(X[0]) + 1)]
    n_updates, n_passes, mistakes = 0, 0, 1
    while mistakes and n_updates < max_updates:
        n_passes, mistakes = n_passes + 1, 0
        for x, label in zip(X, y, strict=True):
            if n_updates < max_updates:
                w = after[-1]
                if label * sum(a * b for a, b in zip(w, [*x, 1.0], strict=True)) <= 0:
                    w = [a + label * b for a, b in zip(w, [*x, 1.0], strict=True)]
                    n_updates, mistakes = n_updates + 1, mistakes + 1
                after.append(w)
    return after[1:], n_updates, n_passes


def sample_loss(loss: str, label: float, z: float, eps: float) -> tuple[float, float]:
    """Return E and dE/dz of one sample as on the slides, with digits enough for 1 - o in either tail."""
    with localcontext(prec=40 + int(abs(z))):
        o = 1 / (1 + Decimal(-z).exp())
        d = 1 - Decimal(eps) if label > 0 else Decimal(eps)
        if loss == "cross-entropy":
            return float(-(d * o.ln() + (1 - d) * (1 - o).ln())), float(o - d)
        if loss == "threshold-quadratic" and Decimal(label) * (o - d) >= 0:
            return 0.0, 0.0
        return float((o - d) ** 2 / 2), float((o - d) * o * (1 - o))


def mean_loss(loss: str, X: Floats, y: Floats, w: Floats, eps: float, weight: Floats | None = None) -> Any:
    """Return the weighted mean of the slides' losses over a set, and its gradient, in o and d."""
    extended = np.column_stack([X, np.ones(len(X))])
    z = extended @ w
    o, d = expit(z), np.where(y > 0, 1.0 - eps, eps)
    share = np.full(len(X), 1.0 / len(X)) if weight is None else weight / weight.sum()
    off = o - d
    if loss == "cross-entropy":
        return share @ (d * np.logaddexp(0.0, -z) + (1.0 - d) * np.logaddexp(0.0, z)), share * off @ extended
    if loss == "threshold-quadratic":
        off = np.where(y * off > 0.0, 0.0, off)
    return share @ off**2 / 2.0, share * off * o * (1.0 - o) @ extended


def kkt_violation(w: Floats, gradient: Floats, bound: Bound) -> float:
    """Return how far the KKT conditions are from holding: the gradient itself where there is no bound."""
    R = bound.weight_bound
    step = w - gradient
    if bound.shape == "box":
        step = np.clip(step, -R, R)
    elif bound.shape == "ball":
        step = step * min(1.0, R / float(np.linalg.norm(step)))
    return float(np.abs(gradient if bound.shape == "none" else w - step).max())


def cross_entropy_gradient(X: Floats, y: Floats, w: Floats, *, eps: float = 0.0, simplified: bool) -> Floats:
    """Return the gradient of the mean cross-entropy as one of the two lines of its derivation on the slides.

    They are equal on paper: 1/N sum x_i (sigma - d), and before that the product as the chain rule leaves it, which is
    NaN as soon as an output rounds to 0 or 1.
    """
    x = np.concatenate([X, np.ones((*X.shape[:-1], 1))], axis=-1)
    d = np.where(y > 0, 1.0 - eps, eps)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        sigma = 1.0 / (1.0 + np.exp(-(x @ w[..., None])[..., 0]))
        error = sigma - d if simplified else -(d / sigma - (1.0 - d) / (1.0 - sigma)) * sigma * (1.0 - sigma)
    return np.asarray((error[..., None] * x).mean(axis=-2))


def domingos(chosen: Sequence[bool], judged: Sequence[bool]) -> list[float]:
    """Return error, bias, variance, unbiased, biased and net variance at a point, from who is wrong in two halves."""
    main_is_wrong = 2 * sum(chosen) >= len(chosen)
    differs = [wrong != main_is_wrong for wrong in judged]
    variance = sum(differs) / len(judged)
    error = sum(judged) / len(judged)
    unbiased, biased = (0.0, variance) if main_is_wrong else (variance, 0.0)
    return [error, float(main_is_wrong), variance, unbiased, biased, unbiased - biased]


def kohavi_wolpert(wrong: Sequence[bool]) -> list[float]:
    """Return squared bias and variance at a point, as sums over the two classes, corrected for the sample size."""
    n = len(wrong)
    p = [sum(wrong) / n, 1.0 - sum(wrong) / n]  # of the wrong class, of the right one
    target = [0.0, 1.0]
    bias = 0.5 * sum((t - q) ** 2 - q * (1.0 - q) / (n - 1) for t, q in zip(target, p, strict=True))
    variance = 0.5 * (1.0 - sum(q * q for q in p)) * n / (n - 1)
    return [bias, variance]
