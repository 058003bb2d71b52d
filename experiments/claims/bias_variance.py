"""Claims about bias and variance."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

SETS = "{bias_variance.n:,} sets"
RARE = "spoilers are one in a hundred and the bound is three or less"
TIGHT = "|".join(
    f"unit_{loss}_{shape}_{R}" for loss in ("cross_entropy", "quadratic") for shape in ("box", "ball") for R in (1, 3)
)


def _surely(results: Results, baseline: str, part: str, sign: int) -> bool:
    """Say whether a baseline's part lies on one side of that of every tight unit, by the primary intervals."""
    side = "difference_low" if sign > 0 else "difference_high"
    return all(sign * end > 0 for end in lookup(results, f"bias_variance.differences.{baseline}.{TIGHT}.{part}.{side}"))


def _never(results: Results, baseline: str, part: str, larger: str) -> bool:
    """Say whether, elsewhere and after Holm's correction, no comparison came out the other way."""
    return bool(results["bias_variance"]["elsewhere"][baseline][part][larger] == 0)


def _low_bias(results: Results) -> bool:
    """Say whether the perceptron separates every training set, and no unit anywhere has less bias for certain."""
    separates = lookup(results, "bias_variance.cells.*.perceptron.separates")
    return _never(results, "perceptron", "bias", "baseline_larger") and set(separates) == {1.0}


def _higher_variance(results: Results, baseline: str) -> bool:
    """Say whether a baseline varies more than every tight unit, and no unit elsewhere more than it."""
    return _surely(results, baseline, "variance", 1) and _never(results, baseline, "variance", "unit_larger")


def _more_variance(baseline: str, key: str, statement: str) -> Claim:
    """Return the claim that a baseline varies more than a bounded unit."""
    rules, elsewhere = "bias_variance.cells.primary", f"bias_variance.elsewhere.{baseline}.variance"
    return Claim(
        key=key,
        statement=statement,
        source="[@rana]",
        holds=lambda results: _higher_variance(results, baseline),
        condition=RARE,
        holds_conditionally=lambda results: _surely(results, baseline, "variance", 1),
        sample=SETS,
        evidence=(
            f"variance, {baseline.replace('max_margin', 'widest margin')}: {{{rules}.{baseline}.variance:.4f}}",
            f"unit, box: {{{rules}.unit_cross_entropy_box_3.variance:.5f}}",
            f"comparisons elsewhere: {{{elsewhere}.compared}}",
            f"the unit's is higher in: {{{elsewhere}.unit_larger}}",
        ),
    )


CLAIMS = (
    Claim(
        key="low bias",
        statement="The perceptron makes no training error if none need be made, and its bias is low: nowhere above "
        "that of a bounded unit.",
        source="[@rana]",
        holds=_low_bias,
        condition=RARE,
        holds_conditionally=lambda results: _surely(results, "perceptron", "bias", -1),
        sample=SETS,
        evidence=(
            "training sets separated: {bias_variance.cells.primary.perceptron.separates:.3f}",
            "bias, perceptron: {bias_variance.cells.primary.perceptron.bias:.4f}",
            "unit, box: {bias_variance.cells.primary.unit_cross_entropy_box_3.bias:.4f}",
            "settings where it is higher: {bias_variance.elsewhere.perceptron.bias.baseline_larger}",
        ),
    ),
    _more_variance(
        "perceptron",
        key="high variance",
        statement="The perceptron has a higher variance than a unit with bounded weights.",
    ),
    Claim(
        key="variance for bias",
        statement="What a bounded unit gains in variance over the perceptron it pays in bias.",
        source="[@rana]",
        holds=lambda results: _higher_variance(results, "perceptron") and _surely(results, "perceptron", "bias", -1),
        condition=RARE,
        holds_conditionally=lambda results: (
            _surely(results, "perceptron", "variance", 1) and _surely(results, "perceptron", "bias", -1)
        ),
        sample=SETS,
        evidence=(
            "perceptron less unit, variance: "
            "{bias_variance.differences.perceptron.unit_cross_entropy_box_3.variance.difference:+.4f}",
            "bias: {bias_variance.differences.perceptron.unit_cross_entropy_box_3.bias.difference:+.4f}",
        ),
    ),
    _more_variance(
        "max_margin",
        key="below the optimal classifier",
        statement="A bounded unit has a lower variance than the optimal classifier for the training data, the one with "
        "the widest margin.",
    ),
    Claim(
        key="the peak",
        statement="A bounded unit's variance peaks where the share of spoilers meets one over the number of points "
        "among which, by the law, a spoiler is ignored, within a factor of three.",
        source="this study",
        holds=lambda results: (
            results["bias_variance"]["law"]["least_ratio"] >= 1 / 3
            and results["bias_variance"]["law"]["most_ratio"] <= 3.0
        ),
        sample=SETS,
        evidence=(
            "predicted, box of three: {bias_variance.law.unit_cross_entropy_box_3.predicted_rate:.3f}",
            "measured: {bias_variance.law.unit_cross_entropy_box_3.peak_rate:.3f}",
            "measured over predicted, six units, from: {bias_variance.law.least_ratio:.2f}",
            "to: {bias_variance.law.most_ratio:.2f}",
        ),
    ),
)
