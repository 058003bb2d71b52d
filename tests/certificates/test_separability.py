"""Separability is decided exactly, both ways, and what decides it is checked by other code."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from study.analysis.separation import is_separable
from study.certificates.checker import check
from study.certificates.reading import Refused
from study.certificates.separability import separability
from study.validation import BadInput

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def balances(certificate: str) -> bool:
    """Say, in Python's own fractions, whether multipliers that are not negative balance the points."""
    proof = json.loads(certificate)
    total = [Fraction(0)] * (len(proof["X"][0]) + 1)
    multipliers = [(i, Fraction(text)) for i, text in proof["evidence"]]
    for i, multiplier in multipliers:
        row = [Fraction(x) for x in [*proof["X"][i], 1.0]]
        total = [a + multiplier * proof["y"][i] * b for a, b in zip(total, row, strict=True)]
    return min(m for _, m in multipliers) > 0 and not any(total)


def test_xor_has_no_separator_and_four_equal_multipliers_say_so() -> None:
    answer = separability(XOR, [-1, 1, 1, -1])
    assert not answer.separable
    assert {str(m) for m in answer.multipliers.values()} == {"1/4"}
    assert sorted(answer.multipliers) == [0, 1, 2, 3]
    assert check(answer.certificate) == "4 points with 2 features are not separable"


@pytest.mark.parametrize("n_features", range(1, 6))
def test_random_rational_sets(n_features: int) -> None:
    rng = np.random.default_rng(n_features)
    seen = set()
    for _ in range(30):
        X = rng.integers(-30, 31, (int(rng.integers(n_features + 2, 30)), n_features)) / 8.0
        normal = rng.integers(-5, 6, n_features) + 0.5
        y = np.where(X @ normal + 0.3 > 0.0, 1, -1) if rng.random() < 0.5 else rng.choice([-1, 1], len(X))
        if abs(y.sum()) == len(y):
            continue
        answer = separability(X, y)
        assert answer.separable == bool(is_separable(X, y))
        check(answer.certificate)
        if answer.separable:
            w = [Fraction(str(v)) for v in answer.w]
            for x, label in zip(X.tolist(), y.tolist(), strict=True):
                assert label * sum(a * Fraction(b) for a, b in zip(w, [*x, 1.0], strict=True)) > 0
        else:
            assert balances(answer.certificate)
            assert len(answer.multipliers) <= n_features + 2
        seen.add(answer.separable)
    assert seen == {True, False}


def test_a_gap_of_one_unit_in_the_last_place_is_found() -> None:
    tie, next_up = [[1.0], [1.0]], [[1.0], [float(np.nextafter(1.0, 2.0))]]
    assert not separability(tie, [-1, 1]).separable
    assert separability(next_up, [-1, 1]).separable


def test_a_false_claim_of_separability_is_refused() -> None:
    proof = json.loads(separability(XOR, [-1, 1, 1, -1]).certificate)
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"claim": "separable", "evidence": ["1", "1", "0"]}, "gets a point wrong"),
        ({"evidence": []}, "do not balance"),
        ({"evidence": [[0, "0"]]}, "do not balance"),
        ({"evidence": [[0, "1/4"], [1, "1/4"], [2, "1/4"], [3, "1/5"]]}, "do not balance"),
        ({"evidence": [[0, "-1/4"]]}, "negative"),
        ({"evidence": [[0, "1/0"]]}, "fractions"),
        ({"evidence": [[4, "1"]]}, "name points"),
        ({"y": [-1, 1, 1, 1]}, "do not balance"),
        ({"claim": "perhaps"}, "`claim`"),
    )
    for change, reason in faults:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**proof, **change}))


def test_stacks_are_refused() -> None:
    with pytest.raises(BadInput, match="`X` must be one set"):
        separability(np.zeros((2, 2, 1)), [-1, 1])
