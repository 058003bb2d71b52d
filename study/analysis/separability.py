"""Whether a set is separable, decided exactly: floating point looks for the evidence, rational numbers verify it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from study.checks import as_floats, checked
from study.datasets.dataset import Features, Floats, Labels, check_points, check_shape, leading_shape

Row = list[fmpq]

FEW = 8
"""Entries of X up to which the exact simplex method is quicker than scipy's linear programme."""
MOST_JOINED = 200
"""Samples that join the working set at a time."""
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

    References
    ----------
    .. [1] P. Gordan, "Ueber die Auflösung linearer Gleichungen mit reellen Coefficienten", Mathematische Annalen
       6:23-28, 1873. doi:10.1007/BF01442864
    """

    w: tuple[fmpq, ...]
    multipliers: dict[int, fmpq]
    proof: str

    @property
    def separable(self) -> bool:
        """Whether there is a separator."""
        return bool(self.w)

    @property
    def evidence(self) -> str:
        """What the answer rests on, in words."""
        return f"by {'a separator' if self.w else 'a Farkas combination'} that was checked exactly"

    @property
    def separator(self) -> list[float]:
        """`w` rounded to floats, and divided by its largest weight where that leaves their range."""
        largest = max(map(abs, self.w), default=fmpq(1))
        unit = largest if largest > fmpq(2) ** 1000 else fmpq(1)
        return [float(v / unit) for v in self.w]


@checked
def separability(X: Features, y: Labels, guess: ArrayLike | None = None) -> Separability:
    """Decide whether one set is separable, in exact rational arithmetic.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Finite features; each is the rational number that its double is.
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    guess : array_like of shape (n_features + 1,), optional
        Weights that may separate, the bias last; they are tried first.

    Returns
    -------
    Separability

    Raises
    ------
    BadInput
        For points that `check_points` refuses, more than one set, or a guess of another length.

    Notes
    -----
    A linear programme in floating point, on a working set that the samples it loses join, gives weights, or a few
    samples that it finds inseparable. Exact arithmetic verifies the weights, or finds the multipliers of the few; where
    rounding misled the programme, the simplex method in rational numbers decides on the few, with Bland's rule against
    cycling [1]_, and the samples that its separator loses join them.

    References
    ----------
    .. [1] R. G. Bland, "New finite pivoting rules for the simplex method", Mathematics of Operations Research
       2(2):103-107, 1977. doi:10.1287/moor.2.2.103
    """
    X, y = check_points(X, y)
    check_shape("X", X, "n_samples", "n_features")
    check_shape("y", y, "n_samples")
    if guess is not None:
        check_shape("guess", as_floats("guess", guess), X.shape[1] + 1)
    w, multipliers = _decide(X, y, None if guess is None else np.asarray(guess))
    return Separability(w=tuple(w), multipliers=multipliers, proof=_proof(X, y, w, multipliers))


@checked
def is_separable(X: Features, y: Labels) -> NDArray[np.bool_]:
    """Return whether each set of a stack is separable, of shape (...), decided exactly as `separability` does.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    """
    X, y = check_points(X, y)
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1])
    X, y = np.broadcast_to(X, (*shape, *X.shape[-2:])), np.broadcast_to(y, (*shape, y.shape[-1]))
    separable = [bool(_decide(X[index], y[index], None)[0]) for index in np.ndindex(shape)]
    return np.array(separable, bool).reshape(shape)


def _decide(X: Floats, y: Floats, guess: Floats | None) -> tuple[Row, dict[int, fmpq]]:
    """Return a separator and no multipliers, or no separator and multipliers by sample."""
    if guess is not None and np.isfinite(guess).all() and not _lost(w := _rational(guess), X, y).size:
        return w, {}
    chosen = np.arange(len(X))
    if X.size > FEW:
        found, chosen = _programme(X, y)
        if found:
            return found, {}
    while True:
        for label in (-1.0, 1.0):
            if not (y[chosen] == label).any():
                chosen = np.append(chosen, np.flatnonzero(y == label)[0])
        Z = [_rational(z) for z in y[chosen, None] * np.column_stack([X[chosen], np.ones(len(chosen))])]
        w, multipliers = [], _combination(Z)
        if not multipliers:
            w, multipliers = _phase_one(Z)
        if multipliers:
            return [], {int(chosen[i]): v for i, v in multipliers.items()}
        lost = _lost(w, X, y)
        if not lost.size:
            return w, {}
        chosen = np.union1d(chosen, lost[:MOST_JOINED])


def _programme(X: Floats, y: Floats) -> tuple[Row, NDArray[np.int64]]:
    """Return a separator that was verified, or none, and the samples that a linear programme finds inseparable.

    Maximise t under z_i.w >= t and |w_j| <= 1 over a working set, and let the samples that the answer loses join it.
    Where t is zero, the samples with a multiplier are at most n_features + 2.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    centre, spread = low / 2 + high / 2, np.where(high > low, high / 2 - low / 2, 1.0)
    Z = np.column_stack([(X - centre) / spread, np.ones(len(X))]) * y[:, None]
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    n, p = Z.shape
    chosen = np.argsort(Z @ np.linalg.lstsq(Z, np.ones(n))[0], kind="stable")[: 10 * p]
    for _ in range(200):
        v, t, multiplier = _widest_cone(Z[chosen])
        if not t > 1e-12:
            return [], chosen[multiplier > 1e-12 * multiplier.max()]
        normal = v[:-1] / spread
        w = np.append(normal, v[-1] - normal @ centre)
        if not np.isfinite(w).all():
            return [], chosen
        lost = _lost(exact := _rational(w), X, y)
        if not lost.size:
            return exact, chosen
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


def _lost(w: Sequence[fmpq], X: Floats, y: Floats) -> NDArray[np.int64]:
    """Return the indices of the samples that `w` does not put strictly on their own side, decided exactly.

    A margin in floating point is off by at most n_features + 2 roundings of the sum of its terms' sizes, and of the
    smallest float where products leave the range; where that leaves the sign open, rational arithmetic decides.
    """
    largest = max(map(abs, w))
    if largest == 0:
        return np.arange(len(y))
    rounded = np.array([float(v / largest) for v in w])
    with np.errstate(all="ignore"):
        margin = y * (X @ rounded[:-1] + rounded[-1])
        size = np.abs(X) @ np.abs(rounded[:-1]) + abs(rounded[-1])
        error = (len(w) + 2) * (
            np.finfo(float).eps * size + np.finfo(float).smallest_subnormal * (1.0 + np.abs(X).max(axis=1))
        )
    wrong = ~(margin > error)
    for i in np.flatnonzero(wrong & ~(margin < -error)):
        wrong[i] = not _dot(w, [*_rational(X[i]), fmpq(1)]) * int(y[i]) > 0
    return np.flatnonzero(wrong)


def _rational(values: Floats) -> Row:
    return [fmpq(*x.as_integer_ratio()) for x in values.tolist()]


def _dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    return sum((s * t for s, t in zip(a, b, strict=True)), fmpq(0))


def _combination(Z: list[Row]) -> dict[int, fmpq]:
    """Return the positive multipliers with which rows Z sum to zero, where they are unique but for a factor; else none.

    Exact integer elimination, once each equation has been multiplied by its common denominator.
    """
    equations = []
    for terms in zip(*Z, strict=True):
        common = max(v.q for v in terms)  # powers of two
        equations.append([v.p * (common // v.q) for v in terms])
    kernel, nullity = fmpz_mat(equations).nullspace()
    if nullity != 1:
        return {}
    m = [fmpq(kernel[i, 0]) for i in range(len(Z))]
    if all(v < 0 for v in m):
        m = [-v for v in m]
    return dict(enumerate(m)) if all(v > 0 for v in m) else {}


def _phase_one(Z: list[Row]) -> tuple[Row, dict[int, fmpq]]:
    """Return a separator and no multipliers, or no separator and multipliers.

    The first phase of the simplex method, for multipliers lambda >= 0 with sum lambda_i z_i = 0 and sum lambda_i = 1.
    Where it ends above zero, its prices are a separator.
    """
    n, size = len(Z), len(Z[0]) + 1
    unit = [[fmpq(int(k == r)) for k in range(size)] for r in range(size)]
    columns = [[*z, fmpq(1)] for z in Z] + unit  # those of the artificial variables last
    basis = list(range(n, n + size))
    while True:
        matrix = fmpq_mat([columns[i] for i in basis]).transpose()
        x = _solve(matrix, unit[-1])
        if all(v == 0 for i, v in zip(basis, x, strict=True) if i >= n):
            return [], {i: v for i, v in sorted(zip(basis, x, strict=True)) if i < n and v > 0}
        prices = _solve(matrix.transpose(), [fmpq(int(i >= n)) for i in basis])
        enters = next((i for i in range(n) if _dot(prices, columns[i]) > 0), None)
        if enters is None:
            return [-v for v in prices[:-1]], {}
        step = _solve(matrix, columns[enters])
        leaves = min((r for r in range(size) if step[r] > 0), key=lambda r: (x[r] / step[r], basis[r]))
        basis[leaves] = enters


def _solve(matrix: fmpq_mat, right: Row) -> Row:
    return list(matrix.solve(fmpq_mat(len(right), 1, right)).entries())


def _proof(X: Floats, y: Floats, w: Row, multipliers: dict[int, fmpq]) -> str:
    """Return a proof as `study.certificates.checker` reads it; empty where it would be long."""
    if multipliers:
        held = list(multipliers)
        X, y = X[held], y[held]
    elif X.size > MOST_WRITTEN:
        return ""
    evidence = [[i, str(v)] for i, v in enumerate(multipliers.values())] if multipliers else list(map(str, w))
    claim = "not separable" if multipliers else "separable"
    proof = {"kind": "separability", "X": X.tolist(), "y": y.astype(int).tolist(), "claim": claim, "evidence": evidence}
    return json.dumps(proof, separators=(",", ":"))
