"""The law of the ignored spoiler for time: how long descent goes until it gets the spoiler right.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets,
summed; gradient flow dw/dt = -gradient from w = 0. With L = ln M, w = L u and t = L tau, u cannot leave
U = {u : z_i.u >= 1 for all i}, and the spoiler is a constant pull while it is wrong: u follows Moreau's sweeping
process du/dtau in z_s - N_U(u) from the least-norm point of U [1]_.

References
----------
.. [1] J. J. Moreau, "Evolution problem associated with a moving convex set in a Hilbert space", Journal of
   Differential Equations 26, 1977.
"""

import threading
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import lsq_linear
from scipy.special import expit

from study.checks import checked, within
from study.datasets.dataset import Floats
from study.law.bound import HardLoss
from study.law.conflict import TIGHT, Spoilt, check_one_spoiler, one_spoiler_in

_ONE = threading.Lock()
"""SciPy before 1.17 keeps LSODA's state in one place for all threads."""
ON_WALL = 1e-9
"""How near to 1 a margin counts as one, and how small a velocity as none, beside the sizes of u and z_s."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepingProcess:
    """Hold the path of u, which is straight between its corners, until the spoiler's margin is zero.

    Parameters
    ----------
    tau : ndarray of shape (n_corners,)
        Times of the corners, the first 0.
    u : ndarray of shape (n_corners, n_features + 1)
        The corners.
    hitting_time : float
        tau*, at which z_s.u = 0: t* = tau* ln M + O(1). 0 without conflict.
    rate : float
        How fast the remainder of t* settles, like e^-(rate ln M). It is that of one choice of multipliers where they
        are not unique, and 0 where a point is active without one.
    """

    tau: Floats
    u: Floats
    hitting_time: float
    rate: float


@checked
def time_law(points: Spoilt) -> SweepingProcess:
    """Return the sweeping process of one spoiler, piece by piece, and the time at which the spoiler is right.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter, as descent goes by the Euclidean metric.

    Returns
    -------
    SweepingProcess

    Raises
    ------
    BadInput
        For several spoilers, or points that are not separable.

    Notes
    -----
    On each piece u moves by the projection of z_s on the directions that no active base point forbids: z_s plus the
    non-negative combination of active z_i that leaves the shortest vector. A piece ends where another base margin falls
    to 1. The spoiler's margin grows at the rate of the squared speed, so that the process is done in finitely many
    pieces: it never comes back to a set of active points.

    Four things settle like e^-(rate ln M): a base point that a corner passes at a margin of 1 + rate; a point that is
    let go, whose margin grows by the rate on that piece; the pulls a of the points held on a piece of length l, which
    relax at the least eigenvalue of diag(a) (z_i.z_j), times l; and before, while t goes from 1 / M to 1, those of the
    base alone, at that of diag(alpha) (z_i.z_j) / gamma1^2 in the logarithm of time.
    """
    points = one_spoiler_in("ball", points)
    Z, z = points.base, points.spoilers[0]
    points.gamma0  # noqa: B018 (raises where the points are not separable)
    u, tau = points.without.v / points.gamma1, 0.0
    alpha = points.without.alpha
    rate = _settling(Z, alpha / points.gamma1**2, alpha > TIGHT, 1.0)
    corners, times, before = [u], [tau], np.zeros(len(Z), dtype=bool)
    while z @ u < -ON_WALL * np.linalg.norm(z) * np.linalg.norm(u):
        margins = Z @ u
        near = margins <= 1.0 + ON_WALL * np.linalg.norm(Z, axis=1) * np.linalg.norm(u)
        pull = np.zeros(len(Z))
        pull[near] = lsq_linear(Z[near].T, -z, bounds=(0.0, np.inf), method="bvls", tol=1e-14, max_iter=1000).x
        velocity = z + pull @ Z
        rates = Z @ velocity
        falling = ~near & (rates < 0.0)
        lengths = np.append((margins[falling] - 1.0) / -rates[falling], -(z @ u) / (velocity @ velocity))
        held, length = pull > ON_WALL * pull.max(initial=0.0), float(lengths.min())
        rate = min(rate, (margins - 1.0)[~(near | before)].min(initial=np.inf), _settling(Z, pull, held, length))
        rate = min(rate, length * rates[near & ~held].min(initial=np.inf))
        u, tau, before = u + length * velocity, tau + length, near
        corners.append(u)
        times.append(tau)
    rate = max(0.0, min(rate, float((Z @ u - 1.0)[~before].min(initial=np.inf))))
    return SweepingProcess(tau=np.array(times), u=np.array(corners), hitting_time=tau, rate=rate)


def _settling(Z: Floats, pull: Floats, held: NDArray[np.bool_], length: float) -> float:
    """Return how far the pulls of the held points relax, as an exponent, on a piece of a given length."""
    root = np.sqrt(pull[held])[:, None] * Z[held]
    rank = np.linalg.matrix_rank(root, tol=1e-7) if held.any() else 0
    return length * float(np.linalg.svd(root, compute_uv=False)[:rank].min(initial=np.inf)) ** 2


@checked
def quadratic_time_exponent(points: Spoilt) -> float:
    """Return p of t* = M^p, to leading order, at which descent on the quadratic loss gets the spoiler right.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.

    Returns
    -------
    float
        p = d / (2 - d), d = -z_s.u at the least-norm u with all z_i.u >= 1; inf for d >= 2: it stays wrong. 0 for
        d <= 0, where the base takes the spoiler's side.

    Raises
    ------
    BadInput
        For several spoilers, or points that are not separable.

    Notes
    -----
    The slope of the quadratic loss is e^(-2 m) at large margins m, so that the base alone drives w = ln(M t) u / 2, and
    pulls like 1 / t. A spoiler that is wrong pulls like e^-|m| = (M t)^(-d / 2): as much as the base once
    t^(1 - d/2) = M^(d/2), and never where d > 2.
    """
    points = one_spoiler_in("ball", points)
    d = -points.spoiler_margin / points.gamma1
    return 0.0 if d <= 0.0 else float(d / (2.0 - d)) if d < 2.0 else np.inf


@checked
def time_right(
    points: Spoilt,
    ln_M: Annotated[float, within("[0, 700]")],
    loss: HardLoss = "cross-entropy",
    ln_latest: Annotated[float, within("[0, 700]")] = 30.0,
) -> float:
    """Return ln t*, where t* is the time from which on gradient flow from zero gets the spoiler right.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    ln_M : float in [0, 700]
        The logarithm of the weight of each base point; the loss is summed over points.
    loss : {"cross-entropy", "quadratic"}
        With hard targets.
    ln_latest : float in [0, 700]
        The logarithm of the time at which the flow is cut off.

    Returns
    -------
    float
        To about 1e-7; -inf where the spoiler is never wrong, inf where it is wrong at the end.

    Raises
    ------
    BadInput
        For several spoilers, or numbers outside their ranges.

    Notes
    -----
    By scipy's LSODA with the analytic Jacobian, and by its Radau in the step that t* falls in. The clock is
    x = ln(1 + M t), as the first steps are of length 1 / M; for the quadratic loss no long steps are taken, as an
    implicit method may step over the moment at which a small pull begins to win.
    """
    check_one_spoiler(points)
    Z = np.vstack([points.base, points.spoilers])
    ln_weight = np.append(np.full(len(points.base), ln_M), 0.0)
    a = 1.0 if loss == "cross-entropy" else 2.0  # -loss'(m) = sigma(-m)^a sigma(m)^(a - 1)

    def pulls(m: Floats) -> Floats:
        return np.asarray(np.exp(ln_weight - a * np.logaddexp(0.0, m) - (a - 1.0) * np.logaddexp(0.0, -m)))

    def velocity(x: float, w: Floats) -> Floats:
        return np.asarray(np.exp(x - ln_M) * (pulls(Z @ w) @ Z))

    def jacobian(x: float, w: Floats) -> Floats:
        m = Z @ w
        rates = (a - 1.0) * expit(-m) - a * expit(m)
        return np.asarray(np.exp(x - ln_M) * (Z.T * (pulls(m) * rates)) @ Z)

    options = {"jac": jacobian, "rtol": 1e-10, "atol": 1e-12}
    start = np.zeros(Z.shape[1])
    longest = np.inf if loss == "cross-entropy" else 0.25
    with _ONE:
        found = solve_ivp(
            velocity, (0.0, ln_M + ln_latest), start, "LSODA", first_step=1e-6, max_step=longest, **options
        )
    margin = Z[-1] @ found.y
    margin[0] = 1.0  # to leave zero is not to change sides
    rises = np.flatnonzero((margin[:-1] <= 0.0) & (margin[1:] > 0.0))
    if found.status < 0:  # the spoiler's pull has won, in a time of order 1 that the clock cannot tell from none
        x = float(found.t[-1])
    elif margin[-1] <= 0.0:
        return np.inf
    elif not len(rises):
        return -np.inf
    else:
        k = rises[-1]
        near = solve_ivp(
            velocity, found.t[k : k + 2], found.y[:, k], "Radau", events=lambda _, w: float(Z[-1] @ w), **options
        )
        x = float(np.append(found.t[k + 1], near.t_events[0])[-1])
    return x - ln_M + float(np.log1p(-np.exp(-x)))
