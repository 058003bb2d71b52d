"""The penalised unit against scikit-learn, and against the formula of its objective."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from study.checks import BadInput
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Stop
from study.trainers.losses import LOSSES, Bias, Loss
from study.trainers.sigmoid_unit import sigmoid_unit
from tests import reference

Floats = NDArray[np.float64]

EACH_BIAS = pytest.mark.parametrize("bias", ["free", "penalised"])
EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
X4, Y4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [-1.5, 2.0]]), np.array([1.0, 1.0, -1.0, -1.0])


def drawn(rng: np.random.Generator, n_sets: int = 1) -> dict[str, Any]:
    """Return a stack of sets, separable or not, with weights."""
    n_samples, n_features = int(rng.integers(4, 60)), int(rng.integers(1, 8))
    X, v = rng.normal(size=(n_sets, n_samples, n_features)), rng.normal(size=n_features)
    y = np.where(X @ v + rng.choice([0.0, 1.0]) * rng.normal(size=X.shape[:-1]) > 0.0, 1.0, -1.0)
    y[:, :2] = [1.0, -1.0]
    return {"X": X, "y": y, "sample_weight": rng.uniform(0.1, 3.0, y.shape)}


def penalised(loss: Loss, data: dict[str, Any], w: Floats, C: float, bias: Bias) -> tuple[float, Floats]:
    """Return |w|^2 / 2 + C times the summed loss, and its gradient."""
    weight, counted = data["sample_weight"], w * np.append(np.ones(w.size - 1), bias == "penalised")
    value, gradient = reference.mean_loss(loss, data["X"], data["y"], w, 0.1, weight)
    total = C * weight.sum()
    return float(counted @ counted / 2.0 + total * value), counted + total * gradient


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bias", "solver", "n", "tol", "digits"),
    [("free", "newton-cholesky", 1000, 1e-12, 1e-8), ("penalised", "liblinear", 200, 1e-12, 1e-6)],
)
def test_the_weights_are_those_of_scikit_learn(bias: Any, solver: str, n: int, tol: float, digits: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(n // 10):
        data, C = drawn(rng, 10), 10.0 ** rng.uniform(-3.0, 4.0)
        fit = sigmoid_unit(**data, C=C, bias=bias, method="newton")
        assert (fit.stop == Stop.STATIONARY).all()
        for w, X, y, weight in zip(fit.w, data["X"], data["y"], data["sample_weight"], strict=True):
            theirs = LogisticRegression(C=C, solver=solver, tol=tol, max_iter=100_000, random_state=0).fit(X, y, weight)
            np.testing.assert_allclose(w, [*theirs.coef_[0], *theirs.intercept_], rtol=digits, atol=digits)


@EACH_BIAS
@EACH_LOSS
def test_loss_and_residual_are_those_of_the_objective(loss: Loss, bias: Any) -> None:
    rng = np.random.default_rng(4)
    for bound in (Bound(), Bound("box", 0.5), Bound("ball", 0.5)):
        stack, C = drawn(rng, 3), 10.0 ** rng.uniform(-1.0, 2.0)
        options: dict[str, Any] = {"loss": loss, "eps": 0.1, "bound": bound, "C": C, "bias": bias}
        fits = [sigmoid_unit(**stack, **options, method=method) for method in ("newton", "compiled", "L-BFGS-B")]
        for k in range(3):
            data = {name: values[k] for name, values in stack.items()}
            total = C * data["sample_weight"].sum()
            for fit in fits:
                value, gradient = penalised(loss, data, fit.w[k], C, bias)
                np.testing.assert_allclose(fit.loss[k], value, rtol=1e-12)
                residual = reference.kkt_violation(fit.w[k], gradient / total, bound)
                np.testing.assert_allclose(fit.residual[k], residual, rtol=1e-6, atol=1e-12)
                assert residual <= 1e-9
                np.testing.assert_allclose(fit.w[k], fits[0].w[k], rtol=0, atol=1e-6)


@EACH_BIAS
@EACH_LOSS
def test_descent_follows_the_gradient_of_the_objective(loss: Loss, bias: Any) -> None:
    data, C, w = {name: values[0] for name, values in drawn(np.random.default_rng(5)).items()}, 3.0, np.zeros(0)
    rate = 0.1 / (C * data["sample_weight"].sum())
    fit = sigmoid_unit(
        **data, loss=loss, eps=0.1, C=C, bias=bias, method="descent", learning_rate=rate, max_steps=20, record_path=True
    )
    assert fit.path is not None
    w = np.zeros(fit.w.size)
    for recorded in fit.path:
        np.testing.assert_allclose(recorded, w, rtol=0, atol=1e-12)
        w = w - rate * penalised(loss, data, w, C, bias)[1]


@pytest.mark.parametrize("method", ["newton", "compiled", "L-BFGS-B"])
def test_with_more_features_than_samples(method: Any) -> None:
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(20, 100)), rng.choice([-1.0, 1.0], 20)
    theirs = LogisticRegression(C=3.0, solver="newton-cholesky", tol=1e-12).fit(X, y)
    fit = sigmoid_unit(X, y, C=3.0, method=method)
    np.testing.assert_allclose(fit.w, [*theirs.coef_[0], *theirs.intercept_], rtol=0, atol=1e-10)
    fit = sigmoid_unit(X, y, C=3.0, method=method, bound=Bound("box", 0.05))
    assert fit.stop == Stop.STATIONARY
    assert np.abs(fit.w).max() <= 0.05


@EACH_LOSS
def test_an_endless_c_is_no_penalty(loss: Loss) -> None:
    for bound in (Bound(), Bound("box", 2.0)):
        options: dict[str, Any] = {"loss": loss, "bound": bound, "method": "newton"}
        free, endless = sigmoid_unit(X4, Y4, **options), sigmoid_unit(X4, Y4, C=np.inf, bias="penalised", **options)
        assert np.array_equal(free.w, endless.w)
        assert free.loss == endless.loss


def test_what_cannot_be_a_penalty_is_refused() -> None:
    for C in (0.0, -1.0, np.nan):
        with pytest.raises(BadInput, match=r"^`C` must lie in \(0, inf\]; got"):
            sigmoid_unit(X4, Y4, C=C)
    with pytest.raises(BadInput, match=r"^`C` times the sum of `sample_weight` must lie within the range of floats"):
        sigmoid_unit(X4, Y4, C=1e-310)
    with pytest.raises(BadInput, match=r"^`bound.shape` must be one of box, ball; got none$"):
        best_separator(X4, Y4)


@EACH_LOSS
def test_the_best_separator_is_that_of_the_ball_that_it_lies_on(loss: Loss) -> None:
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [-1.5, 4.0]])
    y, weight = np.array([1.0, 1.0, -1.0, -1.0, 1.0]), np.array([9.0, 9.0, 9.0, 9.0, 1.0])
    for C in (0.01, 0.1, 1.0):
        data: dict[str, Any] = {"X": X, "y": y, "sample_weight": weight, "loss": loss}
        fit, free = best_separator(**data, C=C, bias="penalised"), sigmoid_unit(**data, C=C, bias="penalised")
        assert fit.loss > free.loss
        R = float(np.linalg.norm(fit.w))
        np.testing.assert_allclose(fit.w, best_separator(**data, bound=Bound("ball", R)).w, rtol=0, atol=1e-5 * R)
