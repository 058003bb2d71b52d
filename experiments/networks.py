"""Does a hidden layer save backpropagation? Depths, widths and two kinds of bound on clusters with a spoiler."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments._network_margin import widest_margin
from study.analysis.interval import mean, rate
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.law.conflict import Shape
from study.sweeps.experiment import Cell, Tables
from study.sweeps.parts import Frames, Part, Records, experiment, nested, summarise
from study.trainers.fit import Bound
from study.trainers.layers import initial_weights, outputs
from study.trainers.network import network

N_SAMPLES, COPIES = 20, 5
DEPTHS, WIDTHS = (1, 2, 3, 4), (1, 4, 16)
ARCHITECTURES = ((0, 0), *[(depth, width) for depth in DEPTHS for width in WIDTHS])
BOUNDS: tuple[tuple[Shape, float], ...] = (
    *[("box", R) for R in (1.0, 2.0, 4.0)],
    *[("ball", R) for R in (16.0, 64.0, 256.0, 1024.0, 4096.0)],
)
SCALE, MAX_STEPS, TOL = 1.0, 200, 1e-6
RESTARTS = 2
HEAVIER = (10.0, 100.0)
GRID = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 25), np.linspace(-1.0, 1.0, 16), indexing="ij"), -1).reshape(-1, 2)
EXAMPLE = np.array([[x_1, x_2] for x_1 in (1.0, 2.0, -1.0, -2.0) for x_2 in (1.0, -1.0)] + [[-1.0, 2.0]])
LABELS = np.append(np.sign(EXAMPLE[:-1, 0]), 1.0)
LAW_WIDTHS, LAW_BOUNDS, LAW_STARTS = (0, 1, 2), (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), 16
REGIONS: tuple[tuple[int, int, Shape, float], ...] = (
    (0, 0, "box", 2.0),
    (1, 4, "box", 2.0),
    (2, 16, "box", 2.0),
    (1, 4, "ball", 16.0),
    (1, 4, "ball", 256.0),
)
REGION_GRID = np.stack(np.meshgrid(np.linspace(-1.7, 1.7, 52), np.linspace(-1.2, 1.2, 37), indexing="ij"), -1)


def layers_of(depth: int, width: int) -> tuple[int, ...]:
    """Return the widths of `depth` equal hidden layers and the output."""
    return (width,) * depth + (1,)


def spoilt_sets(size: int, rng: np.random.Generator) -> tuple[Dataset, Floats]:
    """Draw sets with one spoiler, and the weights that make each base point stand for five copies."""
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    points = add_spoilers(base, 1, **PLACE, rng=rng)
    return points, np.where(points.is_spoiler, 1.0, COPIES)


def train(depth: int, width: int, bound: Shape, R: float, size: int, rng: np.random.Generator) -> Records:
    """Train from drawn starts on drawn sets; then ask what the cheapest separator found costs."""
    points, weight = spoilt_sets(size, rng)
    layers = layers_of(depth, width)
    w0 = initial_weights(2, layers, scale=SCALE, size=(RESTARTS, size), rng=rng)

    def fit(start: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
        answer = network(
            points.X,
            points.y,
            layers=layers,
            w0=start,
            sample_weight=weights,
            bound=Bound(bound, R),
            method="spectral",
            max_steps=MAX_STEPS,
            tol=TOL,
        )
        margin = points.y * outputs(answer.w, points.X, layers)
        return answer.w, margin, (weight * np.logaddexp(0.0, -margin)).sum(axis=-1)

    w, margin, loss = fit(w0, weight)
    right = np.asarray((margin > 0.0).all(axis=-1))
    base_right = np.asarray(((margin > 0.0) | points.is_spoiler).all(axis=-1))
    lowest, sets = loss.argmin(axis=0), np.arange(size)
    best = np.where(right, loss, np.inf).min(axis=0)
    for k in HEAVIER:  # a spoiler that counts more is met sooner; the cheapest way that was found is kept
        _, margin, heavy_loss = fit(w[lowest, sets], np.where(points.is_spoiler, k, weight))
        best = np.minimum(best, np.where((margin > 0.0).all(axis=-1), heavy_loss, np.inf))
    columns = {
        "separates": right[0],
        "lowest_separates": right[lowest, sets],
        "base_separates": base_right[0],
        "loss_value": loss[lowest, sets],
        "best": best,
        "says": outputs(w[0], GRID, layers) > 0.0,
    }
    return {"trained": columns, "n_fits": size * (RESTARTS + len(HEAVIER))}


def law(width: int, R: float, size: int, rng: np.random.Generator) -> Records:
    """Find how many copies of the base points make the best net found give the spoiler up, and the class's margin.

    Both with one hidden layer, or none, every weight in [-R, R], cross-entropy.
    """
    del size  # nothing is drawn but the starts
    layers = layers_of(int(width > 0), width)
    starts = np.concatenate([initial_weights(2, layers, scale=s, size=LAW_STARTS // 2, rng=rng) for s in (1.0, R)])
    fits = 0

    def spoiler_margin(log_copies: float) -> float:
        weight = np.append(np.full(8, np.exp(log_copies)), 1.0)
        answer = network(
            EXAMPLE,
            LABELS,
            layers=layers,
            w0=starts,
            sample_weight=weight,
            bound=Bound("box", R),
            method="spectral",
            max_steps=800,
            tol=1e-12,
        )
        best = answer.w[answer.loss.argmin()]
        starts[-1] = best
        return float(outputs(best, EXAMPLE[-1:], layers)[0])

    low, high = -2.0, R * max(1.0, width / 2.0) + 6.0
    for _ in range(14):
        middle = (low + high) / 2.0
        fits += len(starts)
        low, high = (middle, high) if spoiler_margin(middle) > 0.0 else (low, middle)
    margins = [widest_margin(EXAMPLE, LABELS, layers, R, starts[-5:], least) for least in (0.0, -np.inf)]
    row = {"weight_bound": R, "log_copies": (low + high) / 2.0, "margin_with": margins[0], "margin_without": margins[1]}
    return {"law": row, "n_fits": fits + 2 * len(starts)}


def regions(size: int, rng: np.random.Generator) -> Records:
    """Train five nets on the first set that is drawn, the lowest of ten restarts each, and look where they say +1."""
    points, weight = spoilt_sets(size, rng)
    X, y = points.X[0], points.y[0]
    plane = REGION_GRID.reshape(-1, 2)
    shown = {"x_1": plane[:, 0].round(6), "x_2": plane[:, 1].round(6)}
    lost = {"x_1": X[:, 0], "x_2": X[:, 1], "label": y.astype(int), "is_spoiler": points.is_spoiler[0]}
    for k, (depth, width, shape, R) in enumerate(REGIONS):
        layers = layers_of(depth, width)
        fit = network(
            X,
            y,
            layers=layers,
            w0=initial_weights(2, layers, scale=SCALE, size=10, rng=rng),
            sample_weight=weight[0],
            bound=Bound(shape, R),
            method="spectral",
            max_steps=10 * MAX_STEPS,
            tol=TOL,
        )
        w = fit.w[fit.loss.argmin()]
        shown[f"net_{k}"] = outputs(w, plane, layers).round(6)
        lost[f"net_{k}"] = ~(y * outputs(w, X, layers) > 0.0)
    return {"regions": shown, "points": lost, "n_fits": 10 * len(REGIONS)}


def tables(records: Frames) -> Tables:
    """Make the four tables."""
    return {
        "": trained_table(records["trained"]),
        "law": records["law"].drop(columns=["part", "R"]),
        "regions": records["regions"].drop(columns="part"),
        "points": records["points"].drop(columns="part"),
    }


def trained_table(trained: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each net and bound."""
    named = trained.rename(columns={"R": "weight_bound"})
    return summarise(named, ["depth", "width", "bound", "weight_bound"], trained_row)


def trained_row(rows: Mapping[str, Any]) -> dict[str, float]:
    """Return what is true of one net and bound: rates, the gap to the cheapest separator found, and the variance."""
    failing = ~rows["lowest_separates"] & np.isfinite(rows["best"])
    gap = (rows["best"] / rows["loss_value"])[failing]
    return {
        **rate("separates", rows["separates"]),
        **rate("lowest_separates", rows["lowest_separates"]),
        **rate("base_separates", rows["base_separates"]),
        "loss_value": float(np.median(rows["loss_value"])),
        "n_gap": int(failing.sum()),
        "gap": float(np.median(gap)) if failing.any() else np.nan,
        "gap_least": float(gap.min()) if failing.any() else np.nan,
        **variance(rows["says"]),
    }


def variance(says: Floats) -> dict[str, float]:
    """Return the mean chance that one net disagrees with the vote of the other half's nets, with a 95% interval."""
    disagreement = np.empty(len(says))
    for half in (0, 1):
        vote = says[1 - half :: 2].mean(axis=0) >= 0.5  # a tie says +1
        disagreement[half::2] = (says[half::2] != vote).mean(axis=1)
    return mean("variance", disagreement)


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    grid = tables[""].assign(
        R=tables[""]["weight_bound"],
        net=[
            f"depth_{depth}_width_{width}"
            for depth, width in zip(tables[""]["depth"], tables[""]["width"], strict=True)
        ],
    )
    gaps = tables[""].dropna(subset="gap")
    slopes = {}
    for width, rows in tables["law"].groupby("width"):
        late = rows.iloc[-3:]
        slopes[f"width_{width}"] = {
            "slope": float(np.polyfit(rows["margin_with"], rows["log_copies"], 1)[0]),
            "margin_per_bound": float(np.polyfit(late["weight_bound"], late["margin_with"], 1)[0]),
            "copies_per_bound": float(np.polyfit(late["weight_bound"], late["log_copies"], 1)[0]),
            "margin_gap": float((rows["margin_without"] - rows["margin_with"]).iloc[-1]),
            "least_above": float((rows["log_copies"] - rows["margin_with"]).min()),
        }
    return {
        "n": int(tables[""]["n"].min()),
        "trainings": int(tables[""]["n"].sum()) * (RESTARTS + len(HEAVIER)),
        "grid": nested(grid, {"bound": "", "R": "R", "net": ""}),
        "law": slopes,
        "gap_least": float(gaps["gap_least"].min()),
        "gap_median": float(gaps["gap"].median()),
        "n_gap": int(gaps["n_gap"].sum()),
        "regions": {f"net_{k}": int(tables["points"][f"net_{k}"].sum()) for k in range(len(REGIONS))},
    }


TRAINED_CELLS: list[Cell] = [
    {"depth": depth, "width": width, "bound": shape, "R": R} for depth, width in ARCHITECTURES for shape, R in BOUNDS
]

EXPERIMENT = experiment(
    in_processes=True,
    name="networks",
    question="Does a hidden layer save backpropagation from the spoiler?",
    settings={
        "n_samples": N_SAMPLES,
        "copies": COPIES,
        "scale": SCALE,
        "max_steps": MAX_STEPS,
        "restarts": RESTARTS,
        "deepest": max(DEPTHS),
        "widest": max(WIDTHS),
        "grid_points": len(GRID),
        "law_starts": LAW_STARTS,
        "law_bounds": {"least": min(LAW_BOUNDS), "most": max(LAW_BOUNDS)},
        "level": 0.95,
    },
    parts={
        "trained": Part(run=train, cells=TRAINED_CELLS),
        "law": Part(run=law, cells=[{"width": width, "R": R} for width in LAW_WIDTHS for R in LAW_BOUNDS], resamples=1),
        "regions": Part(run=regions, resamples=1),
    },
    resamples=60,
    block_size=12,
    tables=tables,
    numbers=numbers,
)
