"""How many updates the perceptron makes, beside the bound that its theorem allows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import hadamard

from study.analysis.interval import mean
from study.analysis.margin import novikoff_bound
from study.analysis.separation import separates
from study.datasets.dataset import Floats
from study.datasets.generators import make_boxes, make_gaussians
from study.datasets.published import four_points
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron

DISTANCES = (1.0, 10.0, 100.0, 1000.0)
SCALES = (0.0, 1.0, 10.0, 100.0, 1000.0)
PLACES = tuple((n, d) for n in (10, 30, 100) for d in (2, 10))
CORNERS = (2, 4, 8, 16, 32, 64, 128, 256)


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Count updates, and the bound where there is one; one row a resample."""
    match cell["part"]:
        case "distance":
            points = four_points(float(cell["t"]))
            start = float(cell["start_scale"]) * rng.normal(size=(size, 3))
            fit = perceptron(points.X, points.y, w0=start)
            bound = np.full(size, np.nan)
        case "random":
            n, d = int(cell["n_samples"]), int(cell["n_features"])
            make = make_boxes if cell["generator"] == "boxes" else make_gaussians
            points = make(n, d, size=size, rng=rng)
            fit = perceptron(points.X, points.y)
            bound = novikoff_bound(max_margin(points.X, points.y).w, points.X, points.y)
        case _:
            X, y, w = simplex(int(cell["n_samples"]))
            fit = perceptron(X[None], y)
            bound = novikoff_bound(w, X, y)[None]
            return {"rows": np.column_stack([fit.n_updates, bound, separates(fit.w, X, y)]), "n_fits": np.array([1])}
    right = separates(fit.w, points.X, points.y)
    return {"rows": np.column_stack([fit.n_updates, bound, right]), "n_fits": np.array([size])}


def simplex(n: int) -> tuple[Floats, Floats, Floats]:
    """Return a set on which the count is the bound, with its labels and its best separator.

    The corners x_i of a regular simplex around the origin with x_i.x_j = -1, the rows of a Hadamard matrix without its
    column of ones, make z_i = y_i (x_i, 1) orthogonal and of equal norm, for any labels. An update then changes no
    other margin, and each sample is added once.
    """
    X = hadamard(n)[:, 1:].astype(float)
    y = np.resize([1.0, -1.0], n)
    return X, y, (y[:, None] * np.column_stack([X, np.ones(n)])).sum(axis=0)


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make one row a cell: updates with a 95% interval of their mean, and their share of the bound."""
    rows = []
    for cell, statistics in merged:
        updates, bound, right = statistics["rows"].T
        row: dict[str, Any] = {name: cell.get(name) for name in COLUMNS}
        row |= {"n": len(updates), **mean("updates", updates)}
        row |= {"updates_least": updates.min(), "updates_most": updates.max(), "separates": right.mean()}
        if not np.isnan(bound).any():
            share = updates / bound
            row |= {"bound_median": np.median(bound), "share_median": np.median(share), "share_most": share.max()}
        rows.append(row)
    return {"": pd.DataFrame(rows)}


COLUMNS = ("part", "generator", "n_samples", "n_features", "t", "start_scale")


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    table = tables[""]
    drawn, corner = table[table["part"] == "random"], table[table["part"] == "simplex"]
    told: dict[str, Any] = {
        "random": {
            "n": int(drawn["n"].min()),
            "sets": int(drawn["n"].sum()),
            "share_median_least": drawn["share_median"].min(),
            "share_median_most": drawn["share_median"].max(),
            "share_most": drawn["share_most"].max(),
        },
        "simplex": {
            "share_least": corner["share_median"].min(),
            "largest": int(corner["n_samples"].max()),
            "updates_at_largest": int(corner["updates"].iloc[-1]),
        },
        "separates_least": table["separates"].min(),
        "distance": {},
    }
    for row in table[table["part"] == "distance"].to_dict("records"):
        place = told["distance"].setdefault(f"t_{row['t']:g}", {})
        place[f"scale_{row['start_scale']:g}"] = {
            name: row[name] for name in ("updates", "updates_low", "updates_high", "updates_most")
        }
    return told


DISTANCE: list[Cell] = [{"part": "distance", "t": t, "start_scale": s} for t in DISTANCES for s in SCALES]
RANDOM: list[Cell] = [
    {"part": "random", "generator": generator, "n_samples": n, "n_features": d, "resamples": 1000}
    for generator in ("boxes", "gaussians")
    for n, d in PLACES
]
ATTAINING: list[Cell] = [{"part": "simplex", "n_samples": n, "resamples": 1} for n in CORNERS]

EXPERIMENT = Experiment(
    name="perceptron_updates",
    question="How far below its theorem's bound does the perceptron stay, and where does it reach it?",
    settings={"largest_t": max(DISTANCES), "largest_scale": max(SCALES), "least_n": 10, "most_n": 100},
    cells=(*DISTANCE, *RANDOM, *ATTAINING),
    resamples=100_000,
    block_size=20_000,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
