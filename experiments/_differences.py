"""By how much the parts of one rule's error exceed another's, on the same resamples and test points."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from study.analysis.bias_variance import Estimate, estimate


def differences(wrong: Any, n: Any, pairs: Sequence[tuple[int, int]], **options: Any) -> Estimate:
    """Return an estimate for each pair of rules, the first less the second, from the counts of all rules."""
    rules = np.eye(len(wrong))
    first, second = np.transpose(pairs)
    return estimate(wrong, n, contrasts=rules[first] - rules[second], **options)
