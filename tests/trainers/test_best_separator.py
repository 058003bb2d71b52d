from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog, nnls

from study.analysis.separation import separates
from study.datasets.generators import make_boxes
from study.datasets.published import four_points
from study.datasets.spoilers import add_spoilers
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Stop
from study.trainers.losses import LOSSES, Loss, Objective, convention, objective
from study.trainers.max_margin import max_margin
from study.trainers.sigmoid_unit import sigmoid_unit
from tests.law.geometries import corners

Floats = NDArray[np.float64]

FOUR = four_points(10.0)
EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
EACH_SHAPE = pytest.mark.parametrize("shape", ["box", "ball"])


@dataclass(frozen=True)
class Problem:
    X: Floats
    y: Floats
    sample_weight: Floats
    eps: float
    bound: Bound

    @property
    def arguments(self) -> dict[str, Any]:
        """What unit and separator are both given."""
        return vars(self)

    def objective(self, loss: Loss) -> Objective:
        return objective(self.X, self.y, self.sample_weight, loss, self.eps)


def problems(shape: Any) -> list[Problem]:
    """Return boxes with heavy base points and a spoiler or two: about two optima out of three do not separate."""
    rng, found = np.random.default_rng(0), []
    for _ in range(25):
        base = make_boxes(
            int(rng.integers(4, 30)), int(rng.integers(2, 6)), gap=rng.uniform(0.1, 2.0), spread=rng.uniform(0.2, 2.0),
            rotation="random", scale=10.0 ** rng.uniform(-1.0, 1.0), rng=rng,
        )  # fmt: skip
        assert base.frame is not None
        depth = rng.uniform(0.2, 4.0) * base.frame.margin
        offset = 1.2 * base.frame.spread * depth / base.frame.margin
        data = add_spoilers(base, int(rng.integers(1, 3)), depth=depth, offset=offset, both_classes=rng.random() < 0.5)
        X = data.X + rng.choice([0.0, 1.0]) * rng.normal(size=data.X.shape[-1])
        weight = np.where(data.is_spoiler, 1.0, 10.0 ** rng.uniform(0.0, 4.0))
        bound = Bound(shape, 10.0 ** rng.uniform(-0.5, 1.3))
        found.append(Problem(X, data.y.astype(float), weight, float(rng.choice([0.0, 0.1])), bound))
    return found


def lowest_slope(problem: Problem, loss: Loss, w: Floats) -> float:
    """Return the least g.(v - w) over all v inside the bound without a negative margin, g the gradient at w.

    Never above zero; at zero w is stationary, and a convex loss is within its size of the lowest.
    """
    part, R = problem.objective(loss), problem.bound.weight_bound
    g = part.value_and_gradient(w)[1]
    size = max(float(np.abs(g).max()), 1e-300)
    if problem.bound.shape == "box":
        least = linprog(g / size, A_ub=-part.Z, b_ub=np.zeros(len(part.Z)), bounds=(-R, R), method="highs").fun
    else:  # the projection of -g on the cone of separators is what the cone's polar leaves of it
        least = -R * nnls(part.Z.T, g / size)[1]
    return size * float(least - g / size @ w)


@EACH_SHAPE
@EACH_LOSS
def test_the_lowest_loss_of_a_separator(loss: Loss, shape: Any) -> None:
    n_separated, rng = 0, np.random.default_rng(1)
    for problem in problems(shape):
        fit = best_separator(loss=loss, **problem.arguments)
        part, R = problem.objective(loss), problem.bound.weight_bound
        value = float(part.value_and_gradient(fit.w)[0])
        assert fit.stop == Stop.STATIONARY
        np.testing.assert_allclose(fit.loss, value * convention(loss, problem.sample_weight.sum()), rtol=1e-12)
        margins = part.Z @ fit.w
        assert margins.min() >= -1e-12 * np.abs(margins).max()
        assert fit.residual == max(0.0, -margins.min()) / np.abs(margins).max()
        assert np.abs(fit.w).max() <= R if shape == "box" else np.linalg.norm(fit.w) <= R * (1 + 1e-14)
        # For the cross-entropy this proves the lowest loss, else a stationary one.
        digits = 1e-5 if loss == "cross-entropy" else 1e-4
        assert lowest_slope(problem, loss, fit.w) >= -digits * value - 1e-15
        # Against the unit: the same where the unit separates, strictly more where it does not.
        w0 = np.vstack([np.zeros_like(fit.w), fit.w, R * rng.uniform(-1.0, 1.0, (5, fit.w.size))])
        free = sigmoid_unit(loss=loss, **problem.arguments, w0=w0, method="newton")
        lowest = free.loss.argmin()
        if separates(free.w[lowest], problem.X, problem.y):
            n_separated += 1
            assert loss != "cross-entropy" or (fit.n_updates == 0 and fit.n_passes == 1)  # nothing is left to search
            np.testing.assert_allclose(fit.loss, free.loss[lowest], rtol=1e-9, atol=1e-30)
        else:
            assert fit.loss > free.loss[lowest]
        # Other separators, from the widest to the narrowest, short and long, have no lower loss.
        widest = max_margin(problem.X, problem.y).w
        others = widest + np.linalg.norm(widest) * 10.0 ** rng.uniform(-3.0, 0.0, (400, 1)) * rng.normal(
            size=(400, widest.size)
        )
        others = others[(others @ part.Z.T >= 0.0).all(axis=-1)][:200]
        size = np.abs(others).max(axis=-1) if shape == "box" else np.linalg.norm(others, axis=-1)
        others *= (R * rng.uniform(0.0, 1.0, len(others)) ** 0.2 / size)[:, None]
        assert len(others) >= 20
        assert min(part.value_and_gradient(w)[0] for w in others) >= value
    assert 5 <= n_separated <= 20


@EACH_SHAPE
@EACH_LOSS
def test_the_lowest_loss_never_rises_with_the_bound(loss: Loss, shape: Any) -> None:
    for problem in problems(shape)[::4]:
        losses = [
            best_separator(
                loss=loss, **{**problem.arguments, "bound": Bound(shape, problem.bound.weight_bound * factor)}
            ).loss
            for factor in (1 / 3, 1.0, 3.0)
        ]
        assert (np.diff(losses) <= 1e-7 * np.array(losses[:-1]) + 1e-12).all()


# Eight base points in the corners of two boxes, and a spoiler

NINE, LABELS, _ = corners()


def nine(R: float, N: float) -> dict[str, Any]:
    return {"X": NINE, "y": LABELS, "sample_weight": np.append(np.full(8, N / 8), 1.0), "bound": Bound("box", R)}


@pytest.mark.parametrize(
    ("loss", "R", "threshold", "near"),
    [
        ("cross-entropy", 12.0, 1844.0, 1.01),
        ("quadratic", 12.0, 186_900.0, 1.01),
        ("cross-entropy", 4.0, 4.559 * np.exp(2.0), 2.0),  # the laws hold for large R
        ("quadratic", 4.0, 1.140 * np.exp(4.0), 2.0),
    ],
)
def test_the_unit_gives_the_spoiler_up_at_the_threshold(loss: Loss, R: float, threshold: float, near: float) -> None:
    w0 = np.random.default_rng(0).uniform(-R, R, (20, 3))
    for factor in (0.5, 1 / near, near, 2.0):
        arguments = nine(R, factor * threshold)
        fit = sigmoid_unit(**arguments, loss=loss, w0=w0, method="newton")
        lowest = fit.loss.argmin()
        assert fit.stop[lowest] == Stop.STATIONARY
        assert separates(fit.w[lowest], NINE, LABELS) == (factor < 1.0)
        best = best_separator(**arguments, loss=loss)
        if factor < 1.0:
            np.testing.assert_allclose(best.loss, fit.loss[lowest], rtol=1e-9)
        else:
            assert best.loss > fit.loss[lowest] * (1 + 1e-6)
            np.testing.assert_allclose(best.w @ [-1.0, 2.0, 1.0], 0.0, rtol=0, atol=1e-9 * R)


@EACH_SHAPE
@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
def test_once_it_costs_the_spoiler_is_on_the_boundary_whatever_the_others_weigh(loss: Loss, shape: Any) -> None:
    arguments = {**nine(12.0, 1e12), "bound": Bound(shape, 12.0)}
    heavy = best_separator(**arguments, loss=loss)
    light = best_separator(**{**arguments, "sample_weight": np.append(np.full(8, 1e6 / 8), 1.0)}, loss=loss)
    np.testing.assert_allclose(heavy.w, light.w, rtol=0, atol=1e-5)  # the loss is flat there
    np.testing.assert_allclose(heavy.w @ [-1.0, 2.0, 1.0], 0.0, rtol=0, atol=1e-9)


# Outcomes


@EACH_SHAPE
@EACH_LOSS
@pytest.mark.parametrize(("X", "y"), [([[1.0], [-1.0]], [1, -1]), (FOUR.X, FOUR.y)], ids=["two", "four"])
def test_where_nothing_is_given_up_the_unit_is_the_best_separator(X: Any, y: Any, loss: Loss, shape: Any) -> None:
    for R in (3.0, 30.0, 800.0):
        arguments: dict[str, Any] = {"loss": loss, "bound": Bound(shape, R)}
        unit, best = sigmoid_unit(X, y, **arguments, method="newton"), best_separator(X, y, **arguments)
        assert separates(unit.w, X, y)
        # 1e-11: on the plateau of the quadratic losses a gradient of 1e-14 is called stationary.
        np.testing.assert_allclose(best.loss, unit.loss, rtol=1e-9, atol=1e-11)


@EACH_SHAPE
def test_what_cannot_be_separated_is_an_outcome(shape: Any) -> None:
    fit = best_separator([[1, 1], [-1, 1], [1, -1], [-1, -1]], [1, -1, -1, 1], bound=Bound(shape, 2.0))  # XOR
    assert fit.stop == Stop.NOT_SEPARABLE
    assert fit.residual == 1.0
    assert np.isnan([*fit.w, fit.loss]).all()
