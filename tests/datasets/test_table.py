"""A frame becomes points, with names and rows kept."""

import numpy as np
import pandas as pd
import pytest

from study.datasets.dataset import Dataset
from study.datasets.table import from_frame, standardise
from study.validation import BadInput


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"b": [1.0, 2.0, 3.0], "a": [True, False, True], "kind": ["no", "yes", "no"]}, index=[2, 4, 5])


def test_columns_rows_and_labels_keep_their_names(frame: pd.DataFrame) -> None:
    table = from_frame(frame, "kind")
    assert table.features == ("b", "a")
    assert table.rows.tolist() == [2, 4, 5]
    assert (table.positive, table.negative) == ("yes", "no")
    assert table.points.y.tolist() == [-1, 1, -1]
    assert table.points.X.tolist() == [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    assert from_frame(frame, "kind", positive="no").points.y.tolist() == [1, -1, 1]
    assert from_frame(frame, "kind", features=["a", "b", "a"]).features == ("a", "b")
    assert from_frame(frame, "kind", without=["b"]).features == ("a",)


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([0, 1, 0], "1"),
        ([-1.0, 1.0, 1.0], "1"),
        ([10, 9, 9], "10"),
        (["10", "9", "9"], "10"),
        ([True, False, True], "True"),
    ],
)
def test_the_larger_number_and_the_later_word_are_positive(labels: list[object], positive: str) -> None:
    table = from_frame(pd.DataFrame({"x": [1.0, 2.0, 3.0], "label": labels}), "label")
    assert table.positive == positive


def test_several_other_values_are_all_negative() -> None:
    table = from_frame(pd.DataFrame({"x": [1.0, 2.0, 3.0], "label": list("abc")}), "label", positive="b")
    assert table.negative == "a, c"
    assert table.points.y.tolist() == [-1, 1, -1]


def test_an_endless_integer_and_a_gap_are_named() -> None:
    with pytest.raises(BadInput, match="row 1, column 'x': 1000"):
        from_frame(pd.DataFrame({"x": [1, 10**400], "label": [0, 1]}), "label")
    with pytest.raises(BadInput, match="row 0, column 'x': the value is missing"):
        from_frame(pd.DataFrame({"x": [np.nan, 1.0], "label": [0, 1]}), "label")


def test_standardising_says_what_it_did() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1e-90, 1.0, 1e90] + [0.0, 5.0, 1e90]
    points, centre, spread = standardise(Dataset(X=X, y=np.where(X[:, 1] > 5.0, 1, -1), name="wide"))
    assert points.X.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert points.X.std(axis=0) == pytest.approx(1.0)
    assert points.X * spread + centre == pytest.approx(X, rel=1e-9)
