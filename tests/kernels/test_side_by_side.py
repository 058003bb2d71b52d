"""Eight sets side by side are fitted as each is alone: the same steps, the same answer, and no say for a neighbour."""

from typing import Any, no_type_check

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from study.kernels import lanes_loss, side_by_side, unit
from study.kernels.codes import BOX, LEFT, LOSS_CODES, NONE
from study.kernels.lanes import LANES, load, store

Floats = NDArray[np.float64]
Answers = tuple[NDArray[Any], ...]
"""Weights, losses, residuals, steps, passes and gaps."""

PENALTIES = {"box": 0.0, "penalty": 0.3, "both": 0.3}
BOUNDS = {"box": (BOX, 3.0), "penalty": (NONE, np.inf), "both": (BOX, 1.5)}


def draw(n_sets: int, n: int, d: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return points of two overlapping classes, with a few labels turned over."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_sets, n, d))
    return X, np.where(X[..., 0] + rng.normal(size=(n_sets, n)) > 0.3, 1.0, -1.0)


def together(
    X: Floats, y: Floats, share: Floats, loss: int, eps: float, R: float, penalty: float, max_steps: int = 200
) -> Answers:
    """Fit all sets side by side from zero."""
    n_sets, _, d = X.shape
    places = np.tile(np.arange(n_sets), (5, 1))
    places[3:] = 0
    with np.errstate(all="ignore"):
        answers: Answers = side_by_side.newton(
            X, y, share, np.zeros((1, d + 1)), np.full((1, d + 1), penalty), places, loss, eps, R, max_steps
        )
    return answers


@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("where", BOUNDS)
@pytest.mark.parametrize("loss", LOSS_CODES)
@pytest.mark.parametrize(("n", "d"), [(7, 1), (9, 6), (30, 2), (130, 4), (40, 9)])
def test_the_answers_are_those_of_one_set_at_a_time(n: int, d: int, loss: str, where: str, eps: float) -> None:
    X, y = draw(21, n, d)  # the last eight are not full
    share = np.random.default_rng(1).uniform(0.5, 1.0, (21, n)) if d == 4 else np.ones((21, n))
    share /= share.sum(axis=1, keepdims=True)
    shape, R = BOUNDS[where]
    code, penalty = LOSS_CODES[loss], PENALTIES[where]
    alone = unit.newton(X, y, share, np.zeros(d + 1), code, eps, shape, R, np.full(d + 1, penalty), 200, True)
    w, value, residual, n_steps, n_passes, gap = together(X, y, share, code, eps, R, penalty)
    solved = (gap < 1e-10) & (gap >= 0.0)
    assert solved.mean() > (0.9 if loss == "cross-entropy" and n > d + 1 else 0.5)
    np.testing.assert_allclose(value[solved], alone[1][solved], rtol=1e-12, atol=1e-30)  # it may be zero
    np.testing.assert_allclose(w[solved], alone[0][solved], atol=1e-6)
    assert (abs(w) <= R).all()
    assert (residual[solved] < 1e-9).all()
    assert (n_steps == alone[3])[solved].mean() > 0.9
    assert (n_passes[solved] > n_steps[solved]).all()


@pytest.mark.parametrize(("R", "penalty"), [(1.5, 0.0), (0.2, 0.1), (np.inf, 0.1)])
def test_weights_are_held_and_let_go_as_alone(R: float, penalty: float) -> None:
    """Of few samples, where many weights meet the bound and leave it again, and only a penalty bends the loss."""
    X, y = draw(40, 12, 20)
    share = np.full((40, 12), 1.0 / 12.0)
    alone = unit.newton(X, y, share, np.zeros(21), 1, 0.0, BOX, R, np.full(21, penalty), 200, True)
    w, _, _, n_steps, _, gap = together(X, y, share, 1, 0.0, R, penalty)
    assert (abs(w) == R).any() == np.isfinite(R)
    solved = (gap < 1e-10) & (gap >= 0.0)
    assert solved.mean() > 0.9
    assert (n_steps == alone[3])[solved].mean() > 0.9
    np.testing.assert_allclose(w[solved], alone[0][solved], atol=1e-6)


def test_each_set_is_put_together_from_its_own_places() -> None:
    rng = np.random.default_rng(2)
    X, y = draw(2, 25, 3)
    y = np.concatenate([y, -y[:1]])
    share, start, penalty = rng.uniform(0.5, 1.0, (4, 25)) / 18.75, rng.normal(size=(5, 4)), rng.uniform(size=(6, 4))
    places = np.stack([rng.integers(size, size=19) for size in (2, 3, 4, 5, 6)])
    picked = [table[place] for table, place in zip((X, y, share, start, penalty), places, strict=True)]
    every = np.tile(np.arange(19), (5, 1))
    with np.errstate(all="ignore"):
        whole = side_by_side.newton(*picked, every, 1, 0.0, 3.0, 200)
        found = side_by_side.newton(X, y, share, start, penalty, places, 1, 0.0, 3.0, 200)
        across, back = np.asfortranarray(X), y[:, ::-1].copy()[:, ::-1]
        turned = side_by_side.newton(across, back, share, start, penalty, places, 1, 0.0, 3.0, 200)
    for a, b, c in zip(found, whole, turned, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_a_neighbour_has_no_say() -> None:
    X, y = draw(8, 25, 3)
    share = np.full((8, 25), 0.04)
    whole = together(X, y, share, 1, 0.0, 3.0, 0.0)
    hard = X.copy()
    hard[:, :, 0] *= 1e6
    hard[3] = np.nan
    hard[5] = 0.0
    for k in range(8):
        mixed = hard.copy()
        mixed[k] = X[k]
        other = together(mixed, y, share, 1, 0.0, 3.0, 0.0)
        single = together(X[k : k + 1], y[k : k + 1], share[k : k + 1], 1, 0.0, 3.0, 0.0)
        for a, b, c in zip(whole, other, single, strict=True):
            np.testing.assert_array_equal(a[k], b[k])
            np.testing.assert_array_equal(a[k], c[0])


def test_a_neighbour_that_starts_at_zero_has_no_say() -> None:
    """Its first step is a longer one, inside the box; steps from a corner may be twice as long as the bound."""
    X, y = draw(8, 25, 3)
    share, places = np.full((8, 25), 0.04), np.tile(np.arange(8), (5, 1))
    places[4] = 0
    corners = np.where(X[:, 0, :1] > 0.0, 0.1, -0.1) * np.ones(4)

    def fit(starts: Floats) -> Answers:
        with np.errstate(all="ignore"):
            answers: Answers = side_by_side.newton(X, y, share, starts, np.zeros((1, 4)), places, 1, 0.0, 0.1, 200)
        return answers

    mixed, alone = corners.copy(), fit(corners)
    mixed[::2] = 0.0
    for a, b in zip(fit(mixed), alone, strict=True):
        np.testing.assert_array_equal(a[1::2], b[1::2])


@pytest.mark.parametrize("n", [600, 2400])
def test_many_samples_have_the_same_loss_with_equal_weights_and_with_others(n: int) -> None:
    X, y = draw(8, n, 1)
    share = np.full((8, n), 1.0 / n)
    equal = together(X, y, share, 1, 0.0, 3.0, 0.0)
    share[:, 0] *= 1.0 + 1e-15  # not equal, but for the rounding
    other = together(X, y, share, 1, 0.0, 3.0, 0.0)
    np.testing.assert_allclose(equal[1], other[1], rtol=1e-13)
    margins = y * (X[..., 0] * equal[0][:, :1] + equal[0][:, 1:])
    np.testing.assert_allclose(equal[1], np.logaddexp(0.0, -margins).mean(axis=1), rtol=1e-13)


@no_type_check
def _exponentials(m, out):
    for k in range(m.size // LANES):
        store(out, k, lanes_loss._exponential(load(m, k)))


def test_the_exponential_is_right_to_the_last_bit_but_one() -> None:
    rng = np.random.default_rng(0)
    m = np.concatenate(
        [rng.uniform(-1.0, 1.0, 8000), rng.uniform(-708.0, 708.0, 8000), [0.0, 1e-300, 709.0, np.inf] * 2]
    )
    out = np.empty_like(m)
    run: Any = njit(_exponentials)
    run(m, out)
    exact = np.exp(-np.abs(m).astype(np.longdouble))
    inside = np.abs(m) <= 708.0
    assert (np.abs(out - exact)[inside] <= 1.01 * np.spacing(out[inside])).all()
    assert (out[~inside] == 0.0).all()


def test_what_needs_more_is_given_up() -> None:
    X, y = draw(8, 20, 2)
    share = np.full((8, 20), 0.05)
    X[0], X[1], X[2] = np.nan, 0.0, 1e200  # no numbers, no directions, no end
    y[4] = np.where(X[4, :, 0] > 0.0, 1.0, -1.0)
    X[4, :, 0] = 50.0 * y[4]  # all far on their own side
    gap = together(X, y, share, 1, 0.0, 3.0, 0.0)[5]
    assert np.isinf(gap[:3]).all()
    assert gap[4] == LEFT
    assert (gap[[3, 5, 6, 7]] < 1e-12).all()
    few = together(X[3:], y[3:], share[3:], 1, 0.0, 3.0, 0.0, max_steps=2)[5]
    assert np.isinf(few[[0, 2, 3, 4]]).all()  # two steps are not enough
