"""Natural data: how often a brake gives points up there, and what that buys, on all pairs of shipped classes."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments._differences import each_difference
from study.analysis.bias_variance import estimate, holm
from study.analysis.limit_path import LimitPath, follow_path
from study.analysis.limits import USUAL, Limit, WeightBound
from study.analysis.separability import separability
from study.datasets.dataset import Dataset
from study.datasets.shipped import EXAMPLES, SOURCES, load_pair
from study.datasets.table import standardise
from study.law.prices import price_rows
from study.sweeps.experiment import add_up
from study.sweeps.grid import train_on_pool
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, nested, one_row
from study.sweeps.rule import Rule
from study.sweeps.rules import MaxMargin, PenalisedUnit, Perceptron
from study.sweeps.settings import PoolSetting

PROBLEMS = {f"{source.replace('-', '_')} {a} {b}": (source, (a, b)) for source, (a, b) in EXAMPLES.values()}
"""Every pair of classes that `study datasets` lists, none left out: the table, and the places of both."""
BASELINES = [Perceptron(max_passes=100), MaxMargin()]
UNITS = [PenalisedUnit(C=1.0), PenalisedUnit(C=0.01)]
RULES: list[Rule] = [*BASELINES, *UNITS]
JUDGED = ("bias", "variance", "error")
BOX = WeightBound(shape="box", loss="cross-entropy", eps=0.0)
LIMITS: tuple[tuple[Limit, tuple[float, ...]], ...] = ((USUAL, (0.01, 1.0)), (BOX, (3.0,)))
STEP, NEAR = 0.1, 0.01
"""By which share a limit grows along a path, and to which the last change is known."""
WORK = {True: 1e11, False: 1.0}
"""Multiplications that a path may cost. Enough: a budget that is spent would end paths elsewhere on another processor.

Where no line has all points right, only the limits asked for matter.
"""
HALVES = 120
SURE = 0.05


@cache
def pool(problem: str) -> Dataset:
    """Return two classes of a table as it stands, but for features that do not vary among them."""
    X, second, _ = load_pair(*PROBLEMS[problem])
    return Dataset(X=X, y=np.where(second, 1.0, -1.0), name=problem)


def measure(problem: str) -> Records:
    """Decide whether two classes are separable, follow the optimum outward, and ask the law of the last point lost.

    Separability is about the raw features, all else about standardised ones, which it is the same for.
    """
    raw = pool(problem)
    points = standardise(raw)[0]
    decision = separability(raw.X, raw.y)
    row: dict[str, Any] = {
        "n_samples": len(raw.y),
        "n_features": raw.X.shape[1],
        "sha256": hashlib.sha256(raw.X.tobytes() + raw.y.tobytes()).hexdigest()[:16],
        "separable": decision.separable,
    }
    n_fits = 0
    for unit, limits in LIMITS:
        path = follow_path(points, unit, limits, step=STEP, tol=NEAR, work=WORK[decision.separable])
        n_fits += len(path.limits)
        row |= {f"lost_{unit.symbol}_{limit:g}": lost(path, limit) for limit in limits}
        row[f"kept_from_{unit.symbol}"] = float(path.kept_from.max())
    row |= {"predicted_R": np.nan, "regular": False}
    if decision.separable and row["kept_from_R"] > 0.0:
        prices = price_rows(points, decision, BOX, path, (), most_rows=1)
        law = prices.laws.get(int(prices.dearest[0]))
        if law is not None:
            row |= {"predicted_R": law.kept_from, "regular": law.regular}
    return {"": row, "n_fits": n_fits}


def lost(path: LimitPath, limit: float) -> int:
    """Return how many points the optimum at a limit has wrong, or -1 where it was not found."""
    k = path.place(limit)
    return -1 if k is None else int(path.errors[k])


def train_halves(problem: str, size: int, rng: np.random.Generator) -> Records:
    """Train all rules on halves of a table, and count on the other halves."""
    points = pool(problem)
    setting = PoolSetting.of(points.y, resampling="subsample", features="standardised")
    values = {name: getattr(setting, name) for name in ("n_samples", "features", "resampling")}
    rules = rules_where(separability(points.X, points.y).separable)
    records = train_on_pool(size, rng, rules=rules, pool=points, **values)
    counts: Any = records["sweep"]
    return {"halves": one_row(wrong=counts["wrong"][0], groups=counts["groups"][0]), "n_fits": size * len(rules)}


def rules_where(separable: bool) -> list[Rule]:
    """Return what is trained: the widest margin only where there is one."""
    return [rule for rule in RULES if separable or not isinstance(rule, MaxMargin)]


def tables(records: Frames) -> Frames:
    """Make the tables of problems, of the parts of each rule's error, and of their differences."""
    problems = records[""].astype({"separable": bool, "regular": bool})  # sums of one block each
    separable = dict(zip(problems["problem"], problems["separable"], strict=True))
    cells = [(cell, rules_where(separable[cell["problem"]])) for cell in records["halves"].to_dict("records")]
    return {
        "": problems,
        "parts": pd.DataFrame([row for cell, rules in cells for row in parts_rows(cell, rules)]),
        "differences": corrected([row for cell, rules in cells for row in differences_rows(cell, rules)]),
    }


def parts_rows(cell: Mapping[str, Any], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return error, bias and variance of each rule on one problem."""
    rows = []
    for rule, wrong in zip(rules, cell["wrong"].astype(np.int64), strict=True):
        row = {"problem": cell["problem"], "label": rule.label, "n": HALVES}
        rows.append(row | estimate(wrong, cell["groups"]).columns(JUDGED))
    return rows


def differences_rows(cell: Mapping[str, Any], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return by how much each part is larger for a baseline than for each unit, on one problem."""
    pairs = [(i, j) for i, j in product(range(len(rules)), repeat=2) if rules[i] in BASELINES and rules[j] in UNITS]
    rows = []
    for found in each_difference(cell["wrong"].astype(np.int64), cell["groups"], pairs, JUDGED):
        row = {"problem": cell["problem"], "baseline": rules[found.i].label, "label": rules[found.j].label}
        row |= {"part": found.part, "difference": found.value, "low": found.low, "high": found.high}
        rows.append(row | {"p": found.p})
    return rows


def corrected(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return all differences with p-values that Holm's method corrects together, and on which side of zero they are."""
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy())
    table["side"] = np.where(table["p_holm"] < SURE, np.sign(table["difference"]), 0.0).astype(int)
    return table


def package_counts(problems: pd.DataFrame) -> Numbers:
    """Count each package's problems, those that are separable, and those of them that lose points at a C of one."""
    package = [SOURCES[PROBLEMS[problem][0]].package for problem in problems["problem"]]
    loses = problems["separable"] & (problems["lost_C_1"] > 0)
    table = problems.assign(package=package, loses=loses).groupby("package", as_index=False)
    counts = table.agg(problems=("separable", "size"), separable=("separable", "sum"), lost_C_1=("loses", "sum"))
    return nested(counts, {"package": ""})


def side_counts(differences: pd.DataFrame, inseparable: pd.Series) -> Numbers:
    """Count on which side of zero the differences of all problems are, or surely are."""
    larger = differences["side"] > 0
    of_them = larger & differences["problem"].isin(inseparable)
    key = {"baseline": "", "label": "", "part": ""}
    table = differences.assign(larger=larger, of_them=of_them).groupby(list(key), as_index=False)
    counts = table.agg(
        problems=("side", "size"),
        larger=("larger", "sum"),
        larger_inseparable=("of_them", "sum"),
        smaller=("side", lambda side: int((side < 0).sum())),
        larger_estimates=("difference", lambda estimates: int((estimates > 0.0).sum())),
        difference=("difference", "mean"),
    )
    return nested(counts, key)


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    problems = tables[""]
    separable = problems[problems["separable"]]
    named = separable["predicted_R"] > 0.0
    ratio = (separable["kept_from_R"] / separable["predicted_R"])[named]
    silent = separable["kept_from_R"][(separable["kept_from_R"] > 0.0) & ~named]
    [cancer] = problems[problems["problem"].str.startswith("breast_cancer")].to_dict("records")
    limits = [name.removeprefix("lost_") for name in problems if name.startswith("lost_")]
    return {
        "n": HALVES,
        "problems": len(problems),
        "separable": len(separable),
        "inseparable": len(problems) - len(separable),
        "packages": package_counts(problems),
        "lost": {name.replace(".", "_"): int((separable[f"lost_{name}"] > 0).sum()) for name in limits},
        "most_lost": {name.replace(".", "_"): int(separable[f"lost_{name}"].max()) for name in limits},
        "keeps_all_at": {symbol: float(separable[f"kept_from_{symbol}"].median()) for symbol in ("C", "R")},
        "compared": side_counts(tables["differences"], problems.loc[~problems["separable"], "problem"]),
        "comparisons": len(tables["differences"]),
        "law": {
            "problems": len(ratio),
            "silent": len(silent),
            "silent_below": float(silent.max()),
            "within": int(ratio.between(0.5, 2.0).sum()),
            "ratio": float(ratio.median()),
            "least": float(ratio.min()),
            "most": float(ratio.max()),
            "breast_cancer": {name: cancer[name] for name in ("predicted_R", "kept_from_R")},
        },
    }


EXPERIMENT = experiment(
    name="natural",
    question="How often are points given up on natural data, and is the variance lower there?",
    settings={"halves": HALVES, "sure": SURE},
    parts={
        "problems": Part(run=measure, cells=every(problem=PROBLEMS), draws=False),
        "halves": Part(run=train_halves, cells=every(problem=PROBLEMS), resamples=HALVES),
    },
    block_size=HALVES,
    merge=add_up,
    tables=tables,
    numbers=numbers,
)
