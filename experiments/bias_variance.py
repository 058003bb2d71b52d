"""Bias and variance of the perceptron, of bounded units and of their rivals over resampled sets with few spoilers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pandas as pd

from study.analysis.bias_variance import PARTS, difference, differing_counts, group_sizes, holm, wrong_counts
from study.analysis.interval import mean, middle
from study.datasets.dataset import Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.law.conflict import spoilt
from study.law.thresholds import threshold
from study.sweeps import grid
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, add_up
from study.sweeps.grid import N_GROUPS, Setting
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
from study.trainers.perceptron import perceptron

LOSSES: tuple[Literal["cross-entropy", "quadratic"], ...] = ("cross-entropy", "quadratic")
BOUNDS = (1.0, 3.0, 10.0)
SHAPES: tuple[Literal["box", "ball"], ...] = ("box", "ball")
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
RATES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3)
SETTINGS = [
    PRIMARY,
    *(Setting(spoiler_rate=rate) for rate in RATES),
    *(Setting(n_samples=n) for n in (20, 200)),
    *(Setting(n_features=d) for d in (5, 10)),
    *(Setting(features=features) for features in ("centred", "standardised")),
    *(Setting(resampling=resampling) for resampling in ("bootstrap", "subsample")),
    Setting(generator="gaussians"),
]
BASELINES = ("perceptron", "max_margin")
"""Each rule is compared with these, set by set."""

COMPARED = ("bias", "variance")


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Train all rules on the sets of one block; for the nested part, one rule in two orders of the same sets."""
    if cell["part"] == "sweep":
        return grid.run(cell, size, rng, rules=RULES, n_test=N_TEST)
    if cell["part"] == "law":
        return law(size, rng)
    values = {"n_samples": int(cell["n_samples"]), "spoiler_rate": float(cell["spoiler_rate"])}
    setting, _, test = grid.prepare_cell(N_TEST, None, **values)
    train = setting.training_sets(size, rng)
    one, other = (perceptron(train.X, train.y, order="random", rng=rng).w for _ in range(2))
    return {
        "wrong": wrong_counts(one, test.X, test.y, N_GROUPS),
        "differ": differing_counts(one, other, test.X, N_GROUPS),
        "groups": group_sizes(size, N_GROUPS),
        "n_fits": np.array([2 * size]),
    }


def law(size: int, rng: np.random.Generator) -> Statistics:
    """Compute ln N*, the log of the number of base points from which one spoiler is ignored, set by set."""
    base = make_boxes(PRIMARY.n_samples, **BOX, size=size, rng=rng)
    sets = add_spoilers(base, 1, **PLACE, rng=rng)
    found = [
        [np.log(PRIMARY.n_samples) + threshold(spoilt(X, y, is_spoiler, shape), "cross-entropy", R) for shape, R in LAW]
        for X, y, is_spoiler in zip(sets.X, sets.y, sets.is_spoiler, strict=True)
    ]
    return {"ln_threshold": np.array(found).T, "n_fits": np.array([size * len(LAW)])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the table of parts, that of paired differences, and that of the nested variance."""
    swept = [(cell, statistics) for cell, statistics in merged if cell["part"] == "sweep"]
    nested = [(cell, statistics) for cell, statistics in merged if cell["part"] == "nested"]
    (drawn,) = (statistics["ln_threshold"] for cell, statistics in merged if cell["part"] == "law")
    table = grid.tables(swept, rules=RULES)[""].drop(columns="eps")  # all targets are hard
    return {
        "": table,
        "law": law_table(drawn, table),
        "differences": differences_table(swept),
        "nested": pd.DataFrame([nested_row(cell, statistics) for cell, statistics in nested]),
    }


def differences_table(swept: Sequence[tuple[Cell, Statistics]]) -> pd.DataFrame:
    """Return how much larger bias and variance are for a baseline than for each unit, with Holm's correction.

    The differences of the primary setting are tested by themselves; all others share one correction.
    """
    labels = [rule.label for rule in RULES]
    rows: list[dict[str, Any]] = []
    for cell, statistics in swept:
        for baseline in BASELINES:
            for rule in UNITS:
                pair = [statistics["wrong"][labels.index(label)] for label in (baseline, rule.label)]
                found = difference(pair[0], pair[1], statistics["groups"])
                for name in COMPARED:
                    k = PARTS.index(name)
                    row = {name: cell[name] for name in grid.SETTINGS}
                    row |= {"baseline": baseline, "label": rule.label, "part": name}
                    row |= {"n": int(statistics["groups"].sum()), "difference": found.value[k]}
                    row |= {"difference_low": found.low[k], "difference_high": found.high[k]}
                    rows.append(row | {"p": found.p_value[k], "primary": is_primary(cell)})
    table = pd.DataFrame(rows)
    table["p_holm"] = table["p"]
    others = ~table["primary"]
    table.loc[others, "p_holm"] = holm(table.loc[others, "p"].to_numpy())
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


def is_primary(cell: Mapping[str, Any]) -> bool:
    """Say whether a cell is the one named beforehand."""
    return all(cell[name] == value for name, value in asdict(PRIMARY).items())


def nested_row(cell: Cell, statistics: Statistics) -> dict[str, Any]:
    """Split Kohavi and Wolpert's variance into what the order of presentation makes and what the data make.

    Two orders of one set disagree with probability 2 E[q (1 - q)], q the chance of a wrong prediction given the set.
    """
    n = int(statistics["groups"].sum())
    q = statistics["wrong"].sum(axis=0) / n
    total = q * (1.0 - q) * n / (n - 1)
    order = statistics["differ"].sum(axis=0) / n / 2.0
    row: dict[str, Any] = {"n_samples": cell["n_samples"], "spoiler_rate": cell["spoiler_rate"], "n": n}
    for name, values in (("total", total), ("from_order", order), ("from_data", total - order)):
        row |= mean(name, values)
    return row


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    told: dict[str, Any] = {"n": int(tables[""]["n"].min()), "cells": {}, "differences": {}, "nested": {}}
    cited = ("error", "bias", "variance", "net_variance", "separates", "dispersion", "offset_sd")
    for row in tables[""].to_dict("records"):
        rule = told["cells"].setdefault(cell_key(row), {}).setdefault(row["label"], {})
        for name in cited:
            rule |= {key: row[key] for key in (name, f"{name}_low", f"{name}_high") if key in row}
    differences = tables["differences"]
    for row in differences[differences["primary"]].to_dict("records"):
        place = told["differences"].setdefault(row["baseline"], {}).setdefault(row["label"], {})
        place[row["part"]] = {key: row[key] for key in ("difference", "difference_low", "difference_high", "p")}
        place[row["part"]]["shortfall"] = -row["difference"]
    elsewhere = differences[~differences["primary"]]
    for (baseline, part), rows in elsewhere.groupby(["baseline", "part"]):
        sure = rows["p_holm"] < 0.05
        told.setdefault("elsewhere", {}).setdefault(str(baseline), {})[str(part)] = {
            "compared": len(rows),
            "baseline_larger": int((sure & (rows["difference"] > 0)).sum()),
            "unit_larger": int((sure & (rows["difference"] < 0)).sum()),
        }
    told["numbers_elsewhere"] = {"settings": len({cell_key(row) for row in tables[""].to_dict("records")}) - 1}
    told["law"] = {row.pop("label"): row for row in tables["law"].to_dict("records")}
    told["law"]["least_ratio"] = tables["law"]["peak_over_predicted"].min()
    told["law"]["most_ratio"] = tables["law"]["peak_over_predicted"].max()
    for row in tables["nested"].to_dict("records"):
        told["nested"][f"n_{row['n_samples']}"] = {**row, "order_share": row["from_order"] / row["total"]}
    return told


def cell_key(row: Mapping[str, Any]) -> str:
    """Return the name of a setting in the numbers: what is not as in the primary one."""
    words = []
    for name, value in asdict(PRIMARY).items():
        if row[name] != value:
            shown = f"{row[name]:g}" if isinstance(row[name], float) else str(row[name])
            words.append(f"{name}_{shown}".replace(".", "_"))
    return "_".join(words) or "primary"


SWEPT: list[Cell] = [{"part": "sweep", **asdict(setting)} for setting in SETTINGS]
NESTED: list[Cell] = [{"part": "nested", "n_samples": n, "spoiler_rate": 0.01} for n in (20, 100)]

EXPERIMENT = Experiment(
    name="bias_variance",
    question="Has the perceptron low bias and high variance, and the bounded unit the reverse?",
    settings={
        "n_test": N_TEST,
        "n_rules": len(RULES),
        "n_settings": len(SETTINGS),
        "n_samples": PRIMARY.n_samples,
        "spoiler_rate": PRIMARY.spoiler_rate,
        "largest_rate": max(RATES),
        "level": 0.95,
    },
    cells=(*SWEPT, *NESTED, {"part": "law", "resamples": 40}),
    resamples=10_000,
    block_size=500,
    run=run,
    merge=add_up,
    tables=tables,
    numbers=numbers,
)
