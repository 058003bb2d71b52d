"""The perceptron's loop."""

import numpy as np

from study.kernels.codes import BUDGET_SPENT, CANCELLED, NOT_FINITE, SEPARATED
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.splitmix import GAMMA, mix
from study.kernels.vectors import WIDTH, add_product, four, load, total

AVERAGE, POCKET = 1, 2  # places in KEEPS of the trainer


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


@helper()
def _n_right(v, rows, visits, look):
    """Return how many of four samples come before the first that is wrong; their sums are those of `margin`."""
    a, b, c, d = visits[look], visits[look + 1], visits[look + 2], visits[look + 3]
    ma = mb = mc = md = four(0.0)
    for k in range(0, rows.shape[1], WIDTH):
        part = load(v, 0, k)
        ma, mb = add_product(ma, part, load(rows, a, k)), add_product(mb, part, load(rows, b, k))
        mc, md = add_product(mc, part, load(rows, c, k)), add_product(md, part, load(rows, d, k))
    if not total(ma) > 0:
        return 0
    if not total(mb) > 0:
        return 1
    if not total(mc) > 0:
        return 2
    return 4 if total(md) > 0 else 3


@helper()
def _n_wrong(v, rows):
    wrong = 0
    for i in range(rows.shape[0]):
        if not margin(v, rows, i) > 0:  # also where it is NaN
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
    n, p = y.size, w0.size
    rows, v = make_rows(X, y, w0)
    kept = np.empty(p)  # the pocket; or the sum of look times change, whence the average
    n_updates[0] = n_passes[0] = 0
    stop[0] = BUDGET_SPENT
    state = seed
    n_looks = 0
    for j in range(p):
        kept[j] = 0.0 if keep == AVERAGE else v[0, j]
    fewest = _n_wrong(v, rows) if keep == POCKET else 0
    # A fixed order takes one pass an update and one more; a drawn one may look in vain, ever less likely.
    for _ in range(min(2 * max_updates + 64, max_passes)):
        n_passes[0] += 1
        before = n_updates[0]
        look = np.int64(0)
        while look < n and n_updates[0] < max_updates and not control[CANCELLED]:
            if not at_random and rows.shape[1] > WIDTH and look + 4 <= n:
                right = _n_right(v, rows, visits, look)
                look += right
                n_looks += right
                if right == 4:
                    continue
            i = visits[look]
            if at_random:  # the modulo's bias is below n / 2^64
                state += GAMMA
                i = np.int64(mix(state) % np.uint64(n))
            if not margin(v, rows, i) > 0:  # also where it is NaN
                for j in range(rows.shape[1]):
                    v[0, j] += rows[i, j]
                n_updates[0] += 1
                if keep == AVERAGE:  # a change made at look t counts for the looks from t on
                    for j in range(p):
                        kept[j] += n_looks * rows[i, j]
                elif keep == POCKET:
                    wrong = _n_wrong(v, rows)
                    if wrong < fewest:
                        fewest = wrong
                        copy(v[0, :p], kept)
            n_looks += 1
            look += 1
        if control[CANCELLED]:
            break
        if not _is_finite(v[0]):
            stop[0] = NOT_FINITE
            loss[0], residual[0] = np.nan, 1.0
            break
        spent = n_updates[0] == max_updates or n_passes[0] == max_passes
        if at_random or spent or n_updates[0] == before:
            wrong = 0
            loss[0] = 0.0
            for i in range(n):
                slack = margin(v, rows, i)
                if not slack > 0:
                    wrong += 1
                    loss[0] -= slack
            residual[0] = wrong / n
            if wrong == 0:
                stop[0] = SEPARATED
            if wrong == 0 or spent:
                break
    for j in range(p):
        if keep == POCKET:
            w[j] = kept[j]
        else:
            w[j] = v[0, j] - (kept[j] / n_looks if keep == AVERAGE and n_looks > 0 else 0.0)
    restore_gil(gil)
