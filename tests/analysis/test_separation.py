from typing import Any

import numpy as np
import pytest

from study.analysis.separation import separates, training_error
from study.datasets.published import four_points

FOUR = four_points(10.0)


@pytest.mark.parametrize(
    ("w", "error"),
    [
        ([2, 0, 1], 0),
        ([1, 1, 0], 1 / 4),  # the spoiler
        ([1, 0, 0], 2 / 4),  # two ties
        ([0, 0, 1], 1 / 4),
        ([-2, 0, -1], 1),
        ([0, 0, 0], 1),
        ([np.nan, 0, 1], 1),  # no order among NaN
        ([0, np.inf, 1], 3 / 4),  # 0 inf is NaN; -10 inf is wrong
        ([5e-324, 0, 0], 2 / 4),
    ],
)
def test_errors_by_hand(w: Any, error: float) -> None:
    assert training_error(w, FOUR.X, FOUR.y) == error
    assert separates(w, FOUR.X, FOUR.y) == (error == 0)
