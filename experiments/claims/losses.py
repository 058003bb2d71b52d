"""Claims about a loss that is zero beyond its target."""

from study.report.claims import Claim, at_least

CLUSTERS = "losses.runs.clusters.threshold_quadratic.unbounded"

CLAIMS = (
    Claim(
        key="threshold loss",
        statement="With a loss that is zero beyond the target, descent without a bound separates in finite time.",
        source="[@sontag1991]",
        holds=lambda results: results["losses"]["all_found"] and at_least(results, f"{CLUSTERS}.*.separates_low", 0.95),
        sample="{losses.n_clusters:,} sets",
        evidence=(
            "the fourth point is met at every distance up to seven: {losses.all_found}",
            f"share of spoiled clusters, from zero: {{{CLUSTERS}.zero.separates:.2f}}",
        ),
        rests="[Figure](figures/losses.svg)c",
    ),
    Claim(
        key="finite is soon",
        statement="That time grows with the distance of the fourth point no faster than a power of it.",
        source="this study, after @sontag1991",
        holds=lambda results: results["losses"]["growth"] <= 0.5,
        evidence=(
            "growth of the log of time times squared distance, for each unit: {losses.growth:.2f}",
            "steps at the largest distance: {losses.time.t_7.threshold_quadratic:,.0f}",
            "updates of the perceptron at ten: {losses.perceptron.four:.0f}",
        ),
        rests="[Figure](figures/losses.svg)c",
    ),
)
