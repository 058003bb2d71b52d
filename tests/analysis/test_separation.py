from fractions import Fraction
from functools import partial
from operator import mul
from typing import Any

import numpy as np
import pytest

from study.analysis.bias_variance import differing_counts, wrong_counts
from study.analysis.margin import decision_values, functional_margins, geometric_margin
from study.analysis.separation import separates, training_error
from study.analysis.stability import disagreement, leave_one_out
from study.datasets.dataset import Floats
from study.datasets.published import four_points

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
def test_errors_by_hand(w: Any, error: float) -> None:
    assert training_error(w, FOUR.X, FOUR.y) == error
    assert separates(w, FOUR.X, FOUR.y) == (error == 0)


def exact_sides(w: Floats, X: Floats) -> Floats:
    rows = [[*map(Fraction, x), Fraction(1)] for x in X.tolist()]
    return np.array([[np.sign(sum(map(mul, map(Fraction, v), x))) for x in rows] for v in w.tolist()], float)


@pytest.mark.parametrize("scale", [1.0, 1 / 3, 1e-300, 2.0**-1060, 2.0**1000, "each"])
def test_ties_and_near_ties_are_decided_exactly_everywhere(scale: Any) -> None:
    rng = np.random.default_rng(0)
    y = np.where(np.arange(30) % 2, 1.0, -1.0)
    for n_features in (1, 2, 5):
        X, w = rng.integers(-9, 10, (30, n_features)) / 1.0, rng.integers(-9, 10, (31, n_features + 1)) / 1.0
        w[:20, -1] = -(w[:20, :-1] * X[:20]).sum(axis=1)
        X[:9] /= 3.0  # rounded: the tie is a near one
        w *= 2.0 ** rng.integers(-900, 900, w.shape) if scale == "each" else scale
        side = exact_sides(w, X)
        assert (side == 0.0).sum() >= (0 if scale in (1 / 3, 1e-300, "each") else 11)
        wrong, differ = ~(y * side > 0.0), (side > 0.0) != (side[::-1] > 0.0)
        assert np.array_equal(np.sign(decision_values(w, X)), side)
        assert np.array_equal(training_error(w, X, y), wrong.mean(axis=1))
        assert np.array_equal(wrong_counts(w, X, y, 4), [wrong[group::4].sum(axis=0) for group in range(4)])
        assert np.array_equal(differing_counts(w, w[::-1], X, 4), [differ[group::4].sum(axis=0) for group in range(4)])
        assert np.array_equal(disagreement(w, w[::-1], X), differ.mean(axis=1))
        assert np.array_equal(leave_one_out(partial(without, w), X, y, X, y), wrong[:30] != wrong[30])
        for v, own in zip(w, side, strict=True):
            labels = np.where(own == 0.0, 1.0, own)
            if labels.min() < labels.max():
                assert separates(v, X, labels) == own.all()


def without(w: Floats, X: Floats, _: Floats) -> Floats:
    """Return the last weights for the whole set, and the others in turn where a sample is left out."""
    return w[-1] if X.ndim == 2 else w[:-1]


def test_a_division_that_rounds_makes_no_separator() -> None:
    assert not separates([-6, -5, -4], [[1, -2], [3, 0]], [1, -1])  # margins 0 and 22
    assert functional_margins([-6, -5, -4], [[1, -2], [3, 0]], [1, -1]).tolist() == [0, 22]
    assert geometric_margin([-6, -5, -4], [[1, -2], [3, 0]], [1, -1]) == 0.0
