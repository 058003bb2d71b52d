"""The compiled loss of one set is what NumPy finds for it, however many samples its last eight are."""

from typing import Any, no_type_check

import numpy as np
import pytest
from numba import njit
from scipy.special import expit

from study.kernels import unit_loss
from study.kernels.codes import CROSS_ENTROPY, LOSS_CODES, THRESHOLD

QUADRATIC = LOSS_CODES["quadratic"]
EPS = 0.02


@no_type_check
def _all(X, y, share, w, loss, bends, m, slope, g, H):
    n, p = y.size, w.size
    Z, samples, sums = unit_loss.make_room(n, p)
    longest = unit_loss.fill(X, y, share, Z, samples, sums)
    value, slopes = unit_loss.fill_loss(Z, samples, w, loss, EPS, bends, sums)
    unit_loss.fill_gradient(sums, g)
    if bends:
        unit_loss.fill_hessian(sums, p, H)
    m[:] = samples[1, :n]
    slope[:] = samples[3, :n]
    value = unit_loss.loss_value(samples, loss, EPS, value)
    most = unit_loss.farthest(Z, w, sums)
    return longest, value, slopes, most, unit_loss.least_of(samples[1, :n])


COMPILED: Any = njit(error_model="numpy")(_all)


def expected(Z: Any, share: Any, w: Any, loss: int) -> tuple[float, Any, Any]:
    """Return the mean loss, and its slopes and curvatures by the margins, from their formulas."""
    m = Z @ w
    p, q = expit(m), expit(-m)
    if loss == CROSS_ENTROPY:
        return share @ (np.logaddexp(0.0, -m) + EPS * m), share * (EPS - q), share * p * q
    r = q - EPS
    on = (r > 0.0) if loss == THRESHOLD else np.ones_like(r)
    bend = p * q * (p * q - r * (2.0 * q - 1.0))
    return share @ (0.5 * r * r * on), -share * r * p * q * on, share * bend * on


@pytest.mark.parametrize("loss", [CROSS_ENTROPY, QUADRATIC, THRESHOLD])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (7, 2), (8, 3), (9, 5), (50, 20), (700, 21)])
@pytest.mark.parametrize("size", [0.0, 1.0])
def test_the_loss_of_one_set_is_that_of_its_formulas(loss: int, n: int, d: int, size: float) -> None:
    rng = np.random.default_rng(n)
    X = rng.normal(size=(d, n)).T[:, ::-1]  # not as it lies in memory
    y = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    share = rng.random(n) if n > 8 else np.full(n, 1.0)
    share /= share.sum()
    w = size * rng.normal(size=d + 1) * (np.arange(d + 1) == 0 if n == 50 else 1.0)
    Z = y[:, None] * np.column_stack([X, np.ones(n)])
    value, slope, bend = expected(Z, share, w, loss)
    m, slopes, g, H = np.empty(n), np.empty(n), np.empty(d + 1), np.empty((d + 1, d + 1))
    longest, found, total, most, least = COMPILED(X, y, share, w, loss, True, m, slopes, g, H)
    assert longest == abs(X).max()
    np.testing.assert_allclose(m, Z @ w, atol=1e-13)
    np.testing.assert_allclose([found, total, least, most], [value, slope.sum(), m.min(), abs(m).max()], atol=1e-13)
    np.testing.assert_allclose(slopes, slope, atol=1e-15)
    np.testing.assert_allclose(g, Z.T @ slope, atol=1e-13)
    np.testing.assert_allclose(H, (Z.T * bend) @ Z, atol=1e-13)
    alone = np.empty(d + 1)
    COMPILED(X, y, share, w, loss, False, m, slopes, alone, H)
    np.testing.assert_allclose(alone, g, rtol=0, atol=1e-15)


def test_samples_that_count_nothing_do_not_change_the_logarithms() -> None:
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(60, 2)), np.where(rng.random(60) < 0.5, -1.0, 1.0), np.array([0.3, -0.2, 0.1])
    share = np.where(np.arange(60) % 7, 1.0, 0.0)
    share /= share.sum()
    m, slopes, g, H = np.empty(60), np.empty(60), np.empty(3), np.empty((3, 3))
    one = COMPILED(X, y, share, w, CROSS_ENTROPY, True, m, slopes, g, H)[1]
    kept = share > 0.0
    m, slopes = np.empty(kept.sum()), np.empty(kept.sum())
    other = COMPILED(X[kept], y[kept], share[kept], w, CROSS_ENTROPY, True, m, slopes, g, H)[1]
    assert one == pytest.approx(other, rel=1e-15)
