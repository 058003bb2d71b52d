from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare, kstest, truncnorm

from study.datasets.dataset import Dataset, Frame
from study.datasets.generators import make_boxes, make_gaussians

Floats = NDArray[np.float64]

MAKERS = pytest.mark.parametrize("make", [make_boxes, make_gaussians], ids=lambda make: make.__name__)
TURNED = np.array([[0.6, -0.8], [0.8, 0.6]])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def frame_of(data: Dataset) -> Frame:
    assert data.frame is not None
    return data.frame


def along(data: Dataset, vector: Floats) -> Floats:
    """Return each point's coordinate along a vector of its set."""
    return (data.X @ vector[..., None])[..., 0]


# Shapes, balance, determinism


@MAKERS
@pytest.mark.parametrize(("size", "shape"), [((), ()), (3, (3,)), ((2, 3), (2, 3)), ([1], (1,))], ids=str)
def test_size_gives_the_leading_axes(make: Any, size: Any, shape: tuple[int, ...]) -> None:
    data = make(5, 4, size=size, rng=rng())
    frame = frame_of(data)
    assert (data.X.shape, data.y.shape, data.is_spoiler.shape) == ((*shape, 5, 4), (*shape, 5), (*shape, 5))
    assert not data.is_spoiler.any()
    assert frame.normal.shape == frame.across.shape == (*shape, 4)
    assert data.name == make.__name__.removeprefix("make_")
    # Every set is drawn afresh, its points, its labels and its normal.
    assert len(np.unique(data.X.reshape(-1, 20), axis=0)) == np.prod(shape, dtype=int)


@MAKERS
@pytest.mark.parametrize(
    ("n_samples", "balance", "n_positive"),
    [(10, 0.3, 3), (10, 0.5, 5), (7, 0.01, 1), (7, 0.99, 6), (2, 0.5, 1), (3, 0.9, 2), (1000, 0.123, 123)],
)
def test_balance_is_exact_in_every_set(make: Any, n_samples: int, balance: float, n_positive: int) -> None:
    data = make(n_samples, balance=balance, size=20, rng=rng())
    assert ((data.y == 1).sum(axis=-1) == n_positive).all()
    assert ((data.y == -1).sum(axis=-1) == n_samples - n_positive).all()


@MAKERS
def test_the_generator_determines_the_draw(make: Any) -> None:
    one, same, other = (make(20, 3, size=2, rng=rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.X, same.X)
    assert np.array_equal(one.y, same.y)
    assert np.array_equal(frame_of(one).normal, frame_of(same).normal)
    assert not np.array_equal(one.X, other.X)
    stream = rng(1)
    assert not np.array_equal(make(20, 3, rng=stream).X, make(20, 3, rng=stream).X)  # the Generator moves on


# What is guaranteed of every point

ARGUMENTS: list[
    tuple[Any, dict[str, Any], float, float]
] = [  # with the margin and the spread that the frame must state
    (make_boxes, {}, 0.5, 2.0),
    (make_boxes, {"rotation": "random"}, 0.5, 2.0),
    (make_boxes, {"gap": 0.02, "length": 5.0, "spread": 7.0, "rotation": "random", "scale": 3.0}, 0.03, 21.0),
    (make_boxes, {"gap": 1e-3, "length": 1e-6, "scale": 1e9, "rotation": "random"}, 5e5, 2e9),
    (make_gaussians, {}, 0.5, np.inf),
    (make_gaussians, {"margin": 0.01, "gap": 0.0, "spread": 5.0, "scale": 3.0}, 0.03, np.inf),
    (make_gaussians, {"margin": 4.0, "gap": 1.0, "spread": 0.1, "scale": 1e9}, 4e9, np.inf),  # 35 deviations out
    (make_gaussians, {"margin": 1.0, "gap": 0.0, "spread": 1e-9}, 1.0, np.inf),
]


@pytest.mark.parametrize(("make", "arguments", "margin", "spread"), ARGUMENTS)
@pytest.mark.parametrize("n_features", [1, 2, 3, 10, 50])
def test_every_point_keeps_to_the_frame(
    make: Any, arguments: dict[str, Any], margin: float, spread: float, n_features: int
) -> None:
    data = make(200, n_features, size=5, rng=rng(n_features), **arguments)
    frame = frame_of(data)
    np.testing.assert_allclose([frame.margin, frame.spread], [margin, spread], rtol=1e-15)
    # 1e-14: a few roundings of each of 50 entries; in the points, of the largest coordinate.
    np.testing.assert_allclose(np.linalg.norm(frame.normal, axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(frame.across, axis=-1), float(n_features > 1), rtol=1e-14)
    assert np.abs((frame.normal * frame.across).sum(axis=-1)).max() <= 1e-14
    rounding = 1e-14 * np.abs(data.X).max()
    assert (data.y * along(data, frame.normal)).min() >= margin - rounding
    assert np.abs(along(data, frame.across)).max() <= spread + rounding
    if make is make_boxes:
        length = arguments.get("length", 2.0) * arguments.get("scale", 1.0)
        assert (data.y * along(data, frame.normal)).max() <= margin + length + rounding


@MAKERS
@pytest.mark.parametrize("scale", [3.0, 1e-7])
def test_scale_multiplies_every_length(make: Any, scale: float) -> None:
    data, scaled = make(10, 3, rng=rng()), make(10, 3, scale=scale, rng=rng())
    assert np.array_equal(scaled.X, scale * data.X)
    assert np.array_equal(scaled.y, data.y)
    assert frame_of(scaled).margin == scale * frame_of(data).margin
    assert frame_of(scaled).spread == scale * frame_of(data).spread


@pytest.mark.parametrize("n_features", [2, 3, 50])
def test_a_random_rotation_turns_the_unrotated_draw(n_features: int) -> None:
    plain = make_boxes(60, n_features, size=2, rng=rng())
    turned = make_boxes(60, n_features, size=2, rotation="random", rng=rng())
    assert np.array_equal(turned.y, plain.y)
    assert np.array_equal(frame_of(plain).normal, np.broadcast_to(np.eye(n_features)[0], (2, n_features)))
    for X, Z, normal, across in zip(plain.X, turned.X, frame_of(turned).normal, frame_of(turned).across, strict=True):
        Q = np.linalg.lstsq(X, Z)[0].T
        # 1e-12: the points are as well conditioned as 60 draws in 50 dimensions are.
        np.testing.assert_allclose(X @ Q.T, Z, rtol=0, atol=1e-12)
        np.testing.assert_allclose(Q @ Q.T, np.eye(n_features), rtol=0, atol=1e-12)
        np.testing.assert_allclose(Q[:, :2].T, [normal, across], rtol=0, atol=1e-12)
        assert np.abs(Q - np.eye(n_features)).max() > 0.1


def test_a_rotation_given_turns_every_set_by_it() -> None:
    plain, turned = (make_boxes(10, size=3, rotation=Q, rng=rng()) for Q in ("none", TURNED.tolist()))
    np.testing.assert_allclose(turned.X, plain.X @ TURNED.T, rtol=1e-15, atol=1e-15)
    assert frame_of(turned).normal.tolist() == [[0.6, 0.8]] * 3
    assert frame_of(turned).across.tolist() == [[-0.8, 0.6]] * 3


@pytest.mark.parametrize("size", [1e-200, 1e-3, 1.0, 1e200])
def test_a_normal_given_is_the_frames_whatever_its_length(size: float) -> None:
    data = make_gaussians(10, normal=[3 * size, -4 * size], size=3, rng=rng())
    np.testing.assert_allclose(frame_of(data).normal, [[0.6, -0.8]] * 3, rtol=1e-15)


# The laws: each of these tests fails a right generator with probability 1e-6 (the seeds are fixed: it does not)

LEVEL = 1e-6


def uniform(low: float, high: float) -> tuple[str, tuple[float, float]]:
    return "uniform", (low, high - low)


def test_boxes_are_uniform() -> None:
    data = make_boxes(4000, 3, gap=0.6, length=1.5, spread=0.7, rng=rng(3))
    assert kstest(data.y * data.X[:, 0], *uniform(0.3, 1.8)).pvalue > LEVEL / 3
    assert kstest(data.X[:, 1], *uniform(-0.7, 0.7)).pvalue > LEVEL / 3
    assert kstest(data.X[:, 2], *uniform(-0.7, 0.7)).pvalue > LEVEL / 3


@pytest.mark.parametrize(("margin", "gap", "spread"), [(0.5, 2.0, 1.0), (1.0, 0.0, 0.5), (0.1, 5.0, 2.0)])
def test_gaussians_are_truncated_along_the_normal_and_whole_across(margin: float, gap: float, spread: float) -> None:
    data = make_gaussians(4000, 3, margin=margin, gap=gap, spread=spread, rng=rng(4))
    v, across = frame_of(data).normal, frame_of(data).across
    law = truncnorm((margin - gap / 2) / spread, np.inf, gap / 2, spread)
    for coordinate, distribution in (
        (data.y * along(data, v), law.cdf),
        (along(data, across), "norm"),
        (along(data, np.cross(v, across)), "norm"),
    ):
        arguments = (0.0, spread) if distribution == "norm" else ()
        assert kstest(coordinate, distribution, arguments).pvalue > LEVEL / 3


@pytest.mark.parametrize(
    "make", [lambda **kw: make_boxes(2, 3, rotation="random", **kw), lambda **kw: make_gaussians(2, 3, **kw)]
)
def test_normals_are_uniform_on_the_sphere(make: Any) -> None:
    normal = frame_of(make(size=4000, rng=rng(5))).normal
    for j in range(3):  # by Archimedes each coordinate of a point of the sphere is uniform
        assert kstest(normal[:, j], *uniform(-1.0, 1.0)).pvalue > LEVEL / 3


@MAKERS
def test_every_order_of_the_labels_is_as_likely(make: Any) -> None:
    y = make(5, balance=0.4, size=10_000, rng=rng(6)).y
    counts = np.unique(y, axis=0, return_counts=True)[1]
    assert len(counts) == 10  # 5 choose 2
    assert chisquare(counts).pvalue > LEVEL
