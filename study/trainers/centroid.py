"""The rule that uses nothing but the two class means."""

import numpy as np

from study.checks import checked
from study.datasets.dataset import Features, Labels, check_points, leading_shape
from study.trainers.fit import Fit, Stop


@checked
def nearest_centroid(X: Features, y: Labels) -> Fit:
    """Put the boundary halfway between the means of the two classes, across the line that joins them.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    Fit
        `loss` is half the squared distance between the means; `residual` is 0 and `stop` STATIONARY: nothing is sought;
        or NOT_FINITE. Where the means coincide, `w` is zero.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses.

    Notes
    -----
    A bounded unit comes near to this rule as its bound shrinks: in a ball of radius R its weights turn to the sum of
    y (x, 1) as R falls to zero, whose direction in the features is that of the means where the classes are balanced.
    """
    X, y = check_points(X, y)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    positive, negative = (y > 0)[..., None], (y < 0)[..., None]
    top, bottom = (np.where(group, X, 0.0).sum(axis=-2) / group.sum(axis=-2) for group in (positive, negative))
    normal = top - bottom
    bias = -((top + bottom) * normal).sum(axis=-1) / 2.0
    ones = np.ones(shape, np.int64)
    w = np.concatenate([normal, bias[..., None]], axis=-1)
    return Fit(
        w=w,
        stop=np.where(np.isfinite(w).all(axis=-1), Stop.STATIONARY, Stop.NOT_FINITE).astype(np.int8),
        n_updates=ones,
        n_passes=ones,
        loss=(normal**2).sum(axis=-1) / 2.0,
        residual=np.zeros(shape),
    )
