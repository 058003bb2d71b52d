"""Sets with a spoiler in conflict, of one to three features, on which the law is tested."""

import numpy as np

from experiments._geometries import draw
from study.checks import BadInput
from study.datasets.dataset import Floats
from study.law.conflict import Shape, Spoilt, spoilt
from study.trainers.fit import Bound
from study.trainers.losses import Loss
from study.trainers.sigmoid_unit import sigmoid_unit

SHAPES: tuple[Shape, ...] = ("box", "ball")


def corners(depth: float = 1.0, offset: float = 2.0) -> tuple[Floats, Floats, Floats]:
    """Return (+-1, +-1) and (+-2, +-1) by the sign of x_1, and a positive spoiler at (-depth, offset)."""
    X = np.array([[side * x, z] for side in (1.0, -1.0) for x in (1.0, 2.0) for z in (1.0, -1.0)])
    return np.vstack([X, [-depth, offset]]), np.append(np.sign(X[:, 0]), 1.0), np.arange(9) == 8


def drawn(seed: int, n_features: int, shape: Shape, n_spoilers: int = 1) -> Spoilt:
    """Return the first drawn set that is separable, in conflict and regular, with a gap that a small R resolves."""
    rng = np.random.default_rng(seed)
    for _ in range(1000):
        X, y, is_spoiler = draw(n_features, n_spoilers, rng)
        if len(set(y[~is_spoiler])) == 1:
            continue
        points = spoilt(X, y, is_spoiler, shape)
        try:
            wide = points.conflict and points.gamma0 > 0.2 and points.gamma1 > 1.1 * points.gamma0
        except BadInput:
            continue
        if wide and points.regular and points.gap > 0.15:
            return points
    raise AssertionError("no set that qualifies was drawn")


GEOMETRIES: dict[str, Spoilt] = {
    "corners box": spoilt(*corners(), "box"),
    "corners ball": spoilt(*corners(), "ball"),
    "corners far box": spoilt(*corners(4.0, 8.0), "box"),
    "corners far ball": spoilt(*corners(4.0, 8.0), "ball"),
    **{
        f"drawn {n_features} {shape}": drawn(10 * n_features + number, n_features, shape)
        for n_features in (1, 2, 3)
        for number, shape in enumerate(SHAPES)
    },
}


def optimum(points: Spoilt, loss: Loss, R: float, M: float, *, copies: float = 1.0, eps: float = 0.0) -> Floats:
    """Return the lowest minimum of the unit, in a bound or without, that a search from twelve starts finds."""
    Z = np.vstack([points.base, points.spoilers])
    y = Z[:, -1]
    weight = np.repeat([M, copies], [len(points.base), len(points.spoilers)])
    assert points.shape != "free-bias ball"
    bound, size = (Bound(points.shape, R), R) if np.isfinite(R) else (Bound(), 3.0)
    known = [points.best.v, points.without.v, 0.1 * points.best.v, 0.0 * points.best.v]
    starts = size * np.vstack([known, np.random.default_rng(0).uniform(-1.0, 1.0, (8, Z.shape[1]))])
    fit = sigmoid_unit(
        Z[:, :-1] * y[:, None], y, loss=loss, eps=eps, sample_weight=weight, bound=bound, w0=starts, method="newton"
    )
    return np.asarray(fit.w[np.argmin(fit.loss)])
