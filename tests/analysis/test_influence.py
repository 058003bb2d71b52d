"""How far a boundary turns: by hand, and against training anew."""

import numpy as np
import pytest

from study.analysis.influence import movement, movement_without
from study.datasets.published import four_points
from study.trainers.perceptron import perceptron


def test_turning_and_shifting_both_count_whatever_the_units() -> None:
    X = np.array([[3.0, 4.0], [5.0, 4.0], [4.0, 3.0], [4.0, 5.0]])  # centre (4, 4), spread 1
    others = np.array([[1.0, 1.0, -8.0], [1.0, 0.0, -5.0], [3.0, 0.0, -12.0]])
    turned, shifted, scaled = movement(np.array([1.0, 0.0, -4.0]), others, X)
    assert (turned, shifted) == (pytest.approx(45.0), pytest.approx(45.0))  # about the centre; by the spread
    assert scaled == 0.0
    w, v = np.array([1.0, 2.0, -11.0]), np.array([1.0, 1.5, -9.0])
    afar = np.array([[1e-3, 2e-3, -11.0 - 3e7], [1e-3, 1.5e-3, -9.0 - 2.5e7]])
    far = movement(afar[0], afar[1], 1e3 * X + 1e10)
    assert far == pytest.approx(movement(w, v, X), rel=1e-4)  # in other units, from another origin


def test_leaving_out_is_training_anew() -> None:
    points = four_points(10.0)
    w = perceptron(points.X, points.y).w
    moves = movement_without(lambda X, y: perceptron(X, y).w, points.X, points.y, w, np.arange(4))
    assert moves[3] == pytest.approx(movement(perceptron(points.X[:3], points.y[:3]).w, w, points.X))
    assert moves[3] > 30.0
    assert np.isnan(moves[2])  # the only negative point
