"""One set of points with multiplicities, a loss and a box: what every search for a proof is about."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.checks import BadInput, Positive, as_integers, checked
from study.datasets.dataset import Features, Floats, Labels, check_points
from study.kernels.codes import BOX, LOSS_CODES
from study.kernels.interior_point import interior
from study.trainers.losses import Eps, Loss, check_sample_weight, loss_of_margin

GAP = 1e-13
"""The interior-point method stops at this share of the loss, times the number of its constraints."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Points with multiplicities, a loss and a box, all checked; `judged` says which points must be right."""

    X: Floats
    y: Floats
    weight: Floats
    loss: Loss
    eps: float
    weight_bound: float
    judged: NDArray[np.bool_]

    @cached_property
    def Z(self) -> Floats:  # noqa: N802
        """The rows y (x, 1), of shape (n_samples, n_features + 1)."""
        return np.ascontiguousarray(self.y[:, None] * np.column_stack([self.X, np.ones(len(self.X))]))

    @property
    def code(self) -> tuple[int, float, float, float, float]:
        """What the compiled loops take of the loss: code, eps, where it turns convex and concave, and its target."""
        eps, root = self.eps, math.sqrt((1.0 + self.eps) ** 2 - 3.0 * self.eps)
        low, high, target = -math.inf, math.inf, math.log((1.0 - eps) / eps) if eps > 0.0 else math.inf
        if self.loss != "cross-entropy":
            low = -math.log((1.0 + eps + root) / (2.0 - eps - root))
        if self.loss == "quadratic" and eps > 0.0:
            high = math.log((1.0 + root) / eps)
        return LOSS_CODES[self.loss], eps, low, high, target

    def value(self, w: Floats) -> float:
        """Return the weighted sum of the losses."""
        return float(self.weight @ loss_of_margin(self.loss, self.Z @ w, self.eps)[0])

    def slopes(self, w: Floats) -> Floats:
        """Return sample weight times slope of the loss for each sample."""
        return self.weight * loss_of_margin(self.loss, self.Z @ w, self.eps)[1]

    def interior(
        self, held: NDArray[np.bool_], sign: float, start: Floats, gap: float = GAP, barrier: float = 1.0
    ) -> tuple[Floats, float]:
        """Return weights that minimise the loss where sign m_i > 0 for what is held, and the scale of multipliers."""
        unit = (self.Z, self.weight, LOSS_CODES[self.loss], self.eps, BOX, self.weight_bound, np.zeros(self.Z.shape[1]))
        w, scale, *_ = interior(*unit, held, sign, start, barrier, gap)
        return w, float(scale)

    def plain(self) -> dict[str, Any]:
        """Return the problem as a proof states it."""
        return {
            "X": self.X.tolist(),
            "y": self.y.astype(int).tolist(),
            "weight": self.weight.tolist(),
            "loss": self.loss,
            "eps": self.eps,
            "weight_bound": self.weight_bound,
        }


@checked
def problem_of(
    X: Features,
    y: Labels,
    loss: Loss,
    eps: Eps,
    sample_weight: ArrayLike | None,
    weight_bound: Positive,
    judged: Annotated[ArrayLike, as_integers] | None = None,
) -> Problem:
    """Return a problem on one set of points, or raise `BadInput`; arguments are those of `search.verdict`."""
    return _problem_of(X, y, loss, eps, sample_weight, weight_bound, judged)


def _problem_of(
    X: Features,
    y: Labels,
    loss: Loss,
    eps: float,
    sample_weight: ArrayLike | None,
    weight_bound: float,
    judged: Annotated[ArrayLike, as_integers] | None = None,
) -> Problem:
    X, y = check_points(X, y, stack=False)
    if sample_weight is not None and np.ndim(sample_weight) > 1:
        raise BadInput(f"`sample_weight` must have shape {y.shape}; got shape {np.shape(sample_weight)}")
    chosen = np.ones(len(X), bool)
    if judged is not None:
        judged = np.asarray(judged)
        if judged.size == 0 or judged.min() < 0 or judged.max() >= len(X):
            raise BadInput(f"`judged` must hold indices from 0 to {len(X) - 1}; got {judged}")
        chosen = np.isin(np.arange(len(X)), judged)
    return Problem(
        X=X,
        y=y,
        weight=np.broadcast_to(check_sample_weight(sample_weight, y.shape), y.shape).copy(),
        loss=loss,
        eps=eps,
        weight_bound=weight_bound,
        judged=chosen,
    )
