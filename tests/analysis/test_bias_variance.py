"""Bias and variance against plain counting, against closed forms, and the coverage of their intervals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm, ortho_group

from study.analysis.bias_variance import (
    PARTS,
    decompose,
    differing_counts,
    estimate,
    group_counts,
    group_sizes,
    holm,
    wrong_counts,
)
from study.analysis.boundary import boundary_spread, boundary_sums
from study.analysis.margin import largest_error
from study.checks import BadInput
from study.kernels.wrong import count_wrong
from tests.reference import domingos, kohavi_wolpert

Floats = NDArray[np.float64]
PAIRED = np.array([1.0, -1.0])
"""The contrast of one rule with another."""


def thresholds(rng: np.random.Generator, n: int = 400, mean: float = 0.3, sd: float = 0.5) -> Floats:
    """Return boundaries x = c with c normal: the set-up whose bias and variance are known."""
    return np.column_stack([np.ones(n), -rng.normal(mean, sd, n)])


def points_drawn(rng: np.random.Generator, n: int = 400) -> tuple[Floats, Floats]:
    x = rng.normal(size=n)
    return x[:, None], np.where(x > 0.0, 1.0, -1.0)


def test_differing_boundaries_are_counted_by_group() -> None:
    rng = np.random.default_rng(3)
    w, v, X = rng.normal(size=(11, 3)), rng.normal(size=(11, 3)), rng.normal(size=(7, 2))
    found = differing_counts(w, v, X, n_groups=4)
    by_hand = np.zeros((4, 7), int)
    for r in range(11):
        by_hand[r % 4] += (X @ w[r, :2] + w[r, 2] > 0.0) != (X @ v[r, :2] + v[r, 2] > 0.0)
    assert found.tolist() == by_hand.tolist()


def known(mean: float = 0.3, sd: float = 0.5) -> Floats:
    """Return the parts for x ~ N(0, 1), label sign(x), boundary at c ~ N(mean, sd^2), by the midpoint rule."""
    x = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    q = np.where(x > 0.0, norm.sf((x - mean) / sd), norm.cdf((x - mean) / sd))
    biased = q > 0.5
    variance = np.where(biased, 1.0 - q, q)
    unbiased, against = (variance * ~biased).mean(), (variance * biased).mean()
    parts = [q.mean(), biased.mean(), variance.mean(), unbiased, against, unbiased - against]
    return np.array([*parts, (q**2).mean(), (q * (1.0 - q)).mean()])


def test_the_known_bias_has_a_closed_form() -> None:
    # The main prediction is wrong between 0 and the mean threshold.
    assert known()[1] == pytest.approx(norm.cdf(0.3) - 0.5, abs=1e-5)


def test_counts_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=(50, 4)), rng.normal(size=(30, 3)), rng.choice([-1.0, 1.0], 30)
    wrong = wrong_counts(w, X, y, 4)
    for group in range(4):
        for t in range(30):
            count = sum(float(y[t] * (w[r, :3] @ X[t] + w[r, 3])) <= 0.0 for r in range(group, 50, 4))
            assert wrong[group, t] == count
    assert group_sizes(50, 4).tolist() == [13, 13, 12, 12]
    assert wrong_counts(np.zeros((4, 4)), X, y, 4).tolist() == [[1] * 30] * 4  # a tie is wrong


def test_plain_counts_are_left_to_no_slower_way() -> None:
    rng = np.random.default_rng(5)
    w, X, y = rng.normal(size=(50, 4)), rng.normal(size=(30, 3)), rng.choice([-1.0, 1.0], 30)
    _, left = count_wrong(w, largest_error(w, X)[:, 0], X, y, np.empty((0, 30), bool), np.arange(4))
    assert not left.any()


def test_counts_are_exact_where_rounding_has_the_wrong_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.analysis.bias_variance.AT_ONCE", 100)  # the open ones are settled in parts
    rng = np.random.default_rng(3)
    X, w = rng.integers(-9, 10, (40, 3)) / 10.0, rng.integers(-9, 10, (90, 4)) / 10.0
    w[:40, 3] = -(w[:40, :3] * X).sum(axis=1)  # rounded: on or close beside a point
    w[40:80] = w[:40]
    w[40:80, 3] = np.nextafter(w[:40, 3], np.inf)
    w[-4:] = [[1e308, 1e308, 1e308, 0.0], [5e-324, 0.0, 0.0, 0.0], [np.inf, 0.0, 0.0, 1.0], [np.nan, 1.0, 1.0, 1.0]]
    y, tested = rng.choice([-1.0, 1.0], 40), rng.random((90, 40)) < 0.5
    exact = [[sum(Fraction(a) * Fraction(b) for a, b in zip(v, [*x, 1.0], strict=True)) for x in X] for v in w[:-2]]
    signs = [[(value > 0) - (value < 0) for value in row] for row in exact]
    wrong = ~(y * np.vstack([signs, np.sign(X[:, 0]), np.zeros(40)]) > 0.0)
    assert wrong_counts(w, X, y, 4).tolist() == [wrong[k::4].sum(axis=0).tolist() for k in range(4)]
    masked = wrong & tested
    assert wrong_counts(w, X, y, 4, tested).tolist() == [masked[k::4].sum(axis=0).tolist() for k in range(4)]


def test_decomposition_is_the_definition() -> None:
    rng = np.random.default_rng(1)
    w, (X, y) = thresholds(rng, 41), points_drawn(rng, 25)
    parts = decompose(wrong_counts(w, X, y, 4), group_sizes(41, 4))
    wrong = ~(y * (w[:, :1] @ X.T + w[:, 1:]) > 0.0)
    for t in range(25):
        halves = [[bool(wrong[r, t]) for r in range(41) if r % 2 == half] for half in (0, 1)]
        expected = np.mean([domingos(halves[0], halves[1]), domingos(halves[1], halves[0])], axis=0)
        assert parts[:6, t] == pytest.approx(expected)
        assert parts[6:, t] == pytest.approx(kohavi_wolpert([bool(x) for x in wrong[:, t]]))


def test_the_parts_add_up_to_the_error_exactly() -> None:
    rng = np.random.default_rng(2)
    parts = dict(zip(PARTS, decompose(rng.integers(0, 6, (20, 100)), np.full(20, 5)), strict=True))
    assert (parts["error"] == parts["bias"] + parts["net_variance"]).all()
    assert parts["net_variance"] == pytest.approx(parts["unbiased_variance"] - parts["biased_variance"])
    assert parts["variance"] == pytest.approx(parts["unbiased_variance"] + parts["biased_variance"])


def test_a_tied_vote_counts_as_wrong() -> None:
    parts = decompose(np.array([[1], [1]]), np.array([2, 2]))
    assert parts[:3, 0].tolist() == [0.5, 1.0, 0.5]


def test_variance_from_halves_is_not_biased_low() -> None:
    rng = np.random.default_rng(3)
    q = 0.45  # the plug-in min(q, 1 - q) would say less
    wrong = rng.binomial(5, q, (4, 20_000))
    parts = decompose(wrong, np.full(4, 5))
    share = wrong.sum(axis=0) / 20
    assert np.minimum(share, 1.0 - share).mean() < 0.425
    expected = float(np.mean([q if not b else 1.0 - q for b in (rng.binomial(10, q, 100_000) >= 5)]))
    assert parts[2].mean() == pytest.approx(expected, abs=0.004)
    assert parts[7].mean() == pytest.approx(q * (1.0 - q), abs=0.002)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_the_parts_are_unbiased_over_all_outcomes(q: float) -> None:
    """Two groups of one resample and two of two, at one test point: 64 outcomes, each with its own probability."""
    n = np.array([1, 1, 2, 2])
    mean, of_mains = np.zeros(8), 0.0
    for outcome in itertools.product((0, 1), repeat=6):
        wrong = np.array([outcome[0], outcome[1], outcome[2] + outcome[3], outcome[4] + outcome[5]])
        probability = q ** sum(outcome) * (1.0 - q) ** (6 - sum(outcome))
        mean += probability * decompose(wrong[:, None], n)[:, 0]
        of_mains += probability * np.mean([2 * (wrong[k] + wrong[k + 2]) >= 3 for k in (0, 1)])
    error, bias, variance, unbiased, against, net, kohavi_bias, kohavi_variance = mean
    assert error == pytest.approx(q)
    assert bias == pytest.approx(of_mains)
    assert unbiased == pytest.approx(q * (1.0 - of_mains))  # the main prediction and V come from different halves
    assert against == pytest.approx((1.0 - q) * of_mains)
    assert (variance, net) == pytest.approx((unbiased + against, unbiased - against))
    assert (kohavi_bias, kohavi_variance) == pytest.approx((q * q, q * (1.0 - q)))


@pytest.mark.slow
def test_p_values_are_even_where_two_rules_are_alike() -> None:
    """Of 1,000, at most 1% of the nominal share more fall below any level; they err on the side of caution only."""
    rng, p = np.random.default_rng(7), []
    n = group_sizes(200)
    for _ in range(1000):
        q = rng.random(60)[:, None] * np.ones((1, 2))
        one, other = (rng.binomial(n[:, None], q[:, k]) for k in (0, 1))
        found = estimate(np.stack([one, other]), n, contrasts=PAIRED)
        p.append(found.p_value[0])
        assert (found.p_value[0] < 0.05) == (not found.low[0] <= 0.0 <= found.high[0])
    for level in (0.01, 0.05, 0.2, 0.5):  # 1 false alarm in 200
        assert np.mean(np.array(p) <= level) <= level + 2.6 * np.sqrt(
            level * (1.0 - level) / 1000
        )  # 1 in 200 by chance
    assert np.mean(np.array(p) <= 0.5) > 0.3


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.5), (0.1, 1.0)])
@pytest.mark.slow
def test_intervals_cover(mean: float, sd: float) -> None:
    rng, repeats = np.random.default_rng(4), 1000
    truth, hits = known(mean, sd), np.zeros(8)
    for _ in range(repeats):
        w, (X, y) = thresholds(rng, 400, mean, sd), points_drawn(rng)
        found = estimate(wrong_counts(w, X, y), group_sizes(400))
        hits += (found.low <= truth) & (truth <= found.high)
    assert (hits >= 0.92 * repeats).all(), hits
    assert (hits <= 0.98 * repeats).all(), hits


@pytest.mark.slow
def test_differences_are_paired() -> None:
    rng, hits = np.random.default_rng(5), 0
    truth = known(0.3, 0.5) - known(0.3, 0.4)
    for _ in range(300):
        z, (X, y) = rng.normal(size=400), points_drawn(rng)
        one, other = (np.column_stack([np.ones(400), -(0.3 + sd * z)]) for sd in (0.5, 0.4))
        wrong, wrong_other = wrong_counts(one, X, y), wrong_counts(other, X, y)
        found = estimate(np.stack([wrong, wrong_other]), group_sizes(400), contrasts=PAIRED)
        hits += int(found.low[0] <= truth[0] <= found.high[0])
        apart = np.hypot(*(estimate(x, group_sizes(400)).standard_error[0] for x in (wrong, wrong_other)))
        assert found.standard_error[0] < 0.5 * apart
    assert 0.92 <= hits / 300 <= 0.99
    same = estimate(np.stack([wrong, wrong]), group_sizes(400), contrasts=PAIRED)
    assert (same.value == 0.0).all()
    assert (same.p_value == 1.0).all()


@pytest.mark.slow
def test_strata_stand_for_their_share() -> None:
    """Points far out are drawn ten times too often, and weigh a tenth: the estimate covers, and is the sharper one."""
    rng, repeats, hits = np.random.default_rng(6), 400, np.zeros(8)
    truth = known(0.3, 0.5)
    for _ in range(repeats):
        X, y = points_drawn(rng)
        more, labels = (np.concatenate(part) for part in zip(*(points_drawn(rng) for _ in range(10)), strict=True))
        far, others = np.abs(more[:, 0]) > 1.0, np.abs(X[:, 0]) <= 1.0
        points, own = np.concatenate([X[others], more[far]]), np.concatenate([y[others], labels[far]])
        weight = np.repeat([1.0, 0.1], [others.sum(), far.sum()])
        wrong = wrong_counts(thresholds(rng, 400, 0.3, 0.5), points, own)
        found = estimate(wrong, group_sizes(400), weight=weight)
        hits += (found.low <= truth) & (truth <= found.high)
    assert (hits >= 0.915 * repeats).all(), hits  # each 1 false alarm in 500 at a coverage of 0.95
    assert (hits <= 0.99 * repeats).all(), hits


@pytest.mark.slow
def test_a_trend_covers() -> None:
    """The slope of each part over three rules on the same resamples and test points, as networks' depths have it."""
    rng, repeats, hits, spreads = np.random.default_rng(7), 300, np.zeros(8), (0.5, 0.4, 0.3)
    truth = (known(0.3, 0.3) - known(0.3, 0.5)) / 2.0
    for _ in range(repeats):
        z, (X, y) = rng.normal(size=100), points_drawn(rng)
        wrong = [wrong_counts(np.column_stack([np.ones(100), -(0.3 + sd * z)]), X, y) for sd in spreads]
        found = estimate(np.stack(wrong), group_sizes(100), contrasts=np.array([-0.5, 0.0, 0.5]))
        hits += (found.low <= truth) & (truth <= found.high)
    assert (hits >= 0.91 * repeats).all(), hits  # each 1 false alarm in 500 at a coverage of 0.95


def test_one_stratum_is_the_plain_average() -> None:
    rng, n = np.random.default_rng(0), group_sizes(40)
    wrong = rng.integers(0, 3, size=(20, 50))
    plain, even = estimate(wrong, n), estimate(wrong, n, weight=np.full(50, 3.0))
    assert np.array_equal(plain.value, even.value)
    assert np.array_equal(plain.high, even.high)
    halves = np.repeat([1.0, 3.0], [30, 20])
    first, second = (estimate(wrong[:, own], n).value for own in (slice(30), slice(30, 50)))
    assert estimate(wrong, n, weight=halves).value == pytest.approx((first * 30.0 + second * 60.0) / 90.0)
    for bad in (np.zeros(50), np.ones(49), np.append(np.ones(49), 2.0)):
        with pytest.raises(BadInput, match="`weight`"):
            estimate(wrong, n, weight=bad)


def test_holm_is_the_textbook() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_holm_is_the_closure_of_bonferroni() -> None:
    """A hypothesis is refused at a level exactly where Bonferroni refuses each intersection that it belongs to."""
    rng = np.random.default_rng(8)
    for _ in range(50):
        p = np.round(rng.random(5) ** 3, 2)
        subsets = [s for k in range(1, 6) for s in itertools.combinations(range(5), k)]
        closed = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in subsets if i in s) for i in range(5)]
        assert holm(p) == pytest.approx(closed)


def test_spread_of_known_boundaries() -> None:
    angle = np.array([0.1, -0.1, 0.3, -0.3])
    w = np.column_stack([np.cos(angle), np.sin(angle), [0.0, 1.0, 2.0, 3.0]]) * np.array([[1.0], [2.0], [3.0], [4.0]])
    spread = boundary_spread(boundary_sums(w[:2]) + boundary_sums(w[2:]))
    assert spread["dispersion"] == pytest.approx(1.0 - np.cos(angle).mean())
    assert spread["angle_to_mean"] == pytest.approx(0.0, abs=1e-15)
    assert spread["angle_rms"] == pytest.approx(np.sqrt(0.05))
    offset = np.arange(4.0)
    assert (spread["offset_mean"], spread["offset_sd"]) == pytest.approx((offset.mean(), offset.std()))
    assert boundary_spread(boundary_sums([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))["no_boundary"] == 0.5


def test_dispersion_does_not_depend_on_the_axes() -> None:
    w = np.random.default_rng(6).normal(size=(100, 4)) + 1.0
    Q = ortho_group.rvs(3, random_state=0)
    turned = np.column_stack([w[:, :3] @ Q, w[:, 3]])
    one, other = (boundary_spread(boundary_sums(x)) for x in (w, turned))
    assert one["dispersion"] == pytest.approx(other["dispersion"])


def test_a_point_counts_where_it_is_tested_as_if_there_were_no_other_resamples() -> None:
    rng = np.random.default_rng(9)
    w, (X, y) = thresholds(rng, 60), points_drawn(rng, 12)
    tested = rng.random((60, 12)) < 0.6
    wrong, n = wrong_counts(w, X, y, 4, tested), group_counts(tested, 4)
    found = decompose(wrong, n)
    for j in range(12):
        own = [w[group::4][tested[group::4, j]] for group in range(4)]
        of_each = np.array([wrong_counts(one, X[[j]], y[[j]], 4).sum(axis=0) for one in own])
        expected = decompose(of_each, np.array([len(one) for one in own]))
        assert found[:, j] == pytest.approx(expected[:, 0])
    everywhere = estimate(wrong, n), estimate(np.repeat(wrong, 2, axis=-1), np.repeat(n, 2, axis=-1))
    assert everywhere[0].value == pytest.approx(everywhere[1].value)
    same = np.broadcast_to(True, (60, 12))
    plain = estimate(wrong_counts(w, X, y, 4), group_sizes(60, 4))
    masked = estimate(wrong_counts(w, X, y, 4, same), group_counts(same, 4))
    assert (plain.low == masked.low).all()
