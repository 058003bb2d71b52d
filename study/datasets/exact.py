"""Features as exact numbers: the decimals that a table holds, or the doubles of an array."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain
from math import lcm
from typing import Any

import numpy as np
from flint import fmpz, fmpz_mat
from numpy.typing import NDArray

from study.datasets.dataset import Floats, as_features, check_shape

MOST_TENS = 22
"""The largest power of ten that is a float."""
PART = 4096
"""Samples whose whole numbers are Python's at one time: they take four times the room of flint's."""


@dataclass(frozen=True, eq=False)
class Column:
    """One feature in whole numbers: x = whole / scale.

    Parameters
    ----------
    whole : ndarray of shape (n_samples,)
        Of dtype int64 where sums of three of them have no rounding as floats either, else Python's own.
    scale : int
    places : int, optional
        Of decimals, the most places that are written; None for floats.
    """

    whole: NDArray[Any]
    scale: int
    places: int | None = None

    @cached_property
    def low(self) -> int:
        """The least whole number, from which the others are counted."""
        return int(self.whole.min())

    @cached_property
    def step(self) -> int:
        """The largest step in which they can be counted."""
        return int(np.gcd.reduce(self.whole - self.low)) or 1  # of a constant feature

    @cached_property
    def counts(self) -> NDArray[Any]:
        """The k of x = (low + step k) / scale."""
        return (self.whole - self.low) // self.step

    @cached_property
    def most(self) -> int:
        """The largest count, or 1 where all are zero."""
        return int(self.counts.max()) or 1

    def take(self, samples: NDArray[np.int64]) -> "Column":
        """Return some of the samples."""
        return Column(self.whole[samples], self.scale, self.places)

    def floats(self) -> list[float]:
        """Return the nearest floats."""
        return [whole / self.scale for whole in self.whole.tolist()]

    def plain(self) -> Sequence[float | str]:
        """Return the numbers as a proof holds them: floats as numbers, decimals as text without an exponent."""
        if self.places is None:
            return self.floats()
        return [_written(whole, self.scale) for whole in self.whole.tolist()]


@dataclass(frozen=True, eq=False)
class Exact:
    """Hold features of one set as exact numbers.

    Parameters
    ----------
    columns : tuple of Column
        One for each feature, all of one length.
    """

    columns: tuple[Column, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of samples and of features."""
        return len(self.columns[0].whole), len(self.columns)

    @property
    def of_decimals(self) -> bool:
        """Whether the numbers are decimals."""
        return self.columns[0].places is not None

    @property
    def rounding(self) -> Floats:
        """How far each feature may be off: half a unit of the last place that is written in its column.

        Whole numbers count something, and floats are what they are: 0.
        """
        return np.array([0.5 * 10.0**-column.places if column.places else 0.0 for column in self.columns])

    def whole_rows(self, samples: NDArray[np.int64]) -> list[tuple[int, ...]]:
        """Return the whole numbers of some samples, a tuple each: they are equal, and in order, as the samples are."""
        return list(zip(*(column.whole[samples].tolist() for column in self.columns), strict=True))

    def products(self, normal: Sequence[int]) -> list[fmpz]:
        """Return the sum over features of normal times counts, of each sample."""
        vector = fmpz_mat(len(normal), 1, normal)
        return list(chain.from_iterable((part * vector).entries() for part in self._matrices))

    @cached_property
    def _matrices(self) -> list[fmpz_mat]:
        """The counts of the first `PART` samples, of the next, and so on."""
        counts = [column.counts for column in self.columns]
        parts = range(0, self.shape[0], PART)
        return [fmpz_mat(list(zip(*(k[i : i + PART].tolist() for k in counts), strict=True))) for i in parts]

    def floats(self) -> Floats:
        """Return the nearest floats, of shape (n_samples, n_features)."""
        return np.column_stack([column.floats() for column in self.columns])

    def take(self, samples: NDArray[np.int64]) -> "Exact":
        """Return some of the samples."""
        return Exact(tuple(column.take(samples) for column in self.columns))

    def plain(self) -> list[list[float | str]]:
        """Return the rows as a proof holds them."""
        return [list(row) for row in zip(*(column.plain() for column in self.columns), strict=True)]


def as_exact(name: str, values: Any) -> Exact:
    """Return features of one set as exact numbers, each float as what it is, or raise `BadInput`."""
    if isinstance(values, Exact):
        return values
    X = as_features(name, values)
    check_shape(name, X, "n_samples", "n_features")
    return Exact(tuple(_column([x.as_integer_ratio() for x in column]) for column in X.T.tolist()))


def written_column(cells: list[str], x: Floats) -> Column:
    """Return the decimals that are written in cells, of which x are the nearest floats.

    Where they are x times a power of ten, rounded, that is quicker: x and the product are off by a quarter at most.
    """
    text = "\n".join(cells)
    places = max(map(len, re.findall(r"\.(\d*)", text)), default=0)
    if not re.search("[eE]", text) and places <= MOST_TENS and np.abs(x).max() * 10**places < 2**50:
        return Column(np.rint(x * float(10**places)).astype(np.int64), 10**places, places)
    decimals = [Decimal(cell) if value else Decimal(0) for cell, value in zip(cells, x.tolist(), strict=True)]
    places = max(0, *(-int(decimal.as_tuple().exponent) for decimal in decimals))
    return _column([decimal.as_integer_ratio() for decimal in decimals], 10**places, places)


def _column(ratios: list[tuple[int, int]], scale: int = 1, places: int | None = None) -> Column:
    """Return fractions as whole numbers over the least multiple of a scale that makes them whole."""
    scale = lcm(scale, *{q for _, q in ratios})
    whole = [p * (scale // q) for p, q in ratios]
    small = max(map(abs, whole)) < 2**51
    return Column(np.array(whole, np.int64 if small else object), scale, places)


def _written(whole: int, scale: int) -> str:
    """Return a decimal number; the scale is a power of ten."""
    before, after = divmod(abs(whole), scale)
    rest = str(after + scale)[1:].rstrip("0")
    return f"{'-' * (whole < 0)}{before}{'.' * bool(rest)}{rest}"
