"""The text of a table of the user's own, checked cell by cell, as a Dataset."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study.checks import BadInput, checked
from study.datasets.dataset import Dataset, Floats, check_one_set

LARGEST = 1e100
"""Cells may not exceed this in size: products and squares of features must remain floating-point numbers."""
DELIMITERS = ",;\t|"
MISSING = {
    *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
    *("nan", "NaN", "-nan", "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
}
"""Cells that hold no value."""
TRUTH = {"TRUE": "1", "True": "1", "true": "1", "FALSE": "0", "False": "0", "false": "0"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Hold points that came from a table, with the names that it gave them.

    Parameters
    ----------
    points : Dataset
    weight : ndarray of shape (n_samples,)
        How often each point counts: the column of weights, or ones.
    features : tuple of str
        Names of the columns of X.
    rows : ndarray of int of shape (n_samples,)
        The row that each point came from, as a spreadsheet counts: the header is row 1.
    positive, negative : str
        The labels that became +1 and -1; `negative` joins them by commas where there are more.
    """

    points: Dataset
    weight: Floats
    features: tuple[str, ...]
    rows: NDArray[np.int64]
    positive: str
    negative: str


@checked
def read_table(
    text: str,
    label: str,
    *,
    positive: str | None = None,
    features: Sequence[str] = (),
    without: Sequence[str] = (),
    weight: str | None = None,
) -> Table:
    """Return the points that delimited text holds.

    Parameters
    ----------
    text : str
        A header, and one row a point. Commas, semicolons, tabs, bars or spaces may stand between the cells; decimal
        commas are read where semicolons do.
    label : str
        The column of labels: two different values, or more and `positive`.
    positive : str, optional
        The value of `label` that becomes +1, all others -1; by default the larger of two numbers, the later word.
    features : sequence of str
        The columns of X; by default all but the label and the weight.
    without : sequence of str
        Columns to leave out.
    weight : str, optional
        The column that says how often each point counts.

    Returns
    -------
    Table

    Raises
    ------
    BadInput
        For text that is no table, a header alone, a column named twice or not there, a missing value, a cell that is no
        number or larger than 1e100, a constant feature, labels of one kind, labels of more than two without `positive`,
        or a `positive` that never occurs. The message names row and column.
    """
    cells = _cells(text)
    rest = [name for name in cells.columns if name not in (label, weight)]
    asked = {"label": [label], "features": features, "without": without, "weight": [] if weight is None else [weight]}
    for argument, columns in asked.items():
        for name in columns:
            if name not in cells.columns:
                known = ", ".join([*list(cells.columns)[:20], *["..."] * (len(cells.columns) > 20)])
                raise BadInput(f"`{argument}` must name columns of the table, which are {known}; got {name!r}")
    names = [name for name in dict.fromkeys(features or rest) if name not in (*without, label)]
    if not names:
        raise BadInput(f"`features` must name at least one column beside the label {label!r}; got none")
    y, positive, negative = _signs(cells, label, positive)
    X = np.column_stack([_numbers(cells, name) for name in names])
    constant = [name for name, same in zip(names, (X[:1] == X).all(axis=0), strict=True) if same]
    if constant:
        column = f"column {constant[0]!r} has the value {X[0, names.index(constant[0])]:g} in every row"
        leave = f"leave out what is constant with --without {','.join(constant)}"
        raise BadInput(f"{column} ({cells.rows[0]} to {cells.rows[-1]}); {leave}")
    return Table(
        points=Dataset(X=X, y=y, name="table"),
        weight=np.ones(len(y)) if weight is None else _numbers(cells, weight),
        features=tuple(names),
        rows=np.array(cells.rows),
        positive=positive,
        negative=negative,
    )


@checked
def refuse_contradiction(table: Table) -> None:
    """Raise `BadInput` at the first row whose features another row has with the opposite label."""
    seen: dict[bytes, int] = {}
    names = {1.0: table.positive, -1.0: table.negative}
    for i, (x, label) in enumerate(zip(table.points.X, table.points.y, strict=True)):
        first = seen.setdefault(x.tobytes(), i)
        if table.points.y[first] != label:
            both = f"{names[table.points.y[first]]} and {names[label]}"
            raise BadInput(
                f"rows {table.rows[first]} and {table.rows[i]} have the same features and opposite labels, {both}: "
                "no rule can separate them"
            )


@checked
def standardise(points: Dataset) -> tuple[Dataset, Floats, Floats]:
    """Return the points with features of mean 0 and standard deviation 1, and the centre and the spread of each before.

    A feature must not be constant.
    """
    check_one_set("points", points)
    low, high = points.X.min(axis=0), points.X.max(axis=0)
    extent = high - low
    if not (np.isfinite(extent) & (extent > 0.0)).all():
        raise BadInput(f"`points` must have features that vary, in the range of floats; got extents {extent}")
    U = (points.X - low) / extent  # squares may leave the range of floats
    centre, spread = U.mean(axis=0), U.std(axis=0)
    X = (U - centre) / spread
    return Dataset(X=X, y=points.y, name=points.name), low + extent * centre, extent * spread


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Cells as they are written, but for outer blanks, by the names in the header; rows without a value left out."""

    columns: dict[str, tuple[str, ...]]
    rows: tuple[int, ...]
    decimal: str


def _cells(text: str) -> _Cells:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first, _, below = text.lstrip("\n").partition("\n")
    delimiter = _delimiter(first)
    records = _records(text, delimiter)
    top, header = next(((row, cells) for row, cells in records if cells), (1, []))
    header = [name or f"Unnamed: {i}" for i, name in enumerate(header)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadInput(f"row {top}: the header names {', '.join(map(repr, twice))} twice")
    rows, kept = [], []
    for row, cells in records:
        if len(cells) > len(header):
            raise BadInput(f"not a table: row {row} has {len(cells)} cells, and the header {len(header)}")
        if not MISSING.issuperset(cells):
            rows.append(row)
            kept.append([*cells, *[""] * (len(header) - len(cells))])
    if not kept:
        raise BadInput("a header and no rows; each row below it is a point")
    columns = dict(zip(header, zip(*kept, strict=True), strict=True))
    return _Cells(
        columns=columns, rows=tuple(rows), decimal="," if delimiter == ";" and "." not in below[:10_000] else "."
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each record, and its cells without outer blanks; none for a blank line."""
    lines = text.split("\n")
    if delimiter == " ":
        lines = [line.replace("\t", " ").strip() for line in lines]
    ended = [f"{line}\n" for line in [*lines, ""]]
    last = 0
    try:
        for row, cells in enumerate(csv.reader(ended, delimiter=delimiter, skipinitialspace=True), 1):
            last = row if cells else 0
            yield row, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise BadInput(f"not a table ({error})") from None
    if last:  # the line that was added is within quotes
        raise BadInput(f"not a table: row {last} opens a quote that nothing closes")


def _delimiter(header: str) -> str:
    """Return what stands between the cells: of the delimiters the one that the header holds most, else spaces."""
    most = max(DELIMITERS, key=header.count)
    return most if header.count(most) else " " if " " in header.strip() else ","


def _values(cells: _Cells, name: str) -> tuple[str, ...]:
    """Return a column, or raise `BadInput` at its first gap."""
    column = cells.columns[name]
    gap = next((row for row, cell in zip(cells.rows, column, strict=True) if cell in MISSING), None)
    if gap is not None:
        raise BadInput(f"row {gap}, column {name!r}: the value is missing; fill the cell or drop the row")
    return column


def _float(cell: str, decimal: str = ".") -> float:
    """Return the number that a cell holds, NaN for none."""
    if "_" in cell or not cell.isascii():  # which Python's floats may have
        return np.nan
    try:
        return float(cell.translate(str.maketrans(",.", ".,")) if decimal == "," else cell)
    except ValueError:
        return np.nan


def _numbers(cells: _Cells, name: str) -> Floats:
    """Return a column as floats, or raise `BadInput` with the first cell that is missing, no number or too large."""
    column = _values(cells, name)
    if set(column) <= TRUTH.keys():
        column = tuple(TRUTH[cell] for cell in column)
    numbers = np.array([_float(cell, cells.decimal) for cell in column])
    wrong = ~(np.abs(numbers) <= LARGEST)
    if not wrong.any():
        return numbers + 0.0  # no negative zero
    at = int(np.argmax(wrong))
    cell = column[at]
    where, shown = f"row {cells.rows[at]}, column {name!r}", cell if len(cell) <= 40 else f"{cell[:30]}..."
    if np.isnan(numbers[at]):
        raise BadInput(f"{where}: {shown!r} is not a number; mend it, or leave the column out with --without {name}")
    raise BadInput(f"{where}: {shown} is too large; numbers up to {LARGEST:g} in size can be used")


def _signs(cells: _Cells, label: str, positive: str | None) -> tuple[Floats, str, str]:
    """Return labels in {-1, +1}, and the texts that they stand for; numbers without a needless decimal point."""
    texts, rows = _values(cells, label), cells.rows
    numbers = [_float(cell, cells.decimal) for cell in texts]
    if not np.isnan(numbers).any():
        texts = tuple(f"{value:.15g}" for value in numbers)
    values = sorted(set(texts), key=_sort_key)
    shown = ", ".join(values[:8]) + (", ..." if len(values) > 8 else "")
    if len(values) == 1:
        raise BadInput(f"column {label!r} has the value {shown} in every row ({rows[0]} to {rows[-1]}); two are needed")
    if positive is None:
        if len(values) > 2:
            row = rows[texts.index(list(dict.fromkeys(texts))[2])]
            several = f"column {label!r} has {len(values)} values ({shown}), a third in row {row}"
            raise BadInput(f"{several}; name one with --positive")
        positive = values[1]
    elif positive not in values:
        raise BadInput(f"`positive` must be a value of column {label!r}, one of {shown}; got {positive!r}")
    negative = ", ".join(value for value in values if value != positive)
    return np.where(np.array(texts, object) == positive, 1.0, -1.0), positive, negative


def _sort_key(value: str) -> tuple[int, float, str]:
    """Order numbers by size, before words by the alphabet."""
    number = _float(value)
    return (1, 0.0, value) if np.isnan(number) else (0, number, value)
