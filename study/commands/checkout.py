"""Where the commands find experiments, results, figures and the paper."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import study
from study.checks import BadInput, one_of

if TYPE_CHECKING:
    from study.report.claims import Claim
    from study.sweeps.experiment import Experiment

QUICK_DIVISOR = 20
"""`--quick` takes this share of the declared resamples."""


def checkout() -> Path:
    """Return the folder that holds the package, the experiments and the paper, or raise `BadInput`."""
    root = Path(study.__file__).resolve().parent.parent
    if not (root / "paper.md").is_file():
        raise BadInput(f"this command needs a checkout of the study; no paper.md beside the package in {root}")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return root


def results(root: Path) -> Path:
    """Return the folder of committed results."""
    return root / "experiments" / "results"


def build(root: Path, *, quick: bool = False) -> Path:
    """Return the folder of what is made but not committed."""
    return root / "build" / "quick" if quick else root / "build"


def select(kind: str, names: Sequence[str] = ()) -> list[str]:
    """Return the given names, or all where none is given; `kind` is "experiments" or "figures".

    Raises
    ------
    BadInput
        For a name that is not one of them.
    """
    known = sorted(path.stem for path in (checkout() / kind).glob("[!_]*.py"))
    for name in names:
        one_of("NAME", name, known)
    return list(dict.fromkeys(names)) or known


def repeatable(names: Sequence[str] = ()) -> list[str]:
    """Return the given experiments, or all that `study reproduce` runs where none is given."""
    known = select("experiments", names)
    return known if names else [name for name in known if load_experiment(name).kind == "repeatable"]


def load_experiment(name: str) -> "Experiment":
    """Return the experiment that a module declares."""
    experiment: Experiment = importlib.import_module(f"experiments.{name}").EXPERIMENT
    return experiment


def load_claims() -> "tuple[Claim, ...]":
    """Return the claims of all sections of the paper, in the order of its table."""
    claims: tuple[Claim, ...] = importlib.import_module("experiments.claims.table").CLAIMS
    return claims


def load_figure(name: str) -> ModuleType:
    """Return the module that draws a figure."""
    return importlib.import_module(f"figures.{name}")
