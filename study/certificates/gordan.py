"""Show of many cells at once that they hold no stationary point: one direction in which the loss only rises."""

from itertools import combinations

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray
from scipy.special import expit

from study.analysis.separability import rationals
from study.certificates.problem import Problem
from study.datasets.dataset import Floats
from study.trainers.losses import loss_of_margin

MOST_DIRECTIONS = 3_000


class Gordan:
    """The directions that are tried, and how often each was of use."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.exact = _directions(problem.Z)
        self.directions = np.array([[float(x) for x in v] for v in self.exact])
        Z = [rationals(row) for row in problem.Z]
        along = [[float(sum(a * b for a, b in zip(v, z, strict=True))) for z in Z] for v in self.exact]
        self.along = np.array(along) * problem.weight
        self.used = np.zeros(len(self.exact), np.int64)

    def used_directions(self) -> list[list[fmpq]]:
        """Return the directions that excluded a cell, the most useful first."""
        return [self.exact[k] for k in np.argsort(-self.used, kind="stable") if self.used[k]]

    def slopes(self, centres: Floats, half: Floats) -> tuple[Floats, Floats]:
        """Return the range of each sample's slope over each cell, widened by what rounding may do."""
        problem = self.problem
        middle, reach = centres @ problem.Z.T, half @ np.abs(problem.Z.T)
        _, _, low, high, _ = problem.code
        a, b = middle - reach, middle + reach
        places = [a, b] + [np.clip(t, a, b) for t in (low, high) if np.isfinite(t)]
        slopes = np.stack([loss_of_margin(problem.loss, m, problem.eps)[1] for m in places])
        nearest = np.maximum(np.abs(middle) - reach, 0.0)
        rounding = 1e-14 * expit(-nearest) + 1e-300
        return slopes.min(axis=0) - rounding, slopes.max(axis=0) + rounding

    def excluded(self, centres: Floats, half: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
        """Say for which cells some direction that does not lead out of the box proves that they hold no point."""
        R = self.problem.weight_bound
        least = low @ np.maximum(self.along, 0.0).T + high @ np.minimum(self.along, 0.0).T
        size = np.maximum(np.abs(low), np.abs(high)) @ np.abs(self.along).T
        proves = least > 1e-12 * size
        for j in range(centres.shape[1]):
            top, bottom = centres[:, j] + half[:, j] >= R, centres[:, j] - half[:, j] <= -R
            proves &= ~(top[:, None] & (self.directions[:, j] < 0.0))
            proves &= ~(bottom[:, None] & (self.directions[:, j] > 0.0))
        excluded = proves.any(axis=1)
        best = np.where(proves, least / size, -1.0).argmax(axis=1)
        np.add.at(self.used, best[excluded], 1)
        return np.asarray(excluded)


def _directions(Z: Floats) -> list[list[fmpq]]:
    """Return vectors, of both signs, exactly orthogonal to n_features of the vectors z_i and of the axes."""
    p = Z.shape[1]
    rows = [rationals(row) for row in np.unique(np.vstack([Z, np.eye(p)]), axis=0)]
    found: dict[tuple[str, ...], list[fmpq]] = {}
    for chosen in combinations(rows, p - 1):
        minors = [fmpq_mat([[row[k] for k in range(p) if k != j] for row in chosen]).det() for j in range(p)]
        largest = max(abs(minor) for minor in minors)
        if largest > 0:
            v = [(-1) ** j * minor / largest for j, minor in enumerate(minors)]
            for signed in (v, [-x for x in v]):
                found[tuple(map(str, signed))] = signed
        if len(found) >= MOST_DIRECTIONS:
            break
    return list(found.values())
