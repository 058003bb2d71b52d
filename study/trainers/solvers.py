"""One bounded problem over a stack of sets, handed to scipy or to the compiled loops."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from study.datasets.dataset import Floats, leading_shape
from study.kernels import side_by_side
from study.kernels import unit as kernel
from study.kernels.codes import LEFT, LOSS_CODES, SHAPE_CODES
from study.trainers.bounded import Index, kkt_residual, minimise
from study.trainers.exact_margin import whole_numbers
from study.trainers.fit import Bound
from study.trainers.losses import Loss, Objective

GOOD_ENOUGH = 1e-9
"""A compiled fit whose gap exceeds this is solved again by scipy."""

EPS = float(np.finfo(float).eps)

ENOUGH_STEPS = 1000
"""Where Newton needs more steps than this, it crawls along a plateau, and scipy takes over."""


def _one_set(
    shape: tuple[int, ...], index: Index, X: Floats, y: Floats, share: Floats, start: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return points, labels, shares and start of one set of a stack whose leading axes broadcast to `shape`."""
    one, label, weight, w = (
        np.broadcast_to(array, (*shape, *array.shape[array.ndim - n_core :]))[index]
        for array, n_core in ((X, 2), (y, 1), (share, 1), (start, 1))
    )
    return one, label, weight, w


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

    def one_set(self, index: Index) -> tuple[Floats, Floats, Floats, Floats]:
        """Return points, labels, shares and start of one set of the stack, or of some."""
        return _one_set(self.shape, index, self.X, self.y, self.share, self.start)


@dataclass(frozen=True)
class UnitProblem(BoundedProblem):
    """A unit, its points, its bound and its penalty, of shape (..., n_features + 1); it has as many weights."""

    penalty: Floats

    @property
    def penalised(self) -> bool:
        """Whether any weight is."""
        return bool(self.penalty.any())

    def part(self, index: Index) -> "UnitProblem":
        """Return the problem of one set, or of some."""
        X, y, share, start = self.one_set(index)
        penalty = np.broadcast_to(self.penalty, (*self.shape, X.shape[-1] + 1))[index]
        return replace(self, X=X, y=y, share=share, start=start, penalty=penalty)

    def one(self, index: tuple[int, ...]) -> tuple[Objective, Floats]:
        """Return objective and start of one set of the stack."""
        one = self.part(index)
        return Objective.on(one.X, one.y, one.share, one.loss, one.eps, one.penalty), one.start


@dataclass(frozen=True)
class Minimum:
    """Weights, mean loss and KKT residual over a stack, with steps, loss evaluations and, of units, the gap."""

    w: Floats
    value: Floats
    residual: Floats
    n_steps: NDArray[np.int64]
    n_passes: NDArray[np.int64]
    gap: Floats = field(default_factory=lambda: np.array(np.nan))

    def put(self, where: Index, other: "Minimum") -> None:
        """Put the answers of one set, or of some, in the place of what they were."""
        for part in fields(self):
            getattr(self, part.name)[where] = getattr(other, part.name)

    def go_on(self, where: Index, more: "Minimum") -> None:
        """Put what one set, or some, have come to by further steps in the place of what they were."""
        n_steps, n_passes = self.n_steps[where] + more.n_steps, self.n_passes[where] + more.n_passes
        self.put(where, replace(more, n_steps=n_steps, n_passes=n_passes))


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
    found = solve_each(unit, lambda index: _solve_unit(unit, index, tol))
    return replace(solve_by_newton(replace(unit, start=found.w), 0), n_steps=found.n_steps, n_passes=found.n_passes)


def newton(unit: UnitProblem) -> tuple[Minimum, NDArray[np.bool_]]:
    """Solve all sets by the compiled loop, and those that it leaves above `GOOD_ENOUGH` by scipy first."""
    found = solve_by_newton(unit, min(unit.max_steps, ENOUGH_STEPS))
    resolved = np.asarray(~((found.gap <= GOOD_ENOUGH) | is_endless(found, GOOD_ENOUGH)))
    for index in map(tuple, np.argwhere(resolved)):
        _solve_again(unit, index, found)
    return found, resolved


def is_endless(found: Minimum, tol: float) -> NDArray[np.bool_]:
    """Say of which sets the loss has no minimum, but falls towards zero, and has come within `tol` of it."""
    return np.asarray((found.gap == 1.0) & (found.residual <= tol))


def solve_by_newton(unit: UnitProblem, max_steps: int | NDArray[np.int64], leaves: bool = True) -> Minimum:
    """Solve all sets by the compiled loops; where `leaves` is set, one by the logarithm where its samples are far."""
    if leaves and np.ndim(max_steps) == 0 and max_steps > 0 and _is_ordinary(unit):
        found = _side_by_side(unit, int(max_steps))
        lost = np.isinf(found.gap)
        if lost.any():
            found.put(lost, _one_by_one(unit.part(lost), max_steps, leaves))
    else:
        found = _one_by_one(unit, max_steps, leaves)
    left = np.asarray(found.gap == LEFT)
    if left.any():
        more = _wide(replace(unit, start=found.w).part(left), (max_steps - found.n_steps)[left] * leaves)
        found.go_on(left, more)
    return found


def _one_by_one(unit: UnitProblem, max_steps: int | NDArray[np.int64], leaves: bool) -> Minimum:
    """Solve all sets, one after another, whatever the bound."""
    points = unit.X, unit.y, unit.share, unit.start
    return Minimum(*map(np.asarray, kernel.newton(*points, *unit.codes, unit.penalty, max_steps, leaves)))


def _is_ordinary(unit: UnitProblem) -> bool:
    """Say whether sets go side by side: in a box, or free with a penalty, and eight of them in the second cache."""
    bounded = unit.bound.shape == "box" or (unit.bound.shape == "none" and unit.penalised)
    return bounded and side_by_side.rows_needed(unit.X.shape[-2], unit.X.shape[-1] + 1) <= side_by_side.ROOM


def _side_by_side(unit: UnitProblem, max_steps: int) -> Minimum:
    """Solve all sets of a stack, eight at a time; the gap is infinite where one needs more care."""
    shape, stacks, places = unit.shape, [], []
    for array, n_core in (unit.X, 2), (unit.y, 1), (unit.share, 1), (unit.start, 1), (unit.penalty, 1):
        lead, core = array.shape[: array.ndim - n_core], array.shape[array.ndim - n_core :]
        n_sets = math.prod(lead)
        stacks.append(array.reshape(n_sets, *core))
        places.append(np.broadcast_to(np.arange(n_sets).reshape(lead), shape).ravel())
    loss, eps, _, R = unit.codes
    with np.errstate(all="ignore"):  # what a lane does not use is computed all the same
        w, *others = side_by_side.newton(*stacks, np.array(places), loss, eps, R, max_steps)
    return Minimum(w.reshape(*shape, w.shape[-1]), *(other.reshape(shape) for other in others))


def _wide(unit: UnitProblem, max_steps: NDArray[np.int64]) -> Minimum:
    """Go on with a stack along one axis, all of whose samples are far on their own side."""
    from study.kernels import wide  # compiles for seconds where its cache is cold

    loss, _, shape, R = unit.codes
    w, value, residual, n_steps, gap = wide.newton(unit.X, unit.y, unit.share, unit.start, loss, shape, R, max_steps)
    near = gap == LEFT
    found = Minimum(w, value, residual, n_steps, n_steps - near, gap)  # the last pass is made again
    if near.any():
        nearer = replace(unit, start=w).part(near)
        found.go_on(near, solve_by_newton(nearer, (max_steps - n_steps)[near], leaves=False))
    return found


def _solve_again(unit: UnitProblem, index: tuple[int, ...], found: Minimum) -> None:
    """Solve one set on other axes or by scipy, sharpen scipy's answer, and keep the new answer where it is lower."""
    one = unit.part(index)
    n_steps = n_passes = 0
    if unit.bound.shape == "none" and not unit.penalised:
        other = _on_own_axes(replace(one, start=found.w[index]))
    else:
        w, n_steps, n_passes = minimise(one.one(())[0], unit.bound, one.start, unit.max_steps, GOOD_ENOUGH)
        other = solve_by_newton(replace(one, start=w), max(0, min(unit.max_steps - n_steps, ENOUGH_STEPS)))
    found.n_steps[index] = min(found.n_steps[index] + n_steps + other.n_steps, unit.max_steps)
    found.n_passes[index] += n_passes + other.n_passes
    slack = 1e-12 * np.abs(other.value)  # a loss and its rounding
    lower, level = found.value[index] < other.value - slack, found.value[index] <= other.value + slack
    if not (lower or (level and found.gap[index] <= other.gap)):
        found.put(index, replace(other, n_steps=found.n_steps[index], n_passes=found.n_passes[index]))


def _on_own_axes(one: UnitProblem) -> Minimum:
    """Minimise, free of bound and penalty, along the axes of the points, so that thin or equal directions do no harm.

    Directions whose lengths are of the size of rounding are left out. Where they have any length, a lower loss may lie
    far along them, and nothing is known of the gap.
    """
    unit = _power_of_two(one.X)
    centre = (one.X / unit).mean(axis=0)
    spread = _power_of_two(one.X / unit - centre)
    points = (one.X / unit - centre) / spread
    rest = points.mean(axis=0)  # what the rounding of the centre has left
    centre = centre + rest * spread
    axes, lengths, back = np.linalg.svd(points - rest, full_matrices=False)
    n_directions = _n_directions(one.X)
    kept = (lengths > 4.0 * EPS * math.sqrt(one.X.size) * lengths[0]) & (np.arange(lengths.size) < n_directions)
    size = math.sqrt(len(one.X))
    turned = replace(one, X=axes[:, kept] * size, start=np.zeros(kept.sum() + 1), penalty=np.zeros(kept.sum() + 1))
    if one.loss != "cross-entropy":  # which minimum is found depends on the start
        v = one.start[:-1] * unit
        turned.start[:] = *((back[kept] @ (v * spread)) * (lengths[kept] / size)), one.start[-1] + v @ centre
    answer = solve_by_newton(turned, min(one.max_steps, ENOUGH_STEPS))
    v = (answer.w[:-1] * (size / lengths[kept])) @ back[kept] / spread
    w = np.append(v / unit, answer.w[-1] - v @ centre)
    there = solve_by_newton(replace(one, start=w), 0)
    gap = np.array(np.inf)
    if answer.gap == 1.0:
        gap = np.where(there.gap == 1.0, 1.0, np.inf)
    elif kept.sum() == n_directions:
        blur = EPS * (1.0 + (np.abs(one.X) @ np.abs(w[:-1])).max() + abs(w[-1]))  # of the margins
        gap = answer.gap + 100.0 * blur**2 + _gap_of_axes(turned, answer.w, lengths[kept])
    return replace(there, gap=gap, n_steps=answer.n_steps, n_passes=answer.n_passes)


def _power_of_two(X: Floats) -> Floats:
    """Return for each feature a power of two that no sample exceeds: a division by it is exact."""
    largest = np.abs(X).max(axis=0)
    return 2.0 ** np.ceil(np.log2(np.where(largest > 0.0, np.maximum(largest, np.finfo(float).tiny), 1.0)))


def _n_directions(X: Floats) -> int:
    """Return in how many directions the points extend, exactly."""
    whole, _ = whole_numbers(np.column_stack([X, np.ones(len(X))]))
    tall = whole if len(whole) >= whole.shape[1] else whole.T  # much faster
    return int(fmpz_mat(len(tall), tall.shape[1], tall.ravel().tolist()).rank()) - 1


def _gap_of_axes(turned: UnitProblem, w: Floats, lengths: Floats) -> Floats:
    """Return by what share of the loss it may fall where the axes, of these lengths, are turned by their rounding.

    The gradient along an axis changes by as much as the axis, times the slopes; the curvatures make this a gap.
    """
    objective, _ = turned.one(())
    value, slope, curvature = objective.terms(w)
    turn = 4.0 * EPS * math.sqrt(len(slope)) * lengths.max(initial=0.0) / lengths
    change = np.linalg.norm(turn) * np.linalg.norm(turned.share * slope)
    root = np.sqrt(turned.share * np.abs(curvature))
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = (change / np.linalg.svd(root[:, None] * objective.Z, compute_uv=False)[-1]) ** 2
        if turned.loss == "cross-entropy":
            return np.asarray(fall / (turned.share @ value))
        fall = min(fall, turned.share @ np.abs(slope))  # on steps that move no margin by more than 1
        return np.asarray(fall / (turned.share @ value + 0.5 * turned.eps**2))


def descend(unit: UnitProblem, rate: Floats | float, tol: float, record_path: bool) -> tuple[Minimum, Floats | None]:
    """Take projected gradient steps in all sets; return the weights after each step too where they are asked for."""
    from study.kernels import descent  # compiles for a second where its cache is cold

    room = np.empty(unit.max_steps + 1 if record_path else 1)
    w, n_steps, value, residual, path = descent.descend(
        unit.X, unit.y, unit.share, unit.start, *unit.codes, unit.penalty, unit.max_steps, rate, tol, room
    )
    found = solve_by_newton(replace(unit, start=w), 0)
    found = replace(found, w=w, value=value, residual=residual, n_steps=n_steps, n_passes=n_steps)
    return found, path[..., : int(n_steps.max()) + 1, :] if record_path else None
