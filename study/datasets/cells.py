"""Delimited text as named columns of cells, which stay as they are written but for outer blanks."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from study.checks import BadInput, checked, counted

Texts = NDArray[Any]
"""Strings of NumPy's own, which take a quarter of the room of Python's."""

DELIMITERS = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "space": " "}
"""What may stand between cells, by the word for it; of two that fit alike, the first, since a comma is also a mark."""
LOOKED_AT = 100_000
"""Characters from which the delimiter is found."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
PART = 4096
"""Rows whose cells are Python's strings at one time."""
QUOTED = re.compile(r'(?<![^\s,;|])"(?:[^"]|"")*"')
NO_NAME = re.compile(r"|Unnamed: \d+|\.\.\.\d+")
"""How an absent name is written: not at all, by pandas, by R's readr."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Hold the cells of a table.

    Parameters
    ----------
    columns : dict of str to ndarray of str of shape (n_rows,)
        By name. A column without one is named after its place: "column 3".
    unnamed : tuple of str
        The names that the header does not give.
    rows : ndarray of int of shape (n_rows,)
        As a spreadsheet counts them; a blank line counts as one.
    header : int
        The row that gives the names, 0 for none.
    delimiter : str
    notes : tuple of str
        What was left out.
    """

    columns: dict[str, Texts]
    unnamed: tuple[str, ...]
    rows: NDArray[np.int64]
    header: int
    delimiter: str
    notes: tuple[str, ...]

    def take(self, kept: NDArray[np.bool_]) -> "Cells":
        """Return the cells of some of the rows."""
        return replace(self, columns={name: c[kept] for name, c in self.columns.items()}, rows=self.rows[kept])


@checked
def read_cells(text: str, *, delimiter: str | None = None, no_header: bool = False) -> Cells:
    """Return the cells of delimited text.

    Parameters
    ----------
    text : str
    delimiter : str, optional
        A character, or the word for one of `DELIMITERS`; by default found from the first rows. Spaces count as one.
    no_header : bool
        Whether the first row is a point; columns are then named by their numbers, from 1.

    Raises
    ------
    BadInput
        For text that is no table, a header alone, a row with fewer or more cells than the header, or two columns of
        one name.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hint = re.match(r'\n*"?sep=(.)"?\n', text, re.IGNORECASE)
    if hint:  # Excel's way to name it
        text, delimiter = "\n" * hint[0].count("\n") + text[hint.end() :], delimiter or hint[1]
    delimiter = _find_delimiter(text) if delimiter is None else _check_delimiter(delimiter)
    blank: list[int] = []
    records = _filled(_closed_records(text, delimiter), blank)
    top, header = (0, []) if no_header else next(records, (0, []))
    rows, lengths, parts = list[int](), dict[int, int](), list[Texts]()
    longer: tuple[int, int] | None = None
    while some := list(islice(records, PART)):
        rows += [row for row, _ in some]
        lengths = {len(cells): row for row, cells in reversed(some)} | lengths
        longer = longer or next(((row, len(cells)) for row, cells in some if top and any(cells[len(header) :])), None)
        parts.append(_as_texts([cells for _, cells in some], len(header) + 1 if top else max(lengths)))
    if not rows:
        raise BadInput("a header and no rows; each row below it is a point")
    names, unnamed = _name_columns(top, header, lengths, longer)
    columns = {name: np.concatenate([_column(part, j) for part in parts]) for j, name in enumerate(names)}
    empty = {name for name in unnamed if not any(columns[name])}  # delimiters at the end of each line
    needed = max(j for j, name in enumerate(names, 1) if name not in empty and (top or any(columns[name])))
    if short := [(row, length) for length, row in lengths.items() if length < needed]:
        row, length = min(short)
        most = f"the {'header' if top else 'longest'} {needed}; write empty cells with their delimiters"
        raise BadInput(f"not a table: row {row} has {counted(length, 'cell')}, and {most}")
    return Cells(
        columns={name: column for name, column in columns.items() if name not in empty},
        unnamed=tuple(name for name in unnamed if name not in empty),
        rows=np.array(rows),
        header=top,
        delimiter=delimiter,
        notes=(f"{listed_rows(blank)} of empty cells left out",) if blank else (),
    )


def is_number(cell: str) -> bool:
    """Return whether a cell holds a decimal number with a point."""
    return NUMBER.fullmatch(cell) is not None


def are_numbers(column: Iterable[str]) -> bool:
    """Return whether each cell holds a decimal number with a point."""
    return all(map(NUMBER.fullmatch, column))


def listed_rows(rows: Sequence[int] | NDArray[np.int64]) -> str:
    """Return "row 3" or "rows 3, 5", with the first five of many."""
    few = ", ".join(map(str, rows[:5]))
    return f"row {few}" if len(rows) == 1 else f"rows {few}" if len(rows) <= 5 else f"{len(rows):,} rows ({few}, ...)"


def _filled(records: Iterable[tuple[int, list[str]]], blank: list[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that have a cell with something in it, and add the rows of empty cells to `blank`."""
    for row, cells in records:
        if any(cells):
            yield row, cells
        elif len(cells) > 1:
            blank.append(row)


def _as_texts(records: list[list[str]], most: int) -> Texts:
    """Return records side by side, of shape (n_rows, n_columns), with empty cells after those that are shorter."""
    width = min(max(map(len, records)), most)
    even = [cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))] for cells in records]
    try:
        return np.array(even, StringDType())
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise BadInput(
            f"not a table: {half!r} is half a character; read the text with the encoding that it has"
        ) from None


def _column(part: Texts, j: int) -> Texts:
    return part[:, j] if j < part.shape[1] else np.zeros(len(part), StringDType())


def _name_columns(
    top: int, header: list[str], lengths: dict[int, int], longer: tuple[int, int] | None
) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and those of these that the header does not give.

    `lengths` are those of the rows, with the first row of each; `longer` is the first row with a cell beyond the
    header, and its length.
    """
    if not top:
        return [str(j) for j in range(1, max(lengths) + 1)], []
    if longer and lengths.keys() == {len(header) + 1}:
        header = ["", *header]  # R's write.table gives row names, and their column no name
    elif longer:
        raise BadInput(f"not a table: row {longer[0]} has {longer[1]} cells, and the header {len(header)}")
    names = [name or f"column {j}" for j, name in enumerate(header, 1)]
    places: dict[str, int] = {}
    for j, name in enumerate(names, 1):
        first = places.setdefault(name, j)
        if first != j:
            raise BadInput(f"row {top}: columns {first} and {j} are both named {name!r}; rename one")
    return names, [name for name, given in zip(names, header, strict=True) if NO_NAME.fullmatch(given)]


def _check_delimiter(delimiter: str) -> str:
    character = DELIMITERS.get(delimiter, "\t" if delimiter == "\\t" else delimiter)
    if len(character) != 1 or character in '"\n\r' or character.isalnum():
        words = ", ".join(DELIMITERS)
        raise BadInput(f"`delimiter` must be one character between cells, or one of {words}; got {delimiter!r}")
    return character


def _find_delimiter(text: str) -> str:
    """Return the delimiter that stands in the rows as often as in the first, in most of them, and oftenest there.

    Quoted text does not count. Spaces only where no other delimiter stands so in half of the rows.
    """
    head = text.lstrip("\n")
    if len(head) > LOOKED_AT:
        head = head[:LOOKED_AT].rpartition("\n")[0] or head[:LOOKED_AT]
    lines = [line.strip(" ") for line in QUOTED.sub("q", head).split("\n") if line.strip()][:100]
    spaces = _fit([len(re.findall("[ \t]+", line.strip())) for line in lines])
    *others, space = DELIMITERS.values()
    best, (share, first) = max(
        ((d, _fit([line.count(d) for line in lines])) for d in others), key=lambda found: found[1]
    )
    return best if first and (share >= 0.5 or share >= spaces[0]) else space


def _fit(numbers: list[int]) -> tuple[float, int]:
    """Return in what share of rows a delimiter stands as often as in the first, and how often; zeros for not there."""
    first, *others = numbers or [0]
    return (sum(number == first for number in others) / max(len(others), 1), first) if first else (0.0, 0)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each record, and its cells without outer blanks; none for a blank line."""
    if delimiter == " ":  # or several, or tabs, but not those that are quoted
        text = re.sub(rf"({QUOTED.pattern})|[ \t]*(\n)[ \t]*|[ \t]+", lambda blank: blank[1] or blank[2] or " ", text)
    reader = csv.reader((f"{line}\n" for line in text.split("\n")), delimiter=delimiter, skipinitialspace=True)
    for row, cells in enumerate(reader, 1):
        yield row, list(map(str.strip, cells))


def _closed_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield records, or raise `BadInput` where a quote is not closed."""
    last = 0
    try:
        for row, cells in _records(f"{text}\n", delimiter):
            last = row if cells else 0
            yield row, cells
    except csv.Error as error:
        raise BadInput(f"not a table ({error})") from None
    if last:  # the line that was added is within quotes
        raise BadInput(f"not a table: row {last} opens a quote that nothing closes")
