import numpy as np
import pytest
from flint import arb, arb_mat

from experiments._strict_minimum import OneHiddenLayer, positive_definite, strict_minimum
from experiments.hidden_failures import EPS, LAYERS, TEACHER, apex_points, certificate, line_points, lipschitz
from study.datasets.dataset import Floats
from study.report.provenance import read_tables
from study.trainers.layers import outputs, value_and_gradient
from tests.conftest import ROOT


def test_the_minimum_is_proved_and_loses_the_spoiler_alone() -> None:
    proof = certificate()
    points, weight = apex_points()
    assert proof.proved
    assert proof.lost == (False,) * 15 + (True,)
    assert proof.separated == (True,) * 15 + (False,)
    value, gradient = value_and_gradient(
        np.array(proof.w), points.X, points.y, weight / weight.sum(), LAYERS, "quadratic", EPS
    )
    assert value * weight.sum() == pytest.approx(proof.loss[0], rel=1e-12)
    assert np.abs(gradient).max() < 1e-14
    assert ((points.y * outputs(np.array(proof.w), points.X, LAYERS) > 0) == proof.separated).all()


def test_what_is_not_so_is_not_proved() -> None:
    points, weight = apex_points()
    net = OneHiddenLayer(points.X, points.y, weight, EPS, LAYERS[0])
    assert not strict_minimum(net, TEACHER, radius=1e-6).proved  # too wide a box
    assert not strict_minimum(net, TEACHER, radius=1e-9).proved  # one stationary point, but a Hessian not known so well
    assert strict_minimum(net, TEACHER, radius=1e-10).proved
    light = OneHiddenLayer(points.X, points.y, np.where(points.is_spoiler, 1.0, 10.0), EPS, LAYERS[0])
    assert not strict_minimum(light, certificate().w).proved  # at weight ten there is no such minimum


def test_the_derivatives_are_the_networks() -> None:
    points, weight = apex_points()
    net = OneHiddenLayer(points.X, points.y, weight, EPS, LAYERS[0])
    w = np.random.default_rng(0).normal(size=9)
    gradient, hessian = net.derivatives([arb(float(value)) for value in w])

    def expected(w: Floats) -> Floats:
        return value_and_gradient(w, points.X, points.y, weight, LAYERS, "quadratic", EPS)[1]

    assert [float(g) for g in gradient.entries()] == pytest.approx(expected(w), rel=1e-11, abs=1e-12)
    h = 1e-6
    columns = [(expected(w + h * e) - expected(w - h * e)) / (2 * h) for e in np.eye(9)]
    found = np.array([float(value) for value in hessian.entries()]).reshape(9, 9)
    # 1e-4: h^2 times derivatives of some hundred, and rounding over h.
    np.testing.assert_allclose(found, np.array(columns).T, atol=1e-4, rtol=1e-6)


def test_definiteness() -> None:
    assert positive_definite(arb_mat(2, 2, [2, 1, 1, 2]))
    assert not positive_definite(arb_mat(2, 2, [1, 2, 2, 1]))
    assert not positive_definite(arb_mat(2, 2, [arb(1, 0.1), 1, 1, arb(1, 0.1)]))


def test_no_weights_inside_the_bound_are_steeper_than_the_lipschitz_constant() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(-2, 2, 4001)[:, None]
    for depth in (1, 2):
        layers = (4,) * depth + (1,)
        w = 3.0 * np.sign(rng.normal(size=(200, 4 * 2 + (depth - 1) * 20 + 5)))  # corners of the box
        slope = np.abs(np.diff(outputs(w, x, layers), axis=-1)).max() / (x[1, 0] - x[0, 0])
        assert 0.1 * lipschitz(depth) < slope <= lipschitz(depth)


def test_the_losses_of_the_global_failure_in_ball_arithmetic() -> None:
    rows = read_tables(ROOT / "experiments" / "results", "hidden_failures")["global"]
    points = line_points()
    assert rows["every_optimum_fails"].sum() >= 20
    for row in rows[rows["every_optimum_fails"]].itertuples():
        margins = [arb(row.margin_minus), arb(row.margin_plus), arb(row.margin_spoiler)]
        counts = [row.copies, row.copies, 1]
        reach = arb(lipschitz(row.depth)) * arb(points.X[2, 0] - points.X[0, 0])

        def loss(m: arb, quadratic: bool = row.loss == "quadratic") -> arb:
            q = 1 / (1 + m.exp())
            return q * q / 2 if quadratic else (1 + (-m).exp()).log()

        total = sum((n * loss(m) for n, m in zip(counts, margins, strict=True)), arb(0))
        assert total < row.copies * loss(reach)
        assert row.margin_spoiler < 0
