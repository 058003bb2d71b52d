"""Decisions on tables: right on both sides, proved, and quick where the exact simplex would not be."""

import json
from fractions import Fraction

import numpy as np
import pytest

from study.certificates.checker import check
from study.certificates.decision import decide

NONE = np.array([np.nan])


def rows(n: int) -> np.ndarray:
    return np.arange(2, n + 2)


def test_xor_has_its_combination() -> None:
    X, y = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 1.0, -1.0, -1.0])
    answer = decide(X, y, np.full(3, np.nan), rows(4))
    assert not answer["separable"]
    assert answer["inseparable_rows"] == [2, 3, 4, 5]
    assert len({Fraction(m) for m in answer["multipliers"].values()}) == 1
    assert check(answer["certificate"]) == "4 points with 2 features are not separable"


@pytest.mark.parametrize("seed", range(30))
def test_every_answer_is_proved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(6, 120)), int(rng.integers(1, 6))
    X = np.round(rng.normal(size=(n, d)), 1)  # ties and repeated points
    y = np.where(X @ rng.normal(size=d) + 0.05 > 0.0, 1.0, -1.0)
    y[: seed % 3] *= -1.0
    y[-1] = -y[-2]
    answer = decide(X, y, np.full(d + 1, np.nan), rows(n))
    said = check(answer["certificate"])
    assert said.endswith("are separable" if answer["separable"] else "are not separable")
    if not answer["separable"]:
        held = [row - 2 for row in answer["inseparable_rows"]]
        Z = [[Fraction(v) * int(y[i]) for v in (*X[i], 1.0)] for i in held]
        weights = [Fraction(answer["multipliers"][i + 2]) for i in held]
        assert all(m > 0 for m in weights)
        assert all(sum(m * z[j] for m, z in zip(weights, Z, strict=True)) == 0 for j in range(d + 1))


def test_a_gap_of_one_rounding_is_found() -> None:
    X, y = np.array([[1.0], [np.nextafter(1.0, 2.0)], [0.0], [2.0]]), np.array([-1.0, 1.0, -1.0, 1.0])
    answer = decide(X, y, np.full(2, np.nan), rows(4))
    assert answer["separable"]
    assert json.loads(answer["certificate"])["claim"] == "separable"
    check(answer["certificate"])


def test_fifty_features_take_no_exact_simplex(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("study.certificates.decision.separability", slow)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(5000, 50))
    y = np.where(X[:, 0] + 0.1 * rng.normal(size=5000) > 0.0, 1.0, -1.0)
    answer = decide(X, y, np.full(51, np.nan), rows(5000))
    assert not answer["separable"]
    assert len(answer["inseparable_rows"]) <= 52
    check(answer["certificate"])
