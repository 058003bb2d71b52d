"""The map of the trade: its edges, its test points and its regions."""

import numpy as np
import pytest

from experiments import window
from study.report.provenance import read_tables
from study.sweeps.settings import Setting
from tests.conftest import ROOT


def test_test_points_count_by_the_rate() -> None:
    points, weight = window.test_points(), window.weights(0.01)
    spoilers = slice(window.N_ORDINARY, None)
    assert points.X.shape == (window.N_ORDINARY + window.N_SPOILERS, 2)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[spoilers].sum() == pytest.approx(0.01)
    assert (points.y[spoilers] == 1.0).all()
    assert (points.X[spoilers, 0] < 0.0).all()  # beyond the middle of the gap, unlike positive ordinary points
    assert (points.y[: window.N_ORDINARY] * points.X[: window.N_ORDINARY, 0] > 0.0).all()


@pytest.mark.parametrize(
    ("rate", "vote", "law", "region"),
    [
        (0.001, 0.01, 0.1, "below"),
        (0.03, 0.01, 0.1, "window"),
        (0.2, 0.01, 0.1, "above"),
        (0.012, 0.01, 0.1, "edge"),
        (0.08, 0.01, 0.1, "edge"),
        (0.02, 0.04, 0.005, "above"),  # the unit heeds spoilers that most sets do not hold
        (0.004, 0.04, 0.005, "edge"),
    ],
)
def test_a_cell_lies_clearly_on_one_side_of_both_edges(rate: float, vote: float, law: float, region: str) -> None:
    assert window.region_of(rate, vote, law) == region


def test_half_of_the_sets_hold_a_spoiler_at_the_edge_of_the_vote() -> None:
    edges = read_tables(ROOT / "experiments" / "results", "window")["edges"]
    for n_samples, rate in edges[["n_samples", "vote_rate"]].drop_duplicates().itertuples(index=False):
        sets = Setting(n_samples=int(n_samples), spoiler_rate=rate).draw(2000, np.random.default_rng(0))
        assert sets.is_spoiler.any(axis=-1).mean() == pytest.approx(0.5, abs=0.04)  # 1 false alarm in 600, all six
