"""The boundary between the means, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from study.trainers.centroid import nearest_centroid
from study.trainers.fit import Bound
from study.trainers.sigmoid_unit import sigmoid_unit


def test_it_is_the_line_halfway() -> None:
    fit = nearest_centroid([[3.0, 1.0], [5.0, 1.0], [-2.0, 1.0]], [1, 1, -1])
    assert fit.w.tolist() == [6.0, 0.0, -6.0]  # means at 4 and -2: the line x = 1
    assert fit.loss == 18.0


def test_it_predicts_what_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    X, y, some = rng.normal(size=(3, 30, 4)), rng.choice([-1.0, 1.0], (3, 30)), rng.normal(size=(500, 4))
    w = nearest_centroid(X, y).w
    for k in range(3):
        peer = NearestCentroid().fit(X[k], y[k]).predict(some)
        assert (np.sign(some @ w[k, :4] + w[k, 4]) == peer).all()


def test_a_small_ball_comes_near_to_it() -> None:
    rng = np.random.default_rng(1)
    y = np.tile([1.0, -1.0], 20)
    X = rng.normal(size=(40, 3)) + y[:, None]
    normal = nearest_centroid(X, y).w[:3]
    w = sigmoid_unit(X, y, bound=Bound("ball", 1e-4)).w[:3]
    assert w @ normal / np.linalg.norm(w) / np.linalg.norm(normal) == pytest.approx(1.0, abs=1e-6)
