"""Tables that come with packages, each pair of their classes as delimited text; nothing is fetched."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.checks import BadInput, checked
from study.datasets.dataset import Floats

Columns = tuple[Floats, NDArray[np.int64], list[str]]
"""Features of shape (n_samples, n_features), the place of each sample's class, and the names of the features."""


def _of_scikit_learn(name: str) -> Callable[[], Columns]:
    def load() -> Columns:
        from sklearn import datasets

        bunch: Any = getattr(datasets, f"load_{name}")()
        return bunch.data, bunch.target, list(bunch.feature_names)

    return load


def _cars() -> Columns:
    from mlxtend.data import autompg_data

    X, mpg = autompg_data()
    names = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "mpg"]
    return np.column_stack([X[:, :6], mpg]), X[:, 6].astype(np.int64) - 1, names


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table of a package.

    Parameters
    ----------
    package, extra : str
        Which package brings it, and which extra of this one brings that.
    classes : tuple of str
    load : callable () -> Columns
    """

    package: str
    extra: str
    classes: tuple[str, ...]
    load: Callable[[], Columns]


def _scikit_learn(name: str, *classes: str) -> Source:
    return Source(package="scikit-learn", extra="sklearn", classes=classes, load=_of_scikit_learn(name))


SOURCES = {
    "iris": _scikit_learn("iris", "setosa", "versicolor", "virginica"),
    "wine": _scikit_learn("wine", "0", "1", "2"),
    "breast-cancer": _scikit_learn("breast_cancer", "malignant", "benign"),
    "cars": Source(package="mlxtend", extra="bench", classes=("usa", "europe", "japan"), load=_cars),
    "digits": _scikit_learn("digits", *"0123456789"),
}
"""By name: flowers, wines, tumours, cars by where they were made, handwriting."""
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
        one = SOURCES[source]
        raise BadInput(f"`{source}` comes with {one.package}: install the extra {one.extra}") from None
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
