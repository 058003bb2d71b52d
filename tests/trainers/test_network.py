import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from study.datasets.dataset import Floats
from study.datasets.generators import make_boxes
from study.datasets.spoilers import add_spoilers
from study.trainers.bounded import kkt_residual
from study.trainers.fit import Bound, Stop
from study.trainers.layers import (
    backward,
    forward,
    initial_weights,
    outputs,
    value_and_gradient,
    weight_matrices,
)
from study.trainers.losses import LOSSES, Loss, objective
from study.trainers.network import network
from study.trainers.sigmoid_unit import sigmoid_unit

LAYERS = [(1,), (3, 1), (2, 4, 1), (2, 1, 2, 3, 1)]


def some_points(seed: int = 0, n: int = 7) -> tuple[Floats, Floats, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)), np.where(np.arange(n) % 2 == 0, 1.0, -1.0), rng


def test_the_lectures_backward_pass() -> None:
    W = [
        np.vstack([np.zeros((2, 2)), np.log([0.92 / 0.08, 0.27 / 0.73])]),
        np.array([[-1.7, 2.1], [0.8, -0.2], [0, 0]]),
    ]
    x, _ = forward(W, np.array([[0.7, 1.2]]))
    assert x[1][0] == pytest.approx([0.92, 0.27, 1.0])
    out, t = np.array([0.44, 0.95]), np.array([1.0, 0.0])
    first, second = backward(W, x, (out * (1 - out) * (out - t))[None])
    assert second == pytest.approx(
        np.array([[-0.126945, 0.041515], [-0.037256, 0.012184], [-0.137984, 0.045125]]), abs=5e-7
    )
    assert first == pytest.approx(
        np.array([[0.016967, -0.016475], [0.029087, -0.028243], [0.024239, -0.023536]]), abs=5e-7
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_without_hidden_layers_it_is_the_unit(loss: Loss) -> None:
    X, y, rng = some_points()
    w, weight = rng.normal(size=(4, 3)), rng.uniform(1, 3, len(y))
    problem = objective(X, y, weight, loss, 0.1)
    value, gradient = value_and_gradient(w, X, y, weight / weight.sum(), (1,), loss, 0.1)
    np.testing.assert_allclose(value, problem.value_and_gradient(w)[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, problem.value_and_gradient(w)[1], rtol=1e-12, atol=1e-16)
    for bound in (Bound(), Bound("box", 0.7), Bound("ball", 0.9)):
        how = {"loss": loss, "eps": 0.1, "sample_weight": weight, "bound": bound, "w0": w}
        steps = {"method": "descent", "learning_rate": 0.05, "max_steps": 300, "tol": 0.0}
        unit, net = sigmoid_unit(X, y, **how, **steps), network(X, y, layers=(1,), **how, **steps)  # type: ignore[arg-type]
        np.testing.assert_allclose(net.w, unit.w, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(net.loss, unit.loss, rtol=1e-12)
        np.testing.assert_allclose(net.residual, unit.residual, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("hidden", [(4,), (3, 5)])
def test_one_step_is_scikit_learns(hidden: tuple[int, ...]) -> None:
    X, y, rng = some_points(n=9)
    layers = (*hidden, 1)
    w = initial_weights(2, layers, scale=1.0, rng=rng)
    peer = MLPClassifier(
        hidden, activation="logistic", solver="sgd", alpha=0.0, batch_size=9, momentum=0.0, shuffle=False
    )
    peer.set_params(learning_rate_init=0.3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.partial_fit(X, y, classes=[-1, 1])
        for k, matrix in enumerate(weight_matrices(w, 2, layers)):
            peer.coefs_[k][:], peer.intercepts_[k][:] = matrix[:-1], matrix[-1]
        peer.partial_fit(X, y)
    step = network(X, y, layers=layers, w0=w, method="descent", learning_rate=0.3, max_steps=1)
    # 1e-13: two programmes, the same operations in another order.
    for k, matrix in enumerate(weight_matrices(step.w, 2, layers)):
        np.testing.assert_allclose(matrix[:-1], peer.coefs_[k], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(matrix[-1], peer.intercepts_[k], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("layers", "loss"), list(itertools.product(LAYERS, LOSSES)))
def test_compiled_descent_is_the_textbooks(layers: tuple[int, ...], loss: Loss) -> None:
    X, y, rng = some_points()
    weight = rng.uniform(1, 3, len(y))
    w, share, R = initial_weights(2, layers, scale=1.0, rng=rng), weight / weight.sum(), 1.2
    factor = 1.0 if loss == "cross-entropy" else weight.sum()
    batch = online = np.clip(w, -R, R)
    for _ in range(5):
        batch = np.clip(batch - 0.1 * factor * value_and_gradient(batch, X, y, share, layers, loss, 0.1)[1], -R, R)
        for i in range(len(y)):
            one = value_and_gradient(online, X[i : i + 1], y[i : i + 1], weight[i : i + 1], layers, loss, 0.1)[1]
            online = np.clip(online - 0.1 * one, -R, R)
    how = {"layers": layers, "w0": w, "loss": loss, "eps": 0.1, "sample_weight": weight, "bound": Bound("box", R)}
    for method, expected in (("descent", batch), ("online", online)):
        fit = network(X, y, **how, method=method, learning_rate=0.1, max_steps=5, tol=0.0)  # type: ignore[arg-type]
        np.testing.assert_allclose(fit.w, expected, rtol=1e-12, atol=1e-14)
        assert fit.n_updates == (5 if method == "descent" else 5 * len(y))


@pytest.mark.parametrize("layers", LAYERS[:3])
def test_spectral_steps_and_scipy_find_stationary_points(layers: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    base = make_boxes(10, gap=1.0, length=1.0, spread=1.0, size=6, rng=rng)
    points = add_spoilers(base, 1, depth=0.4, offset=0.5)
    w0 = initial_weights(2, layers, scale=1.0, size=6, rng=rng)
    bound = Bound("box", 2.0)
    share = np.full(11, 1 / 11)
    for method in ("spectral", "L-BFGS-B"):
        fit = network(points.X, points.y, layers=layers, w0=w0, bound=bound, method=method, max_steps=5000, tol=1e-7)
        value, gradient = value_and_gradient(fit.w, points.X, points.y, share, layers, "cross-entropy", 0.0)
        np.testing.assert_allclose(fit.loss, value, rtol=1e-12)
        np.testing.assert_allclose(fit.residual, kkt_residual(fit.w, gradient, bound), rtol=1e-6, atol=1e-12)
        assert (fit.stop == Stop.STATIONARY).all()
        assert np.abs(fit.w).max() <= 2.0
        if layers == (1,):
            best = sigmoid_unit(points.X, points.y, bound=bound).loss
            np.testing.assert_allclose(fit.loss, best, rtol=1e-9)


def test_the_ball_bounds_the_product_of_the_layers_norms() -> None:
    X, y, rng = some_points()
    layers = (3, 4, 1)
    w0 = initial_weights(2, layers, scale=3.0, size=8, rng=rng)
    fit = network(X, y, layers=layers, w0=w0, bound=Bound("ball", 8.0), method="spectral")
    norms = np.array([np.linalg.norm(W, axis=(-2, -1)) for W in weight_matrices(fit.w, 2, layers)])
    assert norms.max() <= 2.0 * (1 + 1e-12)
    assert norms.max() == pytest.approx(2.0)


def test_a_hidden_layer_solves_what_no_line_separates() -> None:
    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([-1, 1, 1, -1])
    w0 = initial_weights(2, (4, 1), scale=2.0, size=5, rng=np.random.default_rng(0))
    fit = network(X, y, layers=(4, 1), w0=w0, bound=Bound("box", 20.0), method="spectral")
    assert (y * outputs(fit.w, X, (4, 1)) > 0).all(axis=-1).any()
    unit = network(X, y, layers=(1,), w0=np.zeros(3), bound=Bound("box", 20.0), method="spectral")
    assert not (y * outputs(unit.w, X, (1,)) > 0).all()


def test_a_rate_that_diverges_stops_as_not_finite() -> None:
    X, y, rng = some_points()
    for layers in ((1,), (3, 1)):
        w0 = initial_weights(2, layers, scale=1.0, rng=rng)
        for method in ("descent", "online"):
            fit = network(1e10 * X, y, layers=layers, w0=w0, method=method, learning_rate=1e308)
            assert (fit.stop == Stop.NOT_FINITE).all() if layers == (1,) else (fit.stop != Stop.STATIONARY).all()
            assert (np.isfinite(fit.w).all() and np.isfinite(fit.loss)) == (fit.stop != Stop.NOT_FINITE)


def test_spectral_steps_are_as_long_as_the_curvature_asks() -> None:
    points = make_boxes(40, n_features=2, gap=1.0, length=1.0, spread=1.0, size=20, rng=np.random.default_rng(0))
    fit = network(
        points.X, points.y, layers=(1,), w0=np.ones((20, 3)), bound=Bound("box", 4.0), method="spectral", tol=1e-9
    )
    assert (fit.stop == Stop.STATIONARY).all()
    assert fit.n_updates.max() <= 30  # plain steps would take hundreds


@pytest.mark.parametrize("how", [{"method": "spectral"}, {"method": "descent", "learning_rate": 1e-3}])
def test_a_spent_budget_is_said(how: dict[str, Any]) -> None:
    X, y, _ = some_points()
    fit = network(X, y, layers=(1,), w0=np.ones(3), bound=Bound("box", 3.0), max_steps=2, **how)
    assert fit.stop == Stop.BUDGET_SPENT
    assert fit.n_updates == 2
