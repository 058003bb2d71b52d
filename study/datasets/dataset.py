"""Labelled points, alone or in stacks, and the one check that every rule and every judge applies to them."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.validation import BadInput

Floats = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What a generator guarantees of every point x with label y: y normal.x >= margin and |across.x| <= spread.

    Parameters
    ----------
    normal, across : ndarray of shape (..., n_features)
        Orthogonal unit vectors; `across` is zero where there is one feature.
    margin : float in (0, inf)
        In the units of X.
    spread : float in (0, inf]
        In the units of X.
    """

    normal: Floats
    across: Floats
    margin: float
    spread: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Hold labelled points, validated on the way in and read-only afterwards.

    Leading axes make a stack: every numerical function of the study takes stacks and broadcasts them.

    Parameters
    ----------
    X : ndarray of shape (..., n_samples, n_features)
        Finite features.
    y : ndarray of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    is_spoiler : ndarray of bool of shape (..., n_samples), optional
        Which rows are spoilers; none by default.
    name : str
        What the tables and figures call the set.
    frame : Frame, optional
        What the generator guarantees of the points.

    Raises
    ------
    BadInput
        For an empty set, one class, NaN or infinite features, other labels, or shapes that do not belong together.
    """

    X: Floats
    y: Floats
    is_spoiler: NDArray[np.bool_] = None  # type: ignore[assignment]
    name: str
    frame: Frame | None = None

    def __post_init__(self) -> None:
        X, y = check_points(self.X, self.y)
        if leading_shape(X=X.shape[:-2], y=y.shape[:-1]) != X.shape[:-2]:
            raise BadInput(f"`y` must have shape {X.shape[:-1]}, or broadcast to it; got shape {y.shape}")
        y = np.broadcast_to(y, X.shape[:-1])
        is_spoiler = np.zeros(y.shape, bool) if self.is_spoiler is None else np.asarray(self.is_spoiler)
        if is_spoiler.shape != y.shape or is_spoiler.dtype != np.bool_:
            raise BadInput(
                f"`is_spoiler` must be bool of shape {y.shape}; got {is_spoiler.dtype} of shape {is_spoiler.shape}"
            )
        if not self.name:
            raise BadInput(f"`name` must be a word; got {self.name!r}")
        object.__setattr__(self, "X", read_only(X))
        object.__setattr__(self, "y", read_only(y))
        object.__setattr__(self, "is_spoiler", read_only(is_spoiler))


def check_points(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Return points as float arrays, or raise `BadInput` with the first thing that is wrong with them.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features, at least one sample and one feature.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set; leading axes broadcast against those of `X`.

    Returns
    -------
    X, y : ndarray of float64
        Not copied where they already are.
    """
    X, y = as_floats("X", X), as_floats("y", y)
    if X.ndim < 2 or 0 in X.shape:
        raise BadInput(
            f"`X` must have shape (..., n_samples, n_features) with at least one of each; got shape {X.shape}"
        )
    if 0 in y.shape:
        raise BadInput(f"`y` must hold a label for each sample; got shape {y.shape}")
    check_broadcast("y", y, X.shape[:-1])
    check_finite("X", X)
    if np.count_nonzero(y == 1.0) + np.count_nonzero(y == -1.0) != y.size:
        index = tuple(map(int, np.argwhere(np.abs(y) != 1.0)[0]))
        raise BadInput(f"`y` must hold -1 and +1 only; got {y[index]:g} at index {index}")
    single = y.min(axis=-1) == y.max(axis=-1)
    if single.any():
        index = tuple(map(int, np.argwhere(single)[0]))
        raise BadInput(f"`y` must hold both classes in every set; got only {y[index][0]:+g} in set {index}")
    return X, y


def as_floats(name: str, values: ArrayLike) -> Floats:
    """Return `values` as a float array, or raise `BadInput` where they are not numbers."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"`{name}` must be an array of numbers; got {type(values).__name__} ({error})") from error


def check_rng(rng: np.random.Generator) -> None:
    """Raise `BadInput` unless `rng` is a Generator."""
    if not isinstance(rng, np.random.Generator):
        raise BadInput(f"`rng` must be a numpy Generator; got {rng!r}")


def leading_shape(**arrays: tuple[int, ...]) -> tuple[int, ...]:
    """Return what leading axes, given by name, broadcast to, or raise `BadInput`."""
    try:
        return np.broadcast_shapes(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"`{name}` {shape}" for name, shape in arrays.items())
        raise BadInput(f"leading axes must broadcast; got {shapes}") from None


def check_finite(name: str, values: Floats) -> None:
    """Raise `BadInput` at the first NaN or infinity (min and max need no temporary of the size of a stack)."""
    if values.size == 0:
        raise BadInput(f"`{name}` must not be empty; got shape {values.shape}")
    if not (np.isfinite(values.min()) and np.isfinite(values.max())):
        index = tuple(map(int, np.argwhere(~np.isfinite(values))[0]))
        raise BadInput(f"`{name}` must be finite; got {values[index]} at index {index}")


def check_broadcast(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    """Raise `BadInput` unless the last axis of `values` is that of `shape` and the leading axes broadcast."""
    try:
        if values.shape[-1:] != shape[-1:]:
            raise ValueError
        np.broadcast_shapes(values.shape, shape)
    except ValueError:
        raise BadInput(f"`{name}` must have shape {shape}, or broadcast to it; got shape {values.shape}") from None


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a copy that cannot be written to."""
    array = array.copy()
    array.flags.writeable = False
    return array
