"""The logarithm of the loss is right where the loss itself is no longer a number, and so is its gradient."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import check_grad

from study.trainers.log_loss import log_loss, log_loss_of_margin
from study.trainers.losses import Loss

EACH_LOSS = pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])


@EACH_LOSS
@pytest.mark.parametrize("m", [-800.0, -30.0, -1.0, 0.0, 1.0, 12.0, 29.0, 31.0, 800.0])
def test_a_sample_agrees_with_decimals(loss: Loss, m: float) -> None:
    with localcontext() as context:
        context.prec = 800
        odds = Decimal(-m).exp()
        value = (1 + odds).ln() if loss == "cross-entropy" else (odds / (1 + odds)) ** 2 / 2
        wrong = odds / (1 + odds)
        ratio = -wrong / value if loss == "cross-entropy" else -2 / (1 + odds)
        expected = float(value.ln()), float(ratio)
    found = log_loss_of_margin(loss, np.array([m]))
    assert (found[0][0], found[1][0]) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@EACH_LOSS
@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
def test_the_gradient_is_the_slope(loss: Loss, scale: float) -> None:
    rng = np.random.default_rng(0)
    Z, ln_weight = rng.normal(size=(7, 3)), rng.normal(size=7)
    w = scale * rng.normal(size=3)

    def value(v: np.ndarray) -> float:
        return log_loss(loss, Z, Z @ v, ln_weight)[0]

    def gradient(v: np.ndarray) -> np.ndarray:
        return log_loss(loss, Z, Z @ v, ln_weight)[1]

    assert check_grad(value, gradient, w, epsilon=1e-7 * scale) < 1e-4
