"""Bias and variance of a rule's predictions, from resampled training sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from study.analysis.margin import decision_values, largest_error
from study.checks import BadInput, Share, checked, count
from study.datasets.dataset import Features, Floats, Labels, check_finite, check_room, check_shape
from study.kernels import wrong as kernel

PARTS = (
    "error",
    "bias",
    "variance",
    "unbiased_variance",
    "biased_variance",
    "net_variance",
    "kohavi_wolpert_bias",
    "kohavi_wolpert_variance",
)
"""What is estimated, in the order of the last axes below."""
LEAST = np.array([-1.0 if part == "net_variance" else 0.0 for part in PARTS])
"""The least value of each; the largest is 1."""
AT_ONCE = 2**17
"""Resamples times test points whose signs are found at once: what the processor's cache holds."""
MOST_ROUNDS = 255
"""Resamples of a group that are counted at once, in bytes."""


@dataclass(frozen=True)
class Estimate:
    """An estimate for each of `PARTS`, its standard error, and a confidence interval.

    Interval and p-value take Student's distribution with the same `degrees` of freedom: zero lies outside the interval
    exactly where the p-value is below one less its confidence.

    Parameters
    ----------
    value, standard_error : ndarray of shape (..., 8)
    low, high : ndarray of shape (..., 8)
        The ends of the interval.
    degrees : int
        Degrees of freedom.
    """

    value: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    degrees: int

    def __getitem__(self, k: int) -> "Estimate":
        """Return the estimate at a place of the first axis."""
        return Estimate(self.value[k], self.standard_error[k], self.low[k], self.high[k], self.degrees)

    @property
    def p_value(self) -> Floats:
        """Two-sided p-value of the hypothesis that the true value is zero; 1 where both value and error are zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.value) / self.standard_error
        return np.asarray(2.0 * stats.t.sf(np.where(np.isnan(t), 0.0, t), self.degrees))

    def columns(self, names: Sequence[str] = PARTS) -> dict[str, float]:
        """Return parts and the ends of their intervals, of one estimate, as a row: "bias", "bias_low", "bias_high"."""
        row: dict[str, float] = {}
        for name in names:
            k = PARTS.index(name)
            row |= {name: self.value[k], f"{name}_low": self.low[k], f"{name}_high": self.high[k]}
        return row


def _even(name: str, value: int) -> int:
    n_groups = count(name, value, least=4)
    if n_groups % 2 or n_groups > 10_000:
        raise BadInput(f"`{name}` must be even and at most 10,000; got {value}")
    return n_groups


Groups = Annotated[int, _even]


@checked
def wrong_counts(
    w: ArrayLike, X: Features, y: Labels, n_groups: Groups = 20, tested: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Count, for each group of resamples and each test point, how many of the resamples' boundaries get it wrong.

    Parameters
    ----------
    w : array_like of shape (n_resamples, n_features + 1)
        Weights, the bias last. Resample r belongs to group r modulo `n_groups`.
    X : array_like of shape (n_test, n_features)
    y : array_like of shape (n_test,)
        Labels in {-1, +1}.
    n_groups : int, at least 4 and even
        The even groups make one half of the resamples, the odd ones the other.
    tested : ndarray of bool of shape (n_resamples, n_test), optional
        Which test points each resample is tested on, such as those that it was not trained on; by default all.

    Returns
    -------
    ndarray of int64 of shape (n_groups, n_test)
        A tie, a test point on the boundary, counts as wrong. Counts of further resamples are added.

    Raises
    ------
    BadInput
        For arrays that do not belong together, or groups that are fewer than four or odd.
    """
    w, X, y = np.asarray(w), np.asarray(X), np.asarray(y)
    check_shape("X", X, "n_test", "n_features")
    check_shape("y", y, len(X))
    check_shape("w", w, "n_resamples", X.shape[1] + 1)
    check_room(n_groups=n_groups, n_test=len(y))
    if tested is not None:
        tested = np.asarray(tested, bool)
        check_shape("tested", tested, len(w), len(y))
    masks = np.empty((0, len(y)), bool) if tested is None else tested
    counts, left = kernel.count_wrong(w, largest_error(w, X)[:, 0], X, y, masks, np.arange(n_groups))
    rows, step = np.flatnonzero(left), max(1, AT_ONCE // len(y))
    for begin in range(0, rows.size, step):
        own = rows[begin : begin + step]
        wrong = ~(decision_values(w[own], X) * y > 0.0)
        np.add.at(counts, own % n_groups, wrong if tested is None else wrong & tested[own])
    return np.asarray(counts)


@checked
def differing_counts(w: ArrayLike, v: ArrayLike, X: Features, n_groups: Groups = 20) -> NDArray[np.int64]:
    """Count, for each group and each test point, for how many of the resamples two boundaries disagree there.

    Parameters
    ----------
    w, v : array_like of shape (n_resamples, n_features + 1)
        Two boundaries for each resample, in groups as in `wrong_counts`.
    X : array_like of shape (n_test, n_features)
    n_groups : int, at least 4 and even

    Returns
    -------
    ndarray of int64 of shape (n_groups, n_test)

    Raises
    ------
    BadInput
        For arrays that do not belong together, or groups that are fewer than four or odd.
    """
    w, v, X = np.asarray(w), np.asarray(v), np.asarray(X)
    check_shape("X", X, "n_test", "n_features")
    check_shape("w", w, "n_resamples", X.shape[1] + 1)
    check_shape("v", v, *w.shape)
    check_room(n_groups=n_groups, n_test=len(X))

    def differ(*pair: Floats) -> NDArray[np.bool_]:
        one, other = (decision_values(u, X) > 0.0 for u in pair)
        return np.asarray(one != other)

    return _counts(differ, n_groups, len(X), w, v)


def _counts(
    hit: Callable[..., NDArray[np.bool_]], n_groups: int, n_test: int, *arrays: NDArray[Any]
) -> NDArray[np.int64]:
    """Return how many resamples of each group are hit at each test point; no more than `AT_ONCE` are asked at once."""
    counts = np.zeros((n_groups, n_test), np.int64)
    step = n_groups * min(max(1, AT_ONCE // (n_groups * max(n_test, 1))), MOST_ROUNDS)
    for begin in range(0, len(arrays[0]), step):
        found = hit(*(array[begin : begin + step] for array in arrays))
        whole = len(found) - len(found) % n_groups
        counts += found[:whole].view(np.uint8).reshape(-1, n_groups, n_test).sum(axis=0, dtype=np.uint8)
        counts[: len(found) - whole] += found[whole:]
    return counts


@checked
def group_sizes(n_resamples: Annotated[int, partial(count, least=0)], n_groups: Groups = 20) -> NDArray[np.int64]:
    """Return how many of `n_resamples` resamples each group holds, of shape (n_groups,)."""
    return (n_resamples + n_groups - 1 - np.arange(n_groups)) // n_groups


@checked
def group_counts(found: NDArray[np.bool_], n_groups: Groups) -> NDArray[np.int64]:
    """Return for how many resamples of each group something is found at each point, of shape (n_groups, n_test).

    Parameters
    ----------
    found : ndarray of bool of shape (n_resamples, n_test)
        Such as that the resample is tested on the point, or that it is wrong there.
    n_groups : int, at least 4 and even

    Returns
    -------
    ndarray of int64 of shape (n_groups, n_test)

    Raises
    ------
    BadInput
        For an array of another shape, or groups that are fewer than four or odd.
    """
    found = np.asarray(found, bool)
    check_shape("found", found, "n_resamples", "n_test")
    return _counts(lambda own: own, n_groups, found.shape[1], found)


@checked
def decompose(wrong: NDArray[np.int64], n: NDArray[np.int64]) -> Floats:
    """Split the error at each test point into bias and variance.

    Parameters
    ----------
    wrong : ndarray of shape (..., n_groups, n_test)
        From `wrong_counts`.
    n : ndarray of int of shape (n_groups,) or (n_groups, n_test)
        Resamples in each group, or those of them that are tested on each point.

    Returns
    -------
    ndarray of shape (..., 8, n_test)
        `PARTS` at each test point, all unbiased estimates but for the main prediction's own error.

    Raises
    ------
    BadInput
        For counts that do not belong together, or a half without a resample for some test point.

    Notes
    -----
    Domingos [1]_, for two classes and targets without noise: the main prediction is the one that most resamples make; a
    tied vote counts as wrong. The bias B is 1 where it is wrong, else 0; the variance V is the share of resamples that
    differ from it; the error is V where B = 0 and 1 - V where B = 1, so error = bias + net variance, and net variance =
    unbiased variance (V where B = 0) - biased variance (V where B = 1). The main prediction is taken from one half of
    the groups and V from the other, in turn, since a main prediction agrees too well with the resamples that chose it.

    Kohavi and Wolpert [2]_, in the convention that is (1 - sum of squares) / 2: with q the probability of a wrong
    prediction the squared bias is q^2 and the variance q (1 - q), both corrected for the finite number of resamples.

    References
    ----------
    .. [1] P. Domingos, "A unified bias-variance decomposition", AAAI 2000, 564-569.
    .. [2] R. Kohavi, D. H. Wolpert, "Bias plus variance decomposition for zero-one loss functions", ICML 1996, 275-283.
    """
    sizes = _check_counts(wrong, n)
    return _parts(_halves(wrong), _halves(sizes))


def _halves(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sums over the even and over the odd groups, of shape (..., 2, n), from (..., n_groups, n)."""
    return np.asarray(counts.reshape(*counts.shape[:-2], -1, 2, counts.shape[-1]).sum(axis=-3))


def _check_counts(wrong: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `n` with an axis for the test points, of length 1 where they are tested alike."""
    check_shape("wrong", wrong, "n_groups", "n_test", stack=True)
    check_shape("n", n, *wrong.shape[-2 : -1 if n.ndim == 1 else None])
    return n[:, None] if n.ndim == 1 else n


def _parts(wrong: NDArray[np.int64], n: NDArray[np.int64]) -> Floats:
    """Return the parts from the counts of two halves, of shape (..., 2, n_test), and their sizes, which broadcast."""
    if n.min() < 1:
        raise BadInput(f"`n` must leave a resample in each half, for each test point; got {n.min()}")
    biased = 2 * wrong >= n
    q = wrong[..., ::-1, :] / n[..., ::-1, :]  # judged by the other half
    bias, against, unbiased = (
        (value[..., 0, :] + value[..., 1, :]) / 2.0 for value in (1.0 * biased, biased * (1.0 - q), ~biased * q)
    )
    total = n.sum(axis=-2)
    q = wrong.sum(axis=-2) / total
    spread = q * (1.0 - q) * total / np.maximum(total - 1, 1)
    net = unbiased - against
    return np.stack([bias + net, bias, unbiased + against, unbiased, against, net, q - spread, spread], axis=-2)


@checked
def estimate(
    wrong: NDArray[np.int64],
    n: NDArray[np.int64],
    level: Share = 0.95,
    contrasts: Floats | None = None,
    weight: Floats | None = None,
) -> Estimate:
    """Average `decompose` over the test points, with intervals for both what was resampled and what was tested.

    Parameters
    ----------
    wrong : ndarray of shape (..., n_groups, n_test)
        From `wrong_counts`.
    n : ndarray of int of shape (n_groups,) or (n_groups, n_test)
        As in `decompose`.
    level : float in (0, 1)
        Confidence.
    contrasts : ndarray of shape (..., n_rules), optional
        What sums of the parts of the rules are estimated, each rule's parts times its number; the first axis of `wrong`
        is that of the rules, and the only one before the groups. Without contrasts intervals end where the parts do, at
        0 and 1, or of the net variance at -1 and 1.
    weight : ndarray of shape (n_test,), optional
        What each test point counts in the average, positive; all alike by default. Points of one weight are a stratum:
        drawn apart from the others, in a number of their own, at least two.

    Returns
    -------
    Estimate
        Arrays of shape (..., 8).

    Raises
    ------
    BadInput
        For counts or contrasts that do not belong together, contrasts that are not finite, fewer than two test points,
        weights that are not positive and finite, or a weight that one test point has alone.

    Notes
    -----
    Resamples and test points cross: each boundary meets every point. The variance of an average over both is the sum of
    the variance between test points divided by their number, and of the delete-a-group jackknife over the resamples
    [1]_. The noise of single predictions enters both and is taken off once, so the sum errs on the side of caution
    only. The interval takes Student's quantile with n_groups - 1 degrees of freedom.

    References
    ----------
    .. [1] A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2):386-411, 2007.
       doi:10.1214/07-AOAS122
    """
    sizes = _check_counts(wrong, n)
    n_groups, n_test = wrong.shape[-2:]
    if contrasts is not None:
        check_shape("wrong", wrong, "n_rules", "n_groups", "n_test")
        check_shape("contrasts", contrasts, len(wrong), stack=True)
        check_finite("contrasts", contrasts)
    if n_test < 2:
        raise BadInput(f"`wrong` must hold at least two test points; got shape {wrong.shape}")
    order, strata = _strata(np.ones(n_test) if weight is None else weight, n_test)
    wrong, sizes = wrong[..., order], sizes[:, order] if sizes.shape[-1] == n_test else sizes

    def average(parts: Floats) -> Floats:
        return np.asarray(sum(share * parts[..., own].mean(axis=-1) for own, share in strata))

    def contrasted(parts: Floats) -> Floats:
        return parts if contrasts is None else np.tensordot(contrasts, parts, axes=1)

    halves, of_halves = _halves(wrong), _halves(sizes)
    parts = _parts(halves, of_halves)
    value, at_points = contrasted(average(parts)), contrasted(parts)
    between_points = sum(
        share**2 * at_points[..., own].var(axis=-1, ddof=1) / (own.stop - own.start) for own, share in strata
    )
    kept = []
    for group in range(n_groups):  # one at a time: there may be many test points
        own = (np.arange(2) == group % 2)[:, None]  # the half that it belongs to
        left = of_halves - own * sizes[group]
        kept.append(contrasted(average(_parts(halves - own * wrong[..., group : group + 1, :], left))))
    without = np.stack(kept, axis=-2)
    between_resamples = (n_groups - 1) * without.var(axis=-2)
    error = np.sqrt(between_points + between_resamples)
    reach = stats.t.ppf((1.0 + level) / 2.0, n_groups - 1) * error
    low, high = value - reach, value + reach
    if contrasts is None:
        low, high = np.minimum(np.maximum(low, LEAST), value), np.maximum(np.minimum(high, 1.0), value)
    return Estimate(value, error, low, high, n_groups - 1)


def _strata(weight: Floats, n_test: int) -> tuple[NDArray[np.int64], list[tuple[slice, float]]]:
    """Return the order of points by weight, and which have each weight then, with their share of the whole."""
    check_shape("weight", weight, n_test)
    if not (np.isfinite(weight) & (weight > 0.0)).all():
        raise BadInput(f"`weight` must be positive and finite; got {weight}")
    each, counts = np.unique(weight, return_counts=True)
    if counts.min() < 2:
        raise BadInput("`weight` must give each of its values to two test points at least; one stands alone")
    ends = np.cumsum(counts)
    shares = each * counts / weight.sum()
    strata = [(slice(int(end - k), int(end)), float(share)) for end, k, share in zip(ends, counts, shares, strict=True)]
    return np.argsort(weight, kind="stable"), strata


@checked
def holm(p_values: Floats) -> Floats:
    """Return p-values adjusted for their number by Holm's step-down method, in the order given.

    Parameters
    ----------
    p_values : ndarray of shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    BadInput
        For p-values outside [0, 1].

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2):65-70,
    1979.
    """
    check_shape("p_values", p_values, "n")
    if not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise BadInput(f"`p_values` must lie in [0, 1]; got {p_values}")
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
