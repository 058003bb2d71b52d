"""The interactive page with a table of the reader's own: read or refused in one line, drawn, played, saved, no more."""

import csv
import io
import json
import re
import subprocess
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from study.checks import BadInput
from study.datasets.table import read_table
from tests.conftest import Run
from tests.test_explore import NODE, PAGE, drag, place, verdicts
from tests.test_explore import page as page  # a fixture

HARNESS = """
const fs = require("fs"), page = fs.readFileSync(process.argv[1], "utf8");
const source = page.split('<script id="table">')[1].split("</script>")[0];
const Table = new Function(source + "; return Table;")();
console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(({ text, options }) => {
  try {
    const table = Table.parse(text), [label] = Table.labels(table);
    return Table.points(table, { label, axes: Table.usual(table, label), scaled: true, ...options });
  } catch (fault) {
    if (!(fault instanceof Table.Fault)) throw fault;
    return fault.message;
  }
})));
"""


def read(*tables: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return what the page makes of tables: points and names, or a line that says what is wrong."""
    asked = json.dumps([{"text": text, "options": options} for text, options in tables])
    answer = subprocess.run([NODE, "-e", HARNESS, PAGE], input=asked, capture_output=True, text=True, check=True)
    return list(json.loads(answer.stdout))


RAW = {"scaled": False}
FAULTS = [
    ("", "fewer than two rows: a row for each point is needed"),
    ("x,y,label\n", "fewer than two rows: a row for each point is needed"),
    ("x\n1\n", "row 1: 'x' is one cell; columns need commas, semicolons, tabs or spaces between them"),
    (
        "x,y,label\n1,2,a\n1,2\n5,6,b\n",
        "not a table: row 3 has 2 cells, and the header 3; write empty cells with their delimiters",
    ),
    ("x,y,label\n1,2,a\n3,4,b,5\n", "not a table: row 3 has 4 cells, and the header 3"),
    (
        'x,y,label\n"1,500",2,a\n3,4,b\n',
        "row 2, column 'x': '1,500' may be a number with thousands or with decimals; write it without the comma",
    ),
    (
        "x;y;label\n1,5;2,5;a\n3.5;4;b\n",
        "row 3, column 'x': '3.5' is not a number with the decimal mark ','; mend it, or leave the column out",
    ),
    (
        "x,y,label\n1,2,a\n\n3,oops,b\n5,6,a\n",
        "row 4, column 'y': 'oops' is not a number; mend it, or leave the column out",
    ),
    ("x,y,label\n1,2,a\n3,,b\n5,6,a\n", "row 3, column 'y': the value is missing; fill the cell, or leave the row out"),
    (
        "x,y,label\n1,2,a\n3,1e999,b\n5,6,a\n",
        "row 3, column 'y': '1e999' is not a number; mend it, or leave the column out",
    ),
    (
        "x,y,label\n1,2,a\n3,4,\n5,6,b\n",
        "row 3, column 'label': the value is missing; fill the cell, or leave the row out",
    ),
    ("x,y,label\n1,7,a\n3,7,b\n5,7,a\n", "column 'y' has the value 7 in every row; choose another"),
    (
        "x,y,label\n1,2,a\n3,4,b\n5,6,c\n",
        "column 'label' has 3 values (a, b, c), a third in row 4; two are needed",
    ),
    ("x,y\n1,1\n1,1\n", "column 'y' has the value 1 in every row (2 to 3); two are needed"),
    ("u,v\nw,x\n", "column 'v' has the value x in every row (2 to 2); two are needed"),
    (",label\n1,a\n2,b\n", "no column of numbers stands beside the label 'label'"),
    ('x,y,label\n1,2,a\n3,"4,b\n5,6,a\n', "not a table: row 3 opens a quote that nothing closes"),
    ("x,y,label\n1,2,a\n3,4,b\x00\n", "row 3: not text: it holds the byte 0"),
    ("x,y,label\n" + "1,2,a\n3,4,b\n" * 1001, "row 2002: more than 2,000 rows; the page takes no more"),
    (",".join("x" * 201) + "\n", "row 1: more than 200 columns; the page takes no more"),
    ("x" * 4_000_001, "the text is longer than 4,000,000 characters; the page takes no more"),
]


def test_what_is_wrong_is_said_in_one_line() -> None:
    answers = read(*((text, {}) for text, _ in FAULTS))
    assert answers == [message for _, message in FAULTS]
    far = read(("x,y,label\n1,2,a\n3,4001,b\n5,6,a\n", RAW))
    assert far == ["row 3, column 'y': 4001 lies beyond 1000, the edge of the plane; standardise"]


@pytest.mark.parametrize("cell", ["1,234.5", "$1", "1%", "1 000", "1'000", "1.234,5", "2020-01-01", "NA"])
@pytest.mark.parametrize("where", ["every row", "one row"])
def test_a_column_of_numbers_is_read_or_refused(where: str, cell: str) -> None:
    others = [cell] * 3 if where == "every row" else ["3", "4", "5"]
    rows = "".join(f'"{a}",{k},{-k},{"uv"[k % 2]}\n' for k, a in enumerate([cell, *others]))
    (answer,) = read((f"a,b,c,cls\n{rows}", {}))
    why = "the value is missing (NA); fill the cell" if cell == "NA" else f"'{cell}' is not a number; mend it"
    assert str(answer).startswith(f"row 2, column 'a': {why}, or leave")


def test_columns_of_words_are_left_out_and_named(page: Page) -> None:
    give(page, "paste", "who,x,y,size,cls\nann,1,2,5 kg,u\nbob,2,3,6 kg,v\njoe,3,1,7 kg,u\n")
    assert page.evaluate("document.getElementById('message').textContent") == (
        "pasted text: 3 rows, label 'cls'. Left out: who ('ann' in row 2 is not a number), "
        "size ('5 kg' in row 2 is not a number)."
    )


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    (answer,) = read(('x,y,label\n1,2,"a\nb"\n\n3,5,c\n', RAW))
    assert [point["row"] for point in answer["points"]] == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        "x,y,label\n1.5,2,a\n3,-4e0,b\n",
        "1.5,2,a\n3,-4,b\n",
        "\ufeffx;y;label\r\n1,5;2;a\r\n3;-4,0;b\r\n",
        '"x"\t"y"\t"label"\n"1.5"\t2\t"a"\n\n3\t-4\t"b"',
        "label,x,y\na,1.5,2\nb,3,-4\n",
        'x,y,label\n"1,5","2,0",a\n"3,0","-4,0",b\n',
        "x,y,label,,\n1.5,2,a,,\n3,-4,b,,\n,,,,\n,,\n",
        "sep=;\nx;y;label\n1.5;2;a\n3;-4;b\n",
        '"sep=|"\nx,1|y|label\n1,5|2|a\n3|-4|b\n',
        " x  y label\n1.5\t2 a\n3 -4  b \n",
        'x y label\n"r 1" 1.5 2 a\n"r 2" 3 -4 b\n',
    ],
)
def test_delimiters_headers_and_decimal_marks_are_found(text: str) -> None:
    (answer,) = read((text, RAW))
    assert [(point["x"], point["y"]) for point in answer["points"]] == [([1.5, 2], -1), ([3, -4], 1)]
    assert answer["classes"] == ["a", "b"]


READ_BY_BOTH = [
    "a,b,cls\n1,2,u\n3,4,v\n5,1,u\n",
    'a,b,cls\n"1,5","2,5",u\n"3,5","4,5",v\n',
    "a;b;cls\n1,5;1;u\n3,5;2;v\n",
    "a,b,cls,,\n1,2,u,,\n,,,,\n3,4,v,,\n",
    "a,b,cls\n1,2,u\n,,\n\n3,4,v\n,,\n",
    "sep=;\na;b;cls\n1;2;u\n3;4;v\n",
    '\n"sep=|"\na|b|cls\n1|2|u\n3|4|v\n',
    "a b cls\n1.5 2 u\n3 4 v\n",
    "  a   b cls \n1  2\tu\n 3 4 v",
    "a|b|cls\n1|2|u, or so\n3|4|v, or so\n",
    "a\tb\tcls\n1\t2\tu;x\n3\t4\tv;x\n",
    ",a,b,cls\n0,1,2,u\n1,3,4,v\n",
    "Unnamed: 0,a,b,cls\n7,1,2,u\n9,3,4,v\n",
    "a b cls\n1 1.5 2 u\n2 3 4 v\n",
    ",a,cls\n1.5,2,u\n3,4,v\n",
    'a,b,cls\n1,2,"u\n""x"""\n3,4,v\n',
    "x,y,cls\n1,2,u\n3,4,v\n",
    "a,cls\n1,10\n2,9\n3,10\n",
    "a,cls\n1,yes\n2,0\n3,yes\n",
    "label,a\n1,2\n0,3\n",
    "a,cls,\n1,u,\n2,v\n3,u\n",
]
REFUSED_BY_BOTH = [
    ("a,b,cls\n$1,2,u\n3,4,v\n", "row 2, column 'a': '$1' is not a number ... ; mend it"),
    ("a;b;cls\n1,5;2;u\n1.234,5;4;v\n", "row 3, column 'a': '1.234,5' is not a number ... ; mend it"),
    ("a;b;cls\n1,5;2,5;u\n1.5;4;v\n", "row 3, column 'a': '1.5' is not a number with the decimal mark ','; mend it"),
    ('a,b,cls\n"1,234.5",2,u\n3,4,v\n', "row 2, column 'a': '1,234.5' is not a number ... ; mend it"),
    ('a,b,cls\n"1,500",2,u\n3,4,v\n', "may be a number with thousands or with decimals; write it without the comma"),
    ("a,b,cls\n1,,u\n3,4,v\n", "row 2, column 'b': the value is missing; fill the cell"),
    ("a,b,cls\n1,NA,u\n3,NA,v\n", "row 2, column 'b': the value is missing (NA); fill the cell"),
    ("a,b,cls\n1,2,u\n3,4\n5,6,v\n", "not a table: row 3 has 2 cells, and the header 3; write empty cells with"),
    ("a,b,cls\n1,2,u\n3,4,v,5\n", "not a table: row 3 has 4 cells, and the header 3"),
    ('a,b,cls\n1,"2,u\n3,4,v\n', "not a table: row 2 opens a quote that nothing closes"),
    ("a,a,cls\n1,2,u\n3,4,v\n", "row 1: columns 1 and 2 are both named 'a'; rename one"),
    (",column 1,cls\n1,2,u\n1,2,v\n", "row 1: columns 1 and 2 are both named 'column 1'"),
    ("a,b,cls\n0,2,u\n1,3,u\n0,5,u\n", "column 'cls' has the value u in every row (2 to 4); two are needed"),
    ("a,b,cls\n0,2,u\n1,3,v\n0,5,w\n", "column 'cls' has 3 values (u, v, w), a third in row 4; "),
    ("class,a,b\n10,0,2\n9,1,3\n1,0,4\n", "column 'class' has 3 values (1, 9, 10), a third in row 4; "),
]


@pytest.mark.parametrize("text", READ_BY_BOTH)
def test_page_and_command_line_read_the_same(text: str) -> None:
    (answer,) = read((text, RAW))
    ours = read_table(text, "label" if "label" in text else "cls")
    X = [point["x"][: ours.points.X.shape[1]] for point in answer["points"]]
    assert ours.points.X.tolist() == X
    assert [point["y"] for point in answer["points"]] == ours.points.y.tolist()
    assert [point["row"] for point in answer["points"]] == ours.rows.tolist()
    assert tuple(filter(None, answer["names"])) == ours.features
    assert answer["classes"] == [re.sub(r"\s", " ", name) for name in (ours.negative, ours.positive)]


@pytest.mark.parametrize(("text", "words"), REFUSED_BY_BOTH)
def test_page_and_command_line_refuse_the_same(text: str, words: str) -> None:
    (answer,) = read((text, RAW))
    pattern = ".*".join(map(re.escape, words.split(" ... ")))  # the command line may say why there
    assert re.search(pattern, answer)
    with pytest.raises(BadInput, match=pattern):
        read_table(text, "class" if "class" in text else "cls")


def test_row_numbers_are_left_out_and_named(page: Page) -> None:
    give(page, "paste", ",a,b,cls\n0,1,2,u\n1,3,4,v\n")
    assert page.locator("#across option").all_text_contents() == ["most telling direction", "a", "b"]
    said = page.locator("#message").text_content()
    assert said == (
        "pasted text: 2 rows, label 'cls'. Row numbers, left out: column 1, to which the header gives no name."
    )


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8-sig", ""), ("utf-16", ""), ("cp1252", " Not UTF-8: read as Windows-1252.")],
)
def test_a_file_is_read_in_its_encoding(page: Page, encoding: str, note: str) -> None:
    give(page, "file", "Größe,€,label\n1,2,ä\n3,4,ö\n", encoding)
    page.locator("#message", has_text="2 rows").wait_for()
    assert page.locator("#message").text_content() == f"{EVIL}.csv: 2 rows, label 'label'.{note}"
    assert page.locator("#label option").all_text_contents() == ["label", "€", "Größe"]


def test_whatever_is_given_is_points_or_one_line() -> None:
    rng = np.random.default_rng(19)
    odd = [*",;\t|\n\r\"' \ufeff\u2028", "", "1e300", "NaN", "__proto__", '"1\n2"', "x,y,label\n"]
    texts = ["".join(rng.choice(odd, int(rng.integers(1, 60)))) for _ in range(500)]
    for share in rng.choice([0.0, 0.01, 0.1], 500):
        rows = [f"{x:.2f},{-x:.1e},{label}".split(",") for x, label in zip(rng.normal(size=8), "ababbaab", strict=True)]
        cells = [[str(rng.choice(odd)) if rng.random() < share else cell for cell in row] for row in rows]
        texts.append("\n".join(map(",".join, cells)))
    answers = read(*((text, {}) for text in texts))
    lines = [answer for answer in answers if isinstance(answer, str)]
    assert 500 < len(lines) < 800
    assert all(0 < len(line) < 300 and not re.search(r"[\n\r]|undefined|null", line) for line in lines)
    points = [point for answer in answers if not isinstance(answer, str) for point in answer["points"]]
    assert all(abs(x) < 1000.0 for point in points for x in point["x"])


def test_the_most_telling_directions_are_fishers_and_a_principal_component() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)) + 100.0
    y = np.where(rng.random(60) < 0.4, 1, -1)
    X[y > 0, 2] += 3.0
    rows = "\n".join(",".join([*map(repr, row.tolist()), str(label)]) for row, label in zip(X, y, strict=True))
    (answer,) = read((f"a,b,c,d,e,label\n{rows}\n", {}))
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    means = [Z[y == label].mean(axis=0) for label in (1, -1)]
    pooled = np.cov((Z - np.where(y[:, None] > 0, *means)).T, bias=True)
    first = np.linalg.solve(pooled + 1e-3 * np.trace(pooled) / 5.0 * np.eye(5), means[0] - means[1])
    first /= np.linalg.norm(first)
    scores = Z @ first
    rest = Z - np.outer(scores, scores @ Z) / (scores @ scores)
    second = np.linalg.eigh(np.cov(rest.T, bias=True))[1][:, -1]
    second *= np.sign(second[np.argmax(np.abs(second))])
    for k, (direction, score) in enumerate(((first, scores), (second, rest @ second))):
        assert [point["x"][k] for point in answer["points"]] == pytest.approx(score / score.std(), abs=1e-6)
        assert answer["names"][k].endswith("mostly " + "abcde"[np.argmax(np.abs(direction))])


EVIL = '<img src="x" onerror=alert(1)>'
HOSTILE = (
    f'"{EVIL.replace(chr(34), 2 * chr(34))}","=cmd|\' /C calc\'!A0","__proto__"\n'
    + '1,2,"</script><script>alert(2)</script>"\n3,1,"javascript:alert(3)"\n'
    + '2,2,"</script><script>alert(2)</script>"\n4,1,"javascript:alert(3)"\n'
)


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """Return a page that must not ask for anything, complain, or open a dialogue or a window."""
    seen: list[object] = []
    for event in ("request", "pageerror", "dialog", "popup"):
        page.on(event, lambda what: seen.append(what))
    yield page
    assert not seen


def give(page: Page, way: str, text: str, encoding: str = "utf-8") -> None:
    """Give a text to the page as a user does."""
    if way == "file":
        with page.expect_file_chooser() as chooser:
            page.locator("#own").click()
        chooser.value.set_files({"name": f"{EVIL}.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)})
    else:
        data = {"drop": "DragEvent('drop', { dataTransfer", "paste": "ClipboardEvent('paste', { clipboardData"}[way]
        page.evaluate(
            f"(text) => {{ const held = new DataTransfer(); held.setData('text/plain', text);"
            f"document.body.dispatchEvent(new {data}: held, bubbles: true, cancelable: true }})); }}",
            text,
        )


@pytest.mark.parametrize("way", ["file", "drop", "paste"])
def test_a_hostile_table_changes_the_picture_and_nothing_else(watched: Page, way: str) -> None:
    page = watched
    scripts = page.evaluate("document.scripts.length")
    give(page, way, HOSTILE)
    page.locator("#message", has_text="4 rows").wait_for()
    assert verdicts(page) == ("separates", "separates")
    assert page.locator("#plane .name").first.text_content() == f"{EVIL} →"
    assert page.locator("#across option").all_text_contents() == ["most telling direction", EVIL, "=cmd|' /C calc'!A0"]
    assert page.evaluate("document.scripts.length") == scripts
    assert page.locator("img, iframe, object, a:not([href='../build/paper.html'])").count() == 0
    assert page.evaluate("document.getElementById('plus').textContent") == "● javascript:alert(3)"
    before = page.evaluate("JSON.stringify(state)")
    give(page, way, "x,y,label\n1,2,a\n3,<b>4</b>,b\n5,6,a\n")
    page.locator("#message.fault").wait_for()
    assert page.evaluate("document.getElementById('message').textContent") == (
        "row 3, column 'y': '<b>4</b>' is not a number; mend it, or leave the column out."
    )
    assert page.evaluate("JSON.stringify(state)") == before


def test_axes_and_label_are_chosen(watched: Page) -> None:
    page = watched
    rows = "\n".join(f"{k},{k * k},{-k},{k % 3 == 0:d},{'lr'[k > 4]}" for k in range(10))
    give(page, "paste", f"a,b,c,fair,side\n{rows}\n")
    assert page.evaluate("[$('label').value, $('across').value, $('up').value]") == ["4", "direction", "direction"]
    assert verdicts(page)[0] == "separates"
    page.select_option("#across", "1")
    page.select_option("#up", "nothing")
    page.locator("#scaled").uncheck()
    assert page.evaluate("state.points.map((p) => p.x)") == [[k * k, 0] for k in range(10)]
    page.select_option("#label", "3")
    assert page.evaluate("state.points.filter((p) => p.y > 0).map((p) => p.row)") == [2, 5, 8, 11]
    page.evaluate("open(read(PRESETS['one spoiler']), 'one spoiler')")
    assert not page.locator("#columns").is_visible()


def saved(page: Page, kind: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.locator(f"#{kind}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_the_picture_and_its_points_are_saved(page: Page) -> None:
    give(page, "file", HOSTILE.replace("4,1", "1.5,2"))
    page.locator("#message", has_text="4 rows").wait_for()
    name, drawing = saved(page, "svg")
    assert name == "_img_src_x_onerror_alert_1_.svg"
    tree = ElementTree.fromstring(drawing)  # noqa: S314 (what the page has just made)
    assert {element.tag.split("}")[1] for element in tree.iter()} == {
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "text",
        "clipPath",
    }
    assert f"{EVIL} →" in [element.text for element in tree.iter()]
    assert not [key for element in tree.iter() for key in element.attrib if key == "class" or key.startswith("on")]
    assert saved(page, "png")[1][:8] == b"\x89PNG\r\n\x1a\n"
    table = saved(page, "csv")[1].decode()
    row, *columns = next(csv.reader(io.StringIO(table)))
    assert [row, *columns] == ["row", EVIL, "=cmd|' /C calc'!A0", "label", "is_spoiler", "perceptron", "unit"]
    ours = read_table(table, "label", without=("row", "is_spoiler", "perceptron", "unit"))
    assert np.array(page.evaluate("state.points.map((p) => p.x)")) == pytest.approx(ours.points.X)
    before = page.evaluate("state.points.map((p) => [p.x, p.y])")
    give(page, "paste", table)
    page.locator("#scaled").uncheck()
    assert page.evaluate("state.points.map((p) => [p.x, p.y])") == before


def test_the_rules_are_played_step_by_step(page: Page) -> None:
    page.evaluate("open(read(PRESETS['four points']), 'four points')")
    page.locator("#step").click()
    page.locator("#step").click()
    assert page.locator("#steps text").last.text_content() == "2 updates"
    assert page.locator("#plane .looked").count() == 1
    page.locator("#play").click()
    page.locator("#steps-note", has_text="The perceptron stops.").wait_for()
    updates = page.locator("#steps text").last.text_content()
    detail = page.evaluate("document.getElementById('perceptron-detail').textContent")
    assert detail.startswith(f"after {updates};")
    page.select_option("#played", "descent")
    page.locator("#step").click()
    assert str(page.evaluate("document.getElementById('steps-note').textContent")).startswith("Mean loss 0.")
    drag(page, place(page, 0, -10), place(page, 0.5, -8))  # another problem: what was under way is forgotten
    assert not page.locator("#steps").is_visible()
    assert page.locator("#plane .now").count() == 0


def opened(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> str:
    """Return the page that `study compare --open` writes for a table in `folder`, and would have opened."""
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: shown.append(address) is None)  # type: ignore[func-returns-value]
    code, _, said = run("compare", str(folder / "own.csv"), "--open", "--out", str(folder / "out"), *options)
    path = folder / "out" / "compare.html"
    assert (code, shown) == (0, [path.as_uri()]), said
    assert f"opened {path}" in said
    return path.read_text()


def given(page: str) -> dict[str, Any]:
    """Return the table that a page holds."""
    return dict(json.loads(page.split("const GIVEN = ")[1].split(";\n")[0]))


TRICKS = "/*{page}*/</script><!--<script>\u2028&'"


@pytest.mark.parametrize("limit", ["--weight-bound", "--C"])
def test_compare_opens_the_page_with_its_points(
    limit: str, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chromium: Browser
) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 2)).round(3)
    rows = [["target", TRICKS, "side"], *([*map(str, x), TRICKS if sum(x) > 0.3 else "b"] for x in X.tolist())]
    rows[7][2] = TRICKS if rows[7][2] == "b" else "b"
    with (tmp_path / "own.csv").open("w") as file:
        csv.writer(file).writerows(rows)
    text = opened(run, monkeypatch, tmp_path, "--label", "side", "--positive", "b", limit, "0.02")
    assert text.count("<script") == text.count("</script") == 3
    assert given(text)["names"] == ["target", TRICKS, "side"]
    answer = json.loads((tmp_path / "out" / "compare.json").read_text())
    with chromium.new_page() as page:
        page.goto((tmp_path / "out" / "compare.html").as_uri())
        assert page.evaluate("state.points.map((p) => p.x)") == X.tolist()
        lost = page.evaluate("state.points.filter((p, i) => fits.unit.lost[i]).map((p) => p.row)")
        assert lost == answer["backprops"][0]["lost_rows"] != []
        weights = page.evaluate("fits.unit.w")
        assert weights == pytest.approx(answer["backprops"][0]["weights"], abs=1e-6)
        assert page.locator("#presets button").first.text_content() == "own.csv"


def test_of_a_large_table_the_page_holds_an_even_choice(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = "\n".join(f"{k},{2000 + k % 7},{'yes' if k % 1000 == 999 else 'no'}" for k in range(4000))
    (tmp_path / "own.csv").write_text(f"a,b,label\n{rows}\n")
    held = given(opened(run, monkeypatch, tmp_path, "--label", "label", "--max-passes", "1"))
    assert held["rows"] == sorted(set(held["rows"]))
    assert held["columns"][2].count("yes") == 2
    assert (len(held["rows"]), held["rows"][0], held["rows"][-1]) == (2000, 2, 4001)
    assert held["settings"]["N"] == 4000
    assert held["scaled"]


def test_n_is_a_weight_and_says_of_what(page: Page) -> None:
    page.evaluate("change({ N: 300 })")
    said = page.evaluate("document.getElementById('N-note').textContent")
    assert "each of the 100 drawn counts 3 times, and a spoiler once. It adds no points" in said
    assert "times as much" in page.evaluate("document.getElementById('unit-detail').textContent")


def test_a_phone_shows_the_plane_and_its_sliders_at_once(chromium: Browser) -> None:
    with chromium.new_page(viewport=ViewportSize(width=390, height=844), is_mobile=True, has_touch=True) as phone:
        phone.goto(PAGE.as_uri())
        give(phone, "paste", HOSTILE.replace("1,2", f"1,{'2' * 90}e-89", 1))
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        top, bottom = phone.evaluate(
            "[document.querySelector('.verdicts').getBoundingClientRect().top,"
            "document.getElementById('N-note').getBoundingClientRect().bottom]"
        )
        assert bottom - top < 844
