"""When is a spoiler given up? Certified verdicts over numbers of points, bounds and places, beside the law."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments._geometries import DEPTH, GEOMETRIES, OFFSET, corners, named
from study.certificates.checker import check
from study.certificates.search import verdict
from study.datasets.dataset import Floats
from study.law.bound import LOSSES, asymptote, error_rate, fits_from, predicted, sandwich
from study.law.conflict import Spoilt
from study.law.soft_targets import soft_rate, soft_threshold
from study.law.thresholds import threshold
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
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
LARGEST = np.log(1e12)
SOFT = tuple(10.0**-k for k in range(1, 9))


def run(cell: Cell, _: int, rng: np.random.Generator) -> Statistics:
    """Compute one column of a map, or one geometry."""
    match cell["part"]:
        case "soft":
            return packed([], [soft_row(float(cell["column"]))])
        case "geometry":
            return geometry(str(cell["geometry"]), rng)
        case part:
            return column(str(part), LOSSES[cell["loss"] == "quadratic"], float(cell["column"]))


def column(part: str, loss: Loss, value: float) -> Statistics:
    """Certify one column of a map, and the law's bracket of its threshold."""
    depth = value if part == "depth" else DEPTH
    offset = value if part == "offset" else OFFSET
    R = (value if part in ("bound", "tight") else WEIGHT_BOUND) * 2.0 / POWER[loss]
    points = corners(depth, offset)
    judged = [[depth, offset, R, M, *certified(points, loss, R, M)] for M in WEIGHTS[part]]
    law, proofs = law_row(points, loss, R) if part != "tight" else ([], [])
    return packed(judged, [[depth, offset, *law]] if law else [], proofs)


def certified(points: Spoilt, loss: Loss, R: float, M: float) -> tuple[int, int, int, int, str]:
    """Return verdict (0 separates, 1 fails, 2 undecided), base points and spoilers lost, acceptance and certificate."""
    Z = np.vstack([points.base, points.spoilers])
    y, n = Z[:, -1], len(points.base)
    weight = np.where(np.arange(len(Z)) < n, M, 1.0)
    found = verdict(Z[:, :-1] * y[:, None], y, loss=loss, sample_weight=weight, weight_bound=R)
    lost = found.lost
    code = ("separates", "fails", "undecided").index(found.claim)
    if found.certificate is None:
        return code, int(lost[:n].sum()), int(lost[n:].sum()), 0, ""
    check(found.certificate)  # raises where the checker refuses
    return code, int(lost[:n].sum()), int(lost[n:].sum()), 1, found.certificate


def law_row(points: Spoilt, loss: Loss, R: float) -> tuple[list[float], list[str]]:
    """Return what the law says of a threshold and what is measured, and the certificates that bracket it.

    In the box, where the law is resolved, two verdicts prove that ln N* lies within `NEAR` of the prediction.
    """
    single = len(points.spoilers) == 1
    ln_n = np.log(len(points.base))
    guess = predicted(points, loss, R) if single else asymptote(points, loss, R)
    low, high = sandwich(points, loss, R) if single else (np.nan, np.nan)
    exact = threshold(points, loss, R) if single else bisected(points, loss, R, guess)
    proofs: list[str] = []
    rate, fits = error_rate(points, loss), fits_from(points, loss)
    n_brackets = 2 if points.shape == "box" and is_resolved(rate, fits, R) else 0
    if n_brackets:
        answers = [certified(points, loss, R, float(np.exp(guess + step))) for step in (-NEAR, NEAR)]
        proofs = [answer[4] for answer, code in zip(answers, (0, 1), strict=True) if answer[0] == code and answer[3]]
    margins = [points.gamma0, points.gamma1, points.best.mu.max(), points.gap]
    known = [*margins, rate, fits, points.base.shape[1] - 1.0]
    curves = [exact, guess, asymptote(points, loss, R), low, high]
    return [*known, R, *(ln_n + c for c in curves), n_brackets, len(proofs), LOSSES.index(loss)], proofs


def is_resolved(rate: Any, fits: Any, R: Any) -> Any:
    """Say whether the law's error is to be as small as `NEAR`, one by one for arrays or columns."""
    return (rate * R >= RESOLVED * (1.0 - 1e-12)) & (fits < R)


def bisected(points: Spoilt, loss: Loss, R: float, guess: float) -> float:
    """Return ln M at which certified verdicts change, halving an interval around a guess."""
    low, high = guess - 2.0, guess + 2.0
    for _ in range(26):
        middle = (low + high) / 2.0
        separates = certified(points, loss, R, float(np.exp(middle)))[0] == 0
        low, high = (middle, high) if separates else (low, middle)
    return (low + high) / 2.0


def geometry(name: str, rng: np.random.Generator) -> Statistics:
    """Compare the law with the thresholds of one geometry at up to five bounds."""
    points = named(name, rng)
    rows, proofs = [], []
    for loss in LOSSES if len(points.spoilers) == 1 else LOSSES[:1]:
        rates = {min(points.gap, 2.0), min(error_rate(points, loss), 2.0)}
        for R in sorted({resolved / one for resolved in (2.0, RESOLVED, 8.0, 12.0, 16.0) for one in rates}):
            if POWER[loss] * points.gamma0 * R < LARGEST:
                law, more = law_row(points, loss, R)
                rows.append([np.nan, np.nan, *law])
                proofs += more
    return packed([], rows, proofs)


def soft_row(eps: float) -> list[float]:
    """Return threshold and law for soft targets without a bound; eps stands where the bound does."""
    points = corners(DEPTH, OFFSET)
    ln_n = np.log(len(points.base))
    law = ln_n - np.log(2.0 * soft_rate(points) * eps)
    known = [points.gamma0, points.gamma1, np.nan, np.nan, np.nan, np.nan, 2.0]
    return [DEPTH, OFFSET, *known, eps, ln_n + soft_threshold(points, eps), law, law, np.nan, np.nan, 0, 0, 0]


def packed(judged: list[list[Any]], law: list[list[float]], proofs: Sequence[str] = ()) -> Statistics:
    """Return verdicts, rows of the law and certificates as arrays; a verdict's certificate is the one of its place."""
    certificates = [str(row[-1]) for row in judged] + list(proofs)
    return {
        "judged": np.array([row[:-1] for row in judged], dtype=float).reshape(-1, 8),
        "law": np.array(law, dtype=float).reshape(-1, 18),
        "certificates": np.array([line.encode() for line in certificates], dtype="S"),
        "n_fits": np.array([len(certificates)]),
    }


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the map, the law beside it, and the certificates, one JSON object a line."""
    judged: list[dict[str, Any]] = []
    law: list[dict[str, Any]] = []
    lines: list[str] = []
    for cell, statistics in merged:
        names = {"part": cell["part"], "loss": cell.get("loss"), "geometry": cell.get("geometry", "corners")}
        for row, proof in zip(statistics["judged"], statistics["certificates"], strict=False):
            place = len(lines) if proof else -1
            lines += [proof.decode()] if proof else []
            judged.append({**names, **judged_row(row), "certificate": place})
        lines += [proof.decode() for proof in statistics["certificates"][len(statistics["judged"]) :]]
        law += [{**names, "loss": LOSSES[int(row[17])], **law_columns(names, row)} for row in statistics["law"]]
    frame = pd.DataFrame(judged).drop(columns="geometry")
    return {"": frame, "law": pd.DataFrame(law), "certificates": pd.DataFrame({"certificate": lines})}


def judged_row(row: Floats) -> dict[str, Any]:
    """Return the columns of one verdict."""
    depth, offset, R, M, code, base_lost, spoilers_lost, accepted = row
    return {
        "depth": depth,
        "offset": offset,
        "weight_bound": R,
        "n_base": 8.0 * M,
        "verdict": ("separates", "fails", "undecided")[int(code)],
        "base_lost": int(base_lost),
        "spoiler_lost": bool(spoilers_lost),
        "accepted": bool(accepted),
    }


def law_columns(names: Mapping[str, Any], row: Floats) -> dict[str, Any]:
    """Return the columns of one row of the law."""
    soft = names["part"] == "soft"
    shape, n_spoilers = GEOMETRIES.get(names["geometry"], (2, "box", 1))[1:]
    words = ("depth", "offset", "gamma0", "gamma1", "mu", "gap", "rate", "fits_from", "n_features", "weight_bound")
    curves = ("ln_threshold", "ln_predicted", "ln_asymptote", "ln_low", "ln_high")
    values = dict(zip((*words, *curves), row[:15].tolist(), strict=True))
    return {
        **values,
        "n_features": int(values["n_features"]),
        "shape": "none" if soft else shape,
        "n_spoilers": n_spoilers,
        "eps": values["weight_bound"] if soft else 0.0,
        "weight_bound": np.inf if soft else values["weight_bound"],
        "error": values["ln_threshold"] - values["ln_predicted"],
        "resolved": bool(is_resolved(values["rate"], values["fits_from"], values["weight_bound"])),
        "n_brackets": int(row[15]),
        "brackets_accepted": int(row[16]),
    }


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    cells, law = tables[""], tables["law"]
    found: dict[str, Any] = {loss.replace("-", "_"): of_loss(cells, law, loss) for loss in LOSSES}
    drawn_ = law[law["part"] == "geometry"]
    resolved = drawn_[drawn_["resolved"]]
    soft = law[law["part"] == "soft"]
    return {
        **found,
        "cells": len(cells),
        "certificates": len(tables["certificates"]),
        "most_base": float(cells["n_base"].max()),
        "geometries": {
            "n": int(drawn_["geometry"].nunique()) + 2,
            "gap_alone": gap_alone(law),
            "worst_ball": float(resolved[resolved["shape"] == "ball"]["error"].abs().max()),
            "n_brackets": int(drawn_["n_brackets"].sum()),
            "brackets_accepted": int(drawn_["brackets_accepted"].sum()),
        },
        "soft": {f"eps_{k + 1}": float(np.exp(error)) for k, error in enumerate(soft["error"])},
    }


def gap_alone(law: pd.DataFrame) -> float:
    """Return the largest error in the box where the next base margin alone would call the law resolved."""
    rows = law[(law["shape"] == "box") & is_resolved(law["gap"], 0.0, law["weight_bound"])]
    return float(rows["error"].abs().max())


def of_loss(cells: pd.DataFrame, law: pd.DataFrame, loss: Loss) -> dict[str, Any]:
    """Return the numbers of one loss."""
    cells, law = cells[cells["loss"] == loss], law[(law["loss"] == loss) & (law["part"] != "soft")]
    bound = cells[cells["part"] == "bound"]
    right = bound.pivot_table(index="n_base", columns="weight_bound", values="verdict", aggfunc="first") == "separates"
    lost = cells.pivot_table(index=["part", "depth", "offset", "weight_bound"], columns="n_base", values="spoiler_lost")
    swept, R = law[law["part"] == "bound"], law["weight_bound"]
    first = swept[swept["resolved"]]["weight_bound"].min()
    wide = swept[swept["weight_bound"] >= first]
    maps = law[law["part"] != "geometry"]
    undecided = cells[cells["verdict"] == "undecided"]
    return {
        "cells": len(cells),
        "accepted": int(cells["accepted"].sum()),
        "undecided": len(undecided),
        "agree": int(sum(agrees(cells, maps))),
        "compared": int(cells["part"].ne("tight").sum()),
        "base_lost": int((cells["base_lost"] > 0).sum()),
        "separates_at_widest": bool(right.iloc[:, -1].all()),
        "fails_at_tightest": bool(not right[right.index >= 100].iloc[:, 0].any()),
        "monotone_in_bound": bool((np.diff(right.to_numpy().astype(int), axis=1) >= 0).all()),
        "lost_stays_lost": bool(all((np.diff(row.dropna()) >= 0).all() for _, row in lost.iterrows())),
        "slope": float(np.polyfit(wide["weight_bound"], wide["ln_threshold"], 1)[0]),
        "slope_tight": float(np.polyfit(swept["weight_bound"][R <= 12], swept["ln_threshold"][R <= 12], 1)[0]),
        "worst": float(law[law["resolved"] & law["shape"].eq("box")]["error"].abs().max()),
        "worst_asymptote": float((wide["ln_threshold"] - wide["ln_asymptote"]).abs().max()),
        "last_asymptote": float((wide["ln_threshold"] - wide["ln_asymptote"]).abs().iloc[-1]),
        "n_brackets": int(law["n_brackets"].sum()),
        "brackets_accepted": int(law["brackets_accepted"].sum()),
    }


def agrees(cells: pd.DataFrame, law: pd.DataFrame) -> Iterator[bool]:
    """Yield, for each verdict beside which a threshold was computed, whether the spoiler is lost just above it."""
    limits = law.set_index(["part", "depth", "offset", "weight_bound"])["ln_threshold"].to_dict()
    for row in cells[cells["part"] != "tight"].to_dict("records"):
        limit = limits[row["part"], row["depth"], row["offset"], row["weight_bound"]]
        yield row["spoiler_lost"] == (np.log(row["n_base"]) > limit)


MAPS: list[Cell] = [
    {"part": part, "loss": loss, "column": float(value), "resamples": 1}
    for part, values in COLUMNS.items()
    for loss in LOSSES
    for value in values
]
DRAWN: list[Cell] = [{"part": "geometry", "geometry": name, "resamples": 1} for name in GEOMETRIES]
SOFT_CELLS: list[Cell] = [{"part": "soft", "column": eps, "resamples": 1} for eps in SOFT]

EXPERIMENT = Experiment(
    in_processes=True,
    name="phase_diagram",
    question="For which numbers of points, bounds and places of a spoiler does the bounded optimum separate?",
    settings={
        "depth": DEPTH,
        "offset": OFFSET,
        "weight_bound": {loss.replace("-", "_"): 2.0 * WEIGHT_BOUND / POWER[loss] for loss in LOSSES},
        "widest": {loss.replace("-", "_"): float(COLUMNS["bound"][-1] * 2.0 / POWER[loss]) for loss in LOSSES},
        "near": NEAR,
        "resolved": RESOLVED,
    },
    cells=(*MAPS, *DRAWN, *SOFT_CELLS),
    resamples=1,
    block_size=1,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
