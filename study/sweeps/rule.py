"""What a rule of a sweep is: its settings, what it is called in labels, tables and JSON, and how it is trained."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from numpy.random import Generator

    from study.datasets.dataset import Floats
    from study.sweeps.own_estimators import Trained

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
        for field in prefixed_last(self.options()):
            value = getattr(self, field.name)
            if value not in absent(field):
                words.append(field.metadata["prefix"] + (value if isinstance(value, str) else f"{value:g}"))
        return re.sub(r"[-.,=]", "_", "_".join(words))

    @classmethod
    def options(cls) -> list[Field[Any]]:
        """Return the fields that are options of the command line."""
        return [field for field in fields(cls) if "help" in field.metadata]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its options by their names, without those whose value says that there is no such thing."""
        values = {field.name: getattr(self, field.name) for field in self.options()}
        return {of.name: values[of.name] for of in self.options() if values[of.name] not in absent(of)}

    @property
    def unusual(self) -> Mapping[str, Any]:
        """Those of its settings that a reader has to be told: numbers, and words that are not the usual ones."""
        usual = {of.name for of in self.options() if isinstance(of.default, str) and not of.metadata["prefix"]}
        defaults = {of.name: of.default for of in self.options()}
        return {name: value for name, value in self.settings.items() if name not in usual or value != defaults[name]}

    @property
    def in_processes(self) -> bool:
        """Whether it runs in Python more than in compiled loops, so that processes are to train it, not threads."""
        return False

    @property
    def usual_block(self) -> int:
        """About how many small sets it is trained on in a tenth of a second, but for milliseconds a fit the fewest."""
        return 0 if self.in_processes else 40_000

    def to_record(self) -> dict[str, str | int | float]:
        """Return the rule as JSON holds it."""
        return {"rule": self.rule, **{field.name: getattr(self, field.name) for field in self.options()}}

    @abstractmethod
    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats | Iterable[Trained]":
        """Return the weights for each set of a stack, of shape (..., n_features + 1), the bias last.

        A rule that has no such weights returns its fits, one a set.
        """


def blank(field: Field[Any]) -> str | int | float:
    """Return what stands for an option where there is no use for it: the empty word, or zero."""
    default: Any = field.default
    return type(default)()  # type: ignore[no-any-return]


def absent(field: Field[Any]) -> tuple[Any, ...]:
    """Return the values of an option that say that there is no such thing."""
    return (blank(field), *field.metadata["absent"])


def prefixed_last(options: Sequence[Field[Any]]) -> list[Field[Any]]:
    """Return options with those behind the others that need a prefix in labels."""
    return sorted(options, key=lambda field: field.metadata["prefix"] != "")
