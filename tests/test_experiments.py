"""Every experiment is declared whole, answers at its declared settings, and gives the facts that are known."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flint import arb

from experiments import bench, optimisers, stability, worked_example
from experiments._geometries import braked
from study.checks import CheckFailed
from study.commands.checkout import load_experiment, select
from study.report.provenance import read_record, read_tables, table_name
from study.sweeps.experiment import CERTIFICATES
from study.trainers.layers import value_and_gradient
from tests.conftest import ROOT, Study

RESULTS = ROOT / "experiments" / "results"
QUICK_TO_RUN = ("four_points", "worked_example")  # of the others, cells are computed anew (tests/test_*_results.py)


@pytest.fixture(scope="module")
def four_points() -> dict[str, Any]:
    numbers: dict[str, Any] = read_record(RESULTS, "four_points")["numbers"]
    return numbers


@pytest.mark.parametrize("name", select("experiments"))
def test_an_experiment_is_declared_whole(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert experiment.question.endswith("?")
    keys = [json.dumps(dict(cell), sort_keys=True) for cell in experiment.cells]
    assert len(set(keys)) == len(keys)
    assert all(sum(experiment.block_sizes(cell, 7)) == cell.get("resamples", 7) for cell in experiment.cells)


@pytest.mark.parametrize("name", select("experiments"))
def test_every_table_is_small_and_tidy(name: str) -> None:
    for part, table in read_tables(RESULTS, name).items():
        assert len(table) > 0
        largest = 4_000_000 if part == CERTIFICATES else 1_000_000
        assert (RESULTS / table_name(name, part)).stat().st_size <= largest
        assert not table.duplicated().any(), f"{name} {part}"


def test_a_fresh_run_agrees_with_the_committed_results_and_keeps_others(spoilt: Path, study: Study) -> None:
    answer = study(spoilt, "run", "--json", *QUICK_TO_RUN)
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert set(report["experiments"].values()) <= {"same bytes", "within tolerance (other CPU)"}
    assert report["blocks_computed"] > 0
    again = json.loads(study(spoilt, "run", "--json", *QUICK_TO_RUN).stdout)
    assert (again["blocks_computed"], again["blocks_reused"], again["fits"]) == (0, report["blocks_computed"], 0)
    path = spoilt / "experiments" / "results" / "four_points.csv"
    altered = path.read_text().replace("4.348", "4.349")
    path.write_text(altered)
    answer = study(spoilt, "run", "four_points")
    assert answer.returncode == 1
    assert re.search(r"four_points\.csv: row \d+, w_x: 4\.349\d* committed, 4\.348\d* recomputed", answer.stderr)
    assert path.read_text() == altered


# The four points, to the digits known beforehand: t = 10, eps = 0.1.


def test_both_minima_and_the_saddle(four_points: dict[str, Any]) -> None:
    known = {
        "separating": (4.3480, -0.0026, 2.1684, 0.00486),
        "stuck": (np.log(9), np.log(9), 0.0, 0.40500),
        "saddle": (3.1065, 0.9297, 1.0448, 0.40866),
    }
    for kind, values in known.items():
        point = four_points["stationary"][kind]
        assert [point[name] for name in ("w_x", "w_y", "bias")] == pytest.approx(values[:3], abs=5e-5)
        assert point["loss_value"] == pytest.approx(values[3], abs=5e-6)
        assert point["separates"] == (kind == "separating")
        assert (point["least_curvature"] > 0) == (kind != "saddle")


def test_the_stuck_minimum_ends_in_a_fold(four_points: dict[str, Any]) -> None:
    known = {"eps_0_01": 2.79693255, "eps_0_05": 3.40216371, "eps_0_1": 4.11242600, "eps_0_2": 6.16548479}
    assert four_points["fold"] == pytest.approx(known, abs=5e-9)


def test_who_separates(four_points: dict[str, Any]) -> None:
    separates = {key: rule["separates"] for key, rule in four_points["rules"].items()}
    failing = {"continued", "descent"}
    assert separates == {key: key not in failing for key in separates}
    assert {four_points["rules"][key]["training_error"] for key in failing} == {0.25}
    assert all(rule["residual"] <= 1e-9 for rule in four_points["rules"].values())


def test_the_perceptron_counts_distance_and_not_its_square() -> None:
    updates = read_tables(RESULTS, "four_points")["updates"]
    natural = updates[updates["order"] == "natural"]
    t = np.arange(1, 3001)
    assert (natural["t"] == t).all()
    assert (natural["n_updates"] == np.where(t % 3 == 0, t + 3, t + 4)).all()
    assert natural["novikoff_bound"].to_numpy() == pytest.approx(5 * (t**2 + 1.0))
    assert (updates["most"] <= updates["novikoff_bound"]).all()
    assert (updates["separates"] == 1.0).all()


# What is proved, to the digits known beforehand.


def test_a_unique_minimum_that_fails() -> None:
    numbers = read_record(RESULTS, "unique_minimum")["numbers"]
    at = numbers["at"]
    assert [at[f"m_{m}"]["n_minima"] for m in (10, 20, 50, 100, 1000)] == [1, 2, 2, 1, 1]
    assert at["m_20"]["separating"]["loss"] == pytest.approx(0.0997, abs=5e-5)
    assert at["m_20"]["failing"]["loss"] == pytest.approx(0.1088, abs=5e-5)
    assert at["m_50"]["failing"]["loss"] == pytest.approx(0.1205, abs=5e-5)
    assert at["m_50"]["separating"]["loss"] == pytest.approx(0.2488, abs=5e-5)
    assert "separating" not in at["m_100"]
    failing = at["m_100"]["failing"]
    assert [failing[name] for name in ("w", "b", "loss")] == pytest.approx([2.1889, 0.0715, 0.1246], abs=5e-5)
    assert numbers["order_proved"]
    assert numbers["unique_failing"]["ever_after"]


def test_the_four_points_are_proved() -> None:
    numbers = read_record(RESULTS, "basins")["numbers"]
    stationary = numbers["stationary"]
    for place in (*stationary["eps_0_1"]["t_10"].values(), *stationary["eps_0_05"]["t_10"].values()):
        assert [place[name] for name in ("n", "n_minima", "n_separating", "on_face")] == [3, 2, 1, 0]
    for eps, (before, after) in {"0_05": ("3_4", "3_41"), "0_1": ("4_11", "4_12"), "0_2": ("6_16", "6_17")}.items():
        sides = stationary[f"eps_{eps}"]
        assert [sides[f"t_{t}"]["everywhere"]["n"] for t in (before, after)] == [1, 3]
    assert numbers["fold"]["eps_0_1"]["t"] == pytest.approx(4.112425996306022, abs=1e-10)
    assert numbers["fold"]["eps_0_1"]["radius"] <= 1e-10
    assert numbers["verdicts_separate"]


# Parts of experiments that no other test computes.


def test_a_step_in_balls_is_the_backward_passs() -> None:
    for rate in (0.0, *worked_example.RATES):
        assert float(worked_example.step_in_balls(arb(rate))[0].mid()) == pytest.approx(
            worked_example.error_after(rate), rel=1e-12
        )


def test_a_step_that_raises_the_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worked_example.every_rate()["falls"]
    monkeypatch.setattr(worked_example, "W2", ((-1.7, 2.1), (80.0, -0.2)))
    assert not worked_example.every_rate()["falls"]


def test_a_softmax_sees_a_point_for_every_other_class() -> None:
    X, y = optimisers.draw_classes(1, np.random.default_rng(0))
    w = np.random.default_rng(1).normal(size=9)
    points, share = optimisers.as_points(X[0], y), np.eye(len(y))
    losses = value_and_gradient(w, X, y, share, (3,), "cross-entropy", 0.0)[0]
    margins = (points.base @ w).reshape(-1, 2)
    np.testing.assert_allclose(losses[:-1], np.log1p(np.exp(-margins).sum(axis=-1)), rtol=1e-12)
    theta = np.append(X[0, -1], 1.0) @ w.reshape(3, 3)
    assert float(points.spoilers[0] @ w) == pytest.approx(theta[0] - theta[1], rel=1e-12)


def test_points_are_drawn_near_a_geometrys_own_and_its_spoiler_comes_last() -> None:
    (tuning, _), (X, y) = optimisers.draw_shape("space", 3, np.random.default_rng(0))
    points = braked("space")
    signed = np.concatenate([y[..., None] * X, y[..., None]], axis=-1)
    assert (len(tuning), X.shape) == (optimisers.N_TUNING, (3, 101, 3))
    assert (signed[:, -1] == points.spoilers[0]).all()
    near = np.abs(signed[:, :-1, None] - points.base).max(axis=-1).min(axis=-1)
    assert 0.0 < near.max() < 6.0 * optimisers.NOISE


def test_the_ends_of_all_limits_are_compared() -> None:
    kept = {("steps", 3): 0.1, ("steps", 100): 0.9, ("decay", 1.0): 0.3, ("decay", 0.001): 0.6, ("decay", 0.1): 0.0}
    rows = [{"limit": limit, "strength": strength, "kept": share} for (limit, strength), share in kept.items()]
    table = pd.DataFrame(rows).assign(net="16", n_samples=100, n=40)
    others = table.assign(n_samples=20, kept=0.5)
    found = optimisers.ends_of_limits(pd.concat([table, others]))
    assert found == {"n": 40, "tightest": 0.3, "loosest": 0.6}


@pytest.mark.parametrize("peer", bench.N_PASSES)
def test_two_ways_to_a_gradient_are_compared(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "N_PASSES", {peer: 9})
    times: Any = bench.time_backward(peer, "64, 64, 10", 1, np.random.default_rng(0))["times"]
    assert times[0]["ours"] > 0.0 < times[0]["theirs"]
    added = iter([[np.zeros(2)], [np.ones(2)]])
    monkeypatch.setattr(bench, "added", lambda _: next(added))
    with pytest.raises(CheckFailed, match="net 16 disagree"):
        bench.time_backward(peer, "16", 1, np.random.default_rng(0))


def test_a_boundary_that_only_rounding_turned_has_not_moved() -> None:
    angle = np.array([0.0, 1e-12, 1e-8, 1e-4])
    row = stability.swings_row(dict.fromkeys(stability.MEASURES, angle))
    assert row["moved"] == 0.25
