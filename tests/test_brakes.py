"""The laws of the four brakes, the two thresholds and the table for practice, in the committed results."""

import json

import numpy as np
import pandas as pd
import pytest

from experiments._geometries import BRAKED, braked
from experiments.brakes import RETURNING_M
from experiments.practice import count_steps, steps_of_flow
from study.certificates.checker import check
from study.report.provenance import read_tables
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return read_tables(ROOT / "experiments" / "results", "brakes")


def test_the_sets_are_in_conflict_in_both_geometries() -> None:
    assert len(BRAKED) >= 10
    for name, n_features in BRAKED.items():
        points = braked(name)
        assert points.base.shape[1] == n_features + 1
        assert points.conflict
        assert points.regular


def test_an_error_is_no_larger_than_the_law_expects(tables: dict[str, pd.DataFrame]) -> None:
    laws = tables[""]
    resolved = laws[laws["resolved"]]
    error = (resolved["ln_threshold"] - resolved["ln_law"]).abs()
    assert (error <= 1e-2).all()
    assert (error <= 3.0 * resolved["own_error"] + 1e-5).all()


def test_each_verdict_that_returns_names_its_own_proof(tables: dict[str, pd.DataFrame]) -> None:
    proofs = [json.loads(line) for line in tables["certificates"]["certificate"]]
    for row in tables["returning"].to_dict("records"):
        proof = proofs[row["certificate"]]
        assert proof["claim"] == ("separates" if row["separates"] else "fails")
        assert (proof["loss"], proof["weight_bound"]) == (row["loss"], row["weight_bound"])
        assert proof["weight"] == [RETURNING_M] * 3 + [1.0]
        assert "every optimum" in check(json.dumps(proof))


def test_the_share_peaks_between_the_thresholds() -> None:
    curve = read_tables(ROOT / "experiments" / "results", "significance")["curve"]
    for _, one in curve.groupby(["geometry", "turn"]):
        assert one["place"].to_numpy()[one["share"].argmax()] == pytest.approx(0.5, abs=0.5)
        assert one["share"].iloc[-1] < 0.05


def test_steps_that_are_counted_are_the_flow_s() -> None:
    """At the largest stable rate a step is too long for the flow at first only."""
    points = braked("corners")
    counted = count_steps(np.vstack([points.base, points.spoilers]))
    assert counted == pytest.approx(steps_of_flow(points, 0.0), rel=0.3)
