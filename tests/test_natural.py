"""Natural data: what is given up there is what scikit-learn gives up, and the numbers rest on every pair of classes."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.natural import PROBLEMS, lost, pool, train_halves
from study.analysis.limit_path import follow_path
from study.analysis.limits import USUAL, usual_fits
from study.datasets.shipped import SOURCES, _columns
from study.datasets.table import standardise
from study.report.provenance import read_tables
from tests.conftest import ROOT


def test_every_pair_of_classes_is_there_and_no_other() -> None:
    sizes = Counter[str]()
    for problem, (source, _) in PROBLEMS.items():
        sizes[source] += len(pool(problem).y)
    expected = {name: len(_columns(name)[1]) * (len(one.classes) - 1) for name, one in SOURCES.items()}
    assert sizes == expected  # a row for each of the other classes
    table = read_tables(ROOT / "experiments" / "results", "natural")[""]
    assert table["problem"].tolist() == list(PROBLEMS)


@pytest.mark.slow
def test_on_every_problem_logistic_regression_gives_up_the_same_points() -> None:
    """Its Newton method goes to the optimum; a point within 1e-6 of the boundary would be a tie, and there is none."""
    limits = (0.01, 0.1, 1.0, 10.0, 100.0)
    options: dict[str, Any] = {"tol": 1e-10, "solver": "newton-cholesky"}
    compared = 0
    for problem in PROBLEMS:
        points = standardise(pool(problem))[0]
        fits = usual_fits(points, USUAL, limits)
        assert {one.C for one in fits} == set(limits)
        for one in fits:
            theirs = LogisticRegression(C=one.C, **options).fit(points.X, points.y)
            wrong = np.flatnonzero(theirs.predict(points.X) != points.y)
            assert (one.lost.tolist(), one.ties.size) == (wrong.tolist(), 0), (problem, one.C)
            compared += len(points.y)
    assert compared == 199_140


def test_what_is_lost_at_a_limit_is_read_off_the_path() -> None:
    points = standardise(pool("iris 1 2"))[0]
    path = follow_path(points, USUAL, (0.01, 1.0), step=1.0, tol=1.0, work=1e8)
    for one in usual_fits(points, USUAL, (0.01,)):
        assert lost(path, one.C) == one.lost.size
    assert lost(path, 0.5) == -1


def test_halves_are_tested_on_the_others() -> None:
    records = train_halves("iris 1 2", 40, np.random.default_rng(0))
    counts = pd.Series({name: array[0] for name, array in dict(records["halves"]).items()})  # type: ignore[arg-type]
    assert counts["groups"].sum() == 40 * 50
    assert (counts["wrong"] <= counts["groups"]).all()
