"""What the commands read: a file of the user's own points."""

from pathlib import Path
from typing import TYPE_CHECKING

from study.validation import BadInput

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",;\t|"


def read_table(path: Path) -> "pd.DataFrame":
    """Read delimited text, compressed or not, into a frame whose index counts rows as a spreadsheet does.

    The header is row 1. Commas, semicolons, tabs, bars or spaces may stand between the cells; decimal commas are read
    where semicolons do; UTF-8, UTF-16 with a byte order mark, else Windows-1252.

    Raises
    ------
    BadInput
        For a file that is absent, empty, damaged or not text, a header alone, a column named twice, or a row with more
        cells than the header.
    """
    import csv
    import io
    import warnings

    import pandas as pd

    text = _text(path).replace("\r\n", "\n").replace("\r", "\n")
    blank = len(text) - len(text.lstrip("\r\n"))
    above = text[:blank].count("\n")
    delimiter = _delimiter(text[blank:])
    decimal = "," if delimiter == ";" and "." not in text[:10_000].partition("\n")[2] else "."
    options = {"sep": delimiter, "decimal": decimal, "skip_blank_lines": False, "low_memory": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row with more cells than the header
            frame = pd.read_csv(io.StringIO(text[blank:]), index_col=False, skipinitialspace=True, **options)
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:
        raise BadInput(f"{path}: not a table ({' '.join(str(error).split())})") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    frame.index = frame.index + above + 2
    frame = frame.dropna(how="all")
    first = text[blank:].split("\n", 1)[0]
    try:
        header = next(csv.reader([first], delimiter=delimiter)) if len(delimiter) == 1 else first.split()
    except csv.Error as error:
        raise BadInput(f"{path}: row {above + 1}: not a header ({error})") from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadInput(f"{path}: row {above + 1}: the header names {', '.join(map(repr, twice))} twice")
    if frame.empty:
        raise BadInput(f"{path}: a header and no rows; each row below it is a point")
    return frame


def names(argument: str, text: str) -> list[str]:
    """Return the column names in an argument: separated by commas, in quotes where they hold commas."""
    import csv

    listed = [name.strip() for name in next(csv.reader([text]), [])]
    if text and not all(listed):
        raise BadInput(f"`{argument}` must be column names with commas between them; got {text!r}")
    return listed


def _text(path: Path) -> str:
    """Return the file's text, unpacked and decoded."""
    import bz2
    import gzip
    import lzma
    import zlib

    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {(error.strerror or str(error)).lower()}") from None
    openers = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
    for magic, unpack in openers.items():
        if content.startswith(magic):
            try:
                content = unpack(content)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise BadInput(f"{path}: damaged archive ({error})") from None
    if not content.strip():
        raise BadInput(f"{path}: empty; a header and a row for each point are needed")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    control = [code for code in (content.find(byte) for byte in (b"\x00", b"\x01", b"\x02", b"\x1b")) if code >= 0]
    if control:
        row = content[: min(control)].count(b"\n") + 1
        raise BadInput(f"{path}: not text: row {row} holds the byte {content[min(control)]:#04x}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    """Return what stands between the cells: of the delimiters the one that the header holds most, else spaces."""
    header = text.split("\n", 1)[0]
    most = max(DELIMITERS, key=header.count)
    return most if header.count(most) else r"\s+" if " " in header.strip() else ","
