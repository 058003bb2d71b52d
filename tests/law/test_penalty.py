from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from experiments._geometries import braked, draw
from study.checks import BadInput
from study.law.bound import asymptote
from study.law.conflict import Spoilt, spoilt
from study.law.penalty import SHAPES, ball_law, penalised_optimum, penalty_law, penalty_thresholds
from study.law.thresholds import threshold
from study.trainers.losses import Bias
from tests.law.geometries import GEOMETRIES, corners, drawn

BALLS = {name: points for name, points in GEOMETRIES.items() if points.shape == "ball"}
NAMED = pytest.mark.parametrize("points", BALLS.values(), ids=BALLS)
BIAS = pytest.mark.parametrize("bias", SHAPES)
CORNERS = spoilt(*corners(), "ball")


@BIAS
def test_the_corners_by_hand(bias: Bias) -> None:
    """alpha = (1/3, 2/3), mu = 2/3, gamma0^2 = 2/9 by hand: at the threshold |w| = C gamma0 / (2 mu)."""
    law = penalty_law(CORNERS, bias)
    free = replace(CORNERS, shape=SHAPES[bias])
    assert law.slope == pytest.approx(free.gamma0**2 / (2.0 * free.best.mu[0]), rel=1e-9)
    assert law.slope == pytest.approx(1.0 / 6.0, rel=1e-9)
    assert law.constant == pytest.approx(-0.6365141682948, abs=1e-9)


@NAMED
@BIAS
def test_the_threshold_follows_the_law_with_its_constants(points: Spoilt, bias: Bias) -> None:
    """Up to k0 the error is what `error` says; with k1 it falls like 1 / C^2."""
    law = penalty_law(points, bias)
    off = []
    for ln_M in (20.0, 80.0):
        C = ln_M / law.slope
        found = penalty_thresholds(points, bias, C)
        assert found.first == pytest.approx(found.last, abs=1e-9)
        assert abs(found.last - law.ln_threshold(C)) <= 1.5 * law.error(C) + 3e-4
        off.append(abs(found.last - law.ln_threshold(C) - law.correction / C))
    assert off[1] <= off[0] / 6.0 + 1e-9


@pytest.mark.parametrize("points", [CORNERS, *map(braked, ("four features", "five features", "second plane"))])
def test_the_bound_in_the_ball_follows_the_same_law(points: Spoilt) -> None:
    """Up to the constant it is `asymptote`; with k1 the error falls like 1 / R^2."""
    law = ball_law(points)
    off = []
    for ln_M in (20.0, 80.0):
        R = ln_M / law.slope
        assert law.ln_threshold(R) == pytest.approx(asymptote(points, "cross-entropy", R), abs=1e-9)
        off.append(abs(threshold(points, "cross-entropy", R) - law.ln_threshold(R) - law.correction / R))
    assert off[1] <= off[0] / 6.0 + 1e-5


@pytest.mark.parametrize("C", [3.0, 20.0])
def test_the_threshold_is_where_scikit_learn_loses_the_spoiler(C: float) -> None:
    """Its classifier has the bias free, and weighs the summed loss by C."""
    found = penalty_thresholds(CORNERS, "free", C)
    Z = np.vstack([CORNERS.base, CORNERS.spoilers])
    y = Z[:, -1]
    for factor, right in ((0.99, True), (1.01, False)):
        weight = np.append(np.full(len(Z) - 1, factor * np.exp(found.last)), 1.0)
        fit = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000)
        fit.fit(Z[:, :-1] * y[:, None], y, sample_weight=weight)
        margin = Z[-1, :-1] @ fit.coef_[0] + y[-1] * fit.intercept_[0]
        assert (margin > 0.0) == right


def test_more_base_points_may_win_the_spoiler_back() -> None:
    """The spoiler's loss may fall as M grows, which no bound allows: here it is wrong in between, without conflict."""
    won = spoilt([[0, 3], [0, 2], [-3, 0], [3, 2]], [-1, 1, 1, 1], [False, False, False, True], "ball")
    margins = penalised_optimum(won, "penalised", [-4.0, 2.0, 8.0], 0.5) @ won.spoilers[0]
    assert margins == pytest.approx([1.357, -0.843, 3.369], abs=1e-3)


def test_at_the_optimum_the_gradient_vanishes_to_rounding() -> None:
    rng = np.random.default_rng(5)
    for n_features, bias in product((1, 3, 5), SHAPES):
        points = drawn(n_features, n_features, "ball")
        Z, counted = np.vstack([points.base, points.spoilers]), np.append(np.ones(n_features), bias == "penalised")
        for ln_M, ln_C in rng.uniform((-20.0, -10.0), (300.0, 12.0), (20, 2)):
            w = penalised_optimum(points, bias, ln_M, np.exp(ln_C))
            pull = np.append(np.full(len(points.base), np.exp(ln_M)), 1.0) * expit(-Z @ w)
            held = counted * w * np.exp(-ln_C)
            assert (np.abs(held - pull @ Z) <= 1e-10 * (pull @ np.abs(Z) + np.abs(held))).all()


def test_without_conflict_no_number_outvotes_the_spoiler() -> None:
    points = spoilt([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.5]], [1, -1, 1], [False, False, True], "ball")
    assert not points.conflict
    assert penalty_law(points, "penalised").slope == np.inf
    assert penalty_thresholds(points, "penalised", 10.0).last == np.inf


def test_multipliers_that_are_not_unique_leave_the_slope_alone() -> None:
    X, y, is_spoiler = corners()
    doubled = spoilt(np.vstack([X[1], X]), np.append(y[1], y), np.append(False, is_spoiler), "ball")
    law = penalty_law(doubled, "penalised")
    assert np.isnan(law.constant)
    assert law.slope == pytest.approx(penalty_law(CORNERS, "penalised").slope)


def test_several_spoilers_are_refused() -> None:
    X, y, _ = corners()
    two = spoilt(X, y, np.arange(9) >= 7, "ball")
    with pytest.raises(BadInput, match="`points` must hold one spoiler; got 2"):
        penalty_law(two, "free")


def test_the_law_knows_its_own_error() -> None:
    """On drawn sets that are chosen for nothing but conflict and regularity: where it is small, the law is near."""
    rng, resolved = np.random.default_rng(1), 0
    for k in range(40):
        n_features, bias = 1 + k % 5, tuple(SHAPES)[k % 2]
        X, y, is_spoiler = draw(n_features, 1, rng)
        if len(set(y[~is_spoiler])) == 1:
            continue
        points = spoilt(X, y, is_spoiler, SHAPES[bias])
        try:
            if not (points.conflict and points.regular and points.gamma0 > 0.05):
                continue
        except BadInput:
            continue
        law = penalty_law(points, bias)
        C = (30.0 - law.constant) / law.slope
        if law.error(C) <= 1e-2 / 3.0:
            resolved += 1
            assert abs(penalty_thresholds(points, bias, C, 1.0).last - 30.0) <= 1e-2
    assert resolved >= 4


def test_of_many_multipliers_those_of_largest_entropy_count() -> None:
    """Two more points at the margin of the supports: alpha and mu are not unique, and the threshold chooses."""
    X, y, is_spoiler = corners()
    more = [[0.75, -0.5], [0.5, 0.0]]
    points = spoilt(np.vstack([more, X]), np.append([1, 1], y), np.append([False] * 2, is_spoiler), "ball")
    assert points.base[:2] @ CORNERS.best.v == pytest.approx(CORNERS.gamma0)
    law = penalty_law(points, "penalised")
    assert np.isnan(law.constant)
    early, late = (penalty_thresholds(points, "penalised", C, 1.0).last for C in (600.0, 1200.0))
    assert (late - early) / 600.0 == pytest.approx(law.slope, rel=2e-3)
    assert abs(points.gamma0**2 / (2.0 * points.best.mu[0]) / law.slope - 1.0) > 0.02  # one of the others
