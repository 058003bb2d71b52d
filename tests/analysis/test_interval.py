"""Intervals by hand: Wilson's formula, and the normal one of a mean."""

import numpy as np
import pytest
from scipy.stats import norm

from study.analysis.interval import mean, middle, rate, wilson


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (499, 1000)])
def test_wilsons_ends_solve_his_equation(hits: int, n: int) -> None:
    z = norm.ppf(0.975)
    for end in wilson(hits, n):
        if 0.0 < end < 1.0:
            assert abs(hits / n - end) == pytest.approx(z * np.sqrt(end * (1.0 - end) / n))
    assert wilson(0, n)[0] == 0.0
    assert wilson(n, n)[1] == 1.0


def test_a_rate_has_its_interval_beside_it() -> None:
    found = rate("right", [True, True, False, True])
    assert list(found) == ["right", "right_low", "right_high"]
    assert tuple(found.values()) == (0.75, *wilson(3, 4))


def test_a_mean_has_its_interval_beside_it() -> None:
    found = mean("x", np.array([1.0, 2.0, 3.0]))
    assert found == {
        "x": 2.0,
        "x_low": pytest.approx(2.0 - 1.96 / 3**0.5),
        "x_high": pytest.approx(2.0 + 1.96 / 3**0.5),
    }
    assert mean("x", np.array([5.0])) == {"x": 5.0, "x_low": 5.0, "x_high": 5.0}


def test_a_median_has_its_quantiles_beside_it() -> None:
    assert middle("x", np.arange(101.0)) == {"x": 50.0, "x_q05": 5.0, "x_q95": 95.0}
