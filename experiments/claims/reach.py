"""Claims about the loss: what targets within the bound's reach change."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup


def _never_outvoted(results: Results) -> bool:
    """Say whether targets within reach give none up, however many the copies, and the other losses are outvoted."""
    within = "share_0_5|share_0_8|share_0_95"
    return (
        results["reach"]["in_reach"] > 0
        and results["reach"]["in_reach_lost"] == 0
        and set(lookup(results, f"reach.copies.threshold_quadratic.{within}.*.separates")) == {1.0}
        and at_most(results, f"reach.copies.quadratic|cross_entropy.{within}.m_10000.separates_high", 0.05)
    )


CLAIMS = (
    Claim(
        key="the loss",
        statement="It is the loss that makes a bounded unit give a spoiler up: with a loss that is zero beyond its "
        "targets no number of other points outvotes it.",
        source="this study, after @sontag1991",
        holds=lambda results: at_least(results, "reach.targets.*.*.threshold_quadratic.separates_low", 0.95),
        condition="the targets are within the bound's reach",
        holds_conditionally=_never_outvoted,
        basis="proved; the other losses measured",
        sample="{reach.n:,} sets",
        evidence=(
            "given up, of targets within reach: {reach.in_reach_lost}",
            "ten thousand copies: {reach.copies.threshold_quadratic.share_0_95.m_10000.separates:.3f}",
            "quadratic loss: {reach.copies.quadratic.share_0_95.m_10000.separates:.3f}",
            "cross-entropy: {reach.copies.cross_entropy.share_0_95.m_10000.separates:.3f}",
            "out of reach: {reach.targets.box.u_2_2.threshold_quadratic.separates:.3f}",
        ),
        rests="[Figure](figures/reach.svg)a",
    ),
)
