"""What is said of a fit is so: no loss called the least is above it, whatever the bound, the features and the margins.

The references are minima in 400 bits by Newton's method; as the cross-entropy is convex, the KKT conditions prove them.
"""

from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from numpy.typing import NDArray

from study.estimators import BoundedSigmoidClassifier
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Stop
from study.trainers.losses import Loss
from study.trainers.sigmoid_unit import sigmoid_unit

Floats = NDArray[np.float64]
Arbs = list[Any]

X4, Y4 = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [-1.5, 2.0]]), np.array([1.0, 1.0, -1.0, -1.0])


def terms(Z: list[Arbs], share: Arbs, eps: float, penalty: Arbs, w: Arbs) -> tuple[Any, Arbs, list[Arbs]]:
    """Return the mean cross-entropy with the penalty, its gradient and its Hessian."""
    p = len(w)
    f = sum((a * x * x for a, x in zip(penalty, w, strict=True)), arb(0)) / 2
    g = [a * x for a, x in zip(penalty, w, strict=True)]
    H = [[penalty[j] if j == k else arb(0) for k in range(p)] for j in range(p)]
    for z, s in zip(Z, share, strict=True):
        m = sum((a * b for a, b in zip(z, w, strict=True)), arb(0))
        q = 1 / (1 + m.exp())
        f += s * ((-m).exp().log1p() + eps * m)
        for j in range(p):
            g[j] += s * (eps - q) * z[j]
            for k in range(p):
                H[j][k] += s * q * (1 - q) * z[j] * z[k]
    return f, g, H


def excess_and_angle(
    X: Floats, y: Floats, w: Floats, bound: Bound, eps: float, weight: Floats, C: float = np.inf, bias: str = "free"
) -> tuple[float, float]:
    """Return by which share the objective at w exceeds the least one, and the angle to the weights that have it.

    The least one is sought on the part of the bound's surface that w lies on.
    """
    R, p = bound.weight_bound, w.size
    before, ctx.prec = ctx.prec, 400
    try:
        Z = [[arb(float(label)) * arb(float(x)) for x in [*row, 1.0]] for row, label in zip(X, y, strict=True)]
        share = [arb(float(s)) / arb(float(weight.sum())) for s in weight]
        counted = [*([1] * (p - 1)), int(bias == "penalised")]
        penalty = [arb(0) if np.isinf(C) else arb(k) / (arb(C) * arb(float(weight.sum()))) for k in counted]
        v = [arb(float(x)) for x in w]
        found = terms(Z, share, eps, penalty, v)[0]
        held = (np.abs(w) >= R) if bound.shape == "box" else np.zeros(p, bool)
        sphere = bound.shape == "ball" and np.linalg.norm(w) >= R * (1 - 1e-9)
        free = np.flatnonzero(~held)
        f, g, H = terms(Z, share, eps, penalty, v)
        pull = -sum((a * b for a, b in zip(g, v, strict=True)), arb(0)) / arb(R) ** 2 if sphere else arb(0)
        for _ in range(60 if free.size else 0):
            A = [[H[j][k] + (pull if j == k else 0) for k in free] + ([v[j]] if sphere else []) for j in free]
            b = [[-(g[j] + pull * v[j])] for j in free]
            if sphere:
                A.append([*v, arb(0)])
                b.append([(arb(R) ** 2 - sum((a * a for a in v), arb(0))) / 2])
            step = [row[0].mid() for row in arb_mat(A).solve(arb_mat(b)).tolist()]
            for j, d in zip(free, step, strict=False):
                v[j] = (v[j] + d).mid()
            pull = (pull + step[-1]).mid() if sphere else pull
            f, g, H = terms(Z, share, eps, penalty, v)
            if max(abs(float(d)) for d in step[: free.size]) < 1e-40:
                break
        else:
            assert not free.size, "no minimum was found"
        least = np.array([float(x.mid()) for x in v])
        slope = np.array([float((x / f).mid()) for x in g])
        assert (slope[held] * least[held] <= 0.0).all(), "a held weight is pulled inside"
        assert float((pull / f).mid()) >= 0.0
        assert np.isinf(R) or (np.linalg.norm(least) if sphere else np.abs(least).max()) <= R * (1 + 1e-15)
        unit, other = w / np.linalg.norm(w), least / np.linalg.norm(least)
        return float(((found - f) / f).mid()), float(np.linalg.norm(unit - other))
    finally:
        ctx.prec = before


# Wide bounds


@pytest.mark.parametrize("R", [100.0, 1e4, 1e6])
@pytest.mark.parametrize(("loss", "power"), [("cross-entropy", 1.0), ("quadratic", 2.0), ("threshold-quadratic", 2.0)])
def test_on_a_face_of_the_box_the_samples_farther_off_decide(loss: Loss, power: float, R: float) -> None:
    # The margins of two samples are least, R + b and R - b. The others, 2 R + v and 3 R / 2 - 2 v, balance where
    # exp(-power (2 R + v)) = 2 exp(-power (3 R / 2 - 2 v)).
    expected = [R, -R / 6.0 - np.log(2.0) / (3.0 * power), 0.0]
    fit = sigmoid_unit(X4, Y4, loss=loss, bound=Bound("box", R), method="newton")
    np.testing.assert_allclose(fit.w, expected, rtol=0, atol=1e-7)  # what samples farther off count
    assert fit.stop == Stop.STATIONARY
    best = best_separator(X4, Y4, loss=loss, bound=Bound("box", R))
    np.testing.assert_allclose(best.w, expected, rtol=0, atol=1e-7)
    ours = BoundedSigmoidClassifier(weight_bound=R, loss=loss).fit(X4, Y4)
    assert [*ours.coef_[0], *ours.intercept_] == fit.w.tolist()


@pytest.mark.parametrize("R", [30.0, 100.0, 1e4, 1e6])
@pytest.mark.parametrize("shape", ["box", "ball"])
def test_saturation_costs_no_accuracy(shape: Any, R: float) -> None:
    rng = np.random.default_rng(0)
    for n_samples, n_features in ((2, 1), (5, 2), (12, 2), (20, 3)):
        X, v = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
        X[0] = -X[1]
        y = np.where(X @ v > 0.0, 1.0, -1.0)
        X += y[:, None] * v
        bound = Bound(shape, R)
        fit = sigmoid_unit(X, y, bound=bound, method="newton")
        assert fit.stop == Stop.STATIONARY
        excess, angle = excess_and_angle(X, y, fit.w, bound, 0.0, np.ones(n_samples))
        assert excess <= 1e-9
        assert angle <= 1e-6


# The gap


def drawn(kind: str, shape: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Return what `sigmoid_unit` takes: a set whose least loss is hard to find or to tell."""
    n_samples, n_features = int(rng.integers(8, 31)), int(rng.integers(1, 6))
    X, v = rng.normal(size=(n_samples, n_features)), rng.normal(size=n_features)
    X[0] = -X[1]
    y = np.where(X @ v > 0.0, 1.0, -1.0)
    if kind == "thin":
        X -= np.outer((1.0 - 10.0 ** rng.uniform(-12.0, -6.0)) * (X @ v), v / (v @ v))
    elif kind == "large":
        X *= 10.0 ** rng.uniform(5.0, 8.0)
    elif kind == "small":
        X *= 10.0 ** rng.uniform(-8.0, -5.0)
    weight = 10.0 ** (rng.uniform(0.0, 3.0, n_samples) * (kind == "heavy"))
    bound = Bound() if shape == "none" else Bound(shape, 10.0 ** rng.uniform(-2.0, 2.0))
    eps = float(rng.choice([1e-12, 1e-3, 0.1] if shape == "none" else [0.0, 1e-12, 0.1]))
    return {"X": X, "y": y, "sample_weight": weight, "bound": bound, "eps": eps}


@pytest.mark.parametrize("shape", ["none", "box", "ball"])
@pytest.mark.parametrize("kind", ["plain", "thin", "large", "small", "heavy"])
def test_stationary_is_within_the_gap_of_the_least_loss(kind: str, shape: Any) -> None:
    rng, n_stationary = np.random.default_rng(1), 0
    for _ in range(12):
        problem = drawn(kind, shape, rng)
        fit = sigmoid_unit(**problem, method="newton")
        assert fit.gap is not None
        if fit.stop == Stop.STATIONARY:
            n_stationary += 1
            X, y, bound, eps, weight = (problem[name] for name in ("X", "y", "bound", "eps", "sample_weight"))
            excess, _ = excess_and_angle(X, y, fit.w, bound, eps, weight)
            assert excess <= fit.gap + 1e-14  # what is lost in rounding
            assert fit.gap <= 1e-9
    # Without a bound thin margins take weights so long that their own rounding may cost more.
    assert n_stationary >= (6 if (kind, shape) == ("thin", "none") else 10)


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("shape", ["none", "box", "ball"])
@pytest.mark.parametrize("kind", ["plain", "large", "small", "heavy"])
def test_a_penalty_leaves_one_minimum_and_it_is_found(kind: str, shape: Any, bias: Any) -> None:
    rng = np.random.default_rng(3)
    for C in 10.0 ** rng.uniform(-4.0, 15.0, 6):  # up to samples as far out as floats can tell
        problem = {**drawn(kind, shape, rng), "eps": float(rng.choice([0.0, 1e-3]))}
        fit = sigmoid_unit(**problem, C=C, bias=bias, method="newton")
        assert fit.gap is not None
        assert fit.stop == Stop.STATIONARY
        X, y, bound, eps, weight = (problem[name] for name in ("X", "y", "bound", "eps", "sample_weight"))
        excess, angle = excess_and_angle(X, y, fit.w, bound, eps, weight, C, bias)
        assert excess <= fit.gap + 1e-14  # what is lost in rounding
        assert angle <= 1e-8


@pytest.mark.parametrize("C", [np.inf, 30.0])
@pytest.mark.parametrize("shape", ["none", "box", "ball"])
def test_the_gap_of_any_method_bounds_the_excess(shape: Any, C: float) -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        problem = {**drawn("plain", shape, rng), "eps": 0.1, "C": C}
        best = sigmoid_unit(**problem, method="newton")
        rate = 0.5 if np.isinf(C) else 0.5 / (C * len(problem["y"]))
        for options in ({"method": "descent", "learning_rate": rate, "max_steps": 30}, {}, {"max_steps": 3}):
            fit = sigmoid_unit(**problem, **options)
            assert fit.gap is not None
            assert float(fit.loss - best.loss) <= float((fit.gap + 1e-15) * fit.loss)
            assert (fit.stop == Stop.STATIONARY) == (fit.gap <= 1e-9)


def test_the_gap_bounds_the_excess_of_weights_anywhere_on_a_sphere() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        X, y = rng.normal(size=(5, 2)), np.append([1.0, -1.0], rng.choice([-1.0, 1.0], 3))
        R, w = 10.0 ** rng.uniform(-1.0, 1.5), rng.normal(size=3)
        ball = Bound("ball", R)
        best = sigmoid_unit(X, y, bound=ball, method="newton")
        start = R * w / np.linalg.norm(w)
        fit = sigmoid_unit(X, y, bound=ball, w0=start, method="descent", learning_rate=1e-20, max_steps=1)
        assert fit.gap is not None
        assert float(fit.loss - best.loss) <= float((fit.gap + 1e-14) * fit.loss)


@pytest.mark.parametrize("limit", [{"eps": 1e-220, "bound": Bound("box", 1e4)}, {"C": 1e250, "bias": "penalised"}])
def test_a_loss_as_small_as_what_a_singular_hessian_is_raised_by_is_not_said_to_be_the_least(limit: Any) -> None:
    X = [[-0.8, 0.1, 0.4, -0.4], [-0.4, -1.2, 0.6, -0.7], [0.5, -1.5, 1.4, -1.0], [1.2, -0.5, 0.6, -0.1]]
    fit = sigmoid_unit(X, [1, -1, 1, 1], **{"bound": Bound("box", 1e3), **limit}, method="newton")
    assert fit.gap is not None
    assert (fit.stop == Stop.STATIONARY) == (fit.gap <= 1e-9)
    assert fit.stop == Stop.STALLED


# Points along less than all axes


@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
def test_what_lies_far_along_a_direction_as_thin_as_rounding_is_not_said_to_be_nothing(loss: Loss) -> None:
    # Three points that no line holds have any margins, so that each target is met; but by weights of 1e16.
    X = [[0.10346874798586222, -0.5149421039846244], [-0.10544417126275955, 0.5247733683834619],
         [-0.0786156504069285, 0.3912534868228511]]  # fmt: skip
    fit = sigmoid_unit(X, [1, -1, -1], loss=loss, eps=0.1, method="newton")
    assert fit.gap is not None
    assert fit.gap >= 1e-3
    assert fit.stop == Stop.STALLED


@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
def test_features_that_others_make_up_exactly_leave_nothing_open(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    for n in (3, 20):
        X, y = (
            np.round(1024.0 * rng.normal(size=(n, 2))) / 1024.0,
            np.append([1.0, -1.0], rng.choice([-1.0, 1.0], n - 2)),
        )
        zeros, least = np.zeros((n, 1)), sigmoid_unit(X, y, loss=loss, eps=0.1, method="newton").loss
        for made in ([X[:, :1]], [X.sum(axis=1, keepdims=True)], [zeros, 4.0 * X, X[:, :1]], [zeros + 0.3]):
            fit = sigmoid_unit(np.column_stack([*made, X]), y, loss=loss, eps=0.1, method="newton")
            assert fit.stop == Stop.STATIONARY
            np.testing.assert_allclose(fit.loss, least, rtol=1e-12, atol=1e-20)


def test_a_thin_direction_of_no_use_is_known_no_better_than_its_rounding_allows() -> None:
    y = np.repeat([1.0, -1.0], 6)
    for seed in (1, 4):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=12)
        slope, bias = sigmoid_unit(x[:, None], y, eps=0.1, method="newton").w
        pull, thin = 0.1 - 1.0 / (1.0 + np.exp(y * (slope * x + bias))), rng.normal(size=12)
        thin -= y * pull * ((y * pull) @ thin) / (pull @ pull)
        for length in (1e-12, 1e-13):
            X = np.column_stack([x, x + length * thin])
            fit = sigmoid_unit(X, y, eps=0.1, method="newton")
            assert fit.gap is not None
            assert excess_and_angle(X, y, fit.w, Bound(), 0.1, np.ones(12))[0] <= fit.gap


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_thin_points_are_stationary_where_the_loss_is_least_or_nothing_is_said(offset: float) -> None:
    rng, n_stationary, y = np.random.default_rng(3), 0, np.repeat([1.0, -1.0], 6)
    for exponent in (-15.0, -14.0, -13.0, -12.0, -12.0, -11.0, -5.0, -4.0):
        X = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 3)) + 10.0**exponent * rng.normal(size=(12, 3))
        X += offset * rng.normal(size=3)
        fit = sigmoid_unit(X, y, eps=0.1, method="newton")
        if fit.stop == Stop.STATIONARY:
            n_stationary += 1
            assert excess_and_angle(X, y, fit.w, Bound(), 0.1, np.ones(12))[0] <= 1e-9
    assert n_stationary >= 2


def test_two_points_far_from_the_origin_are_separated_as_far_as_the_bound_allows() -> None:
    X, y, R = [[4095.3000480331], [4095.2977648485]], [1, -1], 38.35331119084927
    free = sigmoid_unit(X, y, loss="quadratic", method="newton")
    assert free.stop == Stop.SEPARATED
    inside = sigmoid_unit(X, y, loss="quadratic", bound=Bound("box", R), method="newton")
    assert inside.stop == Stop.STATIONARY
    np.testing.assert_allclose(inside.w[-1], -R, rtol=1e-12)
    for bound in (Bound(), Bound("box", R)):  # the compiled loop alone stays near the origin, and says so
        assert sigmoid_unit(X, y, loss="quadratic", bound=bound, method="compiled").stop == Stop.STALLED


def test_a_loss_that_is_its_own_slope_is_not_taken_for_one_without_a_minimum() -> None:
    X, y = [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0], [2.0, 2.0]], [1, -1, 1, -1]  # sum of slopes and loss: 1/8, at zero
    fit = sigmoid_unit(X, y, loss="quadratic", method="newton")
    assert fit.stop == Stop.STATIONARY
    np.testing.assert_array_equal(fit.w, 0.0)


def test_where_there_is_no_minimum_the_gap_says_so() -> None:
    for method in ("newton", "L-BFGS-B"):
        fit = sigmoid_unit(X4, Y4, method=method)
        assert fit.stop == Stop.SEPARATED
        assert fit.gap == 1.0


def test_the_reference_says_where_saturation_stalls_it() -> None:
    fit = sigmoid_unit(X4, Y4, bound=Bound("box", 100.0))
    assert fit.gap is not None
    assert fit.gap > 1e-9
    assert fit.stop == Stop.STALLED
