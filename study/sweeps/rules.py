"""The rules that a sweep may train, each with its settings as one value."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as np

from study.datasets.arguments import checked
from study.datasets.dataset import Floats, as_floats
from study.sweeps.loaded import Loaded, loaded_code
from study.trainers.centroid import nearest_centroid
from study.trainers.fit import Bound
from study.trainers.losses import LOSSES, Loss, check_eps, check_targets
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit
from study.trainers.soft_margin import soft_margin
from study.validation import BadInput, count, one_of, positive

RULES = (
    "perceptron",
    "perceptron-random",
    "averaged-perceptron",
    "pocket-perceptron",
    "nearest-centroid",
    "max-margin",
    "soft-margin",
    "unit",
    "unit-stopped-early",
)


@checked
@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule with its settings; those that it has no use for stay at their defaults.

    Parameters
    ----------
    rule : str
        One of `RULES`, or "module:function" for a callable (X, y) -> Fit or weights, over stacks.
    loss : {"", "quadratic", "cross-entropy", "threshold-quadratic"}
        Of a unit.
    shape : {"", "box", "ball", "none"}
        Of the bound of a unit.
    weight_bound : float
        The bound R of a unit; 0 where there is none.
    max_steps : int
        Steps of descent of "unit-stopped-early", at rate 1 on the mean loss; updates of the pocket perceptron.
    C : float
        What a short margin costs "soft-margin".
    eps : float in [0, 1/2)
        The targets of a unit are eps and 1 - eps; "threshold-quadratic" asks for eps above 0.
    """

    rule: str
    loss: str = ""
    shape: str = ""
    weight_bound: float = 0.0
    max_steps: int = 0
    C: float = 0.0
    eps: float = 0.0

    def __post_init__(self) -> None:
        if ":" not in self.rule:
            one_of("rule", self.rule, RULES)
        if self.rule.startswith("unit"):
            check_targets(one_of("loss", self.loss, LOSSES), self.eps)
        check_eps(self.eps)
        if self.rule == "unit":
            self.bound  # noqa: B018 (checks itself)
        if self.rule in ("unit-stopped-early", "pocket-perceptron"):
            count("max_steps", self.max_steps)
        if self.rule == "soft-margin":
            positive("C", self.C)

    @property
    def bound(self) -> Bound:
        """The bound of a unit."""
        shape = one_of("shape", self.shape, ("box", "ball", "none"))
        return Bound() if shape == "none" else Bound(shape, self.weight_bound)  # type: ignore[arg-type]

    @property
    def label(self) -> str:
        """The rule and its settings in one word, such as unit_cross_entropy_ball_3."""
        settings = [self.loss, self.shape, *(f"{x:g}" for x in (self.weight_bound, self.max_steps, self.C) if x)]
        settings += [f"eps_{self.eps:g}"] if self.eps else []
        return "_".join(word for word in [self.rule, *settings] if word).replace("-", "_").replace(".", "_")

    def train(self, X: Floats, y: Floats, rng: np.random.Generator) -> Floats:
        """Return the weights for each set of a stack."""
        loss: Loss = next((name for name in LOSSES if name == self.loss), "quadratic")
        match self.rule:
            case "perceptron":
                return perceptron(X, y).w
            case "perceptron-random":
                return perceptron(X, y, order="random", rng=rng).w
            case "averaged-perceptron":
                return perceptron(X, y, keep="average").w
            case "pocket-perceptron":
                return perceptron(X, y, order="random", rng=rng, keep="pocket", max_updates=self.max_steps).w
            case "nearest-centroid":
                return nearest_centroid(X, y).w
            case "max-margin":
                return max_margin(X, y).w
            case "soft-margin":
                return soft_margin(X, y, C=self.C).w
            case "unit":
                return sigmoid_unit(X, y, loss=loss, eps=self.eps, bound=self.bound, method="newton").w
            case "unit-stopped-early":
                rate = 1.0 if loss == "cross-entropy" else 1.0 / y.shape[-1]
                steps: dict[str, Any] = {"method": "descent", "learning_rate": rate, "max_steps": self.max_steps}
                return sigmoid_unit(X, y, loss=loss, eps=self.eps, **steps).w
            case _:
                return called(self.rule, X, y)


def called(place: str, X: Floats, y: Floats) -> Floats:
    """Return the weights that a user's own rule gives."""
    function = load(place)
    try:
        answer = function(X.copy(), y.copy())  # what it does to them is its own affair
    except Exception as error:
        raise BadInput(f"`rule` {place} failed: {told(error, place)}") from error
    w = as_floats(f"rule {place}", getattr(answer, "w", answer))
    if w.shape != (*X.shape[:-2], X.shape[-1] + 1):
        expected = (*X.shape[:-2], X.shape[-1] + 1)
        raise BadInput(f"`rule` {place} must give weights of shape {expected}, the bias last; got {w.shape}")
    return w


def load(place: str) -> Any:
    """Return the callable that "module:function" names, or raise `BadInput`."""
    module, _, name = place.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"`rule` must be one of {', '.join(RULES)}, or module:function; got {place} ({error})") from None
    except Exception as error:
        raise BadInput(f"`rule` {place} failed: {told(error, place)}") from error
    if not callable(function):
        raise BadInput(f"`rule` must name a callable (X, y); got {place}, of type {type(function).__name__}")
    return function


def told(error: Exception, place: str) -> str:
    """Return what went wrong in a user's own rule, and the last line of its own module that it went through."""
    module = place.partition(":")[0].rpartition(".")[2]
    frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    lines = [f" ({file.name}:{line})" for file, line in frames if module in (file.stem, file.parent.name)]
    return f"{type(error).__name__}: {error}{''.join(lines[-1:])}"


def own_code(place: str) -> Loaded:
    """Return what the modules mean that a user's own rule is named in, that it is from, and that these load."""
    names = {place.partition(":")[0], getattr(load(place), "__module__", None) or ""}
    return loaded_code(names - {""})
