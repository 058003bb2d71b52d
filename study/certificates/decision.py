"""Whether a table of points is separable, decided exactly: floats look for the witness, rational numbers verify it."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz, fmpz_mat
from numpy.typing import ArrayLike, NDArray

from study.analysis.witness import witness, wrong_samples
from study.certificates.separability import separability
from study.datasets.arguments import checked
from study.datasets.dataset import Floats, check_points, check_shape

MOST_JOINED = 200
"""Samples that join the working set at a time."""
MOST_WRITTEN = 100_000
"""Entries of X up to which a separator's proof, which repeats them all, is written."""


@checked
def decide(X: ArrayLike, y: ArrayLike, guess: ArrayLike, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Decide whether one set is separable, with a proof that anyone can check.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Each float is taken for the rational number that it is.
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    guess : array_like of shape (n_features + 1,)
        Weights that may separate, the bias last.
    rows : ndarray of int of shape (n_samples,)
        What to call the samples.

    Returns
    -------
    dict
        separable : bool. proof : str, what kind. separator : the weights, rounded to floats. multipliers : by row,
        positive fractions as text, with which the y (x, 1) of these rows, `inseparable_rows`, sum to zero, so that by
        Gordan's theorem no boundary has all of them on their own sides. certificate : a line for
        `study.certificates.checker.check`, over all samples or over the inseparable ones; empty for a separator of very
        many.

    Raises
    ------
    BadInput
        For points that `check_points` refuses.
    """
    X, y = check_points(X, y)
    check_shape("rows", rows, X.shape[-2])
    found = witness(X, y, guess)
    if np.isfinite(found.w).all():
        w = [Fraction(v) for v in found.w.tolist()]
        return _answer(_certificate(X, y, [str(v) for v in w]), separator=found.w.tolist())
    chosen = found.samples
    while True:
        for label in (-1.0, 1.0):
            if not (y[chosen] == label).any():
                chosen = np.append(chosen, np.flatnonzero(y == label)[0])
        multipliers = _combination(X[chosen], y[chosen])
        if multipliers:
            return _answer(
                _certificate(X[chosen], y[chosen], [[i, str(m)] for i, m in enumerate(multipliers)]),
                multipliers={int(rows[i]): str(m) for i, m in zip(chosen, multipliers, strict=True)},
            )
        exact = separability(X[chosen], y[chosen])
        if not exact.separable:
            held = {int(rows[chosen[i]]): str(m) for i, m in exact.multipliers.items()}
            return _answer(exact.certificate, multipliers=held)
        w = [Fraction(int(v.p), int(v.q)) for v in exact.w]
        lost = wrong_samples(w, X, y)
        if not lost.size:
            return _answer(_certificate(X, y, [str(v) for v in w]), separator=[float(v) for v in w])
        chosen = np.union1d(chosen, lost[:MOST_JOINED])


def _combination(X: Floats, y: Floats) -> list[fmpz]:
    """Return the positive multipliers with which the y (x, 1) sum to zero, where they are unique but for a factor.

    Exact integer elimination, once the rows of the system have been multiplied by powers of two; empty elsewhere.
    """
    Z = (y[:, None] * np.column_stack([X, np.ones(len(X))])).T.tolist()
    rows = []
    for row in Z:
        ratios = [value.as_integer_ratio() for value in row]
        common = max(q for _, q in ratios)
        rows.append([p * (common // q) for p, q in ratios])
    kernel, nullity = fmpz_mat(rows).nullspace()
    if nullity != 1:
        return []
    m = [kernel[i, 0] for i in range(len(X))]
    if all(v < 0 for v in m):
        m = [-v for v in m]
    return m if all(v > 0 for v in m) else []


def _certificate(X: Floats, y: Floats, evidence: list[Any]) -> str:
    """Return a proof as `study.certificates.checker` reads it; empty where it would be long."""
    if X.size > MOST_WRITTEN:
        return ""
    claim = "not separable" if isinstance(evidence[0], list) else "separable"
    proof = {"kind": "separability", "X": X.tolist(), "y": y.astype(int).tolist(), "claim": claim, "evidence": evidence}
    return json.dumps(proof, separators=(",", ":"))


def _answer(
    certificate: str, separator: list[float] | None = None, multipliers: dict[int, str] | None = None
) -> dict[str, Any]:
    kind = "a separator" if separator else "a Farkas combination"
    return {
        "separable": separator is not None,
        "proof": f"by {kind} that was checked exactly",
        "separator": separator,
        "inseparable_rows": sorted(multipliers or {}),
        "multipliers": multipliers or {},
        "certificate": certificate,
    }
