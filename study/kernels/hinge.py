"""Dual coordinate descent for the soft margin."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.rows import make_rows, margin

ROUNDING = 2.0**-53


@helper()
def _loss_and_gap(rows, multiplier, size, C, v, p):
    """Return the loss of v, which is set to what the multipliers make, and how far at most it lies above the least.

    By duality the least is at least sum a_i - |sum a_i y_i (x_i, 1)|^2 / 2 for multipliers in [0, C]; all is enlarged
    by what rounding may do to it.
    """
    n = multiplier.size
    v[0] = 0.0
    total = length = 0.0
    for i in range(n):
        for j in range(rows.shape[1]):
            v[0, j] += multiplier[i] * rows[i, j]
        total += multiplier[i]
        length += multiplier[i] * np.sqrt(size[i])
    norm = 0.0
    for j in range(p):
        norm += v[0, j] * v[0, j]
    short = reach = 0.0
    for i in range(n):
        short += max(0.0, 1.0 - margin(v, rows, i))
        reach += 1.0 + np.sqrt(norm * size[i])
    loss = 0.5 * norm + C * short
    off = (n + 2) * ROUNDING * length  # of v, from what the exact multipliers make
    rounding = (n + p + 4) * ROUNDING * (norm + total + C * reach) + off * (np.sqrt(norm) + off)
    return loss, (loss - total) + 0.5 * norm + rounding


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64, float64, int64, int64[:],"
    " float64[:], int64[:], int64[:], float64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(),(),(),(c)->(p),(),(),(),(),()",
)
def descend(X, y, w0, C, tol, max_passes, control, w, n_updates, n_passes, loss, residual, gap):
    """Pass over the samples, each time with the best multiplier of one of them, until the loss is nearly the least."""
    gil = release_gil()
    n, p = y.size, w0.size
    rows, v = make_rows(X, y, w0)
    multiplier, size = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(p):
            size[i] += rows[i, j] * rows[i, j]
    n_updates[0] = n_passes[0] = 0
    residual[0] = gap[0] = np.inf
    loss[0] = 0.0
    while n_passes[0] < max_passes and not gap[0] <= tol * loss[0] and not control[CANCELLED]:
        residual[0] = 0.0
        for i in range(n):
            gradient = margin(v, rows, i) - 1.0
            free = (gradient < 0.0 or multiplier[i] > 0.0) and (gradient > 0.0 or multiplier[i] < C)
            if not free:
                continue
            residual[0] = max(residual[0], abs(gradient))
            new = min(max(multiplier[i] - gradient / size[i], 0.0), C)
            step = new - multiplier[i]
            if step != 0.0:
                multiplier[i] = new
                for j in range(rows.shape[1]):
                    v[0, j] += step * rows[i, j]
                n_updates[0] += 1
        n_passes[0] += 1
        if residual[0] <= tol or n_passes[0] == max_passes:
            loss[0], gap[0] = _loss_and_gap(rows, multiplier, size, C, v, p)
    copy(v[0, :p], w)
    restore_gil(gil)
