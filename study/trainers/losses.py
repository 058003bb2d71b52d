"""The losses of a sigmoid unit, and the objective they make on a set of points.

With o = sigma(z) the output, d the target (1 - eps for label +1, eps for label -1) and m = y z the margin, symmetry of
the logistic turns each loss into a function of m alone, decreasing up to the target. There o - d becomes
-y (sigma(-m) - eps), so the distance from the target needs no subtraction of nearly equal outputs.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from study.checks import BadInput, checked, within
from study.datasets.dataset import Features, Floats, Labels, check_broadcast, check_finite, leading_shape

Loss = Literal["quadratic", "cross-entropy", "threshold-quadratic"]
LOSSES: tuple[Loss, ...] = get_args(Loss)
Eps = Annotated[float, within("[0, 1/2)")]
Bias = Literal["penalised", "free"]
PenaltyC = Annotated[float, within("(0, inf]")]


def loss_of_margin(loss: Loss, m: Floats, eps: float) -> tuple[Floats, Floats, Floats]:
    """Return the loss of one sample, its slope and its curvature, as functions of the margin.

    Parameters
    ----------
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
        quadratic: 1/2 (o - d)^2. cross-entropy: -(d log o + (1 - d) log(1 - o)). threshold-quadratic: the quadratic
        loss, and zero where the output lies beyond its target [1]_.
    m : ndarray
        Margins y z; all three answers stay finite for |m| up to 1e308.
    eps : float in [0, 1/2)
        The targets are eps and 1 - eps.

    Returns
    -------
    value, slope, curvature : ndarray of the shape of `m`

    References
    ----------
    .. [1] E. D. Sontag, H. J. Sussmann, "Back propagation separates where perceptrons do", Neural Networks
       4(2):243-249, 1991. doi:10.1016/0893-6080(91)90008-S
    """
    q = expit(-m)  # 1 - sigma(m)
    pq = expit(m) * q
    if loss == "cross-entropy":
        return np.logaddexp(0.0, -m) + eps * m, eps - q, pq
    r = q - eps  # what the output lacks to its target
    if loss == "threshold-quadratic":  # [1] zero beyond the target
        r = np.maximum(r, 0.0)
    curvature = pq * (pq - r * (2.0 * q - 1.0)) * (r != 0.0 if loss == "threshold-quadratic" else 1.0)
    return 0.5 * r * r, -r * pq, curvature


@dataclass(frozen=True, kw_only=True, eq=False)
class Objective:
    """The loss of a unit on a set, or a stack of sets, of points.

    Parameters
    ----------
    Z : ndarray of shape (..., n_samples, n_features + 1)
        Rows y (x, 1): the margins at weights w are Z w.
    share : ndarray of shape (..., n_samples)
        Sample weights divided by their sum.
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
    eps : float in [0, 1/2)
    penalty : ndarray of shape (..., n_features + 1)
        Of at least zero.

    Notes
    -----
    Everything is computed of the weighted mean loss with the penalty, sum_i share_i loss(m_i) + sum_j penalty_j w_j^2 /
    2. The lecture sums the quadratic loss and averages the cross-entropy; see `convention`.
    """

    Z: Floats
    share: Floats
    loss: Loss
    eps: float
    penalty: Floats

    @classmethod
    def on(cls, X: Floats, y: Floats, sample_weight: Floats, loss: Loss, eps: float, penalty: Floats) -> "Objective":
        """Return the objective on points, all checked; leading axes broadcast."""
        ones = np.ones((*X.shape[:-1], 1))
        Z = y[..., None] * np.concatenate([X, ones], axis=-1)
        shape = leading_shape(X=Z.shape[:-2], sample_weight=sample_weight.shape[:-1])
        Z = np.broadcast_to(Z, (*shape, *Z.shape[-2:]))
        weight = np.broadcast_to(sample_weight, Z.shape[:-1])
        penalty = np.broadcast_to(penalty, (*shape, Z.shape[-1]))
        return cls(Z=Z, share=weight / weight.sum(axis=-1, keepdims=True), loss=loss, eps=eps, penalty=penalty)

    def terms(self, w: Floats) -> tuple[Floats, Floats, Floats]:
        """Return each sample's loss, slope and curvature at weights of shape (..., n_features + 1)."""
        return loss_of_margin(self.loss, (self.Z @ w[..., None])[..., 0], self.eps)

    def value_and_gradient(self, w: Floats) -> tuple[Floats, Floats]:
        """Return the objective, of shape (...), and its gradient, of shape (..., n_features + 1)."""
        value, slope, _ = self.terms(w)
        pull = self.penalty * w
        gradient = ((self.share * slope)[..., None, :] @ self.Z)[..., 0, :]
        return (self.share * value).sum(axis=-1) + (pull * w).sum(axis=-1) / 2.0, gradient + pull

    def hessian(self, w: Floats) -> Floats:
        """Return the Hessian of the objective, of shape (..., n_features + 1, n_features + 1)."""
        curvature = self.terms(w)[2]
        of_loss = np.swapaxes(self.Z, -1, -2) @ ((self.share * curvature)[..., None] * self.Z)
        return of_loss + self.penalty[..., None] * np.eye(self.Z.shape[-1])


def convention(loss: Loss, total: Floats, C: float = np.inf) -> Floats:
    """Return the factor from the mean loss to the lecture's: 1 for cross-entropy, else the sum of the weights.

    With a penalty it is that to scikit-learn's, C times the sum of the weights.
    """
    if np.isfinite(C):
        return np.asarray(C * total)
    return np.ones_like(total) if loss == "cross-entropy" else total


@checked
def objective(X: Features, y: Labels, sample_weight: ArrayLike, loss: Loss, eps: Eps) -> Objective:
    """Return the objective on points; leading axes broadcast, and arguments are those of `sigmoid_unit`."""
    X, y = np.asarray(X), np.asarray(y)
    check_broadcast("y", y, X.shape[:-1])
    return Objective.on(X, y, check_sample_weight(sample_weight, X.shape[:-1]), loss, eps, np.zeros(X.shape[-1] + 1))


def penalty_weights(C: float, bias: Bias, total: Floats, p: int) -> Floats:
    """Return the penalty of `Objective` that makes C total times it |w|^2 / 2 + C times the summed loss.

    Raise `BadInput` where C total or its inverse leaves the range of floats.

    Parameters
    ----------
    C : float in (0, inf]
    bias : {"penalised", "free"}
        Whether the bias counts in |w|.
    total : ndarray of shape (...)
        The sum of the sample weights.
    p : int
        n_features + 1.
    """
    counted = np.ones(p)
    counted[-1] = bias == "penalised"
    with np.errstate(over="ignore", divide="ignore"):
        each = 1.0 / (C * total)
    if np.isfinite(C) and not ((each > 0.0) & np.isfinite(each)).all():
        raise BadInput(f"`C` times the sum of `sample_weight` must lie within the range of floats; got C {C:g}")
    return np.asarray(each)[..., None] * counted


@checked
def check_targets(loss: Loss, eps: Eps) -> float:
    """Return `eps`, or raise `BadInput` where the loss needs soft targets and they are hard."""
    if loss == "threshold-quadratic" and eps == 0.0:
        raise BadInput(f"`eps` must lie in (0, 1/2) for loss {loss}, which else is the quadratic loss; got {eps}")
    return eps


def check_sample_weight(sample_weight: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    """Return sample weights, ones where none are given, or raise `BadInput` unless they are positive and finite."""
    if sample_weight is None:
        return np.ones(shape[-1:])
    weights = np.asarray(sample_weight)
    check_broadcast("sample_weight", weights, shape)
    check_finite("sample_weight", weights)
    if weights.min() <= 0.0:
        raise BadInput(f"`sample_weight` must be positive; got {weights.min()}")
    if not np.isfinite(weights.sum(axis=-1)).all():
        raise BadInput(f"`sample_weight` must have a finite sum; got weights up to {weights.max()}")
    return weights
