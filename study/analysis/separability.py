"""Whether a set is separable, decided exactly: floating point looks for the evidence, whole numbers verify it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import Annotated

import numpy as np
from flint import fmpq, fmpz_mat
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from study.checks import checked
from study.datasets.dataset import Features, Floats, Labels, check_points, check_shape, leading_shape
from study.datasets.exact import Exact, as_exact
from study.datasets.table import Table, contradiction

Row = list[fmpq]
Whole = list[int]

FEW = 8
"""Entries of X up to which the exact simplex method is quicker than scipy's linear programme."""
MOST_WRITTEN = 100_000
"""Entries of X up to which a separator's proof, which repeats them all, is written."""


@dataclass(frozen=True, kw_only=True)
class Separability:
    """Whether a set is separable, and the evidence.

    Parameters
    ----------
    w : tuple of fmpq
        A separator, the bias last; empty where there is none.
    multipliers : dict of int to fmpq
        By sample, positive, with sum lambda_i y_i (x_i, 1) = 0, so that no boundary has all of these samples on their
        own sides [1]_; empty where there is a separator. They are at most n_features + 2.
    proof : str
        One line of JSON for `study.certificates.checker.check`, over all samples or over those with a multiplier; empty
        for a separator of more than 100,000 features in all.
    of_decimals : bool
        Whether the features are decimals as written, or else floats, each of which is a binary fraction.

    References
    ----------
    .. [1] P. Gordan, "Ueber die Auflösung linearer Gleichungen mit reellen Coefficienten", Mathematische Annalen
       6:23-28, 1873. doi:10.1007/BF01442864
    """

    w: tuple[fmpq, ...]
    multipliers: dict[int, fmpq]
    proof: str
    of_decimals: bool = False

    @property
    def separable(self) -> bool:
        """Whether there is a separator."""
        return bool(self.w)

    @property
    def evidence(self) -> str:
        """What the answer rests on, in words."""
        numbers = "the decimals as written" if self.of_decimals else "each float as the binary fraction that it is"
        return f"by {'a separator' if self.w else 'a Farkas combination'} that was checked exactly, on {numbers}"

    @property
    def separator(self) -> list[float]:
        """`w` divided by its largest weight in size, and rounded to floats."""
        largest = max(map(abs, self.w), default=fmpq(1))
        return [float(v / largest) for v in self.w]


@checked
def separability(X: Annotated[ArrayLike | Exact, as_exact], y: Labels, guess: ArrayLike | None = None) -> Separability:
    """Decide whether one set is separable, in exact arithmetic.

    Parameters
    ----------
    X : Exact, or array_like of shape (n_samples, n_features)
        Finite features. A float is the binary fraction that it is, which 0.1 and most decimals are not; `Exact` holds
        the decimals of a table as they are written.
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    guess : array_like of shape (n_features + 1,), optional
        Weights that may separate, the bias last; they are tried first, then their normal with another bias.

    Returns
    -------
    Separability

    Raises
    ------
    BadInput
        For points that `check_points` refuses, more than one set, or a guess of another length.

    Notes
    -----
    Each feature is counted from its least value in the largest unit that makes it whole, which changes no answer. A
    linear programme in floating point gives weights, or a few samples that it finds inseparable; the samples that it
    has wrong join its working set. Exact arithmetic verifies the weights, or finds the multipliers of the few; where
    rounding misled the programme, the simplex method in rational numbers decides on the few, with Bland's rule against
    cycling [1]_, and the samples that its separator has wrong join them.

    References
    ----------
    .. [1] R. G. Bland, "New finite pivoting rules for the simplex method", Mathematics of Operations Research
       2(2):103-107, 1977. doi:10.1287/moor.2.2.103
    """
    exact, labels = as_exact("X", X), np.asarray(y)
    check_shape("y", labels, exact.shape[0])
    check_points(np.zeros(exact.shape), labels)
    tried = None if guess is None else np.asarray(guess)
    if tried is not None:
        check_shape("guess", tried, exact.shape[1] + 1)
    w, multipliers = _decide(_Points(exact, labels), tried)
    proof = _proof(exact, labels, w, multipliers)
    return Separability(w=tuple(w), multipliers=multipliers, proof=proof, of_decimals=exact.of_decimals)


def table_separability(table: Table) -> Separability:
    """Return whether the points are separable; where one point has both labels, the answer names such a pair."""
    pair = contradiction(table)
    if pair is None:
        return separability(table.exact, table.points.y)
    decision = separability(table.exact.take(np.array(pair)), table.points.y[list(pair)])
    return replace(decision, multipliers={pair[i]: v for i, v in decision.multipliers.items()})


def lost_samples(table: Table, w: Row) -> NDArray[np.int64]:
    """Return the indices of the samples of a table that exact weights, the bias last, do not put on their own side."""
    points = _Points(table.exact, table.points.y)
    return points.separator(points.inward(w))[1]


@checked
def is_separable(X: Features, y: Labels) -> NDArray[np.bool_]:
    """Return whether each set of a stack is separable, decided in exact arithmetic as in `separability`.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Each float is the binary fraction that it is.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.

    Returns
    -------
    ndarray of bool of shape (...)

    Raises
    ------
    BadInput
        For points that `check_points` refuses.
    """
    X, y = check_points(X, y)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    X, y = np.broadcast_to(X, (*shape, *X.shape[-2:])), np.broadcast_to(y, (*shape, y.shape[-1]))
    separable = [bool(_decide(_Points(as_exact("X", X[index]), y[index]))[0]) for index in np.ndindex(shape)]
    return np.array(separable, bool).reshape(shape)


class _Points:
    """One set in whole numbers, each feature counted from its least value in its largest step."""

    def __init__(self, X: Exact, y: Floats) -> None:
        self.y, self.columns, self.products = y, X.columns, X.products

    @cached_property
    def Z(self) -> Floats:  # noqa: N802
        """The rows y (x, 1) for each feature in [-1, 1], rounded once."""
        scaled = [(2 * c.counts - c.most) / c.most for c in self.columns]
        return np.column_stack([*scaled, np.ones(len(self.y))]).astype(float) * self.y[:, None]

    def equation(self, sample: int) -> Whole:
        """Return y (k, 1)."""
        return [int(self.y[sample]) * k for k in (*(int(c.counts[sample]) for c in self.columns), 1)]

    def separator(self, w: Whole) -> tuple[Whole, NDArray[np.int64]]:
        """Return `w`, else its normal with another bias, if that separates, or none; and what `w` has wrong."""
        bias = w[-1]
        sides = [(int(v), right) for v, right in zip(self.products(w[:-1]), self.y > 0.0, strict=True)]
        lost = [v + bias <= 0 if right else v + bias >= 0 for v, right in sides]
        if any(lost):
            first, last = min(v for v, right in sides if right), max(v for v, right in sides if not right)
            w = [*(2 * v for v in w[:-1]), -first - last] if last < first else []
        return w, np.flatnonzero(lost)

    def inward(self, w: Row) -> Whole:
        """Return a positive multiple, for counts and in whole numbers, of weights for the features themselves."""
        normal = [v * fmpq(c.step, c.scale) for v, c in zip(w[:-1], self.columns, strict=True)]
        bias = w[-1] + _dot(w[:-1], [fmpq(c.low, c.scale) for c in self.columns])
        return _whole([*normal, bias])

    def outward(self, w: Whole) -> Row:
        """Return the weights for the features themselves."""
        normal = [fmpq(v * c.scale, c.step) for v, c in zip(w[:-1], self.columns, strict=True)]
        return [*normal, w[-1] - _dot(map(fmpq, w[:-1]), [fmpq(c.low, c.step) for c in self.columns])]

    def whole(self, v: Floats) -> Whole:
        """Return a positive multiple, for counts and to 60 binary places, of weights for `Z`."""
        *normal, bias = (int(x) for x in np.ldexp(v, 60))
        room = max(c.most for c in self.columns).bit_length()
        counted = [(2 * x << room) // c.most for x, c in zip(normal, self.columns, strict=True)]
        return [*counted, bias - sum(normal) << room]

    def margins(self, w: Whole) -> Floats:
        """Return the margins of all samples as shares of the largest weight for `Z`, rounded."""
        half = [v * c.most for v, c in zip(w[:-1], self.columns, strict=True)]
        weights = [*half, 2 * w[-1] + sum(half)]
        largest = max(map(abs, weights)) or 1
        return np.asarray(self.Z @ np.array([v / largest for v in weights]))


def _decide(points: _Points, guess: Floats | None = None) -> tuple[Row, dict[int, fmpq]]:
    """Return a separator and no multipliers, or no separator and multipliers by sample."""
    if guess is not None and np.isfinite(guess).all():
        given = rationals(guess)
        tried = points.inward(given)
        w, _ = points.separator(tried)
        if w:
            return given if w is tried else points.outward(w), {}
    few = np.arange(len(points.y))
    if len(few) * len(points.columns) > FEW:
        w, few = _programme(points)
        if w:
            return points.outward(w), {}
    multipliers = _combination([points.equation(i) for i in few.tolist()])
    if multipliers:
        return [], {int(few[i]): v for i, v in multipliers.items()}
    w, multipliers = _phase_one(points, few)
    return points.outward(w) if w else [], multipliers


def _programme(points: _Points) -> tuple[Whole, NDArray[np.int64]]:
    """Return a separator that was verified, or none, and the samples that a linear programme finds inseparable.

    Maximise t under z_i.w >= t and |w_j| <= 1 over a working set, which the samples join that the answer has wrong.
    Where t is zero, the samples with a multiplier are at most n_features + 2.
    """
    Z = points.Z / np.linalg.norm(points.Z, axis=1, keepdims=True)
    n, p = Z.shape
    chosen = np.argsort(Z @ np.linalg.lstsq(Z, np.ones(n))[0], kind="stable")[: 10 * p]
    for _ in range(200):
        v, t, multiplier = _widest_cone(Z[chosen])
        if not t > 1e-12:
            return [], chosen[multiplier > 1e-12 * multiplier.max()]
        w, lost = points.separator(points.whole(v))
        if w:
            return w, chosen
        worst = lost[np.argsort((Z @ v)[lost], kind="stable")[: 10 * p]]
        joined = np.union1d(chosen, worst)
        if joined.size == chosen.size:  # rounding: the programme separates what the weights do not
            return [], chosen[multiplier > 0.0]
        chosen = joined
    return [], chosen


def _widest_cone(Z: Floats) -> tuple[Floats, float, Floats]:
    """Return weights in the unit box whose least margin over rows Z is largest, that margin, and the multipliers."""
    n, p = Z.shape
    answer = linprog(
        np.append(np.zeros(p), -1.0),
        A_ub=np.column_stack([-Z, np.ones(n)]),
        b_ub=np.zeros(n),
        bounds=[(-1.0, 1.0)] * p + [(0.0, None)],
        method="highs-ds",
    )
    if answer.x is None:
        return np.zeros(p), 0.0, np.ones(n)
    return answer.x[:-1], float(answer.x[-1]), np.abs(answer.ineqlin.marginals)


def rationals(values: Floats) -> Row:
    """Return each float of an array along one axis as the fraction that it is."""
    return [fmpq(*value.as_integer_ratio()) for value in values.tolist()]


def _whole(values: Row) -> Whole:
    """Return a positive multiple in whole numbers."""
    common = lcm(*(int(v.q) for v in values))
    return [int(v * common) for v in values]


def _dot(a: Iterable[fmpq], b: Iterable[fmpq]) -> fmpq:
    return sum((s * t for s, t in zip(a, b, strict=True)), fmpq(0))


def _combination(Z: list[Whole]) -> dict[int, fmpq]:
    """Return the positive multipliers with which rows Z sum to zero, where they are unique but for a factor; else none.

    Exact integer elimination.
    """
    kernel, nullity = fmpz_mat(Z).transpose().nullspace()
    if nullity != 1:
        return {}
    m = [fmpq(kernel[i, 0]) for i in range(len(Z))]
    if all(v < 0 for v in m):
        m = [-v for v in m]
    return dict(enumerate(m)) if all(v > 0 for v in m) else {}


def _phase_one(points: _Points, few: NDArray[np.int64]) -> tuple[Whole, dict[int, fmpq]]:
    """Return a separator and no multipliers, or no separator and multipliers by sample.

    The first phase of the simplex method, for multipliers lambda >= 0 with sum lambda_i z_i = 0 and sum lambda_i = 1.
    Its prices are weights, and a sample that they have wrong enters. Once what is artificial has not become less for as
    many steps as there are prices, Bland's rule chooses until it does, and so no basis comes twice [1]_.
    """
    n, size = len(points.y), len(points.columns) + 2
    basis = list(range(n, n + size))  # what is artificial comes last
    held = [[c.most * (j == r) for j in range(size)] for r, c in enumerate(points.columns)]
    held += [[int(j == r) for j in range(size)] for r in (size - 2, size - 1)]
    last, level, stalled = fmpz_mat(size, 1, [int(r == size - 1) for r in range(size)]), fmpq(2), 0
    while True:
        matrix = fmpz_mat(held)
        prices = matrix.solve(fmpz_mat(size, 1, [int(i >= n) for i in basis])).entries()
        stalled = stalled + 1 if prices[-1] == level else 0
        level = prices[-1]
        if not level:
            x = matrix.transpose().solve(last).entries()
            return [], {i: v for i, v in sorted(zip(basis, x, strict=True)) if v > 0}
        *w, price = _whole([*(-v for v in prices[:-1]), level])
        if stalled > size:
            enters = next((i for i in range(n) if _margin(points, w, i) < price), None)
        else:
            enters = _worst(points, w, few)
        if enters is None:
            return points.separator(w)[0], {}
        column = [*points.equation(enters), 1]
        x = matrix.transpose().solve(last).entries()
        step = matrix.transpose().solve(fmpz_mat(size, 1, column)).entries()
        order = 1 if stalled > size else -1
        leaves = min((r for r in range(size) if step[r] > 0), key=lambda r: (x[r] / step[r], order * basis[r]))
        basis[leaves], held[leaves] = enters, column


def _worst(points: _Points, w: Whole, few: NDArray[np.int64]) -> int | None:
    """Return about the worst of the samples that `w` has wrong, from `few` if there is one among them, or None."""
    margins = points.margins(w)
    for samples in (few, np.arange(len(margins))):
        worst = int(samples[np.argmin(margins[samples])])
        if _margin(points, w, worst) < 0:
            return worst
    separator, lost = points.separator(w)
    return None if separator else int(lost[0])


def _margin(points: _Points, w: Whole, sample: int) -> int:
    return sum(a * b for a, b in zip(w, points.equation(sample), strict=True))


def _proof(X: Exact, y: Floats, w: Row, multipliers: dict[int, fmpq]) -> str:
    """Return a proof for `study.certificates.checker`; empty where it would be long."""
    if multipliers:
        held = np.array(list(multipliers))
        X, y = X.take(held), y[held]
    elif X.shape[0] * X.shape[1] > MOST_WRITTEN:
        return ""
    evidence = [[i, str(v)] for i, v in enumerate(multipliers.values())] if multipliers else list(map(str, w))
    claim = "not separable" if multipliers else "separable"
    proof = {"kind": "separability", "X": X.plain(), "y": y.astype(int).tolist(), "claim": claim, "evidence": evidence}
    return json.dumps(proof, separators=(",", ":"))
