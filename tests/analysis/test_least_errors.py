"""Disjoint sets that no line has right: each is, and what is left is separable."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from study.analysis.least_errors import least_errors
from study.analysis.separability import is_separable, table_separability
from study.certificates.checker import check
from study.datasets.table import Table, read_table
from tests.analysis.test_limit_path import draw


def as_table(X: np.ndarray, y: np.ndarray) -> Table:
    return read_table(pd.DataFrame(X).assign(c=y).to_csv(index=False), "c", positive="1.0")


@pytest.mark.parametrize(("seed", "d"), [(1, 1), (2, 2), (3, 4)])
def test_each_set_is_inseparable_and_minimal_and_the_rest_is_separable(seed: int, d: int) -> None:
    points = draw(seed, 30, d, 6.0)
    table = as_table(points.X.round(1), points.y)
    found = least_errors(table, table_separability(table))
    X, y = table.points.X, table.points.y
    sets = [sorted(one.multipliers) for one in found.sets]
    assert len(sets) > 1
    assert found.complete
    for one, held in zip(found.sets, sets, strict=True):
        assert check(one.proof).endswith("not separable")
        assert not is_separable(X[held], y[held])
        for i in held:
            rest = [j for j in held if j != i]
            assert abs(y[rest].sum()) == len(rest) or is_separable(X[rest], y[rest])
    samples = [i for held in sets for i in held]
    assert len(samples) == len(set(samples))
    rest = sorted(set(range(30)) - set(samples))
    assert abs(y[rest].sum()) == len(rest) or is_separable(X[rest], y[rest])


def test_their_number_bounds_the_errors_of_every_line_from_below() -> None:
    points = draw(5, 14, 1, 2.0)
    table = as_table(points.X.round(2), points.y)
    x, y = table.points.X[:, 0], table.points.y
    cuts = [*np.unique(x)[:-1] + np.diff(np.unique(x)) / 2.0, x.min() - 1.0]
    fewest = min(np.count_nonzero(side * (x - cut) * y <= 0.0) for cut, side in product(cuts, (1.0, -1.0)))
    assert 1 < len(least_errors(table, table_separability(table)).sets) <= fewest


def test_a_spent_budget_and_separable_points_are_told() -> None:
    points = draw(2, 30, 2, 2.0)
    table = as_table(points.X.round(1), points.y)
    cut = least_errors(table, table_separability(table), work=61.0)
    assert (len(cut.sets), cut.complete) == (1, False)
    points = draw(0, 30, 2, 0.0)
    apart = as_table(points.X, points.y)
    none = least_errors(apart, table_separability(apart))
    assert (none.sets, none.complete) == ((), True)
