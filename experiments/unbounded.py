"""Descent without a bound: how fast the loss falls, where the weights point, and what a bound is worth in steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from experiments._geometries import corner_points
from experiments._implicit_bias import asymptote, safe_rate, widest
from experiments._points import first_set, spoilt_clusters
from study import Bound, Dataset, Fit, separates, sigmoid_unit
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, nested

LAST = 3_000_000
STEPS = np.unique(np.round(np.geomspace(1.0, LAST, 66)).astype(np.int64))
N_FAR = 12
SUPPORT = np.array([[0.5, 1.5], [1.5, 0.5], [-0.5, -1.5], [-1.5, -0.5]])
CORNERS, JITTER = np.array([[0.5, 1.5], [1.5, -0.5], [-1.0, -1.0]]), 0.25
SAMPLES = (16, 32, 64, 128, 256, 512, 1024)
PATH_SAMPLES = 128
DRAWN_POINTS, DRAWN_PATHS = 20, 10
FIT_FROM = 1000


def symmetric_set(rng: np.random.Generator) -> Dataset:
    """Return the support vectors of Soudry et al. and twelve points drawn beyond them."""
    far = rng.uniform(1.0, 3.0, (N_FAR, 2))
    y = np.append([1, 1, -1, -1], np.where(np.arange(N_FAR) < N_FAR // 2, 1, -1))
    return Dataset(X=np.concatenate([SUPPORT, y[4:, None] * far]), y=y, name="symmetric")


def generic_set(rng: np.random.Generator) -> Dataset:
    """Draw three points, each moved by up to `JITTER`, until the largest margin rests on all of them."""
    y = np.array([1, 1, -1])
    while True:
        X = CORNERS + rng.uniform(-JITTER, JITTER, CORNERS.shape)
        if (widest(X, y)[1] > 0.0).all():
            return Dataset(X=X, y=y, name="generic")


def path_of_descent(
    points: Dataset, weight: Floats, steps: NDArray[np.int64], *, until_separated: bool = False
) -> Floats:
    """Descend the cross-entropy from zero; return rows of step, loss and weights at the steps that are named.

    A run that goes on from its own weights, at tolerance zero, is one run.
    """
    w, done, rows = np.zeros(points.X.shape[1] + 1), 0, []
    rate = safe_rate(points, weight / weight.sum())
    for step in steps:
        options: dict[str, Any] = {"learning_rate": rate, "max_steps": int(step) - done, "tol": 0.0}
        fit = sigmoid_unit(points.X, points.y, sample_weight=weight, w0=w, method="descent", **options)
        w, done = fit.w, int(step)
        rows.append([step, float(fit.loss), *w])
        if until_separated and step > 1 and separates(w, points.X, points.y):
            break
    return np.array(rows)


def descend(points: str, size: int, rng: np.random.Generator) -> Records:
    """Descend on drawn sets; beside each path, the direction of the widest margin and what theory says of the error."""
    make = symmetric_set if points == "symmetric" else generic_set
    return {"paths": [path_of_draw(make(rng)) for _ in range(size)], "n_fits": size}


def path_of_draw(points: Dataset) -> dict[str, Any]:
    """Return a path as one row, its columns of two axes."""
    v, multiplier = widest(points.X, points.y)
    rows = path_of_descent(points, np.ones(len(points.y)), STEPS)
    w = rows[:, 2:]
    norm = np.linalg.norm(w, axis=1)
    error = np.linalg.norm(w / norm[:, None] - v / np.linalg.norm(v), axis=1)
    path = {"n_steps": STEPS[None], "loss_value": rows[None, :, 1], "norm": norm[None], "error": error[None]}
    constant, shift = asymptote(points, v, multiplier)
    return {**path, "least_norm": np.linalg.norm(v), "constant": constant, "shift": shift}


def spoilt_example(n_samples: int) -> tuple[Dataset, Floats]:
    """Return eight base points of equal weight, together n_samples, and a spoiler of weight one."""
    points = corner_points()
    return points, np.where(points.is_spoiler, 1.0, n_samples / 8.0)


def bounded_optimum(points: Dataset, weight: Floats, R: float) -> Fit:
    """Return the optimum in the ball of radius R."""
    return sigmoid_unit(points.X, points.y, sample_weight=weight, bound=Bound("ball", R), method="newton")


def follow_example() -> Records:
    """Follow descent on the example, and the bounded optima of the same norms."""
    rows = follow_path(*spoilt_example(PATH_SAMPLES))
    return {"path": rows, "n_fits": len(rows) + 1}


def follow_drawn(size: int, rng: np.random.Generator) -> Records:
    """Do the same on drawn clusters with a spoiler, their base points together as heavy as those of the example."""
    rows: list[dict[str, Any]] = []
    for _ in range(size):
        points = first_set(spoilt_clusters(DRAWN_POINTS, 1, rng))
        rows += follow_path(points, np.where(points.is_spoiler, 1.0, PATH_SAMPLES / DRAWN_POINTS))
    return {"drawn_path": rows, "n_fits": len(rows) + size}


def follow_path(points: Dataset, weight: Floats) -> list[dict[str, Any]]:
    """Return a row for each step that is named: descent beside the bounded optimum of its norm."""
    rows = path_of_descent(points, weight, STEPS)
    v = widest(points.X, points.y)[0]
    out = []
    for step, loss, w in zip(rows[:, 0], rows[:, 1], rows[:, 2:], strict=True):
        norm = float(np.linalg.norm(w))
        best = bounded_optimum(points, weight, norm)
        angles = {"angle": angle(w, v), "bounded_angle": angle(best.w, v), "apart": angle(w, best.w)}
        row = {"n_steps": int(step), "norm": norm, "loss_value": loss, "bounded_loss": float(best.loss), **angles}
        row["separates"] = separates(w, points.X, points.y)
        out.append(row | {"bounded_separates": separates(best.w, points.X, points.y)})
    return out


def angle(a: Floats, b: Floats) -> float:
    """Return the angle between two vectors in degrees."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def find_meeting(n_samples: int) -> Records:
    """Find the bound from which the optimum separates, and the step from which descent does."""
    points, weight = spoilt_example(n_samples)

    def spoiler_margin(R: float) -> float:
        w = bounded_optimum(points, weight, R).w
        return float(w[:-1] @ points.X[-1] + w[-1])

    R = brentq(spoiler_margin, 1.0, 100.0, xtol=1e-9)
    steps = np.unique(np.round(np.geomspace(1, LAST, 1200)).astype(np.int64))
    last = path_of_descent(points, weight, steps, until_separated=True)[-1]
    row = {"weight_bound": R, "n_steps": int(last[0]), "norm": np.linalg.norm(last[2:])}
    return {"meeting": {**row, "separates": separates(last[2:], points.X, points.y)}, "n_fits": 60}


def tables(records: Frames) -> Frames:
    """Make a row for each draw, and its path row after row; the other records are tables."""
    drawn = records["paths"]
    drawn.insert(1, "draw", drawn.groupby("points").cumcount())
    paths = ["n_steps", "loss_value", "norm", "error"]
    rates = pd.DataFrame([rates_row(draw) for draw in drawn.to_dict("records")])
    records["drawn_path"].insert(0, "draw", (records["drawn_path"]["n_steps"] == STEPS[0]).cumsum() - 1)
    return {**records, "": rates, "paths": drawn[["points", "draw", *paths]].explode(paths)}


def rates_row(draw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the slopes that are fitted to one path, beside what theory says."""
    step, error, shift = draw["n_steps"], draw["error"], draw["shift"]
    decade, late = step >= LAST / 10, step >= FIT_FROM
    log = np.log(step)
    return {
        "points": draw["points"],
        "draw": draw["draw"],
        "n_steps": int(step[-1]),
        "loss_slope": slope(log[decade], np.log(draw["loss_value"][decade])),
        "norm_slope": slope(log[decade], draw["norm"][decade]) / draw["least_norm"],
        "error": error[-1],
        "error_power": slope(log[late], np.log(error[late])),
        "error_slope": slope(np.log(log[decade]), np.log(error[decade])),
        "error_slope_shifted": slope(np.log(log[decade] + shift), np.log(error[decade])),
        "constant": error[-1] * (log[-1] + shift),
        "predicted_constant": draw["constant"],
        "shift": shift,
    }


def slope(x: Floats, y: Floats) -> float:
    """Return the slope of the least-squares line."""
    return float(np.polyfit(x, y, 1)[0])


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rates = {}
    for kind, rows in tables[""].groupby("points"):
        values = {name: mean(rows[name]) for name in rows.columns if name not in ("points", "draw", "n_steps")}
        values["constant_ratio"] = mean((rows["constant"] / rows["predicted_constant"])[rows["points"] == "generic"])
        rates[str(kind)] = {"n": len(rows), **values}
    met = tables["meeting"]
    met = met.assign(norm_ratio=met["norm"] / met["weight_bound"])
    return {
        "rates": rates,
        "path": path_numbers(tables["path"]),
        "drawn_path": {"sets": DRAWN_PATHS, **path_numbers(tables["drawn_path"])},
        "meeting": nested(met, {"n_samples": "n"}, ["norm_ratio"]),
        "meeting_growth": slope(met["weight_bound"].to_numpy(), np.log(met["n_steps"].to_numpy())),
        "meeting_all": bool(met["separates"].all()),
        "most_norm_ratio": float(met["norm_ratio"].max()),
    }


def path_numbers(path: pd.DataFrame) -> dict[str, Any]:
    """Return how far descent and optimum of one norm are apart at most, and how often one alone separates."""
    alone = path["separates"] != path["bounded_separates"]
    return {"most_apart": path["apart"].max(), "one_separates": int(alone.sum()), "n": len(path)}


def mean(values: pd.Series) -> dict[str, float]:
    """Return a mean with its 95% interval by Student's t, over draws."""
    values = values.dropna()
    if values.empty:
        return {}
    half = student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return {"mean": float(values.mean()), "low": float(values.mean() - half), "high": float(values.mean() + half)}


EXPERIMENT = experiment(
    name="unbounded",
    question="Without a bound, how does descent separate, where does it point, and what is a bound worth in steps?",
    settings={
        "n_steps": LAST,
        "n_far": N_FAR,
        "path_samples": PATH_SAMPLES,
        "least_samples": min(SAMPLES),
        "most_samples": max(SAMPLES),
    },
    parts={
        "descent": Part(run=descend, cells=every(points=("symmetric", "generic"))),
        "path": Part(run=follow_example, draws=False),
        "drawn_path": Part(run=follow_drawn, resamples=DRAWN_PATHS),
        "meeting": Part(run=find_meeting, cells=every(n_samples=SAMPLES), draws=False),
    },
    resamples=10,
    block_size=1,
    tables=tables,
    numbers=numbers,
)
