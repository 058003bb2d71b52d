"""Claims about the two thresholds: where a spoiler is given up, and where its share of the loss is small."""

from study.report.claims import Claim, Results, at_least


def _two_thresholds(results: Results) -> bool:
    """Say whether both laws hold where they are resolved, and the proved bound everywhere.

    On ten geometries or more: the share at the first threshold within 0.02, ln M of the second within 0.1.
    """
    first, second = results["significance"]["first"], results["significance"]["second"]
    return bool(
        min(first["geometries"], second["geometries"]) >= 10
        and first["worst"] <= 0.02
        and second["worst"] <= 0.1
        and second["proved_beyond"]
    )


CLAIMS = (
    Claim(
        key="insignificant where lost",
        statement="Where a single input is given up it does not change the loss significantly: its own term is at "
        "most a "
        "twentieth of the cross-entropy.",
        source="[@rana]",
        holds=lambda results: (
            results["significance"]["first"]["least_share"] <= 0.05
            and results["significance"]["between"]["least"] <= 0.05
        ),
        condition="the other points outnumber a second threshold, of exponent $\\gamma_1 R$ and not $\\gamma_0 R$",
        holds_conditionally=_two_thresholds,
        basis="proved; measured",
        sample="{significance.n_geometries} sets",
        evidence=(
            "least share at the first threshold: {significance.first.least_share:.2f}",
            "between the two, at the widest bound, at least: {significance.between.least:.2f}",
            "error of the law of the first: {significance.first.worst:.4f}",
            "of the second, in $\\ln M$: {significance.second.worst:.3f}",
        ),
        rests="[Figure](figures/significance.svg)a",
    ),
    Claim(
        key="the share rises",
        statement="Once a spoiler is given up, more points first make its share of the loss larger: to nine tenths, "
        "at the "
        "widest bound tried.",
        source="this study",
        holds=lambda results: at_least(results, "significance.between.least_largest", 0.9),
        basis="proved; measured",
        sample="{significance.n_geometries} sets",
        evidence=("largest share, at least: {significance.between.least_largest:.2f}",),
        rests="[Figure](figures/significance.svg)a",
    ),
)
