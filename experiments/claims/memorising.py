"""Claims about mixtures of right but rare points and wrong labels: what regularisation gives up, and where it pays."""

from math import log

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup

BEST, LIMITS, LASTING = "memorising.best", "steps|bound|decay", "bound|decay"
MARGIN = 0.02
"""Errors that differ by significantly less are the same."""


def _alone(results: Results) -> bool:
    """Say whether under each rule the rare kind is learnt in surely fewer than half of the sets that hold one point."""
    return at_least(results, "memorising.rules", 22) and at_most(results, "memorising.single.most_high", 0.5)


def _alike(results: Results, points: str) -> bool:
    """Say whether no rule, where both shares are equal, learns the rare kind and surely leaves most wrong labels."""
    apart = lookup(results, f"memorising.apart.{points}.apart")
    return bool(apart) and max(apart) == 0


def _pays(results: Results, brakes: str) -> bool:
    """Say where brakes on the weights pay.

    With a fifth of the labels wrong each brake, at its best strength, has surely the smaller error where the rare kind
    is a twentieth or less; with one label in two hundred wrong it gains surely less than a hundredth.
    """
    gains = at_least(results, f"{BEST}.rare_0_005|rare_0_05.wrong_0_2.{brakes}.gain_low", 1e-9)
    return gains and at_most(results, f"{BEST}.*.wrong_0_005.{brakes}.gain_high", 0.01)


def _same(results: Results, pairs: str) -> bool:
    """Say whether steps, bound and decay, each at its best strength, have the same error in each mixture."""
    compared = at_least(results, f"memorising.pairs.{pairs}.compared", 9)
    return compared and at_most(results, f"memorising.pairs.{pairs}.widest", MARGIN)


def _law(results: Results, bounds: str) -> bool:
    """Say whether the share from which a unit keeps a rare point is the law's to a factor of two, in these bounds."""
    return at_most(results, f"memorising.unit.{bounds}.ln_apart_high", log(2.0))


CLAIMS = (
    Claim(
        key="one rare point",
        statement="Where one training point stands for a rare kind no regularisation, and no training without it, "
        "gets the kind right.",
        source="this study",
        holds=_alone,
        basis="measured",
        sample="{memorising.single.n} sets",
        evidence=("most sets in which a rule does: {memorising.single.most:.0%}",),
        rests="[Figure](figures/memorising.svg)c",
    ),
    Claim(
        key="both alike",
        statement="A rule that gives wrong labels up gives right but rare points of the same share up as well.",
        source="this study",
        holds=lambda results: _alike(results, "*"),
        condition="one point stands for the rare kind",
        holds_conditionally=lambda results: _alike(results, "points_1"),
        basis="measured",
        evidence=(
            "rules and networks that tell them apart, one point: {memorising.apart.points_1.apart} of "
            "{memorising.apart.points_1.rules}",
            "ten points: {memorising.apart.points_10.apart} of {memorising.apart.points_10.rules}",
        ),
        rests="[Figure](figures/memorising.svg)c",
    ),
    Claim(
        key="where regularising a network pays",
        statement="Regularisation pays where many labels are wrong and few points rare, and where hardly any "
        "label is wrong it does not.",
        source="this study",
        holds=lambda results: _pays(results, LIMITS),
        condition="it is a bound or decay, and not fewer steps",
        holds_conditionally=lambda results: _pays(results, LASTING),
        basis="measured",
        sample="{memorising.best.rare_0_005.wrong_0_2.bound.n} sets a mixture",
        evidence=(
            "gain of a bound, a fifth wrong: {memorising.best.rare_0_005.wrong_0_2.bound.gain:.4f}",
            "one in two hundred wrong: {memorising.best.rare_0_005.wrong_0_005.bound.gain:.4f}",
        ),
        rests="[Figure](figures/memorising.svg)d",
    ),
    Claim(
        key="which regularisation",
        statement="Fewer steps, a bound and decay, each at its best strength, have the same error to two in a hundred.",
        source="this study",
        holds=lambda results: _same(results, "*"),
        condition="a bound is compared with decay",
        holds_conditionally=lambda results: _same(results, "bound_decay"),
        basis="measured",
        evidence=(
            "farthest end of an interval of a difference, bound and decay: {memorising.pairs.bound_decay.widest:.3f}",
            "steps and bound: {memorising.pairs.steps_bound.widest:.3f}",
        ),
        rests="`memorising.pairs.csv`",
    ),
    Claim(
        key="the share that is kept",
        statement="To a factor of two the law gives the share from which a unit in a wide bound keeps a rare point.",
        source="this study",
        holds=lambda results: _law(results, "R_30|R_100"),
        condition="the bound is the wider of the two that are called wide",
        holds_conditionally=lambda results: _law(results, "R_100"),
        basis="measured",
        sample="{memorising.unit.R_30.n} sets",
        evidence=(
            "mean distance of the logarithms, narrower bound: {memorising.unit.R_30.ln_apart:.2f}",
            "wider: {memorising.unit.R_100.ln_apart:.2f}",
        ),
        rests="`memorising.unit.csv`",
    ),
)
