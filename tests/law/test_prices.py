"""The law and the weight beside each row's price are those of the spoiler that it is among the others."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from study.analysis.limit_path import follow_path
from study.analysis.limits import USUAL, Limit, Penalty, WeightBound
from study.analysis.separability import separability
from study.datasets.dataset import Dataset
from study.law.bound import asymptote
from study.law.conflict import spoilt
from study.law.penalty import penalty_law, penalty_thresholds
from study.law.prices import Prices, price_rows
from study.law.thresholds import threshold
from tests.analysis.test_limit_path import UNIT, draw

TOUR = np.array([[1, 1], [1, -1], [2, 1], [2, -1], [-1, 1], [-1, -1], [-2, 1], [-2, -1], [-1, 2]], float)
SIDES = np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0])


def price(points: Dataset, unit: Limit, *limits: float, most_rows: int = 5) -> Prices:
    path = follow_path(points, unit, limits)
    return price_rows(points, separability(points.X, points.y), unit, path, limits, most_rows=most_rows)


def tour(copies: int) -> Dataset:
    """Return README's points, so many copies of each of eight, and the spoiler last."""
    counts = [copies] * 8 + [1]
    return Dataset(X=np.repeat(TOUR, counts, axis=0), y=np.repeat(SIDES, counts), name="tour")


@pytest.mark.parametrize("shape", ["box", "ball"])
def test_weight_and_law_of_a_given_up_row_are_those_of_the_spoiler_that_it_is(shape: str) -> None:
    points, unit = tour(5), UNIT[shape]
    prices = price(points, unit, 1.0, 9.0)
    alone = spoilt(TOUR, SIDES, np.arange(9) == 8, unit.shape)
    law, (weight,) = prices.laws[40], prices.weights
    assert (weight.sample, weight.limit, weight.errors) == (40, 1.0, 0)
    assert np.log(weight.weight / 5.0) == pytest.approx(-threshold(alone, "cross-entropy", 1.0), abs=1e-3)
    expected = [asymptote(alone, "cross-entropy", R) - np.log(5.0) for R in (1.0, 9.0, law.kept_from)]
    assert [*law.ln_threshold, 0.0] == pytest.approx(expected, abs=1e-9)
    assert [law.gamma0, law.mu] == pytest.approx([alone.gamma0, alone.best.mu[0]])


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.slow
def test_copies_of_a_row_count_as_often_as_they_are(shape: str) -> None:
    """So many copies of all others shift ln M* by the logarithm of their number, and the price to where it is that."""
    once, often = (price(tour(copies), UNIT[shape], 3.0) for copies in (5, 100))
    a, b = once.laws[40], often.laws[800]
    assert a.ln_threshold[0] - b.ln_threshold[0] == pytest.approx(np.log(20.0))
    assert a.regular
    assert b.regular
    assert often.path.kept_from[800] == pytest.approx(b.kept_from, rel=0.02)  # far out, where the law holds
    one = tour(5)
    pair = Dataset(X=np.vstack([one.X, one.X[-1]]), y=np.append(one.y, one.y[-1]), name="two spoilers")
    assert price(pair, UNIT[shape], 3.0).laws[41].ln_threshold[0] == pytest.approx(a.ln_threshold[0] + np.log(2.0))


def test_rows_are_listed_by_their_price() -> None:
    points = draw(1, 40, 3, 1.0)
    prices = price(points, UNIT["box"], 0.3, 3.0, most_rows=3)
    kept_from = prices.path.kept_from[prices.dearest]
    assert (np.diff(kept_from[np.isfinite(kept_from)]) <= 0.0).all()
    assert np.isinf(kept_from[0])
    assert set(prices.dearest) == set(np.flatnonzero(~prices.path.right.all(axis=0)))
    assert prices.laws == {}
    assert prices.no_law == "it is about separable points"
    for limit in prices.limits:
        k = prices.path.place(limit)
        lost = [i for i in prices.dearest if not prices.path.right[k, i]]
        assert [one.sample for one in prices.weights if one.limit == limit] == lost[:3]


def test_progress_of_the_weights_ends_at_their_number() -> None:
    points, unit, said = draw(1, 40, 3, 1.0), UNIT["box"], list[tuple[int, int]]()
    path = follow_path(points, unit, (0.3, 3.0), step=0.5)
    decision = separability(points.X, points.y)
    options: dict[str, Any] = {"most_rows": 3, "advance": lambda done, total: said.append((done, total))}
    prices = price_rows(points, decision, unit, path, (0.3, 3.0), **options)
    assert len(prices.weights) > 3
    assert said == [(k + 1, len(prices.weights)) for k in range(len(prices.weights))]


def test_at_a_little_less_than_its_weight_a_row_is_given_up_and_at_a_little_more_it_is_kept() -> None:
    points, unit = draw(1, 40, 3, 1.0), UNIT["ball"]
    weights = price(points, unit, 2.0).weights
    assert len(weights) == 3
    for one in weights:
        others = np.arange(40) != one.sample
        for share in (0.999, 1.001):
            fit = unit.fit(points, one.limit, sample_weight=np.where(others, 1.0, share * one.weight))
            margins = points.y * (points.X @ fit.w[:-1] + fit.w[-1])
            assert (margins[one.sample] > 0.0) == (share > 1.0)
            assert np.count_nonzero(margins[others] <= 0.0) == one.errors


@pytest.mark.parametrize("unit", [UNIT["box"], USUAL], ids=["box", "penalty"])
@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_a_row_on_the_boundary_is_kept_by_its_own_weight_whichever_way_it_is_rounded(unit: Limit, shift: float) -> None:
    half = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    points = Dataset(X=np.vstack([half, -half]) + shift, y=np.repeat([1.0, -1.0], 4), name="one contradiction")
    weights = price(points, unit, 1.0, 3.0).weights
    assert {one.sample for one in weights} == {3, 7}
    assert [one.weight for one in weights] == pytest.approx([1.0] * len(weights), abs=1e-3)


@pytest.mark.parametrize(
    ("loss", "eps", "words"),
    [("quadratic", 0.0, "several minima"), ("threshold-quadratic", 0.1, "several minima"), ("cross-entropy", 0.1, "")],
)
def test_what_law_and_weights_are_not_about_is_said(loss: str, eps: float, words: str) -> None:
    prices = price(tour(5), WeightBound(shape="box", loss=loss, eps=eps), 1.0)  # type: ignore[arg-type]
    assert words in prices.no_weights
    assert bool(prices.weights) == (not words)
    assert prices.no_law == ("it is about hard targets" if eps else "")
    assert bool(prices.laws) == (not eps)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_weight_and_law_under_a_penalty_are_those_of_the_spoiler_that_it_is(bias: Any) -> None:
    unit = Penalty(bias=bias, loss="cross-entropy", eps=0.0)
    prices = price(tour(5), unit, 2.0)
    alone = spoilt(TOUR, SIDES, np.arange(9) == 8, "ball")
    law, (weight,) = prices.laws[40], prices.weights
    straight = penalty_law(alone, bias)
    assert law.ln_threshold == pytest.approx([straight.ln_threshold(2.0) - np.log(5.0)])
    assert straight.ln_threshold(law.kept_from) == pytest.approx(np.log(5.0))
    assert prices.path.kept_from[40] == pytest.approx(law.kept_from, rel=0.3)
    # k times the spoiler at C are one spoiler at k C, and the base counts 5 / k times.
    ln_threshold = penalty_thresholds(alone, bias, 2.0 * weight.weight).first
    assert np.log(5.0 / weight.weight) == pytest.approx(ln_threshold, abs=1e-3)


def test_copies_of_a_spoiler_under_a_penalty_are_one_that_is_penalised_less() -> None:
    unit = Penalty(bias="free", loss="cross-entropy", eps=0.0)
    one = tour(5)
    pair = Dataset(X=np.vstack([one.X, one.X[-1:]]), y=np.append(one.y, one.y[-1]), name="two spoilers")
    law = price(pair, unit, 0.01).laws[41]
    alone = penalty_law(spoilt(TOUR, SIDES, np.arange(9) == 8, "ball"), "free")
    assert law.ln_threshold == pytest.approx([alone.ln_threshold(0.02) + np.log(2.0 / 5.0)])


@pytest.mark.slow
def test_the_usual_penalty_stands_where_its_weights_reach() -> None:
    points = draw(1, 40, 3, 1.0)
    fit = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(points.X, points.y)
    w = np.append(fit.coef_, fit.intercept_)
    units: tuple[Limit, ...] = (UNIT["box"], UNIT["ball"], USUAL)
    for unit, reached in zip(units, (np.abs(w).max(), np.linalg.norm(w), 1.0), strict=True):
        prices = price(points, unit, 1.0)
        assert prices.usual_limit == pytest.approx(reached, rel=1e-4)
        assert prices.usual[0].lost.tolist() == np.flatnonzero(fit.predict(points.X) != points.y).tolist()
