"""Point sets that are separable by construction, as stacks."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import ortho_group, truncnorm

from study.checks import (
    AtLeastTwo,
    BadInput,
    NonNegative,
    Positive,
    PositiveInt,
    Share,
    checked,
)
from study.datasets.dataset import Dataset, Floats, Frame, check_room, freeze

Size = PositiveInt | Sequence[PositiveInt]
MOST_AXES = 16
"""NumPy has a few more, and the functions add their own."""
Rotation = Literal["none", "random"] | ArrayLike
BOX: dict[str, Any] = {"gap": 1.0, "length": 1.0, "spread": 1.0}
"""What `make_boxes` draws wherever the study does not say otherwise."""
GAUSSIAN: dict[str, Any] = {"margin": 0.5, "gap": 1.6, "spread": 0.5}
"""What `make_gaussians` draws there."""


@checked
def make_boxes(
    n_samples: AtLeastTwo,
    n_features: PositiveInt = 2,
    *,
    gap: Positive = 1.0,
    length: Positive = 2.0,
    spread: Positive = 2.0,
    balance: Share = 0.5,
    rotation: Rotation = "none",
    scale: Positive = 1.0,
    size: Size = (),
    rng: np.random.Generator,
) -> Dataset:
    """Draw points from two boxes with a gap between them.

    Parameters
    ----------
    n_samples : int, at least 2
    n_features : int, at least 1
    gap : float in (0, inf)
        Distance between the boxes along the first feature.
    length : float in (0, inf)
        Length of each box along the first feature.
    spread : float in (0, inf)
        Half the width of the boxes along every other feature.
    balance : float in (0, 1)
        Share of positive samples, rounded to whole samples, at least one of each class.
    rotation : {"none", "random"} or array_like of shape (n_features, n_features)
        An orthogonal matrix that every point is multiplied by; "random" draws one for each set, uniformly.
    scale : float in (0, inf)
        Factor on every coordinate; the lengths above are multiplied by it too.
    size : int or sequence of int
        Leading axes of the stack.
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        X of shape (*size, n_samples, n_features), with the frame in which the boxes lie.

    Raises
    ------
    BadInput
        For an argument outside its range or a matrix that is not orthogonal.

    Notes
    -----
    The generative process, in order: labels, the stated number positive, are permuted; the first coordinate is
    y U(gap / 2, gap / 2 + length), each other one U(-spread, spread); the point is rotated; it is scaled.
    """
    y = _labels(n_samples, n_features, balance, size, rng)
    X = rng.uniform(-spread, spread, size=(*y.shape, n_features))
    X[..., 0] = y * rng.uniform(gap / 2.0, gap / 2.0 + length, size=y.shape)
    Q = _rotation(rotation, n_features, y.shape[:-1], rng)
    frame = Frame(
        normal=Q[..., :, 0],
        across=Q[..., :, 1] if n_features > 1 else np.zeros_like(Q[..., 0]),
        margin=scale * gap / 2.0,
        spread=scale * spread,
    )
    X = scale * (X if isinstance(rotation, str) and rotation == "none" else X @ np.swapaxes(Q, -1, -2))
    _check_range(X, "gap", "length", "spread", "scale")
    return Dataset(X=freeze(X), y=freeze(y), name="boxes", frame=frame)


@checked
def make_gaussians(
    n_samples: AtLeastTwo,
    n_features: PositiveInt = 2,
    *,
    margin: Positive = 0.5,
    gap: NonNegative = 2.0,
    spread: Positive = 1.0,
    balance: Share = 0.5,
    normal: ArrayLike | None = None,
    scale: Positive = 1.0,
    size: Size = (),
    rng: np.random.Generator,
) -> Dataset:
    """Draw points from two Gaussian classes, truncated to a margin around a hyperplane through the origin.

    Parameters
    ----------
    n_samples : int, at least 2
    n_features : int, at least 1
    margin : float in (0, inf)
        No point lies nearer to the hyperplane.
    gap : float in [0, inf)
        Distance between the two centres before truncation.
    spread : float in (0, inf)
        Standard deviation in every direction before truncation.
    balance : float in (0, 1)
        Share of positive samples, rounded to whole samples, at least one of each class.
    normal : array_like of shape (n_features,), optional
        Normal of the hyperplane; by default drawn for each set, uniformly on the sphere.
    scale : float in (0, inf)
        Factor on every coordinate; margin, gap and spread are multiplied by it too.
    size : int or sequence of int
        Leading axes of the stack.
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        X of shape (*size, n_samples, n_features), with its frame; the spread of the frame is infinite.

    Raises
    ------
    BadInput
        For an argument outside its range.

    Notes
    -----
    The generative process, in order: labels, the stated number positive, are permuted; the normal v is drawn unless
    given; the distance t from the hyperplane is N(gap / 2, spread^2) conditioned on t >= margin; the rest r is
    N(0, spread^2) in every direction orthogonal to v; x = scale (y t v + r).
    """
    y = _labels(n_samples, n_features, balance, size, rng)
    v = _unit_normals(normal, n_features, y.shape[:-1], rng)
    low = (margin - gap / 2.0) / spread
    t = gap / 2.0 + spread * truncnorm.rvs(low, np.inf, size=y.shape, random_state=rng)
    r = spread * rng.standard_normal((*y.shape, n_features))
    along = y * np.maximum(t, margin) - (r @ v[..., None])[..., 0]
    least = np.eye(n_features)[np.abs(v).argmin(axis=-1)]  # the axis that leans least towards the normal
    across = least - (least * v).sum(axis=-1, keepdims=True) * v
    norm = np.linalg.norm(across, axis=-1, keepdims=True)
    frame = Frame(normal=v, across=across / np.where(norm > 0.5, norm, np.inf), margin=scale * margin, spread=np.inf)
    X = scale * (r + along[..., None] * v[..., None, :])
    _check_range(X, "margin", "gap", "spread", "scale")
    return Dataset(X=freeze(X), y=freeze(y), name="gaussians", frame=frame)


def leading_axes(size: int | Sequence[int]) -> tuple[int, ...]:
    """Return the leading axes of a stack, or raise `BadInput`."""
    axes = tuple(size) if isinstance(size, Sequence) else (size,)
    if len(axes) > MOST_AXES:
        raise BadInput(f"`size` must hold at most {MOST_AXES} leading axes; got {len(axes)}")
    return axes


def _labels(
    n_samples: int, n_features: int, balance: float, size: int | Sequence[int], rng: np.random.Generator
) -> Floats:
    shape = leading_axes(size)
    check_room(size=math.prod(shape), n_samples=n_samples, n_features=n_features)
    n_positive = min(max(round(balance * n_samples), 1), n_samples - 1)
    y = np.where(np.arange(n_samples) < n_positive, 1.0, -1.0)
    return rng.permuted(np.broadcast_to(y, (*shape, n_samples)), axis=-1)


def _check_range(X: Floats, *names: str) -> None:
    if not np.isfinite(X).all():
        listed = ", ".join(f"`{name}`" for name in names)
        raise BadInput(f"{listed} must keep the points in the range of floating-point numbers; they leave it")


def _rotation(rotation: Rotation, n_features: int, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return orthogonal matrices of shape (*shape, n_features, n_features)."""
    identity = np.eye(n_features)
    if isinstance(rotation, str):
        if rotation not in ("none", "random"):
            raise BadInput(f"`rotation` must be none, random or an orthogonal matrix; got {rotation}")
        if rotation == "random" and n_features > 1:
            drawn = ortho_group.rvs(n_features, size=int(np.prod(shape)), random_state=rng)
            return np.asarray(drawn).reshape(*shape, n_features, n_features)
        return np.broadcast_to(identity, (*shape, n_features, n_features))
    Q = np.asarray(rotation)
    if Q.shape != identity.shape or not np.allclose(Q @ Q.T, identity, rtol=0.0, atol=1e-12):
        raise BadInput(
            f"`rotation` must be none, random or an orthogonal matrix of shape {identity.shape}; got {rotation}"
        )
    return np.broadcast_to(Q, (*shape, *Q.shape))


def _unit_normals(
    normal: ArrayLike | None, n_features: int, shape: tuple[int, ...], rng: np.random.Generator
) -> Floats:
    """Return unit vectors of shape (*shape, n_features)."""
    v = rng.standard_normal((*shape, n_features)) if normal is None else np.asarray(normal)
    if normal is not None and (v.shape != (n_features,) or not np.isfinite(v).all() or not v.any()):
        raise BadInput(f"`normal` must be a finite vector of {n_features} features, not all zero; got {normal}")
    v = v / np.abs(v).max(axis=-1, keepdims=True)  # a norm may overflow
    return np.broadcast_to(v / np.linalg.norm(v, axis=-1, keepdims=True), (*shape, n_features))
