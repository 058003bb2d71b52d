"""Targets within reach of the bound: which loss still gives a spoiler up, and how many points can outvote it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from study.analysis.interval import middle, rate
from study.analysis.separation import separates
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.law.conflict import Shape, spoilt
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.fit import Bound
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
SHAPES: tuple[Shape, ...] = ("box", "ball")
TARGETS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.4, 2.2)
"""Margins at which the targets are met, ln((1 - eps) / eps)."""
FACTORS = (0.5, 0.8, 0.95, 1.05, 1.2, 2.0)
"""The same, as shares of what each set leaves within reach."""
COPIES = (1, 10, 100, 1000, 10_000)


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block: the same targets for all sets, or targets measured by each set's own reach."""
    points = add_spoilers(make_boxes(N_SAMPLES, **BOX, size=size, rng=rng), 1, **PLACE, rng=rng)
    if cell["part"] == "targets":
        reaches = np.stack([reach(points, shape) for shape in SHAPES], axis=-1)
        rows = [by_target(points, u, reaches) for u in TARGETS]
        n_fits = np.array([size * len(TARGETS) * len(SHAPES) * len(LOSSES)])
        return {"targets": np.stack(rows, axis=1), "reaches": reaches, "n_fits": n_fits}
    reached = reach(points, "box")
    rows = [by_share(points, factor * reached) for factor in FACTORS]
    return {"copies": np.stack(rows, axis=1), "n_fits": np.array([size * len(FACTORS) * len(COPIES) * len(LOSSES)])}


def reach(points: Dataset, shape: Shape) -> Floats:
    """Return gamma0 R of each set: the margin that the base can have within the bound, the spoiler not lost."""
    sets = zip(points.X, points.y, points.is_spoiler, strict=True)
    return np.array([WEIGHT_BOUND * spoilt(X, y, flags, shape).gamma0 for X, y, flags in sets])


def by_target(points: Dataset, u: float, reaches: Floats) -> Floats:
    """Return for each shape of bound whether u is in reach, and whether the optimum of each loss separates."""
    columns = []
    for shape, reached in zip(SHAPES, reaches.T, strict=True):
        columns.append(u < reached)
        for loss in LOSSES:
            fit = sigmoid_unit(
                points.X, points.y, loss=loss, eps=expit(-u), bound=Bound(shape, WEIGHT_BOUND), method="newton"
            )
            columns.append(separates(fit.w, points.X, points.y))
    return np.stack(columns, axis=-1).astype(float)


def by_share(points: Dataset, targets: Floats) -> Floats:
    """Return for each number of copies of the base whether the optimum of each loss separates, by a target for each."""
    columns = []
    bound = Bound("box", WEIGHT_BOUND)
    for copies in COPIES:
        weights = np.where(points.is_spoiler, 1.0, copies)
        for loss in LOSSES:
            fits = [
                sigmoid_unit(X, y, loss=loss, eps=expit(-u), sample_weight=m, bound=bound, method="newton").w
                for X, y, m, u in zip(points.X, points.y, weights, targets, strict=True)
            ]
            columns.append(separates(np.array(fits), points.X, points.y))
    return np.stack(columns, axis=-1).astype(float)


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the three tables."""
    values = {str(cell["part"]): statistics for cell, statistics in merged}
    reaches = [
        {"shape": shape, "n": len(reached), **middle("reach", reached)}
        for shape, reached in zip(SHAPES, values["targets"]["reaches"].T, strict=True)
    ]
    return {
        "": targets_table(values["targets"]["targets"]),
        "copies": copies_table(values["copies"]["copies"]),
        "reach": pd.DataFrame(reaches),
    }


def targets_table(values: Floats) -> pd.DataFrame:
    """Return a row for each target, shape of bound and loss, from values of shape (n, targets, columns)."""
    rows: list[dict[str, Any]] = []
    for u, of_target in zip(TARGETS, np.swapaxes(values, 0, 1), strict=True):
        for shape, columns in zip(SHAPES, np.split(of_target.T, len(SHAPES)), strict=True):
            reached = columns[0] == 1.0
            for loss, right in zip(LOSSES, columns[1:], strict=True):
                row = {"u": u, "eps": float(expit(-u)), "shape": shape, "loss": loss, "n": len(right)}
                lost = int((right[reached] == 0.0).sum())
                rows.append(row | rate("separates", right) | {"in_reach": reached.mean(), "in_reach_lost": lost})
    return pd.DataFrame(rows)


def copies_table(values: Floats) -> pd.DataFrame:
    """Return a row for each share of the reach, copies and loss, from values of shape (n, shares, columns)."""
    rows: list[dict[str, Any]] = []
    for factor, of_factor in zip(FACTORS, np.swapaxes(values, 0, 1), strict=True):
        keys = [(copies, loss) for copies in COPIES for loss in LOSSES]
        for (copies, loss), right in zip(keys, of_factor.T, strict=True):
            row = {"share_of_reach": factor, "copies": copies, "loss": loss, "n": len(right)}
            rows.append(row | rate("separates", right))
    return pd.DataFrame(rows)


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    by_u: dict[str, Any] = {}
    for row in tables[""].to_dict("records"):
        place = by_u.setdefault(row["shape"], {}).setdefault(f"u_{row['u']:g}".replace(".", "_"), {})
        place |= {"eps": row["eps"], "in_reach": row["in_reach"]}
        place[named(row["loss"])] = {
            name: row[name] for name in ("separates", "separates_low", "separates_high", "in_reach_lost")
        }
    by_copies: dict[str, Any] = {}
    for row in tables["copies"].to_dict("records"):
        place = by_copies.setdefault(named(row["loss"]), {})
        place = place.setdefault(f"share_{row['share_of_reach']:g}".replace(".", "_"), {})
        place[f"m_{row['copies']}"] = {name: row[name] for name in ("separates", "separates_low", "separates_high")}
    threshold = tables[""][tables[""]["loss"] == "threshold-quadratic"]
    return {
        "n": int(tables[""]["n"].min()),
        "n_copies": int(tables["copies"]["n"].min()),
        "targets": by_u,
        "reach": {
            row["shape"]: {name: row[name] for name in ("reach", "reach_q05", "reach_q95")}
            | {"target": float(expit(row["reach"]))}
            for row in tables["reach"].to_dict("records")
        },
        "copies": by_copies,
        "in_reach": int((threshold["in_reach"] * threshold["n"]).round().sum()),
        "in_reach_lost": int(threshold["in_reach_lost"].sum()),
        "others_in_reach_lost": {
            named(loss): int(tables[""].query("loss == @loss")["in_reach_lost"].sum()) for loss in LOSSES[:2]
        },
    }


def named(loss: Loss) -> str:
    """Return a loss as the keys of `numbers` have it."""
    return loss.replace("-", "_")


EXPERIMENT = Experiment(
    in_processes=True,
    name="reach",
    question="Does a loss that is zero beyond its targets give a spoiler up where the bound lets them be met?",
    settings={
        "n_samples": N_SAMPLES,
        "weight_bound": WEIGHT_BOUND,
        "boxes": BOX,
        "depth": PLACE["depth"],
        "offset": PLACE["offset"],
        "most_copies": max(COPIES),
    },
    cells=({"part": "targets"}, {"part": "copies", "resamples": 200}),
    resamples=1000,
    block_size=20,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
