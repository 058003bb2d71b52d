"""What a public function asks of its arguments, read from its annotations, so that it need not be said twice."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from types import UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike

from study.datasets.dataset import as_floats, as_integers
from study.validation import BadInput, one_of, real

P = ParamSpec("P")
T = TypeVar("T")
OF_ARRAYS = set(get_args(ArrayLike)) or {ArrayLike}
"""What stands for it in a union: its parts, or from Python 3.12 on its name."""


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function be called with arguments of its annotated kinds only, else raise `BadInput`.

    Arrays of numbers arrive as arrays, numbers as Python's own, sequences as tuples; range and shape are for the
    function to judge. What leaves the range of floating-point numbers is infinite or NaN in the answer, without a
    warning. A dataclass keeps its fields as they were given, once they have been judged.
    """
    if isinstance(function, type):
        function.__init__ = _judged(function.__init__)  # type: ignore[misc]
        return function
    known, kinds = signature(function), get_type_hints(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = known.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            bound.arguments[name] = _as(name, value, kinds[name])
        with np.errstate(all="ignore"):
            return function(*bound.args, **bound.kwargs)

    return call


def _judged(init: Callable[..., None]) -> Callable[..., None]:
    known, kinds = signature(init), get_type_hints(init)

    @wraps(init)
    def call(*args: Any, **kwargs: Any) -> None:
        for name, value in known.bind(*args, **kwargs).arguments.items():
            if name != "self":
                _as(name, value, kinds[name])
        init(*args, **kwargs)

    return call


def _as(name: str, value: Any, kind: Any) -> Any:
    """Return a value as what an annotation asks for, or raise `BadInput`."""
    if kind == ArrayLike:
        return as_floats(name, value)
    kind = _spelt_out(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _as_one_of(name, value, parts)
    if origin is Literal:
        return one_of(name, value, parts)
    if origin is np.ndarray:
        return (as_floats if parts[1] == np.dtype[np.float64] else as_integers)(name, value)
    if origin is tuple or origin is Sequence:
        listed = isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0
        if isinstance(value, str | bytes) or not listed:
            raise BadInput(f"`{name}` must be a sequence; got {value!r}")
        if origin is tuple and len(value) != len(parts):
            raise BadInput(f"`{name}` must hold {len(parts)} values; got {value!r}")
        return tuple(_as(name, item, parts[i if origin is tuple else 0]) for i, item in enumerate(value))
    if origin is Callable:
        if not callable(value):
            raise BadInput(f"`{name}` must be a function; got {value!r}")
        return value
    return value if kind is Any else _as_plain(name, value, kind)


def _spelt_out(kind: Any) -> Any:
    """Return what the name of a type stands for: from NumPy 2.5 on `NDArray` is such a name, with an argument."""
    name, parts = get_origin(kind) or kind, get_args(kind)
    if not hasattr(name, "__value__"):
        return kind
    return _spelt_out(name.__value__[parts] if parts else name.__value__)


def _as_one_of(name: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    """Return a value as one of several kinds; what fits none is refused as the first of them refuses it."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if set(kinds) >= OF_ARRAYS:
        words = any(get_origin(kind) is Literal for kind in kinds)
        return value if words and isinstance(value, str) else as_floats(name, value)
    for kind in others[1:]:
        try:
            return _as(name, value, kind)
        except BadInput:
            continue
    return _as(name, value, others[0])


def _as_plain(name: str, value: Any, kind: type) -> Any:
    if kind is float:
        return real(name, value)
    if kind is int:
        number = real(name, value)
        return int(value) if number.is_integer() and not isinstance(value, bool) else value  # `count` says the range
    if kind is bool:
        kind, value = bool, bool(value) if isinstance(value, np.bool_) else value
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise BadInput(f"`{name}` must be {article} {kind.__name__}; got {value!r}")
    return value
