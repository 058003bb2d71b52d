"""What may go wrong, and what a public function may be given, read from its annotations."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from functools import partial, wraps
from inspect import signature
from json import dumps
from numbers import Real
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from unicodedata import category

if TYPE_CHECKING:  # loaded where arrays are looked at: `study --help` needs none
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

P = ParamSpec("P")
T = TypeVar("T")
Check = Callable[[str, Any], Any]
"""Takes the name of an argument and its value, and returns the value in the form asked for, or raises `BadInput`."""

JOINERS = "\u200c\u200d"
LONGEST = 1000
"""Characters of a message; the value that it shows may have any number."""


def escape_controls(text: str) -> str:
    """Return text with JSON's escapes for characters that print nothing, or change what a terminal shows.

    Those are all that Unicode does not call printable, but for spaces of any width and the joiners of some scripts.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or category(c) == "Zs" or c in JOINERS else dumps(c)[1:-1] for c in text)


def shorten(text: str, most: int) -> str:
    """Return a user's text for a line or a drawing: its first characters, with escapes for controls."""
    return escape_controls(text if len(text) <= most else f"{text[: most - 3]}...")


def counted(n: int, what: str, plural: str = "s") -> str:
    """Return a number of things."""
    return f"{n:,} {what}{plural if n != 1 else ''}"


class BadInput(ValueError):
    """Input that cannot be used; the message is one line that names the argument, the value and what would be right."""

    def __init__(self, message: str) -> None:
        line = escape_controls(" ".join(str(message).split()))  # the text of an array spans lines
        super().__init__(line if len(line) <= LONGEST else f"{line[:LONGEST]}...")


class CheckFailed(Exception):
    """A check that failed; the message has a line for each finding."""


def real(name: str, value: float) -> float:
    """Return `value` as a float, or raise `BadInput` unless it is a number."""
    try:
        number = value.item() if getattr(value, "shape", None) == () else value  # type: ignore[attr-defined]
        if not isinstance(number, Real):
            raise TypeError
        return float(number)
    except (TypeError, ValueError, OverflowError):
        shown = " ".join(repr(value).split())
        raise BadInput(f"`{name}` must be a number; got {shown[:80]}") from None


def positive(name: str, value: float) -> float:
    """Return `value` as a float, or raise `BadInput` unless it is positive and finite."""
    number = real(name, value)
    if not (number > 0 and math.isfinite(number)):
        raise BadInput(f"`{name}` must be positive and finite; got {value}")
    return number


def within(interval: str) -> Check:
    """Return the check of a number in an interval, which is written as in a docstring: "[0, 1/2)", "(0, inf)"."""
    low, high = (math.inf if end == "inf" else float(Fraction(end)) for end in interval[1:-1].split(", "))

    def check(name: str, value: float) -> float:
        number = real(name, value)
        inside = (
            low < number < high or (number == low and interval[0] == "[") or (number == high and interval[-1] == "]")
        )
        if not inside:
            raise BadInput(f"`{name}` must lie in {interval}; got {value}")
        return number

    return check


def count(name: str, value: int, *, least: int = 1) -> int:
    """Return `value` as an int, or raise `BadInput` unless it is a whole number of at least `least`, at most 2^61."""
    number = real(name, value)
    if isinstance(value, bool) or not number.is_integer() or number < least:
        raise BadInput(f"`{name}` must be a whole number of at least {least}; got {value}")
    if int(value) > 2**61:
        raise BadInput(f"`{name}` must be a whole number of at least {least} and at most 2^61; got {value}")
    return int(value)


def one_of(name: str, value: str, allowed: Collection[str]) -> str:
    """Return `value`, or raise `BadInput` unless it is one of `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(f"`{name}` must be one of {', '.join(allowed)}; got {value}{did_you_mean(str(value), allowed)}")
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question with that of some words which is nearest, or nothing where none is near."""
    import difflib

    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), folded, 1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


Positive = Annotated[float, positive]
NonNegative = Annotated[float, within("[0, inf)")]
Share = Annotated[float, within("(0, 1)")]
PositiveInt = Annotated[int, count]
AtLeastTwo = Annotated[int, partial(count, least=2)]


def as_floats(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return `values` as a float array, or raise `BadInput` where they are not numbers."""
    import numpy as np

    mask = getattr(values, "mask", None)  # a method of pandas' tables
    if isinstance(mask, np.ndarray) and mask.any():
        raise BadInput(f"`{name}` must have no masked numbers; got {np.count_nonzero(mask)} of them")
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O":  # whole numbers beyond 64 bits, say; NumPy would make NaN of None and 1 of "1"
            array = np.array([real(name, value) for value in array.flat]).reshape(array.shape)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"its type is {array.dtype.name}")
        with np.errstate(over="ignore"):  # long doubles
            return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadInput(f"`{name}` must be an array of numbers; got {type(values).__name__} ({error})") from error


def as_integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return `values` as whole numbers, not copied where they are int64, or raise `BadInput` where they are not."""
    import numpy as np

    whole = isinstance(values, np.ndarray) and values.dtype.kind in "iu"
    array = np.asarray(values) if whole else as_floats(name, values)
    inside = array.size == 0 or (array.min() > -(2**53) and array.max() < 2**53)
    if not inside or not (whole or (array == np.rint(array)).all()):
        raise BadInput(f"`{name}` must hold whole numbers; got {values!r}")
    return array.astype(np.int64, copy=False)


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Raise `BadInput` where a function is called with anything but what its annotations require.

    Arrays of numbers arrive as arrays, numbers as Python's own, sequences as tuples; a kind that is
    `Annotated[kind, check]` goes through `check(name, value)`, whose answer arrives. What relates several arguments
    is for the function to say. What leaves the range of floating-point numbers is infinite or NaN in the answer,
    without a warning. A dataclass keeps its fields as they were given, once they have been checked.
    """
    if isinstance(function, type):
        function.checks = _checks(function.__init__)  # type: ignore[attr-defined, misc]
        function.__init__ = _check_fields(function.__init__)  # type: ignore[misc]
        return function
    import numpy as np

    checks = _checks(function)
    check = _check_of_call(checks)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> T:
        given, named = check(args, kwargs)
        with np.errstate(all="ignore"):
            return function(*given, **named)

    call.checks = checks  # type: ignore[attr-defined]
    return call


def _check_fields(init: Callable[..., None]) -> Callable[..., None]:
    check = _check_of_call(_checks(init))

    @wraps(init)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        check(args, kwargs)
        init(self, *args, **kwargs)

    return call


def _check_of_call(checks: dict[str, Check]) -> Callable[[tuple[Any, ...], dict[str, Any]], tuple[list[Any], Any]]:
    """Return the check of a call's arguments: it takes those in order and those by name, and returns what arrives."""
    in_order = list(checks.items())

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        given = [check(name, value) for (name, check), value in zip(in_order, args, strict=False)]
        named = {name: checks[name](name, value) if name in checks else value for name, value in kwargs.items()}
        return [*given, *args[len(given) :]], named

    return check


def _checks(function: Callable[..., Any]) -> dict[str, Check]:
    """Return the check of each argument, in their order."""
    kinds = get_type_hints(function, include_extras=True)
    return {name: check_of(kinds[name]) for name in signature(function).parameters if name in kinds}


def check_of(kind: Any) -> Check:
    """Return the check of an annotation: it takes a name and a value, and returns what was asked for or raises."""
    if get_origin(kind) is Annotated:
        check: Check = kind.__metadata__[0]
        return check
    if get_origin(kind) is Literal:
        return partial(one_of, allowed=get_args(kind))
    if kind in SIMPLE:
        return SIMPLE[kind]
    import numpy as np
    from numpy.typing import ArrayLike

    if kind == ArrayLike:
        return as_floats
    kind = _spell_out(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _any_of(parts, set(get_args(ArrayLike)) or {ArrayLike})  # from Python 3.12 on it is a name
    if origin is np.ndarray:
        return as_floats if parts[1] == np.dtype[np.float64] else as_integers
    if origin is tuple or origin is Sequence:
        return partial(_sequence, checks=[check_of(part) for part in parts], fixed=origin is tuple)
    if origin is Callable:
        return _function
    return partial(_instance, kind=kind)


def _spell_out(kind: Any) -> Any:
    """Return what the name of a type stands for: from NumPy 2.5 on `NDArray` is such a name, with an argument."""
    name, parts = get_origin(kind) or kind, get_args(kind)
    if not hasattr(name, "__value__"):
        return kind
    return _spell_out(name.__value__[parts] if parts else name.__value__)


def _any_of(kinds: tuple[Any, ...], of_arrays: set[Any]) -> Check:
    """Return the check of a union; what fits no part is refused by that for sequences if it is one, or the first."""
    others = [kind for kind in kinds if kind is not type(None)]
    if set(kinds) >= of_arrays:
        words = any(get_origin(kind) is Literal for kind in kinds)
        checks: list[Check] = [partial(_words_or_numbers, words=words)]
    else:
        checks = [check_of(kind) for kind in others]
    of_listed = next((check_of(kind) for kind in others if get_origin(kind) in (tuple, Sequence)), checks[0])

    def check(name: str, value: Any) -> Any:
        if value is None and len(others) < len(kinds):
            return None
        for other in checks[1:]:
            try:
                return other(name, value)
            except BadInput:
                continue
        return (of_listed if isinstance(value, Sequence) and not isinstance(value, str) else checks[0])(name, value)

    return check


def _words_or_numbers(name: str, value: Any, *, words: bool) -> Any:
    return value if words and isinstance(value, str) else as_floats(name, value)


def _sequence(name: str, value: Any, checks: list[Check], *, fixed: bool) -> tuple[Any, ...]:
    listed = isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0
    if isinstance(value, str | bytes) or not listed:
        raise BadInput(f"`{name}` must be a sequence; got {value!r}")
    if fixed and len(value) != len(checks):
        raise BadInput(f"`{name}` must hold {len(checks)} values; got {value!r}")
    return tuple(checks[i if fixed else 0](name, item) for i, item in enumerate(value))


def _anything(_: str, value: Any) -> Any:
    return value


def _function(name: str, value: Any) -> Any:
    if not callable(value):
        raise BadInput(f"`{name}` must be a function; got {value!r}")
    return value


def _whole(name: str, value: Any) -> Any:
    number = real(name, value)
    return int(value) if number.is_integer() and not isinstance(value, bool) else value  # `count` says the range


def _truth(name: str, value: Any) -> bool:
    if getattr(getattr(value, "dtype", None), "kind", None) == "b" and getattr(value, "shape", None) == ():
        return bool(value)
    return _instance(name, value, bool)


def _instance(name: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise BadInput(f"`{name}` must be {article} {kind.__name__}; got {value!r}")
    return value


SIMPLE: dict[Any, Check] = {Any: _anything, float: real, int: _whole, bool: _truth, str: partial(_instance, kind=str)}
"""The checks of kinds for which NumPy need not be loaded."""
