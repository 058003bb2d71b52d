"""Points with spoilers in conflict, set down or drawn, on which the law is compared with what is measured."""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from study import BadInput, Dataset
from study.datasets.dataset import Floats
from study.law.conflict import Shape, Spoilt, spoilt
from study.sweeps.streams import stream

DEPTH, OFFSET = 1.0, 2.0
"""Where the spoiler of `corners` lies wherever the study does not say otherwise."""
GEOMETRIES: dict[str, tuple[int, Shape, int]] = {
    "corners, ball": (2, "ball", 1),
    "far corners": (2, "box", 1),
    "three points": (2, "box", 1),
    "drawn line": (1, "box", 1),
    "drawn plane": (2, "box", 1),
    "drawn space": (3, "box", 1),
    "drawn line, ball": (1, "ball", 1),
    "drawn plane, ball": (2, "ball", 1),
    "drawn space, ball": (3, "ball", 1),
    "two spoilers": (2, "box", 2),
}
"""Number of features, shape of the bound and number of spoilers of each set that `named` returns."""
BRAKED = {
    "corners": 2,
    "far corners": 2,
    "line": 1,
    "second line": 1,
    "plane": 2,
    "second plane": 2,
    "space": 3,
    "second space": 3,
    "four features": 4,
    "second four": 4,
    "five features": 5,
    "second five": 5,
    "slow plane": 2,
    "slow space": 3,
}
"""Number of features of each set that `braked` returns."""


def corner_points(depth: float = DEPTH, offset: float = OFFSET) -> Dataset:
    """Return (+-1, +-1) and (+-2, +-1), labelled by the sign of x_1, and a positive spoiler at (-depth, offset)."""
    X = np.array([[side * x, z] for side in (1.0, -1.0) for x in (1.0, 2.0) for z in (1.0, -1.0)] + [[-depth, offset]])
    return Dataset(X=X, y=np.append(np.sign(X[:-1, 0]), 1.0), is_spoiler=np.arange(9) == 8, name="corners")


@cache
def corners(depth: float = DEPTH, offset: float = OFFSET, shape: Shape = "box") -> Spoilt:
    """Return the conflict of `corner_points`."""
    points = corner_points(depth, offset)
    return spoilt(points.X, points.y, points.is_spoiler, shape)


def draw(n_features: int, n_spoilers: int, rng: np.random.Generator) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Draw points, labels and which of them are spoilers.

    Five to ten standard normal points, moved apart by 0.6 along the normal of a random boundary, and as many standard
    normal spoilers as asked for, each labelled unlike the base point nearest to it.
    """
    n = int(rng.integers(5, 11))
    X, w = rng.normal(size=(n, n_features)), rng.normal(size=n_features + 1)
    y = np.sign(X @ w[:-1] + w[-1])
    X = X + 0.3 * y[:, None] * w[:-1] / np.linalg.norm(w[:-1])
    S = rng.normal(size=(n_spoilers, n_features))
    labels = -y[np.argmin(((X[:, None] - S) ** 2).sum(axis=-1), axis=0)]
    return np.vstack([X, S]), np.append(y, labels), np.arange(n + n_spoilers) >= n


def drawn(n_features: int, shape: Shape, n_spoilers: int, rng: np.random.Generator) -> Spoilt:
    """Return the first set drawn that is separable and meets the hypotheses of the constant at moderate bounds."""
    for _ in range(1000):
        try:
            points = spoilt(*draw(n_features, n_spoilers, rng), shape)
            wide = points.conflict and points.gamma0 > 0.2 and points.gamma1 > 1.1 * points.gamma0
        except BadInput:
            continue
        if wide and points.regular and points.gap > max(0.15, 0.4 * points.gamma0) and points.best.mu.min() > 0.01:
            return points
    raise BadInput(f"`n_features` {n_features} and `n_spoilers` {n_spoilers}: no set that qualifies was drawn")


def named(name: str, rng: np.random.Generator) -> Spoilt:
    """Return the set that `GEOMETRIES` names, the first that qualifies where it is drawn."""
    n_features, shape, n_spoilers = GEOMETRIES[name]
    if name == "corners, ball":
        return corners(shape=shape)
    if name == "far corners":
        return corners(4.0 * DEPTH, 4.0 * OFFSET)
    if name == "three points":
        return spoilt([[1, 0], [-1, 1], [1, -1], [-1, -3]], [1, 1, -1, 1], np.arange(4) == 3, shape)
    return drawn(n_features, shape, n_spoilers, rng)


@cache
def braked(name: str) -> Spoilt:
    """Return the set that `BRAKED` names, in the ball: in conflict and regular with the bias penalised and free.

    In the slow ones, unlike in all others, the next base margin is less than a tenth beyond gamma0.
    """
    if name.endswith("corners"):
        far = 4.0 if name == "far corners" else 1.0
        return corners(far * DEPTH, far * OFFSET, "ball")
    rng = stream("brakes", "block", {"geometry": name}, 0)
    for _ in range(10_000):
        try:
            if name.startswith("slow"):
                points = spoilt(*draw(BRAKED[name], 1, rng), "ball")
                chosen = points.conflict and points.regular and points.gamma0 > 0.2 > 2.0 * points.gap / points.gamma0
            else:
                points, chosen = drawn(BRAKED[name], "ball", 1, rng), True
            free = replace(points, shape="free-bias ball")
            if chosen and free.conflict and free.regular:
                return points
        except BadInput:
            continue
    raise BadInput(f"`name` {name!r}: no set that qualifies was drawn")
