"""The law of the ignored spoiler for a penalty: how many base points outvote one, as C grows.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets.
The weights minimise |w|^2 / 2 + C (M sum_i loss(z_i.w) + loss(z_s.w)), the bias counted in |w| or not. A bound in the
ball has the same optima, so the same expansion gives its law one term more than `study.law.bound` has.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from study.checks import BadInput, as_floats, checked, within
from study.datasets.dataset import Floats, check_broadcast
from study.law.conflict import FreeShape, Spoilt, normal_of, one_spoiler_in, spread_multipliers
from study.trainers.losses import Bias
from study.trainers.sigmoid_unit import sigmoid_unit

SHAPES: dict[Bias, FreeShape] = {"penalised": "ball", "free": "free-bias ball"}


@dataclass(frozen=True, kw_only=True)
class StraightLaw:
    """What the law says of ln M*, the weight of each base point above which the spoiler stays wrong, as a limit grows.

    The limit is C, the weight of the loss against the penalty, or R, the bound.

    Parameters
    ----------
    slope : float
        ln M* grows by this for each unit of the limit.
    constant : float
        k0.
    correction, second : float
        k1 and k2: the next terms are k1 / limit and k2 / limit^2.
    margins, sizes : ndarray of shape (n_others,)
        The pull of another base point, which the law leaves out, moves ln M* by about size limit^power
        e^-(limit margin).
    power : float
        1 for the penalty, under which a pull works on weights that grow with C; 0 for the bound.
    """

    slope: float
    constant: float
    correction: float
    second: float
    margins: Floats
    sizes: Floats
    power: float

    def ln_threshold(self, limit: float) -> float:
        """Return slope limit + k0."""
        return self.slope * limit + self.constant

    def error(self, limit: float) -> float:
        """Return the size to be expected of the error of `ln_threshold`: k1, k2, the pulls left out, and 1 / M*."""
        left_out = limit**self.power * (self.sizes @ np.exp(-limit * self.margins))
        series = abs(self.correction) / limit + abs(self.second) / limit**2
        return series + float(left_out + np.exp(-self.ln_threshold(limit)))


def _without_constants(slope: float, constant: float) -> StraightLaw:
    """Return a law of which only the slope is known."""
    none = np.zeros(0)
    return StraightLaw(
        slope=slope, constant=constant, correction=constant, second=constant, margins=none, sizes=none, power=0.0
    )


@checked
def penalty_law(points: Spoilt, bias: Bias) -> StraightLaw:
    """Return the law of ln M* = gamma0^2 C / (2 mu) + k0 + k1 / C + O(1 / C^2) for one spoiler.

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
        geometry); the slope stands, mu being that which goes with the alpha of largest entropy.

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
    points = one_spoiler_in(SHAPES[bias], points)
    if not points.conflict:
        return _without_constants(np.inf, 0.0)
    if not points.regular:
        return _without_constants(points.gamma0**2 / (2.0 * _spread_mu(points)), np.nan)
    scale = points.gamma0 / (2.0 * float(points.best.mu[0]))  # |w| for each unit of C
    series = _series(points)
    return StraightLaw(
        slope=scale * points.gamma0,
        constant=series.k0,
        correction=series.k1,
        second=series.k2,
        margins=scale * points.excess,
        sizes=np.abs(series.response) * series.pull,
        power=1.0,
    )


@checked
def ball_law(points: Spoilt) -> StraightLaw:
    """Return the law of ln M* = gamma0 R - H - ln(2 mu) + k1 / R + O(1 / R^2) in a ball, for one spoiler.

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
    points = one_spoiler_in("ball", points)
    if not points.conflict:
        return _without_constants(np.inf, 0.0)
    if not points.regular:
        return _without_constants(points.gamma0, np.nan)
    series, mu = _series(points), float(points.best.mu[0])
    along = points.gamma0 * float(series.a1.sum())  # v0.S1
    S1 = series.a1 @ points.base[points.supports]
    return StraightLaw(
        slope=points.gamma0,
        constant=-points.entropy - float(np.log(2.0 * mu)),
        correction=points.gamma0 / 2.0 * float(2.0 * series.a1.sum() - S1 @ S1 + along**2),
        second=series.k2 * (points.gamma0 / (2.0 * mu)) ** 2,  # its size only
        margins=points.excess,
        sizes=2.0 * mu * series.pull * np.exp(along * points.excess),
        power=0.0,
    )


def _spread_mu(points: Spoilt) -> float:
    """Return the multiplier of the spoiler that goes with the alpha of largest entropy."""
    alpha, _ = spread_multipliers(points, points.best, points.spoilers)
    z = points.spoilers[0]
    return float(z @ (points.gamma0 * normal_of(points, points.best.v) - alpha @ points.base) / (z @ z))


@dataclass(frozen=True, kw_only=True)
class _Series:
    """The expansion at a threshold of the penalty: a1 of the supports, k0, k1, k2, and what it leaves out.

    Each other base point pulls like pull e^-(C margin), and moves ln M* by response C times as much.
    """

    a1: Floats
    k0: float
    k1: float
    k2: float
    pull: Floats
    response: Floats


def _series(points: Spoilt) -> _Series:
    """Return the expansion for points that are regular, in the geometry of their shape."""
    supports, z, is_free = points.supports, points.spoilers[0], points.shape != "ball"
    Z, others = points.base[supports], points.base[~supports]
    a0 = points.best.alpha[supports] / (2.0 * float(points.best.mu[0]))
    n, F = len(Z), slice(-1) if is_free else slice(None)
    # Unknown are a, then k, then the bias where it is free.
    system = np.zeros((n + 1 + is_free, n + 1 + is_free))
    system[:n, :n], system[:n, n] = Z[:, F] @ Z[:, F].T, -1.0
    system[n, :n] = Z[:, F] @ z[F]
    if is_free:
        system[:n, n + 1], system[n, n + 1], system[n + 1, :n] = Z[:, -1], z[-1], Z[:, -1]
    rest = np.zeros(len(system) - n)
    first = np.linalg.solve(system, np.append(-np.log(a0), rest))
    second = np.linalg.solve(system, np.append(-first[:n] / a0, rest))
    ratio = first[:n] / a0  # ln a = ln a0 + ratio / C + (a2 / a0 - ratio^2 / 2) / C^2
    third = np.linalg.solve(system, np.append(ratio**2 / 2.0 - second[:n] / a0, rest))
    pulled = np.vstack([Z[:, F] @ others[:, F].T, others[:, F] @ z[F], others[:, -1]])[: len(system)]
    shift = others[:, F] @ (first[:n] @ Z[:, F]) + (first[n + 1] * others[:, -1] if is_free else 0.0)
    return _Series(
        a1=first[:n],
        k0=float(first[n]),
        k1=float(second[n]),
        k2=float(third[n]),
        pull=np.exp(float(first[n]) - shift),
        response=np.linalg.solve(system, -pulled)[n],
    )


@dataclass(frozen=True, kw_only=True)
class PenaltyThresholds:
    """Where the spoiler's side changes as M grows, C fixed: wrong from `first` on, and for good from `last` on.

    The two differ where it is won back in between: with a penalty the spoiler's loss may fall as M grows.

    Parameters
    ----------
    first, last : float
        ln M; inf where the spoiler stays right.
    """

    first: float
    last: float


@checked
def penalty_thresholds(
    points: Spoilt,
    bias: Bias,
    C: Annotated[float, within("[1/1000000, 1000000]")],
    step: Annotated[float, within("[1/100, 100]")] = 0.25,
) -> PenaltyThresholds:
    """Return ln M at which the optimum of the penalised unit first and last changes the spoiler's side.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    bias : {"penalised", "free"}
    C : float in [1/1000000, 1000000]
        Weight of the summed loss against |w|^2 / 2.
    step : float in [1/100, 100]
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

    def margin(ln_M: ArrayLike) -> Floats:
        return np.asarray(penalised_optimum(points, bias, ln_M, C) @ points.spoilers[0])

    sides = margin(grid) > 0.0
    changes = np.flatnonzero(np.diff(sides))
    if not len(changes):
        return PenaltyThresholds(first=np.inf, last=np.inf)
    beside = step / 100.0  # so that a threshold on the grid is bracketed too
    first, last = (
        float(brentq(margin, grid[k] - beside, grid[k + 1] + beside, xtol=1e-11)) for k in (changes[0], changes[-1])
    )
    return PenaltyThresholds(first=first, last=last if not sides[-1] else np.inf)


@checked
def penalised_optimum(points: Spoilt, bias: Bias, ln_M: ArrayLike, Cs: ArrayLike) -> Floats:
    """Return the optimum of the penalised unit.

    Parameters
    ----------
    points : Spoilt
        Their own shape does not matter.
    bias : {"penalised", "free"}
    ln_M : array_like of shape (...)
        The logarithm of the weight of each base point; spoilers have weight 1.
    Cs : array_like of shape (...)
        Weight of the summed loss against |w|^2 / 2; positive.

    Returns
    -------
    ndarray of shape (..., n_features + 1)
        The weights, the bias last.

    Raises
    ------
    BadInput
        For shapes that do not broadcast, and weights that leave the range of floats.
    """
    Z = np.vstack([points.base, points.spoilers])
    X, y, is_base = Z[:, :-1] * Z[:, -1:], Z[:, -1], np.arange(len(Z)) < len(points.base)
    each, ln_each = (as_floats(name, values)[..., None] for name, values in (("Cs", Cs), ("ln_M", ln_M)))
    check_broadcast("Cs", each, (*ln_each.shape[:-1], 1))
    if not (np.isfinite(each) & (each > 0.0)).all():
        raise BadInput(f"`Cs` must be positive and finite; got {each[..., 0].min()}")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        weight = each * np.where(is_base, np.exp(ln_each), 1.0)
        inverse = 1.0 / weight.sum(axis=-1)
    if not weight.size or not (np.isfinite(inverse) & (inverse > 0.0) & (weight > 0.0).all(axis=-1)).all():
        raise BadInput(
            f"`ln_M` and `Cs` must hold numbers that make positive and finite weights; got {ln_M!r} and {Cs!r}"
        )
    return sigmoid_unit(X, y, sample_weight=weight, C=1.0, bias=bias, method="compiled").w
