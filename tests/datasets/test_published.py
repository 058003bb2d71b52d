import numpy as np

from study.analysis.margin import geometric_margin
from study.datasets.published import four_points, three_points


def test_three_points() -> None:
    data = three_points()
    assert data.X.tolist() == [[1, 0], [0, 1], [-1, 0]]
    assert data.y.tolist() == [1, 1, -1]
    assert data.is_spoiler is not None
    assert not data.is_spoiler.any()


def test_four_points_are_the_three_and_a_spoiler() -> None:
    data = four_points(10.0)
    assert data.X.tolist() == [[1, 0], [0, 1], [-1, 0], [0, -10]]
    assert data.y.tolist() == [1, 1, -1, 1]
    assert data.is_spoiler is not None
    assert data.is_spoiler.tolist() == [False, False, False, True]


def test_an_array_of_t_gives_a_stack() -> None:
    t = np.array([[0.5, 1.0, 2.0], [3.0, 4.0, 1e300]])
    data = four_points(t)
    assert data.X.shape == (2, 3, 4, 2)
    for index in np.ndindex(t.shape):
        alone = four_points(t[index])
        assert np.array_equal(data.X[index], alone.X)
        assert np.array_equal(data.y[index], alone.y)


def test_no_line_keeps_farther_from_the_four_points_than_one_half() -> None:
    data = four_points([0.01, 1.0, 100.0])
    assert geometric_margin([2, 0, 1], data.X, data.y).tolist() == [0.5] * 3
    w = np.random.default_rng(0).normal([2, 0, 1], size=(20_000, 1, 3))
    # The positive points' hull holds the origin, at distance 1 from (-1, 0)-; the 1e-12 is for rounding.
    assert 0.45 < geometric_margin(w, data.X, data.y).max() <= 0.5 + 1e-12
