"""Resampled sets come from the pool, as often as they should."""

import numpy as np
import pytest

from study.datasets.dataset import Dataset
from study.datasets.generators import make_boxes
from study.datasets.resampling import bootstrap, subsample


def pool(n: int = 20) -> Dataset:
    drawn = make_boxes(n, 2, rng=np.random.default_rng(0), size=1)
    return Dataset(X=drawn.X[0], y=drawn.y[0], name="pool")


def rows_of(points: Dataset, sets: Dataset) -> np.ndarray:
    """Return which row of the pool each drawn point is."""
    same = (sets.X[..., None, :] == points.X).all(axis=-1)
    return np.asarray(same.argmax(axis=-1))


def test_a_bootstrap_draws_with_replacement() -> None:
    points = pool()
    sets = bootstrap(points, 2000, np.random.default_rng(1))
    rows = rows_of(points, sets)
    assert sets.X.shape == (2000, 20, 2)
    assert (points.y[rows] == sets.y).all()
    distinct = np.mean([len(set(row)) for row in rows.tolist()])
    assert distinct == pytest.approx(20 * (1 - (1 - 1 / 20) ** 20), abs=0.15)


def test_a_subsample_draws_without() -> None:
    points = pool()
    rows = rows_of(points, subsample(points, 10, 500, np.random.default_rng(2)))
    assert all(len(set(row)) == 10 for row in rows.tolist())
    assert np.bincount(rows.ravel(), minlength=20) == pytest.approx(np.full(20, 250), abs=60)


def test_every_draw_has_both_classes() -> None:
    points = Dataset(X=np.arange(6.0)[:, None], y=np.array([1.0, -1, -1, -1, -1, -1]), name="pool")
    for sets in (bootstrap(points, 500, np.random.default_rng(3)), subsample(points, 2, 500, np.random.default_rng(3))):
        assert (np.ptp(sets.y, axis=-1) == 2.0).all()
