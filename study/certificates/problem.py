"""One set of points with multiplicities, a loss and a box or a penalty: what every search for a proof is about."""

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
from study.trainers.losses import Bias, Eps, Loss, check_sample_weight, loss_of_margin

GAP = 1e-13
"""The interior-point method stops at this share of the loss, times the number of its constraints."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Points with multiplicities, a loss and a box or a penalty, all checked; `judged` says which points must be right.

    With a penalty the objective is |w|^2 / 2 + C times the summed loss, and the bound inf; else C is inf.
    """

    X: Floats
    y: Floats
    weight: Floats
    loss: Loss
    eps: float
    weight_bound: float
    judged: NDArray[np.bool_]
    C: float
    bias: Bias

    @cached_property
    def Z(self) -> Floats:  # noqa: N802
        """The rows y (x, 1), of shape (n_samples, n_features + 1)."""
        return np.ascontiguousarray(self.y[:, None] * np.column_stack([self.X, np.ones(len(self.X))]))

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty in place of the box."""
        return math.isfinite(self.C)

    @cached_property
    def cost(self) -> Floats:
        """What the loss of each point counts, of shape (n_samples,)."""
        return self.weight * self.C if self.penalised else self.weight

    @cached_property
    def counted(self) -> Floats:
        """1 for each weight that is penalised, else 0; of shape (n_features + 1,)."""
        return np.append(np.ones(self.X.shape[1]), self.bias == "penalised") * float(self.penalised)

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
        """Return the objective."""
        return float(self.cost @ loss_of_margin(self.loss, self.Z @ w, self.eps)[0] + self.counted @ (w * w) / 2.0)

    def gradient(self, w: Floats) -> Floats:
        """Return the gradient of the objective."""
        return self.cost * loss_of_margin(self.loss, self.Z @ w, self.eps)[1] @ self.Z + self.counted * w

    def interior(
        self, held: NDArray[np.bool_], sign: float, start: Floats, gap: float = GAP, barrier: float = 1.0
    ) -> tuple[Floats, float]:
        """Return weights that minimise the loss where sign m_i > 0 for what is held, and the scale of multipliers."""
        unit = (self.Z, self.cost, LOSS_CODES[self.loss], self.eps, BOX, self.weight_bound, self.counted)
        w, scale, *_ = interior(*unit, held, sign, start, barrier, gap)
        return w, float(scale)

    def size_of(self, w: Floats) -> float:
        """Return what is compared with weights near w."""
        return float(np.abs(w).max()) if self.penalised else self.weight_bound

    def plain(self) -> dict[str, Any]:
        """Return the problem as a proof states it."""
        return {
            "X": self.X.tolist(),
            "y": self.y.astype(int).tolist(),
            "weight": self.weight.tolist(),
            "loss": self.loss,
            "eps": self.eps,
            **({"C": self.C, "bias": self.bias} if self.penalised else {"weight_bound": self.weight_bound}),
        }


@checked
def problem_of(
    X: Features,
    y: Labels,
    loss: Loss,
    eps: Eps,
    sample_weight: ArrayLike | None,
    weight_bound: Positive | None,
    judged: Annotated[ArrayLike, as_integers] | None = None,
    C: Positive | None = None,
    bias: Bias = "free",
) -> Problem:
    """Return a problem on one set of points, or raise `BadInput`; arguments are those of `search.verdict`."""
    if (weight_bound is None) == (C is None):
        raise BadInput(f"one of `weight_bound` and `C` must be given; got {weight_bound} and {C}")
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
        weight_bound=math.inf if weight_bound is None else weight_bound,
        judged=chosen,
        C=math.inf if C is None else C,
        bias=bias,
    )
