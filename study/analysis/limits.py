"""What keeps a unit's weights small, a bound or a penalty, and what scikit-learn's usual penalty does with points."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.analysis.margin import functional_margins
from study.datasets.dataset import Dataset, Floats
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import Bias, Loss, loss_of_margin
from study.trainers.sigmoid_unit import sigmoid_unit

TIGHTEST, WIDEST = 0.01, 1e9
"""The largest margin that weights may give at the tightest limit, and at the widest one."""
MOST_STEPS = 300
"""Steps after which a fit is abandoned."""
TIE = 1e-9
"""Size of w.(x, 1) within which rounding may decide on which side a point lies."""


@dataclass(frozen=True, kw_only=True)
class WeightBound:
    """A unit whose limit is the bound R of its weights.

    Parameters
    ----------
    shape : {"box", "ball"}
    loss, eps
        As in `study.trainers.sigmoid_unit`.
    """

    symbol: ClassVar[str] = "R"
    argument: ClassVar[str] = "weight_bound"
    shape: Literal["box", "ball"]
    loss: Loss
    eps: float

    @property
    def name(self) -> str:
        """The limit in words."""
        return f"{self.shape} R"

    def fit(
        self, points: Dataset, limit: float, start: Floats | None = None, sample_weight: ArrayLike | None = None
    ) -> Fit:
        """Return the unit at a limit, from a start or from zero."""
        return _fit(self, points, limit, start, sample_weight)

    def options(self, limit: float) -> dict[str, Any]:
        """Return what the trainers take for the unit at a limit."""
        return {"loss": self.loss, "eps": self.eps, "bound": Bound(self.shape, limit)}

    def stretch(self, w: Floats, limit: float, other: float) -> Floats:
        """Return where to start at another limit from the weights at one."""
        return w / limit * other

    def ends(self, points: Dataset) -> tuple[float, float]:
        """Return the limits at which the largest margin that weights may give is `TIGHTEST` and `WIDEST`."""
        size = np.abs(points.X)
        largest = size.sum(axis=1) + 1.0 if self.shape == "box" else np.hypot(np.linalg.norm(size, axis=1), 1.0)
        return TIGHTEST / float(largest.max()), WIDEST / float(largest.max())

    def is_slack(self, points: Dataset, w: Floats, limit: float) -> bool:  # noqa: ARG002
        """Return whether the weights at a limit are those at every wider one, because it has no effect."""
        return self.of_penalised(w, np.inf) < limit * (1.0 - 1e-9)

    def of_penalised(self, w: Floats, C: float) -> float:  # noqa: ARG002
        """Return the limit that the weights at a penalty C just keep."""
        return float(np.abs(w).max() if self.shape == "box" else np.linalg.norm(w))


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """A unit whose limit is C, the weight of its summed loss beside a penalty of |w|^2 / 2.

    Parameters
    ----------
    bias : {"free", "penalised"}
        Whether the bias counts in |w|; free is scikit-learn's LogisticRegression.
    loss, eps
        As in `study.trainers.sigmoid_unit`.
    """

    symbol: ClassVar[str] = "C"
    argument: ClassVar[str] = "C"
    bias: Bias
    loss: Loss
    eps: float

    @property
    def name(self) -> str:
        """The limit in words."""
        return "penalty C" if self.bias == "free" else "penalty (bias too) C"

    @property
    def shape(self) -> Literal["ball", "free-bias ball"]:
        """What holds the weights that are as long."""
        return "ball" if self.bias == "penalised" else "free-bias ball"

    def fit(
        self, points: Dataset, limit: float, start: Floats | None = None, sample_weight: ArrayLike | None = None
    ) -> Fit:
        """Return the unit at a limit, from a start or from zero."""
        return _fit(self, points, limit, start, sample_weight)

    def options(self, limit: float) -> dict[str, Any]:
        """Return what the trainers take for the unit at a limit."""
        return {"loss": self.loss, "eps": self.eps, "C": limit, "bias": self.bias}

    def stretch(self, w: Floats, limit: float, other: float) -> Floats:  # noqa: ARG002
        """Return where to start at another limit from the weights at one."""
        return w

    def ends(self, points: Dataset) -> tuple[float, float]:
        """Return limits at which no margin exceeds `TIGHTEST`, the bias apart, and at which none is far from its end.

        The weights are C times a sum of points, each counted less than once.
        """
        largest = float((points.X**2).sum(axis=1).max())
        tightest = TIGHTEST / max(len(points.y) * largest, np.finfo(float).tiny)
        return min(tightest, 1e100), min(tightest * 1e20, 1e200)

    def is_slack(self, points: Dataset, w: Floats, limit: float) -> bool:
        """Return whether the penalty pulls less than the rounding of what the samples do, so that it has no effect."""
        slope = loss_of_margin(self.loss, functional_margins(w, points.X, points.y), self.eps)[1]
        counted = w[:-1] if self.bias == "free" else w
        pull = np.abs(slope) @ np.linalg.norm(points.X, axis=1)
        return bool(np.linalg.norm(counted) / limit <= 1e-10 * pull)

    def of_penalised(self, w: Floats, C: float) -> float:  # noqa: ARG002
        """Return the limit that the weights at a penalty C have."""
        return C


USUAL = Penalty(bias="free", loss="cross-entropy", eps=0.0)
"""What scikit-learn's LogisticRegression fits, where C is 1 unless its user says otherwise."""
Limit = WeightBound | Penalty
"""A unit and what its limit is."""


def _fit(unit: Limit, points: Dataset, limit: float, start: Floats | None, sample_weight: ArrayLike | None) -> Fit:
    options = {**unit.options(limit), "method": "compiled", "max_steps": MOST_STEPS}
    return sigmoid_unit(points.X, points.y, w0=start, sample_weight=sample_weight, **options)


def work_of_step(points: Dataset) -> float:
    """Return about the multiplications that a step of a fit of one set takes."""
    n, p = points.X.shape[0], points.X.shape[1] + 1
    k = min(n, p)
    return float(k * k * (n + k) + 40.0 * n * p)


def work_of(fit: Fit, points: Dataset) -> float:
    """Return about the multiplications that a fit of one set took."""
    return float((fit.n_updates + 1.0) * work_of_step(points))


@dataclass(frozen=True, kw_only=True, eq=False)
class UsualFit:
    """What scikit-learn's LogisticRegression does with points, at its optimum.

    Parameters
    ----------
    C : float in (0, inf)
    w : ndarray of shape (n_features + 1,)
        The bias last.
    lost : ndarray of int
        The samples that do not lie strictly on their own side.
    ties : ndarray of int
        The samples that lie within `TIE` of the boundary, where rounding may decide.

    Notes
    -----
    Its solver stops by a tolerance. By the usual one, 1e-4, it may leave more points near the boundary on another side.
    """

    C: float
    w: Floats
    lost: NDArray[np.int64]
    ties: NDArray[np.int64]


def usual_fits(points: Dataset, unit: Limit, limits: Iterable[float]) -> tuple[UsualFit, ...]:
    """Return what LogisticRegression does with points at its default C, 1, and at the limits of a unit that is one.

    A fit whose least loss was not found is left out.
    """
    fits = {C: USUAL.fit(points, C) for C in dict.fromkeys((1.0, *(limits if unit == USUAL else ())))}
    found = []
    for C, fit in fits.items():
        if fit.stop == Stop.STATIONARY:
            margins = functional_margins(fit.w, points.X, points.y)
            lost, ties = np.flatnonzero(~(margins > 0.0)), np.flatnonzero(np.abs(margins) <= TIE)
            found.append(UsualFit(C=C, w=fit.w, lost=lost, ties=ties))
    return tuple(found)
