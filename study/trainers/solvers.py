"""One bounded problem over a stack of sets, handed to scipy or to the compiled loops."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from study.datasets.dataset import Floats, leading_shape
from study.kernels import unit as kernel
from study.kernels.codes import LOSS_CODES, SHAPE_CODES
from study.trainers.bounded import _one_set, kkt_residual, minimise
from study.trainers.fit import Bound
from study.trainers.losses import Loss, Objective, _objective

GOOD_ENOUGH = 1e-9
"""A compiled fit whose residual exceeds this is solved again by scipy."""

ENOUGH_STEPS = 1000
"""Where Newton needs more steps than this, it crawls along a plateau, and scipy takes over."""


@dataclass(frozen=True)
class BoundedProblem:
    """Points, a loss and a bound, all checked; leading axes broadcast.

    X has shape (..., n_samples, n_features), y and share (..., n_samples), start (..., n_weights); share holds sample
    weights that sum to 1. The leading axes make `shape`.
    """

    X: Floats
    y: Floats
    share: Floats
    loss: Loss
    eps: float
    bound: Bound
    start: Floats
    max_steps: int

    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        X, y, share, start = self.X.shape[:-2], self.y.shape[:-1], self.share.shape[:-1], self.start.shape[:-1]
        object.__setattr__(self, "shape", leading_shape(X=X, y=y, sample_weight=share, w0=start))

    @property
    def codes(self) -> tuple[int, float, int, float]:
        """What the compiled loops take after points and start."""
        bound = self.bound
        return LOSS_CODES[self.loss], self.eps, SHAPE_CODES[bound.shape], bound.weight_bound

    def one_set(self, index: tuple[int, ...]) -> tuple[Floats, Floats, Floats, Floats]:
        """Return points, labels, shares and start of one set of the stack."""
        return _one_set(self.shape, index, self.X, self.y, self.share, self.start)


class UnitProblem(BoundedProblem):
    """A unit, its points and its bound; it has n_features + 1 weights."""

    def one(self, index: tuple[int, ...]) -> tuple[Objective, Floats]:
        """Return objective and start of one set of the stack."""
        X, y, share, start = self.one_set(index)
        return _objective(X, y, share, self.loss, self.eps), start


@dataclass(frozen=True)
class Minimum:
    """Weights, mean loss and KKT residual over a stack, with steps and loss evaluations."""

    w: Floats
    value: Floats
    residual: Floats
    n_steps: NDArray[np.int64]
    n_passes: NDArray[np.int64]


Solution = tuple[Floats, Floats, Floats, int, int]
"""Of one set: weights, mean loss, gradient, steps and loss evaluations."""


def solve_each(problem: BoundedProblem, solve: Callable[[tuple[int, ...]], Solution]) -> Minimum:
    """Return the solutions of all sets of a stack; `solve` takes the index of one."""
    shape = problem.shape
    w, value, residual = np.empty((*shape, problem.start.shape[-1])), np.empty(shape), np.empty(shape)
    n_steps, n_passes = np.empty(shape, np.int64), np.empty(shape, np.int64)
    for index in np.ndindex(shape):
        w[index], value[index], gradient, n_steps[index], n_passes[index] = solve(index)
        residual[index] = kkt_residual(w[index], gradient, problem.bound)
    return Minimum(w, value, residual, n_steps, n_passes)


def _solve_unit(unit: UnitProblem, index: tuple[int, ...], tol: float) -> Solution:
    objective, start = unit.one(index)
    w, n_steps, n_passes = minimise(objective, unit.bound, start, unit.max_steps, tol)
    return w, *objective.value_and_gradient(w), n_steps, n_passes


def l_bfgs_b(unit: UnitProblem, tol: float) -> Minimum:
    """Solve set after set by scipy."""
    return solve_each(unit, lambda index: _solve_unit(unit, index, tol))


def newton(unit: UnitProblem) -> tuple[Minimum, NDArray[np.bool_]]:
    """Solve all sets by the compiled loop, and those that it leaves above `GOOD_ENOUGH` again by scipy."""
    w, n_steps, n_passes, value, residual = map(
        np.asarray,
        kernel.newton(unit.X, unit.y, unit.share, unit.start, *unit.codes, min(unit.max_steps, ENOUGH_STEPS)),
    )
    resolved = np.asarray(~(residual <= GOOD_ENOUGH))
    if unit.loss == "cross-entropy" and unit.bound.shape != "none":
        # Where all outputs saturate, losses and gradients are small together, and the first says nothing of the second.
        resolved = resolved | ((value < GOOD_ENOUGH) & (residual > 1e-3 * value))
    for index in map(tuple, np.argwhere(resolved)):
        other, other_value, gradient, more_steps, more_passes = _solve_unit(unit, index, GOOD_ENOUGH)
        other_residual = kkt_residual(other, gradient, unit.bound)
        n_steps[index] = min(n_steps[index] + more_steps, unit.max_steps)
        n_passes[index] += more_passes
        slack = 1e-12 * np.abs(other_value)  # a loss and its rounding
        lower, level = value[index] < other_value - slack, value[index] <= other_value + slack
        if not (lower or (level and residual[index] <= other_residual)):
            w[index], value[index], residual[index] = other, other_value, other_residual
    return Minimum(w, value, residual, n_steps, n_passes), resolved


def descend(unit: UnitProblem, rate: Floats | float, tol: float, record_path: bool) -> tuple[Minimum, Floats | None]:
    """Take projected gradient steps in all sets; return the weights after each step too where they are asked for."""
    room = np.empty(unit.max_steps + 1 if record_path else 1)
    w, n_steps, value, residual, path = kernel.descend(
        unit.X, unit.y, unit.share, unit.start, *unit.codes, unit.max_steps, rate, tol, room
    )
    answer = Minimum(w, value, residual, n_steps, n_steps)
    return answer, path[..., : int(n_steps.max()) + 1, :] if record_path else None
