"""Four brakes on the weights, one limit: how many points outvote one under a bound, a penalty, in time, by the loss."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from experiments._geometries import BRAKED, braked
from experiments._proofs import accepted, statement
from study import verdict
from study.law.bound import LOSSES
from study.law.conflict import Spoilt, spoilt
from study.law.penalty import SHAPES, StraightLaw, ball_law, penalised_optimum, penalty_law, penalty_thresholds
from study.law.sweeping import quadratic_time_exponent, time_law, time_right
from study.law.tail import TAILS, Tail, tail_law
from study.law.thresholds import threshold
from study.sweeps.experiment import Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, key, nested
from study.trainers.losses import Bias, Loss

LN_M = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
"""Where the law has ln M*, or for time ln M itself: each brake is set to meet it."""
NEAR = 1e-2
"""How near to the law ln M* is to be, where the law's own error is at most a third of that."""
SLOPE_NEAR = 1e-3
"""How near to tau* the slope of t* in ln M is to be, as a share of it, where the law's own error is a third of that."""
SIDES = {"certificate_below": (-1e-6, "separates"), "certificate_above": (1e-6, "fails")}
"""How far from a penalty's ln M* two verdicts are proved, and which."""
BOUNDS = (10.0, 100.0, 1000.0)
PENALTY = "penalty, bias "
QUADRATIC_LN_M, LN_LATEST = (10.0, 20.0, 40.0), 60.0
TIGHT_BOUNDS = (0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 6.0, 10.0)
RETURNING = [[1, 2], [2, -1], [-2, 1], [-1, 1]], [-1, -1, 1, -1], np.arange(4) == 3
"""Three base points and a spoiler on which a wider bound may give up what a tighter one keeps."""
RETURNING_M = 50.0
WON_BACK = [[0, 3], [0, 2], [-3, 0], [3, 2]], [-1, 1, 1, 1], np.arange(4) == 3
"""The same of a penalty: more base points may keep what fewer give up."""
WON_BACK_C, WON_BACK_LN_M = 0.5, (-4.0, 2.0, 8.0)
SOONER = [[1, 2], [-3, 3], [2, 3], [-3, 2]], [1, -1, -1, 1], np.arange(4) == 3
"""The same of time: more base points may get the spoiler right sooner."""
SOONER_LN_M = (0.0, 1.0, 8.0)


def along_law(law: StraightLaw, measure: Callable[[float], tuple[float, float]]) -> list[dict[str, Any]]:
    """Return law and thresholds where the law has ln M* at `LN_M`; `measure` returns the first and the last."""
    rows = []
    for brake in [(ln_M - law.constant) / law.slope for ln_M in LN_M]:
        first, last = measure(brake)
        row = {"strength": brake, "ln_first": first, "ln_threshold": last, "ln_law": law.ln_threshold(brake)}
        own = law.error(brake)
        rows.append(row | {"own_error": own, "resolved": own <= NEAR / 3.0})
    return rows


def compare_bound(geometry: str) -> Records:
    """Compare the law of the bound, in the ball, with the threshold."""
    points = braked(geometry)

    def measure(R: float) -> tuple[float, float]:
        return (threshold(points, "cross-entropy", R),) * 2

    rows = along_law(ball_law(points), measure)
    return {"": [{"brake": "bound", **row} | dict.fromkeys(SIDES, "") for row in rows], "n_fits": len(rows)}


def compare_penalty(bias: Bias, geometry: str) -> Records:
    """Compare the law of the penalty with the first and the last change of sides, and prove the last."""
    points = braked(geometry)

    def measure(C: float) -> tuple[float, float]:
        found = penalty_thresholds(points, bias, C, 1.0)
        return found.first, found.last

    rows = [{"brake": PENALTY + bias, **row} for row in along_law(penalty_law(points, bias), measure)]
    proved = [{column: prove(given, claim) for column, (given, claim) in sides(points, row).items()} for row in rows]
    return {"": [row | proofs for row, proofs in zip(rows, proved, strict=True)], "n_fits": len(rows)}


def sides(points: Spoilt, row: Row) -> dict[str, tuple[dict[str, Any], str]]:
    """Return, for both sides of a penalty's threshold, the unit that `verdict` takes and what is to be proved of it."""
    Z = np.vstack([points.base, points.spoilers])
    X, y, is_base = Z[:, :-1] * Z[:, -1:], Z[:, -1], np.arange(len(Z)) < len(points.base)
    penalty = {"C": row["strength"], "bias": row["brake"].removeprefix(PENALTY)}
    return {
        column: (
            {"X": X, "y": y, "sample_weight": np.where(is_base, np.exp(row["ln_threshold"] + step), 1.0), **penalty},
            claim,
        )
        for column, (step, claim) in SIDES.items()
    }


def prove(given: dict[str, Any], claim: str) -> str:
    """Return a proof of what is claimed, once the checker accepts it."""
    found = verdict(**given)
    return accepted(found.certificate if found.claim == claim else None)["certificate"]


def bracket_statements(row: Row) -> Statements:
    """Return what the proofs on both sides of a penalty's threshold must state; the bound's has none."""
    if not row["brake"].startswith(PENALTY):
        return {}
    both = sides(braked(row["geometry"]), row)
    return {column: statement(**given, loss="cross-entropy", claim=claim) for column, (given, claim) in both.items()}


def compare_time(geometry: str) -> Records:
    """Compare the slope of the time in ln M with that of the sweeping process."""
    points, rows, before = braked(geometry), [], (np.nan, np.nan)
    law = time_law(points)
    for ln_M in LN_M:
        t = float(np.exp(time_right(points, ln_M)))
        step, own = ln_M - before[0], np.exp(-law.rate * before[0])
        row = {"ln_M": ln_M, "t": t, "hitting_time": law.hitting_time, "rate": law.rate, "n_pieces": len(law.tau) - 1}
        row |= {"slope": (t - before[1]) / step, "own_error": own / step / law.hitting_time}
        rows.append(row | {"resolved": bool(row["own_error"] <= SLOPE_NEAR / 3.0)})
        before = (ln_M, t)
    return {"time": rows, "n_fits": len(rows)}


def compare_tail(tail: Tail, geometry: str) -> Records:
    """Compare the law of a loss with a power tail with its thresholds in the ball."""
    points = braked(geometry)
    rows = [
        {"weight_bound": R, "ln_threshold": threshold(points, tail, R), "ln_law": tail_law(points, tail, R)}
        for R in BOUNDS
    ]
    return {"tail": rows, "n_fits": len(rows)}


def compare_quadratic(geometry: str) -> Records:
    """Follow descent on the quadratic loss, whose misclassified spoilers hardly pull."""
    points = braked(geometry)
    exponent = quadratic_time_exponent(points)
    rows = [
        {"ln_M": ln_M, "ln_t": time_right(points, ln_M, "quadratic", LN_LATEST), "exponent": exponent}
        for ln_M in QUADRATIC_LN_M
    ]
    return {"quadratic": rows, "n_fits": len(rows)}


def prove_return(loss: Loss, weight_bound: float) -> Records:
    """Prove at one bound whether the optimum separates the points of which a wider bound may give one up."""
    found = verdict(**returning(), loss=loss, weight_bound=weight_bound)
    row = {"separates": found.claim == "separates", "spoiler_lost": bool(found.lost[-1])}
    return {"returning": row | accepted(found.certificate), "n_fits": 1}


def returning() -> dict[str, Any]:
    """Return the points and their weights."""
    X, y, is_spoiler = RETURNING
    return {"X": np.array(X, float), "y": np.array(y, float), "sample_weight": np.where(is_spoiler, 1.0, RETURNING_M)}


def return_statement(row: Row) -> Statements:
    """Return what the proof of a verdict must state."""
    claim = "separates" if row["separates"] else "fails"
    unit = {"loss": row["loss"], "weight_bound": row["weight_bound"]}
    return {"certificate": statement(**returning(), **unit, claim=claim)}


def win_back() -> Records:
    """Measure the spoiler's margin under a penalty along the number of base points, and prove its side."""
    points, spoiler = spoilt(*WON_BACK, "ball"), len(WON_BACK[1]) - 1
    margins = penalised_optimum(points, "penalised", WON_BACK_LN_M, WON_BACK_C) @ points.spoilers[0]
    rows = []
    for ln_M, margin in zip(WON_BACK_LN_M, margins.tolist(), strict=True):
        found = verdict(**won_back(ln_M), judged=[spoiler])
        right = {"ln_M": ln_M, "margin": margin, "spoiler_right": found.claim == "separates"}
        rows.append(right | accepted(found.certificate))
    return {"won_back": rows, "n_fits": len(margins)}


def won_back(ln_M: float) -> dict[str, Any]:
    """Return what `verdict` takes of the points that a penalty wins back."""
    X, y, is_spoiler = WON_BACK
    weight = np.where(is_spoiler, 1.0, np.exp(ln_M))
    return {"X": X, "y": y, "sample_weight": weight, "C": WON_BACK_C, "bias": "penalised"}


def won_back_statement(row: Row) -> Statements:
    """Return what the proof of the spoiler's side must state."""
    claim, spoiler = "separates" if row["spoiler_right"] else "fails", len(WON_BACK[1]) - 1
    return {"certificate": statement(**won_back(row["ln_M"]), loss="cross-entropy", judged=[spoiler], claim=claim)}


def hasten() -> Records:
    """Measure the time until descent has the spoiler right, along the number of base points."""
    points = spoilt(*SOONER, "ball")
    rows = [{"ln_M": ln_M, "t": float(np.exp(time_right(points, ln_M)))} for ln_M in SOONER_LN_M]
    return {"sooner": rows, "n_fits": len(rows)}


def describe(geometry: str) -> Records:
    """Return what the laws are made of."""
    points = braked(geometry)
    row = {"n_features": BRAKED[geometry], "n_distinct": len(points.base), "gamma0": points.gamma0}
    return {"geometries": row | {"gamma1": points.gamma1, "mu": points.best.mu[0], "gap": points.gap}}


def tables(records: Frames) -> Frames:
    """Return the records, of which each is a table."""
    return {**records, "": records[""].drop(columns="part")}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    laws, time, tail, quadratic = (tables[name] for name in ("", "time", "tail", "quadratic"))
    resolved = time[time["resolved"]]
    time_errors = (resolved["slope"] / resolved["hitting_time"] - 1.0).abs()
    widest = tail[tail["weight_bound"] == max(BOUNDS)]
    off = (widest["ln_threshold"] - widest["ln_law"]).abs().groupby(widest["tail"]).max()
    returned = tables["returning"]
    return {
        "n_geometries": len(BRAKED),
        "n_certificates": len(tables["returning"]),
        "laws": {key(brake): numbers_of_law(rows) for brake, rows in laws.groupby("brake")},
        "time": {
            "n": len(resolved),
            "n_compared": int(time["slope"].notna().sum()),
            "geometries": int(resolved["geometry"].nunique()),
            "worst": float(time_errors.max()),
        },
        "tail": {key(name): {"worst": float(worst)} for name, worst in off.items()},
        "quadratic": numbers_of_quadratic(quadratic),
        "returning": nested(returned, {"loss": "", "weight_bound": "R"}, ["separates", "spoiler_lost"]),
        "returns": {key(loss): bool(is_returning(rows)) for loss, rows in returned.groupby("loss")},
        "won_back": nested(tables["won_back"], {"ln_M": "ln_M"}, ["margin", "spoiler_right"]),
        "sooner": nested(tables["sooner"], {"ln_M": "ln_M"}, ["t"]),
    }


def numbers_of_law(rows: pd.DataFrame) -> Numbers:
    """Return how near to the law the thresholds are where it is resolved, and whether they are single."""
    resolved = rows[rows["resolved"]]
    return {
        "n": len(resolved),
        "n_compared": len(rows),
        "geometries": int(resolved["geometry"].nunique()),
        "worst": float((resolved["ln_threshold"] - resolved["ln_law"]).abs().max()),
        "several_changes": int((rows["ln_threshold"] - rows["ln_first"] > 1e-6).sum()),
        "proved": int((rows["certificate_below"] >= 0).sum()),
    }


def numbers_of_quadratic(rows: pd.DataFrame) -> Numbers:
    """Return whether spoilers are never right where the law says so, and how far the power is off elsewhere."""
    never = rows[np.isinf(rows["exponent"])]
    met = rows[np.isfinite(rows["exponent"]) & np.isfinite(rows["ln_t"])]
    off = []
    for _, one in met.groupby("geometry"):
        if len(one) > 1:
            (x, early), (z, late) = one[["ln_M", "ln_t"]].to_numpy()[-2:]
            off.append(abs((late - early) / (z - x) - one["exponent"].iloc[0]))
    return {
        "never": never["geometry"].nunique(),
        "never_met": int(np.isinf(never["ln_t"]).sum()),
        "never_followed": len(never),
        "powers": len(off),
        "worst_power": max(off),
    }


def is_returning(rows: pd.DataFrame) -> bool:
    """Say whether some bound gives up the spoiler that a tighter one and a wider one keep."""
    right = rows.sort_values("weight_bound")["separates"].to_numpy()
    lost = np.flatnonzero(~right)
    return bool(len(lost) and right[: lost[0]].any() and right[lost[-1] :].any())


GEOMETRIES = every(geometry=BRAKED)
EXPERIMENT = experiment(
    name="brakes",
    question="How many points outvote one when a bound, a penalty, time or the loss keeps the weights small?",
    settings={"near": NEAR, "slope_near": SLOPE_NEAR, "widest": max(BOUNDS), "won_back_C": WON_BACK_C}
    | {"returning_M": RETURNING_M, "ln_latest": LN_LATEST, "proved_near": SIDES["certificate_above"][0]},
    parts={
        "geometries": Part(run=describe, cells=GEOMETRIES, draws=False),
        "bound": Part(run=compare_bound, cells=GEOMETRIES, draws=False),
        **{
            f"penalty, {bias}": Part(run=partial(compare_penalty, bias), cells=GEOMETRIES, draws=False)
            for bias in SHAPES
        },
        "time": Part(run=compare_time, cells=GEOMETRIES, draws=False),
        "tail": Part(run=compare_tail, cells=every(tail=TAILS, geometry=BRAKED), draws=False),
        "quadratic": Part(run=compare_quadratic, cells=GEOMETRIES, draws=False),
        "returning": Part(run=prove_return, cells=every(loss=LOSSES, weight_bound=TIGHT_BOUNDS), draws=False),
        "won back": Part(run=win_back, draws=False),
        "sooner": Part(run=hasten, draws=False),
    },
    tables=tables,
    numbers=numbers,
    statements={"": bracket_statements, "returning": return_statement, "won_back": won_back_statement},
)
