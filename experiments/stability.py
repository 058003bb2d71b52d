"""What one added instance does to a boundary: an ordinary point, and a spoiler; trained on, and trained anew."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments._points import spoilt_clusters
from study import (
    Bound,
    Dataset,
    add_spoilers,
    disagreement,
    functional_margins,
    leave_one_out,
    make_boxes,
    max_margin,
    perceptron,
    sigmoid_unit,
)
from study.analysis.interval import mean, rate
from study.analysis.stability import angle_swing, offset_swing
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.law.bound import LOSSES
from study.law.conflict import SHAPES
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, nested, summarise
from study.trainers.losses import loss_of_margin

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
UNITS = {f"unit, {loss}, {shape}": (shape, loss) for loss in LOSSES for shape in SHAPES}
RULES = ("perceptron", "max-margin", *UNITS)
STARTS = ("warm", "anew")
RIGHT = "right already"
"""Of the ordinary instances those that the old boundary classifies correctly: the control."""

MOVED = "all points moved"
MOVE = 0.1
"""How far each feature of each point is moved at most: the sets stay separable, as half the gap is wider."""
STILL = 1e-6
"""Degrees that a boundary may turn by the rounding of a solver: it has not moved."""

MEASURES = ("angle", "offset", "disagreement", "loss_change")
N_LEFT_OUT, N_TEST = 30, 400
GRID = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 40), np.linspace(-1.0, 1.0, 27)), axis=-1).reshape(-1, 2)
"""The region spoken of: the smallest rectangle that holds both boxes."""


def swing(size: int, rng: np.random.Generator) -> Records:
    """Add an ordinary point, or a spoiler, to drawn sets, or move all their points a little, and train on or anew."""
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    spoilt = add_spoilers(base, 1, **PLACE, rng=rng)
    extra = make_boxes(2, **BOX, size=size, rng=rng)
    ordinary = with_point(base, extra.X[:, 0], extra.y[:, 0])
    at = rng.integers(N_SAMPLES + 1, size=size)
    moved = Dataset(X=base.X + rng.uniform(-MOVE, MOVE, base.X.shape), y=base.y, name="moved points")
    rows = [
        {
            **{"rule": rule, "instance": instance, "start": start},
            **swings(rule, base, more if start == "warm" else inserted(more, at), start),
        }
        for rule in RULES
        for instance, more in (("ordinary", ordinary), ("spoiler", spoilt))
        for start in STARTS
    ]
    rows += [
        {"rule": rule, "instance": MOVED, "start": start, **swings(rule, base, moved, start)}
        for rule in RULES
        for start in STARTS
    ]
    return {"swings": rows, "n_fits": size * (len(rows) + len(RULES))}


def with_point(base: Dataset, place: Floats, label: Floats) -> Dataset:
    """Return each set with one point more."""
    X = np.concatenate([base.X, place[:, None, :]], axis=-2)
    return Dataset(X=X, y=np.concatenate([base.y, label[:, None]], axis=-1), name="one more point")


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
    shape, loss = UNITS[rule]
    return sigmoid_unit(X, y, loss=loss, bound=Bound(shape, WEIGHT_BOUND), w0=w0, method="newton").w


def swings(rule: str, base: Dataset, more: Dataset, start: str) -> dict[str, Floats]:
    """Return how far the boundary moves from the sets `base` to the same with one point more.

    The loss change is |F_(N+1) - F_N| at the old weights, F the mean loss of the unit; NaN for the other rules. `right`
    says whether the old boundary classifies the point that is added correctly.
    """
    before = trained(rule, base.X, base.y, None)
    after = trained(rule, more.X, more.y, before if start == "warm" else None)
    change = np.full(len(before), np.nan)
    margins = [functional_margins(before, points.X, points.y) for points in (base, more)]
    if rule in UNITS:
        old, new = (loss_of_margin(UNITS[rule][1], margin, 0.0)[0].mean(axis=-1) for margin in margins)
        change = np.abs(new - old)
    wrong = [(margin <= 0.0).sum(axis=-1) for margin in margins]
    return {
        "angle": np.degrees(angle_swing(before, after)),
        "offset": offset_swing(before, after),
        "disagreement": disagreement(before, after, GRID),
        "loss_change": change,
        "right": wrong[0] == wrong[1],
    }


def left_out(size: int, rng: np.random.Generator) -> Records:
    """Leave each sample out in turn; the mean and the largest share of test points whose verdict changes."""
    sets = spoilt_clusters(N_LEFT_OUT - 1, size, rng)
    test = make_boxes(N_TEST, **BOX, size=1, rng=rng)
    rows = []
    for rule in RULES:
        changes = leave_one_out(lambda X, y: trained(rule, X, y, None), sets.X, sets.y, test.X[0], test.y[0])  # noqa: B023
        change = {"mean": changes.mean(axis=(-2, -1)), "largest": changes.mean(axis=-1).max(axis=-1)}
        rows.append({"rule": rule, "n_samples": N_LEFT_OUT, **change})
    return {"left_out": rows, "n_fits": size * len(RULES) * (N_LEFT_OUT + 1)}


def tables(records: Frames) -> Frames:
    """Make the table of swings and that of leave-one-out stability."""
    swung = records["swings"]
    control = swung[(swung["instance"] == "ordinary") & swung["right"]].assign(instance=RIGHT)
    swung = pd.concat([swung, control]).sort_index(kind="stable")
    return {
        "": summarise(swung, ["rule", "instance", "start"], swings_row),
        "left_out": summarise(records["left_out"], ["rule", "n_samples"], left_out_row),
    }


def swings_row(rows: Rows) -> dict[str, float]:
    """Return median, 99% quantile and maximum of each measure, and the share of sets whose boundary turned."""
    row: dict[str, float] = {}
    for name in MEASURES:
        value = rows[name]
        if not np.isnan(value).any():
            row |= {f"{name}_median": float(np.median(value)), f"{name}_q99": float(np.quantile(value, 0.99))}
            row |= {f"{name}_max": float(value.max())}
    return row | rate("moved", rows["angle"] > STILL)


def left_out_row(rows: Rows) -> dict[str, float]:
    """Return the mean change, and the largest one of each set, over the sets."""
    largest = {"largest_change": rows["largest"].max(), "median_largest": np.median(rows["largest"])}
    return mean("hypothesis_stability", rows["mean"]) | largest


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    swung, left = tables[""], tables["left_out"]
    told = nested(swung.drop(columns="n"), {"rule": "", "instance": "", "start": ""})
    for rule, changes in nested(left.drop(columns=["n", "n_samples"]), {"rule": ""}).items():
        told[rule]["left_out"] = changes
    return {"n": int(swung["n"].max()), "n_left_out": int(left["n"].min()), **told}


EXPERIMENT = experiment(
    name="stability",
    question="Does one added instance swing the perceptron wildly, and the bounded unit hardly at all?",
    settings={"n_samples": N_SAMPLES, "weight_bound": WEIGHT_BOUND, "n_left_out": N_LEFT_OUT, "move": MOVE},
    parts={"swings": Part(run=swing), "left out": Part(run=left_out, resamples=200)},
    resamples=4_000,
    block_size=250,
    tables=tables,
    numbers=numbers,
)
