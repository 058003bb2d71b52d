"""What a compiled helper may do that does not count the references to arrays: with one count missing memory is lost."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.core.errors import TypingError

from study.kernels import compilation

MODULES = [
    import_module(f"study.kernels.{path.stem}")
    for path in sorted(compilation.PACKAGE.glob("*.py"))
    if path.stem not in ("__init__", "compilation")
]


def helpers_of(module: ModuleType) -> Iterator[ast.FunctionDef]:
    """Yield the helpers that a module defines."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef) and isinstance(getattr(module, node.name), Dispatcher):
            yield node


HELPERS = {f"{module.__name__}.{node.name}": node for module in MODULES for node in helpers_of(module)}
BORROW = {name: node for name, node in HELPERS.items() if not resolve_name(name).targetoptions["_nrt"]}
COUNT = {HELPERS[name].name for name in HELPERS.keys() - BORROW.keys()}


@pytest.mark.parametrize("helper", BORROW.values(), ids=BORROW)
def test_a_helper_that_borrows_hands_out_no_array(helper: ast.FunctionDef) -> None:
    nodes = list(ast.walk(helper))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & COUNT, f"it calls helpers that count: {called & COUNT}"
    parts = [node.value for node in nodes if isinstance(node, ast.Subscript | ast.Attribute)]
    arrays = {part.id for part in parts if isinstance(part, ast.Name)}
    answers = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    for part in [part for answer in answers for part in (answer.elts if isinstance(answer, ast.Tuple) else [answer])]:
        assert not (isinstance(part, ast.Name) and part.id in arrays), f"it returns {ast.unparse(part)}"
        view = isinstance(part, ast.Subscript) and any(isinstance(node, ast.Slice) for node in ast.walk(part.slice))
        assert not view, f"it returns the view {ast.unparse(part)}"
        assert not isinstance(part, ast.Starred), "it returns what may be arrays"


def test_helpers_of_both_kinds_are_found() -> None:
    assert {"make_rows", "make_small", "parts_of"} <= COUNT
    assert len(BORROW) > 50


def test_the_compiler_refuses_one_that_allocates_and_does_not_count() -> None:
    @compilation.helper()
    def first(n: int) -> Any:
        room = np.zeros(n)
        return room[0]

    asked: Any = njit(lambda n: first(n))
    with pytest.raises(TypingError, match="array passed into the function"):
        asked(3)
