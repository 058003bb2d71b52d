"""Verdicts of the bounded optimum: known ones, ones by brute force, and what the search says of ties."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.analysis.separation import separates
from study.certificates.checker import check
from study.certificates.search import Verdict, verdict
from study.checks import BadInput
from study.datasets.dataset import Floats
from study.datasets.published import four_points, three_points
from study.trainers.losses import LOSSES, Loss, loss_of_margin
from study.trainers.sigmoid_unit import sigmoid_unit

BASE = np.array([[a, b] for a in (-1.0, 1.0, -2.0, 2.0) for b in (-1.0, 1.0)])
CROWD = (np.vstack([BASE, [[-1.0, 2.0]]]), np.append(np.sign(BASE[:, 0]), 1.0))
"""The law's example: eight base points and a spoiler."""


def crowd(loss: Loss, weight_bound: float, n: float, judged: list[int] | None = None) -> Verdict:
    weights = np.append(np.full(8, n / 8.0), 1.0)
    return verdict(*CROWD, loss=loss, sample_weight=weights, weight_bound=weight_bound, judged=judged)


@pytest.mark.parametrize("loss", LOSSES)
def test_three_points_with_one_known_optimum(loss: Loss) -> None:
    points, u = three_points(), np.log(9.0)
    answer = verdict(points.X, points.y, loss=loss, eps=0.1, weight_bound=5.0)
    assert answer.claim == "separates"
    assert answer.certificate is not None
    check(answer.certificate)
    if loss != "threshold-quadratic":
        assert answer.w == pytest.approx([u, u, 0.0], abs=1e-6)


@pytest.mark.parametrize(("eps", "value"), [(0.1, 0.00485882), (0.05, 0.00124267)])
@pytest.mark.parametrize("weight_bound", [10.0, 100.0])
def test_the_four_points_separate_at_their_global_optimum(eps: float, value: float, weight_bound: float) -> None:
    points = four_points(10.0)
    answer = verdict(points.X, points.y, loss="quadratic", eps=eps, weight_bound=weight_bound)
    assert answer.claim == "separates"
    assert not answer.lost.any()
    assert answer.loss_value == pytest.approx(value, abs=1e-7)
    assert answer.certificate is not None
    check(answer.certificate)


@pytest.mark.parametrize(("loss", "threshold"), [("quadratic", 186_900.0), ("cross-entropy", 1844.0)])
def test_the_threshold_of_the_law_s_example(loss: Loss, threshold: float) -> None:
    for factor, claim in ((0.99, "separates"), (1.01, "fails")):
        answer = crowd(loss, 12.0, factor * threshold)
        assert answer.claim == claim
        assert answer.lost.tolist() == [False] * 8 + [claim == "fails"]
        assert answer.certificate is not None
        check(answer.certificate)


@pytest.mark.parametrize(("bias", "ln_threshold"), [("penalised", 26.03119), ("free", 26.031771)])
def test_the_threshold_of_a_penalty(bias: Any, ln_threshold: float) -> None:
    """The first is that of FACTS at C = 160."""
    for step, claim in ((-1e-5, "separates"), (1e-5, "fails")):
        weight = np.append(np.full(8, np.exp(ln_threshold + step)), 1.0)
        answer = verdict(*CROWD, sample_weight=weight, C=160.0, bias=bias)
        assert answer.claim == claim
        assert answer.lost.tolist() == [False] * 8 + [claim == "fails"]
        assert answer.certificate is not None
        check(answer.certificate)
        counted = answer.w if bias == "penalised" else answer.w[:-1]
        margins = CROWD[1] * (CROWD[0] @ answer.w[:-1] + answer.w[-1])
        value = counted @ counted / 2.0 + 160.0 * weight @ np.logaddexp(0.0, -margins)
        assert answer.loss_value == pytest.approx(value)


@pytest.mark.parametrize("bias", ["penalised", "free"])
@pytest.mark.parametrize(("loss", "eps"), [("quadratic", 0.0), ("quadratic", 0.1), ("threshold-quadratic", 0.1)])
def test_a_penalty_needs_no_box_though_minima_are_many(loss: Loss, eps: float, bias: Any) -> None:
    """Against the lowest of the minima that are reached from 200 starts."""
    w0, claims = 5.0 * np.random.default_rng(0).normal(size=(200, 3)), set()
    for n, C in ((20.0, 1.0), (20.0, 100.0), (2000.0, 10.0), (1e6, 0.1)):
        unit: dict[str, Any] = {"loss": loss, "eps": eps, "C": C, "bias": bias}
        unit["sample_weight"] = np.append(np.full(8, n / 8.0), 1.0)
        answer, fits = verdict(*CROWD, **unit), sigmoid_unit(*CROWD, **unit, w0=w0, method="compiled")
        lowest = fits.loss.argmin()
        assert answer.loss_value == pytest.approx(fits.loss[lowest], rel=1e-9)
        assert (answer.claim == "separates") == separates(fits.w[lowest], *CROWD)
        assert answer.certificate is not None
        check(answer.certificate)
        claims.add(answer.claim)
    assert claims == {"separates", "fails"}


def test_multiplicities_up_to_a_trillion_cost_nothing() -> None:
    for n in (1e6, 1e9, 1e12):
        answer = crowd("quadratic", 4.0, n)
        assert answer.claim == "fails"
        assert answer.certificate is not None
        check(answer.certificate)


def test_one_point_may_be_judged_alone() -> None:
    few, many = crowd("quadratic", 1.0, 0.001, [8]), crowd("quadratic", 1.0, 1e4, [8])
    assert (few.claim, many.claim) == ("separates", "fails")
    assert crowd("quadratic", 1.0, 0.001).claim == "fails"  # base points are lost instead
    for answer in (few, many):
        assert answer.certificate is not None
        assert "the points [8]" in check(answer.certificate)


def lowest_on_grid(X: Floats, y: Floats, weight: Floats, loss: Loss, eps: float, R: float) -> tuple[float, float]:
    """Return the least loss on a fine grid of weights that separate, and of weights that do not; one feature."""
    axis = np.linspace(-R, R, 401)
    w = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    m = (w[:, :1] * X.T + w[:, 1:]) * y
    value = loss_of_margin(loss, m, eps)[0] @ weight
    right = (m > 0.0).all(axis=1)
    return float(value[right].min(initial=np.inf)), float(value[~right].min(initial=np.inf))


@settings(max_examples=60)
@given(st.integers(0, 10**6))
@pytest.mark.slow
def test_a_verdict_agrees_with_a_fine_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    X, y = rng.normal(size=(n, 1)).round(2), np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    weight, R = np.exp(rng.uniform(0, 5, n)).round(3), float(rng.choice([0.5, 2.0, 6.0]))
    loss, eps = LOSSES[rng.integers(3)], float(rng.choice([0.0, 0.1, 0.3]))
    answer = verdict(X, y, loss=loss, eps=eps, sample_weight=weight, weight_bound=R, max_cells=20_000)
    right, wrong = lowest_on_grid(X, y, weight, loss, eps, R)
    assert answer.loss_value <= min(right, wrong) * (1 + 1e-9) + 1e-12
    if answer.claim != "undecided":
        assert (right if answer.claim == "fails" else wrong) > answer.loss_value
        assert answer.certificate is not None
        check(answer.certificate)
    else:
        assert answer.certificate is None
        assert answer.cells_left > 0


def test_a_tie_is_undecided_and_says_how_many_cells_are_left() -> None:
    X, y = [[-1.0], [1.0], [3.0]], [-1, 1, 1]  # the optimum is the corner (1, 1), with a margin of exactly zero
    answer = verdict(X, y, loss="quadratic", sample_weight=[1.0, 1e6, 1e6], weight_bound=1.0, max_cells=2000)
    assert answer.claim == "undecided"
    assert (answer.certificate, answer.n_cells) == (None, 2000)
    assert answer.cells_left > 0


def test_a_small_budget_is_undecided() -> None:
    weights = np.append(np.full(8, 20_000.0), 1.0)
    answer = verdict(*CROWD, loss="quadratic", sample_weight=weights, weight_bound=12.0, max_cells=20)
    assert (answer.claim, answer.certificate) == ("undecided", None)


@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_soft_targets_and_every_dimension(n_features: int, loss: Loss) -> None:
    rng = np.random.default_rng(n_features)
    X = np.vstack([rng.normal(size=(8, n_features)).round(3)])
    y = np.where(X[:, 0] > 0, 1.0, -1.0)
    X[:, 0] += 0.3 * y
    spoilt = (np.vstack([X, -X[:1] / 2]), np.append(y, y[0]))
    answer = verdict(*spoilt, loss=loss, eps=0.1, sample_weight=[*[50.0] * 8, 1.0], weight_bound=4.0)
    assert answer.certificate is not None
    assert json.loads(answer.certificate)["claim"] == answer.claim
    check(answer.certificate)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "hinge"}, "`loss` must be one of"),
        ({"eps": 0.5}, r"`eps` must lie in \[0, 1/2\)"),
        ({"weight_bound": np.inf}, "`weight_bound` must be positive and finite"),
        ({"sample_weight": [1.0, -1.0]}, "`sample_weight` must be positive"),
        ({"weight_bound": None}, "one of `weight_bound` and `C` must be given; got None and None"),
        ({"C": 1.0}, "one of `weight_bound` and `C` must be given; got 1.0 and 1.0"),
        ({"judged": [2]}, "`judged` must hold indices from 0 to 1"),
        ({"judged": []}, "`judged` must hold indices"),
        ({"max_cells": 0}, "`max_cells` must be a whole number"),
    ],
)
def test_bad_input(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        verdict([[0.0], [1.0]], [-1, 1], **{"weight_bound": 1.0, **change})  # type: ignore[arg-type]
