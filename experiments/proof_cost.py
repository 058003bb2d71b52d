"""What a verdict costs, to find and to check, as points, features and the bound grow."""

import time
from typing import Any

import numpy as np
import pandas as pd

from experiments._timing import verdict_counts
from study import add_spoilers, check, make_boxes, verdict
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.sweeps.experiment import Cell
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, key, nested, summarise
from study.trainers.losses import Loss

SIZES, DIMENSIONS, BOUNDS = (10, 100, 1_000, 10_000, 100_000), (1, 2, 3, 4), (1.0, 3.0, 10.0, 30.0)
USUAL = {"n_samples": 100, "n_features": 2, "weight_bound": 3.0}
DRAWS = 3
EPS = {"quadratic": 0.0, "soft quadratic": 0.05, "cross-entropy": 0.0}
"""The target of each loss; soft targets need a tree of cells."""
MOST_SOFT = {"n_samples": 1_000, "n_features": 3}


def time_verdicts(
    loss: str, n_samples: int, n_features: int, weight_bound: float, size: int, rng: np.random.Generator
) -> Records:
    """Time the verdicts of a cell's sets: boxes with one spoiler, drawn anew each time."""
    rows = []
    of_loss: Loss = "cross-entropy" if loss == "cross-entropy" else "quadratic"
    for _ in range(size):
        base = make_boxes(n_samples, n_features, **BOX, rng=rng)
        points = add_spoilers(base, 1, depth=PLACE["depth"]) if n_features > 1 else base
        begin = time.perf_counter()
        found = verdict(points.X, points.y, loss=of_loss, eps=EPS[loss], weight_bound=weight_bound)
        searched = time.perf_counter()
        if found.certificate is not None:
            check(found.certificate)
        seconds = {"search": searched - begin, "check": time.perf_counter() - searched}
        rows.append({**seconds, "cells": found.n_cells, "claim": found.claim})
    return {"verdicts": rows, "n_fits": size}


def tables(records: Frames) -> Frames:
    """Return a row for each cell: medians of the times, the most cells, and how often each verdict came."""
    return {"": summarise(records["verdicts"], ["loss", *USUAL], cost_row)}


def cost_row(rows: Rows) -> dict[str, Any]:
    """Return what the verdicts of one cell cost."""
    times = {f"{name}_ms": 1e3 * np.median(rows[name]) for name in ("search", "check")}
    return times | verdict_counts(rows)


def numbers(tables: Frames) -> Numbers:
    """Return each row by its loss and by the one setting that is not the usual one."""
    tree: dict[str, Any] = {key(loss): {} for loss in tables[""]["loss"]}
    for name in USUAL:
        others = {other: usual for other, usual in USUAL.items() if other != name}
        alone = tables[""][(tables[""][list(others)] == pd.Series(others)).all(axis=1)]
        cited = ("search_ms", "check_ms", "most_cells", "undecided")
        for loss, rows in nested(alone, {"loss": "", name: "at"}, cited).items():
            tree[loss][name] = rows
    return tree


def varied() -> list[Cell]:
    """Return the settings, each setting varied alone."""
    settings = [
        *({**USUAL, "n_samples": n} for n in SIZES),
        *({**USUAL, "n_features": d} for d in DIMENSIONS if d != USUAL["n_features"]),
        *({**USUAL, "weight_bound": R} for R in BOUNDS if USUAL["weight_bound"] != R),
    ]
    return [
        {"loss": loss, **setting}
        for loss in EPS
        for setting in settings
        if loss != "soft quadratic" or all(setting[name] <= most for name, most in MOST_SOFT.items())
    ]


EXPERIMENT = experiment(
    name="proof_cost",
    question="What does a proved verdict cost to find and to check?",
    settings={"draws": DRAWS, "eps": EPS["soft quadratic"]},
    parts={"": Part(run=time_verdicts, cells=varied())},
    resamples=DRAWS,
    block_size=1,
    tables=tables,
    numbers=numbers,
    kind="timed",
)
