"""Tables that come with packages, each pair of their classes as delimited text; nothing is fetched."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from study.checks import BadInput, checked
from study.datasets.dataset import Floats

Columns = tuple[Floats, NDArray[np.int64], list[str]]
"""Features of shape (n_samples, n_features), the place of each sample's class, and the names of the features."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table of a package.

    Parameters
    ----------
    package : str
        Which package brings it.
    classes : tuple of str
    load : callable () -> Columns
    """

    package: str
    classes: tuple[str, ...]
    load: Callable[[], Columns]


def _scikit_learn(name: str, *classes: str) -> Source:
    def load() -> Columns:
        bunch = getattr(import_module("sklearn.datasets"), f"load_{name}")()
        return bunch.data, bunch.target, list(bunch.feature_names)

    return Source(package="scikit-learn", classes=classes, load=load)


def _statsmodels(name: str, n_classes: int) -> Source:
    def load() -> Columns:
        table = import_module(f"statsmodels.datasets.{name}").load_pandas()
        return table.exog.to_numpy(np.float64), table.endog.to_numpy().astype(np.int64), list(table.exog.columns)

    return Source(package="statsmodels", classes=tuple(map(str, range(n_classes))), load=load)


def _river(name: str, *classes: str) -> Source:
    def load() -> Columns:
        features, labels = zip(*getattr(import_module("river.datasets"), name)(), strict=True)
        X = np.array([list(row.values()) for row in features], dtype=np.float64)
        return X, np.array([classes.index(str(label)) for label in labels]), list(features[0])

    return Source(package="river", classes=classes, load=load)


def _cars() -> Columns:
    X, mpg = import_module("mlxtend.data").autompg_data()
    names = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "mpg"]
    return np.column_stack([X[:, :6], mpg]), X[:, 6].astype(np.int64) - 1, names


SEGMENTS = ("brickface", "cement", "foliage", "grass", "path", "sky", "window")
SOURCES = {
    "iris": _scikit_learn("iris", "setosa", "versicolor", "virginica"),
    "wine": _scikit_learn("wine", "0", "1", "2"),
    "breast-cancer": _scikit_learn("breast_cancer", "malignant", "benign"),
    "cars": Source(package="mlxtend", classes=("usa", "europe", "japan"), load=_cars),
    "spector": _statsmodels("spector", 2),
    "modechoice": _statsmodels("modechoice", 2),
    "anes96": _statsmodels("anes96", 7),
    "phishing": _river("Phishing", "False", "True"),
    "image-segments": _river("ImageSegments", *SEGMENTS),
    "digits": _scikit_learn("digits", *"0123456789"),
}
"""By name: flowers, wines, tumours, cars, grades, journeys, parties, web pages, parts of pictures, handwriting.

The rule, stated before a fit of the newer ones was looked at: every table within scikit-learn, statsmodels and river
whose own loader gives one outcome, of two to ten values, each in ten rows or more, with two to a hundred features, all
of them numbers, in at most ten thousand rows; those that were made up are left out, and rows with an empty cell, of
which there are none. The tables of classes that mlxtend has are scikit-learn's, made up or too wide; so cars stand for
it, by where they were made.
"""
EXAMPLES = {
    source if len(one.classes) == 2 else f"{source}-{one.classes[a]}-{one.classes[b]}": (source, (a, b))
    for source, one in SOURCES.items()
    for a, b in combinations(range(len(one.classes)), 2)
}
"""By name, every pair of classes: the source, and the places of both."""


@cache
def _columns(source: str) -> Columns:
    """Return the whole of a source, which is read once."""
    return SOURCES[source].load()


def load_pair(source: str, pair: tuple[int, int]) -> Columns:
    """Return two classes of a source, 0 and 1, without the features that do not vary among them."""
    try:
        X, place, names = _columns(source)
    except ImportError:
        raise BadInput(f"`{source}` comes with {SOURCES[source].package}: install the extra tables") from None
    own = np.isin(place, pair)
    varies = np.ptp(X[own], axis=0) > 0.0
    return X[own][:, varies], (place[own] == pair[1]).astype(np.int64), [names[j] for j in np.flatnonzero(varies)]


@checked
def example_text(example: str) -> str:
    """Return an example as delimited text, its labels in the column "class".

    Parameters
    ----------
    example : str
        One of `EXAMPLES`.

    Raises
    ------
    BadInput
        For another name, with those that are like it, or where the package is not installed.
    """
    if example not in EXAMPLES:
        begin = [one for one in EXAMPLES if one.startswith(example.lower())] if example else []
        like = (begin or difflib.get_close_matches(example.lower(), EXAMPLES, cutoff=0.4))[:3]
        near = f"; the nearest: {', '.join(like)}" if like else ""
        raise BadInput(f"`example` must be a name that `study datasets` lists; got {example!r}{near}")
    source, pair = EXAMPLES[example]
    X, y, names = load_pair(source, pair)
    labels = [SOURCES[source].classes[pair[k]] for k in y]
    cells = [[np.format_float_positional(value, trim="-") for value in row] for row in X]
    rows = [[*row, label] for row, label in zip(cells, labels, strict=True)]
    return "".join(f"{','.join(row)}\n" for row in [[*names, "class"], *rows])
