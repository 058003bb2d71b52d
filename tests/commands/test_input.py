"""A file of the user's own is read or refused alike by both commands, whatever wrote it."""

import bz2
import csv
import gzip
import io
import json
import lzma
import sys
import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.checks import BadInput
from study.commands import input as input_module
from study.commands.certify import certify
from study.commands.compare import compare
from study.commands.input import TableOptions, read
from tests.conftest import Run
from tests.datasets.test_table import READ, REFUSED

PLAIN = "x,y,class\n1,0,a\n0,1,a\n-1,0,b\n"


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name in names:
            made.writestr(name, PLAIN)
    return content.getvalue()


READABLE = {
    "commas": PLAIN.encode(),
    "semicolons and decimal commas": b"x;y;class\n1,0;0,0;a\n0,0;1,0;a\n-1,0;0,0;b\n",
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "spaces": PLAIN.replace(",", "  ").encode(),
    "carriage returns": PLAIN.replace("\n", "\r\n").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "Windows-1252": PLAIN.replace("a\n", "\N{LATIN SMALL LETTER A WITH DIAERESIS}\n").encode("cp1252"),
    "gzip": gzip.compress(PLAIN.encode()),
    "bzip2": bz2.compress(PLAIN.encode()),
    "xz": lzma.compress(PLAIN.encode()),
    "zip": archive("a.csv", "__MACOSX/a.csv"),
}


@pytest.mark.parametrize("kind", READABLE)
def test_what_is_written_anywhere_is_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / "points").write_bytes(READABLE[kind])
    _, table = read(tmp_path / "points", TableOptions(label="class"))
    assert table.points.X.tolist() == [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    assert np.abs(table.points.y @ [1, 1, -1]) == 3
    assert ("not UTF-8 in row 2: read as Windows-1252" in table.notes) == (kind == "Windows-1252")


def test_standard_input_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    code, out, err = run("compare", "-", "--label", "class")
    assert code == 0, err
    assert out.startswith("standard input: 3 points, 2 features (x, y); ")


UNREADABLE = {
    "nothing": (b"", "empty; a header and a row for each point are needed"),
    "blanks": (b"\n \n", "empty;"),
    "bytes": (b"x,class\n1,a\n\x00\x01\x02\n", "not text: row 3 holds the byte 0x00"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "not text: row 3 holds the byte 0x00"),
    "an escape in UTF-16": ("x,class\n1,\x1b[2J\n".encode("utf-16"), "not text: row 2 holds the byte 0x1b"),
    "half a letter of UTF-16": ("x,class\n1,a\n".encode("utf-16")[:-1], "not text: damaged UTF-16"),
    "another encoding": (b"x,class\n1,\x81\xff\n", "neither UTF-8 nor Windows-1252: row 2 holds the byte 0x81"),
    "a cut archive": (gzip.compress(PLAIN.encode())[:-9], "damaged archive"),
    "a cut zip": (archive("a.csv")[:-30], "damaged archive"),
    "two files": (archive("a.csv", "b.csv"), "an archive of 2 files; one is needed"),
    "a workbook": (archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook, not a table as text; save"),
    "a spreadsheet": (archive("mimetype", "content.xml"), "an OpenDocument spreadsheet, not a table as text"),
    "parquet": (b"PAR1\x15\x04\x00PAR1", "a parquet file, not a table as text; save it as delimited text"),
    "too many bytes": (PLAIN.encode() * 100, "`FILE` must hold 1,000 bytes at most"),
    "an archive of blanks": (gzip.compress(b" " * 10**7, 1), "`FILE` must hold 1,000 bytes at most, once it"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_text_is_named(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, message = UNREADABLE[kind]
    monkeypatch.setattr(input_module, "MOST_BYTES", 1000)
    (tmp_path / "points").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(BadInput) as refused:
        read(tmp_path / "points", TableOptions(label="class"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message in str(refused.value)
    assert peak < 10**6  # bytes: no more is unpacked than is said


@pytest.mark.parametrize("kind", ["a cut zip", "two files", "a workbook"])
def test_a_workbook_is_known_by_its_name_too(kind: str, tmp_path: Path) -> None:
    (tmp_path / "points.XLSX").write_bytes(UNREADABLE[kind][0])
    with pytest.raises(
        BadInput, match=r"points\.XLSX: an Excel workbook, not a table .* save the sheet as CSV UTF-8, or"
    ):
        read(tmp_path / "points.XLSX", TableOptions(label="class"))


def test_what_is_wrong_in_a_file_is_said_with_its_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "points.csv").write_text("x,class\n")
    for command in ("compare", "sweep"):
        code, _, err = run(command, str(tmp_path / "points.csv"), "--label", "class")
        assert (code, err) == (2, f"study: {tmp_path}/points.csv: a header and no rows; each row below it is a point\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x,class\n,a\n")))
    code, _, err = run("compare", "-", "--label", "class")
    assert err.startswith("study: standard input: row 2, column 'x': the value is missing; ")


def test_an_absent_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "gone.csv", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(BadInput, match=rf"`FILE` must be a file that can be read; got {path} \({message}"):
            read(path, TableOptions(label="class"))


def answers(file: Path, options: TableOptions, capsys: pytest.CaptureFixture[str]) -> tuple[Any, Any]:
    """Return what both commands say of a table: the message, or whether it is separable, and of what."""
    said: list[Any] = []
    certified: dict[str, Any] = {"claim": "separability", "out": file.with_suffix(".proof.json")}
    for command, settings in ((compare, {"max_passes": 20}), (certify, certified)):
        try:
            command(file, table_options=options, json=True, **settings)
        except BadInput as error:
            said.append(str(error))
            continue
        answer = json.loads(capsys.readouterr().out)
        said.append([answer[key] for key in ("separable", "features", "positive", "negative", "notes")])
    return said[0], said[1]


@pytest.mark.parametrize("kind", [*READ, *REFUSED])
def test_both_commands_answer_alike(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text, given, *_) = (READ | REFUSED)[kind]
    file = tmp_path / "points.csv"
    file.write_bytes(text.encode())
    options: Any = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
    compared, certified = answers(file, TableOptions(**{"label": "c", **options}), capsys)
    assert compared == certified


NAMES = (
    "x",
    "sepal length",
    "a, b",
    "b;c",
    "gr\u00f6\u00dfe",
    'an "e"',
    "410",
    "_up",
    "$_$",
    "p|q",
    "NA",
    "x.1",
    "t\tu",
)
LABELS = (
    *("a", "b", "01", "1", "0", "-1", "NA", "EU", "TRUE", "false", "null", "1,5", "0.5", "$5_$", "a, b", "c;d", "e|f"),
    *('say "w"', "\u00e4", "I. setosa", "_down", "nan", "12345678901234567", "12345678901234568", "it's", "g\th"),
)


def draw_table(rng: np.random.Generator) -> tuple[bytes, TableOptions, list[list[str]], list[str]]:
    """Return the bytes of a table, how to read it, its points as decimals, and the label of each."""
    n, d = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    label, *names = (str(name) for name in rng.permutation(NAMES)[: d + 1])
    classes = [str(value) for value in rng.choice(LABELS, 2, replace=False)]
    labels = [classes[i % 2] for i in rng.permutation(n)]
    places = rng.integers(0, 5, d)
    values = rng.permuted(np.arange(-2000, 2000, 7))[: n * d].reshape(n, d)
    points = [[f"{v / 10.0**k:.{k}f}" for v, k in zip(row, places, strict=True)] for row in values.tolist()]
    mark = str(rng.choice([".", ","]))
    at = int(rng.integers(d + 1))
    rows = [[*row[:at], cell, *row[at:]] for row, cell in zip(points, labels, strict=True)]
    written = [[cell if j == at else cell.replace(".", mark) for j, cell in enumerate(row)] for row in rows]
    header = [*names[:at], label, *names[at:]]
    if rng.random() < 0.2:  # an index
        header, written = ["", *header], [[str(i), *row] for i, row in enumerate(written)]
    delimiter, line = str(rng.choice(list(",;\t| "))), str(rng.choice(["\n", "\r\n", "\r"]))
    content = io.StringIO()
    blank = delimiter == " " and any(cell == "" or "\t" in cell for row in [header, *written] for cell in row)
    quoting: Any = csv.QUOTE_ALL if blank or rng.random() < 0.5 else csv.QUOTE_MINIMAL
    csv.writer(content, delimiter=delimiter, quoting=quoting, lineterminator=line).writerows([header, *written])
    text = content.getvalue()
    if '"' not in text and rng.random() < 0.5:
        text = text.replace(delimiter, f" {delimiter} ")
    text = line * int(rng.integers(3)) + text + line * int(rng.integers(3))
    pack = (bytes, gzip.compress, bz2.compress, lzma.compress)[rng.integers(4)]
    packed = pack(text.encode(str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))))
    given: dict[str, Any] = {"delimiter": delimiter} if rng.random() < 0.2 else {}
    given |= {"decimal": mark} if rng.random() < 0.2 else {}
    return packed, TableOptions(label=label, positive=classes[0], **given), points, labels


def check_drawn(numbers: range, folder: Path) -> list[str]:
    """Write tables and read them back: the same points and labels, or refused; return the refusals."""
    refused = []
    for number in numbers:
        content, options, points, labels = draw_table(np.random.default_rng(number))
        file = folder / "drawn"
        file.write_bytes(content)
        try:
            _, table = read(file, options)
        except BadInput as error:
            refused.append(f"{number}: {error}")
            continue
        decimals = [list(map(Decimal, row)) for row in points]
        assert [list(map(Decimal, row)) for row in table.exact.plain()] == decimals, number
        assert table.points.X.tolist() == [[float(cell) for cell in row] for row in points], number
        assert [table.positive if y > 0 else table.negative for y in table.points.y] == labels, number
    return refused


def test_drawn_tables_come_back_or_are_refused(tmp_path: Path) -> None:
    """Two thousand were read once; those that are refused are few."""
    refused = check_drawn(range(150), tmp_path)
    assert len(refused) <= 2, refused
