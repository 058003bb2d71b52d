"""Search for a proof of what the bounded or penalised optimum of a sigmoid unit does on one set of points."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from study.certificates.enclosure import optimum_near
from study.certificates.problem import Problem, problem_of
from study.checks import Positive, PositiveInt, as_integers, checked
from study.datasets.dataset import Features, Floats, Labels, check_room
from study.kernels import proof_cells
from study.trainers.losses import Bias, Eps, Loss, loss_of_margin
from study.trainers.sigmoid_unit import sigmoid_unit

SLACK = 1e-9
"""What is proved must hold with this share of the loss to spare, which covers the rounding of the search."""
PLANE_GAPS = (1e-7, 1e-8, 1e-9, 1e-10)
"""Where it stops for multipliers: the nearer to the bound, the more of their digits are lost to rounding."""
MOST_PUSHED, MOST_PASSED = 32, 20_000
"""Starts on the wrong side: one for each of this many points, those with the smallest margins; fewer of large sets."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What is proved of the optimum of a unit inside a box or with a penalty.

    Parameters
    ----------
    claim : {"separates", "fails", "undecided"}
        separates: no weights in the box that get a judged point wrong have a loss as low as `w`, which gets all of them
        right. fails: no weights in the box that get all judged points right have a loss as low as `w`, which does not.
        With a penalty the loss is the objective, and the box all of space.
    w : ndarray of shape (n_features + 1,)
        The witness, the bias last.
    loss_value : float
        Sum of sample weight times loss at `w`; with a penalty |w|^2 / 2 + C times that.
    lost : ndarray of bool of shape (n_samples,)
        Which points `w` gets wrong.
    n_cells, cells_left : int
        Cells of the tree that were looked at, and those that are neither excluded nor decided; 0 and 0 where no tree
        was needed, 0 and 1 where a tie left nothing to search.
    certificate : str or None
        The proof, one line of JSON for `study.certificates.checker.check`; None where undecided.
    """

    claim: Literal["separates", "fails", "undecided"]
    w: Floats
    loss_value: float
    lost: NDArray[np.bool_]
    n_cells: int
    cells_left: int
    certificate: str | None


@checked
def verdict(
    X: Features,
    y: Labels,
    *,
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    weight_bound: Positive | None = None,
    C: Positive | None = None,
    bias: Bias = "free",
    judged: Annotated[ArrayLike, as_integers] | None = None,
    max_cells: PositiveInt = 200_000,
    advance: Callable[[int], None] | None = None,
) -> Verdict:
    """Prove whether the optimum of a sigmoid unit, inside a box or with a penalty, separates one set of points.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Finite features.
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
    eps : float in [0, 1/2)
        The targets are eps and 1 - eps.
    sample_weight : array_like of shape (n_samples,), optional
        Positive; a weight of k counts a sample k times, at no cost.
    weight_bound : float in (0, inf), optional
        The box |w_j| <= weight_bound, bias included.
    C : float in (0, inf), optional
        In place of the box, a penalty: the objective is |w|^2 / 2 + C times the summed loss.
    bias : {"free", "penalised"}
        Whether the bias counts in that |w|.
    judged : array_like of int, optional
        The points that must be right, all by default.
    max_cells : int, at least 1
        Budget of cells.
    advance : callable (n_cells), optional
        Called about ten times a second with the number of cells that were looked at so far.

    Returns
    -------
    Verdict
        "undecided" where the budget ended first or the two sides tie to nine digits.

    Raises
    ------
    BadInput
        For points, loss, eps, sample weights, bound, penalty or indices that cannot be used.

    Notes
    -----
    The cross-entropy has one optimum, which is enclosed. Among separators the losses that only fall with the margins
    are convex, so a tangent plane with multipliers shows that each costs more. Elsewhere the box is divided into cells,
    on each of which a sum of lines below each sample's loss, with a multiplier for a margin of known sign, must exceed
    the loss of the witness. A cell that offers better weights on the other side begins the search again from there.
    """
    problem = problem_of(X, y, loss, eps, sample_weight, weight_bound, judged, C, bias)
    if problem.penalised:
        problem = replace(problem, weight_bound=box_around_minima(problem))
    check_room(max_cells=max_cells)
    best = min(_candidates(problem), key=problem.value)
    n_cells = left = 0
    for _ in range(20):
        fails = bool((problem.Z[problem.judged] @ best <= 0.0).any())
        evidence = _convex_evidence(problem, best, fails)
        if evidence is None:
            looked = n_cells
            watch = None if advance is None else lambda new, old=looked: advance(old + new)
            evidence, cells, left, better = _tree(problem, best, fails, max_cells, watch)
            n_cells += cells
            if better is not None:
                best = min(_descended(problem, better), key=problem.value)
                continue
        break
    return _stated(problem, best, fails, evidence, n_cells, left)


def _stated(
    problem: Problem, w: Floats, fails: bool, evidence: dict[str, Any] | None, n_cells: int, left: int
) -> Verdict:
    claim: Literal["fails", "separates"] = "fails" if fails else "separates"
    certificate = None
    if evidence is not None:
        judged = np.flatnonzero(problem.judged).tolist()
        what = {**problem.plain(), "judged": judged, "claim": claim, "w": w.tolist(), "evidence": evidence}
        kind = "penalised verdict" if problem.penalised else "verdict"
        certificate = json.dumps({"kind": kind, **what}, separators=(",", ":"))
    return Verdict(
        claim=claim if evidence is not None else "undecided",
        w=w,
        loss_value=problem.value(w),
        lost=problem.Z @ w <= 0.0,
        n_cells=n_cells,
        cells_left=left if evidence is None else 0,
        certificate=certificate,
    )


def _candidates(problem: Problem) -> Iterator[Floats]:
    """Yield minima: from zero, among those that are right, and among those that get one point wrong."""
    if problem.penalised:
        yield _penalised_minimum(problem)
        if problem.loss == "cross-entropy":
            return
    Z, R, none = problem.Z, problem.weight_bound, np.zeros(len(problem.X), bool)
    free, _ = problem.interior(none, 1.0, np.zeros(Z.shape[1]))
    yield free
    if problem.loss == "cross-entropy":
        return
    start = _right_start(problem)
    if start is not None:
        right, _ = problem.interior(problem.judged, 1.0, start)
        yield from _descended(problem, right)
    margins = Z @ free / np.linalg.norm(Z, axis=1)
    margins[~problem.judged] = np.inf
    for i in np.argsort(margins)[: min(MOST_PUSHED, max(2, MOST_PASSED // len(Z)), problem.judged.sum())]:
        held = none.copy()
        held[i] = True
        wrong, _ = problem.interior(held, -1.0, -Z[i] * (0.5 * R / np.abs(Z[i]).max()))
        yield from _descended(problem, wrong)


def _penalised_minimum(problem: Problem) -> Floats:
    """Return the minimum that a penalised unit reaches from the best bias alone."""
    target = np.where(problem.y > 0.0, 1.0 - problem.eps, problem.eps)
    w0 = np.zeros(problem.Z.shape[1])
    w0[-1] = np.log(problem.weight @ target) - np.log(problem.weight @ (1.0 - target))
    given: dict[str, Any] = {"loss": problem.loss, "eps": problem.eps, "C": problem.C, "bias": problem.bias}
    return sigmoid_unit(problem.X, problem.y, sample_weight=problem.weight, w0=w0, method="newton", **given).w


def box_around_minima(problem: Problem) -> float:
    """Return R such that outside of [-R, R]^p the penalised objective is higher than at some weights inside.

    There |w|^2 / 2 alone is, or, where a free bias is so large, the loss of one class, whose margins are at most
    |x_i| |w| - R: with the best bias alone the loss is less than that of either class lost for good.
    """
    level = problem.value(_penalised_minimum(problem)) * (1.0 + 1e-6)
    R = reach = math.sqrt(2.0 * level)
    length = np.linalg.norm(problem.X, axis=1)
    while problem.bias == "free":
        lost = problem.cost * loss_of_margin(problem.loss, np.minimum(length * reach - R, 0.0), problem.eps)[0]
        if (length * reach < R).all() and all(lost[problem.y == label].sum() > level for label in (-1.0, 1.0)):
            break
        R *= 1.25
    return R


def _descended(problem: Problem, w: Floats) -> Iterator[Floats]:
    """Yield weights, and the minimum inside the box that lies below them."""
    yield w
    yield problem.interior(np.zeros(len(problem.X), bool), 1.0, w * (1.0 - 1e-9), barrier=1e-6)[0]


def _right_start(problem: Problem) -> Floats | None:
    """Return weights strictly inside the box that get all judged points right, or None."""
    Z = problem.Z[problem.judged]
    Z = Z / np.abs(Z).max(axis=1, keepdims=True)
    p = Z.shape[1]
    answer = linprog(
        np.append(np.zeros(p), -1.0),
        A_ub=np.column_stack([-Z, np.ones(len(Z))]),
        b_ub=np.zeros(len(Z)),
        bounds=[(-1.0, 1.0)] * p + [(None, 1.0)],
        method="highs",
    )
    if answer.x is None or not (Z @ answer.x[:p] > 0.0).all():
        return None
    return np.asarray(answer.x[:p] * 0.5 * problem.weight_bound)


def _convex_evidence(problem: Problem, w: Floats, fails: bool) -> dict[str, Any] | None:
    """Return the proof that convexity gives, or None."""
    if problem.loss == "cross-entropy":
        optimum = optimum_near(problem, w)
        if optimum is not None:
            return {"optimum": optimum}
    if problem.penalised:
        return None
    soft = problem.loss == "quadratic" and problem.eps > 0.0
    if not fails or soft or (problem.loss != "cross-entropy" and not problem.judged.all()):
        return None
    start = _right_start(problem)
    if start is None:
        return None
    planes = [_plane(problem, start, gap) for gap in PLANE_GAPS]
    height, c, multiplier = max(planes, key=lambda plane: plane[0])
    if not height > problem.value(w) * (1.0 + SLACK):
        return None
    kept = np.flatnonzero(multiplier > 1e-13 * multiplier.max())
    return {"plane": {"w": c.tolist(), "multipliers": [[int(i), float(multiplier[i])] for i in kept]}}


def _plane(problem: Problem, start: Floats, gap: float) -> tuple[float, Floats, Floats]:
    """Return what a plane exceeds in the box, where it touches the loss, and a multiplier for each margin."""
    c, scale = problem.interior(problem.judged, 1.0, start, gap)
    multiplier = np.where(problem.judged, gap * scale / np.abs(problem.Z @ c), 0.0)
    return _plane_height(problem, c, multiplier), c, multiplier


def _plane_height(problem: Problem, c: Floats, multiplier: Floats) -> float:
    """Return what the tangent plane at c, less multiples of margins, exceeds everywhere in the box."""
    gradient = problem.gradient(c)
    return problem.value(c) - float(
        gradient @ c + problem.weight_bound * np.abs(gradient - multiplier @ problem.Z).sum()
    )


def _tree(
    problem: Problem, w: Floats, fails: bool, room: int, watch: Callable[[int], None] | None
) -> tuple[dict[str, Any] | None, int, int, Floats | None]:
    """Return tree, cells looked at, cells left and, where there are some, better weights on the other side."""
    value = problem.value(w)
    marks, better = np.zeros(room, np.uint8), np.zeros(len(w))
    outcome, n_marks, left = proof_cells.branch(
        problem.Z,
        problem.cost,
        problem.counted,
        problem.code,
        problem.weight_bound,
        problem.judged,
        fails,
        value * (1.0 + SLACK),
        value * (1.0 - SLACK),
        marks,
        better,
        watch=watch,
    )
    tree: dict[str, Any] | None = None
    if outcome == proof_cells.PROVED:
        box = {"box": problem.weight_bound} if problem.penalised else {}
        tree = {"tree": marks[:n_marks].tobytes().decode(), **box}
    return tree, n_marks, left, better if outcome == proof_cells.BETTER else None
