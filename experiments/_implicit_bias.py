"""Where descent of the cross-entropy without a bound points in the end, and how slowly it turns there."""

import numpy as np
from scipy.optimize import nnls

from study.datasets.dataset import Dataset, Floats


def widest(X: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the least w, bias included, with all y w.(x, 1) >= 1, and the multipliers of the points.

    Descent treats the bias as one more weight, so this, and not the widest gap, is where it points in the end.
    """
    Z = np.column_stack([X, np.ones(len(X))]) * y[:, None]
    stacked = np.vstack([Z.T, np.ones(len(Z))])
    target = np.append(np.zeros(Z.shape[1]), 1.0)
    multiplier, _ = nnls(stacked, target)  # least distance programming: Lawson and Hanson 1974, (23.24)
    off = stacked @ multiplier - target
    return -off[:-1] / off[-1], multiplier / -off[-1]


def safe_rate(points: Dataset, share: Floats) -> float:
    """Return 1 over the largest eigenvalue of the points' weighted second moment; up to 8 times that descends too."""
    Z = np.column_stack([points.X, np.ones(len(points.y))])
    return float(1.0 / np.linalg.eigvalsh(Z.T @ (share[:, None] * Z))[-1])


def asymptote(points: Dataset, v: Floats, multiplier: Floats) -> list[float]:
    """Return C and c of the direction error C / (log t + c) that theory gives.

    The weights go as v log t + r, where r solves rate / n exp(-z_i.r) = multiplier_i at the points the margin rests on;
    across v it is C, along v it is c, both in units of v's norm.
    """
    rests = multiplier > 1e-9
    Z = np.column_stack([points.X, np.ones(len(points.y))]) * points.y[:, None]
    n = len(points.y)
    r = np.linalg.lstsq(Z[rests], np.log(safe_rate(points, np.full(n, 1.0 / n)) / n / multiplier[rests]))[0]
    along = float(r @ v) / float(v @ v)
    return [float(np.linalg.norm(r - along * v) / np.linalg.norm(v)), along]
