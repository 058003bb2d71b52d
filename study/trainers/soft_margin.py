"""The soft-margin support vector machine, compiled for stacks."""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from study.datasets.arguments import checked
from study.datasets.dataset import check_points
from study.trainers.fit import Fit, settled
from study.trainers.gufunc import gufunc
from study.validation import count, positive


@checked
def soft_margin(X: ArrayLike, y: ArrayLike, *, C: float = 1.0, max_passes: int = 10_000, tol: float = 1e-4) -> Fit:
    """Minimise |w|^2 / 2 + C times the sum of max(0, 1 - y w.(x, 1)), the bias penalised like the other weights.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    C : float in (0, inf)
        What a margin short of 1 costs.
    max_passes : int, at least 1
        Budget of passes over the samples.
    tol : float in (0, inf)
        A residual of at most this is called stationary.

    Returns
    -------
    Fit
        `loss` is the objective; `residual` the largest projected gradient of the dual; `stop` is STATIONARY,
        BUDGET_SPENT or NOT_FINITE. `n_updates` counts changed multipliers.

    Raises
    ------
    BadInput
        For points that `check_points` refuses, or an argument outside its range.

    Notes
    -----
    Dual coordinate descent [1]_ in natural order.

    References
    ----------
    .. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, "A dual coordinate descent method for
       large-scale linear SVM", ICML 2008, 408-415. doi:10.1145/1390156.1390208
    """
    X, y = check_points(X, y)
    C, tol, max_passes = positive("C", C), positive("tol", tol), count("max_passes", max_passes)
    with np.errstate(all="ignore"):
        w, n_updates, n_passes, loss, residual = _descend(X, y, np.zeros(X.shape[-1] + 1), C, tol, max_passes)
    return Fit(
        w=w,
        stop=settled(residual, tol, n_passes >= max_passes, w, loss),
        n_updates=n_updates,
        n_passes=n_passes,
        loss=loss,
        residual=residual,
    )


@njit
def _margin(w, x, label):  # type: ignore[no-untyped-def]
    z = w[-1]
    for j in range(x.size):
        z += w[j] * x[j]
    return label * z


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64, float64, int64,"
    " float64[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(),(),()->(p),(),(),(),()",
)
def _descend(X, y, w0, C, tol, max_passes, w, n_updates, n_passes, loss, residual):  # type: ignore[no-untyped-def]
    n, d = X.shape
    multiplier, size = np.zeros(n), np.ones(n)
    for i in range(n):
        for j in range(d):
            size[i] += X[i, j] * X[i, j]
    w[:] = w0
    n_updates[0] = n_passes[0] = 0
    residual[0] = np.inf
    while n_passes[0] < max_passes and not residual[0] <= tol:
        residual[0] = 0.0
        for i in range(n):
            gradient = _margin(w, X[i], y[i]) - 1.0
            free = (gradient < 0.0 or multiplier[i] > 0.0) and (gradient > 0.0 or multiplier[i] < C)
            if not free:
                continue
            residual[0] = max(residual[0], abs(gradient))
            new = min(max(multiplier[i] - gradient / size[i], 0.0), C)
            step = (new - multiplier[i]) * y[i]
            if step != 0.0:
                multiplier[i] = new
                for j in range(d):
                    w[j] += step * X[i, j]
                w[d] += step
                n_updates[0] += 1
        n_passes[0] += 1
    loss[0] = 0.0
    for j in range(d + 1):
        loss[0] += 0.5 * w[j] * w[j]
    for i in range(n):
        loss[0] += C * max(0.0, 1.0 - _margin(w, X[i], y[i]))
