"""The law of the ignored spoiler for a penalty: how many base points outvote one, as C grows.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets.
The weights minimise |w|^2 / 2 + C (M sum_i loss(z_i.w) + loss(z_s.w)), the bias counted in |w| or not.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq
from scipy.special import expit

from study.checks import Positive, checked
from study.datasets.dataset import Floats
from study.law.conflict import FreeShape, Spoilt, check_one_spoiler

Bias = Literal["penalised", "free"]
SHAPES: dict[Bias, FreeShape] = {"penalised": "ball", "free": "free-bias ball"}


@dataclass(frozen=True, kw_only=True)
class PenaltyLaw:
    """What the law says of ln M*, the weight of each base point above which the spoiler stays wrong.

    Parameters
    ----------
    slope : float
        gamma0^2 / (2 mu): ln M* grows by this for each unit of C.
    constant : float
        k0.
    correction : float
        k1: the next term is k1 / C.
    margin : float
        The next base margin exceeds the supports' by this much for each unit of C; e^-(C margin) is the share of their
        pull that the law leaves out. inf where every base point is a support.
    """

    slope: float
    constant: float
    correction: float
    margin: float

    def ln_threshold(self, C: float) -> float:
        """Return slope C + k0."""
        return self.slope * C + self.constant

    def error(self, C: float) -> float:
        """Return the size to be expected of the error of `ln_threshold`: |k1| / C + e^-(C margin) + 1 / M*."""
        return abs(self.correction) / C + float(np.exp(-C * self.margin) + np.exp(-self.ln_threshold(C)))


@checked
def penalty_law(points: Spoilt, bias: Bias) -> PenaltyLaw:
    """Return the law of ln M* = gamma0^2 C / (2 mu) + k0 + k1 / C + ... for one spoiler.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    bias : {"penalised", "free"}
        Whether the bias counts in |w|. Free is scikit-learn's LogisticRegression(C=C); penalised is liblinear's.

    Returns
    -------
    PenaltyLaw
        With a slope of inf and constants of 0 where there is no conflict: the spoiler is right for large C at any M.
        Constants are NaN where multipliers are not unique or a point is active without one (`Spoilt.regular` in this
        geometry); the slope stands.

    Raises
    ------
    BadInput
        For several spoilers, or points that are not separable.

    Notes
    -----
    At a threshold the spoiler's margin is 0, so its pull is 1/2, and a_i = M sigma(-z_i.w) is the pull of base point i:

        w = C (sum_i a_i z_i + z_s / 2),  z_s.w = 0,  z_i.w = ln M - ln a_i + O(1 / M).

    With a = a0 + a1 / C + a2 / C^2, orders C, 1 and 1 / C of the last equation give a0 = alpha / (2 mu), slope, k0 and
    k1. Where the bias is free it is one more unknown, and sum_i y_i a_i + y_s / 2 = 0 one more equation.
    """
    check_one_spoiler(points)
    points = replace(points, shape=SHAPES[bias])
    if not points.conflict:
        return PenaltyLaw(slope=np.inf, constant=0.0, correction=0.0, margin=0.0)
    supports, mu = points.supports, float(points.best.mu[0])
    scale = points.gamma0 / (2.0 * mu)  # |w| for each unit of C
    if not points.regular:
        return PenaltyLaw(slope=scale * points.gamma0, constant=np.nan, correction=np.nan, margin=scale * points.gap)
    Z, z, a0 = points.base[supports], points.spoilers[0], points.best.alpha[supports] / (2.0 * mu)
    n, F = len(Z), slice(None) if bias == "penalised" else slice(-1)
    # Unknown are a, then k, then the bias where it is free.
    system = np.zeros((n + 2, n + 2)) if bias == "free" else np.zeros((n + 1, n + 1))
    system[:n, :n], system[:n, n] = Z[:, F] @ Z[:, F].T, -1.0
    system[n, :n] = Z[:, F] @ z[F]
    if bias == "free":
        system[:n, n + 1], system[n, n + 1], system[n + 1, :n] = Z[:, -1], z[-1], Z[:, -1]
    first = np.linalg.solve(system, np.append(-np.log(a0), np.zeros(len(system) - n)))
    second = np.linalg.solve(system, np.append(-first[:n] / a0, np.zeros(len(system) - n)))
    return PenaltyLaw(
        slope=scale * points.gamma0, constant=float(first[n]), correction=float(second[n]), margin=scale * points.gap
    )


@dataclass(frozen=True, kw_only=True)
class PenaltyThresholds:
    """Where the spoiler's side changes as M grows, C fixed: lost from `first` on, and for good from `last` on.

    The two differ where it is won back in between: with a penalty the spoiler's loss may fall as M grows.
    """

    first: float
    last: float


@checked
def penalty_thresholds(points: Spoilt, bias: Bias, C: Positive, step: Positive = 0.25) -> PenaltyThresholds:
    """Return ln M at which the optimum of the penalised unit first and last changes the spoiler's side.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    bias : {"penalised", "free"}
    C : float in (0, inf)
        Weight of the summed loss against |w|^2 / 2.
    step : float in (0, inf)
        Steps of ln M in which a change of sides is looked for; two changes within one step are not seen.

    Returns
    -------
    PenaltyThresholds
        To 1e-10; inf where the spoiler stays right at every M up to e^40 times that of the law.

    Raises
    ------
    BadInput
        For several spoilers, points that are not separable, or numbers outside their ranges.
    """
    law = penalty_law(points, bias)
    top = (0.0 if np.isinf(law.slope) else law.slope * C) + 40.0
    grid = np.arange(-20.0, top + step, step)
    unit = PenalisedUnit(points, bias, C)
    sides = []
    for ln_M in grid:
        sides.append(unit.spoiler_margin(float(ln_M)) > 0.0)
    changes = np.flatnonzero(np.diff(sides))
    if not len(changes):
        return PenaltyThresholds(first=np.inf, last=np.inf)
    first, last = (
        float(brentq(unit.spoiler_margin, grid[k], grid[k + 1], xtol=1e-11)) for k in (changes[0], changes[-1])
    )
    return PenaltyThresholds(first=first, last=last if not sides[-1] else np.inf)


class PenalisedUnit:
    """The optimum of the penalised unit as M changes, each found by Newton's method from the one before."""

    def __init__(self, points: Spoilt, bias: Bias, C: float) -> None:
        self.Z = np.vstack([points.base, points.spoilers])
        self.penalty = np.ones(self.Z.shape[1]) / C
        self.penalty[-1] *= bias == "penalised"
        self.w = np.zeros(self.Z.shape[1])

    def spoiler_margin(self, ln_M: float) -> float:
        """Return z_s.w at the optimum."""
        self.w = self._minimise(np.append(np.full(len(self.Z) - 1, np.exp(ln_M)), 1.0), self.w)
        return float(self.Z[-1] @ self.w)

    def _minimise(self, weight: Floats, w: Floats) -> Floats:
        value, last = self._value(weight, w), np.inf
        for _ in range(1000):
            pull = weight * expit(-self.Z @ w)
            gradient = self.penalty * w - pull @ self.Z
            hessian = np.diag(self.penalty) + self.Z.T @ ((pull * expit(self.Z @ w))[:, None] * self.Z)
            step = cho_solve(cho_factor(hessian), -gradient)
            length = float(np.abs(step).max())
            if -gradient @ step <= 1e-9 * value:  # values no longer tell steps apart: whole ones, until rounding
                if length >= last / 2.0:
                    return w
                w, last = w + step, length
                continue
            size, slope = 1.0, gradient @ step
            while (lower := self._value(weight, w + size * step)) > value + 1e-4 * size * slope:
                size /= 2.0
            w, value = w + size * step, lower
        return w

    def _value(self, weight: Floats, w: Floats) -> float:
        return float(w @ (self.penalty * w) / 2.0 + weight @ np.logaddexp(0.0, -self.Z @ w))
