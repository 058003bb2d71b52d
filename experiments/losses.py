"""Three losses, with and without a bound, from three kinds of start: which reach a separator, and when."""

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from study import (
    Bound,
    Dataset,
    Fit,
    add_spoilers,
    four_points,
    geometric_margin,
    make_boxes,
    max_margin,
    perceptron,
    separates,
    sigmoid_unit,
    three_points,
)
from study.analysis.interval import rates
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise
from study.trainers.losses import LOSSES, Loss

EPS, T = 0.1, 10.0
N_SAMPLES = 20
STEPS = {"four": 20_000, "clusters": 10_000}
RATES = {"four": 0.2, "clusters": 0.1}
BOUNDS = {"four": Bound("box", 5.0), "clusters": Bound("box", 3.0)}
STARTS = ("warm", "zero", "random")
TIMES = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)


def descend(where: str, size: int, rng: np.random.Generator) -> Records:
    """Descend on drawn sets by every combination of loss, bound and start."""
    base, points = drawn_sets(where, size, rng)
    random_start = rng.standard_normal((size, 3))
    widest = geometric_margin(max_margin(points.X, points.y).w, points.X, points.y)
    runs = []
    for loss, bounded, start in product(LOSSES, (True, False), STARTS):
        bound = BOUNDS[where] if bounded else Bound()
        w0 = random_start if start == "random" else np.zeros(3)
        if start == "warm":
            w0 = sigmoid_unit(base.X, base.y, loss=loss, eps=EPS, bound=bound).w
        n = points.y.shape[-1] if loss == "cross-entropy" and where == "clusters" else 1  # a step as long as of the sum
        fit = descent(points, loss, w0, RATES[where] * n, max_steps=STEPS[where], tol=1e-12, bound=bound)
        paths = zip(fit.path, points.X, points.y, strict=True)  # type: ignore[arg-type]
        run = {"points": where, "loss": loss, "bounded": bounded, "start": start, "residual": fit.residual}
        run |= {"first": [first_separation(*path) for path in paths], "widest": np.broadcast_to(widest, size)}
        of_fit = (fit.w, points.X, points.y)
        runs.append(run | {"separates": separates(*of_fit), "margin": geometric_margin(*of_fit)})
    updates = np.broadcast_to(perceptron(points.X, points.y).n_updates, size)
    return {"runs": runs, "perceptron": {"points": where, "n_updates": updates}, "n_fits": size * (len(runs) + 2)}


def drawn_sets(where: str, size: int, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Return sets before and after the spoiler came."""
    if where == "four":
        return three_points(), four_points(np.full(size, T))
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    return base, add_spoilers(base, 1, **PLACE, rng=rng)


def descent(points: Dataset, loss: Loss, w0: Floats, learning_rate: float, **options: Any) -> Fit:
    """Descend on soft targets, and keep the path."""
    options |= {"method": "descent", "learning_rate": learning_rate, "record_path": True}
    return sigmoid_unit(points.X, points.y, loss=loss, eps=EPS, w0=w0, **options)


def first_separation(path: Floats, X: Floats, y: Floats) -> float:
    """Return the first step of a path whose weights separate, or NaN."""
    right = separates(path, X, y)
    return float(right.argmax()) if right.any() else np.nan


def time_to_separate(t: float) -> Records:
    """Count the steps of each loss from the optimum of the first three points until the fourth is right."""
    points = four_points(t)
    steps: dict[str, float] = {}
    for loss in LOSSES:
        w = np.array([1.0, 1.0, 0.0]) * np.log((1.0 - EPS) / EPS)
        done, found = 0, np.nan
        while np.isnan(found) and done < (2_000_000 if loss == "threshold-quadratic" else STEPS["four"]):
            fit = descent(points, loss, w, RATES["four"], max_steps=50_000 if done else 1000, tol=0.0)
            found = done + first_separation(fit.path, points.X, points.y)  # type: ignore[arg-type]
            done, w = done + int(fit.n_updates), fit.w
        steps[key(loss)] = found
    return {"time": steps, "n_fits": len(LOSSES)}


def predicted_steps(t: Floats) -> Floats:
    """Return how many steps the threshold quadratic loss should take, for t that is not small.

    The fourth point, output o = sigma(theta), theta = -u t at first, pulls with (1 - eps) o; the targets of (0, 1) and
    (-1, 0) hold the weights to the direction (1, -1, 1), on which a step moves theta by eta (1 - eps) o (t + 1)^2 / 3.
    With o = exp(theta) the steps until theta = 0 add up to 3 exp(u t) / (eta (1 - eps) (t + 1)^2).
    """
    u = np.log((1.0 - EPS) / EPS)
    return np.asarray(3.0 * np.exp(u * t) / ((1.0 - EPS) * RATES["four"] * (t + 1.0) ** 2))


def tables(records: Frames) -> Frames:
    """Make the three tables."""
    by, runs = ["points", "loss", "bounded", "start"], records["runs"]
    is_drawn = (runs["points"] != "four") | (runs["start"] == "random")
    runs = runs[is_drawn | ~runs.duplicated(by)]  # where nothing is drawn, all runs are one run
    return {
        "": summarise(runs, by, runs_row),
        "time": records["time"].assign(predicted=lambda time: predicted_steps(time["t"].to_numpy())),
        "perceptron": summarise(
            records["perceptron"],
            ["points"],
            lambda rows: {"median": np.median(rows["n_updates"]), "most": rows["n_updates"].max()},
        ),
    }


def runs_row(rows: Rows) -> dict[str, float]:
    """Return what is true of one loss, bound and start."""
    first, right = rows["first"], rows["separates"]
    share = np.where(right, rows["margin"] / rows["widest"], np.nan)
    reached = np.isfinite(first)
    return {
        **rates(rows, "separates"),
        "ever_separates": float(reached.mean()),
        "steps": float(np.median(first[reached])) if reached.any() else np.nan,
        "steps_most": float(first[reached].max()) if reached.any() else np.nan,
        "margin_share": float(np.nanmedian(share)) if right.any() else np.nan,
        "residual": float(rows["residual"].max()),
    }


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    runs, time = tables[""], tables["time"]
    runs = runs.assign(bound=np.where(runs["bounded"], "bounded", "unbounded"))
    found = time.dropna(subset="threshold_quadratic")
    late = found[found["t"] >= 4.0]
    slope = np.polyfit(late["t"], np.log(late["threshold_quadratic"] * (late["t"] + 1.0) ** 2), 1)[0]
    most = runs.groupby("points")["n"].max()
    return {
        "runs": nested(runs, {"points": "", "loss": "", "bound": "", "start": ""}),
        "n_random": int(most["four"]),
        "n_clusters": int(most["clusters"]),
        "time": nested(time, {"t": "t"}),
        "all_found": bool(time["threshold_quadratic"].notna().all()),
        "growth": float(slope),
        "prediction_at_last": float((late["threshold_quadratic"] / late["predicted"]).iloc[-1]),
        "perceptron": dict(zip(tables["perceptron"]["points"], tables["perceptron"]["median"], strict=True)),
    }


EXPERIMENT = experiment(
    name="losses",
    question="Which loss, bound and start let descent reach a separator, and how soon?",
    settings={
        "t": T,
        "n_samples": N_SAMPLES,
        "steps": STEPS,
        "weight_bound": {where: bound.weight_bound for where, bound in BOUNDS.items()},
        "t_largest": max(TIMES),
    },
    parts={
        "four": Part(run=partial(descend, "four")),
        "clusters": Part(run=partial(descend, "clusters")),
        "time": Part(run=time_to_separate, cells=every(t=TIMES), draws=False),
    },
    resamples=100,
    block_size=5,
    tables=tables,
    numbers=numbers,
)
