"""The soft margin against scikit-learn, against the hard one, and at its edges."""

import numpy as np
import pytest
from sklearn.svm import SVC, LinearSVC

from study.analysis.margin import functional_margins
from study.datasets.generators import make_boxes
from study.trainers.fit import Stop
from study.trainers.max_margin import max_margin
from study.trainers.soft_margin import soft_margin


@pytest.mark.parametrize("C", [0.01, 1.0, 10.0])
def test_it_is_scikit_learns(C: float) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 40, 3)), rng.choice([-1.0, 1.0], (5, 40))
    fit = soft_margin(X, y, C=C, max_passes=100_000, tol=1e-8)
    assert (fit.stop == Stop.STATIONARY).all()
    for k in range(5):
        peer = LinearSVC(C=C, loss="hinge", tol=1e-10, max_iter=1_000_000, random_state=0).fit(X[k], y[k])
        np.testing.assert_allclose(fit.w[k], np.append(peer.coef_[0], peer.intercept_), atol=1e-4)
        hinge = np.maximum(0.0, 1.0 - y[k] * (X[k] @ fit.w[k, :3] + fit.w[k, 3])).sum()
        assert fit.loss[k] == pytest.approx(0.5 * fit.w[k] @ fit.w[k] + C * hinge)


def test_a_high_price_gives_the_hard_margin_of_the_points_with_a_one() -> None:
    points = make_boxes(30, 2, size=3, rng=np.random.default_rng(1))
    fit = soft_margin(points.X, points.y, C=1e6, max_passes=1_000_000, tol=1e-8)
    for k in range(3):
        Z = np.column_stack([points.X[k], np.ones(30)])
        gram = SVC(kernel="linear", C=1e6, tol=1e-10).fit(np.vstack([Z, -Z]), np.append(points.y[k], -points.y[k]))
        np.testing.assert_allclose(fit.w[k], gram.coef_[0], atol=1e-4)


@pytest.mark.parametrize("gap", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("C", [1.0, 1e3, 1e6])
def test_a_loss_called_stationary_is_nearly_the_least(C: float, gap: float) -> None:
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(20, 30, 2)), np.tile([1.0, -1.0], 15)
    X[..., 0] = y * (gap + np.abs(X[..., 0]))
    fit = soft_margin(X, y, C=C)
    assert fit.gap is not None
    # No weights have a loss below what the gap proves, least of all those of the widest margin.
    wide = max_margin(X, y).w
    wide = np.stack([wide, 0.3 * wide, fit.w])
    short = np.maximum(0.0, 1.0 - functional_margins(wide, X, y)).sum(axis=-1)
    least = (0.5 * (wide**2).sum(axis=-1) + C * short).min(axis=0)
    assert (fit.loss * (1 - fit.gap) <= least * (1 + 1e-12)).all()
    stationary = fit.stop == Stop.STATIONARY
    assert (fit.loss <= (1 + 1e-4) * least)[stationary].all()
    assert stationary.any() or C > 1.0
    assert np.isin(fit.stop, (Stop.STATIONARY, Stop.BUDGET_SPENT)).all()


def test_a_spent_budget_says_so() -> None:
    rng = np.random.default_rng(2)
    fit = soft_margin(rng.normal(size=(50, 2)), np.tile([1.0, -1.0], 25), C=1e3, max_passes=1)
    assert fit.stop == Stop.BUDGET_SPENT
    assert fit.n_passes == 1
