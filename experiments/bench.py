"""What a fit costs: ours against the peers, on the same data in the same run, answers compared before times are."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from typing import Any

import numpy as np
from scipy.special import expit

from experiments._machine import machine
from experiments._peers import (
    ENOUGH,
    PEERS,
    PENALTY_C,
    PROBLEMS,
    STEPS,
    WEIGHT_BOUND,
    WIDTH,
    Peer,
    compare_with_peers,
    draw,
    networks,
)
from experiments._timing import spread, timed
from study import Bound, Dataset, Fit, bootstrap, initial_weights, make_boxes, perceptron, sigmoid_unit
from study.analysis.bias_variance import decompose, group_sizes, wrong_counts
from study.checks import CheckFailed
from study.datasets.dataset import Floats
from study.datasets.generators import BOX
from study.law.bound import LOSSES
from study.sweeps.locks import temporary_folder
from study.sweeps.parts import Frames, Numbers, Part, Records, Rows, every, experiment, key, nested, summarise
from study.trainers.layers import backward, forward, weight_matrices

REPEATS = 7
STACKS = (100, 1000, 10_000, 100_000, 1_000_000)
NETS = {"16": (2, (16, 1)), "64, 64, 10": (16, (64, 64, 10))}
"""Features and layers of the networks whose passes are timed."""
EASY = every(points=["easy"], n_samples=(10, 50, 1000), n_features=(2, 20))
"""Cells of easy sets: each size, with few features and with many."""
N_NETWORKS = 1000
ONE_CALL = "mlxtend, one call of ours at a time"
N_PASSES = {"sample by sample": 2000, "one thread": 100_000}


def time_peers(
    part: str, *, points: str, n_samples: int, n_features: int, size: int, rng: np.random.Generator, **loss: str
) -> Records:
    """Time ours and each peer of a part `size` times, in turn, on drawn sets."""
    problem = PROBLEMS[part](draw(points, n_samples, n_features, rng), **loss)
    return compare_with_peers(problem, peers_of(part, **loss), size)


def peers_of(part: str, loss: str = "cross-entropy") -> dict[str, Peer]:
    """Return the peers of a part that know a loss."""
    return {name: peer for name, peer in PEERS[part].items() if loss in peer.losses}


def time_networks(n_samples: int, n_features: int, size: int, rng: np.random.Generator) -> Records:
    """Time ours and each peer in training a thousand networks on as many sets by AdamW."""
    points = make_boxes(n_samples, n_features, **BOX, size=N_NETWORKS, rng=rng)
    w0 = initial_weights(n_features, (WIDTH, 1), scale=0.5, rng=rng, size=N_NETWORKS)
    return compare_with_peers(networks(points, w0), PEERS["network"], size)


def time_stack(n_sets: int, size: int, rng: np.random.Generator) -> Records:
    """Time stacks of one size; `extra_mb` is the memory taken beyond the data."""
    X, y = np.empty((n_sets, 50, 2)), np.empty((n_sets, 50))
    rng.standard_normal(out=X)
    y[:, :25], y[:, 25:] = 1.0, -1.0
    X[:, :25, 0] += 3.0
    rows = []
    for _ in range(size):
        before = peak_mb()
        seconds = timed(lambda: sigmoid_unit(X, y, bound=Bound("box", WEIGHT_BOUND), method="newton"))
        rows.append({"ours": seconds / n_sets, "extra_mb": peak_mb() - before})
    return {"times": rows, "n_fits": size * n_sets}


def time_threads(size: int, rng: np.random.Generator) -> Records:
    """Time one thread on a stack, and two threads on its halves, in turn."""
    points = make_boxes(50, 2, **BOX, size=200_000, rng=rng)
    bound = Bound("box", WEIGHT_BOUND)

    def fit(part: slice) -> Fit:
        return sigmoid_unit(points.X[part], points.y[part], bound=bound, method="newton")

    whole, half = len(points.X), len(points.X) // 2
    rows = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(size):
            one = timed(lambda: fit(slice(whole)))
            two = timed(lambda: list(pool.map(fit, [slice(half), slice(half, whole)])))
            rows.append({"ours": two / whole, "theirs": one / whole, "n_sets": whole})
    return {"times": rows, "n_fits": 2 * size * whole}


def time_backward(peer: str, net: str, size: int, rng: np.random.Generator) -> Records:
    """Time both passes through a network, in turn by two ways whose gradients are compared; a "fit" is one sample's.

    Ours takes all samples at once; the peer takes them one by one, or all at once as ours, which then takes the two
    halves on two threads.
    """
    n_features, layers = NETS[net]
    n_samples = N_PASSES[peer]
    W = weight_matrices(initial_weights(n_features, layers, scale=0.5, rng=rng), n_features, layers)
    X, target = rng.standard_normal((n_samples, n_features)), rng.integers(0, 2, (n_samples, layers[-1]))

    def gradient(part: slice) -> list[Floats]:
        x, theta = forward(W, X[part])
        out = expit(theta)
        return backward(W, x, out * (1.0 - out) * (out - target[part]))

    whole, half = slice(n_samples), n_samples // 2
    each = [slice(k, k + 1) for k in range(n_samples)] if peer == "sample by sample" else [whole]
    ours = [whole] if peer == "sample by sample" else [slice(half), slice(half, n_samples)]
    with ThreadPoolExecutor(len(ours)) as pool:
        one, other = (added(ways) for ways in (pool.map(gradient, ours), map(gradient, each)))
        if not all(np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(one, other, strict=True)):
            raise CheckFailed(f"bench: two ways to the gradient of net {net} disagree; no time is worth telling")
        rows = [
            {
                "ours": timed(lambda: added(pool.map(gradient, ours))) / n_samples,
                "theirs": timed(lambda: added(map(gradient, each))) / n_samples,
                "n_sets": n_samples,
            }
            for _ in range(size)
        ]
    return {"times": rows, "n_fits": 2 * size * n_samples}


def added(gradients: Iterable[list[Floats]]) -> list[Floats]:
    """Return the sum of gradients, layer by layer."""
    return reduce(lambda sums, more: [a + b for a, b in zip(sums, more, strict=True)], gradients)


def time_decomposition(peer: str, size: int, rng: np.random.Generator) -> Records:
    """Time 200 rounds of the bootstrap of one set through the perceptron, and their bias and variance, by both.

    Ours is called once after each call of the peer, with the caches as the peer has left them, or for as long.
    """
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
    calls = 1 if peer == ONE_CALL else int(timed(theirs) / timed(ours))
    rows = [
        {"ours": timed(ours, calls) / rounds, "theirs": timed(theirs) / rounds, "n_sets": rounds}
        for _ in range(min(size, 5))
    ]
    return {"times": rows, "n_fits": rounds * calls * len(rows)}


def time_sweep(n_sets: int, size: int, rng: np.random.Generator) -> Records:
    """Time resampled sets of fifty points through three rules on two threads; `extra_mb` is the peak memory."""
    del rng  # a sweep draws from its own streams
    rows = []
    for _ in range(min(size, 3)):
        seconds, megabytes = printed(SWEEPING, str(n_sets))
        rows.append({"ours": seconds / n_sets, "extra_mb": megabytes})
    return {"times": rows, "n_fits": 3 * n_sets * len(rows)}


SWEEPING = """
import sys, time
from pathlib import Path
from study.sweeps.executors import executor
from study.sweeps.grid import Sweep
from study.sweeps.locks import temporary_folder
from study.sweeps.rules import Perceptron, Unit
from study.sweeps.runner import Place, run_experiment
from study.sweeps.settings import Setting

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


def time_import(size: int, rng: np.random.Generator) -> Records:
    """Time the import of the compiled rules, cold (as `theirs`) and from numba's cache."""
    del rng  # nothing is drawn
    code = "import time, numpy, scipy.optimize; t = time.perf_counter()\n"
    code += "import study.trainers.perceptron, study.trainers.sigmoid_unit; print(time.perf_counter() - t)"
    rows = []
    for _ in range(min(size, 3)):
        with temporary_folder() as cache:
            cold, warm = (printed(code, NUMBA_CACHE_DIR=str(cache))[0] for _ in range(2))
        rows.append({"ours": warm, "theirs": cold, "n_sets": 1})
    return {"times": rows}


def printed(code: str, *arguments: str, **environment: str) -> list[float]:
    """Return the numbers that a fresh interpreter prints."""
    whole = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    command = [sys.executable, "-c", code, *arguments]
    return [float(word) for word in subprocess.run(command, capture_output=True, check=True, env=whole).stdout.split()]  # noqa: S603


def peak_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def tables(records: Frames) -> Frames:
    """Make one row a comparison: microseconds a fit, medians with the least and the most, and ratios pair by pair."""
    return {"": summarise(records["times"], [*SETTINGS, "n_sets"], times_row), "machine": records["machine"]}


def times_row(rows: Rows) -> dict[str, Any]:
    """Return what the repeats of one comparison took."""
    ours, theirs, floor = (rows[name] for name in ("ours", "theirs", "floor"))
    row: dict[str, Any] = spread("ours_us", 1e6 * ours)
    if not np.isnan(theirs).any():
        row |= spread("peer_us", 1e6 * theirs)
        if not rows["agree"][0] < ENOUGH:  # where nothing is said, the answers have been compared
            row |= spread("ratio", theirs / ours)
    if not np.isnan(floor).any():
        row |= {"passes": rows["passes"][0], "floor_us": 1e6 * float(np.median(floor))} | spread("floors", ours / floor)
    row |= {
        name: rows[name][0] for name in ("agree", "better", "first_s", "version", "why") if str(rows[name][0]) != "nan"
    }
    return row | ({} if np.isnan(rows["extra_mb"]).any() else {"extra_mb": float(rows["extra_mb"].max())})


SETTINGS = ("part", "peer", "net", "loss", "points", "n_samples", "n_features")


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table = tables[""]
    names = table[list(SETTINGS)].apply(lambda words: "_".join(key(word) for word in words.dropna()), axis=1)
    stacks = table[(table["part"] == "stack") & (table["n_sets"] >= 1000)]["ours_us"]
    longest = table[table["part"] == "sweep"].iloc[-1]
    cells = table[table["part"].isin(PEERS)].assign(name=names).dropna(subset="ratio")
    cells["cell"] = [
        name.replace(f"_{key(peer)}", "", 1) for name, peer in zip(cells["name"], cells["peer"], strict=True)
    ]
    unit = cells[~cells["part"].isin(["perceptron", "network"])]
    return {
        "rows": nested(table.assign(name=names).dropna(subset="peer"), {"name": ""}, ["ours_us", "ratio", "floors"]),
        "parallel": {
            name: {key(net, "net"): ratio for net, ratio in zip(rows["net"], rows["ratio"], strict=True)}
            for name, peer in (("stacked", "sample by sample"), ("threads", "one thread"))
            for rows in [table[table["peer"] == peer]]
        },
        "least_ratio": cells.groupby("cell")["ratio"].min().to_dict(),
        "comparisons": {"all": len(unit), "ahead": int((unit["ratio"] > 1.0).sum())},
        "machine": dict(map(cited, tables["machine"]["name"], tables["machine"]["value"])),
        "flatness": float(stacks.max() / stacks.min()),
        "sweep": {"seconds_at_most_sets": float(longest["ours_us"] * longest["n_sets"] / 1e6)},
    }


def cited(name: str, value: Any) -> tuple[str, Any]:
    """Return what the machine's table says as the paper cites it: a peak as a number."""
    return key(name), float(value) if name.endswith("_ns") else str(value)


EXPERIMENT = experiment(
    name="bench",
    question="What does a fit cost, beside the peers and beside the arithmetic that it cannot do without?",
    settings={
        "repeats": REPEATS,
        "n_passes": N_PASSES["sample by sample"],
        "n_networks": N_NETWORKS,
        "n_steps": STEPS,
        "C": PENALTY_C,
        "weight_bound": WEIGHT_BOUND,
        "smallest_stack": STACKS[1],
        "largest_stack": STACKS[-1],
    },
    parts={
        "machine": Part(run=machine, draws=False),
        "perceptron": Part(run=partial(time_peers, "perceptron"), cells=EASY),
        "bounded": Part(
            run=partial(time_peers, "bounded"),
            cells=[
                *({"loss": loss, **cell} for loss in LOSSES for cell in EASY),
                *every(loss=LOSSES, points=["spoilt"], n_samples=[50], n_features=(2, 20)),
            ],
        ),
        "penalty": Part(
            run=partial(time_peers, "penalty"), cells=[{"loss": loss, **cell} for loss in LOSSES for cell in EASY]
        ),
        "penalised bias": Part(run=partial(time_peers, "penalised bias"), cells=EASY),
        "unbounded": Part(
            run=partial(time_peers, "unbounded"),
            cells=[{"points": "noisy", "n_samples": n, "n_features": d} for n, d in ((50, 2), (1000, 2), (1000, 20))],
        ),
        "margin": Part(run=partial(time_peers, "margin"), cells=EASY),
        "network": Part(run=time_networks, cells=every(n_samples=[50], n_features=[2])),
        "backward": Part(run=time_backward, cells=every(peer=N_PASSES, net=NETS)),
        "stack": Part(run=time_stack, cells=every(n_sets=STACKS)),
        "sweep": Part(run=time_sweep, cells=every(n_sets=STACKS[2:])),
        "threads": Part(run=time_threads),
        "import": Part(run=time_import),
        "decomposition": Part(run=time_decomposition, cells=every(peer=("mlxtend", ONE_CALL))),
    },
    resamples=REPEATS,
    block_size=REPEATS,
    tables=tables,
    numbers=numbers,
    kind="timed",
)
