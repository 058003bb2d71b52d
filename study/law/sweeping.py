"""The law of the ignored spoiler for time: how long descent goes until it gets the spoiler right.

Base points z_i = y_i (x_i, 1), each of weight M, and a spoiler z_s of weight 1; the cross-entropy with hard targets,
summed; gradient flow dw/dt = -gradient from w = 0. With L = ln M, w = L u and t = L tau, the base points become a wall,
K = {u : z_i.u >= 1 for all i}, and the spoiler a constant pull while it is wrong: u follows Moreau's sweeping process
du/dtau in z_s - N_K(u) from the least-norm point of K [1]_.

References
----------
.. [1] J. J. Moreau, "Evolution problem associated with a moving convex set in a Hilbert space", Journal of
   Differential Equations 26, 1977.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import lsq_linear
from scipy.special import expit

from study.checks import BadInput, NonNegative, checked
from study.datasets.dataset import Floats
from study.law.conflict import Spoilt, check_one_spoiler

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
    """

    tau: Floats
    u: Floats
    hitting_time: float


@checked
def time_law(points: Spoilt) -> SweepingProcess:
    """Return the sweeping process of one spoiler, piece by piece, and the time at which the spoiler is right.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter, as descent goes by the Euclidean metric.

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
    """
    check_one_spoiler(points)
    points = replace(points, shape="ball")
    Z, z = points.base, points.spoilers[0]
    points.gamma0  # noqa: B018 (raises where the points are not separable)
    u, tau = points.without.v / points.gamma1, 0.0
    corners, times = [u], [tau]
    while z @ u < -ON_WALL * np.linalg.norm(z) * np.linalg.norm(u):
        margins = Z @ u
        near = margins <= 1.0 + ON_WALL * np.linalg.norm(Z, axis=1) * np.linalg.norm(u)
        held = lsq_linear(Z[near].T, -z, bounds=(0.0, np.inf), method="bvls", tol=1e-14, max_iter=1000).x
        velocity = z + held @ Z[near]
        rates = Z @ velocity
        falling = ~near & (rates < 0.0)
        room = np.append((margins[falling] - 1.0) / -rates[falling], -(z @ u) / (velocity @ velocity))
        u, tau = u + room.min() * velocity, tau + float(room.min())
        corners.append(u)
        times.append(tau)
    return SweepingProcess(tau=np.array(times), u=np.array(corners), hitting_time=tau)


@checked
def first_time_right(points: Spoilt, ln_M: NonNegative) -> float:
    """Return t*, at which gradient flow from zero first gets the spoiler right after it has been wrong.

    Parameters
    ----------
    points : Spoilt
        With one spoiler; their own shape does not matter.
    ln_M : float in [0, inf)
        The logarithm of the weight of each base point; the loss is summed over points.

    Returns
    -------
    float
        To a relative accuracy of about 1e-8; 0 where the spoiler is never wrong.

    Raises
    ------
    BadInput
        For several spoilers, a negative `ln_M`, or points that are not separable.

    Notes
    -----
    By scipy's Radau with the analytic Jacobian. The clock is x = ln(1 + M t), as the first steps are of length 1 / M.
    """
    check_one_spoiler(points)
    limit = time_law(points).hitting_time
    Z = np.vstack([points.base, points.spoilers])
    ln_weight = np.append(np.full(len(points.base), ln_M), 0.0)

    def pulls(w: Floats) -> Floats:
        return np.asarray(np.exp(ln_weight - np.logaddexp(0.0, Z @ w)))

    def velocity(x: float, w: Floats) -> Floats:
        return np.asarray(np.exp(x - ln_M) * (pulls(w) @ Z))

    def jacobian(x: float, w: Floats) -> Floats:
        return np.asarray(-np.exp(x - ln_M) * (Z.T * (pulls(w) * expit(Z @ w))) @ Z)

    def spoiler_margin(_: float, w: Floats) -> float:
        return float(Z[-1] @ w)

    spoiler_margin.direction = 1.0  # type: ignore[attr-defined]
    spoiler_margin.terminal = True  # type: ignore[attr-defined]
    end = ln_M + np.log(100.0 * (1.0 + limit) * (1.0 + ln_M))
    found = solve_ivp(
        velocity, (0.0, end), np.zeros(Z.shape[1]), "Radau", jac=jacobian, events=spoiler_margin, rtol=1e-9, atol=1e-11
    )
    if not len(found.t_events[0]):
        if (Z[-1] @ found.y > 0.0)[1:].all():
            return 0.0
        raise BadInput(f"`ln_M` must be one at which the flow can be followed; got {ln_M}")
    x = float(found.t_events[0][0])
    return float(np.exp(x - ln_M) - np.exp(-ln_M))
