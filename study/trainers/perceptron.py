"""Rosenblatt's perceptron."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from study.checks import BadInput, PositiveInt, checked
from study.datasets.dataset import Features, Labels, check_points, leading_shape
from study.kernels import perceptron as kernel
from study.trainers.fit import Fit, check_start

Order = Literal["natural", "cyclic-shuffled", "random"]
Keep = Literal["last", "average", "pocket"]
KEEPS = get_args(Keep)
"""The compiled loop takes their places."""


@checked
def perceptron(
    X: Features,
    y: Labels,
    *,
    w0: ArrayLike | None = None,
    order: Order = "natural",
    rng: np.random.Generator | None = None,
    keep: Keep = "last",
    max_updates: PositiveInt = 10_000_000,
    max_passes: PositiveInt = 2**61,
) -> Fit:
    """Train a perceptron: look at sample after sample, and add y (x, 1) to the weights wherever y w.(x, 1) <= 0.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    w0 : array_like of shape (..., n_features + 1), optional
        Weights to start from, the bias last; zeros by default.
    order : {"natural", "cyclic-shuffled", "random"}
        natural: the samples as they stand, again and again. cyclic-shuffled: one permutation drawn for each set, again
        and again. random: each look at a sample drawn uniformly, with replacement.
    rng : numpy.random.Generator
        Needed for the two orders that are drawn.
    keep : {"last", "average", "pocket"}
        Which weights to return: the last; their average over all looks (the averaged perceptron [3]_); or those that
        misclassified fewest samples of all there were, the start included (the pocket algorithm with ratchet [4]_).
    max_updates : int, at least 1
        Budget of updates.
    max_passes : int, at least 1
        Budget of passes. In natural order, training that goes on from the weights of a run that this budget ended
        makes the updates of one longer run; the last part may save the pass that finds nothing left to do.

    Returns
    -------
    Fit
        `loss` is the perceptron criterion, the sum of max(0, -y w.(x, 1)); `residual` the share of samples for which
        y w.(x, 1) > 0 does not hold, both for the last weights; `stop` is SEPARATED, BUDGET_SPENT or NOT_FINITE.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, a start of another length or not finite, an unknown order, an order
        that is drawn without a Generator, or a budget below 1.

    Notes
    -----
    On separable points the rule stops after at most (R / gamma)^2 updates from a zero start, R the largest norm of an
    (x, 1) and gamma the largest margin of a unit w [2]_. On other points it never stops of itself: hence the budget.
    A pass ends after n_samples looks. With a fixed order a pass without an update ends the training; with a random one
    all samples are tested after each pass, which changes no weights.

    References
    ----------
    .. [1] F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the
       brain", Psychological Review 65(6):386-408, 1958. doi:10.1037/h0042519
    .. [2] A. B. J. Novikoff, "On convergence proofs on perceptrons", Proceedings of the Symposium on the Mathematical
       Theory of Automata 12:615-622, 1962.
    .. [3] Y. Freund, R. E. Schapire, "Large margin classification using the perceptron algorithm", Machine Learning
       37(3):277-296, 1999. doi:10.1023/A:1007662407062
    .. [4] S. I. Gallant, "Perceptron-based learning algorithms", IEEE Transactions on Neural Networks 1(2):179-191,
       1990. doi:10.1109/72.80230
    """
    X, y = check_points(X, y)
    n_samples, p = X.shape[-2], X.shape[-1] + 1
    start = check_start(w0, p)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1], w0=start.shape[:-1])
    visits = np.arange(n_samples)
    seeds = np.zeros(shape, np.uint64)
    if order != "natural":
        if rng is None:
            raise BadInput(f"`rng` must be a numpy Generator where `order` is {order}; got {rng}")
        if order == "cyclic-shuffled":
            visits = rng.permuted(np.broadcast_to(visits, (*shape, n_samples)), axis=-1)
        else:
            seeds = rng.integers(2**64, size=shape, dtype=np.uint64)
    w, stop, n_updates, n_passes, loss, residual = kernel.train(
        X, y, start, visits, order == "random", seeds, KEEPS.index(keep), max_updates, max_passes
    )
    return Fit(w=w, stop=stop, n_updates=n_updates, n_passes=n_passes, loss=loss, residual=residual)
