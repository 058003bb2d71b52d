"""The judge of separation: weights and points in, what is true of them out. Nothing is taken from a trainer's word."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from study.analysis.margin import scaled
from study.datasets.arguments import checked
from study.datasets.dataset import Floats, check_points, leading_shape


@checked
def separates(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
    """Return whether every sample lies strictly on its own side.

    Parameters
    ----------
    w : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    ndarray of bool of shape (...)
        A sample on the boundary, or a margin that is NaN, is an error.

    Raises
    ------
    BadInput
        For points that `check_points` refuses or weights of another length.
    """
    return np.asarray((scaled(w, X, y)[1] > 0).all(axis=-1))


@checked
def training_error(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> Floats:
    """Return the share of samples, in [0, 1], that do not lie strictly on their own side; arguments as `separates`."""
    return np.asarray((~(scaled(w, X, y)[1] > 0)).mean(axis=-1))


@checked
def separator(X: ArrayLike, y: ArrayLike) -> Floats:
    """Return weights that separate, found by a linear programme, or NaN where none were found.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    ndarray of shape (..., n_features + 1)
        The bias last; each margin exceeds the largest rounding error it can carry, so the answer stands.

    Raises
    ------
    BadInput
        For points that `check_points` refuses.

    Notes
    -----
    Feasibility of y_i w.(x_i, 1) >= 1, a linear programme with objective zero (scipy, HiGHS). Features are centred and
    divided by their range first and rows by their length, so that tolerances mean the same at every scale and place.
    """
    X, y = check_points(X, y)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    X, y = np.broadcast_to(X, (*shape, *X.shape[-2:])), np.broadcast_to(y, (*shape, y.shape[-1]))
    w = np.full((*shape, X.shape[-1] + 1), np.nan)
    for index in np.ndindex(shape):
        w[index] = _separator_of_one(X[index], y[index])
    return w


@checked
def is_separable(X: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
    """Return whether a separator was found and verified, of shape (...); arguments and errors as `separator`.

    A gap of more than a hundred-millionth of the features' range is found; the narrowest may be missed.
    """
    return np.asarray(np.isfinite(separator(X, y)).all(axis=-1))


def _separator_of_one(X: Floats, y: Floats) -> Floats:
    low, high = X.min(axis=0), X.max(axis=0)
    centre = low / 2 + high / 2  # halves first: a range may overflow
    spread = high / 2 - low / 2
    spread[spread == 0] = 1.0
    Z = np.column_stack([(X / 2 - centre / 2) / (spread / 2), np.ones(len(X))]) * y[:, None]
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    answer = linprog(np.zeros(Z.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None), method="highs")
    if answer.x is None:
        return np.full(Z.shape[1], np.nan)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        normal = answer.x[:-1] / spread
        w = np.append(normal, answer.x[-1] - normal @ centre)
        # A sum of p products is off by at most p + 1 roundings of the sum of their sizes.
        size = np.abs(X) @ np.abs(normal) + np.abs(w[-1])
        sure = y * (X @ normal + w[-1]) > (Z.shape[1] + 1) * np.finfo(float).eps * size
    return w if sure.all() else np.full(Z.shape[1], np.nan)
