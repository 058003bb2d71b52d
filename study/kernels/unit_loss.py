"""The loss of a sigmoid unit for one set, compiled: `lanes_loss` with eight samples of the set in the lanes.

The points Z have the shape (n_rows, p, 8): a row holds eight samples y (x, 1), weight by weight. In the last row copies
of the last sample, which count nothing, fill what is left; arrays of a number a sample have the room for them too.
Losses, slopes and curvatures of samples far on their own side are tiny together, so nothing is compared with a fixed
number: what is small is small beside the loss.
"""

import numpy as np

from study.kernels import lanes_loss
from study.kernels.codes import CROSS_ENTROPY
from study.kernels.compilation import helper
from study.kernels.lanes import LANES, aligned_rows, fetch, gather, lanes, larger, load, size_of, store
from study.kernels.vectors import total

ROUNDING = 4.0 * 2.0**-52
AHEAD = 16  # rows from the one in hand to the one that is fetched
FAR = 9.0  # a margin from which exp(-m) is the loss but for a share of 1e-4


@helper()
def least_of(m):
    """Return the least number."""
    least = np.inf
    for i in range(m.size):
        least = min(least, m[i])
    return least


@helper(counts=True)
def make_room(n, p):
    """Return room for the points, for six numbers a sample, and for sums: what eight samples give to each.

    The six are shares, margins m, exp(-|m|), slopes, curvatures, and changes of margins on a step. The sums are those
    of p weights, of the gradient and of the Hessian; room for weighted features comes after them.
    """
    n_rows = (n + LANES - 1) // LANES
    rows = aligned_rows(n_rows * (p + 6) + p * (p + 2) + 3 * lanes_loss.CHUNK)
    Z, at = rows[: n_rows * p].reshape(n_rows, p, LANES), n_rows * p
    return Z, rows[at : at + 6 * n_rows].reshape(6, n_rows * LANES), rows[at + 6 * n_rows :]


@helper()
def _largest_lane(numbers, sums):
    """Return the largest of eight numbers, or 0."""
    store(sums, 0, numbers)
    largest = 0.0
    for lane in range(LANES):
        largest = max(largest, sums[0, lane])
    return largest


@helper(counts=True)
def fill(X, y, share, Z, samples, sums):
    """Fill points and shares of a set; return the size of the largest feature."""
    n_rows, p, _ = Z.shape
    n, most, starts = y.size, lanes(0.0), np.empty((2, LANES), np.int64)
    line = LANES * X.strides[0] if X.strides == (8 * (p - 1), 8) else 0  # bytes of eight samples that run along memory
    for i in range(n_rows):
        for lane in range(LANES):
            k = i * LANES + lane
            samples[0, k] = share[k] if k < n else 0.0
            starts[0, lane], starts[1, lane] = min(k, n - 1) * X.strides[0], min(k, n - 1) * y.strides[0]
        for offset in range(0, line, 8 * LANES):
            fetch(X, (i + AHEAD) * line + offset)
        label = gather(y, starts, 1, 0)
        for j in range(p - 1):
            entry = label * gather(X, starts, 0, j * X.strides[1])
            most = larger(most, size_of(entry))
            store(Z, i * p + j, entry)
        store(Z, i * p + p - 1, label)
    return _largest_lane(most, sums)


@helper()
def _fill_weights(w, sums):
    """Put each weight in all lanes of a row."""
    for j in range(w.size):
        store(sums, j, lanes(w[j]))


@helper()
def fill_margins(Z, w, m, sums):
    """Fill m with the margins."""
    _fill_weights(w, sums)
    for i in range(Z.shape[0]):
        store(m, i, lanes_loss.margin_of(Z, sums, i, w.size))


@helper()
def farthest(Z, d, sums):
    """Return the largest change of a margin on the step d."""
    _fill_weights(d, sums)
    return _largest_lane(lanes_loss.farthest(Z, sums, Z.shape[0], d.size), sums)


@helper()
def fill_loss(Z, samples, w, loss, eps, bends, sums):
    """Fill terms and derivatives, as that of `lanes_loss`; return the mean loss and the sum of the slopes.

    The derivatives are left in `sums`, whence `fill_gradient` and `fill_hessian` take them.
    """
    n_rows, p, _ = Z.shape
    share, m, e, slope, curvature = samples[0], samples[1], samples[2], samples[3], samples[4]
    g, H, weighted = sums[p:], sums[2 * p :], sums[p * (p + 2) :]
    _fill_weights(w, sums)
    value, slopes, _ = lanes_loss.fill_loss(
        Z, share, sums, n_rows, p, loss, eps, bends, m, e, slope, curvature, weighted, g, H
    )
    return total(value), total(slopes)


@helper()
def fill_derivatives(Z, slope, curvature, bends, sums):
    """Fill derivatives as `fill_loss` does, from slopes and curvatures that are there."""
    n_rows, p, _ = Z.shape
    g, H, weighted = sums[p:], sums[2 * p :], sums[p * (p + 2) :]
    lanes_loss.fill_derivatives(Z, slope, curvature, n_rows, p, bends, weighted, g, H)


@helper()
def fill_gradient(sums, g):
    """Fill g with the gradient."""
    for j in range(g.size):
        g[j] = total(load(sums, g.size + j))


@helper()
def fill_hessian(sums, p, H):
    """Fill H with the Hessian."""
    for j in range(p):
        for k in range(j + 1):
            H[j, k] = H[k, j] = total(load(sums, (2 + j) * p + k))


@helper()
def loss_value(samples, loss, eps, value):
    """Return the objective, of which `value` leaves out the cross-entropy: its logarithms are taken here only."""
    if loss != CROSS_ENTROPY:
        return value
    n_rows = samples.shape[1] // LANES
    return value + total(lanes_loss.loss_value(samples[1], samples[2], samples[0], n_rows, eps, lanes(0.0)))


@helper()
def loss_size(value, slopes, loss, eps):
    """Return what is compared with a loss: itself and that of a soft target, or a lower bound without logarithms."""
    return value + (2.0 * eps - slopes if loss == CROSS_ENTROPY else 0.5 * eps * eps)


@helper()
def add_penalty(penalty, w, g):
    """Add the gradient of sum_j penalty_j w_j^2 / 2 to g; return that sum."""
    total = 0.0
    for j in range(w.size):
        if penalty[j] > 0.0:
            g[j] += penalty[j] * w[j]
            total += 0.5 * penalty[j] * w[j] * w[j]
    return total


@helper()
def evaluate(Z, samples, w, loss, eps, penalty, bends, sums, g):
    """Fill terms, gradient and, where `bends` is set, what `fill_hessian` takes; return objective and its size.

    Of the cross-entropy the objective is the penalty alone.
    """
    f, slopes = fill_loss(Z, samples, w, loss, eps, bends, sums)
    fill_gradient(sums, g)
    f += add_penalty(penalty, w, g)
    return f, loss_size(f, slopes, loss, eps)


@helper()
def blur_of(w, scale):
    """Return the share of the loss that the rounding of the weights may cost."""
    longest = 0.0
    for j in range(w.size):
        longest += abs(w[j])
    return (ROUNDING * (1.0 + longest * scale)) ** 2
