"""Two crowds and one spoiler: every stationary point of the unbounded unit, counted and proved, as the crowds grow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.analysis.separability import separability
from study.certificates.checker import check
from study.certificates.problem import problem_of
from study.certificates.stationary import hull_bound, stationary_points
from study.datasets.dataset import Floats
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.losses import objective

EPS = 0.1
X = np.array([[-1.0], [1.0], [-0.2]])
y = np.array([-1.0, 1.0, 1.0])
WHOLE = 60
COUNTS = (*range(1, WHOLE + 1), 70, 80, 90, 100, 200, 500, *(10**k for k in range(3, 13)))
SHOWN = (10, 30, 100)
GRID = {"w": np.linspace(0.0, 6.5, 61), "b": np.linspace(-1.0, 4.0, 51)}
KINDS = ("minimum", "saddle", "maximum")


def weights(m: int) -> Floats:
    """Return the multiplicities: m copies of the negative and of the positive point, one spoiler."""
    return np.array([m, m, 1.0])


def run(cell: Cell, *_: object) -> Statistics:
    """Compute the one block of a cell."""
    if cell["part"] == "points":
        return separable()
    return landscape(int(cell["m"])) if cell["part"] == "landscape" else counted(int(cell["m"]))


def separable() -> Statistics:
    """Prove that the points are separable."""
    proof = separability(X, y).proof
    check(proof)
    return {"certificate": np.array([proof.encode()]), "n_fits": np.array([1])}


def counted(m: int) -> Statistics:
    """Enclose every stationary point in all of space, and have the proof checked."""
    bound = float(np.ceil(hull_bound(problem_of(X, y, "quadratic", EPS, None, 1.0))))
    found = stationary_points(X, y, eps=EPS, sample_weight=weights(m), weight_bound=bound, everywhere=True)
    if found.certificate is None:
        raise RuntimeError(f"{found.cells_left} cells are left at m = {m}")
    check(found.certificate)
    rows = [[m, KINDS.index(q.kind), q.separates, *q.w, q.loss[0], q.loss[1]] for q in found.points]
    return {
        "points": np.array(rows, dtype=float),
        "certificate": np.array([found.certificate.encode()]),
        "n_fits": np.array([1]),
    }


def landscape(m: int) -> Statistics:
    """Evaluate the loss on a grid."""
    w, b = np.meshgrid(GRID["w"], GRID["b"], indexing="ij")
    mean = objective(X, y, weights(m), "quadratic", EPS)
    values, _ = mean.value_and_gradient(np.stack([w, b], axis=-1).reshape(-1, 2))
    rows = np.column_stack([np.full(w.size, m), w.ravel(), b.ravel(), (2 * m + 1) * values])
    return {"grid": rows, "n_fits": np.array([0])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the table of counts, of points, of the landscape, and the certificates."""
    parts = {
        part: concatenate([s for cell, s in merged if cell["part"] == part])
        for part in ("points", "counted", "landscape")
    }
    columns = ["m", "kind", "separates", "w", "b", "loss_low", "loss_high"]
    points = pd.DataFrame(parts["counted"]["points"], columns=columns).astype({"m": int, "separates": bool})
    points["kind"] = [KINDS[int(kind)] for kind in points["kind"]]
    proofs = [line.decode() for part in ("points", "counted") for line in parts[part]["certificate"]]
    return {
        "": counts_table(points),
        "points": points,
        "landscape": pd.DataFrame(parts["landscape"]["grid"], columns=["m", "w", "b", "loss"]).astype({"m": int}),
        "certificates": pd.DataFrame({"certificate": proofs}),
    }


def counts_table(points: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each m: how many stationary points of each kind, and which minimum is the lower."""
    rows = []
    for m, here in points.groupby("m"):
        minima = here[here["kind"] == "minimum"]
        lowest = minima.sort_values("loss_low").iloc[0]
        others = minima[minima["separates"] != lowest["separates"]]
        rows.append(
            {
                "m": m,
                "n_stationary": len(here),
                "n_minima": len(minima),
                "n_separating_minima": int(minima["separates"].sum()),
                "lowest_separates": bool(lowest["separates"]),
                "order_proved": bool((others["loss_low"] > lowest["loss_high"]).all()),
                "loss_at_infinity": EPS**2 / 2 * (float(m) + 1.0),
            }
        )
    return pd.DataFrame(rows)


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


def declared(part: str, m: int = 1) -> Cell:
    """Return the cell of a part; nothing is drawn."""
    return {"part": part, "m": m, "resamples": 1}


CELLS: list[Cell] = [
    declared("points"),
    *(declared("counted", m) for m in COUNTS),
    *(declared("landscape", m) for m in SHOWN),
]

EXPERIMENT = Experiment(
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
    cells=CELLS,
    resamples=1,
    block_size=1,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
