"""Natural data: what is given up there is what scikit-learn gives up, and the numbers rest on every pair of classes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.natural import PROBLEMS, lost, pool, train_halves
from study.analysis.limit_path import follow_path
from study.analysis.limits import USUAL
from study.analysis.margin import functional_margins
from study.datasets.table import standardise
from study.report.provenance import read_tables
from tests.conftest import ROOT


def test_every_pair_of_classes_is_there_and_no_other() -> None:
    sizes = {name: sum(len(pool(p).y) for p in PROBLEMS if p.startswith(name)) for name in ("iris", "wine", "digits")}
    assert sizes == {"iris": 2 * 150, "wine": 2 * 178, "digits": 9 * 1797}  # a row for each of the other classes
    table = read_tables(ROOT / "experiments" / "results", "natural")[""]
    assert table["problem"].tolist() == PROBLEMS


@pytest.mark.parametrize("problem", ["iris 1 2", "wine 1 2", "digits 3 9"])
def test_a_penalised_unit_gives_up_the_points_that_logistic_regression_does(problem: str) -> None:
    """The margins agree to what lbfgs leaves of its own tolerance."""
    points, limits = standardise(pool(problem))[0], (0.01, 0.1, 1.0, 10.0, 100.0)
    path = follow_path(points, USUAL, limits, step=1.0, tol=1.0, work=1e8)
    for C in limits:
        theirs = LogisticRegression(C=C, tol=1e-10, max_iter=100_000).fit(points.X, points.y)
        margins = points.y * theirs.decision_function(points.X)
        k = path.place(C)
        assert functional_margins(path.w[k], points.X, points.y) == pytest.approx(margins, rel=1e-4, abs=1e-4)
        assert (path.right[k] == (margins > 0.0)).all()
        assert lost(path, C) == (margins <= 0.0).sum()


def test_halves_are_tested_on_the_others() -> None:
    records = train_halves("iris 1 2", 40, np.random.default_rng(0))
    counts = pd.Series({name: array[0] for name, array in dict(records["halves"]).items()})  # type: ignore[arg-type]
    assert counts["groups"].sum() == 40 * 50
    assert (counts["wrong"] <= counts["groups"]).all()
