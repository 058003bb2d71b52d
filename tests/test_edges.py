"""Whatever a public function is given: a valid answer in bounded time, or one line that names the argument."""

import dataclasses
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from itertools import compress
from operator import not_
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from study.analysis.comparison import Settings, compare
from study.analysis.limit_path import follow_path
from study.analysis.limits import WeightBound
from study.analysis.separability import separability
from study.certificates.reading import Refused
from study.checks import BadInput
from study.datasets.dataset import as_labels
from study.datasets.generators import make_boxes
from study.datasets.published import four_points
from study.datasets.table import read_table
from study.law.conflict import Spoilt, spoilt
from study.sweeps.rules import Perceptron
from study.sweeps.settings import Setting
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.graph import Node

PACKAGES = ("datasets", "trainers", "analysis", "law", "certificates", "sweeps")
POINTS = four_points(2.0)
X, Y = POINTS.X, POINTS.y
W, V = np.array([2.0, 0.1, 1.0]), np.array([1.0, -0.2, 0.5])
TWELVE = make_boxes(12, rng=np.random.default_rng(1))
TEXT = "x,z,n,kind\n1,0,1,a\n2,1,2,a\n-1,3,1,b\n"
FRAME = pd.DataFrame({"x": [1.0, 2.0, -1.0], "z": [0.0, 1.0, 3.0], "kind": ["a", "a", "b"]})
TABLE = read_table(TEXT, "kind")
SETTINGS = Settings(
    unit=WeightBound(shape="box", loss="quadratic", eps=0.1),
    limits=(2.0,),
    standardise=True,
    max_updates=50,
    max_passes=50,
)
UNIT = WeightBound(shape="ball", loss="cross-entropy", eps=0.0)
COUNTS = np.array([[1, 0, 2], [0, 1, 1], [2, 2, 0], [1, 1, 1]])
SIZES = np.array([5, 5, 5, 5])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def conflict(shape: Any = "box") -> Spoilt:
    return spoilt(
        [[1.0, 0.5], [2.0, -0.5], [-1.0, 0.3], [-2.0, 0.1], [-0.2, 1.5]], [1, 1, -1, -1, 1], [0, 0, 0, 0, 1], shape
    )


def train(X: Any, y: Any) -> Any:
    return (y[..., None] * np.concatenate([X, np.ones((*X.shape[:-1], 1))], axis=-1)).sum(axis=-2)


EXAMPLES: dict[str, Any] = {
    "X": X, "y": Y, "w": W, "v": V, "w0": V, "guess": V, "unit": W, "other": V, "X_test": X, "y_test": Y,
    "points": POINTS, "pool": POINTS, "base": TWELVE, "samples": [0, 3], "rows": np.arange(2, 6), "judged": [0, 1, 2],
    "is_spoiler": [False, False, False, True], "sample_weight": [1.0, 2.0, 1.0, 1.0], "bound": Bound("box", 3.0),
    "weight_bound": 3.0, "shape": "box", "eps": 0.1, "loss": "quadratic", "scale": 1.0, "level": 0.9, "n_groups": 4,
    "wrong": COUNTS, "n": SIZES, "layers": (3, 1), "n_features": 2, "n_samples": 4, "size": 2, "depth": 0.2,
    "rate": 0.2, "offset": 0.5, "t": [1.0, 2.0], "rng": rng(), "train": train, "max_steps": 50, "max_updates": 50,
    "max_passes": 50, "max_cells": 50, "tol": 1e-6, "learning_rate": None, "separable": True, "mu": 0.2, "margin": 0.2,
    "p_values": [0.1, 0.02], "lift": 0.5, "n_resamples": 20, "name": "four", "value": 2.0, "simplified": True,
    "example": "iris-setosa-virginica",
    "n_test": 10, "frame": None, "share": np.full(4, 0.25), "bias": "free", "ln_M": 3.0,
    "tail": "inverse", "C": 2.0, "Cs": 2.0, "step": 2.0, "n_pool": 4, "repeats": 2,
}  # fmt: skip
"""What an argument of this name may be, wherever a function stands; without one here, it stays at its default."""

LAW = {"points": conflict()}
SPECIAL: dict[str, dict[str, Any]] = {
    **{f"datasets.resampling.{name}": {"rows": [[0, 2], [3, 2]]} for name in ("left_out", "take_sets")},
    "datasets.resampling.fold_rows": {"n_folds": 2, "pool": TWELVE},
    "datasets.generators.make_boxes": {"size": (2,)},
    "datasets.generators.make_gaussians": {"normal": [1.0, 0.0]},
    "datasets.spoilers.add_spoilers": {"rate": None, "n_spoilers": 2, "offset": 0.0, "jitter": (0.1, 0.1)},
    "datasets.spoilers.replace_by_spoilers": {"jitter": 0.05},
    "datasets.cells.read_cells": {"text": TEXT, "delimiter": "comma"},
    "datasets.table.read_table": {
        "text": TEXT, "label": "kind", "positive": "b", "features": ["x", "z"], "without": ["z"], "weight": "n",
    },
    "datasets.table.contradiction": {"table": TABLE},
    "datasets.table.standardise": {"points": TWELVE},
    "analysis.comparison.compare_unit": {"unit": UNIT, "limit": 2.0},
    "analysis.comparison.Settings": {"unit": UNIT, "limits": [2.0], "standardise": True},
    "analysis.comparison.compare": {"table": TABLE, "settings": SETTINGS},
    "analysis.comparison.examine": {"comparison": compare(TABLE, SETTINGS)},
    "analysis.least_errors.least_errors": {"table": TABLE, "first": separability(TABLE.points.X, TABLE.points.y)},
    "analysis.limit_path.follow_path": {"unit": UNIT, "limits": [2.0], "tol": 0.1, "step": 0.5},
    "law.prices.price_rows": {
        "unit": UNIT, "limits": [2.0], "separability": separability(X, Y), "most_rows": 2,
        "path": follow_path(POINTS, UNIT, [2.0], step=0.5),
    },
    "trainers.graph.sensitivities": {"output": Node(2.0) * Node(3.0)},
    "trainers.layers.outputs": {"w": np.ones(13)},
    "trainers.layers.value_and_gradient": {"w": np.ones(13)},
    "trainers.network.network": {"layers": (2, 1), "w0": np.linspace(-1, 1, 9), "method": "spectral"},
    "trainers.optimiser.Optimiser": {"rule": "adam", "learning_rate": 0.1},
    "trainers.perceptron.perceptron": {"order": "random", "keep": "pocket"},
    "trainers.sigmoid_unit.sigmoid_unit": {"method": "descent", "learning_rate": 0.1, "record_path": True},
    "analysis.interval.wilson": {"hits": 3, "n": 4},
    "analysis.bias_variance.group_counts": {"found": np.eye(8, 5, dtype=bool)},
    "analysis.bias_variance.wrong_counts": {"w": np.tile(W, (8, 1)), "tested": np.eye(8, 4, dtype=bool)},
    "analysis.bias_variance.differing_counts": {"w": np.tile(W, (8, 1)), "v": np.tile(V, (8, 1))},
    "analysis.bias_variance.difference": {"other": COUNTS[::-1]},
    "analysis.boundary.boundary_sums": {"w": [W, V]},
    "analysis.boundary.boundary_spread": {"sums": np.array([2.0, 0.0, 1.5, 0.5, 0.1, 0.2, 0.3])},
    "analysis.stability.leave_one_out": {"X": TWELVE.X, "y": TWELVE.y},
    **{f"law.{name}": LAW for name in (
        "bound.asymptote", "bound.error_rate", "bound.fits_from", "bound.prediction", "bound.sandwich",
        "soft_targets.soft_rate", "soft_targets.soft_threshold", "thresholds.threshold", "penalty.ball_law",
        "penalty.penalised_optimum",
        "penalty.penalty_law", "penalty.penalty_thresholds", "share.insignificant_from", "share.share_near_threshold",
        "sweeping.quadratic_time_exponent", "sweeping.time_law", "sweeping.time_right", "tail.tail_law",
    )},
    "law.share.insignificant_from": {**LAW, "share": 0.05},
    "law.conflict.largest_margin": {"base": conflict().base, "spoilers": conflict().spoilers},
    "certificates.search.verdict": {"C": None},
    "certificates.problem.problem_of": {"C": None},
    "certificates.checker.check": {"text": '{"kind": "separability"}'},
    "certificates.stationary.stationary_points": {"X": X[:, :1], "max_cells": 5},
    "certificates.fold.fold_near": {"motion": np.zeros((4, 2)), "t0": 1.0},
    "sweeps.executors.executor": {"workers": 1},
    "sweeps.settings.Setting": {"n_samples": 20, "spoiler_rate": 0.1, "depth": 0.4},
    "sweeps.grid.Sweep": {"settings": [Setting()], "rules": [Perceptron()], "resamples": 40, "seed": 1, "pool": None},
    "sweeps.settings.PoolSetting": {"n_samples": 20},
    "sweeps.rules.Unit": {"shape": "box"},
    "sweeps.rules.read_rule": {"record": Perceptron().to_record()},
    "sweeps.rules.SoftMargin": {"C": 1.0},
    "sweeps.own_rule.OwnRule": {"place": "mine:rule"},
}  # fmt: skip
"""What else a function needs."""

STRANGE: list[Any] = [
    None, True, 0, 1, -1, 2, -7, 2.5, 0.0, -0.0, 1.0, 0.5, np.nan, np.inf, -np.inf, 1e200, -1e200, 1e-300, 5e-324,
    10**400, 2**63, 1j, np.float32(0.3), np.int8(3), np.array(2.0), np.complex64(1j), np.str_("box"), Decimal("0.1"),
    Fraction(1, 3), "", "1", "box", "a\nb", b"1", object(), object, len, date(2000, 1, 1), {}, {"a": 1}, set(), (), [],
    [[]], [[[]]], [1], [1, [2]], ["a"], [None], [1.0, None], "abc" * 1000, range(3), lambda: None, slice(None),
    np.zeros(0), np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((1, 1)), np.zeros((4, 2)), np.ones(4), -np.ones(4),
    np.ones(3), np.full(3, np.nan), np.full((4, 2), 1e200), np.full((4, 2), 1e-300), np.full((4, 2), np.inf),
    np.array([1.0, 2.0, "x"], object), np.array([1.0, None, 2.0], object), np.array(["a", "b"]), np.array([1j, 2.0]),
    np.array([1, -1, 1, -1], np.int8), np.array([True, False, True, True]), np.array(["2001-01-01"], "M8[D]"),
    np.ones((2, 3, 4, 2)), np.ones((5, 1, 4)), np.arange(10**5), np.zeros((3, 2, 4)), [[1.0, 2.0], [1e200, -1e200]],
    X * 1e200, X * 1e-300, X * 1e-160, X[:1], Y[:1], X[:3], np.stack([X, X]), np.stack([Y, Y, -Y]),
    X.astype(np.float16),
    X.astype(object), Y.astype(object), Y[None], np.asfortranarray(X), X[::-1], np.ma.masked_array(X, X > 0), FRAME,
    FRAME[:0], FRAME[:1], FRAME["x"], pd.Series(Y), POINTS, TWELVE, four_points([1.0, 2.0]), conflict("ball"), Bound(),
    Bound("ball", 1e200), Bound("box", 1e-300), rng(), Node(1.0), Stop.STALLED, -5, 2 * 10**9, 10**18, (1.0, -1.0),
    (0.1, 0.2), (10**6, 10**6), (2, 2), (0,), (-1,), (3, 1), (1,), (1, 2), (10**5, 10**5, 1),
]  # fmt: skip
ANY_ARRAY: Any = arrays(
    st.sampled_from([np.dtype(kind) for kind in ("f8", "f4", "i8", "?", "c16", "U2")]),
    array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
ANY_NUMBER = st.floats() | st.integers(max_value=10**3) | st.integers(min_value=10**10)  # between them is honest work
ANYTHING = st.sampled_from(STRANGE) | ANY_ARRAY | ANY_NUMBER | st.text(max_size=3)


def functions() -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes of the packages whose names have no underscore."""
    for package in PACKAGES:
        for module in pkgutil.iter_modules(import_module(f"study.{package}").__path__):
            found = import_module(f"study.{package}.{module.name}")
            for name, value in vars(found).items():
                own = getattr(value, "__module__", None) == found.__name__ and not name.startswith("_")
                if own and (inspect.isfunction(value) or dataclasses.is_dataclass(value)):
                    yield f"{package}.{module.name}.{name}", value


NAMED = dict(functions())
CHECKS = {name: getattr(function, "checks", {}) for name, function in NAMED.items()}
SAYS = "Raises\n    ------\n    BadInput"
PUBLIC = {name: NAMED[name] for name in NAMED if CHECKS[name] or SAYS in (NAMED[name].__doc__ or "")}
"""What is checked by its annotations, and what says that it checks by itself."""
MUCH_WORK = (
    *("law.sweeping.time_right", "analysis.limit_path.follow_path", "trainers.network.network"),
    *("certificates.stationary.stationary_points", "trainers.layers.value_and_gradient"),
)
"""For these a hundred strange values take over a second."""


def arguments(name: str) -> dict[str, Any]:
    """Return arguments that a function answers."""
    given = {}
    for argument, parameter in inspect.signature(PUBLIC[name]).parameters.items():
        example = (EXAMPLES | SPECIAL.get(name, {})).get(argument, parameter.default)
        assert example is not parameter.empty, f"{name} needs an example of `{argument}`"
        given[argument] = example
    return given


def is_valid(answer: Any, *, undefined: bool) -> bool:
    """Say whether an answer is whole: no NaN, but where a stop code or a docstring says so."""
    if isinstance(answer, Fit):
        shape = answer.stop.shape
        whole = answer.w.shape[:-1] == answer.loss.shape == answer.residual.shape == answer.n_updates.shape == shape
        said = np.isin(answer.stop, (Stop.NOT_FINITE, Stop.NOT_SEPARABLE))
        return bool(whole and (said | (np.isfinite(answer.w).all(axis=-1) & ~np.isnan(answer.loss))).all())
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, tuple | list):
        return all(is_valid(part, undefined=undefined) for part in answer)
    if isinstance(answer, np.ndarray | float):
        return bool(np.asarray(answer).dtype.kind in "biuf" and (undefined or not np.isnan(answer).any()))
    return True


def judge(name: str, given: dict[str, Any]) -> None:
    """Call a function, and fail unless it answers as it should."""
    function = PUBLIC[name]
    bad, answer = None, None
    try:
        answer = function(**given)
        if name == "sweeps.executors.executor":
            with answer:
                pass
    except (BadInput, Refused) as error:
        bad = str(error)
    names = [f"`{name}{end}" for name in inspect.signature(function).parameters for end in "`."]
    names += ["column ", "row ", "header"] if "text" in given else []  # what a table's own messages name
    assert bad is None or is_one_line(bad, names), bad
    assert is_valid(answer, undefined="NaN" in (function.__doc__ or "")), answer


def is_one_line(message: str, names: Iterable[str]) -> bool:
    """Say whether a message is one line that has one of these names."""
    named = any(name in message for name in names)
    return named and len(message.splitlines()) == 1 and len(message) < 1100


def refuses(check: Callable[[str, Any], Any], value: Any) -> bool:
    """Say whether a check refuses a value, and fail where it does so in other words than one line with the name."""
    message = None
    try:
        check("argument", value)
    except BadInput as bad:
        message = str(bad)
    assert message is None or is_one_line(message, ["`argument`"]), message
    return message is not None


def test_whatever_an_annotation_refuses_is_named_on_one_line() -> None:
    kinds = {
        str(parameter.annotation): CHECKS[name][argument]
        for name in PUBLIC
        for argument, parameter in inspect.signature(PUBLIC[name]).parameters.items()
        if argument in CHECKS[name]
    }
    assert len(kinds) > 40
    for kind, check in kinds.items():
        refused = [refuses(check, value) for value in STRANGE]
        assert any(refused) or kind == "typing.Any"


def test_whoever_takes_labels_takes_no_others() -> None:
    takers = [
        (name, argument)
        for name, function in NAMED.items()
        if callable(function) and not name.startswith("sweeps.")  # which draws its own
        for argument, parameter in inspect.signature(function).parameters.items()
        if argument.partition("_")[0] == "y" or as_labels in get_args(parameter.annotation)
        if ".check_" not in name and (inspect.isfunction(function) or name in PUBLIC)
    ]
    assert len(takers) > 20
    for name, argument in takers:
        assert name in PUBLIC, f"{name} takes labels unchecked: give it a check, or an underscore"
        with pytest.raises(BadInput, match=f"`{argument}` must hold -1 and .1 only; got 0"):
            PUBLIC[name](**arguments(name) | {argument: (Y + 1) / 2})


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in MUCH_WORK else n for n in PUBLIC])
def test_one_strange_argument(name: str) -> None:
    """What an annotation refuses is refused once; what it lets through is for the function."""
    usual = arguments(name)
    assert PUBLIC[name].__doc__
    assert is_valid(PUBLIC[name](**usual), undefined=False)
    for argument, check in CHECKS[name].items():
        refused = [refuses(check, value) for value in STRANGE]
        if any(refused):
            with pytest.raises(BadInput, match=f"`{argument}`"):
                PUBLIC[name](**usual | {argument: STRANGE[refused.index(True)]})
        for value in compress(STRANGE, map(not_, refused)):
            if not (argument in ("train", "advance", "of") and callable(value)):  # what these raise is the caller's
                judge(name, usual | {argument: value})


@pytest.mark.slow
@settings(max_examples=700)
@given(st.sampled_from([name for name in PUBLIC if CHECKS[name]]), st.data())
def test_any_arguments(name: str, data: st.DataObject) -> None:
    usual = arguments(name)
    strange = st.dictionaries(st.sampled_from(sorted(usual)), ANYTHING, min_size=1, max_size=3)
    judge(name, usual | data.draw(strange))
