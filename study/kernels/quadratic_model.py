"""The quadratic model of a loss, compiled: the step to its minimiser in a box, in a ball or without a bound."""

import math

import numpy as np

from study.kernels.codes import BALL, BOX
from study.kernels.compilation import helper
from study.kernels.unit_loss import dot, norm_of, shorten

FAILED, INEXACT, RAISED, EXACT = range(4)  # what is known of a step
RAISE = 1e-12
SHARP = 1e12


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
                pull = dot(H[j], d) + g[j]
                if w[j] + d[j] < 0.0:
                    pull = -pull
                if pull > steepest:
                    steepest, release = pull, j
        if release < 0:
            return known
        held[release] = False
    return INEXACT


@helper()
def _solve_from(g, w, multiplier, L, b, v, d):
    """Fill d with the solution of L L' d = -(g + multiplier w), and v with w + d; return the norm of v."""
    for j in range(w.size):
        b[j] = -(g[j] + multiplier * w[j])
    _solve(L, b, d)
    for j in range(w.size):
        v[j] = w[j] + d[j]
    return norm_of(v)


@helper()
def _step_in_ball(H, g, w, R, convex, L, b, v, d):
    """Fill d with the minimiser of the quadratic model in the ball, by the iteration of More and Sorensen."""
    p = w.size
    if _cholesky(H, 0.0, L) and _solve_from(g, w, 0.0, L, b, v, d) <= R:
        return EXACT
    size = 0.0
    for j in range(p):
        b[j] = dot(H[j], w) - g[j]
        size += dot(H[j], H[j])
    multiplier = max(norm_of(b) / R - math.sqrt(size), 0.0)  # it is no smaller, and below it all may overflow
    if multiplier > 0.0 and not _cholesky(H, multiplier, L):
        multiplier = 0.0
    known = EXACT
    if multiplier == 0.0:
        known, multiplier = _factor(H, L, convex)
        if known == FAILED:
            return FAILED
        if _solve_from(g, w, 0.0, L, b, v, d) <= R:
            return known
    for _ in range(60):
        norm = _solve_from(g, w, multiplier, L, b, v, d)
        if norm <= R * (1.0 + 1e-15) and multiplier == 0.0:
            break
        if abs(norm - R) <= 1e-15 * R:
            break
        for j in range(p):  # b = L^-1 v, whose norm is the slope of the secular equation
            total = v[j]
            for k in range(j):
                total -= L[j, k] * b[k]
            b[j] = total / L[j, j]
        slope = norm_of(b) / norm
        new = max(multiplier + (norm / R - 1.0) / (slope * slope), 0.0)
        if abs(new - multiplier) <= 1e-15 * multiplier or not _cholesky(H, new, L):
            break
        multiplier = new
    if abs(norm_of(v) - R) <= 1e-12 * R:
        return known
    shorten(v, R)
    for j in range(p):
        d[j] = v[j] - w[j]
    return INEXACT


@helper()
def model_step(H, g, w, shape, R, convex, A, L, b, v, d, held):
    """Fill d with the minimiser of g'd + d'Hd / 2 inside the bound; return what is known of it."""
    if shape == BALL:
        return _step_in_ball(H, g, w, R, convex, L, b, v, d)
    return _step_in_box(H, g, w, shape, R, convex, A, L, b, d, held)


@helper()
def is_sharp(A, L, b):
    """Say whether A, of factor L, is far from singular beside its rounding: A_jj (A^-1)_jj is large where it is not."""
    total = 0.0
    for j in range(b.size):
        b[:] = 0.0
        for k in range(j, b.size):
            b[k] = 1.0 if k == j else 0.0
            for i in range(j, k):
                b[k] -= L[k, i] * b[i]
            b[k] /= L[k, k]
            total += A[j, j] * b[k] * b[k]
    return total <= SHARP


@helper()
def sure_step(H, g, w, shape, R, convex, A, L, b, v, d, held):
    """Fill d as `model_step`, but outside a ball of a raised H where rounding alone makes H definite: it is RAISED."""
    found = model_step(H, g, w, shape, R, convex or shape != BALL, A, L, b, v, d, held)
    if shape == BALL or found != EXACT or is_sharp(A, L, b):
        return found
    for j in range(w.size):
        H[j, j] *= 1.0 + RAISE
    return min(model_step(H, g, w, shape, R, np.bool_(True), A, L, b, v, d, held), RAISED)
