"""Points as most experiments draw them, and as their tables hold them."""

from typing import Any

import numpy as np

from study import Dataset, add_spoilers, make_boxes
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE


def spoilt_clusters(n_samples: int, size: int, rng: np.random.Generator) -> Dataset:
    """Draw a stack of sets of two boxes and one spoiler."""
    return add_spoilers(make_boxes(n_samples, **BOX, size=size, rng=rng), 1, **PLACE, rng=rng)


def first_set(points: Dataset) -> Dataset:
    """Return the first set of a stack."""
    return Dataset(X=points.X[0], y=points.y[0], is_spoiler=points.is_spoiler[0], name=points.name)


def coordinates(points: Dataset) -> dict[str, Any]:
    """Return one set in the plane as a record."""
    place = {"x_1": points.X[:, 0], "x_2": points.X[:, 1]}
    return {**place, "label": points.y.astype(int), "is_spoiler": points.is_spoiler}
