"""Targets within reach of the bound: which loss still gives a spoiler up, and how many points can outvote it."""

from itertools import product

import numpy as np
from scipy.special import expit

from experiments._points import spoilt_clusters
from study import Bound, Dataset, separates, sigmoid_unit
from study.analysis.interval import middle, rates
from study.datasets.dataset import Floats
from study.law.conflict import SHAPES, Shape, spoilt
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, nested, summarise
from study.trainers.losses import LOSSES

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
TARGETS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.4, 2.2)
"""Margins at which the targets are met, ln((1 - eps) / eps)."""
FACTORS = (0.5, 0.8, 0.95, 1.05, 1.2, 2.0)
"""The same, as shares of what each set leaves within reach."""
COPIES = (1, 10, 100, 1000, 10_000)


def by_target(size: int, rng: np.random.Generator) -> Records:
    """Ask for each target, bound's shape and loss whether the target is in reach, and the optimum separates."""
    points = spoilt_clusters(N_SAMPLES, size, rng)
    reaches = {shape: reach(points, shape) for shape in SHAPES}
    rows = []
    for u, shape, loss in product(TARGETS, SHAPES, LOSSES):
        fit = sigmoid_unit(
            points.X, points.y, loss=loss, eps=expit(-u), bound=Bound(shape, WEIGHT_BOUND), method="newton"
        )
        row = {"u": u, "eps": float(expit(-u)), "shape": shape, "loss": loss, "in_reach": u < reaches[shape]}
        rows.append(row | {"separates": separates(fit.w, points.X, points.y)})
    reached = [{"shape": shape, "reach": values} for shape, values in reaches.items()]
    return {"targets": rows, "reach": reached, "n_fits": size * len(rows)}


def by_share(size: int, rng: np.random.Generator) -> Records:
    """Measure the targets by each set's own reach; find for each number of copies of the base which optima separate."""
    points = spoilt_clusters(N_SAMPLES, size, rng)
    reached = reach(points, "box")
    rows = []
    for factor, copies, loss in product(FACTORS, COPIES, LOSSES):
        weights = np.where(points.is_spoiler, 1.0, copies)
        fits = [
            sigmoid_unit(
                X, y, loss=loss, eps=expit(-u), sample_weight=m, bound=Bound("box", WEIGHT_BOUND), method="newton"
            ).w
            for X, y, m, u in zip(points.X, points.y, weights, factor * reached, strict=True)
        ]
        right = separates(np.array(fits), points.X, points.y)
        rows.append({"share_of_reach": factor, "copies": copies, "loss": loss, "separates": right})
    return {"copies": rows, "n_fits": size * len(rows)}


def reach(points: Dataset, shape: Shape) -> Floats:
    """Return gamma0 R of each set: the margin that the base can have within the bound, the spoiler not given up."""
    sets = zip(points.X, points.y, points.is_spoiler, strict=True)
    return np.array([WEIGHT_BOUND * spoilt(X, y, flags, shape).gamma0 for X, y, flags in sets])


def tables(records: Frames) -> Frames:
    """Make the three tables."""
    return {
        "": summarise(records["targets"], ["u", "eps", "shape", "loss"], target_row),
        "copies": summarise(
            records["copies"], ["share_of_reach", "copies", "loss"], lambda rows: rates(rows, "separates")
        ),
        "reach": summarise(records["reach"], ["shape"], lambda rows: middle("reach", rows["reach"])),
    }


def target_row(rows: Rows) -> dict[str, float]:
    """Return how often the optimum separates, and in how many sets it does not though the target is in reach."""
    lost = int((rows["in_reach"] & ~rows["separates"]).sum())
    return rates(rows, "separates") | {"in_reach": rows["in_reach"].mean(), "in_reach_lost": lost}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table, copies, reached = tables[""], tables["copies"], tables["reach"]
    interval = ["separates", "separates_low", "separates_high"]
    threshold = table[table["loss"] == "threshold-quadratic"]
    return {
        "n": int(table["n"].min()),
        "n_copies": int(copies["n"].min()),
        "targets": nested(table, {"shape": "", "u": "u", "loss": ""}, interval),
        "reach": nested(reached.assign(target=expit(reached["reach"])).drop(columns="n"), {"shape": ""}),
        "copies": nested(copies, {"loss": "", "share_of_reach": "share", "copies": "m"}, interval),
        "in_reach": int((threshold["in_reach"] * threshold["n"]).round().sum()),
        "in_reach_lost": int(threshold["in_reach_lost"].sum()),
    }


EXPERIMENT = experiment(
    name="reach",
    question="Does a loss that is zero beyond its targets give a spoiler up where the bound lets them be met?",
    settings={"weight_bound": WEIGHT_BOUND, "most_copies": max(COPIES)},
    parts={"targets": Part(run=by_target), "copies": Part(run=by_share, resamples=100)},
    resamples=1000,
    block_size=20,
    tables=tables,
    numbers=numbers,
)
