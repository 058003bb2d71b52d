"""The loss of a sigmoid unit with eight samples in the lanes: one of each of eight sets, or eight of one set.

Rows of arrays hold eight numbers; the points Z have a row for each sample and weight, sample by sample. `unit_loss`
puts a set into the lanes, `side_by_side` eight sets.
"""

import numpy as np

from study.kernels.codes import CROSS_ENTROPY, THRESHOLD
from study.kernels.compilation import helper
from study.kernels.exponential import LEAST, LN2_HIGH, LN2_LOW, LOG2_E, ROUND, SERIES
from study.kernels.lanes import (
    any_of,
    gather,
    lanes,
    larger,
    load,
    logarithm,
    power_of_two,
    size_of,
    smaller,
    store,
    where,
)

NEAR, CHUNK = 650, 80  # rows of eight numbers that the nearest cache holds, and the most samples that they are of


@helper()
def fill(X, y, share, starts, Z, held_share):
    """Fill Z and shares of eight sets, each from its own start in the arrays; return the largest size, at least 1."""
    n, d = held_share.shape[0], X.shape[2]
    most, shared = lanes(1.0), share.shape[0] == 1
    for i in range(n):
        store(held_share, i, lanes(share[0, i]) if shared else gather(share, starts, 2, i * share.strides[1]))
        label = gather(y, starts, 1, i * y.strides[1])
        for j in range(d):
            entry = label * gather(X, starts, 0, i * X.strides[1] + j * X.strides[2])
            most = larger(most, size_of(entry))
            store(Z, i * (d + 1) + j, entry)
        store(Z, i * (d + 1) + d, label)
    return most


@helper(forceinline=True)
def _series(r):
    """Return exp(r) for |r| <= ln 2 / 2 by its series, taken in parts that do not wait for each other."""
    square = r * r
    fourth = square * square
    first = (SERIES[11] + SERIES[10] * r) + (SERIES[9] + SERIES[8] * r) * square
    second = (SERIES[7] + SERIES[6] * r) + (SERIES[5] + SERIES[4] * r) * square
    third = (SERIES[3] + SERIES[2] * r) + (SERIES[1] + SERIES[0] * r) * square
    return 1.0 + (r + square * (first + fourth * (second + fourth * third)))


@helper(forceinline=True)
def _exponential(m):
    """Return exp(-|m|), to the last bit but one, as `exponentials` does."""
    x = -size_of(m)
    held = larger(x, lanes(LEAST))
    shifted = held * LOG2_E + ROUND
    k = shifted - ROUND
    r = held - k * LN2_HIGH - k * LN2_LOW
    return where(x < LEAST, 0.0, _series(r) * power_of_two(shifted))


@helper(forceinline=True)
def margin_of(Z, w, i, p):
    """Return the margins of the i-th samples."""
    margin = load(w, 0) * load(Z, i * p)
    for j in range(1, p):
        margin = margin + load(w, j) * load(Z, i * p + j)
    return margin


@helper(forceinline=True)
def _terms(margin, power, loss, eps):
    """Return loss, slope and curvature at a margin m, given exp(-|m|) too; of the cross-entropy the loss is 0."""
    right = 1.0 / (1.0 + power)
    wrong = power * right
    q = where(margin > 0.0, wrong, right)  # 1 - sigma(m)
    pq = wrong * right
    if loss == CROSS_ENTROPY:
        return lanes(0.0), eps - q, pq
    floor = 0.0 if loss == THRESHOLD else -1.0
    r = larger(q - eps, lanes(floor))
    pq = where(q - eps > floor, pq, 0.0)
    return 0.5 * r * r, -(r * pq), pq * (pq - r * (2.0 * q - 1.0))


@helper(forceinline=True)
def _fill_terms(Z, shares, w, moved, begin, end, p, loss, eps, m, e, slope, curvature, sums):
    """Fill margins, exp(-|m|), weighted slopes and curvatures of some of the samples, and add to their sums.

    These are the mean loss, of the cross-entropy 0 as its logarithms are taken at the end, and that of the slopes, and
    the least margin. Where no weight has `moved` from zero, margins are known.
    """
    value, slopes, nearest = sums
    zero, one = lanes(0.0), lanes(1.0)
    for i in range(begin, end):
        margin = margin_of(Z, w, i, p) if moved else zero
        nearest = smaller(nearest, margin)
        store(m, i, margin)
        store(e, i, _exponential(margin) if moved else one)
    at_zero = _terms(zero, one, loss, eps)
    for i in range(begin, end):
        share = load(shares, i)
        part, down, bend = _terms(load(m, i), load(e, i), loss, eps) if moved else at_zero
        value, slopes = value + share * part, slopes + share * down
        store(slope, i, share * down)
        store(curvature, i, share * bend)
    return value, slopes, nearest


@helper(forceinline=True)
def _add_to_diagonal(Z, slope, curvature, begin, end, p, j, weighted, g, H):
    """Add to three entries of g, and to three rows of H about its diagonal, what some of the samples give.

    `weighted` is filled with the weighted features of the three.
    """
    two, three = min(j + 1, p - 1), min(j + 2, p - 1)
    a, b, c = load(g, j), load(g, two), load(g, three)
    ux, vx, vy = load(H, j * p + j), load(H, two * p + j), load(H, two * p + two)
    wx, wy, wz = load(H, three * p + j), load(H, three * p + two), load(H, three * p + three)
    for i in range(begin, end):
        bend, part, at = load(curvature, i), load(slope, i), 3 * (i - begin)
        x, y, z = load(Z, i * p + j), load(Z, i * p + two), load(Z, i * p + three)
        u, v, w = bend * x, bend * y, bend * z
        a, b, c = a + part * x, b + part * y, c + part * z
        ux, vx, vy = ux + u * x, vx + v * x, vy + v * y
        wx, wy, wz = wx + w * x, wy + w * y, wz + w * z
        store(weighted, at, u)
        store(weighted, at + 1, v)
        store(weighted, at + 2, w)
    store(g, three, c)
    store(g, two, b)
    store(g, j, a)
    for row, k, entry in (
        (three, three, wz),
        (three, two, wy),
        (three, j, wx),
        (two, two, vy),
        (two, j, vx),
        (j, j, ux),
    ):
        store(H, row * p + k, entry)


@helper(forceinline=True)
def _add_block(Z, weighted, begin, end, p, j, k, H):
    """Add to three rows of H by three columns, left of its diagonal, what some of the samples give."""
    two, three, other, last = min(j + 1, p - 1), min(j + 2, p - 1), k + 1, k + 2
    ux, uy, uz = load(H, j * p + k), load(H, j * p + other), load(H, j * p + last)
    vx, vy, vz = load(H, two * p + k), load(H, two * p + other), load(H, two * p + last)
    wx, wy, wz = load(H, three * p + k), load(H, three * p + other), load(H, three * p + last)
    for i in range(begin, end):
        x, y, z = load(Z, i * p + k), load(Z, i * p + other), load(Z, i * p + last)
        at = 3 * (i - begin)
        u, v, w = load(weighted, at), load(weighted, at + 1), load(weighted, at + 2)
        ux, uy, uz = ux + u * x, uy + u * y, uz + u * z
        vx, vy, vz = vx + v * x, vy + v * y, vz + v * z
        wx, wy, wz = wx + w * x, wy + w * y, wz + w * z
    for row, x, y, z in ((three, wx, wy, wz), (two, vx, vy, vz), (j, ux, uy, uz)):
        store(H, row * p + last, z)
        store(H, row * p + other, y)
        store(H, row * p + k, x)


@helper(forceinline=True)
def _add_gradient(Z, slope, begin, end, p, g):
    """Add to the gradient, four entries at a time, what some of the samples give."""
    for j in range(0, p, 4):
        two, three, four = min(j + 1, p - 1), min(j + 2, p - 1), min(j + 3, p - 1)
        a, b, c, d = load(g, j), load(g, two), load(g, three), load(g, four)
        for i in range(begin, end):
            part, at = load(slope, i), i * p
            a, b = a + part * load(Z, at + j), b + part * load(Z, at + two)
            c, d = c + part * load(Z, at + three), d + part * load(Z, at + four)
        store(g, four, d)
        store(g, three, c)
        store(g, two, b)
        store(g, j, a)


@helper(forceinline=True)
def _add_derivatives(Z, slope, curvature, begin, end, p, bends, weighted, g, H):
    """Add to the gradient, and where `bends` is set to the Hessian left of its diagonal, what some samples give."""
    if bends:
        for j in range(0, p, 3):
            _add_to_diagonal(Z, slope, curvature, begin, end, p, j, weighted, g, H)
            for k in range(0, j, 3):
                _add_block(Z, weighted, begin, end, p, j, k, H)
    else:
        _add_gradient(Z, slope, begin, end, p, g)


@helper()
def _clear(p, bends, g, H):
    """Put zero in the gradient and, where `bends` is set, in the Hessian left of its diagonal."""
    for j in range(p):
        store(g, j, lanes(0.0))
        for k in range(j + 1 if bends else 0):
            store(H, j * p + k, lanes(0.0))


@helper()
def _chunk_of(p):
    """Return of how many samples the nearest cache holds points, weighted points, slopes and curvatures."""
    return max(min(NEAR // (p + 5), CHUNK), 1)


@helper()
def fill_loss(Z, shares, w, n, p, loss, eps, bends, m, e, slope, curvature, weighted, g, H):
    """Fill terms, gradient and, where `bends` is set, the Hessian of the mean loss left of its diagonal.

    Return the mean loss, of the cross-entropy 0, the sum of the slopes, and the least margin. All is done for some
    samples while the nearest cache holds them. `weighted` is room for three rows of `CHUNK` samples.
    """
    moved, chunk = np.bool_(False), _chunk_of(p)
    for j in range(p):
        moved = moved or any_of(~(load(w, j) == 0.0))
    _clear(p, bends, g, H)
    sums = lanes(0.0), lanes(0.0), lanes(np.inf)
    for begin in range(0, n, chunk):
        end = min(begin + chunk, n)
        sums = _fill_terms(Z, shares, w, moved, begin, end, p, loss, eps, m, e, slope, curvature, sums)
        _add_derivatives(Z, slope, curvature, begin, end, p, bends, weighted, g, H)
    return sums


@helper()
def fill_derivatives(Z, slope, curvature, n, p, bends, weighted, g, H):
    """Fill what `fill_loss` does, from slopes and curvatures that are there."""
    chunk = _chunk_of(p)
    _clear(p, bends, g, H)
    for begin in range(0, n, chunk):
        _add_derivatives(Z, slope, curvature, begin, min(begin + chunk, n), p, bends, weighted, g, H)


@helper()
def add_penalty(penalties, w, p, g, H):
    """Add the derivatives of sum_j penalty_j w_j^2 / 2; return that sum."""
    value = lanes(0.0)
    for j in range(p):
        penalty, weight = load(penalties, j), load(w, j)
        store(g, j, load(g, j) + penalty * weight)
        store(H, j * p + j, load(H, j * p + j) + penalty)
        value = value + 0.5 * penalty * weight * weight
    return value


@helper()
def farthest(Z, d, n, p):
    """Return the largest changes of a margin on the step d."""
    most = lanes(0.0)
    for i in range(n):
        most = larger(most, size_of(margin_of(Z, d, i, p)))
    return most


@helper()
def kkt_residual(w, g, p, R):
    """Return the max-norm of w - P(w - g)."""
    largest = lanes(0.0)
    for j in range(p):
        weight = load(w, j)
        off = size_of(larger(smaller(load(g, j), weight + R), weight - R))
        largest = where(off <= largest, largest, off)
    return largest


@helper()
def loss_value(m, e, shares, n, eps, value):
    """Return the objective of the cross-entropy, of which `value` is the penalty: its logarithms are taken here."""
    first, total = load(shares, 0), lanes(0.0)
    even = first == first
    for i in range(n):
        share = load(shares, i)
        even = even & ((share == first) | (share == 0.0))
    equal = not any_of(~even)
    for begin in range(0, n, 512):
        product = lanes(1.0)
        for i in range(begin, min(begin + 512, n)):
            share, margin, x = load(shares, i), load(m, i), load(e, i)
            tiny = x <= 1e-4  # log(1 + x) as a series
            series = x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)))
            total = total + share * (larger(-margin, lanes(0.0)) + eps * margin + where(tiny, series, 0.0))
            factor = where(tiny | (share == 0.0), 1.0, 1.0 + x)
            if equal:  # logarithms with equal weights are taken of their product, before it overflows
                product = product * factor
            else:
                total = total + share * logarithm(factor)
        total = total + first * logarithm(product)
    return value + total
