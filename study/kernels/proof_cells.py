"""The loop of the search, compiled: branch and bound over a box.

Z has the rows y (x, 1);
the loss of a sample is f(m), m its margin, concave, then convex from `low` to `high`, then concave. Sums carry the
sample weights, so multiplicities of any size cost nothing. To the loss a penalty adds sum_j penalty_j w_j^2 / 2.
"""

import numpy as np

from study.kernels.codes import CANCELLED, DONE
from study.kernels.compilation import copy, helper, jit
from study.kernels.interior_point import derivatives, value

ROUNDING = 1e-12
LEAF = ord(".")
FIRST = ord("0")
PROVED, LEFT, BETTER = 0, 1, 2
MOST_HALVINGS = 60
"""A cell halved so often along each axis is left as it is: rounding rules there."""


@helper()
def _least(loss, eps, target, a, b):
    return value(loss, eps, min(max(target, a), b))


@helper()
def _minorant(loss, eps, low, high, a, b):
    """Return place, height there and slope of a line that lies below the loss on [a, b]."""
    t = 0.5 * (a + b)
    if b <= low or a >= high:
        fa = value(loss, eps, a)
        s = (value(loss, eps, b) - fa) / (b - a) if b > a else 0.0
        return a, fa, s
    inside = a >= low and b <= high
    t = min(max(t, low), high)
    height, s, _ = derivatives(loss, eps, t)
    if not inside:
        height = min(height, value(loss, eps, a) + s * (t - a), value(loss, eps, b) + s * (t - b))
    return t, height, s


@helper()
def _fall(G, v, ratio, half):
    """Return how far G.w - ratio v.w may fall below its value at the centre of a cell."""
    fall = 0.0
    for j in range(G.size):
        fall += abs(G[j] - ratio * v[j]) * half[j]
    return fall


@helper()
def _hold(G, v, m, sign, half, at_centre):
    """Raise the bound at_centre - fall by the best multiple of sign v.w >= 0; change G and return the new value."""
    best, best_ratio = at_centre - _fall(G, v, 0.0, half), 0.0
    for j in range(G.size):
        if v[j] != 0.0:
            ratio = G[j] / v[j]
            if sign * ratio > 0.0:
                bound = at_centre - ratio * m - _fall(G, v, ratio, half)
                if bound > best:
                    best, best_ratio = bound, ratio
    for j in range(G.size):
        G[j] -= best_ratio * v[j]
    return at_centre - best_ratio * m


@helper()
def _above(Z, weight, penalty, code, centre, a, b, m, half, held, sign, level, G):
    """Say whether lines below each sample's loss, and sign m_i >= 0 for what is held, keep the loss above `level`."""
    loss, eps, low, high, target = code
    n, p = Z.shape
    at_centre, lowest = 0.0, 0.0
    for j in range(p):
        G[j] = penalty[j] * centre[j]
        at_centre += 0.5 * G[j] * centre[j]
        lowest += 0.5 * penalty[j] * max(abs(centre[j]) - half[j], 0.0) ** 2
    for i in range(n):
        constant = _least(loss, eps, target, a[i], b[i])
        lowest += weight[i] * constant
        t, height, s = _minorant(loss, eps, low, high, a[i], b[i])
        if height + s * (0.5 * (a[i] + b[i]) - t) > constant:
            at_centre += weight[i] * (height + s * (m[i] - t))
            for j in range(p):
                G[j] += weight[i] * s * Z[i, j]
        else:
            at_centre += weight[i] * constant
    if lowest > level or at_centre - _fall(G, Z[0], 0.0, half) > level:
        return True
    for i in held:
        at_centre = _hold(G, Z[i], m[i], sign, half, at_centre)
        if at_centre - _fall(G, Z[0], 0.0, half) > level:
            return True
    return False


@helper()
def _excluded(Z, weight, penalty, code, judged, fails, centre, m, r, half, level, a, b, held, G):
    """Say whether a cell holds no weights on the other side of the verdict with a loss of at most `level`."""
    n_held = 0
    for i in range(m.size):
        a[i], b[i] = m[i] - r[i], m[i] + r[i]
        if judged[i] and a[i] <= ROUNDING * r[i]:
            if fails and b[i] <= -ROUNDING * r[i]:
                return True
            held[n_held] = i
            n_held += 1
            if fails:
                a[i], b[i] = 0.0, max(b[i], 0.0)
    if fails:
        return _above(Z, weight, penalty, code, centre, a, b, m, half, held[:n_held], 1.0, level, G)
    for k in range(n_held):
        i = held[k]
        top = b[i]
        b[i] = min(top, 0.0)
        if not _above(Z, weight, penalty, code, centre, a, b, m, half, held[k : k + 1], -1.0, level, G):
            return False
        b[i] = top
    return True


@helper(counts=True)
def _longest(Z, weight, code, m, r, half, halvings):
    """Return the axis along which the loss changes most over a cell, of those that can still be halved; or -1."""
    loss, eps = code[0], code[1]
    best, axis = -1.0, -1
    p = half.size
    change = np.zeros(p)
    for i in range(m.size):
        a, b = m[i] - r[i], m[i] + r[i]
        middle = value(loss, eps, 0.5 * (a + b))
        ends = max(abs(value(loss, eps, a) - middle), abs(value(loss, eps, b) - middle))
        share = weight[i] * ends / max(b - a, 1e-300)
        for j in range(p):
            change[j] += share * abs(Z[i, j]) * half[j]
    for j in range(p):
        if halvings[j] < MOST_HALVINGS and change[j] > best:
            best, axis = change[j], j
    return axis


@jit(
    "Tuple((int64, int64, int64))(float64[:,::1], float64[::1], float64[::1],"
    " Tuple((int64, float64, float64, float64, float64)), float64, boolean[::1], boolean,"
    " float64, float64, uint8[::1], float64[::1], int64[::1])",
    error_model="numpy",
)
def branch(Z, weight, penalty, code, R, judged, fails, level, floor, tree, better, control):
    """Prove that no weights on the other side of a verdict have a loss of at most `level`, cell by cell.

    Returns
    -------
    outcome : PROVED, LEFT where cells are left when `tree` is full, or BETTER where `better` has weights on the other
        side with a loss below `floor`
    n_marks, n_left : int
        Marks written to `tree`, cells that are left.
    """
    n, p = Z.shape
    centres, levels = np.zeros((p * MOST_HALVINGS + 2, p)), np.zeros((p * MOST_HALVINGS + 2, p), np.int64)
    half, G, held = np.empty(p), np.empty(p), np.empty(n, np.int64)
    m, r, a, b = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    size, n_marks, n_left = 1, 0, 0
    while size > 0:
        control[DONE] = n_marks
        if n_marks == tree.size or control[CANCELLED]:
            return LEFT, n_marks, n_left + size
        size -= 1
        centre, halvings, here, wrong = centres[size].copy(), levels[size].copy(), 0.0, False
        for j in range(p):
            half[j] = R * 0.5 ** halvings[j]
            here += 0.5 * penalty[j] * centre[j] * centre[j]
        for i in range(n):
            m[i], r[i] = 0.0, 0.0
            for j in range(p):
                m[i] += centre[j] * Z[i, j]
                r[i] += half[j] * abs(Z[i, j])
            here += weight[i] * value(code[0], code[1], m[i])
            wrong |= judged[i] and m[i] <= 0.0
        if here < floor and wrong != fails:
            copy(centre, better)
            return BETTER, n_marks, n_left
        tree[n_marks] = LEAF
        n_marks += 1
        if _excluded(Z, weight, penalty, code, judged, fails, centre, m, r, half, level, a, b, held, G):
            continue
        axis = _longest(Z, weight, code, m, r, half, halvings)
        if axis < 0:
            n_left += 1
            continue
        tree[n_marks - 1] = FIRST + axis
        for side in (1, -1):  # the upper half is put below the lower one, which comes first
            copy(centre, centres[size])
            copy(halvings, levels[size])
            levels[size, axis] += 1
            centres[size, axis] += side * 0.5 * half[axis]
            size += 1
    return (LEFT if n_left else PROVED), n_marks, n_left
