"""Decide separability exactly: a rational separator, or rational multipliers that rule every separator out."""

import json
from dataclasses import dataclass

import numpy as np
from flint import fmpq
from numpy.typing import ArrayLike

from study.datasets.arguments import checked
from study.datasets.dataset import Floats, check_points
from study.validation import BadInput

Row = list[fmpq]


@dataclass(frozen=True, kw_only=True)
class Separability:
    """Whether a set is separable, and the proof.

    Parameters
    ----------
    separable : bool
    w : tuple of fmpq
        A separator, the bias last; empty where there is none.
    multipliers : dict of int to fmpq
        By sample, positive, with sum lambda_i y_i (x_i, 1) = 0 [1]_; empty where there is a separator.
    certificate : str
        One line of JSON for `study.certificates.checker.check`.

    References
    ----------
    .. [1] P. Gordan, "Ueber die Auflösung linearer Gleichungen mit reellen Coefficienten", Mathematische Annalen
       6:23-28, 1873. doi:10.1007/BF01442864
    """

    separable: bool
    w: tuple[fmpq, ...]
    multipliers: dict[int, fmpq]
    certificate: str


@checked
def separability(X: ArrayLike, y: ArrayLike) -> Separability:
    """Find weights that separate, or multipliers that show that there are none, in exact rational arithmetic.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Finite features; each is the rational number that its double is.
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.

    Returns
    -------
    Separability

    Raises
    ------
    BadInput
        For points that `check_points` refuses, or more than one set.

    Notes
    -----
    The first phase of the simplex method, with Bland's rule against cycling [1]_, for multipliers lambda >= 0 with
    sum lambda_i z_i = 0 and sum lambda_i = 1. Where it ends above zero, its prices are a separator.

    References
    ----------
    .. [1] R. G. Bland, "New finite pivoting rules for the simplex method", Mathematics of Operations Research
       2(2):103-107, 1977. doi:10.1287/moor.2.2.103
    """
    X, y = check_points(X, y)
    if X.ndim != 2 or y.ndim != 1:
        raise BadInput(f"`X` must be one set, of shape (n_samples, n_features); got shape {X.shape}")
    Z = _rational(y[:, None] * np.column_stack([X, np.ones(len(X))]))
    w, multipliers = _phase_one(Z)
    claim = "not separable" if multipliers else "separable"
    evidence = [[i, str(v)] for i, v in multipliers.items()] if multipliers else [str(v) for v in w]
    proof = {"kind": "separability", "X": X.tolist(), "y": y.astype(int).tolist(), "claim": claim, "evidence": evidence}
    return Separability(
        separable=not multipliers,
        w=tuple(w),
        multipliers=multipliers,
        certificate=json.dumps(proof, separators=(",", ":")),
    )


def _rational(Z: Floats) -> list[Row]:
    return [[fmpq(*x.as_integer_ratio()) for x in row] for row in Z.tolist()]


def _dot(a: Row, b: Row) -> fmpq:
    return sum((s * t for s, t in zip(a, b, strict=True)), fmpq(0))


def _phase_one(Z: list[Row]) -> tuple[Row, dict[int, fmpq]]:
    """Return a separator and no multipliers, or no separator and multipliers."""
    n, p = len(Z), len(Z[0])
    columns = [[*z, fmpq(1)] for z in Z]
    basis = list(range(n, n + p + 1))  # the artificial variables
    inverse = [[fmpq(int(r == k)) for k in range(p + 1)] for r in range(p + 1)]
    x = [fmpq(0)] * p + [fmpq(1)]
    while True:
        artificial = [r for r, i in enumerate(basis) if i >= n]
        if all(x[r] == 0 for r in artificial):
            return [], {i: v for i, v in sorted(zip(basis, x, strict=True)) if i < n and v > 0}
        prices = [sum((inverse[r][k] for r in artificial), fmpq(0)) for k in range(p + 1)]
        enters = next((i for i, column in enumerate(columns) if _dot(prices, column) > 0), None)
        if enters is None:
            return [-v for v in prices[:p]], {}
        direction = [_dot(row, columns[enters]) for row in inverse]
        leaves = min((r for r in range(p + 1) if direction[r] > 0), key=lambda r: (x[r] / direction[r], basis[r]))
        _pivot(inverse, x, direction, leaves)
        basis[leaves] = enters


def _pivot(inverse: list[Row], x: Row, direction: Row, leaves: int) -> None:
    row = [v / direction[leaves] for v in inverse[leaves]]
    step = x[leaves] / direction[leaves]
    for r, d in enumerate(direction):
        inverse[r] = row if r == leaves else [v - d * u for v, u in zip(inverse[r], row, strict=True)]
        x[r] = step if r == leaves else x[r] - d * step
