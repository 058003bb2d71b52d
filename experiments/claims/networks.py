"""Claims about bounded networks."""

from study.report.claims import Claim, Results, at_least
from study.report.numbers import lookup

SETS = "{networks.n:,} sets"
UNIT, WIDE = "depth_0_width_0", "depth_1_width_16"


def _saves_weight_by_weight(results: Results) -> bool:
    """Say whether, at the widest box, they do where the unit fails, and by the product of norms no more than the unit.

    No more is by less than a tenth of the sets, surely, at any depth, the product four times as wide for each layer.
    """
    widest = lookup(results, "networks.grid.box.*")[-1]
    saves = widest[WIDE]["separates_low"] >= 0.9 and widest[UNIT]["separates_high"] <= 0.3
    return bool(saves and max(lookup(results, "networks.depth.ball.*.*.gain_high")) < 0.1)


def _margins_alone(results: Results, widths: str) -> bool:
    """Say whether the log of the copies grows with the class's margin at a slope of 1, within 5% at wide bounds."""
    return all(abs(slope - 1.0) <= 0.05 for slope in lookup(results, f"networks.law.{widths}.late_slope"))


def _variance_falls(results: Results, shapes: str) -> bool:
    """Say whether, on the same sets, the variance surely falls with depth at every bound of the shapes."""
    return set(lookup(results, f"networks.depth.{shapes}.*.*.side")) == {-1}


CLAIMS = (
    Claim(
        key="a hidden layer saves",
        statement="A hidden layer saves backpropagation from the spoiler.",
        source="folklore",
        holds=lambda results: at_least(results, f"networks.grid.box|ball.*.{WIDE}.lowest_separates", 0.95),
        condition="each weight is bounded by itself, and not when the product of the layers' norms is, four times as "
        "wide for each hidden layer",
        holds_conditionally=_saves_weight_by_weight,
        sample=SETS,
        evidence=(
            "share separated, sixteen hidden nodes, product of norms: "
            "{networks.depth.ball.R_16.width_16.separates_1:.2f}",
            "unit, box: {networks.grid.box.R_4.depth_0_width_0.separates:.2f}",
            "sixteen hidden nodes, box: {networks.grid.box.R_4.depth_1_width_16.separates:.2f}",
            "unit, product of norms: {networks.depth.ball.R_16.width_16.separates_0:.2f}",
        ),
        rests="[Figure](figures/networks.svg)a, b",
    ),
    Claim(
        key="only margins enter",
        statement="The copies at which a class of networks gives the spoiler up grow as the exponential of the class's "
        "own margin.",
        source="this study",
        holds=lambda results: _margins_alone(results, "width_0|width_1|width_2"),
        condition="there is no hidden layer",
        holds_conditionally=lambda results: _margins_alone(results, "width_0"),
        sample="one set",
        evidence=(
            "slope at the widest bounds, one hidden node: {networks.law.width_1.late_slope:.2f}",
            "slope at the widest bounds, no hidden layer: {networks.law.width_0.late_slope:.2f}",
            "two: {networks.law.width_2.late_slope:.2f}",
        ),
        rests="[Figure](figures/networks.svg)c",
    ),
    Claim(
        key="variance and depth",
        statement="The variance of the prediction decreases with depth.",
        source="folklore",
        holds=lambda results: _variance_falls(results, "box|ball"),
        condition="the product of the layers' norms is what is bounded, four times as wide for each hidden layer",
        holds_conditionally=lambda results: _variance_falls(results, "ball"),
        sample="{networks.n_paired:,} sets",
        evidence=(
            "change for each layer, width four, widest box: {networks.depth.box.R_4.width_4.slope:+.4f}",
            "change for each layer, width four, tightest box: {networks.depth.box.R_1.width_4.slope:+.4f}",
            "product of norms: {networks.depth.ball.R_16.width_4.slope:+.4f}",
        ),
        rests="[Figure](figures/networks.svg)d",
    ),
)
