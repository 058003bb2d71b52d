"""The separator with the largest margin."""

import numpy as np
from scipy.optimize import minimize, nnls

from study.checks import checked
from study.datasets.dataset import Features, Floats, Labels, check_points, leading_shape
from study.kernels.nearest_points import nearest_points
from study.trainers.fit import Fit, Stop

GOOD_ENOUGH = 1e-11
"""A compiled answer whose residual exceeds this is sought again by scipy."""

BIASES = (1e4, 1e2, 1.0)
"""What the bias is worth beside features of unit length while it is still penalised; the sharpening sets it free.

Thin margins leave the first no digits; then the next is tried.
"""


@checked
def max_margin(X: Features, y: Labels) -> Fit:
    """Find the boundary that keeps the largest distance from the nearest sample.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    Fit
        `w` has functional margins of at least 1, with 1 at the nearest samples: the margin is 1 / norm(w[:-1]). `loss`
        is norm(w[:-1])^2 / 2; `residual` the largest violation of the KKT conditions: a margin short of 1 or a negative
        multiplier, as a share of the largest. `stop` is STATIONARY, or NOT_SEPARABLE with `w` NaN: then no separator
        was found, and none with a margin above a hundred-millionth of the set's extent exists. `n_updates` and
        `n_passes` count the points the boundary rests on.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses.

    Notes
    -----
    The widest margin is half the distance between the convex hulls of the two classes, the norm of the shortest
    difference of a positive and a negative point; Wolfe's algorithm [1]_, compiled, finds it in a few passes. What it
    does not settle to rounding goes to scipy: least norm under linear inequalities is a non-negative least-squares
    problem [2]_; the bias, all but free in it, is freed by solving the equations of the samples that the boundary rests
    on. Where that does not meet the conditions to 1e-9, scipy's SLSQP goes on from there.

    References
    ----------
    .. [1] P. Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11:128-149, 1976.
       doi:10.1007/BF01580381
    .. [2] C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", Prentice-Hall, 1974, chapter 23, problem LDP.
    """
    return _max_margin(*check_points(X, y))


def _max_margin(X: Floats, y: Floats) -> Fit:
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    X, y = np.broadcast_to(X, (*shape, *X.shape[-2:])), np.broadcast_to(y, (*shape, y.shape[-1]))
    w, residual, n_support = map(np.asarray, nearest_points(X, y, np.zeros(X.shape[-1] + 1)))
    for index in zip(*np.nonzero(~(np.atleast_1d(residual) <= GOOD_ENOUGH)), strict=True) if shape else [()]:
        if not residual[index] <= GOOD_ENOUGH:
            w[index], residual[index], n_support[index] = _solve_one(X[index], y[index])
    found = np.isfinite(w).all(axis=-1)
    return Fit(
        w=w,
        stop=np.where(found, Stop.STATIONARY, Stop.NOT_SEPARABLE).astype(np.int8),
        n_updates=n_support,
        n_passes=n_support,
        loss=np.where(found, 0.5 * (w[..., :-1] ** 2).sum(axis=-1), np.inf),
        residual=residual,
    )


def _solve_one(X: Floats, y: Floats) -> tuple[Floats, float, int]:
    """Return weights, residual and number of supports of one set."""
    low, high = X.min(axis=0), X.max(axis=0)
    centre, extent = low / 2.0 + high / 2.0, float((high / 2.0 - low / 2.0).max()) or 1.0
    V = (X - centre) / extent * y[:, None]
    lost = np.full(X.shape[1] + 1, np.nan), 1.0, 0
    for bias in BIASES:
        u, residual, n_support = _least_weights(V, y, bias)
        if residual > 1e-9 and bias != BIASES[-1]:
            continue
        if residual > 1e-9 and n_support:
            u, residual = _by_slsqp(V, y, u)
        w = np.append(u[:-1] / extent, u[-1] - u[:-1] @ centre / extent)
        return (w, residual, n_support) if (y * (X @ w[:-1] + w[-1]) > 0.0).all() else lost
    return lost


def _least_weights(V: Floats, y: Floats, bias: float) -> tuple[Floats, float, int]:
    """Return the least weights with margins of at least 1 over rows V, sharpened, their residual and their supports."""
    Z = np.vstack([V.T, bias * y, np.ones_like(y)])
    target = np.zeros(len(Z))
    target[-1] = 1.0
    multiplier, distance = nnls(Z, target)  # [2] (23.24)
    off = Z @ multiplier - target
    n_support = int((multiplier > 0.0).sum())
    if distance == 0.0 or off[-1] >= 0.0 or n_support < 2:
        return np.full(len(Z) - 1, np.nan), 1.0, 0
    u = -off[:-1] / off[-1]
    u[-1] *= bias
    u, residual = _sharpen(V, y, u, multiplier > 0.0)
    return u, residual, n_support


def _sharpen(V: Floats, y: Floats, u: Floats, rests: np.ndarray) -> tuple[Floats, float]:
    """Return weights with margin 1 at the samples that the boundary rests on, if they are right, and the residual."""
    S, labels = V[rests] * y[rests, None], y[rests]
    normal = np.linalg.lstsq(S[1:] - S[0], labels[1:] - labels[0])[0]  # the least one: no Gram matrix, no lost digits
    sharp = np.append(normal, labels[0] - S[0] @ normal)
    multiplier = np.linalg.lstsq(np.vstack([V[rests].T, labels]), np.append(normal, 0.0))[0]
    largest = float(np.abs(multiplier).max())
    short = max(0.0, 1.0 - float((V @ normal + y * sharp[-1]).min()))
    residual = max(short, -float(multiplier.min()) / largest) if largest > 0.0 else 1.0
    return (sharp, residual) if residual <= 1e-6 else (u, 1.0)


def _by_slsqp(V: Floats, y: Floats, u: Floats) -> tuple[Floats, float]:
    G = np.column_stack([V, y])
    answer = minimize(
        lambda u: (0.5 * u[:-1] @ u[:-1], np.append(u[:-1], 0.0)),
        u,
        jac=True,
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda u: G @ u - 1.0, "jac": lambda _: G},
        options={"maxiter": 1000, "ftol": 1e-15},
    )
    near = np.flatnonzero(G @ answer.x < 1.0 + 1e-6)
    rests = np.isin(np.arange(len(G)), near)
    return _sharpen(V, y, answer.x, rests) if len(near) > 1 else (answer.x, 1.0)
