"""What public functions refuse, and in which words: an argument is refused alike wherever it stands."""

import inspect
import re
from typing import Any

import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.published import four_points
from study.law.conflict import spoilt
from study.sweeps.rules import Perceptron
from study.trainers.fit import Bound
from study.trainers.optimiser import Optimiser
from tests.law.geometries import corners
from tests.test_edges import PUBLIC, X, Y, arguments

Rows = list[tuple[Any, str]]
Changes = list[tuple[dict[str, Any], str]]

NAN, INF = np.nan, np.inf
NUMBERS = "must be an array of numbers; got"
SHAPE = r"must have shape .*; got shape"
NUMBER: Rows = [
    ("1", "must be a number; got '1'"),
    (10**400, "must be a number; got 1000"),
    (np.zeros((40, 40)), "must be a number; got array"),
]


def said(words: str, *values: Any) -> Rows:
    """Return values with the words that refuse each of them."""
    return [(value, f"{words}; got {re.escape(str(value))}") for value in values]


WHOLE = said(r"must be a whole number of at least \d", 0, 2.5, NAN, INF, True) + NUMBER
LENGTH = said("must (be positive and finite|lie in .*)", 0.0, -2.0, INF, NAN) + NUMBER
FROM_ZERO = said(r"must (lie in \[0, inf\)|be positive and finite)", -0.1, NAN, INF) + NUMBER
WORD = said("must be one of .*, .*", "sideways")
EVERYWHERE: dict[str, Rows] = {
    "X": [
        (np.empty((0, 2)), r"must have shape .* at least one of each; got shape \(0, 2\)"),
        (np.empty((4, 0)), r"must have shape .* at least one of each; got shape \(4, 0\)"),
        ([1.0, 2.0, 3.0], rf"{SHAPE} \(3,\)"),
        ([[1.0, 2.0], [NAN, 0.0], [0.0, 0.0], [0.0, 0.0]], r"must be finite; got nan at index \(1, 0\)"),
        (np.full((4, 2), -INF), r"must be finite; got -inf at index \(0, 0\)"),
        ([["a"]], rf"{NUMBERS} list \(its type is str32\)"),
        ([[1.0], [1.0, 2.0]], rf"{NUMBERS} list \("),
        (np.ma.masked_greater(np.eye(4), 0.5), "must have no masked numbers; got 4 of them"),
    ],
    "y": [
        ([1, -1], rf"{SHAPE} \(2,\)"),
        ([1], rf"{SHAPE} \(1,\)"),
        ([0, 1, 1, 1], r"must hold -1 and \+1 only; got 0 at index \(0,\)"),
        ([1, 1, NAN, -1], r"must hold -1 and \+1 only; got nan at index \(2,\)"),
        ([1, 1, 1, 1], r"must (hold both classes in every set; got only \+1 in set \(\)|have shape \(12,\).*)"),
        (None, f"{NUMBERS} NoneType"),
    ],
    "w": [([1.0, 0.0], rf"{SHAPE} \(2,\)"), (1.0, rf"{SHAPE} \(\)"), ("up", f"{NUMBERS} str")],
    "w0": [([0.0, 0.0], rf"{SHAPE} \(2,\)"), (0.0, rf"{SHAPE} \(\)"), ("zeros", f"{NUMBERS} str")],
    "sample_weight": [
        ([1, 1, -2, 1], r"must be positive; got -2\.0"),
        ([1, 1, 0, 1], r"must be positive; got 0\.0"),
        ([1, 1, INF, 1], r"must be finite; got inf at index \(2,\)"),
        ([1, 1], rf"{SHAPE} \(2,\)"),
        ("balanced", f"{NUMBERS} str"),
    ],
    "t": [*LENGTH[:4], ([1.0, INF], "must be positive and finite; got inf"), ("far", f"{NUMBERS} str")],
    "layers": [
        ((), "must hold the width of at least one layer; got an empty list"),
        ((0, 1), "must be a whole number of at least 1; got 0"),
    ],
    "bound": said("must be a Bound", None, 3.0),
    "rng": said("must be a Generator", 0),
    "value": [*said("must be finite", NAN, INF), NUMBER[0]],
    "eps": said(r"must lie in .0, 1/2\)", 0.5, -0.1, NAN) + NUMBER,
    "balance": said(r"must lie in \(0, 1\)", 0.0, 1.0, NAN) + NUMBER,
    "rate": said(r"must lie in .0, .*\)", -0.1, NAN) + NUMBER,
    "spoiler_rate": said(r"must lie in \[0, 1\)", 1.0, NAN) + NUMBER,
    "size": [*WHOLE[:2], ("2", "must be a number; got '2'")],
    "gap": said("must .*", -1.0, NAN, INF) + NUMBER,
    "jitter": [
        *FROM_ZERO[:3],
        ((0.0, -1.0), r"must lie in \[0, inf\); got -1"),
        ("much", "must be a number; got 'much'"),
    ],
    "depth offset": [*FROM_ZERO, (None, "must be a number; got None")],
    "tol": FROM_ZERO,
    "spread scale length margin weight_bound C learning_rate": LENGTH,
    "n_samples n_features n_spoilers max_steps max_cells": WHOLE,
    "max_updates max_passes": WHOLE[:2] + NUMBER,
    "loss method order keep shape": [*WORD, (["box"], "must be one of"), (X, "must be one of")],
    "resampling generator": WORD,
}
"""Values of arguments, and what is said of them by every function that takes one of these names."""
ANY_LABELS = ("trainers.layers.value_and_gradient", "trainers.losses.objective", "analysis.bias_variance.wrong_counts")
"""Functions that take one class alone."""
NO_END = [f"sweeps.rules.{kind} 0" for kind in ("Perceptron", "RandomPerceptron", "AveragedPerceptron")]
"""Budgets that may be none."""

ORTHOGONAL = "`rotation` must be none, random or an orthogonal matrix"
NORMAL = "`normal` must be a finite vector of 2 features, not all zero; got"
TURN = np.array([[0.6, -0.8], [0.8, 0.6]])
STACK = four_points([1.0, 2.0, 3.0])
STARTS: Changes = [
    ({"w0": np.zeros((0, 3))}, r"`w0` must not be empty; got shape \(0, 3\)"),
    ({"w0": [0.0, INF, 0.0]}, r"`w0` must be finite; got inf at index \(1,\)"),
]  # fmt: skip
ADAM: dict[str, Any] = {"rule": "adam", "learning_rate": 0.1}
TWO_SPOILERS = {"points": spoilt(np.vstack([corners()[0], [-0.5, 1.6]]), [*corners()[1], 1], np.arange(10) > 7, "box")}
NO_THRESHOLD = (
    {"loss": "threshold-quadratic"},
    "`loss` must be one of (quadratic|cross-entropy), [a-z-, ]*; got threshold",
)
OF_LAW: Changes = [(TWO_SPOILERS, "must hold one spoiler"), NO_THRESHOLD]
FLAGS = r"`is_spoiler` must flag some of the 4 samples"
FOUR = {"X": X, "y": Y}
OWN: dict[str, Changes] = {
    "datasets.dataset.Dataset": [
        ({"X": [X, X], "y": [Y, [1] * 4], "is_spoiler": None}, r"both classes .*; got only \+1 in set \(1,\)"),
        ({"X": np.ones((2, 4, 1)), "y": np.ones((3, 4))}, r"`y` must have shape \(2, 4\).* got shape \(3, 4\)"),
        ({"is_spoiler": [0, 0, 0, 1]}, r"`is_spoiler` must be bool of shape \(4,\); got int64 of shape \(4,\)"),
        ({"is_spoiler": [True]}, r"`is_spoiler` must be bool of shape \(4,\); got bool of shape \(1,\)"),
        ({"name": ""}, "`name` must be a word; got ''"),
    ],
    "datasets.generators.make_boxes": [
        ({"n_samples": 1}, "`n_samples` must be a whole number of at least 2; got 1"),
        ({"gap": 0.0}, "`gap` must be positive and finite; got 0.0"),
        ({"size": (2, 1.5)}, "`size` must be a whole number of at least 1; got 1.5"),
        ({"rotation": "left"}, f"{ORTHOGONAL}; got left"),
        ({"rotation": [[1.0], [0.0, 1.0]]}, "`rotation` must be an array of numbers; got list"),
        *(
            ({"rotation": matrix}, rf"{ORTHOGONAL} of shape \(2, 2\); got")
            for matrix in (np.eye(3), [[1.0, 0.1], [0.0, 1.0]], 2 * TURN, (1 - 1e-6) * TURN, NAN * TURN)
        ),
    ],
    "datasets.generators.make_gaussians": [
        ({"n_samples": 1}, "`n_samples` must be a whole number of at least 2; got 1"),
        ({"normal": [0.0, 0.0]}, rf"{NORMAL} \[0. 0.\]"),
        ({"normal": [1.0, 0.0, 0.0]}, rf"{NORMAL} \[1. 0. 0.\]"),
        ({"normal": [INF, 1.0]}, rf"{NORMAL} \[inf +1.\]"),
    ],
    "datasets.resampling.bootstrap": [({"pool": STACK}, "`pool` must be one set")],
    "datasets.resampling.subsample": [({"n_samples": 5}, "must not exceed the 4 points of the pool; got 5")],
    "trainers.fit.Bound": [
        ({"weight_bound": INF}, "`weight_bound` must be positive and finite; got inf"),
        ({"shape": "none"}, r"`weight_bound` must be left out where `shape` is none; got 3\.0"),
    ],
    "trainers.perceptron.perceptron": [
        *STARTS, ({"rng": None}, "`rng` must be a numpy Generator where `order` is random; got None"),
        *(({name: value}, f"`{name}` must be a whole number of at least 1; got {value}")
          for name in ("max_updates", "max_passes") for value in (NAN, INF, True)),
    ],
    "trainers.sigmoid_unit.sigmoid_unit": [
        *STARTS,
        ({"learning_rate": None}, "`learning_rate` must be given for method descent; got None"),
        ({"method": "newton", "record_path": False}, "`learning_rate` must be left out for method newton; got 0.1"),
        ({"method": "L-BFGS-B", "learning_rate": None}, "`record_path` must be left out for method L-BFGS-B; got True"),
    ],
    "trainers.network.network": [
        ({"layers": (2, 2)}, r"`y` must hold classes 0 to 1; got -1 at index"),
        ({"layers": (3,), "y": np.full(4, 2), "w0": np.zeros(9)}, "two classes at least in every set; got only 2 in"),
        ({"layers": (3,), "y": [0, 1, 2, 2]}, "`loss` must be cross-entropy with `eps` 0 for sev"),
        ({"method": Optimiser(**ADAM, batch_size=5)}, "`batch_size` must not exceed the 4 samples of a set; got 5"),
        ({"method": Optimiser(**ADAM, batch_size=3), "rng": None}, "`rng` must be a numpy Generator where batches"),
        ({"method": Optimiser(**ADAM), "learning_rate": 0.1}, "`learning_rate` must be left out for method Optimiser"),
        ({"w0": np.full(9, NAN)}, "`w0` must be finite; got nan"),
        ({"method": "descent"}, "`learning_rate` must be given for method descent; got None"),
        ({"learning_rate": 0.1}, "`learning_rate` must be left out for method spectral; got 0.1"),
        ({"bound": Bound("ball", 1.0), "method": "L-BFGS-B"}, "`bound` must be a box or none for method L"),
    ],
    "trainers.optimiser.Optimiser": [
        ({"momentum": 1.0}, r"`momentum` must lie in \[0, 1\); got 1.0"),
        ({"momentum": 0.5}, "`momentum` must be left out for rule adam; got 0.5"),
        ({"rule": "descent", "epsilon": 0.5}, "`epsilon` must be left out for rule descent; got 0.5"),
        ({"betas": (0.9, 1.0)}, r"`betas` must lie in \[0, 1\); got 1.0"),
        ({"weight_decay": -1.0}, r"`weight_decay` must lie in \[0, inf\); got -1.0"),
        ({"clip": 0.0}, "`clip` must be positive and finite; got 0.0"),
        ({"batch_size": 0}, "`batch_size` must be a whole number of at least 1; got 0"),
        *(({name: "linear"}, f"`{name}` must be one of .*; got linear") for name in ("rule", "schedule")),
    ],
    "trainers.best_separator.best_separator": [
        ({"bound": Bound(), "C": INF}, "must be one of box, ball; got none")
    ],
    "analysis.bias_variance.decompose": [({"n": [5, 0, 5, 0]}, "`n` must leave a resample in each half")],
    "analysis.stability.leave_one_out": [(FOUR, "each class at least twice")],
    "law.conflict.spoilt": [
        ({"X": X[None], "y": Y[None]}, "`X` must be one set"),
        ({"shape": "none"}, "`shape` must be one of box, ball, free-bias ball; got none"),
        *(({"is_spoiler": flags}, FLAGS) for flags in (np.zeros(4, bool), np.ones(4, bool), np.ones(3, bool))),
    ],
    **{f"law.bound.{name}": OF_LAW for name in ("asymptote", "prediction", "sandwich")},
    "law.thresholds.threshold": OF_LAW,
    "law.soft_targets.soft_rate": OF_LAW[:1],
    "law.soft_targets.soft_threshold": [*OF_LAW[:1], ({"eps": 0.0}, "`eps` must lie in")],
    "certificates.stationary.stationary_points": [
        NO_THRESHOLD, ({"everywhere": True, "weight_bound": 2.0}, "`weight_bound` must exceed 4.39"),
        ({"everywhere": True, "eps": 0.0}, "`weight_bound` must exceed inf"),
    ],
    "certificates.fold.fold_near": [NO_THRESHOLD, ({"motion": [[0.0]]}, "`motion` must have shape")],
    "sweeps.settings.Setting": [
        ({"n_samples": 3}, "`n_samples` must be a whole number of at least 4; got 3"),
        ({"depth": 0.9, "offset": 0.1}, "not certain to be separable"),
    ],
    "sweeps.grid.Sweep": [
        ({"settings": []}, "must hold one each at least; got 0 and 1"),
        ({"rules": [Perceptron(), Perceptron()]}, "`rule` must not hold the same rule twice"),
        ({"resamples": 39}, "`resamples` must be a whole number of at least 40; got 39"),
    ],
}  # fmt: skip
"""What a function says of arguments that no other takes, or that do not go together."""


def refusal(name: str, changed: dict[str, Any]) -> str:
    """Return what a function says on one line of arguments it must not take."""
    try:
        answer = PUBLIC[name](**arguments(name) | changed)
    except BadInput as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < 1050
        return message
    return f"{name} takes {changed} and answers {answer}"


def takers(*arguments: str) -> list[str]:
    """Return the public functions that have all of these arguments."""
    found = [name for name, function in PUBLIC.items() if {*arguments} <= set(inspect.signature(function).parameters)]
    assert found
    return found


@pytest.mark.parametrize("key", EVERYWHERE)
def test_an_argument_is_refused_alike_wherever_it_stands(key: str) -> None:
    for argument in key.split():
        for name in takers("w", "X") if argument == "w" else takers(argument):  # weights alone may be of any length
            infinite = inspect.signature(PUBLIC[name]).parameters[argument].default == INF  # allowed where it is usual
            for value, words in EVERYWHERE[key]:
                one_class = name in ANY_LABELS and np.array_equal(value, [1, 1, 1, 1])
                if not (
                    one_class or f"{name} {value}" in NO_END or (infinite and np.ndim(value) == 0 and value == INF)
                ):
                    assert re.match(f"`{argument}` {words}", refusal(name, {argument: value})), name


def test_stacks_that_do_not_go_together_are_refused() -> None:
    words = r"leading axes must broadcast; got .*`X` \(3,\)|must be one set|must have shape"
    for other in ("y", "w", "w0", "sample_weight", "share", "v"):
        for name in takers("X", other):
            usual = arguments(name)
            stacks = {"X": np.stack([usual["X"]] * 3), other: np.stack([usual[other]] * 2)}
            assert re.search(words, refusal(name, stacks)), name


@pytest.mark.parametrize("name", OWN)
def test_what_does_not_go_together_is_refused(name: str) -> None:
    for changed, words in OWN[name]:
        assert re.search(words, refusal(name, changed)), changed
