"""The lecture's frames: no spoiler, one, three; the perceptron and the bounded unit on the same points."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from study.analysis.interval import middle, rate
from study.analysis.margin import functional_margins
from study.analysis.separability import is_separable
from study.analysis.separation import separates, training_error
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, GAUSSIAN, make_boxes, make_gaussians
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, by_part, concatenate
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Fit
from study.trainers.losses import Loss, loss_of_margin
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

N_SAMPLES, WEIGHT_BOUND = 100, 3.0
COUNTS = (0, 1, 3)
SHAPES: tuple[Literal["box", "ball"], ...] = ("box", "ball")
LOSSES: tuple[Loss, ...] = ("cross-entropy", "quadratic")
GROWTH = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
Setting = tuple[Literal["box", "ball"], float, Loss]
BOUND_GRID: list[Setting] = [(shape, R, loss) for shape in SHAPES for R in BOUNDS for loss in LOSSES]


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    match cell["part"]:
        case "frames":
            return frames(rng)
        case "rates":
            return rates(str(cell["generator"]), size, rng)
        case "growth":
            return growth(int(cell["n_samples"]), size, rng)
        case _:
            return bounds(size, rng)


def base_sets(generator: str, n_samples: int, size: int, rng: np.random.Generator) -> Dataset:
    """Draw a stack of base sets; both generators put the boundary at zero of the first feature."""
    if generator == "boxes":
        return make_boxes(n_samples, **BOX, size=size, rng=rng)
    return make_gaussians(n_samples, **GAUSSIAN, normal=[1.0, 0.0], size=size, rng=rng)


def spoilt_sets(base: Dataset, n_spoilers: int, rng: np.random.Generator) -> Dataset:
    """Return the sets with spoilers, or as they are for none."""
    return add_spoilers(base, n_spoilers, **PLACE, rng=rng) if n_spoilers else base


def judged(points: Dataset, w: Floats) -> list[Floats]:
    """Return whether weights separate, and how many base points and how many spoilers they lose."""
    wrong = ~(functional_margins(w, points.X, points.y) > 0)
    return [
        separates(w, points.X, points.y),
        (wrong & ~points.is_spoiler).sum(axis=-1),
        (wrong & points.is_spoiler).sum(axis=-1),
    ]


def frames(rng: np.random.Generator) -> Statistics:
    """Train both rules on the first set that is drawn, without and with spoilers."""
    base = base_sets("boxes", N_SAMPLES, 1, rng)
    points, lines = [], []
    for n_spoilers in COUNTS:
        drawn = spoilt_sets(base, n_spoilers, rng)
        X, y = drawn.X[0], drawn.y[0]
        bound = Bound("box", WEIGHT_BOUND)
        fits = [perceptron(X, y).w, *[sigmoid_unit(X, y, loss=loss, bound=bound, method="newton").w for loss in LOSSES]]
        wrong = [~(functional_margins(w, X, y) > 0) for w in fits]
        points.append(np.column_stack([np.full(len(y), n_spoilers), X, y, drawn.is_spoiler[0], *wrong]))
        for rule, w in enumerate(fits):
            lines.append([n_spoilers, rule, *w, separates(w, X, y), training_error(w, X, y)])
    return {"points": np.concatenate(points), "lines": np.array(lines), "n_fits": np.array([3 * len(COUNTS)])}


def rates(generator: str, size: int, rng: np.random.Generator) -> Statistics:
    """Train both rules on the same base sets without a spoiler, with one and with three."""
    base = base_sets(generator, N_SAMPLES, size, rng)
    bound = Bound("box", WEIGHT_BOUND)
    before: dict[str, Floats] = {}
    rows = []
    for n_spoilers in COUNTS:
        points = spoilt_sets(base, n_spoilers, rng)
        separable = is_separable(points.X, points.y)
        fit = perceptron(points.X, points.y)
        blank = np.full(size, np.nan)
        rows.append(np.stack([*judged(points, fit.w), separable, *[blank] * 4], axis=-1))
        for loss in LOSSES:
            fit = sigmoid_unit(points.X, points.y, loss=loss, bound=bound, method="newton")
            best = best_separator(points.X, points.y, loss=loss, bound=bound).loss if n_spoilers else blank
            total, least, own = sums(points, loss, fit, best)
            grown = total - before.setdefault(loss, total)
            rows.append(np.stack([*judged(points, fit.w), separable, total, least, own, grown], axis=-1))
    n_fits = size * len(COUNTS) * (1 + len(LOSSES)) + size * (len(COUNTS) - 1) * len(LOSSES)
    return {"rates": np.stack(rows, axis=1), "n_fits": np.array([n_fits])}


def sums(points: Dataset, loss: Loss, fit: Fit, best: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a fit's loss, the best separator's, and the spoilers' own terms of the first, as sums over samples."""
    n = points.y.shape[-1] if loss == "cross-entropy" else 1
    value = loss_of_margin(loss, functional_margins(fit.w, points.X, points.y), 0.0)[0]
    return n * fit.loss, n * best, (value * points.is_spoiler).sum(axis=-1)


def growth(n_samples: int, size: int, rng: np.random.Generator) -> Statistics:
    """Compare the bounded optimum with the best separator inside the same bound, one spoiler among many points."""
    points = spoilt_sets(base_sets("boxes", n_samples, size, rng), 1, rng)
    bound = Bound("box", WEIGHT_BOUND)
    rows = []
    for loss in LOSSES:
        fit = sigmoid_unit(points.X, points.y, loss=loss, bound=bound, method="newton")
        best = best_separator(points.X, points.y, loss=loss, bound=bound)
        rows.append(np.stack([separates(fit.w, points.X, points.y), *sums(points, loss, fit, best.loss)], axis=-1))
    return {"growth": np.stack(rows, axis=1), "n_fits": np.array([2 * size * len(LOSSES)])}


def bounds(size: int, rng: np.random.Generator) -> Statistics:
    """Ask at every bound whether the unit separates, on the same sets with one spoiler."""
    points = spoilt_sets(base_sets("boxes", N_SAMPLES, size, rng), 1, rng)
    X, y = points.X, points.y
    verdicts = [
        separates(sigmoid_unit(X, y, loss=loss, bound=Bound(shape, R), method="newton").w, X, y)
        for shape, R, loss in BOUND_GRID
    ]
    return {"bounds": np.stack(verdicts, axis=-1), "n_fits": np.array([size * len(BOUND_GRID)])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the five tables."""
    parts = by_part(merged)
    framed = parts["frames"][0][1]
    return {
        "": pd.concat([rates_table(str(cell["generator"]), s["rates"]) for cell, s in parts["rates"]]),
        "points": points_table(framed["points"]),
        "lines": lines_table(framed["lines"]),
        "growth": pd.concat([growth_table(int(cell["n_samples"]), s["growth"]) for cell, s in parts["growth"]]),
        "bounds": bounds_table(parts["bounds"][0][1]["bounds"]),
    }


def rates_table(generator: str, values: Floats) -> pd.DataFrame:
    """Return a row for each number of spoilers and rule, from values of shape (n, rows, 8)."""
    rows = []
    keys = [(n_spoilers, rule) for n_spoilers in COUNTS for rule in ("perceptron", *LOSSES)]
    for (n_spoilers, rule), value in zip(keys, np.swapaxes(values, 0, 1), strict=True):
        right, base_lost, spoilers_lost, separable, total, best, own, grown = value.T
        row: dict[str, Any] = {
            "generator": generator,
            "n_samples": N_SAMPLES,
            "n_spoilers": n_spoilers,
            "rule": rule,
            "n": len(value),
            **rate("separates", right),
            **rate("separable", separable),
            "base_lost": base_lost.mean(),
            "spoilers_lost": spoilers_lost.mean(),
        }
        if rule != "perceptron" and n_spoilers:
            failing = right == 0
            row |= rate("optimum_below_best", (best > total * (1.0 + 1e-9))[failing]) if failing.any() else {}
            row |= middle("best_over_optimum", best / total) | middle("own_share", own / total)
            row |= middle("loss_growth", grown / (total - grown))
        rows.append(row)
    return pd.DataFrame(rows)


def points_table(values: Floats) -> pd.DataFrame:
    """Return a row for each point of the frames."""
    wrong = [f"wrong_{rule}" for rule in ("perceptron", *LOSSES)]
    columns = ["n_spoilers", "x_1", "x_2", "label", "is_spoiler", *wrong]
    types = {"n_spoilers": int, "label": int} | dict.fromkeys(columns[4:], bool)
    return pd.DataFrame(values, columns=columns).astype(types)


def lines_table(values: Floats) -> pd.DataFrame:
    """Return a row for each boundary of the frames."""
    columns = ["n_spoilers", "rule", "w_1", "w_2", "bias", "separates", "training_error"]
    frame = pd.DataFrame(values, columns=columns).astype({"n_spoilers": int, "separates": bool})
    return frame.assign(rule=[("perceptron", *LOSSES)[int(rule)] for rule in frame["rule"]])


def growth_table(n_samples: int, values: Floats) -> pd.DataFrame:
    """Return a row for each loss at one number of base points."""
    rows: list[dict[str, Any]] = []
    for loss, value in zip(LOSSES, np.swapaxes(values, 0, 1), strict=True):
        right, total, best, own = value.T
        rows.append(
            {
                "n_samples": n_samples,
                "loss": loss,
                "n": len(value),
                **rate("separates", right),
                **middle("optimum", total / (n_samples + 1)),
                **middle("best_separator", best / (n_samples + 1)),
                **middle("own_share", own / total),
            }
        )
    return pd.DataFrame(rows)


def bounds_table(values: Floats) -> pd.DataFrame:
    """Return a row for each bound, its shape and loss."""
    return pd.DataFrame(
        [
            {"shape": shape, "weight_bound": R, "loss": loss, "n": len(value), **rate("separates", value)}
            for (shape, R, loss), value in zip(BOUND_GRID, values.T, strict=True)
        ]
    )


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    rated: dict[str, Any] = {}
    for row in tables[""].to_dict("records"):
        place = rated.setdefault(row["generator"], {}).setdefault(f"spoilers_{row['n_spoilers']}", {})
        place[row["rule"].replace("-", "_")] = {
            name: value for name, value in row.items() if isinstance(value, float) and not np.isnan(value)
        }
    growing: dict[str, Any] = {}
    for row in tables["growth"].to_dict("records"):
        place = growing.setdefault(row["loss"].replace("-", "_"), {})
        place[f"n_{row['n_samples']}"] = {
            **{name: row[name] for name in ("separates", "own_share", "optimum", "best_separator")},
            "ratio": row["best_separator"] / row["optimum"],
        }
    bounded: dict[str, Any] = {}
    for row in tables["bounds"].to_dict("records"):
        place = bounded.setdefault(row["shape"], {}).setdefault(row["loss"].replace("-", "_"), {})
        place[f"R_{row['weight_bound']:g}".replace(".", "_")] = {
            name: row[name] for name in ("separates", "separates_low", "separates_high")
        }
    return {
        "n": int(tables[""]["n"].min()),
        "n_growth": int(tables["growth"]["n"].min()),
        "n_bounds": int(tables["bounds"]["n"].min()),
        "rates": rated,
        "growth": growing,
        "bounds": bounded,
        "twentieth": {loss.replace("-", "_"): below_a_twentieth(tables["growth"], loss) for loss in LOSSES},
        "frame": {"place": -PLACE["depth"]},
        "frames": frame_numbers(tables["lines"]),
    }


def below_a_twentieth(growth: pd.DataFrame, loss: Loss) -> dict[str, int]:
    """Return the most points at which the spoiler's share is a twentieth or more, and the next more tried."""
    rows = growth[growth["loss"] == loss]
    above = int(rows["n_samples"][rows["own_share"] >= 0.05].max())
    return {"above": above, "below": int(rows["n_samples"][rows["n_samples"] > above].min())}


def frame_numbers(lines: pd.DataFrame) -> dict[str, Any]:
    """Return whether each boundary of the frames separates."""
    frames_: dict[str, Any] = {}
    for row in lines.to_dict("records"):
        place = frames_.setdefault(f"spoilers_{row['n_spoilers']}", {})
        place[row["rule"].replace("-", "_")] = {"separates": row["separates"]}
    return frames_


GROWTH_CELLS: list[Cell] = [{"part": "growth", "n_samples": n, "resamples": 100} for n in GROWTH]
CELLS: tuple[Cell, ...] = (
    {"part": "frames", "resamples": 1},
    {"part": "rates", "generator": "boxes"},
    {"part": "rates", "generator": "gaussians"},
    *GROWTH_CELLS,
    {"part": "bounds", "resamples": 200},
)

EXPERIMENT = Experiment(
    in_processes=True,
    name="spoilers",
    question="Does one spoiler, or three, make the bounded unit fail where the perceptron separates?",
    settings={
        "n_samples": N_SAMPLES,
        "weight_bound": WEIGHT_BOUND,
        "depth": PLACE["depth"],
        "offset": PLACE["offset"],
        "jitter_depth": PLACE["jitter"][0],
        "jitter_offset": PLACE["jitter"][1],
        "boxes": BOX,
        "gaussians": GAUSSIAN,
        "level": 0.95,
        "most_samples": max(GROWTH),
    },
    cells=CELLS,
    resamples=1000,
    block_size=50,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
