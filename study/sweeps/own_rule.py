"""A rule of the user's own, or of another library: where it stands, and how it is loaded and called."""

import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from study.checks import BadInput
from study.sweeps.rule import RULES, Rule

if TYPE_CHECKING:
    from numpy.random import Generator

    from study.datasets.dataset import Floats
    from study.sweeps.loaded import Loaded
    from study.sweeps.own_estimators import Trained


@dataclass(frozen=True, kw_only=True)
class OwnRule(Rule):
    """A rule of the user's own, or of another library.

    Parameters
    ----------
    place : str
        "module:name" of a function (X, y) -> Fit or weights, over stacks; or of an estimator, its class, or a function
        that makes one. It is loaded when it is first used; modules of the current folder are found.
    given : str
        Options of the class or function that makes an estimator, such as "C=10,kernel=rbf".
    """

    place: str
    given: str = ""

    def __post_init__(self) -> None:
        from study.sweeps.own_estimators import read_options

        if not isinstance(self.place, str) or ":" not in self.place:
            raise BadInput(f"`place` must be module:name; got {self.place!r}")
        read_options(self.given)

    @classmethod
    def read(cls, word: str) -> "OwnRule":
        """Return the rule of a word such as "sklearn.svm:SVC,C=10"."""
        place, _, given = word.partition(",")
        return cls(place=place, given=given)

    @property
    def rule(self) -> str:
        """The place, and the options."""
        return f"{self.place},{self.given}" if self.given else self.place

    @property
    def settings(self) -> Mapping[str, Any]:
        """The options."""
        from study.sweeps.own_estimators import read_options

        return read_options(self.given)

    @property
    def in_processes(self) -> bool:
        """True of estimators."""
        return self._maker() is not None

    @property
    def usual_block(self) -> int:
        """Few for functions: nobody knows what they take."""
        return min(super().usual_block, 2_000)

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats | Iterable[Trained]":  # noqa: D102
        from study.sweeps.own_estimators import Trained, fit_each

        make = self._maker()
        if make is None:
            return self._weights(X, y)

        def guarded() -> "Iterable[Trained]":
            """Name the rule in whatever goes wrong while it is trained, or asked."""
            fits = iter(fit_each(make, X, y, rng))
            while (fit := self._call(next, fits, None)) is not None:
                yield Trained(partial(self._call, fit.decide), fit.warned)

        return guarded()

    def _weights(self, X: "Floats", y: "Floats") -> "Floats":
        """Return the weights of a function over stacks."""
        from study.checks import as_floats

        answer = self._call(self.load(), X.copy(), y.copy())  # what it does to them is its own affair
        w = as_floats(f"rule {self.place}", getattr(answer, "w", answer))
        expected = (*X.shape[:-2], X.shape[-1] + 1)
        if w.shape != expected:
            raise BadInput(f"`rule` {self.place} must give weights of shape {expected}, the bias last; got {w.shape}")
        return w

    def _call(self, function: Any, *arguments: Any) -> Any:
        """Call what is the user's own; where it fails the rule is named."""
        try:
            return function(*arguments)
        except BadInput as error:
            raise BadInput(f"`rule` {self.rule}: {error}") from error
        except Exception as error:
            raise BadInput(f"`rule` {self.rule} failed: {describe_failure(error, self.place)}") from error

    def _maker(self) -> Any:
        from study.sweeps.own_estimators import find_maker

        return find_maker(self.load(), self.settings)

    def load(self) -> Any:
        """Return what stands at the place, or raise `BadInput`."""
        module, _, name = self.place.partition(":")
        if os.getcwd() not in sys.path:  # noqa: PTH109 (as a string)
            sys.path.insert(0, os.getcwd())  # noqa: PTH109
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            allowed = f"{', '.join(RULES)}, or module:name"
            raise BadInput(f"`rule` must be one of {allowed}; got {self.place} ({error})") from None
        except Exception as error:
            raise BadInput(f"`rule` {self.place} failed: {describe_failure(error, self.place)}") from error
        if not callable(found) and not hasattr(found, "fit"):
            kind = type(found).__name__
            raise BadInput(f"`rule` must name an estimator or a callable (X, y); got {self.place}, of type {kind}")
        return found

    def code(self) -> "Loaded":
        """Return what the modules mean that the rule is named in, that it is from, and that these load."""
        from study.sweeps.loaded import loaded_code

        found = self.load()
        names = {self.place.partition(":")[0], getattr(found, "__module__", None) or type(found).__module__}
        return loaded_code(names - {""})


def describe_failure(error: Exception, place: str) -> str:
    """Return what went wrong in a user's own rule, and the last line of its own module that it went through."""
    module = place.partition(":")[0].rpartition(".")[2]
    frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    lines = [f" ({file.name}:{line})" for file, line in frames if module in (file.stem, file.parent.name)]
    return f"{type(error).__name__}: {error}{''.join(lines[-1:])}"
