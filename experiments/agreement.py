"""What the rules say of their own answers, held against references of more digits."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from experiments._references import (
    Bounds,
    Unit,
    exact_signs,
    excess_of_cross_entropy,
    excess_of_soft_margin,
    fall_of_quadratic,
    shortfall_of_margin,
)
from study import Bound, Stop, functional_margins, max_margin, separates, sigmoid_unit, soft_margin
from study.analysis.interval import rates
from study.analysis.separability import is_separable, separability
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, summarise
from study.trainers.losses import Loss

SHARE = 1e-9
"""An answer is wrong where it is more than this share above the least."""
MOST_SAMPLES, MOST_FEATURES, MOST_IMBALANCED, MOST_PASSES = 500, 50, 1001, 1000
KINDS = ("plain", "scaled", "far", "thin", "collinear", "nearly collinear", "repeated", "imbalanced")
Answer = tuple[str, Bounds]
"""Why the rule stopped, and what bounds the share by which its answer is above the least (NaN where it claims none)."""
NOTHING = (np.nan, np.nan)


def examine(rule: str, kind: str, size: int, rng: np.random.Generator) -> Records:
    """Draw problem after problem, and hold what the rule says of its answer against a reference; one row a problem."""
    rows = []
    for _ in range(size):
        stop, (low, high) = RULES[rule](*draw(kind, rng), rng)
        rows.append({"stop": stop, "low": low, "high": high})
    return {"problems": rows, "n_fits": size}


def draw(kind: str, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw points and labels of one kind, of all sizes; about half of them are separable.

    Features that are linear combinations of others are so exactly where the kind is "collinear", and up to rounding
    where it is "nearly collinear".
    """
    n, d = max(2, log_uniform(MOST_SAMPLES, rng)), log_uniform(MOST_FEATURES, rng)
    if kind == "imbalanced":
        n, d = MOST_IMBALANCED, log_uniform(3, rng)
    rank = int(rng.integers(1, d + 1)) if "collinear" in kind else d
    X, v = rng.normal(size=(n, rank)), rng.normal(size=rank)
    v /= np.linalg.norm(v)
    if kind == "repeated":
        X = np.round(2.0 * X[rng.integers(0, n // 3 + 1, n)]) / 2.0
    y = np.where(X @ v + rng.choice([0.0, 0.0, 1.0]) * rng.normal(size=n) > 0.0, 1.0, -1.0)
    y[:2] = [1.0, -1.0]
    if kind == "imbalanced":
        y = np.where(np.arange(n) == 0, 1.0, -1.0)
    if kind == "thin" or rng.uniform() < 0.5:
        X = part(X, y, v, kind, rng)
    if kind == "collinear":
        X = np.round(2.0**20 * X) / 2.0**20 @ np.round(4.0 * rng.normal(size=(rank, d)))
    if kind == "nearly collinear":
        X = X @ rng.normal(size=(rank, d))
    if kind == "far":
        X = X + 10.0 ** rng.uniform(0.0, 6.0) * rng.normal(size=d)
    if kind == "scaled":
        X = X * 10.0 ** rng.uniform(-6.0, 6.0, d)
    return X * 2.0 ** np.round(rng.choice([0.0, 20.0]) * rng.uniform(-1.0, 1.0)), y


def log_uniform(most: int, rng: np.random.Generator) -> int:
    """Draw a whole number from 1 to the most, small ones more often."""
    return int(np.rint(most ** (rng.uniform() ** 3)))


def part(X: Floats, y: Floats, v: Floats, kind: str, rng: np.random.Generator) -> Floats:
    """Move points along the unit vector v to their own sides, some of them or all, where margins are thin, up to it."""
    along = X @ v
    distance = np.abs(along)
    gap = 10.0 ** (rng.uniform(-12.0, -3.0) if kind == "thin" else rng.uniform(-2.0, 0.0))
    if kind == "thin":
        distance[rng.uniform(size=len(y)) < rng.choice([0.1, 1.0])] *= gap
    return X + np.outer(y * (gap + distance) - along, v)


# What a rule says, and what is so


def unit(loss: Loss, shapes: tuple[str, ...]) -> Callable[..., Answer]:
    """Return how a unit with this loss is examined, inside one of these bounds."""

    def answer(X: Floats, y: Floats, rng: np.random.Generator) -> Answer:
        shape: Any = rng.choice(shapes)
        R = np.inf if shape == "none" else 10.0 ** rng.uniform(-2.0, 6.0)
        eps = float(rng.choice([0.0, 0.0, 1e-6, 0.1] if shape != "none" else [0.0, 1e-12, 1e-6, 0.1]))
        weight = 10.0 ** (rng.choice([0.0, 0.0, 3.0]) * rng.uniform(size=len(y)))
        bound = Bound() if shape == "none" else Bound(shape, R)
        fit = sigmoid_unit(X, y, loss=loss, eps=eps, sample_weight=weight, bound=bound, method="newton")
        stop = Stop(int(fit.stop))
        if stop == Stop.SEPARATED:
            return stop.name, wrong_where(min(exact_signs(fit.w.tolist(), X, y)) < 1)
        if stop != Stop.STATIONARY:
            return stop.name, NOTHING
        reference = Unit.of(X, y, weight, eps, shape, R, fit.w)
        if loss == "cross-entropy":
            return stop.name, excess_of_cross_entropy(reference, fit.w)
        fall = fall_of_quadratic(reference, fit.w)
        return stop.name, (fall, fall)

    return answer


def widest(X: Floats, y: Floats, _: np.random.Generator) -> Answer:
    """Examine the widest margin, or that there is none."""
    fit = max_margin(X, y)
    stop = Stop(int(fit.stop))
    if stop == Stop.NOT_SEPARABLE:
        return stop.name, wrong_where(proven_separable(X, y) is not False)
    return stop.name, shortfall_of_margin(X, y, fit.w) if stop == Stop.STATIONARY else NOTHING


def soft(X: Floats, y: Floats, rng: np.random.Generator) -> Answer:
    """Examine the soft margin, asked for as many digits as the others."""
    C = 10.0 ** rng.uniform(-3.0, 3.0)
    fit = soft_margin(X, y, C=C, tol=SHARE, max_passes=MOST_PASSES)
    stop = Stop(int(fit.stop))
    return stop.name, excess_of_soft_margin(X, y, fit.w, C) if stop == Stop.STATIONARY else NOTHING


def decision(X: Floats, y: Floats, _: np.random.Generator) -> Answer:
    """Examine whether a set is said to be separable where evidence proves it."""
    said = bool(is_separable(X, y))
    return Stop.STATIONARY.name, wrong_where(proven_separable(X, y) is not said)


def proven_separable(X: Floats, y: Floats) -> bool | None:
    """Return what evidence proves in rational numbers: weights that separate, or multipliers of the samples; else None.

    Where the evidence comes from is of no matter.
    """
    evidence = separability(X, y)
    if evidence.w:
        return True if min(exact_signs(evidence.w, X, y)) > 0 else None
    chosen = list(evidence.multipliers)
    rows = [[*(fmpq(*x.as_integer_ratio()) for x in X[i].tolist()), fmpq(1)] for i in chosen]
    pulls = [evidence.multipliers[i] * int(y[i]) for i in chosen]
    sums = [sum((m * x for m, x in zip(pulls, column, strict=True)), fmpq(0)) for column in zip(*rows, strict=True)]
    return False if chosen and not any(sums) and min(evidence.multipliers.values()) > 0 else None


def metric(X: Floats, y: Floats, rng: np.random.Generator) -> Answer:
    """Examine the signs of the margins, half of the time with a sample on the boundary, or next to it."""
    w = rng.normal(size=X.shape[1] + 1)
    if rng.uniform() < 0.5:
        w[:-1] = np.round(4.0 * w[:-1])
        w[-1] = -(X[rng.integers(len(y))] @ w[:-1])
        w[-1] += rng.choice([0.0, 0.0, 1.0]) * rng.normal() * np.spacing(w[-1])
    signs = exact_signs(w.tolist(), X, y)
    same = np.sign(functional_margins(w, X, y)) == signs
    return Stop.STATIONARY.name, wrong_where(not same.all() or bool(separates(w, X, y)) != (min(signs) > 0))


def wrong_where(condition: bool) -> Bounds:
    """Return the share 1 where what was said is wrong, else 0."""
    return (float(condition), float(condition))


RULES: dict[str, Callable[..., Answer]] = {
    "cross-entropy in a box": unit("cross-entropy", ("box",)),
    "cross-entropy in a ball": unit("cross-entropy", ("ball",)),
    "cross-entropy without a bound": unit("cross-entropy", ("none",)),
    "quadratic": unit("quadratic", ("box", "ball", "none")),
    "max_margin": widest,
    "soft_margin": soft,
    "is_separable": decision,
    "separates": metric,
}


# Tables


def tables(records: Frames) -> Frames:
    """Make one row for each rule and kind of problem, and one for each rule."""
    problems = records["problems"]
    return {"": summarise(problems, ["rule", "kind"], counts), "rules": summarise(problems, ["rule"], counts)}


def counts(rows: Rows) -> dict[str, Any]:
    """Return how many answers claim to be the best, how many of these are not, or may not be, and who claims nothing.

    `largest` is the most by which an answer that claims to be the best may be above the least.
    """
    claims = np.isin(rows["stop"], ["STATIONARY", "SEPARATED", "NOT_SEPARABLE"])
    wrong = claims & ~(rows["low"] <= SHARE)
    return {
        "claims": int(claims.sum()),
        "wrong": int(wrong.sum()),
        "open": int((claims & ~wrong & ~(rows["high"] <= SHARE)).sum()),
        "largest": float(rows["high"][claims].max(initial=0.0)),
        "spent": int((rows["stop"] == "BUDGET_SPENT").sum()),
        **rates({"stalled": rows["stop"] == "STALLED"}, "stalled"),
    }


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    rules, kinds = tables["rules"], tables[""]
    return {
        "n": int(rules["n"].min()),
        "n_kind": int(kinds["n"].min()),
        "open": int(rules["open"].sum()),
        "rules": nested(rules, {"rule": ""}, ["claims", "wrong", "stalled", "spent"]),
        "kinds": nested(kinds, {"rule": "", "kind": ""}, ["wrong"]),
    }


EXPERIMENT = experiment(
    name="agreement",
    question="How often is an answer that a rule calls the best not the best?",
    settings={
        "share": SHARE,
        "most_samples": MOST_SAMPLES,
        "most_imbalanced": MOST_IMBALANCED,
        "most_features": MOST_FEATURES,
        "most_passes": MOST_PASSES,
    },
    parts={"": Part(run=examine, cells=every(rule=RULES, kind=KINDS))},
    resamples=2500,
    block_size=50,
    tables=tables,
    numbers=numbers,
    kind="long",
)
