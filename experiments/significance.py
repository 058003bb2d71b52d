"""Two thresholds: where the bounded optimum gives a spoiler up, and where the spoiler's share of the loss is small."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from experiments._geometries import BRAKED, braked
from study.law.conflict import Spoilt
from study.law.penalty import ball_law
from study.law.share import BoundedShares, insignificant_from, share_near_threshold
from study.law.thresholds import threshold
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, nested

N_ALONG = 25
SHARE = 0.05
"""What counts as significant."""
TURNS = (10.0, 30.0, 100.0)
"""gamma0 R, so that the bounds of all geometries are alike."""
NEAR = 0.02
"""How near to the law the share at the threshold is to be, where ln M* is within a third of that of its own law."""
FAR, LATE_NEAR = 30.0, 0.1
"""How near ln M of the second threshold is to be to its law, where a spoiler given up costs `FAR` or more."""


def compare_thresholds(geometry: str) -> Records:
    """Compare both thresholds with their laws, and follow the share between them."""
    points = braked(geometry)
    rows, curve = [], []
    for turn in TURNS:
        R = turn / points.gamma0
        unit = BoundedShares(points, R)
        first = threshold(points, "cross-entropy", R)
        law = insignificant_from(points, R, SHARE)
        second = last_at(unit, first, law)
        own, base = unit.losses(second + 60.0)
        row = {
            "turn": turn,
            "weight_bound": R,
            "ln_first": first,
            "own_error": ball_law(points).error(R),
            "share_at_first": unit.share(first),
            "share_law": share_near_threshold(float(points.best.mu[0])),
            "ln_second": second,
            "ln_second_law": law,
            "cost": -R * points.spoiler_margin,
            "ln_proved": float(np.log((1.0 / SHARE - 1.0) * own / base)) + second + 60.0,
        }
        along = [first + (second - first) * x for x in np.linspace(-0.5, 1.5, N_ALONG)]
        shares = [unit.share(ln_M) for ln_M in along]
        rows.append(row | {"largest_share": max(shares), "resolved": row["own_error"] <= NEAR / 3.0})
        place = (np.array(along) - first) / (second - first)
        curve.append(
            {"turn": turn, "ln_M": along, "place": place, "share": shares, "limit": near(points, along, first)}
        )
    return {"": rows, "curve": curve, "n_fits": N_ALONG * len(TURNS)}


def last_at(unit: BoundedShares, first: float, law: float) -> float:
    """Return the last ln M at which the share is `SHARE`, looked for from far beyond the law."""
    high = law + 10.0
    low = high - 1.0
    while unit.share(low) < SHARE and low > first:
        low -= 1.0
    return float(brentq(lambda ln_M: unit.share(ln_M) - SHARE, low, low + 1.0, xtol=1e-10))


def near(points: Spoilt, along: list[float], first: float) -> list[float]:
    """Return the limit of the share at a fixed distance from the threshold."""
    return [share_near_threshold(float(points.best.mu[0]), ln_M - first) for ln_M in along]


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rows = tables[""]
    resolved, far = rows[rows["resolved"]], rows[rows["cost"] >= FAR]
    widest = rows[rows["turn"] == max(TURNS)]
    return {
        "n": len(rows),
        "n_geometries": int(rows["geometry"].nunique()),
        "first": {
            "n": len(resolved),
            "geometries": int(resolved["geometry"].nunique()),
            "worst": float((resolved["share_at_first"] - resolved["share_law"]).abs().max()),
            "least_share": float(rows["share_at_first"].min()),
        },
        "second": {
            "n": len(far),
            "geometries": int(far["geometry"].nunique()),
            "worst": float((far["ln_second"] - far["ln_second_law"]).abs().max()),
            "proved_beyond": bool((rows["ln_proved"] >= rows["ln_second"]).all()),
            "proved_off": float((widest["ln_proved"] - widest["ln_second"]).max()),
        },
        "between": {"least_largest": float(widest["largest_share"].min()), **least_between(tables["curve"])},
        "corners": nested(
            rows[rows["geometry"] == "corners"],
            {"turn": "turn"},
            ["share_at_first", "share_law", "largest_share", "ln_first", "ln_second", "ln_second_law"],
        ),
    }


def least_between(curve: pd.DataFrame) -> dict[str, Any]:
    """Return the least share on the first three quarters of the way between the thresholds, at the widest bound."""
    inner = curve[(curve["turn"] == max(TURNS)) & curve["place"].between(0.1, 0.75)]
    return {"least": float(inner["share"].min())}


EXPERIMENT = experiment(
    name="significance",
    question="How large is a spoiler's share of the loss where the bounded optimum loses it, and beyond?",
    settings={"share": SHARE, "near": NEAR, "far": FAR, "late_near": LATE_NEAR, "widest": max(TURNS)},
    parts={"": Part(run=compare_thresholds, cells=every(geometry=BRAKED), draws=False)},
    numbers=numbers,
)
