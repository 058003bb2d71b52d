"""The point sets of the sources.

Of Brady, Raghavan and Slawny's paper [1]_ only the abstract was at hand: the sets here rebuild what it claims, in the
coordinates in which the claim is stated today, and are not copies of its figures.

References
----------
.. [1] M. L. Brady, R. Raghavan, J. Slawny, "Back propagation fails to separate where perceptrons succeed",
   IEEE Transactions on Circuits and Systems 36(5):665-674, 1989. doi:10.1109/31.31314
"""

import numpy as np
from numpy.typing import ArrayLike

from study.checks import BadInput, checked
from study.datasets.dataset import Dataset


def three_points() -> Dataset:
    """Return the three points that every rule separates: (1, 0)+, (0, 1)+ and (-1, 0)-."""
    return Dataset(X=np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), y=np.array([1, 1, -1]), name="three points")


@checked
def four_points(t: ArrayLike) -> Dataset:
    """Return the three points and a spoiler, (0, -t)+.

    Parameters
    ----------
    t : array_like of float, of shape (...)
        Distance of the spoiler from the origin, positive and finite; an array gives a stack of sets.

    Returns
    -------
    Dataset
        X of shape (..., 4, 2); the last row of each set is the spoiler.

    Raises
    ------
    BadInput
        Unless every `t` is positive and finite.

    Notes
    -----
    Separable for every t: the line x = -1/2 has the largest geometric margin, 1/2. The separator of least norm with
    all functional margins at least 1 is (2, 0, 1), bias last, so Novikoff's bound on updates is 5 (t^2 + 1) for
    t >= 1.
    """
    t = np.asarray(t)
    valid = np.isfinite(t) & (t > 0)
    if not (valid.all() and valid.size):
        raise BadInput(f"`t` must be positive and finite; got {t[~valid][0] if valid.size else 'none'}")
    base = three_points()
    X = np.zeros((*t.shape, 4, 2))
    X[..., :3, :] = base.X
    X[..., 3, 1] = -t
    y = np.broadcast_to(np.append(base.y, 1), X.shape[:-1])
    is_spoiler = np.broadcast_to(np.arange(4) == 3, y.shape)
    return Dataset(X=X, y=y, is_spoiler=is_spoiler, name="four points")
