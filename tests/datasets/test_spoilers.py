from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import nnls

from study.checks import BadInput
from study.datasets.dataset import Dataset, Frame
from study.datasets.generators import make_boxes, make_gaussians
from study.datasets.published import three_points
from study.datasets.spoilers import add_spoilers
from tests.datasets.test_generators import MAKERS, frame_of, rng

Floats = NDArray[np.float64]

N_CHOICES = 4000
"""Random choices of all parameters; two out of five are accepted."""
SQUARE = Frame(normal=np.array([1.0, 0.0]), across=np.array([0.0, 1.0]), margin=1.0, spread=2.0)


def boxes(n_samples: int = 10, n_features: int = 3, **arguments: Any) -> Dataset:
    """Return boxes whose margin is 1 and whose spread is 2, tilted."""
    return make_boxes(n_samples, n_features, gap=2.0, rotation="random", rng=rng(), **arguments)


# Where they lie


@MAKERS
@pytest.mark.parametrize("size", [(), 3, (2, 3)], ids=str)
def test_base_points_stay_the_same_to_the_bit(make: Any, size: Any) -> None:
    base = make(10, 3, size=size, rng=rng())
    data = add_spoilers(base, 4, depth=0.4, offset=0.1, jitter=0.05, rng=rng(1))
    assert np.array_equal(data.X[..., :10, :], base.X)
    assert np.array_equal(data.y[..., :10], base.y)
    assert data.X.shape == (*base.X.shape[:-2], 14, 3)
    assert np.array_equal(data.is_spoiler, np.broadcast_to(np.arange(14) >= 10, data.y.shape))
    assert data.name == f"{base.name} with spoilers"
    assert data.frame is None
    places = data.X[data.is_spoiler]
    assert len(np.unique(places, axis=0)) == len(places)  # each is moved on its own


@pytest.mark.parametrize("size", [(), 2], ids=str)
@pytest.mark.parametrize(("n_features", "both_classes"), [(1, False), (2, False), (2, True), (5, False), (5, True)])
def test_places_by_hand(n_features: int, both_classes: bool, size: Any) -> None:
    base, offset = boxes(n_features=n_features, size=size), 0.0 if n_features == 1 else 2.5
    frame, depth = frame_of(base), 0.75
    data = add_spoilers(base, 3, depth=depth, offset=offset, both_classes=both_classes)
    place = -depth * frame.normal + offset * frame.across
    for i, sign in enumerate((1, -1 if both_classes else 1, 1)):
        assert (data.y[..., 10 + i] == sign).all()
        np.testing.assert_allclose(data.X[..., 10 + i, :], sign * place, rtol=1e-15, atol=1e-15)  # two products


@pytest.mark.parametrize(
    ("given", "number"),
    [({"n_spoilers": 1}, 1), ({"n_spoilers": 7}, 7), ({"rate": 0.01}, 1), ({"rate": 0.3}, 3), ({"rate": 2.0}, 20)],
)
def test_number_or_rate(given: dict[str, Any], number: int) -> None:
    data = add_spoilers(boxes(size=2), **given, depth=0.5)
    assert data.is_spoiler.sum(axis=-1).tolist() == [number, number]


@pytest.mark.parametrize(("jitter", "reach"), [(0.2, (0.2, 0.2)), ((0.1, 0.6), (0.1, 0.6)), ((0.0, 0.5), (0.0, 0.5))])
@pytest.mark.parametrize("both_classes", [False, True])
def test_jitter_fills_its_limits_and_keeps_them(jitter: Any, reach: tuple[float, float], both_classes: bool) -> None:
    base = boxes(size=100)
    frame = frame_of(base)
    data = add_spoilers(base, 20, depth=0.5, offset=3.0, jitter=jitter, both_classes=both_classes, rng=rng(1))
    place = data.y[:, 10:, None] * data.X[:, 10:]
    moved = (
        place @ frame.normal[..., None] + 0.5,
        place @ frame.across[..., None] - 3.0,
    )
    for off, limit in zip(moved, reach, strict=True):
        assert np.abs(off).max() <= limit + 1e-14  # a few roundings
        # Of 2,000 uniform draws, all miss the outer hundredth at one end with probability 2 (0.995)^2000 < 1e-4.
        assert limit == 0.0 or (off.min() < -0.99 * limit and off.max() > 0.99 * limit)
    rest = place - (place @ frame.normal[..., None]) * frame.normal[:, None]
    rest -= (place @ frame.across[..., None]) * frame.across[:, None]
    assert np.abs(rest).max() <= 1e-14


def test_the_generator_determines_the_jitter() -> None:
    one, same, other = (add_spoilers(boxes(), 2, depth=0.5, jitter=0.1, rng=rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.X, same.X)
    assert not np.array_equal(one.X, other.X)


# Separable: what is accepted, and only what might not be is refused


def corners(frame: Frame) -> Dataset:
    """Return the extreme points that a frame allows, as a set that it describes."""
    sides = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
    X = np.array([p * frame.margin * frame.normal + q * frame.spread * frame.across for p, q in sides])
    return Dataset(X=X, y=np.array([p for p, _ in sides]), name="corners", frame=frame)


def with_spoilers(base: Dataset, n_spoilers: int, **where: Any) -> Dataset | None:
    """Return the set with spoilers, or None where the place is refused."""
    try:
        return add_spoilers(base, n_spoilers, **where)
    except BadInput:
        return None


def placed(frame: Frame, n_spoilers: int, depth: float, offset: float, both_classes: bool) -> tuple[Floats, Floats]:
    """Return spoilers and their labels by the formula of the docstring."""
    y = np.where(both_classes & (np.arange(n_spoilers) % 2 == 1), -1.0, 1.0)
    return y[:, None] * (offset * frame.across - depth * frame.normal), y


def separable(*parts: tuple[Floats, Floats]) -> bool:
    """Return whether sets put together are separable: no mean of their points, signed by the label, is zero (Gordan).

    Up to rounding: in exact arithmetic that of rotated corners would separate what coincides or is collinear on paper.
    """
    X, y = np.vstack([X for X, _ in parts]), np.concatenate([y for _, y in parts])
    centre, spread = (X.min(axis=0) + X.max(axis=0)) / 2.0, np.ptp(X, axis=0) / 2.0
    Z = np.column_stack([(X - centre) / np.where(spread > 0.0, spread, 1.0), np.ones(len(X))]) * y[:, None]
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    nearest = nnls(np.vstack([Z.T, np.ones(len(Z))]), np.append(np.zeros(Z.shape[1]), 1.0))[1]
    return bool(nearest > 1e-10)  # seen: at most 4e-16, or at least 9e-6


@pytest.mark.slow
def test_accepted_and_only_then_is_whatever_the_frame_allows_separable() -> None:
    draw, verdicts = rng(7), {True: 0, False: 0}
    for _ in range(N_CHOICES):
        n_features = int(np.exp(draw.uniform(0.0, np.log(51.0))))
        gap, spread, length, scale = 10.0 ** draw.uniform([-1.5, -1.0, -1.0, -3.0], [0.5, 1.0, 1.0, 3.0])
        n_samples, n_spoilers = int(draw.integers(2, 7)), int(draw.integers(1, 5))
        gaussian, both_classes = draw.random() < 0.2, n_spoilers > 1 and draw.random() < 0.5
        rotation: Any = draw.choice(["none", "random"])
        if gaussian:
            base = make_gaussians(n_samples, n_features, margin=gap / 2, spread=spread, scale=scale, rng=draw)
        else:
            box = {"gap": gap, "spread": spread, "length": length, "scale": scale}
            base = make_boxes(n_samples, n_features, rotation=rotation, **box, rng=draw)
        frame = frame_of(base)
        depth = frame.margin * 10.0 ** draw.uniform(-1.0, 1.0)
        steep = scale * spread / frame.margin * 10.0 ** draw.uniform(-0.7, 0.7)  # offset / depth
        offset = 0.0 if n_features == 1 else steep * depth
        deeper, nearer = depth * draw.choice([0.0, 0.2]), offset * draw.choice([0.0, 0.2])
        where = {"depth": depth, "offset": offset, "both_classes": both_classes, "jitter": (deeper, nearer)}
        data = with_spoilers(base, n_spoilers, **where, rng=draw)
        drawn = base if data is None else data
        parts = [(drawn.X, drawn.y), placed(frame, n_spoilers, depth + deeper, offset - nearer, both_classes)]
        if gaussian:  # whose spread has no end: there are no corners to refuse by
            assert data is None or separable(*parts), where
            continue
        extreme = corners(frame)
        edges = (depth + deeper) / frame.margin, (offset - nearer) / (depth + deeper) * frame.margin / frame.spread
        if np.abs(np.subtract(edges, 1.0)).min() > 1e-6:
            assert separable((extreme.X, extreme.y), *parts) == (data is not None), where
            verdicts[data is not None] += 1
    assert min(verdicts.values()) > N_CHOICES / 5


@pytest.mark.parametrize("both_classes", [False, True])
@pytest.mark.parametrize(
    ("depth", "offset", "certain"),  # margin 1, spread 2
    [
        (0.0, 0.0, (True, False)),  # on the boundary: two labels at zero where both classes have one
        (0.0, 1e-3, (True, True)),
        (0.999, 0.0, (True, False)),
        (1.0, 0.0, (False, False)),
        (0.999, 1.99, (True, False)),
        (0.999, 2.01, (True, True)),
        (3.0, 6.0, (False, False)),  # the tilted boundary would have to pass through it
        (3.0, 6.001, (True, True)),
    ],
)
def test_conditions_at_their_edges(depth: float, offset: float, certain: tuple[bool, bool], both_classes: bool) -> None:
    base = corners(SQUARE)
    data = with_spoilers(base, 2, depth=depth, offset=offset, both_classes=both_classes)
    assert (data is not None) == certain[both_classes]
    assert separable((base.X, base.y), placed(SQUARE, 2, depth, offset, both_classes)) == certain[both_classes]


def test_one_spoiler_is_of_one_class() -> None:
    assert with_spoilers(corners(SQUARE), 1, depth=0.5, both_classes=True) is not None


# Errors

SHALLOW = r"`depth` \+ `jitter` must be below the margin 1 \(over by {}\)"
ACROSS = r"`offset` - `jitter` must exceed {} \(short by {}\)"
BAD: dict[str, tuple[Dataset, dict[str, Any], str]] = {
    "no frame": (three_points(), {}, "`base` must be drawn by a generator, .*; got three points"),
    "spoilers of spoilers": (add_spoilers(boxes(), 1, depth=0.0), {}, "must be drawn .*; got boxes with spoilers"),
    "both": (boxes(), {"rate": 0.1}, "one of `n_spoilers` and `rate` must be given; got 1 and 0.1"),
    "neither": (boxes(), {"n_spoilers": None}, "one of `n_spoilers` and `rate` must be given; got None and None"),
    "jitter without rng": (boxes(), {"jitter": (0.0, 0.1)}, "`rng` must be a numpy Generator where `jitter`.*got None"),
    "one feature": (boxes(n_features=1), {"offset": 1.0}, "`offset` must be 0 where there is one feature; got 1.0"),
    "deep": (
        boxes(),
        {"depth": 3.0, "offset": 5.0},
        f"{SHALLOW.format(2)}, or {ACROSS.format(6, 1)}; got 3 and 5",
    ),
    "deep for the jitter": (
        boxes(),
        {"depth": 0.75, "offset": 1.0, "jitter": (0.5, 0.25), "rng": rng()},
        f"{SHALLOW.format(0.25)}, or {ACROSS.format(2.5, 1.75)}; got 1.25 and 0.75",
    ),
    "near, of both classes": (
        boxes(),
        {"n_spoilers": 2, "depth": 0.5, "offset": 0.25, "both_classes": True},
        f"separable: {ACROSS.format(1, 0.75)}; got 0.5 and 0.25",
    ),
    "no spread is enough": (
        make_gaussians(4, margin=1.0, rng=rng()),
        {"depth": 1.5, "offset": 1e9},
        f"{SHALLOW.format(0.5)}, or {ACROSS.format('inf', 'inf')}",
    ),
}


@pytest.mark.parametrize(("base", "changed", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(base: Dataset, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        add_spoilers(base, **{"n_spoilers": 1, "depth": 0.5, **changed})


def test_an_endless_spread_is_refused_in_numbers() -> None:
    base = make_gaussians(4, margin=1.0, rng=rng())
    with pytest.raises(BadInput) as refusal:
        add_spoilers(base, 2, depth=0.0, offset=1.0, both_classes=True)
    assert "nan" not in str(refusal.value)
