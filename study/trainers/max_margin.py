"""The separator with the largest margin."""

import numpy as np
from scipy.optimize import nnls

from study.checks import checked
from study.datasets.dataset import Features, Floats, Labels, check_points, leading_shape
from study.kernels.nearest_points import nearest_points
from study.trainers.exact_margin import Widest, widest_boundary
from study.trainers.fit import Fit, Stop

ROUNDING = 2.0**-53
GOOD_ENOUGH = 1e-11
"""A compiled answer whose residual exceeds this is sought again in whole numbers."""

CLOSE = 1e-9
"""The share by which a margin called STATIONARY may fall short of the widest."""


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
        `w` has functional margins of 1 at the nearest samples, up to rounding: the margin is 1 / norm(w[:-1]). `loss`
        is norm(w[:-1])^2 / 2, infinite where `w` does not separate; `residual` is by how much the least functional
        margin falls short of 1, or disagrees with the distance of the hulls. `gap` bounds what share of the loss
        of `w`, divided by its least functional margin, lies above the least loss. `stop` is STATIONARY where the
        margin of `w` is proved to be within a billionth of the widest; STALLED where the widest is so thin, beside the
        features, that the best weights, rounded to floats, do not come as near; NOT_SEPARABLE, with `w` NaN, where the
        hulls of the classes meet, proved in whole numbers; NOT_FINITE where the weights leave the range of floats.
        `n_updates` and `n_passes` count the points the boundary rests on.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses.

    Notes
    -----
    The widest margin is half the distance between the convex hulls of the two classes, the norm of the shortest
    difference of a positive and a negative point; Wolfe's algorithm [1]_, compiled, finds it in a few passes, and the
    margin of any boundary is a bound from below. Where the two do not agree, rounding included, the same algorithm goes
    on in whole numbers, and its answer is rounded once.

    References
    ----------
    .. [1] P. Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11:128-149, 1976.
       doi:10.1007/BF01580381
    """
    X, y = check_points(X, y)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    X, y = np.broadcast_to(X, (*shape, *X.shape[-2:])), np.broadcast_to(y, (*shape, y.shape[-1]))
    answer = nearest_points(X, y, np.zeros(X.shape[-1] + 1))
    w, residual, n_support, positive, negative = map(np.asarray, answer)
    with np.errstate(all="ignore"):
        loss = np.asarray(0.5 * (w[..., :-1] ** 2).sum(axis=-1))
        shortfall = np.asarray(residual + _rounding(X, loss))
    stop = np.full(shape, Stop.STATIONARY, np.int8)
    unsettled = ~((residual <= GOOD_ENOUGH) & (shortfall <= CLOSE))
    for index in map(tuple, np.argwhere(unsettled)):
        pairs = [(int(a), int(b)) for a, b in zip(positive[index], negative[index], strict=True) if a >= 0]
        near = _from_pairs(X[index], y[index], pairs)
        if near is not None:
            w[index], n_support[index], residual[index], shortfall[index] = near
            loss[index] = 0.5 * (near[0][:-1] ** 2).sum()
            continue
        exact = widest_boundary(X[index], y[index] > 0.0, pairs)
        w[index], n_support[index], stop[index] = exact.w, exact.n_support, _stop(exact)
        residual[index], shortfall[index] = max(0.0, 1.0 - exact.least), min(exact.shortfall, 1.0)
        loss[index] = 0.5 * (exact.w[:-1] ** 2).sum() if exact.shortfall < 1.0 else np.inf
    gap = np.minimum(shortfall * (2.0 - shortfall) + 2 * (X.shape[-1] + 5) * ROUNDING, 1.0)
    return Fit(w=w, stop=stop, n_updates=n_support, n_passes=n_support, loss=loss, residual=residual, gap=gap)


def _from_pairs(X: Floats, y: Floats, pairs: list[tuple[int, int]]) -> tuple[Floats, int, float, float] | None:
    """Return weights, samples they rest on, residual and shortfall from the pairs alone, or None where it is too large.

    Wolfe's algorithm comes to rest at differences that are dependent but for rounding, as where the margin rests on
    every sample; among them the least point is one of least squares that are not negative.
    """
    if not pairs:
        return None
    first, second = np.array(pairs).T
    differences = X[first] - X[second]
    size = np.abs(differences).max() or 1.0
    share = nnls(np.vstack([differences.T / size, np.ones(len(pairs))]), np.append(np.zeros(X.shape[1]), 1.0))[0]
    v = share @ differences / share.sum()
    along, norm = X @ v, v @ v
    top, bottom = along[y > 0.0].min(), along[y < 0.0].max()
    if not top > bottom:
        return None
    w, residual = np.append(2.0 * v, -(top + bottom)) / (top - bottom), abs(norm - (top - bottom)) / norm
    shortfall = float(residual + _rounding(X, 0.5 * (w[:-1] ** 2).sum()))
    n_support = np.unique(np.array(pairs)[share > 0.0]).size
    return (w, n_support, residual, shortfall) if residual <= GOOD_ENOUGH and shortfall <= CLOSE else None


def _stop(exact: Widest) -> Stop:
    if np.isnan(exact.w).any():
        return Stop.NOT_SEPARABLE
    if np.isinf(exact.w).any():
        return Stop.NOT_FINITE
    return Stop.STATIONARY if exact.shortfall <= CLOSE else Stop.STALLED


def _rounding(X: Floats, loss: Floats) -> Floats:
    """Bound what rounding may add to the difference between a margin and the distance of the hulls, as a share of them.

    Both rest on sums of at most d + 2 products: of weights with a sample, of shares with a difference of two.
    """
    d = X.shape[-1]
    flat = X.reshape(*X.shape[:-2], -1)
    largest = np.maximum(flat.max(axis=-1), -flat.min(axis=-1)) * np.sqrt(d)  # no sample is longer
    return np.asarray((8 * d + 40) * ROUNDING * largest * np.sqrt(2.0 * loss))
