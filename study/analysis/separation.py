"""Whether weights separate points, and how many they misclassify."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.analysis.margin import functional_margins
from study.datasets.dataset import Features, Floats, Labels


def separates(w: ArrayLike, X: Features, y: Labels) -> NDArray[np.bool_]:
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
        A sample on the boundary, or a margin that is NaN, is an error. Decided exactly, as `functional_margins` says.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses or weights of another length.
    """
    return np.asarray((functional_margins(w, X, y) > 0).all(axis=-1))


def training_error(w: ArrayLike, X: Features, y: Labels) -> Floats:
    """Return the share of samples that do not lie strictly on their own side.

    Parameters
    ----------
    w, X, y
        As in `separates`.

    Returns
    -------
    ndarray of shape (...)
        In [0, 1].

    Raises
    ------
    BadInput
        As in `separates`.
    """
    return np.asarray((~(functional_margins(w, X, y) > 0)).mean(axis=-1))
