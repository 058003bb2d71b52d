"""What a verdict costs, to find and to check, as points, features and the bound grow."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.certificates.checker import check
from study.certificates.search import verdict
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.losses import Loss

SIZES, DIMENSIONS, BOUNDS = (10, 100, 1_000, 10_000, 100_000), (1, 2, 3, 4), (1.0, 3.0, 10.0, 30.0)
USUAL = {"n_samples": 100, "n_features": 2, "weight_bound": 3.0}
DRAWS = 3
EPS = {"quadratic": 0.0, "soft quadratic": 0.05, "cross-entropy": 0.0}
"""The target of each loss; soft targets need a tree of cells."""
MOST_SOFT = {"n_samples": 1_000, "n_features": 3}


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Time the verdicts of a cell's sets: boxes with one spoiler, drawn anew each time."""
    rows = []
    loss: Loss = "cross-entropy" if cell["loss"] == "cross-entropy" else "quadratic"
    eps = EPS[str(cell["loss"])]
    for _ in range(size):
        base = make_boxes(int(cell["n_samples"]), int(cell["n_features"]), **BOX, rng=rng)
        points = add_spoilers(base, 1, depth=PLACE["depth"]) if base.X.shape[-1] > 1 else base
        begin = time.perf_counter()
        found = verdict(points.X, points.y, loss=loss, eps=eps, weight_bound=float(cell["weight_bound"]))
        searched = time.perf_counter()
        if found.certificate is not None:
            check(found.certificate)
        checked = time.perf_counter()
        claims = ("separates", "fails", "undecided")
        rows.append([searched - begin, checked - searched, found.n_cells, claims.index(found.claim)])
    return {"rows": np.array(rows), "n_fits": np.array([size])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Return a row for each cell: medians of the times, the most cells, and how often each verdict came."""
    rows = []
    for cell, statistics in merged:
        search, checked, cells, claim = statistics["rows"].T
        settings: dict[str, Any] = {name: cell[name] for name in ("loss", *USUAL)}
        times = {"search_ms": 1e3 * np.median(search), "check_ms": 1e3 * np.median(checked)}
        counts = {name: int((claim == code).sum()) for code, name in enumerate(("separates", "fails", "undecided"))}
        rows.append({**settings, "n": len(search), **times, "most_cells": int(cells.max()), **counts})
    return {"": pd.DataFrame(rows)}


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return each row by its loss and by the one setting that is not the usual one."""
    tree: dict[str, Any] = {}
    for row in tables[""].to_dict("records"):
        for name in USUAL:
            if all(row[other] == usual for other, usual in USUAL.items() if other != name):
                place = tree.setdefault(row["loss"].replace("-", "_").replace(" ", "_"), {}).setdefault(name, {})
                place[f"at_{row[name]:g}".replace("+", "")] = {
                    key: row[key] for key in ("search_ms", "check_ms", "most_cells", "undecided")
                }
    return tree


def cells() -> list[Cell]:
    """Return the settings, each setting varied alone."""
    varied: list[Mapping[str, str | int | float]] = [
        *({**USUAL, "n_samples": n} for n in SIZES),
        *({**USUAL, "n_features": d} for d in DIMENSIONS if d != USUAL["n_features"]),
        *({**USUAL, "weight_bound": R} for R in BOUNDS if USUAL["weight_bound"] != R),
    ]
    return [
        {"loss": loss, **settings}
        for loss in EPS
        for settings in varied
        if loss != "soft quadratic" or all(int(settings[name]) <= most for name, most in MOST_SOFT.items())
    ]


EXPERIMENT = Experiment(
    name="proof_cost",
    question="What does a proved verdict cost to find and to check?",
    settings={
        "n_samples": list(SIZES),
        "n_features": list(DIMENSIONS),
        "weight_bound": list(BOUNDS),
        "draws": DRAWS,
        "eps": EPS["soft quadratic"],
    },
    cells=cells(),
    resamples=DRAWS,
    block_size=1,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
    kind="timed",
)
