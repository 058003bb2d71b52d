"""A witness is a separator that exact arithmetic accepts, or a few samples that no boundary separates."""

from fractions import Fraction

import numpy as np
import pytest

from study.analysis.separation import is_separable
from study.analysis.witness import witness, wrong_samples


@pytest.mark.parametrize("seed", range(40))
def test_the_answer_is_the_linear_programmes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(5, 400)), int(rng.integers(1, 8))
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, d)
    y = np.where(X @ rng.normal(size=d) / np.abs(X).max() > 0.1 * rng.normal(), 1.0, -1.0)
    y[0] = -y[1]
    if seed % 2:
        y[rng.integers(n)] *= -1.0
    if np.abs(y.sum()) == n:
        y[0] *= -1.0
    found = witness(X, y)
    separable = bool(is_separable(X, y))
    assert np.isfinite(found.w).all() == separable
    if separable:
        assert not wrong_samples(found.w, X, y).size
    else:
        assert found.samples.size <= d + 2
        chosen = np.append(found.samples, [np.argmax(y > 0), np.argmax(y < 0)])  # both classes
        assert not is_separable(X[chosen], y[chosen])


def test_a_guess_that_separates_is_taken_and_one_that_does_not_is_not() -> None:
    X, y = np.array([[0.0], [1.0]]), np.array([-1.0, 1.0])
    assert witness(X, y, [4.0, -1.0]).w.tolist() == [4.0, -1.0]
    assert not wrong_samples(witness(X, y, [4.0, 0.0]).w, X, y).size  # a tie is an error


def test_signs_that_rounding_hides_are_decided_exactly() -> None:
    # 0.1 * 3 rounds to more than 0.3, and the floats' exact product is more than 0.3's float too.
    X, y = np.array([[0.1], [-1.0]]), np.array([1.0, -1.0])
    exact = Fraction(0.1) * 3 - Fraction(0.3)
    assert exact > 0
    assert wrong_samples(np.array([3.0, -0.3]), X, y).tolist() == []
    bias = -Fraction(0.1) * 3
    assert wrong_samples([Fraction(3), bias], X, y).tolist() == [0]  # a tie, exactly
    assert wrong_samples([Fraction(3), bias + Fraction(1, 10**40)], X, y).tolist() == []
    assert wrong_samples(np.array([0.0, 0.0]), X, y).tolist() == [0, 1]
    assert wrong_samples(np.array([np.nan, 0.0]), X, y).tolist() == [0, 1]


def test_many_points_need_few_constraints() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 10))
    y = np.where(X @ np.arange(10.0) > 0.0, 1.0, -1.0)
    y[:20] *= -1.0
    found = witness(X, y)
    assert np.isnan(found.w).all()
    assert found.samples.size <= 12
