"""Which samples a boundary hangs on: how far it moves when one of them is left out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.analysis.stability import Train, angle_between
from study.checks import BadInput, checked
from study.datasets.dataset import Features, Floats, Labels, check_pair, check_points, check_shape


def movement(w: Floats, v: Floats, X: Floats) -> Floats:
    """Return how far two boundaries lie apart among points, turned or shifted, as an angle in degrees.

    Parameters
    ----------
    w, v : ndarray of shape (..., n_features + 1)
        Weights, the bias last.
    X : ndarray of shape (n_samples, n_features)
        The points that the boundaries are seen from.

    Returns
    -------
    ndarray of shape (...)
        The angle between the hyperplanes that the boundaries make with the origin of (x - centre, spread), with the
        centre of the points and their root-mean-square distance from it; neither origin nor unit of X counts. A shift
        by the spread, seen from the centre, is 45 degrees. NaN for weights that are all zero.
    """
    centre = X.mean(axis=0)
    largest = np.abs(X - centre).max() or 1.0  # squares may leave the range of floats
    spread = largest * np.sqrt((((X - centre) / largest) ** 2).sum(axis=-1).mean())
    a, b = (
        np.concatenate([u[..., :-1] * spread, u[..., -1:] + u[..., :-1] @ centre[:, None]], axis=-1) for u in (w, v)
    )
    return np.asarray(np.degrees(angle_between(a, b)))


@checked
def movement_without(train: Train, X: Features, y: Labels, w: ArrayLike, samples: NDArray[np.int64]) -> Floats:
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
        In degrees, as `movement` says; NaN where leaving the sample out leaves one class, or no boundary.
    """
    X, y = check_points(X, y, stack=False)
    w = np.asarray(w)
    check_shape("w", w, X.shape[1] + 1)
    if samples.ndim != 1 or not ((samples >= 0) & (samples < len(y))).all():
        raise BadInput(f"`samples` must hold indices from 0 to {len(y) - 1}; got {samples}")
    moves = np.full(len(samples), np.nan)
    for k, i in enumerate(samples):
        labels = np.delete(y, i)
        if labels.min() < labels.max():
            moves[k] = movement(*check_pair(train(np.delete(X, i, axis=0), labels), w, len(w)), X)
    return moves
