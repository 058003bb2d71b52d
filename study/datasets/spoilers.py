"""Spoilers: a few points, deep on the other class's side and yet separable."""

from typing import Annotated, Any

import numpy as np

from study.checks import BadInput, NonNegative, PositiveInt, checked, within
from study.datasets.dataset import Dataset, Floats, Frame, check_room, freeze, one_class

PLACE: dict[str, Any] = {"depth": 0.4, "offset": 0.5, "jitter": (0.05, 0.4)}
"""Where `add_spoilers` puts spoilers wherever the study does not say otherwise: beyond the gap's middle, and across."""


@checked
def add_spoilers(
    base: Dataset,
    n_spoilers: PositiveInt | None = None,
    *,
    rate: Annotated[float, within("(0, inf)")] | None = None,
    depth: NonNegative,
    offset: NonNegative = 0.0,
    both_classes: bool = False,
    jitter: NonNegative | tuple[NonNegative, NonNegative] = 0.0,
    rng: np.random.Generator | None = None,
) -> Dataset:
    """Return a generated set, or stack of them, with spoilers appended after its points.

    Parameters
    ----------
    base : Dataset
        Drawn by `study.datasets.generators`; its points come first in the answer, the same to the bit.
    n_spoilers : int, at least 1
        Spoilers in each set; give this or `rate`.
    rate : float in (0, inf)
        Spoilers for each point of `base`; the number is rounded, and at least 1.
    depth : float in [0, inf)
        How far a spoiler lies beyond the middle of the gap, on the other class's side, in the units of X.
    offset : float in [0, inf)
        How far it lies across, along the frame's second axis, in the units of X; 0 where there is one feature.
    both_classes : bool
        Positive and negative spoilers in turn, mirrored at the origin; else all are positive.
    jitter : float in [0, inf), or a pair of them
        Each spoiler is moved by U(-jitter, jitter) in depth and in offset, drawn from `rng`; a pair gives each its own.
    rng : numpy.random.Generator, optional
        Needed where `jitter` is positive.

    Returns
    -------
    Dataset
        X of shape (..., n_samples + n_spoilers, n_features), `is_spoiler` true in the last rows.

    Raises
    ------
    BadInput
        For an argument outside its range, a set without a frame, or a place from which separability is not certain:
        the message says which condition failed and by how much.

    Notes
    -----
    A positive spoiler lies at -depth along the frame's normal and at offset across; a negative one is mirrored. With
    points at least `margin` away on their own side and no farther than `spread` across, every set is separable exactly
    when depth < margin (spoilers of one class only) or offset / depth > spread / margin. Where there is jitter, the
    conditions are met by depth + jitter and offset - jitter.
    """
    number = _number(n_spoilers, rate, base.X.shape[-2])
    check_room(n_spoilers=number, sets=base.X[..., 0, :].size)
    frame, along, across = _draw_places(base, number, depth, offset, jitter, both_classes and number > 1, rng)
    shape = along.shape
    y = np.where(both_classes & (np.arange(number) % 2 == 1), -1, 1)
    place = along[..., None] * frame.normal[..., None, :] + across[..., None] * frame.across[..., None, :]
    labels = np.broadcast_to(y, shape)
    return Dataset(
        X=freeze(np.concatenate([base.X, y[:, None] * place], axis=-2)),
        y=freeze(np.concatenate([base.y, labels], axis=-1)),
        is_spoiler=freeze(np.concatenate([np.zeros(base.y.shape, bool), np.ones(shape, bool)], axis=-1)),
        name=f"{base.name} with spoilers",
        frame=None,
    )


@checked
def replace_by_spoilers(
    base: Dataset,
    rate: Annotated[float, within("[0, 1)")],
    *,
    depth: NonNegative,
    offset: NonNegative = 0.0,
    jitter: NonNegative | tuple[NonNegative, NonNegative] = 0.0,
    rng: np.random.Generator,
) -> Dataset:
    """Return a generated set, or stack of them, in which each point is a spoiler with a given probability.

    Parameters
    ----------
    base : Dataset
        Drawn by `study.datasets.generators`.
    rate : float in [0, 1)
        Probability of each point to be replaced by a positive spoiler. A set that would lose a class that way stays
        as it is.
    depth, offset, jitter
        Where spoilers lie; see `add_spoilers`.
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        X of the shape of `base`.

    Raises
    ------
    BadInput
        For a rate outside its range, or whatever `add_spoilers` refuses.
    """
    frame, along, across = _draw_places(base, base.X.shape[-2], depth, offset, jitter, False, rng)
    replaced = rng.random(base.y.shape) < rate
    replaced &= ~one_class(np.where(replaced, 1.0, base.y))[..., None]
    normal, other = (
        np.broadcast_to(axis[..., None, :], base.X.shape)[replaced] for axis in (frame.normal, frame.across)
    )
    X = base.X.copy()
    X[replaced] = along[replaced][:, None] * normal + across[replaced][:, None] * other
    y = np.where(replaced, 1.0, base.y)
    return Dataset(X=freeze(X), y=freeze(y), is_spoiler=freeze(replaced), name=f"{base.name} with spoilers")


def _draw_places(
    base: Dataset,
    number: int,
    depth: float,
    offset: float,
    jitter: float | tuple[float, float],
    mixed: bool,
    rng: np.random.Generator | None,
) -> tuple[Frame, Floats, Floats]:
    """Return the frame of a stack and, of shape (..., number), where positive spoilers lie along it and across."""
    if base.frame is None:
        raise BadInput(f"`base` must be drawn by a generator, so that its margin is known; got {base.name}")
    depth, offset = depth + 0.0, offset + 0.0  # no negative zero
    in_depth, in_offset = (reach + 0.0 for reach in (jitter if isinstance(jitter, tuple) else (jitter, jitter)))
    one_feature = base.X.shape[-1] == 1
    if one_feature and offset > 0.0:
        raise BadInput(f"`offset` must be 0 where there is one feature; got {offset}")
    if (in_depth > 0.0 or in_offset > 0.0) and rng is None:
        raise BadInput(f"`rng` must be a numpy Generator where `jitter` is positive; got {rng}")
    _check_separable(base.frame, depth + in_depth, 0.0 if one_feature else offset - in_offset, mixed)
    shape = (*base.X.shape[:-2], number)
    along, across = np.full(shape, -depth), np.full(shape, offset)
    if rng is not None:
        along += rng.uniform(-in_depth, in_depth, shape)
        across += rng.uniform(-in_offset, in_offset, shape)
    return base.frame, along, across


def _number(n_spoilers: int | None, rate: float | None, n_samples: int) -> int:
    if n_spoilers is not None and rate is None:
        return n_spoilers
    if rate is not None and n_spoilers is None:
        return max(1, round(rate * n_samples))
    raise BadInput(f"one of `n_spoilers` and `rate` must be given; got {n_spoilers} and {rate}")


def _check_separable(frame: Frame, depth: float, offset: float, both_classes: bool) -> None:
    """Raise `BadInput` unless a boundary passes between every possible base point and every possible spoiler."""
    shifted = not both_classes and depth < frame.margin  # a boundary parallel to the gap
    tilted = offset > 0.0 and offset * frame.margin > frame.spread * depth
    if shifted or tilted:
        return
    least = frame.spread * depth / frame.margin if depth > 0.0 else 0.0
    fits = f"`offset` - `jitter` must exceed {least:g} (short by {least - offset:g})"
    if not both_classes:
        excess = depth - frame.margin
        fits = f"`depth` + `jitter` must be below the margin {frame.margin:g} (over by {excess:g}), or {fits}"
    raise BadInput(f"not certain to be separable: {fits}; got {depth:g} and {offset:g}")
