"""Estimators in a sweep: how they are made, what they may predict, and that a plain loop finds the same."""

import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from study.analysis.bias_variance import PARTS
from study.checks import BadInput
from study.datasets.dataset import Dataset
from study.sweeps import grid
from study.sweeps.grid import count_wrong, train_on_pool
from study.sweeps.own_estimators import find_maker, fit_each, read_options, seeded
from study.sweeps.own_rule import OwnRule
from study.sweeps.rule import Rule
from study.sweeps.rules import Network, Perceptron, Unit
from study.sweeps.settings import PoolSetting, Setting
from study.trainers.layers import outputs

SETS = Setting(n_samples=30, n_features=3, spoiler_rate=0.2).draw(4, np.random.default_rng(2))
POOL = Dataset(X=SETS.X[0], y=SETS.y[0], name="pool")
MODEL = make_pipeline(StandardScaler(), LogisticRegression())


def logistic(C: float = 1.0, **more: Any) -> LogisticRegression:
    return LogisticRegression(C=C, **more)


class Predicting:
    """Predict what it is told to."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def fit(self, *_: Any) -> "Predicting":
        warnings.warn("of no matter", stacklevel=1)
        return self

    def predict(self, Z: Any) -> Any:
        return [self.answer] * len(Z) if isinstance(self.answer, int | float | str) else self.answer


class Raising(Predicting):
    def fit(self, *_: Any) -> "Predicting":
        raise RuntimeError("two\nlines")


class Unlike:
    """No estimator."""


def own(name: str, given: str = "") -> OwnRule:
    return OwnRule(place=f"tests.sweeps.test_own_estimators:{name}", given=given)


def test_options_are_pythons_values_or_words() -> None:
    text = "C=10,kernel=rbf,solver=newton-cg,size=(4,2),none=None"
    expected = {"C": 10, "kernel": "rbf", "solver": "newton-cg", "size": (4, 2), "none": None}
    assert read_options(text) == expected
    assert OwnRule.read(f"a:b,{text}").settings == expected
    for bad in ("C", "C=1,C=2", "=1", "a b=1"):
        with pytest.raises(BadInput, match="options of a `rule` must be name=value, with commas between them; got "):
            read_options(bad)


@pytest.mark.parametrize(
    ("found", "given", "expected"),
    [
        (LogisticRegression, {"C": 3.0}, LogisticRegression(C=3.0)),
        (logistic, {}, LogisticRegression()),
        (logistic, {"C": 3.0, "tol": 0.1}, LogisticRegression(C=3.0, tol=0.1)),
        (MODEL, {"logisticregression__C": 3.0}, make_pipeline(StandardScaler(), LogisticRegression(C=3.0))),
    ],
)
def test_classes_factories_and_estimators_make_new_ones(found: Any, given: dict[str, Any], expected: Any) -> None:
    make = find_maker(found, given)
    assert make is not None
    assert repr(make()) == repr(expected)
    assert make() is not make()
    assert MODEL[-1].C == 1.0


def test_a_function_that_takes_points_is_no_factory() -> None:
    functions: list[Any] = [np.dot, lambda X, _: X, lambda *X: X]
    assert [find_maker(function, {}) for function in functions] == [None] * 3


def test_an_estimator_is_swept_as_a_plain_loop_does() -> None:
    setting = PoolSetting.of(POOL.y, resampling="subsample")
    kept = setting.rows(POOL, 60, np.random.default_rng(4), grid.N_GROUPS)
    counts = counted([own("MODEL")], size=60, **asdict(setting))
    (row,) = grid.rows(asdict(setting) | counts, [own("MODEL")])
    errors, right, r = np.zeros((2, 30, 2)), 0, 0
    for held in kept:
        fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(POOL.X[held], POOL.y[held])
        out = np.setdiff1d(np.arange(30), held)
        errors[r % 2, out] += np.stack([fitted.predict(POOL.X[out]) != POOL.y[out], np.ones(len(out))], axis=-1)
        right, r = right + fitted.score(POOL.X[held], POOL.y[held]) // 1, r + 1
    assert row["error"] == pytest.approx((errors[..., 0] / errors[..., 1]).mean())
    assert (row["separates"], row["n"], row["not_finite"], row["warned"]) == (right / 60, 60, 0.0, 0.0)
    assert row["error"] == pytest.approx(row["bias"] + row["unbiased_variance"] - row["biased_variance"])
    assert row["error"] == pytest.approx(row["kohavi_wolpert_bias"] + row["kohavi_wolpert_variance"], abs=0.05)
    assert row["no_boundary"] == 1.0
    assert all(np.isnan(row[blank]) for blank in ("dispersion", "angle_to_mean", "angle_rms", "offset_mean"))
    for part in PARTS:
        assert -1.0 <= row[f"{part}_low"] <= row[part] <= row[f"{part}_high"] <= 1.0


@pytest.mark.parametrize("forest", [RandomForestClassifier(2), make_pipeline(RandomForestClassifier(2))])
def test_a_random_state_that_nobody_has_chosen_is_drawn(forest: Any) -> None:
    make: Any = find_maker(forest, {})
    X = np.repeat(SETS.X[:1], 5, axis=0)  # one set, five times
    y = np.repeat(SETS.y[:1], 5, axis=0)
    first, again = (
        [fit.decide(SETS.X[1]).tolist() for fit in fit_each(make, X, y, np.random.default_rng(3))] for _ in range(2)
    )
    assert first == again
    assert len({tuple(answer) for answer in first}) > 1
    chosen: Any = find_maker(DecisionTreeClassifier, {"random_state": 0})
    assert seeded(chosen(), 7).random_state == 0
    assert seeded(Predicting(), 7).answer is None


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("Predicting", "answer=3", "it must predict the labels that it is trained on, -1 and 1; got 3"),
        ("Predicting", "answer=0.5", "it must predict the labels that it is trained on, -1 and 1; got 0.5"),
        ("Predicting", "answer=nan", "it must predict the labels that it is trained on, -1 and 1; got 'nan'"),
        ("Predicting", "answer=[1,-1]", r"it must predict a label for each of 30 points; got shape \(2,\)"),
        ("Predicting", "reply=1", r"failed: TypeError: .*unexpected keyword argument 'reply'"),
        ("Raising", "", r"failed: RuntimeError: two lines \(test_own_estimators.py:\d+\)$"),
        ("Unlike", "", "it must make an estimator with fit and predict; got one of type Unlike"),
    ],
)
def test_an_estimator_that_fails_is_named(name: str, given: str, message: str) -> None:
    rule = own(name, given)
    with pytest.raises(BadInput, match=f"`rule` {rule.rule.translate({91: '.', 93: '.'})}:? {message}"):
        count_wrong([rule], [SETS], POOL, np.random.default_rng(1), features="raw")


def counted(rules: list[Rule], size: int = 40, **values: Any) -> dict[str, Any]:
    records: Any = train_on_pool(size, np.random.default_rng(4), rules=rules, pool=POOL, **{"n_samples": 20} | values)
    return {name: array[0] for name, array in records["sweep"].items()}


def test_warnings_are_counted_and_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    found = counted([own("Predicting", "answer=1"), Perceptron()])
    assert found["warned"].tolist() == [40, 0]
    assert not len(recwarn)


def test_sets_that_are_held_a_few_at_a_time_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[Rule] = [Perceptron(max_passes=20), Unit(), own("LogisticRegression", "C=0.5")]
    whole = counted(rules, features="standardised")
    monkeypatch.setattr(grid, "AT_ONCE", 3 * 20 * 3)
    parts = counted(rules, features="standardised")
    assert whole.keys() == parts.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])


def test_a_network_is_the_best_of_its_starts_and_a_unit_of_one_layer() -> None:
    how: dict[str, Any] = {"optimiser": "adam", "rate": 0.05, "epochs": 30, "batch_size": 8}
    rng = np.random.default_rng(5)
    losses = []
    for restarts in (1, 8):
        fits: Any = Network(layers="2,1", activation="tanh", restarts=restarts, **how).train(SETS.X, SETS.y, rng)
        margins = np.array([fit.decide(X) for fit, X in zip(fits, SETS.X, strict=True)]) * SETS.y
        losses.append(np.logaddexp(0.0, -margins).mean(axis=-1))
    assert (losses[1] < losses[0]).mean() >= 0.75
    assert losses[1].mean() < losses[0].mean()
    unit = Unit(**how).train(SETS.X, SETS.y, np.random.default_rng(6))
    assert unit.shape == (4, 4)
    assert (np.abs(unit) <= 3.0).all()
    assert outputs(unit, SETS.X, (1,)).shape == SETS.y.shape


@pytest.mark.parametrize("kind", [Unit, Network])
def test_what_leaves_the_range_of_numbers_is_counted(kind: Any) -> None:
    rule = kind(shape="none", optimiser="descent", rate=1e300, decay=1e10, epochs=5, loss="quadratic")
    found = counted([rule])
    assert found["not_finite"].tolist() == [40]
    assert (found["wrong"][0] == found["groups"]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network(layers=""), "`layers` must be widths with commas between them, the last 1; got ''"),
        (lambda: Network(layers="4,2"), "`layers` must be widths .* got '4,2'"),
        (lambda: Network(layers="0,1"), "`layers` must be widths .* got '0,1'"),
        (lambda: Network(epochs=0), "`epochs` must be a whole number of at least 1; got 0"),
        (lambda: Unit(optimiser="adam", rate=0.0), "`rate` must be positive and finite; got 0.0"),
        (lambda: Unit(optimiser="adam", rate=float("nan")), r"`rate` must lie in \[0, inf\); got nan"),
        (lambda: counted([Unit(optimiser="adam", batch_size=21)]), "`batch_size` must not exceed the 20 samples"),
        (lambda: counted([Network(optimiser="adam", batch_size=21)]), "`batch_size` must not exceed the 20 samples"),
    ],
)
def test_what_an_optimiser_cannot_use_is_refused(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_options_without_a_use_are_blank() -> None:
    assert Unit(rate=0.5, epochs=7, decay=0.1) == Unit()
    assert Unit(optimiser="adam", momentum=0.9) == Unit(optimiser="adam")
    assert Network(decay=0.1) == Network()
    assert [rule.usual_block > 0 for rule in (Unit(), Unit(optimiser="adam"), Network(), own("logistic"))] == [
        True,
        *[False] * 3,
    ]
