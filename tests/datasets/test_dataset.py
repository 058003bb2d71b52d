from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.dataset import Dataset, as_features, as_labels

X = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
Y = [1, -1, 1]

BAD_POINTS: dict[str, tuple[Any, Any, str]] = {
    "no samples": (np.empty((0, 2)), [], r"`X` must have shape .* at least one of each; got shape \(0, 2\)"),
    "no features": (np.empty((3, 0)), Y, r"`X` must have shape .* at least one of each; got shape \(3, 0\)"),
    "one axis": ([1.0, 2.0, 3.0], Y, r"`X` must have shape .* got shape \(3,\)"),
    "too few labels": (X, [1, -1], r"`y` must have shape \(3,\), or broadcast to it; got shape \(2,\)"),
    "one label for all": (X, [1], r"`y` must have shape \(3,\), or broadcast to it; got shape \(1,\)"),
    "stacks of 2 and 3": (np.ones((2, 3, 1)), np.ones((3, 3)), r"`y` must have shape \(2, 3\).* got shape \(3, 3\)"),
    "NaN": ([[1.0], [np.nan]], [1, -1], r"`X` must be finite; got nan at index \(1, 0\)"),
    "infinite": ([[np.inf], [1.0]], [1, -1], r"`X` must be finite; got inf at index \(0, 0\)"),
    "minus infinite": ([[0.0], [-np.inf]], [1, -1], r"`X` must be finite; got -inf at index \(1, 0\)"),
    "labels 0 and 1": (X, [0, 1, 1], r"`y` must hold -1 and \+1 only; got 0 at index \(0,\)"),
    "label NaN": (X, [1, -1, np.nan], r"`y` must hold -1 and \+1 only; got nan at index \(2,\)"),
    "one class": (X, [-1, -1, -1], r"`y` must hold both classes in every set; got only -1 in set \(\)"),
    "one class in a stack": ([X, X], [Y, [1, 1, 1]], r"both classes in every set; got only \+1 in set \(1,\)"),
    "words": ([["a"]], [1], r"`X` must be an array of numbers; got list \(its type is str32\)"),
    "ragged": ([[1.0], [1.0, 2.0]], [1, -1], r"`X` must be an array of numbers; got list \("),
    "labels None": (X, None, "`y` must be an array of numbers; got NoneType"),
}


@pytest.mark.parametrize(("points", "labels", "message"), BAD_POINTS.values(), ids=BAD_POINTS)
def test_bad_points_are_refused(points: Any, labels: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Dataset(X=points, y=labels, name="bad")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"is_spoiler": [0, 0, 1]}, r"`is_spoiler` must be bool of shape \(3,\); got int64 of shape \(3,\)"),
        ({"is_spoiler": [True]}, r"`is_spoiler` must be bool of shape \(3,\); got bool of shape \(1,\)"),
        ({"name": ""}, "`name` must be a word; got ''"),
    ],
)
def test_bad_declarations_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Dataset(**{"X": X, "y": Y, "name": "bad", **changed})


def test_floats_are_checked_without_a_copy() -> None:
    points, labels = np.array(X), np.array(Y, float)
    assert as_features("X", points) is points
    assert as_labels("y", labels) is labels


def test_a_dataset_is_frozen_and_keeps_its_own_read_only_arrays() -> None:
    points, labels, spoiler = np.array(X), np.array(Y), np.array([False, False, True])
    data = Dataset(X=points, y=labels, is_spoiler=spoiler, name="three")
    points[:], labels[:], spoiler[:] = 0.0, 0, False
    for own, expected in ((data.X, X), (data.y, Y), (data.is_spoiler, [False, False, True])):
        assert own is not None
        assert own.tolist() == expected
        with pytest.raises(ValueError, match="read-only"):
            own[0] = 0
    with pytest.raises(FrozenInstanceError):
        data.name = "four"  # type: ignore[misc]


def test_labels_take_the_shape_of_the_stack_and_nothing_is_a_spoiler_by_default() -> None:
    data = Dataset(X=np.array([X, X]), y=np.array(Y), name="stack")
    assert data.y.tolist() == [Y, Y]
    assert data.is_spoiler.tolist() == [[False] * 3] * 2
