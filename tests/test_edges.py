"""Whatever a public function is given: a valid answer in bounded time, or one line that names the argument."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from study.analysis.comparison import Settings
from study.certificates.reading import Refused
from study.checks import BadInput
from study.datasets.generators import make_boxes
from study.datasets.published import four_points
from study.datasets.table import read_table
from study.law.conflict import Spoilt, spoilt
from study.sweeps.grid import Setting
from study.sweeps.rules import Perceptron
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.graph import Node

ROOMS = ("datasets", "trainers", "analysis", "law", "certificates", "sweeps")
POINTS = four_points(2.0)
X, Y = POINTS.X, POINTS.y
W, V = np.array([2.0, 0.1, 1.0]), np.array([1.0, -0.2, 0.5])
TWELVE = make_boxes(12, rng=np.random.default_rng(1))
TEXT = "x,z,n,kind\n1,0,1,a\n2,1,2,a\n-1,3,1,b\n"
FRAME = pd.DataFrame({"x": [1.0, 2.0, -1.0], "z": [0.0, 1.0, 3.0], "kind": ["a", "a", "b"]})
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


SET = {"X": X, "y": Y}
JUDGED = {"w": W, **SET}
LAW = {"points": conflict(), "loss": "cross-entropy", "weight_bound": 3.0}
UNIT = {"loss": "quadratic", "eps": 0.1, "sample_weight": [1.0, 2.0, 1.0, 1.0]}

CALLS: dict[str, dict[str, Any]] = {
    "datasets.dataset.Dataset": {**SET, "is_spoiler": [False, False, False, True], "name": "four", "frame": None},
    "datasets.dataset.check_points": SET,
    "datasets.generators.make_boxes": {
        "n_samples": 6, "n_features": 2, "gap": 1.0, "length": 2.0, "spread": 2.0, "balance": 0.5, "rotation": "none",
        "scale": 1.0, "size": (2,), "rng": rng(),
    },
    "datasets.generators.make_gaussians": {
        "n_samples": 6, "n_features": 2, "margin": 0.5, "gap": 2.0, "spread": 1.0, "balance": 0.5, "normal": [1.0, 0.0],
        "scale": 1.0, "size": 3, "rng": rng(),
    },
    "datasets.published.three_points": {},
    "datasets.published.four_points": {"t": [1.0, 2.0]},
    "datasets.resampling.bootstrap": {"pool": POINTS, "size": 3, "rng": rng()},
    "datasets.resampling.subsample": {"pool": POINTS, "n_samples": 3, "size": 2, "rng": rng()},
    "datasets.spoilers.add_spoilers": {
        "base": TWELVE, "n_spoilers": 2, "rate": None, "depth": 0.2, "offset": 0.0, "both_classes": False,
        "jitter": (0.1, 0.1), "rng": rng(),
    },
    "datasets.spoilers.replace_by_spoilers": {
        "base": TWELVE, "rate": 0.2, "depth": 0.2, "offset": 0.5, "jitter": 0.05, "rng": rng(),
    },
    "datasets.table.read_table": {
        "text": TEXT, "label": "kind", "positive": "b", "features": ["x", "z"], "without": ["z"], "weight": "n",
    },
    "datasets.table.refuse_contradiction": {"table": read_table(TEXT, "kind")},
    "datasets.table.standardised": {"points": TWELVE},
    "trainers.best_separator.best_separator": {**SET, **UNIT, "bound": Bound("box", 3.0)},
    "trainers.centroid.nearest_centroid": SET,
    "trainers.fit.Bound": {"shape": "box", "weight_bound": 3.0},
    "trainers.graph.Node": {"value": 2.0},
    "trainers.graph.sensitivities": {"output": Node(2.0) * Node(3.0)},
    "trainers.layers.n_weights": {"n_features": 2, "layers": (3, 1)},
    "trainers.layers.initial_weights": {"n_features": 2, "layers": (3, 1), "scale": 1.0, "size": (2,), "rng": rng()},
    "trainers.layers.outputs": {"w": np.ones(13), "X": X, "layers": (3, 1)},
    "trainers.max_margin.max_margin": SET,
    "trainers.network.network": {
        **SET, **UNIT, "layers": (2, 1), "w0": np.linspace(-1, 1, 9), "bound": Bound("box", 3.0), "method": "spectral",
        "learning_rate": None, "max_steps": 50, "tol": 1e-6,
    },
    "trainers.perceptron.perceptron": {
        **SET, "w0": V, "order": "random", "rng": rng(), "keep": "pocket", "max_updates": 50, "max_passes": 50,
    },
    "trainers.sigmoid_unit.sigmoid_unit": {
        **SET, **UNIT, "bound": Bound("ball", 3.0), "w0": V, "method": "descent", "learning_rate": 0.1, "max_steps": 50,
        "tol": 1e-6, "record_path": True,
    },
    "trainers.soft_margin.soft_margin": {**SET, "C": 1.0, "max_passes": 50, "tol": 1e-3},
    "analysis.bias_variance.wrong_counts": {"w": np.tile(W, (8, 1)), **SET, "n_groups": 4},
    "analysis.bias_variance.differing_counts": {
        "w": np.tile(W, (8, 1)), "v": np.tile(V, (8, 1)), "X": X, "n_groups": 4,
    },
    "analysis.bias_variance.group_sizes": {"n_resamples": 20, "n_groups": 4},
    "analysis.bias_variance.decompose": {"wrong": COUNTS, "n": SIZES},
    "analysis.bias_variance.estimate": {"wrong": COUNTS, "n": SIZES, "level": 0.9},
    "analysis.bias_variance.difference": {"wrong": COUNTS, "other": COUNTS[::-1], "n": SIZES, "level": 0.9},
    "analysis.bias_variance.holm": {"p_values": [0.1, 0.02]},
    "analysis.boundary.boundary_sums": {"w": [W, V]},
    "analysis.boundary.boundary_spread": {"sums": np.array([2.0, 0.0, 1.5, 0.5, 0.1, 0.2, 0.3])},
    "analysis.comparison.compare": {
        "table": read_table(TEXT, "kind"), "advance": None, "settings": Settings(
            bounds=(Bound("box", 2.0),), loss="quadratic", eps=0.1, standardise=True, max_updates=50, max_passes=50
        ),
    },
    "analysis.comparison.compare_perceptron": {
        "points": POINTS, "separable": True, "max_updates": 50, "max_passes": 50, "advance": None,
    },
    "analysis.comparison.compare_unit": {
        "points": POINTS, "loss": "quadratic", "eps": 0.1, "bound": Bound("box", 2.0), "separable": True,
    },
    "analysis.comparison.telling_plane": {"points": POINTS, "unit": W, "other": V},
    "analysis.comparison.usual_passes": {"points": POINTS},
    "law.conflict.spoilt": {**SET, "is_spoiler": [False, False, False, True], "shape": "ball"},
    "law.conflict.largest_margin": {
        "base": conflict().base, "spoilers": conflict().spoilers, "shape": "box", "lift": 0.5,
    },
    "analysis.influence.angle": {"w": W, "v": V},
    "analysis.influence.moved": {"w": W, "v": V, "X": X},
    "analysis.influence.moved_without": {"train": train, **SET, "w": W, "samples": [0, 3]},
    "law.bound.kappa": {"mu": 0.2},
    "law.bound.asymptote": LAW,
    "law.bound.error_rate": {"points": conflict(), "loss": "quadratic"},
    "law.bound.fits_from": {"points": conflict(), "loss": "quadratic"},
    "law.bound.predicted": LAW,
    "law.bound.sandwich": LAW,
    "analysis.margin.functional_margins": JUDGED,
    "analysis.margin.scaled": JUDGED,
    "analysis.margin.geometric_margin": JUDGED,
    "analysis.margin.radius": {"X": X},
    "analysis.margin.novikoff_bound": JUDGED,
    "analysis.separation.separates": JUDGED,
    "analysis.separation.training_error": JUDGED,
    "analysis.separability.is_separable": SET,
    "analysis.separability.separability": {**SET, "guess": V},
    "law.several_spoilers.least_hinge": {"points": conflict(), "margin": 0.2},
    "law.several_spoilers.fewest_lost": {"points": conflict(), "margin": 0.2},
    "law.several_spoilers.soft_rate": {"points": conflict()},
    "law.several_spoilers.soft_threshold": {"points": conflict(), "eps": 0.1},
    "analysis.stability.angle_swing": {"w": W, "v": V},
    "analysis.stability.offset_swing": {"w": W, "v": V},
    "analysis.stability.disagreement": {"w": W, "v": V, "X": X},
    "analysis.stability.leave_one_out": {
        "train": train, "X": TWELVE.X, "y": TWELVE.y, "X_test": X, "y_test": Y,
    },
    "law.thresholds.threshold": LAW,
    "certificates.checker.check": {"text": '{"kind": "separability"}'},
    "certificates.fold.fold_near": {
        "X": X, "motion": np.zeros((4, 2)), "y": Y, **UNIT, "w0": W, "t0": 1.0,
    },
    "certificates.search.verdict": {**SET, **UNIT, "weight_bound": 3.0, "judged": [0, 1, 2], "max_cells": 50},
    "certificates.stationary.stationary_points": {
        **SET, **UNIT, "weight_bound": 3.0, "everywhere": False, "max_cells": 50,
    },
    "sweeps.executors.executor": {"workers": 1, "scheduler": None, "processes": False},
    "sweeps.grid.Setting": {
        "generator": "boxes", "n_samples": 20, "n_features": 2, "spoiler_rate": 0.1, "depth": 0.4, "offset": 0.5,
        "features": "raw", "resampling": "fresh",
    },
    "sweeps.grid.Sweep": {
        "settings": [Setting()], "rules": [Perceptron()], "resamples": 40, "n_test": 10, "seed": 1,
    },
    "sweeps.rules.Unit": {"loss": "quadratic", "eps": 0.1, "shape": "box", "weight_bound": 3.0},
    "sweeps.rules.UnitStoppedEarly": {"loss": "quadratic", "eps": 0.1, "max_steps": 5},
    "sweeps.rules.PocketPerceptron": {"max_steps": 5},
    "sweeps.rules.SoftMargin": {"C": 1.0},
    "sweeps.rules.OwnRule": {"place": "mine:rule"},
}  # fmt: skip

INNER = {
    "datasets.arguments": {"checked"},
    "datasets.generators": {"leading_axes"},
    "datasets.dataset": {"as_floats", "as_integers", "check_broadcast", "check_finite", "check_one_set", "check_pair",
                         "check_room", "check_shape", "check_weights",
                         "leading_shape", "read_only"},
    "trainers.bounded": {"kkt_residual", "minimise", "one_set", "slsqp", "slsqp_of_unit"},
    "trainers.fit": {"Fit", "check_start", "settled"},
    "trainers.graph": {"as_node"},
    "trainers.log_loss": {"least_loss", "log_loss", "log_loss_of_margin"},
    "trainers.layers": {"backward", "check_layers", "forward", "one_output", "value_and_gradient", "weight_matrices"},
    "trainers.losses": {"check_eps", "check_sample_weight", "check_targets", "convention", "loss_of_margin",
                        "objective"},
    "trainers.solvers": {"descend", "l_bfgs_b", "newton"},
    "law.conflict": {"check_one_spoiler"},
    "analysis.interval": {"mean", "middle", "rate", "wilson"},
    "analysis.stability": {"angle_between"},
    "certificates.balls": {"cells", "dot", "krawczyk", "shown"},
    "certificates.critical": {"fold", "stationary"},
    "certificates.enclosure": {"enclosed", "is_contraction", "optimum_near"},
    "certificates.problem": {"problem_of"},
    "certificates.reading": {"as_index", "as_list", "constant", "distinct", "fields", "fraction", "labelled", "number",
                             "numbers", "require"},
    "certificates.stationary": {"hull_bound"},
    "sweeps.digest": {"code_digest", "exports", "meaning"},
    "sweeps.executors": {"prepare"},
    "sweeps.experiment": {"add_up", "by_part", "concatenate"},
    "sweeps.files": {"parse_json", "read_file"},
    "sweeps.grid": {"numbers", "rows", "run", "scaled_features", "tables"},
    "sweeps.loaded": {"loaded_code"},
    "sweeps.locks": {"alone", "temporary_folder"},
    "sweeps.pilot": {"expected_seconds", "size", "spread"},
    "sweeps.rules": {"blanks", "describe_failure", "make_rules", "option", "prefixed_last", "read_rule",
                     "rule_options"},
    "sweeps.runner": {"block_key", "compute", "experiment_digest", "run_experiment"},
    "sweeps.store": {"forget", "load_block", "save_block", "write_file"},
    "sweeps.streams": {"stream"},
}  # fmt: skip
"""What the functions above call with what they have checked; tests of their own hold them."""

UNDEFINED = {
    "analysis.influence.angle",
    "analysis.influence.moved",
    "analysis.influence.moved_without",
    "analysis.margin.functional_margins",
    "analysis.margin.geometric_margin",
    "analysis.margin.novikoff_bound",
    "analysis.margin.scaled",
    "analysis.stability.angle_swing",
    "analysis.stability.offset_swing",
    "trainers.layers.outputs",
}
"""Their docstrings say where the answer is NaN."""

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
    Bound("ball", 1e200), Bound("box", 1e-300), rng(), Node(1.0), Stop.STALLED, -5, 10**9, 10**18, (1.0, -1.0),
    (0.1, 0.2), (10**6, 10**6), (2, 2), (0,), (-1,), (3, 1), (1,), (1, 2), (10**5, 10**5, 1),
]  # fmt: skip
ANY_ARRAY: Any = arrays(
    st.sampled_from([np.dtype(kind) for kind in ("f8", "f4", "i8", "?", "c16", "U2")]),
    array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
ANYTHING = st.sampled_from(STRANGE) | ANY_ARRAY | st.floats() | st.integers() | st.text(max_size=3)


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public functions of the rooms, and the classes that check what they are given."""
    for room in ROOMS:
        for module in pkgutil.iter_modules(import_module(f"study.{room}").__path__):
            found = import_module(f"study.{room}.{module.name}")
            for name, value in vars(found).items():
                own = getattr(value, "__module__", None) == found.__name__ and not name.startswith("_")
                if own and (inspect.isfunction(value) or hasattr(value, "__post_init__")):
                    yield f"{room}.{module.name}.{name}", value


PUBLIC = dict(functions())


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


def judge(name: str, arguments: dict[str, Any]) -> None:
    """Call a function, and fail unless it answers as it should."""
    function = PUBLIC[name]
    try:
        answer = function(**arguments)
        if name == "sweeps.executors.executor":
            with answer:
                pass
    except (BadInput, Refused) as bad:
        message, answer = str(bad), bad
    if not isinstance(answer, BadInput | Refused):
        assert is_valid(answer, undefined=name in UNDEFINED), answer
        return
    assert len(message.splitlines()) == 1
    assert len(message) < 1100
    named = any(f"`{argument}" in message for argument in inspect.signature(function).parameters)
    assert named or name.endswith((".check", ".read_table")), message


def test_every_public_function_has_an_entry() -> None:
    inner = {f"{module}.{name}" for module, names in INNER.items() for name in names}
    assert set(PUBLIC) == set(CALLS) | inner
    for name in CALLS:
        assert PUBLIC[name].__doc__


@pytest.mark.parametrize("name", CALLS)
def test_the_entry_itself_is_answered(name: str) -> None:
    if name != "certificates.checker.check":
        assert is_valid(PUBLIC[name](**CALLS[name]), undefined=False)


LONG = "certificates.stationary.stationary_points"


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n == LONG else ()) for n in CALLS])
def test_one_strange_argument(name: str) -> None:
    for argument in CALLS[name]:
        for value in STRANGE:
            if argument in ("train", "advance") and callable(value):
                continue  # what a function of the caller's own raises is the caller's
            judge(name, CALLS[name] | {argument: value})


@pytest.mark.parametrize("name", [name for name in CALLS if CALLS[name]])
def test_any_arguments(name: str) -> None:
    @settings(max_examples=40)
    @given(st.dictionaries(st.sampled_from(sorted(CALLS[name])), ANYTHING, min_size=1, max_size=3))
    def held(strange: dict[str, Any]) -> None:
        judge(name, CALLS[name] | strange)

    held()
