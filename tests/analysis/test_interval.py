"""Intervals by hand: Wilson's formula, and Student's of a mean."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from study.analysis.interval import mean, middle, rate, wilson
from study.checks import BadInput


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (499, 1000)])
def test_wilsons_ends_solve_his_equation(hits: int, n: int) -> None:
    z = norm.ppf(0.975)
    for end in wilson(hits, n):
        if 0.0 < end < 1.0:
            assert abs(hits / n - end) == pytest.approx(z * np.sqrt(end * (1.0 - end) / n))
    assert wilson(0, n)[0] == 0.0
    assert wilson(n, n)[1] == 1.0


@pytest.mark.parametrize(
    ("hits", "n", "message"),
    [
        (0, 0, "`n` must be a whole number of at least 1; got 0"),
        (-1, 3, "`hits` must be a whole number of at least 0; got -1"),
        (4, 3, "`hits` must be at most `n`, which is 3; got 4"),
    ],
)
def test_what_is_no_rate_is_refused(hits: int, n: int, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        wilson(hits, n)


def test_a_rate_has_its_interval_beside_it() -> None:
    found = rate("right", [True, True, False, True])
    assert list(found) == ["right", "right_low", "right_high"]
    assert tuple(found.values()) == (0.75, *wilson(3, 4))


def test_a_mean_has_its_interval_beside_it() -> None:
    found = mean("x", np.array([1.0, 2.0, 3.0]))
    reach = 4.30265273 / 3**0.5  # the quantile of two degrees of freedom, from a table
    assert found == {"x": 2.0, "x_low": pytest.approx(2.0 - reach), "x_high": pytest.approx(2.0 + reach)}
    assert mean("x", np.array([5.0])) == {"x": 5.0, "x_low": 5.0, "x_high": 5.0}


@pytest.mark.parametrize("n", [60, 100, 200, 1000])
def test_a_rates_interval_covers(n: int) -> None:
    """By the binomial law itself: nothing is drawn."""
    hits = np.arange(n + 1)
    ends = np.array([wilson(int(k), n) for k in hits])
    for p in (0.02, 0.05, 0.1, 0.3, 0.5, 0.9):
        covers = (ends[:, 0] <= p) & (p <= ends[:, 1])
        assert 0.92 <= binom.pmf(hits, n, p)[covers].sum() <= 0.99


@pytest.mark.parametrize("n", [60, 100])
def test_a_means_interval_covers(n: int) -> None:
    """Of exponential values, which are skewed, and of differences of paired truth values, which are mostly zero."""
    rng, repeats = np.random.default_rng(n), 1000
    pairs = rng.choice([-1.0, 0.0, 1.0], p=[0.05, 0.8, 0.15], size=(repeats, n))
    for values, truth in ((rng.exponential(size=(repeats, n)), 1.0), (pairs, 0.1)):
        found = [mean("x", one) for one in values]
        covered = np.mean([one["x_low"] <= truth <= one["x_high"] for one in found])
        assert 0.91 <= covered <= 0.975  # of a coverage from 0.933 to 0.955: 1 false alarm in 200


def test_nine_in_ten_further_draws_lie_between_the_quantiles() -> None:
    rng = np.random.default_rng(1)
    values, further = rng.exponential(size=(2, 500, 200))
    found = [middle("x", one) for one in values]
    between = np.mean([(one["x_q05"] <= new) & (new <= one["x_q95"]) for one, new in zip(found, further, strict=True)])
    assert between == pytest.approx(0.9 * 199 / 201, abs=0.004)  # four standard errors: 1 false alarm in 10,000


def test_a_median_has_its_quantiles_beside_it() -> None:
    assert middle("x", np.arange(101.0)) == {"x": 50.0, "x_q05": 5.0, "x_q95": 95.0}
