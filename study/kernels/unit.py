"""The sigmoid unit compiled for stacks: safeguarded projected Newton, and projected gradient descent.

The loops are written for one set; `gufunc` takes them over stacks. Where all samples are far on their own side, `wide`
takes over.
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, LEFT, NONE
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.quadratic_model import (
    EXACT,
    FAILED,
    INEXACT,
    RAISE,
    RAISED,
    is_sharp,
    make_small,
    model_step,
    parts_of,
    sure_step,
)
from study.kernels.unit_loss import (
    FAR,
    ROUNDING,
    add_penalty,
    blur_of,
    dot,
    farthest,
    fill,
    kkt_residual,
    largest_of,
    least_of,
    loss_gradient,
    loss_hessian,
    loss_size,
    loss_terms,
    loss_value,
    norm_of,
    project,
)


@helper()
def _keeps_signs(Z, share, d, m, change):
    """Say whether the model's outputs, linear in the step d, stay between 0 and 1; `change` is room.

    Samples whose part in the loss is lost in its rounding have no say.
    """
    farthest(Z, d, change)
    nearest, total = max(least_of(m), 0.0), 0.0
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
def _flat(slope):
    """Return the most that a step may take off a loss, to first order, which moves no margin by more than 1."""
    total = 0.0
    for i in range(slope.size):
        total += abs(slope[i])
    return total


@helper()
def _rounded(Z, slope):
    """Return what rounding may take from all entries of the gradient together."""
    total = 0.0
    for j in range(Z.shape[0]):
        for i in range(slope.size):
            total += abs(slope[i] * Z[j, i])
    return ROUNDING * total


@helper(counts=True)
def promise(Z, share, w, loss, convex, shape, R, m, slope, curvature, change, weighted, small, held):
    """Return what the quadratic model about w still promises to take off the loss inside the bound; `change` is room.

    Where a loss that is not convex has no such minimiser, its curvatures count as positive, and the step is as long as
    to move a margin by 1 at least.

    For the convex cross-entropy no weights inside the bound take off more than this. With d the step to the minimiser
    of the model, whose outputs have to lie between 0 and 1 there, the model's slopes are a point of Fenchel's dual
    problem. Its value falls short of the loss by at most sum_i curvature_i (z_i.d)^2 + max_v (g + H d).(w - v), which
    is -g.d, since a divergence of Kullback and Leibler is at most that of chi^2. Nor is it more than max_v g.(w - v).
    """
    p = w.size
    H, A, U, g, d, b, v, _, _ = parts_of(small, p)
    found = sure_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
    bent = shape != BALL and not (found >= RAISED or convex)
    if bent:
        for i in range(m.size):
            curvature[i] = abs(curvature[i]) - curvature[i]
        loss_hessian(Z, curvature, weighted, A)
        for j in range(p):
            for k in range(p):
                H[j, k] += A[j, k]
        found = sure_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
    # What rounding takes from the gradient, times the farthest way inside the bound.
    rounded = 0.0 if shape == NONE else 2.0 * R * _rounded(Z, slope)
    promised = np.inf
    known = found == EXACT or (found == RAISED and shape != NONE)
    if known and (loss != CROSS_ENTROPY or _keeps_signs(Z, share, d, m, change)):
        promised = dot(g, d)
        # Along the sphere, lest the rounding of norms counts.
        if loss == CROSS_ENTROPY and shape == BALL and norm_of(w) > R * (1.0 - 1e-14):
            promised -= dot(g, w) * dot(d, w) / dot(w, w)
        promised = abs(promised)
        if bent:
            promised /= max(min(farthest(Z, d, change), 1.0), 1e-300)
        if found == RAISED:
            promised += rounded
            for j in range(p):  # a gradient that is left over
                promised += 2.0 * R * RAISE * H[j, j] * abs(d[j])
    linear = np.inf
    if shape == BOX:
        linear = rounded
        for j in range(p):
            linear += max(g[j] * (w[j] + R), g[j] * (w[j] - R))
    elif shape == BALL:
        linear = rounded + max(dot(g, w) + R * norm_of(g), 0.0)
    return min(promised, linear) + (0.25 * ROUNDING * R * norm_of(g) if shape == BALL else 0.0)


@helper()
def _evaluate(Z, share, w, loss, eps, penalty, m, e, slope, curvature, g):
    """Fill the terms and the gradient at w; return the objective, of the cross-entropy the penalty alone."""
    f = loss_terms(Z, share, w, loss, eps, m, e, slope, curvature)
    loss_gradient(Z, slope, g)
    return f + add_penalty(penalty, w, g)


@helper()
def _bend(Z, curvature, penalty, weighted, H):
    """Fill the Hessian of the objective; `weighted` is room."""
    loss_hessian(Z, curvature, weighted, H)
    for j in range(penalty.size):
        H[j, j] += penalty[j]


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, float64, int64, float64, float64[:], int64, boolean,"
    " int64[:], float64[:], float64[:], float64[:], int64[:], int64[:], float64[:])",
    "(n,d),(n),(n),(p),(),(),(),(),(p),(),(),(c)->(p),(),(),(),(),()",
)
def newton(
    X, y, shares, w0, loss, eps, shape, R, penalty, max_steps, leaves, control, answer, value, residual, n_steps,
    n_passes, gap
):  # fmt: skip
    """Minimise mean loss + sum_j penalty_j w_j^2 / 2 inside a bound.

    Each step is a search on the way to the minimiser, inside the bound, of the quadratic model. Without a penalty the
    gap of samples that are all far on their own side is LEFT to `wide`; where `leaves` is set, so are the steps.
    """
    gil = release_gil()
    n, p = y.size, w0.size
    room, small, held = np.empty((p + 8, n)), make_small(p), np.empty(p, np.bool_)
    Z, m, e, slope, curvature, share = room[:p], room[p], room[p + 1], room[p + 2], room[p + 3], room[p + 4]
    weighted = room[p + 5 :]
    H, A, U, g, d, b, v, trial, w = parts_of(small, p)
    fill(X, y, shares, Z, share)
    scale = largest_of(Z, 1.0, m)
    free = not norm_of(penalty) > 0.0
    falls = eps == 0.0 and free  # the loss of separated points, with the length of w
    # Without a bound it has no minimum then: small features must not end the fall early.
    endless = 1e-14 * min(1.0, largest_of(Z[: p - 1], 0.0, m)) if shape == NONE and falls else 0.0
    copy(w0, w)
    project(w, shape, R)
    f = _evaluate(Z, share, w, loss, eps, penalty, m, e, slope, curvature, g)
    residual[0] = kkt_residual(w, g, shape, R, trial)
    size = loss_size(f, slope, loss, eps)
    n_steps[0] = 0
    n_passes[0] = 1
    gap[0] = np.inf
    found, convex = FAILED, loss == CROSS_ENTROPY
    while n_steps[0] < max_steps and not control[CANCELLED]:
        if leaves and size < 1e-3 and falls and shape != NONE and least_of(m) >= FAR:
            gap[0] = np.inf
            break
        if residual[0] <= 1e-14 * scale * size and gap[0] <= 1e-12 * size:
            break
        if residual[0] <= endless and least_of(m) > 0.0:
            break
        _bend(Z, curvature, penalty, weighted, H)
        found = model_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
        downhill = dot(g, d)
        reach = 0.0  # no margin changes by more
        for j in range(p):
            reach += abs(d[j]) * scale
        if reach > 20.0:
            reach = farthest(Z, d, slope)
        settled = residual[0] <= 1e-14 * scale * size
        promised = np.inf
        within = reach <= 1.0 or not convex or (settled and _keeps_signs(Z, share, d, m, slope))
        if (found == EXACT or (found == INEXACT and not convex and shape != BALL)) and within:
            promised = abs(downhill)
        bold, level = reach > 20.0, f
        if bold:  # where outputs saturate the model may be flat: go no farther than across, and watch the loss itself
            level = loss_value(m, e, share, loss, eps, f)
            limit = 50.0 + 2.0 * largest_of(room[p : p + 1], 1.0, v)
            if reach > limit:
                for j in range(p):
                    d[j] *= limit / reach
                downhill *= limit / reach
        # Next to the solution rounding hides what leads down; there the residual has the say.
        close = found != FAILED and residual[0] <= 1e-5 * scale * size
        if found == FAILED or not (downhill < 0.0 or close):  # a projected gradient step always leads down
            for j in range(p):
                trial[j] = w[j] - g[j]
            project(trial, shape, R)
            for j in range(p):
                d[j] = trial[j] - w[j]
            downhill = dot(g, d)
        step, accepted, f_trial, new_residual = 1.0, False, f, residual[0]
        for _ in range(60):
            for j in range(p):
                trial[j] = w[j] + step * d[j]
            project(trial, shape, R)  # of rounding only: the way to the model's minimiser lies inside
            f_trial = _evaluate(Z, share, trial, loss, eps, penalty, m, e, slope, curvature, b)
            reached = loss_value(m, e, share, loss, eps, f_trial) if bold else f_trial
            n_passes[0] += 1
            rise = dot(b, d)
            new_residual = kkt_residual(trial, b, shape, R, v)
            if close:
                accepted = new_residual < 0.5 * residual[0] and reached <= level * (1.0 + 1e-12)
            if (
                not accepted and loss == CROSS_ENTROPY and not bold
            ):  # convex: still on the way down, or past the lowest by little
                accepted = rise <= -0.5 * downhill and downhill < 0.0
            elif not accepted:
                accepted = reached <= level + 1e-4 * step * downhill and downhill < 0.0
            if accepted or not downhill < 0.0:
                break
            secant = downhill / (downhill - rise) if rise > downhill else 0.5
            step *= min(max(secant, 0.1), 0.5)
        gap[0] = promised
        rounding = new_residual > 0.5 * residual[0] and promised <= 1e-14 * size
        if not accepted or rounding or (new_residual >= residual[0] and residual[0] <= 1e-11 * scale * size):
            f = _evaluate(Z, share, w, loss, eps, penalty, m, e, slope, curvature, g)
            break
        gap[0] += max(step * rise, 0.0)  # by as much the loss may have risen
        if not convex and new_residual > residual[0]:
            gap[0] = np.inf
        for j in range(p):
            w[j] = trial[j]
            g[j] = b[j]
        f = f_trial
        residual[0] = new_residual
        size = loss_size(f, slope, loss, eps)
        n_steps[0] += 1
    value[0] = loss_value(m, e, share, loss, eps, f)
    compared = value[0] + (0.0 if loss == CROSS_ENTROPY else 0.5 * eps * eps)
    gap[0] /= compared
    if shape == NONE and falls and least_of(m) > 0.0:
        gap[0] = 1.0  # longer weights have a lower loss, as near to zero as one likes
    elif not gap[0] <= 1e-12 and falls and least_of(m) >= FAR:
        gap[0] = LEFT
    else:
        known = found == EXACT and (shape == BALL or is_sharp(H, A, U, b, held))
        if not (gap[0] <= 1e-12 and known):
            _bend(Z, curvature, penalty, weighted, H)
            gap[0] = promise(Z, share, w, loss, convex, shape, R, m, slope, curvature, e, weighted, small, held)
            if not convex and shape != BALL and free:
                gap[0] = min(gap[0], _flat(slope), value[0] if eps > 0.0 else np.inf)  # no loss is negative
                gap[0] = gap[0] if gap[0] < compared else np.inf  # 1 is the gap where there is no minimum
            gap[0] /= compared
        elif shape == BALL:
            gap[0] += 0.25 * ROUNDING * R * norm_of(g) / compared  # of the norm
        gap[0] += blur_of(w, scale)
    copy(w, answer)
    restore_gil(gil)


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, float64, int64, float64, float64[:], int64, float64,"
    " float64, float64[:], int64[:], float64[:], int64[:], float64[:], float64[:], float64[:,:])",
    "(n,d),(n),(n),(p),(),(),(),(),(p),(),(),(),(k),(c)->(p),(),(),(),(k,p)",
)
def descend(
    X, y, shares, w0, loss, eps, shape, R, penalty, max_steps, rate, tol, room, control, answer, n_steps, value,
    residual, path
):  # fmt: skip
    """Take projected gradient steps of a fixed rate until the residual is at most `tol`; record while there is room."""
    gil = release_gil()
    n, p = y.size, w0.size
    workspace, g, moved, w = np.empty((p + 5, n)), np.empty(p), np.empty(p), np.empty(p)
    Z, m, e, slope, curvature = workspace[:p], workspace[p], workspace[p + 1], workspace[p + 2], workspace[p + 3]
    share = workspace[p + 4]
    fill(X, y, shares, Z, share)
    copy(w0, w)
    project(w, shape, R)
    copy(w, path[0])
    n_steps[0] = 0
    while True:
        f = _evaluate(Z, share, w, loss, eps, penalty, m, e, slope, curvature, g)
        residual[0] = kkt_residual(w, g, shape, R, moved)
        if n_steps[0] == max_steps or not residual[0] > tol or control[CANCELLED]:
            break
        for j in range(p):
            w[j] -= rate * g[j]
        project(w, shape, R)
        n_steps[0] += 1
        if n_steps[0] < room.size:
            copy(w, path[n_steps[0]])
    for k in range(n_steps[0] + 1, room.size):
        copy(w, path[k])
    value[0] = loss_value(m, e, share, loss, eps, f)
    copy(w, answer)
    restore_gil(gil)
