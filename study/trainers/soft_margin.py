"""The soft-margin support vector machine, compiled for stacks."""

import numpy as np

from study.checks import Positive, PositiveInt, checked
from study.datasets.dataset import Features, Labels, check_points
from study.kernels import hinge
from study.trainers.fit import Fit, stop_codes


@checked
def soft_margin(
    X: Features, y: Labels, *, C: Positive = 1.0, max_passes: PositiveInt = 10_000, tol: Positive = 1e-4
) -> Fit:
    """Minimise |w|^2 / 2 + C times the sum of max(0, 1 - y w.(x, 1)), the bias penalised like the other weights.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    C : float in (0, inf)
        What a margin short of 1 costs.
    max_passes : int, at least 1
        Budget of passes over the samples.
    tol : float in (0, inf)
        A loss that is proved to lie above the least by at most this share of itself is called stationary.

    Returns
    -------
    Fit
        `loss` is the objective; `gap` bounds what share of it lies above the least, by the dual objective and with
        all rounding; `residual` is the largest projected gradient of the dual. `stop` is STATIONARY, BUDGET_SPENT or
        NOT_FINITE. `n_updates` counts changed multipliers.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, or an argument outside its range.

    Notes
    -----
    Dual coordinate descent [1]_ in natural order.

    References
    ----------
    .. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, "A dual coordinate descent method for
       large-scale linear SVM", ICML 2008, 408-415. doi:10.1145/1390156.1390208
    """
    X, y = check_points(X, y)
    w, n_updates, n_passes, loss, residual, gap = hinge.descend(X, y, np.zeros(X.shape[-1] + 1), C, tol, max_passes)
    with np.errstate(invalid="ignore"):
        gap = np.asarray(gap / loss)
    return Fit(
        w=w,
        stop=stop_codes(gap, tol, n_passes >= max_passes, w, loss),
        n_updates=n_updates,
        n_passes=n_passes,
        loss=loss,
        residual=residual,
        gap=gap,
    )
