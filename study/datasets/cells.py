"""Delimited text as named columns of cells, which stay as they are written but for outer blanks."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from study.checks import BadInput, checked

DELIMITERS = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "space": " "}
"""What may stand between cells, by the word for it; of two that fit alike, the first, since a comma is also a mark."""
LOOKED_AT = 100_000
"""Characters from which the delimiter is found."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
QUOTED = re.compile(r'(?<![^\s,;|])"(?:[^"]|"")*"')
NO_NAME = re.compile(r"|Unnamed: \d+|\.\.\.\d+")
"""How an absent name is written: not at all, by pandas, by R's readr."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Hold the cells of a table.

    Parameters
    ----------
    columns : dict of str to tuple of str
        By name. A column without one is named after its place: "column 3".
    unnamed : tuple of str
        The names that the header does not give.
    rows : tuple of int
        As a spreadsheet counts them; a blank line counts as one.
    header : int
        The row that gives the names, 0 for none.
    delimiter : str
    notes : tuple of str
        What was left out.
    """

    columns: dict[str, tuple[str, ...]]
    unnamed: tuple[str, ...]
    rows: tuple[int, ...]
    header: int
    delimiter: str
    notes: tuple[str, ...]


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
        For text that is no table, a header alone, or two columns of one name.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hint = re.match(r'\n*"?sep=(.)"?\n', text, re.IGNORECASE)
    if hint:  # Excel's way to name it
        text, delimiter = "\n" * hint[0].count("\n") + text[hint.end() :], delimiter or hint[1]
    delimiter = _find_delimiter(text) if delimiter is None else _check_delimiter(delimiter)
    records, blank = [], []
    for row, cells in _closed_records(text, delimiter):
        if any(cells):
            records.append((row, cells))
        elif len(cells) > 1:
            blank.append(row)
    top, header = (0, []) if no_header or not records else records.pop(0)
    if not records:
        raise BadInput("a header and no rows; each row below it is a point")
    width, names, unnamed = _name_columns(top, header, records)
    kept = [cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))] for _, cells in records]
    columns = dict(zip(names, zip(*kept, strict=True), strict=True))
    empty = {name for name in unnamed if not any(columns[name])}  # delimiters at the end of each line
    return Cells(
        columns={name: column for name, column in columns.items() if name not in empty},
        unnamed=tuple(name for name in unnamed if name not in empty),
        rows=tuple(row for row, _ in records),
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


def listed_rows(rows: Sequence[int]) -> str:
    """Return "row 3" or "rows 3, 5", with the first five of many."""
    few = ", ".join(map(str, rows[:5]))
    return f"row {few}" if len(rows) == 1 else f"rows {few}" if len(rows) <= 5 else f"{len(rows):,} rows ({few}, ...)"


def _name_columns(
    top: int, header: list[str], records: list[tuple[int, list[str]]]
) -> tuple[int, list[str], list[str]]:
    """Return the number of columns, their names, and those of these that the header does not give."""
    lengths = {len(cells) for _, cells in records}
    if not top:
        width = max(lengths)
        names = [str(j) for j in range(1, width + 1)]
        return width, names, []
    if lengths == {len(header) + 1} and any(cells[-1] for _, cells in records):
        header = ["", *header]  # R's write.table gives row names, and their column no name
    for row, cells in records:
        if any(cells[len(header) :]):
            raise BadInput(f"not a table: row {row} has {len(cells)} cells, and the header {len(header)}")
    names = [name or f"column {j}" for j, name in enumerate(header, 1)]
    places: dict[str, int] = {}
    for j, name in enumerate(names, 1):
        first = places.setdefault(name, j)
        if first != j:
            raise BadInput(f"row {top}: columns {first} and {j} are both named {name!r}; rename one")
    return len(header), names, [name for name, given in zip(names, header, strict=True) if NO_NAME.fullmatch(given)]


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
    reader = csv.reader([f"{line}\n" for line in text.split("\n")], delimiter=delimiter, skipinitialspace=True)
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
