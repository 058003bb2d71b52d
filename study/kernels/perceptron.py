"""The perceptron's loop."""

import numpy as np

from study.kernels.codes import BUDGET_SPENT, CANCELLED, NOT_FINITE, SEPARATED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import LANES, count_of, first_of
from study.kernels.points import margins_of, points_of
from study.kernels.splitmix import GAMMA, mix

AVERAGE, POCKET = 1, 2  # places in KEEPS of the trainer


@helper(forceinline=True)
def _are_wrong(v, Z, k):
    """Say which of the k-th eight samples are wrong, also where a margin is NaN."""
    return ~(margins_of(v, Z, v.size, k) > 0.0)


@helper()
def _first_wrong(v, Z, n, look):
    """Return the first sample from `look` on that is wrong, or n."""
    begin = look % LANES
    for k in range(look // LANES, (n + LANES - 1) // LANES):
        lane = first_of(_are_wrong(v, Z, k), begin)
        if lane < LANES:
            return k * LANES + lane
        begin = 0
    return n


@helper()
def _n_wrong(v, Z, n):
    wrong = 0
    for k in range((n + LANES - 1) // LANES):
        wrong += count_of(_are_wrong(v, Z, k), min(n - k * LANES, LANES))
    return wrong


@helper()
def _margin(v, X, y, i):
    """Return y w.(x, 1) of one sample, the sum that `_are_wrong` takes."""
    total = 0.0
    for j in range(v.size - 1):
        total += v[j] * X[i, j]
    return y[i] * (total + v[v.size - 1])


@helper()
def _add_sample(total, times, X, y, i):
    """Add a sample y (x, 1), so many times."""
    for j in range(total.size - 1):
        total[j] += times * (y[i] * X[i, j])
    total[total.size - 1] += times * y[i]


@helper()
def _criterion(v, X, y):
    """Return the sum of max(0, -margin), and the share of samples whose margin is not positive."""
    loss, wrong = 0.0, 0
    for i in range(y.size):
        slack = _margin(v, X, y, i)
        if not slack > 0:
            wrong += 1
            loss -= slack
    return loss, wrong / y.size


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
    X, y, w0, visits, at_random, seed, keep, max_updates, max_passes, control, w, stop, n_updates, n_passes, loss,
    residual
):  # fmt: skip
    """Look at sample after sample, and change the weights at those that are wrong."""
    gil = release_gil()
    n, p = y.size, w0.size
    Z, v = points_of(X, y, visits), np.empty(p)
    kept = np.empty(p)  # the pocket; or the sum of look times change, whence the average
    copy(w0, v)
    for j in range(p):
        kept[j] = 0.0 if keep == AVERAGE else v[j]
    fewest = _n_wrong(v, Z, n) if keep == POCKET else 0
    n_updates[0] = n_passes[0] = 0
    stop[0] = BUDGET_SPENT
    state = seed
    n_looks = 0
    # A fixed order takes one pass an update and one more; a drawn one may look in vain, ever less likely.
    for _ in range(min(2 * max_updates + 64, max_passes)):
        n_passes[0] += 1
        before = n_updates[0]
        look = np.int64(0)
        while look < n and n_updates[0] < max_updates and not control[CANCELLED]:
            if at_random:  # the modulo's bias is below n / 2^64
                state += GAMMA
                i = np.int64(mix(state) % np.uint64(n))
            else:
                first = _first_wrong(v, Z, n, look)
                n_looks += first - look
                look = first
                if first == n:
                    break
                i = visits[first]
            if not at_random or not _margin(v, X, y, i) > 0:  # also where it is NaN
                _add_sample(v, 1, X, y, i)
                n_updates[0] += 1
                if keep == AVERAGE:  # a change made at look t counts for the looks from t on
                    _add_sample(kept, n_looks, X, y, i)
                elif keep == POCKET:
                    n_wrong = _n_wrong(v, Z, n)
                    if n_wrong < fewest:
                        fewest = n_wrong
                        copy(v, kept)
            n_looks += 1
            look += 1
        if control[CANCELLED]:
            break
        if not _is_finite(v):
            stop[0] = NOT_FINITE
            break
        spent = n_updates[0] == max_updates or n_passes[0] == max_passes
        right = not at_random and n_updates[0] == before
        if right or ((at_random or spent) and _first_wrong(v, Z, n, np.int64(0)) == n):
            stop[0] = SEPARATED
        if stop[0] == SEPARATED or spent:
            break
    loss[0] = residual[0] = 0.0
    if stop[0] == NOT_FINITE:
        loss[0], residual[0] = np.nan, 1.0
    elif stop[0] != SEPARATED:
        loss[0], residual[0] = _criterion(v, X, y)
    for j in range(p):
        if keep == POCKET:
            w[j] = kept[j]
        else:
            w[j] = v[j] - (kept[j] / n_looks if keep == AVERAGE and n_looks > 0 else 0.0)
    restore_gil(gil)
