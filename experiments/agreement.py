"""The compiled unit beside scipy on random problems: whose minima are lower."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.fit import Bound, Stop
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit

SHAPES: tuple[Literal["none", "box", "ball"], ...] = ("none", "box", "ball")
RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""A loss is worse where it exceeds scipy's by more than this share and this much of the mean loss."""

COLUMNS = ("worse", "lower", "stationary", "scipy_stationary", "solved_again", "scaled_residual")


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Solve problem after problem by both; one row a problem."""
    loss: Loss = next(name for name in LOSSES if name == cell["loss"])
    rows = [
        compared(loss, **problem(next(shape for shape in SHAPES if shape == cell["shape"]), rng)) for _ in range(size)
    ]
    return {"rows": np.array(rows, dtype=float), "n_fits": np.array([2 * size])}


def problem(shape: Literal["none", "box", "ball"], rng: np.random.Generator) -> dict[str, Any]:
    """Draw what `sigmoid_unit` takes: samples, weights, targets, bound and start of all sizes."""
    n_samples, n_features = int(np.exp(rng.uniform(np.log(2.0), np.log(201.0)))), int(rng.integers(1, 21))
    X, normal = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
    noise = rng.choice([0.0, 1.0, 100.0])  # separable, nearly so, labels at random
    y = np.where(X @ normal + noise * rng.normal(size=n_samples) > 0.0, 1.0, -1.0)
    y[:2] = [1.0, -1.0]
    X = 10.0 ** rng.uniform(-3.0, 3.0) * (X + rng.choice([0.0, 1.0]) * rng.normal(size=n_features))
    return {
        "X": X,
        "y": y,
        "sample_weight": 1e6 ** (rng.uniform(size=n_samples) * rng.choice([0.0, 1.0])),
        "eps": float(rng.choice([0.0, 0.1])),
        "bound": Bound() if shape == "none" else Bound(shape, 10.0 ** rng.uniform(-1.0, 1.5)),
        "w0": rng.choice([0.0, 0.1, 1.0, 10.0]) * rng.normal(size=n_features + 1),
    }


def compared(loss: Loss, **points: Any) -> list[float]:
    """Return the columns of `COLUMNS` for one problem; losses are means."""
    ours = sigmoid_unit(**points, loss=loss, method="newton")
    scipy = sigmoid_unit(**points, loss=loss)
    total = 1.0 if loss == "cross-entropy" else float(points["sample_weight"].sum())
    f, g = float(ours.loss) / total, float(scipy.loss) / total
    return [
        f > g * (1.0 + RELATIVE) + ABSOLUTE,
        g > f * (1.0 + RELATIVE) + ABSOLUTE,
        ours.stop == Stop.STATIONARY,
        scipy.stop == Stop.STATIONARY,
        bool(ours.resolved),
        float(ours.residual) / max(1.0, float(np.abs(points["X"]).max())),
    ]


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make one row for each loss and shape: counts, and rates with 95% Clopper-Pearson intervals."""
    rows = []
    for cell, statistics in merged:
        values = dict(zip(COLUMNS, statistics["rows"].T, strict=True))
        row: dict[str, Any] = {"loss": cell["loss"], "shape": cell["shape"], "n": len(statistics["rows"])}
        for name in COLUMNS[:-1]:
            low, high = binomtest(int(values[name].sum()), row["n"]).proportion_ci()
            row |= {name: int(values[name].sum()), f"{name}_rate": values[name].mean()}
            row |= {f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"largest_residual": values["scaled_residual"].max()})
    return {"": pd.DataFrame(rows)}


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    answer: dict[str, Any] = {"n": int(tables[""]["n"].min())}
    for row in tables[""].to_dict("records"):
        place = answer.setdefault(str(row["loss"]).replace("-", "_"), {})
        place[row["shape"]] = {name: row[name] for name in row if name not in ("loss", "shape", "n")}
    return answer


EXPERIMENT = Experiment(
    name="agreement",
    question="How often do the compiled unit and scipy find different minima, and whose is lower?",
    settings={"relative": RELATIVE, "absolute": ABSOLUTE, "scale_least": 1e-3, "scale_most": 1e3, "weight_most": 1e6},
    cells=[{"loss": loss, "shape": shape} for loss in LOSSES for shape in SHAPES],
    resamples=10_000,
    block_size=100,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
    kind="long",
    in_processes=True,
)
