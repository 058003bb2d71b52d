"""Points on both sides of a wave, the choice of strengths, and the rules that networks stand beside."""

from typing import Any

import numpy as np
import pytest

from experiments import curved, memorising
from experiments._curved import AROUND, GAP, RADIUS, draw_waves, wave
from study.trainers.layers import n_weights


def test_points_lie_on_their_side_of_the_wave_and_away_from_the_island() -> None:
    rng = np.random.default_rng(0)
    world = draw_waves(20, rng)
    (X, y), (rare_X, rare_y) = world.common(300, rng), world.rare(50, rng)
    above = X[..., 1] - wave(X[..., 0], world.phase[:, None])
    assert (y * above >= GAP / 2.0).all()
    assert 0.4 < (y > 0.0).mean() < 0.6
    assert (np.linalg.norm(X - world.centre[:, None], axis=-1) >= RADIUS + AROUND).all()
    assert (np.linalg.norm(rare_X - world.centre[:, None], axis=-1) <= RADIUS).all()
    amid = rare_X[..., 1] - wave(rare_X[..., 0], world.phase[:, None])
    assert (rare_y * amid < 0.0).all()  # among the other class


def test_a_strength_is_chosen_on_the_other_half_of_the_sets() -> None:
    errors = np.array([[0.0, 0.5, 0.0, 0.5], [0.1, 0.1, 0.1, 0.1], [0.2, 0.0, 0.2, 0.0]])
    # on sets 0 and 2 the first rule is best, on 1 and 3 the last; each is tried where the other was chosen
    np.testing.assert_array_equal(memorising.cross_fit(errors), [0.2, 0.5, 0.2, 0.5])


def test_every_brake_changes_what_is_trained() -> None:
    free = memorising.options("none", 0.0)
    braked = [memorising.options(brake, s) for brake, strengths in memorising.BRAKES.items() for s in strengths]
    assert braked[0] == free
    assert all(given != free for given in braked[1:])
    assert len({str(given) for given in braked}) == len(braked)


@pytest.mark.parametrize("geometry", ["clusters", "wave"])
def test_rules_without_hidden_nodes_have_no_training_error(geometry: str) -> None:
    X, y = curved.draw(geometry, 30, 3, 5, np.random.default_rng(1))
    rules: dict[str, Any] = curved.rivals(geometry)
    assert set(rules) == {"clusters": {"nearest", "margin"}, "wave": {"nearest"}}[geometry]
    for rule in rules.values():
        np.testing.assert_array_equal(rule(X, y)(X), y > 0.0)


def test_the_nearest_point_decides() -> None:
    X, y = np.array([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, -1.0], [-1.0, 1.0]])
    places = np.array([[0.4, 0.1], [0.7, 0.9]])
    np.testing.assert_array_equal(curved.nearest(X, y)(places), [[True, False], [False, True]])


def test_a_bound_keeps_networks_from_separating_and_decay_does_not() -> None:
    rng = np.random.default_rng(2)
    X, y = curved.draw("clusters", 40, 3, 10, rng)
    w0 = rng.standard_normal((10, n_weights(2, (4, 1))))
    separates = {
        kind: (curved.fit(X, y, (4, 1), w0, curved.bound_of("clusters", kind, 1))(X) == (y > 0.0)).all(axis=-1).mean()
        for kind in ("tight", "decay")
    }
    assert separates == {"tight": 0.0, "decay": 1.0}
