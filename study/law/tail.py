"""The law of the ignored spoiler for other losses in a bound: their tail decides how many base points outvote one.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; weights w in R W. A loss whose tail is
c m^-q lets M* grow like a power of the bound R; only the losses of the logistic unit, whose tail is exponential, follow
`study.law.bound`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from study.checks import Positive, checked
from study.datasets.dataset import Floats
from study.law.conflict import TIGHT, Spoilt, check_one_spoiler, multiplier_of_spoiler
from study.trainers.bounded import slsqp

Tail = Literal["inverse", "inverse-square", "arctan"]


@dataclass(frozen=True, kw_only=True)
class TailedLoss:
    """A loss of the margin m that falls to zero like coefficient * m^-power.

    Parameters
    ----------
    power, coefficient : float
    slope : float
        Of -loss at m = 0.
    limit : float
        The loss as m falls to minus infinity; inf for the convex ones.
    """

    power: float
    coefficient: float
    slope: float
    limit: float


TAILS: dict[Tail, TailedLoss] = {
    "inverse": TailedLoss(power=1.0, coefficient=1.0, slope=1.0, limit=np.inf),
    "inverse-square": TailedLoss(power=2.0, coefficient=0.5, slope=1.0, limit=np.inf),
    "arctan": TailedLoss(power=2.0, coefficient=0.5 / np.pi**2, slope=0.5 / np.pi, limit=0.5),
}
"""1 / (1 + m) and 1 / (2 (1 + m)^2), each continued by its tangent below m = 0; 1/2 (1/2 - arctan(m) / pi)^2, which is
the quadratic loss of a unit whose sigmoid is 1/2 + arctan / pi."""


def log_tail_of_margin(tail: Tail, m: Floats) -> tuple[Floats, Floats]:
    """Return ln of a sample's loss and its slope divided by it, for margins of any size."""
    if tail == "arctan":
        output = np.where(m > 1.0, np.arctan(1.0 / np.where(m > 1.0, m, 1.0)), np.pi / 2.0 - np.arctan(m))
        return 2.0 * np.log(output / np.pi) - np.log(2.0), -2.0 / ((1.0 + m * m) * output)
    q = TAILS[tail].power
    right = np.maximum(m, 0.0)
    wrong = 1.0 / q - np.minimum(m, 0.0)  # the tangent has slope -1
    ln_loss = np.where(m >= 0.0, -np.log(q) - q * np.log1p(right), np.log(wrong))
    return ln_loss, np.where(m >= 0.0, -q / (1.0 + right), -1.0 / wrong)


@checked
def tail_law(points: Spoilt, tail: Tail, weight_bound: Positive) -> float:
    """Return the leading order of ln M* for a loss with a power tail.

    Parameters
    ----------
    points : Spoilt
        With one spoiler.
    tail : {"inverse", "inverse-square", "arctan"}
    weight_bound : float in (0, inf)
        The bound R.

    Returns
    -------
    float
        (q + 1) ln R + a constant for the convex losses, with an error of order 1 / R; 2 ln R + a constant for arctan,
        with one of order R^(-2/3). inf where B is least with the spoiler right: far points matter there, so it
        may be so under conflict, and not so without.

    Raises
    ------
    BadInput
        For several spoilers, points that are not separable, or a bound that is not positive.

    Notes
    -----
    Let B(v) = sum_i (z_i.v)^-q, B0 the least of it over v in W with z_s.v = 0, lambda the multiplier of that equation,
    and B1 the least of it over W. A convex loss has M* -> slope R^(q+1) / (c lambda): M times the pull of the base
    balances the spoiler's slope at zero. The bounded loss gives the spoiler up by a jump: M* -> limit R^q /
    (c (B0 - B1)). Every base point counts, however far, where an exponential tail leaves the supports alone.
    """
    check_one_spoiler(points)
    loss, z = TAILS[tail], points.spoilers[0]
    size = float(np.abs(z).max())
    free = _least_tail(points, loss.power, points.without.v, [])
    if z @ free >= -TIGHT * size:
        return np.inf
    tied = _least_tail(points, loss.power, points.best.v, [("eq", z / size)])
    if np.isinf(loss.limit):
        pull = loss.power * (points.base @ tied) ** (-loss.power - 1.0) @ points.base
        balance = loss.slope / (loss.coefficient * multiplier_of_spoiler(points, tied, pull))
        return float(np.log(balance) + (loss.power + 1.0) * np.log(weight_bound))
    excess = float(((points.base @ tied) ** -loss.power).sum() - ((points.base @ free) ** -loss.power).sum())
    return float(np.log(loss.limit / (loss.coefficient * excess)) + loss.power * np.log(weight_bound))


def _least_tail(points: Spoilt, power: float, start: Floats, held: list[tuple[str, Floats]]) -> Floats:
    """Return v in W of the least sum_i (z_i.v)^-power, by the logarithm of it, which falls without end at no v."""

    def ln_tail(v: Floats) -> tuple[float, Floats]:
        margins = points.base @ v
        if margins.min() <= 0.0:
            return np.inf, np.zeros_like(v)
        share = margins**-power
        return float(np.log(share.sum())), -power * (share / margins) @ points.base / share.sum()

    return np.asarray(slsqp(ln_tail, start, points.shape, held=held, max_steps=500, ftol=1e-15).x)
