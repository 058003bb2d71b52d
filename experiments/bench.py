"""What a fit costs: ours against the peers, on the same data in the same run, answers compared before times are."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from experiments._peers import (
    WEIGHT_BOUND,
    against_logistic,
    against_perceptron,
    against_scipy,
    compared,
    draw,
    timed,
)
from study.analysis.bias_variance import decompose, group_sizes, wrong_counts
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.resampling import bootstrap
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, concatenate
from study.sweeps.locks import temporary_folder
from study.trainers.fit import Bound, Fit
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit
from study.validation import CheckFailed

REPEATS = 7
STACKS = (100, 1000, 10_000, 100_000, 1_000_000)


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Time one comparison `size` times, ours and the peer in turn."""
    match cell["part"]:
        case "stack":
            return stack(int(cell["n_sets"]), size, rng)
        case "threads":
            return threads(size, rng)
        case "import":
            return imports(size)
        case "decomposition":
            return decomposition(size, rng)
        case "sweep":
            return sweeping(int(cell["n_sets"]), size)
        case part:
            n_samples, n_features = int(cell["n_samples"]), int(cell["n_features"])
            points = draw(str(cell["points"]), n_samples, n_features, rng)
            peers = {"perceptron": against_perceptron, "bounded": against_scipy, "unbounded": against_logistic}
            return compared(points, *peers[str(part)](points, cell), size)


def stack(n_sets: int, repeats: int, rng: np.random.Generator) -> Statistics:
    """Time stacks of one size; the last column is the memory taken beyond the data, in MB."""
    X, y = np.empty((n_sets, 50, 2)), np.empty((n_sets, 50))
    rng.standard_normal(out=X)
    y[:, :25], y[:, 25:] = 1.0, -1.0
    X[:, :25, 0] += 3.0
    rows = []
    for _ in range(repeats):
        before = peak_mb()
        seconds = timed(lambda: sigmoid_unit(X, y, bound=Bound("box", WEIGHT_BOUND), method="newton"))
        rows.append([seconds / n_sets, np.nan, np.nan, np.nan, n_sets, peak_mb() - before])
    return {"times": np.array(rows)[:, :5], "memory": np.array(rows)[:, 5:], "n_fits": np.array([repeats * n_sets])}


def threads(repeats: int, rng: np.random.Generator) -> Statistics:
    """Time one thread on a stack, and two threads on its halves, in turn."""
    points = make_boxes(50, 2, **BOX, size=200_000, rng=rng)
    bound = Bound("box", WEIGHT_BOUND)

    def fit(part: slice) -> Fit:
        return sigmoid_unit(points.X[part], points.y[part], bound=bound, method="newton")

    whole, half = len(points.X), len(points.X) // 2
    rows = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(repeats):
            one = timed(lambda: fit(slice(whole)))
            two = timed(lambda: list(pool.map(fit, [slice(half), slice(half, whole)])))
            rows.append([two / whole, one / whole, np.nan, np.nan, whole])
    return {"times": np.array(rows), "n_fits": np.array([2 * repeats * whole])}


def decomposition(repeats: int, rng: np.random.Generator) -> Statistics:
    """Time 200 rounds of the bootstrap of one set through the perceptron, and their bias and variance, by both."""
    from mlxtend.evaluate import bias_variance_decomp
    from sklearn.linear_model import Perceptron

    rounds = 200
    drawn = make_boxes(50, 2, gap=0.2, length=1.0, spread=1.0, size=2, rng=rng)
    pool = Dataset(X=drawn.X[0], y=drawn.y[0], name="pool")
    X_test = make_boxes(500, 2, gap=0.02, length=1.0, spread=1.0, size=1, rng=rng).X[0]
    y_test = np.where(X_test[:, 0] > 0.0, 1.0, -1.0)

    def ours() -> float:
        sets = bootstrap(pool, rounds, rng)
        wrong = wrong_counts(perceptron(sets.X, sets.y).w, X_test, y_test)
        return float(decompose(wrong, group_sizes(rounds)).mean(axis=-1)[0])

    def theirs() -> float:
        peer = Perceptron(shuffle=False, tol=None, max_iter=100)
        of_peer = (pool.X, (pool.y > 0).astype(int), X_test, (y_test > 0).astype(int))
        return float(bias_variance_decomp(peer, *of_peer, loss="0-1_loss", num_rounds=rounds, random_seed=1)[0])

    if abs(ours() - theirs()) > 0.02:
        raise CheckFailed("bench: ours and mlxtend disagree on the error; no time is worth telling")
    rows = [[timed(ours), timed(theirs), np.nan, np.nan, rounds] for _ in range(min(repeats, 5))]
    return {"times": np.array(rows) / [rounds, rounds, 1, 1, 1], "n_fits": np.array([rounds * len(rows)])}


def sweeping(n_sets: int, repeats: int) -> Statistics:
    """Time resampled sets of fifty points through three rules on two threads; the last column is the peak memory."""
    rows = []
    for _ in range(min(repeats, 3)):
        command = [sys.executable, "-c", SWEEPING, str(n_sets)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run(command, capture_output=True, check=True, env=environment).stdout  # noqa: S603
        seconds, megabytes = map(float, said.split())
        rows.append([seconds / n_sets, np.nan, np.nan, np.nan, n_sets, megabytes])
    return {
        "times": np.array(rows)[:, :5],
        "memory": np.array(rows)[:, 5:],
        "n_fits": np.array([3 * n_sets * len(rows)]),
    }


SWEEPING = """
import sys, time
from pathlib import Path
from study.sweeps.executors import executor
from study.sweeps.grid import Setting, Sweep
from study.sweeps.locks import temporary_folder
from study.sweeps.rules import Perceptron, Unit
from study.sweeps.runner import Place, run_experiment

units = [Unit(loss=loss, shape="box", weight_bound=3.0) for loss in ("cross-entropy", "quadratic")]
rules = [Perceptron(), *units]
three = Sweep(settings=[Setting(n_samples=50)], rules=rules, resamples=int(sys.argv[1])).experiment()
few = Sweep(settings=[Setting(n_samples=50)], rules=rules, resamples=4000).experiment()
with temporary_folder() as folder, executor(2) as (pool, workers):
    place = Place(store=folder, executor=pool, workers=workers)
    run_experiment(few, "", place)  # loads and allocates what is loaded and allocated once
    begin = time.perf_counter()
    run_experiment(three, "another", place)
    seconds = time.perf_counter() - begin
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024.0)
"""


def imports(repeats: int) -> Statistics:
    """Time the import of the compiled rules, cold (the peer column) and from numba's cache."""
    code = "import time, numpy, scipy.optimize; t = time.perf_counter()\n"
    code += "import study.trainers.perceptron, study.trainers.sigmoid_unit; print(time.perf_counter() - t)"
    rows = []
    for _ in range(min(repeats, 3)):
        with temporary_folder() as cache:
            environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
            cold, warm = (seconds_said(code, environment) for _ in range(2))
        rows.append([warm, cold, np.nan, np.nan, 1])
    return {"times": np.array(rows), "n_fits": np.array([0])}


def seconds_said(code: str, environment: Mapping[str, str]) -> float:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)  # noqa: S603


def peak_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def tables(merged: Sequence[tuple[Cell, Statistics]]) -> Tables:
    """Make one row a comparison: microseconds a fit, medians with the least and the most, and ratios pair by pair."""
    rows = []
    for cell, statistics in merged:
        ours, peer, exp, passes, n_sets = statistics["times"].T
        row: dict[str, Any] = {name: cell.get(name) for name in SETTINGS}
        row |= {"n_sets": int(n_sets[0]), "n": len(ours), **spread("ours_us", 1e6 * ours)}
        if not np.isnan(peer).any():
            row |= spread("peer_us", 1e6 * peer) | spread("ratio", peer / ours)
        if not np.isnan(exp).any() and cell["part"] != "perceptron":
            row |= {"passes": passes[0], **spread("floors", ours / (int(cell["n_samples"]) * passes * exp))}
        if "memory" in statistics:
            row["extra_mb"] = float(statistics["memory"].max())
        rows.append(row)
    return {"": pd.DataFrame(rows)}


SETTINGS = ("part", "peer", "loss", "points", "n_samples", "n_features")


def spread(name: str, values: Floats) -> dict[str, float]:
    """Return the median, the least and the most, as columns."""
    return {
        name: float(np.median(values)),
        f"{name}_least": float(values.min()),
        f"{name}_most": float(values.max()),
    }


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    table = tables[""]
    keyed: dict[str, Any] = {}
    for row in table.to_dict("records"):
        words = [row["part"], row["peer"], row["loss"], row["points"], row["n_samples"], row["n_features"]]
        if row["part"] in ("stack", "sweep"):
            words = [row["part"], row["n_sets"]]
        key = "_".join(str(int(w) if isinstance(w, float) else w).replace("-", "_") for w in words if w == w and w)
        measured = ("ours_us", "peer_us", "ratio", "ratio_least", "ratio_most", "floors", "extra_mb")
        keyed[key] = {name: row[name] for name in measured if row[name] == row[name]}
    stacks = table[(table["part"] == "stack") & (table["n_sets"] >= 1000)]["ours_us"]
    sweeps = table[table["part"] == "sweep"]
    return {
        "rows": keyed,
        "flatness": float(stacks.max() / stacks.min()),
        "sweep": {
            "flatness": float(sweeps["ours_us"].max() / sweeps["ours_us"].min()),
            "memory_ratio": float(sweeps["extra_mb"].max() / sweeps["extra_mb"].min()),
            "seconds_at_most_sets": float(sweeps["ours_us"].iloc[-1] * sweeps["n_sets"].iloc[-1] / 1e6),
        },
    }


PLACES = [(n, d) for n in (10, 50, 1000) for d in (2, 20)]
PERCEPTRON: list[Cell] = [
    {"part": "perceptron", "peer": "Perceptron", "points": "easy", "n_samples": n, "n_features": d} for n, d in PLACES
]
BOUNDED: list[Cell] = [
    {"part": "bounded", "peer": "L-BFGS-B", "loss": loss, "points": kind, "n_samples": n, "n_features": d}
    for loss in ("cross-entropy", "quadratic")
    for kind in ("easy", "spoilt")
    for n, d in PLACES
]
UNBOUNDED: list[Cell] = [
    {"part": "unbounded", "peer": peer, "loss": "cross-entropy", "points": "noisy", "n_samples": n, "n_features": d}
    for peer in ("lbfgs", "newton-cholesky")
    for n, d in ((50, 2), (1000, 2), (1000, 20))
]
STACK: list[Cell] = [{"part": "stack", "n_sets": n} for n in STACKS]

SWEEPS: list[Cell] = [{"part": "sweep", "n_sets": n} for n in STACKS[2:]]
ONCE: list[Cell] = [{"part": part} for part in ("threads", "import", "decomposition")]

EXPERIMENT = Experiment(
    name="bench",
    question="What does a fit cost, beside the peers and beside the exponentials that it cannot do without?",
    settings={
        "weight_bound": WEIGHT_BOUND,
        "repeats": REPEATS,
        "smallest_stack": STACKS[1],
        "largest_stack": STACKS[-1],
    },
    cells=(*PERCEPTRON, *BOUNDED, *UNBOUNDED, *STACK, *SWEEPS, *ONCE),
    resamples=REPEATS,
    block_size=REPEATS,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=numbers,
    kind="timed",
)
