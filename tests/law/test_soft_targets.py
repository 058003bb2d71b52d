import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from study.datasets.dataset import Floats
from study.law.bound import LOSSES, asymptote
from study.law.conflict import TIGHT, Spoilt, largest_margin, spoilt
from study.law.soft_targets import soft_rate, soft_threshold
from study.trainers.losses import Loss, loss_of_margin
from tests.law.geometries import GEOMETRIES, corners, drawn, optimum

CORNERS = spoilt(*corners(), "box")
X, Y, IS_SPOILER = corners()
FAR_OR_TWO_NEAR = spoilt(
    np.vstack([X[:8], [[-1.0, 6.0], [0.15, 0.3], [0.16, 0.3]]]), np.append(Y[:8], [1, -1, -1]), np.arange(11) > 7, "box"
)
"""A positive spoiler that is lost by far where it is lost, and two negative ones that are lost by little."""


def least_hinge(points: Spoilt, margin: float) -> tuple[float, Floats]:
    """Return min sum_s max(0, -z_s.v) over v in the box with all base margins at least `margin`, and where it is.

    With M = e^(margin R) this is what the cross-entropy, divided by R, comes to as R grows.
    """
    (n, p), k = points.base.shape, len(points.spoilers)
    answer = linprog(
        np.repeat([0.0, 1.0], [p, k]),
        A_ub=np.block([[-points.base, np.zeros((n, k))], [-points.spoilers, -np.eye(k)]]),
        b_ub=np.repeat([-margin, 0.0], [n, k]),
        bounds=[(-1.0, 1.0)] * p + [(0.0, None)] * k,
        method="highs",
    )
    return float(answer.fun), np.asarray(answer.x[:p])


def fewest_lost(points: Spoilt, margin: float) -> int:
    """Return the least number of spoilers on the wrong side among directions that keep a base margin.

    With M = e^(2 margin R) this is what the quadratic loss, doubled, comes to as R grows.
    """
    k = len(points.spoilers)
    for lost in range(k):
        for kept in itertools.combinations(range(k), k - lost):
            if largest_margin(points.base, points.spoilers[list(kept)], points.shape).margin >= margin - TIGHT:
                return lost
    return k


def test_several_spoilers_share_one_constant() -> None:
    """Corollary 1, against the optimum on either side of the threshold it gives."""
    points = spoilt(np.vstack([X, [[-0.5, 1.6]]]), np.append(Y, 1), np.append(IS_SPOILER, True), "box")
    both = [points, drawn(7, 3, "box", n_spoilers=2), drawn(3, 2, "ball", n_spoilers=2)]
    assert sum(int((p.best.mu > 1e-8).sum() == 2) for p in both) >= 1
    for p in both:
        R = 7.0 / min(p.gamma0, p.gap)
        M = np.exp(asymptote(p, "cross-entropy", R))
        margins = [(p.spoilers @ optimum(p, "cross-entropy", R, factor * M)).min() for factor in (0.9, 1.1)]
        assert margins[0] > 0.0 > margins[1]


def test_hinge_against_count() -> None:
    """Theorem 5: at one and the same base margin the losses give up different spoilers, and different numbers."""
    points = FAR_OR_TWO_NEAR
    c = 0.7
    value, v = least_hinge(points, c)
    assert (points.base @ v).min() >= c - 1e-9
    assert np.maximum(0.0, -(points.spoilers @ v)).sum() == pytest.approx(value)
    R = 10.0
    lost: dict[Loss, int] = {}
    for loss in LOSSES:
        w = optimum(points, loss, R, float(np.exp((1.0 if loss == "cross-entropy" else 2.0) * c * R)))
        assert (points.base @ w).min() > 0.0
        lost[loss] = int((points.spoilers @ w <= 0.0).sum())
    assert lost["quadratic"] == fewest_lost(points, c) == 1
    assert lost["cross-entropy"] == int((points.spoilers @ v < -1e-9).sum()) == 2


def test_the_fewest_lost_only_grow_with_the_margin() -> None:
    points = FAR_OR_TWO_NEAR
    counts = [fewest_lost(points, share * points.gamma1) for share in (0.05, 0.5, 0.7, 0.9, 1.0)]
    assert counts == sorted(counts)
    assert counts[:3] == [0, 0, 1]


def test_soft_targets() -> None:
    """Theorem 6a: eps M* tends to 1 / (2 lambda'), and at eps = 0.05 the trainer's own optimum changes sides at M*."""
    rate = soft_rate(CORNERS)
    assert rate == pytest.approx(12.0)
    error = [abs(eps * np.exp(soft_threshold(CORNERS, eps)) * 2.0 * rate - 1.0) for eps in (1e-2, 1e-3, 1e-6)]
    assert error[0] < 0.2
    assert error[1] < 1e-3
    assert error[2] < 1e-5
    for points in (CORNERS, GEOMETRIES["drawn 2 box"], GEOMETRIES["drawn 2 ball"]):
        M = np.exp(soft_threshold(points, 0.05))
        margins = [
            float(points.spoilers[0] @ optimum(points, "cross-entropy", np.inf, x * M, eps=0.05)) for x in (0.98, 1.02)
        ]
        assert margins[0] > 0.0 > margins[1]


def test_soft_targets_and_the_quadratic_loss() -> None:
    """Theorem 6b on -1, +1 and a spoiler at -0.2: B_0 = 0, and the spoiler is wrong above (1 - eps)^2 / (2 B_+)."""
    eps = 0.1
    Z = np.array([[1.0, -1.0], [1.0, 1.0]])
    z = np.array([-0.2, 1.0])
    grid = np.stack(np.meshgrid(np.linspace(0, 12, 1201), np.linspace(-8, 8, 1601)), axis=-1).reshape(-1, 2)
    base = loss_of_margin("quadratic", grid @ Z.T, eps)[0].sum(axis=1)
    own = loss_of_margin("quadratic", grid @ z, eps)[0]
    right = grid @ z > 0.0
    assert base.min() < 1e-5
    limit = (1 - eps) ** 2 / (2.0 * (base[right].min() - base.min()))

    def is_right(M: float) -> bool:
        return bool(right[np.argmin(M * base + own)])

    assert is_right(20.0)
    assert not is_right(50.0)
    assert not is_right(limit)
    assert 50.0 < limit < 500.0
