"""Find every stationary point of a unit's loss inside a box, and prove that there is no other."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
from flint import ctx
from numpy.typing import ArrayLike, NDArray

from study.certificates.enclosure import DIGITS, Enclosure, enclosed
from study.certificates.gordan import Gordan
from study.certificates.problem import Problem, problem_of
from study.checks import BadInput, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, Labels
from study.trainers.losses import Eps, loss_of_margin

ALONE = tuple(0.5**k for k in range(1, 31))
"""Shares of the bound that are tried as the radius within which a point is alone."""
NEWTON_STARTS, NEWTON_STEPS = 64, 30
MOST_WEIGHTS = 8
"""A box in more dimensions has more faces than the search can look at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stationary:
    """One stationary point.

    Parameters
    ----------
    w : ndarray of shape (n_features + 1,)
        Its place, the bias last, to within `radius` in each weight that is free.
    face : str
        For each weight "0" where it is free, "+" or "-" where it lies on that bound and the gradient pushes against it.
    radius, alone_radius : float
        There is exactly one stationary point of the face within either of them.
    kind : {"minimum", "saddle", "maximum"}
    separates : bool
    loss : tuple of float
        Bounds on the weighted sum of the losses.
    """

    w: Floats
    face: str
    radius: float
    alone_radius: float
    kind: Literal["minimum", "saddle", "maximum"]
    separates: bool
    loss: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class StationaryPoints:
    """All stationary points in a box, or those found so far.

    Parameters
    ----------
    points : tuple of Stationary
        By their loss.
    everywhere : bool
        There is no other in all of space either.
    n_cells, cells_left : int
        Cells that were looked at; cells that may hold further points, 0 where the list is complete.
    certificate : str or None
        One line of JSON for `study.certificates.checker.check`; None where cells are left.
    """

    points: tuple[Stationary, ...]
    everywhere: bool
    n_cells: int
    cells_left: int
    certificate: str | None


@checked
def stationary_points(
    X: Features,
    y: Labels,
    *,
    loss: Literal["quadratic", "cross-entropy"] = "quadratic",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    weight_bound: Positive,
    everywhere: bool = False,
    max_cells: PositiveInt = 200_000,
    advance: Callable[[int], None] | None = None,
) -> StationaryPoints:
    """Enclose all stationary points of a unit's loss inside a box: interior ones, and KKT points on its faces.

    Parameters
    ----------
    X, y, eps, sample_weight, weight_bound
        As in `study.certificates.search.verdict`.
    loss : {"quadratic", "cross-entropy"}
        The threshold quadratic loss, which has whole plateaus of minima, is refused.
    everywhere : bool
        Prove that there is no other stationary point outside the box either; for the quadratic loss with eps > 0 only.
    max_cells : int, at least 1
        Budget of cells.
    advance : callable (n_cells), optional
        Called with the number of cells made so far, each time that all of them have been halved.

    Returns
    -------
    StationaryPoints

    Raises
    ------
    BadInput
        For arguments that cannot be used, for more than `MOST_WEIGHTS` weights, whose box has too many faces, or for a
        box that does not hold the hull of all weights that fit n_features + 1 points exactly, where the list is to be
        complete everywhere.

    Notes
    -----
    A cell is discarded where along some direction v the derivative of the loss is positive all over the cell, from the
    range of each sample's slope (and v may not lead out of the box). The directions are those orthogonal to n_features
    of the vectors z_i and of the axes: by Gordan's theorem, no other can do more with these ranges. Newton's method
    from what is left finds the points, Krawczyk's test encloses them.
    """
    problem = problem_of(X, y, loss, eps, sample_weight, weight_bound)
    if problem.Z.shape[1] > MOST_WEIGHTS:
        raise BadInput(
            f"`X` must have at most {MOST_WEIGHTS - 1} features where all stationary points are asked for: the search "
            f"looks at each of the 3^(n_features + 1) faces of the box; got {np.shape(X)[1]}"
        )
    if everywhere and not hull_bound(problem) < problem.weight_bound:
        raise BadInput(
            f"`weight_bound` must exceed {hull_bound(problem)} for all stationary points anywhere; got {weight_bound}"
        )
    search = _Search(problem, max_cells, advance)
    left = search.run()
    points = tuple(sorted(search.found, key=lambda point: point.loss))
    certificate = None if left else _certificate(problem, points, everywhere, search)
    return StationaryPoints(
        points=points, everywhere=everywhere, n_cells=len(search.axis), cells_left=left, certificate=certificate
    )


def hull_bound(problem: Problem) -> float:
    """Return the largest weight among those that fit n_features + 1 points exactly; inf where the lemma does not apply.

    Notes
    -----
    For the quadratic loss with soft targets all stationary points lie in the convex hull of these weights.
    """
    Z, p = problem.Z, problem.Z.shape[1]
    if problem.loss != "quadratic" or problem.eps == 0.0 or np.linalg.matrix_rank(Z) < p:
        return np.inf
    bases = np.array([base for base in combinations(Z, p) if np.linalg.matrix_rank(base) == p])
    target = np.full((len(bases), p, 1), problem.code[-1])
    return float(np.abs(np.linalg.solve(bases, target)).max())


class _Search:
    """A tree of cells: for each its axis (-1 for a leaf) and its first child."""

    def __init__(self, problem: Problem, max_cells: int, advance: Callable[[int], None] | None) -> None:
        self.problem, self.room, self.advance = problem, max_cells, advance
        self.gordan = Gordan(problem)
        self.found: list[Stationary] = []
        self.axis, self.child = [-1], [-1]

    def run(self) -> int:
        """Divide cells until none may hold another point; return how many are left."""
        p, R = self.problem.Z.shape[1], self.problem.weight_bound
        ids, centres, halvings = np.zeros(1, np.int64), np.zeros((1, p)), np.zeros((1, p), np.int64)
        while len(ids):
            if self.advance is not None:
                self.advance(len(self.axis))
            half = np.asarray(R * 0.5**halvings, dtype=np.float64)
            low, high = self.gordan.slopes(centres, half)
            open_ = ~(self.gordan.excluded(centres, half, low, high) | self._held(centres, half, low, high))
            if open_.any() and halvings[0].sum() % p == 0:  # every axis has been halved once more
                self._look(centres[open_], half[open_])
                open_ &= ~self._held(centres, half, low, high)
            ids, centres, halvings, half = ids[open_], centres[open_], halvings[open_], half[open_]
            if len(self.axis) + 2 * len(ids) > self.room or halvings.max(initial=0) > 50:
                return len(ids)
            ids, centres, halvings = self._halved(ids, centres, halvings, half, half.argmax(axis=1))
        return 0

    def _halved(self, ids: Any, centres: Floats, halvings: Any, half: Floats, axes: Any) -> Any:
        first = len(self.axis) + 2 * np.arange(len(ids))
        for i, axis, child in zip(ids.tolist(), axes.tolist(), first.tolist(), strict=True):
            self.axis[i], self.child[i] = axis, child
        self.axis += [-1] * (2 * len(ids))
        self.child += [-1] * (2 * len(ids))
        rows = np.arange(len(ids))
        halvings = halvings.copy()
        halvings[rows, axes] += 1
        both = np.repeat(centres, 2, axis=0)
        step = 0.5 * half[rows, axes]
        both[2 * rows, axes] -= step
        both[2 * rows + 1, axes] += step
        return np.stack([first, first + 1], axis=1).ravel(), both, np.repeat(halvings, 2, axis=0)

    def _held(self, centres: Floats, half: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
        """Say which cells lie in the box of a point that is alone there, and are pushed against its face."""
        held = np.zeros(len(centres), bool)
        R, weight, Z = self.problem.weight_bound, self.problem.weight, self.problem.Z
        for point in self.found:
            fits = np.ones(len(centres), bool)
            for j, mark in enumerate(point.face):
                if mark == "0":
                    fits &= np.abs(centres[:, j] - point.w[j]) + half[:, j] < point.alone_radius * (1.0 - 1e-9)
                    continue
                sign = -1.0 if mark == "+" else 1.0
                pull = sign * weight * Z[:, j]
                pushed = low @ np.maximum(pull, 0.0) + high @ np.minimum(pull, 0.0)
                size = np.maximum(np.abs(low), np.abs(high)) @ np.abs(pull)
                fits &= (pushed > 1e-12 * size) & (-sign * centres[:, j] - half[:, j] > -R)
            held |= fits
        return held

    def _look(self, centres: Floats, half: Floats) -> None:
        """Look for points that are not known yet by Newton's method, along every face that the cells touch."""
        R, p = self.problem.weight_bound, centres.shape[1]
        for marks in product("0+-", repeat=p):
            on = np.array([{"0": 0.0, "+": R, "-": -R}[mark] for mark in marks])
            bound = np.array([mark != "0" for mark in marks])
            touches = (np.abs(centres - on) <= half)[:, bound].all(axis=1)
            starts = np.where(bound, on, centres[touches])
            picked = starts[:: max(1, len(starts) // NEWTON_STARTS)]
            for w in _newton(self.problem, picked, ~bound) if len(picked) else ():
                face = "".join(marks)
                if not any(q.face == face and np.abs(q.w - w).max() < q.alone_radius for q in self.found):
                    self._add(w, face)

    def _add(self, w: Floats, face: str) -> None:
        answer = enclosed(self.problem, w, face)
        if answer is None:
            return
        enclosure, root, radius = answer
        if any(q.face == face and np.abs(q.w - root).max() < q.alone_radius for q in self.found):
            return
        with ctx.workprec(DIGITS):
            wide = (share * self.problem.weight_bound for share in ALONE)
            alone = next((r for r in wide if r < radius or enclosure.is_alone(root, r)), radius)
            value = enclosure.value(enclosure.box(root, radius))
            least, largest = float(value.lower()), float(value.upper())
            spare = (largest - least) + 1e-12 * abs(largest)  # the checker may see a wider range
        self.found.append(
            Stationary(
                w=root,
                face=face,
                radius=radius,
                alone_radius=max(alone, radius),
                kind=_kind(enclosure, root),
                separates=bool((self.problem.Z @ root > 0.0).all()),
                loss=(least - spare, largest + spare),
            )
        )


def _kind(enclosure: Enclosure, w: Floats) -> Literal["minimum", "saddle", "maximum"]:
    if not enclosure.free:
        return "minimum"
    hessian = enclosure.derivatives(enclosure.placed(w))[1]
    curvature = np.linalg.eigvalsh([[float(x) for x in row] for row in hessian])
    if curvature[0] > 0.0:
        return "minimum"
    return "maximum" if curvature[-1] < 0.0 and len(enclosure.free) == len(w) else "saddle"


def _newton(problem: Problem, w: Floats, free: NDArray[np.bool_]) -> Floats:
    """Return the roots of the gradient along a face that Newton's method reaches inside the box from a stack of w."""
    R, k = problem.weight_bound, int(free.sum())
    if k == 0:
        return w[:1]
    Z = problem.Z[:, free]
    for _ in range(NEWTON_STEPS):
        _, slope, curvature = loss_of_margin(problem.loss, w @ problem.Z.T, problem.eps)
        gradient = (slope * problem.weight) @ Z
        hessian = np.einsum("si,ij,ik->sjk", curvature * problem.weight, Z, Z)
        if not np.isfinite(hessian).all():
            return w[:0]
        scale = np.abs(hessian).max(axis=(1, 2), keepdims=True) + 1e-300
        step = -(np.linalg.pinv(hessian / scale) @ (gradient / scale[:, :, 0])[..., None])[..., 0]
        step *= np.minimum(1.0, 0.25 * R / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        w = w.copy()
        w[:, free] = np.clip(w[:, free] + step, -R, R)
        if np.abs(step).max() <= 1e-12 * R:
            break
    still = np.abs(step).max(axis=1) <= 1e-9 * R
    inside = (np.abs(w[:, free]) < R).all(axis=1)
    places = np.round(w[still & inside] / R, 7)
    return np.asarray(w[still & inside][np.unique(places, axis=0, return_index=True)[1]])


def _certificate(problem: Problem, points: tuple[Stationary, ...], everywhere: bool, search: _Search) -> str:
    listed = [{**point.__dict__, "w": point.w.tolist(), "loss": list(point.loss)} for point in points]
    marks, stack = [], [0]
    while stack:
        node = stack.pop()
        marks.append("." if search.axis[node] < 0 else str(search.axis[node]))
        if search.axis[node] >= 0:
            stack += [search.child[node] + 1, search.child[node]]
    proof = {
        "kind": "stationary",
        **problem.plain(),
        "everywhere": everywhere,
        "points": listed,
        "directions": [list(map(str, v)) for v in search.gordan.used_directions()],
        "tree": "".join(marks),
    }
    return json.dumps(proof, separators=(",", ":"))
