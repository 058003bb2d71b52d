"""How many updates the perceptron makes, beside the bound that its theorem allows."""

from typing import Any

import numpy as np
from scipy.linalg import hadamard

from study import Fit, four_points, make_boxes, make_gaussians, max_margin, novikoff_bound, perceptron, separates
from study.analysis.interval import mean
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise

DISTANCES = (1.0, 10.0, 100.0, 1000.0)
SCALES = (0.0, 1.0, 10.0, 100.0, 1000.0)
ORDERED = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256)
CORNERS = (2, 4, 8, 16, 32, 64, 128, 256)


def count_by_distance(t: float, start_scale: float, size: int, rng: np.random.Generator) -> Records:
    """Count updates on the four points from drawn starts."""
    points = four_points(t)
    fit = perceptron(points.X, points.y, w0=start_scale * rng.normal(size=(size, 3)))
    return rows_of_fit(fit, points.X, points.y, np.full(size, np.nan))


def count_on_random_sets(
    generator: str, n_samples: int, n_features: int, size: int, rng: np.random.Generator
) -> Records:
    """Count updates on drawn sets, beside the bound."""
    make = make_boxes if generator == "boxes" else make_gaussians
    points = make(n_samples, n_features, size=size, rng=rng)
    bound = novikoff_bound(max_margin(points.X, points.y).w, points.X, points.y)
    return rows_of_fit(perceptron(points.X, points.y), points.X, points.y, bound)


def count_on_simplex(n_samples: int) -> Records:
    """Count updates on the set that attains the bound."""
    X, y, w = simplex(n_samples)
    return rows_of_fit(perceptron(X[None], y), X, y, novikoff_bound(w, X, y)[None])


def try_all_orders(t: int) -> Records:
    """Count the most updates on the four points that any order of presentation leads to, from zero.

    After k updates the weights are one of a few, whatever the order: all are followed, until none has a sample wrong.
    """
    points = four_points(t)
    Z = [tuple(map(int, row)) for row in points.y[:, None] * np.column_stack([points.X, np.ones(4)])]
    reached, n_updates, n_weights = {(0, 0, 0)}, 0, 0
    while reached:
        n_weights += len(reached)
        wrong = ((w, z) for w in reached for z in Z if sum(a * b for a, b in zip(w, z, strict=True)) <= 0)
        reached = {(w[0] + z[0], w[1] + z[1], w[2] + z[2]) for w, z in wrong}
        n_updates += bool(reached)
    return {"orders": {"most": n_updates, "n_weights": n_weights}, "n_fits": n_weights}


def rows_of_fit(fit: Fit, X: Floats, y: Floats, bound: Floats) -> Records:
    """Return one row a resample."""
    updates = {"updates": fit.n_updates, "bound": bound, "right": separates(fit.w, X, y)}
    return {"updates": updates, "n_fits": len(bound)}


def simplex(n: int) -> tuple[Floats, Floats, Floats]:
    """Return a set on which the count is the bound, with its labels and its best separator.

    The corners x_i of a regular simplex around the origin with x_i.x_j = -1, the rows of a Hadamard matrix without its
    column of ones, make z_i = y_i (x_i, 1) orthogonal and of equal norm, for any labels. An update then changes no
    other margin, and each sample is added once.
    """
    X = hadamard(n)[:, 1:].astype(float)
    y = np.resize([1.0, -1.0], n)
    return X, y, (y[:, None] * np.column_stack([X, np.ones(n)])).sum(axis=0)


def tables(records: Frames) -> Frames:
    """Make one row a cell: updates with a 95% interval of their mean, and their share of the bound."""
    by = ["part", "generator", "n_samples", "n_features", "t", "start_scale"]
    return {"": summarise(records["updates"], by, updates_row), "orders": records["orders"]}


def updates_row(rows: Rows) -> dict[str, Any]:
    """Return what is true of one cell."""
    updates, bound = rows["updates"].astype(float), rows["bound"]
    row = mean("updates", updates)
    row |= {"updates_least": updates.min(), "updates_most": updates.max(), "separates": rows["right"].mean()}
    if np.isnan(bound).any():
        return row
    share = updates / bound
    return row | {"bound_median": np.median(bound), "share_median": np.median(share), "share_most": share.max()}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table = tables[""]
    orders = tables["orders"]
    drawn, corner = table[table["part"] == "random"], table[table["part"] == "simplex"]
    return {
        "random": {
            "share_median_least": drawn["share_median"].min(),
            "share_median_most": drawn["share_median"].max(),
        },
        "orders": nested(orders, {"t": "t"}, ["most"])
        | {"least_extra": (orders["most"] - orders["t"]).min(), "most_extra": (orders["most"] - orders["t"]).max()},
        "simplex": {"largest": int(corner["n_samples"].max())},
        "distance": nested(table[table["part"] == "distance"], {"t": "t", "start_scale": "scale"}, ["updates"]),
    }


EXPERIMENT = experiment(
    name="perceptron_updates",
    question="How far below its theorem's bound does the perceptron stay, and where does it reach it?",
    settings={"largest_ordered": max(ORDERED), "largest_t": max(DISTANCES), "largest_scale": max(SCALES)},
    parts={
        "distance": Part(run=count_by_distance, cells=every(t=DISTANCES, start_scale=SCALES)),
        "random": Part(
            run=count_on_random_sets,
            cells=every(generator=("boxes", "gaussians"), n_samples=(10, 30, 100), n_features=(2, 10)),
            resamples=1000,
        ),
        "orders": Part(run=try_all_orders, cells=every(t=ORDERED), draws=False),
        "simplex": Part(run=count_on_simplex, cells=every(n_samples=CORNERS), draws=False),
    },
    resamples=100_000,
    block_size=20_000,
    tables=tables,
    numbers=numbers,
)
