"""The perceptron's loop."""

import numpy as np

from study.kernels.codes import BUDGET_SPENT, CANCELLED, NOT_FINITE, SEPARATED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.splitmix import GAMMA, mix

AVERAGE, POCKET = 1, 2  # places in KEEPS of the trainer
WIDE = 8  # features from which the sum of one sample keeps the processor waiting


@helper()
def margin(w, x, label):
    """Return y w.(x, 1) of one sample."""
    z = w[-1]
    for j in range(x.size):
        z += w[j] * x[j]
    return label * z


@helper()
def _n_right(w, X, y, visits, look):
    """Return how many of four samples come before the first that is wrong: four sums go through the processor at once.

    Each is summed in the order of `margin`, so that the two never disagree.
    """
    a, b, c, d = visits[look], visits[look + 1], visits[look + 2], visits[look + 3]
    za = zb = zc = zd = w[-1]
    for j in range(X.shape[1]):
        za += w[j] * X[a, j]
        zb += w[j] * X[b, j]
        zc += w[j] * X[c, j]
        zd += w[j] * X[d, j]
    if not y[a] * za > 0:
        return 0
    if not y[b] * zb > 0:
        return 1
    if not y[c] * zc > 0:
        return 2
    return 4 if y[d] * zd > 0 else 3


@helper()
def _n_wrong(w, X, y):
    wrong = 0
    for i in range(y.size):
        if not margin(w, X[i], y[i]) > 0:  # also where it is NaN
            wrong += 1
    return wrong


@helper()
def _is_finite(w):
    finite = True
    for j in range(w.size):
        finite = finite and abs(w[j]) < np.inf
    return finite


@gufunc(
    "void(float64[:,:], float64[:], float64[:], int64[:], boolean, uint64, int64, int64, int64, int64[:],"
    " float64[:], int8[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(n),(),(),(),(),(),(c)->(p),(),(),(),(),()",
)
def train(
    X,
    y,
    w0,
    visits,
    at_random,
    seed,
    keep,
    max_updates,
    max_passes,
    control,
    w,
    stop,
    n_updates,
    n_passes,
    loss,
    residual,
):
    """Look at sample after sample, and change the weights at those that are wrong."""
    gil = release_gil()
    n, d = X.shape
    copy(w0, w)
    n_updates[0] = n_passes[0] = 0
    stop[0] = BUDGET_SPENT
    state = seed
    n_looks = 0
    kept = np.empty(d + 1)  # the pocket; or the sum of look times change, whence the average
    for j in range(d + 1):
        kept[j] = 0.0 if keep == AVERAGE else w[j]
    fewest = _n_wrong(w, X, y) if keep == POCKET else 0
    # A fixed order takes one pass an update and one more; a drawn one may look in vain, ever less likely.
    for _ in range(min(2 * max_updates + 64, max_passes)):
        n_passes[0] += 1
        before = n_updates[0]
        look = 0
        while look < n and n_updates[0] < max_updates and not control[CANCELLED]:
            if not at_random and d >= WIDE and look + 4 <= n:
                right = _n_right(w, X, y, visits, look)
                look += right
                n_looks += right
                if right == 4:
                    continue
            i = visits[look]
            if at_random:  # the modulo's bias is below n / 2^64
                state += GAMMA
                i = np.int64(mix(state) % np.uint64(n))
            if not margin(w, X[i], y[i]) > 0:  # also where it is NaN
                for j in range(d):
                    w[j] += y[i] * X[i, j]
                w[d] += y[i]
                n_updates[0] += 1
                if keep == AVERAGE:  # a change made at look t counts for the looks from t on
                    for j in range(d):
                        kept[j] += n_looks * y[i] * X[i, j]
                    kept[d] += n_looks * y[i]
                elif keep == POCKET:
                    wrong = _n_wrong(w, X, y)
                    if wrong < fewest:
                        fewest = wrong
                        copy(w, kept)
            n_looks += 1
            look += 1
        if control[CANCELLED]:
            break
        if not _is_finite(w):
            stop[0] = NOT_FINITE
            loss[0], residual[0] = np.nan, 1.0
            break
        spent = n_updates[0] == max_updates or n_passes[0] == max_passes
        if at_random or spent or n_updates[0] == before:
            wrong = 0
            loss[0] = 0.0
            for i in range(n):
                slack = margin(w, X[i], y[i])
                if not slack > 0:
                    wrong += 1
                    loss[0] -= slack
            residual[0] = wrong / n
            if wrong == 0:
                stop[0] = SEPARATED
            if wrong == 0 or spent:
                break
    if keep == AVERAGE and n_looks > 0:
        for j in range(d + 1):
            w[j] -= kept[j] / n_looks
    elif keep == POCKET:
        copy(kept, w)
    restore_gil(gil)
