"""A digest of what code means: it stays put when comments, docstrings, layout or the Python version change."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

PACKAGES = ("study", "experiments", "figures")


def code_digest(root: Path, *modules: str) -> str:
    """Return the SHA-256, in hex, of the syntax trees of modules and of all that they import from this project.

    Parameters
    ----------
    root : Path
        The folder that holds `study` and `experiments`.
    modules : str
        Dotted names, such as "experiments.four_points".
    """
    whole = hashlib.sha256()
    for path, meaning in sorted(_closure(root, modules).items()):
        whole.update(path.relative_to(root).as_posix().encode() + b"\x00" + meaning.encode())
    return whole.hexdigest()


def _closure(root: Path, modules: Iterable[str]) -> dict[Path, str]:
    """Return the files that modules need, each with what it means."""
    found: dict[Path, str] = {}
    waiting = [path for module in modules for path in _files(root, module)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            imported, found[path] = _read(path.read_text(encoding="utf-8"))
            waiting += [file for name in imported for file in _files(root, name)]
    return found


@cache
def _read(source: str) -> tuple[list[str], str]:
    """Return the modules that a source imports, and what it means, as a digest."""
    tree = ast.parse(source)
    imported = [name for node in ast.walk(tree) for name in imports(node)]
    return imported, meaning(tree)


def meaning(tree: ast.AST) -> str:
    """Return a digest, in hex, of what a syntax tree means."""
    return hashlib.sha256("\x00".join(_tokens(tree)).encode()).hexdigest()


def exports(stub: Path) -> dict[str, list[str]]:
    """Return the names that a package loads on first use, as its stub imports them, each with its possible modules.

    Parameters
    ----------
    stub : Path
        The file `__init__.pyi` of the package, which need not exist.
    """
    if not stub.is_file():
        return {}
    return _exports(stub.read_text(encoding="utf-8"))


@cache
def _exports(stub: str) -> dict[str, list[str]]:
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: [str(node.module), f"{node.module}.{alias.name}"] for node in imports for alias in node.names}


def imports(node: ast.AST, package: str = "") -> list[str]:
    """Return what an import statement in a package may load; "package.*" stands for whatever a package exports."""
    if isinstance(node, ast.Import):
        return [name for alias in node.names for name in (alias.name, f"{alias.name.split('.')[0]}.*")]
    if isinstance(node, ast.ImportFrom) and (package or not node.level):
        module = resolve_name("." * node.level + (node.module or ""), package)
        return [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return []


def _files(root: Path, module: str) -> list[Path]:
    """Return the file of a module of this project, of what it exports under a name, or none."""
    if module.split(".")[0] not in PACKAGES:
        return []
    path = root.joinpath(*module.split("."))
    files = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
    exported = exports(path.parent / "__init__.pyi") if not files else {}
    places = [place for name, found in exported.items() if path.name in (name, "*") for place in found]
    return files + [file for place in places for file in _files(root, place)]


def _tokens(node: object) -> Iterator[str]:
    """Yield node types and the fields that are neither None nor []: `ast.dump` itself differs between versions."""
    if isinstance(node, ast.JoinedStr):
        node = ast.JoinedStr(values=_merge(node.values))
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            value = _without_docstrings(value)
            if value is not None and value != []:
                yield name
                yield from _tokens(value)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            yield from _tokens(item)
    else:
        yield f"{type(node).__name__}:{node!r}"


def _without_docstrings(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [v for v in value if not (isinstance(v, ast.Expr) and _is_text(v.value))]


def _merge(values: list[ast.expr]) -> list[ast.expr]:
    """Join neighbouring constants of an f-string, which Python versions cut up differently."""
    merged: list[ast.expr] = []
    for value in values:
        last = merged[-1] if merged else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(str(last.value) + str(value.value))
        else:
            merged.append(value)
    return merged


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
