"""Read a proof strictly: what is not plainly a number, a list or a field of the right kind is refused.

The numbers of a proof are exact doubles, read as exact balls; fractions and decimals in quotes are exact rationals.
"""

import re
from math import isfinite
from typing import Any

from flint import arb, fmpq

LARGEST = 1e30
FRACTION = re.compile(r"-?[0-9]{1,4000}(/0*[1-9][0-9]{0,3999})?", re.ASCII)

DECIMAL = re.compile(r"(-?[0-9]{1,500})(?:\.([0-9]{1,500}))?", re.ASCII)


class Refused(ValueError):
    """A proof that does not prove its claim; the message says why."""


def require(truth: object, reason: str) -> None:
    """Refuse with a reason unless `truth` is True itself: an uncertain comparison is False."""
    if truth is not True:
        raise Refused(reason)


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object, whose keys must differ."""
    require(len({key for key, _ in pairs}) == len(pairs), "a key stands twice")
    return dict(pairs)


def constant(name: str) -> None:
    """Refuse NaN and infinities."""
    raise Refused(f"{name} is not a number")


def fields(value: Any, *names: str) -> list[Any]:
    """Return the values of an object that has these fields and no other."""
    require(isinstance(value, dict) and set(value) == set(names), f"the fields must be {', '.join(names)}")
    return [value[name] for name in names]


def as_list(value: Any, name: str, size: int | None = None) -> list[Any]:
    """Return a list, of `size` entries where that is given."""
    require(isinstance(value, list), f"`{name}` must be a list")
    require(size is None or len(value) == size, f"`{name}` must have {size} entries")
    return list(value)


def number(value: Any, name: str, largest: float = LARGEST) -> arb:
    """Return a finite number as an exact ball."""
    require(type(value) in (int, float), f"`{name}` must hold numbers")
    require(isfinite(value) if type(value) is float else True, f"`{name}` must hold finite numbers")
    require(abs(value) <= largest, f"`{name}` must hold numbers of at most {largest:g}")
    return arb(value)


def numbers(value: Any, name: str, size: int | None = None, largest: float = LARGEST) -> list[arb]:
    """Return a list of finite numbers as exact balls."""
    return [number(item, name, largest) for item in as_list(value, name, size)]


def as_index(value: Any, name: str, size: int) -> int:
    """Return the index of a point."""
    require(type(value) is int and 0 <= value < size, f"`{name}` must name points from 0 to {size - 1}")
    return int(value)


def fraction(value: Any, name: str) -> fmpq:
    """Return an exact rational from a string such as "-3/7"."""
    require(isinstance(value, str) and FRACTION.fullmatch(value) is not None, f"`{name}` must hold fractions")
    return fmpq(*map(int, value.split("/")))


def exact(value: Any, name: str) -> fmpq:
    """Return an exact rational from a finite number, or from a string of decimal digits such as "-0.30"."""
    if isinstance(value, str):
        digits = DECIMAL.fullmatch(value)
        require(digits is not None, f"`{name}` must hold numbers, or decimals in quotes")
        whole, places = digits.groups(default="")  # type: ignore[union-attr]
        return fmpq(int(whole + places), 10 ** len(places))
    require(type(value) in (int, float), f"`{name}` must hold numbers, or decimals in quotes")
    require(isfinite(value) if type(value) is float else True, f"`{name}` must hold finite numbers")
    return fmpq(*value.as_integer_ratio())


def labelled(X: Any, labels: Any) -> tuple[list[list[fmpq]], list[int]]:
    """Return the rows of X and the labels in {-1, 1}."""
    rows = [[exact(value, "X") for value in as_list(row, "X")] for row in as_list(X, "X")]
    require(bool(rows) and bool(rows[0]) and len({len(row) for row in rows}) == 1, "`X` must be a table")
    labels = as_list(labels, "y", len(rows))
    require(all(type(label) is int and label in (-1, 1) for label in labels), "`y` must hold -1 and 1")
    return rows, labels
