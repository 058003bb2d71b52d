"""Two crowds and one spoiler: every stationary point of the unbounded unit, counted and proved, as the crowds grow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.analysis.separability import separability
from study.certificates.checker import check
from study.certificates.problem import problem_of
from study.certificates.stationary import hull_bound, stationary_points
from study.datasets.dataset import Floats
from study.sweeps.experiment import Tables
from study.sweeps.parts import Frames, Part, Records, experiment, summarise
from study.trainers.losses import objective

EPS = 0.1
X = np.array([[-1.0], [1.0], [-0.2]])
y = np.array([-1.0, 1.0, 1.0])
WHOLE = 60
COUNTS = (*range(1, WHOLE + 1), 70, 80, 90, 100, 200, 500, *(10**k for k in range(3, 13)))
SHOWN = (10, 30, 100)
GRID = {"w": np.linspace(0.0, 6.5, 61), "b": np.linspace(-1.0, 4.0, 51)}


def weights(m: int) -> Floats:
    """Return the multiplicities: m copies of the negative and of the positive point, one spoiler."""
    return np.array([m, m, 1.0])


def prove_separable() -> Records:
    """Prove that the points are separable."""
    proof = separability(X, y).proof
    check(proof)
    return {"certificates": {"certificate": proof}, "n_fits": 1}


def count_stationary(m: int) -> Records:
    """Enclose every stationary point in all of space, and have the proof checked."""
    bound = float(np.ceil(hull_bound(problem_of(X, y, "quadratic", EPS, None, 1.0))))
    found = stationary_points(X, y, eps=EPS, sample_weight=weights(m), weight_bound=bound, everywhere=True)
    if found.certificate is None:
        raise RuntimeError(f"{found.cells_left} cells are left at m = {m}")
    check(found.certificate)
    rows = [
        {
            "kind": q.kind,
            "separates": q.separates,
            "w": q.w[0],
            "b": q.w[1],
            "loss_low": q.loss[0],
            "loss_high": q.loss[1],
        }
        for q in found.points
    ]
    return {"points": rows, "certificates": {"certificate": found.certificate}, "n_fits": 1}


def evaluate_loss(m: int) -> Records:
    """Evaluate the loss on a grid."""
    w, b = np.meshgrid(GRID["w"], GRID["b"], indexing="ij")
    mean = objective(X, y, weights(m), "quadratic", EPS)
    values, _ = mean.value_and_gradient(np.stack([w, b], axis=-1).reshape(-1, 2))
    return {"landscape": {"w": w.ravel(), "b": b.ravel(), "loss": (2 * m + 1) * values}}


def tables(records: Frames) -> Tables:
    """Make the table of counts, of points, of the landscape, and the certificates."""
    points = records["points"].drop(columns="part")
    return {
        "": summarise(points, ["m"], counts_row).rename(columns={"n": "n_stationary"}),
        "points": points,
        "landscape": records["landscape"].drop(columns="part"),
        "certificates": records["certificates"][["certificate"]],
    }


def counts_row(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many of the stationary points are minima, and which minimum is the lower."""
    points = pd.DataFrame(rows)
    minima = points[points["kind"] == "minimum"]
    lowest = minima.sort_values("loss_low").iloc[0]
    others = minima[minima["separates"] != lowest["separates"]]
    return {
        "n_minima": len(minima),
        "n_separating_minima": int(minima["separates"].sum()),
        "lowest_separates": bool(lowest["separates"]),
        "order_proved": bool((others["loss_low"] > lowest["loss_high"]).all()),
        "loss_at_infinity": EPS**2 / 2 * (float(lowest["m"]) + 1.0),
    }


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    counts, points = tables[""].set_index("m"), tables["points"]
    whole = counts.loc[1:WHOLE]
    two = whole.index[whole["n_minima"] == 2]
    both = whole.index[whole["n_separating_minima"] == 2]
    fails_lower = whole.index[~whole["lowest_separates"]]
    alone = counts.index[(counts["n_minima"] == 1) & (counts["n_separating_minima"] == 0)]
    return {
        "n_certificates": len(tables["certificates"]),
        "n_counts": len(counts),
        "two_minima": {
            "first": int(two.min()),
            "last": int(two.max()),
            "without_gap": bool(len(two) == np.ptp(two) + 1),
        },
        "both_separate": {"first": int(both.min()), "last": int(both.max()), "number": len(both)},
        "failing_lower_from": int(fails_lower.min()),
        "failing_lower_ever_after": bool((whole.loc[fails_lower.min() :, "lowest_separates"] == 0).all()),
        "order_proved": bool(counts["order_proved"].all()),
        "unique_failing": {
            "first": int(alone.min()),
            "last": int(alone.max()),
            "ever_after": bool((counts.loc[alone.min() :, "n_stationary"] == 1).all()),
        },
        "at": {f"m_{m}": at(counts, points, m) for m in (10, 20, 50, 100, 1000)},
    }


def at(counts: pd.DataFrame, points: pd.DataFrame, m: int) -> dict[str, Any]:
    """Return what is known at one m: kinds, losses and places."""
    here = points[(points["m"] == m) & (points["kind"] == "minimum")]
    row = counts.loc[m]
    minima = {
        ("separating" if minimum["separates"] else "failing"): {
            "w": minimum["w"],
            "b": minimum["b"],
            "loss": (minimum["loss_low"] + minimum["loss_high"]) / 2,
        }
        for minimum in here.to_dict("records")
    }
    known = {"n_stationary": int(row["n_stationary"]), "n_minima": int(row["n_minima"])}
    return {**known, "loss_at_infinity": float(row["loss_at_infinity"]), **minima}


EXPERIMENT = experiment(
    in_processes=True,
    name="unique_minimum",
    question="Are there separable points on which the unbounded unit has one minimum only, and that one fails?",
    settings={
        "eps": EPS,
        "spoiler": float(X[2, 0]),
        "every_count_to": WHOLE,
        "largest_count": max(COUNTS),
        "shown": list(SHOWN),
    },
    parts={
        "points": Part(run=prove_separable, draws=False),
        "counted": Part(run=count_stationary, cells=[{"m": m} for m in COUNTS], draws=False),
        "landscape": Part(run=evaluate_loss, cells=[{"m": m} for m in SHOWN], draws=False),
    },
    resamples=1,
    block_size=1,
    tables=tables,
    numbers=numbers,
)
