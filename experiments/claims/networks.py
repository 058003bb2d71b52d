"""Claims about bounded networks."""

from study.report.claims import Claim, Results, at_least
from study.report.numbers import lookup

SETS = "{networks.n:,} sets"
UNIT, WIDE = "depth_0_width_0", "depth_1_width_16"


def _saves_weight_by_weight(results: Results) -> bool:
    """Say whether, at the widest box, they do where the unit fails, and at no product of norms beat the unit."""
    widest = lookup(results, "networks.grid.box.*")[-1]
    return (
        widest[WIDE]["separates_low"] >= 0.9
        and widest[UNIT]["separates_high"] <= 0.3
        and all(
            nets[WIDE]["separates_low"] <= nets[UNIT]["separates_high"]
            for nets in lookup(results, "networks.grid.ball.*")
        )
    )


def _margins_alone(results: Results, widths: str) -> bool:
    """Say whether the log of the copies grows with the class's margin at a slope of 1, within 15%."""
    return all(abs(slope - 1.0) <= 0.15 for slope in lookup(results, f"networks.law.{widths}.slope"))


def _variance_falls(results: Results, shapes: str) -> bool:
    """Say whether four hidden layers vary less than none at every bound of the shapes, by their intervals."""
    return all(
        nets[f"depth_4_width_{width}"]["variance_high"] < nets[UNIT]["variance_low"]
        for nets in lookup(results, f"networks.grid.{shapes}.*")
        for width in (4, 16)
    )


CLAIMS = (
    Claim(
        key="a hidden layer saves",
        statement="A hidden layer saves backpropagation from the spoiler.",
        source="folklore",
        holds=lambda results: at_least(results, f"networks.grid.box|ball.*.{WIDE}.lowest_separates", 0.95),
        condition="each weight is bounded by itself, and not when the product of the layers' norms is",
        holds_conditionally=_saves_weight_by_weight,
        sample=SETS,
        evidence=(
            "unit, box: {networks.grid.box.R_4.depth_0_width_0.separates:.2f}",
            "sixteen hidden nodes, box: {networks.grid.box.R_4.depth_1_width_16.separates:.2f}",
            "unit, product of norms: {networks.grid.ball.R_16.depth_0_width_0.separates:.2f}",
            "sixteen hidden nodes: {networks.grid.ball.R_16.depth_1_width_16.separates:.2f}",
        ),
    ),
    Claim(
        key="only margins enter",
        statement="The copies at which a class of networks gives the spoiler up grow as the exponential of the class's "
        "own margin.",
        source="this study",
        holds=lambda results: _margins_alone(results, "width_0|width_1|width_2"),
        condition="there is no hidden layer",
        holds_conditionally=lambda results: _margins_alone(results, "width_0"),
        evidence=(
            "slope, no hidden layer: {networks.law.width_0.slope:.2f}",
            "slope, one hidden node: {networks.law.width_1.slope:.2f}",
            "slope, two: {networks.law.width_2.slope:.2f}",
        ),
    ),
    Claim(
        key="variance and depth",
        statement="The variance of the prediction decreases with depth.",
        source="folklore",
        holds=lambda results: _variance_falls(results, "box|ball"),
        condition="the product of the layers' norms is what is bounded",
        holds_conditionally=lambda results: _variance_falls(results, "ball"),
        sample=SETS,
        evidence=(
            "unit, widest box: {networks.grid.box.R_4.depth_0_width_0.variance:.3f}",
            "four layers of four: {networks.grid.box.R_4.depth_4_width_4.variance:.3f}",
            "unit, product of norms: {networks.grid.ball.R_64.depth_0_width_0.variance:.3f}",
            "four layers of four: {networks.grid.ball.R_64.depth_4_width_4.variance:.3f}",
        ),
    ),
)
