"""What decides separability on many points: one separator, or the few samples that no boundary separates."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from study.datasets.arguments import checked
from study.datasets.dataset import Floats, as_floats, check_points, check_shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """Weights that separate, or samples of which no boundary separates all.

    Parameters
    ----------
    w : ndarray of shape (n_features + 1,)
        The separator, bias last, checked exactly; NaN where none was found.
    samples : ndarray of int
        Indices of the samples that the answer rests on: where `w` is NaN, at most n_features + 2 of them that a linear
        programme found inseparable, which its rounding makes a hint and not a proof.
    """

    w: Floats
    samples: NDArray[np.int64]


@checked
def witness(X: ArrayLike, y: ArrayLike, guess: ArrayLike | None = None) -> Witness:
    """Find a separator of one set of points, or a few samples that no boundary separates.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    guess : array_like of shape (n_features + 1,), optional
        Weights that may separate, the bias last; they are tried first.

    Returns
    -------
    Witness

    Raises
    ------
    BadInput
        For points that `check_points` refuses.

    Notes
    -----
    Constraints are generated: maximise t under z_i.w >= t and |w_j| <= 1 over a working set, and let the samples that
    the answer loses join it. Where t is zero, the samples with a multiplier are at most n_features + 2, and by Gordan's
    theorem no boundary separates them.
    """
    X, y = check_points(X, y)
    check_shape("X", X, "n_samples", "n_features")
    check_shape("y", y, "n_samples")
    if guess is not None:
        check_shape("guess", as_floats("guess", guess), X.shape[1] + 1)
    if guess is not None and not wrong_samples(np.asarray(guess, np.float64), X, y).size:
        return Witness(w=np.asarray(guess, np.float64), samples=np.empty(0, np.int64))
    low, high = X.min(axis=0), X.max(axis=0)
    centre, spread = low / 2 + high / 2, np.where(high > low, high / 2 - low / 2, 1.0)
    Z = np.column_stack([(X - centre) / spread, np.ones(len(X))]) * y[:, None]
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    n, p = Z.shape
    guess = np.linalg.lstsq(Z, np.ones(n))[0]
    chosen = np.argsort(Z @ guess, kind="stable")[: 10 * p]
    for _ in range(200):
        v, t, multiplier = _widest_cone(Z[chosen])
        if not t > 1e-12:
            return Witness(w=np.full(p, np.nan), samples=chosen[multiplier > 1e-12 * multiplier.max()])
        normal = v[:-1] / spread
        w = np.append(normal, v[-1] - normal @ centre)
        lost = wrong_samples(w, X, y)
        if not lost.size:
            return Witness(w=w, samples=chosen[multiplier > 0.0])
        worst = lost[np.argsort((Z @ v)[lost], kind="stable")[: 10 * p]]
        joined = np.union1d(chosen, worst)
        if joined.size == chosen.size:  # rounding: the programme separates what the weights do not
            return Witness(w=np.full(p, np.nan), samples=chosen[multiplier > 0.0])
        chosen = joined
    return Witness(w=np.full(p, np.nan), samples=chosen)


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


def wrong_samples(w: Floats | Sequence[Fraction], X: Floats, y: Floats) -> NDArray[np.int64]:
    """Return the indices of the samples of one set that `w` does not put strictly on their own side, decided exactly.

    `w` holds floats, or rational numbers, with the bias last. A margin in floating point is off by at most
    n_features + 2 roundings of the sum of its terms' sizes; where that leaves the sign open, rational arithmetic
    decides, in which every float is exact.
    """
    if isinstance(w, np.ndarray) and not np.isfinite(w).all():
        return np.arange(len(y))
    exact = [Fraction(v) for v in w]
    largest = max(map(abs, exact))
    if largest == 0:
        return np.arange(len(y))
    rounded = np.array([float(v / largest) for v in exact])
    with np.errstate(over="ignore", invalid="ignore"):
        margin = y * (X @ rounded[:-1] + rounded[-1])
        error = (len(exact) + 2) * np.finfo(float).eps * (np.abs(X) @ np.abs(rounded[:-1]) + abs(rounded[-1]))
    wrong = ~(margin > error)
    for i in np.flatnonzero(wrong & ~(margin < -error)):
        value = sum((a * Fraction(x) for a, x in zip(exact, X[i].tolist(), strict=False)), exact[-1])
        wrong[i] = not value * int(y[i]) > 0
    return np.flatnonzero(wrong)
