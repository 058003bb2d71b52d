"""Three points that every rule separates, and a fourth that backpropagation gives up."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from experiments._landscape import fold_from, least_curvature, saddle_between, stationary_near
from study import (
    Dataset,
    Fit,
    Stop,
    four_points,
    functional_margins,
    geometric_margin,
    is_separable,
    novikoff_bound,
    perceptron,
    separates,
    sigmoid_unit,
    three_points,
    training_error,
)
from study.datasets.dataset import Floats
from study.law.bound import LOSSES
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, key, nested
from study.trainers.layers import value_and_gradient
from study.trainers.losses import Objective, objective

EPS, T = 0.1, 10.0
LEARNING_RATE = 0.2
STARTS = np.stack(np.meshgrid(*3 * [np.linspace(-4.0, 4.0, 5)], indexing="ij"), axis=-1).reshape(-1, 3)
SEPARATOR = np.array([2.0, 0.0, 1.0])  # of all with margins of at least 1 the one of least norm, for every t
T_LARGEST, T_DRAWN = 3000, (1, 3, 10, 30, 100, 300, 1000, 3000)
T_PULL = np.arange(1.0, 31.0)
EPSILONS = (0.01, 0.05, 0.1, 0.2)
SLICE = {"along": np.linspace(-1.0, 5.0, 81), "across": np.linspace(-2.0, 2.0, 55)}

WEIGHTS = ("w_x", "w_y", "bias")
Order = Literal["natural", "cyclic-shuffled", "random"]
ORDERS: tuple[Order, ...] = ("cyclic-shuffled", "random")


def mean_loss(points: Dataset, eps: float) -> Objective:
    """Return the quadratic loss on a set, divided by its number of samples."""
    return objective(points.X, points.y, np.ones(points.y.shape[-1]), "quadratic", eps)


def minimum(points: Dataset, eps: float, w0: Floats) -> Fit:
    """Return the unbounded minimum of the quadratic loss near a start, or near each of a stack of starts."""
    return sigmoid_unit(points.X, points.y, loss="quadratic", eps=eps, w0=w0)


def lowest_minimum(points: Dataset, eps: float) -> Fit:
    """Return the lowest of the minima reached from the starts."""
    return minimum(points, eps, STARTS[np.argmin(minimum(points, eps, STARTS).loss)])


def three_point_optimum(eps: float) -> Floats:
    """Return the weights at which the unit meets its targets on the three points exactly."""
    u = np.log((1.0 - eps) / eps)
    return np.array([u, u, 0.0])


def train_rules() -> Records:
    """Train each rule on the three points and on the four, and measure what comes out."""
    three, four = three_points(), four_points(T)
    before = minimum(three, EPS, np.zeros(3))
    descent: dict[str, Any] = {"method": "descent", "learning_rate": LEARNING_RATE, "max_steps": 20_000, "tol": 1e-15}
    descended = sigmoid_unit(four.X, four.y, loss="quadratic", eps=EPS, w0=before.w, **descent)
    convex = sigmoid_unit(four.X, four.y, eps=EPS, w0=before.w)
    on = "unit, continued from the three points"
    fits = [
        ("perceptron", "three", "perceptron", "", "", perceptron(three.X, three.y)),
        ("unit", "three", "unit, from zero", "quadratic", "L-BFGS-B", before),
        ("perceptron_four", "four", "perceptron", "", "", perceptron(four.X, four.y)),
        ("continued", "four", on, "quadratic", "L-BFGS-B", minimum(four, EPS, before.w)),
        ("descent", "four", on, "quadratic", "descent", descended),
        ("lowest", "four", "unit, lowest minimum found", "quadratic", "L-BFGS-B", lowest_minimum(four, EPS)),
        ("cross_entropy", "four", on, "cross-entropy", "L-BFGS-B", convex),
    ]
    rows = []
    for name, place, rule, loss, method, fit in fits:
        points = three if place == "three" else four
        of_fit = (fit.w, points.X, points.y)
        row: dict[str, Any] = {"key": name, "points": place, "rule": rule, "loss": loss, "method": method}
        row |= dict(zip(WEIGHTS, fit.w, strict=True)) | {"loss_value": float(fit.loss), "residual": float(fit.residual)}
        row |= {"stop": Stop(int(fit.stop)).name.lower()}
        # A solver's steps depend on the last bit of the processor's arithmetic; a perceptron's updates do not.
        row |= {"n_updates": float(fit.n_updates) if rule == "perceptron" else np.nan}
        row |= {"separates": separates(*of_fit), "training_error": training_error(*of_fit)}
        row |= {"geometric_margin": geometric_margin(*of_fit), "last_margin": functional_margins(*of_fit)[-1]}
        rows.append(row | {"separable": is_separable(points.X, points.y)})
    return {"": rows, "n_fits": len(fits) + len(STARTS)}


def stationary_points() -> tuple[Floats, Floats, Floats]:
    """Return the stuck minimum, the saddle and the separating minimum of the four points."""
    four = four_points(T)
    stuck, separating = minimum(four, EPS, three_point_optimum(EPS)).w, lowest_minimum(four, EPS).w
    return stuck, saddle_between(mean_loss(four, EPS), stuck, separating), separating


def evaluate_slice() -> Records:
    """Evaluate the loss on the plane through its three stationary points, the stuck minimum at the origin."""
    four = four_points(T)
    loss = mean_loss(four, EPS)
    stuck, saddle, separating = points = stationary_points()
    along = (separating - stuck) / np.linalg.norm(separating - stuck)
    across = (saddle - stuck) - ((saddle - stuck) @ along) * along
    basis = np.stack([along, across / np.linalg.norm(across)])
    a, b = np.meshgrid(SLICE["along"], SLICE["across"], indexing="ij")
    weights = stuck + np.stack([a, b], axis=-1) @ basis

    def total(w: Floats) -> float:
        return 4.0 * float(loss.value_and_gradient(w)[0])

    stationary = []
    for kind, w in zip(("stuck minimum", "saddle", "separating minimum"), points, strict=True):
        least, largest = np.linalg.eigvalsh(loss.hessian(w))[[0, -1]]
        place = dict(zip(("along", "across"), basis @ (w - stuck), strict=True))
        row = {"kind": kind, **dict(zip(WEIGHTS, w, strict=True)), "loss_value": total(w)}
        row |= {"least_curvature": least, "largest_curvature": largest, **place}
        stationary.append(row | {"separates": separates(w, four.X, four.y)})
    grid = {"along": a.ravel(), "across": b.ravel(), "loss_value": [total(w) for w in weights.reshape(-1, 3)]}
    return {"slice": grid, "stationary": stationary, "n_fits": len(STARTS) + 2}


def follow_minima(eps: float) -> Records:
    """Follow both minima as t falls, and solve for the t at which the stuck one meets the saddle and is gone."""
    start = three_point_optimum(eps)
    t_fold = fold_from(lambda t: mean_loss(four_points(t), eps), start, np.geomspace(T, 1.0, 400))
    branches = {"stuck minimum": start, "separating minimum": lowest_minimum(four_points(T), eps).w}
    grids = [t_fold + (T - t_fold) * np.linspace(1.0, 0.02, 50) ** 2, np.linspace(T, 1.0, 37)]
    rows = []
    for (kind, w), grid in zip(branches.items(), grids, strict=True):
        for t in grid:
            points = four_points(t)
            loss = mean_loss(points, eps)
            w = stationary_near(loss, w)
            value, gradient = loss.value_and_gradient(w)
            row = {"kind": kind, "t": t, **dict(zip(WEIGHTS, w, strict=True)), "loss_value": 4.0 * value}
            row |= {"residual": np.abs(gradient).max(), "least_curvature": least_curvature(loss, w)}
            rows.append(row | {"last_margin": functional_margins(w, points.X, points.y)[3], "t_fold": t_fold})
    return {"fold": rows, "n_fits": len(rows) + len(STARTS)}


def measure_pull(eps: float) -> Records:
    """Measure the fourth point's part of the gradient at the optimum of the other three, beside its closed form.

    Its output there is q = sigma(-u t), so with delta = q - (1 - eps), times q (1 - q) for the quadratic loss, the part
    is delta (0, -t, 1).
    """
    points, fourth = four_points(T_PULL), np.array([0.0, 0.0, 0.0, 1.0])
    q, length = expit(-logit(1.0 - eps) * T_PULL), np.hypot(T_PULL, 1.0)
    delta = {"cross-entropy": 1.0 - eps - q, "quadratic": (1.0 - eps - q) * q * (1.0 - q)}
    rows = []
    for loss in LOSSES:
        part = value_and_gradient(three_point_optimum(eps), points.X, points.y, fourth, (1,), loss, eps)[1]
        pull = np.linalg.norm(part, axis=-1)
        rows.append({"loss": loss, "t": T_PULL, "pull": pull, "length": length, "closed_form": delta[loss] * length})
    return {"pull": rows}


def count_updates(order: Order, t: int, size: int, rng: np.random.Generator) -> Records:
    """Count a perceptron's updates in a drawn order, `size` times."""
    return {"updates": run_perceptron(np.full(size, t), order, rng), "n_fits": size}


def count_natural() -> Records:
    """Count a perceptron's updates in natural order, for every whole t."""
    t = np.arange(1, T_LARGEST + 1)
    return {"updates": {"order": "natural", "t": t, **run_perceptron(t, "natural")}, "n_fits": T_LARGEST}


def run_perceptron(t: NDArray[np.int64], order: Order, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return one row for each t: the updates, their bound, and whether the weights separate in the end."""
    points = four_points(t)
    fit = perceptron(points.X, points.y, order=order, rng=rng)
    right = separates(fit.w, points.X, points.y)
    bound = novikoff_bound(SEPARATOR, points.X, points.y)
    return {"n_updates": fit.n_updates, "separates": right, "novikoff_bound": bound}


def tables(records: Frames) -> Frames:
    """Make a row for each order and t, and the points; the other records are tables."""
    points = four_points(T)
    return {
        **records,
        "": records[""].astype({"n_updates": "Int64"}),
        "points": pd.DataFrame(points.X, columns=["x", "y"]).assign(label=points.y, is_spoiler=points.is_spoiler),
        "updates": updates_table(records["updates"]),
    }


def updates_table(updates: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each order and t: n runs, the mean with its 95% interval, the least and the most."""
    runs = updates.groupby(["order", "t"], sort=False)
    table = runs["n_updates"].agg(["size", "mean", "std", "min", "max"])
    half = 1.96 * table.pop("std").fillna(0.0) / np.sqrt(table["size"])
    table = table.set_axis(["n", "n_updates", "least", "most"], axis=1).reset_index()
    table.insert(4, "low", table["n_updates"] - half.to_numpy())
    table.insert(5, "high", table["n_updates"] + half.to_numpy())
    return table.assign(
        separates=runs["separates"].mean().to_numpy(), novikoff_bound=runs["novikoff_bound"].first().to_numpy()
    )


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    stationary = tables["stationary"].set_index("kind")
    counted, fold = tables["updates"], tables["fold"]
    stuck = fold[fold["kind"] == "stuck minimum"]
    natural = counted[counted["order"] == "natural"]
    drawn = counted[counted["order"] != "natural"]
    extra = natural["n_updates"] - natural["t"]
    pull = tables["pull"]
    at_ten = pull[(pull["t"] == T) & (pull["eps"] == EPS)]
    growth = np.polyfit(np.log(natural["t"][99:]), np.log(natural["n_updates"][99:]), 1)[0]
    last = natural.iloc[-1]
    return {
        "rules": nested(tables[""], {"key": ""}, [*WEIGHTS, "residual", "separates", "training_error"]),
        "stationary": {kind.split()[0]: dict(stationary.loc[kind].astype(object)) for kind in stationary.index},
        "barrier": stationary["loss_value"]["saddle"] - stationary["loss_value"]["stuck minimum"],
        "fold": {key(eps, "eps"): t for eps, t in fold.groupby("eps")["t_fold"].first().items()},
        "stuck_loss": {
            key(eps, "eps"): loss for eps, loss in stuck[stuck["t"] == T].set_index("eps")["loss_value"].items()
        },
        "pull": {
            "rates": {key(eps, "eps"): rate_of_pull(rows) for eps, rows in pull.groupby("eps")},
            "worst": round((pull["pull"] / pull["closed_form"] - 1.0).abs().max(), 9),  # below it is rounding
            "at_ten": {key(loss): one for loss, one in zip(at_ten["loss"], at_ten["pull"], strict=True)},
        },
        "updates": {
            "follow_rule": bool((extra == np.where(natural["t"] % 3 == 0, 3, 4)).all()),
            "growth_exponent": growth,
            "natural_at_largest": int(last["n_updates"]),
            "novikoff_at_largest": last["novikoff_bound"],
            "drawn_runs": int(drawn["n"].sum()),
            "drawn_least_extra": int((drawn["least"] - drawn["t"]).min()),
            "drawn_most_extra": int((drawn["most"] - drawn["t"]).max()),
        },
    }


def rate_of_pull(pull: pd.DataFrame) -> dict[str, float]:
    """Return how fast the quadratic loss's part falls with t, over its last third and for each unit of length."""
    far = pull[(pull["loss"] == "quadratic") & (pull["t"] >= 20.0)]
    u = float(logit(1.0 - far["eps"].iloc[0]))
    rate = -float(np.polyfit(far["t"], np.log(far["pull"] / far["length"]), 1)[0])
    return {"rate": rate, "off": round(abs(rate / u - 1.0), 9)}


EXPERIMENT = experiment(
    name="four_points",
    question="Does a fourth, separable point leave backpropagation stuck where the perceptron goes on?",
    settings={"eps": EPS, "t": T, "learning_rate": LEARNING_RATE, "starts": len(STARTS), "t_largest": T_LARGEST},
    parts={
        "rules": Part(run=train_rules, draws=False),
        "slice": Part(run=evaluate_slice, draws=False),
        "fold": Part(run=follow_minima, cells=every(eps=EPSILONS), draws=False),
        "pull": Part(run=measure_pull, cells=every(eps=EPSILONS), draws=False),
        "natural": Part(run=count_natural, draws=False),
        "updates": Part(run=count_updates, cells=every(order=ORDERS, t=T_DRAWN)),
    },
    resamples=1000,
    block_size=1000,
    tables=tables,
    numbers=numbers,
)
