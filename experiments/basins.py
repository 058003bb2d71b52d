"""The four points: all stationary points proved, the fold enclosed, and where descent ends from near and far starts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments._proofs import accepted, statement
from study import four_points, functional_margins, separates, sigmoid_unit, stationary_points, verdict
from study.analysis.interval import wilson
from study.certificates.fold import fold_near
from study.checks import CheckFailed
from study.datasets.dataset import Floats
from study.sweeps.experiment import Row, Statements
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise
from study.trainers.losses import LOSSES, Loss

EPS, T, LEARNING_RATE, MAX_STEPS, TOL = 0.1, 10.0, 0.2, 20_000, 1e-6
DISTANCES, SPREADS = (5.0, 10.0, 100.0), (0.01, 0.1, 0.3, 1.0, 3.0)
AXIS = np.linspace(-4.0, 8.0, 37)
BESIDE = {0.01: (2.79, 2.80), 0.05: (3.40, 3.41), 0.1: (4.11, 4.12), 0.2: (6.16, 6.17)}
"""For each eps, a distance on either side of the fold, a hundredth apart."""
PROVED = (
    *((eps, 10.0, 100.0, False) for eps in (0.1, 0.05, 0.01)),
    *((0.1, 10.0, 10.0, True), (0.05, 10.0, 12.0, True), (0.01, 10.0, 15.0, True)),
    *((eps, t, 20.0, True) for eps, both in BESIDE.items() for t in both),
)
"""eps, t, bound, and whether the count is to hold in all of space."""
VERDICT_BOUND = 100.0
STILL, MOTION = np.vstack([four_points(1.0).X[:3], np.zeros(2)]), np.outer(np.arange(4) == 3, [0.0, -1.0])
"""The four points are STILL + t MOTION."""
WEIGHTS = ("w_x", "w_y", "b")
ENDS = ("separates", "fourth point lost", "another point lost")


def count_stationary(eps: float, t: float, weight_bound: float, everywhere: bool) -> Records:
    """Enclose all stationary points of the quadratic loss in a box, or in all of space, and have the proof checked."""
    points = four_points(t)
    found = stationary_points(points.X, points.y, eps=eps, weight_bound=weight_bound, everywhere=everywhere)
    proof = accepted(found.certificate)
    rows = [
        {
            "is_minimum": q.kind == "minimum",
            "separates": q.separates,
            "on_face": q.face != "000",
            **dict(zip(WEIGHTS, q.w, strict=True)),
            "loss_low": q.loss[0],
            "loss_high": q.loss[1],
            **proof,
        }
        for q in found.points
    ]
    return {"stationary": rows, "n_fits": 1}


def enclose_fold(eps: float) -> Records:
    """Enclose the distance at which the stuck minimum vanishes, and have the proof checked."""
    u, near = np.log((1.0 - eps) / eps), BESIDE[eps][0]
    found = fold_near(STILL, MOTION, four_points(1.0).y, eps=eps, w0=[u, 0.9 * u, 0.05 * u], t0=near)
    if found is None:
        raise CheckFailed(f"no fold was enclosed at eps = {eps}")
    row = {"t": found.t, "radius": found.radius, **dict(zip(WEIGHTS, found.w, strict=True))}
    return {"fold": row | accepted(found.certificate), "n_fits": 1}


def prove_verdict(eps: float, loss: Loss) -> Records:
    """Prove whether the optimum inside a wide box separates, and have the proof checked."""
    points = four_points(T)
    found = verdict(points.X, points.y, loss=loss, eps=eps, weight_bound=VERDICT_BOUND)
    row = {"separates": found.claim == "separates", "value": found.loss_value}
    return {"verdicts": row | accepted(found.certificate), "n_fits": 1}


def learning_rate(loss: Loss, t: float) -> float:
    """Return the declared rate, or the inverse of the largest curvature where the convex loss would diverge."""
    points = four_points(t)
    largest = float(np.linalg.norm(np.column_stack([points.X, np.ones(4)]), ord=2)) ** 2 / 16.0
    return min(LEARNING_RATE, 1.0 / largest) if loss == "cross-entropy" else LEARNING_RATE


def map_ends() -> Records:
    """Say where descent ends from each start of a grid."""
    w_x, w_y = (w.ravel() for w in np.meshgrid(AXIS, AXIS, indexing="ij"))
    found = ends(T, np.column_stack([w_x, w_y, np.zeros(w_x.size)]))
    return {"map": {"w_x": w_x, "w_y": w_y, **found}, "n_fits": len(LOSSES) * w_x.size}


def descend_warm(t: float) -> Records:
    """Say where descent ends from the optimum of the first three points."""
    u = np.log((1.0 - EPS) / EPS)
    return {"": ends_by_loss(t, np.array([[u, u, 0.0]])), "n_fits": len(LOSSES)}


def descend_from_drawn(t: float, s: float, size: int, rng: np.random.Generator) -> Records:
    """Say where descent ends from drawn starts of spread s."""
    return {"": ends_by_loss(t, s * rng.normal(size=(size, 3))), "n_fits": len(LOSSES) * size}


def ends_by_loss(t: float, starts: Floats) -> list[dict[str, Any]]:
    """Return the ends as rows, a column for the loss."""
    return [{"loss": loss, "end": end} for loss, end in ends(t, starts).items()]


def ends(t: float, starts: Floats) -> dict[str, NDArray[np.str_]]:
    """Return for each of the losses where literal descent ends from each start: one of `ENDS`."""
    points = four_points(t)
    found: dict[str, NDArray[np.str_]] = {}
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
        found[loss] = np.select([separates(fit.w, points.X, points.y), lost], ENDS[:2], ENDS[2])
    return found


def tables(records: Frames) -> Frames:
    """Make one row for each distance, spread and loss of the starts; the other records are tables as they are."""
    return {**records, "": summarise(records[""], ["t", "s", "loss"], shares_row)}


def stationary_statement(row: Row) -> Statements:
    """Return what the proof of a stationary point must state."""
    points = four_points(row["t"])
    unit = {name: row[name] for name in ("eps", "weight_bound", "everywhere")}
    point = {"w": [row[name] for name in WEIGHTS], "separates": row["separates"]}
    point |= {"loss": [row["loss_low"], row["loss_high"]], **({"kind": "minimum"} if row["is_minimum"] else {})}
    return {"certificate": statement(points.X, points.y, points=point, **unit)}


def fold_statement(row: Row) -> Statements:
    """Return what the proof of a fold must state."""
    still = statement(STILL, four_points(1.0).y, eps=row["eps"], weight_bound=1.0)
    moving = {"kind": "fold", "motion": MOTION.tolist(), **{name: row[name] for name in ("t", "radius")}}
    del still["weight_bound"]
    return {"certificate": still | moving | {"w": [row[name] for name in WEIGHTS]}}


def verdict_statement(row: Row) -> Statements:
    """Return what the proof of a verdict must state."""
    points, claim = four_points(T), "separates" if row["separates"] else "fails"
    unit = {"loss": row["loss"], "eps": row["eps"], "weight_bound": VERDICT_BOUND}
    return {"certificate": statement(points.X, points.y, claim=claim, **unit)}


def shares_row(rows: Rows) -> dict[str, float]:
    """Return in what share of starts the fourth point is misclassified, with its 95% interval, and the other ends."""
    separate, stuck, other = (rows["end"] == end for end in ENDS)
    low, high = wilson(int(stuck.sum()), len(stuck))
    share = {"stuck": float(stuck.mean()), "low": low, "high": high}
    return {**share, "separates": float(separate.mean()), "other": float(other.mean())}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    shares, points, verdicts = tables[""], tables["stationary"], tables["verdicts"]
    where = points["weight_bound"].map(lambda R: key(R, "R")).mask(points["everywhere"], "everywhere")
    shares = shares.assign(setting=shares["loss"] + "_" + shares["t"].map(lambda t: key(t, "t")))
    warm, drawn = shares[shares["s"].isna()], shares[shares["s"].notna()]
    counts = summarise(points.assign(where=where), ["eps", "t", "where"], stationary_row)
    return {
        "n_certificates": len(tables["certificates"]),
        "stationary": nested(counts, {"eps": "eps", "t": "t", "where": ""}),
        "fold": nested(tables["fold"], {"eps": "eps"}, ["t", "radius"]),
        "verdicts_separate": bool(verdicts["separates"].all()),
        "warm": {key(setting): stuck for setting, stuck in zip(warm["setting"], warm["stuck"], strict=True)},
        "starts": nested(drawn, {"setting": "", "s": "s"}, ["n", "stuck", "low", "high", "separates"]),
    }


def stationary_row(rows: Rows) -> dict[str, Any]:
    """Return how many stationary points there are of each kind, and the losses at the minima."""
    minimum, right = rows["is_minimum"], rows["separates"]
    loss = (rows["loss_low"] + rows["loss_high"]) / 2
    return {
        "n_minima": int(minimum.sum()),
        "on_face": int(rows["on_face"].sum()),
        "n_separating": int((minimum & right).sum()),
        "loss": {"separating" if right[k] else "failing": float(loss[k]) for k in np.flatnonzero(minimum)},
    }


EXPERIMENT = experiment(
    name="basins",
    question="Which stationary points has the loss on the four points, and in which of them does descent end?",
    settings={
        "eps": EPS,
        "t": T,
        "least_spread": min(SPREADS),
        "learning_rate": LEARNING_RATE,
        "max_steps": MAX_STEPS,
        "tol": TOL,
        "verdict_bound": VERDICT_BOUND,
    },
    parts={
        "stationary": Part(
            run=count_stationary,
            cells=[dict(zip(("eps", "t", "weight_bound", "everywhere"), values, strict=True)) for values in PROVED],
            draws=False,
        ),
        "fold": Part(run=enclose_fold, cells=every(eps=BESIDE), draws=False),
        "verdict": Part(run=prove_verdict, cells=every(eps=(0.1, 0.05, 0.01), loss=LOSSES), draws=False),
        "map": Part(run=map_ends, draws=False),
        "warm": Part(run=descend_warm, cells=every(t=DISTANCES), draws=False),
        "starts": Part(run=descend_from_drawn, cells=every(t=DISTANCES, s=SPREADS)),
    },
    resamples=200,
    block_size=100,
    statements={"stationary": stationary_statement, "fold": fold_statement, "verdicts": verdict_statement},
    tables=tables,
    numbers=numbers,
)
