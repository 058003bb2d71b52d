"""Labelled points, alone or in stacks, and the one check that every rule and every metric applies to them."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.checks import BadInput, as_floats, checked

Floats = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)
MOST_NUMBERS = 10**9
"""In one array: eight gigabytes."""


def as_flags(name: str, values: Any) -> Any:
    """Return flags as an array, or None where there are none, or raise `BadInput` where they make no array.

    Whoever takes the flags checks their type and shape.
    """
    try:
        return None if values is None else np.asarray(values)
    except ValueError:
        raise BadInput(f"`{name}` must be an array; got {values!r}") from None


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


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Hold labelled points, validated on the way in and read-only afterwards.

    Arrays are copied, but for those in C order that own their numbers and are read-only already.

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
    is_spoiler: Annotated[NDArray[np.bool_], as_flags] = None  # type: ignore[assignment]
    name: str
    frame: Frame | None = None

    def __post_init__(self) -> None:
        X, y = check_points(as_features("X", self.X), as_labels("y", self.y))
        if leading_shape(X=X.shape[:-2], y=y.shape[:-1]) != X.shape[:-2]:
            raise BadInput(f"`y` must have shape {X.shape[:-1]}, or broadcast to it; got shape {y.shape}")
        y = y if y.shape == X.shape[:-1] else np.broadcast_to(y, X.shape[:-1])
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


def as_features(name: str, values: ArrayLike) -> Floats:
    """Return finite features of shape (..., n_samples, n_features), not copied where they are floats, or raise."""
    X = as_floats(name, values)
    if X.ndim < 2 or 0 in X.shape:
        raise BadInput(
            f"`{name}` must have shape (..., n_samples, n_features) with at least one of each; got shape {X.shape}"
        )
    check_finite(name, X)
    return X


def as_labels(name: str, values: ArrayLike) -> Floats:
    """Return labels in {-1, +1} of shape (..., n_samples), not copied where they are floats, or raise `BadInput`."""
    y = as_floats(name, values)
    if y.ndim < 1 or 0 in y.shape:
        raise BadInput(f"`{name}` must hold a label for each sample; got shape {y.shape}")
    if np.count_nonzero(y == 1.0) + np.count_nonzero(y == -1.0) != y.size:
        index = tuple(map(int, np.argwhere(np.abs(y) != 1.0)[0]))
        raise BadInput(f"`{name}` must hold -1 and +1 only; got {y[index]:g} at index {index}")
    return y


Features = Annotated[ArrayLike, as_features]
Labels = Annotated[ArrayLike, as_labels]


def check_points(X: Features, y: Labels, *, stack: bool = True) -> tuple[Floats, Floats]:
    """Return features and labels, or raise `BadInput` unless they belong together and each set has both classes."""
    X, y = np.asarray(X), np.asarray(y)
    if not stack and (X.ndim != 2 or y.ndim != 1):
        raise BadInput(f"`X` must be one set, of shape (n_samples, n_features); got shape {X.shape}")
    check_broadcast("y", y, X.shape[:-1])
    if (single := one_class(y)).any():
        index = tuple(map(int, np.argwhere(single)[0]))
        raise BadInput(f"`y` must hold both classes in every set; got only {y[index][0]:+g} in set {index}")
    return X, y


def one_class(labels: Floats) -> NDArray[np.bool_]:
    """Return, of shape (...), which sets of labels -1 and +1 have one class only."""
    n = labels.shape[-1]
    return np.asarray(np.abs(labels @ np.ones(n)) == n)  # a product is the fastest sum


def check_room(**sizes: int) -> None:
    """Raise `BadInput` where arrays of so many numbers would not fit into memory."""
    if math.prod(sizes.values()) > MOST_NUMBERS:
        shown = ", ".join(f"`{name}` {size:.4g}" for name, size in sizes.items())
        raise BadInput(f"{shown}: together they must make at most {MOST_NUMBERS:.0e} numbers")


def leading_shape(**arrays: tuple[int, ...]) -> tuple[int, ...]:
    """Return what leading axes, given by name, broadcast to, or raise `BadInput`."""
    try:
        return np.broadcast_shapes(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"`{name}` {shape}" for name, shape in arrays.items())
        raise BadInput(f"leading axes must broadcast; got {shapes}") from None


def check_finite(name: str, values: Floats) -> None:
    """Raise `BadInput` at the first NaN or infinity (nothing here needs room of the size of a stack)."""
    if values.size == 0:
        raise BadInput(f"`{name}` must not be empty; got shape {values.shape}")
    at_once = values.flags.c_contiguous and np.isfinite(np.vdot(values, values))  # squares may overflow
    if not at_once and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        index = tuple(map(int, np.argwhere(~np.isfinite(values))[0]))
        raise BadInput(f"`{name}` must be finite; got {values[index]} at index {index}")


def check_shape(name: str, values: NDArray[Any], *shape: int | str, stack: bool = False) -> None:
    """Raise `BadInput` unless `values` has this shape; a word stands for any length, and a `stack` has leading axes."""
    leading = values.ndim - len(shape)
    fits = leading == 0 or (stack and leading > 0)
    lengths = zip(values.shape[leading:], shape, strict=True) if fits else []
    if not fits or 0 in values.shape or any(isinstance(due, int) and length != due for length, due in lengths):
        due = ", ".join([*["..."] * stack, *map(str, shape)])
        raise BadInput(f"`{name}` must have shape ({due}) and not be empty; got shape {values.shape}")


def check_pair(w: ArrayLike, v: ArrayLike, length: int | None = None) -> tuple[Floats, Floats]:
    """Return weights, or raise `BadInput` unless both are of one length, that of `length` where it is given."""
    w, v = np.asarray(w), np.asarray(v)
    check_weights("w", w)
    check_shape("w", w, length or w.shape[-1], stack=True)
    check_shape("v", v, w.shape[-1], stack=True)
    leading_shape(w=w.shape[:-1], v=v.shape[:-1])
    return w, v


def check_weights(name: str, w: Floats) -> None:
    """Raise `BadInput` unless `w` has shape (..., n_features + 1)."""
    check_shape(name, w, "n_features + 1", stack=True)
    if w.shape[-1] < 2:
        raise BadInput(f"`{name}` must hold a weight and the bias at least; got shape {w.shape}")


def check_one_set(name: str, points: "Dataset") -> None:
    """Raise `BadInput` for a stack of sets."""
    if points.X.ndim != 2:
        raise BadInput(f"`{name}` must be one set, not a stack; got shape {points.X.shape}")


def check_broadcast(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    """Raise `BadInput` unless the last axis of `values` is that of `shape` and the leading axes broadcast."""
    try:
        if values.shape[-1:] != shape[-1:]:
            raise ValueError
        np.broadcast_shapes(values.shape, shape)
    except ValueError:
        raise BadInput(f"`{name}` must have shape {shape}, or broadcast to it; got shape {values.shape}") from None


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a copy that cannot be written to, or the array itself where it is frozen, whole and in C order."""
    flags = array.flags
    return array if flags.owndata and flags.c_contiguous and not flags.writeable else freeze(array.copy())


def freeze(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Forbid writing to a new array, which a `Dataset` then keeps as it is, and return it."""
    array.flags.writeable = False
    return array
