import numpy as np
import pytest

from study.law.bound import asymptote
from study.law.conflict import Spoilt, spoilt
from study.law.tail import TAILS, Tail, log_tail_of_margin, tail_law
from study.law.thresholds import threshold
from tests.law.geometries import GEOMETRIES

NAMED = pytest.mark.parametrize("points", GEOMETRIES.values(), ids=GEOMETRIES)
EACH = pytest.mark.parametrize("tail", TAILS)


@EACH
def test_a_loss_is_what_its_name_says(tail: Tail) -> None:
    m = np.array([-50.0, -1.0, 0.0, 1.0, 1e3, 1e8])
    ln_loss, ratio = log_tail_of_margin(tail, m)
    plain = {
        "inverse": np.where(m < 0, 1.0 - m, 1.0 / (1.0 + np.maximum(m, 0.0))),
        "inverse-square": np.where(m < 0, 0.5 - m, 0.5 / (1.0 + np.maximum(m, 0.0)) ** 2),
        "arctan": 0.5 * (0.5 - np.arctan(m) / np.pi) ** 2,
    }[tail]
    assert np.exp(ln_loss[:5]) == pytest.approx(plain[:5], rel=1e-9)
    for sign in (-1e-5, 1e-5):
        moved, _ = log_tail_of_margin(tail, m + sign * (1.0 + np.abs(m)))
        assert (moved - ln_loss) / (sign * (1.0 + np.abs(m))) == pytest.approx(ratio, rel=1e-3)
    assert ln_loss[-1] == pytest.approx(np.log(TAILS[tail].coefficient) - TAILS[tail].power * np.log(1e8), abs=1e-6)
    assert -ratio[2] * np.exp(ln_loss[2]) == pytest.approx(TAILS[tail].slope)


@NAMED
@EACH
def test_the_threshold_tends_to_the_law(points: Spoilt, tail: Tail) -> None:
    """The error falls like 1 / R for the convex losses, and like R^(-2/3) for arctan."""
    off = [abs(threshold(points, tail, R) - tail_law(points, tail, R)) for R in (300.0, 3000.0)]
    assert off[0] < 0.15
    assert off[1] / off[0] == pytest.approx(0.1 if tail != "arctan" else 10.0 ** (-2.0 / 3.0), rel=0.1)


def test_a_power_is_overtaken_by_every_exponential() -> None:
    points = GEOMETRIES["corners box"]
    assert asymptote(points, "cross-entropy", 100.0) > 2.0 * tail_law(points, "inverse-square", 100.0)


@pytest.mark.parametrize(
    ("X", "y", "conflict"),
    [
        ([[-3, 0], [-1, 0], [3, -2], [-1, -2], [-1, -1]], [1, 1, -1, -1, 1], False),
        ([[-2, 3], [0, 0], [3, -2], [-1, -3]], [-1, -1, 1, 1], True),
    ],
)
def test_far_points_have_a_say(X: list[list[float]], y: list[int], conflict: bool) -> None:
    """What outvotes a spoiler under a power tail is not what the margin tells: found by attack."""
    points = spoilt(X, y, np.arange(len(y)) == len(y) - 1, "ball")
    law, found = tail_law(points, "inverse", 1000.0), threshold(points, "inverse", 1000.0)
    assert points.conflict == conflict
    assert np.isfinite(law) != conflict
    assert law == found if np.isinf(law) else law == pytest.approx(found, abs=0.01)


def test_without_conflict_the_law_is_infinite() -> None:
    points = spoilt([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.5]], [1, -1, 1], [False, False, True], "ball")
    assert tail_law(points, "inverse", 10.0) == np.inf
