"""What a compiled helper may do that does not count the references to arrays: with one count missing memory is lost."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
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


def helpers_of(module: ModuleType) -> Iterator[tuple[ast.FunctionDef, bool]]:
    """Yield the helpers that a module defines, and whether they count."""
    for node in ast.parse(inspect.getsource(module)).body:
        found = getattr(module, node.name) if isinstance(node, ast.FunctionDef) else None
        if isinstance(node, ast.FunctionDef) and isinstance(found, Dispatcher):
            yield node, found.targetoptions["_nrt"]


COUNT = {node.name for module in MODULES for node, counts in helpers_of(module) if counts}
BORROW = [(module, node) for module in MODULES for node, counts in helpers_of(module) if not counts]


@pytest.mark.parametrize(("module", "helper"), BORROW, ids=[f"{m.__name__}.{h.name}" for m, h in BORROW])
def test_a_helper_that_borrows_hands_out_no_array(module: ModuleType, helper: ast.FunctionDef) -> None:
    del module
    nodes = list(ast.walk(helper))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & COUNT, f"it calls helpers that count: {called & COUNT}"
    parts = [node.value for node in nodes if isinstance(node, ast.Subscript | ast.Attribute)]
    arrays = {part.id for part in parts if isinstance(part, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            handed = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            names = {part.id for part in handed if isinstance(part, ast.Name)}
            assert not names & arrays, f"it returns {names & arrays}"
            views = [part.slice for part in handed if isinstance(part, ast.Subscript)]
            assert not any(isinstance(part, ast.Slice) for view in views for part in ast.walk(view)), "returns a view"
            assert not any(isinstance(part, ast.Starred) for part in handed), "it returns what may be arrays"


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
