from typing import Any

import numpy as np
import pytest

from study.analysis.separability import is_separable
from study.checks import BadInput
from study.law.conflict import Spoilt, largest_margin, spoilt
from tests.law.geometries import GEOMETRIES, SHAPES, corners

NAMED = pytest.mark.parametrize("points", GEOMETRIES.values(), ids=GEOMETRIES)


def test_the_corners_by_hand() -> None:
    points = spoilt(*corners(), "box")
    best = points.best
    assert (points.gamma0, points.gamma1, points.spoiler_margin) == pytest.approx((0.5, 1.0, -1.0))
    assert best.v == pytest.approx([1.0, 0.5, 0.0])
    assert best.alpha[points.supports] == pytest.approx([0.25, 0.75])
    assert best.mu == pytest.approx([0.5])
    assert points.entropy == pytest.approx(0.25 * np.log(4) + 0.75 * np.log(4 / 3))
    assert points.gap == pytest.approx(1.0)
    assert points.regular
    assert points.conflict
    assert spoilt(*corners(4.0, 8.0), "box").best.mu == pytest.approx([0.125])
    ball = spoilt(*corners(), "ball")
    assert (ball.gamma0, ball.gamma1) == pytest.approx((1 / np.sqrt(5), 1.0))


@NAMED
def test_the_multipliers_prove_the_margin(points: Spoilt) -> None:
    """Duality (Lemma 1c): the multipliers bound every direction, and the best one attains the bound."""
    best = points.best
    assert best.alpha.min() >= -1e-12
    assert best.alpha.sum() == pytest.approx(1.0, abs=1e-9)
    assert best.mu.min() > 1e-6
    nu = best.alpha @ points.base + best.mu @ points.spoilers
    dual = np.abs(nu).sum() if points.shape == "box" else np.linalg.norm(nu)
    assert dual == pytest.approx(points.gamma0, rel=1e-8)
    assert (points.base @ best.v).min() == pytest.approx(points.gamma0, rel=1e-8)
    assert points.spoilers @ best.v == pytest.approx(0.0, abs=1e-8)
    size = np.abs(best.v).max() if points.shape == "box" else np.linalg.norm(best.v)
    assert size == pytest.approx(1.0, abs=1e-9)
    assert 0.0 < points.gamma0 < points.gamma1
    assert points.spoiler_margin < 0.0
    assert points.regular


@pytest.mark.parametrize("shape", SHAPES)
def test_gamma0_is_positive_exactly_where_the_points_are_separable(shape: Any) -> None:
    rng = np.random.default_rng(2)
    verdicts = []
    for _ in range(60):
        X = rng.integers(-3, 4, size=(6, 2)).astype(float)
        y = np.where(rng.random(6) < 0.5, 1.0, -1.0)
        y[:2] = 1.0, -1.0
        separable = bool(is_separable(X, y))
        try:
            found = spoilt(X, y, np.arange(6) == 5, shape).gamma0 > 0.0
        except BadInput:
            found = False
        assert found == separable
        verdicts.append(separable)
    assert 5 < sum(verdicts) < 55


def test_a_lift_keeps_the_spoilers_off_the_boundary() -> None:
    points = spoilt(*corners(), "ball")
    margins = []
    for lift in (0.0, 0.25, 1.0):
        v = largest_margin(points.base, points.spoilers, "ball", lift).v
        margins.append((points.base @ v).min())
        assert (points.spoilers @ v).min() >= lift * margins[-1] - 1e-9
    assert margins == sorted(margins, reverse=True)


def test_a_degenerate_geometry_is_not_called_regular() -> None:
    X, y, is_spoiler = corners(1.0, 2.0)
    doubled = spoilt(np.vstack([X[1], X]), np.append(y[1], y), np.append(False, is_spoiler), "box")
    assert not doubled.regular


@pytest.mark.parametrize("shape", SHAPES)
def test_xor_has_no_margin(shape: Any) -> None:
    xor = spoilt([[0, 0], [1, 1], [0, 1], [1, 0]], [1, 1, -1, -1], [False, False, False, True], shape)
    with pytest.raises(BadInput, match="must be separable"):
        _ = xor.gamma0
