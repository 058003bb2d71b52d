"""The references of `agreement` find what is known otherwise, and the rules agree with them on a sample."""

import numpy as np
import pandas as pd
import pytest

from experiments._references import (
    Unit,
    excess_of_cross_entropy,
    excess_of_soft_margin,
    fall_of_quadratic,
    shortfall_of_margin,
)
from experiments.agreement import EXPERIMENT, KINDS, RULES, SHARE, examine, numbers, tables
from study.sweeps.streams import stream

PAIR, SIGNS = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
X4, Y4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [-1.5, 2.0]]), np.array([1.0, 1.0, -1.0, -1.0])


@pytest.mark.parametrize("rule", RULES)
def test_on_a_sample_nothing_is_called_the_best_that_is_not(rule: str) -> None:
    cell = {"rule": rule, "kind": "scaled"}
    rows = examine(rule, "scaled", 4, stream(EXPERIMENT.name, "test", cell, 0))["problems"]
    assert isinstance(rows, list)
    for row in rows:
        assert np.isnan(row["low"]) == (row["stop"] in ("STALLED", "BUDGET_SPENT"))
        assert not row["high"] > SHARE


def test_what_is_wrong_open_or_not_claimed_is_counted_apart() -> None:
    stop = ["STATIONARY", "STATIONARY", "SEPARATED", "STALLED", "BUDGET_SPENT"]
    low, high = [1e-3, -np.inf, 0.0, np.nan, np.nan], [1e-2, np.inf, 0.0, np.nan, np.nan]
    problems = pd.DataFrame({"rule": "a", "kind": "b", "stop": stop, "low": low, "high": high})
    found = numbers(tables({"problems": problems}))
    assert found["rules"]["a"] == {"claims": 3, "wrong": 1, "stalled": 0.2, "spent": 1}
    assert (found["n"], found["open"], found["kinds"]) == (5, 1, {"a": {"b": {"wrong": 1}}})


@pytest.mark.parametrize(("w", "excess"), [((1.0, 0.0), 0.0), ((2.0, 0.0), 0.0), ((1.0, 0.1), 0.1)])
def test_the_margin_of_two_points(w: tuple[float, ...], excess: float) -> None:
    assert shortfall_of_margin(PAIR, SIGNS, np.array(w)) == pytest.approx((excess, excess), abs=1e-12)


@pytest.mark.parametrize(("w", "excess"), [((1.0, 0.0), 0.0), ((2.0, 0.0), 0.75), ((0.5, 0.0), 1.0 - 0.5 / 10.125)])
def test_the_soft_margin_of_two_points(w: tuple[float, ...], excess: float) -> None:
    assert excess_of_soft_margin(PAIR, SIGNS, np.array(w), 10.0) == pytest.approx((excess, excess), abs=1e-12)


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.parametrize("R", [1.0, 100.0, 1e6])
def test_the_least_cross_entropy_of_two_points_inside_a_bound(shape: str, R: float) -> None:
    for w, least in ((np.array([R, 0.0]), True), (np.array([R - 1.0 / 2.0**20, 0.0]), False)):
        unit = Unit.of(PAIR, SIGNS, np.ones(2), 0.0, shape, R, w)
        below = np.expm1(-(2.0**-20)) if R > 1.0 else np.log1p(np.exp(-R)) / np.log1p(np.exp(-w[0])) - 1.0
        expected = 0.0 if least else -below
        assert excess_of_cross_entropy(unit, w) == pytest.approx((expected, expected), abs=1e-12)


def test_a_small_gradient_is_no_minimum() -> None:
    w = np.array([31.1, 6.8, -0.13])  # the least is near (100, -17, 0), and of the order of exp(-100)
    low, high = excess_of_cross_entropy(Unit.of(X4, Y4, np.ones(4), 0.0, "box", 100.0, w), w)
    assert 1.0 - 1e-12 <= low <= high <= 1.0 + 1e-12


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_the_quadratic_loss_falls_where_it_is_not_stationary(eps: float) -> None:
    slope = np.log((1.0 - eps) / eps) if eps else 3.0
    for w, falls in ((slope, False), (slope / 2.0, True)):
        unit = Unit.of(PAIR, SIGNS, np.ones(2), eps, "box", slope, np.array([w, 0.0]))
        assert (fall_of_quadratic(unit, np.array([w, 0.0])) > 0.1) == falls


def test_every_kind_of_problem_is_drawn_for_every_rule() -> None:
    assert {(cell["rule"], cell["kind"]) for cell in EXPERIMENT.cells} == {(r, k) for r in RULES for k in KINDS}
    assert EXPERIMENT.resamples * len(KINDS) >= 20_000
