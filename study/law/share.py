"""How much of the loss is the spoiler's own, at the bounded optimum: small only far beyond the threshold.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets,
and weights in the ball of radius R. The share is loss(z_s.w) / (M sum_i loss(z_i.w) + loss(z_s.w)).
"""

from typing import Annotated

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from study.checks import Positive, Share, checked, within
from study.datasets.dataset import Floats
from study.law.conflict import Spoilt, one_spoiler_in, spread_multipliers
from study.law.penalty import penalised_optimum
from study.trainers.log_loss import log_loss_of_margin


@checked
def share_near_threshold(
    mu: Annotated[float, within("[1/1000000, 1000000]")], beyond: Annotated[float, within("[-100000, 100000]")] = 0.0
) -> float:
    """Return the limit of the share as R grows, `beyond` the threshold ln M*.

    Parameters
    ----------
    mu : float in [1/1000000, 1000000]
        The multiplier of the spoiler.
    beyond : float in [-100000, 100000]
        ln M - ln M*, which stays fixed as R grows.

    Returns
    -------
    float
        ln 2 / (ln 2 + 1 / (2 mu)) at the threshold; mu / (1 + mu) far below it, and 1 far beyond.

    Raises
    ------
    BadInput
        For numbers outside their ranges.

    Notes
    -----
    With M = K e^(gamma0 R - H) the loss tends to K e^(mu s) + ln(1 + e^-s), s the margin of the spoiler. It is least
    where K mu e^(mu s) = sigma(-s), so that the base's part is sigma(-s) / mu; at the threshold s = 0 and K = 1/(2 mu).
    """
    s = brentq(
        lambda s: mu * s + np.logaddexp(0.0, s) - np.log(2.0) + beyond, *_between(mu, beyond), xtol=1e-13, maxiter=1000
    )
    pull = float(expit(-s) / np.logaddexp(0.0, -s)) if s < 40.0 else 1.0  # for each unit of the spoiler's loss
    return 1.0 / (1.0 + pull / mu)


def _between(mu: float, beyond: float) -> tuple[float, float]:
    """Return a margin below and one above that at which mu s + ln(1 + e^s) - ln 2 + beyond is zero."""
    far = (abs(beyond) + 1.0) / mu
    return -far, far


@checked
def insignificant_from(points: Spoilt, weight_bound: Positive, share: Share) -> float:
    """Return the leading order of ln M from which the spoiler's share of the loss is below a given one.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    weight_bound : float in (0, inf)
        The bound R.
    share : float in (0, 1)

    Returns
    -------
    float
        gamma1 R + ln((1 / share - 1) R |s*|) - H1, its error of order 1 / R; -inf where the base takes the spoiler's
        side, whose loss falls with R like the base's.

    Raises
    ------
    BadInput
        For several spoilers, or numbers outside their ranges.

    Notes
    -----
    The spoiler, given up, costs R |s*|, and the base alone M e^(H1 - gamma1 R), where e^H1 is the least of
    sum_i e^(-z_i.u) over the base points of least margin at v1 and u orthogonal to v1: H1 is the largest entropy of
    their multipliers, ln k where k points support v1 alike.
    """
    points = one_spoiler_in("ball", points)
    if points.spoiler_margin >= 0.0:
        return -np.inf
    _, entropy = spread_multipliers(points, points.without, points.spoilers[:0])
    excess = np.log(1.0 / share - 1.0) + np.log(-weight_bound * points.spoiler_margin)
    return points.gamma1 * weight_bound + float(excess) - entropy


class BoundedShares:
    """The bounded optimum in the ball along M, found as that of the penalty whose weights have norm R."""

    def __init__(self, points: Spoilt, weight_bound: float) -> None:
        self.points, self.R, self.ln_C = points, weight_bound, 0.0

    def optimum(self, ln_M: float) -> Floats:
        """Return the weights."""

        def excess(ln_C: float) -> float:
            return float(np.linalg.norm(penalised_optimum(self.points, "penalised", ln_M, np.exp(ln_C)))) - self.R

        low, high = self.ln_C - 0.5, self.ln_C + 0.5
        while excess(low) > 0.0:
            low -= 1.0
        while excess(high) < 0.0:
            high += 1.0
        self.ln_C = float(brentq(excess, low, high, xtol=1e-12))
        return penalised_optimum(self.points, "penalised", ln_M, np.exp(self.ln_C))

    def losses(self, ln_M: float) -> tuple[float, float]:
        """Return the spoiler's own loss and the base's, M times the sum."""
        Z = np.vstack([self.points.base, self.points.spoilers])
        ln_loss, _ = log_loss_of_margin("cross-entropy", Z @ self.optimum(ln_M))
        return float(np.exp(ln_loss[-1])), float(np.exp(ln_M + logsumexp(ln_loss[:-1])))

    def share(self, ln_M: float) -> float:
        """Return the spoiler's share of the loss."""
        own, base = self.losses(ln_M)
        return own / (own + base)
