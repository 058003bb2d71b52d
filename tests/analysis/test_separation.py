from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from study.analysis.separation import is_separable, separates, separator, training_error
from study.datasets.published import four_points

Floats = NDArray[np.float64]

FOUR = four_points(10.0)


@pytest.mark.parametrize(
    ("w", "error"),
    [
        ([2, 0, 1], 0),
        ([1, 1, 0], 1 / 4),  # the spoiler
        ([1, 0, 0], 2 / 4),  # two ties
        ([0, 0, 1], 1 / 4),
        ([-2, 0, -1], 1),
        ([0, 0, 0], 1),
        ([np.nan, 0, 1], 1),  # no order among NaN
        ([0, np.inf, 1], 3 / 4),  # 0 inf is NaN; -10 inf is wrong
        ([5e-324, 0, 0], 2 / 4),
    ],
)
def test_judge_by_hand(w: Any, error: float) -> None:
    assert training_error(w, FOUR.X, FOUR.y) == error
    assert separates(w, FOUR.X, FOUR.y) == (error == 0)


def test_judging_a_stack_is_a_loop() -> None:
    w = np.random.default_rng(0).normal([2, 0, 1], size=(50, 1, 3))
    data = four_points([0.5, 10.0])
    verdict, error = separates(w, data.X, data.y), training_error(w, data.X, data.y)
    assert 0 < verdict.sum() < verdict.size
    for i, j in np.ndindex(50, 2):
        assert verdict[i, j] == separates(w[i, 0], data.X[j], data.y[j])
        assert error[i, j] == training_error(w[i, 0], data.X[j], data.y[j])


def apart(rng: np.random.Generator, n_samples: int, n_features: int, gap: float) -> tuple[Floats, Floats]:
    """Return normal points that were pushed `gap` away from a random hyperplane through zero."""
    X, normal = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
    X[1] = -X[0]  # both classes
    normal /= np.linalg.norm(normal)
    y = np.where(X @ normal > 0, 1.0, -1.0)
    return X + gap * y[:, None] * normal, y


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6])
@pytest.mark.parametrize("gap", [1.0, 1e-3])
def test_separable_sets_are_separated_at_every_scale_and_place(scale: float, offset: float, gap: float) -> None:
    rng = np.random.default_rng(1)
    for n_features in (1, 2, 5):
        X, y = apart(rng, 30, n_features, gap)
        X = scale * (X + offset * rng.choice([-1.0, 1.0], n_features))
        assert is_separable(X, y)
        assert separates(separator(X, y), X, y)


def test_features_of_different_scales() -> None:
    X, y = apart(np.random.default_rng(2), 30, 3, 0.01)
    assert separates(separator(X * [1e-9, 1.0, 1e9], y), X * [1e-9, 1.0, 1e9], y)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (FOUR.X * 1e-300, FOUR.y),
        (FOUR.X * 1.7e307, FOUR.y),
        ([[1.5e308], [1.7e308]], [1, -1]),  # their sum overflows
        ([[-1.7e308], [1.7e308]], [1, -1]),  # their difference overflows
    ],
)
def test_scales_at_the_ends_of_the_range(X: Any, y: Any) -> None:
    assert separates(separator(X, y), X, y)


def test_a_separator_that_rounding_could_undo_is_not_claimed() -> None:
    assert is_separable([[1e14], [1e14 + 2]], [1, -1])
    # The margin is 1 in terms of 1e15 each: 5e-16 of their sum, which may be off by three roundings of 2.2e-16.
    assert not is_separable([[1e15], [1e15 + 2]], [1, -1])


def test_a_thin_gap_is_found() -> None:
    for gap in 10.0 ** -np.arange(1, 9):
        X = np.array([[-1.0, 0.3], [0.0, -0.2], [gap, 0.1], [1.0, -0.5]])
        assert is_separable(X, [-1, -1, 1, 1])


def test_a_constant_feature_changes_nothing() -> None:
    X = np.column_stack([FOUR.X, np.full(4, 7.0)])
    assert separates(separator(X, FOUR.y), X, FOUR.y)
    assert not is_separable(np.full((2, 3), 7.0), [1, -1])


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [1, 1, -1, -1]),  # XOR
        ([[1, 0], [0, 1], [-1, 0], [1, 0]], [1, 1, -1, -1]),  # a point with both labels
        ([[0], [1], [2]], [1, -1, 1]),
        ([[0, 0], [2, 2], [1, 1]], [1, 1, -1]),  # hulls that touch
        ([[0, 0], [3, 0], [0, 3], [1, 1]], [1, 1, 1, -1]),  # inside
    ],
)
def test_inseparable_sets_have_no_separator(X: Any, y: Any, scale: float) -> None:
    X = scale * (np.array(X, float) + 4.0)
    assert not is_separable(X, y)
    assert np.isnan(separator(X, y)).all()


def hulls_meet(X: Floats, y: Floats) -> bool:
    """Return whether some mean of the positive points is a mean of the negative ones: no separator then, else one."""
    equations = np.vstack([(y[:, None] * X).T, y > 0, y < 0])
    right = np.append(np.zeros(X.shape[1]), [1.0, 1.0])
    return bool(linprog(np.zeros(len(X)), A_eq=equations, b_eq=right, bounds=(0, None), method="highs").status == 0)


def test_separable_means_that_the_hulls_do_not_meet() -> None:
    rng = np.random.default_rng(3)
    X = rng.integers(-4, 5, (200, 7, 2)).astype(float)  # small whole numbers: hulls touch exactly or stay well apart
    y = rng.choice([-1.0, 1.0], (200, 7))
    y[:, :2] = [-1.0, 1.0]
    separable = is_separable(X, y)
    assert separable.tolist() == [not hulls_meet(*pair) for pair in zip(X, y, strict=True)]
    assert 20 < separable.sum() < 180
    assert separates(separator(X, y)[separable], X[separable], y[separable]).all()


def test_labels_broadcast_against_a_stack() -> None:
    X = np.stack([FOUR.X, FOUR.X[[0, 2, 1, 3]]])
    y = np.array([[[1, 1, -1, 1]], [[1, -1, 1, -1]]])
    assert is_separable(X, y).tolist() == [[True, True], [False, True]]  # the one has its classes cross at zero
    assert np.array_equal(separator(X, y)[1, 1], separator(X[1], y[1, 0]))
