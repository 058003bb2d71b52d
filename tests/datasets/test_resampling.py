"""Resampled sets come from the pool, as often as they should."""

import numpy as np
import pytest

from study.datasets.dataset import Dataset
from study.datasets.generators import make_boxes
from study.datasets.resampling import bootstrap, fold_rows, left_out, subsample


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


def test_each_repetition_of_folds_tests_a_row_once_and_every_group_holds_whole_ones() -> None:
    """Of 8 and 13 points in 3 folds, 2 and 1 are left over in each repetition, others each time."""
    y = np.repeat([1.0, -1.0], [8, 13])
    points = Dataset(X=np.arange(21.0)[:, None], y=y, name="pool")
    rows = fold_rows(points, 3, 120, np.random.default_rng(4), repeats=20)
    assert rows.shape == (120, 21 - 2 - 4)
    assert all(len(set(row)) == 15 for row in rows.tolist())
    out = left_out(rows, 21)
    assert (out[:, y > 0.0].sum(axis=-1) == 2).all()
    tested = out.reshape(2, 3, 20, 21).sum(axis=1)  # of each repetition, over its folds
    assert tested.max() == 1
    assert (tested.sum(axis=-1) == 3 * (2 + 4)).all()
    assert (tested.sum(axis=(0, 1)) > 20).all()
