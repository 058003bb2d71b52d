"""Claims about the bound and the law of the ignored spoiler."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

BOTH = "phase_diagram.cross_entropy|quadratic"


def _bound_decides(results: Results) -> bool:
    """Say whether, for both losses and all numbers of base points, separating is a matter of how wide the bound is.

    At the tightest bound the optimum fails from a hundred points on; for each number it separates from some bound on.
    """
    return all(
        one["separates_at_widest"] and one["fails_at_tightest"] and one["monotone_in_bound"] and one["undecided"] == 0
        for one in lookup(results, BOTH)
    )


def _exponential(results: Results) -> bool:
    """Say whether certified verdicts put ln N* within a twentieth of the law wherever it is resolved."""
    return all(
        one["brackets_accepted"] == one["n_brackets"] >= 20 and one["worst"] <= 0.05 for one in lookup(results, BOTH)
    )


CLAIMS = (
    Claim(
        key="the bound",
        statement="It is the bound on the weights that makes the unit give a spoiler up, where targets are hard: for "
        "every number of base points tried the optimum separates once the bound is wide enough, and at each wider one.",
        source="[@rana]",
        holds=_bound_decides,
        basis="proved by machine",
        sample="{phase_diagram.cells:,} cells",
        evidence=(
            "all separate at the widest bound, cross-entropy: {phase_diagram.cross_entropy.separates_at_widest}",
            "most base points: {phase_diagram.most_base:,.0f}",
            "quadratic loss: {phase_diagram.quadratic.separates_at_widest}",
            "never given up again, cross-entropy: {phase_diagram.cross_entropy.monotone_in_bound}",
            "quadratic loss: {phase_diagram.quadratic.monotone_in_bound}",
        ),
        rests="[Figure](figures/phase_diagram.svg)a, b",
    ),
    Claim(
        key="the law",
        statement="In a box, one spoiler is given up once the base points outnumber a constant times "
        "$e^{\\gamma_0 R}$ with the cross-entropy, $e^{2 \\gamma_0 R}$ with the quadratic loss.",
        source="this study",
        holds=_exponential,
        basis="proved, and by machine",
        evidence=(
            "proofs accepted beside the law, cross-entropy: {phase_diagram.cross_entropy.brackets_accepted}",
            "tried: {phase_diagram.cross_entropy.n_brackets}",
            "quadratic loss: {phase_diagram.quadratic.brackets_accepted}",
            "tried: {phase_diagram.quadratic.n_brackets}",
        ),
        rests="[Figure](figures/law_error.svg)a, b",
    ),
)
