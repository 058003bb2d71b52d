"""A claim about a minority of natural data: what a weight does for it that no penalty does."""

from study.report.claims import Claim, Results


def _weight_helps(results: Results) -> bool:
    """Say whether a weight takes a third of the worst group's error away, and more than any C does."""
    minority = results["minority"]
    best = minority["best_k"]["worst"]
    return bool(3.0 * best <= 2.0 * minority["at_one"]["worst"] and best < minority["best_C"]["worst"])


CLAIMS = (
    Claim(
        key="a minority",
        statement="Where features mark a minority badly, a weight on it takes a third or more of the worst group's "
        "error on held-out rows away, at scikit-learn's default C, and no C takes away as much.",
        source="this study",
        holds=_weight_helps,
        sample="{minority.halves} halves of a table",
        evidence=(
            "worst group's error, C of one: {minority.at_one.worst:.3f}",
            "with the best weight: {minority.best_k.worst:.3f}",
            "with the best C: {minority.best_C.worst:.3f}",
        ),
        rests="[Figure](figures/minority.svg)b",
    ),
)
