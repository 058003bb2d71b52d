"""Dual coordinate descent for the soft margin."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.perceptron import margin

ROUNDING = 2.0**-53


@helper()
def _loss_and_gap(X, y, multiplier, size, C, w):
    """Return the loss of w, which is set to what the multipliers make, and how far at most it lies above the least.

    By duality the least is at least sum a_i - |sum a_i y_i (x_i, 1)|^2 / 2 for multipliers in [0, C]; all is enlarged
    by what rounding may do to it.
    """
    n, d = X.shape
    w[:] = 0.0
    total = length = 0.0
    for i in range(n):
        for j in range(d):
            w[j] += multiplier[i] * y[i] * X[i, j]
        w[d] += multiplier[i] * y[i]
        total += multiplier[i]
        length += multiplier[i] * np.sqrt(size[i])
    norm = 0.0
    for j in range(d + 1):
        norm += w[j] * w[j]
    short = reach = 0.0
    for i in range(n):
        short += max(0.0, 1.0 - margin(w, X[i], y[i]))
        reach += 1.0 + np.sqrt(norm * size[i])
    loss = 0.5 * norm + C * short
    off = (n + 2) * ROUNDING * length  # of w, from what the exact multipliers make
    rounding = (n + d + 5) * ROUNDING * (norm + total + C * reach) + off * (np.sqrt(norm) + off)
    return loss, (loss - total) + 0.5 * norm + rounding


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64, float64, int64, int64[:],"
    " float64[:], int64[:], int64[:], float64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(),(),(),(c)->(p),(),(),(),(),()",
)
def descend(X, y, w0, C, tol, max_passes, control, w, n_updates, n_passes, loss, residual, gap):
    """Pass over the samples, each time with the best multiplier of one of them, until the loss is nearly the least."""
    gil = release_gil()
    n, d = X.shape
    multiplier, size = np.zeros(n), np.ones(n)
    for i in range(n):
        for j in range(d):
            size[i] += X[i, j] * X[i, j]
    copy(w0, w)
    n_updates[0] = n_passes[0] = 0
    residual[0] = gap[0] = np.inf
    loss[0] = 0.0
    while n_passes[0] < max_passes and not gap[0] <= tol * loss[0] and not control[CANCELLED]:
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
        if residual[0] <= tol or n_passes[0] == max_passes:
            loss[0], gap[0] = _loss_and_gap(X, y, multiplier, size, C, w)
    restore_gil(gil)
