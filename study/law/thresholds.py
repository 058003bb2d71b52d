"""The threshold M* itself: the weight of each base point up to which the global optimum gets the spoiler right."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from study.checks import BadInput, Positive, checked, one_of
from study.datasets.dataset import Floats
from study.law.bound import LOSSES
from study.law.conflict import Spoilt, check_one_spoiler, largest_margin, multiplier_of_spoiler
from study.law.tail import TAILS, Tail, log_tail_of_margin
from study.trainers.bounded import slsqp
from study.trainers.log_loss import log_loss_of_margin
from study.trainers.losses import Loss

MarginLoss = Annotated[Loss | Tail, partial(one_of, allowed=(*LOSSES, *TAILS))]
CONVEX = ("cross-entropy", "inverse", "inverse-square")
SLOPES: dict[str, float] = {
    "cross-entropy": 0.5,
    "quadratic": 0.125,
    **{name: one.slope for name, one in TAILS.items()},
}
"""Minus the slope of each loss at margin zero."""
TIE = 1e-9
"""Losses that differ by less than this share are not told apart."""


@checked
def threshold(points: Spoilt, loss: MarginLoss, weight_bound: Positive) -> float:
    """Return ln M*: below it the spoiler is right at every global optimum in R W, above it wrong at every one.

    Parameters
    ----------
    points, weight_bound
        As in `study.law.bound.asymptote`; one spoiler only.
    loss : {"cross-entropy", "quadratic", "inverse", "inverse-square", "arctan"}
        The first two with hard targets; the others are those of `study.law.tail`.

    Returns
    -------
    float
        inf where the base's own optimum gets the spoiler right.

    Raises
    ------
    BadInput
        For another loss, several spoilers, points that are not separable, a bound that is not positive, or one at which
        floats do not tell the losses apart.

    Notes
    -----
    Where the spoiler's margin passes through zero as M grows, M* = -loss'(0) / lambda, with lambda the multiplier of
    z_s.w = 0 in min {sum_i loss(z_i.w): w in R W, z_s.w = 0}; for the convex losses this is exact. For the quadratic
    loss and arctan the margin may jump: then the lowest losses on both sides of zero are made equal. They are the
    lowest that were found, from several starts; scipy's SLSQP on the logarithm of the loss finds them.
    """
    check_one_spoiler(points)
    problem = SideSearch(points, loss, weight_bound)
    _, tie = problem.lowest(np.inf, 0.0, [points.best.v])  # of the base alone, the spoiler on the boundary
    multiplier = problem.ln_multiplier(tie)
    continuous = np.log(SLOPES[loss]) - multiplier if np.isfinite(multiplier) else np.inf
    if loss in CONVEX:
        return continuous
    return problem.crossing(continuous, tie)


class SideSearch:
    """The loss on base points of weight M and the spoiler, in coordinates v = w / R."""

    def __init__(self, points: Spoilt, loss: MarginLoss, R: float) -> None:
        self.points, self.R = points, R
        self.loss: MarginLoss = loss
        lifted = [largest_margin(points.base, points.spoilers, points.shape, lift).v for lift in (1.0, 0.1)]
        self.right = lifted
        self.wrong = [points.without.v, (points.without.v + points.best.v) / 2.0]

    def log_loss(self, v: Floats, ln_M: float) -> tuple[float, Floats]:
        """Return ln of M sum_i loss(z_i.w) + loss(z_s.w), and its gradient; `ln_M` inf leaves the spoiler out."""
        Z = self.points.base if ln_M == np.inf else np.vstack([self.points.base, self.points.spoilers])
        ln_weight = np.zeros(len(Z))
        ln_weight[: len(self.points.base)] = 0.0 if ln_M == np.inf else ln_M
        ln_loss, ratio = self.ln_loss(self.R * (Z @ v))
        value = logsumexp(ln_weight + ln_loss)
        return float(value), self.R * (np.exp(ln_weight + ln_loss - value) * ratio) @ Z

    def lowest(self, ln_M: float, side: float, starts: Sequence[Floats]) -> tuple[float, Floats]:
        """Return the lowest ln loss found, and where, with side * z_s.v >= 0; or z_s.v = 0 for side 0."""
        row = self.points.spoilers[0] / np.abs(self.points.spoilers[0]).max()
        held = ("ineq", side * row) if side else ("eq", row)
        answers = [
            slsqp(
                lambda v: self.log_loss(v, ln_M),
                v,
                "both" if self.points.shape == "ball" else self.points.shape,
                max_steps=200,
                ftol=1e-13,
                held=[held],
            )
            for v in starts
        ]
        best = min(answers, key=lambda answer: float(answer.fun))
        return float(best.fun), np.asarray(best.x)

    def ln_loss(self, m: Floats) -> tuple[Floats, Floats]:
        """Return ln of a sample's loss and its slope divided by it, at margins m."""
        if self.loss == "inverse" or self.loss == "inverse-square" or self.loss == "arctan":
            return log_tail_of_margin(self.loss, m)
        return log_loss_of_margin(self.loss, m)

    def ln_multiplier(self, v: Floats) -> float:
        """Return ln of the largest multiplier of z_s.w = 0 at `v`, -inf where none is positive."""
        ln_loss, ratio = self.ln_loss(self.R * (self.points.base @ v))
        size = float(ln_loss.max())
        value = multiplier_of_spoiler(self.points, v, -(np.exp(ln_loss - size) * ratio) @ self.points.base)
        return float(np.log(value) + size) if value > 0.0 else -np.inf

    def crossing(self, continuous: float, tie: Floats) -> float:
        """Return where the lowest losses with the spoiler right and wrong are equal, `continuous` if it is there."""

        def excess(ln_M: float) -> float:
            right = self.lowest(ln_M, 1.0, [*self.right, tie])[0]
            return right - self.lowest(ln_M, -1.0, [*self.wrong, tie])[0]

        start = continuous if np.isfinite(continuous) else 2.0 * self.points.gamma0 * self.R
        here = excess(start)
        if abs(here) <= TIE and np.isfinite(continuous):
            return continuous
        if excess(np.inf) <= TIE:
            return np.inf
        step = 1.0 if here < 0.0 else -1.0
        other = start + step
        while not (crossed := excess(other) * here <= 0.0) and abs(other) < 1e4:
            other += step
        if not crossed:
            raise BadInput(f"`weight_bound` must be one at which floats tell the losses apart; got {self.R:g}")
        return float(brentq(excess, start, other, xtol=1e-8))
