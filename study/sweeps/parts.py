"""Experiments made of parts: blocks are records of named columns, tables are made of frames, numbers of tables."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.sweeps.experiment import CERTIFICATES, Cell, Experiment, Statistics, concatenate

Columns = Mapping[str, Any]
"""Arrays of one length, or of two axes whose first has that length; a single value stands in every row."""
Records = Mapping[str, Columns | Sequence[Columns] | int]
"""What a block gives: the columns of each record, or a sequence of columns to be stacked; `n_fits` counts fits."""
Frames = Mapping[str, pd.DataFrame]
"""The records of all cells, or tables made of them."""
Rows = Mapping[str, NDArray[Any]]
"""The columns of one group of rows."""
Numbers = dict[str, Any]
"""What the paper cites, nested."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Cells of an experiment that are computed alike.

    Parameters
    ----------
    run : callable (*, size, rng, **values) -> Records
        Compute one block of `size` resamples of the cell with these values; pure, drawing from `rng` alone. No column
        has the name of a value.
    cells : sequence of mappings
        The values of each cell; by default there is one cell, without values.
    resamples : int, at least 1, optional
        Resamples of each cell, in place of the experiment's.
    draws : bool
        Whether `run` draws, and so takes `size` and `rng`; where it does not, a cell is one block.
    """

    run: Callable[..., Records]
    cells: Sequence[Cell] = ({},)
    resamples: int | None = None
    draws: bool = True

    def named_cells(self, name: str) -> list[Cell]:
        """Return the cells as the streams and the store know them."""
        resamples = self.resamples if self.draws else 1
        own: Cell = {} if resamples is None else {"resamples": resamples}
        part: Cell = {"part": name} if name else {}
        return [{**part, **values, **own} for values in self.cells]


def every(**values: Iterable[str | int | float]) -> list[Cell]:
    """Return a cell for each combination of values, the last of them changing fastest."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def experiment(
    *,
    parts: Mapping[str, Part],
    tables: Callable[[Frames], Frames] = dict,
    merge: Callable[[Iterable[Statistics]], Statistics] = concatenate,
    resamples: int = 1,
    block_size: int = 1,
    **declared: Any,
) -> Experiment:
    """Return an experiment that holds parts.

    Parameters
    ----------
    parts : mapping of str to Part
        The name of a part is a value of its cells, `part`; "" adds no such value.
    tables : callable (mapping of str to DataFrame) -> mapping of str to DataFrame
        Make the tables from the records, as `frames` returns them; by default every record is the table of its name.
        A column named `certificate...` holds proofs, as text, or "" for none: see `gather_proofs`.
    merge : {concatenate, add_up}
        Records that are added have one row, whose entries may be arrays.
    resamples, block_size : int, at least 1
    **declared
        The other fields of `Experiment`.
    """
    return Experiment(
        cells=[cell for name, part in parts.items() for cell in part.named_cells(name)],
        run=partial(run_part, dict(parts)),
        merge=merge,
        resamples=resamples,
        block_size=block_size,
        tables=lambda merged: gather_proofs(tables(frames(merged))),
        **declared,
    )


def run_part(parts: Mapping[str, Part], cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    """Compute a block by the part that its cell names, as arrays under the names `record.column`."""
    part = parts[str(cell.get("part", ""))]
    values = {name: value for name, value in cell.items() if name not in ("part", "resamples")}
    drawn = {"size": size, "rng": rng} if part.draws else {}
    records = dict(part.run(**values, **drawn))
    statistics: Statistics = {"n_fits": np.array([records.pop("n_fits", 0)])}
    for record, columns in records.items():
        if columns:
            named = frame(columns)
            if clash := values.keys() & set(named.columns):
                raise ValueError(f"`{record}` must not hold a column named as a value of its cell; got {min(clash)}")
            statistics |= {f"{record}.{name}": as_array(column) for name, column in named.items()}
    return statistics


def one_row(**values: Any) -> dict[str, NDArray[Any]]:
    """Return a record of one row, whose entries are arrays or numbers: what `add_up` adds."""
    return {name: np.asarray(value)[None] for name, value in values.items()}


def frame(record: Any) -> pd.DataFrame:
    """Return a record as a frame; a column of two axes becomes one of arrays."""
    if not isinstance(record, Mapping):
        return pd.concat([frame(columns) for columns in record], ignore_index=True)
    columns = {name: list(values) if np.ndim(values) > 1 else values for name, values in record.items()}
    n = max((len(values) for values in columns.values() if np.ndim(values) > 0), default=1)
    return pd.DataFrame(columns, index=range(n))


def as_array(column: pd.Series) -> NDArray[Any]:
    """Return a column as an array that a block can hold: of numbers, truth values or strings."""
    values: NDArray[Any] = column.to_numpy()
    if values.dtype != object:
        return values
    return np.stack(list(values)) if isinstance(values[0], np.ndarray) else values.astype(str)


def frames(merged: Sequence[tuple[Cell, Statistics]]) -> dict[str, pd.DataFrame]:
    """Return one frame for each record, cell after cell and block after block.

    The values of the cell come first, then the columns that `run` gave. Where several parts give a record, its part is
    one of the values.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    for cell, statistics in merged:
        values = {name: value for name, value in cell.items() if name != "resamples"}
        records: dict[str, dict[str, Any]] = {}
        for name, array in statistics.items():
            if name != "n_fits":
                record, _, column = name.partition(".")
                records.setdefault(record, dict(values))[column] = array
        for record, columns in records.items():
            found.setdefault(record, []).append(frame(columns))
    whole = {record: pd.concat(some, ignore_index=True) for record, some in found.items()}
    alone = [record for record, table in whole.items() if "part" in table and len(set(table["part"])) == 1]
    return whole | {record: whole[record].drop(columns="part") for record in alone}


def gather_proofs(tables: Frames) -> Frames:
    """Return the tables with the place of each proof in its stead, -1 for none, and the table of all proofs, each once.

    A column of proofs is named `certificate`, or begins so.
    """
    columns = [(part, name) for part, table in tables.items() for name in table if name.startswith("certificate")]
    if not columns:
        return tables
    held = {part: table.copy() for part, table in tables.items()}
    proofs = dict.fromkeys(proof for part, name in columns for proof in held[part][name].dropna() if proof)
    place = {proof: k for k, proof in enumerate(proofs)}
    for part, name in columns:
        held[part][name] = held[part][name].map(place).fillna(-1).astype(int)
    return {**held, CERTIFICATES: pd.DataFrame({"certificate": list(proofs)})}


def summarise(table: pd.DataFrame, by: Sequence[str], summary: Callable[[Rows], Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each group, in the order of their first rows.

    Parameters
    ----------
    table : DataFrame
    by : sequence of str
        Columns whose values make a group; they come first, then `n`, the number of the group's rows.
    summary : callable (mapping of str to ndarray) -> mapping
        Further columns, from the columns of the group.
    """
    rows = []
    for values, group in table.groupby(list(by), sort=False, dropna=False):
        columns = {str(name): as_array(column) for name, column in group.items()}
        rows.append({**dict(zip(by, values, strict=True)), "n": len(group), **summary(columns)})
    return pd.DataFrame(rows)


def nested(table: pd.DataFrame, by: Mapping[str, str], values: Iterable[str] | None = None) -> Numbers:
    """Return columns of a table as nested numbers, a level for each column of `by`; blank entries are left out.

    Parameters
    ----------
    table : DataFrame
    by : mapping of str to str
        Columns whose values are the keys, and what stands before each value: `key(value, prefix)`.
    values : iterable of str, optional
        Columns; by default all that are not in `by`.
    """
    names = [name for name in table.columns if name not in by] if values is None else list(values)
    tree: Numbers = {}
    for row in table.to_dict("records"):
        place = tree
        for column, prefix in by.items():
            place = place.setdefault(key(row[column], prefix), {})
        place |= {name: row[name] for name in names if not pd.isna(row[name])}
    return tree


def key(value: Any, prefix: str = "") -> str:
    """Return a value as a key of the numbers: "unit, box" is unit_box, and 0.5 with the prefix R is R_0_5."""
    word = value if isinstance(value, str) else f"{value:.15g}"
    return re.sub(r"\W+", "_", f"{prefix}_{word}" if prefix else word)
