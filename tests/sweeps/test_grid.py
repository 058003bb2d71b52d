"""A sweep trains each rule on the same sets, and its table says what a plain loop finds."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.analysis.separation import separates
from study.checks import BadInput
from study.datasets.dataset import Dataset, Floats
from study.datasets.spoilers import PLACE
from study.sweeps.executors import executor
from study.sweeps.experiment import Experiment
from study.sweeps.grid import Pool, Sweep, prepare_cell, rows, train_rules
from study.sweeps.own_rule import OwnRule
from study.sweeps.rule import RULES
from study.sweeps.rules import (
    Network,
    PenalisedUnit,
    Perceptron,
    PocketPerceptron,
    SoftMargin,
    Unit,
    UnitStoppedEarly,
    make_rules,
)
from study.sweeps.runner import Place, run_experiment
from study.sweeps.settings import PoolSetting, Setting
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

VALUES: dict[str, list[Any]] = {"loss": ["quadratic"], "shape": ["ball"], "max_steps": [5]}
ALL = [rule for name in RULES for rule in make_rules(name, VALUES)]


def mine(X: Floats, y: Floats) -> Floats:
    """Train as a user's own rule: a perceptron."""
    return perceptron(X, y).w


def oops(*_: Floats) -> Floats:
    raise RuntimeError("oops")


def overwriting(X: Floats, y: Floats) -> Floats:
    X[...], y[...] = 0.0, 0.0
    return np.zeros((*X.shape[:-2], X.shape[-1] + 1))


def upright(X: Floats, *_: Floats) -> Floats:
    return np.broadcast_to([1.0, 0.0, 0.0], (*X.shape[:-2], 3))


def flat(X: Floats, *_: Floats) -> Floats:
    return np.zeros(X.shape[-1] + 1)


def interrupted(*_: Floats) -> Floats:
    raise KeyboardInterrupt


number = 3
ONE_SET = np.eye(2), np.array([1.0, -1.0])
OOPS = r"`rule` tests.sweeps.test_grid:oops failed: RuntimeError: oops \(test_grid.py:\d+\)$"


def swept(settings: list[Setting], rules: list[Any], **numbers: Any) -> Experiment:
    return Sweep(settings=settings, rules=rules, **({"resamples": 40, "n_test": 50} | numbers)).experiment()


def count(cell: dict[str, Any], size: int, rng: np.random.Generator, **options: Any) -> dict[str, Any]:
    """Return what a block counts of one setting."""
    records: Any = train_rules(size, rng, **cell, **options)
    return {name: array[0] for name, array in records["sweep"].items()}


def own(name: str) -> OwnRule:
    return OwnRule(place=f"tests.sweeps.test_grid:{name}")


def test_every_rule_runs_in_every_kind_of_setting(tmp_path: Path) -> None:
    settings = [
        Setting(n_samples=20, n_features=1),
        Setting(n_samples=20, n_features=3, features="centred", resampling="bootstrap"),
        Setting(n_samples=20, features="standardised", resampling="subsample", generator="gaussians", depth=0.3),
    ]
    table = run_experiment(swept(settings, ALL, resamples=60), "", Place(store=tmp_path)).tables[""]
    assert len(table) == 3 * len(ALL)
    assert (table["n"] == 60).all()
    assert table["error"].between(0.0, 1.0).all()
    assert ((table["bias"] + table["net_variance"] - table["error"]).abs() < 1e-12).all()
    assert (table[table["rule"] == "perceptron"]["separates"] == 1.0).all()


def test_spoilers_lie_where_the_study_puts_them() -> None:
    assert (Setting().depth, Setting().offset) == (PLACE["depth"], PLACE["offset"])


def test_rules_see_the_same_sets_whoever_is_with_them() -> None:
    cell: dict[str, Any] = {"n_samples": 30, "n_features": 2, "spoiler_rate": 0.05}
    rng = [np.random.default_rng(7) for _ in range(2)]
    alone = count(cell, 40, rng[0], rules=[Perceptron()], n_test=100)
    together = count(cell, 40, rng[1], rules=[Perceptron(), *ALL], n_test=100)
    assert (alone["wrong"][0] == together["wrong"][0]).all()


@pytest.mark.parametrize("features", ["raw", "centred", "standardised"])
def test_boundaries_are_judged_in_the_users_own_units(features: str) -> None:
    """A separator of the scaled features separates the raw ones."""
    cell: dict[str, Any] = {"n_samples": 30, "n_features": 2, "spoiler_rate": 0.1, "features": features}
    statistics = count(cell, 50, np.random.default_rng(8), rules=[Perceptron()], n_test=50)
    assert statistics["separates"].tolist() == [50]


@pytest.mark.parametrize(("rate", "n_spoilers"), [(0.0, 0), (0.001, 250), (0.3, 300), (0.9, 750)])
def test_spoilers_are_many_among_the_test_points_and_count_by_their_rate(rate: float, n_spoilers: int) -> None:
    setting = Setting(spoiler_rate=rate)
    points, weight = setting.test_points(1000), setting.test_weight(1000)
    beyond = (points.X[:, 0] < 0.0) & (points.y > 0.0)
    assert beyond.sum() == setting.n_test_spoilers(1000) == n_spoilers
    assert (weight[beyond].sum(), weight.sum()) == (pytest.approx(rate), pytest.approx(1.0))
    assert separates([1.0, 0.0, 0.0], points.X[~beyond], points.y[~beyond])
    other = Setting(spoiler_rate=rate, n_samples=20, features="centred").test_points(1000)
    assert (points.X == other.X).all()


def test_a_rule_that_loses_every_spoiler_errs_at_their_rate() -> None:
    cell = asdict(Setting(n_samples=20, spoiler_rate=0.02))
    statistics = count(cell, 40, np.random.default_rng(1), rules=[own("upright")], n_test=50)
    [row] = rows(cell | statistics, [own("upright")])
    assert (row["error"], row["bias"], row["variance"]) == (pytest.approx(0.02), pytest.approx(0.02), 0.0)
    assert (row["n_test"], row["n_test_spoilers"]) == (50, 12)


def test_a_users_own_rule_is_trained(tmp_path: Path) -> None:
    experiment = swept([Setting(n_samples=20)], [own("mine"), Perceptron()])
    table = run_experiment(experiment, "", Place(store=tmp_path)).tables[""]
    assert table["error"].nunique() == 1
    assert table["label"].tolist() == ["tests_sweeps_test_grid:mine", "perceptron"]


@pytest.mark.parametrize("kind", [Unit, partial(UnitStoppedEarly, max_steps=200)])
def test_soft_targets_tell_the_losses_apart(kind: Any) -> None:
    sets = Setting(n_samples=20, spoiler_rate=0.1).draw(50, np.random.default_rng(5))
    losses = ("quadratic", "threshold-quadratic")
    rng = np.random.default_rng(6)
    hard, soft, threshold = (
        kind(loss=loss, eps=eps).train(sets.X, sets.y, rng)
        for loss, eps in zip((losses[0], *losses), (0.0, 0.1, 0.1), strict=True)
    )
    assert np.abs(hard - soft).max() > 1e-3
    assert np.abs(threshold - soft).max() > 1e-3


@pytest.mark.parametrize(("name", "bias"), [("penalised-unit", "free"), ("penalised-unit-and-bias", "penalised")])
def test_a_penalised_unit_is_trained_as_named(name: str, bias: Any) -> None:
    sets, rng = Setting(n_samples=20, spoiler_rate=0.1).draw(5, np.random.default_rng(5)), np.random.default_rng(6)
    (rule,) = make_rules(name, {"C": [0.1]})
    expected = sigmoid_unit(sets.X, sets.y, C=0.1, bias=bias, method="newton").w
    np.testing.assert_array_equal(rule.train(sets.X, sets.y, rng), expected)
    assert rule.label == f"{name}_cross_entropy_0_1".replace("-", "_")


def test_soft_targets_stand_in_the_table_and_the_label() -> None:
    rules = [Unit(loss="quadratic", shape="box", weight_bound=3.0, eps=eps) for eps in (0.0, 0.05)]
    assert [rule.label for rule in rules] == ["unit_quadratic_box_3", "unit_quadratic_box_3_eps_0_05"]
    statistics = count({"n_samples": 20}, 40, np.random.default_rng(8), rules=rules, n_test=50)
    assert [row["eps"] for row in rows(asdict(Setting()) | statistics, rules)] == [0.0, 0.05]


def test_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    experiment = Sweep(settings=[Setting(n_samples=20)], rules=ALL[:3], resamples=400, n_test=50).experiment(20)
    texts = set()
    for workers in (1, 2, 5):
        with executor(workers) as (pool, _):
            place = Place(store=tmp_path / str(workers), executor=pool, workers=workers)
            texts.add(run_experiment(experiment, "", place).tables[""].to_csv())
    assert len(texts) == 1


def test_a_block_is_long_beside_what_it_costs_to_hand_out_and_fits_into_memory() -> None:
    def usual(*rules: Any, **values: Any) -> int:
        return swept([Setting(n_samples=50), Setting(**values)], list(rules), resamples=10**6).block_size

    assert usual(Perceptron(), n_samples=50) == 40_000
    assert usual(Perceptron(), PocketPerceptron(), Unit(weight_bound=1.0), n_samples=50) == 13_320
    assert usual(Perceptron(), n_samples=1000, n_features=20) == 200  # of 32 MB
    assert usual(Perceptron(), own("mine"), n_samples=50) == 1000
    assert usual(Perceptron(), Network(), n_samples=50) == 20


def test_a_seed_draws_other_sets(tmp_path: Path) -> None:
    def error(**seed: Any) -> float:
        experiment = swept([Setting(n_samples=20)], [Perceptron()], resamples=200, **seed)
        return float(run_experiment(experiment, "", Place(store=tmp_path)).tables[""]["error"][0])

    assert error() == error()
    assert error(seed=1) != error(seed=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_rules("perceptrons", {}), "`rule` must be one of unit, .*; got perceptrons"),
        (lambda: Unit(loss="hinge"), "`loss` must be one of .*; got hinge"),  # type: ignore[arg-type]
        (lambda: Unit(shape="cube"), "`shape` must be one of"),  # type: ignore[arg-type]
        (lambda: Unit(weight_bound=0.0), "`weight_bound` must be positive and finite; got 0"),
        (lambda: PocketPerceptron(max_steps=0), "`max_steps` must be a whole number of at least 1; got 0"),
        (lambda: SoftMargin(C=0.0), "`C` must be positive and finite; got 0"),
        (lambda: PenalisedUnit(C=0.0), "`C` must be positive and finite; got 0"),
        (lambda: UnitStoppedEarly(loss="threshold-quadratic"), r"`eps` must lie in \(0, 1/2\) for loss"),
        (lambda: UnitStoppedEarly(eps=0.5), r"`eps` must lie in \[0, 1/2\); got 0.5"),
        (lambda: OwnRule(place="mine"), "`place` must be module:name; got 'mine'"),
    ],
)
def test_bad_rules_are_refused(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


@pytest.mark.parametrize("rule", ["nowhere:mine", "tests.sweeps.test_grid:nothing", ":"])
def test_a_rule_that_is_not_there_is_refused(rule: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="`rule` must be one of"):
        run_experiment(swept([Setting(n_samples=20)], [OwnRule(place=rule)]), "", Place(store=tmp_path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("oops", OOPS),
        ("number", "`rule` must name an estimator or a callable .*; got tests.sweeps.test_grid:number, of type int"),
        ("flat", r"`rule` tests.sweeps.test_grid:flat must give weights of shape \(40, 3\), the bias last; got \(3,\)"),
    ],
)
def test_a_rule_that_fails_is_named(name: str, message: str) -> None:
    cell: dict[str, Any] = {"n_samples": 20}
    with pytest.raises(BadInput, match=message):
        count(cell, 40, np.random.default_rng(1), rules=[own(name)], n_test=50)


def test_a_module_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brokenrule.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    message = r"`rule` brokenrule:mine failed: ZeroDivisionError: division by zero \(brokenrule.py:2\)$"
    with pytest.raises(BadInput, match=message):
        OwnRule(place="brokenrule:mine").load()


def test_an_interrupt_of_a_rule_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt):
        own("interrupted").train(*ONE_SET, np.random.default_rng(1))


def test_a_rule_leaves_the_sets_as_they_are() -> None:
    X, y = (values.copy() for values in ONE_SET)
    own("overwriting").train(X, y, np.random.default_rng(1))
    assert (ONE_SET[0] == X).all()
    assert (ONE_SET[1] == y).all()


def test_what_a_cell_prepares_is_shared_and_follows_the_seed() -> None:
    setting, seed, test = prepare_cell(50, None, n_samples=20, spoiler_rate=0.05)
    assert (setting, seed) == (Setting(n_samples=20, spoiler_rate=0.05), {})
    assert prepare_cell(50, None, n_samples=20, spoiler_rate=0.05)[2] is test
    np.testing.assert_array_equal(test.X, setting.test_points(50).X)
    other = prepare_cell(50, 7, n_samples=20, spoiler_rate=0.05)
    np.testing.assert_array_equal(other[2].X, setting.test_points(50, seed=7).X)
    whole, real = (prepare_cell(50, None, spoiler_rate=rate)[2].X for rate in (0, 0.0))  # streams tell them apart
    assert not np.array_equal(whole, real)


TABLE = Setting(n_samples=30, n_features=3, spoiler_rate=0.2).draw(1, np.random.default_rng(2))
POOL = Pool(points=Dataset(X=TABLE.X[0], y=TABLE.y[0], name="pool"), source={"sha256": "0"})


def of_pool(*settings: PoolSetting, **numbers: Any) -> Sweep:
    return Sweep(
        settings=settings, rules=[Perceptron(), Unit()], pool=POOL, **({"resamples": 600, "n_test": 30} | numbers)
    )


@pytest.mark.parametrize("values", [{}, {"resampling": "subsample", "features": "standardised"}, {"folds": 5}])
def test_a_table_is_swept_as_a_plain_loop_does(values: dict[str, Any], tmp_path: Path) -> None:
    """Train on each set in turn, and test it on the rows that it leaves out."""
    X, y, setting = POOL.points.X, POOL.points.y, PoolSetting.of(POOL.points.y, **values)
    drawn: list[Any] = []

    class Keeping(PoolSetting):
        def rows(self, *given: Any) -> Any:
            drawn.append(super().rows(*given))
            return drawn[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("study.sweeps.grid.PoolSetting", Keeping)
        experiment = of_pool(Keeping(**asdict(setting))).experiment(600)
        table = run_experiment(experiment, "", Place(store=tmp_path)).tables[""]
    errors = np.zeros((2, 30, 2))  # of both halves: wrong, tested
    for r, held in enumerate(drawn[0]):
        out = np.setdiff1d(np.arange(30), held)
        centre, unit = (X[held].mean(axis=0), X[held].std(axis=0)) if setting.features != "raw" else (0.0, 1.0)
        w = perceptron((X[held] - centre) / unit, y[held]).w
        wrong = y[out] * ((X[out] - centre) / unit @ w[:-1] + w[-1]) <= 0.0
        errors[r % 2, out] += np.stack([wrong, np.ones(len(out))], axis=-1)
    assert table["error"][0] == pytest.approx((errors[..., 0] / errors[..., 1]).mean())
    assert (table["n"].tolist(), table["n_test"].tolist()) == ([600, 600], [30, 30])
    assert table["error"].tolist() == pytest.approx(table["bias"] + table["net_variance"])


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (lambda: of_pool(PoolSetting(n_samples=30), resamples=100), "`resamples` must be at least 111, so that"),
        (lambda: of_pool(PoolSetting(n_samples=30), n_test=50), "`n_test` must be 30, the points of the table; got 50"),
        (lambda: of_pool(PoolSetting(n_samples=30, resampling="subsample")), "`n_samples` must be below the 30 points"),
        (lambda: of_pool(Setting()), "`settings` must say how sets are drawn from a table; got Setting"),  # type: ignore[arg-type]
        (
            lambda: PoolSetting(n_samples=30, folds=5),
            "`folds` must be 2 or more for folds, else 0; got 5 for bootstrap",
        ),
        (lambda: PoolSetting.of(POOL.points.y, folds=16), "`folds` must lie from 2 to 13, the smaller class; got 16"),
        (lambda: PoolSetting.of(POOL.points.y, folds=5, n_samples=9), "`n_samples` must be left out for folds; got 9"),
    ],
)
def test_a_sweep_of_a_table_that_cannot_be_is_refused(sweep: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        sweep()
