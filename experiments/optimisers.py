"""Today's optimisers: when momentum, Adam and AdamW get the spoiler right, and which networks keep it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from experiments._geometries import BRAKED, braked
from experiments._networks import start
from study import BadInput, Bound, Optimiser, add_spoilers, make_boxes, network, outputs
from study.analysis.interval import rates
from study.datasets.dataset import Floats
from study.law.conflict import Spoilt
from study.law.sweeping import time_law, time_right
from study.law.thresholds import threshold
from study.sweeps.experiment import Cell
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise
from study.trainers.layers import Activation

LN_M, MOMENTUM, MOST_STEPS = (5.0, 7.0), 0.9, 400_000
LN_M_ADAM, BETAS, EPSILON = (8.0, 11.0, 14.0), (0.99, 0.999), 1e-15
DECAYS, REACH, N_TRIED = (0.5, 0.25, 1.0 / 6.0), 0.5, 21
NETS: dict[str, tuple[int, ...]] = {"unit": (1,), "4": (4, 1), "16": (16, 1), "64": (64, 1)}
NETS |= {"8, 8": (8, 8, 1), "8, 8, 8": (8, 8, 8, 1)}
ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "tanh", "relu")
SIZES, PASSES, BATCH, N_TUNING = (20, 100), 100, 10, 10
Points = tuple[Floats, Floats]
RULES: dict[str, tuple[dict[str, Any], tuple[float, ...]]] = {
    "descent": ({"rule": "descent"}, (0.03, 0.1, 0.3, 1.0)),
    "momentum": ({"rule": "descent", "momentum": 0.9}, (0.003, 0.01, 0.03, 0.1)),
    "adam": ({"rule": "adam"}, (0.003, 0.01, 0.03, 0.1)),
    "adamw": ({"rule": "adamw", "weight_decay": 0.1}, (0.003, 0.01, 0.03, 0.1)),
}
"""Each rule's options, and the rates among which it is tuned on sets without a spoiler."""
LIMITS: dict[str, tuple[float, ...]] = {
    "steps": (3, 10, 30, 100),
    "bound": (4.0, 16.0, 64.0, 256.0),
    "decay": (1.0, 0.1, 0.01, 0.001),
}
"""Passes, product of the layers' norms, and decay: AdamW's own, and a penalty's of the others; the tightest first."""
LIMITED: dict[str, Activation] = {"unit": "sigmoid", "16": "relu"}
SHAPES, NOISE = ("corners", "far corners", "plane", "space"), 0.05
"""Geometries whose points are drawn from, and how far a drawn point is moved."""
CLUSTERED: dict[str, tuple[Activation, ...]] = dict.fromkeys(NETS, ACTIVATIONS) | {"unit": ("sigmoid",)}
SHAPED: dict[str, tuple[Activation, ...]] = {"unit": ("sigmoid",), "16": ACTIVATIONS, "8, 8, 8": ("relu",)}
"""Networks and their activations, on clusters and in the other geometries."""
SHAPED_RULES = ("descent", "adam", "adamw")
RESTING = Optimiser(rule="adamw", learning_rate=0.02, betas=(0.9, 0.99), schedule="cosine")
"""AdamW as it comes to rest, but for its decay."""
N_CLASS, CLASS_STEPS, CLASS_RULES = 4, 20_000, {"box 3": 3.0, "box 6": 6.0, "adamw": 3.0}
OFFSETS = (-0.5, -0.3, -0.1, 0.1, 0.3, 0.5)
"""How far from the law's ln M* sets of three classes are trained."""


def weigh(points: Spoilt, ln_M: Floats) -> dict[str, Any]:
    """Return points, labels and a stack of weights as `network` takes them."""
    Z = np.vstack([points.base, points.spoilers])
    y = Z[:, -1]
    weight = np.where(np.arange(len(Z)) < len(points.base), np.exp(ln_M)[:, None], 1.0)
    return {"X": y[:, None] * Z[:, :-1], "y": y, "sample_weight": weight, "layers": (1,), "w0": np.zeros(Z.shape[1])}


def follow_descent(rule: str, geometry: str) -> Records:
    """Compare steps until the spoiler is right with the time of the gradient flow, whole sets at a safe rate."""
    points, ln_M = braked(geometry), np.array(LN_M)
    given, momentum = weigh(points, ln_M), MOMENTUM if rule == "momentum" else 0.0
    safe = 4.0 / np.square(np.linalg.norm(np.vstack([points.base, points.spoilers]), axis=1)).max()
    how = Optimiser(rule="descent", learning_rate=safe * (1.0 - momentum) * 2.0, momentum=momentum)
    unit = how.learning_rate / (1.0 - momentum) / given["sample_weight"].sum(axis=-1)  # of the flow's time, a step
    flow = np.array([np.exp(time_right(points, one)) for one in LN_M])
    due = flow / unit
    budget = min(1.5 * due[due <= MOST_STEPS].max(), MOST_STEPS)
    met = np.asarray(network(**given, method=how, max_steps=int(budget), tol=0.0).right_since)
    t = np.where(met >= 0, met * unit, np.nan)
    law = time_law(points).hitting_time * ln_M
    return {"time": {"ln_M": ln_M, "n_steps": met, "t": t, "flow": flow, "law": law}, "n_fits": len(ln_M)}


def follow_adam(beta: float, geometry: str) -> Records:
    """Compare steps until the spoiler is right with Adam's memory of squared gradients, 2 / ln(1 / beta_2)."""
    ln_M = np.array(LN_M_ADAM)
    how = Optimiser(rule="adam", learning_rate=10.0 * (1.0 - beta), betas=(0.9, beta), epsilon=EPSILON)
    budget = int(4.0 * ln_M[-1] * 2.0 / -np.log(beta))
    fit = network(**weigh(braked(geometry), ln_M), method=how, max_steps=budget, tol=0.0)
    met = np.asarray(fit.right_since)
    n_steps = np.where(met >= 0, met, np.nan)
    clock = (ln_M + np.log(ln_M)) * 2.0 / -np.log(beta)
    rows = {"ln_M": ln_M[1:], "n_steps": n_steps[1:], "ratio": np.diff(n_steps) / np.diff(clock)}
    return {"adam": rows, "n_fits": len(ln_M)}


def rest(decay: float, geometry: str) -> Records:
    """Compare the number of base points at which AdamW gives the spoiler up with the law of the box of 1 / decay."""
    try:
        points = replace(braked(geometry), shape="box")
        law = threshold(points, "cross-entropy", 1.0 / decay) if points.conflict else np.inf
    except BadInput:
        law = np.inf
    if not np.isfinite(law):
        return {"n_fits": 0}
    offset = np.linspace(-REACH, REACH, N_TRIED)
    how = replace(RESTING, weight_decay=decay)
    given = weigh(points, law + offset)
    w = network(**given, method=how, max_steps=10_000, tol=0.0).w
    kept = w @ points.spoilers[0] > 0.0
    row = {"ln_law": law, "error": (kept.mean() - 0.5) * 2.0 * REACH, "monotone": bool((kept[1:] <= kept[:-1]).all())}
    row |= {"largest": float(np.abs(w).max() * decay)}
    return {"adamw": row, "n_fits": N_TRIED}


def train_nets(net: str, activation: Activation, n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Train each rule on clusters with a spoiler, in its budget of passes."""
    rows = []
    for rule, how, train in tuned(*draw_clusters(n_samples, size, rng), net, activation, rng):
        rows.append({"rule": rule, "rate": how.learning_rate} | train(method=how))
    return {"": rows, "n_fits": size * len(rows) + n_tuned()}


def train_limited(net: str, n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Train each rule under each limit; AdamW without a decay is Adam, and left out."""
    rows = []
    for rule, how, train in tuned(*draw_clusters(n_samples, size, rng), net, LIMITED[net], rng):
        for limit in ["decay"] if rule == "adamw" else LIMITS:
            for strength in LIMITS[limit]:
                row = {"rule": rule, "limit": limit, "strength": strength}
                rows.append(row | train(**limited(how, limit, strength)))
    return {"limits": rows, "n_fits": size * len(rows) + n_tuned()}


def limited(how: Optimiser, limit: str, strength: float) -> dict[str, Any]:
    """Return what `network` takes for a limit of a strength."""
    if limit == "decay":
        return {"method": replace(how, weight_decay=strength)}
    return {"method": how} | ({"bound": Bound("ball", strength)} if limit == "bound" else {"max_steps": int(strength)})


def train_shapes(geometry: str, net: str, activation: Activation, size: int, rng: np.random.Generator) -> Records:
    """Train each rule on points drawn from a geometry's base points, each moved a little, with its spoiler."""
    rows = []
    for rule, how, train in tuned(*draw_shape(geometry, size, rng), net, activation, rng, SHAPED_RULES):
        rows.append({"rule": rule} | train(method=how))
    return {"shapes": rows, "n_fits": size * len(rows) + n_tuned(SHAPED_RULES)}


def draw_clusters(n_samples: int, size: int, rng: np.random.Generator) -> tuple[Points, Points]:
    """Draw sets of two clusters to tune on, and others with a spoiler."""
    base = make_boxes(n_samples, gap=1.0, length=1.0, spread=1.0, size=N_TUNING + size, rng=rng)
    points = add_spoilers(base, 1, depth=0.4)
    return (base.X[:N_TUNING], base.y[:N_TUNING]), (points.X[N_TUNING:], points.y[N_TUNING:])


def draw_shape(geometry: str, size: int, rng: np.random.Generator) -> tuple[Points, Points]:
    """Draw sets of a geometry's base points to tune on, and others with its spoiler last."""
    points = braked(geometry)
    Z = points.base[rng.integers(len(points.base), size=(N_TUNING + size, SIZES[-1]))]
    y = Z[..., -1]
    X = y[..., None] * Z[..., :-1] + rng.normal(scale=NOISE, size=(*y.shape, Z.shape[-1] - 1))
    label = points.spoilers[0, -1]
    spoiler = np.broadcast_to(label * points.spoilers[0, :-1], (size, 1, X.shape[-1]))
    labels = np.full((size, 1), label)
    return (X[:N_TUNING], y[:N_TUNING]), (
        np.concatenate([X[N_TUNING:], spoiler], axis=1),
        np.concatenate([y[N_TUNING:], labels], axis=1),
    )


def tuned(
    base: Points,
    points: Points,
    net: str,
    activation: Activation,
    rng: np.random.Generator,
    rules: Iterable[str] = tuple(RULES),
) -> Iterator[tuple[str, Optimiser, Callable[..., dict[str, Any]]]]:
    """Yield each rule at the rate of the lowest loss on `base`, which has no spoiler, and what trains on `points`."""
    given: dict[str, Any] = {"layers": NETS[net], "activation": activation, "max_steps": PASSES, "tol": 0.0, "rng": rng}
    first, w0 = (start(NETS[net], activation, len(X), rng, X.shape[-1]) for X, _ in (base, points))
    for rule in rules:
        options, rates_tried = RULES[rule]
        tried = [Optimiser(**options, learning_rate=rate, batch_size=BATCH) for rate in rates_tried]
        losses = [network(*base, **given, w0=first, method=one).loss.mean() for one in tried]
        yield rule, tried[int(np.argmin(losses))], partial(outcome, *points, {**given, "w0": w0})


def n_tuned(rules: Iterable[str] = tuple(RULES)) -> int:
    """Return how many networks are trained to tune the rules."""
    return N_TUNING * sum(len(RULES[rule][1]) for rule in rules)


def outcome(X: Floats, y: Floats, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Train on sets whose last point is the spoiler, and say what became of it."""
    fit = network(X, y, **given | options)
    right = y * outputs(fit.w, X, given["layers"], given["activation"]) > 0.0
    kept, base_right = right[:, -1], right[:, :-1].all(axis=-1)
    return {"kept": kept, "base_right": base_right, "met": fit.right_since, "norm": np.linalg.norm(fit.w, axis=-1)}


def draw_classes(size: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw sets of three classes, and last in each a sample of the first near the second."""
    angle = 2.0 * np.pi * np.arange(3) / 3.0
    centres = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    X = np.repeat(centres, N_CLASS, axis=0) + rng.uniform(-0.5, 0.5, (size, 3 * N_CLASS, 2))
    spoiler = np.broadcast_to(0.45 * centres[0] + 0.55 * centres[1], (size, 1, 2))
    return np.concatenate([X, spoiler], axis=1), np.append(np.repeat(np.arange(3), N_CLASS), 0)


def as_points(X: Floats, y: Floats) -> Spoilt:
    """Return a set of classes as points of two: a row for each sample and other class, by the difference of outputs."""
    of_class = np.eye(3)
    rows = np.column_stack([X, np.ones(len(X))])[:, None, :, None] * (of_class[y][:, None] - of_class)[:, :, None, :]
    others = np.arange(3) != y[:-1, None]
    return Spoilt(base=rows[:-1][others].reshape(-1, 9), spoilers=rows[-1, 1].reshape(1, 9), shape="box")


def train_classes(rule: str, size: int, rng: np.random.Generator) -> Records:
    """Train a softmax of three classes on either side of the law's ln M*, each sample but the spoiler of weight M."""
    X, y = draw_classes(size, rng)
    R = CLASS_RULES[rule]
    law = np.array([threshold(as_points(points, y), "cross-entropy", R) for points in X])
    X, law = X[np.isfinite(law)], law[np.isfinite(law)]
    weight = np.ones((len(X), len(OFFSETS), len(y)))
    weight[..., :-1] = np.exp(law[:, None] + OFFSETS)[..., None]
    given: dict[str, Any] = {"X": X[:, None], "y": y, "layers": (3,), "w0": np.zeros(9), "sample_weight": weight}
    if rule == "adamw":
        fit = network(**given, method=replace(RESTING, weight_decay=1.0 / R), max_steps=CLASS_STEPS, tol=0.0)
    else:
        fit = network(**given, bound=Bound("box", R), method="spectral", max_steps=CLASS_STEPS, tol=1e-11)
    kept = outputs(fit.w, X[:, None], (3,))[..., -1, :].argmax(axis=-1) == 0
    rows = [{"offset": offset, "ln_law": law, "kept": kept[:, k]} for k, offset in enumerate(OFFSETS)]
    return {"classes": rows, "n_fits": kept.size}


def summarise_nets(rows: Rows) -> dict[str, Any]:
    """Return shares of sets, and medians over those whose samples are all right."""
    met = rows["met"][rows["met"] >= 0]
    middle = float(np.median(met)) if len(met) else np.nan
    return rates(rows, "kept", "base_right") | {"met": middle, "norm": float(np.median(rows["norm"]))}


def tables(records: Frames) -> Frames:
    """Return shares of networks and of softmaxes with intervals; the other records are tables."""
    nets = summarise(records[""], ["net", "activation", "n_samples", "rule"], summarise_nets)
    limits = summarise(records["limits"], ["net", "n_samples", "rule", "limit", "strength"], summarise_nets)
    shapes = summarise(records["shapes"], ["geometry", "net", "activation", "rule"], summarise_nets)
    classes = summarise(records["classes"], ["rule", "offset"], lambda rows: rates(rows, "kept"))
    return {**records, "": nets, "limits": limits, "shapes": shapes, "classes": classes}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    time, adam, adamw = (tables[name] for name in ("time", "adam", "adamw"))
    seen = time[(time["ln_M"] == max(LN_M)) & time["t"].notna()]
    off = (seen["t"] / seen["flow"] - 1.0).abs()
    last = adam[adam["ln_M"] == max(LN_M_ADAM)]
    return {
        "time": {
            rule: {"n": int((seen["rule"] == rule).sum()), "worst": float(off[seen["rule"] == rule].max())}
            for rule in ("descent", "momentum")
        },
        "adam": {"n": int(last["ratio"].notna().sum()), "least": last["ratio"].min(), "most": last["ratio"].max()},
        "adamw": {
            "n": len(adamw),
            "worst": float(adamw["error"].abs().max()),
            "monotone": bool(adamw["monotone"].all()),
            "largest": float(adamw["largest"].max()),
        },
        "nets": nested(tables[""], {"net": "net", "activation": "", "n_samples": "n", "rule": ""}),
        "limits": nested(tables["limits"], {"net": "net", "n_samples": "n", "limit": "", "strength": "", "rule": ""}),
        "ends": ends_of_limits(tables["limits"]),
        "least_shape": least_kept(tables["shapes"]),
        "shapes": nested(tables["shapes"], {"geometry": "", "net": "net", "activation": "", "rule": ""}),
        "classes": {key(rule): beside_law(rows) for rule, rows in tables["classes"].groupby("rule")},
    }


def ends_of_limits(limits: pd.DataFrame) -> dict[str, Any]:
    """Return the largest share kept at the tightest strength of any limit and rule, and the least at the loosest.

    Of sixteen nodes among a hundred points.
    """
    rows = limits[(limits["net"] == "16") & (limits["n_samples"] == SIZES[-1])]
    place = [LIMITS[limit].index(strength) for limit, strength in zip(rows["limit"], rows["strength"], strict=True)]
    by_place = rows.groupby(np.array(place))["kept"].agg(["min", "max"])
    return {"n": int(rows["n"].min()), "tightest": by_place["max"].iloc[0], "loosest": by_place["min"].iloc[-1]}


def least_kept(shapes: pd.DataFrame) -> dict[str, Any]:
    """Return the least share, and the least lower end, kept by sixteen nodes under Adam in any geometry."""
    rows = shapes[(shapes["net"] == "16") & (shapes["rule"] == "adam")]
    return {"n": int(rows["n"].min()), "kept": rows["kept"].min(), "kept_low": rows["kept_low"].min()}


def beside_law(classes: pd.DataFrame) -> dict[str, Any]:
    """Return how many sets there are, and the shares that keep the spoiler below the law and give it up above."""
    kept = classes.set_index("offset")["kept"]
    return {"n": int(classes["n"].min()), "kept_below": kept[-0.1], "lost_above": 1.0 - kept[0.1]}


def trained(nets: Mapping[str, Iterable[Activation]], **values: Iterable[str | int]) -> list[Cell]:
    """Return a cell for each network with each of its activations, and all values."""
    return [cell for net, own in nets.items() for cell in every(net=[net], activation=own, **values)]


EXPERIMENT = experiment(
    name="optimisers",
    question="Do momentum, Adam and AdamW, ReLU and a softmax keep the spoiler, and when do they meet it?",
    settings={"momentum": MOMENTUM, "passes": PASSES, "batch": BATCH}
    | {
        "most_steps": MOST_STEPS,
        "weight_decay": 0.1,
        "depth": 0.4,
        "n_class": N_CLASS,
        "class_steps": CLASS_STEPS,
    }
    | {"adam_from": LN_M_ADAM[-2], "adam_to": LN_M_ADAM[-1], "ln_M": LN_M[-1]},
    parts={
        "": Part(run=train_nets, cells=trained(CLUSTERED, n_samples=SIZES)),
        "limits": Part(run=train_limited, cells=every(net=LIMITED, n_samples=SIZES)),
        "shapes": Part(run=train_shapes, cells=trained(SHAPED, geometry=SHAPES), resamples=20),
        "time": Part(run=follow_descent, cells=every(rule=("descent", "momentum"), geometry=BRAKED), draws=False),
        "adam": Part(run=follow_adam, cells=every(beta=BETAS, geometry=BRAKED), draws=False),
        "adamw": Part(run=rest, cells=every(decay=DECAYS, geometry=BRAKED), draws=False),
        "classes": Part(run=train_classes, cells=every(rule=CLASS_RULES)),
    },
    resamples=40,
    block_size=40,
    tables=tables,
    numbers=numbers,
)
