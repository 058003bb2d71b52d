"""The bench compares answers before it tells a time."""

from typing import Any

import numpy as np
import pytest

from experiments._peers import compared, draw
from experiments.bench import EXPERIMENT
from study.analysis.separability import is_separable
from study.checks import CheckFailed
from study.sweeps.experiment import Cell
from study.sweeps.streams import stream
from study.trainers.perceptron import perceptron


def rng() -> np.random.Generator:
    return stream("test", "bench", {}, 0)


CELLS: dict[str, Cell] = {f"{c['part']} {c.get('peer')}": c for c in EXPERIMENT.cells if c.get("n_samples", 50) == 50}


@pytest.mark.parametrize("name", [name for name in CELLS if name.split()[0] in ("perceptron", "bounded", "unbounded")])
@pytest.mark.slow
def test_ours_and_the_peer_agree_and_both_take_time(name: str) -> None:
    statistics = EXPERIMENT.run({**CELLS[name], "n_features": 2}, 1, rng())
    columns = ("ours", "theirs", "exp", "passes", "n_sets")
    ours, peer, exp, passes, n_sets = (float(statistics[f"times.{column}"][0]) for column in columns)
    assert peer > ours > 0
    assert 0 < exp < 1e-6
    assert passes >= 1
    assert statistics["n_fits"] == n_sets


def test_no_time_is_told_where_the_answers_differ() -> None:
    points = draw("easy", 50, 2, rng())

    def ours() -> Any:
        return perceptron(points.X, points.y)

    with pytest.raises(CheckFailed, match="ours and the peer disagree on set 0"):
        compared(points, ours, lambda _, __: None, lambda _, __, ___: False, 1)


@pytest.mark.slow
def test_noisy_sets_are_the_ones_that_nothing_separates() -> None:
    points = draw("noisy", 50, 2, rng())
    assert not is_separable(points.X[:50], points.y[:50]).any()


def test_times_are_neither_compared_nor_reproduced() -> None:
    assert EXPERIMENT.kind == "timed"
