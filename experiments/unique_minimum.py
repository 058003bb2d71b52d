"""Two crowds and one spoiler: every stationary point of the unbounded unit, counted and proved, as the crowds grow."""

from typing import Any

import numpy as np
import pandas as pd

from experiments._proofs import accepted, statement
from study import separability, stationary_points
from study.certificates.problem import problem_of
from study.certificates.stationary import hull_bound
from study.datasets.dataset import Floats
from study.sweeps.experiment import Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise
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


def unit(m: int) -> dict[str, Any]:
    """Return the unit that is trained on m copies, in a box that holds every stationary point."""
    bound = float(np.ceil(hull_bound(problem_of(X, y, "quadratic", EPS, None, 1.0))))
    return {"eps": EPS, "sample_weight": weights(m), "weight_bound": bound}


def prove_separable() -> Records:
    """Prove that the points are separable."""
    found = separability(X, y)
    return {"separable": {"separable": found.separable, **accepted(found.proof)}, "n_fits": 1}


def count_stationary(m: int) -> Records:
    """Enclose every stationary point in all of space, and have the proof checked."""
    found = stationary_points(X, y, everywhere=True, **unit(m))
    proof = accepted(found.certificate)
    rows = [
        {
            "kind": q.kind,
            "separates": q.separates,
            "w": q.w[0],
            "b": q.w[1],
            "loss_low": q.loss[0],
            "loss_high": q.loss[1],
            **proof,
        }
        for q in found.points
    ]
    return {"points": rows, "n_fits": 1}


def evaluate_loss(m: int) -> Records:
    """Evaluate the loss on a grid."""
    w, b = np.meshgrid(GRID["w"], GRID["b"], indexing="ij")
    mean = objective(X, y, weights(m), "quadratic", EPS)
    values, _ = mean.value_and_gradient(np.stack([w, b], axis=-1).reshape(-1, 2))
    return {"landscape": {"w": w.ravel(), "b": b.ravel(), "loss": (2 * m + 1) * values}}


def tables(records: Frames) -> Frames:
    """Make one row for each number of copies; the records are tables as they are."""
    return {**records, "": summarise(records["points"], ["m"], counts_row).rename(columns={"n": "n_stationary"})}


def separable_statement(row: Row) -> Statements:
    """Return what the proof that the points are separable must state."""
    claim = "separable" if row["separable"] else "not separable"
    return {"certificate": {"kind": "separability", "X": X.tolist(), "y": y.astype(int).tolist(), "claim": claim}}


def point_statement(row: Row) -> Statements:
    """Return what the proof of a stationary point must state."""
    point = {"w": [row["w"], row["b"]], "kind": row["kind"], "separates": row["separates"]}
    point |= {"loss": [row["loss_low"], row["loss_high"]]}
    return {"certificate": statement(X, y, everywhere=True, points=point, **unit(row["m"]))}


def counts_row(rows: Rows) -> dict[str, Any]:
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


def numbers(tables: Frames) -> Numbers:
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
        "two_minima": {"first": int(two.min()), "last": int(two.max())},
        "both_separate": {"number": len(both)},
        "failing_lower_from": int(fails_lower.min()),
        "order_proved": bool(counts["order_proved"].all()),
        "unique_failing": {
            "first": int(alone.min()),
            "ever_after": bool((counts.loc[alone.min() :, "n_stationary"] == 1).all()),
        },
        "at": {f"m_{m}": at(counts, points, m) for m in (10, 20, 50, 100, 1000)},
    }


def at(counts: pd.DataFrame, points: pd.DataFrame, m: int) -> dict[str, Any]:
    """Return what is known at one m: kinds, losses and places."""
    here = points[(points["m"] == m) & (points["kind"] == "minimum")]
    row = counts.loc[m]
    here = here.assign(
        kind=np.where(here["separates"], "separating", "failing"), loss=(here["loss_low"] + here["loss_high"]) / 2
    )
    known = {"n_stationary": int(row["n_stationary"]), "n_minima": int(row["n_minima"])}
    return {**known, "loss_at_infinity": row["loss_at_infinity"], **nested(here, {"kind": ""}, ["w", "b", "loss"])}


EXPERIMENT = experiment(
    name="unique_minimum",
    question="Are there separable points on which the unbounded unit has one minimum only, and that one fails?",
    settings={"eps": EPS, "spoiler": float(X[2, 0]), "every_count_to": WHOLE, "largest_count": max(COUNTS)},
    parts={
        "points": Part(run=prove_separable, draws=False),
        "counted": Part(run=count_stationary, cells=every(m=COUNTS), draws=False),
        "landscape": Part(run=evaluate_loss, cells=every(m=SHOWN), draws=False),
    },
    tables=tables,
    numbers=numbers,
    statements={"separable": separable_statement, "points": point_statement},
)
