"""Estimates over independent draws with their 95% confidence intervals, as columns of a table."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from study.checks import BadInput, PositiveInt, checked, count
from study.datasets.dataset import Floats

Z95 = float(ndtri(0.975))


@checked
def wilson(hits: Annotated[int, partial(count, least=0)], n: PositiveInt) -> tuple[float, float]:
    """Return the ends of Wilson's 95% interval for a rate.

    Parameters
    ----------
    hits : int in [0, n]
    n : int, at least 1
        Trials.

    Raises
    ------
    BadInput
        For numbers outside their ranges.
    """
    if hits > n:
        raise BadInput(f"`hits` must be at most `n`, which is {n}; got {hits}")
    share, whole = hits / n, 2 * (n + Z95**2)
    centre = (2 * n * share + Z95**2) / whole
    reach = Z95 / whole * math.sqrt(4 * n * share * (1 - share) + Z95**2)
    return 0.0 if hits == 0 else centre - reach, 1.0 if hits == n else centre + reach


def rate(name: str, hits: ArrayLike) -> dict[str, float]:
    """Return the share of trials that hit, with Wilson's interval.

    Parameters
    ----------
    name : str
        Of the columns: `name`, `name_low` and `name_high`.
    hits : array_like of shape (n,)
        Truth values, or 0 and 1.
    """
    hits = np.asarray(hits)
    low, high = wilson(int(hits.sum()), len(hits))
    return {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}


def rates(rows: Mapping[str, ArrayLike], *names: str) -> dict[str, float]:
    """Return `rate` of each of the named columns."""
    return {column: value for name in names for column, value in rate(name, rows[name]).items()}


def mean(name: str, values: Floats) -> dict[str, float]:
    """Return the mean of values of shape (n,) with Student's interval, which is a point for a single one."""
    centre, n = float(values.mean()), len(values)
    reach = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return {name: centre, f"{name}_low": centre - reach, f"{name}_high": centre + reach}


def middle(name: str, values: Floats, tail: int = 5) -> dict[str, float]:
    """Return the median of values of shape (n,) with quantiles of `tail`% on both sides: `name`, `name_q05`, ..."""
    low, median, high = np.quantile(values, [tail / 100.0, 0.5, 1.0 - tail / 100.0])
    return {name: float(median), f"{name}_q{tail:02}": float(low), f"{name}_q{100 - tail}": float(high)}
