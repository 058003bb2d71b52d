"""The lecture's other pictures: safe points far out, a spoiler in four places, and a spoiler anywhere."""

from itertools import combinations
from typing import Any

import numpy as np

from experiments._proofs import accepted, statement
from experiments.stability import GRID, trained, with_point
from study import disagreement, functional_margins, is_separable, make_boxes, max_margin, verdict
from study.analysis.interval import middle, rate
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.law.bound import LOSSES, HardLoss, asymptote
from study.law.conflict import spoilt
from study.law.thresholds import threshold
from study.sweeps.experiment import Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise

FAR, NEAR = (5.0, 10.0), -0.5
FAR_BOUNDS = (1.0, 2.0, 3.0)
SIDES = {"certificate_below": (-0.05, "separates"), "certificate_above": (0.05, "fails")}
"""How far from ln M* each side is proved."""
N_SAMPLES = 100
RULES = ("perceptron", "max-margin", "unit, cross-entropy, box", "unit, quadratic, box")
MOST_DRAWS = 1000


def line(distance: float) -> tuple[Floats, Floats]:
    """Return two safe positive points far out on a line, and the negative class: one point near the middle."""
    return np.array([[distance], [distance + 1.0], [NEAR]]), np.array([1.0, 1.0, -1.0])


def weighted(distance: float, ln_M: float) -> dict[str, Any]:
    """Return the points as proofs take them, each far one of weight M."""
    X, y = line(distance)
    return {"X": X, "y": y, "sample_weight": np.where(y > 0.0, np.exp(ln_M), 1.0)}


def outvote(loss: HardLoss, distance: float, weight_bound: float) -> Records:
    """Find how many points far out outvote a whole class, and prove both sides."""
    X, y = line(distance)
    points = spoilt(X, y, y < 0.0, "box")
    ln_M = threshold(points, loss, weight_bound)
    row: dict[str, Any] = {
        "gamma0": points.gamma0,
        "ln_threshold": ln_M,
        "ln_law": asymptote(points, loss, weight_bound),
    }
    for column, (step, claim) in SIDES.items():
        found = verdict(**weighted(distance, ln_M + step), loss=loss, weight_bound=weight_bound)
        row[f"is_{claim}"] = found.claim == claim
        row[column] = accepted(found.certificate)["certificate"]
    return {"far": row, "n_fits": 2}


def far_statement(row: Row) -> Statements:
    """Return what the proofs of both sides must state."""
    unit = {"loss": row["loss"], "weight_bound": row["weight_bound"]}
    return {
        column: statement(**weighted(row["distance"], row["ln_threshold"] + step), **unit, claim=claim)
        for column, (step, claim) in SIDES.items()
    }


def try_four_places(size: int, rng: np.random.Generator) -> Records:
    """Put a spoiler in each of four places around the same points: either class, above or below."""
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    before = {rule: trained(rule, base.X, base.y, None) for rule in RULES}
    after: dict[str, list[Floats]] = {rule: [] for rule in RULES}
    for label in (1.0, -1.0):
        for side in (1.0, -1.0):
            place = np.array([-label * PLACE["depth"], side * PLACE["offset"]])
            more = with_point(base, np.tile(place, (size, 1)), np.full(size, label))
            for rule in RULES:
                after[rule].append(trained(rule, more.X, more.y, None))
    rows = [
        {
            "rule": rule,
            "from_base": np.max([disagreement(before[rule], w, GRID) for w in after[rule]], axis=0),
            "apart": np.max([disagreement(w, v, GRID) for w, v in combinations(after[rule], 2)], axis=0),
        }
        for rule in RULES
    ]
    return {"four": rows, "n_fits": 5 * size * len(RULES)}


def try_any_place(size: int, rng: np.random.Generator) -> Records:
    """Put a spoiler anywhere in the region, either label, where the widest margin without it has it wrong."""
    base = make_boxes(N_SAMPLES, **BOX, size=size, rng=rng)
    spoilers = [draw_place(X, y, rng) for X, y in zip(base.X, base.y, strict=True)]
    place, label, _ = (np.array(part) for part in zip(*spoilers, strict=True))
    more = with_point(base, place, label)
    rows = [
        {"rule": rule, "lost": functional_margins(trained(rule, more.X, more.y, None), more.X, more.y)[:, -1] <= 0.0}
        for rule in RULES
    ]
    n_draws = np.array([n for *_, n in spoilers])
    return {"any": rows, "draws": {"n_draws": n_draws}, "n_fits": size * len(RULES)}


def draw_place(X: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, float, int]:
    """Return the first place, label and number of draws at which a point is a spoiler and the set still separable."""
    w = max_margin(X, y).w
    for n_draws in range(1, MOST_DRAWS):
        place, label = rng.uniform(GRID.min(axis=0), GRID.max(axis=0)), float(rng.choice([-1.0, 1.0]))
        wrong = label * (w[:-1] @ place + w[-1]) < 0.0
        if wrong and is_separable(np.vstack([X, place]), np.append(y, label)):
            return place, label, n_draws
    raise AssertionError(f"no spoiler was drawn in {MOST_DRAWS} tries")


def tables(records: Frames) -> Frames:
    """Make the table of far points, that of the four places and that of any place."""
    return {
        "": records["far"],
        "four": summarise(records["four"], ["rule"], four_row),
        "any": summarise(records["any"], ["rule"], lambda rows: rate("lost", rows["lost"])),
        "draws": summarise(
            records["draws"].assign(place="any"), ["place"], lambda rows: {"mean": rows["n_draws"].mean()}
        ),
    }


def four_row(rows: Rows) -> dict[str, float]:
    """Return how far a spoiler moves the boundary, and how far apart those of two places are."""
    return middle("from_base", rows["from_base"]) | middle("apart", rows["apart"])


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    far = tables[""]
    both = far["is_separates"] & far["is_fails"]
    return {
        "n": int(tables["four"]["n"].min()),
        "far": {
            "n": len(far),
            "proved": int(both.sum()),
            "off_law": float((far["ln_threshold"] - far["ln_law"]).abs().max()),
            **nested(
                far.assign(copies=np.exp(far["ln_threshold"])),
                {"loss": "", "distance": "D", "weight_bound": "R"},
                ["copies"],
            ),
        },
        "four": nested(tables["four"].drop(columns="n"), {"rule": ""}),
        "any": nested(tables["any"], {"rule": ""}),
        "draws": {key(place): mean for place, mean in tables["draws"].set_index("place")["mean"].items()},
    }


EXPERIMENT = experiment(
    name="lecture",
    question="Do safe points far out outvote a class, and does a spoiler do the same wherever it lies?",
    settings={"n_samples": N_SAMPLES, "near": NEAR, "proved_within": SIDES["certificate_above"][0]},
    parts={
        "far": Part(run=outvote, cells=every(loss=LOSSES, distance=FAR, weight_bound=FAR_BOUNDS), draws=False),
        "four": Part(run=try_four_places, resamples=1000),
        "any": Part(run=try_any_place, resamples=1000),
    },
    block_size=100,
    tables=tables,
    numbers=numbers,
    statements={"": far_statement},
)
