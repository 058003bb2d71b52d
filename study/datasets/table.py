"""A table of the user's own, checked cell by cell, as a Dataset; what was decided in reading it is noted."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from study.checks import BadInput, checked, did_you_mean, shorten
from study.datasets.cells import Cells, Texts, are_numbers, is_number, listed_rows, read_cells
from study.datasets.dataset import Dataset, Floats, check_one_set
from study.datasets.exact import Column, Exact, written_column

LARGEST = 1e100
"""Cells may not exceed this in size: products and squares of features must remain floating-point numbers."""
MOST_PLACES = 400
"""Decimal places that a cell may have."""
MOST_VALUES = 50
"""Of a column of words that becomes one feature a value."""
MISSING = {
    *("", "?", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
    *("nan", "NaN", "-nan", "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
}
"""Cells of a feature that hold no value; of a label, only an empty cell does not."""
GAPS = np.array(sorted(MISSING), StringDType())
TRUTH = {"TRUE": "1", "True": "1", "true": "1", "FALSE": "0", "False": "0", "false": "0"}
SWAP = str.maketrans(",.", ".,")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
FOR_READERS = {
    "a currency": re.compile(r"\s*[$\u00a2-\u00a5\u20a0-\u20cf]\s*"),
    "a percent sign": re.compile(r"\s*%$"),
    "a minus that is not the ASCII hyphen": re.compile(r"^[\u2010-\u2015\u2212]"),
    "a mark between thousands": re.compile(r"(?<=\d)[,'\u2019\s](?=\d{3}(?!\d))"),
}
"""What programs put into a number that is to be looked at."""

Mark = Literal[".", ","]


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
    exact : Exact
        The features as the decimals that are written: X is what floats make of them.
    rows : ndarray of int of shape (n_samples,)
        The row that each point came from, as a spreadsheet counts: the header is row 1.
    positive, negative : str
        The labels that became +1 and -1; `negative` joins them by commas where there are more.
    notes : tuple of str
        What was decided in reading the table, a sentence each.
    """

    points: Dataset
    weight: Floats
    features: tuple[str, ...]
    exact: Exact
    rows: NDArray[np.int64]
    positive: str
    negative: str
    notes: tuple[str, ...] = ()

    def take(self, samples: NDArray[np.int64]) -> "Table":
        """Return the table of some of the samples, of both classes."""
        points = Dataset(X=self.points.X[samples], y=self.points.y[samples], name=self.points.name)
        exact, weight = self.exact.take(samples), self.weight[samples]
        return replace(self, points=points, weight=weight, exact=exact, rows=self.rows[samples])


@checked
def read_table(
    text: str,
    label: str = "",
    *,
    positive: str | None = None,
    features: Sequence[str] = (),
    without: Sequence[str] = (),
    weight: str | None = None,
    delimiter: str | None = None,
    decimal: Mark | None = None,
    no_header: bool = False,
    drop_missing: bool = False,
    one_hot: bool = False,
    ignore_text: bool = False,
) -> Table:
    """Return the points that delimited text holds.

    Parameters
    ----------
    text : str
        A header, and one row a point.
    label : str
        The column of labels: two different values, or more and `positive`. Labels are text as it is written.
    positive : str, optional
        The value of `label` that becomes +1, all others -1; by default the larger of two numbers, the later word.
    features : sequence of str
        The columns of X; by default all but the label and the weight, and row numbers without a name.
    without : sequence of str
        Columns to leave out.
    weight : str, optional
        The column that says how often each point counts, a number above 0.
    delimiter, no_header
        As in `study.datasets.cells.read_cells`.
    decimal : {".", ","}, optional
        The decimal mark; by default the one with which more cells of the columns that are used are numbers.
    drop_missing : bool
        Whether rows with a gap in a column that is used are left out; else a gap is refused.
    one_hot : bool
        Whether a column of words becomes a feature of zeros and ones for each word, such as "colour=red".
    ignore_text : bool
        Whether columns of words are left out; without either they are refused.

    Returns
    -------
    Table

    Raises
    ------
    BadInput
        For text that is no table, a header alone or one that looks like a point, a column named twice or not there, a
        missing value, a cell that is no number, beyond 1e100, too small for floats or of more than 400 decimal places,
        a count that is not above 0, a constant feature, labels of one kind, labels of more than two without `positive`,
        or a `positive` that never occurs. The message names row and column.
    """
    if one_hot and ignore_text:
        raise BadInput("`one_hot` must not be set where `ignore_text` is: words are features, or they are left out")
    cells = read_cells(text, delimiter=delimiter, no_header=no_header)
    weights = [] if weight is None else [weight]
    notes = _check_names(cells, label, {"features": features, "without": without, "weight": weights})
    names = _choose(cells, label, features, [*without, *weights], notes)
    mark = decimal or _find_mark(cells, [*names, *weights], notes)
    names, words = _find_words(cells, names, mark, one_hot=one_hot, ignore_text=ignore_text, notes=notes)
    if not names:
        left_out = "; all others hold words, which --ignore-text leaves out" if ignore_text else ""
        raise BadInput(f"`features` must name at least one column beside the label {label!r}; got none{left_out}")
    cells = _without_gaps(cells, [*names, *weights], [label, *words], notes if drop_missing else None)
    _note_truth(cells, [*names, *weights], notes)
    y, positive, negative = _signs(cells, label, positive)
    columns = _read_features(cells, names, words, mark)
    X = np.column_stack([x for x, _ in columns.values()])
    return Table(
        points=Dataset(X=X, y=y, name="table"),
        weight=np.ones(len(y)) if weight is None else _counts(cells, weight, mark),
        features=tuple(columns),
        exact=Exact(tuple(column for _, column in columns.values())),
        rows=cells.rows,
        positive=positive,
        negative=negative,
        notes=tuple(notes),
    )


@checked
def contradiction(table: Table) -> tuple[int, int] | None:
    """Return the indices of the first two points that are one and have both labels, or None; decided exactly."""
    y, keys = table.points.y.tolist(), [x.tobytes() for x in table.points.X]
    both = {key for key, label in zip(keys, y, strict=True) if label > 0} & {
        key for key, label in zip(keys, y, strict=True) if label < 0
    }
    tried = [j for j, key in enumerate(keys) if key in both]
    seen: dict[tuple[int, ...], dict[float, int]] = {}
    for j, point in zip(tried, table.exact.whole_rows(np.array(tried, np.int64)), strict=True):
        first = seen.setdefault(point, {})
        if -y[j] in first:
            return first[-y[j]], j
        first.setdefault(y[j], j)
    return None


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


def _check_names(cells: Cells, label: str, asked: dict[str, Sequence[str]]) -> list[str]:
    """Raise `BadInput` where a column that is asked for is not there, or the header looks like a point; return notes.

    A data frame without names of its own writes 0, 1, 2, ..., which are names.
    """
    known = ", ".join([*list(cells.columns)[:20], *["..."] * (len(cells.columns) > 20)])
    others = [name for name in cells.columns if name != label]
    counted = others == [str(j) for j in range(len(others))]  # a data frame's names of its own
    numbers = cells.header and not counted and sum(map(is_number, others)) >= max(len(others) - 1, 1)
    hint = f"; where row {cells.header} is a point, say --no-header and name columns by number" if numbers else ""
    if not label:
        raise BadInput(f"`label` must name the column that holds the two classes, of {known}; got none{hint}")
    for argument, columns in {"label": [label], **asked}.items():
        for name in columns:
            if name not in cells.columns:
                guess = did_you_mean(name, cells.columns)
                raise BadInput(
                    f"`{argument}` must name columns of the table, which are {known}; got {name!r}{guess}{hint}"
                )
    if all(map(is_number, others)) and numbers and label in cells.columns[label]:
        raise BadInput(f"row {cells.header}: the header looks like a point ({known}){hint}")
    if label in (*asked["features"], *asked["weight"]):
        raise BadInput(f"`label` must be a column beside features and weight; got {label!r}")
    return [
        *cells.notes,
        *([f"row {cells.header} is read as the header, though its names are numbers"] if numbers else []),
    ]


def _choose(cells: Cells, label: str, features: Sequence[str], without: Sequence[str], notes: list[str]) -> list[str]:
    """Return the columns that are features; a first column of whole numbers without a name is left out, and noted."""
    if features:
        return [name for name in dict.fromkeys(features) if name not in without]
    first, column = next(iter(cells.columns.items()))
    index = first in cells.unnamed and len(set(column)) == len(column) and all(map(str.isdecimal, column))
    if index and first not in (label, *without):
        notes.append(f"row numbers, left out: {first}, to which the header gives no name")
    chosen = [name for name in cells.columns if name not in (label, *without) and not (index and name == first)]
    if nameless := [name for name in chosen if name in cells.unnamed]:
        notes.append(f"used, though the header gives no name; --without leaves out: {', '.join(nameless)}")
    return chosen


def _find_words(
    cells: Cells, names: list[str], mark: Mark, *, one_hot: bool, ignore_text: bool, notes: list[str]
) -> tuple[list[str], list[str]]:
    """Return the columns that are features, and those of them that hold words; which these are is noted."""
    words = [name for name in names if _has_words(cells.columns[name], mark)] if one_hot or ignore_text else []
    if words:
        done = "left out" if ignore_text else "a feature for each word"
        notes.append(f"columns of words, {done}: {', '.join(words)}")
    return ([name for name in names if name not in words], []) if ignore_text else (names, words)


def _note_truth(cells: Cells, names: Sequence[str], notes: list[str]) -> None:
    truth = [name for name in names if _holds_truth(cells.columns[name])]
    if truth:
        notes.append(f"truth values are read as 1 and 0: {', '.join(truth)}")


def _holds_truth(column: Texts) -> bool:
    """Return whether all cells but gaps are truth values, and there is one."""
    return all(cell in TRUTH or cell in MISSING for cell in column) and not _gaps(column).all()


def _gaps(column: Texts) -> NDArray[np.bool_]:
    return np.isin(column, GAPS)


def _normalise(column: Texts, mark: Mark) -> list[str]:
    """Return cells with a point for a decimal mark, and a comma for what else was a point; truth values as 1 and 0."""
    if _holds_truth(column):
        return [TRUTH.get(cell, cell) for cell in column]
    texts: list[str] = column.tolist()
    return texts if mark == "." else list(map(_swap, texts))


def _swap(cell: str) -> str:
    return cell.translate(SWAP)


def _find_mark(cells: Cells, names: Sequence[str], notes: list[str]) -> Mark:
    """Return the decimal mark with which more cells are numbers, a point where both do, and note a comma."""
    columns = [cells.columns[name] for name in names]
    commas = [cell for column in columns for cell in column.tolist() if "," in cell and is_number(_swap(cell))]
    if not commas or len(commas) <= sum("." in cell and is_number(cell) for column in columns for cell in column):
        return "."
    if cells.delimiter == "," and all(map(THOUSANDS.fullmatch, commas)):
        raise BadInput(
            f"`decimal` must be given: {commas[0]!r} in {_place_of(cells, names, commas[0])} may be a number with "
            f"thousands or with decimals; write it without the comma, or say --decimal ,"
        )
    notes.append(f"a comma is read as the decimal mark: {commas[0]} is {_swap(commas[0])}")
    return ","


def _place_of(cells: Cells, names: Sequence[str], cell: str) -> str:
    name = next(name for name in names if (cells.columns[name] == cell).any())
    return f"row {cells.rows[cells.columns[name] == cell][0]}, column {name!r}"


def _has_words(column: Texts, mark: Mark) -> bool:
    return not are_numbers(_normalise(column[~_gaps(column)], mark))


def _without_gaps(cells: Cells, names: Sequence[str], texts: Sequence[str], notes: list[str] | None) -> Cells:
    """Return cells without the rows that have a gap, and note these; without notes raise `BadInput`.

    In columns of texts only an empty cell is a gap.
    """
    columns = {name: cells.columns[name] for name in [*names, *texts]}
    gaps = {name: column == "" if name in texts else _gaps(column) for name, column in columns.items()}
    gap = np.any(list(gaps.values()), axis=0)
    if not gap.any():
        return cells
    i = int(np.argmax(gap))
    name = next(name for name in gaps if gaps[name][i])
    if notes is None:
        written = f" ({columns[name][i]})" if columns[name][i] else ""
        drop = "fill the cell, or leave such rows out with --drop-missing"
        raise BadInput(f"row {cells.rows[i]}, column {name!r}: the value is missing{written}; {drop}")
    if gap.all():
        raise BadInput(f"`drop_missing` must leave a row: each has a gap, row {cells.rows[i]} in column {name!r}")
    notes.append(f"left out for a gap: {listed_rows(cells.rows[gap])}")
    return cells.take(~gap)


def _read_features(cells: Cells, names: list[str], words: list[str], mark: Mark) -> dict[str, tuple[Floats, Column]]:
    """Return the features by name, as floats and as decimals; a column of words gives one for each word."""
    read: dict[str, tuple[Floats, Column]] = {}
    constant = list[str]()
    for name in names:
        new = _encode(cells, name) if name in words else {name: _decimals(cells, name, mark)}
        if twice := new.keys() & read.keys():
            raise BadInput(f"column {min(twice)!r} has the name of a word's feature; rename it")
        read |= new
        constant += [name] * all(column.whole.min() == column.whole.max() for _, column in new.values())
    if constant:
        what = f"column {constant[0]!r} has the value {cells.columns[constant[0]][0]} in every row"
        without = f"leave out what is constant with {_option(*constant)}"
        mend = "no feature varies, and nothing is left to learn from" if constant == names else without
        raise BadInput(f"{what} ({cells.rows[0]} to {cells.rows[-1]}); {mend}")
    return read


def _encode(cells: Cells, name: str) -> dict[str, tuple[Floats, Column]]:
    """Return a feature of zeros and ones for each word of a column."""
    column = cells.columns[name]
    words = sorted(set(column.tolist()))
    if len(words) > MOST_VALUES:
        most = f"{MOST_VALUES} at most become features; leave it out with {_option(name)}"
        raise BadInput(f"column {name!r} has {len(words)} words, and {most}")
    found = {f"{name}={word}": column == word for word in words}
    return {feature: (yes.astype(float), Column(yes.astype(np.int64), 1, 0)) for feature, yes in found.items()}


def _decimals(cells: Cells, name: str, mark: Mark) -> tuple[Floats, Column]:
    texts = _normalise(cells.columns[name], mark)
    x = _floats(cells.rows, name, texts, mark)
    return x, written_column(texts, x)


def _counts(cells: Cells, name: str, mark: Mark) -> Floats:
    """Return how often each point counts, or raise `BadInput` with the first cell that is not above 0."""
    counts, _ = _decimals(cells, name, mark)
    wrong = ~(counts > 0.0)
    if wrong.any():
        row, cell = cells.rows[wrong][0], shorten(cells.columns[name][wrong][0], 40)
        raise BadInput(f"row {row}, column {name!r}: a point cannot count {cell} times; a number above 0 is needed")
    return counts


def _floats(rows: NDArray[np.int64], name: str, texts: list[str], mark: Mark) -> Floats:
    """Return numbers as floats, or raise `BadInput` with the first cell that is no number, too large or too small."""
    where = f"column {name!r}"
    if not are_numbers(texts):
        row, cell = next((row, cell) for row, cell in zip(rows, texts, strict=True) if not is_number(cell))
        written = _swap(cell) if mark == "," else cell
        hint = f" with the decimal mark {mark!r}" if is_number(_swap(cell)) else _cause(cell)
        words = not hint and 2 * sum(map(is_number, texts)) < len(texts)
        mend = f"mend it, or leave the column out with {_option(name)}{', or see --one-hot' * words}"
        raise BadInput(f"row {row}, {where}: {shorten(written, 40)!r} is not a number{hint}; {mend}")
    numbers = np.array(list(map(float, texts)))
    large = ~(np.abs(numbers) <= LARGEST)
    small = [i for i in np.flatnonzero(numbers == 0.0) if re.search("[1-9]", re.split("[eE]", texts[i])[0])]
    wordy = max(map(len, texts)) > MOST_PLACES or re.search("[eE]-", "\n".join(texts))  # others have few places
    tried = np.flatnonzero((numbers != 0.0) & ~large) if wordy else ()
    long = [i for i in tried if _places(texts[i]) > MOST_PLACES]
    for i in [*np.flatnonzero(large)[:1], *small[:1]]:
        size, range_ = ("large", f"up to {LARGEST:g}") if large[i] else ("small", "from 5e-324")
        cell = shorten(texts[i], 40)
        raise BadInput(f"row {rows[i]}, {where}: {cell} is too {size}; numbers {range_} in size can be used")
    if long:
        cell = shorten(texts[long[0]], 40)
        raise BadInput(f"row {rows[long[0]]}, {where}: {cell} has more than {MOST_PLACES} decimal places; round it")
    return numbers + 0.0  # no negative zero


def _cause(cell: str) -> str:
    """Return in words what keeps a cell from being a number, or nothing where it is no such thing."""
    if re.fullmatch(r"#[A-Z/0]+[!?]", cell):
        return ", but an error of the spreadsheet"
    found = list[str]()
    for thing, mark in FOR_READERS.items():
        found += [thing] * (mark.search(cell) is not None)
        cell = mark.sub("", cell)
    return f", for it holds {' and '.join(found)}" if found and is_number(cell) else ""


def _places(cell: str) -> int:
    return -int(Decimal(cell).as_tuple().exponent)


def _option(*names: str) -> str:
    """Return the option that leaves columns out, as a shell wants it."""
    quoted = ['"' + name.replace('"', '""') + '"' if re.search('[",]', name) else name for name in names]
    return f"--without {shlex.quote(','.join(quoted))}"


def _signs(cells: Cells, label: str, positive: str | None) -> tuple[Floats, str, str]:
    """Return labels in {-1, +1}, and the texts that they stand for."""
    rows, column = cells.rows, cells.columns[label]
    in_order = list(dict.fromkeys(column.tolist()))
    values = sorted(in_order, key=_by_size)
    shown = ", ".join(values[:8]) + (", ..." if len(values) > 8 else "")
    if len(values) == 1:
        raise BadInput(f"column {label!r} has the value {shown} in every row ({rows[0]} to {rows[-1]}); two are needed")
    if positive is None:
        if len(values) > 2:
            several = f"column {label!r} has {len(values)} values ({shown}), a third in row"
            raise BadInput(f"{several} {rows[column == in_order[2]][0]}; name one with --positive")
        positive = values[1]
    elif positive not in values:
        raise BadInput(f"`positive` must be a value of column {label!r}, one of {shown}; got {positive!r}")
    negative = ", ".join(value for value in values if value != positive)
    return np.where(column == positive, 1.0, -1.0), positive, negative


def _by_size(value: str) -> tuple[int, float, str]:
    """Order numbers by size, before words by the alphabet."""
    return (0, float(value), value) if is_number(value) else (1, 0.0, value)
