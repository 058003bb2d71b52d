"""How many boundaries of each group get a test point wrong."""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import LANES, any_of, lanes, size_of, smaller, store
from study.kernels.points import margins_of, points_of


@helper()
def _are_certain(w, Z, error, margins, n):
    """Fill the margins of n points; say whether each is larger than its error, so that its sign is right."""
    least = lanes(np.inf)
    for k in range((n + LANES - 1) // LANES):
        margin = margins_of(w, Z, w.size, k)
        store(margins, k, margin)
        least = smaller(least, size_of(margin))
    return not any_of(~(least > error))  # where margins are NaN, so is the error


@gufunc(
    "void(float64[:,:], float64[:], float64[:,:], float64[:], boolean[:,:], int64[:], int64[:],"
    " int64[:,:], boolean[:])",
    "(s,p),(s),(n,d),(n),(t,n),(g),(c)->(g,n),(s)",
)
def count_wrong(w, errors, X, y, tested, groups, control, counts, left):
    """Count the boundaries of each group that are wrong at each point, but for those that rounding leaves open.

    Boundary r belongs to group r modulo their number, and its margins are off by at most errors[r]. `tested` has no
    rows where each is tested on all points. `left` says which boundaries are not counted: one of their margins,
    rounded, may have the wrong sign.
    """
    gil = release_gil()
    n = y.size
    Z, own = points_of(X, y, np.arange(n)), np.zeros((groups.size, n), np.int64)
    margins = np.empty(Z.shape[0] // w.shape[1] * LANES)
    for r in range(w.shape[0]):
        if control[CANCELLED]:
            break
        left[r] = not _are_certain(w[r], Z, errors[r], margins, n)
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
