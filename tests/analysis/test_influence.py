"""How far a boundary turns: by hand, and against training anew."""

import numpy as np
import pytest

from study.analysis.influence import angle, turned_without
from study.datasets.published import four_points
from study.trainers.perceptron import perceptron


def test_angles_by_hand() -> None:
    assert angle([1.0, 0.0, 5.0], [1.0, 1.0, -2.0]) == pytest.approx(45.0)
    assert angle([1e200, 0.0, 0.0], [0.0, 1e-200, 0.0]) == pytest.approx(90.0)
    assert angle([1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]) == pytest.approx(180.0)
    assert angle([1.0, 0.0, 0.0], [1.0, 1e-12, 0.0]) == pytest.approx(np.degrees(1e-12), rel=1e-6)
    assert np.isnan(angle([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]))
    assert angle(np.eye(3)[:2], np.array([0.0, 1.0, 0.0])).tolist() == pytest.approx([90.0, 0.0])


def test_leaving_out_is_training_anew() -> None:
    points = four_points(10.0)
    w = perceptron(points.X, points.y).w
    turned = turned_without(lambda X, y: perceptron(X, y).w, points.X, points.y, w, np.arange(4))
    assert turned[3] == pytest.approx(angle(perceptron(points.X[:3], points.y[:3]).w, w))
    assert turned[3] > 30.0
    assert np.isnan(turned[2])  # the only negative point
