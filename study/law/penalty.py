"""The law of the ignored spoiler for a penalty: how many base points outvote one, as C grows.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets.
The weights minimise |w|^2 / 2 + C (M sum_i loss(z_i.w) + loss(z_s.w)), the bias counted in |w| or not. A bound in the
ball has the same optima, so the same expansion gives its law one term more than `study.law.bound` has.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from study.checks import Positive, checked
from study.datasets.dataset import Floats
from study.law.conflict import FreeShape, Spoilt, check_one_spoiler

Bias = Literal["penalised", "free"]
SHAPES: dict[Bias, FreeShape] = {"penalised": "ball", "free": "free-bias ball"}


@dataclass(frozen=True, kw_only=True)
class StraightLaw:
    """What the law says of ln M*, the weight of each base point above which the spoiler stays wrong, as a brake grows.

    The brake is C, the weight of the loss against the penalty, or R, the bound.

    Parameters
    ----------
    slope : float
        ln M* grows by this for each unit of the brake.
    constant : float
        k0.
    correction : float
        k1: the next term is k1 divided by the brake.
    margin : float
        The next base margin exceeds the supports' by this much for each unit of the brake; e^-(brake margin) is the
        share of their pull that the law leaves out. inf where every base point is a support.
    """

    slope: float
    constant: float
    correction: float
    margin: float

    def ln_threshold(self, brake: float) -> float:
        """Return slope brake + k0."""
        return self.slope * brake + self.constant

    def error(self, brake: float) -> float:
        """Return the size to be expected of the error of `ln_threshold`: |k1| / brake + e^-(brake margin) + 1 / M*."""
        left_out = np.exp(-brake * self.margin) + np.exp(-self.ln_threshold(brake))
        return abs(self.correction) / brake + float(left_out)


NO_CONFLICT = StraightLaw(slope=np.inf, constant=0.0, correction=0.0, margin=0.0)


@checked
def penalty_law(points: Spoilt, bias: Bias) -> StraightLaw:
    """Return the law of ln M* = gamma0^2 C / (2 mu) + k0 + k1 / C + ... for one spoiler.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    bias : {"penalised", "free"}
        Whether the bias counts in |w|. Free is scikit-learn's LogisticRegression(C=C); penalised is liblinear's.

    Returns
    -------
    StraightLaw
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
        return NO_CONFLICT
    scale = points.gamma0 / (2.0 * float(points.best.mu[0]))  # |w| for each unit of C
    _, k0, k1 = _pulls(points) if points.regular else (None, np.nan, np.nan)
    return StraightLaw(slope=scale * points.gamma0, constant=k0, correction=k1, margin=scale * points.gap)


@checked
def ball_law(points: Spoilt) -> StraightLaw:
    """Return the law of ln M* = gamma0 R - H - ln(2 mu) + k1 / R + ... in the ball of radius R, for one spoiler.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.

    Returns
    -------
    StraightLaw
        As `penalty_law` returns it, the bound R in place of C.

    Raises
    ------
    BadInput
        For several spoilers, or points that are not separable.

    Notes
    -----
    The optimum of the penalty is that of the bound R = |w|. With w = C (S0 + S1 / C + S2 / C^2) from the expansion of
    `penalty_law`, |S0| = gamma0 / (2 mu) and S0 along v0, R is a series in C; put into the law of C it gives

        k1 = (gamma0 / 2) (2 sum_i a1_i - |S1|^2 + (v0.S1)^2),  v0.S1 = gamma0 sum_i a1_i.
    """
    check_one_spoiler(points)
    points = replace(points, shape="ball")
    if not points.conflict:
        return NO_CONFLICT
    constant = -points.entropy - float(np.log(2.0 * points.best.mu[0]))
    k1 = np.nan
    if points.regular:
        a1, _, _ = _pulls(points)
        along, S1 = points.gamma0 * float(a1.sum()), a1 @ points.base[points.supports]
        k1 = points.gamma0 / 2.0 * float(2.0 * a1.sum() - S1 @ S1 + along**2)
    else:
        constant = np.nan
    return StraightLaw(slope=points.gamma0, constant=constant, correction=k1, margin=points.gap)


def _pulls(points: Spoilt) -> tuple[Floats, float, float]:
    """Return a1 of the supports, k0 and k1 of the penalty's expansion; `points` in its geometry, and regular."""
    supports, z, is_free = points.supports, points.spoilers[0], points.shape != "ball"
    Z, a0 = points.base[supports], points.best.alpha[supports] / (2.0 * float(points.best.mu[0]))
    n, F = len(Z), slice(-1) if is_free else slice(None)
    # Unknown are a, then k, then the bias where it is free.
    system = np.zeros((n + 1 + is_free, n + 1 + is_free))
    system[:n, :n], system[:n, n] = Z[:, F] @ Z[:, F].T, -1.0
    system[n, :n] = Z[:, F] @ z[F]
    if is_free:
        system[:n, n + 1], system[n, n + 1], system[n + 1, :n] = Z[:, -1], z[-1], Z[:, -1]
    others = np.zeros(len(system) - n)
    first = np.linalg.solve(system, np.append(-np.log(a0), others))
    second = np.linalg.solve(system, np.append(-first[:n] / a0, others))
    return first[:n], float(first[n]), float(second[n])


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
    unit = PenalisedUnit(points, bias)

    def margin(ln_M: float) -> float:
        return float(points.spoilers[0] @ unit.optimum(ln_M, C))

    sides = [margin(float(ln_M)) > 0.0 for ln_M in grid]
    changes = np.flatnonzero(np.diff(sides))
    if not len(changes):
        return PenaltyThresholds(first=np.inf, last=np.inf)
    beside = step / 100.0  # so that a threshold on the grid is bracketed too
    first, last = (
        float(brentq(margin, grid[k] - beside, grid[k + 1] + beside, xtol=1e-11)) for k in (changes[0], changes[-1])
    )
    return PenaltyThresholds(first=first, last=last if not sides[-1] else np.inf)


class PenalisedUnit:
    """The optimum of the penalised unit as M or C changes, each found by Newton's method from the one before."""

    def __init__(self, points: Spoilt, bias: Bias) -> None:
        self.Z = np.vstack([points.base, points.spoilers])
        self.is_base = np.arange(len(self.Z)) < len(points.base)
        self.counted = np.ones(self.Z.shape[1])  # 1 for the weights that count in |w|
        self.counted[-1] *= bias == "penalised"
        self.w = np.zeros(self.Z.shape[1])

    def optimum(self, ln_M: float, C: float) -> Floats:
        """Return the weights."""
        self.penalty = self.counted / C
        weight = np.where(self.is_base, np.exp(ln_M), 1.0)
        least, wanted = float((self.Z[self.is_base] @ self.w).min()), ln_M + float(np.log(C))
        if 0.0 < least < wanted:  # so that base points pull like 1 / C, not like M, and all curvatures are felt
            self.w = self.w * (wanted / least)
        self.w = self._minimise(weight, min(self.w, 0.0 * self.w, key=lambda w: self._value(weight, w)))
        return self.w

    def _minimise(self, weight: Floats, w: Floats) -> Floats:
        value, last = self._value(weight, w), np.inf
        for _ in range(1000):
            pull = weight * expit(-self.Z @ w)
            gradient = self.penalty * w - pull @ self.Z
            hessian = np.diag(self.penalty) + self.Z.T @ ((pull * expit(self.Z @ w))[:, None] * self.Z)
            step, _, rank, _ = np.linalg.lstsq(hessian, -gradient, rcond=1e-15)  # far out it may be singular
            if rank < len(w) and -gradient @ step <= 1e-9 * value:  # where curvature is lost, its upper bound serves
                steepest = np.diag(self.penalty) + self.Z.T @ (weight[:, None] / 4.0 * self.Z)
                step = np.linalg.lstsq(steepest, -gradient, rcond=1e-15)[0]
            length = float(np.abs(step).max())
            if rank == len(w) and -gradient @ step <= 1e-9 * value:  # values do not tell steps apart: until rounding
                if length >= last / 2.0:
                    return w
                w, last = w + step, length
                continue
            most = 2.0 * float(np.abs(self.Z @ w).max()) + 5.0  # that a margin may change
            size, slope = min(1.0, most / float(np.abs(self.Z @ step).max())), gradient @ step
            while (lower := self._value(weight, w + size * step)) > value + 1e-4 * size * slope:
                size /= 2.0
            w, value = w + size * step, lower
        return w

    def _value(self, weight: Floats, w: Floats) -> float:
        return float(w @ (self.penalty * w) / 2.0 + weight @ np.logaddexp(0.0, -self.Z @ w))
