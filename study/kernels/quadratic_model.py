"""The quadratic model of a loss, compiled: the step to its minimiser in a box, in a ball or without a bound.

Rows of matrices are longer than needed, a multiple of `WIDTH`. The column behind a matrix holds the right-hand side, so
that a factorisation solves the first of two triangular systems as well.
"""

import math

import numpy as np

from study.kernels.bound import dot, norm_of, shorten
from study.kernels.codes import BALL, BOX
from study.kernels.compilation import helper
from study.kernels.vectors import WIDTH, load, store

FAILED, INEXACT, RAISED, EXACT = range(4)  # what is known of a step
RAISE, FLOOR, LOWEST_RAISED = 1e-12, 1e-30, 1e-200  # to what a diagonal is raised: by a share, and at least to that
SHARP = 1e12
SAFE = 1e-13
LOWEST = 1e-305  # smaller numbers have no reciprocal


@helper(counts=True, forceinline=True)
def make_small(p):
    """Return room for three matrices of p rows and six vectors."""
    return np.zeros((3 * p + 6, (p // WIDTH + 1) * WIDTH))


@helper(counts=True, forceinline=True)
def parts_of(small, p):
    """Return the three matrices, whose rows are longer than p, and the six vectors that are there."""
    k = 3 * p
    rows = small[k, :p], small[k + 1, :p], small[k + 2, :p], small[k + 3, :p], small[k + 4, :p], small[k + 5, :p]
    return small[:p], small[p : 2 * p], small[2 * p : 3 * p], *rows


@helper()
def _less_rows(S, U, j, begin, M):
    """Fill row j of M, from the column `begin` on, with that of S less the rows of M before it times column j of L."""
    k = begin
    while k + WIDTH < M.shape[1]:
        one, other = load(S, j, k), load(S, j, k + WIDTH)
        for i in range(j):
            times = U[i, j] * U[i, i]
            one, other = one - times * load(M, i, k), other - times * load(M, i, k + WIDTH)
        store(M, j, k, one)
        store(M, j, k + WIDTH, other)
        k += 2 * WIDTH
    if k < M.shape[1]:
        one = load(S, j, k)
        for i in range(j):
            one = one - U[i, j] * U[i, i] * load(M, i, k)
        store(M, j, k, one)


@helper()
def cholesky(A, p, shift, least, U):
    """Factor A + shift I = LDL', of p rows, without roots; return whether that is safely positive definite.

    Each pivot has to be more than a share `least` of its diagonal entry. U is filled with DL', with the reciprocals of
    the pivots on its diagonal. Column p becomes the solution z of Lz = b, b being that of A.
    """
    for j in range(p):
        begin = j - j % WIDTH
        _less_rows(A, U, j, begin, U)
        pivot = U[j, j] + shift
        if not pivot > max(least * (abs(A[j, j]) + shift), LOWEST):
            return False
        U[j, j] = 1.0 / pivot
    return True


@helper()
def solve(U, p, x):
    """Fill x with the solution of DL'x = z, z being column p."""
    for j in range(p):
        x[j] = U[j, p]
    for j in range(p - 1, -1, -1):
        x[j] *= U[j, j]
        for i in range(j):
            x[i] -= U[i, j] * x[j]


@helper()
def _factor(A, p, U, convex):
    """Factor A + shift I for the least shift tried that allows it; return what is known, and that shift.

    Where A has no negative eigenvalue, its diagonal is raised by a share of its own instead, whatever the units.
    """
    if cholesky(A, p, 0.0, SAFE, U):
        return EXACT, 0.0
    size = 1e-300
    for j in range(p):
        size = max(size, abs(A[j, j]))
    if convex:
        for j in range(p):
            A[j, j] = max(A[j, j] * (1.0 + RAISE), FLOOR * size, LOWEST_RAISED)
        if cholesky(A, p, 0.0, SAFE, U):
            return RAISED, 0.0
    shift = 1e-10 * size
    for _ in range(40):
        if cholesky(A, p, shift, SAFE, U):
            return INEXACT, shift
        shift *= 10.0
    return FAILED, shift


@helper()
def _newton_target(H, g, d, held, convex, A, U, b):
    """Fill b with the minimiser of g'd + d'Hd / 2 over the free entries of d, the held ones as they are.

    Only the rows and columns of the free entries are in U, and in A where some are held, one after another.
    """
    p, n_free, f = d.size, 0, np.int64(0)
    for j in range(p):
        n_free += not held[j]
    if n_free == p:
        for j in range(p):
            H[j, p] = -g[j]
        if cholesky(H, p, 0.0, SAFE, U):
            solve(U, p, b)
            return EXACT
    for j in range(p):
        if held[j]:
            continue
        c = f
        for k in range(j, p):
            if not held[k]:
                A[f, c] = H[j, k]
                c += 1
        A[f, c] = -g[j]
        for k in range(p if n_free < p else 0):
            if held[k]:
                A[f, c] -= H[j, k] * d[k]
        f += 1
    known, _ = _factor(A, f, U, convex)
    if known != FAILED:
        solve(U, f, b)
        for j in range(p - 1, -1, -1):
            if held[j]:
                b[j] = d[j]
            else:
                f -= 1
                b[j] = b[f]
    return known


@helper()
def _step_in_box(H, g, w, shape, R, convex, A, U, b, d, held):
    """Fill d with the minimiser of the quadratic model in the box, by the primal active-set method."""
    p = w.size
    for j in range(p):
        held[j] = shape == BOX and ((w[j] >= R and g[j] <= 0.0) or (w[j] <= -R and g[j] >= 0.0))
        d[j] = 0.0
    for _ in range(4 * p + 4):
        known = _newton_target(H, g, d, held, convex, A, U, b)
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
                pull = dot(d, H[j]) + g[j]
                if w[j] + d[j] < 0.0:
                    pull = -pull
                if pull > steepest:
                    steepest, release = pull, j
        if release < 0:
            return known
        held[release] = False
    return INEXACT


@helper()
def _solve_from(H, g, w, shift, multiplier, U, v, d):
    """Fill d with the solution of (H + shift I) d = -(g + multiplier w), U with the factor, and v with w + d.

    Return whether the matrix is safely positive definite, and the norm of v.
    """
    p = w.size
    for j in range(p):
        H[j, p] = -(g[j] + multiplier * w[j])
    if not cholesky(H, p, shift, SAFE, U):
        return False, np.inf
    solve(U, p, d)
    for j in range(p):
        v[j] = w[j] + d[j]
    return True, norm_of(v)


@helper()
def _norm_of_first(U, v, b):
    """Fill b with the solution of LD^(1/2) b = v, the first of two triangular systems, and return its norm."""
    for j in range(v.size):
        b[j] = v[j]
    for j in range(v.size):
        times = b[j] * U[j, j]
        for k in range(j + 1, v.size):
            b[k] -= times * U[j, k]
        b[j] *= math.sqrt(U[j, j])
    return norm_of(b)


@helper()
def _step_in_ball(H, g, w, R, convex, U, b, v, d):
    """Fill d with the minimiser of the quadratic model in the ball, by the iteration of More and Sorensen."""
    p, multiplier = w.size, 0.0
    definite, norm = _solve_from(H, g, w, 0.0, 0.0, U, v, d)
    if norm <= R:
        return EXACT
    size = 0.0
    for j in range(p):
        b[j] = dot(w, H[j]) - g[j]
        for k in range(p):
            size += H[j, k] * H[j, k]
    least = max(norm_of(b) / R - math.sqrt(size), 0.0)  # it is no smaller, and below it all may overflow
    known = EXACT
    if least > 0.0:
        definite, norm = _solve_from(H, g, w, least, least, U, v, d)
        multiplier = least if definite else 0.0
    if not definite:
        known, multiplier = _factor(H, p, U, convex)
        if known == FAILED:
            return FAILED
        if _solve_from(H, g, w, multiplier, 0.0, U, v, d)[1] <= R:
            return known
        _, norm = _solve_from(H, g, w, multiplier, multiplier, U, v, d)
    for _ in range(60):
        if norm <= R * (1.0 + 1e-15) and multiplier == 0.0:
            break
        if abs(norm - R) <= 1e-15 * R:
            break
        slope = _norm_of_first(U, v, b) / norm  # of the secular equation
        new = max(multiplier + (norm / R - 1.0) / (slope * slope), 0.0)
        if abs(new - multiplier) <= 1e-15 * multiplier:
            break
        definite, norm = _solve_from(H, g, w, new, new, U, v, d)
        if not definite:
            break
        multiplier = new
    if abs(norm_of(v) - R) <= 1e-12 * R:
        return known
    shorten(v, R)
    for j in range(p):
        d[j] = v[j] - w[j]
    return INEXACT


@helper()
def model_step(H, g, w, shape, R, convex, A, U, b, v, d, held):
    """Fill d with the minimiser of g'd + d'Hd / 2 inside the bound; return what is known of it."""
    if shape == BALL:
        return _step_in_ball(H, g, w, R, convex, U, b, v, d)
    return _step_in_box(H, g, w, shape, R, convex, A, U, b, d, held)


@helper()
def is_sharp(H, A, U, b, held):
    """Say whether the free part of H, whose factor is U, is far from singular beside its rounding.

    H_jj (H^-1)_jj is large where it is not. The rows of A become those of the inverse of L.
    """
    p = 0
    for j in range(held.size):
        if not held[j]:
            b[p] = H[j, j]
            p += 1
    total = 0.0
    for j in range(p):
        for k in range(A.shape[1]):
            A[j, k] = 1.0 if k == j else 0.0
        _less_rows(A, U, j, np.int64(0), A)
        for k in range(j + 1):
            total += b[k] * A[j, k] * A[j, k] * U[j, j]
    return total <= SHARP


@helper()
def sure_step(H, g, w, shape, R, convex, A, U, b, v, d, held):
    """Fill d as `model_step`, but outside a ball of a raised H where rounding alone makes H definite: it is RAISED."""
    found = model_step(H, g, w, shape, R, convex or shape != BALL, A, U, b, v, d, held)
    if shape == BALL or found != EXACT or is_sharp(H, A, U, b, held):
        return found
    for j in range(w.size):
        H[j, j] *= 1.0 + RAISE
    return min(model_step(H, g, w, shape, R, np.bool_(True), A, U, b, v, d, held), RAISED)


@helper()
def most_raised(H, j, p):
    """Return the most by which a raised matrix may exceed H in its j-th diagonal entry."""
    size = 0.0
    for k in range(p):
        size = max(size, abs(H[k, k]))
    return max(2.0 * RAISE * abs(H[j, j]), FLOOR * size, LOWEST_RAISED)


@helper(forceinline=True)
def length_from_zero(mean, bend, penalised):
    """Return how many times the model's step from zero weights is taken for the cross-entropy.

    The loss bends less and less as margins grow, so the step falls short. The rule is found by trial; it saves about
    one pass in six, and changes no minimum. On the step as it is, `mean` is that of the margins, at most 1, and `bend`
    and `penalised` are what the loss and the penalty bend by, d'Hd of each; the penalty alone would need no more.
    """
    return 1.0 + mean / (2.0 - mean) * bend / (bend + 8.0 * penalised + LOWEST)
