"""Many training sets from one, as rows of it or as points."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from study.checks import AtLeastTwo, BadInput, PositiveInt, as_integers, checked
from study.datasets.dataset import Dataset, check_one_set, check_room, check_shape, freeze, one_class

Rows = NDArray[np.int64]
"""Of shape (size, n_samples): which points of a pool each set holds."""


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

    Raises
    ------
    BadInput
        For a pool that is a stack.
    """
    check_one_set("pool", pool)
    return _take(pool, bootstrap_rows(pool, len(pool.y), size, rng))


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
    return _take(pool, subsample_rows(pool, n_samples, size, rng))


@checked
def bootstrap_rows(pool: Dataset, n_samples: AtLeastTwo, size: PositiveInt, rng: np.random.Generator) -> Rows:
    """Draw the rows of sets of `n_samples` points with replacement, both classes in each; arguments as `subsample`."""
    check_one_set("pool", pool)
    check_room(size=size, n_samples=n_samples)
    return _draw_again(pool.y, lambda number: rng.integers(len(pool.y), size=(number, n_samples)), size)


@checked
def subsample_rows(pool: Dataset, n_samples: AtLeastTwo, size: PositiveInt, rng: np.random.Generator) -> Rows:
    """Draw the rows of sets of `n_samples` points without replacement, both classes in each, as `subsample` does."""
    check_one_set("pool", pool)
    n_pool = len(pool.y)
    check_room(size=size, n_pool=n_pool)
    if n_samples > n_pool:
        raise BadInput(f"`n_samples` must not exceed the {n_pool} points of the pool; got {n_samples}")

    def draw(number: int) -> Rows:
        whole = np.broadcast_to(np.arange(n_pool), (number, n_pool))
        return np.asarray(rng.permuted(whole, axis=-1)[:, :n_samples])

    return _draw_again(pool.y, draw, size)


@checked
def fold_rows(
    pool: Dataset, n_folds: AtLeastTwo, size: PositiveInt, rng: np.random.Generator, repeats: PositiveInt = 1
) -> Rows:
    """Draw the rows of the training sets of stratified cross-validation, which is repeated until there are enough.

    Parameters
    ----------
    pool : Dataset
        One set.
    n_folds : int, from 2 to the size of the smaller class
    size : int, at least 1
        Number of sets.
    rng : numpy.random.Generator
    repeats : int, at least 1
        Repetitions that are begun at once, and lie next to one another: first the first fold of each of them, then the
        second, and so on.

    Returns
    -------
    ndarray of int64 of shape (size, n_samples)
        All but the rows that the fold tests. Folds are of one size, and so are the training sets: rows that are left
        over when a class is cut into folds, at random in each repetition, train in every fold.
    """
    check_one_set("pool", pool)
    classes = [np.flatnonzero(pool.y == sign) for sign in (-1.0, 1.0)]
    n_least = min(map(len, classes))
    if n_folds > n_least:
        raise BadInput(f"`n_folds` must not exceed the {n_least} points of the smaller class; got {n_folds}")
    rounds = -(-size // (n_folds * repeats))
    check_room(rounds=rounds, repeats=repeats, n_folds=n_folds, n_pool=len(pool.y))
    sets = []
    for of_class in classes:
        own = rng.permuted(np.broadcast_to(of_class, (rounds, repeats, len(of_class))), axis=-1)
        n_tested = len(of_class) // n_folds
        turned = [np.roll(own, -fold * n_tested, axis=-1)[..., n_tested:] for fold in range(n_folds)]
        sets.append(np.stack(turned, axis=1).reshape(-1, len(of_class) - n_tested))
    return np.concatenate(sets, axis=-1)[:size]


@checked
def left_out(rows: Annotated[Rows, as_integers], n_pool: PositiveInt) -> NDArray[np.bool_]:
    """Return, of shape (size, n_pool), which points of a pool each set does not hold."""
    _check_rows(rows, n_pool)
    check_room(size=len(rows), n_pool=n_pool)
    out = np.ones((len(rows), n_pool), bool)
    np.put_along_axis(out, rows, False, axis=-1)
    return out


@checked
def take_sets(pool: Dataset, rows: Annotated[Rows, as_integers]) -> Dataset:
    """Return the sets of a pool that hold these rows, a stack."""
    check_one_set("pool", pool)
    _check_rows(rows, len(pool.y))
    check_room(size=rows.size, n_features=pool.X.shape[-1])
    if one_class(pool.y[rows]).any():
        raise BadInput("`rows` must hold points of both classes in every set; one set does not")
    return _take(pool, rows)


def _take(pool: Dataset, rows: Rows) -> Dataset:
    X = pool.X.take(rows, axis=0)  # in a tenth of the time of an index
    return Dataset(X=freeze(X), y=freeze(pool.y[rows]), is_spoiler=freeze(pool.is_spoiler[rows]), name=pool.name)


def _check_rows(rows: Rows, n_pool: int) -> None:
    check_shape("rows", rows, "size", "n_samples")
    if rows.min() < 0 or rows.max() >= n_pool:
        raise BadInput(f"`rows` must lie in [0, {n_pool}); got {rows.min()} to {rows.max()}")


def _draw_again(y: NDArray[np.float64], draw: Callable[[int], Rows], size: int) -> Rows:
    """Draw sets, those of one class again."""
    rows = draw(size)
    while (single := one_class(y[rows])).any():
        rows[single] = draw(int(single.sum()))
    return rows
