"""Public functions read what they ask for from their annotations, in every form that NumPy gives these."""

from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from study.checks import BadInput, checked, count

Scalar = TypeVar("Scalar", bound=np.generic)
ARRAY = np.ndarray[Any, np.dtype[Scalar]]
NAMED = TypeAliasType("NAMED", ARRAY[Scalar], type_params=(Scalar,))  # as NumPy 2.5 writes NDArray
RENAMED = TypeAliasType("RENAMED", NAMED[np.float64])


@pytest.mark.parametrize("kind", [NDArray[np.float64], ARRAY[np.float64], NAMED[np.float64], RENAMED])
def test_an_array_is_asked_for_however_its_annotation_is_written(kind: Any) -> None:
    def total(values: Any) -> float:
        return float(values.sum())

    total.__annotations__["values"] = kind
    ask = checked(total)
    assert ask([1, 2.5]) == 3.5
    with pytest.raises(BadInput, match="`values` must"):
        ask(["one"])
    total.__annotations__["values"] = kind | None
    assert checked(total)([1, 2.5]) == 3.5


def test_an_array_of_whole_numbers_stays_one() -> None:
    def kind(values: Any) -> str:
        return str(values.dtype)

    kind.__annotations__["values"] = NAMED[np.int64]
    assert checked(kind)([1, 2]) == "int64"
    with pytest.raises(BadInput, match="`values` must hold whole numbers"):
        checked(kind)([1.5])


@pytest.mark.parametrize("value", [2**61 + 1, 2**63, 1e300])
def test_a_count_that_leaves_the_range_is_refused_and_not_cut(value: float) -> None:
    assert count("n", 2**61) == 2**61
    with pytest.raises(BadInput, match=r"`n` must be a whole number of at least 1 and at most 2\^61; got "):
        count("n", value)  # type: ignore[arg-type]
