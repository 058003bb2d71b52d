"""The path of a unit's optimum is what an independent optimiser finds at each limit, and its end is the end."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from study.analysis.limit_path import LimitPath, follow_path
from study.analysis.limits import USUAL, WeightBound
from study.analysis.margin import functional_margins
from study.checks import BadInput
from study.datasets.dataset import Dataset

UNIT = {
    "box": WeightBound(shape="box", loss="cross-entropy", eps=0.0),
    "ball": WeightBound(shape="ball", loss="cross-entropy", eps=0.0),
}


def draw(seed: int, n: int, d: int, spread: float) -> Dataset:
    """Return points of two classes on either side of a boundary, but for a spread."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.where(X @ np.arange(1.0, d + 1.0) + spread * rng.normal(size=n) > 0.0, 1.0, -1.0)
    return Dataset(X=X, y=y, name="drawn")


def least(points: Dataset, R: float, shape: str) -> Any:
    """Return the margins at the least cross-entropy inside a bound, by scipy alone."""
    Z = points.y[:, None] * np.column_stack([points.X, np.ones(len(points.y))])

    def loss(v: Any) -> tuple[float, Any]:
        m = R * (Z @ v)
        return float(np.logaddexp(0.0, -m).sum()), -R * (expit(-m) @ Z)

    zeros = np.zeros(Z.shape[1])
    if shape == "box":
        options: dict[str, Any] = {"ftol": 0.0, "gtol": 1e-12, "maxiter": 5000, "maxcor": 30}
        answer = minimize(loss, zeros, jac=True, method="L-BFGS-B", bounds=[(-1.0, 1.0)] * len(zeros), options=options)
    else:
        inside = {"type": "ineq", "fun": lambda v: 1.0 - v @ v, "jac": lambda v: -2.0 * v}
        answer = minimize(loss, zeros, jac=True, method="SLSQP", constraints=[inside], options={"ftol": 1e-16})
    return R * (Z @ answer.x)


@pytest.mark.slow
def test_on_thirty_drawn_sets_every_row_is_right_where_an_independent_optimiser_has_it_right() -> None:
    """Once at sixty limits each: of 73,320 rows none was on another side. A change is known to `path.tol` only."""
    rng = np.random.default_rng(7)
    compared = 0
    for seed in range(30):
        n, d, spread = int(rng.integers(15, 60)), int(rng.integers(1, 6)), float(rng.choice([0.0, 0.5, 1.0, 2.0]))
        points, shape = draw(seed, n, d, spread), "box" if seed % 3 else "ball"
        path = follow_path(points, UNIT[shape], step=0.05, tol=0.01)
        assert spread or path.end == "all right"
        for R in np.geomspace(path.limits[0], 3.0 * path.limits[-1], 5):
            right = [path.right[min(int(k), len(path.limits) - 1)] for k in np.searchsorted(path.edges, near(R))]
            known = (right[0] == right[1]) & (right[0] == right[2])
            assert ((least(points, R, shape) > 0.0) == right[1])[known].all(), (seed, R)
            compared += int(known.sum())
    assert compared > 0.99 * 5 * 1222


def near(R: float) -> list[float]:
    """Return a limit between two that are a little tighter and wider."""
    return [0.98 * R, R, 1.02 * R]


@pytest.mark.parametrize("eps", [0.0, 0.05])
def test_the_end_is_that_of_every_wider_limit(eps: float) -> None:
    unit = WeightBound(shape="box", loss="cross-entropy", eps=eps)
    mixed = draw(1, 40, 3, 1.0)
    apart = Dataset(X=np.array([[-1.0], [0.9]]), y=np.array([-1.0, 1.0]), name="two") if eps else draw(0, 40, 3, 0.0)
    path = follow_path(apart, unit)
    assert path.end == "all right"
    for limit in path.limits[-1] * np.array([2.0, 100.0]):
        assert (functional_margins(unit.fit(apart, limit).w, apart.X, apart.y) > 0.0).all()
    path = follow_path(mixed, unit)
    assert path.end == "slack"
    assert unit.fit(mixed, 100.0 * path.limits[-1]).w == pytest.approx(path.w[-1], rel=1e-6)


@pytest.mark.parametrize(("seed", "spread"), [(0, 0.0), (1, 1.0)], ids=["separable", "not separable"])
@pytest.mark.slow
def test_under_a_penalty_the_rows_are_right_that_scikit_learn_has_right(seed: int, spread: float) -> None:
    points = draw(seed, 40, 3, spread)
    path = follow_path(points, USUAL, (0.01, 0.1, 1.0, 10.0, 100.0))
    assert path.tol <= 0.001
    for C in (*np.geomspace(1e-3, 3.0 * path.limits[-1], 20).tolist(), 0.01, 0.1, 1.0, 10.0, 100.0):
        fit = LogisticRegression(C=C, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(points.X, points.y)
        margins = points.y * fit.decision_function(points.X)
        place = path.place(C)
        right = path.right[min(int(np.searchsorted(path.edges, C)), len(path.limits) - 1) if place is None else place]
        told = np.abs(margins) > (1e-6 if place is not None else 2e-3 * np.abs(margins).max())
        assert ((margins > 0.0) == right)[told].all()
    assert path.end == ("slack" if spread else "all right")


def test_rows_that_only_rounding_puts_on_a_side_are_wrong() -> None:
    """A pair with both labels among separable points, whose boundary goes through it once the bound is wide."""
    X = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0], [2.0, 1.0]])
    path = follow_path(Dataset(X=X, y=np.array([1.0, -1.0, 1.0, -1.0, 1.0]), name="five"), UNIT["box"], step=0.2)
    assert not path.right[path.limits > 100.0][:, [1, 4]].any()
    assert [len(path.intervals(sample)) for sample in range(5)] == [1, 1, 1, 1, 0]


def test_intervals_and_prices_of_a_path_are_read_from_its_fits() -> None:
    right = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]], bool)
    path = LimitPath(
        limits=np.array([1.0, 4.0, 16.0, 64.0]), w=np.zeros((4, 1)), right=right, end="widest", step=3.0, tol=3.0
    )
    assert path.edges.tolist() == [2.0, 8.0, 32.0, np.inf]
    assert path.errors.tolist() == [2, 2, 3, 1]
    assert path.kept_from.tolist() == [32.0, 0.0, 32.0, np.inf]
    assert [path.intervals(i) for i in range(4)] == [
        [(2.0, 8.0), (32.0, np.inf)],
        [(0.0, np.inf)],
        [(0.0, 2.0), (32.0, np.inf)],
        [],
    ]
    assert [path.place(limit) for limit in (4.0, 5.0, 65.0)] == [1, None, None]


def test_a_small_budget_makes_a_coarser_path_that_says_so() -> None:
    points = draw(1, 40, 3, 1.0)
    fine, coarse = (follow_path(points, UNIT["box"], (2.5,), work=work) for work in (1e11, 1e6))
    assert fine.step == pytest.approx(0.02)
    assert 0.0005 < fine.tol <= 0.001
    assert len(coarse.limits) < len(fine.limits) / 4
    assert coarse.step > 0.1
    ratios = np.diff(np.log(coarse.limits))[(coarse.right[1:] != coarse.right[:-1]).any(axis=1)]
    assert np.log1p(coarse.tol) == pytest.approx(ratios.max())
    assert coarse.place(2.5) is not None


def test_progress_is_told_and_ends_at_what_it_expects() -> None:
    said: list[tuple[int, int]] = []
    path = follow_path(draw(0, 20, 2, 0.0), UNIT["ball"], advance=lambda done, total: said.append((done, total)))
    assert all(done <= total for done, total in said)
    assert said[-1] == (len(path.limits), len(path.limits))


def test_what_cannot_be_followed_is_refused() -> None:
    points = draw(0, 20, 2, 0.0)
    with pytest.raises(BadInput, match="`step` must be positive"):
        follow_path(points, UNIT["box"], step=0.0)
    with pytest.raises(BadInput, match="`limits` must be positive and finite; got -1"):
        follow_path(points, UNIT["box"], (-1.0,))
