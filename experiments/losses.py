"""Three losses, with and without a bound, from three kinds of start: which reach a separator, and when."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.analysis.interval import rate
from study.analysis.margin import geometric_margin
from study.analysis.separation import separates
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.published import four_points, three_points
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, by_part, concatenate
from study.trainers.fit import Bound
from study.trainers.losses import LOSSES, Loss
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

EPS, T = 0.1, 10.0
N_SAMPLES = 20
SCALE = 1.0
STEPS = {"four": 20_000, "clusters": 10_000}
RATES = {"four": 0.2, "clusters": 0.1}
BOUNDS = {"four": Bound("box", 5.0), "clusters": Bound("box", 3.0)}
STARTS = ("warm", "zero", "random")
COMBINATIONS = [(loss, bounded, start) for loss in LOSSES for bounded in (True, False) for start in STARTS]
TIMES = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)
MOST_STEPS = 2_000_000


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    if cell["part"] == "time":
        return time_to_separate(float(cell["t"]))
    where = str(cell["part"])
    base, points = drawn_sets(where, size, rng)
    random_start = SCALE * rng.standard_normal((size, 3))
    widest = geometric_margin(max_margin(points.X, points.y).w, points.X, points.y)
    rows = [
        [*trained(base, points, where, *combination, random_start), np.broadcast_to(widest, size)]
        for combination in COMBINATIONS
    ]
    updates = np.broadcast_to(perceptron(points.X, points.y).n_updates, size)
    n_fits = size * (len(COMBINATIONS) + 2)
    return {"runs": np.array(rows).transpose(2, 0, 1), "perceptron": updates, "n_fits": np.array([n_fits])}


def drawn_sets(where: str, size: int, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Return sets before and after the spoiler came."""
    if where == "four":
        return three_points(), four_points(np.full(size, T))
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    return base, add_spoilers(base, 1, **PLACE, rng=rng)


def trained(
    base: Dataset, points: Dataset, where: str, loss: Loss, bounded: bool, start: str, random_start: Floats
) -> list[Floats]:
    """Descend on a stack of sets; return first step that separates, the verdict at the end, margin, loss, residual."""
    bound = BOUNDS[where] if bounded else Bound()
    w0 = random_start if start == "random" else np.zeros(3)
    if start == "warm":
        w0 = sigmoid_unit(base.X, base.y, loss=loss, eps=EPS, bound=bound).w
    n = points.y.shape[-1] if loss == "cross-entropy" and where == "clusters" else 1  # a step as long as of the sum
    fit = sigmoid_unit(
        points.X,
        points.y,
        loss=loss,
        eps=EPS,
        bound=bound,
        w0=w0,
        method="descent",
        learning_rate=RATES[where] * n,
        max_steps=STEPS[where],
        tol=1e-12,
        record_path=True,
    )
    first = [first_separation(path, X, y) for path, X, y in zip(fit.path, points.X, points.y, strict=True)]  # type: ignore[arg-type]
    right = separates(fit.w, points.X, points.y)
    return [np.array(first), right, geometric_margin(fit.w, points.X, points.y), fit.loss, fit.residual]


def first_separation(path: Floats, X: Floats, y: Floats) -> float:
    """Return the first step of a path whose weights separate, or NaN."""
    right = separates(path, X, y)
    return float(right.argmax()) if right.any() else np.nan


def time_to_separate(t: float) -> Statistics:
    """Count the steps of each loss from the optimum of the first three points until the fourth is right."""
    points = four_points(t)
    counts = []
    for loss in LOSSES:
        w = np.array([1.0, 1.0, 0.0]) * np.log((1.0 - EPS) / EPS)
        done, found = 0, np.nan
        while np.isnan(found) and done < (MOST_STEPS if loss == "threshold-quadratic" else STEPS["four"]):
            fit = sigmoid_unit(
                points.X,
                points.y,
                loss=loss,
                eps=EPS,
                w0=w,
                method="descent",
                learning_rate=RATES["four"],
                max_steps=50_000 if done else 1000,
                tol=0.0,
                record_path=True,
            )
            found = done + first_separation(fit.path, points.X, points.y)  # type: ignore[arg-type]
            done, w = done + int(fit.n_updates), fit.w
        counts.append(found)
    return {"steps": np.array([counts]), "n_fits": np.array([len(LOSSES)])}


def predicted_steps(t: Floats) -> Floats:
    """Return how many steps the threshold quadratic loss should take, for t that is not small.

    The fourth point, output o = sigma(theta), theta = -u t at first, pulls with (1 - eps) o; the targets of (0, 1) and
    (-1, 0) hold the weights to the direction (1, -1, 1), on which a step moves theta by eta (1 - eps) o (t + 1)^2 / 3.
    With o = exp(theta) the steps until theta = 0 add up to 3 exp(u t) / (eta (1 - eps) (t + 1)^2).
    """
    u = np.log((1.0 - EPS) / EPS)
    return np.asarray(3.0 * np.exp(u * t) / ((1.0 - EPS) * RATES["four"] * (t + 1.0) ** 2))


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the three tables."""
    parts = by_part(merged)
    steps = np.concatenate([statistics["steps"] for _, statistics in parts["time"]])
    t = np.array([float(cell["t"]) for cell, _ in parts["time"]])
    time_ = pd.DataFrame(steps, columns=[loss.replace("-", "_") for loss in LOSSES])
    time_.insert(0, "t", t)
    time_["predicted"] = predicted_steps(t)
    sets = [runs_table(where, parts[where][0][1]["runs"]) for where in ("four", "clusters")]
    updates = pd.DataFrame(
        [
            {"points": where, "n": len(counts), "median": np.median(counts), "most": counts.max()}
            for where in ("four", "clusters")
            for counts in (parts[where][0][1]["perceptron"],)
        ]
    )
    return {"": pd.concat(sets, ignore_index=True), "time": time_, "perceptron": updates}


def runs_table(where: str, runs: Floats) -> pd.DataFrame:
    """Return a row for each loss, bound and start, from values of shape (n, combinations, 6)."""
    rows: list[dict[str, Any]] = []
    for (loss, bounded, start), values in zip(COMBINATIONS, np.swapaxes(runs, 0, 1), strict=True):
        if where == "four" and start != "random":
            values = values[:1]  # nothing was drawn: the runs are one run
        first, right, margin, _, residual, widest = values.T
        share = np.where(right > 0, margin / widest, np.nan)
        reached = np.isfinite(first)
        rows.append(
            {
                "points": where,
                "loss": loss,
                "bounded": bounded,
                "start": start,
                "n": len(values),
                **rate("separates", right),
                "ever_separates": float(reached.mean()),
                "steps": float(np.median(first[reached])) if reached.any() else np.nan,
                "steps_most": float(first[reached].max()) if reached.any() else np.nan,
                "margin_share": float(np.nanmedian(share)) if right.any() else np.nan,
                "residual": float(residual.max()),
            }
        )
    return pd.DataFrame(rows)


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    tree: dict[str, Any] = {}
    for row in tables[""].to_dict("records"):
        place = tree.setdefault(row["points"], {}).setdefault(row["loss"].replace("-", "_"), {})
        place = place.setdefault("bounded" if row["bounded"] else "unbounded", {}).setdefault(row["start"], {})
        place |= {name: value for name, value in row.items() if isinstance(value, int | float) and value == value}
    time_ = tables["time"]
    found = time_.dropna(subset="threshold_quadratic")
    late = found[found["t"] >= 4.0]
    slope = np.polyfit(late["t"], np.log(late["threshold_quadratic"] * (late["t"] + 1.0) ** 2), 1)[0]
    quadratic = time_.dropna(subset="quadratic")
    return {
        "runs": tree,
        "n_random": int(tables[""].query("points == 'four'")["n"].max()),
        "n_clusters": int(tables[""].query("points == 'clusters'")["n"].max()),
        "time": {
            f"t_{row['t']:g}".replace(".", "_"): {
                name: value for name, value in row.items() if name != "t" and value == value
            }
            for row in time_.to_dict("records")
        },
        "all_found": bool(time_["threshold_quadratic"].notna().all()),
        "growth": float(slope),
        "u": float(np.log((1.0 - EPS) / EPS)),
        "prediction_at_last": float((late["threshold_quadratic"] / late["predicted"]).iloc[-1]),
        "quadratic_last_t": float(quadratic["t"].max()),
        "perceptron": {row["points"]: row["median"] for row in tables["perceptron"].to_dict("records")},
    }


TIME_CELLS: list[Cell] = [{"part": "time", "t": t, "resamples": 1} for t in TIMES]

EXPERIMENT = Experiment(
    in_processes=True,
    name="losses",
    question="Which loss, bound and start let descent reach a separator, and how soon?",
    settings={
        "eps": EPS,
        "t": T,
        "n_samples": N_SAMPLES,
        "scale": SCALE,
        "steps": STEPS,
        "learning_rate": RATES,
        "weight_bound": {where: bound.weight_bound for where, bound in BOUNDS.items()},
        "most_steps": MOST_STEPS,
        "t_largest": max(TIMES),
    },
    cells=({"part": "four"}, {"part": "clusters"}, *TIME_CELLS),
    resamples=100,
    block_size=5,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
