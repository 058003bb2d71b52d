"""Features as exact numbers: the decimals that a table holds, or the doubles of an array."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain
from math import isfinite, lcm
from typing import Annotated, Any, NamedTuple

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from study.checks import BadInput, checked
from study.datasets.dataset import Floats, as_features, check_shape

Row = tuple[float | Decimal, ...]


def as_rows(name: str, values: Any) -> tuple[Row, ...]:
    """Return rows of one length of finite floats or decimals, or raise `BadInput`."""
    if not isinstance(values, tuple) or not all(isinstance(row, tuple) for row in values):
        raise BadInput(f"`{name}` must be a tuple of tuples; got {values!r}")
    if len({len(row) for row in values}) != 1 or not values[0]:
        raise BadInput(f"`{name}` must be rows of one length, with a number each at least; got {values!r}")
    kinds = set(map(type, chain.from_iterable(values)))
    if not kinds <= {float, Decimal} or not all(map(isfinite, chain.from_iterable(values))):
        wrong = next(v for v in chain.from_iterable(values) if type(v) not in (float, Decimal) or not isfinite(v))
        raise BadInput(f"`{name}` must hold finite floats or decimals; got {wrong!r}")
    return values


@checked
@dataclass(frozen=True, eq=False)
class Exact:
    """Hold features of one set as exact numbers.

    Parameters
    ----------
    rows : tuple of tuples of float or Decimal
        One row a sample, all of one length and finite. A float is the binary fraction that it is, a `Decimal` the
        number that is written.
    """

    rows: Annotated[tuple[Row, ...], as_rows]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of samples and of features."""
        return len(self.rows), len(self.rows[0])

    @property
    def of_decimals(self) -> bool:
        """Whether the numbers are decimals."""
        return isinstance(self.rows[0][0], Decimal)

    @cached_property
    def rounding(self) -> Floats:
        """How far each feature may be off: half a unit of the last place that is written in its column.

        Whole numbers count something, and floats are what they are: 0.
        """
        columns = zip(*self.rows, strict=True)
        last = [min(int(v.as_tuple().exponent) if isinstance(v, Decimal) else 0 for v in c) for c in columns]
        return np.array([0.5 * 10.0**place if place < 0 else 0.0 for place in last])

    @cached_property
    def counts(self) -> tuple["Count", ...]:
        """Each feature in whole numbers."""
        return tuple(map(_count, zip(*self.rows, strict=True)))

    @cached_property
    def matrix(self) -> fmpz_mat:
        """The counts, of shape (n_samples, n_features)."""
        return fmpz_mat(list(zip(*(count.k.tolist() for count in self.counts), strict=True)))

    def floats(self) -> Floats:
        """Return the nearest floats, of shape (n_samples, n_features)."""
        return np.array(self.rows, float)

    def take(self, samples: Sequence[int]) -> "Exact":
        """Return some of the samples."""
        return Exact(tuple(self.rows[i] for i in samples))

    def plain(self) -> list[list[float | str]]:
        """Return the rows as a proof holds them: floats as numbers, decimals as text without an exponent."""
        return [[format(v, "f") if isinstance(v, Decimal) else v for v in row] for row in self.rows]


class Count(NamedTuple):
    """A feature counted from its least value in its largest step: x = (low + step k) / scale for whole k in [0, most].

    The k are of dtype int64 where sums of three of them have no rounding as floats either, else Python's own.
    """

    low: int
    step: int
    scale: int
    most: int
    k: NDArray[Any]


def _count(values: Sequence[float | Decimal]) -> Count:
    ratios = [value.as_integer_ratio() for value in values]
    scale = lcm(*{q for _, q in ratios})
    whole = [p * (scale // q) for p, q in ratios]
    above = np.array(whole, np.int64 if max(map(abs, whole)) < 2**51 else object) - min(whole)
    step = int(np.gcd.reduce(above)) or 1  # of a constant feature
    k = above // step
    return Count(min(whole), step, scale, int(k.max()) or 1, k)


def as_exact(name: str, values: Any) -> Exact:
    """Return features of one set as exact numbers, each float as what it is, or raise `BadInput`."""
    if isinstance(values, Exact):
        return values
    X = as_features(name, values)
    check_shape(name, X, "n_samples", "n_features")
    return Exact(tuple(map(tuple, X.tolist())))
