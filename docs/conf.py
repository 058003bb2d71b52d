"""How the pages of docs/ and the docstrings become one site, with a search: `make docs`."""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import study  # noqa: E402
from study.cli import app  # noqa: E402

project = "The ignored spoiler"
version = release = study.__version__
author = "The authors of the study"
copyright = "CC BY 4.0"  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
myst_heading_anchors = 3
autosummary_generate = True
templates_path = ["_templates"]
autodoc_typehints = "none"  # the docstrings give shapes and ranges, which say more
numpydoc_show_class_members = False
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
suppress_warnings = [
    "myst.xref_missing",
    "ref.ref",
]  # files of the checkout, such as ../paper.md; scikit-learn's labels

PACKAGES = {
    "study.datasets": "Points",
    "study.trainers": "Rules that train",
    "study.analysis": "What weights do on points",
    "study.certificates": "Proofs",
}
LAW = ("conflict", "bound", "penalty", "sweeping", "tail", "share", "soft_targets", "thresholds", "prices")
MODULES = ("study.analysis.bias_variance", *(f"study.law.{name}" for name in LAW))
"""Modules whose functions are imported from the module itself."""


def write_commands() -> None:
    """Write commands.md, what `study COMMAND --help` says, on one page."""
    text = app.generate_docs(flatten_commands=True, heading_level=2)
    commands = text[text.index("\n## study reproduce") :]
    (HERE / "commands.md").write_text(f"# Commands\n\nWhat `study COMMAND --help` says, on one page.\n{commands}")


def write_api() -> None:
    """Write api.md: what `from study import ...` gives, by package, then some modules and the estimators."""
    lines = ["# Library reference", ""]
    names = {name: getattr(study, name) for name in study.__all__ if name != "bias_variance"}
    for package, title in PACKAGES.items():
        mine = [name for name, value in names.items() if value.__module__.startswith(package)]
        lines += summary(title, [f"study.{name}" for name in mine])
    for name in MODULES:
        module = import_module(name)
        mine = [value for value in vars(module).values() if getattr(value, "__module__", "") == name]
        public = [f"{name}.{value.__name__}" for value in mine if "\n    Parameters\n" in (value.__doc__ or "")]
        lines += summary(f"`{name}`", public, (module.__doc__ or "").partition("\n")[0])
    lines += summary(
        "scikit-learn", ["study.estimators.PerceptronClassifier", "study.estimators.BoundedSigmoidClassifier"]
    )
    (HERE / "api.md").write_text("\n".join(lines))


def summary(title: str, names: list[str], about: str = "") -> list[str]:
    """Return a section with a table of names, each with a page of its own."""
    head = [f"## {title}", "", about, "", "```{eval-rst}", ".. autosummary::", "   :toctree: api", ""]
    return [*head, *(f"   {name}" for name in names), "```", ""]


def escape(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001
    """Let |w| and N* of a docstring be what they are, and no markup; nor is the initial of an author a list."""
    lines[:] = [line.replace("|", r"\|").replace("*", r"\*") for line in lines]
    lines[:] = [re.sub(r"^((?:\.\. \[\d+\] )?[A-Z])\. ", r"\1\. ", line) for line in lines]


def setup(app: Any) -> None:
    """Write the pages that the program makes, and read docstrings as they are written."""
    write_commands()
    write_api()
    app.connect("autodoc-process-docstring", escape, priority=400)  # before numpydoc
