"""Where a bound trades variance for bias, and where that pays: a map over numbers of points and rates of spoilers."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._differences import each_difference
from experiments._points import spoilt_clusters
from study import Dataset
from study.analysis.bias_variance import estimate, group_sizes, holm, wrong_counts
from study.analysis.interval import middle
from study.datasets.dataset import Floats
from study.law.conflict import spoilt
from study.law.thresholds import threshold
from study.sweeps.experiment import add_up
from study.sweeps.grid import N_GROUPS
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, key, nested, one_row, summarise
from study.sweeps.rules import MaxMargin, Perceptron, Unit
from study.sweeps.settings import Setting
from study.sweeps.streams import stream

SAMPLES = (16, 32, 64, 128, 256, 512)
RATES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256)
BASELINES: list[Perceptron | MaxMargin] = [Perceptron(), MaxMargin()]
UNITS = [
    Unit(loss="cross-entropy", shape="box", weight_bound=3.0),
    Unit(loss="cross-entropy", shape="ball", weight_bound=3.0),
    Unit(loss="cross-entropy", shape="box", weight_bound=10.0),
]
RULES: list[Perceptron | MaxMargin | Unit] = [*BASELINES, *UNITS]
PAIRS = list(product(range(len(BASELINES)), range(len(BASELINES), len(RULES))))
"""Which rules are compared: each baseline with each unit."""
N_ORDINARY, N_SPOILERS = 5000, 1000
"""Test points, drawn apart; in each cell they count by the rate."""
JUDGED = ("bias", "variance", "error")
CLEAR = 1.5
"""How far from an edge, as a factor, a cell lies clearly on one side."""
SAME = 0.1
"""Biases are the same where they differ by less than this share of the spoilers' rate."""
SURE = 0.05
LAW_SETS = 40


@cache
def test_points() -> Dataset:
    """Draw the test points, the ordinary ones first; the same for all cells."""
    rng, setting = stream("window", "test", {}, 0), Setting()
    ordinary = replace(setting, n_samples=N_ORDINARY, spoiler_rate=0.0).draw(1, rng)
    mixed = replace(setting, n_samples=3 * N_SPOILERS, spoiler_rate=0.5).draw(1, rng)
    spoilers = mixed.X[mixed.is_spoiler][:N_SPOILERS]
    return Dataset(
        X=np.concatenate([ordinary.X[0], spoilers]), y=np.append(ordinary.y[0], np.ones(N_SPOILERS)), name="test points"
    )


def train_cell(n_samples: int, spoiler_rate: float, size: int, rng: np.random.Generator) -> Records:
    """Train all rules on the same sets, and count."""
    train, test = Setting(n_samples=n_samples, spoiler_rate=spoiler_rate).training_sets(size, rng), test_points()
    wrong = [wrong_counts(rule.train(train.X, train.y, rng), test.X, test.y, N_GROUPS) for rule in RULES]
    counts = one_row(
        wrong=np.array(wrong, np.uint16), groups=group_sizes(size, N_GROUPS), spoilt=train.is_spoiler.any(axis=-1).sum()
    )
    return {"cells": counts, "n_fits": size * len(RULES)}


def find_thresholds(n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Compute 1 / N*, N* the number of base points from which one spoiler is given up, set by set."""
    sets = spoilt_clusters(n_samples, size, rng)
    rows = [
        {
            "label": unit.label,
            "rate": float(np.exp(-threshold(spoilt(X, y, flags, unit.shape), unit.loss, unit.weight_bound)))
            / n_samples,
        }
        for unit, (X, y, flags) in product(UNITS, zip(sets.X, sets.y, sets.is_spoiler, strict=True))
    ]
    return {"law": rows, "n_fits": len(rows)}


def tables(records: Frames) -> Frames:
    """Make the table of paired differences, that of the parts, and that of both edges."""
    edges = summarise(records["law"], ["n_samples", "label"], lambda rows: middle("rate", rows["rate"]))
    edges["vote_rate"] = 1.0 - 0.5 ** (1.0 / edges["n_samples"])
    cells = records["cells"].to_dict("records")
    return {
        "": differences_table(cells, edges.set_index(["n_samples", "label"])),
        "parts": pd.DataFrame([row for cell in cells for row in parts_rows(cell)]),
        "edges": edges,
    }


def weights(spoiler_rate: float) -> Floats:
    """Return what each test point counts."""
    return np.repeat([(1.0 - spoiler_rate) / N_ORDINARY, spoiler_rate / N_SPOILERS], [N_ORDINARY, N_SPOILERS])


def parts_rows(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return error, bias and variance of each rule in one cell."""
    n, rows = int(cell["groups"].sum()), []
    for rule, wrong in zip(RULES, cell["wrong"].astype(np.int64), strict=True):
        row = {"n_samples": cell["n_samples"], "spoiler_rate": cell["spoiler_rate"], "label": rule.label, "n": n}
        row["spoilt_sets"] = cell["spoilt"] / n
        found = estimate(wrong, cell["groups"], weight=weights(cell["spoiler_rate"]))
        rows.append(row | found.columns(JUDGED))
    return rows


def differences_table(cells: list[dict[str, Any]], edges: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each part is larger for a baseline than for each unit, all corrected together by Holm."""
    rows = []
    for cell in cells:
        n_samples, rate = cell["n_samples"], cell["spoiler_rate"]
        wrong = cell["wrong"].astype(np.int64)
        for found in each_difference(wrong, cell["groups"], PAIRS, JUDGED, weight=weights(rate)):
            baseline, unit = RULES[found.i].label, RULES[found.j].label
            edge = edges.loc[(n_samples, unit)]
            region = region_of(rate, edge["vote_rate"], edge["rate"])
            row = {"n_samples": n_samples, "spoiler_rate": rate, "baseline": baseline, "label": unit}
            row |= {"region": region, "part": found.part, "n": int(cell["groups"].sum()), "difference": found.value}
            rows.append(row | {"low": found.low, "high": found.high, "p": found.p})
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy())
    table["same"] = np.maximum(table["high"], -table["low"]) <= SAME * table["spoiler_rate"]
    sign = np.sign(table["difference"]).astype(int)
    table["side"] = np.where(table["p_holm"] < SURE, sign, 0)
    return table


def region_of(rate: float, vote: float, law: float) -> str:
    """Return on which side of both edges a cell lies clearly: below the vote's, in the window, or above the law's."""
    if rate > CLEAR * law:
        return "above"
    if rate * CLEAR < min(vote, law):
        return "below"
    return "window" if CLEAR * vote < rate < law / CLEAR else "edge"


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    differences, parts = tables[""], tables["parts"]
    of_perceptron = differences[differences["baseline"] == BASELINES[0].label]
    groups = differences.groupby(["baseline", "label", "region", "part"])
    judged = groups.agg(
        cells=("side", "size"),
        larger=("side", lambda side: int((side > 0).sum())),
        smaller=("side", lambda side: int((side < 0).sum())),
        same=("same", "sum"),
    )
    by = {"baseline": "", "label": "", "region": "", "part": ""}
    cited = parts[parts["n_samples"].isin([128]) & parts["spoiler_rate"].isin([0.002, 0.016, 0.128])]
    cell = {"n_samples": "n", "spoiler_rate": "rate", "label": ""}
    return {
        "n": int(parts["n"].min()),
        "compared": len(differences),
        "cells": len(of_perceptron.groupby(["n_samples", "spoiler_rate"])),
        "regions": nested(judged.reset_index(), by),
        "parts": nested(cited, cell, ["error", "bias", "variance"]),
        "edges": nested(tables["edges"], {"label": "", "n_samples": "n"}, ["rate", "vote_rate"]),
        "crossing": {key(unit.label): crossing(of_perceptron, unit.label) for unit in UNITS},
    }


def crossing(rows: pd.DataFrame, label: str) -> Numbers:
    """Return between which values of n rate the perceptron's error comes to be surely the smaller, over all n."""
    errors = rows[(rows["label"] == label) & (rows["part"] == "error")]
    expected = errors["n_samples"] * errors["spoiler_rate"]
    return {
        "most_for_unit": float(expected[errors["side"] > 0].max()),
        "least_for_perceptron": float(expected[errors["side"] < 0].min()),
    }


EXPERIMENT = experiment(
    name="window",
    question="For which numbers of points and which rates of spoilers does a bound trade variance for bias, and pay?",
    settings={"n_ordinary": N_ORDINARY, "n_spoilers": N_SPOILERS, "clear": CLEAR, "same": SAME, "sure": SURE},
    parts={
        "cells": Part(run=train_cell, cells=every(n_samples=SAMPLES, spoiler_rate=RATES)),
        "law": Part(run=find_thresholds, cells=every(n_samples=SAMPLES), resamples=LAW_SETS),
    },
    resamples=2000,
    block_size=1000,
    merge=add_up,
    tables=tables,
    numbers=numbers,
)
