"""Dual coordinate descent for the soft margin."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import gufunc, release_gil, restore_gil
from study.kernels.perceptron import margin


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64, float64, int64, int64[:],"
    " float64[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(),(),(),(c)->(p),(),(),(),()",
)
def descend(X, y, w0, C, tol, max_passes, control, w, n_updates, n_passes, loss, residual):
    """Pass over the samples, each time with the best multiplier of one of them, until all are nearly the best."""
    state = release_gil()
    n, d = X.shape
    multiplier, size = np.zeros(n), np.ones(n)
    for i in range(n):
        for j in range(d):
            size[i] += X[i, j] * X[i, j]
    w[:] = w0
    n_updates[0] = n_passes[0] = 0
    residual[0] = np.inf
    while n_passes[0] < max_passes and not residual[0] <= tol and not control[CANCELLED]:
        residual[0] = 0.0
        for i in range(n):
            gradient = margin(w, X[i], y[i]) - 1.0
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
        loss[0] += C * max(0.0, 1.0 - margin(w, X[i], y[i]))
    restore_gil(state)
