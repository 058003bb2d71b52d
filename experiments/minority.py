"""A minority that its features mark badly: what C does for it, what a weight does, and what the law says of both.

The rule, stated before a fit was looked at. The table is breast cancer: of those that `study datasets` then listed,
the only one that has two classes by itself. Features are standardised. By itself, that feature tells the classes best
whose two class means lie farthest apart. The minority are the rows of the smaller class, the malignant tumours, that
this feature puts with the other class: beyond the midpoint of the two means. The other two groups are the rest of the
malignant tumours, and the benign ones.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from study.analysis.interval import mean
from study.analysis.limit_path import follow_path
from study.analysis.limits import Penalty
from study.analysis.margin import functional_margins
from study.checks import BadInput
from study.datasets.dataset import Dataset
from study.datasets.shipped import load_pair
from study.datasets.table import standardise
from study.law.conflict import Spoilt
from study.law.penalty import penalty_law
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, experiment, key, nested, summarise
from study.trainers.sigmoid_unit import sigmoid_unit

GROUPS = ("minority", "rest of its class", "other class")
UNIT = Penalty(bias="penalised", loss="cross-entropy", eps=0.0)
"""The bias is penalised too, as by scikit-learn's liblinear: there the law of hundreds of points is quick."""
LIMITS = tuple(float(10.0**e) for e in range(-3, 6))
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
SETTINGS = [*((C, 1.0) for C in LIMITS), *((1.0, k) for k in WEIGHTS[1:])]
"""C, and the weight of each row of the minority, the others of weight 1."""
HALVES = 60
HEAVIEST = 1e9


@cache
def table() -> tuple[Dataset, NDArray[np.int64]]:
    """Return the tumours, standardised, and the place of each one's group."""
    X, second, _ = load_pair("breast-cancer", (0, 1))
    points = standardise(Dataset(X=X, y=np.where(second, 1.0, -1.0), name="breast cancer"))[0]
    return points, groups_of(points)


def groups_of(points: Dataset) -> NDArray[np.int64]:
    """Return the place in `GROUPS` of each sample of standardised points, by the rule above."""
    means = {side: points.X[points.y == side].mean(axis=0) for side in (-1.0, 1.0)}
    j = int(np.argmax(np.abs(means[1.0] - means[-1.0])))
    middle = (means[1.0][j] + means[-1.0][j]) / 2.0
    smaller = 1.0 if (points.y > 0.0).sum() < (points.y < 0.0).sum() else -1.0
    beyond = (points.X[:, j] - middle) * (means[smaller][j] - middle) < 0.0
    return np.where(points.y != smaller, 2, np.where(beyond, 0, 1))


def draw_halves(size: int, rng: np.random.Generator) -> Records:
    """Train on halves of each group at each setting, standardised by the half alone, and err on the other halves."""
    points, group = table()
    order = rng.permuted(np.tile(np.arange(len(group)), (size, 1)), axis=1)
    order = np.take_along_axis(order, np.argsort(group[order], axis=1, kind="stable"), axis=1)  # group after group
    place = np.concatenate([np.arange(n) for n in np.bincount(group)])
    size_of = np.repeat(np.bincount(group), np.bincount(group))
    train, test = order[:, place < size_of // 2], order[:, place >= size_of // 2]
    X = points.X[train]
    centre, spread = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
    spread = np.where(spread > 0.0, spread, 1.0)
    tested = group[test][0]
    rows = []
    for C, k in SETTINGS:
        weights = np.where(group[train] == 0, k, 1.0)
        options = {**UNIT.options(C), "sample_weight": weights, "method": "compiled"}
        w = sigmoid_unit((X - centre) / spread, points.y[train], **options).w
        wrong = ~(functional_margins(w, (points.X[test] - centre) / spread, points.y[test]) > 0.0)
        errors = [wrong[:, tested == g].mean(axis=1) for g in range(len(GROUPS))]
        rows += [{"C": C, "k": k, "group": name, "error": e} for name, e in zip(GROUPS, errors, strict=True)]
        rows.append({"C": C, "k": k, "group": "all", "error": wrong.mean(axis=1)})
    return {"halves": rows, "n_fits": size * len(SETTINGS)}


def price_minority() -> Records:
    """Find on all rows the C and the weight from which each row of the minority is kept, and what the law says."""
    points, group = table()
    path = follow_path(points, UNIT, (1.0,))
    rows = []
    for sample in np.flatnonzero(group == 0).tolist():
        of_C, of_k = predict(points, group, sample)
        row = {"sample": sample, "kept_from": float(path.kept_from[sample]), "predicted": of_C, "predicted_k": of_k}
        rows.append({**row, "right_at_one": bool(path.right[path.place(1.0), sample])})
    return {"": rows, "kept": {"k": [keeping_weight(points, group)]}, "n_fits": len(path.limits)}


def keeping_weight(points: Dataset, group: NDArray[np.int64]) -> float:
    """Return the weight of the minority's rows from which all of them are right at a C of one."""

    def least_margin(log_k: float) -> float:
        fit = UNIT.fit(points, 1.0, sample_weight=np.where(group == 0, np.exp(log_k), 1.0))
        return float(functional_margins(fit.w, points.X, points.y)[group == 0].min())

    if least_margin(0.0) > 0.0:
        return 1.0
    high = np.log(HEAVIEST)
    return float(np.exp(brentq(least_margin, 0.0, high, xtol=1e-4))) if least_margin(high) > 0.0 else np.inf


def predict(points: Dataset, group: NDArray[np.int64], sample: int) -> tuple[float, float]:
    """Return the C from which the law keeps a row, all others being base points, and the minority's weight at C = 1.

    A row of weight k under C is one of weight 1 under k C, whose others count 1 / k times; of the others the rows of
    the minority count as often as it, which shifts ln M* by alpha.ln of how often. 0 and 1 without conflict.
    """
    Z = points.y[:, None] * np.column_stack([points.X, np.ones(len(points.y))])
    own = np.arange(len(Z)) == sample
    try:
        others = Spoilt(base=Z[~own], spoilers=Z[own], shape="ball")
        law = penalty_law(others, "penalised")
    except BadInput:  # the others are not separable by any margin that floats tell
        return np.nan, np.nan
    if not np.isfinite(law.slope):
        return 0.0, 1.0
    alike = float(others.best.alpha[group[~own] == 0].sum())

    def excess(log_k: float) -> float:
        return law.slope * float(np.exp(log_k)) + law.constant + (1.0 - alike) * log_k

    of_k = 1.0 if excess(0.0) >= 0.0 else float(np.exp(brentq(excess, 0.0, np.log(HEAVIEST))))
    return max(-law.constant / law.slope, 0.0), of_k


def tables(records: Frames) -> Frames:
    """Make the tables of the minority's rows, of held-out errors, and of the weight that keeps all rows."""
    halves = summarise(records["halves"], ["C", "k", "group"], error_row)
    return {"": records[""], "errors": halves, "kept": records["kept"]}


def error_row(rows: Rows) -> dict[str, float]:
    """Return the mean error over the halves, with its interval."""
    return mean("error", rows["error"])


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rows, errors = tables[""], tables["errors"]
    of_groups = errors[errors["group"] != "all"].groupby(["C", "k"], sort=False)
    worst = of_groups["error"].max().reset_index()
    at_one = errors[(errors["C"] == 1.0) & (errors["k"] == 1.0)]
    over_C, over_k = worst[worst["k"] == 1.0], worst[worst["C"] == 1.0]
    best_C, best_k = (one.loc[one["error"].idxmin()] for one in (over_C, over_k))
    sizes = np.bincount(table()[1]).tolist()
    last = rows.loc[rows["kept_from"].idxmax()]
    return {
        "halves": HALVES,
        "rows": {key(name): n for name, n in zip(GROUPS, sizes, strict=True)},
        "at_one": nested(at_one, {"group": ""}, ["error"]) | {"worst": at_one["error"].max()},
        "best_C": {"C": best_C["C"], "worst": best_C["error"]},
        "best_k": {
            "k": best_k["k"],
            "worst": best_k["error"],
            "all": float(errors.query("C == 1 and group == 'all'").set_index("k")["error"][best_k["k"]]),
        },
        "lost_at_one": int((~rows["right_at_one"].astype(bool)).sum()),
        "kept_from": {"measured": last["kept_from"], "predicted": float(rows["predicted"].max())},
        "weight": {"measured": float(tables["kept"]["k"][0]), "predicted": float(rows["predicted_k"].max())},
    }


EXPERIMENT = experiment(
    name="minority",
    question="What do C and a weight do for a minority that its features mark badly, and what does the law say?",
    settings={"halves": HALVES},
    parts={"rows": Part(run=price_minority, draws=False), "halves": Part(run=draw_halves, resamples=HALVES)},
    block_size=20,
    tables=tables,
    numbers=numbers,
)
