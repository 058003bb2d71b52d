"""The peers of the bench: who solves which problem, and how answers and times are compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from experiments._environments import Unavailable, running
from experiments._floors import Work, floor_seconds, network_work, newton_work, perceptron_work
from experiments._timing import timed
from study.analysis.separability import is_separable
from study.checks import CheckFailed
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.parts import Records
from study.trainers.fit import Bound, Fit
from study.trainers.max_margin import max_margin
from study.trainers.network import network
from study.trainers.optimiser import Optimiser
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

WEIGHT_BOUND, PENALTY_C = 3.0, 1.0
WIDTH, STEPS, RATE, DECAY = 16, 100, 0.01, 0.01
"""Hidden nodes of the networks, and AdamW's steps, learning rate and weight decay."""
PRESENT = "present"
"""The program of the peers that are in the study's own environment."""
TOL = 1e-6
"""Answers agree where what is minimised differs by at most this share of itself, or of a hundredth of what it is at the
start: peers stop at a gradient that is small beside the first."""
ENOUGH = 0.99
"""The share of sets with the same answer from which times are compared."""
FEW = 10
"""Sets that a peer which takes one at a time is timed on."""
PATIENCE = 3.0
"""Seconds after which a peer's time is not taken again."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Who solves a problem: environment, package, what its program calls the solver, and whether all sets at once."""

    environment: str
    package: str
    solver: str
    stacked: bool = True
    losses: tuple[str, ...] = ("cross-entropy", "quadratic")


def _one(environment: str, package: str, solver: str, *losses: str) -> Peer:
    """Return a peer that takes one set at a time, of the cross-entropy where no loss is given."""
    known = losses or ("cross-entropy",)
    return Peer(environment=environment, package=package, solver=solver, stacked=False, losses=known)


SCIPY = _one(PRESENT, "scipy", "L-BFGS-B", "cross-entropy", "quadratic")
NEWTONS = {
    "JAX Newton": Peer(environment="jax", package="jax", solver="newton"),
    "PyTorch Newton": Peer(environment="torch", package="torch", solver="newton"),
}
LOGISTIC = {solver: _one(PRESENT, "scikit-learn", solver) for solver in ("lbfgs", "newton-cholesky")}
PEERS: Mapping[str, Mapping[str, Peer]] = {
    "perceptron": {
        "Perceptron": _one(PRESENT, "scikit-learn", "Perceptron"),
        "numba loop": Peer(environment=PRESENT, package="numba", solver="numba"),
        "C loop": Peer(environment=PRESENT, package="", solver="C"),
    },
    "bounded": {
        "L-BFGS-B": SCIPY,
        **NEWTONS,
        "jaxopt LBFGSB": Peer(environment="jax", package="jaxopt", solver="l_bfgs_b"),
        "BoTorch L-BFGS-B": Peer(environment="torch", package="botorch", solver="l_bfgs_b"),
        "glum": _one("glum", "glum", "box"),
        "clogistic": _one("clogistic", "clogistic", "box"),
        "adelie": _one("adelie", "adelie", "box"),
    },
    "penalty": {
        "L-BFGS-B": SCIPY,
        **LOGISTIC,
        **NEWTONS,
        "jaxopt LBFGS": Peer(environment="jax", package="jaxopt", solver="l_bfgs_b"),
        "glum": _one("glum", "glum", "ridge"),
    },
    "penalised bias": {"liblinear": _one(PRESENT, "scikit-learn", "liblinear"), **NEWTONS},
    "unbounded": {**LOGISTIC, **NEWTONS},
    "margin": {
        "SVC": _one(PRESENT, "scikit-learn", "SVC"),
        **{
            solver: _one("qpsolvers", package, solver)
            for solver, package in (
                ("daqp", "daqp"),
                ("piqp", "piqp"),
                ("proxqp", "proxsuite"),
                ("quadprog", "quadprog"),
            )
        },
    },
    "network": {
        "PyTorch AdamW": Peer(environment="torch", package="torch", solver="adamw"),
        "JAX AdamW": Peer(environment="jax", package="optax", solver="adamw"),
    },
}
"""The peers of each part of the bench, by the names that table and figure have."""


def draw(kind: str, n_samples: int, n_features: int, rng: np.random.Generator) -> Dataset:
    """Draw a stack of easy sets, of clusters with a spoiler, or of sets that no hyperplane separates."""
    n_sets = max(100, min(4000, 400_000 // (n_samples * n_features)))
    if kind == "easy":
        return make_boxes(n_samples, n_features, **BOX, size=n_sets, rng=rng)
    if kind == "spoilt":
        return add_spoilers(make_boxes(n_samples - 1, n_features, **BOX, size=n_sets, rng=rng), 1, depth=PLACE["depth"])
    X = rng.standard_normal((n_sets, n_samples, n_features))
    y = np.where(X[..., 0] + rng.logistic(size=X.shape[:-1]) > 0.0, 1.0, -1.0)
    both = (y.min(axis=-1) < y.max(axis=-1)) & ~is_separable(X, y)
    return Dataset(X=X[both], y=y[both], name=kind)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What ours and the peers solve, and how their answers are compared.

    Parameters
    ----------
    stacks : mapping of str to ndarray of shape (n_sets, ...)
        What the peers' programs take, of each set.
    constants : mapping of str to array_like
        What they take once.
    fit : callable () -> Fit
    excess : callable (w, ours, stacks) -> ndarray
        By what share of itself each set's value at `w` exceeds the value at our weights.
    work : Work, optional
        What a pass over a set takes.
    """

    stacks: Mapping[str, Any]
    constants: Mapping[str, Any]
    fit: Callable[[], Fit]
    excess: Callable[[Floats, Floats, Mapping[str, Any]], Floats]
    work: Work | None = None


def perceptrons(points: Dataset) -> Problem:
    """Return the perceptron's problem, the samples in natural order."""
    X, y = points.X, points.y
    return Problem(
        stacks={"X": X, "y": y, "n_passes": perceptron(X, y).n_passes},
        constants={},
        fit=lambda: perceptron(X, y),
        excess=_difference,
        work=perceptron_work(X.shape[1], X.shape[2] + 1),
    )


def units(points: Dataset, *, loss: str = "cross-entropy", **limit: Any) -> Problem:
    """Return the unit's problem: the least mean loss in a box, with a penalty of C, `bias` saying of what, or alone."""
    X, y = points.X, points.y
    n, p = X.shape[1], X.shape[2] + 1
    C = limit.get("C", np.inf)
    penalty = np.full(p, 1.0 / (C * n))
    penalty[-1] *= limit.get("bias") == "penalised"
    R = limit["bound"].weight_bound if "bound" in limit else np.inf

    def value(w: Floats, stacks: Mapping[str, Any]) -> Floats:
        w = np.clip(w, -R, R)
        m = stacks["y"] * ((stacks["X"] @ w[:, :-1, None])[..., 0] + w[:, -1:])
        each = np.logaddexp(0.0, -m) if loss == "cross-entropy" else 0.5 * expit(-m) ** 2
        return np.asarray(each.mean(axis=-1) + 0.5 * (w * w) @ penalty)

    def excess(w: Floats, ours: Floats, stacks: Mapping[str, Any]) -> Floats:
        least = value(ours, stacks)
        return np.asarray((value(w, stacks) - least) / np.maximum(least, 0.01 * value(0.0 * ours, stacks)))

    return Problem(
        stacks={"X": X, "y": y},
        constants={"loss": loss, "R": R, "C": C, "penalty": penalty},
        fit=partial(sigmoid_unit, X, y, loss=loss, method="newton", **limit),  # type: ignore[arg-type]
        excess=excess,
        work=newton_work(n, p),
    )


def margins(points: Dataset) -> Problem:
    """Return the problem of the widest margin."""

    def margin(w: Floats, stacks: Mapping[str, Any]) -> Floats:
        m = stacks["y"] * ((stacks["X"] @ w[:, :-1, None])[..., 0] + w[:, -1:])
        return np.asarray(m.min(axis=-1) / np.linalg.norm(w[:, :-1], axis=-1))

    return Problem(
        stacks={"X": points.X, "y": points.y},
        constants={},
        fit=lambda: max_margin(points.X, points.y),
        excess=lambda w, ours, stacks: 1.0 - margin(w, stacks) / margin(ours, stacks),
    )


def networks(points: Dataset, w0: Floats) -> Problem:
    """Return the problem of training a network of one hidden layer by AdamW on all samples."""
    X, y = points.X, points.y
    how = Optimiser(rule="adamw", learning_rate=RATE, weight_decay=DECAY)
    return Problem(
        stacks={"X": X, "y": y, "w0": w0},
        constants={"width": WIDTH, "steps": STEPS, "rate": RATE, "decay": DECAY},
        fit=partial(network, X, y, layers=(WIDTH, 1), w0=w0, activation="tanh", method=how, max_steps=STEPS, tol=0.0),
        excess=_difference,
        work=network_work(X.shape[1], X.shape[2], WIDTH),
    )


PROBLEMS: Mapping[str, Callable[..., Problem]] = {
    "perceptron": perceptrons,
    "bounded": partial(units, bound=Bound("box", WEIGHT_BOUND)),
    "penalty": partial(units, C=PENALTY_C),
    "penalised bias": partial(units, C=PENALTY_C, bias="penalised"),
    "unbounded": units,
    "margin": margins,
}


def _difference(w: Floats, ours: Floats, stacks: Mapping[str, Any]) -> Floats:
    """Return the largest difference of weights as a share of the largest weight: the same steps lead to the same."""
    del stacks  # weights are compared, and no value
    return np.asarray(np.abs(w - ours).max(axis=-1) / np.abs(ours).max(axis=-1))


def compare_with_peers(problem: Problem, peers: Mapping[str, Peer], repeats: int) -> Records:
    """Compare answers with each peer, then take times in turn; seconds a fit, one row for each repeat and peer."""
    fit = problem.fit()
    rows = [
        {"n_sets": len(fit.w), "passes": fit.n_passes.mean(), "peer": name, **row}
        for name, peer in peers.items()
        for row in _rows(problem, fit, name, peer, repeats)
    ]
    return {"times": rows, "n_fits": len(rows) * len(fit.w)}


def _rows(problem: Problem, fit: Fit, name: str, peer: Peer, repeats: int) -> list[dict[str, Any]]:
    """Return the times of ours and a peer, in turn; of ours alone, and why, where the peer cannot be had."""
    some = slice(None if peer.stacked else FEW)
    stacks = {key: value[some] for key, value in problem.stacks.items()}
    chosen, n_sets, spent = fit.w[some], len(fit.w), 0.0
    rows: list[dict[str, Any]] = []
    try:
        with running(peer.environment, peer.solver, peer.package, {**stacks, **problem.constants}) as answer:
            agreed = agreement(name, problem.excess(answer.w, chosen, stacks), problem.constants.get("loss"))
            told = {"version": f"{peer.package} {answer.version}".strip(), "first_s": answer.first, **agreed}
            while len(rows) < repeats and spent < PATIENCE:
                mine, floor, theirs = timed(problem.fit), _floor(problem, fit), answer.seconds()
                spent += theirs
                rows.append({"ours": mine / n_sets, **floor, "theirs": theirs / len(chosen), **told})
    except Unavailable as why:
        told = {"version": "", "why": str(why), **dict.fromkeys(("theirs", "first_s", "agree", "better"), np.nan)}
        return [{"ours": timed(problem.fit) / n_sets, **_floor(problem, fit), **told} for _ in range(repeats)]
    return rows


def _floor(problem: Problem, fit: Fit) -> dict[str, float]:
    """Return the least seconds that a fit can take at this moment: what else runs on the machine changes its peaks."""
    return {} if problem.work is None else {"floor": floor_seconds(problem.work, float(fit.n_passes.mean()))}


def agreement(name: str, excess: Floats, loss: str | None) -> dict[str, Any]:
    """Return on what share of the sets a peer has our answer, and a better one, and why it has not where it has not.

    Only a loss that is not convex may have better minima than the one that ours went to.
    """
    agree, better = float(np.mean(excess <= TOL)), float(np.mean(excess < -TOL))
    if better > 0.0 and loss != "quadratic":
        raise CheckFailed(f"bench: {name} has a better answer than ours on {better:.1%} of the sets")
    why = "" if agree >= ENOUGH else f"it has no answer as good on {1.0 - agree:.1%} of the sets"
    return {"agree": agree, "better": better, "why": why}
