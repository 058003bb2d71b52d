"""Four numbers at once are four numbers."""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from study.kernels.vectors import add_product, four, load, store, total


@no_type_check
def _all(M, out):
    a, b, c = load(M, 0, 1), load(M, 1, 2), load(M, 2, 3)
    store(out, 0, 2, a)
    store(out, 1, 2, a - 0.1 * b)
    store(out, 2, 2, add_product(a, b, c))
    store(out, 3, 2, four(7.0))
    return total(c)


def test_each_operation_is_that_of_its_four_numbers() -> None:
    M, out = np.random.default_rng(0).normal(size=(3, 7)), np.zeros((4, 7))
    a, b, c = M[0, 1:5], M[1, 2:6], M[2, 3:7]
    together: Any = njit(_all)
    assert together(M, out) == (c[0] + c[1]) + (c[2] + c[3])
    expected = np.zeros((4, 7))
    expected[:, 2:6] = a, a - 0.1 * b, a + b * c, np.full(4, 7.0)
    np.testing.assert_allclose(out[1], expected[1], rtol=0, atol=4e-16)  # one rounding or two
    out[1] = expected[1]
    np.testing.assert_array_equal(out, expected)  # nothing else is touched
