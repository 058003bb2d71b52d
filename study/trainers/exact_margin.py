"""The nearest points of the convex hulls of two classes in whole numbers, for sets whose answer hangs on rounding."""

import math
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpz_mat
from numpy.typing import NDArray

from study.datasets.dataset import Floats

Whole = NDArray[np.object_]
"""Python's integers, of any length."""
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Widest:
    """The boundary half-way between the nearest points, rounded to floats, and what exact arithmetic says of it.

    Parameters
    ----------
    w : ndarray of shape (n_features + 1,)
        NaN where the hulls meet, infinite where the weights leave the range of floats.
    least : float
        The least functional margin of `w`.
    shortfall : float
        By what share the margin of `w` falls short of the widest.
    n_support : int
        Samples that the nearest points are made of.
    """

    w: Floats
    least: float
    shortfall: float
    n_support: int


def widest_boundary(X: Floats, is_positive: NDArray[np.bool_], pairs: Pairs) -> Widest:
    """Return the boundary with the largest margin of one set, from a guess at the pairs of samples that it rests on.

    Wolfe's algorithm, as in `study.kernels.nearest_points`, but exact: so it ends, with the nearest points.
    """
    N, exponent = whole_numbers(X)
    positive, negative = np.flatnonzero(is_positive), np.flatnonzero(~is_positive)
    pairs = pairs or [(int(positive[0]), int(negative[0]))]
    while not (share := _affine_least(N, pairs)) or min(share) <= 0:  # any pairs with positive shares will do
        worst = share.index(min(share)) if share else len(pairs) - 1
        pairs = pairs[:worst] + pairs[worst + 1 :]
    while True:
        v, total = sum(s * (N[a] - N[b]) for s, (a, b) in zip(share, pairs, strict=True)), sum(share)
        along, norm = N @ v, v @ v
        first, second = positive[along[positive].argmin()], negative[along[negative].argmax()]
        if (along[first] - along[second]) * total >= norm:
            break
        pairs, share = _minor_cycle(N, [*pairs, (int(first), int(second))], [*(fmpq(s, total) for s in share), fmpq(0)])
    n_support = len({i for pair in pairs for i in pair})
    if norm == 0:
        return Widest(np.full(X.shape[1] + 1, np.nan), 0.0, np.inf, n_support)
    with np.errstate(over="ignore"):
        normal = np.array([_ratio(2 * x * total, norm, -exponent) for x in v])
    if not np.isfinite(normal).all():
        return Widest(np.full(X.shape[1] + 1, np.inf), 0.0, np.inf, n_support)
    return _rounded(N, exponent, is_positive, normal, (norm, total), n_support)


def _rounded(
    N: Whole, exponent: int, is_positive: NDArray[np.bool_], normal: Floats, distance: tuple[int, int], n_support: int
) -> Widest:
    """Return the boundary half-way between the classes along a normal, and compare its margin with the distance."""
    u, unit = whole_numbers(normal)
    along = N @ u
    top, bottom, unit = along[is_positive].min(), along[~is_positive].max(), unit + exponent
    bias = _ratio(-(top + bottom), 2, unit)
    (b,), own = whole_numbers(np.array([bias]))
    fine = min(unit, own)
    b, top, bottom, unit = b << (own - fine), top << (unit - fine), bottom << (unit - fine), fine
    least = min(top + b, -(bottom + b))
    norm, total = distance
    # Both squared: the margin, least^2 / |normal|^2, and half the distance of the hulls, (norm / total^2) / 4.
    ours, widest = 4 * least * abs(least) * total**2, (u @ u) * norm
    shift = 2 * (unit - (whole_numbers(normal)[1] + exponent))
    ours, widest = (ours << shift, widest) if shift >= 0 else (ours, widest << -shift)
    ratio = _ratio(ours, widest, 0)
    shortfall = _ratio(widest - ours, widest, 0) / (1.0 + math.sqrt(ratio)) if ratio > 0.0 else np.inf
    return Widest(np.append(normal, bias), _ratio(least, 1, unit), shortfall, n_support)


def _minor_cycle(N: Whole, pairs: Pairs, share: list[fmpq]) -> tuple[Pairs, list[int]]:
    """Return pairs and shares of the least point of their hull; pairs of no use are dropped."""
    while True:
        target = _affine_least(N, pairs)
        if min(target) > 0:
            return pairs, target
        goal = [fmpq(t, sum(target)) for t in target]
        reach = min(s / (s - t) for s, t in zip(share, goal, strict=True) if t <= 0)
        share = [s + reach * (t - s) for s, t in zip(share, goal, strict=True)]
        pairs = [pair for pair, s in zip(pairs, share, strict=True) if s > 0]
        share = [s for s in share if s > 0]


def _affine_least(N: Whole, pairs: Pairs) -> list[int]:
    """Return the shares, times a common factor, of the least point in the affine hull of differences of samples.

    Empty where the differences are affinely dependent.
    """
    Q = np.array([N[a] - N[b] for a, b in pairs])
    gram = (Q @ Q.T + 1).ravel().tolist()  # singular where they are dependent
    try:
        solved = fmpz_mat(len(Q), len(Q), gram).solve(fmpz_mat(len(Q), 1, [1] * len(Q))).entries()
    except ZeroDivisionError:
        return []
    common = math.lcm(*(int(s.q) for s in solved))
    return [int(s.p) * (common // int(s.q)) for s in solved]


def whole_numbers(values: Floats) -> tuple[Whole, int]:
    """Return whole numbers and the exponent of two with which they make these floats."""
    part, exponent = np.frexp(values)
    lowest = int(exponent[values != 0.0].min(initial=2000))
    lift = np.maximum(exponent.astype(np.int64) - lowest, 0).astype(object)
    return np.ldexp(part, 53).astype(np.int64).astype(object) << lift, lowest - 53


def _ratio(p: int, q: int, exponent: int) -> float:
    """Return p / q times a power of two as a float."""
    shift = q.bit_length() - p.bit_length()
    return float(np.ldexp((p << max(shift, 0)) / (q << max(-shift, 0)), exponent - shift))
