"""Right but rare, or wrong: what each brake gives up in mixtures of both, and where it pays."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments._curved import draw_waves
from experiments._networks import start
from experiments._points import spoilt_clusters
from study import Bound, Optimiser, network, outputs, sigmoid_unit
from study.analysis.interval import mean, rate
from study.datasets.dataset import Floats
from study.law.bound import prediction
from study.law.conflict import spoilt
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise

N_NARROW, N_LARGE = 200, 1000
SHARES, WIDTHS = (0.005, 0.05, 0.2), (4, 16, 64)
CORNERS = ((0.005, 0.2), (0.05, 0.05), (0.2, 0.005))
"""Mixtures on which wider networks are trained."""
STEPS, RATE = 400, 0.05
N_COMMON, N_RARE = 2000, 500
"""Fresh points of each set."""
BRAKES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "steps": (10, 25, 50, 100, 200),
    "bound": (4.0, 8.0, 16.0, 32.0, 64.0),
    "decay": (1.0, 0.3, 0.1, 0.03, 0.01),
    "targets": (0.4, 0.2, 0.1, 0.05, 0.02),
    "quadratic": (0.0,),
}
"""Strengths of each brake, the tightest first: steps, product of the layers' norms, AdamW's decay, eps of the
targets; the quadratic loss has one."""
LIMITS = ("steps", "bound", "decay")
"""The brakes on the weights; the others change the loss."""
UNIT_BOUNDS, UNIT_SAMPLES = (3.0, 10.0, 30.0, 100.0), 200
LN_WEIGHTS, HALVINGS = (-40.0, 8.0), 24
"""Between which a rare point's weight is looked for from which the unit keeps it."""
KEYS = {"rare": "rare", "wrong": "wrong", "brake": ""}
MIXTURE, RULE = ["n_samples", "rare", "wrong", "width"], ["brake", "strength"]


def options(brake: str, strength: float) -> dict[str, Any]:
    """Return what `network` takes for a brake of a strength; a step goes by all samples."""
    how: dict[str, Any] = {"rule": "adam", "learning_rate": RATE}
    given: dict[str, Any] = {"max_steps": STEPS}
    if brake == "steps":
        given["max_steps"] = int(strength)
    elif brake == "bound":
        given["bound"] = Bound("ball", strength)
    elif brake == "decay":
        how |= {"rule": "adamw", "weight_decay": strength}
    elif brake == "targets":
        given["eps"] = strength
    elif brake == "quadratic":
        given["loss"] = "quadratic"
    return given | {"method": Optimiser(**how)}


def train(n_samples: int, rare: float, wrong: float, width: int, size: int, rng: np.random.Generator) -> Records:
    """Train with every brake on the same sets and from the same starts, and count."""
    world, n_rare, n_wrong = draw_waves(size, rng), round(rare * n_samples), round(wrong * n_samples)
    (X, y), (own_X, own_y) = world.common(n_samples - n_rare, rng), world.rare(n_rare, rng)
    flipped = np.arange(y.shape[1]) < n_wrong
    X, y = np.concatenate([X, own_X], axis=1), np.concatenate([np.where(flipped, -y, y), own_y], axis=1)
    fresh = {"common": world.common(N_COMMON, rng), "rare": world.rare(N_RARE, rng)}
    layers, w0 = (width, 1), start((width, 1), "relu", size, rng)
    rows = []
    for brake, strengths in BRAKES.items():
        for strength in strengths:
            given = options(brake, strength) | {"layers": layers, "activation": "relu", "tol": 0.0}
            w = network(X, y, w0=w0, **given).w

            def right(X: Floats, y: Floats, w: Floats = w) -> Floats:
                return np.asarray((y * outputs(w, X, layers, "relu") > 0.0).mean(axis=-1))

            row = {"brake": brake, "strength": strength, "wrong_fitted": right(X[:, :n_wrong], y[:, :n_wrong])}
            rows.append(row | {f"{kind}_error": 1.0 - right(*points) for kind, points in fresh.items()})
    return {"": rows, "n_fits": size * len(rows)}


def train_unit(weight_bound: float, size: int, rng: np.random.Generator) -> Records:
    """Find the weight from which one unit keeps a rare point among clusters, by halving and by the law of gamma0."""
    sets = spoilt_clusters(UNIT_SAMPLES, size, rng)
    points = [spoilt(X, y, flags, "box") for X, y, flags in zip(sets.X, sets.y, sets.is_spoiler, strict=True)]
    low, high = (np.full(size, end) for end in LN_WEIGHTS)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        weight = np.where(sets.is_spoiler, np.exp(middle)[:, None], 1.0)
        w = sigmoid_unit(sets.X, sets.y, sample_weight=weight, bound=Bound("box", weight_bound), method="compiled").w
        kept = (w[:, :-1] * sets.X[:, -1]).sum(axis=-1) + w[:, -1] > 0.0
        low, high = np.where(kept, low, middle), np.where(kept, middle, high)
    law = [-prediction(one, "cross-entropy", weight_bound) for one in points]
    columns = {"ln_weight": (low + high) / 2.0, "ln_law": law, "gamma0": [one.gamma0 for one in points]}
    return {"unit": columns, "n_fits": size * HALVINGS}


def tables(records: Frames) -> Frames:
    """Make the tables of all rules, of the best strengths, of pairs of brakes, and of the unit."""
    rows = records[""]
    rows = rows.assign(error=(1.0 - rows["rare"]) * rows["common_error"] + rows["rare"] * rows["rare_error"])
    rules = pd.concat([compare(cell) for _, cell in rows.groupby(MIXTURE, sort=False)], ignore_index=True)
    single = rows[(rows["rare"] * rows["n_samples"]).round() == 1.0]
    narrow = rows[(rows["n_samples"] == N_NARROW) & rows["width"].isin(WIDTHS)]
    best, pairs = zip(*(choose(cell) for _, cell in narrow.groupby(["rare", "wrong"], sort=False)), strict=True)
    return {
        "": rules,
        "single": summarise(single, RULE, lambda own: rate("learnt", own["rare_error"] < 0.5)),
        "best": pd.concat(best, ignore_index=True),
        "pairs": pd.concat(pairs, ignore_index=True),
        "unit": summarise(records["unit"], ["weight_bound"], unit_row),
    }


def compare(cell: pd.DataFrame) -> pd.DataFrame:
    """Return errors of each rule in one cell, and by how much they are below those without a brake, set by set."""
    free = cell.loc[cell["brake"] == "none", "error"].to_numpy()
    gain = np.concatenate([free - own["error"].to_numpy() for _, own in by_rule(cell)])
    return summarise(cell.assign(gain=gain), [*MIXTURE, *RULE], rule_row)


def by_rule(cell: pd.DataFrame) -> Any:
    """Return the rows of each rule, the rules in their order."""
    return cell.groupby(RULE, sort=False)


def rule_row(rows: Rows) -> dict[str, float]:
    """Return what is true of one rule in one cell; the rare kind is learnt where most of its fresh points are right."""
    names = ("common_error", "rare_error", "error", "wrong_fitted", "gain")
    means = {column: value for name in names for column, value in mean(name, rows[name]).items()}
    return means | rate("learnt", rows["rare_error"] < 0.5)


def choose(cell: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each brake gains at its best strength in one mixture, none among them, and how far brakes differ.

    All widths are pooled, each with a strength of its own, which is chosen on one half of the sets for the other.
    """
    mixture = {name: cell[name].iloc[0] for name in ("rare", "wrong")}
    error: dict[str, list[Floats]] = {}
    for _, own in cell.groupby("width", sort=False):
        errors = {rule: rows["error"].to_numpy() for rule, rows in by_rule(own)}
        for brake in (*BRAKES, "any"):
            tried = [values for (name, _), values in errors.items() if name in (brake, "none") or brake == "any"]
            error.setdefault(brake, []).append(cross_fit(np.array(tried)))
    pooled = {brake: np.concatenate(parts) for brake, parts in error.items()}
    best = [{**mixture, "brake": brake, "n": len(own), **mean("error", own), **mean("gain", pooled["none"] - own)}
            for brake, own in pooled.items()]  # fmt: skip
    pairs = [{**mixture, "brake": one, "other": other, **mean("difference", pooled[one] - pooled[other])}
             for one, other in combinations(LIMITS, 2)]  # fmt: skip
    return pd.DataFrame(best), pd.DataFrame(pairs)


def cross_fit(errors: Floats) -> Floats:
    """Return each set's error, of shape (n,), under the rule of (n_rules, n) that is best on the other half of sets."""
    odd = np.arange(errors.shape[1]) % 2 == 1
    choice = [errors[:, own].mean(axis=1).argmin() for own in (odd, ~odd)]
    return np.asarray(np.where(odd, errors[choice[1]], errors[choice[0]]))


def unit_row(rows: Rows) -> dict[str, float]:
    """Return the rare point's share from which the unit keeps it, that of the law, and how far apart they are."""
    shares = {name: np.exp(rows[f"ln_{name}"]) / UNIT_SAMPLES for name in ("weight", "law")}
    middle = {f"share_by_{name}": float(np.median(values)) for name, values in shares.items()}
    apart = np.abs(rows["ln_weight"] - rows["ln_law"])
    return {"gamma0": float(np.median(rows["gamma0"]))} | middle | mean("ln_apart", apart)


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rules, single, best, pairs = (tables[name] for name in ("", "single", "best", "pairs"))
    alike = rules[rules["rare"] == rules["wrong"]]
    apart = alike[(alike["learnt_low"] > 0.5) & (alike["wrong_fitted_high"] < 0.5)]
    points = (alike["rare"] * alike["n_samples"]).round()
    shown = rules[(rules["n_samples"] == N_NARROW) & (rules["width"] == max(WIDTHS))]
    ends = pairs.assign(widest=pairs[["difference_low", "difference_high"]].abs().max(axis=1))
    return {
        "trainings": int(rules["n"].sum()),
        "n": {key(width, "width"): int(own["n"].max()) for width, own in rules.groupby("width")},
        "cells": len(rules.groupby(MIXTURE)),
        "rules": len(single),
        "single": {
            "n": int(single["n"].min()),
            "most": single["learnt"].max(),
            "most_high": single["learnt_high"].max(),
        },
        "apart": {
            key(n, "points"): {"rules": len(own), "apart": len(own.index.intersection(apart.index))}
            for n, own in alike.groupby(points)
        },
        "best": nested(best, KEYS, ["n", "error", "gain", "gain_low", "gain_high"]),
        "pairs": {
            key(f"{one} {other}"): {"compared": len(own), "widest": float(own["widest"].max())}
            for (one, other), own in ends.groupby(["brake", "other"])
        },
        "unit": nested(tables["unit"], {"weight_bound": "R"}),
        "shown": nested(shown, KEYS | {"strength": ""}, ["n", "common_error", "rare_error", "error"]),
    }


NARROW = every(n_samples=[N_NARROW], rare=SHARES, wrong=SHARES, width=WIDTHS)
WIDE = [{"n_samples": N_NARROW, "rare": rare, "wrong": wrong, "width": 256} for rare, wrong in CORNERS]
LARGE = [
    {"n_samples": N_LARGE, "rare": share, "wrong": share, "width": width}
    for share in (0.001, 0.01)
    for width in (16, 64)
]
EXPERIMENT = experiment(
    name="memorising",
    question="What does a brake give up where some points are right but rare and some labels wrong, and does it pay?",
    settings={"steps": STEPS, "rate": RATE, "n_common": N_COMMON, "n_rare": N_RARE},
    parts={
        "narrow": Part(run=train, cells=NARROW, resamples=16),
        "wide": Part(run=train, cells=WIDE, resamples=6),
        "large": Part(run=train, cells=LARGE, resamples=4),
        "unit": Part(run=train_unit, cells=every(weight_bound=UNIT_BOUNDS), resamples=100),
    },
    block_size=4,
    tables=tables,
    numbers=numbers,
)
