"""By how much the parts of one rule's error exceed another's, on the same resamples and test points."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from study.analysis.bias_variance import PARTS, Estimate, estimate


class Difference(NamedTuple):
    """By how much a part is larger for the rule at place i than for that at j, with its interval and p-value."""

    i: int
    j: int
    part: str
    value: float
    low: float
    high: float
    p: float


def each_difference(
    wrong: Any, n: Any, pairs: Sequence[tuple[int, int]], parts: Iterable[str], **options: Any
) -> Iterator[Difference]:
    """Yield the difference of each part for each pair of rules."""
    found = differences(wrong, n, pairs, **options)
    p = found.p_value
    for (k, (i, j)), part in product(enumerate(pairs), parts):
        at = k, PARTS.index(part)
        yield Difference(i, j, part, found.value[at], found.low[at], found.high[at], p[at])


def differences(wrong: Any, n: Any, pairs: Sequence[tuple[int, int]], **options: Any) -> Estimate:
    """Return an estimate for each pair of rules, the first less the second, from the counts of all rules."""
    rules = np.eye(len(wrong))
    first, second = np.transpose(pairs)
    return estimate(wrong, n, contrasts=rules[first] - rules[second], **options)
