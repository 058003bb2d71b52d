"""When is a spoiler given up? Certified verdicts over numbers of points, bounds and places, beside the law."""

from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from experiments._geometries import DEPTH, GEOMETRIES, OFFSET, corners, named
from experiments._proofs import accepted, statement
from study import verdict
from study.law.bound import LOSSES, asymptote, error_rate, fits_from, prediction, sandwich
from study.law.conflict import Spoilt
from study.law.soft_targets import soft_rate, soft_threshold
from study.law.thresholds import threshold
from study.sweeps.experiment import Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, key
from study.sweeps.streams import stream
from study.trainers.losses import Loss

WEIGHT_BOUND = 12.0
POWER = {"cross-entropy": 1.0, "quadratic": 2.0}
"""The law's exponent is this many times gamma0 R: bounds twice as wide for the cross-entropy give the same N*."""
COLUMNS: dict[str, Any] = {
    "bound": 1.0 * np.arange(1, 29),
    "depth": 0.08 + 0.16 * np.arange(12),
    "offset": np.geomspace(1.2, 20.0, 12),
    "tight": 0.15 * np.arange(1, 13),
}
"""What varies along each map; of "bound" and "tight" the bound itself, for the quadratic loss."""
WEIGHTS: dict[str, Any] = {
    "bound": 2.0 ** np.arange(38),
    "depth": 4.0 ** np.arange(19),
    "offset": 4.0 ** np.arange(19),
    "tight": 2.0 ** np.arange(-2.25, 6.5, 0.5),
}
"""The weight M of each base point, up to 10^12 base points in all."""
NEAR, RESOLVED = 0.05, 5.0
"""How near to the law ln N* is to be, where the bound R times `error_rate` is at least RESOLVED."""
SIDES = {"certificate_below": (-NEAR, "separates"), "certificate_above": (NEAR, "fails")}
"""How far from the law's ln N* two verdicts are proved, and which."""
LARGEST = np.log(1e12)
EXACT = 1e-5
"""How exact an ln N* is that a search finds: another processor finds it elsewhere by a tenth of this."""


def certify_column(part: str, loss: Loss, column: float) -> Records:
    """Certify one column of a map, and the law's bracket of its threshold."""
    depth = column if part == "depth" else DEPTH
    offset = column if part == "offset" else OFFSET
    R = (column if part in ("bound", "tight") else WEIGHT_BOUND) * 2.0 / POWER[loss]
    points, place = corners(depth, offset), {"depth": depth, "offset": offset}
    verdicts = [{**place, "weight_bound": R, "n_base": 8.0 * M, **certify(points, loss, R, M)} for M in WEIGHTS[part]]
    law = [] if part == "tight" else [compare_with_law(points, loss, R) | place]
    return {"": verdicts, "law": law, "n_fits": len(verdicts)}


def unit(points: Spoilt, loss: Loss, R: float, M: float) -> dict[str, Any]:
    """Return points and settings of a unit trained on base points of weight M and the spoilers."""
    Z = np.vstack([points.base, points.spoilers])
    weight = np.where(np.arange(len(Z)) < len(points.base), M, 1.0)
    given = {"loss": loss, "sample_weight": weight, "weight_bound": R}
    return {"X": Z[:, :-1] * Z[:, -1:], "y": Z[:, -1], **given}


def certify(points: Spoilt, loss: Loss, R: float, M: float) -> dict[str, Any]:
    """Return what is proved for base points of weight M, what the optimum gives up, and the certificate, or ""."""
    found, n = verdict(**unit(points, loss, R, M)), len(points.base)
    row = {
        "verdict": found.claim,
        "base_lost": int(found.lost[:n].sum()),
        "spoiler_lost": bool(found.lost[n:].any()),
        "accepted": found.certificate is not None,
        "certificate": "",
    }
    return row | accepted(found.certificate) if row["accepted"] else row


def compare_with_law(points: Spoilt, loss: Loss, R: float) -> dict[str, Any]:
    """Return what the law says of a threshold and what is measured, and the certificates that bracket it.

    In the box, where the law is resolved, two verdicts prove that ln N* lies within `NEAR` of the prediction.
    """
    single = len(points.spoilers) == 1
    ln_n = np.log(len(points.base))
    guess = guess_of(points, loss, R)
    low, high = sandwich(points, loss, R) if single else (np.nan, np.nan)
    exact = threshold(points, loss, R) if single else bisected(points, loss, R, guess)
    rate, fits = error_rate(points, loss), fits_from(points, loss)
    resolved = bool(is_resolved(rate, fits, R))
    brackets = dict.fromkeys(SIDES, "")
    sides = SIDES if points.shape == "box" and resolved else {}
    for column, (step, claim) in sides.items():
        found = certify(points, loss, R, float(np.exp(guess + step)))
        brackets[column] = found["certificate"] if found["verdict"] == claim else ""
    return {
        "depth": np.nan,
        "offset": np.nan,
        "gamma0": points.gamma0,
        "gamma1": points.gamma1,
        "mu": points.best.mu.max(),
        "gap": points.gap,
        "rate": rate,
        "fits_from": fits,
        "n_features": points.base.shape[1] - 1,
        "weight_bound": R,
        "ln_threshold": ln_n + exact,
        "ln_predicted": ln_n + guess,
        "ln_asymptote": ln_n + asymptote(points, loss, R),
        "ln_low": ln_n + low,
        "ln_high": ln_n + high,
        "shape": points.shape,
        "n_spoilers": len(points.spoilers),
        "eps": 0.0,
        "resolved": resolved,
        "n_brackets": len(sides),
        "brackets_accepted": sum(proof != "" for proof in brackets.values()),
        **brackets,
    }


def guess_of(points: Spoilt, loss: Loss, R: float) -> float:
    """Return ln M* as the law has it."""
    return prediction(points, loss, R) if len(points.spoilers) == 1 else asymptote(points, loss, R)


def is_resolved(rate: Any, fits: Any, R: Any) -> Any:
    """Say whether the law's error is to be as small as `NEAR`, one by one for arrays or columns."""
    return (rate * R >= RESOLVED * (1.0 - 1e-12)) & (fits < R)


def bisected(points: Spoilt, loss: Loss, R: float, guess: float) -> float:
    """Return ln M at which certified verdicts change, halving an interval around a guess."""
    low, high = guess - 2.0, guess + 2.0
    for _ in range(26):
        middle = (low + high) / 2.0
        separates = certify(points, loss, R, float(np.exp(middle)))["verdict"] == "separates"
        low, high = (middle, high) if separates else (low, middle)
    return (low + high) / 2.0


@cache
def set_of(geometry: str) -> Spoilt:
    """Return the set of one geometry, from its own stream where it is drawn."""
    cell = {"part": "geometry", "geometry": geometry, "resamples": 1}
    return named(geometry, stream("phase_diagram", "block", cell, 0))


def compare_geometry(geometry: str) -> Records:
    """Compare the law with the thresholds of one geometry at up to five bounds."""
    points = set_of(geometry)
    rows = []
    for loss in LOSSES if len(points.spoilers) == 1 else LOSSES[:1]:
        rates = {min(points.gap, 2.0), min(error_rate(points, loss), 2.0)}
        for R in sorted({resolved / one for resolved in (2.0, RESOLVED, 8.0, 12.0, 16.0) for one in rates}):
            if POWER[loss] * points.gamma0 * R < LARGEST:
                rows.append({"loss": loss, **compare_with_law(points, loss, R)})
    return {"law": rows, "n_fits": len(rows)}


def compare_soft_targets(eps: float) -> Records:
    """Compare threshold and law for soft targets without a bound."""
    points = corners(DEPTH, OFFSET)
    ln_n = np.log(len(points.base))
    law, exact = ln_n - np.log(2.0 * soft_rate(points) * eps), ln_n + soft_threshold(points, eps)
    row = {
        "loss": "cross-entropy",
        "depth": DEPTH,
        "offset": OFFSET,
        "gamma0": points.gamma0,
        "gamma1": points.gamma1,
        "n_features": 2,
        "weight_bound": np.inf,
        "ln_threshold": exact,
        "ln_predicted": law,
        "ln_asymptote": law,
        "shape": "none",
        "n_spoilers": 1,
        "resolved": False,
        "n_brackets": 0,
        "brackets_accepted": 0,
        **dict.fromkeys(SIDES, ""),
    }
    return {"law": row}


def tables(records: Frames) -> Frames:
    """Make the map, and the law beside it."""
    verdicts, law = (records[name].drop(columns="column") for name in ("", "law"))
    law.insert(2, "geometry", law.pop("geometry").fillna("corners"))
    return {**records, "": verdicts, "law": law}


def verdict_statement(row: Row) -> Statements:
    """Return what the proof of a verdict must state; an undecided one has none."""
    if row["verdict"] == "undecided":
        return {}
    points = corners(row["depth"], row["offset"])
    problem = unit(points, row["loss"], row["weight_bound"], row["n_base"] / len(points.base))
    return {"certificate": statement(**problem, claim=row["verdict"])}


def bracket_statements(row: Row) -> Statements:
    """Return what the proofs on both sides of a threshold must state."""
    if row["n_brackets"] == 0:
        return {}
    points = set_of(row["geometry"]) if row["part"] == "geometry" else corners(row["depth"], row["offset"])
    loss, R = row["loss"], row["weight_bound"]
    guess = guess_of(points, loss, R)
    return {
        column: statement(**unit(points, loss, R, float(np.exp(guess + step))), claim=claim)
        for column, (step, claim) in SIDES.items()
    }


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    cells, law = tables[""], tables["law"]
    ball = law[(law["part"] == "geometry") & (law["shape"] == "ball") & law["resolved"]]
    gap_alone = law[(law["shape"] == "box") & is_resolved(law["gap"], 0.0, law["weight_bound"])]
    soft = law[law["part"] == "soft"]
    return {
        **{key(loss): numbers_of_loss(cells, law, loss) for loss in LOSSES},
        "cells": len(cells),
        "certificates": len(tables["certificates"]),
        "most_base": float(cells["n_base"].max()),
        "geometries": {
            "gap_alone": worst(gap_alone),
            "worst_ball": worst(ball),
        },
        "soft": {f"eps_{k + 1}": float(np.exp(error)) for k, error in enumerate(off(soft))},
    }


def off(law: pd.DataFrame, of: str = "ln_predicted") -> pd.Series:
    """Return how far ln N* is from a law."""
    return law["ln_threshold"] - law[of]


def worst(law: pd.DataFrame, of: str = "ln_predicted") -> float:
    """Return the farthest that ln N* is from a law."""
    return float(off(law, of).abs().max())


def numbers_of_loss(cells: pd.DataFrame, law: pd.DataFrame, loss: Loss) -> Numbers:
    """Return the numbers of one loss."""
    cells, law = cells[cells["loss"] == loss], law[(law["loss"] == loss) & (law["part"] != "soft")]
    bound = cells[cells["part"] == "bound"]
    right = bound.pivot_table(index="n_base", columns="weight_bound", values="verdict", aggfunc="first") == "separates"
    swept, R = law[law["part"] == "bound"], law["weight_bound"]
    first = swept[swept["resolved"]]["weight_bound"].min()
    wide = swept[swept["weight_bound"] >= first]
    place = ["part", "depth", "offset", "weight_bound"]
    compared = cells.merge(law[[*place, "ln_threshold"]], on=place)
    return {
        "undecided": int((cells["verdict"] == "undecided").sum()),
        "agree": int((compared["spoiler_lost"] == (np.log(compared["n_base"]) > compared["ln_threshold"])).sum()),
        "compared": len(compared),
        "base_lost": int((cells["base_lost"] > 0).sum()),
        "separates_at_widest": bool(right.iloc[:, -1].all()),
        "fails_at_tightest": bool(not right[right.index >= 100].iloc[:, 0].any()),
        "monotone_in_bound": bool((np.diff(right.to_numpy().astype(int), axis=1) >= 0).all()),
        "slope": float(np.polyfit(wide["weight_bound"], wide["ln_threshold"], 1)[0]),
        "slope_tight": float(np.polyfit(swept["weight_bound"][R <= 12], swept["ln_threshold"][R <= 12], 1)[0]),
        "worst": worst(law[law["resolved"] & law["shape"].eq("box")]),
        "worst_asymptote": worst(wide, "ln_asymptote"),
        "last_asymptote": max(float(off(wide, "ln_asymptote").abs().iloc[-1]), EXACT),
        "n_brackets": int(law["n_brackets"].sum()),
        "brackets_accepted": int(law["brackets_accepted"].sum()),
    }


EXPERIMENT = experiment(
    name="phase_diagram",
    question="For which numbers of points, bounds and places of a spoiler does the bounded optimum separate?",
    settings={
        "depth": DEPTH,
        "offset": OFFSET,
        "widest": {key(loss): COLUMNS["bound"][-1] * 2.0 / POWER[loss] for loss in LOSSES},
        "near": NEAR,
    },
    parts={
        **{
            part: Part(run=partial(certify_column, part), cells=every(loss=LOSSES, column=values.tolist()), draws=False)
            for part, values in COLUMNS.items()
        },
        "geometry": Part(run=compare_geometry, cells=every(geometry=GEOMETRIES), draws=False),
        "soft": Part(run=compare_soft_targets, cells=every(eps=[10.0**-k for k in range(1, 9)]), draws=False),
    },
    tables=tables,
    numbers=numbers,
    statements={"": verdict_statement, "law": bracket_statements},
)
