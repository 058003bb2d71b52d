"""A frame of the user's own points, checked cell by cell, as a Dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.datasets.arguments import checked
from study.datasets.dataset import Dataset, Floats, check_one_set
from study.validation import BadInput

LARGEST = 1e100
"""Cells may not exceed this in size: products and squares of features must remain floating-point numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Hold points that came from a table, with the names that it gave them.

    Parameters
    ----------
    points : Dataset
    features : tuple of str
        Names of the columns of X.
    rows : ndarray of int of shape (n_samples,)
        The frame's index: the row that each point came from.
    positive, negative : str
        The labels that became +1 and -1; `negative` joins them by commas where there are more.
    """

    points: Dataset
    features: tuple[str, ...]
    rows: NDArray[np.int64]
    positive: str
    negative: str


@checked
def from_frame(
    frame: pd.DataFrame,
    label: str,
    *,
    positive: str | None = None,
    features: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Table:
    """Return the points that a frame holds.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a point; its index names the rows in messages.
    label : str
        The column of labels: two different values, or more and `positive`.
    positive : str, optional
        The value of `label` that becomes +1, all others -1; by default the larger of two numbers, the later word.
    features : sequence of str
        The columns of X; by default all but the label.
    without : sequence of str
        Columns to leave out.

    Returns
    -------
    Table

    Raises
    ------
    BadInput
        For a column that is not there, a missing value, a cell that is no number or larger than 1e100, a constant
        column, labels of one kind, labels of more than two without `positive`, a `positive` that never occurs, or two
        rows with the same features and opposite labels. The message names row and column.
    """
    names = list(features) or [str(name) for name in frame.columns if name != label]
    for argument, columns in (("label", [label]), ("features", names), ("without", without)):
        for name in columns:
            if name not in frame.columns:
                known = ", ".join(map(str, frame.columns[:20])) + (", ..." if len(frame.columns) > 20 else "")
                raise BadInput(f"`{argument}` must name columns of the table, which are {known}; got {name!r}")
    names = [name for name in dict.fromkeys(names) if name not in without and name != label]
    if not names:
        raise BadInput(f"`features` must name at least one column beside the label {label!r}; got none")
    rows = frame.index.to_numpy()
    texts = _labels(frame, label)
    y, positive, negative = _signs(texts, label, positive, rows)
    X = np.column_stack([_numbers(frame[name], name) for name in names])
    constant = [name for name, same in zip(names, (X[:1] == X).all(axis=0), strict=True) if same]
    if constant:
        column = f"column {constant[0]!r} has the value {X[0, names.index(constant[0])]:g} in every row"
        leave = ",".join(constant)
        raise BadInput(f"{column} ({rows[0]} to {rows[-1]}); leave out what is constant with --without {leave}")
    _no_contradiction(X, y, rows, texts)
    return Table(
        points=Dataset(X=X, y=y, name="table"),
        features=tuple(names),
        rows=rows,
        positive=positive,
        negative=negative,
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


def _labels(frame: pd.DataFrame, label: str) -> NDArray[np.object_]:
    """Return the labels as text, whole numbers without a decimal point."""
    column = frame[label]
    _no_gap(column, label)
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return np.array([str(value).strip() for value in column], dtype=object)
    return np.array([f"{value:.15g}" for value in column], dtype=object)


def _signs(
    texts: NDArray[np.object_], label: str, positive: str | None, rows: NDArray[np.int64]
) -> tuple[Floats, str, str]:
    """Return labels in {-1, +1}, and the texts that they stand for."""
    values = sorted(set(texts), key=_sort_key)
    shown = ", ".join(values[:8]) + (", ..." if len(values) > 8 else "")
    if len(values) == 1:
        raise BadInput(f"column {label!r} has the value {shown} in every row ({rows[0]} to {rows[-1]}); two are needed")
    if positive is None:
        if len(values) > 2:
            seen = list(dict.fromkeys(texts))
            row = rows[list(texts).index(seen[2])]
            raise BadInput(
                f"column {label!r} has {len(values)} values ({shown}), a third in row {row}; name one with --positive"
            )
        positive = values[1]
    elif positive not in values:
        raise BadInput(f"`positive` must be a value of column {label!r}, one of {shown}; got {positive!r}")
    negative = ", ".join(value for value in values if value != positive)
    return np.where(texts == positive, 1.0, -1.0), positive, negative


def _sort_key(value: str) -> tuple[int, float, str]:
    """Order numbers by size, before words by the alphabet."""
    try:
        return 0, float(value), value
    except ValueError:
        return 1, 0.0, value


def _numbers(column: pd.Series, name: str) -> Floats:
    """Return a column as floats, or raise `BadInput` with the first cell that is missing, no number or too large."""
    _no_gap(column, name)
    try:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    except OverflowError:  # a whole number of some hundred digits
        numbers = np.array([_float(value) for value in column])
    wrong = ~(np.abs(numbers) <= LARGEST)
    if not wrong.any():
        return np.asarray(numbers + 0.0)  # no negative zero
    at = int(np.argmax(wrong))
    cell = str(column.iloc[at])
    where, shown = f"row {column.index[at]}, column {name!r}", cell if len(cell) <= 40 else f"{cell[:30]}..."
    if np.isnan(_float(cell)):
        raise BadInput(f"{where}: {shown!r} is not a number; mend it, or leave the column out with --without {name}")
    raise BadInput(f"{where}: {shown} is too large; numbers up to {LARGEST:g} in size can be used")


def _float(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return np.nan


def _no_gap(column: pd.Series, name: str) -> None:
    missing = column.isna().to_numpy()
    if missing.any():
        row = column.index[int(np.argmax(missing))]
        raise BadInput(f"row {row}, column {name!r}: the value is missing; fill the cell or drop the row")


def _no_contradiction(X: Floats, y: Floats, rows: NDArray[np.int64], texts: NDArray[np.object_]) -> None:
    """Raise `BadInput` at the first row whose features another row has with the opposite label."""
    seen: dict[bytes, int] = {}
    for i, x in enumerate(X):
        first = seen.setdefault(x.tobytes(), i)
        if y[first] != y[i]:
            raise BadInput(
                f"rows {rows[first]} and {rows[i]} have the same features and opposite labels, "
                f"{texts[first]} and {texts[i]}: no rule can separate them"
            )
