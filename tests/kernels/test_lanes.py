"""Eight numbers at once are eight numbers, whatever the operation."""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from study.kernels.lanes import (
    LANES,
    any_of,
    count_of,
    first_of,
    gather,
    lanes,
    load,
    logarithm,
    power_of_two,
    size_of,
    store,
    where,
)
from study.kernels.vectors import total

RAISED = 1.5 * 2.0**52


@no_type_check
def _all(room, table, starts, out):
    a, b = load(room, 0), load(room, 1)
    store(out, 0, a + b)
    store(out, 1, a - 2.0)
    store(out, 2, 3.0 * a)
    store(out, 3, 1.0 / a)
    store(out, 4, -size_of(a))
    store(out, 5, where((a < b) & (b >= 0.0), a, 7.0))
    store(out, 6, where((a > b) | ~(b <= 0.0), 0.0, b))
    store(out, 7, where(a == b, 1.0, 0.0))
    store(out, 8, logarithm(size_of(a)))
    store(out, 9, power_of_two(lanes(-3.0) + RAISED))
    store(out, 10, gather(table, starts, 1, table.strides[1]))
    return any_of(a > 1e9), any_of(a == b), total(a)


def test_each_operation_is_that_of_its_eight_numbers() -> None:
    room, out = np.random.default_rng(0).normal(size=2 * LANES), np.zeros(11 * LANES)
    table, rows = np.arange(60.0).reshape(20, 3)[::2], np.array([7, 0, 0, 9, 3, 1, 2, 5])
    starts = np.stack([np.full(LANES, -1), rows * table.strides[0]])
    room[2] = room[LANES + 2]
    a, b = room[:LANES], room[LANES:]
    together: Any = njit(error_model="numpy")(_all)
    left, right = a[:4].reshape(2, 2).sum(axis=1), a[4:].reshape(2, 2).sum(axis=1)
    assert together(room, table, starts, out) == (False, True, (left[0] + left[1]) + (right[0] + right[1]))
    expected = np.array(
        [
            a + b, a - 2.0, 3.0 * a, 1.0 / a, -abs(a), np.where((a < b) & (b >= 0.0), a, 7.0),
            np.where((a > b) | ~(b <= 0.0), 0.0, b), a == b, np.log(abs(a)), np.full(LANES, 0.125),
            table[rows, 1],
        ]
    )  # fmt: skip
    np.testing.assert_allclose(out.reshape(11, LANES), expected, rtol=1e-15, atol=0)


@no_type_check
def _compare(room, out):
    a = load(room, 0)
    store(out, 0, where(a > 0.0, 1.0, where(a <= 0.0, 2.0, 3.0)))


def test_a_comparison_with_no_number_is_false() -> None:
    out = np.zeros(LANES)
    compare: Any = njit(_compare)
    compare(np.array([np.nan, 1.0, -1.0, 0.0, np.inf, -np.inf, np.nan, 2.0]), out)
    assert out.tolist() == [3.0, 1.0, 2.0, 2.0, 1.0, 2.0, 3.0, 1.0]


def test_lanes_whose_truth_is_true_are_found_and_counted() -> None:
    @no_type_check
    def _both(room, k):
        positive = load(room, 0) > 0.0
        return first_of(positive, k), count_of(positive, k)

    together: Any = njit(_both)
    room = np.array([-1.0, 2.0, np.nan, 3.0, 0.0, -1.0, 5.0, -2.0])
    found = [together(room, k) for k in range(LANES)]
    assert found == [(1, 0), (1, 0), (3, 1), (3, 1), (6, 2), (6, 2), (6, 2), (LANES, 3)]
    assert together(np.abs(room), 7) == (7, 5)
