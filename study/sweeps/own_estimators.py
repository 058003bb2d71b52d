"""Estimators in scikit-learn's manner, of the user's own or of any library, as rules of a sweep."""

import ast
import copy
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from study.checks import BadInput
from study.datasets.dataset import Floats


@dataclass(frozen=True)
class Trained:
    """A fit that has no weights.

    Parameters
    ----------
    decide : callable (points) -> values
        Values whose sign is the class that it predicts, of shape (n_points,), for points of shape (n_points,
        n_features).
    warned : bool
        Whether the library that made it warned of something.
    """

    decide: Callable[[Floats], Floats]
    warned: bool = False


def read_options(text: str) -> dict[str, Any]:
    """Return the options in text such as "C=10,kernel=rbf": Python's values, and words where they are none."""
    options: dict[str, Any] = {}
    for part in re.split(r",(?=\w+=)", text) if text else []:
        name, sign, value = part.partition("=")
        if not sign or not name.isidentifier() or name in options:
            raise BadInput(f"options of a `rule` must be name=value, with commas between them; got {text}")
        try:
            options[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[name] = value
    return options


def find_maker(found: Any, options: Mapping[str, Any]) -> Callable[[], Any] | None:
    """Return what makes a new estimator with these options, or None where `found` is a function over stacks.

    A class is called, as is a function that needs no argument beside the options; an estimator is copied.
    """
    if not inspect.isclass(found) and hasattr(found, "fit"):

        def copied() -> Any:
            fresh = copy.deepcopy(found)
            return fresh.set_params(**options) if options else fresh

        return copied
    if inspect.isclass(found) or options or not needs_arguments(found):
        return lambda: found(**options)
    return None


def needs_arguments(function: Callable[..., Any]) -> bool:
    """Return whether a function takes arguments that have no default, or any number of them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some compiled functions
        return True
    keyword_only, any_named = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD
    return any(one.default is one.empty and one.kind not in (keyword_only, any_named) for one in parameters)


def fit_each(make: Callable[[], Any], X: Floats, y: Floats, rng: np.random.Generator) -> Iterator[Trained]:
    """Fit a new estimator to each set of a stack, one after another.

    Parameters
    ----------
    make : callable () -> estimator
        With `fit(X, y)` and `predict(X)`. Each `random_state` of its parameters that is None is drawn.
    X : ndarray of shape (n_sets, n_samples, n_features)
    y : ndarray of shape (n_sets, n_samples)
        Labels in {-1, +1}; the estimator sees them as integers.
    rng : numpy.random.Generator
    """
    for points, labels, seed in zip(X, y.astype(np.int64), rng.integers(2**32, size=len(X)).tolist(), strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator = make()
            for method in ("fit", "predict"):
                if not callable(getattr(estimator, method, None)):
                    kind = type(estimator).__name__
                    raise BadInput(f"it must make an estimator with fit and predict; got one of type {kind}")
            seeded(estimator, seed).fit(points.copy(), labels.copy())
        yield Trained(lambda Z, fitted=estimator: predictions(fitted, Z), bool(caught))  # type: ignore[misc]


def seeded(estimator: Any, seed: int) -> Any:
    """Return an estimator with a seed in place of each random state that nobody has chosen."""
    given = estimator.get_params() if hasattr(estimator, "get_params") else {}
    open_ = [name for name, value in given.items() if re.fullmatch(r"(.*__)?random_state", name) and value is None]
    return estimator.set_params(**dict.fromkeys(open_, seed)) if open_ else estimator


def predictions(estimator: Any, points: Floats) -> Floats:
    """Return what an estimator predicts, -1 or 1 for each point, or raise `BadInput` where that is something else."""
    answer = np.asarray(estimator.predict(points))
    if answer.shape != (len(points),):
        raise BadInput(f"it must predict a label for each of {len(points)} points; got shape {answer.shape}")
    other = [value for value in np.unique(answer).tolist() if value not in (-1, 1)]
    if other:
        raise BadInput(f"it must predict the labels that it is trained on, -1 and 1; got {other[0]!r}")
    return answer.astype(np.float64)
