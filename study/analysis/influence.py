"""Which samples a boundary hangs on: how far it turns when one of them is left out."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.datasets.dataset import Floats, as_floats, check_points

Train = Callable[[Floats, Floats], Floats]
"""Points in, weights out, for one set."""


def angle(w: ArrayLike, v: ArrayLike) -> Floats:
    """Return the angle in degrees, in [0, 180], between two boundaries' normals; NaN where one of them is zero.

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    """
    a, b = (as_floats(name, value)[..., :-1] for name, value in (("w", w), ("v", v)))
    with np.errstate(invalid="ignore", divide="ignore"):
        a = a / np.abs(a).max(axis=-1, keepdims=True)  # norms may overflow
        b = b / np.abs(b).max(axis=-1, keepdims=True)
        a, b = a / np.linalg.norm(a, axis=-1, keepdims=True), b / np.linalg.norm(b, axis=-1, keepdims=True)
    # Kahan's formula: exact to rounding for small angles too, where an arc cosine is not.
    return np.asarray(np.degrees(2.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))))


def turned_without(train: Train, X: ArrayLike, y: ArrayLike, w: ArrayLike, samples: NDArray[np.int64]) -> Floats:
    """Return by how many degrees a boundary turns when each of some samples is left out and the rule trained anew.

    Parameters
    ----------
    train : callable (X, y) -> w
        The rule.
    X : array_like of shape (n_samples, n_features)
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    w : array_like of shape (n_features + 1,)
        The weights with all samples.
    samples : ndarray of int
        Indices of the samples to leave out, one at a time.

    Returns
    -------
    ndarray of shape (len(samples),)
        NaN where leaving the sample out leaves one class, or no boundary.
    """
    X, y = check_points(X, y)
    turns = np.full(len(samples), np.nan)
    for k, i in enumerate(samples):
        labels = np.delete(y, i)
        if labels.min() < labels.max():
            turns[k] = angle(train(np.delete(X, i, axis=0), labels), w)
    return turns
