"""The layers and what holds in each, read from the syntax trees."""

import ast
import sys
from functools import cache
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from experiments.claims.table import SECTIONS
from study.commands.checkout import load_figure
from study.report.drawing import drawn_from, is_page
from study.sweeps.digest import exports

ROOT = Path(__file__).resolve().parent.parent
STOREYS = [
    "checks",
    "datasets",
    "kernels",
    "trainers",
    "analysis",
    "law",
    "certificates",
    "sweeps",
    "report",
    "commands",
    "cli",
]
SOURCES = sorted(path for part in ("study", "experiments", "figures") for path in (ROOT / part).rglob("*.py"))
STUDY = [path for path in SOURCES if path.is_relative_to(ROOT / "study")]
CLAIMS = ROOT / "experiments" / "claims"
EXPORTS = exports(ROOT / "study" / "__init__.pyi")
SILENT = ("datasets", "kernels", "trainers", "analysis", "law", "certificates")

LONGEST = 40
LONG = {
    "study/kernels/unit.py newton": "one numerical loop: active set, step and line search share their arrays",
    "study/kernels/side_by_side.py _fit": "the same loop for eight sets: what each lane does hangs on the same masks",
    "study/kernels/interior_point.py interior": "one numerical loop: barrier, step and line search share their arrays",
    "study/kernels/network.py spectral": "one numerical loop, with its line search",
    "study/kernels/nearest_points.py nearest_points": "one numerical loop: Wolfe's major and minor cycles",
    "study/kernels/perceptron.py train": "one numerical loop, which counts what it reports as it goes",
}
"""Functions whose body, docstring apart, is longer than `LONGEST` lines, and why."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all nodes of a file's syntax tree, the module itself first."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def imported(path: Path) -> set[str]:
    """Return the modules that a file imports; an export of `study` counts as the module that it comes from."""
    modules = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            if node.module == "study":
                modules |= {EXPORTS[alias.name][0] if alias.name in EXPORTS else "study" for alias in node.names}
            else:
                modules |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


def test_imports_run_downward_only() -> None:
    for path in SOURCES:
        modules = {module for module in imported(path) if module.split(".")[0] in ("study", "experiments", "figures")}
        part, *own = path.relative_to(ROOT).with_suffix("").parts
        if part == "figures":
            shared = ("study.report.style", "study.report.explore_page", "figures._")
            allowed = {m for m in modules if m == "study.report" or m.startswith(shared)}
        elif path.is_relative_to(CLAIMS):  # they read results and run nothing
            allowed = {m for m in modules if m.startswith(("study.report.claims", "study.report.numbers"))}
        elif part == "experiments":
            below = STOREYS[: STOREYS.index("sweeps") + 1]
            allowed = {m for m in modules if m == "study" or m.startswith("experiments") or m.split(".")[1] in below}
            allowed -= {m for m in modules if m.startswith("experiments.claims")}
        elif own[0] in STOREYS:
            below = STOREYS[: STOREYS.index(own[0]) + 1]
            allowed = {m for m in modules if m.startswith("study.") and m.split(".")[1] in below}
            allowed |= modules & {"study"}
        else:
            continue
        assert modules == allowed, name(path)


def test_the_command_line_is_imported_by_nobody() -> None:
    below = [path for path in SOURCES if path.name != "__main__.py"]  # which begins it
    assert not [name(path) for path in below if any(m.startswith("study.cli") for m in imported(path))]


def test_the_two_rules_never_import_each_other() -> None:
    trainers = ROOT / "study" / "trainers"
    assert not any("sigmoid_unit" in module for module in imported(trainers / "perceptron.py"))
    for module in ("sigmoid_unit", "bounded", "losses"):
        assert not any("perceptron" in module for module in imported(trainers / f"{module}.py"))


def test_numerical_packages_do_no_input_or_output_and_hold_no_state() -> None:
    outside = {"pathlib", "os", "io", "sys", "logging", "warnings", "matplotlib", "pandas"}
    for path in STUDY:
        if path.relative_to(ROOT).parts[1] in SILENT and path.name != "compilation.py":
            called = [node.func for node in nodes(path) if isinstance(node, ast.Call)]
            names = {function.id for function in called if isinstance(function, ast.Name)}
            assert not names & {"print", "open", "input"}, name(path)
            assert not outside & {module.split(".")[0] for module in imported(path)}, name(path)
            assert not [node for node in nodes(path) if isinstance(node, ast.Global | ast.Nonlocal)], name(path)


def test_a_package_begins_with_a_docstring_and_nothing_else() -> None:
    for path in SOURCES:
        if path.name == "__init__.py" and path.parent != ROOT / "study":
            tree = ast.parse(path.read_text())
            assert len(tree.body) == 1, name(path)
            assert ast.get_docstring(tree), name(path)


def test_no_module_of_the_study_imports_what_it_exports() -> None:
    """Exports are for users: inside, an import names the module, so that layers can be read from it."""
    for path in STUDY:
        assert "study" not in [node.module for node in nodes(path) if isinstance(node, ast.ImportFrom)], name(path)


def test_a_name_with_an_underscore_stays_in_its_module() -> None:
    for path in STUDY:
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("study."):
                assert not [alias.name for alias in node.names if alias.name.startswith("_")], name(path)


def test_no_two_classes_have_one_name() -> None:
    names = [node.name for path in STUDY for node in nodes(path) if isinstance(node, ast.ClassDef)]
    assert not {name for name in names if names.count(name) > 1}


def test_equal_names_are_the_dependency_graph() -> None:
    experiments = {path.stem for path in (ROOT / "experiments").glob("[!_]*.py")}
    committed = ROOT / "experiments" / "results"
    results = {path.name.split(".")[0] for path in committed.iterdir() if path.is_file()}
    proofs = {path.name.split(".")[0] for path in (committed / "certificates").glob("*")}
    figures = {path.stem for path in (ROOT / "figures").glob("[!_]*.py")}
    assert results == experiments
    pages = {name for name in figures if is_page(ROOT, name)}
    assert all(set(drawn_from(load_figure(name))) <= experiments for name in figures)
    assert proofs <= experiments
    assert {path.stem for path in (ROOT / "figures").glob("*.svg")} == figures - pages
    assert {path.stem for path in (ROOT / "figures").glob("*.html")} == pages


def length(function: ast.FunctionDef) -> int:
    """Return the lines of a function's body, its docstring apart."""
    body = function.body[ast.get_docstring(function) is not None :]
    return int(body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_stay_short() -> None:
    long = {
        f"{name(path)} {node.name}"
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef) and length(node) > LONGEST
    }
    assert long == set(LONG)


def test_every_function_has_a_caller_that_is_no_test() -> None:
    used, defined = set(), set()
    for path in SOURCES:
        for node in nodes(path):
            match node:
                case ast.Name(id=word) | ast.Attribute(attr=word):
                    used.add(word)
                case ast.ImportFrom(names=aliases):
                    used |= {alias.name for alias in aliases}
                case ast.FunctionDef(name=word) if not word.startswith("__"):
                    defined.add(word)
    assert defined - used <= {"predict", "predict_proba"}  # of the estimators: scikit-learn and its users call them


def test_files_are_named_for_what_they_hold() -> None:
    assert not [name(path) for path in SOURCES if path.stem in ("utils", "helpers", "misc")]


def test_each_section_with_claims_is_in_the_table() -> None:
    assert sorted(SECTIONS) == sorted(path.stem for path in CLAIMS.glob("[!_]*.py") if path.stem != "table")


def test_no_address_and_no_machine_path_is_written_down() -> None:
    for path in [*SOURCES, ROOT / "requirements.lock.txt", ROOT / "Makefile", ROOT / "pyproject.toml"]:
        text = path.read_text()
        assert "index-url" not in text
        assert "find-links" not in text
        assert str(ROOT.parent) + "/" not in text


def test_the_checker_shares_nothing_with_the_search() -> None:
    modules = [ROOT / "study" / "certificates" / f"{name}.py" for name in ("checker", "critical", "balls", "reading")]
    checker = {f"study.certificates.{path.stem}" for path in modules}
    for path in modules:
        outside = {module for module in imported(path) if module.rpartition(".")[0] not in checker} - checker
        assert {module.split(".")[0] for module in outside} <= {*sys.stdlib_module_names, "flint"}, name(path)
    for path in STUDY:
        if path not in modules and not {"commands", "report"} & set(path.parts):
            assert not checker & imported(path), f"{name(path)} leans on the checker"


def test_libraries_compute_on_one_thread_in_each_worker() -> None:
    assert np.ones(2) @ np.ones(2) == 2.0  # loaded
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}
