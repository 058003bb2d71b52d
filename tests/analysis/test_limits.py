"""What LogisticRegression is said to do with points is what scikit-learn's does, but for ties, which are named."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from study.analysis.limits import USUAL, Penalty, WeightBound, usual_fits
from study.datasets.dataset import Dataset
from study.datasets.table import standardise
from tests.analysis.test_limit_path import draw

LIMITS = (0.01, 0.1, 1.0, 10.0, 100.0)


def cancer() -> Dataset:
    """Return the 569 tumours, standardised."""
    X, y = load_breast_cancer(return_X_y=True)
    return standardise(Dataset(X=X, y=np.where(y == 1, 1.0, -1.0), name="cancer"))[0]


def test_the_rows_that_logistic_regression_gives_up_are_named() -> None:
    """At its optimum: where it stops by its usual tolerance, a row a tenth from the boundary may be on either side."""
    for points in (*(draw(seed, 40, 3, 0.5 * seed) for seed in range(5)), cancer()):
        fits = usual_fits(points, USUAL, LIMITS)
        assert {one.C for one in fits} == set(LIMITS)
        for one in fits:
            theirs = LogisticRegression(C=one.C, tol=1e-10, max_iter=10_000).fit(points.X, points.y)
            assert one.lost.tolist() == np.flatnonzero(theirs.predict(points.X) != points.y).tolist()
            assert one.ties.size == 0


def test_rows_on_the_boundary_are_ties() -> None:
    points = Dataset(X=np.array([[-1.0], [1.0], [0.0], [0.0]]), y=np.array([-1.0, 1.0, -1.0, 1.0]), name="four")
    (one,) = usual_fits(points, WeightBound(shape="box", loss="cross-entropy", eps=0.0), (5.0,))
    assert (one.C, one.ties.tolist()) == (1.0, [2, 3])


def test_only_the_usual_penalty_is_logistic_regression() -> None:
    other = Penalty(bias="penalised", loss="cross-entropy", eps=0.0)
    assert [one.C for one in usual_fits(draw(0, 20, 2, 0.0), other, (5.0,))] == [1.0]
