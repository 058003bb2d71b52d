"""The phase diagram's rows say what their certificates prove, and stand where the law puts them."""

import json
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments._geometries import corners, drawn
from experiments.phase_diagram import COLUMNS, WEIGHTS, certify
from study.certificates.checker import check
from study.report.provenance import read_tables
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return read_tables(ROOT / "experiments" / "results", "phase_diagram")


def test_each_cell_names_the_certificate_of_its_own_claim(tables: dict[str, pd.DataFrame]) -> None:
    proofs = [json.loads(line) for line in tables["certificates"]["certificate"]]
    for row in tables[""].to_dict("records"):
        proof: dict[str, Any] = proofs[row["certificate"]]
        assert proof["claim"] == row["verdict"]
        assert proof["loss"] == row["loss"]
        assert proof["weight_bound"] == row["weight_bound"]
        assert proof["judged"] == list(range(9))
        assert proof["weight"] == [row["n_base"] / 8.0] * 8 + [1.0]
        assert proof["X"][-1] == [-row["depth"], row["offset"]]
        margins = np.array(proof["y"]) * (np.array(proof["X"]) @ proof["w"][:2] + proof["w"][2])
        assert (margins <= 0.0).sum() == row["base_lost"] + row["spoiler_lost"]
        assert (row["verdict"] == "separates") == (row["base_lost"] + row["spoiler_lost"] == 0)


def test_the_checker_accepts_a_sample(tables: dict[str, pd.DataFrame]) -> None:
    lines = tables["certificates"]["certificate"]
    for line in lines[::10]:
        assert "every optimum" in check(line)
    assert len(set(lines)) == len(lines)


def test_every_map_is_whole_and_decided(tables: dict[str, pd.DataFrame]) -> None:
    cells = tables[""]
    for (part, _), rows in cells.groupby(["part", "loss"]):
        assert len(rows) == len(COLUMNS[str(part)]) * len(WEIGHTS[str(part)])
    for _, rows in cells.groupby("loss"):
        assert (rows["verdict"] != "undecided").sum() >= 1000
        assert (rows["verdict"] == "undecided").mean() <= 0.01
    assert cells["n_base"].max() > 1e12


def test_the_law_holds_where_it_is_resolved(tables: dict[str, pd.DataFrame]) -> None:
    law = tables["law"]
    resolved = law[law["resolved"] & (law["shape"] == "box")]
    assert (resolved["ln_threshold"] - resolved["ln_predicted"]).abs().max() <= 0.05
    assert (law["n_brackets"] == law["brackets_accepted"]).all()
    assert law["n_brackets"].sum() >= 200
    three = law[(law["geometry"] == "three points") & (law["loss"] == "quadratic")]
    three = three[three["gap"] * three["weight_bound"] >= 5.0]  # the gap alone does not do
    assert (three["ln_threshold"] - three["ln_predicted"]).abs().max() > 0.5
    single = law[law["ln_low"].notna()]
    assert (single["ln_low"] <= single["ln_threshold"]).all()
    assert (single["ln_threshold"] <= single["ln_high"]).all()
    assert law["geometry"].nunique() >= 8
    at_12 = law[(law["part"] == "bound") & (law["weight_bound"] == 12.0)].set_index("loss")["ln_threshold"]
    assert np.exp(at_12["cross-entropy"]) == pytest.approx(1844.2467, abs=1e-3)
    assert np.exp(at_12["quadratic"]) == pytest.approx(186919.4, abs=1.0)


def test_a_verdict_near_the_threshold_is_certified_on_both_sides() -> None:
    verdict = itemgetter("verdict", "base_lost", "spoiler_lost", "accepted")
    points = corners(1.0, 2.0)
    for loss, limit in (("cross-entropy", 1844.2467), ("quadratic", 186919.4)):
        below = certify(points, loss, 12.0, 0.999 * limit / 8.0)  # type: ignore[arg-type]
        above = certify(points, loss, 12.0, 1.001 * limit / 8.0)  # type: ignore[arg-type]
        assert verdict(below) == ("separates", 0, False, True)
        assert verdict(above) == ("fails", 0, True, True)


def test_a_drawn_geometry_meets_the_hypotheses() -> None:
    points = drawn(2, "ball", 2, np.random.default_rng(1))
    assert points.regular
    assert points.conflict
    assert points.best.mu.min() > 0.01
    assert points.base.shape[1] == 3
    assert len(points.spoilers) == 2
