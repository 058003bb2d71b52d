"""An experiment is a value: its question, its cells, its resamples, and how blocks become tables and numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.checks import count

Cell = Mapping[str, str | int | float]
Statistics = dict[str, NDArray[Any]]
Tables = Mapping[str, pd.DataFrame]
Row = Mapping[str, Any]
"""A row of a table, by column."""
Statements = Mapping[str, Mapping[str, Any]]
"""What the proofs of a row must state: for each column of certificates, fields of the proof and their values."""
CERTIFICATES = "certificates"
"""The table of proofs: its one column is `certificate`; proofs are checked, not compared."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Declare an experiment.

    Parameters
    ----------
    name : str
        Name of its module, its results and its figure.
    question : str
        What it answers, in one sentence.
    settings : mapping
        Constants of the design that the paper cites, as `declaration.<name>`.
    cells : sequence of mappings
        One for each setting that is computed apart. A cell may hold its own `resamples` (1: nothing is drawn).
    resamples : int, at least 1
        Resamples of a cell that holds none of its own.
    block_size : int, at least 1
        Resamples in a block, for 0.1 to 0.5 s of work.
    run : callable (cell, size, rng) -> statistics
        Compute one block of `size` resamples; pure, drawing from `rng` alone. The statistic `n_fits` counts fits.
    merge : callable (iterable of statistics) -> statistics
        Join the blocks of a cell, in their order; they come one at a time, so that sums need no memory.
    tables : callable (sequence of (cell, statistics)) -> dict of str to DataFrame
        Make tidy tables; "" is the main one, `<name>.csv`, and "part" stands for `<name>.part.csv`.
    numbers : callable (tables) -> nested dict
        Derive what the paper cites from the tables alone.
    statements : mapping of str to callable (Row) -> Statements
        For each table with columns of certificates: what the proofs of a row must state, rebuilt from the row. A column
        that is left out must hold no proof. A proof that lists `points` must list the one that the row states.
    in_processes : bool
        Whether processes of this machine compute the blocks, not threads, which wait for one another except in compiled
        loops.
    kind : {"repeatable", "long", "timed"}
        repeatable: part of `study reproduce`. long: it runs when it is asked for by name, and is never called stale.
        timed: long, and its tables hold times: one block is computed after another, always anew, and never compared.
    """

    name: str
    question: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    cells: Sequence[Cell]
    resamples: int
    block_size: int
    run: Callable[[Cell, int, np.random.Generator], Statistics]
    merge: Callable[[Iterable[Statistics]], Statistics]
    tables: Callable[[Sequence[tuple[Cell, Statistics]]], Tables]
    numbers: Callable[[Mapping[str, pd.DataFrame]], dict[str, Any]]
    statements: Mapping[str, Callable[[Row], Statements]] = field(default_factory=dict)
    in_processes: bool = True
    kind: Literal["repeatable", "long", "timed"] = "repeatable"

    def block_sizes(self, cell: Cell, resamples: int | None = None) -> list[int]:
        """Return the sizes of a cell's blocks, with `resamples` in place of the declared number where it is given."""
        usual = count("resamples", self.resamples if resamples is None else resamples)
        total = int(cell.get("resamples", usual))
        return [min(self.block_size, total - done) for done in range(0, total, self.block_size)]

    def n_blocks(self, resamples: int | None = None) -> int:
        """Return the number of blocks of all cells."""
        return sum(len(self.block_sizes(cell, resamples)) for cell in self.cells)


def concatenate(blocks: Iterable[Statistics]) -> Statistics:
    """Join blocks by appending along the first axis: a `merge` for statistics that keep one row a resample."""
    blocks = list(blocks)
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def add_up(blocks: Iterable[Statistics]) -> Statistics:
    """Join blocks by adding: a `merge` for counts and sums, whose memory does not grow with the resamples."""
    whole: Statistics = {}
    for block in blocks:
        for name, value in block.items():
            wide = value.astype(np.int64) if value.dtype.kind in "iub" else value  # blocks may count in small types
            whole[name] = whole[name] + wide if name in whole else wide
    return whole
