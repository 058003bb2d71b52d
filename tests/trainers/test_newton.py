"""The compiled solvers of the unit against theory and against scipy; the unit's own tests call all methods in turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from study.datasets.generators import make_gaussians
from study.datasets.published import four_points
from study.kernels import codes, quadratic_model
from study.trainers import solvers
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit
from tests import reference

Floats = NDArray[np.float64]

NONE = Bound()
N_PROBLEMS = 150
EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
EACH_SHAPE = pytest.mark.parametrize("shape", ["none", "box", "ball"])
TOL = 1e-9
"""What `sigmoid_unit` calls stationary, times the largest feature where that exceeds 1."""


@dataclass(frozen=True)
class Problem:
    X: Floats
    y: Floats
    sample_weight: Floats
    eps: float
    bound: Bound
    w0: Floats

    def solve(self, loss: Loss, **changed: Any) -> Fit:
        return sigmoid_unit(**{**vars(self), "loss": loss, "method": "newton", "max_steps": 300, **changed})

    @property
    def scale(self) -> float:
        return max(1.0, float(np.abs(self.X).max()))

    def mean_loss(self, loss: Loss, w: Floats) -> Any:
        return reference.mean_loss(loss, self.X, self.y, w, self.eps, self.sample_weight)

    def violation(self, loss: Loss, w: Floats) -> float:
        return reference.kkt_violation(w, self.mean_loss(loss, w)[1], self.bound)

    def is_inside(self, w: Floats) -> bool:
        size = np.linalg.norm(w) if self.bound.shape == "ball" else np.abs(w).max()
        return bool(size <= self.bound.weight_bound * (1.0 + 1e-15 * (self.bound.shape == "ball")))  # a norm is rounded


def problems(shape: Any, n: int = N_PROBLEMS, seed: int = 0) -> Iterator[Problem]:
    """Yield sets from 2 to 200 samples, from 1 to 20 features and from 1e-3 to 1e3 in size; half are far from zero."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        n_samples, n_features = int(np.exp(rng.uniform(np.log(2.0), np.log(201.0)))), int(rng.integers(1, 21))
        X, v = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
        noise = rng.choice([0.0, 1.0, 100.0])  # separable, nearly so, labels at random
        y = np.where(X @ v + noise * rng.normal(size=n_samples) > 0.0, 1.0, -1.0)
        y[:2] = [1.0, -1.0]
        X = 10.0 ** rng.uniform(-3.0, 3.0) * (X + rng.choice([0.0, 1.0]) * rng.normal(size=n_features))
        weight = 1e6 ** (rng.uniform(size=n_samples) * rng.choice([0.0, 1.0]))
        bound = NONE if shape == "none" else Bound(shape, 10.0 ** rng.uniform(-1.0, 1.5))
        w0 = rng.choice([0.0, 0.1, 1.0, 10.0]) * rng.normal(size=n_features + 1)
        yield Problem(X, y, weight, float(rng.choice([0.0, 0.1])), bound, w0)


# Minima


@EACH_SHAPE
@EACH_LOSS
def test_a_search_ends_at_a_kkt_point_or_says_so(loss: Loss, shape: Any) -> None:
    n_short, n_updates, n_resolved, convex = 0, 0, 0, loss == "cross-entropy"
    for k, problem in enumerate(problems(shape)):
        fit = problem.solve(loss)
        start = problem.mean_loss(loss, problem.bound.project(problem.w0))[0]
        value, violation = problem.mean_loss(loss, fit.w)[0], problem.violation(loss, fit.w)
        told = float(fit.loss) / (1.0 if convex else problem.sample_weight.sum())
        assert problem.is_inside(fit.w)
        assert fit.stop in (Stop.STATIONARY, Stop.SEPARATED, Stop.STALLED, Stop.BUDGET_SPENT)
        assert fit.stop != Stop.STATIONARY or violation <= TOL * problem.scale
        assert told <= start * (1 + 1e-12) + 1e-30  # 1e-12: 200 roundings
        # 1e-9: far out a loss is exp(-m) of a margin with m roundings.
        np.testing.assert_allclose(told, value, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(fit.residual, violation, rtol=1e-6, atol=1e-12 * problem.scale)
        if convex:  # without a bound a start may be so far out that all outputs saturate, or there is no minimum
            astray = shape == "none" and fit.stop == Stop.STALLED and problem.w0.any()
            assert fit.stop in (Stop.STATIONARY, Stop.SEPARATED) or astray
        if convex and (k < 40 or fit.stop != Stop.STATIONARY):  # elsewhere being stationary proves it
            other = problem.solve(loss, method="L-BFGS-B")
            # Without a bound hard targets may have no minimum; a gradient of 1e-14 of the features is reached at 1e-9.
            slack = 1e-9 if shape == "none" and problem.eps == 0.0 else 1e-12
            assert fit.loss <= other.loss * (1 + 1e-9) + slack
        n_short += fit.stop not in (Stop.STATIONARY, Stop.SEPARATED)
        n_updates, n_resolved = n_updates + int(fit.n_updates), n_resolved + int(fit.resolved == np.True_)
    # It is Newton's own work, in Newton's number of steps.
    assert n_short <= N_PROBLEMS / 10
    assert n_updates <= (45 if convex else 60) * N_PROBLEMS
    assert n_resolved <= N_PROBLEMS / (5 if shape == "none" else 8)  # most with more features than samples


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.slow
def test_a_step_leads_to_the_models_minimiser_inside_the_bound(shape: str) -> None:
    step = njit(lambda *arguments: quadratic_model.model_step(*arguments))  # helpers have no way in from Python
    make_small = njit(lambda p: quadratic_model.make_small(p))
    parts_of = njit(lambda small, p: quadratic_model.parts_of(small, p))
    code = codes.SHAPE_CODES[shape]
    rng = np.random.default_rng(7)
    for p in (*range(1, 10), 12, 21):
        whole, room, U, g, d, b, v, _, w = parts_of(make_small(p), p)
        H, held = whole[:, :p], np.empty(p, np.bool_)
        for R in (0.05, 0.3, 1.0, 3.0):
            A = rng.normal(size=(p + 1, p))
            H[:], g[:] = A.T @ A, 3.0 * rng.normal(size=p)
            w[:] = R * rng.choice([-1.0, 1.0, rng.uniform(-1.0, 1.0)], p)
            if shape == "ball":
                w *= min(1.0, R / float(np.linalg.norm(w)))
            assert step(whole, g, w, code, R, True, room, U, b, v, d, held) == quadratic_model.EXACT
            gradient = g + H @ d
            if shape == "box":
                violation = np.abs(d + w - np.clip(d + w - gradient, -R, R)).max()
                assert np.abs(w + d).max() <= R * (1 + 1e-15)
            else:
                multiplier = max(0.0, -float(gradient @ (w + d)) / R**2) * (np.linalg.norm(w + d) > 0.999 * R)
                violation = np.abs(gradient + multiplier * (w + d)).max()
                assert np.linalg.norm(w + d) <= R * (1 + 1e-14)
            assert violation <= 1e-9 * (np.abs(H).max() + np.abs(g).max())  # condition numbers of up to 1e5


def test_hundred_features() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(150, 100)), rng.choice([-1.0, 1.0], 150)
    for bound in (NONE, Bound("box", 0.3), Bound("ball", 2.0)):
        problem = Problem(X, y, np.ones(150), 0.1, bound, np.zeros(101))
        for loss in LOSSES:
            fit = problem.solve(loss)
            assert fit.stop == Stop.STATIONARY
            assert fit.n_updates <= 50 or fit.resolved
            assert problem.violation(loss, fit.w) <= TOL * problem.scale
        other = problem.solve("cross-entropy", method="L-BFGS-B", max_steps=10_000)
        np.testing.assert_allclose(problem.solve("cross-entropy").w, other.w, rtol=0, atol=1e-6)


@pytest.mark.parametrize("w0", [-1000.0, -40.0, -30.0, 40.0])
def test_a_saturated_start_leads_to_the_minimum(w0: float) -> None:
    fit = sigmoid_unit([[1.0], [-1.0]], [1, -1], eps=0.1, method="newton", w0=[w0, 0.0])
    np.testing.assert_allclose(fit.w, [np.log(9.0), 0.0], rtol=0, atol=1e-9)
    assert fit.stop == Stop.STATIONARY


# Numbers at the ends of the range


@EACH_SHAPE
@EACH_LOSS
@pytest.mark.parametrize("scale", [1e12, 1e200])
def test_endless_features_end_in_an_honest_outcome(scale: float, loss: Loss, shape: Any) -> None:
    data, bound = four_points(10.0), NONE if shape == "none" else Bound(shape, 1.0)
    fit = sigmoid_unit(
        scale * data.X, data.y, loss=loss, bound=bound, w0=[[0.0, 0.0, 0.0], [1.0, -1.0, 0.5]], method="newton",
        max_steps=50,
    )  # fmt: skip
    assert (fit.n_updates <= 50).all()
    assert (np.isfinite(fit.w).all(axis=-1) | (fit.stop == Stop.NOT_FINITE)).all()
    if loss == "cross-entropy":  # convex: nowhere is stationary that is above the loss of zero weights
        assert (fit.loss[fit.stop == Stop.STATIONARY] <= np.log(2.0)).all()


def test_what_the_compiled_loop_leaves_unsolved_is_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data, far, bound = four_points([1.0, 10.0]), np.array([9.0, -9.0, 9.0]), Bound("box", 20.0)
    best = sigmoid_unit(data.X, data.y, eps=0.1, bound=bound, method="newton")
    assert best.resolved is not None
    assert best.resolved.tolist() == [False, False]
    assert sigmoid_unit(data.X, data.y).resolved is None
    # The second set starts too far off for one step.
    arguments: dict[str, Any] = {
        "eps": 0.1, "w0": [best.w[0], far], "bound": bound, "method": "newton", "max_steps": 1
    }  # fmt: skip
    for answer, stop in ((best.w[1], Stop.STATIONARY), (2.0 * far, Stop.BUDGET_SPENT)):  # followed where it is lower
        monkeypatch.setattr(solvers, "minimise", lambda *_, answer=answer: (answer, 1, 1))
        fit = sigmoid_unit(data.X, data.y, **arguments)
        assert fit.resolved is not None
        assert fit.resolved.tolist() == [False, True]
        assert fit.stop.tolist() == [Stop.STATIONARY, stop]
        assert np.array_equal(fit.w[1], answer) == (stop == Stop.STATIONARY)
        alone = sigmoid_unit(data.X[1], data.y[1], **{**arguments, "w0": far})
        assert alone.resolved is not None
        assert alone.resolved.shape == ()
        assert np.array_equal(alone.w, fit.w[1])


# Descent


@EACH_SHAPE
@EACH_LOSS
def test_compiled_descent_is_the_literal_loop(loss: Loss, shape: Any) -> None:
    for problem in problems(shape, n=10, seed=6):
        rate = 0.5 / problem.scale**2  # of the mean loss; the quadratic losses are sums
        total = 1.0 if loss == "cross-entropy" else float(problem.sample_weight.sum())
        fit = problem.solve(loss, method="descent", learning_rate=rate / total, max_steps=40, tol=0.0, record_path=True)
        assert fit.path is not None
        w, R = problem.bound.project(problem.w0), problem.bound.weight_bound
        for recorded in fit.path:
            # 40 steps of 200 roundings each
            np.testing.assert_allclose(recorded, w, rtol=1e-9, atol=1e-10 * (1.0 + np.abs(w).max()))
            w = w - rate * problem.mean_loss(loss, w)[1]
            if shape == "box":
                w = np.minimum(np.maximum(w, -R), R)
            if shape == "ball":
                w = w * min(1.0, R / float(np.linalg.norm(w)))
        assert np.array_equal(fit.path[-1], fit.w)
        assert fit.n_updates == len(fit.path) - 1


@pytest.mark.parametrize("limits", [{"bound": Bound("box", 3.0)}, {"bound": Bound("ball", 3.0)}, {"C": 1.0}])
def test_the_first_step_of_the_cross_entropy_from_zero_is_a_longer_one(limits: dict[str, Any]) -> None:
    sets = make_gaussians(50, 2, size=200, rng=np.random.default_rng(0))
    fits = [
        sigmoid_unit(sets.X, sets.y, loss="cross-entropy", method="newton", w0=np.full(3, start), **limits)
        for start in (0.0, 1e-9)  # from other weights the step is that of the model
    ]
    long, short = (fit.n_passes.mean() for fit in fits)
    assert long < short - 0.5
    np.testing.assert_allclose(fits[0].w, fits[1].w, atol=1e-7)
