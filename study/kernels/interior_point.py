"""An interior-point method for the loss of a unit, compiled for stacks: inside a bound, on one side of some samples.

Z has the rows y (x, 1), so that Z w are margins; the loss of a sample is that of its margin. To the weighted sum of the
losses the penalty adds sum_j penalty_j w_j^2 / 2.
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, THRESHOLD
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil


@helper()
def value(loss, eps, m):
    """Return the loss of one sample."""
    e = math.exp(-abs(m))
    if loss == CROSS_ENTROPY:
        return math.log1p(e) + max(-m, 0.0) + eps * m
    r = (e if m > 0.0 else 1.0) / (1.0 + e) - eps
    if loss == THRESHOLD and r < 0.0:
        return 0.0
    return 0.5 * r * r


@helper()
def derivatives(loss, eps, m):
    """Return value, slope and curvature of the loss of one sample."""
    e = math.exp(-abs(m))
    q = (e if m > 0.0 else 1.0) / (1.0 + e)
    pq = e / ((1.0 + e) * (1.0 + e))
    r = q - eps
    if loss == CROSS_ENTROPY:
        return math.log1p(e) + max(-m, 0.0) + eps * m, -r, pq
    if loss == THRESHOLD and r < 0.0:
        return 0.0, 0.0, 0.0
    return 0.5 * r * r, -r * pq, pq * (pq - r * (2.0 * q - 1.0))


@helper()
def _barrier(Z, weight, loss, eps, shape, R, penalty, held, sign, w, scale, tau):
    """Return loss / scale - tau * (sum of logarithms of what is left to each bound), or inf outside."""
    total, logs = 0.0, 0.0
    if shape == BALL:
        left = _left(w, R)
        if left <= 0.0:
            return np.inf
        logs = math.log(left)
    elif shape == BOX:
        for j in range(w.size):
            if abs(w[j]) >= R:
                return np.inf
            logs += math.log(R - w[j]) + math.log(R + w[j])
    for j in range(w.size):
        total += 0.5 * penalty[j] * w[j] * w[j]
    for i in range(Z.shape[0]):
        m = 0.0
        for j in range(w.size):
            m += w[j] * Z[i, j]
        if held[i]:
            if sign * m <= 0.0:
                return np.inf
            logs += math.log(sign * m)
        total += weight[i] * value(loss, eps, m)
    return total / scale - tau * logs


@helper()
def _left(w, R):
    """Return what is left to the ball, as a share: 1 - |w / R|^2."""
    left = 1.0
    for j in range(w.size):
        left -= (w[j] / R) * (w[j] / R)
    return left


@helper()
def _model(Z, weight, loss, eps, shape, R, penalty, held, w, scale, tau, g, H):
    """Fill gradient and Hessian of the barrier function."""
    p = w.size
    g[:], H[:] = 0.0, 0.0
    if shape == BALL:
        left = _left(w, R)
        for j in range(p):
            g[j] = tau * 2.0 * (w[j] / R) / (R * left)
            for k in range(j + 1):
                H[j, k] = g[j] * g[k] / tau
            H[j, j] += tau * 2.0 / R / (R * left)
    elif shape == BOX:
        for j in range(p):
            g[j] = tau * (1.0 / (R - w[j]) - 1.0 / (R + w[j]))
            H[j, j] = tau * (1.0 / (R - w[j]) ** 2 + 1.0 / (R + w[j]) ** 2)
    for j in range(p):
        g[j] += penalty[j] * w[j] / scale
        H[j, j] += penalty[j] / scale
    for i in range(Z.shape[0]):
        m = 0.0
        for j in range(p):
            m += w[j] * Z[i, j]
        _, slope, curvature = derivatives(loss, eps, m)
        slope, curvature = slope * weight[i] / scale, curvature * weight[i] / scale
        if held[i]:
            slope, curvature = slope - tau / m, curvature + tau / (m * m)
        for j in range(p):
            g[j] += slope * Z[i, j]
            for k in range(j + 1):
                H[j, k] += curvature * Z[i, j] * Z[i, k]


@helper(counts=True)
def _solve(H, g, d):
    """Fill d with the Newton step, the Hessian's diagonal raised until it is positive definite."""
    p = g.size
    L = np.empty((p, p))
    largest = 0.0
    for j in range(p):
        largest = max(largest, abs(H[j, j]))
    extra = 0.0
    for _ in range(60):
        fine = True
        for j in range(p):
            for k in range(j + 1):
                total = H[j, k] + (extra if j == k else 0.0)
                for i in range(k):
                    total -= L[j, i] * L[k, i]
                if j == k:
                    fine &= total > 1e-15 * (abs(H[j, j]) + extra)
                    L[j, j] = math.sqrt(total) if total > 0.0 else 1.0
                else:
                    L[j, k] = total / L[k, k]
        if fine:
            break
        extra = max(10.0 * extra, 1e-12 * largest, 1e-300)
    for j in range(p):
        d[j] = -g[j]
        for k in range(j):
            d[j] -= L[j, k] * d[k]
        d[j] /= L[j, j]
    for j in range(p - 1, -1, -1):
        for k in range(j + 1, p):
            d[j] -= L[k, j] * d[k]
        d[j] /= L[j, j]


@gufunc(
    "void(float64[:,:], float64[:], int64, float64, int64, float64, float64[:], boolean[:], float64, float64[:],"
    " float64, float64, int64[:], float64[:], float64[:], int64[:], int64[:])",
    "(n,p),(n),(),(),(),(),(p),(n),(),(p),(),(),(c)->(p),(),(),()",
)
def interior(
    rows, weights, loss, eps, shape, R, penalty, held, sign, w0, barrier, tau, control, answer, scale, n_steps, n_passes
):
    """Minimise the objective inside a bound, if any, where sign m_i > 0 for what is held, from w0 strictly inside.

    The barrier, as a share of the loss, falls to tau: from 1 for the large picture, from little to stay near w0.
    tau * scale / |m_i| are multipliers of what is held: dual feasible, with a gap of 2 p + n_held times that in a box,
    of 1 + n_held times that in a ball, and of n_held times that without a bound.
    """
    gil = release_gil()
    n, p = rows.shape
    Z, weight, w = np.empty((n, p)), np.empty(n), np.empty(p)
    for i in range(n):
        copy(rows[i], Z[i])
    copy(weights, weight)
    copy(w0, w)
    g, H, d, other = np.empty(p), np.empty((p, p)), np.empty(p), np.empty(p)
    free = np.zeros(n, np.bool_)
    share = barrier
    n_steps[0] = 0
    n_passes[0] = 0
    while True:
        scale[0] = max(_barrier(Z, weight, loss, eps, shape, 2.0 * R, penalty, free, sign, w, 1.0, 0.0), 1e-280)
        here = _barrier(Z, weight, loss, eps, shape, R, penalty, held, sign, w, scale[0], share)
        n_passes[0] += 2
        for _ in range(60):
            if control[CANCELLED]:
                break
            _model(Z, weight, loss, eps, shape, R, penalty, held, w, scale[0], share, g, H)
            _solve(H, g, d)
            fall = 0.0
            for j in range(p):
                fall += g[j] * d[j]
            step, there = 1.0, np.inf
            for _ in range(60):
                for j in range(p):
                    other[j] = w[j] + step * d[j]
                there = _barrier(Z, weight, loss, eps, shape, R, penalty, held, sign, other, scale[0], share)
                n_passes[0] += 1
                if there <= here + 1e-4 * step * fall:
                    break
                step *= 0.5
            if not there < here:
                break
            copy(other, w)
            here = there
            n_steps[0] += 1
            if -fall < 1e-3 * share:
                break
        if share <= tau or control[CANCELLED]:
            break
        share = max(0.2 * share, tau)
    copy(w, answer)
    restore_gil(gil)
