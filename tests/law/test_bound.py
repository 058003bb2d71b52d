import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from study.analysis.separation import separates
from study.checks import BadInput
from study.law.bound import LOSSES, asymptote, error_rate, fits_from, kappa, prediction, sandwich
from study.law.conflict import Spoilt, largest_margin, spoilt
from study.law.thresholds import threshold
from study.trainers.fit import Bound
from study.trainers.losses import Loss
from study.trainers.sigmoid_unit import sigmoid_unit
from tests.law.geometries import GEOMETRIES, corners, optimum

NAMED = pytest.mark.parametrize("points", GEOMETRIES.values(), ids=GEOMETRIES)
EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
CORNERS = spoilt(*corners(), "box")


@NAMED
@EACH_LOSS
def test_the_threshold_is_where_the_optimum_changes_its_mind(points: Spoilt, loss: Loss) -> None:
    """Theorem 1, against the trainer's own optima: right just below M*, wrong just above; k copies move it k-fold."""
    R = 4.0 / points.gamma0
    M = np.exp(threshold(points, loss, R))
    for factor, copies in ((1.0, 1.0), (3.0, 3.0)):
        margins = [
            float(points.spoilers[0] @ optimum(points, loss, R, factor * M * c, copies=copies)) for c in (0.97, 1.03)
        ]
        assert margins[0] > 0.0 > margins[1]


@NAMED
@EACH_LOSS
def test_the_spoilers_loss_never_falls(points: Spoilt, loss: Loss) -> None:
    R = 3.0 / points.gamma0
    margins = [float(points.spoilers[0] @ optimum(points, loss, R, M)) for M in (1.0, 2.0, 5.0, 20.0, 100.0)]
    assert (np.diff(margins) <= 1e-6 * R).all()


@NAMED
@EACH_LOSS
def test_the_bounds_hold_at_every_bound_on_the_weights(points: Spoilt, loss: Loss) -> None:
    """Theorem 2, from tight bounds, where a side may not apply, to wide ones."""
    applied = 0
    for R in (0.5, 2.0 / points.gamma0, 5.0 / points.gamma0):
        low, high = sandwich(points, loss, R)
        exact = threshold(points, loss, R)
        assert low <= exact <= high
        applied += np.isfinite(low) and np.isfinite(high)
    assert applied >= 1


@NAMED
@EACH_LOSS
def test_the_constant(points: Spoilt, loss: Loss) -> None:
    """Theorem 3: within .05 in ln N* where the next base margin exceeds gamma0 by 5 / R, and far nearer at 12 / R."""
    error = [threshold(points, loss, x / points.gap) - prediction(points, loss, x / points.gap) for x in (5.0, 12.0)]
    assert abs(error[0]) < 0.05
    assert abs(error[1]) < (1e-4 if points.shape == "box" else 0.015)
    R = max(8.0 / points.gamma0, 8.0 / points.gap)
    assert asymptote(points, loss, R) == pytest.approx(prediction(points, loss, R), abs=2e-3)


@EACH_LOSS
def test_in_the_ball_the_error_falls_like_one_over_the_bound(loss: Loss) -> None:
    points = GEOMETRIES["drawn 2 ball"]
    scaled = [R * (threshold(points, loss, R) - prediction(points, loss, R)) for R in (60.0, 120.0)]
    assert scaled[0] == pytest.approx(scaled[1], rel=0.05)
    assert abs(scaled[0]) > 0.1


def test_the_numbers_of_the_corners() -> None:
    """N* = 4.559 e^(R/2) and 1.140 e^R with eight base points; 1,844 and 186,900 at R = 12."""
    assert 8 * np.exp(asymptote(CORNERS, "cross-entropy", 12.0) - 6.0) == pytest.approx(4.559, abs=5e-4)
    assert 8 * np.exp(asymptote(CORNERS, "quadratic", 12.0) - 12.0) == pytest.approx(1.140, abs=5e-4)
    assert 8 * np.exp(threshold(CORNERS, "cross-entropy", 12.0)) == pytest.approx(1844.2467, abs=1e-3)
    assert 8 * np.exp(threshold(CORNERS, "quadratic", 12.0)) == pytest.approx(186919.4, abs=1.0)


@pytest.mark.parametrize("mu", [0.02, 0.1, 1 / 6 - 1e-9, 1 / 6, 0.3, 0.5, 2.0])
def test_kappa_is_where_the_lowest_point_changes_sides(mu: float) -> None:
    """The case split against a plain search of K e^(2 mu s) + sigma(-s)^2 over s; both sides meet at 1/6."""
    s = np.sort(np.append(np.linspace(-60.0, 60.0, 24_001), np.linspace(-0.1, 0.1, 2001)))
    K = kappa(mu)

    def excess(K: float) -> float:
        f = K * np.exp(2.0 * mu * s) + 1.0 / (1.0 + np.exp(s)) ** 2
        return float(f[s > 0.0].min() - min(f[s <= 0.0].min(), 1.0))

    assert excess(0.99 * K) < 0.0 < excess(1.01 * K)
    assert kappa(1 / 6 - 1e-9) == pytest.approx(kappa(1 / 6), rel=1e-6)


def test_supports_that_pull_unequally_have_a_prediction_from_some_bound_on() -> None:
    base = [[3, 2, -1, -3, 2, -1], [2, 0, -2, -2, -1, 1], [2, -1, -3, 1, 2, 1]]
    base += [[-2, 0, -1, 0, -3, 1], [1, -2, 0, -1, 1, -1], [-3, -1, 1, 2, -1, -1]]
    points = Spoilt(base=np.array(base, float), spoilers=np.array([[3.0, 3.0, -1.0, 1.0, -3.0, 1.0]]), shape="ball")
    predicted = [prediction(points, "quadratic", R) for R in (0.37, 1.0, 2.0, 4.0, 8.0)]
    assert (np.diff(predicted)[1:] > 0.0).all()
    with pytest.raises(BadInput, match=r"`weight_bound` must be at least 0.3622 for these points; got 0.3"):
        prediction(points, "quadratic", 0.3)


def test_conflict_decides_at_wide_bounds_only() -> None:
    """Proposition 2: at a tight bound a spoiler without conflict can be lost, and one in conflict can be safe."""
    X = [[-3, 3], [4, -2], [3, -4], [2, -1], [-3, -2], [-3, -3]]
    calm = spoilt(X, [1, -1, -1, -1, 1, 1], np.arange(6) == 5, "box")
    assert not calm.conflict
    assert calm.spoiler_margin > 2.0
    for loss in LOSSES:
        assert 1.5 < np.exp(threshold(calm, loss, 0.1)) < 2.5
        assert threshold(calm, loss, 3.0) == asymptote(calm, loss, 3.0) == prediction(calm, loss, 3.0) == np.inf
        assert (
            float(calm.spoilers[0] @ optimum(calm, loss, 0.1, 5.0))
            < 0.0
            < float(calm.spoilers[0] @ optimum(calm, loss, 0.1, 1.2))
        )
        assert float(calm.spoilers[0] @ optimum(calm, loss, 3.0, 1e4)) > 0.0
    X = [[-3, 1], [0, 1], [3, 3], [3, 2], [0, 0], [0, 2]]
    clash = spoilt(X, [-1, -1, 1, 1, -1, 1], np.arange(6) == 5, "box")
    assert clash.conflict
    for loss in LOSSES:
        assert threshold(clash, loss, 0.2) == np.inf
        assert np.isfinite(threshold(clash, loss, 3.0))
        assert float(clash.spoilers[0] @ optimum(clash, loss, 0.2, 1e4)) > 0.0


@NAMED
@EACH_LOSS
def test_only_the_spoiler_is_lost_once_the_bound_is_wide(points: Spoilt, loss: Loss) -> None:
    """Proposition 1: with (n + 1) loss(R gamma) < loss(0), no base point is lost at any M from 1."""
    gamma = largest_margin(np.vstack([points.base, points.spoilers]), points.spoilers[:0], points.shape).margin
    R = np.log((len(points.base) + 1) / np.log(2.0)) / gamma
    limit = threshold(points, loss, R)
    for M in (1.0, 3.0, 10.0, 100.0):
        w = optimum(points, loss, R, M)
        assert (points.base @ w).min() > 0.0
        assert (float(points.spoilers[0] @ w) > 0.0) == (np.log(M) < limit)


@EACH_LOSS
def test_a_weight_nearly_at_its_bound_delays_the_law(loss: Loss) -> None:
    """No exponent sees it: the law is off by half and more until the weights that it needs lie in the box."""
    Z = np.array([[2.38, 0.97, 1], [1.11, -1.65, -1], [0.86, -0.36, -1], [-1.24, -1.33, 1]])
    points = spoilt(Z[:, :2] * Z[:, 2:], Z[:, 2], [0, 0, 0, 1], "box")
    first = fits_from(points, loss)
    assert first > 100.0
    assert error_rate(points, loss) * 80.0 > 50.0
    early, late = (threshold(points, loss, R) - prediction(points, loss, R) for R in (first / 2.0, 2.0 * first))
    assert abs(early) > 0.2
    assert abs(late) < 0.01


@pytest.mark.parametrize("shape", ["box", "ball"])
def test_targets_within_reach_are_never_outvoted(shape: Any) -> None:
    """The paper's proposition on the threshold loss: at each number of copies, on either side of gamma0 R."""
    X, y, flags = corners()
    points, R = spoilt(X, y, flags, shape), 4.0
    starts = np.random.default_rng(1989).uniform(-R, R, (40, 3))
    stack = [np.broadcast_to(a, (40, *a.shape)) for a in (X, y)]

    def trained(u: float, copies: float) -> Any:
        weight = np.where(flags, 1.0, copies)
        unit: dict[str, Any] = {"loss": "threshold-quadratic", "eps": float(expit(-u)), "method": "newton"}
        return sigmoid_unit(*stack, sample_weight=weight, bound=Bound(shape, R), w0=starts, **unit)

    for share, copies in itertools.product((0.5, 0.9, 1.1), (1.0, 10.0, 1e3, 1e5)):
        fit = trained(share * points.gamma0 * R, copies)
        right = separates(fit.w[fit.loss.argmin()], X, y)
        if share < 1.0:
            assert right  # (a)
        elif copies >= 1e3:
            assert not right  # (b)
    everything = np.vstack([points.base, points.spoilers])
    u = 0.99 * R * largest_margin(everything, everything[:0], shape).margin
    assert separates(trained(u, 1e3).w, X, y).all()  # (c): from every start
