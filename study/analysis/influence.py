"""Which samples a boundary hangs on: how far it moves when one of them is left out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.analysis.stability import Train, angle_between
from study.datasets.dataset import Floats, as_floats, check_points


def angle(w: ArrayLike, v: ArrayLike) -> Floats:
    """Return the angle in degrees, in [0, 180], between two boundaries' normals; NaN where one of them is zero.

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    """
    return np.asarray(np.degrees(angle_between(as_floats("w", w)[..., :-1], as_floats("v", v)[..., :-1])))


def moved(w: ArrayLike, v: ArrayLike, X: ArrayLike) -> Floats:
    """Return how far two boundaries lie apart among points, turned or shifted, as an angle in degrees.

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    X : array_like of shape (n_samples, n_features)
        The points that the boundaries are seen from.

    Returns
    -------
    ndarray of shape (...)
        The angle between the hyperplanes that the boundaries make with the origin of (x - centre, spread), with the
        centre of the points and their root-mean-square distance from it; neither origin nor unit of X counts. A shift
        by the spread, seen from the centre, is 45 degrees.
    """
    X = as_floats("X", X)
    centre = X.mean(axis=0)
    largest = np.abs(X - centre).max() or 1.0  # squares may leave the range of floats
    spread = largest * np.sqrt((((X - centre) / largest) ** 2).sum(axis=-1).mean())
    a, b = (as_floats(name, value) for name, value in (("w", w), ("v", v)))
    a, b = (np.append(u[..., :-1] * spread, u[..., -1:] + u[..., :-1] @ centre[:, None], axis=-1) for u in (a, b))
    return np.asarray(np.degrees(angle_between(a, b)))


def moved_without(train: Train, X: ArrayLike, y: ArrayLike, w: ArrayLike, samples: NDArray[np.int64]) -> Floats:
    """Return how far a boundary moves when each of some samples is left out and the rule is trained anew.

    Parameters
    ----------
    train : callable (X, y) -> w
        The rule; it is called with one set at a time.
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
        In degrees, as `moved` says; NaN where leaving the sample out leaves one class, or no boundary.
    """
    X, y = check_points(X, y)
    moves = np.full(len(samples), np.nan)
    for k, i in enumerate(samples):
        labels = np.delete(y, i)
        if labels.min() < labels.max():
            moves[k] = moved(train(np.delete(X, i, axis=0), labels), w, X)
    return moves
