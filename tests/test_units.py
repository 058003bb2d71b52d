"""Units with other sigmoids: outputs, slopes and the gradient of both losses."""

import numpy as np
import pytest

from experiments.units import ACTIVATIONS, INVERSES, mean_loss
from study.trainers.losses import loss_of_margin

EACH = pytest.mark.parametrize("activation", ACTIVATIONS)


@EACH
def test_an_output_is_what_its_name_says(activation: str) -> None:
    z = np.array([-30.0, -3.0, -0.5, 0.0, 2.0, 20.0])
    output, slope, ln_output = ACTIVATIONS[activation](z)
    below, above = (ACTIVATIONS[activation](z + h)[0] for h in (-1e-6, 1e-6))
    assert (above - below) / 2e-6 == pytest.approx(slope, abs=1e-9)
    assert np.exp(ln_output) == pytest.approx(output)
    assert output + ACTIVATIONS[activation](-z)[0] == pytest.approx(1.0)
    assert ACTIVATIONS[activation](np.array([INVERSES[activation](0.9)]))[0] == pytest.approx([0.9])


@EACH
@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_the_gradient_is_that_of_the_loss(activation: str, loss: str, eps: float) -> None:
    rng = np.random.default_rng(0)
    Z, w = rng.normal(size=(7, 3)), rng.normal(size=3)
    evaluate = mean_loss(activation, loss, Z, eps)
    _, gradient = evaluate(w)
    steps = 1e-6 * np.eye(3)
    assert [(evaluate(w + h)[0] - evaluate(w - h)[0]) / 2e-6 for h in steps] == pytest.approx(gradient, abs=1e-8)


@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
def test_the_logistic_one_is_that_of_the_trainers(loss: str) -> None:
    Z = np.random.default_rng(1).normal(size=(9, 3))
    value, slope, _ = loss_of_margin(loss, Z @ np.ones(3), 0.1)  # type: ignore[arg-type]
    found, gradient = mean_loss("logistic", loss, Z, 0.1)(np.ones(3))
    assert found == pytest.approx(value.mean())
    assert gradient == pytest.approx(slope @ Z / 9.0)
