"""What holds of every rule: a stack is a loop, a weight is copies, and weights turn and change sign with the points."""

from collections.abc import Callable
from dataclasses import fields
from inspect import signature
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ortho_group

from study.trainers.best_separator import best_separator
from study.trainers.centroid import nearest_centroid
from study.trainers.fit import Bound, Fit
from study.trainers.layers import n_weights
from study.trainers.losses import LOSSES
from study.trainers.max_margin import max_margin
from study.trainers.network import network
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit
from study.trainers.soft_margin import soft_margin

Floats = NDArray[np.float64]
Rule = Callable[..., Fit]

LAYERS = (2, 1)
BOX, BALL = Bound("box", 1.5), Bound("ball", 1.5)
STEPS: dict[str, Any] = {"learning_rate": 0.1, "max_steps": 100}
RULES: dict[str, list[tuple[Rule, dict[str, Any]]]] = {
    "perceptron": [(perceptron, {"keep": keep, "max_updates": 300}) for keep in ("last", "average", "pocket")],
    "max margin": [(max_margin, {})],
    "centroid": [(nearest_centroid, {})],
    "soft margin": [(soft_margin, {"tol": 1e-9, "max_passes": 10**6})],
    "best separator": [(best_separator, {"loss": loss, "bound": b}) for loss, b in product(LOSSES, (BOX, BALL))],
    **{
        method: [
            (sigmoid_unit, {"loss": loss, "eps": 0.1, "bound": bound, "method": method} | steps)
            for loss, bound in product(LOSSES, (Bound(), BOX, BALL))
        ]
        for method, steps in (("L-BFGS-B", {}), ("newton", {}), ("descent", STEPS))
    },
    **{
        f"network, {method}": [(network, {"layers": LAYERS, "bound": BOX, "method": method} | steps)]
        for method, steps in (("spectral", {}), ("L-BFGS-B", {}), ("descent", STEPS), ("online", STEPS))
    },
}


def points(*, n_features: int = 3, separable: bool) -> tuple[Floats, Floats]:
    """Return twenty points that a plane through zero separates, but for four labels where they are not separable."""
    rng = np.random.default_rng(n_features)
    X = rng.normal(size=(20, n_features))
    y = np.sign(X[:, 0] - X[:, 1])
    X[:, :2] += 0.3 * y[:, None] * [1.0, -1.0]
    y[:4] *= 1.0 if separable else -1.0
    return X, y


def starts(rule: Rule, n_starts: int, n_features: int = 3) -> dict[str, Floats]:
    """Return weights to start from, in a row, where the rule takes any."""
    p = n_weights(n_features, LAYERS) if rule is network else n_features + 1
    return {"w0": np.random.default_rng(9).normal(size=(n_starts, p))} if takes(rule, "w0") else {}


def takes(rule: Rule, argument: str) -> bool:
    return argument in signature(rule).parameters


@pytest.mark.parametrize("name", RULES)
def test_a_stack_is_a_loop_to_the_bit(name: str) -> None:
    sets = [points(separable=separable) for separable in (True, False)]
    X, y = (np.stack(parts)[:, None, None] for parts in zip(*sets, strict=True))
    weight = np.random.default_rng(1).uniform(1.0, 9.0, (2, 1, 20))
    for rule, options in RULES[name]:
        given = starts(rule, 2) | ({"sample_weight": weight} if takes(rule, "sample_weight") else {})
        fit = rule(X, y, **given, **options)
        shape = np.broadcast_shapes((2, 1, 1), *(array.shape[:-1] for array in given.values()))
        assert fit.w.shape[:-1] == shape
        for i, j, k in np.ndindex(shape):
            own = {key: array[j, 0] if key == "sample_weight" else array[k] for key, array in given.items()}
            alone = rule(X[i, 0, 0], y[i, 0, 0], **own, **options)
            for field in fields(Fit):
                whole, part = getattr(fit, field.name), getattr(alone, field.name)
                if field.name != "path" and whole is not None:
                    assert np.array_equal(whole[i, j, k], part, equal_nan=field.name in ("w", "loss")), field.name
                    assert part.shape == whole.shape[3:]


WEIGHED = {name for name in RULES if takes(RULES[name][0][0], "sample_weight")} - {"network, online"}  # step by step


@pytest.mark.parametrize("name", sorted(WEIGHED))
def test_a_weight_counts_copies(name: str) -> None:
    copies = np.arange(20) % 4 + 1
    for rule, options in RULES[name]:
        X, y = points(separable=rule is best_separator)
        weighted = rule(X, y, sample_weight=copies, **starts(rule, 2), **options)
        copied = rule(np.repeat(X, copies, axis=0), np.repeat(y, copies), **starts(rule, 2), **options)
        np.testing.assert_allclose(weighted.w, copied.w, rtol=0, atol=1e-6, err_msg=str(options))
        np.testing.assert_allclose(weighted.loss, copied.loss, rtol=1e-9, err_msg=str(options))  # flat at a minimum


@pytest.mark.parametrize("name", [name for name in RULES if "network" not in name])
def test_weights_turn_with_the_points_and_change_sign_with_the_labels(name: str) -> None:
    for (rule, options), n_features in product(RULES[name], (2, 5)):
        X, y = points(n_features=n_features, separable=rule in (best_separator, max_margin))
        w0 = starts(rule, 2, n_features)
        turn = np.eye(n_features + 1)
        turn[:-1, :-1] = ortho_group.rvs(n_features, random_state=np.random.default_rng(5))
        fit = rule(X, y, **w0, **options)
        turned = rule(X @ turn[:-1, :-1].T, y, **{key: w @ turn.T for key, w in w0.items()}, **options)
        flipped = rule(X, -y, **{key: -w for key, w in w0.items()}, **options)
        # 1e-6: the digits of SLSQP; elsewhere 1e-9 over the least curvature.
        np.testing.assert_allclose(flipped.w, -fit.w, rtol=0, atol=1e-6, err_msg=str(options))
        if options.get("bound") != BOX:  # whose corners do not turn
            np.testing.assert_allclose(turned.w, fit.w @ turn.T, rtol=0, atol=1e-6, err_msg=str(options))
