from typing import Any

import numpy as np
import pytest

from study.analysis.margin import functional_margins, geometric_margin, novikoff_bound, radius
from study.analysis.separation import separates, training_error
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


def test_moving_and_turning_the_points_keeps_the_geometric_margin() -> None:
    turn, shift, w = np.array([[0.6, -0.8], [0.8, 0.6]]), np.array([3.0, -7.0]), np.array([2.0, 0.05, 1.0])
    normal = turn @ w[:2]
    moved = geometric_margin([*normal, w[2] - normal @ shift], FOUR.X @ turn.T + shift, FOUR.y)
    np.testing.assert_allclose(moved, geometric_margin(w, FOUR.X, FOUR.y), rtol=1e-12)  # terms 50 times the margin


def test_a_stack_is_a_loop() -> None:
    data = four_points([[0.5], [10.0]])
    w = np.random.default_rng(0).normal([2, 0, 1], size=(50, 3))
    for measure in (functional_margins, geometric_margin, novikoff_bound, separates, training_error):
        stacked = measure(w, data.X, data.y)
        for i, j in np.ndindex(2, 50):
            assert np.array_equal(stacked[i, j], measure(w[j], data.X[i, 0], data.y[i, 0]))
        assert len(np.unique(stacked)) > 1


def test_overflow_is_infinite_without_a_warning() -> None:
    assert functional_margins([1e308, 0.0], [[1e308], [1.0], [-1e308]], [1, -1, 1]).tolist() == [
        np.inf,
        -1e308,
        -np.inf,
    ]


def test_the_size_of_the_weights_changes_no_margin_but_the_functional() -> None:
    points, w = four_points([0.5, 2.0, 10.0]), np.array([2.0, 0.0, 1.0])
    for size in (1e-300, 1e-9, 3.0, 1e100, 1e300):
        # 1e-14: a few roundings.
        np.testing.assert_allclose(geometric_margin(size * w, points.X, points.y), 0.5, rtol=1e-14)
        np.testing.assert_allclose(novikoff_bound(size * w, points.X, points.y), [10.0, 25.0, 505.0], rtol=1e-14)
        assert separates(size * w, points.X, points.y).all()
    assert not separates([1e308, 1e308, 0.0], [[-1e308, 1e308], [-1e308, -1e308]], [1, -1])  # a tie
    assert radius([[1e200, 0.0], [0.0, 0.0]]) == pytest.approx(1e200)
