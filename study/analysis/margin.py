"""The judge of margins, and Novikoff's bound that rests on them."""

import numpy as np
from numpy.typing import ArrayLike

from study.checks import checked
from study.datasets.dataset import Features, Floats, Labels, check_broadcast, check_points, leading_shape


@checked
def functional_margins(w: ArrayLike, X: Features, y: Labels) -> Floats:
    """Return y w.(x, 1) of every sample.

    Parameters
    ----------
    w : array_like of shape (..., n_features + 1)
        Weights, the bias last.
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    ndarray of shape (..., n_samples)
        NaN where weights are, or where infinite ones cancel.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses or weights of another length.
    """
    return _margins(*_belonging(w, X, y))


def _margins(w: Floats, X: Floats, y: Floats) -> Floats:
    return np.asarray(y * ((X @ w[..., :-1, None])[..., 0] + w[..., -1:]))


@checked
def scaled(w: ArrayLike, X: Features, y: Labels) -> tuple[Floats, Floats]:
    """Return weights divided by their largest, and their functional margins: signs and ratios without overflow.

    Arguments and errors as `functional_margins`; zero and infinite weights stay as they are, and NaN is NaN.
    """
    return _scaled(w, X, y)


def _scaled(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    w, X, y = _belonging(w, X, y)
    largest = np.abs(w).max(axis=-1, keepdims=True)
    unit = w / np.where((largest > 0.0) & np.isfinite(largest), largest, 1.0)
    return unit, _margins(unit, X, y)


def _belonging(w: ArrayLike, X: Features, y: Labels) -> tuple[Floats, Floats, Floats]:
    """Return weights and points, or raise `BadInput` unless they belong together."""
    X, y = check_points(X, y)
    w = np.asarray(w)
    check_broadcast("w", w, (*w.shape[:-1], X.shape[-1] + 1))
    leading_shape(w=w.shape[:-1], X=X.shape[:-2], y=y.shape[:-1])
    return w, X, y


@checked
def geometric_margin(w: ArrayLike, X: Features, y: Labels) -> Floats:
    """Return the distance from the boundary to the nearest sample, negative where a sample is on the wrong side.

    Returns
    -------
    ndarray of shape (...)
        In the units of `X`; -inf where all weights but the bias are zero, since there is no boundary then; NaN where
        weights are. Arguments and errors as `functional_margins`.
    """
    unit, margins = _scaled(w, X, y)
    norm = np.linalg.norm(unit[..., :-1], axis=-1)
    return np.asarray(np.where(norm > 0, margins.min(axis=-1) / norm, -np.inf))


@checked
def radius(X: Features) -> Floats:
    """Return the largest norm of an (x, 1), of shape (...), for finite X of shape (..., n_samples, n_features)."""
    return _radius(np.asarray(X))


def _radius(X: Floats) -> Floats:
    largest = np.maximum(np.abs(X).max(axis=(-2, -1)), 1.0)  # squares may overflow
    squares = ((X / largest[..., None, None]) ** 2).sum(axis=-1) + (1.0 / largest[..., None]) ** 2
    return np.asarray(largest * np.sqrt(squares).max(axis=-1))


@checked
def novikoff_bound(w: ArrayLike, X: Features, y: Labels) -> Floats:
    """Return Novikoff's bound on the updates of a perceptron that starts at zero, from one separator.

    Parameters
    ----------
    w : array_like of shape (..., n_features + 1)
        Any separator, the bias last; the one with the largest margin among unit weights gives the least bound.
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    ndarray of shape (...)
        (R / gamma)^2, with R the largest norm of an (x, 1) and gamma the least y w.(x, 1) / norm(w); inf where `w`
        does not separate, NaN where it is.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses or weights of another length.

    References
    ----------
    .. [1] A. B. J. Novikoff, "On convergence proofs on perceptrons", Proceedings of the Symposium on the Mathematical
       Theory of Automata 12:615-622, 1962.
    """
    unit, margins = _scaled(w, X, y)
    least, norm = margins.min(axis=-1), np.linalg.norm(unit, axis=-1)
    return np.where(least > 0, (_radius(np.asarray(X)) * norm / least) ** 2, np.inf)
