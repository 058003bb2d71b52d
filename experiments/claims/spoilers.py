"""Claims about the lecture's frames: what a few spoilers do to both rules."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup

SETS = "{spoilers.n:,} sets"
RATES = "spoilers.rates.boxes|gaussians"
LOSSES = "cross_entropy|quadratic"


def _rates(n_spoilers: int) -> tuple[str, ...]:
    """Return as evidence how often each rule separates."""
    rates = f"spoilers.rates.boxes.spoilers_{n_spoilers}"
    return (
        f"share of sets that the unit separates, cross-entropy: {{{rates}.cross_entropy.separates:.3f}}",
        f"quadratic loss: {{{rates}.quadratic.separates:.3f}}",
        f"perceptron: {{{rates}.perceptron.separates:.3f}}",
    )


def _unit_fails(results: Results) -> bool:
    """Say whether, one spoiler or three, the perceptron separates in 95% of sets or more, the unit in 5% or less."""
    spoiled = f"{RATES}.spoilers_1|spoilers_3"
    return at_least(results, f"{spoiled}.perceptron.separates_low", 0.95) and at_most(
        results, f"{spoiled}.{LOSSES}.separates_high", 0.05
    )


def _unit_fails_at_tight_bounds(results: Results) -> bool:
    """Say whether the unit fails as declared and at the tightest bound, and separates at the widest."""
    bounds = [list(rates.values()) for rates in lookup(results, "spoilers.bounds.*.*")]
    return _unit_fails(results) and all(
        rates[0]["separates"] <= 0.05 and rates[-1]["separates"] >= 0.95 for rates in bounds
    )


def _share(results: Results, n_samples: int) -> float:
    """Return the larger of the two losses' median shares that the spoiler's own term has."""
    return float(max(lookup(results, f"spoilers.growth.{LOSSES}.n_{n_samples}.own_share")))


def _not_feasible(results: Results) -> bool:
    """Say whether separators are inside the bound and, wherever the unit fails, all of them cost more."""
    units = lookup(results, f"{RATES}.spoilers_1|spoilers_3.{LOSSES}")
    return all(unit["separable"] == unit.get("optimum_below_best") == 1.0 for unit in units)


CLAIMS = (
    Claim(
        key="no spoiler",
        statement="On separable points without a spoiler both rules find a separator.",
        source="[@rana]",
        holds=lambda results: at_least(results, f"{RATES}.spoilers_0.perceptron|{LOSSES}.separates_low", 0.95),
        sample=SETS,
        evidence=_rates(0),
        rests="`spoilers.csv`",
    ),
    Claim(
        key="spoilers",
        statement="With a few spoilers the perceptron separates and the unit with bounded weights does not.",
        source="[@rana; @brady1989]",
        holds=lambda results: _unit_fails(results) and at_most(results, "spoilers.bounds.*.*.*.separates", 0.05),
        condition="the bound is small: a half or three, and not a hundred",
        holds_conditionally=_unit_fails_at_tight_bounds,
        sample=SETS,
        evidence=(
            *_rates(1),
            "unit at the widest bound: {spoilers.bounds.box.quadratic.R_100.separates:.3f}",
        ),
        rests="[Figure](figures/frames.svg)d-f, [Figure](figures/spoilers.svg)c",
    ),
    Claim(
        key="insignificant",
        statement="A single additional input does not change the loss significantly: its own term is at most a "
        "twentieth of the loss.",
        source="[@rana]",
        holds=lambda results: _share(results, 100) <= 0.05,
        condition="the other points are many",
        holds_conditionally=lambda results: _share(results, 10_000) <= 0.05,
        sample="{spoilers.n_growth:,} sets",
        evidence=(
            "share among a hundred points, cross-entropy: {spoilers.growth.cross_entropy.n_100.own_share:.3f}",
            "quadratic loss: {spoilers.growth.quadratic.n_100.own_share:.3f}",
            "quadratic loss, ten thousand points: {spoilers.growth.quadratic.n_10000.own_share:.4f}",
        ),
        rests="[Figure](figures/spoilers.svg)b",
    ),
    Claim(
        key="not a feasible optimum",
        statement="Where the unit fails, separators are within its reach, but the best of them that was found has "
        "a higher loss than the failing optimum.",
        source="[@rana]",
        holds=_not_feasible,
        sample=SETS,
        evidence=(
            "share of the failing sets, cross-entropy: "
            "{spoilers.rates.boxes.spoilers_1.cross_entropy.optimum_below_best:.3f}",
            "quadratic: {spoilers.rates.boxes.spoilers_1.quadratic.optimum_below_best:.3f}",
        ),
        rests="[Figure](figures/spoilers.svg)a",
    ),
)
