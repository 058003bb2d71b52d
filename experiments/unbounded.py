"""Descent without a bound: how fast the loss falls, where the weights point, and what a bound is worth in steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from experiments._implicit_bias import asymptote, safe_rate, widest
from study.analysis.separation import separates
from study.datasets.dataset import Dataset, Floats
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, by_part, concatenate
from study.trainers.fit import Bound, Fit
from study.trainers.sigmoid_unit import sigmoid_unit

LAST = 3_000_000
STEPS = np.unique(np.round(np.geomspace(1.0, LAST, 66)).astype(np.int64))
N_FAR = 12
SUPPORT = np.array([[0.5, 1.5], [1.5, 0.5], [-0.5, -1.5], [-1.5, -0.5]])
CORNERS, JITTER = np.array([[0.5, 1.5], [1.5, -0.5], [-1.0, -1.0]]), 0.25
BASE = np.array(
    [[1.0, 1.0], [1.0, -1.0], [2.0, 1.0], [2.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [-2.0, 1.0], [-2.0, -1.0]]
)
SPOILER = np.array([[-1.0, 2.0]])
SAMPLES = (16, 32, 64, 128, 256, 512, 1024)
PATH_SAMPLES = 128
FIT_FROM = 1000


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    match cell["part"]:
        case "descent":
            return descents(str(cell["points"]), size, rng)
        case "path":
            return path()
        case _:
            return meeting(int(cell["n_samples"]))


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


def descend(points: Dataset, weight: Floats, steps: NDArray[np.int64], *, until_separated: bool = False) -> Floats:
    """Descend the cross-entropy from zero; return rows of step, loss and weights at the steps that are named.

    A run that goes on from its own weights, at tolerance zero, is one run.
    """
    w, done, rows = np.zeros(points.X.shape[1] + 1), 0, []
    rate = safe_rate(points, weight / weight.sum())
    for step in steps:
        fit = sigmoid_unit(
            points.X,
            points.y,
            sample_weight=weight,
            method="descent",
            learning_rate=rate,
            max_steps=int(step) - done,
            tol=0.0,
            w0=w,
        )
        w, done = fit.w, int(step)
        rows.append([step, float(fit.loss), *w])
        if until_separated and step > 1 and separates(w, points.X, points.y):
            break
    return np.array(rows)


def descents(kind: str, size: int, rng: np.random.Generator) -> Statistics:
    """Descend on drawn sets; beside each path, the direction of the widest margin and what theory says of the error."""
    paths, theory = [], []
    for _ in range(size):
        points = symmetric_set(rng) if kind == "symmetric" else generic_set(rng)
        ones = np.ones(len(points.y))
        v, multiplier = widest(points.X, points.y)
        rows = descend(points, ones, STEPS)
        w = rows[:, 2:]
        off = w / np.linalg.norm(w, axis=1, keepdims=True) - v / np.linalg.norm(v)
        paths.append(np.column_stack([rows[:, :2], np.linalg.norm(w, axis=1), np.linalg.norm(off, axis=1)]))
        theory.append([np.linalg.norm(v), *asymptote(points, v, multiplier)])
    return {"paths": np.array(paths), "theory": np.array(theory), "n_fits": np.array([size])}


def spoilt_example(n_samples: int) -> tuple[Dataset, Floats]:
    """Return eight base points of equal weight, together n_samples, and a spoiler of weight one."""
    y = np.append(np.sign(BASE[:, 0]), 1.0)
    points = Dataset(X=np.concatenate([BASE, SPOILER]), y=y, is_spoiler=np.arange(9) == 8, name="example")
    return points, np.append(np.full(8, n_samples / 8.0), 1.0)


def bounded_optimum(points: Dataset, weight: Floats, R: float) -> Fit:
    """Return the optimum in the ball of radius R."""
    return sigmoid_unit(points.X, points.y, sample_weight=weight, bound=Bound("ball", R), method="newton")


def path() -> Statistics:
    """Follow descent, and the bounded optima of the same norms."""
    points, weight = spoilt_example(PATH_SAMPLES)
    rows = descend(points, weight, STEPS)
    v = widest(points.X, points.y)[0]
    out = []
    for step, loss, *w in rows:
        norm = float(np.linalg.norm(w))
        best = bounded_optimum(points, weight, norm)
        angles = [angle(np.array(w), v), angle(best.w, v), angle(np.array(w), best.w)]
        verdicts = [separates(np.array(w), points.X, points.y), separates(best.w, points.X, points.y)]
        out.append([step, norm, loss, float(best.loss), *angles, *verdicts])
    return {"path": np.array(out, dtype=float), "n_fits": np.array([len(rows) + 1])}


def angle(a: Floats, b: Floats) -> float:
    """Return the angle between two vectors in degrees."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def meeting(n_samples: int) -> Statistics:
    """Find the bound from which the optimum separates, and the step from which descent does."""
    points, weight = spoilt_example(n_samples)

    def spoiler_margin(R: float) -> float:
        w = bounded_optimum(points, weight, R).w
        return float(w[:-1] @ SPOILER[0] + w[-1])

    R = brentq(spoiler_margin, 1.0, 100.0, xtol=1e-9)
    steps = np.unique(np.round(np.geomspace(1, LAST, 1200)).astype(np.int64))
    last = descend(points, weight, steps, until_separated=True)[-1]
    row = [n_samples, R, last[0], np.linalg.norm(last[2:]), separates(last[2:], points.X, points.y)]
    return {"meeting": np.array([row], dtype=float), "n_fits": np.array([60])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the four tables."""
    parts = by_part(merged)
    descents_ = [(str(cell["points"]), s["paths"], s["theory"]) for cell, s in parts["descent"]]
    columns = ["n_steps", "norm", "loss_value", "bounded_loss", "angle", "bounded_angle", "apart"]
    verdicts = ["separates", "bounded_separates"]
    path_ = pd.DataFrame(parts["path"][0][1]["path"], columns=[*columns, *verdicts])
    met = pd.DataFrame(
        np.concatenate([s["meeting"] for _, s in parts["meeting"]]),
        columns=["n_samples", "weight_bound", "n_steps", "norm", "separates"],
    )
    return {
        "": pd.concat([rates_table(*one) for one in descents_], ignore_index=True),
        "paths": pd.concat([paths_table(kind, paths) for kind, paths, _ in descents_], ignore_index=True),
        "path": path_.astype({"n_steps": int} | dict.fromkeys(verdicts, bool)),
        "meeting": met.astype({"n_samples": int, "n_steps": int, "separates": bool}),
    }


def rates_table(kind: str, paths: Floats, theory: Floats) -> pd.DataFrame:
    """Return a row for each draw: the slopes that are fitted, beside what theory says."""
    rows = []
    for draw, (path_, (norm, C, c)) in enumerate(zip(paths, theory, strict=True)):
        step, loss, length, error = path_.T
        decade, late = step >= LAST / 10, step >= FIT_FROM
        log = np.log(step)
        rows.append(
            {
                "points": kind,
                "draw": draw,
                "n_steps": int(step[-1]),
                "loss_slope": slope(log[decade], np.log(loss[decade])),
                "norm_slope": slope(log[decade], length[decade]) / norm,
                "error": error[-1],
                "error_power": slope(log[late], np.log(error[late])),
                "error_slope": slope(np.log(log[decade]), np.log(error[decade])),
                "error_slope_shifted": slope(np.log(log[decade] + c), np.log(error[decade])),
                "constant": error[-1] * (log[-1] + c),
                "predicted_constant": C,
                "shift": c,
            }
        )
    return pd.DataFrame(rows)


def slope(x: Floats, y: Floats) -> float:
    """Return the slope of the least-squares line."""
    return float(np.polyfit(x, y, 1)[0])


def paths_table(kind: str, paths: Floats) -> pd.DataFrame:
    """Return a row for each named step of each draw."""
    frames = [pd.DataFrame(rows, columns=["n_steps", "loss_value", "norm", "error"]) for rows in paths]
    whole = pd.concat(frames, keys=range(len(frames)), names=["draw", None]).reset_index(level=0)
    whole.insert(0, "points", kind)
    return whole.astype({"n_steps": int})


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    rates: dict[str, Any] = {}
    for kind, rows in tables[""].groupby("points"):
        values = {name: mean(rows[name]) for name in rows.columns if name not in ("points", "draw", "n_steps")}
        values["constant_ratio"] = mean((rows["constant"] / rows["predicted_constant"])[rows["points"] == "generic"])
        rates[str(kind)] = {"n": len(rows), "n_steps": int(rows["n_steps"].max()), **values}
    path_, met = tables["path"], tables["meeting"]
    late = path_[path_["n_steps"] >= 100]
    growth = slope(met["weight_bound"].to_numpy(), np.log(met["n_steps"].to_numpy()))
    return {
        "rates": rates,
        "path": {
            "most_apart": path_["apart"].max(),
            "last_apart": path_["apart"].iloc[-1],
            "most_loss_ratio": float((late["loss_value"] / late["bounded_loss"]).max()),
            "same_verdict": float((path_["separates"] == path_["bounded_separates"]).mean()),
            "n": len(path_),
        },
        "meeting": {
            f"n_{row['n_samples']}": {name: row[name] for name in ("weight_bound", "n_steps", "norm")}
            | {"norm_ratio": row["norm"] / row["weight_bound"]}
            for row in met.to_dict("records")
        },
        "meeting_growth": growth,
        "meeting_all": bool(met["separates"].all()),
        "most_norm_ratio": float((met["norm"] / met["weight_bound"]).max()),
        "example_margin": float(1.0 / np.linalg.norm(widest(*example_arrays())[0])),
    }


def example_arrays() -> tuple[Floats, Floats]:
    """Return the example's points and labels."""
    points, _ = spoilt_example(max(SAMPLES))
    return points.X, points.y


def mean(values: pd.Series) -> dict[str, float]:
    """Return a mean with its 95% interval by Student's t, over draws."""
    values = values.dropna()
    if values.empty:
        return {}
    half = student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return {"mean": float(values.mean()), "low": float(values.mean() - half), "high": float(values.mean() + half)}


MEETING_CELLS: list[Cell] = [{"part": "meeting", "n_samples": n, "resamples": 1} for n in SAMPLES]

EXPERIMENT = Experiment(
    in_processes=True,
    name="unbounded",
    question="Without a bound, how does descent separate, where does it point, and what is a bound worth in steps?",
    settings={
        "n_steps": LAST,
        "fit_from": FIT_FROM,
        "n_far": N_FAR,
        "path_samples": PATH_SAMPLES,
        "least_samples": min(SAMPLES),
        "most_samples": max(SAMPLES),
        "level": 0.95,
    },
    cells=(
        {"part": "descent", "points": "symmetric"},
        {"part": "descent", "points": "generic"},
        {"part": "path", "resamples": 1},
        *MEETING_CELLS,
    ),
    resamples=10,
    block_size=1,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
