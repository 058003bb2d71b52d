"""What the laws mean at the settings people use: C, steps of descent and weights, for N points against one."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from experiments._geometries import BRAKED, braked
from experiments._points import spoilt_clusters
from study.analysis.interval import middle, rate
from study.datasets.dataset import Dataset, Floats
from study.law.conflict import Spoilt, spoilt
from study.law.penalty import penalised_optimum
from study.law.sweeping import time_right
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise

SAMPLES = (20, 100, 1000, 10_000)
SETS = 40
LN_C = np.arange(np.log(1e-2), np.log(1e9), 0.5)
"""Where a change of sides is looked for."""
DEFAULT_C = 1.0
"""That of scikit-learn's LogisticRegression, whose bias is free."""
TIMED_SETS = 8
LN_LATEST = 14.0
COUNTED, MOST_STEPS = (20, 100), 100_000
"""Numbers of points for which the steps are counted too, and up to which number."""
QUARTER = 25


def train_frames(n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Measure the lecture's frames with one spoiler."""
    drawn = spoilt_clusters(n_samples, size, rng)
    return {"fits": [of_penalty(points, 0.0) for points in each_set(drawn)], "n_fits": len(LN_C) * size}


def each_set(drawn: Dataset) -> list[Spoilt]:
    """Return each set of a stack as base points and a spoiler."""
    return [spoilt(X, y, flags, "ball") for X, y, flags in zip(drawn.X, drawn.y, drawn.is_spoiler, strict=True)]


def train_drawn(n_samples: int) -> Records:
    """Measure the drawn geometries, their points weighted to be as many."""
    sets = [braked(name) for name in BRAKED if not name.endswith("corners") and not name.startswith("slow")]
    rows, steps = [], []
    for points in sets:
        ln_M = float(np.log(n_samples / len(points.base)))
        rows.append(of_penalty(points, ln_M))
        steps.append({"steps": steps_of_flow(points, ln_M)})
    return {"fits": rows, "steps": steps, "n_fits": len(LN_C) * len(sets)}


def of_penalty(points: Spoilt, ln_M: float) -> dict[str, Any]:
    """Return the C from which the spoiler is kept, and what the default C does to it."""

    def margin(ln_C: ArrayLike, ln_copies: float = 0.0) -> Floats:
        w = penalised_optimum(points, "free", ln_M - ln_copies, np.exp(np.add(ln_C, ln_copies)))
        return np.asarray(w @ points.spoilers[0])

    changes = np.flatnonzero(np.diff(margin(LN_C) > 0.0))
    default = float(np.log(DEFAULT_C))
    return {
        "C": float(np.exp(brentq(margin, *LN_C[changes[-1] : changes[-1] + 2]))) if len(changes) else 0.0,
        "several": len(changes) > 1,
        "lost": bool(margin(default) <= 0.0),
        "copies": float(np.exp(brentq(lambda ln_k: margin(default, ln_k), -10.0, 20.0, xtol=1e-6))),
    }


def time_frames(n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Count the steps of descent on the lecture's frames."""
    drawn = spoilt_clusters(n_samples, size, rng)
    rows, counted = [], []
    for points in each_set(drawn):
        steps = steps_of_flow(points, 0.0)
        rows.append({"steps": steps})
        if n_samples in COUNTED:
            counted.append({"predicted": steps, "counted": count_steps(np.vstack([points.base, points.spoilers]))})
    return {"steps": rows, "counted": counted, "n_fits": size}


def steps_of_flow(points: Spoilt, ln_M: float) -> float:
    """Return the time of the flow, in steps at twice the inverse of the largest curvature."""
    largest = np.linalg.norm(np.vstack([np.exp(ln_M / 2.0) * points.base, points.spoilers]), ord=2) ** 2 / 4.0
    return float(np.exp(time_right(points, ln_M, ln_latest=LN_LATEST)) * largest / 2.0)


def count_steps(Z: Floats) -> float:
    """Return the step from which full-batch descent at that rate has the last point right."""
    w, rate_, last = np.zeros(Z.shape[1]), 8.0 / np.linalg.norm(Z, ord=2) ** 2, 0
    for step in range(1, MOST_STEPS):
        w = w + rate_ * (1.0 / (1.0 + np.exp(Z @ w))) @ Z
        if Z[-1] @ w <= 0.0:
            last = step
        elif step > 4 * last + 1000:
            break
    return last + 1.0


def tables(records: Frames) -> Frames:
    """Make a row for each kind of set and number of points, and of steps."""
    by = ["part", "n_samples"]
    fits = records["fits"].replace({"part": {"time": "frames"}})
    steps = records["steps"].replace({"part": {"time": "frames"}})
    return {
        "": summarise(fits, by, fits_row),
        "steps": summarise(steps, by, lambda rows: middle("steps", rows["steps"], QUARTER)),
        "counted": summarise(records["counted"], ["n_samples"], counted_row),
    }


def fits_row(rows: Rows) -> dict[str, float]:
    """Return the C that keeps the spoiler, the share of sets that give it up at the default, and the copies needed."""
    row = middle("C", rows["C"], QUARTER) | middle("copies", rows["copies"], QUARTER)
    return row | rate("lost", rows["lost"]) | {"several": rows["several"].mean()}


def counted_row(rows: Rows) -> dict[str, float]:
    """Return the steps that were counted, as a share of those that the flow predicts."""
    return middle("ratio", rows["counted"] / rows["predicted"], QUARTER)


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    by = {"part": "", "n_samples": "n"}
    return {
        "n": int(tables[""]["n"].max()),
        "fits": nested(tables[""], by, ["C", "C_q25", "C_q75", "lost", "copies", "several"]),
        "steps": nested(tables["steps"], by, ["n", "steps", "steps_q25", "steps_q75"]),
        "counted": nested(tables["counted"], {"n_samples": "n"}, ["ratio", "ratio_q25", "ratio_q75"]),
    }


EXPERIMENT = experiment(
    name="practice",
    question="From which C, after how many steps and with which weight is a rare point kept among N others?",
    settings={"default_C": DEFAULT_C},
    parts={
        "frames": Part(run=train_frames, cells=every(n_samples=SAMPLES), resamples=SETS),
        "drawn": Part(run=train_drawn, cells=every(n_samples=SAMPLES), draws=False),
        "time": Part(run=time_frames, cells=every(n_samples=SAMPLES), resamples=TIMED_SETS),
    },
    block_size=4,
    tables=tables,
    numbers=numbers,
)
