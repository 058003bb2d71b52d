"""The estimate of a sweep is right to a factor of two, and costs little, on a clock that only the blocks move."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from study.sweeps.experiment import Cell, Experiment, Statistics, add_up
from study.sweeps.pilot import BUDGET, expected_seconds, spread

Cost = Callable[[Cell, int], float]


def grid(n_samples: list[int], n_rates: int, resamples: int, block_size: int) -> Experiment:
    cells = [{"n_samples": n, "n_features": 2, "rate": rate} for n in n_samples for rate in range(n_rates)]
    return Experiment(
        name="sweep", question="How long?", cells=cells, resamples=resamples, block_size=block_size,
        run=lambda *_: {}, merge=add_up, tables=lambda _: {}, numbers=lambda _: {},
    )  # fmt: skip


def per_block(_: Cell, __: int) -> float:
    return 0.005


def per_point(cell: Cell, resamples: int) -> float:
    return 1e-3 + 2e-7 * int(cell["n_samples"]) * resamples


def per_set(_: Cell, resamples: int) -> float:
    return 1.0 * resamples


CASES: dict[str, tuple[Experiment, Cost]] = {
    "many small cells": (grid([20], 3000, 60, 3740), per_block),
    "cells of all sizes": (grid([10, 20, 50, 100, 1000, 5000], 300, 2000, 20), per_point),
    "a few large cells among small ones": (grid([10] * 20 + [20_000], 40, 400, 20), per_point),
    "one cell": (grid([100], 1, 1_000_000, 740), per_point),
    "sets that take a second": (grid([100], 7, 400, 20), per_set),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("workers", [1, 4])
def test_the_estimate_is_right_to_a_factor_of_two(name: str, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, cost = CASES[name]
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def run(cell: Cell, size: int, _: Any) -> Statistics:
        now[0] += cost(cell, size)
        return {"n_fits": np.array([size])}

    about, least, most = expected_seconds(replace(experiment, run=run), None, workers, 40)
    true = sum(cost(cell, size) for cell in experiment.cells for size in experiment.block_sizes(cell))
    assert 0.5 * true <= about <= 2.0 * true
    assert 0.0 <= least <= about <= most
    dearest = max(cost(cell, 40) for cell in experiment.cells)
    assert now[0] <= 2.0 * BUDGET + 4.0 * workers * dearest
    if cost is per_set:
        assert now[0] <= BUDGET + 3.0  # three sets beyond it, not hundreds


@pytest.mark.parametrize("least", [40, 500])
def test_a_pilot_has_as_many_resamples_as_a_table_needs(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now, drawn = [0.0], list[int]()
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def run(_: Cell, size: int, __: Any) -> Statistics:
        now[0] += 1e-3 * size
        return {"n_fits": np.array([size])}

    def tables(merged: Any) -> dict[str, Any]:
        drawn.extend(int(statistics["n_fits"][0]) for _, statistics in merged)
        return {}

    expected_seconds(replace(grid([10], 3, 2000, 20), run=run, tables=tables), None, 1, least)
    assert set(drawn) == {least}


def test_the_beginnings_of_an_order_are_spread_evenly() -> None:
    cells: list[Cell] = [{"k": k} for k in range(1000)]
    order = [int(cell["k"]) for cell in spread(cells)]
    assert sorted(order) == list(range(1000))
    for n in (10, 100, 300):
        gaps = np.diff([0, *sorted(order[:n]), 1000])
        assert gaps.max() <= 3.0 * 1000 / n
