"""Two ways in which a network with hidden nodes fails on separable points: every optimum, and a strict minimum."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from experiments._points import coordinates
from experiments._strict_minimum import OneHiddenLayer, StrictMinimum, strict_minimum
from study import Bound, Dataset, initial_weights, is_separable, network, outputs
from study.analysis.interval import rates
from study.datasets.dataset import Floats
from study.law.bound import LOSSES
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise
from study.trainers.layers import value_and_gradient
from study.trainers.losses import loss_of_margin

HIDDEN, WEIGHT_BOUND, GAP = 4, 3.0, 0.01
COPIES = (1, 2, 4, 8, 16, 64, 256, 1024)
EPS, WEIGHT, FAR, SHIFT = 0.1, 100.0, 8.0, 0.5
TEACHER = np.array([1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 20.0, 20.0, -30.0])
"""f(x, y) = 20 (sigma(x + y) + sigma(x - y) - 1.5), as the weights of a 2-2-1 network."""
WEIGHTS = [*[f"w_1_{i}{j}" for i in (1, 2, 0) for j in (1, 2)], "w_2_1", "w_2_2", "w_2_0"]
LAYERS, STEEP = (2, 1), 150.0
SCALES = (0.1, 0.3, 1.0, 3.0)
LEARNING_RATE, DESCENT_STEPS = 0.002, 20_000
VIEW = np.array(list(product(np.linspace(-2.0, 10.0, 61), np.linspace(-4.0, 9.5, 55))))


def line_points() -> Dataset:
    """Return -1 (negative), 1 (positive) and a positive spoiler just right of -1; the copies come as weights."""
    X = np.array([[-1.0], [1.0], [-1.0 + GAP]])
    return Dataset(X=X, y=np.array([-1, 1, 1]), is_spoiler=np.array([False, False, True]), name="line")


def lipschitz(depth: int) -> float:
    """Return a Lipschitz constant of theta for all weights in the box: h^D R^(D + 1) / 4^D."""
    return float(HIDDEN**depth * WEIGHT_BOUND ** (depth + 1) / 4.0**depth)


def every_optimum(depth: int, size: int, rng: np.random.Generator) -> Records:
    """Compare the lowest loss found with what every separator must at least cost.

    theta < 0 at -1 and theta > 0 at the spoiler, a distance GAP to the right: then theta > -L GAP at -1, and each copy
    of -1 costs at least loss(L GAP).
    """
    del size  # nothing is drawn but the starts
    points = line_points()
    layers = (HIDDEN,) * depth + (1,)
    starts = np.concatenate([initial_weights(1, layers, scale=s, size=30, rng=rng) for s in (1.0, WEIGHT_BOUND)])
    options: dict[str, Any] = {"bound": Bound("box", WEIGHT_BOUND), "method": "spectral", "max_steps": 2000}
    options |= {"layers": layers, "w0": starts}
    rows = []
    for loss in LOSSES:
        floor = float(loss_of_margin(loss, np.array(lipschitz(depth) * GAP), 0.0)[0])
        for copies in COPIES:
            fit = network(points.X, points.y, loss=loss, sample_weight=[copies, copies, 1.0], **options)
            total = fit.loss * (2 * copies + 1 if loss == "cross-entropy" else 1)  # sums for both
            row = {"loss": loss, "copies": copies, "lowest": total.min(), "separators_cost": copies * floor}
            margin = points.y * outputs(fit.w[total.argmin()], points.X, layers)
            margins = zip(("minus", "plus", "spoiler"), margin, strict=True)
            rows.append(row | {f"margin_{name}": margin for name, margin in margins})
    return {"global": rows, "n_fits": len(rows) * len(starts)}


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


def prove_minimum() -> Records:
    """Prove the minimum, and set beside it weights that separate at a far lower loss."""
    points, weight = apex_points()
    proof, lower = certificate(), step_weights()
    problem = (points.X, points.y, weight, LAYERS, "quadratic", EPS)
    lower_loss = value_and_gradient(lower, *problem)[0]  # type: ignore[arg-type]
    right = (points.y * outputs(lower, points.X, LAYERS) > 0.0).all()
    summary = {
        "proved": proof.proved,
        "radius": proof.radius,
        "loss_low": proof.loss[0],
        "loss_high": proof.loss[1],
        "n_right": sum(proof.separated),
        "n_lost": sum(proof.lost),
        "spoiler_lost": proof.lost[-1],
        "lower_loss": float(lower_loss),
        "lower_separates": bool(right),
        "separable": bool(is_separable(points.X, points.y)),
    }
    minima = {"strict minimum": np.array(proof.w), "separating": lower}
    stuck, separating = (outputs(w, VIEW, LAYERS).round(6) for w in minima.values())
    return {
        "": summary,
        "weights": [{"kind": kind, **dict(zip(WEIGHTS, w, strict=True))} for kind, w in minima.items()],
        "view": {"x_1": VIEW[:, 0].round(6), "x_2": VIEW[:, 1].round(6), "stuck": stuck, "separating": separating},
        "points": coordinates(points),
    }


def basin(around: str, scale: float, size: int, rng: np.random.Generator) -> Records:
    """Descend from starts around the minimum, or around zero; return whether the spoiler is wrong, alone or not."""
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
        verdict = {"spoiler_lost": ~right[:, -1], "base_right": right[:, :-1].all(axis=-1)}
        rows.append({"method": method, **verdict, "separates": right.all(axis=-1)})
    return {"basin": rows, "n_fits": 2 * size}


def tables(records: Frames) -> Frames:
    """Say where every optimum fails, and in what share of starts descent does; the other records are tables."""
    every = records["global"].assign(every_optimum_fails=lambda rows: rows["lowest"] < rows["separators_cost"])
    return {**records, "basin": basin_table(records["basin"]), "global": every}


def basin_table(basin: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each place and spread of the starts, and method: shares of starts, with 95% intervals."""
    return summarise(
        basin, ["around", "scale", "method"], lambda rows: rates(rows, "spoiler_lost", "base_right", "separates")
    )


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    basin = tables["basin"]
    every = summarise(tables["global"], ["depth", "loss"], first_proved).drop(columns="n")
    return {
        "proof": tables[""].iloc[0].to_dict(),
        "basin": nested(basin, {"around": "", "scale": "s", "method": ""}),
        "n": int(basin["n"].min()),
        "global": nested(every, {"depth": "depth", "loss": ""}),
    }


def first_proved(rows: Rows) -> dict[str, Any]:
    """Return the least copies at which every optimum is proved to fail, and whether it is so from there on."""
    fails, first = rows["every_optimum_fails"], rows["every_optimum_fails"].argmax()
    found = {name: rows[name][first] for name in ("copies", "lowest", "separators_cost")}
    return {**found, "all_from_there": bool((fails == (rows["copies"] >= found["copies"])).all())}


EXPERIMENT = experiment(
    name="hidden_failures",
    question="Does a network with a hidden layer fail on separable points, at every optimum or at a strict minimum?",
    settings={
        "hidden": HIDDEN,
        "weight_bound": WEIGHT_BOUND,
        "gap": GAP,
        "most_copies": max(COPIES),
        "weight": WEIGHT,
        "learning_rate": LEARNING_RATE,
        "descent_steps": DESCENT_STEPS,
    },
    parts={
        "global": Part(run=every_optimum, cells=every(depth=(1, 2)), resamples=1),
        "local": Part(run=prove_minimum, draws=False),
        "basin": Part(run=basin, cells=every(around=("minimum", "zero"), scale=SCALES)),
    },
    resamples=100,
    block_size=25,
    tables=tables,
    numbers=numbers,
)
