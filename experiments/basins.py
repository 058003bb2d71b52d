"""The four points: all stationary points proved, the fold enclosed, and where descent ends from near and far starts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.analysis.interval import wilson
from study.analysis.margin import functional_margins
from study.analysis.separation import separates
from study.certificates.checker import check
from study.certificates.fold import fold_near
from study.certificates.search import verdict
from study.certificates.stationary import stationary_points
from study.datasets.dataset import Floats
from study.datasets.published import four_points
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, by_part, concatenate
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit

EPS, T, LEARNING_RATE, MAX_STEPS, TOL = 0.1, 10.0, 0.2, 20_000, 1e-6
DISTANCES, SPREADS = (5.0, 10.0, 100.0), (0.01, 0.1, 0.3, 1.0, 3.0)
AXIS = np.linspace(-4.0, 8.0, 37)
BESIDE = {0.05: (3.40, 3.41), 0.1: (4.11, 4.12), 0.2: (6.16, 6.17)}
"""For each eps, a distance on either side of the fold, a hundredth apart."""
COUNTED = ((0.1, 10.0, 100.0, False), (0.05, 10.0, 100.0, False), (0.1, 10.0, 10.0, True), (0.05, 10.0, 12.0, True))
"""eps, t, bound, and whether the count is to hold in all of space."""
VERDICT_BOUND = 100.0
TREE = r'"tree":"([.012]*)"'
ENDS = ("separates", "fourth point lost", "another point lost")


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute one block of the part that the cell names."""
    match cell["part"]:
        case "stationary":
            return stationary(float(cell["eps"]), float(cell["t"]), float(cell["R"]), bool(cell["everywhere"]))
        case "fold":
            return fold(float(cell["eps"]))
        case "verdict":
            return global_optimum(float(cell["eps"]), str(cell["loss"]))  # type: ignore[arg-type]
        case "map":
            w_x, w_y = np.meshgrid(AXIS, AXIS, indexing="ij")
            return descended(T, np.column_stack([w_x.ravel(), w_y.ravel(), np.zeros(w_x.size)]))
        case "warm":
            return descended(float(cell["t"]), old_optimum()[None])
        case _:
            return descended(float(cell["t"]), float(cell["s"]) * rng.normal(size=(size, 3)))


def old_optimum() -> Floats:
    """Return the optimum of the first three points."""
    u = np.log((1.0 - EPS) / EPS)
    return np.array([u, u, 0.0])


def stationary(eps: float, t: float, bound: float, everywhere: bool) -> Statistics:
    """Enclose all stationary points of the quadratic loss in a box, or in all of space, and have the proof checked."""
    points = four_points(t)
    found = stationary_points(points.X, points.y, eps=eps, weight_bound=bound, everywhere=everywhere)
    if found.certificate is None:
        raise RuntimeError(f"{found.cells_left} cells are left at eps = {eps}, t = {t}")
    check(found.certificate)
    on_face = [q.face != "000" for q in found.points]
    rows = [
        [eps, t, bound, everywhere, q.kind == "minimum", q.separates, face, *q.w, *q.loss]
        for q, face in zip(found.points, on_face, strict=True)
    ]
    return {
        "points": np.array(rows, dtype=float),
        "certificate": np.array([found.certificate.encode()]),
        "n_fits": np.array([1]),
    }


def fold(eps: float) -> Statistics:
    """Enclose the distance at which the stuck minimum vanishes, and have the proof checked."""
    u, near = np.log((1.0 - eps) / eps), BESIDE[eps][0]
    still, motion = np.zeros((4, 2)), np.zeros((4, 2))
    still[:3], motion[3, 1] = four_points(1.0).X[:3], -1.0
    found = fold_near(still, motion, four_points(1.0).y, eps=eps, w0=[u, 0.9 * u, 0.05 * u], t0=near)
    if found is None:
        raise RuntimeError(f"no fold was enclosed at eps = {eps}")
    check(found.certificate)
    return {
        "fold": np.array([[eps, found.t, found.radius, *found.w]]),
        "certificate": np.array([found.certificate.encode()]),
        "n_fits": np.array([1]),
    }


def global_optimum(eps: float, loss: Loss) -> Statistics:
    """Prove whether the optimum inside a wide box separates, and have the proof checked."""
    points = four_points(T)
    found = verdict(points.X, points.y, loss=loss, eps=eps, weight_bound=VERDICT_BOUND)
    if found.certificate is None:
        raise RuntimeError(f"{found.cells_left} cells are left at eps = {eps}, {loss}")
    check(found.certificate)
    row = [eps, LOSSES.index(loss), found.claim == "separates", found.loss_value]
    return {
        "verdict": np.array([row], dtype=float),
        "certificate": np.array([found.certificate.encode()]),
        "n_fits": np.array([1]),
    }


def learning_rate(loss: Loss, t: float) -> float:
    """Return the declared rate, or the inverse of the largest curvature where the convex loss would diverge."""
    points = four_points(t)
    largest = float(np.linalg.norm(np.column_stack([points.X, np.ones(4)]), ord=2)) ** 2 / 16.0
    return min(LEARNING_RATE, 1.0 / largest) if loss == "cross-entropy" else LEARNING_RATE


def descended(t: float, starts: Floats) -> Statistics:
    """Say where literal descent ends from each start, for each of the losses."""
    points = four_points(t)
    ends = []
    for loss in LOSSES:
        fit = sigmoid_unit(
            points.X,
            points.y,
            loss=loss,
            eps=EPS,
            w0=starts,
            method="descent",
            learning_rate=learning_rate(loss, t),
            max_steps=MAX_STEPS,
            tol=TOL,
        )
        lost = functional_margins(fit.w, points.X, points.y)[:, 3] <= 0.0
        ends.append(np.where(separates(fit.w, points.X, points.y), 0, np.where(lost, 1, 2)))
    return {"start": starts, "end": np.stack(ends, axis=-1), "n_fits": np.array([len(LOSSES) * len(starts)])}


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make the tables of stuck fractions, of the map, of what is proved, and the certificates."""
    parts = by_part(merged)
    proved = {part: concatenate([s for _, s in parts[part]]) for part in ("stationary", "fold", "verdict")}
    columns = ["eps", "t", "weight_bound", "everywhere", "is_minimum", "separates", "on_face"]
    points = pd.DataFrame(
        proved["stationary"]["points"], columns=[*columns, "w_x", "w_y", "b", "loss_low", "loss_high"]
    )
    verdicts = pd.DataFrame(proved["verdict"]["verdict"], columns=["eps", "loss", "separates", "value"])
    verdicts["loss"] = [LOSSES[int(code)] for code in verdicts["loss"]]
    flags = dict.fromkeys(["everywhere", "is_minimum", "separates", "on_face"], bool)
    proofs = [line.decode() for part in proved.values() for line in part["certificate"]]
    return {
        "": pd.DataFrame([row for part in ("warm", "starts") for entry in parts[part] for row in fractions(*entry)]),
        "map": map_table(parts["map"][0][1]),
        "stationary": points.astype(flags),
        "fold": pd.DataFrame(proved["fold"]["fold"], columns=["eps", "t", "radius", "w_x", "w_y", "b"]),
        "verdicts": verdicts.astype({"separates": bool}),
        "certificates": pd.DataFrame({"certificate": proofs}),
    }


def fractions(cell: Cell, statistics: Statistics) -> list[dict[str, Any]]:
    """Return a row for each loss: in what share of starts the fourth point is lost, with its 95% interval."""
    rows = []
    for code, loss in enumerate(LOSSES):
        end = statistics["end"][:, code]
        n, stuck = len(end), int((end == 1).sum())
        low, high = wilson(stuck, n)
        place: dict[str, Any] = {"t": float(cell["t"]), "s": float(cell.get("s", np.nan)), "loss": loss, "n": n}
        share = {"stuck": stuck / n, "low": low, "high": high}
        rows.append({**place, **share, "separates": float((end == 0).mean()), "other": float((end == 2).mean())})
    return rows


def map_table(statistics: Statistics) -> pd.DataFrame:
    """Return a row for each start of the grid, with the end that each loss leads to."""
    frame = pd.DataFrame({"w_x": statistics["start"][:, 0], "w_y": statistics["start"][:, 1]})
    for code, loss in enumerate(LOSSES):
        frame[loss] = [ENDS[end] for end in statistics["end"][:, code]]
    return frame


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    shares, points, verdicts = tables[""], tables["stationary"], tables["verdicts"]
    found: dict[str, Any] = {}
    for (eps, t, bound, everywhere), here in points.groupby(["eps", "t", "weight_bound", "everywhere"]):
        where = "everywhere" if everywhere else f"R_{bound:g}"
        minima = here[here["is_minimum"]]
        counted = {"n": len(here), "n_minima": len(minima), "on_face": int(here["on_face"].sum())}
        found.setdefault(key("eps", eps), {}).setdefault(key("t", t), {})[where] = {
            **counted,
            "n_separating": int(minima["separates"].sum()),
            "loss": {
                "separating" if row["separates"] else "failing": (row["loss_low"] + row["loss_high"]) / 2
                for row in minima.to_dict("records")
            },
        }
    folds = tables["fold"].to_dict("records")
    warm = shares[shares["s"].isna()]
    return {
        "n_certificates": len(tables["certificates"]),
        "stationary": found,
        "fold": {key("eps", row["eps"]): {"t": row["t"], "radius": row["radius"]} for row in folds},
        "verdicts_separate": bool(verdicts["separates"].all()),
        "most_cells": int(tables["certificates"]["certificate"].str.extract(TREE)[0].str.len().max()),
        "warm": {name(row): row["stuck"] for row in warm.to_dict("records")},
        "starts": nested(shares[shares["s"].notna()]),
    }


def key(name: str, value: float) -> str:
    """Return a setting as a key of the numbers."""
    return f"{name}_{value:g}".replace(".", "_")


def name(row: Mapping[str, Any]) -> str:
    """Return a loss and a distance as a key of the numbers."""
    return f"{row['loss'].replace('-', '_')}_{key('t', row['t'])}"


def nested(rows: pd.DataFrame) -> dict[str, Any]:
    """Return share and interval by loss and distance, and by the spread of the starts."""
    tree: dict[str, Any] = {}
    for row in rows.to_dict("records"):
        values = {column: row[column] for column in ("n", "stuck", "low", "high", "separates")}
        tree.setdefault(name(row), {})[key("s", row["s"])] = values
    return tree


def drawn(t: float, s: float) -> Cell:
    """Return the cell of random starts."""
    return {"part": "starts", "t": t, "s": s}


def declared(part: str, **settings: str | int | float) -> Cell:
    """Return the cell of a part that draws nothing."""
    return {"part": part, **settings, "resamples": 1}


PROVED = (*COUNTED, *((eps, t, 20.0, True) for eps, both in BESIDE.items() for t in both))
CELLS: list[Cell] = [
    *(declared("stationary", eps=eps, t=t, R=R, everywhere=int(whole)) for eps, t, R, whole in PROVED),
    *(declared("fold", eps=eps) for eps in BESIDE),
    *(declared("verdict", eps=eps, loss=loss) for eps in (0.1, 0.05) for loss in LOSSES),
    declared("map"),
    *(declared("warm", t=t) for t in DISTANCES),
    *(drawn(t, s) for t in DISTANCES for s in SPREADS),
]

EXPERIMENT = Experiment(
    in_processes=True,
    name="basins",
    question="Which stationary points has the loss on the four points, and in which of them does descent end?",
    settings={
        "eps": EPS,
        "t": T,
        "distances": list(DISTANCES),
        "spreads": list(SPREADS),
        "least_spread": min(SPREADS),
        "learning_rate": LEARNING_RATE,
        "max_steps": MAX_STEPS,
        "tol": TOL,
        "verdict_bound": VERDICT_BOUND,
        "map_starts": AXIS.size**2,
    },
    cells=CELLS,
    resamples=200,
    block_size=100,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
)
