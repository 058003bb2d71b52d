"""Samples y (x, 1) as rows, for compiled loops that look at one after another."""

import numpy as np

from study.kernels.compilation import helper
from study.kernels.vectors import WIDTH, add_product, four, load, total


@helper(counts=True)
def make_rows(X, y, w0):
    """Return rows y (x, 1), and the weights as a row, all with zeros behind them to a multiple of `WIDTH`."""
    n, d = X.shape
    room = np.empty((n + 1, (d + WIDTH) // WIDTH * WIDTH))
    for i in range(n):
        for j in range(d):
            room[i, j] = y[i] * X[i, j]
        room[i, d] = y[i]
    for j in range(d + 1):
        room[n, j] = w0[j]
    for j in range(d + 1, room.shape[1]):
        for i in range(n + 1):
            room[i, j] = 0.0
    return room[:n], room[n:]


@helper()
def margin(v, rows, i):
    """Return y w.(x, 1) of one sample."""
    if rows.shape[1] == WIDTH:  # the same sum, in less time
        return (v[0, 0] * rows[i, 0] + v[0, 1] * rows[i, 1]) + (v[0, 2] * rows[i, 2] + v[0, 3] * rows[i, 3])
    sums = four(0.0)
    for k in range(0, rows.shape[1], WIDTH):
        sums = add_product(sums, load(v, 0, k), load(rows, i, k))
    return total(sums)
