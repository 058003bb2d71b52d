"""The text of a table becomes points, with names and rows kept."""

import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.dataset import Dataset
from study.datasets.table import read_table, refuse_contradiction, standardise

TEXT = "b,a,n,kind\n1,True,3,no\n\n2,False,1,yes\n3,True,.5,no\n"


def test_columns_rows_and_labels_keep_their_names() -> None:
    table = read_table(TEXT, "kind", weight="n")
    assert table.features == ("b", "a")
    assert table.rows.tolist() == [2, 4, 5]
    assert (table.positive, table.negative) == ("yes", "no")
    assert table.points.y.tolist() == [-1, 1, -1]
    assert table.points.X.tolist() == [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    assert table.weight.tolist() == [3.0, 1.0, 0.5]
    assert read_table(TEXT, "kind").features == ("b", "a", "n")
    assert read_table(TEXT, "kind").weight.tolist() == [1.0, 1.0, 1.0]
    assert read_table(TEXT, "kind", positive="no").points.y.tolist() == [1, -1, 1]
    assert read_table(TEXT, "kind", features=["a", "b", "a"]).features == ("a", "b")
    assert read_table(TEXT, "kind", without=["b", "n"]).features == ("a",)


@pytest.mark.parametrize(
    ("labels", "positive"),
    [("0 1 0", "1"), ("-1.0 1.0 1.0", "1"), ("10 9 9", "10"), ("True False True", "True"), ("b a10 a9", "b")],
)
def test_the_larger_number_and_the_later_word_are_positive(labels: str, positive: str) -> None:
    rows = "".join(f"{x},{label}\n" for x, label in enumerate(labels.split()))
    assert read_table(f"x,label\n{rows}", "label", positive=positive if "b" in labels else None).positive == positive


def test_several_other_values_are_all_negative() -> None:
    table = read_table("x,label\n1,a\n2,b\n3,c\n", "label", positive="b")
    assert table.negative == "a, c"
    assert table.points.y.tolist() == [-1, 1, -1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ('x,"a\nb",c\n"1",2,u\n"-2",3,"v\n""w"""\n', [1.0, 2.0]),  # line breaks and quotes within quotes
        ("x;y;c\n1,5;2;u\n-1;3;v\n", [1.5, 2.0]),
        ("x;y;c\n1.5;2;u\n-1;3;v\n", [1.5, 2.0]),
        ("  x   y c \n 1 2  u\n-1 3 v \n", [1.0, 2.0]),
        ("x\ty\tc\r\n1e0\t2\tu\r\n-1\t3\tv\r\n", [1.0, 2.0]),
        ("x , y,c\n 1 , 2,u \n-1,3,v\nNA,,\n", [1.0, 2.0]),
        ("x,,c\n1,2,u\n-1,3,v\n", [1.0, 2.0]),
    ],
)
def test_cells_are_found(text: str, first: list[float]) -> None:
    table = read_table(text, "c")
    assert table.points.X[0].tolist() == first
    assert table.rows.tolist() == [2, 3]
    assert table.negative == "u"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,label\n1,0\n1" + 400 * "0" + ",1\n", "row 3, column 'x': 1000"),
        ("x,label\n,0\n1,1\n", "row 2, column 'x': the value is missing"),
        ("x,label\n1,0\n1_0,1\n", "row 3, column 'x': '1_0' is not a number"),
        ("x;label\n" + "2,5;1\n1;0\n" * 2000 + "1.5;0\n", "row 4002, column 'x': '1.5' is not a number"),
        ('x,label\n1,0\n"2,1\n3,0\n', "row 3 opens a quote that nothing closes"),
        ("x, x,label\n1,2,0\n2,3,1\n", "row 1: the header names 'x' twice"),
        ("x,label\n1,0\n2,1,5\n", "row 3 has 3 cells, and the header 2"),
    ],
)
def test_what_is_no_table_of_numbers_is_named(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_table(text, "label")


def test_equal_points_of_opposite_labels_are_named_where_they_are_refused() -> None:
    table = read_table("x,label\n0,0\n2,1\n-0,1\n", "label")
    with pytest.raises(BadInput, match="rows 2 and 4 have the same features and opposite labels, 0 and 1"):
        refuse_contradiction(table)
    refuse_contradiction(read_table("x,label\n0,0\n2,1\n0,0\n", "label"))


def test_standardising_says_what_it_did() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1e-90, 1.0, 1e90] + [0.0, 5.0, 1e90]
    points, centre, spread = standardise(Dataset(X=X, y=np.where(X[:, 1] > 5.0, 1, -1), name="wide"))
    assert points.X.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert points.X.std(axis=0) == pytest.approx(1.0)
    assert points.X * spread + centre == pytest.approx(X, rel=1e-9)
