"""The sigmoid unit compiled for stacks: safeguarded projected Newton, and projected gradient descent.

The loops are written for one set; `gufunc` takes them over stacks. Samples are kept as the columns of Z,
rows y (x, 1) turned over, so that the inner loops run along memory.

Losses, slopes and curvatures of samples far on their own side are tiny together, so nothing here is compared with a
fixed number: what is small is small beside the loss. Where all samples are far on their own side, `wide` takes over.
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, NONE, THRESHOLD
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil

LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUND, LEAST = 1.5 * 2.0**52, -708.0
SERIES = tuple(1.0 / math.factorial(j) for j in range(13, -1, -1))
FAR = 9.0  # a margin from which exp(-m) is the loss but for a share of 1e-4
ROUNDING = 4.0 * 2.0**-52
LEFT = -1.0  # the gap of weights that are left to `wide`
FAILED, INEXACT, RAISED, EXACT = range(4)  # what is known of a step
RAISE = 1e-12


@helper(fastmath={"reassoc"})  # the one sum that may be taken in any order
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@helper()
def _fill(X, y, share, Z, held_share):
    """Fill Z, of shape (p, n), and a copy of the shares that runs along memory."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            Z[j, i] = y[i] * X[i, j]
        Z[d, i] = y[i]
        held_share[i] = share[i]


@helper(fastmath={"nnan", "nsz", "reassoc"})  # points are finite: they have been checked
def _largest(Z, largest):
    for j in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            largest = max(largest, abs(Z[j, i]))
    return largest


@helper()
def _farthest(Z, d, change):
    """Return the largest change of a margin on the step d; `change` is room for them."""
    change[:] = 0.0
    for j in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            change[i] += d[j] * Z[j, i]
    largest = 0.0
    for i in range(change.size):
        largest = max(largest, abs(change[i]))
    return largest


@helper()
def _exponentials(m, e, power):
    """Fill e with exp(-|m|), to the last bit but one; `power` is room.

    exp(x) = 2^k exp(r) with |r| <= ln 2 / 2, and the series of exp(r): without branches, so that four or eight samples
    go through the processor at once. Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits, whence
    the shift makes the power of two.
    """
    bits = power.view(np.int64)
    for i in range(m.size):
        x = -abs(m[i])
        x = LEAST if x < LEAST else x
        power[i] = x * LOG2_E + ROUND
        k = power[i] - ROUND
        r = x - k * LN2_HIGH - k * LN2_LOW
        series = 0.0
        for j in range(14):
            series = series * r + SERIES[j]
        e[i] = series
    for i in range(m.size):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(m.size):
        e[i] = 0.0 if -abs(m[i]) < LEAST else e[i] * power[i]  # below the smallest normal number


@helper()
def _terms(Z, share, w, loss, eps, m, e, slope, curvature):
    """Fill margins, exp(-|m|), weighted slopes and curvatures; return the mean loss, of the cross-entropy 0."""
    p, n = Z.shape
    for i in range(n):
        m[i] = w[p - 1] * Z[p - 1, i]
    for j in range(p - 1):
        for i in range(n):
            m[i] += w[j] * Z[j, i]
    _exponentials(m, e, curvature)  # the one expensive operation
    if loss == CROSS_ENTROPY:
        for i in range(n):
            larger = 1.0 / (1.0 + e[i])
            smaller = e[i] * larger
            slope[i] = share[i] * (eps - (smaller if m[i] > 0.0 else larger))
            curvature[i] = share[i] * smaller * larger
        return 0.0
    floor = 0.0 if loss == THRESHOLD else -1.0
    for i in range(n):
        larger = 1.0 / (1.0 + e[i])
        smaller = e[i] * larger
        q = smaller if m[i] > 0.0 else larger  # 1 - sigma(m)
        r = max(q - eps, floor)
        pq = smaller * larger if q - eps > floor else 0.0
        slope[i] = -share[i] * r * pq
        curvature[i] = share[i] * pq * (pq - r * (2.0 * q - 1.0))
        e[i] = 0.5 * r * r
    return _dot(share, e)


@helper()
def _value(m, e, share, loss, eps, value):
    """Return the mean loss; the logarithms of the cross-entropy are taken here only, once a fit."""
    if loss != CROSS_ENTROPY:
        return value
    even = True
    for i in range(share.size):
        even = even and share[i] == share[0]
    total, logs, product = 0.0, 0.0, 1.0
    for i in range(m.size):
        total += share[i] * (max(-m[i], 0.0) + eps * m[i])
        x = e[i]
        if x <= 1e-4:  # log(1 + x) as a series
            total += share[i] * x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)))
        elif even:  # logarithms with equal weights are taken of their product, before it overflows
            product *= 1.0 + x
            if product > 1e300:
                logs += math.log(product)
                product = 1.0
        else:
            total += share[i] * math.log(1.0 + x)
    return total + share[0] * (logs + math.log(product))


@helper(fastmath={"reassoc"})
def _sum(a):
    total = 0.0
    for i in range(a.size):
        total += a[i]
    return total


@helper()
def _size(value, slope, loss, eps):
    """Return what is compared with a loss: itself and that of a soft target, or a lower bound without logarithms."""
    return 2.0 * eps - _sum(slope) if loss == CROSS_ENTROPY else value + 0.5 * eps * eps


@helper()
def _gradient(Z, slope, g):
    for j in range(Z.shape[0]):
        g[j] = _dot(Z[j], slope)


@helper()
def _hessian(Z, curvature, weighted, H):
    """Fill H; `weighted` is room for a row."""
    for j in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            weighted[i] = Z[j, i] * curvature[i]
        for k in range(j + 1):
            H[j, k] = H[k, j] = _dot(weighted, Z[k])


@helper()
def _norm(w):
    largest = 0.0
    for j in range(w.size):
        largest = max(largest, abs(w[j]))
    if largest == 0.0 or not largest < np.inf:
        return largest
    total = 0.0
    for j in range(w.size):
        total += (w[j] / largest) ** 2
    return largest * math.sqrt(total)


@helper()
def _shorten(w, R):
    norm = _norm(w)
    if norm > R:
        for j in range(w.size):
            w[j] *= R / norm


@helper()
def _project(w, shape, R):
    if shape == BOX:
        for j in range(w.size):
            w[j] = min(max(w[j], -R), R)
    elif shape == BALL:
        _shorten(w, R)


@helper()
def _residual(w, g, shape, R, moved):
    """Return the max-norm of w - P(w - g), of g where P leaves that be; `moved` is room."""
    for j in range(w.size):
        moved[j] = w[j] - g[j]
    outside = shape == BALL and _norm(moved) > R
    if outside:
        _project(moved, shape, R)
    largest = 0.0
    for j in range(w.size):
        off = w[j] - moved[j] if outside or not abs(w[j]) < np.inf else g[j]
        if shape == BOX:
            off = max(min(off, w[j] + R), w[j] - R)
        off = abs(off)
        largest = off if not off <= largest else largest  # also where it is NaN
    return largest


@helper()
def _cholesky(A, shift, L):
    """Fill L with the Cholesky factor of A + shift I; return whether that is safely positive definite."""
    for j in range(A.shape[0]):
        for k in range(j + 1):
            total = A[j, k]
            for i in range(k):
                total -= L[j, i] * L[k, i]
            if j == k:
                total += shift
                if not total > 1e-13 * (abs(A[j, j]) + shift):
                    return False
                L[j, j] = math.sqrt(total)
            else:
                L[j, k] = total / L[k, k]
    return True


@helper()
def _solve(L, b, x):
    """Fill x with the solution of L L' x = b."""
    p = b.size
    for j in range(p):
        total = b[j]
        for k in range(j):
            total -= L[j, k] * x[k]
        x[j] = total / L[j, j]
    for j in range(p - 1, -1, -1):
        total = x[j]
        for k in range(j + 1, p):
            total -= L[k, j] * x[k]
        x[j] = total / L[j, j]


@helper()
def _factor(A, L, convex):
    """Fill L with the factor of A + shift I for the least shift tried that allows it; return what is known, and that.

    Where A has no negative eigenvalue, its diagonal is raised by a share of its own instead, whatever the units.
    """
    if _cholesky(A, 0.0, L):
        return EXACT, 0.0
    size = 1e-300
    for j in range(A.shape[0]):
        size = max(size, abs(A[j, j]))
    if convex:
        for j in range(A.shape[0]):
            A[j, j] = max(A[j, j] * (1.0 + RAISE), 1e-30 * size, 1e-200)
        if _cholesky(A, 0.0, L):
            return RAISED, 0.0
    shift = 1e-10 * size
    for _ in range(40):
        if _cholesky(A, shift, L):
            return INEXACT, shift
        shift *= 10.0
    return FAILED, shift


@helper()
def _newton_target(H, g, d, held, convex, A, L, b):
    """Fill b with the minimiser of g'd + d'Hd / 2 over the free entries of d, the held ones as they are."""
    p = d.size
    for j in range(p):
        b[j] = -g[j]
        for k in range(p):
            A[j, k] = 0.0 if held[j] or held[k] else H[j, k]
            if held[k]:
                b[j] -= H[j, k] * d[k]
    for j in range(p):
        if held[j]:
            A[j, j] = 1.0
            b[j] = d[j]
    known, _ = _factor(A, L, convex)
    if known != FAILED:
        _solve(L, b, b)
    return known


@helper()
def _step_in_box(H, g, w, shape, R, convex, A, L, b, d, held):
    """Fill d with the minimiser of the quadratic model in the box, by the primal active-set method."""
    p = w.size
    for j in range(p):
        held[j] = shape == BOX and ((w[j] >= R and g[j] <= 0.0) or (w[j] <= -R and g[j] >= 0.0))
        d[j] = 0.0
    for _ in range(4 * p + 4):
        known = _newton_target(H, g, d, held, convex, A, L, b)
        if known == FAILED:
            return FAILED
        share, blocking = 1.0, -1  # of the way to the target, until a weight meets its bound
        if shape == BOX:
            for j in range(p):
                if not held[j] and abs(w[j] + b[j]) > R:
                    room = ((R if b[j] > 0.0 else -R) - w[j] - d[j]) / (b[j] - d[j])
                    if room < share:
                        share, blocking = max(room, 0.0), j
        for j in range(p):
            d[j] += share * (b[j] - d[j])
        if blocking >= 0:
            held[blocking] = True
            d[blocking] = (R if b[blocking] > 0.0 else -R) - w[blocking]
            continue
        steepest, release = 0.0, -1  # a held weight that the model pulls inside is set free
        for j in range(p):
            if held[j]:
                pull = _dot(H[j], d) + g[j]
                if w[j] + d[j] < 0.0:
                    pull = -pull
                if pull > steepest:
                    steepest, release = pull, j
        if release < 0:
            return known
        held[release] = False
    return INEXACT


@helper()
def _step_in_ball(H, g, w, R, convex, L, b, v, d):
    """Fill d with the minimiser of the quadratic model in the ball, by the iteration of More and Sorensen."""
    p = w.size
    if _cholesky(H, 0.0, L):
        for j in range(p):
            b[j] = -g[j]
        _solve(L, b, d)
        for j in range(p):
            v[j] = w[j] + d[j]
        if _norm(v) <= R:
            return EXACT
    size = 0.0
    for j in range(p):
        b[j] = _dot(H[j], w) - g[j]
        size += _dot(H[j], H[j])
    multiplier = max(_norm(b) / R - math.sqrt(size), 0.0)  # it is no smaller, and below it all may overflow
    if multiplier > 0.0 and not _cholesky(H, multiplier, L):
        multiplier = 0.0
    known = EXACT
    if multiplier == 0.0:
        known, multiplier = _factor(H, L, convex)
        if known == FAILED:
            return FAILED
        for j in range(p):
            b[j] = -g[j]
        _solve(L, b, d)
        for j in range(p):
            v[j] = w[j] + d[j]
        if _norm(v) <= R:
            return known
    for _ in range(60):
        for j in range(p):
            b[j] = -(g[j] + multiplier * w[j])
        _solve(L, b, d)
        for j in range(p):
            v[j] = w[j] + d[j]
        norm = _norm(v)
        if norm <= R * (1.0 + 1e-15) and multiplier == 0.0:
            break
        if abs(norm - R) <= 1e-15 * R:
            break
        for j in range(p):  # b = L^-1 v, whose norm is the slope of the secular equation
            total = v[j]
            for k in range(j):
                total -= L[j, k] * b[k]
            b[j] = total / L[j, j]
        slope = _norm(b) / norm
        new = max(multiplier + (norm / R - 1.0) / (slope * slope), 0.0)
        if abs(new - multiplier) <= 1e-15 * multiplier or not _cholesky(H, new, L):
            break
        multiplier = new
    if abs(_norm(v) - R) <= 1e-12 * R:
        return known
    _shorten(v, R)
    for j in range(p):
        d[j] = v[j] - w[j]
    return INEXACT


@helper()
def _least(m):
    least = np.inf
    for i in range(m.size):
        least = min(least, m[i])
    return least


@helper()
def _keeps_signs(Z, share, d, m, change):
    """Say whether the model's outputs, linear in the step d, stay between 0 and 1; `change` is room.

    Samples whose part in the loss is lost in its rounding have no say.
    """
    _farthest(Z, d, change)
    nearest, total = max(_least(m), 0.0), 0.0
    for i in range(m.size):
        total += share[i] * math.exp(nearest - max(m[i], nearest))
    for i in range(m.size):
        right = 1.0 / (1.0 + math.exp(-m[i]))
        keeps = right * change[i] <= 1.0 + 1e-9 and (1.0 - right) * change[i] >= -1.0 - 1e-9
        part = share[i] * math.exp(nearest - max(m[i], nearest)) * abs(change[i])
        if not (keeps or part <= 1e-16 * total):
            return False
    return True


@helper()
def _blur(w, scale):
    """Return the share of the loss that the rounding of the weights may cost."""
    longest = 0.0
    for j in range(w.size):
        longest += abs(w[j])
    return (ROUNDING * (1.0 + longest * scale)) ** 2


@helper()
def _promise(Z, share, w, loss, convex, shape, R, m, change, small, held):
    """Return what the quadratic model about w still promises to take off the loss inside the bound; `change` is room.

    For the convex cross-entropy no weights inside the bound take off more than this. With d the step to the minimiser
    of the model, whose outputs have to lie between 0 and 1 there, the model's slopes are a point of Fenchel's dual
    problem. Its value falls short of the loss by at most sum_i curvature_i (z_i.d)^2 + max_v (g + H d).(w - v), which
    is -g.d, since a divergence of Kullback and Leibler is at most that of chi^2. Nor is it more than max_v g.(w - v).
    """
    p = w.size
    H, A, L = small[:p], small[p : 2 * p], small[2 * p : 3 * p]
    g, d, b, v = small[3 * p], small[3 * p + 1], small[3 * p + 2], small[3 * p + 3]
    if shape == BALL:
        found = _step_in_ball(H, g, w, R, convex, L, b, v, d)
    else:
        found = _step_in_box(H, g, w, shape, R, convex, A, L, b, d, held)
    promised = np.inf
    if loss != CROSS_ENTROPY:
        if found == EXACT or (found != FAILED and shape != BALL):
            promised = abs(_dot(g, d))
    elif (found == EXACT or (found == RAISED and shape != NONE)) and _keeps_signs(Z, share, d, m, change):
        promised = _dot(g, d)
        if shape == BALL and _norm(w) > R * (1.0 - 1e-14):  # along the sphere, lest the rounding of norms counts
            promised -= _dot(g, w) * _dot(d, w) / _dot(w, w)
        promised = abs(promised)
        for j in range(p if found == RAISED else 0):  # a gradient that is left over
            promised += 2.0 * R * RAISE * H[j, j] * abs(d[j])
    linear = np.inf
    if shape == BOX:
        linear = 0.0
        for j in range(p):
            linear += max(g[j] * (w[j] + R), g[j] * (w[j] - R))
    elif shape == BALL:
        linear = max(_dot(g, w) + R * _norm(g), 0.0)
    return min(promised, linear) + (0.25 * ROUNDING * R * _norm(g) if shape == BALL else 0.0)


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, float64, int64, float64, int64, boolean,"
    " int64[:], float64[:], float64[:], float64[:], int64[:], int64[:], float64[:])",
    "(n,d),(n),(n),(p),(),(),(),(),(),(),(c)->(p),(),(),(),(),()",
)
def newton(
    X, y, shares, w0, loss, eps, shape, R, max_steps, leaves, control, answer, value, residual, n_steps, n_passes, gap
):
    """Minimise the mean loss inside a bound: the quadratic model's minimiser there, then a search on the way to it.

    Where all samples are far on their own side the gap is LEFT to `wide`; where `leaves` is set, so are the steps.
    """
    gil = release_gil()
    n, p = y.size, w0.size
    room, small, held = np.empty((p + 5, n)), np.empty((3 * p + 6, p)), np.empty(p, np.bool_)
    Z, m, e, slope, curvature, share = room[:p], room[p], room[p + 1], room[p + 2], room[p + 3], room[p + 4]
    H, A, L = small[:p], small[p : 2 * p], small[2 * p : 3 * p]
    g, d, b, v, trial = small[3 * p], small[3 * p + 1], small[3 * p + 2], small[3 * p + 3], small[3 * p + 4]
    w = small[3 * p + 5]
    _fill(X, y, shares, Z, share)
    scale = _largest(Z, 1.0)
    # Without a bound the loss of separated points has no minimum: small features must not end the fall early.
    endless = 1e-14 * min(1.0, _largest(Z[: p - 1], 0.0)) if shape == NONE and eps == 0.0 else 0.0
    copy(w0, w)
    _project(w, shape, R)
    f = _terms(Z, share, w, loss, eps, m, e, slope, curvature)
    _gradient(Z, slope, g)
    residual[0] = _residual(w, g, shape, R, trial)
    size = _size(f, slope, loss, eps)
    n_steps[0] = 0
    n_passes[0] = 1
    gap[0] = np.inf
    convex = loss == CROSS_ENTROPY
    while n_steps[0] < max_steps and not control[CANCELLED]:
        if leaves and size < 1e-3 and eps == 0.0 and shape != NONE and _least(m) >= FAR:
            gap[0] = np.inf
            break
        if residual[0] <= 1e-14 * scale * size and gap[0] <= 1e-12 * size:
            break
        if residual[0] <= endless and _least(m) > 0.0:
            break
        _hessian(Z, curvature, slope, H)
        if shape == BALL:
            found = _step_in_ball(H, g, w, R, convex, L, b, v, d)
        else:
            found = _step_in_box(H, g, w, shape, R, convex, A, L, b, d, held)
        downhill = _dot(g, d)
        reach = 0.0  # no margin changes by more
        for j in range(p):
            reach += abs(d[j]) * scale
        if reach > 20.0:
            reach = _farthest(Z, d, slope)
        settled = residual[0] <= 1e-14 * scale * size
        promised = np.inf
        within = reach <= 1.0 or not convex or (settled and _keeps_signs(Z, share, d, m, slope))
        if (found == EXACT or (found == INEXACT and not convex and shape != BALL)) and within:
            promised = abs(downhill)
        bold = reach > 20.0
        if bold:  # where outputs saturate the model may be flat: go no farther than across, and watch the loss itself
            f = _value(m, e, share, loss, eps, f)
            limit = 50.0 + 2.0 * _largest(room[p : p + 1], 1.0)
            if reach > limit:
                for j in range(p):
                    d[j] *= limit / reach
                downhill *= limit / reach
        # Next to the solution rounding hides what leads down; there the residual has the say.
        close = found != FAILED and residual[0] <= 1e-5 * scale * size
        if found == FAILED or not (downhill < 0.0 or close):  # a projected gradient step always leads down
            for j in range(p):
                trial[j] = w[j] - g[j]
            _project(trial, shape, R)
            for j in range(p):
                d[j] = trial[j] - w[j]
            downhill = _dot(g, d)
        step, accepted, f_trial, new_residual = 1.0, False, f, residual[0]
        for _ in range(60):
            for j in range(p):
                trial[j] = w[j] + step * d[j]
            _project(trial, shape, R)  # of rounding only: the way to the model's minimiser lies inside
            f_trial = _terms(Z, share, trial, loss, eps, m, e, slope, curvature)
            if bold:
                f_trial = _value(m, e, share, loss, eps, f_trial)
            _gradient(Z, slope, b)
            n_passes[0] += 1
            rise = _dot(b, d)
            new_residual = _residual(trial, b, shape, R, v)
            if close:
                accepted = new_residual < 0.5 * residual[0] and f_trial <= f * (1.0 + 1e-12)
            if (
                not accepted and loss == CROSS_ENTROPY and not bold
            ):  # convex: still on the way down, or past the lowest by little
                accepted = rise <= -0.5 * downhill and downhill < 0.0
            elif not accepted:
                accepted = f_trial <= f + 1e-4 * step * downhill and downhill < 0.0
            if accepted or not downhill < 0.0:
                break
            secant = downhill / (downhill - rise) if rise > downhill else 0.5
            step *= min(max(secant, 0.1), 0.5)
        gap[0] = promised
        rounding = new_residual > 0.5 * residual[0] and promised <= 1e-14 * size
        if not accepted or rounding or (new_residual >= residual[0] and residual[0] <= 1e-11 * scale * size):
            f = _terms(Z, share, w, loss, eps, m, e, slope, curvature)
            break
        gap[0] += max(step * rise, 0.0)  # by as much the loss may have risen
        if not convex and new_residual > residual[0]:
            gap[0] = np.inf
        for j in range(p):
            w[j] = trial[j]
            g[j] = b[j]
        f = f_trial
        residual[0] = new_residual
        size = _size(f, slope, loss, eps)
        n_steps[0] += 1
    value[0] = _value(m, e, share, loss, eps, f)
    compared = value[0] + (0.0 if loss == CROSS_ENTROPY else 0.5 * eps * eps)
    gap[0] /= compared
    if shape == NONE and eps == 0.0 and _least(m) > 0.0:
        gap[0] = 1.0  # longer weights have a lower loss, as near to zero as one likes
    elif not gap[0] <= 1e-12 and eps == 0.0 and _least(m) >= FAR:
        gap[0] = LEFT
    else:
        if not gap[0] <= 1e-12:
            _gradient(Z, slope, g)
            _hessian(Z, curvature, e, H)
            gap[0] = _promise(Z, share, w, loss, convex, shape, R, m, e, small, held) / compared
        elif shape == BALL:
            gap[0] += 0.25 * ROUNDING * R * _norm(g) / compared  # of the norm
        gap[0] += _blur(w, scale)
    copy(w, answer)
    restore_gil(gil)


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, float64, int64, float64, int64, float64, float64,"
    " float64[:], int64[:], float64[:], int64[:], float64[:], float64[:], float64[:,:])",
    "(n,d),(n),(n),(p),(),(),(),(),(),(),(),(k),(c)->(p),(),(),(),(k,p)",
)
def descend(
    X, y, shares, w0, loss, eps, shape, R, max_steps, rate, tol, room, control, answer, n_steps, value, residual, path
):
    """Take projected gradient steps of a fixed rate until the residual is at most `tol`; record while there is room."""
    gil = release_gil()
    n, p = y.size, w0.size
    workspace, g, moved, w = np.empty((p + 5, n)), np.empty(p), np.empty(p), np.empty(p)
    Z, m, e, slope, curvature = workspace[:p], workspace[p], workspace[p + 1], workspace[p + 2], workspace[p + 3]
    share = workspace[p + 4]
    _fill(X, y, shares, Z, share)
    copy(w0, w)
    _project(w, shape, R)
    copy(w, path[0])
    n_steps[0] = 0
    while True:
        f = _terms(Z, share, w, loss, eps, m, e, slope, curvature)
        _gradient(Z, slope, g)
        residual[0] = _residual(w, g, shape, R, moved)
        if n_steps[0] == max_steps or not residual[0] > tol or control[CANCELLED]:
            break
        for j in range(p):
            w[j] -= rate * g[j]
        _project(w, shape, R)
        n_steps[0] += 1
        if n_steps[0] < room.size:
            copy(w, path[n_steps[0]])
    for k in range(n_steps[0] + 1, room.size):
        copy(w, path[k])
    value[0] = _value(m, e, share, loss, eps, f)
    copy(w, answer)
    restore_gil(gil)
