import numpy as np
import pytest
from scipy.optimize import minimize

from study.datasets.dataset import Floats
from study.law.conflict import Spoilt, spoilt
from study.law.sweeping import quadratic_time_exponent, time_law, time_right
from tests.law.geometries import GEOMETRIES, corners, drawn

SETS = {name: points for name, points in GEOMETRIES.items() if points.shape == "ball"} | {
    f"drawn {seed}": drawn(seed, 2 + seed % 4, "ball") for seed in range(100, 106)
}
NAMED = pytest.mark.parametrize("points", SETS.values(), ids=SETS)


def nearest_in_wall(Z: Floats, u: Floats) -> Floats:
    """Return the nearest point with all margins at least 1, by scipy's SLSQP."""
    held = {"type": "ineq", "fun": lambda x: Z @ x - 1.0, "jac": lambda _: Z}
    found = minimize(lambda x: (x - u) @ (x - u), u, jac=lambda x: 2.0 * (x - u), method="SLSQP", constraints=[held])
    return np.asarray(found.x)


@NAMED
def test_the_pieces_agree_with_the_catching_up_scheme(points: Spoilt) -> None:
    """u <- P_K(u + h z_s), whose error is of the order of h."""
    path, Z, z = time_law(points), points.base, points.spoilers[0]
    h = path.hitting_time / 100.0
    u, tau = nearest_in_wall(Z, np.zeros(len(z))), 0.0
    assert path.u[0] == pytest.approx(u, abs=1e-6)
    while z @ u < 0.0:
        u, tau = nearest_in_wall(Z, u + h * z), tau + h
    assert tau == pytest.approx(path.hitting_time, abs=3.0 * h)
    assert u == pytest.approx(path.u[-1], abs=3.0 * h * float(np.linalg.norm(z)))


@NAMED
def test_the_path_stays_behind_the_wall_and_ends_on_the_boundary(points: Spoilt) -> None:
    path = time_law(points)
    assert (path.u @ points.base.T >= 1.0 - 1e-7).all()
    assert (np.diff(path.tau) >= 0.0).all()
    assert path.u[-1] @ points.spoilers[0] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("name", ["corners far ball", "drawn 103", "drawn 104"])
def test_the_slope_of_the_time_is_the_hitting_time_at_the_rate_that_is_computed(name: str) -> None:
    """t* = tau* ln M + a constant + something like e^-(rate ln M)."""
    points = SETS[name]
    law = time_law(points)
    early, late = (np.exp(time_right(points, ln_M)) for ln_M in (40.0, 80.0))
    assert abs((late - early) / 40.0 - law.hitting_time) <= 10.0 * np.exp(-40.0 * law.rate) / 40.0 + 1e-7 * early


def test_a_spoiler_that_is_right_at_first_may_still_be_lost() -> None:
    """To leave zero on its side is not to have met it: what counts is the time from which on it is right."""
    points = drawn(101, 3, "ball")
    Z = np.vstack([np.exp(3.0) * points.base, points.spoilers])
    assert points.conflict
    assert points.spoilers[0] @ Z.sum(axis=0) > 0.0
    assert time_right(points, 3.0) > 0.0


def test_the_corners_by_hand() -> None:
    """The pull (-1, 2, 1) moves u from (1, 0, 0) along the wall of two base points, at (1, 1, 0) / 2, to (2, 1, 0)."""
    path = time_law(spoilt(*corners(), "ball"))
    assert path.u == pytest.approx(np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0]]))
    assert path.hitting_time == pytest.approx(2.0)
    assert np.exp(time_right(spoilt(*corners(), "ball"), 40.0)) == pytest.approx(80.0 + 3.502157, abs=1e-4)


def test_without_conflict_no_time_is_needed() -> None:
    points = spoilt([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.5]], [1, -1, 1], [False, False, True], "ball")
    assert time_law(points).hitting_time == 0.0
    assert time_right(points, 5.0) == -np.inf


@pytest.mark.slow
def test_the_quadratic_loss_takes_a_power_of_the_number_or_never_comes() -> None:
    """Of the corners d = 1, so p = 1; the spoiler far out has d = 4, and its pull dies."""
    near, far = (spoilt(*corners(depth, 2.0 * depth), "ball") for depth in (1.0, 4.0))
    assert quadratic_time_exponent(near) == pytest.approx(1.0)
    early, late = (time_right(near, ln_M, "quadratic", 50.0) for ln_M in (15.0, 30.0))
    assert (late - early) / 15.0 == pytest.approx(1.0, abs=1e-3)
    assert quadratic_time_exponent(far) == np.inf
    assert time_right(far, 15.0, "quadratic", 50.0) == np.inf


def test_points_that_hold_nothing_leave_the_time_alone() -> None:
    """A repeated base point, one on the ray of another, and one a million times as far out."""
    X, y, is_spoiler = corners()
    more = [X[1], 3.0 * X[0], 1e6 * X[0]]
    changed = spoilt(np.vstack([more, X]), np.append(np.ones(3), y), np.append(np.zeros(3, bool), is_spoiler), "ball")
    assert time_law(changed).hitting_time == pytest.approx(2.0, rel=1e-6)
