"""Claims about networks and a few spoilers: how far a boundary moves, and what its variance is made of."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup

SHARES, DIFFERENCES = "curved.shares", "curved.differences"


def _hardly_moves(results: Results, geometry: str) -> bool:
    """Say whether three spoilers move a tightly bounded network on a twentieth of the region at most, surely.

    And on less than half of the region on which they move the same network where its weights only decay.
    """
    where = f"{SHARES}.{geometry}.width_4.*"
    tight, decay = (lookup(results, f"{where}.{kind}.moved") for kind in ("tight", "decay"))
    less = all(one < 0.5 * other for one, other in zip(tight, decay, strict=True))
    return less and at_most(results, f"{SHARES}.{geometry}.*.*.tight.moved_high", 0.05)


def _below(results: Results, geometry: str) -> bool:
    """Say whether the variance of tight networks is surely below that of each rule without training error."""
    return at_least(results, f"{DIFFERENCES}.{geometry}.*.*.*.variance_low", 1e-9)


def _of_data(results: Results) -> bool:
    """Say whether along a wave, where sets differ in their boundary, they differ in surely more than starts do."""
    return at_least(results, f"{SHARES}.wave.*.*.*.data_more_low", 1e-9)


CLAIMS = (
    Claim(
        key="networks hardly move",
        statement="A few spoilers hardly move the boundary of a bounded network, be it curved or not.",
        source="[@raj2026]",
        holds=lambda results: _hardly_moves(results, "*"),
        condition="the classes are two clusters, which a line separates",
        holds_conditionally=lambda results: _hardly_moves(results, "clusters"),
        basis="measured",
        sample="{curved.n.shares} sets",
        evidence=(
            "share of the region, two clusters: {curved.shares.clusters.width_4.depth_1.tight.moved:.1%}",
            "a wave: {curved.shares.wave.width_4.depth_1.tight.moved:.1%}",
        ),
        rests="[Figure](figures/curved.svg)a",
    ),
    Claim(
        key="a network's variance",
        statement="A bounded network has less variance than the optimal classifiers, whose training error is zero, or "
        "would tend to it: the widest margin of a line and of networks, and the nearest neighbour.",
        source="[@rana]",
        holds=lambda results: _below(results, "*"),
        condition="the classes are two clusters, which a line separates",
        holds_conditionally=lambda results: _below(results, "clusters"),
        basis="measured",
        sample="{curved.n.sets} sets",
        evidence=(
            "widest margin of networks, excess: {curved.differences.clusters.width_4.depth_1.decay.variance:.4f}",
            "a wave: {curved.differences.wave.width_4.depth_1.decay.variance:.4f}",
        ),
        rests="[Figure](figures/curved.svg)c, d",
    ),
    Claim(
        key="variance of starts",
        statement="Where descent ends in local optima, other starts change a network's boundary less than other data.",
        source="[@raj2026]; this study",
        holds=_of_data,
        basis="measured",
        sample="{curved.n.shares} sets",
        evidence=(
            "share of the region, other starts: {curved.shares.wave.width_4.depth_1.wide.starts:.1%}",
            "other data: {curved.shares.wave.width_4.depth_1.wide.data:.1%}",
        ),
        rests="[Figure](figures/curved.svg)b",
    ),
)
