"""How few binary points give the quadratic loss a minimum that is not its lowest one."""

from typing import Any

import numpy as np

from experiments._proofs import accepted, statement
from study import separability
from study.certificates.stationary import stationary_points
from study.sweeps.experiment import Cell, Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, nested, summarise

SETS: dict[str, dict[str, Any]] = {
    "exclusive or": {
        "X": np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]),
        "y": np.array([1.0, 1.0, -1.0, -1.0]),
        "sample_weight": np.array([2.0, 1.0, 1.0, 1.0]),
    },
    "separable": {
        "X": np.array([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]),
        "y": np.array([1.0, 1.0, -1.0, -1.0, -1.0]),
        "sample_weight": np.ones(5),
    },
}
"""Two classes no line separates, one of their four points twice; and five points in space that a plane separates."""
CELLS: list[Cell] = [
    {"points": "exclusive or", "eps": 0.1, "weight_bound": 10.0, "everywhere": True},
    {"points": "exclusive or", "eps": 0.01, "weight_bound": 15.0, "everywhere": True},
    {"points": "separable", "eps": 0.01, "weight_bound": 20.0, "everywhere": False},
]
KNOWN = 125
"""Instances of the smallest example that was known, of Sontag and Sussmann."""
AXES = ("w_1", "w_2", "w_3")


def count_stationary(points: str, eps: float, weight_bound: float, everywhere: bool) -> Records:
    """Enclose all stationary points in a box, or in all of space, and have the proof checked."""
    found = stationary_points(**SETS[points], eps=eps, weight_bound=weight_bound, everywhere=everywhere)
    proof = accepted(found.certificate)
    rows = []
    for point in found.points:
        weights = dict.fromkeys(AXES, np.nan) | dict(zip(AXES, point.w[:-1], strict=False)) | {"bias": point.w[-1]}
        row = {"is_minimum": point.kind == "minimum", "separates": point.separates, **weights}
        rows.append(row | {"loss_low": point.loss[0], "loss_high": point.loss[1], **proof})
    return {"stationary": rows, "n_fits": 1}


def prove_separable() -> Records:
    """Prove which of the sets are separable."""
    found = {name: separability(given["X"], given["y"]) for name, given in SETS.items()}
    rows = [{"points": name, "separable": one.separable, **accepted(one.proof)} for name, one in found.items()]
    return {"separable": rows, "n_fits": len(rows)}


def tables(records: Frames) -> Frames:
    """Make one row for each set and target; the records are tables as they are."""
    by = ["points", "eps", "everywhere"]
    return {**records, "": summarise(records["stationary"], by, minima_row).rename(columns={"n": "n_stationary"})}


def minima_row(rows: Rows) -> dict[str, Any]:
    """Return how many minima there are, and how many of them lie certainly above the lowest."""
    low, high = (rows[name][rows["is_minimum"]] for name in ("loss_low", "loss_high"))
    bad = low > high.min()
    return {"n_minima": len(low), "n_bad": int(bad.sum()), "lowest": high.min(), "bad": low[bad].min()}


def stationary_statement(row: Row) -> Statements:
    """Return what the proof of a stationary point must state."""
    given = SETS[row["points"]]
    unit = {name: row[name] for name in ("eps", "weight_bound", "everywhere")}
    point: dict[str, Any] = {"w": [row[name] for name in (*AXES[: given["X"].shape[1]], "bias")]}
    point |= {"loss": [row["loss_low"], row["loss_high"]], "separates": row["separates"]}
    point |= {"kind": "minimum"} if row["is_minimum"] else {}
    return {"certificate": statement(**given, points=point, **unit)}


def separable_statement(row: Row) -> Statements:
    """Return what the proof of separability must state."""
    given = SETS[row["points"]]
    return {
        "certificate": {
            "kind": "separability",
            "claim": "separable" if row["separable"] else "not separable",
            "X": given["X"].tolist(),
            "y": given["y"].astype(int).tolist(),
        }
    }


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    return {
        "sets": nested(
            tables[""], {"points": "", "eps": "eps"}, ["n_stationary", "n_minima", "n_bad", "lowest", "bad"]
        ),
        "separable": nested(tables["separable"], {"points": ""}, ["separable"]),
        "n_certificates": len(tables["certificates"]),
    }


EXPERIMENT = experiment(
    name="binary",
    question="How few binary points give the quadratic loss a minimum that is not its lowest?",
    settings={"known": KNOWN},
    parts={
        "stationary": Part(run=count_stationary, cells=CELLS, draws=False),
        "separable": Part(run=prove_separable, draws=False),
    },
    tables=tables,
    numbers=numbers,
    statements={"stationary": stationary_statement, "separable": separable_statement},
)
