"""The ground floor: what may go wrong, and the checks of scalars that every room shares."""

import math
from collections.abc import Collection
from numbers import Real

LONGEST = 1000
"""Characters of a message; the value that it shows may have any number."""


class BadInput(ValueError):
    """Input that cannot be used; the message is one line that names the argument, the value and what would be right."""

    def __init__(self, message: str) -> None:
        line = " ".join(str(message).split())  # the text of an array spans lines
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


def count(name: str, value: int, *, least: int = 1) -> int:
    """Return `value` as an int of at most 2^61, or raise `BadInput` unless it is a whole number of at least `least`."""
    number = real(name, value)
    if isinstance(value, bool) or not number.is_integer() or number < least:
        raise BadInput(f"`{name}` must be a whole number of at least {least}; got {value}")
    return min(int(value), 2**61)


def one_of(name: str, value: str, allowed: Collection[str]) -> str:
    """Return `value`, or raise `BadInput` unless it is one of `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(f"`{name}` must be one of {', '.join(allowed)}; got {value}")
    return value
