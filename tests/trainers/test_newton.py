"""The compiled solvers of the unit against theory and against scipy; the unit's own tests call all methods in turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import ortho_group

from study.datasets.published import four_points
from study.kernels import codes, unit
from study.trainers import solvers
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import LOSSES, Loss
from study.trainers.sigmoid_unit import sigmoid_unit

Floats = NDArray[np.float64]

NONE = Bound()
N_PROBLEMS = 300
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

    def mean_loss(self, loss: Loss, w: Floats) -> tuple[float, Floats]:
        """Return the weighted mean loss and its gradient as the lecture writes them, in o and d."""
        X = np.column_stack([self.X, np.ones(len(self.X))])
        z = X @ w
        o, d = expit(z), np.where(self.y > 0, 1.0 - self.eps, self.eps)
        share = self.sample_weight / self.sample_weight.sum()
        if loss == "cross-entropy":
            return float(share @ (d * np.logaddexp(0.0, -z) + (1.0 - d) * np.logaddexp(0.0, z))), share * (o - d) @ X
        off = o - d
        if loss == "threshold-quadratic":
            off = np.where(self.y * off > 0.0, 0.0, off)
        return float(share @ off**2) / 2.0, share * off * o * (1.0 - o) @ X

    def violation(self, loss: Loss, w: Floats) -> float:
        """Return how far the KKT conditions are from holding: the gradient itself where there is no bound."""
        gradient, R = self.mean_loss(loss, w)[1], self.bound.weight_bound
        if self.bound.shape == "none":
            return float(np.abs(gradient).max())
        step = w - gradient
        step = np.clip(step, -R, R) if self.bound.shape == "box" else step * min(1.0, R / float(np.linalg.norm(step)))
        return float(np.abs(w - step).max())

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


def mean(problem: Problem, loss: Loss, fit: Fit) -> float:
    """Return the mean loss that a fit tells."""
    return float(fit.loss) / (1.0 if loss == "cross-entropy" else float(problem.sample_weight.sum()))


# Minima


@pytest.mark.parametrize(
    ("shape", "at_zero"), [("none", True), ("none", False), ("box", False), ("ball", False)], ids=str
)
@pytest.mark.slow
def test_cross_entropy_is_never_above_what_scipy_finds(shape: Any, at_zero: bool) -> None:
    n_updates, n_resolved = 0, 0
    for problem in problems(shape):
        w0 = problem.w0 * (not at_zero)
        fit = problem.solve("cross-entropy", w0=w0)
        other = problem.solve("cross-entropy", w0=w0, method="L-BFGS-B")
        # Without a bound hard targets may have no minimum; a gradient of 1e-14 of the features is reached at 1e-9.
        slack = 1e-9 if shape == "none" and problem.eps == 0.0 else 1e-12
        assert fit.loss <= other.loss * (1 + 1e-9) + slack
        # Without a bound a start may be so far out that scipy stalls too.
        assert fit.stop == Stop.STATIONARY or (shape == "none" and not at_zero and fit.stop == Stop.STALLED)
        assert fit.stop != Stop.STATIONARY or problem.violation("cross-entropy", fit.w) <= TOL * problem.scale
        assert problem.is_inside(fit.w)
        # 1e-9: far out a loss is exp(-m) of a margin with m roundings.
        np.testing.assert_allclose(fit.loss, problem.mean_loss("cross-entropy", fit.w)[0], rtol=1e-9, atol=1e-15)
        n_updates, n_resolved = n_updates + int(fit.n_updates), n_resolved + int(fit.resolved == np.True_)
    # It is Newton's own work, in Newton's number of steps.
    assert n_updates <= 45 * N_PROBLEMS
    assert n_resolved <= N_PROBLEMS / 10  # most where all outputs saturate


@EACH_SHAPE
@pytest.mark.parametrize("loss", ["quadratic", "threshold-quadratic"])
def test_quadratic_losses_end_at_kkt_points_or_say_so(loss: Loss, shape: Any) -> None:
    n_short, n_updates, n_resolved = 0, 0, 0
    for problem in problems(shape):
        fit = problem.solve(loss)
        start = problem.mean_loss(loss, problem.bound.project(problem.w0))[0]
        violation = problem.violation(loss, fit.w)
        assert problem.is_inside(fit.w)
        assert fit.stop != Stop.STATIONARY or violation <= TOL * problem.scale
        assert mean(problem, loss, fit) <= start * (1 + 1e-12) + 1e-30  # 1e-12: 200 roundings
        np.testing.assert_allclose(mean(problem, loss, fit), problem.mean_loss(loss, fit.w)[0], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(fit.residual, violation, rtol=1e-6, atol=1e-12 * problem.scale)
        if fit.stop != Stop.STATIONARY:
            n_short += 1
            assert fit.stop in (Stop.STALLED, Stop.BUDGET_SPENT)
        n_updates, n_resolved = n_updates + int(fit.n_updates), n_resolved + int(fit.resolved == np.True_)
    assert n_short <= N_PROBLEMS / 10
    assert n_updates <= 60 * N_PROBLEMS
    assert n_resolved <= N_PROBLEMS / 8


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.slow
def test_a_step_leads_to_the_models_minimiser_inside_the_bound(shape: str) -> None:
    rng = np.random.default_rng(7)
    for p in range(1, 9):
        room, L, held = np.empty((p, p)), np.empty((p, p)), np.empty(p, np.bool_)
        for R in (0.05, 0.3, 1.0, 3.0):
            A = rng.normal(size=(p + 1, p))
            H, g, d, b, v = A.T @ A, 3.0 * rng.normal(size=p), np.empty(p), np.empty(p), np.empty(p)
            w = R * rng.choice([-1.0, 1.0, rng.uniform(-1.0, 1.0)], p)
            if shape == "box":
                assert unit._step_in_box(H, g, w, codes.BOX, R, room, L, b, d, held)
                gradient = g + H @ d
                violation = np.abs(d + w - np.clip(d + w - gradient, -R, R)).max()
                assert np.abs(w + d).max() <= R * (1 + 1e-15)
            else:
                w *= min(1.0, R / float(np.linalg.norm(w)))
                assert unit._step_in_ball(H, g, w, R, L, b, v, d)
                gradient = g + H @ d
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


# Stacks


@EACH_SHAPE
@EACH_LOSS
def test_a_stack_is_a_loop_to_the_bit(loss: Loss, shape: Any) -> None:
    rng = np.random.default_rng(2)
    bound = NONE if shape == "none" else Bound(shape, 3.0)
    X, y = 3.0 * rng.normal(size=(2, 1, 1, 30, 4)), np.where(np.arange(30) % 3, 1.0, -1.0)
    weight, w0 = rng.uniform(1.0, 9.0, (3, 1, 30)), rng.normal(size=(4, 5))
    arguments: dict[str, Any] = {"loss": loss, "eps": 0.1, "bound": bound, "method": "newton"}
    fit = sigmoid_unit(X, y, sample_weight=weight, w0=w0, **arguments)
    assert fit.w.shape == (2, 3, 4, 5)
    assert fit.path is None
    for i, j, k in np.ndindex(2, 3, 4):
        alone = sigmoid_unit(X[i, 0, 0], y, sample_weight=weight[j, 0], w0=w0[k], **arguments)
        for name in ("w", "stop", "n_updates", "n_passes", "loss", "residual", "resolved"):
            one, own = getattr(fit, name), getattr(alone, name)
            assert one.shape[:3] == (2, 3, 4)
            assert own.shape == one.shape[3:]
            assert np.array_equal(one[i, j, k], own)


def test_what_the_compiled_loop_leaves_unsolved_is_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data, far = four_points([1.0, 10.0]), np.array([9.0, -9.0, 9.0])
    best = sigmoid_unit(data.X, data.y, eps=0.1, method="newton")
    assert best.resolved is not None
    assert best.resolved.tolist() == [False, False]
    assert sigmoid_unit(data.X, data.y).resolved is None
    # The second set starts too far off for one step.
    arguments: dict[str, Any] = {"eps": 0.1, "w0": [best.w[0], far], "method": "newton", "max_steps": 1}
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


# Weights and invariances


@EACH_SHAPE
@EACH_LOSS
def test_whole_weights_are_copies(loss: Loss, shape: Any) -> None:
    rng = np.random.default_rng(3)
    for problem in problems(shape, n=20, seed=4):
        if loss != "cross-entropy" and problem.scale > 30.0:
            continue  # not convex: on points so ill scaled the last bit decides which minimum is reached
        copies = rng.integers(1, 4, len(problem.y))
        start, eps = np.zeros_like(problem.w0), 0.1  # so that there is a minimum, and one path to it
        weighted = problem.solve(loss, sample_weight=copies, w0=start, eps=eps)
        copied = problem.solve(
            loss, X=np.repeat(problem.X, copies, axis=0), y=np.repeat(problem.y, copies), sample_weight=None,
            w0=start, eps=eps,
        )  # fmt: skip
        np.testing.assert_allclose(weighted.loss, copied.loss, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bound", [NONE, Bound("ball", 1.5)], ids=lambda bound: bound.shape)
@EACH_LOSS
def test_rotating_the_points_rotates_the_weights(loss: Loss, bound: Bound) -> None:
    rng = np.random.default_rng(5)
    for n_features in (2, 5, 10):
        X, y = rng.normal(size=(60, n_features)), np.where(np.arange(60) % 2, 1.0, -1.0)
        turn = np.eye(n_features + 1)
        turn[:-1, :-1] = ortho_group.rvs(n_features, random_state=rng)
        problem = Problem(X, y, np.ones(60), 0.1, bound, 0.1 * rng.normal(size=n_features + 1))
        fit = problem.solve(loss)
        turned = problem.solve(loss, X=X @ turn[:-1, :-1].T, w0=turn @ problem.w0)
        assert bound is NONE or np.linalg.norm(fit.w) <= 1.5 * (1 + 1e-15)
        np.testing.assert_allclose(turned.w, turn @ fit.w, rtol=0, atol=1e-7)  # 1e-9 over the least curvature


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
