"""The sigmoid unit compiled for stacks: safeguarded projected Newton.

The loop is written for one set; `gufunc` takes it over stacks. Where all samples are far on their own side, `wide`
takes over.
"""

import math

import numpy as np

from study.kernels.bound import dot, kkt_residual, norm_of, project
from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, LEFT, NONE
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.lanes import lanes, load, size_of
from study.kernels.quadratic_model import (
    EXACT,
    FAILED,
    INEXACT,
    RAISED,
    is_sharp,
    length_from_zero,
    make_small,
    model_step,
    most_raised,
    parts_of,
    sure_step,
)
from study.kernels.unit_loss import (
    FAR,
    ROUNDING,
    blur_of,
    evaluate,
    farthest,
    fill,
    fill_derivatives,
    fill_hessian,
    fill_margins,
    least_of,
    loss_value,
    make_room,
)
from study.kernels.vectors import total


@helper()
def _keeps_signs(Z, share, d, m, change, sums):
    """Say whether the model's outputs, linear in the step d, stay between 0 and 1; `change` is room.

    Samples whose part in the loss is lost in its rounding have no say.
    """
    fill_margins(Z, d, change, sums)
    nearest, whole = max(least_of(m), 0.0), 0.0
    for i in range(m.size):
        whole += share[i] * math.exp(nearest - max(m[i], nearest))
    for i in range(m.size):
        right = 1.0 / (1.0 + math.exp(-m[i]))
        keeps = right * change[i] <= 1.0 + 1e-9 and (1.0 - right) * change[i] >= -1.0 - 1e-9
        part = share[i] * math.exp(nearest - max(m[i], nearest)) * abs(change[i])
        if not (keeps or part <= 1e-16 * whole):
            return False
    return True


@helper()
def _flat(slope):
    """Return the most that a step may take off a loss, to first order, which moves no margin by more than 1."""
    most = 0.0
    for i in range(slope.size):
        most += abs(slope[i])
    return most


@helper()
def _rounded(Z, slope):
    """Return what rounding may take from all entries of the gradient together."""
    most = lanes(0.0)
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            most = most + size_of(load(slope, i) * load(Z, i * Z.shape[1] + j))
    return ROUNDING * total(most)


@helper(counts=True)
def promise(Z, share, w, loss, convex, shape, R, m, slope, curvature, change, sums, small, held):
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
        fill_derivatives(Z, slope, curvature, np.bool_(True), sums)
        fill_hessian(sums, p, A)
        for j in range(p):
            for k in range(p):
                H[j, k] += A[j, k]
        found = sure_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
    # What rounding takes from the gradient, times the farthest way inside the bound.
    rounded = 0.0 if shape == NONE else 2.0 * R * _rounded(Z, slope)
    promised = np.inf
    known = found == EXACT or (found == RAISED and shape != NONE)
    if known and (loss != CROSS_ENTROPY or _keeps_signs(Z, share, d, m, change, sums)):
        promised = dot(g, d)
        # Along the sphere, lest the rounding of norms counts: where the loss falls outward, that takes nothing away.
        if loss == CROSS_ENTROPY and shape == BALL and norm_of(w) > R * (1.0 - 1e-14) and not dot(g, w) > 0.0:
            promised -= dot(g, w) * dot(d, w) / dot(w, w)
        promised = abs(promised)
        if bent:
            promised /= max(min(farthest(Z, d, sums), 1.0), 1e-300)
        if found == RAISED:
            promised += rounded
            for j in range(p):  # a gradient that is left over
                promised += 2.0 * R * most_raised(H, j, p) * abs(d[j])
    linear = np.inf
    if shape == BOX:
        linear = rounded
        for j in range(p):
            linear += max(g[j] * (w[j] + R), g[j] * (w[j] - R))
    elif shape == BALL:
        linear = rounded + max(dot(g, w) + R * norm_of(g), 0.0)
    return min(promised, linear) + (0.25 * ROUNDING * R * norm_of(g) if shape == BALL else 0.0)


@helper()
def _fill_hessian(sums, penalty, H):
    """Fill the Hessian of the objective."""
    fill_hessian(sums, penalty.size, H)
    for j in range(penalty.size):
        H[j, j] += penalty[j]


@helper()
def _lengthen(g, penalty, eps, shape, R, d):
    """Lengthen the step d of the cross-entropy from zero, inside the bound."""
    down, penalised = dot(g, d), 0.0
    for j in range(d.size):
        penalised += penalty[j] * d[j] * d[j]
    mean = down / (eps - 0.5)  # all slopes are eps - 1/2
    length = length_from_zero(min(mean, 1.0), -down - penalised, penalised)
    for j in range(d.size):
        d[j] *= length
    project(d, shape, R)


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
    (Z, samples, sums), small, held = make_room(n, p), make_small(p), np.empty(p, np.bool_)
    share, m, slope, curvature, change = samples[0], samples[1, :n], samples[3, :n], samples[4, :n], samples[5, :n]
    H, A, U, g, d, b, v, trial, w = parts_of(small, p)
    longest = fill(X, y, shares, Z, samples, sums)
    scale = max(longest, 1.0)
    free = not norm_of(penalty) > 0.0
    falls = eps == 0.0 and free  # the loss of separated points, with the length of w
    # Without a bound it has no minimum then: small features must not end the fall early.
    endless = 1e-14 * min(1.0, longest) if shape == NONE and falls else 0.0
    copy(w0, w)
    project(w, shape, R)
    bends = max_steps > 0
    f, size = evaluate(Z, samples, w, loss, eps, penalty, bends, sums, g)
    residual[0] = kkt_residual(w, g, shape, R, trial)
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
        if not bends:
            fill_derivatives(Z, slope, curvature, np.bool_(True), sums)
        _fill_hessian(sums, penalty, H)
        found = model_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
        downhill = dot(g, d)
        reach = 0.0  # no margin changes by more
        for j in range(p):
            reach += abs(d[j]) * scale
        if reach > 20.0:
            reach = farthest(Z, d, sums)
        settled = residual[0] <= 1e-14 * scale * size
        promised = np.inf
        within = reach <= 1.0 or not convex or (settled and _keeps_signs(Z, share, d, m, change, sums))
        if (found == EXACT or (found == INEXACT and not convex and shape != BALL)) and within:
            promised = abs(downhill)
        if convex and n_steps[0] == 0 and reach <= 20.0 and not norm_of(w) > 0.0:
            _lengthen(g, penalty, eps, shape, R, d)
            downhill = dot(g, d)
        bold, level = reach > 20.0, f
        if bold:  # where outputs saturate the model may be flat: go no farther than across, and watch the loss itself
            level = loss_value(samples, loss, eps, f)
            limit = 50.0 + 2.0 * max(farthest(Z, w, sums), 1.0)
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
        bends = not promised <= 1e-13 * size  # else this step is most likely the last
        step, accepted, f_trial, new_size, new_residual = 1.0, False, f, size, residual[0]
        for _ in range(60):
            for j in range(p):
                trial[j] = w[j] + step * d[j]
            project(trial, shape, R)  # of rounding only: the way to the model's minimiser lies inside
            f_trial, new_size = evaluate(Z, samples, trial, loss, eps, penalty, bends, sums, b)
            reached = loss_value(samples, loss, eps, f_trial) if bold else f_trial
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
            f, _ = evaluate(Z, samples, w, loss, eps, penalty, np.bool_(False), sums, g)
            break
        gap[0] += max(step * rise, 0.0)  # by as much the loss may have risen
        if not convex and new_residual > residual[0]:
            gap[0] = np.inf
        for j in range(p):
            w[j] = trial[j]
            g[j] = b[j]
        f, size, residual[0] = f_trial, new_size, new_residual
        n_steps[0] += 1
    value[0] = loss_value(samples, loss, eps, f)
    compared = value[0] + (0.0 if loss == CROSS_ENTROPY else 0.5 * eps * eps)
    gap[0] /= compared
    if shape == NONE and falls and least_of(m) > 0.0:
        gap[0] = 1.0  # longer weights have a lower loss, as near to zero as one likes
    elif not gap[0] <= 1e-12 and falls and least_of(m) >= FAR:
        gap[0] = LEFT
    else:
        known = found == EXACT and (shape == BALL or is_sharp(H, A, U, b, held))
        if not (gap[0] <= 1e-12 and known):
            fill_derivatives(Z, slope, curvature, np.bool_(True), sums)
            _fill_hessian(sums, penalty, H)
            gap[0] = promise(Z, share, w, loss, convex, shape, R, m, slope, curvature, change, sums, small, held)
            if not convex and shape != BALL and free:
                gap[0] = min(gap[0], _flat(slope), value[0] if eps > 0.0 else np.inf)  # no loss is negative
                gap[0] = gap[0] if gap[0] < compared else np.inf  # 1 is the gap where there is no minimum
            gap[0] /= compared
        elif shape == BALL:
            gap[0] += 0.25 * ROUNDING * R * norm_of(g) / compared  # of the norm
        gap[0] += blur_of(w, scale)
    copy(w, answer)
    restore_gil(gil)
