"""The sigmoid unit compiled for eight sets at once, one in each lane of a vector: Newton's method in a box.

It takes the steps of `unit.newton` where the Hessian is definite and the loss is not flat, and gives up sets that need
more. Rows of arrays hold a number of each set; the points Z have a row for each sample and weight, sample by sample.
"""

import numpy as np

from study.kernels.codes import CANCELLED, CROSS_ENTROPY, LEFT
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import (
    LANES,
    aligned_rows,
    any_of,
    clip,
    dot,
    fetch,
    gather,
    lanes,
    larger,
    load,
    size_of,
    smaller,
    store,
    sum_of_sizes,
    where,
)
from study.kernels.lanes_loss import (
    CHUNK,
    add_penalty,
    farthest,
    fill,
    fill_derivatives,
    fill_loss,
    kkt_residual,
    loss_value,
)
from study.kernels.lanes_model import is_sharp, step_in_box
from study.kernels.quadratic_model import length_from_zero
from study.kernels.unit_loss import FAR, ROUNDING

MOST_PASSES = 60.0  # a set that needs more is given up
ROOM = 5000  # rows of eight numbers that the second cache holds


def rows_needed(n: int, p: int) -> int:
    """Return how many rows of eight numbers a fit of n samples and p weights needs."""
    return n * (p + 5) + p * (3 * p + 11) + 3 * CHUNK + 5


_rows_needed = helper()(rows_needed)


@helper()
def _find(places, strides, begin, starts):
    """Fill how many bytes eight sets are from the first in each array; the last set fills what lanes are left."""
    for lane in range(LANES):
        k = min(begin + lane, places.shape[1] - 1)
        for a in range(5):
            starts[a, lane] = places[a, k] * strides[a]


@helper()
def _fetch(X, y, starts):
    """Ask for points and labels of eight sets that run along memory."""
    for lane in range(LANES):
        if X.strides[2] == 8 and X.strides[1] == 8 * X.shape[2]:
            for offset in range(0, X.shape[1] * X.strides[1], 8 * LANES):
                fetch(X, starts[0, lane] + offset)
        if y.strides[1] == 8:
            for offset in range(0, 8 * y.shape[1], 8 * LANES):
                fetch(y, starts[1, lane] + offset)


@helper()
def _move(moved, count, new, old):
    """Put what is new in the place of the old where lanes have moved."""
    for k in range(count):
        store(old, k, where(moved, load(new, k), load(old, k)))


@helper()
def _move_symmetric(moved, p, new, old):
    """Do so for a symmetric matrix, given to the left of its diagonal."""
    for j in range(p):
        for k in range(j + 1):
            entry = where(moved, load(new, j * p + k), load(old, j * p + k))
            store(old, j * p + k, entry)
            store(old, k * p + j, entry)


@helper()
def _lengthen(start, g, penalty, p, eps, R, d):
    """Lengthen the steps d of the cross-entropy from zero inside the box, as `unit` does."""
    down, penalised = dot(g, d, p), lanes(0.0)
    for j in range(p):
        penalised = penalised + load(penalty, j) * load(d, j) * load(d, j)
    mean = down / (eps - 0.5)  # all slopes are eps - 1/2
    length = length_from_zero(smaller(mean, lanes(1.0)), -down - penalised, penalised)
    for j in range(p):
        store(d, j, where(start, clip(length * load(d, j), R), load(d, j)))


@helper()
def _fit(Z, scale, samples, n, p, loss, eps, R, max_steps, control, vectors, matrices, U, weighted, told):
    """Fit eight sets, whose first weights are in `trial`; tell value, residual, gap, steps and passes.

    All lanes take the steps of `unit.newton`, each its own. One that is done, left or lost stays where it is.
    """
    share, m, e, slope, curvature = samples[0], samples[1], samples[2], samples[3], samples[4]
    trial, penalty, w, g, new_g = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4]
    d, held, b, c = vectors[5], vectors[6], vectors[7], vectors[8:]
    H, new_H = matrices[0], matrices[1]
    convex, soft = loss == CROSS_ENTROPY, 0.5 * eps * eps
    rank = lanes(float(n))
    for j in range(p):
        store(trial, j, clip(load(trial, j), R))
        store(held, j, lanes(0.0))
        rank = rank + where(load(penalty, j) > 0.0, 1.0, 0.0)
    falls = (sum_of_sizes(penalty, p) <= 0.0) & (lanes(eps) <= 0.0)
    f = size = residual = nearest = downhill = rise = steps = lanes(0.0)
    step = passes = lanes(1.0)
    gap = promised = lanes(np.inf)
    none = step <= 0.0
    going, done, ended, first = ~none, none, none, True
    while True:
        last = promised <= 1e-13 * size  # most likely
        bends = any_of(going & ~last)
        new_f, slopes, new_nearest = fill_loss(
            Z, share, trial, n, p, loss, eps, bends, m, e, slope, curvature, weighted, new_g, new_H
        )
        new_f = new_f + add_penalty(penalty, trial, p, new_g, new_H)
        new_residual = kkt_residual(trial, new_g, p, R)
        if first:
            moved, first = going, False
        else:
            passes = passes + where(going, 1.0, 0.0)
            rise, falling = dot(new_g, d, p), downhill < 0.0
            close = residual <= 1e-5 * scale * size
            accepted = close & (new_residual < 0.5 * residual) & (new_f <= f * (1.0 + 1e-12))
            if convex:  # still on the way down, or past the lowest by little
                accepted = accepted | (falling & (rise <= -0.5 * downhill))
            else:
                accepted = accepted | (falling & (new_f <= f + 1e-4 * step * downhill))
            stalled = (new_residual > 0.5 * residual) & (promised <= 1e-14 * size)
            stalled = stalled | ((new_residual >= residual) & (residual <= 1e-11 * scale * size))
            back = going & ((accepted & stalled) | ~(accepted | falling))
            moved, ended = going & accepted & ~back, ended | back
            secant = where(rise > downhill, downhill / (downhill - rise), 0.5)
            step = where(accepted, step, step * smaller(larger(secant, lanes(0.1)), lanes(0.5)))
            steps = steps + where(moved, 1.0, 0.0)
        lost = still = none
        if any_of(moved):
            _move(moved, p, trial, w)
            _move(moved, p, new_g, g)
            size = where(moved, new_f + (2.0 * eps - slopes if convex else lanes(soft)), size)
            still = moved & (new_residual <= 1e-14 * scale * size)
            rests = still & last
            turns = moved & ~rests
            risen = larger(step * rise, lanes(0.0))  # by as much as that, at most, the loss may have risen
            if not convex:
                risen = where(new_residual > residual, np.inf, risen)
            promised = where(rests, promised + risen, promised)
            f, residual, nearest = (
                where(moved, new_f, f), where(moved, new_residual, residual), where(moved, new_nearest, nearest)
            )  # fmt: skip
            step = where(moved, 1.0, step)
            if any_of(turns):
                if not bends:
                    fill_derivatives(Z, slope, curvature, n, p, np.bool_(True), weighted, new_g, new_H)
                    add_penalty(penalty, trial, p, new_g, new_H)
                _move_symmetric(turns, p, new_H, H)
                found, sure = step_in_box(H, g, w, p, rank, R, convex, turns, U, b, c, d, held)
                downhill = where(turns, dot(g, d, p), downhill)
                reach = sum_of_sizes(d, p) * scale  # no margin changes by more
                if any_of(turns & (reach > 20.0)):
                    reach = smaller(reach, farthest(Z, d, n, p))
                if convex:
                    sure = sure & (reach <= 1.0)
                promised = where(turns, where(sure, size_of(downhill), np.inf), promised)
                start = turns & (steps <= 0.0) & (sum_of_sizes(w, p) <= 0.0)
                if convex and any_of(start):
                    _lengthen(start, g, penalty, p, eps, R, d)
                    downhill = where(start, dot(g, d, p), downhill)
                close = residual <= 1e-5 * scale * size
                lost = turns & (~found | (reach > 20.0) | ~((downhill < 0.0) | close))
        far = going & moved & falls & (size < 1e-3) & (nearest >= FAR)
        gap, going = where(far, LEFT, gap), going & ~far
        done = done | (going & (ended | still) & (promised <= 1e-12 * size))
        lost = lost | ended | (steps >= float(max_steps)) | (passes >= MOST_PASSES)
        going = going & ~done & ~lost
        if not any_of(going) or control[CANCELLED]:
            break
        for j in range(p):
            ahead = clip(load(w, j) + step * load(d, j), R)
            store(trial, j, where(going, ahead, load(w, j)))
    if any_of(ended):  # they have gone back
        fill_loss(Z, share, w, n, p, loss, eps, np.bool_(False), m, e, slope, curvature, weighted, new_g, new_H)
    value = loss_value(m, e, share, n, eps, f) if convex else f
    blur = ROUNDING * (1.0 + sum_of_sizes(w, p) * scale)
    done = done & is_sharp(H, U, new_H, held, p)
    store(told, 0, value)
    store(told, 1, residual)
    store(told, 2, where(done, promised / (value + (0.0 if convex else soft)) + blur * blur, gap))
    store(told, 3, steps)
    store(told, 4, passes)


@gufunc(
    "void(float64[:,:,:], float64[:,:], float64[:,:], float64[:,:], float64[:,:], int64[:,:], int64, float64, float64,"
    " int64, int64[:], float64[:,:], float64[:], float64[:], int64[:], int64[:], float64[:])",
    "(a,n,d),(b,n),(e,n),(f,p),(g,p),(v,s),(),(),(),(),(c)->(s,p),(s),(s),(s),(s),(s)",
)
def newton(
    X, y, shares, w0, penalties, places, loss, eps, R, max_steps, control, answer, value, residual, n_steps,
    n_passes, gap
):  # fmt: skip
    """Minimise mean loss + sum_j penalty_j w_j^2 / 2 for |w_j| <= R, for each of many sets, as `unit.newton` does.

    The k-th set has the points X[places[0, k]], the labels y[places[1, k]], and so on. Its gap is infinite where it was
    given up, and LEFT where all of its samples are far on their own side.
    """
    gil = release_gil()
    n, p, n_sets = X.shape[1], X.shape[2] + 1, places.shape[1]
    rows = aligned_rows(_rows_needed(n, p))
    Z, at = rows[: n * p], n * p
    samples, at = rows[at : at + 5 * n].reshape(5, n, LANES), at + 5 * n
    vectors, at = rows[at : at + 10 * p].reshape(10, p, LANES), at + 10 * p
    matrices, at = rows[at : at + 2 * p * p].reshape(2, p * p, LANES), at + 2 * p * p
    U, at = rows[at : at + p * (p + 1)], at + p * (p + 1)
    weighted, told = rows[at : at + 3 * CHUNK], rows[at + 3 * CHUNK :]
    starts = np.empty((5, LANES), np.int64)
    strides = X.strides[0], y.strides[0], shares.strides[0], w0.strides[0], penalties.strides[0]
    for begin in range(0, n_sets, LANES):
        if begin == 0:
            _find(places, strides, begin, starts)
        scale = fill(X, y, shares, starts, Z, samples[0])
        for j in range(p):
            store(vectors[0], j, gather(w0, starts, 3, j * w0.strides[1]))
            store(vectors[1], j, gather(penalties, starts, 4, j * penalties.strides[1]))
        _find(places, strides, begin + LANES, starts)
        _fetch(X, y, starts)  # while these are fitted
        _fit(Z, scale, samples, n, p, loss, eps, R, max_steps, control, vectors, matrices, U, weighted, told)
        if control[CANCELLED]:
            break
        for lane in range(min(LANES, n_sets - begin)):
            k = begin + lane
            for j in range(p):
                answer[k, j] = vectors[2, j, lane]
            value[k], residual[k], gap[k] = told[0, lane], told[1, lane], told[2, lane]
            n_steps[k], n_passes[k] = np.int64(told[3, lane]), np.int64(told[4, lane])
    restore_gil(gil)
