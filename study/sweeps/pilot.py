"""How long a sweep would take, from blocks of some of its cells."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import cycle, islice
from math import ceil

import numpy as np
from numpy.typing import NDArray

from study.sweeps.experiment import Cell, Experiment
from study.sweeps.grid import N_GROUPS
from study.sweeps.locks import temporary_folder
from study.sweeps.runner import Place, run_experiment

BUDGET = 2.0
"""Seconds for which pilots are begun."""
LEAST = 0.2
"""The estimate is not called more exact than to this share of it: other processes come and go."""


def expected_seconds(
    experiment: Experiment, executor: Executor | None, workers: int, least_resamples: int
) -> tuple[float, float, float]:
    """Return about how many seconds a sweep would take, with the ends of a 95% interval.

    Batches of cells go the whole way of a sweep, store and table included, with as few resamples as show what a block
    costs. The cells of a batch are spread evenly over all, from the smallest training sets to the largest.

    Parameters
    ----------
    experiment : Experiment
        Of a sweep (see `grid.Sweep`).
    executor : Executor, optional
        By default blocks are computed here, one after another.
    workers : int, at least 1
        How many blocks the executor computes at once.
    least_resamples : int, at least 40
        The fewest resamples of which a table can be made.
    """
    cells = spread(sorted(experiment.cells, key=size))
    one_set = [_seconds(experiment, max(cells, key=size), 1) for _ in range(2)][-1]  # the first loads
    if one_set * least_resamples > 2.0 * BUDGET * workers:
        return _from_single_sets(experiment, cells, workers if executor else 1)
    resamples, n_cells = _pilot_size(experiment, workers, least_resamples)
    pilot = replace(experiment, block_size=min(experiment.block_size, resamples), resamples=resamples)
    waiting, seconds, shares = cycle(cells), list[float](), list[float]()
    end = time.perf_counter() + BUDGET
    with temporary_folder() as folder:
        while not seconds or time.perf_counter() < end:
            batch = replace(pilot, cells=list(islice(waiting, n_cells)))
            begin = time.perf_counter()
            run_experiment(batch, "", Place(store=folder / str(len(seconds)), executor=executor, workers=workers))
            seconds.append(time.perf_counter() - begin)
            shares.append(n_cells * resamples / (len(cells) * experiment.resamples))
    return _interval(sum(seconds) / sum(shares), np.array(seconds) / np.array(shares))


def _interval(about: float, of_each: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return an estimate with the ends of its interval, from what each measurement says alone."""
    error = 1.96 * of_each.std(ddof=1) / np.sqrt(len(of_each)) if len(of_each) > 1 else about
    reach = max(float(error), LEAST * about)
    return about, max(about - reach, 0.0), about + reach


def _from_single_sets(experiment: Experiment, cells: Sequence[Cell], workers: int) -> tuple[float, float, float]:
    """Return the estimate where a set takes long: from one set at a time, and the number of workers."""
    seconds, end = list[float](), time.perf_counter() + BUDGET
    for cell in cycle(cells):
        seconds.append(_seconds(experiment, cell, 1))
        if len(seconds) > 1 and time.perf_counter() > end:
            break
    whole = np.array(seconds) * len(cells) * experiment.resamples / workers
    return _interval(float(whole.mean()), whole)


def _seconds(experiment: Experiment, cell: Cell, n_sets: int) -> float:
    """Return how long some sets of a cell take; the first call loads what is loaded once."""
    begin = time.perf_counter()
    experiment.run(cell, n_sets, np.random.default_rng(0))
    return time.perf_counter() - begin


def size(cell: Cell) -> int:
    """Return the numbers that a training set of a cell holds."""
    return int(cell["n_samples"]) * int(cell.get("n_features", 1))


def spread(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells in an order whose beginnings are all spread evenly over the given one."""
    golden = (5**0.5 - 1) / 2
    places = np.argsort([(k * golden) % 1.0 for k in range(len(cells))])
    return [cells[k] for k in np.argsort(places)]


def _pilot_size(experiment: Experiment, workers: int, least: int) -> tuple[int, int]:
    """Return the resamples of a pilot of a cell, and the cells of a batch, for about a quarter of a second."""
    largest = max(experiment.cells, key=size)
    seconds = [_seconds(experiment, largest, 2 * N_GROUPS) for _ in range(2)][-1] / (2 * N_GROUPS)
    affordable = max(least, int(0.25 / seconds) // N_GROUPS * N_GROUPS)
    blocks = ceil(2 * workers / len(experiment.cells))  # so many for a cell that no worker waits
    resamples = min(experiment.resamples, max(least, min(experiment.block_size * blocks, affordable)))
    wanted = int(0.25 * workers / (seconds * resamples))
    return resamples, min(len(experiment.cells), max(1, min(wanted, 16 * workers)))
