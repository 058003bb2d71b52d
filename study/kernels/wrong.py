"""How many boundaries of each group get a test point wrong."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil

EPS = 2.0**-52
TINY = 2.0**-1074


@helper(counts=True)
def _rows_of(X, y):
    """Return y (x, 1) of all points, feature by feature."""
    n, d = X.shape
    rows = np.empty((d + 1, n))
    for i in range(n):
        for j in range(d):
            rows[j, i] = y[i] * X[i, j]
        rows[d, i] = y[i]
    return rows


@helper()
def _size_of(w, reach):
    """Return a bound on the sums of the sizes of what margins add up."""
    size = 0.0
    for j in range(w.size):
        size += abs(w[j]) * reach[j]
    return size


@helper()
def _fill_margins(w, rows, margins):
    for i in range(margins.size):
        margins[i] = 0.0
    for j in range(w.size):
        weight = w[j]
        for i in range(margins.size):
            margins[i] += weight * rows[j, i]


@helper()
def _n_certain(margins, error):
    certain = 0
    for i in range(margins.size):
        certain += abs(margins[i]) > error
    return certain


@gufunc(
    "void(float64[:,:], float64[:,:], float64[:], boolean[:,:], int64[:], int64[:], int64[:,:], boolean[:])",
    "(s,p),(n,d),(n),(t,n),(g),(c)->(g,n),(s)",
)
def count_wrong(w, X, y, tested, groups, control, counts, left):
    """Count the boundaries of each group that are wrong at each point, but for those that rounding leaves open.

    Boundary r belongs to group r modulo their number. `tested` has no rows where each is tested on all points. `left`
    says which boundaries are not counted: one of their margins, rounded, may have the wrong sign.
    """
    gil = release_gil()
    n, p = y.size, w.shape[1]
    rows, margins, own, reach = _rows_of(X, y), np.empty(n), np.zeros((groups.size, n), np.int64), np.zeros(p)
    for j in range(p):
        for i in range(n):
            reach[j] = max(reach[j], abs(rows[j, i]))
    for r in range(w.shape[0]):
        if control[CANCELLED]:
            break
        _fill_margins(w[r], rows, margins)
        left[r] = _n_certain(margins, (p + 2) * (EPS * _size_of(w[r], reach) + TINY)) < n
        if left[r]:
            continue
        of_group = own[r % groups.size]
        if tested.shape[0] == 0:
            for i in range(n):
                of_group[i] += margins[i] < 0.0
        else:
            for i in range(n):
                of_group[i] += tested[r, i] and margins[i] < 0.0
    for k in range(groups.size):
        for i in range(n):
            counts[k, i] = own[k, i]
    restore_gil(gil)
