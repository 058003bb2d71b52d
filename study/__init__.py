"""A study of when backpropagation with bounded weights misses a separator that the perceptron finds.

What users import stands in `__init__.pyi`, and is loaded on first use: `study --help` loads no array library.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


def __getattr__(name: str) -> Any:
    """Return what the package exports under a name."""
    if name == "__version__":
        from importlib.metadata import version

        return version("study")
    if name == "__all__":
        return sorted(_places())
    if name not in _places():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_places()[name])
    value = getattr(module, name) if hasattr(module, name) else import_module(f"{module.__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names of the module and of what it exports."""
    return sorted({*globals(), *_places(), "__all__", "__version__"})


@cache
def _places() -> dict[str, str]:
    """Return the modules that the exports come from, by their names, as the stub beside this file imports them."""
    import ast

    tree = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}
