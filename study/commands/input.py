"""What the commands read: a file of the user's own points, as the options that they share say."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from study.checks import BadInput

if TYPE_CHECKING:
    from study.analysis.limits import Limit
    from study.datasets.table import Table
    from study.trainers.losses import Bias

MOST_BYTES = 2**28
"""Of a table, once it is unpacked: 256 MiB."""
CSV = "save it as delimited text: in a spreadsheet save the sheet as CSV UTF-8, or in pandas use to_csv(index=False)"
KINDS = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a parquet file",
    b"ARROW1": "a feather file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"\x93NUMPY": "a NumPy array",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"%PDF": "a PDF",
}
MEMBERS = {"xl/workbook.xml": "an Excel workbook", "content.xml": "an OpenDocument spreadsheet"}
ENDINGS = {".xlsx": "an Excel workbook", ".xlsm": "an Excel workbook", ".ods": "an OpenDocument spreadsheet"}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a table is read, by every command.

    Parameters
    ----------
    example
        In place of a file, a table that comes with an installed package: a name that study datasets lists.
    label
        Column that holds the two classes.
    positive
        Value of the label that is the positive class; needed where there are more than two.
    without
        Columns to leave out, separated by commas.
    delimiter
        What stands between cells: a character, or comma, semicolon, tab, bar or space; by default found.
    decimal
        Decimal mark; by default found from the columns that are used.
    no_header
        The first row is a point; columns are named by their numbers, from 1.
    drop_missing
        Leave out rows that have a gap in a column that is used.
    one_hot
        Make a feature of zeros and ones for each word in a column of words.
    ignore_text
        Leave out columns of words.
    """

    example: str | None = None
    label: str = ""
    positive: str | None = None
    without: str = ""
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    no_header: bool = False
    drop_missing: bool = False
    one_hot: bool = False
    ignore_text: bool = False

    @property
    def label_column(self) -> str:
        """The column of the label; of an example, "class" where none is named."""
        return self.label.strip() or ("class" if self.example else "")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class TableOptions(ReadOptions):
    """How a table is read and scaled.

    Parameters
    ----------
    features
        Columns to use, separated by commas; by default all but the label, and row numbers without a name.
    standardise
        Centre each feature and divide it by its standard deviation before training.
    """

    features: str = ""
    standardise: bool = False


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LossOptions:
    """What a unit minimises.

    Parameters
    ----------
    loss
        Loss of the unit.
    eps
        Targets of the unit are eps and 1 - eps.
    bias
        Whether the penalty leaves the bias free, as scikit-learn's LogisticRegression does, which is the default.
    """

    loss: Literal["cross-entropy", "quadratic", "threshold-quadratic"] = "cross-entropy"
    eps: float = 0.0
    bias: Literal["free", "penalised"] | None = None

    def bias_beside(self, C: object) -> "Bias":
        """Return what the penalty does with the bias; without a penalty nothing may be said of it."""
        if not C and self.bias is not None:
            raise BadInput(f"`bias` must be left out where there is no `C`; got {self.bias}")
        return self.bias or "free"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class UnitOptions(LossOptions):
    """What a unit minimises, and its limits.

    Parameters
    ----------
    weight_bound
        Bounds R on the weights, by default 3; give several to compare them.
    C
        Weights of the summed loss beside a penalty of |w|^2 / 2, as in scikit-learn, in place of bounds.
    shape
        Shape of the bound, by default box.
    """

    weight_bound: Annotated[tuple[float, ...] | None, Parameter(consume_multiple=True)] = None
    C: Annotated[tuple[float, ...] | None, Parameter(name="--C", consume_multiple=True)] = None
    shape: Literal["box", "ball"] | None = None

    def unit(self) -> "tuple[Limit, tuple[float, ...]]":
        """Return the unit and its limits, checked."""
        from study.analysis.limits import Penalty, WeightBound
        from study.checks import positive
        from study.trainers.losses import check_targets

        loss, eps, bias = self.loss, check_targets(self.loss, self.eps), self.bias_beside(self.C)
        unit: Limit = WeightBound(shape=self.shape or "box", loss=loss, eps=eps)
        given = (3.0,) if self.weight_bound is None else self.weight_bound
        if self.C is not None:
            for name, value in (("weight_bound", self.weight_bound), ("shape", self.shape)):
                if value is not None:
                    got = value if isinstance(value, str) else " ".join(f"{R:g}" for R in value)
                    raise BadInput(f"`{name}` must be left out where `C` is given; got {got}")
            unit, given = Penalty(bias=bias, loss=loss, eps=eps), self.C
        if not given:
            raise BadInput(f"`{unit.argument}` must be one or more positive numbers; got none")
        return unit, tuple(positive(unit.argument, limit) for limit in dict.fromkeys(given))


NO_READ_OPTIONS, NO_TABLE_OPTIONS = ReadOptions(), TableOptions()
USUAL_LOSS, USUAL_UNIT = LossOptions(), UnitOptions()


def read(file: Path | None, options: ReadOptions, weight: str | None = None) -> tuple[str, "Table"]:
    """Return the name of a table and the table: of a file, of standard input for "-", or an example.

    `weight` names the column that counts points.
    """
    name, content = content_of(file, options)
    return name.name, read_content(name, content, options, weight)


def content_of(file: Path | None, options: ReadOptions) -> tuple[Path, bytes]:
    """Return the name and the content of a file, or of an example."""
    from study.datasets.shipped import example_text

    if options.example is None:
        if file is None:
            raise BadInput("`FILE` must be given, or else `--example`, a name that `study datasets` lists")
        return Path("standard input") if str(file) == "-" else file, read_file(file)
    if file is not None:
        raise BadInput(f"`FILE` must be left out where `--example` is given; got {file}")
    return Path(options.example), example_text(options.example).encode()


def read_content(file: Path, content: bytes, options: ReadOptions, weight: str | None = None) -> "Table":
    """Return the table that the content of a file holds; arguments as in `read`."""
    from study.datasets.table import read_table

    text, notes = read_text(file, content)
    try:
        table = read_table(
            text,
            options.label_column,
            positive=None if options.positive is None else options.positive.strip(),
            features=split_names("features", options.features) if isinstance(options, TableOptions) else (),
            without=split_names("without", options.without),
            weight=None if weight is None else weight.strip(),
            delimiter=options.delimiter,
            decimal=options.decimal,
            no_header=options.no_header,
            drop_missing=options.drop_missing,
            one_hot=options.one_hot,
            ignore_text=options.ignore_text,
        )
    except BadInput as error:  # of an option, or of the file
        raise BadInput(str(error) if str(error).startswith("`") else f"{file}: {error}") from None
    return replace(table, notes=(*notes, *table.notes))


def read_file(path: Path) -> bytes:
    """Return the content of a file, or raise `BadInput` where it is absent or larger than `MOST_BYTES`."""
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            return _read(file.read)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"`FILE` must be a file that can be read; got {path} ({reason})") from None


def read_text(path: Path, content: bytes) -> tuple[str, list[str]]:
    """Return the text of a content, compressed or not, and notes: UTF-8, UTF-16 with a mark, else Windows-1252.

    Raises
    ------
    BadInput
        For a file that is empty, damaged, larger than `MOST_BYTES` once it is unpacked, or not text.
    """
    content = _unpack(path, content)
    kind = next((kind for magic, kind in KINDS.items() if content.startswith(magic)), None)
    if kind:
        raise BadInput(f"{path}: {kind}, not a table as text; {CSV}")
    if not content.strip():
        raise BadInput(f"{path}: empty; a header and a row for each point are needed")
    text, notes = _decode(path, content)
    control = [at for at in map(text.find, "\x00\x01\x02\x1b") if at >= 0]
    if control:
        row = text[: min(control)].count("\n") + 1
        raise BadInput(f"{path}: not text: row {row} holds the byte {ord(text[min(control)]):#04x}")
    return text, notes


def _read(read: Callable[[int], bytes]) -> bytes:
    """Return all bytes of a file, or raise `BadInput` where there are too many."""
    content = read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadInput(f"`FILE` must hold {MOST_BYTES:,} bytes at most, once it is unpacked; got more")
    return content


def _unpack(path: Path, content: bytes) -> bytes:
    """Return the content of an archive, or the content itself where it is none."""
    import bz2
    import gzip
    import io
    import lzma
    import zipfile
    import zlib

    packed = io.BytesIO(content)
    try:
        if content.startswith(b"\x1f\x8b"):
            return _read(gzip.open(packed).read)
        if content.startswith(b"BZh"):
            return _read(bz2.open(packed).read)
        if content.startswith(b"\xfd7zXZ"):
            return _read(lzma.open(packed).read)
        if content.startswith(b"PK\x03\x04"):
            if path.suffix.lower() in ENDINGS:  # damaged ones too
                raise BadInput(f"{path}: {ENDINGS[path.suffix.lower()]}, not a table as text; {CSV}")
            archive = zipfile.ZipFile(packed)
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
            for member, kind in MEMBERS.items():
                if member in names:
                    raise BadInput(f"{path}: {kind}, not a table as text; {CSV}")
            if len(names) != 1:
                raise BadInput(f"{path}: an archive of {len(names)} files; one is needed")
            return _read(archive.open(names[0]).read)
    except (OSError, EOFError, RuntimeError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        raise BadInput(f"{path}: damaged archive ({error})") from None
    return content


def _decode(path: Path, content: bytes) -> tuple[str, list[str]]:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig"), []
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        if wide:
            raise BadInput(f"{path}: not text: damaged UTF-16 in row {row}") from None
    try:
        return content.decode("cp1252"), [f"not UTF-8 in row {row}: read as Windows-1252"]
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        wrong = f"row {row} holds the byte {content[error.start]:#04x}"
        raise BadInput(f"{path}: neither UTF-8 nor Windows-1252: {wrong}; save it as UTF-8") from None


def split_names(argument: str, text: str) -> list[str]:
    """Return the column names in an argument: separated by commas, in quotes where they hold commas."""
    import csv

    listed = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if text and not all(listed):
        raise BadInput(f"`{argument}` must be column names with commas between them; got {text!r}")
    return listed
