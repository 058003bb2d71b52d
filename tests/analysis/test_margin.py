from typing import Any

import numpy as np
import pytest

from study.analysis.margin import functional_margins, geometric_margin, novikoff_bound, radius
from study.analysis.separation import separates
from study.datasets.published import four_points

FOUR = four_points(10.0)


@pytest.mark.parametrize(
    ("w", "margins", "geometric", "bound"),
    [
        ([2, 0, 1], [3, 1, 1, 1], 1 / 2, 505),  # R^2 = 101, |w|^2 = 5
        ([4, 0, 2], [6, 2, 2, 2], 1 / 2, 505),
        ([3, 0, 1], [4, 1, 2, 1], 1 / 3, 1010),
        ([1, 1, 0], [1, 1, 1, -10], -10 / np.sqrt(2), np.inf),
        ([1, 0, 0], [1, 0, 1, 0], 0, np.inf),  # a tie separates nothing
        ([0, 0, 1], [1, 1, -1, 1], -np.inf, np.inf),  # no boundary
        ([0, 0, 0], [0, 0, 0, 0], -np.inf, np.inf),
    ],
)
def test_margins_by_hand(w: Any, margins: Any, geometric: float, bound: float) -> None:
    assert functional_margins(w, FOUR.X, FOUR.y).tolist() == margins
    # 1e-15: a square root and a division.
    np.testing.assert_allclose(geometric_margin(w, FOUR.X, FOUR.y), geometric, rtol=1e-15)
    np.testing.assert_allclose(novikoff_bound(w, FOUR.X, FOUR.y), bound, rtol=1e-15)


def test_novikoff_bound_of_the_four_points() -> None:
    t = np.arange(1, 101)
    data = four_points(t)
    np.testing.assert_allclose(novikoff_bound([2, 0, 1], data.X, data.y), 5 * (t**2 + 1), rtol=1e-15)  # square roots


def test_radius_counts_the_bias() -> None:
    X = [[[2.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[-4.0, 8.0], [1.0, 1.0]]]
    assert radius(X).tolist() == [3.0, 1.0, 9.0]


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 3.0, 1e100])
def test_scaling_the_weights_changes_no_margin_but_the_functional(scale: float) -> None:
    w = np.array([2.0, 0.5, 1.0])
    data = four_points([0.5, 2.0, 10.0])
    # 1e-14: a few roundings.
    for judge in (geometric_margin, novikoff_bound):
        np.testing.assert_allclose(judge(scale * w, data.X, data.y), judge(w, data.X, data.y), rtol=1e-14)


def test_moving_and_turning_the_points_keeps_the_geometric_margin() -> None:
    turn, shift, w = np.array([[0.6, -0.8], [0.8, 0.6]]), np.array([3.0, -7.0]), np.array([2.0, 0.05, 1.0])
    normal = turn @ w[:2]
    moved = geometric_margin([*normal, w[2] - normal @ shift], FOUR.X @ turn.T + shift, FOUR.y)
    np.testing.assert_allclose(moved, geometric_margin(w, FOUR.X, FOUR.y), rtol=1e-12)  # terms 50 times the margin


def test_a_stack_is_a_loop() -> None:
    data = four_points([[1.0], [10.0]])
    w = np.random.default_rng(0).normal([2, 0, 1], size=(3, 3))
    for judge in (functional_margins, geometric_margin, novikoff_bound):
        stacked = judge(w, data.X, data.y)
        for i, j in np.ndindex(2, 3):
            assert np.array_equal(stacked[i, j], judge(w[j], data.X[i, 0], data.y[i, 0]))


def test_overflow_is_infinite_without_a_warning() -> None:
    assert functional_margins([1e308, 0.0], [[1e308], [1.0], [-1e308]], [1, -1, 1]).tolist() == [
        np.inf,
        -1e308,
        -np.inf,
    ]


def test_the_judge_does_not_depend_on_the_size_of_the_weights() -> None:
    points = four_points(10.0)
    w = np.array([2.0, 0.0, 1.0])
    for size in (1e-300, 1e-200, 1e200, 1e300):
        assert geometric_margin(size * w, points.X, points.y) == pytest.approx(0.5, rel=1e-12)
        assert novikoff_bound(size * w, points.X, points.y) == pytest.approx(505.0, rel=1e-12)
        assert separates(size * w, points.X, points.y)
    assert not separates([1e308, 1e308, 0.0], [[-1e308, 1e308], [-1e308, -1e308]], [1, -1])  # a tie
    assert radius([[1e200, 0.0], [0.0, 0.0]]) == pytest.approx(1e200)
