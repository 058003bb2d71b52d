from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from study.trainers.fit import Bound, Fit, Stop, stop_codes

Floats = NDArray[np.float64]


def test_a_fit_is_frozen_and_read_only() -> None:
    values: dict[str, NDArray[Any]] = {
        "w": np.ones(3),
        "stop": np.array(Stop.STATIONARY, np.int8),
        "n_updates": np.array(3),
        "n_passes": np.array(4),
        "loss": np.array(0.5),
        "residual": np.array(1e-9),
        "gap": np.array(1e-12),
        "path": np.ones((4, 3)),
    }
    fit = Fit(**values)
    for name, value in values.items():
        own = getattr(fit, name)
        assert isinstance(own, np.ndarray)
        assert own.dtype == value.dtype
        with pytest.raises(ValueError, match="read-only"):
            own[...] = 0
        assert np.array_equal(own, value)
    with pytest.raises(FrozenInstanceError):
        fit.loss = np.array(0.0)  # type: ignore[misc]


def test_a_search_settles_on_the_first_reason_that_holds() -> None:
    residual, spent = np.array([1e-9, 1.0, 1.0, 0.0, 0.0, np.nan]), np.array([True, True, False, False, False, False])
    w, loss = np.zeros((6, 2)), np.zeros(6)
    w[3, 1], loss[4] = np.inf, np.nan
    stop = stop_codes(residual, 1e-9, spent, w, loss)
    expected = [Stop.STATIONARY, Stop.BUDGET_SPENT, Stop.STALLED, Stop.NOT_FINITE, Stop.NOT_FINITE, Stop.STALLED]
    assert stop.dtype == np.int8
    assert stop.tolist() == expected
    assert stop_codes(residual, 1e-9, spent, w, loss, residual).tolist() == [*expected[:-1], Stop.NOT_FINITE]


def test_every_stop_has_its_own_sentence() -> None:
    assert Stop.SEPARATED.sentence == "every sample was classified correctly"
    assert Stop.NOT_FINITE.sentence == "the weights left the range of floating-point numbers"
    assert len({stop.sentence for stop in Stop}) == len(Stop)


# floats(): anything finite, so that norms may overflow and underflow.
@settings(max_examples=100)
@given(
    w=arrays(np.float64, 3, elements=st.floats(-10, 10) | st.floats(allow_nan=False, allow_infinity=False)),
    shape=st.sampled_from(["box", "ball"]),
    R=st.sampled_from([1e-3, 1.0, 3.0, 1e3]),
)
def test_projection_is_the_nearest_point(w: Floats, shape: Any, R: float) -> None:
    bound = Bound(shape, R)
    inside = bound.project(w)
    size = np.abs(inside).max() if shape == "box" else np.linalg.norm(inside)
    assert size <= R * (1 + 1e-15)  # a norm is rounded, a coordinate is not
    # The nearest point of a convex set is the one from which w lies at no acute angle to any other of its points.
    others = np.random.default_rng(0).uniform(-R, R, (200, 3))
    others = np.vstack([others, R * np.array(list(np.ndindex(3, 3, 3))) - R])
    if shape == "ball":
        others *= R / np.maximum(np.linalg.norm(others, axis=-1, keepdims=True), R)
    away = w / max(1.0, np.abs(w).max()) - inside / max(1.0, np.abs(w).max())
    assert ((others - inside) @ away <= 1e-12 * R * np.abs(away).max()).all()  # a few roundings of the products
    np.testing.assert_allclose(bound.project(inside), inside, rtol=1e-15)  # idempotent, but for rounding of a norm


def test_projection_leaves_what_is_inside_alone_and_takes_stacks() -> None:
    w = np.array([[[0.0, 0.0, 0.0], [1.0, -1.0, 1.0]], [[3.0, 0.0, 4.0], [-5.0, 12.0, 0.0]]])
    assert np.array_equal(Bound().project(w), w)
    assert Bound("box", 4.0).project(w).tolist() == [w[0].tolist(), [[3, 0, 4], [-4, 4, 0]]]
    # The norms are 5 and 13; 1e-15: two roundings.
    np.testing.assert_allclose(Bound("ball", 2.5).project(w), [w[0], [[1.5, 0, 2], w[1, 1] * 2.5 / 13]], rtol=1e-15)


@pytest.mark.parametrize("R", [1.0, 10.0, 1e300])
def test_zero_is_inside_every_ball(R: float) -> None:
    assert Bound("ball", R).project(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_a_bound_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Bound("box", 1.0).weight_bound = 2.0  # type: ignore[misc]


def test_the_sentence_of_a_stop_holds_of_every_rule() -> None:
    assert Stop.STATIONARY.sentence == "the weights are stationary"
    assert not [stop for stop in Stop if "bound" in stop.sentence]
