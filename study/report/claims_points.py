"""Claims about the four points and the lecture's frames."""

from collections.abc import Mapping

from study.report.claim import Claim, Evidence, Results


def _stuck(results: Results) -> bool:
    """Say whether the perceptron separates and the unit, trained on from the old optimum, ends where it fails."""
    four = results["four_points"]
    return (
        four["rules"]["perceptron_four"]["separates"]
        and not four["rules"]["continued"]["separates"]
        and not four["rules"]["descent"]["separates"]
        and four["rules"]["continued"]["residual"] <= 1e-9
        and four["stationary"]["stuck"]["least_curvature"] > 1e-6
        and four["rules"]["lowest"]["separates"]
    )


def _quadratic_growth(results: Results) -> bool:
    """Say whether the updates grow with t at a power nearer to two than to one."""
    return bool(results["four_points"]["updates"]["growth_exponent"] > 1.5)


COMPARED = tuple((generator, loss) for generator in ("boxes", "gaussians") for loss in ("cross_entropy", "quadratic"))


def _rate(results: Results, generator: str, n_spoilers: int, rule: str) -> Mapping[str, float]:
    rate: Mapping[str, float] = results["spoilers"]["rates"][generator][f"spoilers_{n_spoilers}"][rule]
    return rate


def _both_separate_without(results: Results) -> bool:
    """Say whether each rule separates in at least 95% of sets without a spoiler, by its interval."""
    return all(
        _rate(results, generator, 0, rule)["separates_low"] >= 0.95
        for generator, loss in COMPARED
        for rule in ("perceptron", loss)
    )


def _unit_fails(results: Results) -> bool:
    """Say whether, one spoiler or three, the perceptron separates in 95% of sets or more, the unit in 5% or less."""
    return all(
        _rate(results, generator, n_spoilers, "perceptron")["separates_low"] >= 0.95
        and _rate(results, generator, n_spoilers, loss)["separates_high"] <= 0.05
        for generator, loss in COMPARED
        for n_spoilers in (1, 3)
    )


def _at_each_bound(results: Results) -> list[list[float]]:
    """Return, for each shape and loss, the rates of separation from the tightest bound to the widest."""
    shapes = results["spoilers"]["bounds"].values()
    return [[rate["separates"] for rate in bounds.values()] for losses in shapes for bounds in losses.values()]


def _unit_fails_at_every_bound(results: Results) -> bool:
    """Say whether the unit fails with spoilers as declared, and with one at every bound tried."""
    return _unit_fails(results) and all(max(rates) <= 0.05 for rates in _at_each_bound(results))


def _unit_fails_at_tight_bounds(results: Results) -> bool:
    """Say whether the unit fails as declared and at the tightest bound, and separates at the widest."""
    return _unit_fails(results) and all(rates[0] <= 0.05 and rates[-1] >= 0.95 for rates in _at_each_bound(results))


def _share(results: Results, n_samples: int) -> float:
    """Return the larger of the two losses' median shares that the spoiler's own term has."""
    growth = results["spoilers"]["growth"]
    return max(float(growth[loss][f"n_{n_samples}"]["own_share"]) for loss in ("cross_entropy", "quadratic"))


def _not_feasible(results: Results) -> bool:
    """Say whether separators are inside the bound and, wherever the unit fails, all of them cost more."""
    rows = [_rate(results, generator, n_spoilers, loss) for generator, loss in COMPARED for n_spoilers in (1, 3)]
    return all(row["separable"] == 1.0 and row.get("optimum_below_best") == 1.0 for row in rows)


def _targets_separate(results: Results) -> bool:
    """Say whether the threshold loss separates in 95% of sets or more at every target and both shapes of bound."""
    return all(
        target["threshold_quadratic"]["separates_low"] >= 0.95
        for targets in results["reach"]["targets"].values()
        for target in targets.values()
    )


def _never_outvoted(results: Results) -> bool:
    """Say whether targets within reach leave none lost, however many the copies, and the other losses are outvoted."""
    reach = results["reach"]
    most = "m_10000"
    within = ("share_0_5", "share_0_8", "share_0_95")
    return (
        reach["in_reach"] > 0
        and reach["in_reach_lost"] == 0
        and all(
            copies["separates"] == 1.0
            for share in within
            for copies in reach["copies"]["threshold_quadratic"][share].values()
        )
        and all(
            reach["copies"][loss][share][most]["separates_high"] <= 0.05
            for loss in ("quadratic", "cross_entropy")
            for share in within
        )
    )


CLAIMS = (
    Claim(
        key="four points",
        statement="Four separable points in the plane suffice: backpropagation stays in a minimum that misclassifies "
        "one of them, though separating weights have a lower loss, while the perceptron separates all four.",
        source="[@brady1989]",
        holds=_stuck,
        basis="measured; proved by machine in its section",
        evidence=(
            Evidence("four_points", "rules.perceptron_four.separates", "the perceptron separates"),
            Evidence("four_points", "rules.continued.separates", "the unit separates, trained on by L-BFGS-B"),
            Evidence("four_points", "rules.descent.separates", "by descent"),
            Evidence("four_points", "stationary.stuck.least_curvature", "least curvature where it stays", ".4f"),
            Evidence("four_points", "rules.lowest.separates", "the lowest minimum found separates"),
        ),
    ),
    Claim(
        key="t squared",
        statement="On these four points the perceptron may take a number of iterations that grows as the square of the "
        "fourth point's distance.",
        source="folklore, after the bound of @novikoff1962",
        holds=_quadratic_growth,
        basis="measured",
        sample=Evidence("four_points", "updates.drawn_runs", "runs", ","),
        evidence=(
            Evidence("four_points", "updates.growth_exponent", "power of the distance in the updates", ".2f"),
            Evidence("four_points", "updates.follow_rule", "distance plus three or four, always"),
        ),
    ),
    Claim(
        key="no spoiler",
        statement="On separable points without a spoiler both rules find a separator.",
        source="[@rana]",
        holds=_both_separate_without,
        basis="measured",
        sample=Evidence("spoilers", "n", "sets", ","),
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_0.perceptron.separates", "share of sets, perceptron", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_0.cross_entropy.separates", "unit, cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_0.quadratic.separates", "unit, quadratic loss", ".3f"),
        ),
    ),
    Claim(
        key="spoilers",
        statement="With a few spoilers the perceptron separates and the unit with bounded weights does not.",
        source="[@rana; @brady1989]",
        holds=_unit_fails_at_every_bound,
        condition="the bound is tight for the number of points",
        holds_conditionally=_unit_fails_at_tight_bounds,
        basis="measured",
        sample=Evidence("spoilers", "n", "sets", ","),
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_1.perceptron.separates", "one spoiler, perceptron", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.cross_entropy.separates", "unit, cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.quadratic.separates", "unit, quadratic loss", ".3f"),
            Evidence("spoilers", "bounds.box.quadratic.R_100.separates", "unit at the widest bound", ".3f"),
        ),
    ),
    Claim(
        key="insignificant",
        statement="A single additional input does not change the loss significantly: its own term is at most a "
        "twentieth of the loss.",
        source="[@rana]",
        holds=lambda results: _share(results, 100) <= 0.05,
        condition="the other points are many",
        holds_conditionally=lambda results: _share(results, 10_000) <= 0.05,
        basis="measured",
        sample=Evidence("spoilers", "n_growth", "sets", ","),
        evidence=(
            Evidence(
                "spoilers", "growth.cross_entropy.n_100.own_share", "share among a hundred points, cross-entropy", ".3f"
            ),
            Evidence("spoilers", "growth.quadratic.n_100.own_share", "quadratic loss", ".3f"),
            Evidence("spoilers", "growth.quadratic.n_10000.own_share", "quadratic loss, ten thousand points", ".4f"),
        ),
    ),
    Claim(
        key="not a feasible optimum",
        statement="Where the unit fails, separators are within its reach, but the best of them that was found has "
        "a higher loss than the failing optimum.",
        source="[@rana]",
        holds=_not_feasible,
        basis="measured",
        sample=Evidence("spoilers", "n", "sets", ","),
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_1.cross_entropy.optimum_below_best", "cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.quadratic.optimum_below_best", "quadratic", ".3f"),
        ),
    ),
    Claim(
        key="the loss",
        statement="It is the loss that makes a bounded unit give a spoiler up: with a loss that is zero beyond its "
        "targets no number of other points outvotes it.",
        source="this study, after @sontag1991",
        holds=_targets_separate,
        condition="the targets are within the bound's reach",
        holds_conditionally=_never_outvoted,
        basis="proved; measured",
        sample=Evidence("reach", "n", "sets", ","),
        evidence=(
            Evidence("reach", "in_reach", "targets within reach, of drawn sets", ","),
            Evidence("reach", "in_reach_lost", "of them lost"),
            Evidence("reach", "copies.threshold_quadratic.share_0_95.m_10000.separates", "ten thousand copies", ".3f"),
            Evidence("reach", "copies.quadratic.share_0_95.m_10000.separates", "quadratic loss", ".3f"),
            Evidence("reach", "copies.cross_entropy.share_0_95.m_10000.separates", "cross-entropy", ".3f"),
            Evidence("reach", "targets.box.u_2_2.threshold_quadratic.separates", "out of reach", ".3f"),
        ),
    ),
)
