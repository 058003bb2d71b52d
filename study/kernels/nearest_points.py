"""The nearest points of the convex hulls of two classes, by Wolfe's algorithm."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.perceptron import make_rows, margin
from study.kernels.quadratic_model import cholesky, solve
from study.kernels.vectors import WIDTH


@helper()
def _affine_least(G, k, U, b):
    """Fill b with the weights of the least point of the affine hull of k points with Gram matrix G - 11'."""
    for i in range(k):
        G[i, k] = 1.0
    # G is positive definite where they are affinely independent
    if not cholesky(G, k, 0.0, 0.0, U):
        return False
    solve(U, k, b)
    whole = 0.0
    for i in range(k):
        whole += b[i]
    for i in range(k):
        b[i] /= whole
    return True


@helper()
def _farthest(rows, v, y):
    """Return of each class the sample that lies farthest against v, -1 where none is, and its y v.x."""
    first, second, top, bottom = -1, -1, np.inf, np.inf
    for i in range(y.size):
        along = margin(v, rows, i)
        if y[i] > 0.0 and along < top:
            first, top = i, along
        elif y[i] < 0.0 and along < bottom:
            second, bottom = i, along
    return first, second, top, -bottom


@gufunc(
    "void(float64[:,:], float64[:], float64[:], int64[:], float64[:], float64[:], int64[:], int64[:], int64[:])",
    "(n,d),(n),(p),(c)->(p),(),(),(p),(p)",
)
def nearest_points(X, y, w0, control, w, residual, n_support, positive, negative):
    """Find the boundary half-way between the nearest points of the hulls, with margins of 1 at its supports.

    The pairs of samples that the nearest points are made of stand in `positive` and `negative`, and -1 after them.
    """
    gil = release_gil()
    n, d = X.shape
    rows, v = make_rows(X, y, w0)
    Q, most = np.empty((d + 2, rows.shape[1])), (d + 2) // WIDTH * WIDTH + WIDTH
    G, U = np.zeros((d + 2, most)), np.zeros((d + 2, most))
    share, target, rests = np.zeros(d + 2), np.empty(d + 2), np.empty((d + 2, 2), np.int64)
    k, settled, stuck, residual[0] = 0, False, False, np.inf
    v[0] = 0.0
    for i in range(n):
        for j in range(d):
            v[0, j] += rows[i, j]
    top = bottom = norm = 0.0
    for _ in range(100 + 10 * n):
        # The point of the difference of the hulls that lies farthest against v.
        first, second, top, bottom = _farthest(rows, v, y)
        norm = margin(v, v, 0)
        if first < 0 or second < 0 or control[CANCELLED]:
            break  # NaN, or asked to end
        if k > 0:
            residual[0] = abs(norm - (top - bottom)) / norm
            known = False
            for i in range(k):
                known = known or (rests[i, 0] == first and rests[i, 1] == second)
            if norm - (top - bottom) <= 1e-15 * norm or known or k == d + 2:
                settled = True
                break
        rests[k, 0], rests[k, 1], share[k] = first, second, 0.0 if k else 1.0
        for j in range(rows.shape[1]):
            Q[k, j] = rows[first, j] + rows[second, j]
        for i in range(k + 1):
            G[i, k] = G[k, i] = 1.0 + margin(Q[k : k + 1], Q, i)
        k += 1
        while True:  # to the least point of the affine hull, or as far as the hull goes; a point left behind is dropped
            if not _affine_least(G, k, U, target):
                stuck = True
                break
            reach, leaves = 1.0, -1
            for i in range(k):
                if target[i] <= 0.0 and share[i] / (share[i] - target[i]) < reach:
                    reach, leaves = share[i] / (share[i] - target[i]), i
            for i in range(k):
                share[i] += reach * (target[i] - share[i])
            if leaves < 0:
                break
            k -= 1
            share[leaves] = share[k]
            rests[leaves, 0], rests[leaves, 1] = rests[k, 0], rests[k, 1]
            copy(Q[k], Q[leaves])
            for i in range(k):
                G[leaves, i] = G[i, leaves] = G[k, i]
            G[leaves, leaves] = G[k, k]
        if stuck:
            break
        for j in range(d):
            v[0, j] = 0.0
            for i in range(k):
                v[0, j] += share[i] * Q[i, j]
    gap = top - bottom
    if not (settled and gap > 0.0):
        residual[0] = np.inf
    for j in range(d):
        w[j] = 2.0 * v[0, j] / gap
    w[d] = -(top + bottom) / gap
    n_support[0] = 0
    for i in range(k):
        new_first = new_second = 1
        for j in range(i):
            new_first = 0 if rests[j, 0] == rests[i, 0] else new_first
            new_second = 0 if rests[j, 1] == rests[i, 1] else new_second
        n_support[0] += new_first + new_second
    for i in range(d + 1):
        positive[i] = rests[i, 0] if i < k else -1
        negative[i] = rests[i, 1] if i < k else -1
    restore_gil(gil)
