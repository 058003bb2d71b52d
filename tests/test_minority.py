"""The minority is what its rule says, and its weight and prediction are those of the penalised unit."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from experiments.minority import UNIT, keeping_weight, predict, table
from study.law.conflict import spoilt
from study.law.penalty import penalty_law


def test_the_minority_is_what_the_most_telling_feature_puts_with_the_other_class() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    malignant, benign = X[y == 0].mean(axis=0), X[y == 1].mean(axis=0)
    j = np.argmax(np.abs(malignant - benign))
    nearer_benign = np.abs(X[:, j] - malignant[j]) > np.abs(X[:, j] - benign[j])
    assert table()[1].tolist() == np.where(y == 1, 2, np.where(nearer_benign, 0, 1)).tolist()


def test_the_weight_is_where_the_last_of_the_minority_turns_right() -> None:
    points, group = table()
    k = keeping_weight(points, group)
    for share, lost in ((0.99, 1), (1.01, 0)):
        weights = np.where(group == 0, share * k, 1.0)
        theirs = LogisticRegression(solver="liblinear", dual=False, tol=1e-8, max_iter=10_000)
        theirs.fit(points.X, points.y, sample_weight=weights)
        assert ((theirs.predict(points.X) != points.y) & (group == 0)).sum() == lost


def test_the_law_counts_the_minority_as_often_as_the_row() -> None:
    points, group = table()
    sample = 40
    law = penalty_law(spoilt(points.X, points.y, np.arange(569) == sample, "ball"), UNIT.bias)
    assert predict(points, group, sample)[0] == pytest.approx(-law.constant / law.slope)
    alone = predict(points, np.where(np.arange(569) == sample, 0, 2), sample)[1]
    assert law.ln_threshold(alone) + np.log(alone) == pytest.approx(0.0, abs=1e-9)
    assert predict(points, group, sample)[1] > alone
