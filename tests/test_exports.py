"""What `from study import ...` gives: every name of the stub, loaded on first use."""

import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import study
from study import Bound, Dataset, Fit, Stop, four_points, is_separable, perceptron, separates, sigmoid_unit
from study.sweeps.digest import exports
from tests.conftest import ROOT

EXPORTS = exports(ROOT / "study" / "__init__.pyi")


def test_every_name_of_the_stub_is_what_its_module_defines() -> None:
    for name, (module, submodule) in EXPORTS.items():
        value = getattr(study, name)
        assert (value.__name__ if inspect.ismodule(value) else value.__module__) in (module, submodule), name


def test_all_names_are_listed_and_no_other() -> None:
    assert list(study.__all__) == sorted(EXPORTS)  # type: ignore[attr-defined]
    assert set(dir(study)) >= {*EXPORTS, "__version__"}
    with pytest.raises(AttributeError, match="module 'study' has no attribute 'perceptrons'"):
        study.perceptrons  # type: ignore[attr-defined]  # noqa: B018


def test_no_name_is_that_of_a_module_beside_it() -> None:
    """Else it would depend on the order of imports which of the two `study.name` is."""
    assert not {path.stem for path in (ROOT / "study").iterdir()} & set(EXPORTS)


@pytest.mark.slow
def test_an_import_loads_nothing_that_is_not_used() -> None:
    code = "import sys, study; print([name for name in sys.modules if name.startswith(('study.', 'numpy'))])"
    code += "; from study import *; print(perceptron, bias_variance.decompose)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("[]\n<function perceptron at ")


def test_the_exports_work_together() -> None:
    points: Dataset = four_points(10.0)
    fit: Fit = perceptron(points.X, points.y)
    unit = sigmoid_unit(points.X, points.y, bound=Bound("box", 3.0))
    assert is_separable(points.X, points.y)
    assert separates(fit.w, points.X, points.y)
    assert unit.stop == Stop.STATIONARY


def test_the_version_is_that_of_the_package() -> None:
    assert study.__version__ == version("study")
    assert (Path(study.__file__).parent / "py.typed").is_file()
