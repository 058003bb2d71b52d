from itertools import pairwise

import numpy as np
import pytest

from study.law.conflict import Spoilt, spoilt
from study.law.share import BoundedShares, insignificant_from, share_near_threshold
from study.law.thresholds import threshold
from tests.law.geometries import GEOMETRIES, corners, optimum

BALLS = {name: points for name, points in GEOMETRIES.items() if points.shape == "ball"}
NAMED = pytest.mark.parametrize("points", BALLS.values(), ids=BALLS)


def test_the_share_near_the_threshold_in_closed_form() -> None:
    """ln 2 / (ln 2 + 1 / (2 mu)) at it, mu / (1 + mu) far below it, 1 far beyond, and rising on the way."""
    for mu in (0.1, 0.5, 3.0):
        assert share_near_threshold(mu) == pytest.approx(np.log(2.0) / (np.log(2.0) + 1.0 / (2.0 * mu)))
        assert share_near_threshold(mu, -200.0) == pytest.approx(mu / (1.0 + mu), abs=1e-6)
        assert share_near_threshold(mu, 1e4) == pytest.approx(1.0, abs=1e-2)
        shares = [share_near_threshold(mu, offset) for offset in np.linspace(-20.0, 20.0, 41)]
        assert all(a < b for a, b in pairwise(shares))


@NAMED
def test_the_bounded_optimum_is_the_trainer_s(points: Spoilt) -> None:
    for ln_M in (0.0, 3.0, 8.0):
        known = optimum(points, "cross-entropy", 5.0, float(np.exp(ln_M)))
        assert BoundedShares(points, 5.0).optimum(ln_M) == pytest.approx(known, abs=1e-5)


@NAMED
def test_the_share_at_both_thresholds_is_the_law_s(points: Spoilt) -> None:
    """The error falls like 1 / R; a proved bound, by the base's own optimum, is never below the second threshold."""
    R = 40.0 / points.gamma0
    unit = BoundedShares(points, R)
    first, second = threshold(points, "cross-entropy", R), insignificant_from(points, R, 0.05)
    for offset in (-2.0, 0.0, 2.0):
        limit = share_near_threshold(float(points.best.mu[0]), offset)
        assert unit.share(first + offset) == pytest.approx(limit, abs=0.02)
    assert unit.share(second) == pytest.approx(0.05, abs=0.005)
    assert unit.share((first + second) / 2.0) > 0.8
    own, base = unit.losses(second + 50.0)
    assert unit.share(np.log(19.0 * own / base) + second + 50.0) <= 0.05


def test_where_the_base_takes_the_spoiler_s_side_there_is_no_second_threshold() -> None:
    points = spoilt([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.5]], [1, -1, 1], [False, False, True], "ball")
    assert insignificant_from(points, 10.0, 0.05) == -np.inf


def test_a_base_point_named_twice_counts_twice() -> None:
    """Then the multipliers of the base are not unique, and those of the largest entropy count."""
    X, y, is_spoiler = corners()
    points = spoilt(X, y, is_spoiler, "ball")
    twice = spoilt(np.vstack([X[:-1], X]), np.append(y[:-1], y), np.append(np.zeros(8, bool), is_spoiler), "ball")
    once, both = (insignificant_from(p, 50.0, 0.05) for p in (points, twice))
    assert once - both == pytest.approx(np.log(2.0), abs=1e-6)
