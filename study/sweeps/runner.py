"""Compute the blocks of an experiment that are not in the store yet, on any executor, and merge them into tables."""

import hashlib
import json
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from study.checks import CheckFailed
from study.sweeps.digest import code_digest
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables
from study.sweeps.locks import temporary_folder
from study.sweeps.store import DamagedBlock, has_block, load_block, save_block
from study.sweeps.streams import SEED, stream

BLOCK_CODE = ("study.sweeps.streams", "study.sweeps.experiment", "study.sweeps.runner", "study.sweeps.store")
SILENCE = 5.0
"""Seconds without a block, after which a remote executor is asked for its workers."""
T = TypeVar("T")
Run = Callable[[Cell, int, np.random.Generator], Statistics]


class RemoteExecutor(Executor):
    """An executor whose workers may go away, and come, while it computes."""

    @abstractmethod
    def check(self, notice: Callable[[str], None]) -> None:
        """Say where no worker is left, or raise `BrokenExecutor` where none is likely to come."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The tables of a run, what it took, and the names of its files in the store."""

    tables: Tables
    files: frozenset[str]
    blocks_computed: int
    blocks_reused: int
    fits: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where blocks are computed and kept, and how progress is reported.

    Parameters
    ----------
    store : Path
        The folder of block files; where it cannot be written, blocks are kept for the length of the run only.
    executor : Executor, optional
        Whatever computes: a pool of threads or processes, or a cluster's executor. By default blocks are computed here,
        one after another.
    workers : int, at least 1
        How many blocks the executor computes at once; two for each are handed out, so that none waits.
    advance : callable (done, total)
        Called before the first block and after each.
    notice : callable (message)
        Called for each block file that is damaged, and for a store that cannot be written.
    """

    store: Path
    executor: Executor | None = None
    workers: int = 1
    advance: Callable[[int, int], None] = field(default=lambda *_: None)
    notice: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True)
class Block:
    """A block to be computed: the cell, its number within the cell, its resamples, and its name in the store."""

    cell: Cell
    index: int
    size: int
    key: str


def experiment_digest(experiment: Experiment, root: Path) -> str:
    """Return the digest of everything that determines the results but the versions of the libraries."""
    return code_digest(root, f"experiments.{experiment.name}", *BLOCK_CODE)


def run_experiment(
    experiment: Experiment, digest: str, place: Place, *, resamples: int | None = None, fresh: bool = False
) -> Outcome:
    """Return the tables of an experiment; what has been computed before is read from the store.

    The tables are the same for every executor and any number of workers: each block draws from a stream of its own, and
    blocks are merged in their order. No more than the blocks in flight and one merged cell are held in memory.

    Parameters
    ----------
    experiment : Experiment
    digest : str
        Of the code and settings that determine the results (see `experiment_digest`).
    place : Place
    resamples : int, optional
        Used in place of the declared number.
    fresh : bool
        Compute every block anew.

    Raises
    ------
    CheckFailed
        Where whoever computes blocks is gone: workers, or their scheduler.
    """
    begin = time.perf_counter()
    notice = cache(place.notice)  # a block may be looked for twice, and is named once
    cells = [
        [
            Block(cell, index, size, block_key(digest, cell, index, size))
            for index, size in enumerate(experiment.block_sizes(cell, resamples))
        ]
        for cell in experiment.cells
    ]
    blocks = [block for cell in cells for block in cell]
    with ExitStack() as stack:
        store = _writable(place.store / experiment.name, notice, stack)
        missing = blocks if fresh else [block for block in blocks if not _look(has_block, store, block, notice)]
        place.advance(len(blocks) - len(missing), len(blocks))
        fits, done = 0, len(blocks) - len(missing)
        try:
            # Grids grow, so the last blocks tend to be the longest: begun first, none is left to one worker alone.
            for block, statistics in _compute_all(experiment, missing[::-1], place):
                with suppress(IsADirectoryError):  # what stands there is not deleted; below the block is computed again
                    save_block(store / f"{block.key}.npz", statistics)
                fits, done = fits + int(statistics["n_fits"].sum()), done + 1
                place.advance(done, len(blocks))
        except BrokenExecutor as error:
            what = f"{experiment.name}: {error or 'its workers are gone'}"
            raise CheckFailed(f"{what}; {_go_on(store == place.store / experiment.name, done, len(blocks))}") from None

        def recall(of_cell: list[Block]) -> Iterator[Statistics]:
            for block in of_cell:
                statistics = _look(load_block, store, block, notice)
                yield compute(experiment.run, experiment.name, block) if statistics is None else statistics

        merged = [(cell, experiment.merge(recall(own))) for cell, own in zip(experiment.cells, cells, strict=True)]
    return Outcome(
        tables=experiment.tables(merged),
        files=frozenset(f"{block.key}.npz" for block in blocks),
        blocks_computed=len(missing),
        blocks_reused=len(blocks) - len(missing),
        fits=fits,
        seconds=time.perf_counter() - begin,
    )


def _go_on(kept: bool, done: int, total: int) -> str:
    """Say what a run that broke off has kept, and how to go on."""
    if not kept:
        return "nothing was kept, as its store cannot be written"
    return f"{done:,} of {total:,} blocks are kept: repeat the command, without --fresh, to go on"


def compute(run: Run, name: str, block: Block) -> Statistics:
    """Compute one block from its own stream: what the executors are handed."""
    return run(block.cell, block.size, stream(name, "block", block.cell, block.index))


def _compute_all(experiment: Experiment, missing: list[Block], place: Place) -> Iterator[tuple[Block, Statistics]]:
    """Yield blocks as they are done; when the caller stops, those not begun yet are dropped."""
    if place.executor is None:
        for block in missing:
            yield block, compute(experiment.run, experiment.name, block)
        return
    waiting, in_flight = iter(missing), dict[Future[Statistics], Block]()
    try:
        while True:
            for block in islice(waiting, 2 * place.workers - len(in_flight)):
                in_flight[place.executor.submit(compute, experiment.run, experiment.name, block)] = block
            if not in_flight:
                return
            finished = wait(in_flight, timeout=SILENCE, return_when=FIRST_COMPLETED).done
            if not finished and isinstance(place.executor, RemoteExecutor):
                place.executor.check(place.notice)
            for future in sorted(finished, key=lambda each: each.exception() is not None):
                yield in_flight.pop(future), future.result()  # what failed comes last, so that the others are kept
    finally:
        for future in in_flight:
            future.cancel()


def _look(look: Callable[[Path], T], store: Path, block: Block, notice: Callable[[str], None]) -> T | None:
    """Return what `has_block` or `load_block` says of a block in the store, or None where it is damaged."""
    try:
        return look(store / f"{block.key}.npz")
    except DamagedBlock as damage:
        notice(f"{store / str(damage)}: damaged; it is computed again")
        return None


def _writable(store: Path, notice: Callable[[str], None], stack: ExitStack) -> Path:
    """Return the folder of an experiment's blocks, or one for this run only where that cannot be written."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=store):
            return store
    except OSError as error:
        notice(f"{store} cannot be written ({error.strerror}): blocks are kept for this run only")
        return stack.enter_context(temporary_folder())


def block_key(digest: str, cell: Cell, index: int, size: int) -> str:
    """Return the name of a block's file: it holds for this code, cell, seed and these libraries only."""
    key = json.dumps([digest, dict(cell), index, size, SEED, libraries()], sort_keys=True)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


@cache
def libraries() -> dict[str, str]:
    """Return the versions of the libraries that results depend on."""
    return {name: version(name) for name in ("numpy", "scipy", "numba")}
