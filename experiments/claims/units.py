"""Claims about units with other sigmoids."""

from study.report.claims import Claim, Results, at_most
from study.report.numbers import lookup


def _four_points(results: Results, activations: str) -> bool:
    """Say whether each unit has a strict minimum that loses the fourth point alone, and a lower one that separates."""
    found = lookup(results, f"units.four.{activations}.*")
    return all(
        one["fourth_lost"]
        and one["others_right"]
        and one["lowest_separates"]
        and one["residual"] <= 1e-9
        and one["curvature"] > 1e-6
        and one["stuck_loss"] > one["lowest_loss"]
        for one in found
    )


CLAIMS = (
    Claim(
        key="any sigmoid, four points",
        statement="Four points suffice for a bad minimum of any smooth monotone unit: logistic, arctan or probit.",
        source="[@brady1988]",
        holds=lambda results: _four_points(results, "*"),
        condition="the unit is logistic or probit",
        holds_conditionally=lambda results: _four_points(results, "logistic|probit"),
        evidence=(
            "loss of the bad minimum, a tenth, arctan: {units.four.arctan.eps_0_1.stuck_loss:.3f}",
            "probit: {units.four.probit.eps_0_1.stuck_loss:.3f}",
            "fourth point lost, arctan: {units.four.arctan.eps_0_1.fourth_lost:d}",
            "probit: {units.four.probit.eps_0_1.fourth_lost:d}",
        ),
    ),
    Claim(
        key="any sigmoid, spoilers",
        statement="A bounded unit with arctan or probit loses a spoiler among a hundred points as a logistic one does.",
        source="our reading of [@rana]",
        holds=lambda results: at_most(results, "units.spoilers.arctan|probit.*.n_100.separates_high", 0.05),
        sample="{units.n} sets",
        evidence=(
            "share separated, arctan, cross-entropy: {units.spoilers.arctan.cross_entropy.n_100.separates:.3f}",
            "quadratic: {units.spoilers.arctan.quadratic.n_100.separates:.3f}",
            "probit, cross-entropy: {units.spoilers.probit.cross_entropy.n_100.separates:.3f}",
            "quadratic: {units.spoilers.probit.quadratic.n_100.separates:.3f}",
        ),
    ),
)
