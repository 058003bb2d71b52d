"""Compute the blocks of an experiment that are not in the store yet, and merge them into tables."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from study.sweeps.digest import code_digest
from study.sweeps.experiment import Cell, Experiment, Tables
from study.sweeps.store import load_block, save_block
from study.sweeps.streams import SEED, stream

BLOCK_CODE = ("study.sweeps.streams", "study.sweeps.experiment", "study.sweeps.runner", "study.sweeps.store")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The tables of a run, and what it took."""

    tables: Tables
    blocks_computed: int
    blocks_reused: int
    fits: int
    seconds: float


def experiment_digest(experiment: Experiment, root: Path) -> str:
    """Return the digest of everything that determines the results but the versions of the libraries."""
    return code_digest(root, f"experiments.{experiment.name}", *BLOCK_CODE)


def run_experiment(
    experiment: Experiment,
    root: Path,
    *,
    resamples: int | None = None,
    fresh: bool = False,
    advance: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Return the tables of an experiment; what has been computed before is read from `.study` below `root`.

    Parameters
    ----------
    experiment : Experiment
    root : Path
        The checkout.
    resamples : int, optional
        Used in place of the declared number.
    fresh : bool
        Compute every block anew.
    advance : callable (done, total), optional
        Called before the first block and after each.
    """
    begin = time.perf_counter()
    digest = experiment_digest(experiment, root)
    sizes = [experiment.block_sizes(cell, resamples) for cell in experiment.cells]
    total = sum(map(len, sizes))
    done = computed = fits = 0
    merged = []
    advance = advance or (lambda *_: None)
    advance(done, total)
    for cell, cell_sizes in zip(experiment.cells, sizes, strict=True):
        blocks = []
        for index, size in enumerate(cell_sizes):
            path = root / ".study" / experiment.name / f"{block_key(digest, cell, index, size)}.npz"
            statistics = None if fresh else load_block(path)
            if statistics is None:
                statistics = experiment.run(cell, size, stream(experiment.name, "block", cell, index))
                save_block(path, statistics)
                computed += 1
                fits += int(statistics["n_fits"].sum())
            blocks.append(statistics)
            done += 1
            advance(done, total)
        merged.append((cell, experiment.merge(blocks)))
    return Outcome(
        tables=experiment.tables(merged),
        blocks_computed=computed,
        blocks_reused=done - computed,
        fits=fits,
        seconds=time.perf_counter() - begin,
    )


def block_key(digest: str, cell: Cell, index: int, size: int) -> str:
    """Return the name of a block's file: it holds for this code, cell, seed and these libraries only."""
    key = json.dumps([digest, dict(cell), index, size, SEED, _libraries()], sort_keys=True)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


@cache
def _libraries() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "scipy", "numba")}
