"""Margins, whose signs are exact, and Novikoff's bound that rests on them."""

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
        Rounded, but each sign is exact, as in `decision_values`. NaN where weights are, or where infinite ones
        cancel.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses or weights of another length.
    """
    return _margins(*_belonging(w, X, y))


def _margins(w: Floats, X: Floats, y: Floats) -> Floats:
    return np.asarray(y * decision_values(w, X))


def decision_values(w: Floats, X: Floats) -> Floats:
    """Return w.(x, 1) of every point, rounded, but with its exact sign: zero says that the point is on the boundary.

    Parameters
    ----------
    w : ndarray of shape (..., n_features + 1)
        Weights, the bias last.
    X : ndarray of shape (..., n_points, n_features)
        Finite.

    Returns
    -------
    ndarray of shape (..., n_points)
        NaN where weights are, or where infinite ones cancel.

    Notes
    -----
    A sum of p products in floating point is off by less than p + 2 roundings of the sum of their sizes, and of the
    smallest float where a product leaves the range. Where that leaves the sign open, whole numbers decide: a float is
    one, times a power of two.
    """
    with np.errstate(all="ignore"):
        normal, bias = w[..., :-1], w[..., -1:]
        value = np.asarray(normal @ X.T if X.ndim == 2 else (X @ normal[..., None])[..., 0])
        value += bias
        error = largest_error(w, X)
        certain = value > error
        certain |= value < -error
        certain |= ~np.isfinite(w).all(axis=-1, keepdims=True)
        if not certain.all():
            index = np.nonzero(~certain)
            own_w, own_x = (np.broadcast_to(a, (*value.shape, a.shape[-1]))[index] for a in (w[..., None, :], X))
            size = np.abs(own_w[:, :-1] * own_x).sum(axis=-1) + np.abs(own_w[:, -1])
            close = ~(np.abs(value[index]) > _rounding(size, w))
            value[tuple(i[close] for i in index)] = _exact_dot(own_w[close], own_x[close])
    return value


def largest_error(w: Floats, X: Floats) -> Floats:
    """Return, of shape (..., 1), what rounded decision values are off by at most, whichever point of X is taken."""
    reach = np.maximum(X.max(axis=(-2, -1)), -X.min(axis=(-2, -1)))[..., None]
    return _rounding(np.abs(w[..., :-1]).sum(axis=-1, keepdims=True) * reach + np.abs(w[..., -1:]), w)


def _rounding(size: Floats, w: Floats) -> Floats:
    floats = np.finfo(np.float64)
    return np.asarray((w.shape[-1] + 2) * (floats.eps * size + floats.smallest_subnormal))


def _exact_dot(w: Floats, X: Floats) -> Floats:
    """Return w.(x, 1) for each row of w and X, never rounded to zero."""
    (a, i), (b, j) = np.frexp(w), np.frexp(np.column_stack([X, np.ones(len(X))]))
    whole_a, whole_b = (np.ldexp(part, 53).astype(np.int64).astype(object) for part in (a, b))
    exponent = i.astype(np.int64) + j - 106
    lowest = exponent.min(axis=1)
    total = ((whole_a * whole_b) << (exponent - lowest[:, None]).astype(object)).sum(axis=1)
    excess = np.array([max(0, v.bit_length() - 62) for v in total], np.int64)
    value = np.ldexp((total >> excess.astype(object)).astype(np.float64), lowest + excess)
    tiny = np.finfo(np.float64).smallest_subnormal
    return np.asarray(np.where((value == 0.0) & (total != 0), np.where(total > 0, tiny, -tiny), value))


def _unit(w: Floats) -> Floats:
    """Return weights divided by a power of two, so that the largest is about 1; zero, infinite and NaN ones as is."""
    return np.asarray(np.ldexp(w, -np.frexp(np.abs(w).max(axis=-1, keepdims=True))[1]))


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

    Parameters
    ----------
    w, X, y
        As in `functional_margins`.

    Returns
    -------
    ndarray of shape (...)
        In the units of `X`; -inf where all weights but the bias are zero, since there is no boundary then; NaN where
        weights are.

    Raises
    ------
    BadInput
        As in `functional_margins`.
    """
    w, X, y = _belonging(w, X, y)
    unit = _unit(w)
    margins, norm = _margins(unit, X, y), np.linalg.norm(unit[..., :-1], axis=-1)
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
    w, X, y = _belonging(w, X, y)
    unit = _unit(w)
    least, norm = _margins(unit, X, y).min(axis=-1), np.linalg.norm(unit, axis=-1)
    return np.where(least > 0, (_radius(X) * norm / least) ** 2, np.inf)
