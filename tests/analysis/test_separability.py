"""Separability is decided exactly, both ways, at any size, and what decides it is checked by other code."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from numpy.typing import NDArray
from scipy.optimize import linprog

from study.analysis import separability as module
from study.analysis.separability import Separability, is_separable, separability
from study.analysis.separation import separates
from study.certificates.checker import check
from study.certificates.reading import Refused
from study.checks import BadInput
from study.datasets.published import four_points

Floats = NDArray[np.float64]

FOUR = four_points(10.0)
XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def proved(X: Any, y: Any) -> Separability:
    """Decide, and check the evidence in Python's own fractions and the proof by the checker."""
    answer = separability(X, y)
    assert check(answer.proof).endswith("are separable" if answer.separable else "are not separable")
    held = range(len(y)) if answer.separable else answer.multipliers
    Z = {i: [Fraction(v) * int(y[i]) for v in (*X[i], 1)] for i in held}
    if answer.separable:
        w = [Fraction(str(v)) for v in answer.w]
        assert all(sum(a * b for a, b in zip(w, z, strict=True)) > 0 for z in Z.values())
        assert not answer.multipliers
    else:
        multipliers = {i: Fraction(str(v)) for i, v in answer.multipliers.items()}
        assert all(v > 0 for v in multipliers.values())
        assert not any(sum(v * Z[i][j] for i, v in multipliers.items()) for j in range(len(X[0]) + 1))
        assert len(multipliers) <= len(X[0]) + 2
        assert answer.separator == []
    return answer


def test_xor_has_no_separator_and_four_equal_multipliers_say_so() -> None:
    answer = proved(XOR, [-1, 1, 1, -1])
    assert not answer.separable
    assert sorted(answer.multipliers) == [0, 1, 2, 3]
    assert len({str(m) for m in answer.multipliers.values()}) == 1
    assert check(answer.proof) == "4 points with 2 features are not separable"
    assert answer.evidence == (
        "by a Farkas combination that was checked exactly, on each float as the binary fraction that it is"
    )


def hulls_meet(X: Floats, y: Floats) -> bool:
    """Return whether some mean of the positive points is a mean of the negative ones: no separator then, else one."""
    equations = np.vstack([(y[:, None] * X).T, y > 0, y < 0])
    right = np.append(np.zeros(X.shape[1]), [1.0, 1.0])
    return bool(linprog(np.zeros(len(X)), A_eq=equations, b_eq=right, bounds=(0, None), method="highs").status == 0)


@pytest.mark.parametrize("few", [0, 10**6], ids=["by the programme", "by the exact simplex method"])
@pytest.mark.slow
def test_separable_means_that_the_hulls_do_not_meet(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", few)
    rng = np.random.default_rng(3)
    X = rng.integers(-4, 5, (200, 7, 2)).astype(float)  # small whole numbers: hulls touch exactly or stay well apart
    y = rng.choice([-1.0, 1.0], (200, 7))
    y[:, :2] = [-1.0, 1.0]
    separable = is_separable(X, y)
    assert separable.tolist() == [not hulls_meet(*pair) for pair in zip(X, y, strict=True)]
    assert 20 < separable.sum() < 180
    assert [proved(*pair).separable for pair in zip(X, y, strict=True)] == separable.tolist()


@pytest.mark.parametrize("seed", range(60))
def test_every_answer_is_proved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(6, 120)), int(rng.integers(1, 6))
    X = np.round(rng.normal(size=(n, d)), 1) if seed % 2 else rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, d)
    y = np.where(X @ rng.normal(size=d) / np.abs(X).max() + 0.05 > 0.0, 1.0, -1.0)  # rounded: ties, repeated points
    y[: seed % 3] *= -1.0
    y[-1] = -y[-2]
    answer = proved(X, y)
    if seed % 2 == 0:
        assert answer.separable == (not hulls_meet(X / np.abs(X).max(axis=0), y))


def test_a_gap_of_one_unit_in_the_last_place_is_found() -> None:
    tie, next_up = [[1.0], [1.0]], [[1.0], [float(np.nextafter(1.0, 2.0))]]
    assert not proved(tie, [-1, 1]).separable
    assert proved(next_up, [-1, 1]).separable
    assert proved([*next_up, *[[0.0], [2.0]] * 10], [-1, 1, *[-1, 1] * 10]).separable  # past the programme
    assert is_separable([[1e15], [1e15 + 2]], [1, -1])


def test_a_guess_that_separates_is_taken_and_one_that_does_not_is_not() -> None:
    X, y = np.array([[0.0], [1.0]]), np.array([-1.0, 1.0])
    assert separability(X, y, [4.0, -1.0]).separator == [1.0, -0.25]
    for wrong in ([4.0, 0.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, -1.0]):  # a tie is an error
        assert separates(separability(X, y, wrong).separator, X, y)


def test_signs_that_rounding_hides_are_decided_exactly() -> None:
    # 0.1 * 3 rounds to more than 0.3, and the floats' exact product is more than 0.3's float too.
    X, y = np.array([[0.1], [-1.0]]), np.array([1.0, -1.0])
    assert separability(X, y, [3.0, -0.3]).w == (fmpq(3), fmpq(*(-0.3).as_integer_ratio()))
    # A guess that ties in exact arithmetic keeps its normal and gets another bias.
    assert separability([[0.5], [-1.0]], y, [3.0, -1.5]).separator == [1.0, 0.25]


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6])
@pytest.mark.parametrize("gap", [1.0, 1e-3])
def test_separable_sets_are_separated_at_every_scale_and_place(scale: float, offset: float, gap: float) -> None:
    rng = np.random.default_rng(1)
    for n_features in (1, 2, 5):
        X, normal = rng.normal(size=(30, n_features)), rng.normal(size=n_features)
        X[1] = -X[0]  # both classes
        y = np.where(X @ normal > 0, 1.0, -1.0)
        X = X + gap * y[:, None] * normal / np.linalg.norm(normal)
        X = scale * (X + offset * rng.choice([-1.0, 1.0], n_features))
        assert proved(X, y).separable
        assert proved(X * np.logspace(-9, 9, n_features), y).separable


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (FOUR.X * 1e-300, FOUR.y),
        (FOUR.X * 1e-310, FOUR.y),
        (FOUR.X * 1.7e307, FOUR.y),
        ([[1.5e308], [1.7e308]], [1, -1]),  # their sum overflows
        ([[-1.7e308], [1.7e308]], [1, -1]),  # their difference overflows
    ],
)
def test_scales_at_the_ends_of_the_range(X: Any, y: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for few in (0, 8):
        monkeypatch.setattr(module, "FEW", few)
        answer = proved(X, y)
        assert answer.separable
        assert np.isfinite(answer.separator).all()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [1, 1, -1, -1]),  # XOR
        ([[1, 0], [0, 1], [-1, 0], [1, 0]], [1, 1, -1, -1]),  # a point with both labels
        ([[0], [1], [2]], [1, -1, 1]),
        ([[0, 0], [2, 2], [1, 1]], [1, 1, -1]),  # hulls that touch
        ([[0, 0], [3, 0], [0, 3], [1, 1]], [1, 1, 1, -1]),  # inside
        ([[7, 7], [7, 7]], [1, -1]),  # constant
    ],
)
def test_inseparable_sets_have_no_separator(X: Any, y: Any, scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.rint(1e12 * scale * (np.array(X, float) + 4.0))  # whole, so that hulls touch exactly
    for few in (0, 8):
        monkeypatch.setattr(module, "FEW", few)
        assert not proved(X, y).separable


def test_a_constant_feature_changes_nothing() -> None:
    assert proved(np.column_stack([FOUR.X, np.full(4, 7.0)]), FOUR.y).separable


def test_labels_broadcast_against_a_stack() -> None:
    X = np.stack([FOUR.X, FOUR.X[[0, 2, 1, 3]]])
    y = np.array([[[1, 1, -1, 1]], [[1, -1, 1, -1]]])
    assert is_separable(X, y).tolist() == [[True, True], [False, True]]  # the one has its classes cross at zero


def test_many_points_rest_on_few_without_the_exact_simplex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_phase_one", None)
    rng = np.random.default_rng(1)
    for n, d in ((2000, 30), (20_000, 6)):
        X = rng.normal(size=(n, d))
        y = np.where(X[:, 0] + 0.1 * rng.normal(size=n) > 0.0, 1.0, -1.0)
        assert not proved(X, y).separable
    answer = separability(X, np.where(X[:, 0] > 0.0, 1, -1), np.eye(7)[0])
    assert (answer.separable, answer.proof) == (True, "")  # its proof would repeat 120,000 numbers


def test_a_false_claim_of_separability_is_refused() -> None:
    proof = json.loads(separability(XOR, [-1, 1, 1, -1]).proof)
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
    with pytest.raises(BadInput, match=r"`X` must have shape \(n_samples, n_features\)"):
        separability(np.zeros((2, 2, 1)), [-1, 1])
