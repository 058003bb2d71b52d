from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from study.analysis.separation import separates
from study.datasets.published import four_points, three_points
from study.trainers.fit import Bound, Stop
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit
from tests import reference

Floats = NDArray[np.float64]

FOUR = four_points(10.0)
NONE, BOX, BALL = Bound(), Bound("box", 1.5), Bound("ball", 1.5)
BOUNDS = pytest.mark.parametrize("bound", [NONE, BOX, BALL], ids=lambda bound: bound.shape)
EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
DESCENT: dict[str, Any] = {"method": "descent", "learning_rate": 0.1}
METHODS = pytest.mark.parametrize(
    "method", [{}, {"method": "newton"}, {**DESCENT, "max_steps": 200}], ids=lambda m: m.get("method", "L-BFGS-B")
)


def target(eps: float) -> float:
    """Return the weight u that gives (1, 0) and (0, 1) the output 1 - eps."""
    return float(np.log((1 - eps) / eps))


def noisy(seed: int, n_samples: int = 12) -> tuple[Floats, Floats]:
    """Return points that a line separates but for two labels, so that hard targets have their optimum at hand."""
    X = np.random.default_rng(seed).normal(size=(n_samples, 2))
    y = np.sign(X @ [1.0, 2.0])
    y[np.argsort(np.abs(X @ [1.0, 2.0]))[-2:]] *= -1.0
    return X, y


# Known minima


@pytest.mark.parametrize("eps", [0.05, 0.1, 0.2])
def test_three_points_meet_their_targets(eps: float) -> None:
    data, u = three_points(), target(eps)
    for loss in ("quadratic", "cross-entropy"):
        fit = sigmoid_unit(data.X, data.y, loss=loss, eps=eps)
        # 1e-7: a residual of 1e-9 over the least curvature, about 0.01.
        np.testing.assert_allclose(fit.w, [u, u, 0.0], rtol=0, atol=1e-7)
    assert sigmoid_unit(data.X, data.y, loss="quadratic", eps=eps).loss < 1e-15


STUCK, AT_EASE, AT_BOUND = [2.1972, 2.1972, 0.0], [4.3480, -0.0026, 2.1684], [3.0, -0.0529, 1.5321]


@pytest.mark.parametrize(
    ("bound", "w0", "w", "loss", "separated"),
    [
        (NONE, STUCK, STUCK, 0.40500, False),
        (NONE, [4, 0, 2], AT_EASE, 0.00486, True),
        (Bound("box", 5.0), STUCK, STUCK, 0.40500, False),
        (Bound("box", 5.0), [4, 0, 2], AT_EASE, 0.00486, True),
        (Bound("box", 3.0), STUCK, STUCK, 0.40500, False),
        (Bound("box", 3.0), [4, 0, 2], AT_BOUND, 0.01154, True),
    ],
)
def test_four_points_have_two_minima(bound: Bound, w0: Any, w: Any, loss: float, separated: bool) -> None:
    fit = sigmoid_unit(FOUR.X, FOUR.y, loss="quadratic", eps=0.1, bound=bound, w0=w0)
    np.testing.assert_allclose(fit.w, w, rtol=0, atol=1e-4)  # the digits printed
    np.testing.assert_allclose(fit.loss, loss, rtol=0, atol=5e-6)
    assert fit.stop == Stop.STATIONARY
    assert separates(fit.w, FOUR.X, FOUR.y) == separated
    assert (np.abs(fit.w).max() == 3.0) == (w is AT_BOUND)


def test_descent_is_stuck_beyond_the_fold_only() -> None:
    data, u = four_points([4.0, 4.2]), target(0.1)  # the stuck minimum disappears at t = 4.1124
    fit = sigmoid_unit(
        data.X, data.y, loss="quadratic", eps=0.1, w0=[u, u, 0], method="descent", learning_rate=0.2, max_steps=20_000
    )
    assert separates(fit.w, data.X, data.y).tolist() == [True, False]


def test_cross_entropy_separates_from_the_stuck_minimum() -> None:
    fit = sigmoid_unit(FOUR.X, FOUR.y, loss="cross-entropy", eps=0.1, w0=[target(0.1), target(0.1), 0.0])
    assert separates(fit.w, FOUR.X, FOUR.y)


@pytest.mark.parametrize(("t", "first"), [(2, 113), (3, 462)])
def test_threshold_quadratic_separates_from_the_stuck_minimum_in_time(t: float, first: int) -> None:
    data, u = four_points(t), target(0.1)
    fit = sigmoid_unit(
        data.X, data.y, loss="threshold-quadratic", eps=0.1, w0=[u, u, 0], method="descent", learning_rate=0.2,
        max_steps=500, record_path=True,
    )  # fmt: skip
    assert fit.path is not None
    assert np.argmax(separates(fit.path, data.X, data.y)) == first


@pytest.mark.parametrize(
    ("m", "minima"),
    [
        (10, [(0.0498, True)]),
        (20, [(0.0997, True), (0.1088, False)]),
        (50, [(0.1205, False), (0.2488, True)]),
        (100, [(0.1246, False)]),  # a unique minimum that fails to separate
    ],
)
def test_two_heaps_and_a_spoiler(m: int, minima: list[tuple[float, bool]]) -> None:
    X, y, w0 = np.array([[-1.0], [1.0], [-0.2]]), np.array([-1, 1, 1]), np.mgrid[0:6, 0:4].reshape(2, -1).T
    fit = sigmoid_unit(X, y, loss="quadratic", eps=0.1, sample_weight=[m, m, 1], w0=w0)
    separated = separates(fit.w, X, y)
    assert sorted(set(zip(fit.loss.round(4).tolist(), separated.tolist(), strict=True))) == minima
    if m == 100:
        np.testing.assert_allclose(
            fit.w, np.broadcast_to([2.1889, 0.0715], fit.w.shape), rtol=0, atol=5e-5
        )  # as printed


# Stationarity, recomputed


@pytest.mark.parametrize(
    ("loss", "eps", "bound"),
    [
        (loss, eps, bound)
        for loss in LOSSES
        for eps in (0.0, 0.1)
        for bound in (NONE, BOX, BALL)
        # Without a bound the quadratic losses may have their minimum at infinity where the targets are hard.
        if not (bound is NONE and eps == 0.0 and loss != "cross-entropy")
    ],
)
def test_minima_of_the_reference_are_stationary_inside_the_bound(loss: Loss, eps: float, bound: Bound) -> None:
    for seed in range(5):
        X, y = noisy(seed)
        w0 = np.random.default_rng(seed).normal(size=3)
        fit = sigmoid_unit(X, y, loss=loss, eps=eps, bound=bound, w0=w0)
        assert fit.stop == Stop.STATIONARY
        assert fit.residual <= 1e-9
        assert bound.shape != "box" or np.abs(fit.w).max() <= 1.5
        assert bound.shape != "ball" or np.linalg.norm(fit.w) <= 1.5 * (1 + 1e-15)  # rounding of the norm
        E, gradient = reference.mean_loss(loss, X, y, fit.w, eps)
        np.testing.assert_allclose(fit.loss, E * (1 if loss == "cross-entropy" else len(y)), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(fit.residual, reference.kkt_violation(fit.w, gradient, bound), atol=1e-15)


# Other solvers


@pytest.mark.parametrize("seed", range(3))
def test_unbounded_cross_entropy_matches_scikit_learn(seed: int) -> None:
    X, y = noisy(seed, n_samples=30)
    other = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    fit = sigmoid_unit(X, y)
    np.testing.assert_allclose(fit.w, [*other.coef_[0], *other.intercept_], rtol=1e-7)  # 1e-9 over the curvature


@pytest.mark.parametrize("bound", [BOX, BALL, NONE], ids=lambda bound: bound.shape)
def test_cross_entropy_has_one_minimum(bound: Bound) -> None:
    X, y = noisy(1)
    fit = sigmoid_unit(X, y, eps=0.1, bound=bound, w0=np.random.default_rng(1).normal(scale=3, size=(10, 3)))
    np.testing.assert_allclose(fit.w, np.broadcast_to(fit.w[0], (10, 3)), rtol=0, atol=1e-7)  # 1e-9 over the curvature


def test_hard_targets_without_a_bound_end_in_a_separator() -> None:
    fit = sigmoid_unit(FOUR.X, FOUR.y)
    assert fit.stop == Stop.SEPARATED
    assert fit.loss < 1e-6
    assert separates(fit.w, FOUR.X, FOUR.y)


# Descent


@EACH_LOSS
@BOUNDS
def test_small_steps_descend_and_never_leave_the_bound(bound: Bound, loss: Loss) -> None:
    X, y = noisy(3)
    fit = sigmoid_unit(
        X, y, loss=loss, eps=0.1, bound=bound, w0=[-9.0, 9.0, 9.0], method="descent", learning_rate=0.02,
        max_steps=200, record_path=True,
    )  # fmt: skip
    assert fit.path is not None
    E = [reference.mean_loss(loss, X, y, w, 0.1)[0] for w in fit.path]
    assert (np.diff(E) < 0.0).all()
    assert bound is not BOX or np.abs(fit.path).max() == 1.5
    # The start is on the sphere; 1e-15: rounding of the norm.
    assert bound is not BALL or abs(np.linalg.norm(fit.path, axis=-1).max() / 1.5 - 1) <= 1e-15


@BOUNDS
def test_descent_ends_where_l_bfgs_b_does(bound: Bound) -> None:
    X, y = noisy(4)
    fit = sigmoid_unit(X, y, eps=0.1, bound=bound, method="descent", learning_rate=1.0, record_path=True)
    assert fit.stop == Stop.STATIONARY
    assert fit.path is not None
    assert len(fit.path) == fit.n_updates + 1
    before = sigmoid_unit(X, y, eps=0.1, bound=bound, method="descent", learning_rate=1.0, max_steps=len(fit.path) - 2)
    assert fit.residual <= 1e-9 < before.residual
    # 1e-7: a residual of 1e-9 over the least curvature.
    np.testing.assert_allclose(fit.w, sigmoid_unit(X, y, eps=0.1, bound=bound).w, rtol=0, atol=1e-7)


@EACH_LOSS
@pytest.mark.parametrize("scale", [1.0, 1e200])
def test_a_step_too_long_is_an_outcome(scale: float, loss: Loss) -> None:
    fit = sigmoid_unit([[scale], [-scale]], [1, -1], loss=loss, method="descent", learning_rate=1e200, tol=0.0)
    expected = Stop.SEPARATED if scale == 1.0 else Stop.NOT_FINITE
    assert fit.stop == expected
    assert np.isfinite(fit.w).all() == (expected == Stop.SEPARATED)
    assert fit.n_updates == 1


@pytest.mark.parametrize("bound", [NONE, BOX, BALL], ids=lambda bound: bound.shape)
def test_the_budget_is_kept(bound: Bound) -> None:
    fit = sigmoid_unit(*noisy(5), loss="quadratic", bound=bound, w0=[-3.0, -3.0, 3.0], max_steps=1)
    assert fit.stop == Stop.BUDGET_SPENT
    assert fit.n_updates == 1
    assert fit.residual > 1e-9


# Weights, invariances, stacks


@EACH_LOSS
def test_the_quadratic_losses_are_sums_and_cross_entropy_is_a_mean(loss: Loss) -> None:
    X, y = noisy(7)
    once = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=BOX)
    twice = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=BOX, sample_weight=np.full(len(y), 2.0))
    assert twice.loss == once.loss * (1 if loss == "cross-entropy" else 2)
    assert np.array_equal(twice.w, once.w)


def test_a_set_of_a_stack_stands_still_once_it_is_stationary() -> None:
    data = four_points([1.0, 5.0])
    fit = sigmoid_unit(data.X, data.y, eps=0.1, method="descent", learning_rate=0.3, record_path=True)
    first, last = fit.n_updates.min(), fit.n_updates.max()
    assert (fit.stop == Stop.STATIONARY).all()
    assert fit.path is not None
    assert fit.path.shape == (2, last + 1, 3)
    assert first < last
    assert (fit.path[np.argmin(fit.n_updates), first:] == fit.w[np.argmin(fit.n_updates)]).all()
