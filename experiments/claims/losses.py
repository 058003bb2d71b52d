"""Claims about a loss that is zero beyond its target."""

from study.report.claims import Claim, Results, at_least


def _loss_separates(results: Results) -> bool:
    """Say whether the threshold loss separated at every distance tried, and clusters in 95% of sets from each start."""
    clusters = "losses.runs.clusters.threshold_quadratic.unbounded.*.separates_low"
    return results["losses"]["all_found"] and at_least(results, clusters, 0.95)


CLAIMS = (
    Claim(
        key="threshold loss",
        statement="With a loss that is zero beyond the target, descent without a bound separates in finite time.",
        source="[@sontag1991]",
        holds=_loss_separates,
        basis="measured",
        sample="{losses.n_clusters:,} sets",
        evidence=(
            "the fourth point is met at every distance up to seven: {losses.all_found}",
            "share of spoiled clusters, from zero: "
            "{losses.runs.clusters.threshold_quadratic.unbounded.zero.separates:.2f}",
        ),
    ),
    Claim(
        key="finite is soon",
        statement="That time grows with the distance of the fourth point no faster than a power of it.",
        source="this study, after @sontag1991",
        holds=lambda results: results["losses"]["growth"] <= 0.5,
        basis="measured",
        evidence=(
            "growth of the log of time times squared distance, for each unit: {losses.growth:.2f}",
            "steps at the largest distance: {losses.time.t_7.threshold_quadratic:,.0f}",
            "updates of the perceptron at ten: {losses.perceptron.four:.0f}",
        ),
    ),
)
