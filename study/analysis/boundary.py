"""How a rule's boundary scatters over resampled training sets."""

import numpy as np
from numpy.typing import ArrayLike

from study.checks import BadInput, checked
from study.datasets.dataset import Floats, check_finite, check_shape, check_weights


@checked
def boundary_sums(w: ArrayLike) -> Floats:
    """Return the sums from which `boundary_spread` is computed; those of further resamples are added.

    Parameters
    ----------
    w : array_like of shape (n_resamples, n_features + 1)
        Weights, the bias last.

    Returns
    -------
    ndarray of shape (n_features + 5,)
        Number of boundaries, number of zero normals (left out), the sum of unit normals, of offsets and their squares,
        and of squared angles to the first axis. The offset is bias / norm(normal), signed, in the units of X.
    """
    w = np.asarray(w)
    check_weights("w", w)
    check_shape("w", w, "n_resamples", "n_features + 1")
    check_finite("w", w)
    size = np.linalg.norm(w[:, :-1], axis=-1)
    some = size > 0.0
    normal, offset = w[some, :-1] / size[some, None], w[some, -1] / size[some]
    angle = np.arctan2(np.linalg.norm(normal[:, 1:], axis=-1), normal[:, 0])
    sums = [[len(w)], [len(w) - some.sum()], normal.sum(axis=0), [offset.sum()], [(offset**2).sum()]]
    return np.concatenate([*sums, [(angle**2).sum()]]).astype(np.float64)


@checked
def boundary_spread(sums: Floats) -> dict[str, float]:
    """Return how the boundary scatters over the resamples.

    Parameters
    ----------
    sums : ndarray of shape (n_features + 5,)
        From `boundary_sums`.

    Returns
    -------
    dict
        dispersion: 1 - |mean unit normal|, from 0 (all alike) to 1. angle_to_mean: angle between the mean normal and
        the first axis, in radians. angle_rms: root mean square of the normals' angles to the first axis.
        offset_mean, offset_sd: of bias / norm(normal), in the units of X. no_boundary: share of zero normals; where
        that is 1 the others are NaN.
    """
    check_shape("sums", sums, "n_features + 5")
    check_finite("sums", sums)
    if len(sums) < 6 or not 0.0 <= sums[1] <= sums[0] or sums[0] < 1.0:
        raise BadInput(f"`sums` must be what `boundary_sums` gives; got {sums}")
    n, none, resultant = sums[0], sums[1], sums[2:-3]
    used = n - none if n > none else np.nan
    mean = resultant / used
    length = float(np.linalg.norm(mean))
    offset = sums[-3] / used
    return {
        "dispersion": float(np.maximum(0.0, 1.0 - length)),
        "angle_to_mean": float(np.arctan2(np.linalg.norm(mean[1:]), mean[0])),
        "angle_rms": float(np.sqrt(sums[-1] / used)),
        "offset_mean": float(offset),
        "offset_sd": float(np.sqrt(np.maximum(0.0, sums[-2] / used - offset**2))),
        "no_boundary": float(none / n),
    }
