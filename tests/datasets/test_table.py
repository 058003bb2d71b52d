"""The text of a table becomes points, with names and rows kept; what was decided is noted, the rest refused."""

import re
from typing import Any

import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.dataset import Dataset
from study.datasets.table import contradiction, read_table, standardise

TEXT = "b,a,n,kind\n1,True,3,no\n\n2,False,1,yes\n3,True,.5,no\n"


def test_columns_rows_and_labels_keep_their_names() -> None:
    table = read_table(TEXT, "kind", weight="n")
    assert table.features == ("b", "a")
    assert table.exact.plain() == [["1", "1"], ["2", "0"], ["3", "1"]]
    assert table.rows.tolist() == [2, 4, 5]
    assert (table.positive, table.negative) == ("yes", "no")
    assert table.points.y.tolist() == [-1, 1, -1]
    assert table.points.X.tolist() == [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    assert table.weight.tolist() == [3.0, 1.0, 0.5]
    assert table.notes == ("truth values are read as 1 and 0: a",)
    assert read_table(TEXT, "kind").features == ("b", "a", "n")
    assert read_table(TEXT, "kind").weight.tolist() == [1.0, 1.0, 1.0]
    assert read_table(TEXT, "kind", positive="no").points.y.tolist() == [1, -1, 1]
    assert read_table(TEXT, "kind", features=["a", "b", "a"]).features == ("a", "b")
    assert read_table(TEXT, "kind", without=["b", "n"]).features == ("a",)


@pytest.mark.parametrize(
    ("labels", "positive", "negative"),
    [
        ("0 1 0", "1", "0"),
        ("-1.0 1.0 1.0", "1.0", "-1.0"),
        ("10 9 9", "10", "9"),
        ("12345678901234567 12345678901234568", "12345678901234568", "12345678901234567"),
        ("01 1", "1", "01"),
        ("True False True", "True", "False"),
        ("TRUE FALSE", "TRUE", "FALSE"),
        ("NA EU NA", "NA", "EU"),
        ("nan 1 inf", "nan", "1, inf"),
        ("a10 b a9", "b", "a10, a9"),
        ('"a " a b', "b", "a"),
        ("_up _down", "_up", "_down"),
    ],
)
def test_labels_are_text_and_the_larger_number_or_the_later_word_is_positive(
    labels: str, positive: str, negative: str
) -> None:
    given = ['"a "', "a", "b"] if labels.startswith('"') else labels.split()
    text = "x,label\n" + "".join(f"{x},{label}\n" for x, label in enumerate(given))
    for chosen in (positive, None) if "," not in negative else (positive,):
        table = read_table(text, "label", positive=chosen)
        assert (table.positive, table.negative) == (positive, negative)
        assert table.points.y.tolist() == [1 if label == positive else -1 for label in given]


READ: dict[str, tuple[str, dict[str, Any], Any, str]] = {
    "quotes": ('x,"a\nb",c\n"1",2,u\n"-2",3,"v\n""w"""\n', {}, [[1, 2], [-2, 3]], ""),
    "decimal commas": ("x;y;c\n1,5;2;u\n-1;3;v\n", {}, [[1.5, 2], [-1, 3]], "a comma is read as the decimal mark"),
    "a point among semicolons": ("x;c\n" + "2;u\n" * 4000 + "1.5;v\n", {}, [[2]] * 4000 + [[1.5]], ""),
    "decimals of one float": ("x;c\n0.1;u\n0.10000000000000000001;v\n", {}, [[0.1], [0.1]], ""),
    "outer spaces": ("  x   y c \n 1 2  u\n-1 3 v \n", {}, [[1, 2], [-1, 3]], ""),
    "tabs": ("x\ty\tc\r\n1e0\t2\tu\r\n-1\t3\tv\r\n", {}, [[1, 2], [-1, 3]], ""),
    "quoted names with spaces": ('"a b" "c d" "c"\n1 2 "u"\n2 3 "v"\n', {}, [[1, 2], [2, 3]], ""),
    "quoted names with commas": ('"a, b";"e, d";c\n1;2;u\n2;3;v\n', {}, [[1, 2], [2, 3]], ""),
    "commas in numbers and names": ("a, b;e, d;c\n1,5;2,5;u\n2;3;v\n", {}, [[1.5, 2.5], [2, 3]], "decimal mark"),
    "a date left out": ("x;d;c\n1,5;01.02.2024;u\n2;1.2.2024;v\n", {"without": ["d"]}, [[1.5], [2]], "1,5 is 1.5"),
    "a point in a label": ("x;c\n1,5;I. setosa\n2;I. virginica\n", {}, [[1.5], [2]], "decimal mark"),
    "quoted decimal commas": ('x,c\n"1,5",u\n"2,25",v\n', {}, [[1.5], [2.25]], "decimal mark"),
    "a decimal mark that is given": ('x,c\n"1,234",u\n"2,255",v\n', {"decimal": ","}, [[1.234], [2.255]], ""),
    "a delimiter that is given": ("x c,y\n1 u,2\n2 v,3\n", {"delimiter": ",", "label": "y"}, [[]], "not a number"),
    "a word for it": ("a,b c\n1 u\n2 v\n", {"delimiter": "space"}, [[1], [2]], ""),
    "Excel's own line": ("sep=;\nx;c\n1,5;u\n2;v\n", {}, [[1.5], [2]], "decimal mark"),
    "delimiters at the ends": ("x,c,\n1,u,\n2,v,\n", {}, [[1], [2]], ""),
    "a delimiter fewer at an end": ("x,c,\n1,u,\n2,v\n", {}, [[1], [2]], ""),
    "delimiters at the ends of rows": ("x,c\n1,u,\n2,v,,\n", {}, [[1], [2]], ""),
    "an index from pandas": (",x,c\n0,1,a\n1,3,a\n2,2,b\n3,2.5,b\n", {}, [[1], [3], [2], [2.5]], "row numbers"),
    "an index from R": ('"","x","c"\n"1",1,"a"\n"2",3,"b"\n', {}, [[1], [3]], "row numbers, left out: column 1"),
    "an index without a cell": ('"x" "c"\n"1" 1 "a"\n"2" 3 "b"\n', {}, [[1], [3]], "row numbers, left out: column 1"),
    "an index of some rows": ("Unnamed: 0,x,c\n7,1,a\n3,3,b\n", {}, [[1], [3]], "row numbers, left out: Unnamed: 0"),
    "an index that is asked for": (",x,c\n0,1,a\n1,3,b\n", {"features": ["column 1"]}, [[0], [1]], ""),
    "a column without a name": ("x,,c\n1,2,u\n-1,3,v\n", {}, [[1, 2], [-1, 3]], "used, though"),
    "an index that repeats": (",x,c\n0,1,u\n1,3,u\n0,2,v\n", {}, [[0, 1], [1, 3], [0, 2]], "leaves out: column 1"),
    "no header": ("1,2,a\n3,4,b\n1,1,a\n", {"no_header": True, "label": "3"}, [[1, 2], [3, 4], [1, 1]], ""),
    "a frame's own names": ("0,1,2\n3,4,1\n1,1,2\n", {"label": "2"}, [[3, 4], [1, 1]], ""),
    "numbers for names": ("400,410,c\n3,4,u\n1,1,v\n", {}, [[3, 4], [1, 1]], "row 1 is read as the header"),
    "rows of nothing": ("x,c\n1,u\n,\n2,v\n,\n", {}, [[1], [2]], "rows 3, 5 of empty cells left out"),
    "gaps": ("x,y,c\n1,NA,u\n2,3,v\n3,4,u\n?,5,v\n1,1,\n", {"drop_missing": True}, [[2, 3], [3, 4]], "rows 2, 5, 6"),
    "a gap elsewhere": ("x,y,c\n1,,u\n2,3,v\n", {"without": ["y"]}, [[1], [2]], ""),
    "words left out": ("x,w,c\n1,red,u\n2,blue,v\n", {"ignore_text": True}, [[1], [2]], "words, left out: w"),
    "words": ("x,w,c\n1,red,u\n2,NA,v\n", {"one_hot": True}, [[1, 0, 1], [2, 1, 0]], "a feature for each word: w"),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_a_table_is_read_as_it_is_meant(kind: str) -> None:
    text, options, points, note = READ[kind]
    if points == [[]]:
        with pytest.raises(BadInput, match=note):
            read_table(text, **{"label": "c", **options})
        return
    table = read_table(text, **{"label": "c", **options})
    assert table.points.X.tolist() == points
    assert table.exact.floats().tolist() == points
    assert note in "; ".join(table.notes)
    assert bool(note) == bool(table.notes)


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "words alone": ("w,c\nred,0\nblue,1\n", {"ignore_text": True}, "got none; all others hold words"),
    "a number of 400 digits": ("x,c\n1,0\n1" + 400 * "0" + ",1\n", {}, r"row 3, column 'x': 1000.* is too large"),
    "a number that floats call 0": ("x,c\n1,0\n1e-400,1\n", {}, "row 3, column 'x': 1e-400 is too small"),
    "400 places in an exponent": ("x,c\n1,0\n1" + 200 * "0" + "e-401,1\n", {}, "row 3, .* has more than 400 decimal"),
    "400 places in full": ("x,c\n1,0\n0.1" + 400 * "0" + ",1\n", {}, "row 3, column 'x': 0.1.* more than 400 decimal"),
    "one number in many ways": ("x,k,c\n1,1,0\n2,1.0,1\n3,10e-1,1\n", {}, "'k' has the value 1 in every row .2 to 4"),
    "a gap": ("x,c\n,0\n1,1\n", {}, "row 2, column 'x': the value is missing;.*--drop-missing"),
    "a gap that is written": ("x,c\n1,0\n1,1\nNA,NA\n", {}, r"row 4, column 'x': the value is missing \(NA\)"),
    "gaps everywhere": ("x,c\n,0\n,1\n", {"drop_missing": True}, "`drop_missing` must leave a row"),
    "an underscore": ("x,c\n1,0\n1_0,1\n", {}, "row 3, column 'x': '1_0' is not a number"),
    "two decimal marks": ("x;c\n" + "2,5;1\n1;0\n" * 2000 + "1.5;0\n", {}, "row 4002, .*'1.5' is not a number with"),
    "thousands": ('x,c\n1,u\n"1,234",v\n', {}, r"`decimal` must be given: '1,234' in row 3, column 'x' may be"),
    "an open quote": ('x,c\n1,0\n"2,1\n3,0\n', {}, "row 3 opens a quote that nothing closes"),
    "two columns of one name": ("x , x,c\n1,2,0\n2,3,1\n", {}, "row 1: columns 1 and 2 are both named 'x'"),
    "a short row": ("x,y,c\n1,2,0\n2,1\n3\n", {"drop_missing": True}, "row 3 has 2 cells, and the header 3; write"),
    "short rows alone": ("x,y,c\n1\n2\n", {}, "row 2 has 1 cell, and the header 3;"),
    "a short row alone": ("1,2,u\n3,4\n", {"no_header": True, "label": "3"}, "row 2 has 2 cells, and the longest 3;"),
    "a long row": ("x,c\n1,0\n2,1,5\n", {}, "row 3 has 3 cells, and the header 2"),
    "a point for a header": ("1,2,a\n3,4,b\n1,1,a\n", {"label": "a"}, r"row 1: the header looks like a point"),
    "no label": ("x,c\n1,0\n2,1\n", {"label": ""}, "`label` must name the column that holds the two classes, of x, c"),
    "no label and no header": ("1,2,a\n3,4,b\n", {"label": ""}, "where row 1 is a point, say --no-header"),
    "a label that is nearly there": ("x,Species\n1,0\n", {"label": "species"}, "got 'species'; did you mean 'Species'"),
    "a feature that is nearly there": ("width,c\n1,0\n2,1\n", {"features": ["widht"]}, "did you mean 'width'"),
    "the label as a feature": ("x,c\n1,0\n2,1\n", {"features": ["x", "c"]}, "`label` must be a column beside"),
    "many words": ("w,c\n" + "".join(f"w{i},{i % 2}\n" for i in range(60)), {"one_hot": True}, "60 words, and 50"),
    "one word": ("w,x,c\na,1,0\na,2,1\n", {"one_hot": True}, "'w' has the value a in every row.*--without w"),
    "nothing that varies": ("x,w,c\n1,a,0\n1.0,a,1\n", {"one_hot": True}, "'x' has the value 1 in.*nothing is left"),
    "one column, which is constant": ("w,c\na,0\na,1\n", {"one_hot": True}, "'w' has the value a in.*nothing is"),
    "a word and a column alike": ("w,w=a,c\na,1,0\nb,2,1\n", {"one_hot": True}, "'w=a' has the name of a word"),
    "words for both": ("w,x,c\na,1,0\n", {"one_hot": True, "ignore_text": True}, "`one_hot` must not be set"),
    "a delimiter of two": ("x,c\n1,0\n", {"delimiter": ";;"}, "`delimiter` must be one character"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_table_of_numbers_is_named(kind: str) -> None:
    text, options, message = REFUSED[kind]
    with pytest.raises(BadInput, match=message):
        read_table(text, **{"label": "c", **options})


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        ("1,234.5", ", for it holds a mark between thousands;"),
        ("1'000", ", for it holds a mark between thousands;"),
        ("1\u202f000,5", ", for it holds a mark between thousands;"),
        ("$1", ", for it holds a currency;"),
        ("1 234,50 \u20ac", ", for it holds a currency and a mark between thousands;"),
        ("1 %", ", for it holds a percent sign;"),
        ("\u22121", ", for it holds a minus that is not the ASCII hyphen;"),
        ("#DIV/0!", ", but an error of the spreadsheet;"),
        ("1\u20132", ";"),
        ("$", ";"),
    ],
)
def test_what_is_put_into_a_number_is_named_and_not_taken_for_a_word(cell: str, cause: str) -> None:
    with pytest.raises(
        BadInput, match=re.escape(f"row 4, column 'x': {cell!r} is not a number{cause} mend")
    ) as refused:
        read_table(f"x;c\n1;u\n2;v\n{cell};u\n", "c", decimal="," if ",5" in cell else ".")
    assert "--one-hot" not in str(refused.value)


def test_words_may_be_features() -> None:
    with pytest.raises(BadInput, match=r"row 2, column 'x': 'red' is not a number; .* --without x, or see --one-hot"):
        read_table("x,c\nred,u\nblue,v\n3,u\n", "c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,n,c\n1,3,0\n1,-2,0\n2,1,1\n", "row 3, column 'n': a point cannot count -2 times; a number above 0"),
        ("x;n;c\n1,5;0,0;0\n2;1;1\n", "row 2, column 'n': a point cannot count 0,0 times; a number above 0"),
    ],
)
def test_each_count_is_above_0_by_itself(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_table(text, "c", weight="n")


@pytest.mark.parametrize(
    ("rows", "pair"),
    [
        ("0,u 2,v -0,v", (0, 2)),
        ("0,u 2,v 0,u", None),
        ("1,u 1.0,u 3,u 100e-2,v", (0, 3)),
        ("0.1,u 2,v 0.1000000000000000000001,v", None),  # one float
    ],
)
def test_one_point_with_both_labels_is_found_exactly(rows: str, pair: tuple[int, int] | None) -> None:
    table = read_table("x,label\n" + "\n".join(rows.split()), "label")
    assert contradiction(table) == pair


def test_standardising_says_what_it_did() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1e-90, 1.0, 1e90] + [0.0, 5.0, 1e90]
    points, centre, spread = standardise(Dataset(X=X, y=np.where(X[:, 1] > 5.0, 1, -1), name="wide"))
    assert points.X.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert points.X.std(axis=0) == pytest.approx(1.0)
    assert points.X * spread + centre == pytest.approx(X, rel=1e-9)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'.ud800' is half a character; read the text with the encoding"):
        read_table("x,c\n1,\ud800\n2,b\n", "c")
