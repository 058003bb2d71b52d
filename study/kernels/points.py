"""Samples y (x, 1) of one set, eight side by side, for compiled loops that look at all of them again and again."""

import numpy as np

from study.kernels.compilation import helper
from study.kernels.lanes import LANES, aligned_rows, gather, lanes, load, store
from study.kernels.vectors import add_product


@helper(counts=True)
def points_of(X, y, order):
    """Return rows of eight numbers: p rows hold the p numbers of eight samples; copies of the last fill the end.

    `order` says which sample stands where.
    """
    n, p = order.size, X.shape[1] + 1
    n_rows = (n + LANES - 1) // LANES
    Z, starts = aligned_rows(n_rows * p), np.empty((2, LANES), np.int64)
    for k in range(n_rows):
        for lane in range(LANES):
            i = order[min(k * LANES + lane, n - 1)]
            starts[0, lane], starts[1, lane] = i * X.strides[0], i * y.strides[0]
        label = gather(y, starts, 1, 0)
        for j in range(p - 1):
            store(Z, k * p + j, label * gather(X, starts, 0, j * X.strides[1]))
        store(Z, k * p + p - 1, label)
    return Z


@helper(forceinline=True)
def margins_of(w, Z, p, k):
    """Return the margins of the k-th eight of samples of p numbers; weights may be one fewer, without the bias."""
    sums = lanes(0.0)
    for j in range(w.size):
        sums = add_product(sums, lanes(w[j]), load(Z, k * p + j))
    return sums
