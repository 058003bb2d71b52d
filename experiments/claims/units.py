"""Claims about units with other sigmoids."""

from collections.abc import Mapping
from typing import Any

from study.report.claims import Claim, Results, at_most
from study.report.numbers import lookup


def _is_bad(one: Mapping[str, Any]) -> bool:
    """Say whether a strict minimum has the fourth point alone wrong, and a lower one separates."""
    lost = one["fourth_lost"] and one["others_right"] and one["lowest_separates"]
    strict = one["residual"] <= 1e-9 and one["curvature"] > 1e-6
    return bool(lost and strict and one["stuck_loss"] > one["lowest_loss"])


def _four_points(results: Results, distance: str) -> bool:
    """Say whether each of the units has a bad minimum, at targets of a tenth, at one of the distances named."""
    units = results["units"]["four"]
    return all(any(map(_is_bad, lookup(unit, f"eps_0_1.{distance}"))) for unit in units.values())


CLAIMS = (
    Claim(
        key="any sigmoid, four points",
        statement="Four points suffice for a bad minimum of any smooth monotone unit: logistic, arctan or probit.",
        source="[@brady1988]",
        holds=lambda results: _four_points(results, "t_10"),
        condition="the fourth point is far enough for the unit",
        holds_conditionally=lambda results: _four_points(results, "*"),
        evidence=(
            "fourth point wrong in a minimum, distance ten, arctan: {units.four.arctan.eps_0_1.t_10.fourth_lost}",
            "fourth point wrong in a minimum, distance ten, logistic: {units.four.logistic.eps_0_1.t_10.fourth_lost}",
            "probit: {units.four.probit.eps_0_1.t_10.fourth_lost}",
            "arctan, a distance of a hundred: {units.four.arctan.eps_0_1.t_100.fourth_lost}",
        ),
        rests="`units.csv`",
    ),
    Claim(
        key="any sigmoid, spoilers",
        statement="A bounded unit with arctan or probit gives a spoiler up among a hundred points as a logistic one "
        "does.",
        source="our reading of [@rana]",
        holds=lambda results: at_most(results, "units.spoilers.arctan|probit.*.n_100.separates_high", 0.05),
        condition="there are five hundred points",
        holds_conditionally=lambda results: at_most(
            results, "units.spoilers.arctan|probit.*.n_500.separates_high", 0.05
        ),
        sample="{units.n} sets",
        evidence=(
            "share separated, probit, quadratic loss: {units.spoilers.probit.quadratic.n_100.separates:.3f}",
            "share separated, arctan, cross-entropy: {units.spoilers.arctan.cross_entropy.n_100.separates:.3f}",
            "quadratic: {units.spoilers.arctan.quadratic.n_100.separates:.3f}",
            "probit, cross-entropy: {units.spoilers.probit.cross_entropy.n_100.separates:.3f}",
        ),
        rests="`units.spoilers.csv`",
    ),
)
