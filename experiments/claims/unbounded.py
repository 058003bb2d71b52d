"""Claims about descent without a bound."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup


def _descends_to_separators(results: Results) -> bool:
    """Say whether descent on hard targets separated at every size tried, its loss falling as 1/t within 2%."""
    slopes = lookup(results, "unbounded.rates.*.loss_slope.mean")
    return results["unbounded"]["meeting_all"] and all(abs(slope + 1.0) <= 0.02 for slope in slopes)


SOFT = "losses.runs.clusters.cross_entropy.unbounded"


def _bound_is_stopping(results: Results) -> bool:
    """Say whether optimum and descent of one norm stay within 5 degrees, and meet the spoiler at norms within 10%.

    The first is asked of every drawn set too.
    """
    ratios = lookup(results, "unbounded.meeting.*.norm_ratio")
    near = at_most(results, "unbounded.path|drawn_path.most_apart", 5.0)
    return near and all(0.9 <= ratio <= 1.1 for ratio in ratios)


CLAIMS = (
    Claim(
        key="separates in the end",
        statement="Without a bound, descent on the cross-entropy separates separable points in the end.",
        source="[@soudry2018]",
        holds=lambda results: _descends_to_separators(results) and at_least(results, f"{SOFT}.*.separates_low", 0.95),
        condition="the targets are zero and one",
        holds_conditionally=_descends_to_separators,
        sample="{losses.n_clusters:,} sets",
        evidence=(
            "separates with hard targets, at every size tried: {unbounded.meeting_all}",
            "power of time in the loss: {unbounded.rates.generic.loss_slope.mean:.4f}",
            f"soft targets, share of sets: {{{SOFT}.zero.separates:.2f}}",
        ),
        rests="[Figure](figures/unbounded.svg)e",
    ),
    Claim(
        key="1 / log t",
        statement="The direction of descent goes to the largest margin as fast as one over log time: after three "
        "million steps on two kinds of sets its power of log time is nine tenths or more.",
        source="[@soudry2018]",
        holds=lambda results: at_most(results, "unbounded.rates.*.error_slope.low", -0.9),
        sample="{unbounded.rates.generic.n:,} sets",
        evidence=(
            "power of log time, generic sets: {unbounded.rates.generic.error_slope.mean:.2f}",
            "symmetric set: {unbounded.rates.symmetric.error_slope.mean:.1f}",
        ),
        rests="[Figure](figures/unbounded.svg)c",
    ),
    Claim(
        key="a bound is a time",
        statement="For the cross-entropy a bound on the norm acts like stopping descent when it reaches that norm.",
        source="folklore, and @ji2020 in the limit",
        holds=_bound_is_stopping,
        sample="an example and {unbounded.drawn_path.sets} random sets",
        evidence=(
            "degrees between the two, at most, of random sets: {unbounded.drawn_path.most_apart:.1f}",
            "degrees between the two, at most, of the example: {unbounded.path.most_apart:.1f}",
            "norm that meets the spoiler, over the bound that does: {unbounded.most_norm_ratio:.3f}",
        ),
        rests="[Figure](figures/unbounded.svg)d",
    ),
)
