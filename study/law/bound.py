"""The law of the ignored spoiler: how many base points it takes, to leading order and within proved bounds.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; weights w in R W, with W the unit box
or the unit ball, bias included. The paper's appendix states the theorem and proves it.
"""

from functools import partial
from typing import Annotated

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from study.checks import BadInput, Positive, checked, one_of
from study.datasets.dataset import Floats
from study.law.conflict import TIGHT, Spoilt, check_one_spoiler, largest_margin
from study.trainers.losses import Loss

LOSSES: tuple[Loss, ...] = ("cross-entropy", "quadratic")
HardLoss = Annotated[Loss, partial(one_of, allowed=LOSSES)]


@checked
def kappa(mu: Positive) -> float:
    """Return the constant of the quadratic law, for the multiplier mu > 0 of the spoiler.

    Notes
    -----
    For mu >= 1/6 the margin of the spoiler passes through zero, and kappa = 1/(8 mu). Below, it jumps from a positive
    value to minus infinity (on the scale of 1), where K e^(2 mu s) + sigma(-s)^2 attains 1.
    """
    if mu >= 1.0 / 6.0:
        return 1.0 / (8.0 * mu)
    q = _at_jump(mu)
    return float(q ** (2.0 + 2.0 * mu) * (1.0 - q) ** (1.0 - 2.0 * mu) / mu)


def _at_jump(mu: float) -> float:
    """Return sigma(-s) where the spoiler's margin s jumps from, for mu < 1/6."""
    return float((mu + np.sqrt(mu * mu + 4.0 * mu)) / 2.0)


@checked
def asymptote(points: Spoilt, loss: HardLoss, weight_bound: Positive) -> float:
    """Return the leading order of ln M*, the weight of each base point up to which every spoiler is right.

    Parameters
    ----------
    points : Spoilt
        With one spoiler, or for the cross-entropy with several distinct ones.
    loss : {"cross-entropy", "quadratic"}
        With hard targets.
    weight_bound : float in (0, inf)
        The bound R.

    Returns
    -------
    float
        The error tends to zero as R grows where `points.regular`: like e^(-R min(gap, gamma0)) in the box, like 1/R in
        the ball. inf where there is no conflict.

    Raises
    ------
    BadInput
        For another loss, a bound that is not positive, or more spoilers than are allowed for.
    """
    R = weight_bound
    if not points.conflict:
        return np.inf
    mu = points.best.mu[points.best.mu > TIGHT]
    if loss == "quadratic":
        if len(points.spoilers) > 1:
            raise BadInput(f"`points` must hold one spoiler for the quadratic loss; got {len(points.spoilers)}")
        return 2.0 * points.gamma0 * R - points.entropy + float(np.log(kappa(float(mu[0]))))
    largest = mu.max()
    shift = float((mu * np.log(mu / (2.0 * largest - mu))).sum())  # zero where there is one
    return points.gamma0 * R - points.entropy - float(np.log(2.0 * largest)) + shift


@checked
def error_rate(points: Spoilt, loss: HardLoss) -> float:
    """Return the exponent of the law's error in the box: by how much the next base margin exceeds gamma0, or less.

    The quadratic loss can give the spoiler up by a jump, to weights with a base loss of their own: then
    2 (gamma1 - gamma0) counts too. The constant for several spoilers is the leading order only: gamma0 counts.
    """
    jump = 2.0 * (points.gamma1 - points.gamma0) if loss == "quadratic" else np.inf
    return min(points.gap, jump, points.gamma0 if len(points.spoilers) > 1 else np.inf)


@checked
def fits_from(points: Spoilt, loss: HardLoss) -> float:
    """Return the bound R from which the weights of the law lie in the box: a weight nearly at its bound delays it.

    Notes
    -----
    The theorem's weights are R v0 + u, where u moves the free weights alone, and gives the supports the margins of the
    lowest loss and the spoiler its own: z_i.u = -mu s - (H + ln alpha_i) / a and z_s.u = s, with a = 1 for the
    cross-entropy and 2 for the quadratic loss. In the ball, or without conflict, there is no such condition, and the
    answer is 0.
    """
    if points.shape != "box" or not points.conflict:
        return 0.0
    a = 1.0 if loss == "cross-entropy" else 2.0
    alpha, held = points.best.alpha[points.supports], points.best.mu > TIGHT
    mu = points.best.mu[held]
    s = 0.0
    if loss == "quadratic" and mu.max() < 1.0 / 6.0:
        q = _at_jump(mu.max())
        s = float(np.log((1.0 - q) / q))
    v = points.best.v
    free = np.abs(v) < 1.0 - TIGHT
    Z = np.vstack([points.base[points.supports], points.spoilers[held]])[:, free]
    margins = np.append(-mu.sum() * s - (points.entropy + np.log(alpha)) / a, np.full(len(mu), s))
    u = np.linalg.lstsq(Z, margins, rcond=None)[0]
    return float(np.max(np.sign(v[free]) * u / (1.0 - np.abs(v[free])), initial=0.0))


@checked
def prediction(points: Spoilt, loss: HardLoss, weight_bound: Positive) -> float:
    """Return the asymptote of ln M* for one spoiler, with the supports' losses as they are and not as exponentials.

    Parameters
    ----------
    points, loss, weight_bound
        As in `asymptote`; one spoiler only.

    Returns
    -------
    float
        In the box the error is like e^(-R gap) alone; inf where there is no conflict.

    Raises
    ------
    BadInput
        For another loss, a bound that is not positive or too small for all supports to pull as their multipliers ask,
        several spoilers, or points that are not separable.

    Notes
    -----
    The margins of the supports and the spoiler's, s, are tied by sum_i alpha_i m_i + mu s = R gamma0; the lowest loss
    then has -loss'(m_i) = t alpha_i and -loss'(s) = M t mu for some t > 0.
    """
    R = weight_bound
    check_one_spoiler(points)
    if not points.conflict:
        return np.inf
    alpha, mu = points.best.alpha[points.supports], float(points.best.mu[0])
    least = max(_margin_sum(loss, alpha, _most_pull(loss, alpha)), 0.0)
    if R * points.gamma0 < least:
        raise BadInput(f"`weight_bound` must be at least {least / points.gamma0:.4g} for these points; got {R:g}")
    if loss == "cross-entropy":
        return -float(np.log(2.0 * mu)) - _ln_pull(loss, alpha, R * points.gamma0)

    def stationary(s: float) -> tuple[float, float]:
        """Return ln M where the spoiler's margin s is stationary, and ln t there."""
        ln_t = _ln_pull(loss, alpha, max(R * points.gamma0 - mu * s, least))
        return float(np.log(expit(-s) ** 2 * expit(s) / mu)) - ln_t, ln_t

    def excess(s: float) -> float:
        """Return twice the loss there less that of giving the spoiler up."""
        ln_M, ln_t = stationary(s)
        q = _wrong_share(loss, ln_t + np.log(alpha))
        return float(np.exp(ln_M) * (q @ q) + expit(-s) ** 2 - 1.0)

    if excess(0.0) <= 0.0:
        return stationary(0.0)[0]
    most = min(50.0, (R * points.gamma0 - least) / mu)  # no support is lost
    return stationary(float(brentq(excess, 0.0, most)) if excess(most) < 0.0 else most)[0]


def _wrong_share(loss: HardLoss, ln_slope: Floats) -> Floats:
    """Return q = sigma(-m) where -loss'(m), q itself or q^2 (1 - q) with q < 2/3, has a given logarithm."""
    c = np.exp(ln_slope)
    if loss == "cross-entropy":
        return c
    q = np.sqrt(c)
    for _ in range(100):  # the error falls by q / (2 (1 - q))
        q = np.sqrt(c / (1.0 - q))
    return q


def _ln_pull(loss: HardLoss, alpha: Floats, total: float) -> float:
    """Return ln t where margins with -loss'(m_i) = t alpha_i have sum_i alpha_i m_i = total."""

    def excess(ln_t: float) -> float:
        return _margin_sum(loss, alpha, ln_t) - total

    return float(brentq(excess, -3.0 * abs(total) - 50.0, _most_pull(loss, alpha), xtol=1e-13))


def _most_pull(loss: HardLoss, alpha: Floats) -> float:
    """Return just less than the ln t at which a support reaches the largest slope of the loss."""
    return float(np.log((1.0 if loss == "cross-entropy" else 4.0 / 27.0) / alpha.max())) - 1e-12


def _margin_sum(loss: HardLoss, alpha: Floats, ln_t: float) -> float:
    """Return sum_i alpha_i m_i of margins with -loss'(m_i) = t alpha_i."""
    q = _wrong_share(loss, ln_t + np.log(alpha))
    return float(alpha @ (np.log1p(-q) - np.log(q)))


@checked
def sandwich(points: Spoilt, loss: HardLoss, weight_bound: Positive) -> tuple[float, float]:
    """Return proved bounds on ln M* for one spoiler, at any R.

    Parameters
    ----------
    points, loss, weight_bound
        As in `asymptote`; one spoiler only.

    Returns
    -------
    low, high : float
        -inf or inf where a bound does not apply: the bound R is too small, or there is no conflict.

    Raises
    ------
    BadInput
        For another loss, a bound that is not positive, several spoilers, or points that are not separable.
    """
    R = weight_bound
    check_one_spoiler(points)
    gamma0, gamma1, n = points.gamma0, points.gamma1, len(points.base)
    costs = [(gamma0 - g) / s for s, g in _witnesses(points) if R * s >= 1.0]
    factor, power = (0.5, 1.0) if loss == "cross-entropy" else (0.25 - float(expit(-1.0)) ** 2, 2.0)
    low = float(np.log(factor / n)) + power * (R * gamma0 - min(costs)) if costs else -np.inf
    if not points.conflict:
        return low, np.inf
    if loss == "cross-entropy":
        pull = R * (gamma1 - gamma0) * expit(-R * gamma0) - (n - 1) * np.exp(-1.0 - R * gamma1)
        high = np.log(-R * points.spoiler_margin / 2.0) - np.log(pull)
    else:
        high = -np.log(expit(-R * gamma0) ** 2 - n * expit(-R * gamma1) ** 2)
    return low, float(high) if np.isfinite(high) else np.inf


def _witnesses(points: Spoilt) -> list[tuple[float, float]]:
    """Return spoiler margin and least base margin of separators in W, ever nearer to the spoiler."""
    found = [largest_margin(points.base, points.spoilers, points.shape, 4.0**-k) for k in range(5)]
    return [(float((points.spoilers @ one.v).min()), float((points.base @ one.v).min())) for one in found]
