"""The optimum of a unit as its limit goes from tight to wide: which samples it has right, and where that changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from study.analysis.limits import TIE, Limit, work_of, work_of_step
from study.analysis.margin import functional_margins
from study.checks import Positive, checked
from study.datasets.dataset import Dataset, Floats, check_one_set
from study.trainers.fit import Stop
from study.trainers.losses import loss_of_margin

REACH = 20.0
"""The steps are made so coarse that half the budget of work takes a path whose limit grows by e^20."""
USUAL_STEPS = 6
"""Steps that a fit usually takes from the one before."""
MOST_FITS, MOST_KEPT = 5000, 2e8
"""Fits that a path may hold, and fits times samples."""
WORK = 1e11
"""Multiplications that a path may cost: ten to twenty-five seconds."""

Advance = Callable[[int, int], None]
End = Literal["all right", "slack", "widest", "not found"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LimitPath:
    """Hold the fits along a path, from the tightest limit to the widest.

    Parameters
    ----------
    limits : ndarray of shape (n_fits,)
        Increasing.
    w : ndarray of shape (n_fits, n_features + 1)
        The bias last.
    right : ndarray of bool of shape (n_fits, n_samples)
        Which samples lie on their own side, by more than `TIE` of the largest margin or of 1, the smaller of them: so
        a sample on the boundary, as one of a pair with both labels often is, is wrong whichever way it is rounded.
    end : {"all right", "slack", "widest", "not found"}
        Why the path ends: at every wider limit the optimum has all samples right, or is the same; a limit beyond which
        it was not followed; or the least loss was not found at the next one.
    step, tol : float
        Two changes of a sample within one step of the limit, as a share of it, are not seen; those that are seen are
        known to `tol`, a share of the limit too.
    """

    limits: Floats
    w: Floats
    right: NDArray[np.bool_]
    end: End
    step: float
    tol: float

    @cached_property
    def edges(self) -> Floats:
        """Where a sample that changes sides after each fit is said to change: inf after the last."""
        return np.append(np.sqrt(self.limits[:-1]) * np.sqrt(self.limits[1:]), np.inf)

    @cached_property
    def errors(self) -> NDArray[np.int64]:
        """How many samples each fit has wrong."""
        return np.asarray(np.count_nonzero(~self.right, axis=1))

    @cached_property
    def kept_from(self) -> Floats:
        """For each sample, the limit from which on it is right: 0 where it always is, inf where it never stays so."""
        last_wrong = len(self.limits) - 1 - np.argmax(~self.right[::-1], axis=0)
        return np.where(self.right.all(axis=0), 0.0, self.edges[last_wrong])

    def intervals(self, sample: int) -> list[tuple[float, float]]:
        """Return the limits at which a sample is right, as intervals from 0 at the tight end to inf at the wide one."""
        padded = np.concatenate([[False], self.right[:, sample], [False]])
        begins, ends = np.flatnonzero(padded[1:] > padded[:-1]), np.flatnonzero(padded[1:] < padded[:-1])
        edges = np.append(0.0, self.edges)
        return [(float(edges[a]), float(edges[b])) for a, b in zip(begins, ends, strict=True)]

    def place(self, limit: float) -> int | None:
        """Return the place of the fit at a limit, or None where the path did not visit it."""
        k = int(np.searchsorted(self.limits, limit))
        return k if k < len(self.limits) and self.limits[k] == limit else None


@checked
def follow_path(
    points: Dataset,
    unit: Limit,
    limits: Sequence[Positive] = (),
    *,
    step: Positive = 0.02,
    tol: Positive = 0.001,
    work: Positive = WORK,
    advance: Advance | None = None,
) -> LimitPath:
    """Fit a unit at limits from tight to wide, each from the one before, and close in on where samples change sides.

    Parameters
    ----------
    points : Dataset
        One set.
    unit : WeightBound or Penalty
        What is fitted, and what its limit is.
    limits : sequence of float in (0, inf)
        Limits that the path has to visit.
    step : float in (0, inf)
        By which share the limit grows at most from one fit to the next, budget allowing.
    tol : float in (0, inf)
        To which share of a limit the changes are sought, budget allowing.
    work : float in (0, inf)
        Budget of multiplications; the limits asked for are fitted even so. There are 5,000 other fits at most.
    advance : callable (fits so far, fits to be expected), optional

    Returns
    -------
    LimitPath

    Notes
    -----
    The loss of the optimum falls as the limit grows. Once all samples together exceed the least loss there is by less
    than one sample at margin 0 does, none is wrong here or at any wider limit, for it alone would exceed it by more.
    """
    check_one_set("points", points)
    walk = _Walk(points, unit, work, advance)
    steps = max(float(np.log1p(step)), 2.0 * REACH * max(USUAL_STEPS * walk.work_of_step / work, 1.0 / walk.most_fits))
    end = walk.go_out(*unit.ends(points), steps)
    for limit in sorted(set(limits) - set(walk.fits)):
        walk.visit(limit)
    left = walk.close_in(float(np.log1p(tol)))
    order = sorted(walk.fits)
    return LimitPath(
        limits=np.array(order),
        w=np.array([walk.fits[limit][0] for limit in order]),
        right=np.array([walk.fits[limit][1] for limit in order]),
        end=end,
        step=float(np.expm1(steps)),
        tol=float(np.expm1(left)),
    )


class _Walk:
    """The fits so far by their limits, each with its weights and the samples that are right, and what they cost."""

    def __init__(self, points: Dataset, unit: Limit, work: float, advance: Advance | None) -> None:
        self.points, self.unit, self.work = points, unit, work
        self.advance = advance or (lambda _done, _total: None)
        self.fits: dict[float, tuple[Floats, NDArray[np.bool_]]] = {}
        self.spent = 0.0
        self.most_fits = int(min(MOST_FITS, MOST_KEPT / len(points.y)))
        self.work_of_step = work_of_step(points)

    def visit(self, limit: float) -> Floats | None:
        """Fit at a new limit, from the widest fit within; return the margins, or None without the least loss."""
        within = max((other for other in self.fits if other < limit), default=min(self.fits, default=limit))
        start = self.unit.stretch(self.fits[within][0], within, limit) if self.fits else None
        fit = self.unit.fit(self.points, limit, start)
        self.spent += work_of(fit, self.points)
        if fit.stop not in (Stop.STATIONARY, Stop.SEPARATED):
            return None
        margins = functional_margins(fit.w, self.points.X, self.points.y)
        self.fits[limit] = fit.w, margins > TIE * min(1.0, float(np.abs(margins).max()))
        return margins

    def go_out(self, tightest: float, widest: float, step: float) -> End:
        """Widen the limit until nothing changes any more, or nothing more can be found."""
        limit, expected = tightest, int(REACH / step)
        while limit <= widest and len(self.fits) < self.most_fits:
            margins = self.visit(limit)
            if margins is None:
                return "not found"
            self.advance(len(self.fits), max(expected, len(self.fits)))
            if self.is_all_right(margins):
                return "all right"
            if self.unit.is_slack(self.points, self.fits[limit][0], limit):
                return "slack"
            limit *= float(np.exp(step))
        return "widest"

    def is_all_right(self, margins: Floats) -> bool:
        """Return whether all samples exceed the least loss by less, together, than one at margin 0."""
        loss, eps = self.unit.loss, self.unit.eps
        target = np.log((1.0 - eps) / eps) if eps else np.inf
        least = 0.0 if loss != "cross-entropy" or not eps else float(loss_of_margin(loss, np.array(target), eps)[0])
        excess = loss_of_margin(loss, margins, eps)[0].sum() - len(margins) * least
        return bool(excess < float(loss_of_margin(loss, np.zeros(()), eps)[0]) - least)

    def close_in(self, tol: float) -> float:
        """Halve the widest steps in which a sample changes, while the budget lasts; return the widest that is left."""
        gaps: list[tuple[float, float, float]] = []
        left = 0.0

        def push(low: float, high: float) -> None:
            if (self.fits[low][1] != self.fits[high][1]).any():
                heappush(gaps, (-float(np.log(high / low)), low, high))

        order = sorted(self.fits)
        for low, high in pairwise(order):
            push(low, high)
        while gaps and -gaps[0][0] > tol and len(self.fits) < self.most_fits:
            width, low, high = heappop(gaps)
            middle = float(np.sqrt(low) * np.sqrt(high))
            if self.spent + USUAL_STEPS * self.work_of_step > self.work or not low < middle < high:
                return max(left, -width)
            if self.visit(middle) is not None:
                push(low, middle)
                push(middle, high)
            else:
                left = max(left, -width)
            wanted = sum(int(-gap[0] / tol) for gap in gaps)
            allowed = int((self.work - self.spent) / (USUAL_STEPS * self.work_of_step))
            left_over = max(min(wanted, allowed, self.most_fits - len(self.fits)), 0)
            self.advance(len(self.fits), len(self.fits) + left_over)
        return max(left, -gaps[0][0] if gaps else 0.0)
