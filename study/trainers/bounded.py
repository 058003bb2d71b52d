"""The reference solver: one bounded problem at a time, by scipy."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from study.datasets.dataset import Floats
from study.trainers.fit import Bound
from study.trainers.losses import Objective

ROUNDS = 5
"""How often the solver may start again from its own answer."""

Index = tuple[int, ...] | NDArray[np.bool_]
"""The place of one set in a stack; or a mask of some of them, which then lie along one axis."""


def kkt_residual(w: Floats, gradient: Floats, bound: Bound) -> Floats:
    """Return the max-norm of w - P(w - gradient), of shape (...); zero exactly at the stationary points."""
    R, moved = bound.weight_bound, w - gradient
    if bound.shape == "ball":
        inside = np.linalg.norm(moved, axis=-1, keepdims=True) <= R
        off = np.where(inside, gradient, w - bound.project(moved))
    else:
        off = np.clip(gradient, w - R, w + R)  # the same, but that a small gradient is not lost beside w
    return np.asarray(np.abs(off).max(axis=-1))


def minimise(objective: Objective, bound: Bound, w0: Floats, max_steps: int, tol: float) -> tuple[Floats, int, int]:
    """Return a minimiser of one objective inside the bound, with the steps and the loss evaluations it took.

    Box and no bound go to L-BFGS-B, the ball to SLSQP, each with the analytic gradient and until the loss stops
    falling; Newton steps on the weights that the bound leaves free then sharpen the answer. Where the residual is
    still above `tol`, all of it starts again from there, with a fresh memory, while the budget lasts.
    """
    w, steps, passes = bound.project(w0), 0, 0
    for _ in range(ROUNDS):
        if bound.shape == "ball":
            answer = _slsqp_of_unit(objective, bound, w, max_steps - steps)
        else:
            answer = _l_bfgs_b(objective, bound, w, max_steps - steps)
        steps, passes = steps + int(answer.nit), passes + int(answer.nfev)
        if np.isfinite(answer.x).all():
            w = _lower(objective, w, bound.project(answer.x))
        w = _sharpen(objective, bound, w)
        residual = kkt_residual(w, objective.value_and_gradient(w)[1], bound)
        if residual <= tol or steps >= max_steps:
            break
    return w, steps, passes


def _l_bfgs_b(objective: Objective, bound: Bound, w: Floats, max_steps: int) -> optimize.OptimizeResult:
    """Minimise in units in which all features have mean square 1: the box stays one, and its optimum the same."""
    unit = np.sqrt(objective.share @ objective.Z**2)
    unit = np.where((unit > 0.0) & np.isfinite(unit), unit, 1.0)
    R = bound.weight_bound * unit

    def in_units(u: Floats) -> tuple[Floats, Floats]:
        value, gradient = objective.value_and_gradient(u / unit)
        return value, gradient / unit

    options = {"maxiter": max_steps, "maxfun": 20 * max_steps, "ftol": 0.0, "gtol": 1e-12, "maxcor": 20}
    answer = optimize.minimize(
        in_units, w * unit, jac=True, method="L-BFGS-B", bounds=optimize.Bounds(-R, R), options=options
    )
    answer.x = answer.x / unit
    return answer


def slsqp(
    objective: Callable[[Floats], tuple[Any, Floats]],
    start: Floats,
    shape: str,
    *,
    held: Sequence[tuple[str, Floats]] = (),
    max_steps: int,
    ftol: float,
) -> optimize.OptimizeResult:
    """Minimise a function that returns value and gradient over a unit bound, by scipy's SLSQP.

    `shape` is box, ball, both, or "free-bias ball", which leaves out the last weight. `held` lists linear constraints:
    rows @ v >= 0 as ("ineq", rows), rows @ v = 0 as ("eq", rows).
    """
    constraints = [
        {"type": kind, "fun": lambda v, rows=rows: rows @ v, "jac": lambda _, rows=rows: rows} for kind, rows in held
    ]
    if shape != "box":
        counted = np.append(np.ones(len(start) - 1), 0.0 if shape == "free-bias ball" else 1.0)
        inside = {"fun": lambda v: (1.0 - v @ (counted * v)) / 2.0, "jac": lambda v: -counted * v}
        constraints.append({"type": "ineq", **inside})
    bounds = optimize.Bounds(-1.0, 1.0) if shape in ("box", "both") else None
    options = {"maxiter": max_steps, "ftol": ftol}
    return optimize.minimize(
        objective, start, jac=True, method="SLSQP", bounds=bounds, constraints=constraints, options=options
    )


def _slsqp_of_unit(objective: Objective, bound: Bound, w: Floats, max_steps: int) -> optimize.OptimizeResult:
    """Minimise a unit's loss inside its bound by `slsqp`, in units of the bound and of the gradient at `w`."""
    R = bound.weight_bound
    unit = max(float(np.abs(objective.value_and_gradient(w)[1]).max()) * R, np.finfo(float).tiny)

    def scaled_loss(v: Floats) -> tuple[Floats, Floats]:
        value, gradient = objective.value_and_gradient(R * v)
        return value / unit, gradient * (R / unit)

    answer = slsqp(scaled_loss, w / R, bound.shape, max_steps=max_steps, ftol=1e-16)
    answer.x = R * answer.x
    return answer


def _lower(objective: Objective, w: Floats, other: Floats) -> Floats:
    """Return the one with the lower loss, `other` where they tie."""
    return other if objective.value_and_gradient(other)[0] <= objective.value_and_gradient(w)[0] else w


def _sharpen(objective: Objective, bound: Bound, w: Floats) -> Floats:
    """Return the root of the KKT equations next to `w`; or `w`, where the root is farther off, higher or not one."""
    value, gradient = objective.value_and_gradient(w)
    R = bound.weight_bound
    if bound.shape == "ball" and np.linalg.norm(w) > R * (1.0 - 1e-6):
        root = _root_on_sphere(objective, R, w, max(0.0, -float(gradient @ (w / R)) / R))
    else:
        # At a bound, a weight that the gradient pulls inside is free.
        root = _root_of_free(objective, w, (np.abs(w) < R) | (w * gradient > 0.0))
    root = bound.project(root)
    root_value, root_gradient = objective.value_and_gradient(root)
    near = np.abs(root - w).max() <= 1e-3 * (1.0 + np.abs(w).max()) and root_value <= value + 1e-12 * abs(value)
    return root if near and kkt_residual(root, root_gradient, bound) < kkt_residual(w, gradient, bound) else w


def _root_on_sphere(objective: Objective, R: float, w: Floats, multiplier: float) -> Floats:
    """Solve gradient + multiplier w = 0 and w.w / R = R."""

    def equations(u: Floats) -> Floats:
        length = float(u[:-1] / R @ u[:-1])
        return np.append(objective.value_and_gradient(u[:-1])[1] + u[-1] * u[:-1], (length - R) / 2.0)

    def jacobian(u: Floats) -> Floats:
        block = objective.hessian(u[:-1]) + u[-1] * np.eye(w.size)
        return np.block([[block, u[:-1, None]], [u[None, :-1] / R, np.zeros((1, 1))]])

    answer = optimize.root(equations, np.append(w, multiplier), jac=jacobian, options={"xtol": 1e-15})
    return np.asarray(answer.x[:-1])


def _root_of_free(objective: Objective, w: Floats, free: NDArray[np.bool_]) -> Floats:
    """Solve gradient = 0 in the free weights, the others held."""
    if not free.any():
        return w

    def embed(u: Floats) -> Floats:
        inside = w.copy()
        inside[free] = u
        return inside

    answer = optimize.root(
        lambda u: objective.value_and_gradient(embed(u))[1][free],
        w[free],
        jac=lambda u: objective.hessian(embed(u))[np.ix_(free, free)],
        options={"xtol": 1e-15},
    )
    return embed(answer.x)
