"""Rosenblatt's perceptron."""

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from study.datasets.arguments import checked
from study.datasets.dataset import check_points, leading_shape
from study.trainers.fit import Fit, Stop, check_start
from study.trainers.gufunc import gufunc
from study.validation import BadInput, count, one_of

ORDERS = ("natural", "cyclic-shuffled", "random")
KEEPS = ("last", "average", "pocket")
AVERAGE, POCKET = 1, 2  # the loop knows them as constants


@checked
def perceptron(
    X: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike | None = None,
    order: Literal["natural", "cyclic-shuffled", "random"] = "natural",
    rng: np.random.Generator | None = None,
    keep: Literal["last", "average", "pocket"] = "last",
    max_updates: int = 10_000_000,
    max_passes: int = 2**61,
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
        For points that `check_points` refuses, a start of another length or not finite, an unknown order, an order
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
    one_of("order", order, ORDERS)
    one_of("keep", keep, KEEPS)
    max_updates, max_passes = count("max_updates", max_updates), count("max_passes", max_passes)
    n_samples, p = X.shape[-2], X.shape[-1] + 1
    start = check_start(w0, p)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1], w0=start.shape[:-1])
    visits = np.arange(n_samples)
    seeds = np.zeros(shape, np.uint64)
    if order != "natural":
        if not isinstance(rng, np.random.Generator):
            raise BadInput(f"`rng` must be a numpy Generator where `order` is {order}; got {rng}")
        if order == "cyclic-shuffled":
            visits = rng.permuted(np.broadcast_to(visits, (*shape, n_samples)), axis=-1)
        else:
            seeds = rng.integers(2**64, size=shape, dtype=np.uint64)
    with np.errstate(all="ignore"):
        w, stop, n_updates, n_passes, loss, residual = _train(
            X, y, start, visits, order == "random", seeds, KEEPS.index(keep), max_updates, max_passes
        )
    return Fit(w=w, stop=stop, n_updates=n_updates, n_passes=n_passes, loss=loss, residual=residual)


@njit
def _margin(w, x, label):  # type: ignore[no-untyped-def]
    z = w[-1]
    for j in range(x.size):
        z += w[j] * x[j]
    return label * z


@njit
def _n_wrong(w, X, y):  # type: ignore[no-untyped-def]
    wrong = 0
    for i in range(y.size):
        if not _margin(w, X[i], y[i]) > 0:  # also where it is NaN
            wrong += 1
    return wrong


@gufunc(
    "void(float64[:,:], float64[:], float64[:], int64[:], boolean, uint64, int64, int64, int64,"
    " float64[:], int8[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(p),(n),(),(),(),(),()->(p),(),(),(),(),()",
)
def _train(  # type: ignore[no-untyped-def]
    X, y, w0, visits, at_random, seed, keep, max_updates, max_passes, w, stop, n_updates, n_passes, loss, residual
):
    n, d = X.shape
    w[:] = w0
    n_updates[0] = n_passes[0] = 0
    stop[0] = Stop.BUDGET_SPENT
    state = seed
    n_looks = 0
    kept = w.copy()  # the pocket; or the sum of look times change, whence the average
    if keep == AVERAGE:
        kept[:] = 0.0
    fewest = _n_wrong(w, X, y) if keep == POCKET else 0
    # A fixed order takes one pass an update and one more; a drawn one may look in vain, ever less likely.
    for _ in range(min(2 * max_updates + 64, max_passes)):
        n_passes[0] += 1
        before = n_updates[0]
        for look in range(n):
            if n_updates[0] == max_updates:
                break
            i = visits[look]
            if at_random:  # splitmix64 (Steele, Lea and Flood, 2014); the modulo's bias is below n / 2^64
                state += np.uint64(0x9E3779B97F4A7C15)
                z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                i = np.int64((z ^ (z >> np.uint64(31))) % np.uint64(n))
            if not _margin(w, X[i], y[i]) > 0:  # also where it is NaN
                for j in range(d):
                    w[j] += y[i] * X[i, j]
                w[d] += y[i]
                n_updates[0] += 1
                if keep == AVERAGE:  # a change made at look t counts for the looks from t on
                    for j in range(d):
                        kept[j] += n_looks * y[i] * X[i, j]
                    kept[d] += n_looks * y[i]
                elif keep == POCKET:
                    wrong = _n_wrong(w, X, y)
                    if wrong < fewest:
                        fewest = wrong
                        kept[:] = w
            n_looks += 1
        if not np.isfinite(w).all():
            stop[0] = Stop.NOT_FINITE
            loss[0], residual[0] = np.nan, 1.0
            break
        spent = n_updates[0] == max_updates or n_passes[0] == max_passes
        if at_random or spent or n_updates[0] == before:
            wrong = 0
            loss[0] = 0.0
            for i in range(n):
                margin = _margin(w, X[i], y[i])
                if not margin > 0:
                    wrong += 1
                    loss[0] -= margin
            residual[0] = wrong / n
            if wrong == 0:
                stop[0] = Stop.SEPARATED
            if wrong == 0 or spent:
                break
    if keep == AVERAGE and n_looks > 0:
        for j in range(d + 1):
            w[j] -= kept[j] / n_looks
    elif keep == POCKET:
        w[:] = kept
