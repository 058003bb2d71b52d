"""How times grow: of fits, `study compare`, verdicts near a threshold, and sweeps, on paper to many workers."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._machine import machine
from experiments._timing import spread, verdict_counts
from study import Bound, Dataset, add_spoilers, check, make_boxes, sigmoid_unit, verdict
from study.checks import CheckFailed
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.law.bound import LOSSES
from study.law.conflict import spoilt
from study.law.thresholds import threshold
from study.sweeps.executors import executor
from study.sweeps.experiment import Cell, Experiment, Statistics, add_up
from study.sweeps.grid import Sweep
from study.sweeps.locks import temporary_folder
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise
from study.sweeps.rules import Perceptron, Unit
from study.sweeps.runner import Outcome, Place, run_experiment
from study.sweeps.settings import Setting
from study.trainers.losses import Loss

WEIGHT_BOUND, PROOF_BOUND = 3.0, 12.0
"""Of fits and sweeps, and of proofs, where base points heavier than the spoiler are still right with it."""
REPEATS, FEWER = 7, 3
"""Runs of a fit, and of all that takes seconds."""
FEATURES_HELD, FEWEST_SETS = 2_000_000, 20
"""Features in a stack, unless that makes fewer sets than these."""
DISTANCES = (0.3, 0.1, 0.03, 0.01, 0.001)
"""How far the weight of each base point is from its threshold, as a share of it."""
SIDES = {"below": -1.0, "above": 1.0}
N_SAMPLES, N_FEATURES = 100, 2
"""Of the sets whose verdicts are timed, the spoiler not counted."""
GRIDS = ((1000, 1), (10_000, 1), (100_000, 1), (10_000, 4), (10_000, 16))
"""Resamples of each setting, and settings, of the sweeps."""
MODELLED, N_COPIES = (100_000, 1), 100
"""The sweep that the model is of, and how many such settings it has."""
WORKERS, N_TASKS = (1, 2, 10, 100, 1000), 1000
"""Workers of the model, and empty tasks that a scheduler is given at once."""


def time_fits(n_samples: int, n_features: int, most_threads: int, size: int, rng: np.random.Generator) -> Records:
    """Time a stack of fits on one thread and, in turn, on as many as there are to be, answers compared."""
    n_sets = max(FEWEST_SETS, FEATURES_HELD // (n_samples * n_features))
    points = make_boxes(n_samples, n_features, **BOX, size=n_sets, rng=rng)

    def fit(part: slice) -> Floats:
        bound = Bound("box", WEIGHT_BOUND)
        return sigmoid_unit(points.X[part], points.y[part], bound=bound, method="newton").w

    right, rows = fit(slice(n_sets)), []
    with ThreadPoolExecutor(most_threads) as pool:
        for n_threads in [*range(1, most_threads + 1)] * size:
            ends = [n_sets * k // n_threads for k in range(n_threads + 1)]
            begin = time.perf_counter()
            found = list(pool.map(fit, map(slice, ends[:-1], ends[1:])))
            seconds = time.perf_counter() - begin
            if not np.array_equal(np.concatenate(found), right):
                raise CheckFailed(f"growth: {n_threads} threads give other weights; no time is worth telling")
            rows.append({"n_threads": n_threads, "n_sets": n_sets, "us": 1e6 * seconds / n_sets})
    return {"fits": rows, "n_fits": n_sets * (1 + len(rows))}


def time_compare(n_rows: int, n_columns: int, size: int, rng: np.random.Generator) -> Records:
    """Time `study compare` on a table of two boxes with a spoiler, from the start of the process to its end."""
    points = with_spoiler(n_rows - 1, n_columns, rng)
    with temporary_folder() as folder:
        file = folder / "table.csv"
        pd.DataFrame(points.X).assign(y=points.y).to_csv(file, index=False)
        command = [sys.executable, "-m", "study", "compare", str(file), "--label", "y", "--json"]
        return {"compare": [watched(command) for _ in range(size)]}


def with_spoiler(n_base: int, n_features: int, rng: np.random.Generator) -> Dataset:
    """Draw one set of two boxes, and a spoiler."""
    return add_spoilers(make_boxes(n_base, n_features, **BOX, rng=rng), 1, **PLACE, rng=rng)


def watched(command: Sequence[str]) -> dict[str, float]:
    """Return the seconds and the peak memory of a process; a small one begins it, whose own memory counts as well."""
    answer = subprocess.run([sys.executable, "-c", WATCHING, *command], capture_output=True, check=True)  # noqa: S603
    seconds, megabytes = map(float, answer.stdout.split())
    return {"seconds": seconds, "peak_mb": megabytes}


WATCHING = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0)
"""


def time_verdicts(loss: Loss, size: int, rng: np.random.Generator) -> Records:
    """Time finding and checking proofs where the weight of the base points is near the threshold, on either side."""
    rows = []
    for _ in range(size):
        points = with_spoiler(N_SAMPLES, N_FEATURES, rng)
        ln_M = threshold(spoilt(points.X, points.y, points.is_spoiler, "box"), loss, PROOF_BOUND)
        for side, share in product(SIDES, DISTANCES):
            weight = np.where(points.is_spoiler, 1.0, np.exp(ln_M) * (1.0 + SIDES[side] * share))
            given: dict[str, Any] = {"loss": loss, "sample_weight": weight, "weight_bound": PROOF_BOUND}
            begin = time.perf_counter()
            found = verdict(points.X, points.y, **given)
            if found.certificate is not None:
                check(found.certificate)
            seconds = time.perf_counter() - begin
            row = {"side": side, "share": share, "ms": 1e3 * seconds}
            rows.append({**row, "cells": found.n_cells, "claim": found.claim})
    return {"verdicts": rows, "n_fits": len(rows)}


def time_sweep(n_sets: int, n_settings: int, size: int, rng: np.random.Generator) -> Records:
    """Time a sweep here and on two threads, in turn, tables compared; here its blocks are timed as well."""
    del rng  # a sweep draws from its own streams
    sweep, rows = sweep_of(n_sets, n_settings), []
    for _ in range(size):
        in_blocks: list[float] = []

        def run(cell: Cell, size: int, rng: np.random.Generator, spent: list[float] = in_blocks) -> Statistics:
            begin = time.perf_counter()
            statistics = sweep.run(cell, size, rng)
            spent.append(time.perf_counter() - begin)
            return statistics

        one = outcome(replace(sweep, run=run))
        with executor(2) as (pool, workers):
            two = outcome(sweep, pool, workers)
        if not one.tables[""].equals(two.tables[""]):
            raise CheckFailed("growth: two workers give another table; no time is worth telling")
        blocks = {"n_blocks": len(in_blocks), "block_s": np.mean(in_blocks), "serial_s": one.seconds - sum(in_blocks)}
        rows += [{"n_workers": n, "seconds": of.seconds, **blocks} for n, of in ((1, one), (2, two))]
    return {"sweeps": rows, "n_fits": 2 * size * one.fits}


def sweep_of(n_sets: int, n_settings: int) -> Experiment:
    """Return a sweep of three rules over spoilers at several depths."""
    units = [Unit(loss=loss, shape="box", weight_bound=WEIGHT_BOUND) for loss in LOSSES]
    settings = [Setting(n_samples=50, depth=PLACE["depth"] - 0.02 * k) for k in range(n_settings)]
    return Sweep(settings=settings, rules=[Perceptron(), *units], resamples=n_sets).experiment()


def outcome(of: Experiment, pool: Executor | None = None, workers: int = 1) -> Outcome:
    """Run an experiment with a store of its own."""
    with temporary_folder() as folder:
        return run_experiment(of, "", Place(store=folder, executor=pool, workers=workers))


def time_tasks(size: int, rng: np.random.Generator) -> Records:
    """Time what Dask adds to an empty block, on a scheduler with two workers of this machine; nothing without Dask."""
    del rng  # nothing is drawn
    try:
        from distributed import LocalCluster
    except ImportError:
        return {}
    local = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    with local as cluster, executor(scheduler=cluster.scheduler_address) as (pool, workers):
        outcome(replace(EMPTY, resamples=100), pool, workers)  # the workers load what a block needs
        added = [outcome(EMPTY, pool, N_TASKS).seconds - outcome(EMPTY).seconds for _ in range(size)]
    return {"tasks": {"n_tasks": N_TASKS, "task_ms": 1e3 * np.array(added) / N_TASKS}}


def empty_block(size: int, rng: np.random.Generator) -> Records:  # noqa: ARG001
    """Do nothing."""
    return {}


EMPTY = experiment(
    name="empty", question="", parts={"": Part(run=empty_block)}, resamples=N_TASKS, merge=add_up, numbers=dict
)


def tables(records: Frames) -> Frames:
    """Return medians of the times, for each subject; and the model, where there are empty tasks."""
    found = {
        "": summarise(records["fits"], ["n_samples", "n_features", "n_threads", "n_sets"], medians("us")),
        "compare": summarise(records["compare"], ["n_rows", "n_columns"], medians("seconds", "peak_mb")),
        "verdicts": summarise(records["verdicts"], ["loss", "side", "share"], verdicts_row),
        "sweeps": summarise(
            records["sweeps"],
            ["n_sets", "n_settings", "n_workers", "n_blocks"],
            medians("seconds", "block_s", "serial_s"),
        ),
        "machine": records["machine"],
    }
    if "tasks" in records:
        found["tasks"] = summarise(records["tasks"], ["n_tasks"], medians("task_ms"))
        of_sweep = found["sweeps"].set_index(["n_sets", "n_settings", "n_workers"], drop=False)
        found["model"] = model(of_sweep.loc[*MODELLED, 1], of_sweep.loc[*MODELLED, 2], found["tasks"]["task_ms"][0])
    return found


def medians(*names: str) -> Any:
    """Return what makes a row of the median, the least and the most of some columns."""
    return lambda rows: {column: time for name in names for column, time in spread(name, rows[name]).items()}


def verdicts_row(rows: Rows) -> dict[str, Any]:
    """Return what the verdicts at one distance cost, and how often each came."""
    return spread("ms", rows["ms"]) | verdict_counts(rows)


def model(one: pd.Series, two: pd.Series, task_ms: float) -> pd.DataFrame:
    """Return the time of `N_COPIES` times a measured sweep on more workers, on paper.

    What is not in blocks stays serial. The blocks take as many rounds as there are blocks for each worker, or what the
    scheduler needs to hand all of them out, whichever is longer.
    """
    n_blocks, serial = N_COPIES * one["n_blocks"], N_COPIES * one["serial_s"]
    workers = np.array(WORKERS)
    shared = one["block_s"] * np.ceil(n_blocks / workers)
    handed_out = np.where(workers > 2, 1e-3 * task_ms * n_blocks, 0.0)  # threads of this machine need no scheduler
    seconds = serial + np.maximum(shared, handed_out)
    times = {"serial_s": serial, "shared_s": shared, "handed_out_s": handed_out, "modelled_s": seconds}
    rows = pd.DataFrame({"n_workers": workers, **times})
    rows["speedup"], rows["amdahl"] = seconds[0] / seconds, seconds[0] / (serial + shared)
    return rows.assign(measured_s=rows["n_workers"].map({1: N_COPIES * one["seconds"], 2: N_COPIES * two["seconds"]}))


def exponent(rows: pd.DataFrame, x: str, name: str) -> float:
    """Return the slope of a column between the last two rows, on logarithmic axes."""
    (x0, x1), (t0, t1) = (np.log(rows[column].iloc[-2:]) for column in (x, name))
    return float((t1 - t0) / (x1 - x0))


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    fits, compare, verdicts = (tables[name] for name in ("", "compare", "verdicts"))
    one, two = (fits[fits["n_threads"] == n].sort_values(["n_features", "n_samples"]) for n in (1, 2))
    alone = two.merge(one, on=["n_samples", "n_features"], suffixes=("", "_alone"))
    rows, columns = compare[compare["n_columns"] == 10], compare[compare["n_rows"] == 10_000]
    found: Numbers = {
        "fits": nested(one, {"n_samples": "n", "n_features": "d"}, ["us"]),
        "threads": nested(alone.assign(ratio=alone["us_alone"] / alone["us"]), {"n_features": "d"}, ["ratio"]),
        "compare": nested(compare, {"n_rows": "rows", "n_columns": "columns"}, ["seconds", "peak_mb"]),
        "verdicts": nested(verdicts, {"loss": "", "side": "", "share": "at"}, ["ms", "most_cells", "undecided"]),
        "sweeps": nested(tables["sweeps"], {"n_sets": "sets", "n_settings": "settings", "n_workers": "workers"}),
        "exponents": {
            "samples": {f"d_{d}": exponent(one[one["n_features"] == d], "n_samples", "us") for d in (2, 20)},
            "features": exponent(one[one["n_samples"] == 100], "n_features", "us"),
            "rows": {name: exponent(rows, "n_rows", name) for name in ("seconds", "peak_mb")},
            "columns": {name: exponent(columns, "n_columns", name) for name in ("seconds", "peak_mb")},
        },
    }
    if "model" in tables:
        first, task_ms = tables["model"].iloc[0], tables["tasks"]["task_ms"][0]
        block_ms = 1e3 * tables["sweeps"].set_index(["n_sets", "n_settings", "n_workers"])["block_s"][(*MODELLED, 1)]
        found["model"] = nested(tables["model"], {"n_workers": "workers"}) | {
            "task_ms": task_ms,
            "block_ms": block_ms,
            "busy": block_ms / task_ms,
            "serial_share": first["serial_s"] / first["modelled_s"],
            "most": first["modelled_s"] / first["serial_s"],
            "of_two": first["measured_s"] / tables["model"]["measured_s"][1],
        }
    return found


EXPERIMENT = experiment(
    name="growth",
    question="How do the times of fits, comparisons, proofs and sweeps grow?",
    settings={
        "repeats": REPEATS,
        "fewer": FEWER,
        "weight_bound": WEIGHT_BOUND,
        "proof_bound": PROOF_BOUND,
        "n_samples": N_SAMPLES,
        "n_tasks": N_TASKS,
        "n_copies": N_COPIES,
        "modelled_sets": MODELLED[0],
    },
    parts={
        "machine": Part(run=machine, draws=False),
        "fits": Part(
            run=time_fits,
            cells=[
                *every(n_samples=(10, 1000, 10_000), n_features=(2, 20), most_threads=[1]),
                *every(n_samples=[100], n_features=(5, 10, 50), most_threads=[1]),
                *every(n_samples=[100], n_features=(2, 20), most_threads=[2]),
            ],
            resamples=REPEATS,
        ),
        "compare": Part(
            run=time_compare,
            cells=[*every(n_rows=(1000, 10_000, 100_000), n_columns=[10]), {"n_rows": 10_000, "n_columns": 50}],
        ),
        "verdicts": Part(run=time_verdicts, cells=every(loss=LOSSES)),
        "sweeps": Part(run=time_sweep, cells=[{"n_sets": n, "n_settings": k} for n, k in GRIDS]),
        "tasks": Part(run=time_tasks),
    },
    resamples=FEWER,
    block_size=REPEATS,
    tables=tables,
    numbers=numbers,
    kind="timed",
)
