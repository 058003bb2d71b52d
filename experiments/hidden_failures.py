"""Two ways in which a network with hidden nodes fails on separable points: every optimum, and a strict minimum."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from experiments._strict_minimum import OneHiddenLayer, StrictMinimum, strict_minimum
from study.analysis.interval import rate
from study.analysis.separability import is_separable
from study.datasets.dataset import Dataset, Floats
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.fit import Bound
from study.trainers.layers import initial_weights, outputs, value_and_gradient
from study.trainers.losses import Loss, loss_of_margin
from study.trainers.network import network

HIDDEN, WEIGHT_BOUND, GAP = 4, 3.0, 0.01
COPIES = (1, 2, 4, 8, 16, 64, 256, 1024)
LOSSES: tuple[Loss, ...] = ("cross-entropy", "quadratic")
GLOBAL_STARTS = 60
EPS, WEIGHT, FAR, SHIFT = 0.1, 100.0, 8.0, 0.5
TEACHER = np.array([1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 20.0, 20.0, -30.0])
"""f(x, y) = 20 (sigma(x + y) + sigma(x - y) - 1.5), as the weights of a 2-2-1 network."""
LAYERS, STEEP = (2, 1), 150.0
SCALES = (0.1, 0.3, 1.0, 3.0)
LEARNING_RATE, DESCENT_STEPS = 0.002, 20_000
VIEW = np.stack(np.meshgrid(np.linspace(-2.0, 10.0, 61), np.linspace(-4.0, 9.5, 55), indexing="ij"), -1).reshape(-1, 2)


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    match cell["part"]:
        case "global":
            return every_optimum(int(cell["depth"]), rng)
        case "local":
            return certified()
        case _:
            return basin(str(cell["around"]), float(cell["scale"]), size, rng)


def line_points() -> Dataset:
    """Return -1 (negative), 1 (positive) and a positive spoiler just right of -1; the copies come as weights."""
    X = np.array([[-1.0], [1.0], [-1.0 + GAP]])
    return Dataset(X=X, y=np.array([-1, 1, 1]), is_spoiler=np.array([False, False, True]), name="line")


def lipschitz(depth: int) -> float:
    """Return a Lipschitz constant of theta for all weights in the box: h^D R^(D + 1) / 4^D."""
    return float(HIDDEN**depth * WEIGHT_BOUND ** (depth + 1) / 4.0**depth)


def every_optimum(depth: int, rng: np.random.Generator) -> Statistics:
    """Compare the lowest loss found with what every separator must at least cost.

    theta < 0 at -1 and theta > 0 at the spoiler, a distance GAP to the right: then theta > -L GAP at -1, and each copy
    of -1 costs at least loss(L GAP).
    """
    points = line_points()
    layers = (HIDDEN,) * depth + (1,)
    starts = np.concatenate(
        [initial_weights(1, layers, scale=s, size=GLOBAL_STARTS // 2, rng=rng) for s in (1.0, WEIGHT_BOUND)]
    )
    rows = []
    for loss in LOSSES:
        floor = float(loss_of_margin(loss, np.array(lipschitz(depth) * GAP), 0.0)[0])
        for copies in COPIES:
            fit = network(
                points.X,
                points.y,
                layers=layers,
                w0=starts,
                loss=loss,
                sample_weight=[copies, copies, 1.0],
                bound=Bound("box", WEIGHT_BOUND),
                method="spectral",
                max_steps=2000,
            )
            total = fit.loss * (2 * copies + 1 if loss == "cross-entropy" else 1)  # sums for both
            w = fit.w[total.argmin()]
            margins = points.y * outputs(w, points.X, layers)
            rows.append([depth, loss == "quadratic", copies, total.min(), copies * floor, *margins])
    return {"global": np.array(rows), "n_fits": np.array([len(rows) * len(starts)])}


def curve(level: float, y: float) -> float:
    """Return the x at which the teacher's output is `level`."""
    return float(brentq(lambda x: 20.0 * (expit(x + y) + expit(x - y) - 1.5) - level, -50.0, 50.0, xtol=1e-14))


def apex_points() -> tuple[Dataset, Floats]:
    """Return points on two level curves of the teacher, near their apex, and a spoiler far up between the arms."""
    u = np.log((1.0 - EPS) / EPS)
    positive = [[curve(u, y), y] for y in np.linspace(-2.0, 2.0, 9)]
    negative = [[curve(-u, y), y] for y in np.linspace(-1.0, 1.0, 6)]
    spoiler = [min(x for x, _ in positive) + SHIFT, FAR]
    y = np.array([1] * 9 + [-1] * 6 + [1])
    points = Dataset(
        X=np.array([*positive, *negative, spoiler]), y=y, is_spoiler=np.arange(16) == 15, name="two curves"
    )
    return points, np.where(points.is_spoiler, 1.0, WEIGHT)


def certificate() -> StrictMinimum:
    """Return what is proved of the minimum next to the teacher."""
    points, weight = apex_points()
    return strict_minimum(OneHiddenLayer(points.X, points.y, weight, EPS, LAYERS[0]), TEACHER)


def step_weights() -> Floats:
    """Return weights that separate: one steep hidden node, half-way between the classes along x, the other unused."""
    points, _ = apex_points()
    x, u = points.X[:, 0], np.log((1.0 - EPS) / EPS)
    middle = (x[points.y < 0].max() + x[points.y > 0].min()) / 2.0
    return np.array([STEEP, 0.0, 0.0, 0.0, -STEEP * middle, 0.0, 2.0 * u, 0.0, -u])


def certified() -> Statistics:
    """Prove the minimum, and set beside it weights that separate at a far lower loss."""
    points, weight = apex_points()
    proof, lower = certificate(), step_weights()
    set_ = (points.X, points.y, weight, LAYERS, "quadratic", EPS)
    lower_loss = value_and_gradient(lower, *set_)[0]  # type: ignore[arg-type]
    right = (points.y * outputs(lower, points.X, LAYERS) > 0.0).all()
    views = [outputs(w, VIEW, LAYERS) for w in (np.array(proof.w), lower)]
    summary = [proof.proved, proof.radius, *proof.loss, sum(proof.separated), sum(proof.lost), proof.lost[-1]]
    return {
        "proof": np.array([[*summary, lower_loss, right, is_separable(points.X, points.y)]], dtype=float),
        "weights": np.array([proof.w, lower]),
        "view": np.column_stack([VIEW, *views]),
        "points": np.column_stack([points.X, points.y, points.is_spoiler]),
        "n_fits": np.array([0]),
    }


def basin(around: str, scale: float, size: int, rng: np.random.Generator) -> Statistics:
    """Descend from starts around the minimum, or around zero; ask whether the spoiler is lost, alone or not."""
    points, weight = apex_points()
    centre = np.array(certificate().w) if around == "minimum" else np.zeros(9)
    starts, rows = centre + scale * rng.standard_normal((size, 9)), []
    for method in ("descent", "spectral"):
        plain = method == "descent"
        fit = network(
            points.X,
            points.y,
            layers=LAYERS,
            w0=starts,
            loss="quadratic",
            eps=EPS,
            sample_weight=weight,
            method=method,
            learning_rate=LEARNING_RATE if plain else None,
            max_steps=DESCENT_STEPS if plain else 3000,
        )
        right = points.y * outputs(fit.w, points.X, LAYERS) > 0.0
        rows.append(np.stack([~right[:, -1], right[:, :-1].all(axis=-1), right.all(axis=-1)], axis=-1))
    return {"basin": np.stack(rows, axis=1), "n_fits": np.array([2 * size])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the five tables."""
    rows = [basin_rows(cell, s["basin"]) for cell, s in merged if cell["part"] == "basin"]
    (local,) = [s for cell, s in merged if cell["part"] == "local"]
    values = np.concatenate([s["global"] for cell, s in merged if cell["part"] == "global"])
    names = ["depth", "loss", "copies", "lowest", "separators_cost", "margin_minus", "margin_plus", "margin_spoiler"]
    every = pd.DataFrame(values, columns=names).astype({"depth": int, "copies": int})
    every["loss"] = np.where(every["loss"] == 1, "quadratic", "cross-entropy")
    every["every_optimum_fails"] = every["lowest"] < every["separators_cost"]
    columns = ["proved", "radius", "loss_low", "loss_high", "n_right", "n_lost", "spoiler_lost"]
    proof = pd.DataFrame(local["proof"], columns=[*columns, "lower_loss", "lower_separates", "separable"])
    flags = ["proved", "spoiler_lost", "lower_separates", "separable"]
    weights = [*[f"w_1_{i}{j}" for i in (1, 2, 0) for j in (1, 2)], "w_2_1", "w_2_2", "w_2_0"]
    minima = pd.DataFrame(local["weights"], columns=weights)
    minima.insert(0, "kind", ["strict minimum", "separating"])
    points = pd.DataFrame(local["points"], columns=["x_1", "x_2", "label", "is_spoiler"])
    return {
        "": proof.astype(dict.fromkeys(flags, bool) | {"n_right": int, "n_lost": int}),
        "weights": minima,
        "basin": pd.DataFrame([row for pair in rows for row in pair]),
        "global": every,
        "view": pd.DataFrame(local["view"], columns=["x_1", "x_2", "stuck", "separating"]).round(6),
        "points": points.astype({"label": int, "is_spoiler": bool}),
    }


def basin_rows(cell: Cell, values: Floats) -> list[dict[str, Any]]:
    """Return a row for each method: shares of starts, with 95% Wilson intervals."""
    rows = []
    for method, one in zip(("descent", "spectral"), np.swapaxes(values, 0, 1), strict=True):
        row: dict[str, Any] = {"around": cell["around"], "scale": float(cell["scale"]), "method": method, "n": len(one)}
        for name, hits in zip(("spoiler_lost", "base_right", "separates"), one.T, strict=True):
            row |= rate(name, hits)
        rows.append(row)
    return rows


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    basins: dict[str, Any] = {}
    for row in tables["basin"].to_dict("records"):
        place = basins.setdefault(row["around"], {}).setdefault(f"s_{row['scale']:g}".replace(".", "_"), {})
        place[row["method"]] = {name: value for name, value in row.items() if isinstance(value, float | int)}
    every: dict[str, Any] = {}
    for (depth, loss), rows in tables["global"].groupby(["depth", "loss"]):
        shown = rows[rows["every_optimum_fails"]]
        proved = shown.iloc[0]
        every.setdefault(f"depth_{depth}", {})[str(loss).replace("-", "_")] = {
            "copies": int(proved["copies"]),
            "lowest": proved["lowest"],
            "separators_cost": proved["separators_cost"],
            "all_from_there": bool((rows["every_optimum_fails"] == (rows["copies"] >= proved["copies"])).all()),
        }
    proof = tables[""].iloc[0].to_dict()
    return {
        "proof": proof,
        "basin": basins,
        "n": int(tables["basin"]["n"].min()),
        "global": every,
        "lipschitz": {"depth_1": lipschitz(1), "depth_2": lipschitz(2)},
    }


BASIN_CELLS: list[Cell] = [
    {"part": "basin", "around": around, "scale": scale} for around in ("minimum", "zero") for scale in SCALES
]

EXPERIMENT = Experiment(
    in_processes=True,
    name="hidden_failures",
    question="Does a network with a hidden layer fail on separable points, at every optimum or at a strict minimum?",
    settings={
        "hidden": HIDDEN,
        "weight_bound": WEIGHT_BOUND,
        "gap": GAP,
        "most_copies": max(COPIES),
        "starts": GLOBAL_STARTS,
        "eps": EPS,
        "weight": WEIGHT,
        "far": FAR,
        "shift": SHIFT,
        "learning_rate": LEARNING_RATE,
        "descent_steps": DESCENT_STEPS,
        "level": 0.95,
    },
    cells=(
        {"part": "global", "depth": 1, "resamples": 1},
        {"part": "global", "depth": 2, "resamples": 1},
        {"part": "local", "resamples": 1},
        *BASIN_CELLS,
    ),
    resamples=100,
    block_size=25,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
