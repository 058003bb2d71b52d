"""The compiled unit beside scipy on random problems: whose minima are lower."""

from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest

from study import Bound, Stop, sigmoid_unit
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise
from study.trainers.losses import LOSSES, Loss

Shape = Literal["none", "box", "ball"]
SHAPES: tuple[Shape, ...] = ("none", "box", "ball")
RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""A loss is worse where it exceeds scipy's by more than this share and this much of the mean loss."""


def compare(loss: Loss, shape: Shape, size: int, rng: np.random.Generator) -> Records:
    """Solve problem after problem by both; one row a problem."""
    return {"problems": [compared(loss, **problem(shape, rng)) for _ in range(size)], "n_fits": 2 * size}


def problem(shape: Shape, rng: np.random.Generator) -> dict[str, Any]:
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


def compared(loss: Loss, **points: Any) -> dict[str, Any]:
    """Return whose minimum is lower on one problem, and what each says of its own; losses are means."""
    ours = sigmoid_unit(**points, loss=loss, method="newton")
    scipy = sigmoid_unit(**points, loss=loss)
    total = 1.0 if loss == "cross-entropy" else float(points["sample_weight"].sum())
    f, g = float(ours.loss) / total, float(scipy.loss) / total
    return {
        "worse": f > g * (1.0 + RELATIVE) + ABSOLUTE,
        "lower": g > f * (1.0 + RELATIVE) + ABSOLUTE,
        "stationary": ours.stop == Stop.STATIONARY,
        "scipy_stationary": scipy.stop == Stop.STATIONARY,
        "solved_again": bool(ours.resolved),
        "scaled_residual": float(ours.residual) / max(1.0, float(np.abs(points["X"]).max())),
    }


def tables(records: Frames) -> Frames:
    """Make one row for each loss and shape: counts, and rates with 95% Clopper-Pearson intervals."""
    return {"": summarise(records["problems"], ["loss", "shape"], counts_row)}


def counts_row(rows: Rows) -> dict[str, Any]:
    """Return how often each is true, and the largest residual."""
    row: dict[str, Any] = {}
    for name in ("worse", "lower", "stationary", "scipy_stationary", "solved_again"):
        low, high = binomtest(int(rows[name].sum()), len(rows[name])).proportion_ci()
        row |= {name: int(rows[name].sum()), f"{name}_rate": rows[name].mean()}
        row |= {f"{name}_low": low, f"{name}_high": high}
    return row | {"largest_residual": rows["scaled_residual"].max()}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table = tables[""]
    return {"n": int(table["n"].min()), **nested(table.drop(columns="n"), {"loss": "", "shape": ""})}


EXPERIMENT = experiment(
    name="agreement",
    question="How often do the compiled unit and scipy find different minima, and whose is lower?",
    settings={"relative": RELATIVE, "absolute": ABSOLUTE},
    parts={"": Part(run=compare, cells=every(loss=LOSSES, shape=SHAPES))},
    resamples=10_000,
    block_size=100,
    tables=tables,
    numbers=numbers,
    kind="long",
    in_processes=True,
)
