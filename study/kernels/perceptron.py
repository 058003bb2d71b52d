"""The perceptron's loop."""

import numpy as np

from study.kernels.codes import BUDGET_SPENT, CANCELLED, NOT_FINITE, SEPARATED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.splitmix import GAMMA, mix

AVERAGE, POCKET = 1, 2  # places in KEEPS of the trainer


@helper()
def margin(w, x, label):
    """Return y w.(x, 1) of one sample."""
    z = w[-1]
    for j in range(x.size):
        z += w[j] * x[j]
    return label * z


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
        for look in range(n):
            if n_updates[0] == max_updates or control[CANCELLED]:
                break
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
