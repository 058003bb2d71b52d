"""Tables that come with packages are read as files are, and in place of one by every command that takes one."""

import inspect
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from sklearn.datasets import load_breast_cancer, load_digits

from study.checks import BadInput
from study.datasets.shipped import EXAMPLES, SOURCES, _columns, example_text, load_pair
from study.datasets.table import read_table
from tests.conftest import Run

NAMES = ["iris-setosa-virginica", "breast-cancer", "spector", "phishing", "cars-usa-japan", "digits-3-9"]


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_an_example_holds_its_numbers(name: str) -> None:
    source, pair = EXAMPLES[name]
    X, y, names = load_pair(source, pair)
    table = read_table(example_text(name), "class")
    assert table.features == tuple(names)
    assert (table.points.X == X).all()
    assert len(set((table.points.y * (1 - 2 * y)).tolist())) == 1
    assert {table.positive, table.negative} == {SOURCES[source].classes[place] for place in pair}


def test_the_numbers_are_those_of_the_package() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    assert (load_pair("breast-cancer", (0, 1))[0] == X).all()
    X, y = load_digits(return_X_y=True)
    ours, second, names = load_pair("digits", (3, 9))
    assert (ours == X[(y == 3) | (y == 9)][:, [int(name[6]) * 8 + int(name[8]) for name in names]]).all()
    assert second.sum() == (y == 9).sum()


def outcomes() -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield the name, the features and the outcomes of each table within the packages that was not made up."""
    for name, load in inspect.getmembers(sklearn.datasets, inspect.isfunction):
        if "return_X_y" in inspect.signature(load).parameters and name.startswith("load_"):
            yield name.removeprefix("load_"), *map(pd.DataFrame, load(return_X_y=True))
    for name, module in inspect.getmembers(import_module("statsmodels.datasets"), inspect.ismodule):
        bunch: Any = getattr(module, "load_pandas", dict)()
        yield name, pd.DataFrame(bunch.get("exog")), pd.DataFrame(bunch.get("endog"))
    river: Any = import_module("river.datasets")
    for name, kind in inspect.getmembers(river, inspect.isclass):
        if issubclass(kind, river.base.FileDataset) and not issubclass(kind, river.base.RemoteDataset):
            rows: list[Any] = [] if "artificial" in str(kind.__doc__) else list(getattr(river, name)())
            yield name, pd.DataFrame([x for x, _ in rows]), pd.DataFrame([y for _, y in rows])


@pytest.mark.slow
def test_every_table_that_fits_the_rule_is_there_and_no_other() -> None:
    def fits(X: pd.DataFrame, y: pd.DataFrame) -> bool:
        if not (0 < len(X) <= 10_000 and 2 <= X.shape[1] <= 100 and y.shape[1] == 1):
            return False
        numbers = all(pd.api.types.is_numeric_dtype(one) for one in X.dtypes)
        sizes = y.iloc[:, 0].value_counts()
        return numbers and 2 <= len(sizes) <= 10 and bool(sizes.min() >= 10)

    found = {name for name, X, y in outcomes() if fits(X, y)}
    names = {"phishing": "Phishing", "image-segments": "ImageSegments"}
    assert found == {names.get(name, name.replace("-", "_")) for name in SOURCES} - {"cars"}
    assert all(np.isfinite(_columns(name)[0]).all() for name in SOURCES)


def test_every_example_is_listed(run: Run) -> None:
    listed = json.loads(run("datasets", "--json")[1])["datasets"]
    assert [one["name"] for one in listed] == list(EXAMPLES)
    assert listed[6]["classes"] == {"malignant": 212, "benign": 357}
    code, out, err = run("datasets")
    assert (code, err) == (0, "")
    line = "breast-cancer scikit-learn 569 30 malignant (212), benign (357)"
    assert " ".join(out.splitlines()[7].split()) == line


def test_without_its_package_an_example_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    _columns.cache_clear()
    with pytest.raises(BadInput, match="`cars` comes with mlxtend: install the extra tables"):
        example_text("cars-usa-japan")
    code, out, err = run("datasets")
    assert (code, err) == (0, "not installed: `cars` comes with mlxtend: install the extra tables\n")
    assert "wine-0-1" in out
    assert "cars" not in out


ERRORS = {
    (
        "compare",
        "--example",
        "iris",
    ): "got 'iris'; the nearest: iris-setosa-versicolor, iris-setosa-virginica, ",
    ("sweep", "--example", "brest cancer"): "got 'brest cancer'; the nearest: breast-cancer\n",
    ("price", "--example", "zzz"): "`--example` must be a name that `study datasets` lists; got 'zzz'\n",
    ("price", "a.csv", "--example", "wine-0-1"): "`FILE` must be left out where `--example` is given; got a.csv",
    ("compare",): "`FILE` must be given, or else `--example`, a name that `study datasets` lists",
}


@pytest.mark.parametrize("words", ERRORS, ids=" ".join)
def test_what_is_wrong_is_one_line(words: tuple[str, ...], run: Run) -> None:
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert ERRORS[words] in err


def test_commands_take_an_example_in_place_of_a_file(run: Run) -> None:
    for command in ("compare", "price"):
        code, out, _ = run(command, "--example", "iris-setosa-versicolor")
        assert code == 0
        assert out.startswith("iris-setosa-versicolor: 100 points, 4 features (sepal length (cm), ")
    rule = ("--rule", "nearest-centroid", "--resamples", "120")
    assert run("sweep", "--example", "iris-setosa-versicolor", *rule)[0] == 0
    with open("sweep.json") as file:  # noqa: PTH123
        record = json.load(file)
    assert record["table"]["example"] == "iris-setosa-versicolor"
    code, _, err = run("sweep", "--from", "sweep.json")
    assert code == 0, err
    assert "1 reused" in err
