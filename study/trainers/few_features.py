"""A unit on many features as units on few: in a ball by turning the axes, in a box by a working set of features."""

from dataclasses import replace

import numpy as np

from study.datasets.dataset import Floats
from study.trainers.log_loss import log_loss
from study.trainers.losses import Objective
from study.trainers.solvers import ENOUGH_STEPS, Minimum, UnitProblem, solve_by_newton

MANY = 50
"""Features above which a box is searched by a working set, where separators are usual."""
ROUNDS = 200


def few_features(unit: UnitProblem) -> Minimum:
    """Minimise the loss of every set by the compiled loop alone, on no more features than are needed.

    In a ball or with a penalty the minimiser lies in the span of the samples, bias apart, and a rotation of the
    features changes nothing: of more features than samples there remain as many as samples. In a box most of many
    weights end at their bound. Those that are held there make one feature, their sum with signs, whose weight is
    theirs; the others are free. The held ones that the gradient pulls inside are set free, the worst first, until there
    is none. The gap of the answer is then max_v g.(w - v) / E over the v in the whole box.
    """
    n, d = unit.X.shape[-2:]
    round_ = unit.bound.shape == "ball" or (unit.bound.shape == "none" and unit.penalised)
    in_span = round_ and d > n
    in_part = unit.bound.shape == "box" and d > MANY and n <= 2 * d and not unit.penalised
    if not (in_span or in_part):
        return solve_by_newton(unit, min(unit.max_steps, ENOUGH_STEPS))
    shape, one_set = unit.shape, _in_span if in_span else _in_box
    found = [one_set(unit.part(index)) for index in np.ndindex(shape)]
    w = np.reshape([one.w for one in found], (*shape, unit.start.shape[-1]))
    parts = ("value", "residual", "n_steps", "n_passes", "gap")
    return Minimum(w, *(np.reshape([getattr(one, part) for one in found], shape) for part in parts))


def _in_span(unit: UnitProblem) -> Minimum:
    axes = np.linalg.qr(unit.X.T)[0]
    v0 = np.append(unit.start[:-1] @ axes, unit.start[-1])
    few = replace(unit, X=unit.X @ axes, start=v0, penalty=unit.penalty[-v0.size :])
    found = solve_by_newton(few, min(unit.max_steps, ENOUGH_STEPS))
    return replace(found, w=np.append(axes @ found.w[:-1], found.w[-1]))


def _in_box(unit: UnitProblem) -> Minimum:
    X, R, start = unit.X, unit.bound.weight_bound, unit.bound.project(unit.start)
    normal, bias = start[:-1].copy(), start[-1]
    if normal.any():
        held, side, level = np.abs(normal) >= R, np.sign(normal), R
    else:  # all features together, each on the side to which it pulls
        held, side, level = np.ones(normal.size, bool), -np.sign(_slope(unit, start)[:-1]), 0.0
    n_steps = n_passes = 0
    for _ in range(ROUNDS):
        together = [X[:, held] @ side[held]] if held.any() else []
        v = np.array([*normal[~held], *[level] * len(together), bias])
        few = replace(unit, X=np.column_stack([X[:, ~held], *together]), start=v, penalty=np.zeros(v.size))
        found = solve_by_newton(few, min(unit.max_steps, ENOUGH_STEPS))
        n_steps, n_passes = n_steps + int(found.n_steps), n_passes + int(found.n_passes)
        *free, bias = found.w
        if together:
            level = free.pop()
        normal[held], normal[~held] = side[held] * level, free
        w = np.append(normal, bias)
        g = _slope(unit, w)
        inside = np.where(held, side * g[:-1], 0.0)
        worst = np.argsort(-inside, kind="stable")[: max(10, len(X) // 3)]
        worst = worst[inside[worst] > 1e-14 * np.abs(g).max()]
        if not worst.size or n_steps >= unit.max_steps:
            break
        if level >= R:
            joins = ~held & (np.abs(normal) >= R) & (normal * g[:-1] <= 0.0)
            held, side = held | joins, np.where(joins, np.sign(normal), side)
        held[worst] = False
    gap = np.asarray(found.gap if not held.any() else max(0.0, float(g @ w + R * np.abs(g).sum())))
    return replace(found, w=w, gap=gap, n_steps=np.asarray(n_steps), n_passes=np.asarray(n_passes))


def _slope(unit: UnitProblem, w: Floats) -> Floats:
    """Return the gradient of the loss divided by the loss, for losses too small for floats as well."""
    one = Objective.on(unit.X, unit.y, unit.share, unit.loss, unit.eps, unit.penalty)
    margins = one.Z @ w
    if unit.eps == 0.0 and margins.min() > 0.0:
        return log_loss(unit.loss, one.Z, margins, np.log(unit.share))[1]
    value, gradient = one.value_and_gradient(w)
    return np.asarray(gradient / (value + (0.0 if unit.loss == "cross-entropy" else 0.5 * unit.eps**2)))
