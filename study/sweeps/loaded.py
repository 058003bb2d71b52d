"""A digest of a user's own modules and of all that they load, as far as that can be known without running them."""

import ast
import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from study.sweeps.digest import exports, imports, meaning

UNREADABLE = {"import_module", "__import__", "exec", "eval", "spec_from_file_location", "run_path", "run_module"}
"""Names of functions that run code which no reading of the source can find."""

INSTALLED = "installed "


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What modules mean.

    Parameters
    ----------
    digest : str
        SHA-256, in hex, of the modules and of all that they import from outside the standard library: of the source of
        modules that are not installed, and of the versions of installed packages.
    unknown : tuple of str
        Where code is loaded that the digest does not cover, such as "mine.py:3 (import_module)"; empty where none is.
    """

    digest: str
    unknown: tuple[str, ...]


def loaded_code(modules: Iterable[str]) -> Loaded:
    """Return what modules mean, with all that they import, in their bodies or in functions, directly or not.

    Parameters
    ----------
    modules : iterable of str
        Names of modules that can be imported.
    """
    meanings: dict[str, str] = {}
    unknown: list[str] = []
    waiting = [part for module in modules for part in _with_parents(module)]
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if name in meanings or meanings.get(top, "").startswith(INSTALLED):
            continue
        spec = _spec(name)
        if spec is None:
            meanings[name] = "absent"
            waiting += _export_modules(name)
            unknown += [f"{name} (no source)"] if name in sys.modules else []
        elif _is_installed(spec):
            meanings[name] = INSTALLED + _versions(top)
        else:
            meanings[name], imported, dark = _read_module(name, spec)
            waiting += imported
            unknown += dark if top != "study" else []  # the study loads by name only the rules themselves
    listed = "\n".join(f"{name} {meaning}" for name, meaning in sorted(meanings.items()))
    return Loaded(digest=hashlib.sha256(listed.encode()).hexdigest(), unknown=tuple(sorted(unknown)))


def _with_parents(name: str) -> list[str]:
    """Return a module and the packages that hold it, all of which its import runs; the outermost comes last."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _spec(name: str) -> ModuleSpec | None:
    """Return where a module is, or None where there is none of that name; no package is imported for it."""
    package, _, last = name.rpartition(".")
    try:
        if not package:
            return find_spec(name)
        holder = _spec(package)
        within = holder.submodule_search_locations if holder else None
        return PathFinder.find_spec(last, list(within)) if within is not None else None
    except (ImportError, ValueError):  # such as of `__main__`
        return None


def _export_modules(name: str) -> list[str]:
    """Return the modules of a name that a package loads on first use, or of all of them for "package.*"."""
    package, _, last = name.rpartition(".")
    spec = _spec(package) if package else None
    stub = Path(spec.origin).with_suffix(".pyi") if spec and spec.origin else Path()
    return [place for one, places in exports(stub).items() if last in (one, "*") for place in places]


@cache
def _installed_folders() -> list[Path]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return [Path(folder).resolve() for folder in (*folders, *site.getsitepackages(), site.getusersitepackages())]


def _is_installed(spec: ModuleSpec) -> bool:
    """Return whether a module belongs to the standard library or to an installed package."""
    if spec.origin in ("built-in", "frozen"):
        return True
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
    return all(any(Path(place).resolve().is_relative_to(folder) for folder in _installed_folders()) for place in places)


def _versions(top: str) -> str:
    """Return the versions of the installed packages that a module belongs to; of the standard library, none."""
    packages = [] if top in sys.stdlib_module_names else _distributions().get(top, [])
    return " ".join(f"{package}=={version(package)}" for package in sorted(set(packages)))


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in packages_distributions().items()}


def _read_module(name: str, spec: ModuleSpec) -> tuple[str, list[str], list[str]]:
    """Return what a module that is not installed means, what it imports, and where it loads what cannot be read."""
    if spec.origin is None:  # a folder without `__init__.py`
        return "folder", [], []
    get_source = getattr(spec.loader, "get_source", lambda _: None)
    source = get_source(spec.name)
    if source is None:  # compiled
        file = Path(spec.origin)
        content = file.read_bytes() if file.is_file() else b""
        return hashlib.sha256(content).hexdigest(), [], [f"{file.name} (no source)"]
    tree = ast.parse(source)
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    imported = [part for node in ast.walk(tree) for found in imports(node, package) for part in _with_parents(found)]
    dark = [f"{Path(spec.origin).name}:{line} ({found})" for line, found in _opaque_calls(tree)]
    return meaning(tree), imported, dark


def _opaque_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name wherever a function is named that runs code from elsewhere."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in UNREADABLE:
                yield node.lineno, name
            case ast.ImportFrom(names=aliases):
                yield from ((node.lineno, alias.name) for alias in aliases if alias.name in UNREADABLE)
