"""Networks and a few spoilers: how far a boundary moves, its variance beside optimal rules', and what starts add."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments._curved import FAR, HEIGHT, Wave
from experiments._differences import differences
from study import Bound, Dataset, Optimiser, add_spoilers, initial_weights, make_boxes, max_margin, network, outputs
from study.analysis.bias_variance import estimate, group_counts, group_sizes
from study.analysis.interval import mean
from study.analysis.margin import decision_values
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.datasets.spoilers import PLACE
from study.sweeps.grid import N_GROUPS
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, nested, one_row, summarise
from study.sweeps.streams import stream

N_SAMPLES, RATE, N_SPOILERS = 40, 0.03, 3
"""Points of a set; the probability of each to be a spoiler; and the spoilers that are added to a set."""
N_ORDINARY, N_TEST_SPOILERS = 1000, 300
DEPTHS, SLOPES = (1, 2, 3), 4.0
BOUNDS = {"clusters": {"tight": 4.0, "wide": 16.0}, "wave": {"tight": 16.0, "wide": 256.0}}
"""Of the product of the layers' norms, times four for each hidden layer, whose slopes are a quarter at most."""
DECAYS = ((1e-3, 200), (1e-4, 200), (1e-5, 400))
"""One after another, from where the last one led, and for how many steps: towards the widest margin of the class."""
MAX_STEPS = 150
KINDS = {4: [*product(DEPTHS, ("tight", "wide", "decay"))], 16: [*product(DEPTHS, ("tight", "wide")), (1, "decay")]}
"""Depths and kinds of networks that are trained on the same sets, for each width."""
JUDGED = ("error", "bias", "variance")
RIVALS = ("moved_nearest", "moved_margin")
WEIGHT = np.repeat([(1.0 - RATE) / N_ORDINARY, RATE / N_TEST_SPOILERS], [N_ORDINARY, N_TEST_SPOILERS])
"""What each test point counts."""
Says = Callable[[Floats], NDArray[np.bool_]]
"""What a stack of boundaries says of places, of shape (n, 2) or (size, n, 2): whether +1, of shape (size, n)."""


def draw(geometry: str, n_samples: int, n_spoilers: int, size: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw sets of points and, last, spoilers: two clusters, or both sides of a wave with an island."""
    if geometry == "clusters":
        base = make_boxes(n_samples, **BOX, size=size, rng=rng)
        points: Dataset = add_spoilers(base, n_spoilers, **PLACE, rng=rng)
        return points.X, points.y
    world = Wave(np.zeros(size), np.ones(size), np.tile([0.5, HEIGHT + FAR], (size, 1)))
    (X, y), (rare_X, rare_y) = world.common(n_samples, rng), world.rare(n_spoilers, rng)
    return np.concatenate([X, rare_X], axis=1), np.concatenate([y, rare_y], axis=1)


@cache
def test_points(geometry: str) -> tuple[Floats, Floats]:
    """Draw the test points of a geometry, the ordinary ones first; the same for all cells."""
    X, y = draw(geometry, N_ORDINARY, N_TEST_SPOILERS, 1, stream("curved", "test", {"geometry": geometry}, 0))
    return X[0], y[0]


def fit(X: Floats, y: Floats, layers: tuple[int, ...], w0: Floats, bound: float | None) -> Says:
    """Train networks inside a bound, or with a decay that goes to zero, and return what they say."""
    w = w0
    if bound is not None:
        bounded: dict[str, Any] = {"bound": Bound("ball", bound), "method": "spectral", "max_steps": MAX_STEPS}
        w = network(X, y, layers=layers, w0=w, tol=1e-6, **bounded).w
    else:
        for decay, steps in DECAYS:
            how = Optimiser(rule="adam", learning_rate=0.05, weight_decay=decay)
            w = network(X, y, layers=layers, w0=w, method=how, max_steps=steps, tol=0.0).w
    return lambda places: np.asarray(outputs(w, places, layers) > 0.0)


def nearest(X: Floats, y: Floats) -> Says:
    """Return what the label of the nearest point says."""

    def says(places: Floats) -> NDArray[np.bool_]:
        square = np.square(X).sum(axis=-1)[:, None, :] - 2.0 * places @ np.swapaxes(X, -1, -2)
        return np.asarray(np.take_along_axis(y, square.argmin(axis=-1), axis=-1) > 0.0)

    return says


def widest(X: Floats, y: Floats) -> Says:
    """Return what the line of the widest margin says."""
    w = max_margin(X, y).w
    return lambda places: np.asarray(decision_values(w, places) > 0.0)


def bound_of(geometry: str, kind: str, depth: int) -> float | None:
    """Return the bound of a kind of network, or none where its weights decay."""
    return BOUNDS[geometry][kind] * SLOPES**depth if kind in BOUNDS[geometry] else None


def rivals(geometry: str) -> dict[str, Callable[[Floats, Floats], Says]]:
    """Return the rules without hidden nodes whose training error is zero."""
    if geometry == "clusters":
        return {"nearest": nearest, "margin": widest}
    return {"nearest": nearest}


def count_wrong(geometry: str, width: int, size: int, rng: np.random.Generator) -> Records:
    """Train all rules on the same sets, some of whose points are spoilers, and count."""
    X, y = draw(geometry, N_SAMPLES, N_SAMPLES, size, rng)
    replaced = rng.random((size, N_SAMPLES)) < RATE
    X = np.where(replaced[..., None], X[:, N_SAMPLES:], X[:, :N_SAMPLES])
    y = np.where(replaced, y[:, N_SAMPLES:], y[:, :N_SAMPLES])
    rules = {name: rule(X, y) for name, rule in rivals(geometry).items()}
    for depth, kind in KINDS[width]:
        layers = (width,) * depth + (1,)
        w0 = initial_weights(2, layers, scale=1.0, size=size, rng=rng)
        rules[f"{kind}_{depth}"] = fit(X, y, layers, w0, bound_of(geometry, kind, depth))
    places, labels = test_points(geometry)
    wrong = np.stack([says(places) != (labels > 0.0) for says in rules.values()])
    counts = np.stack([group_counts(of_rule, N_GROUPS) for of_rule in wrong])
    separates = [int((says(X) == (y > 0.0)).all(axis=-1).sum()) for says in rules.values()]
    columns = one_row(wrong=counts.astype(np.uint16), groups=group_sizes(size, N_GROUPS), separates=separates)
    return {"counts": columns, "n_fits": size * len(rules)}


def measure(geometry: str, width: int, depth: int, kind: str, size: int, rng: np.random.Generator) -> Records:
    """Compare boundaries of one set and start with those of another start, another set, and of the set with spoilers.

    Each is the share of ordinary test points on which two boundaries differ.
    """
    (X, y), (other_X, other_y) = (draw(geometry, N_SAMPLES, N_SPOILERS, size, rng) for _ in range(2))
    n, layers = N_SAMPLES, (width,) * depth + (1,)
    start, other_start = initial_weights(2, layers, scale=1.0, size=(2, size), rng=rng)
    train = partial(fit, layers=layers, bound=bound_of(geometry, kind, depth))
    places = test_points(geometry)[0][:N_ORDINARY]
    base = train(X[:, :n], y[:, :n], w0=start)(places)
    pairs = {
        "starts": (base, train(X[:, :n], y[:, :n], w0=other_start)(places)),
        "data": (base, train(other_X[:, :n], other_y[:, :n], w0=start)(places)),
        "moved": (base, train(X, y, w0=start)(places)),
    }
    for name, rule in rivals(geometry).items():
        pairs[f"moved_{name}"] = rule(X[:, :n], y[:, :n])(places), rule(X, y)(places)
    shares = {name: (one != two).mean(axis=-1) for name, (one, two) in pairs.items()}
    return {"": shares, "n_fits": 4 * size}


def tables(records: Frames) -> Frames:
    """Make the tables of shares that differ, of the parts of each rule's error, and of their differences."""
    cells = [
        (str(own["geometry"].iloc[0]), int(own["width"].iloc[0]), own)
        for _, own in records["counts"].groupby(["geometry", "width"], sort=False)
    ]
    return {
        "": summarise(records[""], ["geometry", "width", "depth", "kind"], share_row),
        "parts": pd.concat([parts_of(*cell) for cell in cells], ignore_index=True),
        "differences": pd.concat([differences_of(*cell) for cell in cells], ignore_index=True),
    }


def share_row(rows: Rows) -> dict[str, float]:
    """Return the mean shares of the plane on which boundaries differ, and by how much data change more than starts."""
    names = [name for name in ("starts", "data", "moved", *RIVALS) if name in rows and not np.isnan(rows[name]).any()]
    found = {column: value for name in names for column, value in mean(name, rows[name]).items()}
    found |= mean("data_more", rows["data"] - rows["starts"])
    for name in RIVALS:
        if name in names:
            found |= mean(f"{name}_more", rows[name] - rows["moved"])
    return found


def whole(blocks: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the counts of all blocks of a cell, of shape (n_rules, n_groups, n_test), and the sizes of groups."""
    wrong, groups = (np.stack(list(blocks[name])).astype(np.int64).sum(axis=0) for name in ("wrong", "groups"))
    return wrong, groups


def labels_of(geometry: str, width: int) -> list[str]:
    """Return the names of the rules that are trained on the same sets."""
    return [*rivals(geometry), *(f"{kind}_{depth}" for depth, kind in KINDS[width])]


def parts_of(geometry: str, width: int, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return error, bias and variance of each rule in one cell."""
    wrong, groups = whole(blocks)
    n, separates = int(groups.sum()), np.stack(list(blocks["separates"])).sum(axis=0)
    rows = []
    for label, own, right in zip(labels_of(geometry, width), wrong, separates, strict=True):
        row: dict[str, Any] = {"geometry": geometry, "width": width, "label": label, "n": n, "separates": right / n}
        rows.append(row | estimate(own, groups, weight=WEIGHT).columns(JUDGED))
    return pd.DataFrame(rows)


def differences_of(geometry: str, width: int, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each part is larger for the optimal rules than for a tightly bounded network of each depth."""
    (wrong, groups), labels = whole(blocks), labels_of(geometry, width)
    compared = [
        (depth, rival) for depth in DEPTHS for rival in (*rivals(geometry), f"decay_{depth}") if rival in labels
    ]
    pairs = [(labels.index(rival), labels.index(f"tight_{depth}")) for depth, rival in compared]
    found = differences(wrong, groups, pairs, weight=WEIGHT)
    rows = []
    for k, (depth, rival) in enumerate(compared):
        row = {"geometry": geometry, "width": width, "depth": depth, "rival": rival.partition("_")[0]}
        rows.append(row | found[k].columns(JUDGED))
    return pd.DataFrame(rows)


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    shares, parts, differences = tables[""], tables["parts"], tables["differences"]
    place = {"geometry": "", "width": "width"}
    return {
        "trainings": int(4 * shares["n"].sum() + parts.loc[parts["label"].str.contains("_"), "n"].sum()),
        "n": {"shares": int(shares["n"].max()), "sets": int(parts["n"].max())},
        "shares": nested(shares, place | {"depth": "depth", "kind": ""}),
        "parts": nested(parts, place | {"label": ""}, [*JUDGED, "separates"]),
        "differences": nested(differences, place | {"depth": "depth", "rival": ""}),
    }


def spread(width: int, kinds: Sequence[str], resamples: int) -> Part:
    """Return a part that compares boundaries of networks of one width."""
    cells = every(geometry=BOUNDS, width=[width], depth=DEPTHS, kind=kinds)
    return Part(run=measure, cells=cells, resamples=resamples)


EXPERIMENT = experiment(
    name="curved",
    question="How far do a few spoilers move a network's boundary, and is its variance below that of optimal rules?",
    settings={
        "n_samples": N_SAMPLES,
        "rate": RATE,
        "n_spoilers": N_SPOILERS,
        "n_ordinary": N_ORDINARY,
        "bounds": BOUNDS,
    },
    parts={
        "narrow": Part(run=count_wrong, cells=every(geometry=BOUNDS, width=[4]), resamples=600),
        "broad": Part(run=count_wrong, cells=every(geometry=BOUNDS, width=[16]), resamples=200),
        "spread": spread(4, ("tight", "wide"), 480),
        "spread_broad": spread(16, ("tight", "wide"), 40),
        "spread_decay": spread(4, ("decay",), 40),
    },
    block_size=40,
    tables=tables,
    numbers=numbers,
)
