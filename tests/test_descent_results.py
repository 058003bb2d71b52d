"""The results on losses, time and networks give the facts that are known or were derived beforehand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import hidden_failures, losses, networks, spoilers, unbounded
from study.report.provenance import read_record, read_tables
from study.sweeps.experiment import Cell, Experiment
from study.sweeps.parts import frames, summarise
from study.sweeps.streams import stream
from tests.conftest import ROOT

RESULTS = ROOT / "experiments" / "results"


def numbers(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = read_record(RESULTS, name)["numbers"]
    return tree


def computed_anew(experiment: Experiment, cell: Cell) -> dict[str, pd.DataFrame]:
    sizes = experiment.block_sizes(cell)
    blocks = [experiment.run(cell, size, stream(experiment.name, "block", cell, i)) for i, size in enumerate(sizes)]
    return frames([(cell, experiment.merge(blocks))])


@pytest.mark.slow
def test_a_cell_computed_alone_is_the_committed_one() -> None:
    cell = networks.EXPERIMENT.cells[20]
    row = networks.trained_table(computed_anew(networks.EXPERIMENT, cell)["trained"]).iloc[0].to_dict()
    (committed,) = [
        known
        for known in read_tables(RESULTS, "networks")[""].to_dict("records")
        if all(known[name] == row[name] for name in ("depth", "width", "bound", "weight_bound"))
    ]
    assert committed.pop("bound") == row.pop("bound")
    assert committed == pytest.approx(row, rel=1e-6, nan_ok=True)
    steps: Any = losses.time_to_separate(3.0)["time"]
    time = read_tables(RESULTS, "losses")["time"].set_index("t").loc[3.0]
    assert {name: time[name] for name in steps} == steps
    met: Any = unbounded.find_meeting(16)["meeting"]
    known = read_tables(RESULTS, "unbounded")["meeting"].iloc[0]
    assert known["n_steps"] == met["n_steps"]
    for name in ("weight_bound", "norm"):
        assert known[name] == pytest.approx(met[name], rel=1e-6)
    cell = {"part": "basin", "around": "zero", "scale": 0.3}
    rows = hidden_failures.basin_table(computed_anew(hidden_failures.EXPERIMENT, cell)["basin"])
    basin = read_tables(RESULTS, "hidden_failures")["basin"]
    known = basin[(basin["around"] == "zero") & (basin["scale"] == 0.3)]
    assert list(known["separates"]) == list(rows["separates"])
    for cell in spoilers.EXPERIMENT.cells:
        if cell["part"] == "growth" and cell["n_samples"] in (10, 1000):
            growth = computed_anew(spoilers.EXPERIMENT, cell)["growth"]
            found = summarise(growth, ["n_samples", "loss"], spoilers.growth_row)
            growth = read_tables(RESULTS, "spoilers")["growth"]
            known = growth[growth["n_samples"] == cell["n_samples"]].reset_index(drop=True)
            pd.testing.assert_frame_equal(found, known, rtol=1e-6)


def test_every_printed_number_comes_from_its_printed_operands() -> None:
    table = read_tables(RESULTS, "worked_example")[""]
    assert len(table) == 16
    assert table["reproduced"].all()
    assert set(table["quantity"][~table["exact_agrees"]]) == {"dW_2_11", "dW_1_12", "dW_1_21", "dW_1_22"}
    exact = table.set_index("quantity")["exact"]
    assert exact["dW_2_11"] == pytest.approx(-0.12695, abs=5e-6)
    assert exact["delta_1_2"] == pytest.approx(-0.0235, abs=5e-5)


def test_the_graph_and_its_printed_slip() -> None:
    graph = read_tables(RESULTS, "worked_example")["graph"].set_index("node")
    assert dict(graph["value"]) == {"w": 5, "x": 3, "y": 2, "z": 4, "v": 6, "u": 11, "f": 44}
    assert dict(graph["sensitivity"]) == {"w": 4, "x": 8, "y": 12, "z": 11, "v": 4, "u": 4, "f": 1}
    assert numbers("worked_example")["graph_as_printed"] == 15


def test_the_threshold_loss_takes_the_steps_known() -> None:
    time = read_tables(RESULTS, "losses")["time"].set_index("t")
    assert [time["threshold_quadratic"][t] for t in (2.0, 3.0, 5.0)] == [113, 462, 24_742]
    assert (time["quadratic"].isna() == (time.index > 4.1124)).all()  # the fold of the four points
    late = time[time.index >= 6.0]
    np.testing.assert_allclose(late["threshold_quadratic"] / late["predicted"], 1.0, atol=0.03)


def test_descent_without_a_bound_follows_the_theory() -> None:
    rates = read_tables(RESULTS, "unbounded")[""]
    assert np.abs(rates["loss_slope"] + 1.0).max() <= 0.02
    generic, symmetric = (rates[rates["points"] == kind] for kind in ("generic", "symmetric"))
    np.testing.assert_allclose(generic["constant"] / generic["predicted_constant"], 1.0, atol=0.06)
    assert symmetric["predicted_constant"].max() < 1e-12
    assert symmetric["error_slope"].max() < generic["error_slope"].min()
    assert (rates["n_steps"] >= 1e6).all()


def test_a_bound_is_a_time() -> None:
    tables = read_tables(RESULTS, "unbounded")
    assert (tables["path"]["loss_value"] >= tables["path"]["bounded_loss"] * (1 - 1e-9)).all()
    assert tables["path"]["separates"].is_monotonic_increasing
    met = tables["meeting"]
    assert ((met["norm"] / met["weight_bound"]).to_numpy() > 1.0).all()
    assert met["n_steps"].is_monotonic_increasing


def test_enough_networks_were_trained_and_every_rate_has_its_interval() -> None:
    table, depth = (read_tables(RESULTS, "networks")[name] for name in ("", "depth"))
    assert numbers("networks")["trainings"] >= 20_000
    for name in ("separates", "lowest_separates", "base_separates"):
        assert ((table[f"{name}_low"] <= table[name]) & (table[name] <= table[f"{name}_high"])).all()
    for name in ("slope", "gain", *(f"variance_{d}" for d in range(5))):
        assert ((depth[f"{name}_low"] <= depth[name]) & (depth[name] <= depth[f"{name}_high"])).all()


def test_a_hidden_layer_costs_a_factor_of_four_where_the_product_is_bounded() -> None:
    table = read_tables(RESULTS, "networks")[""]
    ball = table[(table["bound"] == "ball") & (table["width"] != 1)]
    edge = ball[ball["weight_bound"] == 16 * 4.0 ** ball["depth"]]
    assert len(edge) == 9
    assert edge["separates"].between(0.5, 0.95).all()
    below = ball[(ball["weight_bound"] == 4 * 4.0 ** ball["depth"])]
    assert below["separates"].max() < 0.1


def test_the_margins_of_the_example() -> None:
    law = read_tables(RESULTS, "networks")["law"].set_index("width")
    np.testing.assert_allclose(law.loc[0, "margin_with"], law.loc[0, "weight_bound"] / 2, rtol=1e-6)
    np.testing.assert_allclose(law.loc[0, "margin_without"], law.loc[0, "weight_bound"], rtol=1e-6)
    # N* ~ 4.559 exp(R / 2), that is M* ~ 4.559 / 8 exp(R / 2), for R that is large.
    last = law.loc[0].iloc[-1]
    assert last["log_copies"] == pytest.approx(np.log(4.559 / 8) + last["weight_bound"] / 2, abs=0.05)
    assert (law["margin_with"] <= law["margin_without"] + 1e-9).all()


def test_a_trend_is_that_of_the_other_halfs_vote() -> None:
    says = np.ones((40, 5, 4), bool)
    says[1::2, 0] = False  # of the units the halves say opposite things, and no network disagrees with another
    right = np.ones((40, 5), bool)
    right[:, 0] = False
    row = networks.trend_row({"says": says.reshape(40, 20), "right": right})
    assert [row[f"variance_{d}"] for d in range(5)] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert row["slope"] == pytest.approx(-0.2)  # of the line through 1, 0, 0, 0, 0
    assert row["slope_low"] <= row["slope"] <= row["slope_high"]
    assert [row["separates_0"], row["separates_4"], row["gain"]] == [0.0, 1.0, 1.0]


def test_both_hidden_failures_stand() -> None:
    failures = numbers("hidden_failures")
    assert failures["proof"]["proved"]
    assert failures["proof"]["loss_high"] == pytest.approx(0.40495, abs=5e-6)
    assert failures["proof"]["lower_loss"] < 1e-11
    once = failures["global"]["depth_1"]["cross_entropy"]
    assert (once["copies"], round(once["lowest"], 3), round(once["separators_cost"], 3)) == (4, 2.444, 2.597)
