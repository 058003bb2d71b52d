"""Bias and variance of the perceptron, of bounded units and of their rivals over resampled sets with few spoilers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._differences import each_difference
from experiments._points import spoilt_clusters
from study import perceptron
from study.analysis.bias_variance import differing_counts, group_sizes, holm, wrong_counts
from study.analysis.interval import mean, middle
from study.datasets.dataset import Floats
from study.law.bound import LOSSES
from study.law.conflict import SHAPES, spoilt
from study.law.thresholds import threshold
from study.sweeps import grid
from study.sweeps.experiment import add_up
from study.sweeps.grid import N_GROUPS
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, key, nested, one_row, summarise
from study.sweeps.rules import (
    AveragedPerceptron,
    MaxMargin,
    NearestCentroid,
    Perceptron,
    PocketPerceptron,
    RandomPerceptron,
    SoftMargin,
    Unit,
    UnitStoppedEarly,
)
from study.sweeps.settings import SETTING_COLUMNS, Setting

BOUNDS = (1.0, 3.0, 10.0)
UNITS = [Unit(loss=loss, shape=shape, weight_bound=R) for loss in LOSSES for shape in SHAPES for R in BOUNDS]
RULES = [
    Perceptron(),
    RandomPerceptron(),
    AveragedPerceptron(),
    NearestCentroid(),
    MaxMargin(),
    PocketPerceptron(max_steps=10),
    SoftMargin(C=1.0),
    *UNITS,
    *(UnitStoppedEarly(loss="cross-entropy", max_steps=steps) for steps in (3, 30)),
]
N_TEST = 2000
LAW = [(shape, R) for shape in SHAPES for R in BOUNDS]
PRIMARY = Setting(n_samples=100, n_features=2, spoiler_rate=0.01)
SETTINGS = [
    PRIMARY,
    *(Setting(spoiler_rate=rate) for rate in (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3)),
    *(Setting(n_samples=n) for n in (20, 200)),
    *(Setting(n_features=d) for d in (5, 10)),
    *(Setting(features=features) for features in ("centred", "standardised")),
    *(Setting(resampling=resampling) for resampling in ("bootstrap", "subsample")),
    Setting(generator="gaussians"),
]
TRAIN_RULES = partial(grid.train_rules, rules=RULES, n_test=N_TEST)
BASELINES = ("perceptron", "max_margin")
"""Each rule is compared with these, set by set."""
SAME = 0.1
"""One bias is not above another where it is so by less than this share of the spoilers' rate, the bias of a rule that
gives all of them up; without spoilers, of the primary rate."""
SURE = 0.05


def train_in_two_orders(n_samples: int, spoiler_rate: float, size: int, rng: np.random.Generator) -> Records:
    """Train one rule in two orders of the same sets."""
    setting, _, test = grid.prepare_cell(N_TEST, None, n_samples=n_samples, spoiler_rate=spoiler_rate)
    train = setting.training_sets(size, rng)
    one, other = (perceptron(train.X, train.y, order="random", rng=rng).w for _ in range(2))
    counts = {
        "wrong": wrong_counts(one, test.X, test.y, N_GROUPS),
        "differ": differing_counts(one, other, test.X, N_GROUPS),
        "groups": group_sizes(size, N_GROUPS),
    }
    return {"nested": one_row(**counts), "n_fits": 2 * size}


def find_thresholds(size: int, rng: np.random.Generator) -> Records:
    """Compute ln N*, the log of the number of base points from which one spoiler is given up, set by set."""
    sets = spoilt_clusters(PRIMARY.n_samples, size, rng)
    found = [
        [np.log(PRIMARY.n_samples) + threshold(spoilt(X, y, is_spoiler, shape), "cross-entropy", R) for shape, R in LAW]
        for X, y, is_spoiler in zip(sets.X, sets.y, sets.is_spoiler, strict=True)
    ]
    return {"law": one_row(ln_threshold=np.array(found).T), "n_fits": size * len(LAW)}


def tables(records: Frames) -> Frames:
    """Make the table of parts, that of paired differences, and that of the nested variance."""
    swept = records["sweep"].to_dict("records")
    table = grid.tables(records, rules=RULES)[""].drop(columns=["not_finite", "warned"])  # all zero
    return {
        "": table,
        "law": law_table(records["law"]["ln_threshold"][0], table),
        "differences": differences_table(swept),
        "nested": pd.DataFrame([nested_row(cell) for cell in records["nested"].to_dict("records")]),
    }


def differences_table(swept: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return how much larger bias, variance and error are for a baseline than for each unit.

    Holm's correction is for all comparisons of one part with one baseline, which is what a claim speaks of.
    """
    labels = [rule.label for rule in RULES]
    pairs = [(labels.index(baseline), labels.index(rule.label)) for baseline, rule in product(BASELINES, UNITS)]
    rows: list[dict[str, Any]] = []
    for cell in swept:
        weight = grid.setting_of(cell).test_weight(N_TEST)
        judged = ("bias", "variance", "error")
        for found in each_difference(cell["wrong"], cell["groups"], pairs, judged, weight=weight):
            row = {name: cell[name] for name in SETTING_COLUMNS}
            row |= {"baseline": labels[found.i], "label": labels[found.j], "part": found.part}
            row |= {"n": int(cell["groups"].sum()), "difference": found.value}
            row |= {"difference_low": found.low, "difference_high": found.high, "p": found.p}
            rows.append(row | {"primary": setting_key(cell) == "primary"})
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby(["baseline", "part"])["p"].transform(lambda p: holm(p.to_numpy()))
    table["margin"] = SAME * table["spoiler_rate"].replace(0.0, PRIMARY.spoiler_rate)
    return table


def law_table(ln_threshold: Floats, table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each unit with the cross-entropy, the predicted share of spoilers and where its variance peaks."""
    rows = []
    others = {name: value for name, value in asdict(PRIMARY).items() if name != "spoiler_rate"}
    alike = table[(table[list(others)] == list(others.values())).all(axis=1)]
    for (shape, R), values in zip(LAW, ln_threshold, strict=True):
        label = Unit(loss="cross-entropy", shape=shape, weight_bound=R).label
        own = alike[alike["label"] == label]
        peak = float(own["spoiler_rate"].iloc[own["variance"].argmax()])
        row: dict[str, Any] = {"label": label, "shape": shape, "weight_bound": R, "n": len(values)}
        row |= middle("predicted_rate", np.exp(-values))
        rows.append(row | {"peak_rate": peak, "peak_over_predicted": peak / row["predicted_rate"]})
    return pd.DataFrame(rows)


def nested_row(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Split Kohavi and Wolpert's variance into what the order of presentation makes and what the data make.

    Two orders of one set disagree with probability 2 E[q (1 - q)], q the chance of a wrong prediction given the set.
    """
    n, weight = int(cell["groups"].sum()), Setting(spoiler_rate=cell["spoiler_rate"]).test_weight(N_TEST)
    q = cell["wrong"].sum(axis=0) / n
    total = q * (1.0 - q) * n / (n - 1)
    order = cell["differ"].sum(axis=0) / n / 2.0
    row: dict[str, Any] = {"n_samples": cell["n_samples"], "spoiler_rate": cell["spoiler_rate"], "n": n}
    for name, values in (("total", total), ("from_order", order), ("from_data", total - order)):
        row |= mean(name, values * weight * N_TEST)
    return row


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table, differences, nested_variance = tables[""], tables["differences"], tables["nested"]
    settings = [setting_key(row) for row in table.to_dict("records")]
    cited = ("error", "bias", "variance", "variance_low", "variance_high", "separates", "dispersion")
    primary, law = differences[differences["primary"]], tables["law"]
    return {
        "n": int(table["n"].min()),
        "n_test_spoilers": int(table.loc[table["spoiler_rate"] > 0.0, "n_test_spoilers"].min()),
        "settings": len(set(settings)),
        "cells": nested(table.assign(setting=settings), {"setting": "", "label": ""}, cited),
        "differences": nested(
            primary.assign(shortfall=-primary["difference"]),
            {"baseline": "", "label": "", "part": ""},
            ("difference", "difference_low", "difference_high", "shortfall"),
        ),
        "everywhere": nested(
            summarise(differences, ["baseline", "part"], everywhere_row).rename(columns={"n": "compared"}),
            {"baseline": "", "part": ""},
        ),
        "law": nested(law, {"label": ""}, ["n", "predicted_rate", "peak_rate"])
        | {"least_ratio": law["peak_over_predicted"].min(), "most_ratio": law["peak_over_predicted"].max()},
        "nested": nested(
            nested_variance.assign(order_share=nested_variance["from_order"] / nested_variance["total"]),
            {"n_samples": "n"},
            ["order_share"],
        ),
    }


def everywhere_row(rows: Rows) -> dict[str, float]:
    """Return in how many comparisons either is surely the larger, and the baseline surely not above by the margin.

    The first two are after Holm's correction. The last needs none: a claim of all comparisons is refused by any.
    """
    sure, excess = rows["p_holm"] < SURE, rows["difference_high"] / rows["margin"]
    return {
        "baseline_larger": int((sure & (rows["difference"] > 0)).sum()),
        "unit_larger": int((sure & (rows["difference"] < 0)).sum()),
        "not_above": int((excess < 1.0).sum()),
        "most_excess": float(excess.max()),
    }


def setting_key(row: Mapping[str, Any]) -> str:
    """Return the name of a setting in the numbers: what is not as in the primary one."""
    return "_".join(key(row[name], name) for name, value in asdict(PRIMARY).items() if row[name] != value) or "primary"


EXPERIMENT = experiment(
    name="bias_variance",
    question="Has the perceptron low bias and high variance, and the bounded unit the reverse?",
    settings={
        "n_test": N_TEST,
        "same": SAME,
        "n_samples": PRIMARY.n_samples,
        "spoiler_rate": PRIMARY.spoiler_rate,
    },
    parts={
        "sweep": Part(run=TRAIN_RULES, cells=[asdict(setting) for setting in SETTINGS]),
        "nested": Part(run=train_in_two_orders, cells=[{"n_samples": n, "spoiler_rate": 0.01} for n in (20, 100)]),
        "law": Part(run=find_thresholds, resamples=40),  # one block, so that nothing is added
    },
    resamples=3_000,
    block_size=600,
    merge=add_up,
    tables=tables,
    numbers=numbers,
)
