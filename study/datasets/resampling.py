"""Many training sets from one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from study.checks import AtLeastTwo, BadInput, PositiveInt, checked
from study.datasets.dataset import Dataset, check_one_set, check_room


@checked
def bootstrap(pool: Dataset, size: PositiveInt, rng: np.random.Generator) -> Dataset:
    """Draw sets as large as the pool from it, with replacement.

    Parameters
    ----------
    pool : Dataset
        One set, of shape (n_samples, n_features).
    size : int, at least 1
        Number of sets.
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        X of shape (size, n_samples, n_features). A draw without both classes is drawn again.
    """
    check_one_set("pool", pool)
    n_samples = len(pool.X)
    check_room(size=size, n_samples=n_samples, n_features=pool.X.shape[-1])
    return _take_sets(pool, lambda number: rng.integers(n_samples, size=(number, n_samples)), size)


@checked
def subsample(pool: Dataset, n_samples: AtLeastTwo, size: PositiveInt, rng: np.random.Generator) -> Dataset:
    """Draw sets of `n_samples` points from the pool, without replacement.

    Parameters
    ----------
    pool : Dataset
        One set.
    n_samples : int, from 2 to the number of points in the pool
    size : int, at least 1
        Number of sets.
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        X of shape (size, n_samples, n_features). A draw without both classes is drawn again.

    Raises
    ------
    BadInput
        Where the pool has fewer points.
    """
    check_one_set("pool", pool)
    n_pool = len(pool.X)
    check_room(size=size, n_samples=n_pool, n_features=pool.X.shape[-1])
    if n_samples > n_pool:
        raise BadInput(f"`n_samples` must not exceed the {n_pool} points of the pool; got {n_samples}")

    def draw(number: int) -> NDArray[np.int64]:
        whole = np.broadcast_to(np.arange(n_pool), (number, n_pool))
        return np.asarray(rng.permuted(whole, axis=-1)[:, :n_samples])

    return _take_sets(pool, draw, size)


def _take_sets(pool: Dataset, draw: Callable[[int], NDArray[np.int64]], size: int) -> Dataset:
    rows = draw(size)
    while (one_class := np.ptp(pool.y[rows], axis=-1) == 0.0).any():
        rows[one_class] = draw(int(one_class.sum()))
    return Dataset(X=pool.X[rows], y=pool.y[rows], is_spoiler=pool.is_spoiler[rows], name=pool.name)
