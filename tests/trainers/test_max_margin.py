from fractions import Fraction
from operator import mul
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import hadamard
from scipy.optimize import nnls
from sklearn.datasets import load_breast_cancer

from study.analysis.margin import functional_margins, geometric_margin
from study.analysis.separability import is_separable
from study.datasets.generators import make_boxes
from study.datasets.published import four_points
from study.datasets.spoilers import add_spoilers
from study.kernels.nearest_points import nearest_points
from study.trainers.fit import Stop
from study.trainers.max_margin import max_margin

Floats = NDArray[np.float64]


def apart(rng: np.random.Generator, n_samples: int, n_features: int, gap: float) -> tuple[Floats, Floats]:
    """Return normal points of alternating labels, each class moved to its own side of a random hyperplane."""
    X, v = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
    v /= np.linalg.norm(v)
    y = np.where(np.arange(n_samples) % 2, 1.0, -1.0)
    side = X @ v
    return X + np.outer(y * (gap + np.abs(side)) - side, v), y


# By hand


@pytest.mark.parametrize(
    ("X", "y", "w"),
    [
        ([[1, 0], [0, 1], [-1, 0], [0, -10]], [1, 1, -1, 1], [2, 0, 1]),  # the line x = -1/2
        ([[0, 0], [2, 0]], [-1, 1], [1, 0, -1]),
        ([[1, 2], [4, 6]], [1, -1], [-0.24, -0.32, 1.88]),  # the bisector: 2 (3, 4) / 5^2, zero at (2.5, 4)
        ([[3], [-1], [7], [-9]], [1, -1, 1, -1], [0.5, -0.5]),
        ([[0, 0], [2, 0], [0, 2], [2, 2]], [-1, 1, -1, 1], [1, 0, -1]),  # four supports where three would do
        ([[0, 1], [-1, 0], [1, 0]], [1, -1, -1], [0, 2, -1]),  # a corner before a side
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [-1, 1, 1, 1], [2, 2, 2, -1]),
        ([[1, 0], [1, 0], [-1, 0], [-1, 0], [-1, 0]], [1, 1, -1, -1, -1], [1, 0, 0]),  # copies count once
    ],
)
def test_boundaries_by_hand(X: Any, y: Any, w: Any) -> None:
    fit = max_margin(X, y)
    np.testing.assert_allclose(fit.w, w, rtol=0, atol=1e-12)  # a few roundings of entries up to 10
    np.testing.assert_allclose(fit.loss, np.square(w[:-1]).sum() / 2, rtol=1e-12)
    assert fit.stop == Stop.STATIONARY
    assert fit.residual <= 1e-12
    assert 2 <= fit.n_updates <= len(X)


@pytest.mark.parametrize("t", [1e-3, 1.0, 10.0, 1e3, 1e5, 1e7])
def test_four_points_keep_their_line_however_far_the_spoiler(t: float) -> None:
    data = four_points(t)
    fit = max_margin(data.X, data.y)
    np.testing.assert_allclose(fit.w, [2.0, 0.0, 1.0], rtol=0, atol=1e-6)
    assert fit.stop == Stop.STATIONARY


@pytest.mark.parametrize("half", 10.0 ** -np.arange(1, 8))
@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[-1.0], [-1.0], [1.0], [1.0]], [-1, -1, 1, 1]),
        ([[-1.0, 0.1], [1.0, 0.1], [-0.9, -0.7]], [-1, 1, -1]),
    ],
)
def test_a_thin_margin_is_found(half: float, X: Any, y: Any) -> None:
    X = np.array(X)
    X[:, 0] *= [half, 1.0, half, 1.0] if len(X) == 4 else [half, half, 1.0]
    X[:, 0] += 0.3
    fit = max_margin(X, y)
    # The margin is promised above 1e-8 of the extent; 1e-6: what rounding at 0.3 leaves of the thinnest one's digits.
    np.testing.assert_allclose(geometric_margin(fit.w, X, y), half, rtol=1e-6)
    assert fit.stop == Stop.STATIONARY


# The widest margin, proved by weak duality: no boundary keeps farther off than half the way between the hulls


def half_way_between_hulls(X: Floats, y: Floats, w: Floats) -> float:
    """Return half the distance of two points of the classes' hulls, chosen among the samples nearest to a boundary."""
    margins = functional_margins(w, X, y)
    near = margins <= margins.min() * (1 + 1e-6)
    X, y = X[near], y[near]
    size = np.abs(X).max()
    share, _ = nnls(np.vstack([(y[:, None] * X).T / size, y]), np.append(w[:-1], 0.0) * size)
    ends = [share[y == side] @ X[y == side] / share[y == side].sum() for side in (1.0, -1.0)]
    return float(np.linalg.norm(ends[0] - ends[1])) / 2


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("place", [0.0, 100.0])
def test_no_boundary_keeps_farther_off(scale: float, place: float) -> None:
    rng = np.random.default_rng(0)
    for n_features in range(1, 21):
        for n_samples in (2, 5, 20, 60):
            X, y = apart(rng, n_samples, n_features, gap=10.0 ** rng.uniform(-1.0, 0.5))
            X = scale * (X + place * rng.normal(size=n_features))
            fit = max_margin(X, y)
            assert fit.stop == Stop.STATIONARY
            assert fit.residual <= 1e-9
            assert 2 <= fit.n_updates <= min(n_samples, n_features + 1)
            # 1e-9: the residual promised; rounding at the farthest place is 1e-12 of the narrowest margin.
            np.testing.assert_allclose(functional_margins(fit.w, X, y).min(), 1.0, rtol=1e-9)
            np.testing.assert_allclose(geometric_margin(fit.w, X, y), half_way_between_hulls(X, y, fit.w), rtol=1e-9)
            np.testing.assert_allclose(fit.loss, fit.w[:-1] @ fit.w[:-1] / 2, rtol=1e-12)


@pytest.mark.parametrize("n_samples", [200, 1000])
def test_sets_of_the_study(n_samples: int) -> None:
    rng = np.random.default_rng(1)
    base = make_boxes(n_samples, 2, rotation="random", size=3, rng=rng)
    data = add_spoilers(base, 3, depth=1.5, offset=7.0, jitter=0.1, rng=rng)
    fit = max_margin(data.X, data.y)
    assert fit.residual.max() <= 1e-9
    for X, y, w in zip(data.X, data.y, fit.w, strict=True):
        np.testing.assert_allclose(geometric_margin(w, X, y), half_way_between_hulls(X, y, w), rtol=1e-9)


# Margins known exactly, however thin


def with_margin(rng: np.random.Generator, size: int, half: float, n_samples: int = 30) -> tuple[Floats, Floats]:
    """Return points whose widest margin is 5 sqrt(size) half: the plane x_0 = 0, turned by whole numbers.

    The first two samples lie on both sides of one place, so no boundary keeps farther off; others are pushed aside.
    """
    X = rng.integers(-9, 10, (n_samples, 2 * size)) / 1.0
    y = np.where(np.arange(n_samples) % 2, 1.0, -1.0)
    X[1] = X[0]
    X[:, 0] = y * (half + np.maximum(rng.integers(-9, 10, n_samples), 0) * (np.arange(n_samples) > 1))
    turn = np.kron(hadamard(size), [[3, 4], [-4, 3]])
    return X @ turn, y


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("exponent", [0, -10, -18, -30, -36])
def test_a_margin_called_stationary_is_the_widest(size: int, exponent: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        half = 2.0**exponent
        X, y = with_margin(rng, size, half)
        fit = max_margin(X, y)
        assert fit.stop == Stop.STATIONARY if exponent >= -18 else fit.stop in (Stop.STATIONARY, Stop.STALLED)
        assert fit.gap is not None
        v = [Fraction(x) for x in fit.w.tolist()]
        least = min(
            int(label) * (sum(map(mul, v, map(Fraction, x))) + v[-1]) for x, label in zip(X.tolist(), y, strict=True)
        )
        if least > 0:
            squares = sum(x * x for x in v[:-1]) / least**2
            over = squares / 2 - 1 / (50 * size * Fraction(half) ** 2)
            assert over <= Fraction(float(fit.gap)) * squares / 2
            assert (fit.stop == Stop.STATIONARY) == (fit.gap <= 2.00001e-9)
        else:
            assert fit.gap == 1.0
            assert fit.loss == np.inf
            assert fit.stop == Stop.STALLED


def test_a_thin_set_that_scipy_left_short() -> None:
    rng = np.random.default_rng(0)
    X, y = apart(rng, 30, 5, gap=1.0)
    wide = max_margin(X, y)
    w, margin = wide.w[:-1], 1.0 / np.linalg.norm(wide.w[:-1])
    X -= np.outer(y * (1.0 - 1e-6) * margin, w * margin)
    fit = max_margin(X, y)
    assert fit.stop == Stop.STATIONARY
    # The direction that was widest before has a margin of 1e-6 of what it had, and is no longer the best.
    assert geometric_margin(fit.w, X, y) >= geometric_margin(np.append(w, wide.w[-1]), X, y)


# No separator


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [1, 1, -1, -1]),  # XOR
        ([[1, 0], [0, 1], [-1, 0], [1, 0]], [1, 1, -1, -1]),  # a point with both labels
        ([[1, 2], [1, 2]], [1, -1]),
        ([[0], [1], [2]], [1, -1, 1]),
        ([[0, 0], [2, 2], [1, 1]], [1, 1, -1]),  # hulls that touch
    ],
)
def test_inseparable_sets_have_no_boundary(X: Any, y: Any) -> None:
    fit = max_margin(X, y)
    assert fit.stop == Stop.NOT_SEPARABLE
    assert np.isnan(fit.w).all()
    assert fit.loss == np.inf
    assert fit.residual == 1.0


def test_random_labels_are_separable_where_the_linear_programme_says_so() -> None:
    rng = np.random.default_rng(3)
    X = rng.integers(-4, 5, (100, 7, 2)).astype(float)  # small whole numbers: hulls touch exactly or stay well apart
    y = rng.choice([-1.0, 1.0], (100, 7))
    y[:, :2] = [-1.0, 1.0]
    separable, fit = is_separable(X, y), max_margin(X, y)
    assert 10 < separable.sum() < 90
    assert np.array_equal(fit.stop == Stop.STATIONARY, separable)
    assert np.array_equal(np.isfinite(fit.w).all(axis=-1), separable)
    assert (fit.stop[~separable] == Stop.NOT_SEPARABLE).all()


def test_the_boundary_moves_with_the_points() -> None:
    rng = np.random.default_rng(4)
    for n_features in (2, 5, 10):
        X, y = apart(rng, 30, n_features, gap=0.5)
        fit, shift = max_margin(X, y), rng.normal(size=n_features)
        v, b = fit.w[:-1], fit.w[-1]
        for moved, labels, w in (
            (X + shift, y, [*v, b - v @ shift]),
            (1000.0 * X, y, [*(v / 1000.0), b]),
            (X[::-1], y[::-1], fit.w),
        ):
            np.testing.assert_allclose(max_margin(moved, labels).w, w, rtol=0, atol=1e-9 * np.abs(w).max())


def test_a_thin_margin_among_features_of_very_different_size_is_found() -> None:
    data = load_breast_cancer()
    y = np.where(data.target == 0, 1, -1)
    fit = max_margin(data.data, y)
    assert fit.stop == Stop.STATIONARY
    assert fit.residual <= 1e-9
    assert functional_margins(fit.w, data.data, y).min() == pytest.approx(1.0, abs=1e-6)
    assert 1.0 / np.linalg.norm(fit.w[:-1]) > 4.1e-5  # the standardised set's separator has 3.4e-5 here


def test_many_samples_with_many_features_are_settled_by_the_compiled_loop() -> None:
    """Where as many samples as weights lie on the margin, one that ties but for rounding starts no circle."""
    points = make_boxes(1000, 20, gap=1.0, length=1.0, spread=1.0, size=30, rng=np.random.default_rng(3))
    _, residual, n_support, _, _ = nearest_points(points.X, points.y, np.zeros(21))
    assert n_support.max() == 21
    assert (residual < 1e-13).all()
