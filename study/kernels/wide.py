"""The sigmoid unit at wide bounds, compiled for stacks: all samples are far on their own side.

There the loss and its slopes are lost in rounding. So the logarithm of the loss is minimised instead, from a small
bound outwards, from where `unit.newton` has left off.
"""

import math

import numpy as np

from study.kernels.bound import dot, kkt_residual, norm_of, project
from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, LEFT
from study.kernels.compilation import copy, gufunc, helper, release_gil, restore_gil
from study.kernels.exponential import LEAST, exponentials
from study.kernels.lanes import aligned_rows, lanes, load, store
from study.kernels.quadratic_model import FAILED, make_small, model_step, parts_of
from study.kernels.unit import promise
from study.kernels.unit_loss import (
    FAR,
    ROUNDING,
    blur_of,
    fill,
    fill_derivatives,
    fill_gradient,
    fill_hessian,
    fill_loss,
    fill_margins,
    least_of,
    loss_value,
    make_room,
)

BESIDE = 10.0  # samples whose losses differ by less than this in the logarithm count together
LATER = 1e-7  # what samples count that are far beyond others


@helper(fastmath={"reassoc"})
def _sum_of(a):
    """Return the sum, taken in any order."""
    total = 0.0
    for i in range(a.size):
        total += a[i]
    return total


@helper(counts=True)
def _log_terms(Z, share, w, power, level, n_levels, m, e, pull, sums):
    """Return the sum over levels of the logarithms of the losses; fill margins, and each sample's share in each.

    The loss of a sample far on its own side is about share exp(-power m). The logarithm of a level is that of the loss
    of its samples and of those of all later levels.
    """
    n = m.size
    fill_margins(Z, w, m, sums)
    if not least_of(m) > LEAST:  # also where it is NaN
        return np.inf
    room, value, factor = np.empty(n), 0.0, 1.0
    for k in range(n_levels):
        nearest, loss, s = np.inf, 0.0, pull[k, :n]
        for i in range(n):
            nearest = min(nearest, m[i]) if level[i] >= k else nearest
        for i in range(n):
            s[i] = power * (m[i] - nearest)
        exponentials(s, e, room)
        for i in range(n):
            q = math.exp(-m[i])
            term = share[i] * e[i] if level[i] >= k else 0.0
            if power == 1.0:
                loss += term * (math.log1p(q) / q if q > 1e-4 else 1.0 - q * (0.5 - q * (1.0 / 3.0 - 0.25 * q)))
                s[i] = term / (1.0 + q)
            else:
                loss += 0.5 * term / ((1.0 + q) * (1.0 + q))
                s[i] = term / ((1.0 + q) * (1.0 + q) * (1.0 + q))
        for i in range(n):
            s[i] *= factor / loss
        value += factor * (math.log(loss) - power * nearest)
        factor *= LATER
    return value


@helper(counts=True)
def _log_model(Z, pull, m, power, n_levels, sums, g, H):
    """Fill gradient and Hessian of that sum: squares about the centre of each level, so that nothing cancels.

    Of the Hessian this leaves out what is small where samples are far on their own side.
    """
    p = g.size
    bend, centre, part = np.zeros(pull.shape[1]), np.empty(p), np.empty((p, p))
    centred = aligned_rows(Z.shape[0] * p).reshape(Z.shape)
    g[:] = 0.0
    H[:] = 0.0
    for k in range(n_levels):
        for i in range(m.size):
            bend[i] = pull[k, i] / (1.0 + math.exp(-m[i]))
        mass = _sum_of(bend)
        fill_derivatives(Z, pull[k], bend, np.bool_(False), sums)
        fill_gradient(sums, centre)
        for j in range(p):
            g[j] -= centre[j]
        fill_derivatives(Z, bend, bend, np.bool_(False), sums)
        fill_gradient(sums, centre)
        for i in range(Z.shape[0]):
            for j in range(p):
                store(centred, i * p + j, load(Z, i * p + j) - lanes(centre[j] / mass))
        fill_derivatives(centred, bend, bend, np.bool_(True), sums)
        fill_hessian(sums, p, part)
        for j in range(p):
            for i in range(p):
                H[j, i] += power * part[j, i]


@helper()
def _part(share, m, power, most, level):
    """Fill the samples' levels, each of losses within a factor of its largest, and return their number."""
    ceiling = np.inf
    for k in range(most):
        top = -np.inf
        for i in range(m.size):
            size = math.log(share[i]) - power * m[i]
            if size < ceiling:
                top = max(top, size)
        if top == -np.inf:
            return k
        for i in range(m.size):
            if math.log(share[i]) - power * m[i] < ceiling:
                level[i] = k
        ceiling = top - BESIDE
    return most


@helper(counts=True)
def _settle(
    Z, share, w, power, shape, R, level, n_levels, enough, max_steps, control, m, e, change, pull, sums, small, held
):  # fmt: skip
    """Move w until the model of that sum promises no more than `enough` inside the bound; return the steps.

    Margins are those of w, before and after; `pull` is room.
    """
    p, other = w.size, np.zeros_like(pull)
    H, A, U, g, d, b, v, trial, _ = parts_of(small, p)
    f = _log_terms(Z, share, w, power, level, n_levels, m, e, pull, sums)
    last, steps, convex = np.inf, 0, np.bool_(True)  # a constant has a type of its own, and callees would compile again
    while steps < max_steps and not control[CANCELLED]:
        _log_model(Z, pull, m, power, n_levels, sums, g, H)
        found = model_step(H, g, w, shape, R, convex, A, U, b, v, d, held)
        downhill = dot(g, d)
        blur = 0.125 * ROUNDING * R * norm_of(g) if shape == BALL else 0.0  # of the norm
        rounding = -downhill <= 1e-14 + 8.0 * blur and -downhill > 0.25 * last
        if found == FAILED or not -downhill > enough + blur or rounding:
            break
        fill_margins(Z, d, change, sums)
        step, accepted = 1.0, False
        for _ in range(40):
            for j in range(p):
                trial[j] = w[j] + step * d[j]
            project(trial, shape, R)
            f_trial, rise = _log_terms(Z, share, trial, power, level, n_levels, m, e, other, sums), 0.0
            for k in range(n_levels):
                rise -= dot(change, other[k])
            lower = f_trial <= f + 1e-4 * step * downhill
            accepted = lower or (f_trial < np.inf and -downhill <= 1e-3 and rise <= -0.5 * downhill)
            if accepted:
                break
            secant = downhill / (downhill - rise) if f_trial < np.inf and rise > downhill else 0.5
            step *= min(max(secant, 0.1), 0.5)
        if not accepted:
            _log_terms(Z, share, w, power, level, n_levels, m, e, other, sums)
            break
        copy(trial, w)
        pull, other = other, pull
        f, last = f_trial, -downhill
        steps += 1
    return steps


@helper(counts=True)
def _widen(Z, share, w, power, shape, R, max_steps, control, m, e, change, sums, small, held):
    """Move w to the minimiser of the logarithm of the loss, all samples being far on their own side; return the steps.

    The minimiser at a small bound is easy to find, and leads to that at twice the bound: the quadratic model there has
    the new bound in it. In a box a face may hold the samples whose loss is largest, and others then decide where on it:
    these have a logarithm of their own, which counts little, instead of a loss that is lost in rounding.
    """
    p, most = w.size, min(w.size, 3) if shape == BOX else 1
    pull, level = np.zeros((most, share.size)), np.zeros(m.size, np.int64)
    shorter, reach = FAR / least_of(m), 0.0
    for j in range(p):
        w[j] *= min(shorter, 1.0)
        reach = max(reach, abs(w[j]))
    inside = min(reach if shape == BOX else norm_of(w), R)
    n_levels, steps, rounds = np.int64(1), 0, 0
    _log_terms(Z, share, w, power, level, n_levels, m, e, pull, sums)
    while True:
        n_levels = _part(share, m, power, most, level)
        enough = (1e-20 if inside == R else 1e-3 * math.exp(-BESIDE)) * LATER ** (n_levels - 1)
        budget = min(max_steps - steps, 60)
        taken = _settle(
            Z, share, w, power, shape, inside, level, n_levels, enough, budget, control, m, e, change, pull, sums,
            small, held
        )  # fmt: skip
        steps += taken
        if inside < R:
            inside = min(2.0 * inside, R)
            continue
        rounds += 1
        if taken <= 1 or rounds >= 4 or control[CANCELLED]:
            if most == 1:
                return steps
            most = 1  # at last what is not lost in rounding is weighed as it is


@helper()
def _value_at(Z, samples, w, loss, sums):
    """Fill the terms at w; return the mean loss."""
    f, _ = fill_loss(Z, samples, w, loss, 0.0, np.bool_(False), sums)
    return loss_value(samples, loss, 0.0, f)


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, int64, float64, int64, int64[:],"
    " float64[:], float64[:], float64[:], int64[:], float64[:])",
    "(n,d),(n),(n),(p),(),(),(),(),(c)->(p),(),(),(),()",
)
def newton(X, y, shares, w0, loss, shape, R, max_steps, control, answer, value, residual, n_steps, gap):
    """Minimise the mean loss inside a bound, and tell the gap where all samples are far on their own side.

    Without steps only the gap is told. It is LEFT to `unit.newton` where steps have brought a sample near.
    """
    gil = release_gil()
    n, p = y.size, w0.size
    (Z, samples, sums), small, held = make_room(n, p), make_small(p), np.empty(p, np.bool_)
    share, m, e, slope = samples[0], samples[1, :n], samples[2, :n], samples[3, :n]
    curvature, change = samples[4, :n], samples[5, :n]
    H, _, _, g, _, _, moved, _, w = parts_of(small, p)
    scale = max(fill(X, y, shares, Z, samples, sums), 1.0)
    copy(w0, w)
    power = 1.0 if loss == CROSS_ENTROPY else 2.0
    n_steps[0] = 0
    value[0] = _value_at(Z, samples, w, loss, sums)
    if max_steps > 0:
        highest = value[0]
        n_steps[0] = _widen(Z, share, w, power, shape, R, max_steps, control, m, e, change, sums, small, held)
        value[0] = _value_at(Z, samples, w, loss, sums)
        if not value[0] <= highest:  # the quadratic losses are not convex
            copy(w0, w)
            value[0] = _value_at(Z, samples, w, loss, sums)
    fill_gradient(sums, g)
    residual[0] = kkt_residual(w, g, shape, R, moved)
    if max_steps > 0 and not least_of(m) >= FAR:
        gap[0] = LEFT
    else:
        pull, level, n_levels, convex = np.zeros((1, share.size)), np.zeros(n, np.int64), np.int64(1), np.bool_(True)
        _log_terms(Z, share, w, power, level, n_levels, m, e, pull, sums)
        _log_model(Z, pull, m, power, n_levels, sums, g, H)
        gap[0] = promise(Z, share, w, loss, convex, shape, R, m, slope, curvature, change, sums, small, held)
        gap[0] += blur_of(w, scale)
    copy(w, answer)
    restore_gil(gil)
