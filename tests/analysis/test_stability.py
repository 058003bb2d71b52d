"""What one instance does: swings of known size, and leave-one-out against a loop."""

import numpy as np
import pytest
from numpy.typing import NDArray

from study.analysis.stability import angle_swing, disagreement, leave_one_out, offset_swing
from study.trainers.centroid import nearest_centroid
from study.trainers.perceptron import perceptron

Floats = NDArray[np.float64]


def test_swings_of_known_size() -> None:
    assert angle_swing([3.0, 0.0, 7.0], [0.0, 0.5, 1.0]) == pytest.approx(np.pi / 2)
    assert angle_swing([1.0, 0.0, 0.0], [1.0, 1e-9, 0.0]) == pytest.approx(1e-9, rel=1e-12)
    assert angle_swing([1.0, 1.0, 0.0], [-2.0, -2.0, 0.0]) == pytest.approx(np.pi)
    assert np.isnan(angle_swing([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]))
    assert angle_swing([1e300, 1e300, 0.0], [5e-324, 0.0, 0.0]) == pytest.approx(np.pi / 4)
    assert angle_swing(np.eye(3)[:2], [0.0, 1.0, 0.0]).tolist() == pytest.approx([np.pi / 2, 0.0])
    assert offset_swing([2.0, 0.0, 2.0], [0.0, 5.0, -5.0]) == pytest.approx(2.0)


def test_disagreement_is_the_share_between_two_lines() -> None:
    X = np.column_stack([np.linspace(0.005, 0.995, 100), np.zeros(100)])
    assert disagreement([1.0, 0.0, -0.2], [1.0, 0.0, -0.5], X) == pytest.approx(0.3)
    assert disagreement([[1.0, 0.0, -0.2]] * 2, [1.0, 0.0, -0.2], X).tolist() == [0.0, 0.0]


def test_leave_one_out_is_a_loop() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2, 12, 2)), np.tile([1.0, -1.0], (2, 6))
    X_test, y_test = rng.normal(size=(40, 2)), np.tile([1.0, -1.0], 20)
    changes = leave_one_out(lambda X, y: nearest_centroid(X, y).w, X, y, X_test, y_test)
    assert changes.shape == (2, 12, 40)
    for k in range(2):
        whole = nearest_centroid(X[k], y[k]).w
        for i in range(12):
            rest = np.arange(12) != i
            w = nearest_centroid(X[k][rest], y[k][rest]).w
            wrong = [y_test * (X_test @ v[:2] + v[2]) <= 0.0 for v in (whole, w)]
            assert (changes[k, i] == (wrong[0] != wrong[1])).all()


def test_an_instance_that_is_right_already_moves_a_warm_perceptron_by_nothing() -> None:
    X, y = np.array([[1.0, 0.2], [-1.0, 0.1], [0.4, 1.0]]), np.array([1.0, -1.0, 1.0])
    w = perceptron(X, y).w
    more = perceptron(np.vstack([X, [[2.0, 0.3]]]), np.append(y, 1.0), w0=w)
    assert more.n_updates == 0
    assert angle_swing(w, more.w) == 0.0
