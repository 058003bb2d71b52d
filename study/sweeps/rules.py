"""The rules that a sweep may train: a class each, whose fields are its options on the command line.

A new rule is a new class here. Trainers are imported where they are called: `study --help` reads the options of all
rules, and loads no compiled loop for it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked, count, one_of, positive, within
from study.sweeps.own_rule import OwnRule
from study.sweeps.rule import RULES, Rule, blank, prefixed_last
from study.sweeps.settings import option

if TYPE_CHECKING:
    from numpy.random import Generator

    from study.datasets.dataset import Floats
    from study.sweeps.own_estimators import Trained
    from study.trainers.fit import Bound, Fit


@dataclass(frozen=True, kw_only=True)
class _Sigmoid(Rule):
    """What a unit is trained for, bounded, penalised or stopped early."""

    loss: Literal["quadratic", "cross-entropy", "threshold-quadratic"] = option("cross-entropy", "of the units")
    eps: Annotated[float, within("[0, 1/2)")] = option(
        0.0, 'the targets of the units are eps and 1 - eps; "threshold-quadratic" needs eps above 0', prefix="eps_"
    )

    def __post_init__(self) -> None:
        from study.trainers.losses import check_targets

        check_targets(self.loss, self.eps)


@dataclass(frozen=True, kw_only=True)
class _Bounded(_Sigmoid):
    """What has a bound, and may be trained by an optimiser.

    Parameters
    ----------
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
    eps : float in [0, 1/2)
        The targets are eps and 1 - eps; "threshold-quadratic" needs eps above 0.
    shape : {"box", "ball", "none"}
        Of the bound on the weights.
    weight_bound : float in (0, inf)
        The bound R; it becomes 0 where `shape` is none.
    optimiser : {"none", "descent", "adam", "adamw"}
        none: a unit is trained until it is stationary, a network by spectral steps. Else the rule of an `Optimiser`,
        from which the options below have their meaning; they become 0 where there is none.
    rate : float in (0, inf)
    epochs : int, at least 1
        Passes over the samples; of a network without an optimiser, steps at most.
    batch_size : int, at least 0
        0 for all samples at once.
    momentum : float in [0, 1)
        Of descent.
    decay : float in [0, inf)
    clip : float in [0, inf)
        0 for no clipping.
    schedule : {"constant", "cosine"}
    """

    shape: Literal["box", "ball", "none"] = option("box", 'of the bound on the weights of "unit" and "network"')
    weight_bound: float = option(3.0, 'the bound R of "unit" and "network"')
    optimiser: Literal["none", "descent", "adam", "adamw"] = option(
        "none", 'what trains "unit" and "network"; none: second-order or spectral steps', absent="none"
    )
    rate: NonNegative = option(0.01, "learning rate of an optimiser", prefix="rate_")
    epochs: Annotated[int, partial(count, least=0)] = option(
        200, "passes of an optimiser, or spectral steps of a network", prefix="epochs_"
    )
    batch_size: Annotated[int, partial(count, least=0)] = option(
        0, "samples of a step of an optimiser; 0 for all", prefix="batch_"
    )
    momentum: Annotated[float, within("[0, 1)")] = option(0.0, 'of the optimiser "descent"', prefix="momentum_")
    decay: NonNegative = option(0.0, "weight decay of an optimiser", prefix="decay_")
    clip: NonNegative = option(0.0, "longest gradient of an optimiser, longer ones are cut; 0 for any", prefix="clip_")
    schedule: Literal["", "constant", "cosine"] = option("constant", "of the learning rate")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape == "none":
            self._make_blank("weight_bound")
        else:
            positive("weight_bound", self.weight_bound)
        if self.optimiser == "none":
            self._make_blank("rate", "batch_size", "momentum", "decay", "clip", "schedule")
            return
        positive("rate", self.rate)
        count("epochs", self.epochs)
        one_of("schedule", self.schedule, ("constant", "cosine"))
        if self.optimiser != "descent":
            self._make_blank("momentum")

    @property
    def usual_block(self) -> int:
        """The fewest for optimisers."""
        return super().usual_block if self.optimiser == "none" else 0

    def _make_blank(self, *names: str) -> None:
        for field in self.options():
            if field.name in names:
                object.__setattr__(self, field.name, blank(field))

    def _bound(self) -> "Bound":
        from study.trainers.fit import Bound

        return Bound() if self.shape == "none" else Bound(self.shape, self.weight_bound)

    def _train_layers(
        self, X: "Floats", y: "Floats", rng: "Generator", w0: "Floats", layers: tuple[int, ...], activation: Any
    ) -> "Fit":
        """Train a network from start weights, by the optimiser or until it is stationary."""
        from study.trainers.network import network
        from study.trainers.optimiser import Optimiser

        how: Any = {"method": "spectral"}
        if self.optimiser != "none":
            method = Optimiser(
                rule=self.optimiser,
                learning_rate=self.rate,
                batch_size=self.batch_size or None,
                momentum=self.momentum,
                weight_decay=self.decay,
                clip=self.clip or None,
                schedule=self.schedule,  # type: ignore[arg-type]
            )
            how = {"method": method, "rng": rng}
        target: Any = {"loss": self.loss, "eps": self.eps, "bound": self._bound()}
        return network(X, y, layers=layers, w0=w0, activation=activation, max_steps=self.epochs, **target, **how)


@checked
@dataclass(frozen=True, kw_only=True)
class Unit(_Bounded, name="unit"):
    """A sigmoid unit inside a bound, trained until it is stationary or by an optimiser; options as `_Bounded` says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimiser == "none":
            self._make_blank("epochs")

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Floats":  # noqa: D102
        import numpy as np

        from study.trainers.sigmoid_unit import sigmoid_unit

        if self.optimiser != "none":
            return self._train_layers(X, y, rng, np.zeros(X.shape[-1] + 1), (1,), "sigmoid").w
        return sigmoid_unit(X, y, loss=self.loss, eps=self.eps, bound=self._bound(), method="newton").w


def layers_text(name: str, value: str | Sequence[int]) -> str:
    """Return widths of layers, as text or as numbers, with commas between them, or raise `BadInput`."""
    if not isinstance(value, str):
        if not isinstance(value, Sequence):
            raise BadInput(f"`{name}` must be a sequence; got {value!r}")
        if not value:
            raise BadInput(f"`{name}` must hold the width of at least one layer; got an empty list")
        widths: list[Any] = list(value)
        return layers_text(name, ",".join(str(count(name, width)) for width in widths))
    words = value.split(",")
    if not all(re.fullmatch(r"[1-9]\d{0,5}", word) for word in words) or words[-1] != "1":
        raise BadInput(f"`{name}` must be widths with commas between them, the last 1; got {value!r}")
    return value


@checked
@dataclass(frozen=True, kw_only=True)
class Network(_Bounded, name="network"):
    """A network with one output, the best of some starts; other options as `_Bounded` says.

    Parameters
    ----------
    layers : str
        Widths of the layers after the input with commas between them, the last 1: "4,1".
    activation : {"sigmoid", "tanh", "relu"}
        Of hidden nodes.
    restarts : int, at least 1
        Starts; the fit with the lowest loss is kept. A weight is drawn from N(0, 1 / n), n the inputs of its node, the
        constant included.
    """

    layers: Annotated[str, layers_text] = option(
        "4,1", 'widths of the layers of "network" after the input, the last 1', prefix="layers_"
    )
    activation: Literal["sigmoid", "tanh", "relu"] = option("sigmoid", 'of the hidden nodes of "network"')
    restarts: PositiveInt = option(1, 'starts of "network", of which the lowest loss is kept', prefix="restarts_")

    def __post_init__(self) -> None:
        super().__post_init__()
        count("epochs", self.epochs)
        object.__setattr__(self, "layers", layers_text("layers", self.layers))

    @property
    def usual_block(self) -> int:
        """The fewest."""
        return 0

    def train(self, X: "Floats", y: "Floats", rng: "Generator") -> "Iterable[Trained]":  # noqa: D102
        import numpy as np

        from study.sweeps.own_estimators import Trained
        from study.trainers.layers import initial_weights, outputs, weight_matrices

        widths, n_features = tuple(map(int, self.layers.split(","))), X.shape[-1]
        w0 = initial_weights(n_features, widths, scale=1.0, size=(self.restarts, *X.shape[:-2]), rng=rng)
        for W in weight_matrices(w0, n_features, widths):
            W /= np.sqrt(W.shape[-2])  # a view
        fit = self._train_layers(X, y, rng, w0, widths, self.activation)
        lowest = np.where(np.isfinite(fit.loss), fit.loss, np.inf).argmin(axis=0)
        w = np.take_along_axis(fit.w, lowest[None, ..., None], axis=0)[0]
        return [Trained(partial(outputs, own, layers=widths, activation=self.activation)) for own in w]


@checked
@dataclass(frozen=True, kw_only=True)
class UnitStoppedEarly(_Sigmoid, name="unit-stopped-early"):
    """A sigmoid unit without a bound, after some steps of descent at rate 1 on the mean loss.

    Parameters
    ----------
    loss, eps
        As in `Unit`.
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

    @property
    def usual_block(self) -> int:
        """Fewer: it takes longer than others, the more so the more samples."""
        return 4_000

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
        As in `Unit`.
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


def rule_options() -> dict[str, list[Field[Any]]]:
    """Return the options of all rules by their names, each as in the classes that have a use for it."""
    found: dict[str, list[Field[Any]]] = {}
    for kind in RULES.values():
        for field in kind.options():
            found.setdefault(field.name, []).append(field)
    return found


def table_columns(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return what tables hold of each rule: its name, and the options that one of the rules at least makes use of.

    Where a rule has no use for an option there is a blank: the empty word, or zero.
    """
    options = prefixed_last([same[0] for same in rule_options().values()])
    used = [field for field in options if any(field.name in rule.settings for rule in rules)]
    blanks: dict[str, Any] = {field.name: blank(field) for field in used}
    return [
        {"rule": rule.rule} | {name: rule.settings.get(name, empty) for name, empty in blanks.items()} for rule in rules
    ]


def make_rules(name: str, options: Mapping[str, Sequence[Any]]) -> list[Rule]:
    """Return a rule with every combination of the options that it has a use for.

    Parameters
    ----------
    name : str
        One of `RULES`, or a user's own, in the form that `OwnRule.read` takes.
    options : mapping of str to sequence
        The values of options; of one that is absent, the default is taken.
    """
    if ":" in name:
        return [OwnRule.read(name)]
    kind = RULES[one_of("rule", name, RULES)]
    values = {field.name: options.get(field.name, [field.default]) for field in kind.options()}
    chosen = [kind(**dict(zip(values, combination, strict=True))) for combination in product(*values.values())]
    return list(dict.fromkeys(chosen))


def read_rule(record: Mapping[str, Any]) -> Rule:
    """Return the rule of a record as `Rule.to_record` gives it; of an option that is absent, the default is taken.

    Raises
    ------
    BadInput
        For a rule or an option that does not exist, and an option that the rule has no use for and that is not blank.
    """
    settings = dict(record)
    rule = settings.pop("rule", None)
    known = rule_options()
    for name in settings:
        one_of("option of a rule", name, known)
    own = OwnRule.read(rule) if isinstance(rule, str) and ":" in rule else None
    kind = OwnRule if own else RULES[one_of("rule", rule, RULES)]
    used = {field.name for field in kind.options()}
    for name in settings.keys() - used:
        if settings[name]:
            raise BadInput(f"`{name}` must be left out where `rule` is {rule}; got {settings[name]}")
    return own or kind(**{name: settings[name] for name in settings.keys() & used})
