"""The sigmoid unit compiled for eight sets at once, one in each lane of a vector: Newton's method in a box.

It takes the steps of `unit.newton` where the Hessian is definite and the loss is not flat, and gives up sets that need
more. Rows of arrays hold a number of each set; the points Z have a row for each sample and weight, sample by sample.
"""

import numpy as np

from study.kernels.codes import CANCELLED, CROSS_ENTROPY, THRESHOLD
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import LANES, any_of, lanes, load, logarithm, power_of_two, put, size_of, store, where
from study.kernels.quadratic_model import LOWEST, RAISE, SAFE, SHARP
from study.kernels.unit import FAR, LEFT
from study.kernels.unit_loss import LEAST, LN2_HIGH, LN2_LOW, LOG2_E, ROUND, ROUNDING, SERIES

CHUNK = 64  # samples of which three weighted features take a fifth of the nearest cache
MOST_PASSES = 60.0  # a set that needs more is given up
ROOM = 5000  # rows of eight numbers that the second cache holds


def rows_needed(n: int, p: int) -> int:
    """Return how many rows of eight numbers a fit of n samples and p weights needs."""
    return n * (p + 5) + 9 * p + 3 * p * p + p + 3 * CHUNK + 5


_rows_needed = helper()(rows_needed)


@helper(forceinline=True)
def _most(a, b):
    """Return the larger of each two numbers."""
    return where(a > b, a, b)


@helper(forceinline=True)
def _least(a, b):
    """Return the smaller of each two numbers."""
    return where(a < b, a, b)


@helper(forceinline=True)
def _clip(a, R):
    """Return the numbers, held between -R and R."""
    return _most(_least(a, lanes(R)), lanes(-R))


@helper()
def _fill_lane(X, y, share, w, penalty, lane, Z, shares, trial, penalties):
    """Put one set into a lane."""
    n, d = X.shape
    p = d + 1
    for i in range(n):
        for j in range(d):
            put(Z, i * p + j, lane, y[i] * X[i, j])
        put(Z, i * p + d, lane, y[i])
        put(shares, i, lane, share[i])
    for j in range(p):
        put(trial, j, lane, w[j])
        put(penalties, j, lane, penalty[j])


@helper()
def _scale_of(Z, n_rows):
    """Return the size of the largest number, at least 1."""
    most = lanes(1.0)
    for k in range(n_rows):
        most = _most(most, size_of(load(Z, k)))
    return most


@helper(forceinline=True)
def _series(r):
    """Return exp(r) for |r| <= ln 2 / 2 by its series, taken in parts that do not wait for each other."""
    square = r * r
    fourth = square * square
    first = (SERIES[11] + SERIES[10] * r) + (SERIES[9] + SERIES[8] * r) * square
    second = (SERIES[7] + SERIES[6] * r) + (SERIES[5] + SERIES[4] * r) * square
    third = (SERIES[3] + SERIES[2] * r) + (SERIES[1] + SERIES[0] * r) * square
    return 1.0 + (r + square * (first + fourth * (second + fourth * third)))


@helper(forceinline=True)
def _exponential(m):
    """Return exp(-|m|), to the last bit but one, as `unit_loss.exponentials` does."""
    x = -size_of(m)
    held = _most(x, lanes(LEAST))
    shifted = held * LOG2_E + ROUND
    k = shifted - ROUND
    r = held - k * LN2_HIGH - k * LN2_LOW
    return where(x < LEAST, 0.0, _series(r) * power_of_two(shifted))


@helper()
def _fill_terms(Z, shares, w, n, p, loss, eps, m, e, slope, curvature):
    """Fill margins, exp(-|m|), weighted slopes and curvatures; return the mean loss, the slopes' sum, the least margin.

    Of the cross-entropy the loss is 0: its logarithms are taken at the end.
    """
    value = slopes = lanes(0.0)
    nearest = lanes(np.inf)
    floor = 0.0 if loss == THRESHOLD else -1.0
    for i in range(n):
        margin = load(w, 0) * load(Z, i * p)
        for j in range(1, p):
            margin = margin + load(w, j) * load(Z, i * p + j)
        nearest = _least(nearest, margin)
        store(m, i, margin)
        store(e, i, _exponential(margin))
    for i in range(n):
        share, margin, power = load(shares, i), load(m, i), load(e, i)
        larger = 1.0 / (1.0 + power)
        smaller = power * larger
        q = where(margin > 0.0, smaller, larger)  # 1 - sigma(m)
        pq = smaller * larger
        if loss == CROSS_ENTROPY:
            part = share * (eps - q)
            bend = share * pq
        else:
            r = _most(q - eps, lanes(floor))
            pq = where(q - eps > floor, pq, 0.0)
            part = -share * (r * pq)
            bend = share * (pq * (pq - r * (2.0 * q - 1.0)))
            value = value + share * (0.5 * r * r)
        slopes = slopes + part
        store(slope, i, part)
        store(curvature, i, bend)
    return value, slopes, nearest


@helper(forceinline=True)
def _add_block(Z, weighted, begin, end, p, j, k, H):
    """Add to three rows of H by three columns what some of the samples give."""
    two, three, other, last = min(j + 1, p - 1), min(j + 2, p - 1), min(k + 1, p - 1), min(k + 2, p - 1)
    ux, uy, uz = load(H, j * p + k), load(H, j * p + other), load(H, j * p + last)
    vx, vy, vz = load(H, two * p + k), load(H, two * p + other), load(H, two * p + last)
    wx, wy, wz = load(H, three * p + k), load(H, three * p + other), load(H, three * p + last)
    for i in range(begin, end):
        x, y, z = load(Z, i * p + k), load(Z, i * p + other), load(Z, i * p + last)
        at = 3 * (i - begin)
        u, v, w = load(weighted, at), load(weighted, at + 1), load(weighted, at + 2)
        ux, uy, uz = ux + u * x, uy + u * y, uz + u * z
        vx, vy, vz = vx + v * x, vy + v * y, vz + v * z
        wx, wy, wz = wx + w * x, wy + w * y, wz + w * z
    for row, x, y, z in ((three, wx, wy, wz), (two, vx, vy, vz), (j, ux, uy, uz)):
        store(H, row * p + last, z)
        store(H, row * p + other, y)
        store(H, row * p + k, x)


@helper()
def _fill_derivatives(Z, slope, curvature, n, p, weighted, g, H):
    """Fill gradient and Hessian of the mean loss, three rows by three, of samples that the nearest cache holds.

    `weighted` is room for three rows of `CHUNK` samples.
    """
    for j in range(p):
        store(g, j, lanes(0.0))
        for k in range(j + 1):
            store(H, j * p + k, lanes(0.0))
    for begin in range(0, n, CHUNK):
        end = min(begin + CHUNK, n)
        for j in range(0, p, 3):
            two, three = min(j + 1, p - 1), min(j + 2, p - 1)
            a, b, c = load(g, j), load(g, two), load(g, three)
            for i in range(begin, end):
                bend, part = load(curvature, i), load(slope, i)
                u, v, w = load(Z, i * p + j), load(Z, i * p + two), load(Z, i * p + three)
                a, b, c = a + part * u, b + part * v, c + part * w
                store(weighted, 3 * (i - begin), bend * u)
                store(weighted, 3 * (i - begin) + 1, bend * v)
                store(weighted, 3 * (i - begin) + 2, bend * w)
            store(g, three, c)
            store(g, two, b)
            store(g, j, a)
            for k in range(0, j + 1, 3):
                _add_block(Z, weighted, begin, end, p, j, k, H)
    for j in range(p):
        for k in range(j):
            store(H, k * p + j, load(H, j * p + k))


@helper()
def _add_penalty(penalties, w, p, g, H):
    """Add the derivatives of sum_j penalty_j w_j^2 / 2; return that sum."""
    value = lanes(0.0)
    for j in range(p):
        penalty, weight = load(penalties, j), load(w, j)
        store(g, j, load(g, j) + penalty * weight)
        store(H, j * p + j, load(H, j * p + j) + penalty)
        value = value + 0.5 * penalty * weight * weight
    return value


@helper()
def _dot(a, b, p):
    """Return the inner products."""
    total = lanes(0.0)
    for j in range(p):
        total = total + load(a, j) * load(b, j)
    return total


@helper()
def _length_of(d, p):
    """Return the sums of absolute values."""
    total = lanes(0.0)
    for j in range(p):
        total = total + size_of(load(d, j))
    return total


@helper()
def _farthest(Z, d, n, p):
    """Return the largest changes of a margin on the step d."""
    most = lanes(0.0)
    for i in range(n):
        change = lanes(0.0)
        for j in range(p):
            change = change + load(Z, i * p + j) * load(d, j)
        most = _most(most, size_of(change))
    return most


@helper()
def _residual_of(w, g, p, R):
    """Return the max-norm of w - P(w - g)."""
    largest = lanes(0.0)
    for j in range(p):
        weight = load(w, j)
        off = size_of(_most(_least(load(g, j), weight + R), weight - R))
        largest = where(off <= largest, largest, off)
    return largest


@helper()
def _fill_free_part(H, g, d, held, p, b, U):
    """Fill U with the free part of H, its right-hand side in column p; held rows are those of the identity.

    b becomes the held entries of d.
    """
    for j in range(p):
        store(b, j, where(load(held, j) > 0.0, load(d, j), 0.0))
    for j in range(p):
        fixed = load(held, j) > 0.0
        right = load(g, j)
        for k in range(p):
            right = right + load(H, j * p + k) * load(b, k)
        store(U, j * (p + 1) + p, where(fixed, load(b, j), -right))
        store(U, j * (p + 1) + j, where(fixed, 1.0, load(H, j * p + j)))
        for k in range(j + 1, p):
            store(U, j * (p + 1) + k, where(fixed | (load(held, k) > 0.0), 0.0, load(H, j * p + k)))


@helper()
def _cholesky(held, p, shift, raised, U, c):
    """Factor U + shift I = LDL' in its place; return which are safely positive definite.

    Where `raised` is positive, diagonal entries are raised by a share, and to that at least. Reciprocals of the pivots
    are on the diagonal then, and column p is z of Lz = b.
    """
    definite, q = lanes(0.0) <= 0.0, p + 1
    for j in range(p):
        fixed, entry = load(held, j) > 0.0, load(U, j * q + j)
        entry = where(raised > 0.0, _most(entry * (1.0 + RAISE), raised), entry)
        enough = where(fixed, 0.0, SAFE * (size_of(entry) + shift))
        store(U, j * q + j, where(fixed, 1.0, entry + shift))
        for i in range(j):
            store(c, i, load(U, i * q + j) * load(U, i * q + i))
        for k in range(j, q, 4):
            two, three, four = min(k + 1, p), min(k + 2, p), min(k + 3, p)
            w, x, y, z = load(U, j * q + k), load(U, j * q + two), load(U, j * q + three), load(U, j * q + four)
            for i in range(j):
                times = load(c, i)
                w = w - times * load(U, i * q + k)
                x = x - times * load(U, i * q + two)
                y = y - times * load(U, i * q + three)
                z = z - times * load(U, i * q + four)
            store(U, j * q + k, w)
            store(U, j * q + two, x)
            store(U, j * q + three, y)
            store(U, j * q + four, z)
        pivot = load(U, j * q + j)
        definite = definite & (pivot > _most(enough, lanes(LOWEST)))
        store(U, j * q + j, 1.0 / pivot)
    return definite


@helper()
def _back_substitute(U, p, b):
    """Fill b with the solution of DL'b = z."""
    q = p + 1
    for j in range(p):
        store(b, j, load(U, j * q + p))
    for j in range(p - 1, -1, -1):
        x = load(b, j) * load(U, j * q + j)
        store(b, j, x)
        for i in range(j):
            store(b, i, load(b, i) - load(U, i * q + j) * x)


@helper()
def _largest_free(H, held, p):
    """Return the size of the largest diagonal entry of the free part."""
    size = lanes(1e-300)
    for j in range(p):
        size = _most(size, where(load(held, j) > 0.0, 0.0, size_of(load(H, j * p + j))))
    return size


@helper()
def _target(H, g, d, held, p, convex, going, U, b, c):
    """Fill b with the minimiser of g'd + d'Hd / 2 over the free entries of d, the held ones as they are.

    Only lanes `going` are looked at. Return which have one, and which have that of the Hessian as it is. It is factored
    as `_factor` of `quadratic_model` does, but a raised one only once.
    """
    shift = raised = lanes(0.0)
    definite = known = going
    for attempt in range(40):
        _fill_free_part(H, g, d, held, p, b, U)
        definite = _cholesky(held, p, shift, raised, U, c)
        if attempt == 0:
            known = definite
        if not any_of(going & ~definite) or (convex and attempt > 0):
            break
        size = _largest_free(H, held, p)
        if convex:
            raised = where(definite, 0.0, _most(1e-30 * size, lanes(1e-200)))
        else:
            shift = where(definite, shift, _most(10.0 * shift, 1e-10 * size))
    _back_substitute(U, p, b)
    return definite, known


@helper()
def _go_to(b, w, p, R, going, d, held):
    """Go from d towards b until a weight meets its bound, and hold that weight; return in which lanes one does."""
    share, blocking = lanes(1.0), lanes(-1.0)
    for j in range(p):
        weight, old, new = load(w, j), load(d, j), load(b, j)
        free = ~(load(held, j) > 0.0)
        room = (where(new > 0.0, R, -R) - weight - old) / (new - old)
        closer = free & (size_of(weight + new) > R) & (room < share)
        share = where(closer, _most(room, lanes(0.0)), share)
        blocking = where(closer, float(j), blocking)
    met = going & (blocking >= 0.0)
    for j in range(p):
        old, new, here = load(d, j), load(b, j), met & (blocking == float(j))
        ahead = where(here, where(new > 0.0, R, -R) - load(w, j), old + share * (new - old))
        store(d, j, where(going, ahead, old))
        store(held, j, where(here, 1.0, load(held, j)))
    return met


@helper()
def _release(H, g, w, d, p, going, held):
    """Free the held weight that the model pulls inside most; return in which lanes there is one."""
    steepest, release = lanes(0.0), lanes(-1.0)
    for j in range(p):
        fixed = going & (load(held, j) > 0.0)
        if any_of(fixed):
            pull = load(g, j)
            for k in range(p):
                pull = pull + load(H, j * p + k) * load(d, k)
            pull = where(load(w, j) + load(d, j) < 0.0, -pull, pull)
            steeper = fixed & (pull > steepest)
            steepest, release = where(steeper, pull, steepest), where(steeper, float(j), release)
    freed = release >= 0.0
    if any_of(freed):
        for j in range(p):
            store(held, j, where(release == float(j), 0.0, load(held, j)))
    return freed


@helper()
def _step_in_box(H, g, w, p, R, convex, going, U, b, c, d, held):
    """Fill d with the minimiser of the quadratic model in the box, by the primal active-set method.

    Only lanes `going` are looked at. Return which of them have one, and which of these one of the Hessian as it is.
    """
    for j in range(p):
        weight, slope = load(w, j), load(g, j)
        fixed = ((weight >= R) & (slope <= 0.0)) | ((weight <= -R) & (slope >= 0.0))
        store(held, j, where(going, where(fixed, 1.0, 0.0), load(held, j)))
        store(d, j, where(going, 0.0, load(d, j)))
    found = exact = going
    for _ in range(4 * p + 4):
        definite, known = _target(H, g, d, held, p, convex, going, U, b, c)
        found, exact = found & (definite | ~going), (going & known) | (exact & ~going)
        going = going & definite
        met = _go_to(b, w, p, R, going, d, held)
        rest = going & ~met
        going = met | _release(H, g, w, d, p, rest, held) if any_of(rest) else met
        if not any_of(going):
            break
    return found & ~going, exact


@helper()
def _is_sharp(H, U, A, held, p):
    """Say of which H the free part, whose factor is U, is far from singular beside its rounding: `is_sharp`."""
    total = lanes(0.0)
    for j in range(p):
        for k in range(j + 1):
            x = lanes(1.0 if k == j else 0.0)
            for i in range(k, j):
                x = x - load(U, i * (p + 1) + j) * load(U, i * (p + 1) + i) * load(A, i * p + k)
            store(A, j * p + k, x)
            size = where(load(held, k) > 0.0, 1.0, load(H, k * p + k))
            total = total + size * x * x * load(U, j * (p + 1) + j)
    return total <= SHARP


@helper()
def _value_of(m, e, shares, n, eps, value):
    """Return the objective of the cross-entropy, of which `value` is the penalty: its logarithms are taken here."""
    first, total = load(shares, 0), lanes(0.0)
    even = first == first
    for i in range(n):
        even = even & (load(shares, i) == first)
    equal = not any_of(~even)
    product = lanes(1.0)
    for i in range(n):
        share, margin, x = load(shares, i), load(m, i), load(e, i)
        tiny = x <= 1e-4  # log(1 + x) as a series
        series = x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)))
        total = total + share * (_most(-margin, lanes(0.0)) + eps * margin + where(tiny, series, 0.0))
        factor = where(tiny, 1.0, 1.0 + x)
        if equal:  # logarithms with equal weights are taken of their product, before it overflows
            product = product * factor
        else:
            total = total + share * logarithm(factor)
        if i % 512 == 511:
            total = total + first * logarithm(product)
            product = lanes(1.0)
    return value + (total + first * logarithm(product))


@helper()
def _move(moved, count, new, old):
    """Put what is new in the place of the old where lanes have moved."""
    for k in range(count):
        store(old, k, where(moved, load(new, k), load(old, k)))


@helper()
def _fit(Z, samples, n, p, loss, eps, R, max_steps, control, vectors, matrices, U, weighted, told):
    """Fit eight sets, whose first weights are in `trial`; tell value, residual, gap, steps and passes.

    All lanes take the steps of `unit.newton`, each its own. One that is done, left or lost stays where it is.
    """
    share, m, e, slope, curvature = samples[0], samples[1], samples[2], samples[3], samples[4]
    trial, penalty, w, g, new_g = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4]
    d, held, b, c = vectors[5], vectors[6], vectors[7], vectors[8]
    H, new_H = matrices[0], matrices[1]
    convex, soft = loss == CROSS_ENTROPY, 0.5 * eps * eps
    scale = _scale_of(Z, n * p)
    for j in range(p):
        store(trial, j, _clip(load(trial, j), R))
        store(held, j, lanes(0.0))
    falls = (_length_of(penalty, p) <= 0.0) & (lanes(eps) <= 0.0)
    f = size = residual = nearest = downhill = promised = steps = lanes(0.0)
    step = passes = lanes(1.0)
    gap = lanes(np.inf)
    none = step <= 0.0
    going, done, ended, first = ~none, none, none, True
    while True:
        new_f, slopes, new_nearest = _fill_terms(Z, share, trial, n, p, loss, eps, m, e, slope, curvature)
        _fill_derivatives(Z, slope, curvature, n, p, weighted, new_g, new_H)
        new_f = new_f + _add_penalty(penalty, trial, p, new_g, new_H)
        new_residual = _residual_of(trial, new_g, p, R)
        if first:
            moved, first = going, False
        else:
            passes = passes + where(going, 1.0, 0.0)
            rise, falling = _dot(new_g, d, p), downhill < 0.0
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
            step = where(accepted, step, step * _least(_most(secant, lanes(0.1)), lanes(0.5)))
            steps = steps + where(moved, 1.0, 0.0)
        lost = none
        if any_of(moved):
            _move(moved, p, trial, w)
            _move(moved, p, new_g, g)
            _move(moved, p * p, new_H, H)
            f, residual, nearest = (
                where(moved, new_f, f), where(moved, new_residual, residual), where(moved, new_nearest, nearest)
            )  # fmt: skip
            size = where(moved, new_f + (2.0 * eps - slopes if convex else lanes(soft)), size)
            step = where(moved, 1.0, step)
            found, sure = _step_in_box(H, g, w, p, R, convex, moved, U, b, c, d, held)
            downhill = where(moved, _dot(g, d, p), downhill)
            reach = _length_of(d, p) * scale  # no margin changes by more
            if any_of(moved & (reach > 20.0)):
                reach = _least(reach, _farthest(Z, d, n, p))
            if convex:
                sure = sure & (reach <= 1.0)
            promised = where(moved, where(sure, size_of(downhill), np.inf), promised)
            close = residual <= 1e-5 * scale * size
            lost = moved & (~found | (reach > 20.0) | ~((downhill < 0.0) | close))
        far = going & moved & falls & (size < 1e-3) & (nearest >= FAR)
        gap, going = where(far, LEFT, gap), going & ~far
        settled = ended | (moved & (residual <= 1e-14 * scale * size))
        done = done | (going & settled & (promised <= 1e-12 * size))
        lost = lost | ended | (steps >= float(max_steps)) | (passes >= MOST_PASSES)
        going = going & ~done & ~lost
        if not any_of(going) or control[CANCELLED]:
            break
        for j in range(p):
            ahead = _clip(load(w, j) + step * load(d, j), R)
            store(trial, j, where(going, ahead, load(w, j)))
    if any_of(ended):  # they have gone back
        _fill_terms(Z, share, w, n, p, loss, eps, m, e, slope, curvature)
    value = _value_of(m, e, share, n, eps, f) if convex else f
    blur = ROUNDING * (1.0 + _length_of(w, p) * scale)
    done = done & _is_sharp(H, U, new_H, held, p)
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
    n_rows = _rows_needed(n, p)
    room = np.empty((n_rows + 1) * LANES)
    spare = (-room.ctypes.data % (8 * LANES)) // 8  # so that a row lies in one line of the cache
    rows = room[spare : spare + n_rows * LANES].reshape(n_rows, LANES)
    Z, at = rows[: n * p], n * p
    samples, at = rows[at : at + 5 * n].reshape(5, n, LANES), at + 5 * n
    vectors, at = rows[at : at + 9 * p].reshape(9, p, LANES), at + 9 * p
    matrices, at = rows[at : at + 2 * p * p].reshape(2, p * p, LANES), at + 2 * p * p
    U, at = rows[at : at + p * (p + 1)], at + p * (p + 1)
    weighted, told = rows[at : at + 3 * CHUNK], rows[at + 3 * CHUNK :]
    for begin in range(0, n_sets, LANES):
        for lane in range(LANES):
            k = min(begin + lane, n_sets - 1)  # the last set fills what lanes are left
            one, label, share = X[places[0, k]], y[places[1, k]], shares[places[2, k]]
            start, penalty = w0[places[3, k]], penalties[places[4, k]]
            _fill_lane(one, label, share, start, penalty, lane, Z, samples[0], vectors[0], vectors[1])
        _fit(Z, samples, n, p, loss, eps, R, max_steps, control, vectors, matrices, U, weighted, told)
        if control[CANCELLED]:
            break
        for lane in range(min(LANES, n_sets - begin)):
            k = begin + lane
            for j in range(p):
                answer[k, j] = vectors[2, j, lane]
            value[k], residual[k], gap[k] = told[0, lane], told[1, lane], told[2, lane]
            n_steps[k], n_passes[k] = np.int64(told[3, lane]), np.int64(told[4, lane])
    restore_gil(gil)
