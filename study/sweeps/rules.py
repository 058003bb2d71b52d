"""The rules that a sweep may train: a class each, whose fields are its options on the command line.

A new rule is a new class here. Trainers are imported where they are called: `study --help` reads the options of all
rules, and loads no compiled loop for it.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from functools import partial
from itertools import product
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from study.checks import BadInput, Positive, PositiveInt, checked, count, one_of, positive, within
from study.sweeps.settings import option

if TYPE_CHECKING:
    from numpy.random import Generator

    from study.datasets.dataset import Floats
    from study.sweeps.loaded import Loaded

RULES: dict[str, "type[Rule]"] = {}
"""The classes, by the names that their rules have on the command line and in tables."""


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A rule with its settings; those are fields of its class that `option` has made."""

    name: ClassVar[str]

    def __init_subclass__(cls, name: str | None = None) -> None:
        """Enter a class in `RULES`, where it has a name."""
        if name is not None:
            cls.name, RULES[name] = name, cls

    @property
    def rule(self) -> str:
        """What the rule is called on the command line and in tables."""
        return self.name

    @property
    def label(self) -> str:
        """The rule and its settings in one word, such as unit_cross_entropy_ball_3."""
        words = [self.rule]
        for of_rule in prefixed_last(self.options()):
            value = getattr(self, of_rule.name)
            if value:
                words.append(of_rule.metadata["prefix"] + (value if isinstance(value, str) else f"{value:g}"))
        return "_".join(words).replace("-", "_").replace(".", "_")

    @classmethod
    def options(cls) -> list[Field[Any]]:
        """Return the fields that are options of the command line."""
        return [of_class for of_class in fields(cls) if "help" in of_class.metadata]

    def to_record(self) -> dict[str, str | int | float]:
        """Return the rule as tables and JSON hold it: with a blank for each option that it has no use for."""
        own = {of_rule.name: getattr(self, of_rule.name) for of_rule in self.options()}
        return {"rule": self.rule, **blanks(), **own}

    @abstractmethod
    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":
        """Return the weights for each set of a stack, of shape (..., n_features + 1), the bias last."""


@dataclass(frozen=True, kw_only=True)
class _Sigmoid(Rule):
    """What a unit is trained for, bounded, penalised or stopped early."""

    loss: Literal["quadratic", "cross-entropy", "threshold-quadratic"] = option("cross-entropy", "of the units")
    eps: Annotated[float, within("[0, 1/2)")] = option(
        0.0, 'the targets of the units are eps and 1 - eps; "threshold-quadratic" asks for eps above 0', prefix="eps_"
    )

    def __post_init__(self) -> None:
        from study.trainers.losses import check_targets

        check_targets(self.loss, self.eps)


@checked
@dataclass(frozen=True, kw_only=True)
class Unit(_Sigmoid, name="unit"):
    """A sigmoid unit, trained inside a bound until it is stationary.

    Parameters
    ----------
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
    eps : float in [0, 1/2)
        The targets are eps and 1 - eps; "threshold-quadratic" asks for eps above 0.
    shape : {"box", "ball", "none"}
        Of the bound on the weights.
    weight_bound : float in (0, inf)
        The bound R; it becomes 0 where `shape` is none.
    """

    shape: Literal["box", "ball", "none"] = option("box", 'of the bound on the weights of "unit"')
    weight_bound: float = option(3.0, 'the bound R of "unit"')

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape == "none":
            object.__setattr__(self, "weight_bound", 0.0)
        else:
            positive("weight_bound", self.weight_bound)

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.fit import Bound
        from study.trainers.sigmoid_unit import sigmoid_unit

        bound = Bound() if self.shape == "none" else Bound(self.shape, self.weight_bound)
        return sigmoid_unit(X, y, loss=self.loss, eps=self.eps, bound=bound, method="newton").w


@checked
@dataclass(frozen=True, kw_only=True)
class UnitStoppedEarly(_Sigmoid, name="unit-stopped-early"):
    """A sigmoid unit without a bound, after some steps of descent at rate 1 on the mean loss.

    Parameters
    ----------
    loss, eps
        As `Unit` has them.
    max_steps : int, at least 1
    """

    max_steps: PositiveInt = option(10, 'steps of descent of "unit-stopped-early"')

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.sigmoid_unit import sigmoid_unit

        rate = 1.0 if self.loss == "cross-entropy" else 1.0 / y.shape[-1]
        return sigmoid_unit(
            X, y, loss=self.loss, eps=self.eps, method="descent", learning_rate=rate, max_steps=self.max_steps
        ).w


@checked
@dataclass(frozen=True, kw_only=True)
class Perceptron(Rule, name="perceptron"):
    """Rosenblatt's perceptron, its samples in their natural order.

    Parameters
    ----------
    max_passes : int, at least 0
        Budget of passes; 0 for none.
    """

    order: ClassVar[Literal["natural", "random"]] = "natural"
    keep: ClassVar[Literal["last", "average"]] = "last"

    max_passes: Annotated[int, partial(count, least=0)] = option(
        0, "passes of a perceptron, which may end without a separator then; 0 for no such end", prefix="passes_"
    )

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: D102
        from study.trainers.perceptron import perceptron

        passes = self.max_passes or 2**61
        return perceptron(X, y, order=self.order, rng=rng, keep=self.keep, max_passes=passes).w


class RandomPerceptron(Perceptron, name="perceptron-random"):
    """The perceptron that draws each sample at random."""

    order = "random"


class AveragedPerceptron(Perceptron, name="averaged-perceptron"):
    """The perceptron with the average of its weights over all looks."""

    keep = "average"


@checked
@dataclass(frozen=True, kw_only=True)
class PocketPerceptron(Rule, name="pocket-perceptron"):
    """The perceptron with the weights that have been right for longest, within a budget.

    Parameters
    ----------
    max_steps : int, at least 1
        Updates.
    """

    max_steps: PositiveInt = option(10, 'updates of "pocket-perceptron"')

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: D102
        from study.trainers.perceptron import perceptron

        return perceptron(X, y, order="random", rng=rng, keep="pocket", max_updates=self.max_steps).w


class NearestCentroid(Rule, name="nearest-centroid"):
    """The boundary halfway between the class means."""

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.centroid import nearest_centroid

        return nearest_centroid(X, y).w


class MaxMargin(Rule, name="max-margin"):
    """The separator with the widest margin."""

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.max_margin import max_margin

        return max_margin(X, y).w


@checked
@dataclass(frozen=True, kw_only=True)
class SoftMargin(Rule, name="soft-margin"):
    """The wide margin that may be cut short at a cost.

    Parameters
    ----------
    C : float in (0, inf)
        The cost.
    """

    C: Positive = option(1.0, 'what a short margin costs "soft-margin"')

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.soft_margin import soft_margin

        return soft_margin(X, y, C=self.C).w


@checked
@dataclass(frozen=True, kw_only=True)
class PenalisedUnit(_Sigmoid, name="penalised-unit"):
    """A sigmoid unit that minimises |w|^2 / 2 + C times its summed loss, the bias not counted in |w|.

    With the cross-entropy and hard targets it is scikit-learn's LogisticRegression(C=C).

    Parameters
    ----------
    loss, eps
        As `Unit` has them.
    C : float in (0, inf)
    """

    bias: ClassVar[Literal["free", "penalised"]] = "free"

    C: Positive = option(1.0, 'weight of the loss of a "penalised-unit" against |w|^2 / 2')

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.trainers.sigmoid_unit import sigmoid_unit

        return sigmoid_unit(X, y, loss=self.loss, eps=self.eps, C=self.C, bias=self.bias, method="newton").w


class UnitWithPenalisedBias(PenalisedUnit, name="penalised-unit-and-bias"):
    """The penalised unit whose bias counts in |w|, as in liblinear."""

    bias = "penalised"


@dataclass(frozen=True, kw_only=True)
class OwnRule(Rule):
    """A rule of the user's own.

    Parameters
    ----------
    place : str
        "module:function" of a callable (X, y) -> Fit or weights, over stacks. It is loaded when it is first used.
    """

    place: str

    def __post_init__(self) -> None:
        if not isinstance(self.place, str) or ":" not in self.place:
            raise BadInput(f"`place` must be module:function; got {self.place!r}")

    @property
    def rule(self) -> str:
        """The place."""
        return self.place

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: ARG002, D102
        from study.checks import as_floats

        function = self.load()
        try:
            answer = function(X.copy(), y.copy())  # what it does to them is its own affair
        except Exception as error:
            raise BadInput(f"`rule` {self.place} failed: {describe_failure(error, self.place)}") from error
        w = as_floats(f"rule {self.place}", getattr(answer, "w", answer))
        expected = (*X.shape[:-2], X.shape[-1] + 1)
        if w.shape != expected:
            raise BadInput(f"`rule` {self.place} must give weights of shape {expected}, the bias last; got {w.shape}")
        return w

    def load(self) -> Any:
        """Return the callable, or raise `BadInput`."""
        module, _, name = self.place.partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            allowed = f"{', '.join(RULES)}, or module:function"
            raise BadInput(f"`rule` must be one of {allowed}; got {self.place} ({error})") from None
        except Exception as error:
            raise BadInput(f"`rule` {self.place} failed: {describe_failure(error, self.place)}") from error
        if not callable(function):
            kind = type(function).__name__
            raise BadInput(f"`rule` must name a callable (X, y); got {self.place}, of type {kind}")
        return function

    def code(self) -> "Loaded":
        """Return what the modules mean that the rule is named in, that it is from, and that these load."""
        from study.sweeps.loaded import loaded_code

        names = {self.place.partition(":")[0], getattr(self.load(), "__module__", None) or ""}
        return loaded_code(names - {""})


def describe_failure(error: Exception, place: str) -> str:
    """Return what went wrong in a user's own rule, and the last line of its own module that it went through."""
    module = place.partition(":")[0].rpartition(".")[2]
    frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    lines = [f" ({file.name}:{line})" for file, line in frames if module in (file.stem, file.parent.name)]
    return f"{type(error).__name__}: {error}{''.join(lines[-1:])}"


def rule_options() -> dict[str, list[Field[Any]]]:
    """Return the options of all rules by their names, each as the classes have it that have a use for it."""
    found: dict[str, list[Field[Any]]] = {}
    for kind in RULES.values():
        for of_kind in kind.options():
            found.setdefault(of_kind.name, []).append(of_kind)
    return found


def blanks() -> dict[str, str | int | float]:
    """Return, for each option, what tables and JSON hold where a rule has no use for it: the empty word, or zero."""
    options = prefixed_last([same[0] for same in rule_options().values()])
    defaults: dict[str, Any] = {of_rule.name: of_rule.default for of_rule in options}
    return {name: type(default)() for name, default in defaults.items()}


def prefixed_last(options: Sequence[Field[Any]]) -> list[Field[Any]]:
    """Return options with those behind the others that need a prefix in labels."""
    return sorted(options, key=lambda of_rule: of_rule.metadata["prefix"] != "")


def make_rules(name: str, options: Mapping[str, Sequence[Any]]) -> list[Rule]:
    """Return a rule with every combination of the options that it has a use for.

    Parameters
    ----------
    name : str
        One of `RULES`, or the place of a user's own.
    options : mapping of str to sequence
        The values of options; of one that is absent, the default is taken.
    """
    if ":" in name:
        return [OwnRule(place=name)]
    kind = RULES[one_of("rule", name, RULES)]
    values = {of_kind.name: options.get(of_kind.name, [of_kind.default]) for of_kind in kind.options()}
    chosen = [kind(**dict(zip(values, combination, strict=True))) for combination in product(*values.values())]
    return list(dict.fromkeys(chosen))


def read_rule(record: Mapping[str, Any]) -> Rule:
    """Return the rule of a record as `Rule.to_record` gives it; what is absent is blank.

    Raises
    ------
    BadInput
        For a rule or an option that does not exist, and an option that the rule has no use for and that is not blank.
    """
    settings = dict(record)
    rule = settings.pop("rule", None)
    known = blanks()
    for name in settings:
        one_of("option of a rule", name, known)
    own = isinstance(rule, str) and ":" in rule
    kind: Any = OwnRule if own else RULES[one_of("rule", rule, RULES)]
    used = {of_kind.name for of_kind in kind.options()}
    for name in settings.keys() - used:
        if settings[name] != known[name]:
            raise BadInput(f"`{name}` must be left out where `rule` is {rule}; got {settings[name]}")
    values = {name: settings.get(name, known[name]) for name in used}
    return kind(place=rule) if own else kind(**values)  # type: ignore[no-any-return]
