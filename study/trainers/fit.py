"""What every rule returns, why it stopped, and the set its weights are kept in."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.checks import BadInput, checked, positive
from study.datasets.dataset import Floats, check_broadcast, check_finite
from study.kernels import codes


class Stop(IntEnum):
    """Why a rule stopped; `sentence` gives it in words."""

    SEPARATED = codes.SEPARATED
    STATIONARY = codes.STATIONARY
    BUDGET_SPENT = codes.BUDGET_SPENT
    NOT_FINITE = codes.NOT_FINITE
    NOT_SEPARABLE = codes.NOT_SEPARABLE
    STALLED = codes.STALLED

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return (
            "every sample was classified correctly",
            "the weights are stationary",
            "the budget was spent first",
            "the weights left the range of floating-point numbers",
            "no weights that separate the samples were found",
            "the search came to rest before its answer was good enough",
        )[self]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Hold the outcome of a rule, for one set or a stack of them; its arrays are read-only.

    Parameters
    ----------
    w : ndarray of shape (..., n_features + 1)
        Weights, the bias last.
    stop : ndarray of int8 of shape (...)
        A `Stop` for each set.
    n_updates : ndarray of int64 of shape (...)
        Changes made to the weights.
    n_passes : ndarray of int64 of shape (...)
        Passes over the samples, each of n_samples looks; the last one may be cut short by the budget.
    loss : ndarray of shape (...)
        The rule's own objective at `w`, in the rule's own convention. It is computed from margins w.(x, 1), and rounded
        as they are: about 1e-16 times the sizes of their terms, which counts where features have a large offset.
    residual : ndarray of shape (...)
        Distance from the rule's own stopping condition. Perceptron: share of samples not yet correct. Unit: max-norm
        of w - P(w - g), with g the gradient of the weighted mean loss and P the projection on the bound.
    gap : ndarray of shape (...), optional
        At most this share of `loss` lies above the least, proved by duality, for rules with a dual only. For a unit
        on one of the quadratic losses, which are not convex, it is a measure of stationarity: see `sigmoid_unit`.
    path : ndarray of shape (..., n_steps + 1, n_features + 1), optional
        The weights after each step, the start first, where a rule was asked to record them; a set that stands still
        before the others repeats its last weights.
    right_since : ndarray of int64 of shape (...), optional
        The passes after which all samples were right and stayed so at every later look, which is before each pass and
        after the last; -1 where one is wrong at the end.
    resolved : ndarray of bool of shape (...), optional
        Which sets a compiled rule left to scipy.
    """

    w: Floats
    stop: NDArray[np.int8]
    n_updates: NDArray[np.int64]
    n_passes: NDArray[np.int64]
    loss: Floats
    residual: Floats
    gap: Floats | None = None
    path: Floats | None = None
    right_since: NDArray[np.int64] | None = None
    resolved: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                view = np.asarray(value).view()  # no copy: a stack may hold millions of fits
                view.flags.writeable = False
                object.__setattr__(self, field.name, view)


@checked
@dataclass(frozen=True)
class Bound:
    """The set that the weights, bias included, are kept in.

    Parameters
    ----------
    shape : {"box", "ball", "none"}
        box: |w_j| <= weight_bound for each weight; ball: Euclidean norm of w at most weight_bound; none: no bound.
    weight_bound : float in (0, inf), or inf for shape "none"
        The bound R.

    Raises
    ------
    BadInput
        For an unknown shape, a bound that is not positive and finite, or a bound given to shape "none".
    """

    shape: Literal["box", "ball", "none"] = "none"
    weight_bound: float = np.inf

    def __post_init__(self) -> None:
        if self.shape != "none":
            object.__setattr__(self, "weight_bound", positive("weight_bound", self.weight_bound))
        elif self.weight_bound != np.inf:
            raise BadInput(f"`weight_bound` must be left out where `shape` is none; got {self.weight_bound}")

    def project(self, w: Floats) -> Floats:
        """Return the nearest weights inside the bound, for w of shape (..., n_features + 1)."""
        if self.shape == "box":
            return np.clip(w, -self.weight_bound, self.weight_bound)
        if self.shape == "ball":
            largest = np.maximum(np.abs(w).max(axis=-1, keepdims=True), np.finfo(float).tiny)  # norms may overflow
            norm = np.maximum(np.linalg.norm(w / largest, axis=-1, keepdims=True), 1.0)  # below 1 for zeros only
            reach = self.weight_bound / norm
            return np.asarray(np.where(largest > reach, w / largest * reach, w))
        return w


def stop_codes(residual: Floats, tol: float, spent: NDArray[np.bool_], w: Floats, *values: Floats) -> NDArray[np.int8]:
    """Return why a search for stationary weights stopped, a `Stop` for each set.

    Parameters
    ----------
    residual : ndarray of shape (...)
        The distance from stationary weights by the rule's own measure.
    tol : float
        A distance of at most this is stationary.
    spent : ndarray of bool of shape (...)
        Where the budget was spent.
    w : ndarray of shape (..., p)
    values : ndarray of shape (...)
        What has to be finite beside the weights.
    """
    p = w.shape[-1]
    finite = np.isfinite(w @ np.full(p, 0.5 / p))  # half the mean of finite numbers is finite
    for value in values:
        finite = finite & np.isfinite(value)
    stop = np.where(residual <= tol, Stop.STATIONARY, np.where(spent, Stop.BUDGET_SPENT, Stop.STALLED))
    return np.where(finite, stop, Stop.NOT_FINITE).astype(np.int8)


def check_start(w0: ArrayLike | None, p: int) -> Floats:
    """Return start weights of shape (..., p), zeros where none are given, or raise `BadInput`."""
    if w0 is None:
        return np.zeros(p)
    start = np.asarray(w0)
    check_broadcast("w0", start, (*start.shape[:-1], p))
    check_finite("w0", start)
    return start
