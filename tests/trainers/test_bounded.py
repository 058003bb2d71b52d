from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from study.datasets.published import four_points
from study.trainers import bounded
from study.trainers.bounded import kkt_residual, minimise
from study.trainers.fit import Bound
from study.trainers.losses import LOSSES, Loss, Objective, objective

Floats = NDArray[np.float64]


@pytest.mark.parametrize(
    ("bound", "w", "gradient", "residual"),
    [
        (Bound(), [1.0, 2.0], [0.25, -0.5], 0.5),
        (Bound("box", 3.0), [1.0, 2.0], [0.25, -0.5], 0.5),  # inside
        (Bound("box", 3.0), [1.0, 3.0], [0.0, -0.5], 0.0),  # held by the bound
        (Bound("box", 3.0), [1.0, 3.0], [0.0, 0.5], 0.5),  # pulled inside
        (Bound("box", 3.0), [1.0, 2.75], [0.0, -0.5], 0.25),  # stopped half-way
        (Bound("ball", 5.0), [1.0, 2.0], [0.25, -0.5], 0.5),  # inside
        (Bound("ball", 5.0), [3.0, 4.0], [-6.0, -8.0], 0.0),  # held by the bound
        (Bound("ball", 5.0), [3.0, 4.0], [1.5, 2.0], 2.0),  # pulled inside
        (Bound("ball", 5.0), [3.0, 4.0], [3.0, -8.0], 3.0),  # from (3, 4) to (0, 12), back to (0, 5)
    ],
)
def test_residual_by_hand(bound: Bound, w: Any, gradient: Any, residual: float) -> None:
    found = kkt_residual(np.array([w, w]), np.array([gradient, gradient]), bound)
    np.testing.assert_allclose(found, [residual, residual], rtol=1e-15, atol=1e-15)  # a norm is rounded


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bound", [Bound("box", 3.0), Bound("ball", 3.0), Bound()], ids=lambda bound: bound.shape)
@pytest.mark.parametrize("max_steps", [1, 3, 1000])
def test_an_answer_is_inside_within_budget_and_no_worse_than_the_start(
    loss: Loss, bound: Bound, max_steps: int
) -> None:
    data, rng = four_points(10.0), np.random.default_rng(0)
    problem = objective(data.X, data.y.astype(float), np.ones(4), loss, 0.1)
    for w0 in rng.normal(scale=3.0, size=(4, 3)):
        w, steps, passes = minimise(problem, bound, w0, max_steps, tol=1e-9)
        assert np.abs(bound.project(w) - w).max() <= 1e-15  # the ball's norm is rounded
        assert 0 <= steps <= min(max_steps, passes)
        # 1e-12: what polishing may cost by its own rule.
        assert problem.value_and_gradient(w)[0] <= problem.value_and_gradient(bound.project(w0))[0] * (1 + 1e-12)


def test_features_whose_sizes_lie_far_apart_are_fitted_in_units_of_their_own() -> None:
    """Told of no units, L-BFGS-B stops after 11,000 passes at twice the least loss of such a table."""
    rng = np.random.default_rng(0)
    B, size = rng.normal(size=(437, 24)), 10.0 ** np.linspace(-1.0, 6.0, 24)
    y = np.where(B @ rng.normal(size=24) + rng.normal(size=437) > 0.0, 1.0, -1.0)
    raw = objective(B * size, y, np.ones(437), "cross-entropy", 0.0)
    w, _, passes = minimise(raw, Bound("box", 3.0), np.zeros(25), 10_000, tol=1e-9)
    assert passes < 200
    assert kkt_residual(w, raw.value_and_gradient(w)[1], Bound("box", 3.0)) < 1e-9


@pytest.fixture
def problem() -> Objective:
    data = four_points(10.0)
    return objective(data.X, data.y.astype(float), np.ones(4), "cross-entropy", 0.1)


def keep(_objective: Any, _bound: Any, w: Floats) -> Floats:
    return w


def test_a_solver_that_gives_up_is_started_again_within_the_budget(
    problem: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets, solve = [], bounded._l_bfgs_b

    def give_up(objective: Objective, bound: Bound, w: Floats, max_steps: int) -> Any:
        budgets.append(max_steps)
        return solve(objective, bound, w, min(max_steps, 2))

    monkeypatch.setattr(bounded, "_l_bfgs_b", give_up)
    monkeypatch.setattr(bounded, "_sharpen", keep)
    steps = minimise(problem, Bound("box", 3.0), np.zeros(3), 7, tol=0.0)[1]
    assert budgets == [7, 5, 3, 1]
    assert steps == 7


@pytest.mark.parametrize("worse", [[-3.0, -3.0, 3.0], [np.nan, 0.0, 0.0]])
def test_a_solver_that_goes_astray_is_not_followed(
    worse: list[float], problem: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = SimpleNamespace(x=np.array(worse), nit=1, nfev=1)
    monkeypatch.setattr(bounded, "_l_bfgs_b", lambda *_: answer)
    monkeypatch.setattr(bounded, "_sharpen", keep)
    assert minimise(problem, Bound("box", 3.0), np.ones(3), 10, tol=1e-9)[0].tolist() == [1.0, 1.0, 1.0]
