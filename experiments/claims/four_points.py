"""Claims about the four points."""

from study.report.claims import Claim, Results, at_most


def _unit_stays(results: Results) -> bool:
    """Say whether the perceptron separates and the unit, trained on from the old optimum, ends where it fails."""
    rules, stuck = results["four_points"]["rules"], results["four_points"]["stationary"]["stuck"]
    fails = not rules["continued"]["separates"] and not rules["descent"]["separates"]
    minimum = rules["continued"]["residual"] <= 1e-9 and stuck["least_curvature"] > 1e-6
    return rules["perceptron_four"]["separates"] and rules["lowest"]["separates"] and fails and minimum


def _vanishes(results: Results) -> bool:
    """Say whether the fourth point's pull falls by e^-u for each unit of distance, its length apart, within 1%."""
    pull = results["four_points"]["pull"]
    return at_most(results, "four_points.pull.rates.eps_*.off", 0.01) and bool(pull["worst"] <= 1e-9)


CLAIMS = (
    Claim(
        key="four points",
        statement="Four separable points in the plane suffice: trained on from the optimum of three, backpropagation "
        "stays in a minimum that misclassifies the fourth, though separating weights have a lower loss, while the "
        "perceptron separates all four.",
        source="[@brady1989]",
        holds=_unit_stays,
        basis="measured; proved by machine in its section",
        evidence=(
            "the unit separates, trained on by descent: {four_points.rules.descent.separates}",
            "the perceptron separates: {four_points.rules.perceptron_four.separates}",
            "the unit separates, trained on by L-BFGS-B: {four_points.rules.continued.separates}",
            "least curvature where it stays: {four_points.stationary.stuck.least_curvature:.4f}",
            "the lowest minimum found separates: {four_points.rules.lowest.separates}",
        ),
        rests="[Figure](figures/four_points.svg)b",
    ),
    Claim(
        key="t squared",
        statement="On these four points the perceptron may take a number of iterations that grows as the square of the "
        "fourth point's distance.",
        source="[@raj2026]",
        holds=lambda results: (
            results["four_points"]["updates"]["growth_exponent"] > 1.5
            or results["perceptron_updates"]["orders"]["t_256"]["most"] > 256**1.5
        ),
        sample="{four_points.updates.drawn_runs:,} runs",
        evidence=(
            "power of the distance in the updates: {four_points.updates.growth_exponent:.2f}",
            "distance plus three or four, always: {four_points.updates.follow_rule}",
            "most in any order, at the largest distance tried: {perceptron_updates.orders.t_256.most}",
        ),
        rests="[Figure](figures/four_points.svg)e",
    ),
    Claim(
        key="the fourth point's pull",
        statement="The fourth point's part of the gradient of the quadratic loss vanishes exponentially with its "
        "distance: at the optimum of the other three it falls by $e^{-u}$ for each unit, its length apart.",
        source="[@raj2026]",
        holds=_vanishes,
        basis="proved; the backward pass measured",
        evidence=(
            "measured rate, targets of a tenth, where $u = \\ln 9$: {four_points.pull.rates.eps_0_1.rate:.4f}",
            "the part at distance ten: {four_points.pull.at_ten.quadratic:.1e}",
            "of the cross-entropy: {four_points.pull.at_ten.cross_entropy:.1f}",
        ),
        rests="[Figure](figures/four_points.svg)f",
    ),
)
