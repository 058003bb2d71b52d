"""The lecture's frames: no spoiler, one, three; the perceptron and the bounded unit on the same points."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._points import coordinates, first_set, spoilt_clusters
from study import (
    Bound,
    Dataset,
    Fit,
    add_spoilers,
    best_separator,
    functional_margins,
    is_separable,
    make_boxes,
    make_gaussians,
    perceptron,
    separates,
    sigmoid_unit,
    training_error,
)
from study.analysis.interval import middle, rate, rates
from study.datasets.dataset import Floats
from study.datasets.generators import BOX, GAUSSIAN
from study.datasets.spoilers import PLACE
from study.law.bound import LOSSES
from study.law.conflict import SHAPES
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise
from study.trainers.losses import Loss, loss_of_margin

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
COUNTS = (0, 1, 3)
GROWTH = (10, 20, 50, 100, 200, 500, 1000, 2000, 10_000)
BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def base_sets(generator: str, size: int, rng: np.random.Generator) -> Dataset:
    """Draw a stack of base sets; both generators put the boundary at zero of the first feature."""
    if generator == "boxes":
        return make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    return make_gaussians(N_SAMPLES, **GAUSSIAN, normal=[1.0, 0.0], size=size, rng=rng)


def spoilt_sets(base: Dataset, n_spoilers: int, rng: np.random.Generator) -> Dataset:
    """Return the sets with spoilers, or as they are for none."""
    return add_spoilers(base, n_spoilers, **PLACE, rng=rng) if n_spoilers else base


def verdict(points: Dataset, w: Floats) -> dict[str, Any]:
    """Return whether weights separate, and how many base points and how many spoilers they misclassify."""
    wrong = ~(functional_margins(w, points.X, points.y) > 0)
    return {
        "separates": separates(w, points.X, points.y),
        "base_lost": (wrong & ~points.is_spoiler).sum(axis=-1),
        "spoilers_lost": (wrong & points.is_spoiler).sum(axis=-1),
    }


def frames(size: int, rng: np.random.Generator) -> Records:
    """Train both rules on the first set that is drawn, without and with spoilers."""
    base = base_sets("boxes", size, rng)
    points, lines = [], []
    for n_spoilers in COUNTS:
        drawn = spoilt_sets(base, n_spoilers, rng)
        one = first_set(drawn)
        X, y = one.X, one.y
        fits = {"perceptron": perceptron(X, y).w} | {loss: bounded_unit(X, y, loss).w for loss in LOSSES}
        wrong = {f"wrong_{rule}": ~(functional_margins(w, X, y) > 0) for rule, w in fits.items()}
        points.append({"n_spoilers": n_spoilers, **coordinates(one), **wrong})
        for rule, w in fits.items():
            line = {"n_spoilers": n_spoilers, "rule": rule, "w_1": w[0], "w_2": w[1], "bias": w[2]}
            lines.append(line | {"separates": separates(w, X, y), "training_error": training_error(w, X, y)})
    return {"points": points, "lines": lines, "n_fits": len(lines)}


def train_rules(generator: str, size: int, rng: np.random.Generator) -> Records:
    """Train both rules on the same base sets without a spoiler, with one and with three."""
    base = base_sets(generator, size, rng)
    before: dict[str, Floats] = {}
    rows: list[dict[str, Any]] = []
    for n_spoilers in COUNTS:
        points = spoilt_sets(base, n_spoilers, rng)
        w = perceptron(points.X, points.y).w
        right = separates(w, points.X, points.y)  # weights that separate are proof
        separable = right if right.all() else is_separable(points.X, points.y)
        setting = {"n_samples": N_SAMPLES, "n_spoilers": n_spoilers, "separable": separable}
        rows.append({**setting, "rule": "perceptron", **verdict(points, w)})
        for loss in LOSSES:
            fit = bounded_unit(points.X, points.y, loss)
            losses = sums(points, loss, fit)
            grown = losses["total"] - before.setdefault(loss, losses["total"])
            rows.append({**setting, "rule": loss, **verdict(points, fit.w), **losses, "grown": grown})
    return {"rates": rows, "n_fits": size * (len(rows) + (len(COUNTS) - 1) * len(LOSSES))}


def bounded_unit(X: Floats, y: Floats, loss: Loss) -> Fit:
    """Return the optimum inside the box."""
    return sigmoid_unit(X, y, loss=loss, bound=Bound("box", WEIGHT_BOUND), method="newton")


def sums(points: Dataset, loss: Loss, fit: Fit) -> dict[str, Any]:
    """Return a fit's loss, the best separator's, and the spoilers' own terms of the first, as sums over samples."""
    n = points.y.shape[-1] if loss == "cross-entropy" else 1
    value = loss_of_margin(loss, functional_margins(fit.w, points.X, points.y), 0.0)[0]
    best: float | Floats = np.nan
    if points.is_spoiler.any():
        best = best_separator(points.X, points.y, loss=loss, bound=Bound("box", WEIGHT_BOUND)).loss
    return {"total": n * fit.loss, "best": n * best, "own": (value * points.is_spoiler).sum(axis=-1)}


def growth(n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Compare the bounded optimum with the best separator inside the same bound, one spoiler among many points."""
    points = spoilt_clusters(n_samples, size, rng)
    rows = []
    for loss in LOSSES:
        fit = bounded_unit(points.X, points.y, loss)
        rows.append({"loss": loss, "separates": separates(fit.w, points.X, points.y), **sums(points, loss, fit)})
    return {"growth": rows, "n_fits": 2 * size * len(rows)}


def bounds(size: int, rng: np.random.Generator) -> Records:
    """Ask at every bound whether the unit separates, on the same sets with one spoiler."""
    points = spoilt_clusters(N_SAMPLES, size, rng)
    rows = []
    for shape, R, loss in product(SHAPES, BOUNDS, LOSSES):
        fit = sigmoid_unit(points.X, points.y, loss=loss, bound=Bound(shape, R), method="newton")
        right = separates(fit.w, points.X, points.y)
        rows.append({"shape": shape, "weight_bound": R, "loss": loss, "separates": right})
    return {"bounds": rows, "n_fits": size * len(rows)}


def tables(records: Frames) -> Frames:
    """Make the five tables."""
    return {
        "": summarise(records["rates"], ["generator", "n_samples", "n_spoilers", "rule"], rates_row),
        "points": records["points"],
        "lines": records["lines"],
        "growth": summarise(records["growth"], ["n_samples", "loss"], growth_row),
        "bounds": summarise(
            records["bounds"], ["shape", "weight_bound", "loss"], lambda rows: rates(rows, "separates")
        ),
    }


def rates_row(rows: Rows) -> dict[str, Any]:
    """Return what is true of one rule at one number of spoilers."""
    row: dict[str, Any] = rates(rows, "separates", "separable")
    row |= {name: rows[name].mean() for name in ("base_lost", "spoilers_lost")}
    total, best, grown = rows["total"], rows["best"], rows["grown"]
    if np.isnan(best).any():  # the perceptron has no loss, and without a spoiler there is nothing to compare
        return row
    failing = ~rows["separates"]
    row |= rate("optimum_below_best", (best > total * (1.0 + 1e-9))[failing]) if failing.any() else {}
    row |= middle("best_over_optimum", best / total) | middle("own_share", rows["own"] / total)
    return row | middle("loss_growth", grown / (total - grown))


def growth_row(rows: Rows) -> dict[str, float]:
    """Return what is true of one loss at one number of base points."""
    n = rows["n_samples"] + 1
    of_loss = middle("optimum", rows["total"] / n) | middle("best_separator", rows["best"] / n)
    return rates(rows, "separates") | of_loss | middle("own_share", rows["own"] / rows["total"])


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rated, growing, bounded = tables[""], tables["growth"], tables["bounds"]
    return {
        "n": int(rated["n"].min()),
        "n_growth": int(growing["n"].min()),
        "n_bounds": int(bounded["n"].min()),
        "rates": nested(
            rated.drop(columns=["n", "n_samples"]), {"generator": "", "n_spoilers": "spoilers", "rule": ""}
        ),
        "growth": nested(growing, {"loss": "", "n_samples": "n"}, ["separates", "own_share"]),
        "bounds": nested(bounded, {"shape": "", "loss": "", "weight_bound": "R"}, ["separates"]),
        "twentieth": {key(loss): below_a_twentieth(growing[growing["loss"] == loss]) for loss in LOSSES},
        "frame": {"place": -PLACE["depth"]},
    }


def below_a_twentieth(growth: pd.DataFrame) -> dict[str, int]:
    """Return the most points at which the spoiler's share is a twentieth or more, and the next more tried."""
    above = int(growth["n_samples"][growth["own_share"] >= 0.05].max())
    return {"above": above, "below": int(growth["n_samples"][growth["n_samples"] > above].min())}


EXPERIMENT = experiment(
    name="spoilers",
    question="Does one spoiler, or three, make the bounded unit fail where the perceptron separates?",
    settings={
        "n_samples": N_SAMPLES,
        "weight_bound": WEIGHT_BOUND,
        "depth": PLACE["depth"],
        "offset": PLACE["offset"],
        "jitter_depth": PLACE["jitter"][0],
        "jitter_offset": PLACE["jitter"][1],
        "boxes": BOX,
        "gaussians": GAUSSIAN,
        "level": 0.95,
    },
    parts={
        "frames": Part(run=frames, resamples=1),
        "rates": Part(run=train_rules, cells=every(generator=("boxes", "gaussians"))),
        "growth": Part(run=growth, cells=every(n_samples=GROWTH), resamples=40),
        "bounds": Part(run=bounds, resamples=200),
    },
    resamples=1000,
    block_size=50,
    tables=tables,
    numbers=numbers,
)
