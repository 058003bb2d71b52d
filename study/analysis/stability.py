"""What one instance more, or one less, does to a rule."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from study.analysis.margin import decision_values
from study.checks import BadInput, checked
from study.datasets.dataset import Features, Floats, Labels, check_pair, check_points, check_shape

Train = Callable[[Floats, Floats], Floats]
"""Takes a stack of sets X, y and returns weights of shape (..., n_features + 1)."""


def angle_between(a: Floats, b: Floats) -> Floats:
    """Return the angle between vectors, in radians, of shape (...); NaN where one of them is zero.

    Parameters
    ----------
    a, b : ndarray of shape (..., n)
        Of any length that is finite.

    Notes
    -----
    Kahan's formula, exact to rounding for small angles too: an arc cosine would lose half their digits.
    """
    # By a power of two, which rounds nothing: the squares in a norm may leave the range of floats.
    a, b = (np.ldexp(x, -np.frexp(np.abs(x).max(axis=-1, keepdims=True))[1]) for x in (a, b))
    a, b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    return np.asarray(2.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)))


@checked
def angle_swing(w: ArrayLike, v: ArrayLike) -> Floats:
    """Return the angle between the normals of two boundaries, in radians, of shape (...); NaN for a zero normal.

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    """
    w, v = check_pair(w, v)
    return angle_between(w[..., :-1], v[..., :-1])


@checked
def offset_swing(w: ArrayLike, v: ArrayLike) -> Floats:
    """Return by how much the distance of the boundary from the origin changes, in the units of X; NaN for zero normals.

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    """
    w, v = check_pair(w, v)
    a, b = (x[..., -1] / np.linalg.norm(x[..., :-1], axis=-1) for x in (w, v))
    return np.asarray(np.abs(a - b))


@checked
def disagreement(w: ArrayLike, v: ArrayLike, X: Features) -> Floats:
    """Return the share of points that two boundaries classify differently, of shape (...).

    Parameters
    ----------
    w, v : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    X : array_like of shape (n_points, n_features)
        Points spread evenly over the region in question.

    Returns
    -------
    ndarray of shape (...)
        In [0, 1]. A point on a boundary counts as negative.

    Raises
    ------
    BadInput
        For weights and points that do not belong together, or features that are not finite.
    """
    X = np.asarray(X)
    check_shape("X", X, "n_points", "n_features")
    w, v = check_pair(w, v, X.shape[1] + 1)
    one, other = (decision_values(x, X) > 0.0 for x in (w, v))
    return np.asarray((one != other).mean(axis=-1))


@checked
def leave_one_out(train: Train, X: Features, y: Labels, X_test: Features, y_test: Labels) -> Floats:
    """Return how the loss on test points changes when each sample in turn is left out of the training set.

    Parameters
    ----------
    train : callable (X, y) -> w
        Takes a stack of sets; it is called once with the whole sets and once with all sets less one sample.
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}; each class at least twice in every set.
    X_test : array_like of shape (n_test, n_features)
    y_test : array_like of shape (n_test,)

    Returns
    -------
    ndarray of shape (..., n_samples, n_test)
        |loss of the whole set's boundary - loss of the boundary without sample i|, for the zero-one loss: 0 or 1. Its
        mean estimates hypothesis stability, its maximum bounds uniform stability from below [1]_.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, or a class that stands for one sample only.

    References
    ----------
    .. [1] O. Bousquet, A. Elisseeff, "Stability and generalization", Journal of Machine Learning Research 2:499-526,
       2002.
    """
    X, y = check_points(X, y)
    X_test, y_test = np.asarray(X_test), np.asarray(y_test)
    check_shape("X_test", X_test, "n_test", X.shape[-1])
    check_shape("y_test", y_test, len(X_test))
    n = y.shape[-1]
    if np.minimum((y > 0).sum(axis=-1), (y < 0).sum(axis=-1)).min() < 2:
        raise BadInput("`y` must hold each class at least twice in every set; got a class that one sample stands for")
    rows = np.array([[k for k in range(n) if k != left_out] for left_out in range(n)])
    whole = train(X, y)[..., None, :]
    without = train(X[..., rows, :], y[..., rows])
    wrong, wrong_without = (~(y_test * decision_values(w, X_test) > 0.0) for w in (whole, without))
    return np.asarray(wrong != wrong_without, np.float64)
