"""How far a boundary turns: by hand, and against training anew."""

import numpy as np
import pytest

from study.analysis.influence import angle, moved, moved_without
from study.datasets.published import four_points
from study.trainers.perceptron import perceptron


def test_angles_by_hand() -> None:
    assert angle([1.0, 0.0, 5.0], [1.0, 1.0, -2.0]) == pytest.approx(45.0)
    assert angle([1e200, 0.0, 0.0], [0.0, 1e-200, 0.0]) == pytest.approx(90.0)
    assert angle([1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]) == pytest.approx(180.0)
    assert angle([1.0, 0.0, 0.0], [1.0, 1e-12, 0.0]) == pytest.approx(np.degrees(1e-12), rel=1e-6)
    assert np.isnan(angle([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]))
    assert angle(np.eye(3)[:2], np.array([0.0, 1.0, 0.0])).tolist() == pytest.approx([90.0, 0.0])


def test_turning_and_shifting_both_count_whatever_the_units() -> None:
    X = np.array([[3.0, 4.0], [5.0, 4.0], [4.0, 3.0], [4.0, 5.0]])  # centre (4, 4), spread 1
    assert moved([1.0, 0.0, -4.0], [1.0, 1.0, -8.0], X) == pytest.approx(45.0)  # turned about the centre
    assert moved([1.0, 0.0, -4.0], [1.0, 0.0, -5.0], X) == pytest.approx(45.0)  # shifted by the spread
    assert moved([1.0, 0.0, -4.0], [3.0, 0.0, -12.0], X) == 0.0
    w, v = np.array([1.0, 2.0, -11.0]), np.array([1.0, 1.5, -9.0])
    far = moved([1e-3, 2e-3, -11.0 - 3e7], [1e-3, 1.5e-3, -9.0 - 2.5e7], 1e3 * X + 1e10)
    assert far == pytest.approx(moved(w, v, X), rel=1e-4)  # in other units, from another origin


def test_leaving_out_is_training_anew() -> None:
    points = four_points(10.0)
    w = perceptron(points.X, points.y).w
    moves = moved_without(lambda X, y: perceptron(X, y).w, points.X, points.y, w, np.arange(4))
    assert moves[3] == pytest.approx(moved(perceptron(points.X[:3], points.y[:3]).w, w, points.X))
    assert moves[3] > 30.0
    assert np.isnan(moves[2])  # the only negative point
