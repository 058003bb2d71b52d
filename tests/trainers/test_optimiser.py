import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from study.datasets.dataset import Floats
from study.trainers.fit import Bound, Stop
from study.trainers.layers import initial_weights, outputs, value_and_gradient, weight_matrices
from study.trainers.network import network
from study.trainers.optimiser import Optimiser
from study.trainers.sigmoid_unit import sigmoid_unit

MASK = 2**64 - 1
MOMENTUM: dict[str, Any] = {"rule": "descent", "learning_rate": 0.3, "momentum": 0.9}
ADAM: dict[str, Any] = {"rule": "adam", "learning_rate": 0.05, "betas": (0.8, 0.95)}
ADAMW: dict[str, Any] = {"rule": "adamw", "learning_rate": 0.05, "weight_decay": 0.3}


def some_points(n_classes: int = 2, n: int = 7) -> tuple[Floats, Floats, np.random.Generator]:
    rng = np.random.default_rng(n_classes)
    y = np.arange(n) % n_classes
    return rng.normal(size=(n, 2)), np.where(y == 0, 1.0, -1.0) if n_classes == 2 else y.astype(float), rng


def shuffle(order: list[int], state: int) -> int:
    """Shuffle a list as Durstenfeld does, by the numbers of splitmix64."""
    for i in range(len(order) - 1, 0, -1):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        j = (((z ^ (z >> 31)) >> 32) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return state


def literal(
    X: Floats, y: Floats, w: Floats, weight: Floats, how: Optimiser, passes: int, seed: int, R: float, **net: Any
) -> Floats:
    """Train as the sources of `Optimiser` write it, one array after another."""
    n, t, m, v = len(y), 0, np.zeros_like(w), np.zeros_like(w)
    size, order, w = how.batch_size or len(y), list(range(len(y))), np.clip(w, -R, R)
    last = passes * int(np.ceil(n / size))
    for _ in range(passes):
        if size < n:
            seed = shuffle(order, seed)
        for first in range(0, n, size):
            batch = order[first : first + size]
            share = weight[batch] / weight.mean() / len(batch)
            g = value_and_gradient(w, X[batch], y[batch], share, loss="cross-entropy", eps=0.0, **net)[1]
            if how.clip is not None:
                g = g * min(1.0, how.clip / float(np.linalg.norm(g)))
            rate = how.learning_rate
            if how.schedule == "cosine":
                rate *= (1.0 + np.cos(np.pi * t / last)) / 2.0
            t += 1
            if how.rule == "descent":
                m = how.momentum * m + g + how.weight_decay * w
                w = w - rate * m
            else:
                decoupled = how.rule == "adamw"
                g = g + (0.0 if decoupled else how.weight_decay) * w
                b1, b2 = how.betas
                m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g**2
                move = m / (1.0 - b1**t) / (np.sqrt(v / (1.0 - b2**t)) + how.epsilon)
                w = w - rate * (move + (how.weight_decay * w if decoupled else 0.0))
            w = np.clip(w, -R, R)
    return w


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("layers", [(1,), (3, 2, 1), (4, 3)])
@pytest.mark.parametrize(
    "options",
    [
        MOMENTUM | {"weight_decay": 0.1},
        MOMENTUM | {"batch_size": 3, "clip": 0.2},
        ADAM | {"weight_decay": 0.1, "schedule": "cosine"},
        ADAMW | {"batch_size": 2, "schedule": "cosine", "clip": 0.5, "epsilon": 1e-3},
    ],
)
def test_each_rule_is_its_literal_loop(options: dict[str, Any], layers: tuple[int, ...], activation: Any) -> None:
    X, y, rng = some_points(max(2, layers[-1]))
    weight, R, passes, how = rng.uniform(1, 3, len(y)), 1.5, 9, Optimiser(**options)
    net: dict[str, Any] = {"layers": layers, "activation": activation}
    w0 = initial_weights(2, layers, scale=1.0, rng=rng)
    seed = int(np.random.default_rng(5).integers(2**64, size=(), dtype=np.uint64))
    fit = network(
        X, y, **net, w0=w0, sample_weight=weight, bound=Bound("box", R), method=how, max_steps=passes, tol=0.0,
        rng=np.random.default_rng(5),
    )  # fmt: skip
    # 1e-9: another order of the same sums, drawn apart by Adam where a gradient is nearly zero.
    np.testing.assert_allclose(fit.w, literal(X, y, w0, weight, how, passes, seed, R, **net), rtol=1e-9, atol=1e-11)
    assert fit.n_updates == passes * -(-len(y) // (how.batch_size or len(y)))
    share = weight / weight.sum()
    np.testing.assert_allclose(
        fit.loss, value_and_gradient(fit.w, X, y, share, layers, "cross-entropy", 0.0, activation)[0]
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("activation", "name"), [("sigmoid", "logistic"), ("tanh", "tanh"), ("relu", "relu")])
@pytest.mark.parametrize("options", [MOMENTUM, ADAM])
def test_each_step_is_scikit_learns(options: dict[str, Any], activation: Any, name: str, n_classes: int) -> None:
    X, y, rng = some_points(n_classes, n=9)
    layers = (3, 4, 1 if n_classes == 2 else 3)
    w = initial_weights(2, layers, scale=1.0, rng=rng)
    adam = options["rule"] == "adam"
    rest: dict[str, Any] = dict(zip(("beta_1", "beta_2"), ADAM["betas"], strict=True)) | {"epsilon": 1e-300}
    if not adam:
        rest = {"momentum": 0.9, "nesterovs_momentum": False}
    peer = MLPClassifier(
        (3, 4), activation=name, solver="adam" if adam else "sgd", alpha=0.0, batch_size=9, shuffle=False,
        learning_rate_init=options["learning_rate"], **rest,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.partial_fit(X, y, classes=np.unique(y))
        for k, matrix in enumerate(weight_matrices(w, 2, layers)):
            peer.coefs_[k][:], peer.intercepts_[k][:] = matrix[:-1], matrix[-1]
        del peer._optimizer  # and its memory of the first step
        for step in range(1, 21):
            peer.partial_fit(X, y)
            how = Optimiser(**options | ({"epsilon": 1e-300} if adam else {}))
            fit = network(X, y, layers=layers, w0=w, activation=activation, method=how, max_steps=step, tol=0.0)
            for k, matrix in enumerate(weight_matrices(fit.w, 2, layers)):
                np.testing.assert_allclose(matrix[:-1], peer.coefs_[k], rtol=1e-7, atol=1e-9)
                np.testing.assert_allclose(matrix[-1], peer.intercepts_[k], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("options", [MOMENTUM, ADAM, ADAMW])
def test_each_step_is_pytorchs(options: dict[str, Any]) -> None:
    """Clipping, decay of both kinds and the cosine schedule, in a 2-16-1 network; run where PyTorch is at hand."""
    torch = pytest.importorskip("torch")
    X, y, rng = some_points(n=20)
    layers, passes = (16, 1), 60
    options = options | {"weight_decay": 0.1, "clip": 0.05, "schedule": "cosine"}
    w0 = initial_weights(2, layers, scale=0.5, rng=rng)
    values = [torch.tensor(W, requires_grad=True) for W in weight_matrices(w0.copy(), 2, layers)]
    named = {"descent": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    rest = {name: options[name] for name in ("momentum", "betas", "weight_decay") if name in options}
    optimiser = named[options["rule"]](values, lr=options["learning_rate"], **rest)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, passes)
    inputs, target = torch.tensor(X), torch.tensor((y + 1) / 2)
    for _ in range(passes):
        optimiser.zero_grad()
        hidden = torch.tanh(inputs @ values[0][:-1] + values[0][-1])
        theta = (hidden @ values[1][:-1] + values[1][-1])[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(theta, target).backward()
        torch.nn.utils.clip_grad_norm_(values, options["clip"])
        optimiser.step()
        schedule.step()
    fit = network(X, y, layers=layers, w0=w0, activation="tanh", method=Optimiser(**options), max_steps=passes, tol=0.0)
    for matrix, value in zip(weight_matrices(fit.w, 2, layers), values, strict=True):
        # PyTorch divides by the norm plus 1e-6, which is a share of 2e-5 of the clip.
        np.testing.assert_allclose(matrix, value.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_two_outputs_are_the_unit_of_their_difference() -> None:
    X, y, rng = some_points()
    w = rng.normal(size=(3, 2))
    share = np.full(len(y), 1.0 / len(y))
    value, gradient = value_and_gradient(w.ravel(), X, (y > 0).astype(float), share, (2,), "cross-entropy", 0.0)
    one = value_and_gradient(w[:, 1] - w[:, 0], X, y, share, (1,), "cross-entropy", 0.0)
    np.testing.assert_allclose(value, one[0], rtol=1e-14)
    np.testing.assert_allclose(gradient.reshape(3, 2), np.stack([-one[1], one[1]], axis=1), rtol=1e-12, atol=1e-15)


def test_a_softmax_separates_three_classes() -> None:
    X = np.array([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]]).repeat(4, axis=0) + some_points(n=12)[0] / 10.0
    y = np.arange(3).repeat(4)
    for method in ("L-BFGS-B", "spectral", Optimiser(rule="adam", learning_rate=0.1)):
        fit = network(X, y, layers=(3,), w0=np.zeros(9), method=method, max_steps=100)
        assert (outputs(fit.w, X, (3,)).argmax(axis=-1) == y).all()


def test_plain_steps_are_descent_to_the_bit() -> None:
    X, y, rng = some_points()
    w0 = initial_weights(2, (3, 1), scale=1.0, rng=rng)
    options: dict[str, Any] = {"layers": (3, 1), "w0": w0, "max_steps": 50}
    plain = network(X, y, **options, method="descent", learning_rate=0.7)
    assert np.array_equal(network(X, y, **options, method=Optimiser(rule="descent", learning_rate=0.7)).w, plain.w)


def test_a_stack_is_a_loop_that_draws_from_one_generator() -> None:
    rng = np.random.default_rng(0)
    X, y, w0 = rng.normal(size=(4, 9, 2)), np.where(np.arange(9) % 2, 1.0, -1.0), rng.normal(size=9)
    how: dict[str, Any] = {"layers": (2, 1), "w0": w0, "method": Optimiser(**ADAMW, batch_size=4), "max_steps": 20}
    stack = network(X, y, **how, rng=np.random.default_rng(3))
    one = np.random.default_rng(3)
    assert np.array_equal(stack.w, [network(points, y, **how, rng=one).w for points in X])
    assert not np.array_equal(stack.w, network(X, y, **how, rng=one).w)


def test_adamw_rests_in_the_box_of_one_over_its_decay() -> None:
    X = np.array([[side * x, z] for side in (1, -1) for x in (1, 2) for z in (1, -1)] + [[-1, 2]], float)
    y, weight = np.append(np.sign(X[:-1, 0]), 1.0), np.append(np.full(8, 5.0), 1.0)
    how = Optimiser(rule="adamw", learning_rate=0.02, betas=(0.9, 0.99), weight_decay=0.5, schedule="cosine")
    fit = network(X, y, layers=(1,), w0=np.zeros(3), sample_weight=weight, method=how, max_steps=4000)
    best = sigmoid_unit(X, y, sample_weight=weight, bound=Bound("box", 2.0), method="newton")
    assert best.w[0] == 2.0
    np.testing.assert_allclose(fit.w, best.w, atol=3e-3)  # of the last steps


def test_it_is_said_since_when_all_are_right() -> None:
    X, y = np.array([[1.0], [2.0], [-0.1]]), np.array([1.0, 1.0, -1.0])
    options: dict[str, Any] = {
        "layers": (1,),
        "w0": np.zeros(2),
        "method": Optimiser(rule="descent", learning_rate=0.5),
    }
    right = [(y * outputs(network(X, y, **options, max_steps=k).w, X, (1,)) > 0).all() for k in range(1, 60)]
    since = int(np.argmax(right)) + 1
    assert 1 < since < 50
    assert all(right[since - 1 :])
    assert network(X, y, **options, max_steps=59).right_since == since
    assert network(X, y, **options, max_steps=since - 1).right_since == -1


def test_a_rate_that_diverges_stops_as_not_finite() -> None:
    X, y, rng = some_points()
    w0 = initial_weights(2, (3, 1), scale=1.0, rng=rng)
    how = Optimiser(rule="descent", learning_rate=1e300)
    fit = network(1e10 * X, y, layers=(3, 1), w0=w0, activation="relu", method=how, max_steps=20)
    assert fit.stop == Stop.NOT_FINITE
