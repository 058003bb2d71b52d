"""The nearest points of the convex hulls of two classes, by Wolfe's algorithm."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import LANES, lanes, load, store, where
from study.kernels.points import points_of
from study.kernels.quadratic_model import cholesky, solve
from study.kernels.rows import margin
from study.kernels.vectors import WIDTH, add_product


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


@helper(counts=True)
def _by_class(y):
    """Return the positive samples, then the others, each class in its order, and how many are positive."""
    order, n_first = np.empty(y.size, np.int64), 0
    for i in range(y.size):
        n_first += y[i] > 0.0
    first, second = 0, n_first
    for i in range(y.size):
        if y[i] > 0.0:
            order[first] = i
            first += 1
        else:
            order[second] = i
            second += 1
    return order, n_first


@helper()
def _least_along(v, Z, order, room):
    """Return the sample of a class whose y v.x is the least, -1 where none is a number, and that number.

    `Z` holds the samples of the class in their order, eight side by side, and `room` two rows of eight numbers.
    """
    best, at, p = lanes(np.inf), lanes(-1.0), v.size + 1
    for k in range(Z.shape[0] // p):
        along = lanes(0.0)
        for j in range(v.size):
            along = add_product(along, lanes(v[j]), load(Z, k * p + j))
        less = along < best
        best, at = where(less, along, best), where(less, float(k), at)
    store(room, 0, best)
    store(room, 1, at)
    sample, least = -1, np.inf
    for lane in range(LANES):  # a copy of the last sample lies behind it, and so is none that is less
        if room[0, lane] < least:
            sample, least = order[int(room[1, lane]) * LANES + lane], room[0, lane]
    return sample, least


@gufunc(
    "void(float64[:,:], float64[:], float64[:], int64[:], float64[:], float64[:], int64[:], int64[:], int64[:])",
    "(n,d),(n),(p),(c)->(p),(),(),(p),(p)",
)
def nearest_points(X, y, room, control, w, residual, n_support, positive, negative):
    """Find the boundary half-way between the nearest points of the hulls, with margins of 1 at its supports.

    The pairs of samples that the nearest points are made of stand in `positive` and `negative`, and -1 after them.
    `room` is of the length of the weights.
    """
    gil = release_gil()
    n, d = X.shape
    order, n_first = _by_class(y)
    firsts, seconds = order[:n_first], order[n_first:]
    Z, other_Z, least = points_of(X, y, firsts), points_of(X, y, seconds), np.empty((2, LANES))
    width, most = (d + WIDTH - 1) // WIDTH * WIDTH, (d + 2) // WIDTH * WIDTH + WIDTH
    Q, row = np.zeros((d + 2, width)), np.zeros((1, width))
    v = row[0, :d]
    G, U = np.zeros((d + 2, most)), np.zeros((d + 2, most))
    share, target, rests = np.zeros(d + 2), np.empty(d + 2), np.empty((d + 2, 2), np.int64)
    k, settled, stuck, residual[0] = 0, False, False, np.inf
    shortest, idle = np.inf, 0
    for i in range(n):
        for j in range(d):
            v[j] += y[i] * X[i, j]
    top = bottom = norm = 0.0
    for _ in range(100 + 10 * n):
        # The point of the difference of the hulls that lies farthest against v.
        first, top = _least_along(v, Z, firsts, least)
        second, bottom = _least_along(v, other_Z, seconds, least)
        bottom = -bottom
        norm = margin(row, row, 0)
        if first < 0 or second < 0 or control[CANCELLED]:
            break  # NaN, or asked to end
        if k > 0:
            residual[0] = abs(norm - (top - bottom)) / norm
            known = False
            for i in range(k):
                known = known or (rests[i, 0] == first and rests[i, 1] == second)
            idle = 0 if norm < shortest else idle + 1  # but for rounding, each point that comes in shortens v
            shortest = min(shortest, norm)
            if norm - (top - bottom) <= 1e-15 * norm or known or k == d + 2 or idle == d + 2:
                settled = True
                break
        rests[k, 0], rests[k, 1], share[k] = first, second, 0.0 if k else 1.0
        for j in range(d):
            Q[k, j] = X[first, j] - X[second, j]
        for i in range(k + 1):
            G[i, k] = G[k, i] = 1.0 + margin(Q[k : k + 1], Q, i)
        k += 1
        new = True
        while True:  # to the least point of the affine hull, or as far as the hull goes; a point left behind is dropped
            if not _affine_least(G, k, U, target):
                stuck = True
                if new and k > 1:  # it lies in the affine hull of the others: but for rounding, none comes nearer
                    k -= 1
                    settled = True
                break
            new = False
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
            v[j] = 0.0
            for i in range(k):
                v[j] += share[i] * Q[i, j]
    gap = top - bottom
    if not (settled and gap > 0.0):
        residual[0] = np.inf
    for j in range(d):
        w[j] = 2.0 * v[j] / gap
    w[d] = -(top + bottom) / gap
    n_support[0] = 0
    for i in range(k):
        new_first = new_second = 1
        for j in range(i):
            new_first = 0 if rests[j, 0] == rests[i, 0] else new_first
            new_second = 0 if rests[j, 1] == rests[i, 1] else new_second
        n_support[0] += new_first + new_second
    for i in range(room.size):
        positive[i] = rests[i, 0] if i < k else -1
        negative[i] = rests[i, 1] if i < k else -1
    restore_gil(gil)
