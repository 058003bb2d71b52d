from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.dataset import Dataset, as_features, as_labels, check_finite
from study.datasets.generators import make_boxes

X = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
Y = [1, -1, 1]


def test_floats_are_checked_without_a_copy() -> None:
    points, labels = np.array(X), np.array(Y, float)
    assert as_features("X", points) is points
    assert as_labels("y", labels) is labels


def test_numbers_whose_squares_are_beyond_the_range_of_floats_are_finite() -> None:
    numbers = np.array([[1e200, -1e300], [0.0, 5e-324]])
    check_finite("X", numbers)
    for not_finite in (np.nan, np.inf, -np.inf):
        numbers[1, 0] = not_finite
        for stored in (numbers, numbers.T, numbers[::-1]):
            with pytest.raises(BadInput, match="must be finite"):
                check_finite("X", stored)


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


def test_arrays_that_nothing_else_may_write_to_are_kept_and_parts_of_others_are_copied() -> None:
    points, labels = np.array(X), np.array(Y, float)
    points.flags.writeable = labels.flags.writeable = False
    data = Dataset(X=points, y=labels, name="three")
    assert data.X is points
    assert data.y is labels
    whole = np.array(X)
    part = whole[:]
    part.flags.writeable = False
    data = Dataset(X=part, y=labels, name="three")
    whole[:] = 0.0
    assert data.X.tolist() == X


def test_arrays_are_in_c_order() -> None:
    points, labels = np.array(X, order="F"), np.array(Y, float)
    points.flags.writeable = False
    drawn = make_boxes(6, 2, size=5, rng=np.random.default_rng(0))
    for data in (Dataset(X=points, y=labels, name="three"), drawn):
        assert all(array.flags.c_contiguous for array in (data.X, data.y, data.is_spoiler))


def test_labels_take_the_shape_of_the_stack_and_nothing_is_a_spoiler_by_default() -> None:
    data = Dataset(X=np.array([X, X]), y=np.array(Y), name="stack")
    assert data.y.tolist() == [Y, Y]
    assert data.is_spoiler.tolist() == [[False] * 3] * 2
