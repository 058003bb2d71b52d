from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
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


def mean_gradient(loss: Loss, X: Floats, y: Floats, w: Floats, eps: float) -> Floats:
    gradient = reference.unit_loss(loss, X, y, w, eps)[1]
    return gradient if loss == "cross-entropy" else gradient / len(y)


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


def kkt_violation(w: Floats, gradient: Floats, bound: Bound) -> float:
    """Return how far the KKT conditions are from holding: no descent that the bound allows."""
    R = bound.weight_bound
    if bound.shape == "ball" and np.linalg.norm(w) > R * (1 - 1e-9):
        gradient = gradient + max(0.0, -float(gradient @ w) / R**2) * w
    elif bound.shape == "box":
        gradient = np.where(w == R, np.maximum(gradient, 0), np.where(w == -R, np.minimum(gradient, 0), gradient))
    return float(np.abs(gradient).max())


@pytest.mark.parametrize("method", ["L-BFGS-B", "newton"])
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
def test_minima_are_stationary_inside_the_bound(loss: Loss, eps: float, bound: Bound, method: Any) -> None:
    for seed in range(5):
        X, y = noisy(seed)
        w0 = np.random.default_rng(seed).normal(size=3)
        fit = sigmoid_unit(X, y, loss=loss, eps=eps, bound=bound, w0=w0, method=method)
        assert fit.stop == Stop.STATIONARY
        assert fit.residual <= 1e-9
        assert bound.shape != "box" or np.abs(fit.w).max() <= 1.5
        assert bound.shape != "ball" or np.linalg.norm(fit.w) <= 1.5 * (1 + 1e-15)  # rounding of the norm
        # 1e-8: at most a few times the residual, which measures the same by projection.
        assert kkt_violation(fit.w, mean_gradient(loss, X, y, fit.w, eps), bound) <= 1e-8


@BOUNDS
@EACH_LOSS
def test_a_fit_tells_its_loss_and_its_residual(loss: Loss, bound: Bound) -> None:
    X, y = noisy(0)
    fit = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=bound, **DESCENT, max_steps=2)
    np.testing.assert_allclose(fit.loss, reference.unit_loss(loss, X, y, fit.w, 0.1)[0], rtol=1e-12)
    step = fit.w - mean_gradient(loss, X, y, fit.w, 0.1)
    if bound is BOX:
        step = np.clip(step, -1.5, 1.5)
    if bound is BALL:
        step *= min(1.0, 1.5 / float(np.linalg.norm(step)))
    np.testing.assert_allclose(fit.residual, np.abs(fit.w - step).max(), rtol=1e-12)  # sums of 12 terms
    assert fit.stop == Stop.BUDGET_SPENT


# Other solvers


def cross_entropy(X: Floats, y: Floats, penalty: float = 0.0) -> Any:
    def function(w: Floats) -> tuple[float, Floats]:
        E, gradient = reference.unit_loss("cross-entropy", X, y, w, 0.1)
        return E + penalty / 2 * float(w @ w), gradient + penalty * w

    return function


@pytest.mark.parametrize("seed", range(3))
def test_box_matches_slsqp(seed: int) -> None:
    X, y = noisy(seed)
    box = optimize.Bounds(-0.5, 0.5)
    options = {"ftol": 1e-16}
    other = optimize.minimize(cross_entropy(X, y), np.zeros(3), jac=True, method="SLSQP", bounds=box, options=options)
    fit = sigmoid_unit(X, y, eps=0.1, bound=Bound("box", 0.5))
    assert np.abs(fit.w).max() == 0.5
    np.testing.assert_allclose(fit.w, other.x, rtol=0, atol=1e-7)  # the loss is flat to 1e-16 there


@pytest.mark.parametrize("seed", range(3))
def test_ball_matches_the_penalty_that_gives_its_radius(seed: int) -> None:
    X, y = noisy(seed)

    def penalised(penalty: float) -> Floats:
        answer = optimize.minimize(cross_entropy(X, y, penalty), np.zeros(3), jac=True, method="BFGS", tol=1e-9)
        return np.asarray(answer.x)

    penalty: float = optimize.brentq(lambda c: float(np.linalg.norm(penalised(c))) - 0.5, 1e-3, 2.0, xtol=1e-10)
    fit = sigmoid_unit(X, y, eps=0.1, bound=Bound("ball", 0.5))
    np.testing.assert_allclose(fit.w, penalised(penalty), rtol=0, atol=1e-6)  # 1e-9 over the least curvature


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
    assert fit.stop == Stop.STATIONARY
    assert fit.loss < 1e-6
    assert separates(fit.w, FOUR.X, FOUR.y)


# Descent


@EACH_LOSS
@BOUNDS
def test_descent_is_the_literal_rule(bound: Bound, loss: Loss) -> None:
    X, y = noisy(2)
    fit = sigmoid_unit(
        X, y, loss=loss, eps=0.1, bound=bound, w0=[1.0, -1.0, 0.5], **DESCENT, max_steps=50, record_path=True
    )
    w = np.array([1.0, -1.0, 0.5])
    assert fit.path is not None
    assert fit.path.shape == (51, 3)
    assert fit.n_updates == fit.n_passes == 50
    assert np.array_equal(fit.path[-1], fit.w)
    for recorded in fit.path:
        np.testing.assert_allclose(recorded, w, rtol=1e-11, atol=1e-13)  # 50 steps of a few roundings each
        w = w - 0.1 * reference.unit_loss(loss, X, y, w, 0.1)[1]
        if bound is BOX:
            w = np.clip(w, -1.5, 1.5)
        if bound is BALL:
            w = w * min(1.0, 1.5 / float(np.linalg.norm(w)))


@EACH_LOSS
@BOUNDS
def test_small_steps_descend_and_never_leave_the_bound(bound: Bound, loss: Loss) -> None:
    X, y = noisy(3)
    fit = sigmoid_unit(
        X, y, loss=loss, eps=0.1, bound=bound, w0=[-9.0, 9.0, 9.0], method="descent", learning_rate=0.02,
        max_steps=200, record_path=True,
    )  # fmt: skip
    assert fit.path is not None
    E = [reference.unit_loss(loss, X, y, w, 0.1)[0] for w in fit.path]
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
    expected = Stop.STATIONARY if scale == 1.0 else Stop.NOT_FINITE
    assert fit.stop == expected
    assert np.isfinite(fit.w).all() == (expected == Stop.STATIONARY)
    assert fit.n_updates == 1


@pytest.mark.parametrize("bound", [NONE, BOX, BALL], ids=lambda bound: bound.shape)
def test_the_budget_is_kept(bound: Bound) -> None:
    fit = sigmoid_unit(*noisy(5), loss="quadratic", bound=bound, w0=[-3.0, -3.0, 3.0], max_steps=1)
    assert fit.stop == Stop.BUDGET_SPENT
    assert fit.n_updates == 1
    assert fit.residual > 1e-9


# Weights, invariances, stacks


@METHODS
@EACH_LOSS
def test_a_weight_counts_copies(loss: Loss, method: dict[str, Any]) -> None:
    X, y = noisy(6)
    copies = np.arange(len(y)) % 4 + 1
    weighted = sigmoid_unit(X, y, loss=loss, eps=0.1, sample_weight=copies, bound=BOX, **method)
    copied = sigmoid_unit(np.repeat(X, copies, axis=0), np.repeat(y, copies), loss=loss, eps=0.1, bound=BOX, **method)
    np.testing.assert_allclose(weighted.w, copied.w, rtol=0, atol=1e-7)  # 1e-9 over the least curvature
    np.testing.assert_allclose(weighted.loss, copied.loss, rtol=1e-12)  # flat at the minimum


@EACH_LOSS
def test_the_quadratic_losses_are_sums_and_cross_entropy_is_a_mean(loss: Loss) -> None:
    X, y = noisy(7)
    once = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=BOX)
    twice = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=BOX, sample_weight=np.full(len(y), 2.0))
    assert twice.loss == once.loss * (1 if loss == "cross-entropy" else 2)
    assert np.array_equal(twice.w, once.w)


@METHODS
@EACH_LOSS
@pytest.mark.parametrize("bound", [NONE, BALL], ids=lambda bound: bound.shape)
def test_rotating_the_points_rotates_the_weights(bound: Bound, loss: Loss, method: dict[str, Any]) -> None:
    X, y = noisy(8)
    turn = np.eye(3)
    turn[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    w0 = np.array([0.3, -0.2, 0.1])
    fit = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=bound, w0=w0, **method)
    turned = sigmoid_unit(X @ turn[:2, :2].T, y, loss=loss, eps=0.1, bound=bound, w0=turn @ w0, **method)
    np.testing.assert_allclose(turned.w, turn @ fit.w, rtol=0, atol=1e-7)  # 1e-9 over the least curvature


@METHODS
@EACH_LOSS
@BOUNDS
def test_flipping_all_labels_and_the_start_negates_the_weights(
    bound: Bound, loss: Loss, method: dict[str, Any]
) -> None:
    X, y = noisy(9)
    w0 = np.array([0.3, -0.2, 0.1])
    fit = sigmoid_unit(X, y, loss=loss, eps=0.1, bound=bound, w0=w0, **method)
    flipped = sigmoid_unit(X, -y, loss=loss, eps=0.1, bound=bound, w0=-w0, **method)
    np.testing.assert_allclose(flipped.w, -fit.w, rtol=0, atol=1e-7)  # 1e-9 over the least curvature
    np.testing.assert_allclose(flipped.loss, fit.loss, rtol=1e-12)  # flat at the minimum


@METHODS
@pytest.mark.parametrize(
    ("sets", "starts"), [((3,), ()), ((), (2,)), ((3,), (2, 1)), ((3,), (2, 3)), ((1,), (2,))], ids=str
)
def test_a_stack_of_sets_and_starts_is_a_loop(
    sets: tuple[int, ...], starts: tuple[int, ...], method: dict[str, Any]
) -> None:
    rng, shape = np.random.default_rng(10), np.broadcast_shapes(sets, starts)
    data, w0 = four_points(rng.uniform(2, 5, sets)), rng.normal(size=(*starts, 3))
    arguments = {"loss": "quadratic", "eps": 0.1, "bound": BOX, "sample_weight": [1, 2, 3, 4], **method}
    fit = sigmoid_unit(data.X, data.y, w0=w0, **arguments)
    assert fit.w.shape == (*shape, 3)
    X, y = np.broadcast_to(data.X, (*shape, 4, 2)), np.broadcast_to(data.y, (*shape, 4))
    start = np.broadcast_to(w0, (*shape, 3))
    for index in np.ndindex(shape):
        alone = sigmoid_unit(X[index], y[index], w0=start[index], **arguments)
        assert fit.n_updates[index] == alone.n_updates
        assert fit.stop[index] == alone.stop
        # 1e-9: a stack may sum in another order, 200 steps long.
        np.testing.assert_allclose(fit.w[index], alone.w, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(fit.loss[index], alone.loss, rtol=1e-9)


@METHODS
def test_a_stack_of_weights_on_one_set_is_a_loop(method: dict[str, Any]) -> None:
    X, y = noisy(11)
    weight = np.random.default_rng(11).uniform(1, 2, (3, len(y)))
    fit = sigmoid_unit(X, y, eps=0.1, bound=BOX, sample_weight=weight, **method)
    for i in range(3):
        alone = sigmoid_unit(X, y, eps=0.1, bound=BOX, sample_weight=weight[i], **method)
        np.testing.assert_allclose(fit.w[i], alone.w, rtol=1e-9)  # a stack may sum in another order


def test_a_set_of_a_stack_stands_still_once_it_is_stationary() -> None:
    data = four_points([1.0, 5.0])
    fit = sigmoid_unit(data.X, data.y, eps=0.1, method="descent", learning_rate=0.3, record_path=True)
    first, last = fit.n_updates.min(), fit.n_updates.max()
    assert (fit.stop == Stop.STATIONARY).all()
    assert fit.path is not None
    assert fit.path.shape == (2, last + 1, 3)
    assert first < last
    assert (fit.path[np.argmin(fit.n_updates), first:] == fit.w[np.argmin(fit.n_updates)]).all()
