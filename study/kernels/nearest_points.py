"""The nearest points of the convex hulls of two classes, by Wolfe's algorithm."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import LANES, lanes, store, where
from study.kernels.points import margins_of, points_of
from study.kernels.quadratic_model import cholesky, solve
from study.kernels.rows import margin
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
def _drop(Q, G, share, rests, k, leaves):
    """Put the last of k points in the place of one that leaves."""
    last = k - 1
    share[leaves] = share[last]
    rests[leaves, 0], rests[leaves, 1] = rests[last, 0], rests[last, 1]
    copy(Q[last], Q[leaves])
    for i in range(last):
        G[leaves, i] = G[i, leaves] = G[last, i]
    G[leaves, leaves] = G[last, last]


@helper()
def _go_to_least(Q, G, U, share, target, rests, k):
    """Move to the least point of the affine hull of k points, or as far as their hull goes; drop one, and go on.

    Return how many points are left, and whether it was met: they may be dependent but for rounding.
    """
    while _affine_least(G, k, U, target):
        reach, leaves = 1.0, -1
        for i in range(k):
            if target[i] <= 0.0 and share[i] / (share[i] - target[i]) < reach:
                reach, leaves = share[i] / (share[i] - target[i]), i
        for i in range(k):
            share[i] += reach * (target[i] - share[i])
        if leaves < 0:
            return k, True
        _drop(Q, G, share, rests, k, leaves)
        k -= 1
    return k, False


@helper()
def _n_support(rests, k):
    """Return of how many samples the pairs are made."""
    count = 0
    for i in range(k):
        new_first = new_second = 1
        for j in range(i):
            new_first = 0 if rests[j, 0] == rests[i, 0] else new_first
            new_second = 0 if rests[j, 1] == rests[i, 1] else new_second
        count += new_first + new_second
    return count


@helper(counts=True)
def _of_class(y, sign):
    """Return the samples of a class, in their order."""
    order, n = np.empty(y.size, np.int64), 0
    for i in range(y.size):
        order[n] = i  # until the next comes, if it is of the other class: without a branch
        n += y[i] == sign
    return order[:n]


@helper()
def _least_along(v, Z, order, room):
    """Return the sample of a class whose y v.x is the least, -1 where none is a number, and that number.

    `Z` holds the samples of the class in their order, eight side by side, and `room` two rows of eight numbers.
    """
    best, at, p = lanes(np.inf), lanes(-1.0), v.size + 1
    for k in range(Z.shape[0] // p):
        along = margins_of(v, Z, p, k)
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
    firsts, seconds = _of_class(y, 1.0), _of_class(y, -1.0)
    Z, other_Z, least = points_of(X, y, firsts), points_of(X, y, seconds), np.empty((2, LANES))
    width, most = (d + WIDTH - 1) // WIDTH * WIDTH, (d + 2) // WIDTH * WIDTH + WIDTH
    Q, row = np.zeros((d + 2, width)), np.zeros((1, width))
    v = row[0, :d]
    G, U = np.zeros((d + 2, most)), np.zeros((d + 2, most))
    share, target, rests = np.zeros(d + 2), np.empty(d + 2), np.empty((d + 2, 2), np.int64)
    k, settled, residual[0] = 0, False, np.inf
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
        n_points, met = _go_to_least(Q, G, U, share, target, rests, k + 1)
        if not met:  # where none was dropped, the new point is in the affine hull of k others: none comes nearer
            settled = n_points == k + 1 and k > 0
            k = k if settled else n_points
            break
        k = n_points
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
    n_support[0] = _n_support(rests, k)
    for i in range(room.size):
        positive[i] = rests[i, 0] if i < k else -1
        negative[i] = rests[i, 1] if i < k else -1
    restore_gil(gil)
