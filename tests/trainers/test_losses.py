import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import approx_fprime

from study.datasets.published import four_points
from study.trainers.losses import LOSSES, Loss, convention, loss_of_margin, objective
from tests import reference

Floats = NDArray[np.float64]

EPS = (0.0, 0.1, 0.3)
CASES = list(itertools.product(LOSSES, EPS))


@pytest.mark.parametrize(("loss", "eps"), CASES)
def test_matches_the_slides(loss: Loss, eps: float) -> None:
    z = np.array([-300.0, -40.0, -5.0, -1.0, -0.1, 0.0, 0.1, 0.8, 1.0, 2.1, 2.3, 5.0, 40.0, 300.0])
    for label in (-1.0, 1.0):
        value, slope, _ = loss_of_margin(loss, label * z, eps)
        expected = np.transpose([reference.sample_loss(loss, label, x, eps) for x in z])
        # 1e-13: a few hundred roundings; o - d loses a digit and a half next to the target, exp keeps all but two.
        np.testing.assert_allclose(value, expected[0], rtol=1e-13)
        np.testing.assert_allclose(label * slope, expected[1], rtol=1e-13)


@pytest.mark.parametrize(("loss", "eps"), CASES)
def test_slope_and_curvature_are_the_derivatives(loss: Loss, eps: float) -> None:
    m, h = np.linspace(-8.05, 8.05, 162), 1e-5  # no point within h of the kink at ln((1 - eps) / eps)
    _, slope, curvature = loss_of_margin(loss, m, eps)
    high, low = loss_of_margin(loss, m + h, eps), loss_of_margin(loss, m - h, eps)
    # 1e-9: central differences are off by h^2 / 6 times a third derivative below 1/2, and by rounding / h.
    np.testing.assert_allclose(slope, (high[0] - low[0]) / (2 * h), rtol=0, atol=1e-9)
    np.testing.assert_allclose(curvature, (high[1] - low[1]) / (2 * h), rtol=0, atol=1e-9)


@pytest.mark.parametrize("eps", EPS[1:])
def test_threshold_quadratic_is_zero_beyond_the_target_and_quadratic_before_it(eps: float) -> None:
    target = np.log((1 - eps) / eps)
    before, beyond = target - np.array([1e-6, 1.0, 1e3]), target + np.array([1e-6, 1.0, 1e3])
    assert not np.any(loss_of_margin("threshold-quadratic", beyond, eps))
    short = loss_of_margin("threshold-quadratic", before, eps)
    assert np.array_equal(short, loss_of_margin("quadratic", before, eps))
    assert (loss_of_margin("quadratic", beyond, eps)[0] > 0.0).all()


def test_hard_targets_are_never_passed() -> None:
    m = np.linspace(-40.0, 40.0, 801)
    hard = loss_of_margin("threshold-quadratic", m, 0.0)
    assert np.array_equal(hard, loss_of_margin("quadratic", m, 0.0))


@pytest.mark.parametrize(("loss", "eps"), CASES)
def test_stays_finite_at_the_ends_of_the_range(loss: Loss, eps: float) -> None:
    assert np.isfinite(loss_of_margin(loss, np.array([-1e308, -1e3, 1e3, 1e308]), eps)).all()
    data = four_points(1e308)
    for w in ([0.0, 1.0, 0.0], [1.0, -1.0, 1.0]):  # the spoiler's margin is -1e308 and 1e308
        value, gradient = objective(data.X, data.y.astype(float), np.ones(4), loss, eps).value_and_gradient(np.array(w))
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_objective_is_the_weighted_mean_of_the_slides_losses(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(6, 2)), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]), rng.normal(size=3)
    copies = np.array([1, 2, 3, 1, 5, 1])
    problem = objective(X, y, copies.astype(float), loss, 0.1)
    E, gradient = reference.mean_loss(loss, np.repeat(X, copies, axis=0), np.repeat(y, copies), w, 0.1)
    factor = convention(loss, copies.sum())
    assert factor == (1 if loss == "cross-entropy" else 13)  # the slides average one and sum the others
    # 1e-13: sums of 13 terms of one size.
    np.testing.assert_allclose(problem.value_and_gradient(w)[0], E, rtol=1e-13)
    np.testing.assert_allclose(problem.value_and_gradient(w)[1], gradient, rtol=1e-13, atol=1e-15)


def moderate(size: int | tuple[int, ...], low: float, high: float) -> st.SearchStrategy[Floats]:
    return arrays(np.float64, size, elements=st.floats(low, high))


@settings(max_examples=80)
@given(
    X=moderate((5, 2), -3, 3),
    y=arrays(np.float64, 5, elements=st.sampled_from([-1.0, 1.0])),
    sample_weight=moderate(5, 0.1, 10),
    w=moderate(3, -3, 3),
    loss=st.sampled_from(LOSSES),
    eps=st.sampled_from(EPS),
)
def test_gradient_and_hessian_are_the_derivatives(
    X: Floats, y: Floats, sample_weight: Floats, w: Floats, loss: Loss, eps: float
) -> None:
    problem = objective(X, y, sample_weight, loss, eps)
    # 1e-6: forward differences of step 1.5e-8 with second derivatives up to 5 and values up to 20.
    expected = approx_fprime(w, lambda v: problem.value_and_gradient(v)[0])
    np.testing.assert_allclose(problem.value_and_gradient(w)[1], expected, rtol=0, atol=1e-6)
    if loss != "threshold-quadratic":  # its curvature jumps
        expected = approx_fprime(w, lambda v: problem.value_and_gradient(v)[1])
        np.testing.assert_allclose(problem.hessian(w), expected, rtol=0, atol=1e-6)


def test_a_stack_is_a_loop() -> None:
    rng = np.random.default_rng(1)
    X, y, weight = rng.normal(size=(2, 3, 5, 2)), np.array([1.0, -1.0, -1.0, 1.0, 1.0]), rng.uniform(1, 2, (2, 3, 5))
    w = rng.normal(size=(2, 3, 3))
    problem = objective(X, y, weight, "quadratic", 0.1)
    value, gradient = problem.value_and_gradient(w)
    for index in np.ndindex(2, 3):
        alone = objective(X[index], y, weight[index], "quadratic", 0.1)
        # 1e-13: sums of 5 terms of one size, perhaps in another order.
        np.testing.assert_allclose(value[index], alone.value_and_gradient(w[index])[0], rtol=1e-13)
        np.testing.assert_allclose(gradient[index], alone.value_and_gradient(w[index])[1], rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(problem.hessian(w)[index], alone.hessian(w[index]), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("eps", EPS)
def test_the_two_lines_of_the_slides_gradient_agree(eps: float) -> None:
    rng = np.random.default_rng(2)
    X, y, w = rng.normal(size=(50, 6, 2)), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]), rng.normal(size=(50, 3))
    before = reference.cross_entropy_gradient(X, y, w, eps=eps, simplified=False)
    after = reference.cross_entropy_gradient(X, y, w, eps=eps, simplified=True)
    # 1e-12: the product divides by outputs down to a thousandth.
    np.testing.assert_allclose(before, after, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        after, objective(X, y, np.ones(6), "cross-entropy", eps).value_and_gradient(w)[1], atol=1e-14
    )


def test_the_simplified_gradient_survives_saturation_and_the_other_does_not() -> None:
    X, y = np.array([[1.0], [-1.0]]), np.array([-1.0, 1.0])  # both on the wrong side
    for theta in (40.0, 800.0, 1e300):
        w = np.array([theta, 0.0])
        np.testing.assert_array_equal(reference.cross_entropy_gradient(X, y, w, simplified=True), [1.0, 0.0])
        assert np.isnan(reference.cross_entropy_gradient(X, y, w, simplified=False)).any()
