"""Does a hidden layer save backpropagation? Depths, widths and two kinds of bound on clusters with a spoiler."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._geometries import corner_points
from experiments._networks import lowest, widest_margin
from experiments._points import coordinates, first_set, spoilt_clusters
from study import Bound, Dataset, initial_weights, network, outputs
from study.analysis.bias_variance import PARTS, estimate, group_sizes, holm
from study.analysis.interval import mean, rates
from study.datasets.dataset import Floats
from study.law.conflict import Shape
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise

N_SAMPLES, COPIES = 20, 5
DEPTHS, WIDTHS = (1, 2, 3, 4), (1, 4, 16)
ARCHITECTURES = ((0, 0), *[(depth, width) for depth in DEPTHS for width in WIDTHS])
BOUNDS: tuple[tuple[Shape, float], ...] = (
    *[("box", R) for R in (1.0, 2.0, 4.0)],
    *[("ball", R) for R in (16.0, 64.0, 256.0, 1024.0, 4096.0)],
)
MAX_STEPS, TOL = 200, 1e-6
RESTARTS = 2
HEAVIER = (10.0, 100.0)
PAIRED_SETS = 100
PAIRED: tuple[tuple[Shape, float], ...] = (*[("box", R) for R in (1.0, 2.0, 4.0)], *[("ball", R) for R in (10.0, 16.0)])
"""Bounds at which all depths are trained on the same sets; in the ball four times as wide for each hidden layer."""
SLOPES = 4.0
"""One over the largest slope of the sigmoid, by which each hidden layer shrinks what the product of norms allows."""
ALIKE = 0.1
"""A network separates no more often than a unit where surely in no more than this share of the sets more."""
SURE = 0.05
GRID = np.array(list(product(np.linspace(-1.5, 1.5, 25), np.linspace(-1.0, 1.0, 16))))
LAW_WIDTHS, LAW_BOUNDS, LAW_STARTS = (0, 1, 2), (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), 16
REGIONS: tuple[tuple[int, int, Shape, float], ...] = (
    (0, 0, "box", 2.0),
    (1, 4, "box", 2.0),
    (2, 16, "box", 2.0),
    (1, 4, "ball", 16.0),
    (1, 4, "ball", 256.0),
)
PLANE = np.array(list(product(np.linspace(-1.7, 1.7, 52), np.linspace(-1.2, 1.2, 37))))


def layers_of(depth: int, width: int) -> tuple[int, ...]:
    """Return the widths of `depth` equal hidden layers and the output."""
    return (width,) * depth + (1,)


def spoilt_sets(size: int, rng: np.random.Generator) -> tuple[Dataset, Floats]:
    """Draw sets with one spoiler, and the weights that make each base point stand for five copies."""
    points = spoilt_clusters(N_SAMPLES, size, rng)
    return points, np.where(points.is_spoiler, 1.0, COPIES)


def train(depth: int, width: int, bound: Shape, R: float, size: int, rng: np.random.Generator) -> Records:
    """Train from drawn starts on drawn sets; then find what the cheapest separator costs."""
    points, weight = spoilt_sets(size, rng)
    layers = layers_of(depth, width)
    w0 = initial_weights(2, layers, scale=1.0, size=(RESTARTS, size), rng=rng)
    options: dict[str, Any] = {"bound": Bound(bound, R), "method": "spectral", "max_steps": MAX_STEPS, "tol": TOL}

    def fit(start: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
        w = network(points.X, points.y, layers=layers, w0=start, sample_weight=weights, **options).w
        margin = points.y * outputs(w, points.X, layers)
        return w, margin, (weight * np.logaddexp(0.0, -margin)).sum(axis=-1)

    w, margin, loss = fit(w0, weight)
    right = np.asarray((margin > 0.0).all(axis=-1))
    base_right = np.asarray(((margin > 0.0) | points.is_spoiler).all(axis=-1))
    low, sets = loss.argmin(axis=0), np.arange(size)
    best = np.where(right, loss, np.inf).min(axis=0)
    for k in HEAVIER:  # a spoiler that counts more is met sooner; the cheapest way that was found is kept
        _, margin, heavy_loss = fit(w[low, sets], np.where(points.is_spoiler, k, weight))
        best = np.minimum(best, np.where((margin > 0.0).all(axis=-1), heavy_loss, np.inf))
    columns = {
        "separates": right[0],
        "lowest_separates": right[low, sets],
        "base_separates": base_right[0],
        "loss_value": loss[low, sets],
        "best": best,
    }
    return {"trained": columns, "n_fits": size * (RESTARTS + len(HEAVIER))}


def train_depths(width: int, bound: Shape, R: float, size: int, rng: np.random.Generator) -> Records:
    """Train the unit and networks of each depth on the same drawn sets, from one start each."""
    points, weight = spoilt_sets(size, rng)
    right, says = [], []
    for depth in (0, *DEPTHS):
        layers = layers_of(depth, width)
        w0 = initial_weights(2, layers, scale=1.0, size=size, rng=rng)
        bounded = Bound(bound, R * SLOPES**depth if bound == "ball" else R)
        options: dict[str, Any] = {"bound": bounded, "method": "spectral", "max_steps": MAX_STEPS, "tol": TOL}
        w = network(points.X, points.y, layers=layers, w0=w0, sample_weight=weight, **options).w
        right.append((points.y * outputs(w, points.X, layers) > 0.0).all(axis=-1))
        says.append(outputs(w, GRID, layers) > 0.0)
    columns = {"right": np.stack(right, axis=1), "says": np.concatenate(says, axis=1)}
    return {"paired": columns, "n_fits": size * (1 + len(DEPTHS))}


def law(width: int, R: float, size: int, rng: np.random.Generator) -> Records:
    """Find how many copies of the base points make the best net found give the spoiler up, and the class's margin.

    Both with one hidden layer, or none, every weight in [-R, R], cross-entropy.
    """
    del size  # nothing is drawn but the starts
    points, layers = corner_points(), layers_of(int(width > 0), width)
    starts = np.concatenate([initial_weights(2, layers, scale=s, size=LAW_STARTS // 2, rng=rng) for s in (1.0, R)])
    fits = 0

    def spoiler_margin(log_copies: float) -> float:
        weight = np.where(points.is_spoiler, 1.0, np.exp(log_copies))
        starts[-1], _ = lowest(points, layers, starts, weight, Bound("box", R), max_steps=800, tol=1e-12)
        return float(outputs(starts[-1], points.X[-1:], layers)[0])

    low, high = -2.0, R * max(1.0, width / 2.0) + 6.0
    for _ in range(14):
        middle = (low + high) / 2.0
        fits += len(starts)
        low, high = (middle, high) if spoiler_margin(middle) > 0.0 else (low, middle)
    margins = [widest_margin(points.X, points.y, layers, R, starts[-5:], least) for least in (0.0, -np.inf)]
    row = {"log_copies": (low + high) / 2.0, "margin_with": margins[0], "margin_without": margins[1]}
    return {"law": row, "n_fits": fits + 2 * len(starts)}


def regions(size: int, rng: np.random.Generator) -> Records:
    """Train five nets on the first set that is drawn, the lowest of ten restarts each, and look where they say +1."""
    points, weight = spoilt_sets(size, rng)
    first = first_set(points)
    shown = {"x_1": PLANE[:, 0].round(6), "x_2": PLANE[:, 1].round(6)}
    lost = coordinates(first)
    for k, (depth, width, shape, R) in enumerate(REGIONS):
        layers = layers_of(depth, width)
        starts = initial_weights(2, layers, scale=1.0, size=10, rng=rng)
        w, _ = lowest(first, layers, starts, weight[0], Bound(shape, R), max_steps=10 * MAX_STEPS, tol=TOL)
        shown[f"net_{k}"] = outputs(w, PLANE, layers).round(6)
        lost[f"net_{k}"] = ~(first.y * outputs(w, first.X, layers) > 0.0)
    return {"regions": shown, "points": lost, "n_fits": 10 * len(REGIONS)}


def tables(records: Frames) -> Frames:
    """Make the four tables."""
    return {
        "": trained_table(records["trained"]),
        "depth": summarise(records["paired"].rename(columns={"R": "weight_bound"}), PLACE, trend_row).pipe(correct),
        "law": records["law"].rename(columns={"R": "weight_bound"}),
        "regions": records["regions"],
        "points": records["points"],
    }


def trained_table(trained: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each net and bound."""
    named = trained.rename(columns={"R": "weight_bound"})
    return summarise(named, ["depth", "width", "bound", "weight_bound"], trained_row)


def trained_row(rows: Rows) -> dict[str, float]:
    """Return what is true of one net and bound: rates, and the gap to the cheapest separator found."""
    failing = ~rows["lowest_separates"] & np.isfinite(rows["best"])
    gap = (rows["best"] / rows["loss_value"])[failing]
    return {
        **rates(rows, "separates", "lowest_separates", "base_separates"),
        "loss_value": float(np.median(rows["loss_value"])),
        "n_gap": int(failing.sum()),
        "gap": float(np.median(gap)) if failing.any() else np.nan,
        "gap_least": float(gap.min()) if failing.any() else np.nan,
    }


PLACE = ["width", "bound", "weight_bound"]


def trend_row(rows: Rows) -> dict[str, float]:
    """Return how variance changes with each hidden layer, and by how much networks separate more often than the unit.

    Both are paired, set by set. The first is the slope of a line through all depths, with an interval for both the sets
    and the points of the plane; the second is that of the depth at which it is highest, with its own interval.
    """
    depths, n = np.arange(1.0 + len(DEPTHS)), group_sizes(len(rows["says"]))
    says = rows["says"].reshape(len(rows["says"]), len(depths), -1).swapaxes(0, 1)
    counts = np.stack([says[:, group :: len(n)].sum(axis=1) for group in range(len(n))], axis=1)
    line = (depths - depths.mean()) / ((depths - depths.mean()) ** 2).sum()
    slope = estimate(counts, n, contrasts=line)
    k, each = PARTS.index("variance"), estimate(counts, n)
    ends = {"": each.value, "_low": each.low, "_high": each.high}
    gains = [mean("gain", rows["right"][:, d].astype(float) - rows["right"][:, 0]) for d in DEPTHS]
    return {
        "slope": slope.value[k],
        "slope_low": slope.low[k],
        "slope_high": slope.high[k],
        "p": slope.p_value[k],
        **{f"variance_{d:.0f}{end}": values[int(d), k] for d in depths for end, values in ends.items()},
        **{f"separates_{d:.0f}": rows["right"][:, int(d)].mean() for d in depths},
        **max(gains, key=lambda gain: gain["gain_high"]),
    }


def correct(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with p-values corrected together by Holm, and the side on which each slope surely lies."""
    p_holm = holm(table["p"].to_numpy())
    return table.assign(p_holm=p_holm, side=np.where(p_holm < SURE, np.sign(table["slope"]), 0).astype(int))


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    trained = tables[""]
    nets = [f"depth_{depth}_width_{width}" for depth, width in zip(trained["depth"], trained["width"], strict=True)]
    slopes = {}
    for width, rows in tables["law"].groupby("width"):
        late = rows.iloc[-3:]
        slopes[f"width_{width}"] = {
            "slope": float(np.polyfit(rows["margin_with"], rows["log_copies"], 1)[0]),
            "late_slope": float(np.polyfit(late["margin_with"], late["log_copies"], 1)[0]),
            "margin_per_bound": float(np.polyfit(late["weight_bound"], late["margin_with"], 1)[0]),
            "margin_gap": float((rows["margin_without"] - rows["margin_with"]).iloc[-1]),
        }
    return {
        "n": int(trained["n"].min()),
        "trainings": int(trained["n"].sum()) * (RESTARTS + len(HEAVIER)),
        "grid": nested(trained.assign(net=nets), {"bound": "", "weight_bound": "R", "net": ""}),
        "law": slopes,
        "n_paired": int(tables["depth"]["n"].min()),
        "depth": nested(tables["depth"], {"bound": "", "weight_bound": "R", "width": "width"}),
    }


EXPERIMENT = experiment(
    name="networks",
    question="Does a hidden layer save backpropagation from the spoiler?",
    settings={
        "n_samples": N_SAMPLES,
        "copies": COPIES,
        "deepest": max(DEPTHS),
        "widest": max(WIDTHS),
        "grid_points": len(GRID),
        "alike": ALIKE,
        "law_bounds": {"least": min(LAW_BOUNDS), "most": max(LAW_BOUNDS)},
    },
    parts={
        "trained": Part(
            run=train,
            cells=[
                {"depth": depth, "width": width, "bound": shape, "R": R}
                for depth, width in ARCHITECTURES
                for shape, R in BOUNDS
            ],
        ),
        "paired": Part(
            run=train_depths,
            cells=[{"width": width, "bound": shape, "R": R} for width in (4, 16) for shape, R in PAIRED],
            resamples=PAIRED_SETS,
        ),
        "law": Part(run=law, cells=every(width=LAW_WIDTHS, R=LAW_BOUNDS), resamples=1),
        "regions": Part(run=regions, resamples=1),
    },
    resamples=50,
    block_size=10,
    tables=tables,
    numbers=numbers,
)
