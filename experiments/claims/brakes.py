"""Claims about bound, penalty, time and loss: that each has a law, and what is not so."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup

EACH = "brakes.laws.*"


def _exponential(results: Results) -> bool:
    """Say whether thresholds of bound and penalty, and the slope of the time, are the laws' where these are resolved.

    On ten geometries or more each: ln M* within 0.01, and the slope within a thousandth.
    """
    return (
        len(lookup(results, EACH)) == 3
        and at_least(results, f"{EACH}.geometries", 10)
        and at_most(results, f"{EACH}.worst", 0.01)
        and at_least(results, "brakes.time.geometries", 10)
        and at_most(results, "brakes.time.worst", 0.001)
    )


def _never_in_time(results: Results) -> bool:
    """Say whether descent on the quadratic loss takes for ever, or a power, as derived: within a twentieth."""
    quadratic = results["brakes"]["quadratic"]
    always = quadratic["never_met"] == quadratic["never_followed"] > 0
    return bool(always and quadratic["powers"] >= 5 and quadratic["worst_power"] <= 0.05)


def _monotone(results: Results) -> bool:
    """Say whether neither loss has a bound that gives up what a tighter one and a wider one keep."""
    return not any(lookup(results, "brakes.returns.*"))


def _single_threshold(results: Results) -> bool:
    """Say whether the spoiler, once given up under the penalty, stays so with more base points."""
    right = [margin > 0.0 for margin in lookup(results, "brakes.won_back.*.margin")]
    return right == sorted(right, reverse=True) and at_most(results, f"{EACH}.several_changes", 0)


def _later(results: Results) -> bool:
    """Say whether more base points never have descent get the spoiler right sooner."""
    times = lookup(results, "brakes.sooner.*.t")
    return times == sorted(times)


CLAIMS = (
    Claim(
        key="four brakes",
        statement="With the cross-entropy the number of points that outvote one grows exponentially in a bound, in the "
        "C of a penalty and in the time of the gradient flow on the summed loss, at a rate that the geometry gives.",
        source="this study",
        holds=_exponential,
        basis="proved; measured",
        sample="{brakes.n_geometries} sets",
        evidence=(
            "largest error of $\\ln M^*$ where it is to be small, bound: {brakes.laws.bound.worst:.4f}",
            "penalty, bias penalised: {brakes.laws.penalty_bias_penalised.worst:.4f}",
            "bias free: {brakes.laws.penalty_bias_free.worst:.4f}",
            "of the slope of the time, as a share: {brakes.time.worst:.1e}",
        ),
        rests="[Figure](figures/brakes_error.svg)b",
    ),
    Claim(
        key="other tails",
        statement="It is the tail of the loss that makes it exponential: with a power tail, the sigmoid's or the "
        "loss's own, the number grows like a power of the bound.",
        source="this study",
        holds=lambda results: at_most(results, "brakes.tail.*.worst", 0.1),
        basis="proved for convex losses, derived for arctan; measured",
        sample="{brakes.n_geometries} sets",
        evidence=(
            "error of $\\ln M^*$ at the widest bound, arctan: {brakes.tail.arctan.worst:.3f}",
            "error of $\\ln M^*$ at the widest bound, tail one over the margin: {brakes.tail.inverse.worst:.3f}",
            "over its square: {brakes.tail.inverse_square.worst:.3f}",
        ),
        rests="[Figure](figures/brakes.svg)d",
    ),
    Claim(
        key="quadratic loss in time",
        statement="Descent on the quadratic loss gets a spoiler right after a time that is a power of the number of "
        "points, or never.",
        source="this study",
        holds=_never_in_time,
        sample="{brakes.n_geometries} sets",
        evidence=(
            "largest difference of a power: {brakes.quadratic.worst_power:.3f}",
            "sets on which it is never to be right: {brakes.quadratic.never}",
            "followed: {brakes.quadratic.never_followed}",
            "not right: {brakes.quadratic.never_met}",
            "powers compared: {brakes.quadratic.powers}",
        ),
        rests="[Figure](figures/brakes_error.svg)a",
    ),
    Claim(
        key="monotony in the bound",
        statement="What a bound keeps, a wider bound keeps.",
        source="our reading of [@rana]",
        holds=_monotone,
        basis="proved by machine",
        evidence=(
            "kept at two, between a tenth and ten, cross-entropy: {brakes.returning.cross_entropy.R_2.separates}",
            "kept at a tenth, cross-entropy: {brakes.returning.cross_entropy.R_0_1.separates}",
            "at ten: {brakes.returning.cross_entropy.R_10.separates}",
            "quadratic loss, at a tenth: {brakes.returning.quadratic.R_0_1.separates}",
            "at two: {brakes.returning.quadratic.R_2.separates}",
            "at ten: {brakes.returning.quadratic.R_10.separates}",
        ),
        rests="`brakes.returning.csv`",
    ),
    Claim(
        key="one threshold of a penalty",
        statement="Under a penalty too, a spoiler that some number of points outvote is outvoted by more.",
        source="this study",
        holds=_single_threshold,
        basis="proved by machine",
        evidence=(
            "the spoiler's margin, most points: {brakes.won_back.ln_M_8.margin:.2f}",
            "the spoiler's margin, few points: {brakes.won_back.ln_M__4.margin:.2f}",
            "more: {brakes.won_back.ln_M_2.margin:.2f}",
        ),
        rests="`brakes.won_back.csv`",
    ),
    Claim(
        key="time in the number of points",
        statement="The more base points, the longer it takes descent to get the spoiler right.",
        source="this study",
        holds=_later,
        evidence=(
            "time, most copies of each point: {brakes.sooner.ln_M_8.t:.3f}",
            "time, one copy of each point: {brakes.sooner.ln_M_0.t:.2f}",
            "e copies: {brakes.sooner.ln_M_1.t:.2f}",
        ),
        rests="`brakes.sooner.csv`",
    ),
)
