"""What one added instance does to a boundary: an ordinary point, and a spoiler; trained on, and trained anew."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.analysis.interval import mean, rate
from study.analysis.margin import functional_margins
from study.analysis.stability import angle_swing, disagreement, leave_one_out, offset_swing
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.trainers.fit import Bound
from study.trainers.losses import Loss, loss_of_margin
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
UNITS: tuple[tuple[str, Loss], ...] = tuple(
    (shape, loss) for loss in ("cross-entropy", "quadratic") for shape in ("box", "ball")
)
RULES = ("perceptron", "max-margin", *(f"unit, {loss}, {shape}" for shape, loss in UNITS))
STARTS = ("warm", "anew")
INSTANCES = ("ordinary", "spoiler")
RIGHT = "right already"
"""Of the ordinary instances those that the old boundary classifies correctly: the control."""

MEASURES = ("angle", "offset", "disagreement", "loss_change")
N_LEFT_OUT, N_TEST = 30, 400
GRID = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 40), np.linspace(-1.0, 1.0, 27)), axis=-1).reshape(-1, 2)
"""The region spoken of: the smallest rectangle that holds both boxes."""


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    if cell["part"] == "left out":
        return left_out(size, rng)
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    spoilt = add_spoilers(base, 1, **PLACE, rng=rng)
    extra = make_boxes(2, **BOX, size=size, rng=rng)
    ordinary = Dataset(
        X=np.concatenate([base.X, extra.X[:, :1]], axis=-2),
        y=np.concatenate([base.y, extra.y[:, :1]], axis=-1),
        name="one more point",
    )
    at = rng.integers(N_SAMPLES + 1, size=size)
    rows = [
        swings(rule, base, more if start == "warm" else inserted(more, at), start)
        for rule in RULES
        for more in (ordinary, spoilt)
        for start in STARTS
    ]
    return {"swings": np.stack(rows, axis=1), "n_fits": np.array([size * (len(rows) + len(RULES))])}


def inserted(points: Dataset, at: NDArray[np.int64]) -> Dataset:
    """Return the sets with their last point moved to the given places: when all is trained anew, it may come early."""
    last = points.X.shape[-2] - 1
    place = np.arange(last + 1) + 0.0
    order = np.argsort(np.where(place == last, at[:, None] - 0.5, place), axis=-1)
    rows = np.arange(len(order))[:, None], order
    return Dataset(X=points.X[rows], y=points.y[rows], name=points.name)


def trained(rule: str, X: Floats, y: Floats, w0: Floats | None) -> Floats:
    """Return the weights of a rule, from zero or from given weights; the widest margin has no start."""
    if rule == "perceptron":
        return perceptron(X, y, w0=w0).w
    if rule == "max-margin":
        return max_margin(X, y).w
    shape, loss = UNITS[RULES.index(rule) - 2]
    bound = Bound("box", WEIGHT_BOUND) if shape == "box" else Bound("ball", WEIGHT_BOUND)
    return sigmoid_unit(X, y, loss=loss, bound=bound, w0=w0, method="newton").w


def swings(rule: str, base: Dataset, more: Dataset, start: str) -> Floats:
    """Return how far the boundary moves from the sets `base` to the same with one point more, of shape (size, 5).

    The loss change is |F_(N+1) - F_N| at the old weights, F the mean loss of the unit; NaN for the other rules. The
    last column says whether the old boundary classifies all of `more` correctly that it did of `base`.
    """
    before = trained(rule, base.X, base.y, None)
    after = trained(rule, more.X, more.y, before if start == "warm" else None)
    change = np.full(len(before), np.nan)
    if rule.startswith("unit"):
        loss = UNITS[RULES.index(rule) - 2][1]
        means = [
            loss_of_margin(loss, functional_margins(before, points.X, points.y), 0.0)[0].mean(axis=-1)
            for points in (base, more)
        ]
        change = np.abs(means[1] - means[0])
    moved = [angle_swing(before, after), offset_swing(before, after), disagreement(before, after, GRID), change]
    wrong = [(functional_margins(before, points.X, points.y) <= 0.0).sum(axis=-1) for points in (base, more)]
    return np.stack([*moved, wrong[0] == wrong[1]], axis=-1)


def left_out(size: int, rng: np.random.Generator) -> Statistics:
    """Leave each sample out in turn; the mean and the largest share of test points whose verdict changes."""
    base = make_boxes(N_LEFT_OUT - 1, **BOX, size=size, rng=rng)
    sets = add_spoilers(base, 1, **PLACE, rng=rng)
    test = make_boxes(N_TEST, **BOX, size=1, rng=rng)
    rows = []
    for rule in RULES:
        changes = leave_one_out(lambda X, y: trained(rule, X, y, None), sets.X, sets.y, test.X[0], test.y[0])  # noqa: B023
        rows.append(np.stack([changes.mean(axis=(-2, -1)), changes.mean(axis=-1).max(axis=-1)], axis=-1))
    return {"left_out": np.stack(rows, axis=1), "n_fits": np.array([size * len(RULES) * (N_LEFT_OUT + 1)])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the table of swings and that of leave-one-out stability."""
    by_part = {str(cell["part"]): statistics for cell, statistics in merged}
    keys = [(rule, instance, start) for rule in RULES for instance in INSTANCES for start in STARTS]
    values = by_part["swings"]["swings"]
    swung = []
    for k, (rule, instance, start) in enumerate(keys):
        value = values[:, k]
        swung.append({"rule": rule, "instance": instance, "start": start, "n": len(value), **summary(value)})
        if instance == "ordinary":
            value = value[value[:, -1] == 1.0]
            swung.append({"rule": rule, "instance": RIGHT, "start": start, "n": len(value), **summary(value)})
    left = by_part["left out"]["left_out"]
    leaving = []
    for k, rule in enumerate(RULES):
        row: dict[str, Any] = {"rule": rule, "n_samples": N_LEFT_OUT, "n": len(left)}
        row |= mean("hypothesis_stability", left[:, k, 0])
        leaving.append(row | {"largest_change": left[:, k, 1].max(), "median_largest": np.median(left[:, k, 1])})
    return {"": pd.DataFrame(swung), "left_out": pd.DataFrame(leaving)}


def summary(values: Floats) -> dict[str, float]:
    """Return median, 99% quantile and maximum of each measure, and the share of sets that moved at all."""
    row: dict[str, float] = {}
    for name, value in zip(MEASURES, values.T, strict=False):
        if not np.isnan(value).any():
            value = np.degrees(value) if name == "angle" else value
            row |= {f"{name}_median": float(np.median(value)), f"{name}_q99": float(np.quantile(value, 0.99))}
            row |= {f"{name}_max": float(value.max())}
    return row | rate("moved", values[:, 0] > 0.0)


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    told: dict[str, Any] = {"n": int(tables[""]["n"].max()), "n_left_out": int(tables["left_out"]["n"].min())}
    for row in tables[""].to_dict("records"):
        place = told.setdefault(key(row["rule"]), {}).setdefault(key(row["instance"]), {})
        place[row["start"]] = {
            name: value for name, value in row.items() if isinstance(value, float) and not np.isnan(value)
        }
    for row in tables["left_out"].to_dict("records"):
        told[key(row["rule"])]["left_out"] = {name: row[name] for name in row if name not in ("rule", "n", "n_samples")}
    return told


def key(rule: str) -> str:
    """Return a rule's or an instance's name as a key."""
    return rule.replace(", ", "_").replace(" ", "_").replace("-", "_")


EXPERIMENT = Experiment(
    name="stability",
    question="Does one added instance swing the perceptron wildly, and the bounded unit hardly at all?",
    settings={
        "n_samples": N_SAMPLES,
        "weight_bound": WEIGHT_BOUND,
        "n_left_out": N_LEFT_OUT,
        "n_test": N_TEST,
        **{f"place_{name}": value for name, value in PLACE.items() if name != "jitter"},
    },
    cells=({"part": "swings"}, {"part": "left out", "resamples": 200}),
    resamples=4_000,
    block_size=250,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
