"""Three points that every rule separates, and a fourth that backpropagation gives up."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments._landscape import fold_from, least_curvature, saddle_between, stationary_near
from study.analysis.margin import functional_margins, geometric_margin, novikoff_bound
from study.analysis.separability import is_separable
from study.analysis.separation import separates, training_error
from study.datasets.dataset import Dataset, Floats
from study.datasets.published import four_points, three_points
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, by_part, concatenate
from study.trainers.fit import Fit, Stop
from study.trainers.losses import Objective, objective
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

EPS, T = 0.1, 10.0
LEARNING_RATE = 0.2
STARTS = np.stack(np.meshgrid(*3 * [np.linspace(-4.0, 4.0, 5)], indexing="ij"), axis=-1).reshape(-1, 3)
SEPARATOR = np.array([2.0, 0.0, 1.0])  # of all with margins of at least 1 the one of least norm, for every t
T_LARGEST, T_DRAWN = 3000, (1, 3, 10, 30, 100, 300, 1000, 3000)
SLICE = {"along": np.linspace(-1.0, 5.0, 81), "across": np.linspace(-2.0, 2.0, 55)}

RULES = {
    "perceptron": ("three", "perceptron", "", ""),
    "unit": ("three", "unit, from zero", "quadratic", "L-BFGS-B"),
    "perceptron_four": ("four", "perceptron", "", ""),
    "continued": ("four", "unit, continued from the three points", "quadratic", "L-BFGS-B"),
    "descent": ("four", "unit, continued from the three points", "quadratic", "descent"),
    "lowest": ("four", "unit, lowest minimum found", "quadratic", "L-BFGS-B"),
    "cross_entropy": ("four", "unit, continued from the three points", "cross-entropy", "L-BFGS-B"),
}
"""What is trained: the key of its numbers, then points, rule, loss and method as the table has them."""
JUDGED = [
    *("w_x", "w_y", "bias", "loss_value", "residual", "stop", "n_updates"),
    *("separates", "training_error", "geometric_margin", "last_margin", "separable"),
]


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    match cell["part"]:
        case "rules":
            return rules()
        case "slice":
            return loss_slice()
        case "fold":
            return fold(float(cell["eps"]))
        case _:
            return updates(cell, size, rng)


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


def rules() -> Statistics:
    """Train each rule on the three points and on the four, and judge what comes out."""
    three, four = three_points(), four_points(T)
    before = minimum(three, EPS, np.zeros(3))
    descent: dict[str, Any] = {"method": "descent", "learning_rate": LEARNING_RATE, "max_steps": 20_000, "tol": 1e-15}
    fits = {
        "perceptron": perceptron(three.X, three.y),
        "unit": before,
        "perceptron_four": perceptron(four.X, four.y),
        "continued": minimum(four, EPS, before.w),
        "descent": sigmoid_unit(four.X, four.y, loss="quadratic", eps=EPS, w0=before.w, **descent),
        "lowest": lowest_minimum(four, EPS),
        "cross_entropy": sigmoid_unit(four.X, four.y, eps=EPS, w0=before.w),
    }
    judged = []
    for key, fit in fits.items():
        points = three if RULES[key][0] == "three" else four
        margins = functional_margins(fit.w, points.X, points.y)
        verdict = [separates(fit.w, points.X, points.y), training_error(fit.w, points.X, points.y)]
        where = [geometric_margin(fit.w, points.X, points.y), margins[-1], is_separable(points.X, points.y)]
        judged.append([*fit.w, fit.loss, fit.residual, fit.stop, fit.n_updates, *verdict, *where])
    return {"judged": np.array(judged, dtype=float), "n_fits": np.array([len(fits) + len(STARTS)])}


def stationary_points() -> tuple[Floats, Floats, Floats]:
    """Return the stuck minimum, the saddle and the separating minimum of the four points."""
    four = four_points(T)
    stuck, separating = minimum(four, EPS, three_point_optimum(EPS)).w, lowest_minimum(four, EPS).w
    return stuck, saddle_between(mean_loss(four, EPS), stuck, separating), separating


def loss_slice() -> Statistics:
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

    curvatures = [np.linalg.eigvalsh(loss.hessian(w))[[0, -1]] for w in points]
    values = [
        [*w, total(w), *curvature, *(basis @ (w - stuck)), separates(w, four.X, four.y)]
        for w, curvature in zip(points, curvatures, strict=True)
    ]
    return {
        "grid": np.column_stack([a.ravel(), b.ravel(), [total(w) for w in weights.reshape(-1, 3)]]),
        "stationary": np.array(values),
        "n_fits": np.array([len(STARTS) + 2]),
    }


def fold(eps: float) -> Statistics:
    """Follow both minima as t falls, and solve for the t at which the stuck one meets the saddle and is gone."""
    start = three_point_optimum(eps)
    t_fold = fold_from(lambda t: mean_loss(four_points(t), eps), start, np.geomspace(T, 1.0, 400))
    branches = {"stuck": start, "separating": lowest_minimum(four_points(T), eps).w}
    grids = {"stuck": t_fold + (T - t_fold) * np.linspace(1.0, 0.02, 50) ** 2, "separating": np.linspace(T, 1.0, 37)}
    rows = []
    for branch, w in branches.items():
        for t in grids[branch]:
            points = four_points(t)
            loss = mean_loss(points, eps)
            w = stationary_near(loss, w)
            value, gradient = loss.value_and_gradient(w)
            margin = functional_margins(w, points.X, points.y)[3]
            residual = np.abs(gradient).max()
            rows.append([branch == "stuck", t, *w, 4.0 * value, residual, least_curvature(loss, w), margin])
    return {"branches": np.array(rows), "t_fold": np.array([t_fold]), "n_fits": np.array([len(rows) + len(STARTS)])}


def updates(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Count a perceptron's updates: in natural order for every whole t, in a drawn order `size` times for one t."""
    natural = cell["order"] == "natural"
    t = np.arange(1, T_LARGEST + 1) if natural else np.full(size, int(cell["t"]))
    points = four_points(t)
    fit = perceptron(points.X, points.y, order=cell["order"], rng=rng)  # type: ignore[arg-type]
    right = separates(fit.w, points.X, points.y)
    return {"t": t, "n_updates": fit.n_updates, "separates": right, "n_fits": np.array([t.size])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the six tables."""
    parts = by_part(merged)
    slice_ = parts["slice"][0][1]
    return {
        "": rules_table(parts["rules"][0][1]["judged"]),
        "points": points_table(four_points(T)),
        "slice": pd.DataFrame(slice_["grid"], columns=["along", "across", "loss_value"]),
        "stationary": stationary_table(slice_["stationary"]),
        "fold": pd.concat([fold_table(cell, s) for cell, s in parts["fold"]], ignore_index=True),
        "updates": pd.concat([updates_table(cell, s) for cell, s in parts["updates"]], ignore_index=True),
    }


def points_table(points: Dataset) -> pd.DataFrame:
    """Return a row for each point."""
    frame = pd.DataFrame(points.X, columns=["x", "y"])
    return frame.assign(label=points.y, is_spoiler=points.is_spoiler)


def rules_table(judged: Floats) -> pd.DataFrame:
    """Return a row for each rule on each set."""
    frame = pd.DataFrame(list(RULES.values()), columns=["points", "rule", "loss", "method"])
    frame.insert(0, "key", list(RULES))
    values = pd.DataFrame(judged, columns=JUDGED)
    values["stop"] = [Stop(int(stop)).name.lower() for stop in values["stop"]]
    # A solver's steps depend on the last bit of the processor's arithmetic; a perceptron's updates do not.
    values["n_updates"] = values["n_updates"].astype("Int64").where(frame["rule"] == "perceptron")
    values[["separates", "separable"]] = values[["separates", "separable"]].astype(bool)
    return pd.concat([frame, values], axis=1)


def stationary_table(values: Floats) -> pd.DataFrame:
    """Return a row for each stationary point, with its place in the slice."""
    curvatures = ["least_curvature", "largest_curvature"]
    columns = ["w_x", "w_y", "bias", "loss_value", *curvatures, "along", "across", "separates"]
    frame = pd.DataFrame(values, columns=columns).astype({"separates": bool})
    frame.insert(0, "kind", ["stuck minimum", "saddle", "separating minimum"])
    return frame


def fold_table(cell: Cell, statistics: Statistics) -> pd.DataFrame:
    """Return a row for each minimum at each t, with the t of the fold."""
    columns = ["stuck", "t", "w_x", "w_y", "bias", "loss_value", "residual", "least_curvature", "last_margin"]
    frame = pd.DataFrame(statistics["branches"], columns=columns)
    kind = np.where(frame.pop("stuck") == 1, "stuck minimum", "separating minimum")
    frame.insert(0, "eps", float(cell["eps"]))
    frame.insert(1, "kind", kind)
    frame["t_fold"] = statistics["t_fold"][0]
    return frame


def updates_table(cell: Cell, statistics: Statistics) -> pd.DataFrame:
    """Return a row for each t: n runs, the mean with its 95% interval, the least and the most."""
    points = four_points(np.unique(statistics["t"]))
    runs = pd.DataFrame({name: statistics[name] for name in ("t", "n_updates", "separates")}).groupby("t")
    count = runs["n_updates"].agg(["size", "mean", "std", "min", "max"]).fillna({"std": 0.0})
    half = 1.96 * count["std"] / np.sqrt(count["size"])
    return pd.DataFrame(
        {
            "order": cell["order"],
            "t": count.index,
            "n": count["size"].to_numpy(),
            "n_updates": count["mean"].to_numpy(),
            "low": (count["mean"] - half).to_numpy(),
            "high": (count["mean"] + half).to_numpy(),
            "least": count["min"].to_numpy(),
            "most": count["max"].to_numpy(),
            "separates": runs["separates"].mean().to_numpy(),
            "novikoff_bound": novikoff_bound(SEPARATOR, points.X, points.y),
        }
    )


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    judged = tables[""].set_index("key")
    columns = [column for column in judged.columns if column in JUDGED]
    stationary = tables["stationary"].set_index("kind")
    folds = tables["fold"].groupby("eps")["t_fold"].first()
    counted = tables["updates"]
    natural = counted[counted["order"] == "natural"]
    drawn = counted[counted["order"] != "natural"]
    extra = natural["n_updates"] - natural["t"]
    growth = np.polyfit(np.log(natural["t"][99:]), np.log(natural["n_updates"][99:]), 1)[0]
    before = judged.loc["unit", ["w_x", "w_y", "bias"]].to_numpy(float)
    last = natural.iloc[-1]
    return {
        "rules": {key: rule_numbers(judged.loc[key, columns]) for key in judged.index},
        "before_distance": float(np.abs(before - three_point_optimum(EPS)).max()),
        "stationary": {kind.split()[0]: dict(stationary.loc[kind].astype(object)) for kind in stationary.index},
        "barrier": stationary["loss_value"]["saddle"] - stationary["loss_value"]["stuck minimum"],
        "loss_ratio": stationary["loss_value"]["stuck minimum"] / stationary["loss_value"]["separating minimum"],
        "fold": {f"eps_{eps:g}".replace(".", "_"): t for eps, t in folds.items()},
        "updates": {
            "follow_rule": bool((extra == np.where(natural["t"] % 3 == 0, 3, 4)).all()),
            "growth_exponent": growth,
            "natural_at_largest": int(last["n_updates"]),
            "novikoff_at_largest": last["novikoff_bound"],
            "all_separate": bool((counted["separates"] == 1.0).all()),
            "drawn_runs": int(drawn["n"].sum()),
            "drawn_least_extra": int((drawn["least"] - drawn["t"]).min()),
            "drawn_most_extra": int((drawn["most"] - drawn["t"]).max()),
        },
    }


def rule_numbers(row: pd.Series) -> dict[str, Any]:
    """Return a row of the main table without what it leaves blank."""
    return {name: int(value) if name == "n_updates" else value for name, value in row.dropna().items()}


FOLDS: list[Cell] = [{"part": "fold", "eps": eps, "resamples": 1} for eps in (0.05, 0.1, 0.2)]
CELLS: tuple[Cell, ...] = (
    {"part": "rules", "resamples": 1},
    {"part": "slice", "resamples": 1},
    *FOLDS,
    {"part": "updates", "order": "natural", "resamples": 1},
    *[{"part": "updates", "order": order, "t": t} for order in ("cyclic-shuffled", "random") for t in T_DRAWN],
)

EXPERIMENT = Experiment(
    in_processes=True,
    name="four_points",
    question="Does a fourth, separable point leave backpropagation stuck where the perceptron goes on?",
    settings={"eps": EPS, "t": T, "learning_rate": LEARNING_RATE, "starts": len(STARTS), "t_largest": T_LARGEST},
    cells=CELLS,
    resamples=1000,
    block_size=1000,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
