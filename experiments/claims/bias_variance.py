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


def _everywhere(results: Results, baseline: str, part: str, column: str) -> bool:
    """Say whether all comparisons of a part, with each unit in each setting, came out one way."""
    compared = results["bias_variance"]["everywhere"][baseline][part]
    return bool(compared[column] == compared["compared"])


def _low_bias(results: Results) -> bool:
    """Say whether the perceptron separates every training set, its bias surely nowhere above a unit's by the margin."""
    separates = lookup(results, "bias_variance.cells.*.perceptron.separates")
    return _everywhere(results, "perceptron", "bias", "not_above") and set(separates) == {1.0}


def _higher_variance(results: Results, baseline: str) -> bool:
    """Say whether a baseline surely varies more than every unit in every setting, after Holm's correction."""
    return _everywhere(results, baseline, "variance", "baseline_larger")


def _more_variance(baseline: str, key: str, statement: str) -> Claim:
    """Return the claim that a baseline varies more than a bounded unit."""
    rules, everywhere = "bias_variance.cells.primary", f"bias_variance.everywhere.{baseline}.variance"
    return Claim(
        key=key,
        statement=statement,
        source="[@rana]",
        holds=lambda results: _higher_variance(results, baseline),
        condition=RARE,
        holds_conditionally=lambda results: _surely(results, baseline, "variance", 1),
        sample=SETS,
        evidence=(
            f"comparisons in which the unit's is surely higher: {{{everywhere}.unit_larger}}",
            f"variance, {baseline.replace('max_margin', 'widest margin')}: {{{rules}.{baseline}.variance:.4f}}",
            f"unit, box: {{{rules}.unit_cross_entropy_box_3.variance:.5f}}",
            f"comparisons in all settings: {{{everywhere}.compared}}",
            f"surely higher in: {{{everywhere}.baseline_larger}}",
        ),
        rests="[Figure](figures/spoiler_rates.svg)a",
    )


CLAIMS = (
    Claim(
        key="low bias",
        statement="The perceptron makes no training error if none need be made, and its bias is low: nowhere above "
        "that of a bounded unit by a tenth of the spoilers' rate.",
        source="[@rana]",
        holds=_low_bias,
        condition=RARE,
        holds_conditionally=lambda results: _surely(results, "perceptron", "bias", -1),
        sample=SETS,
        evidence=(
            "comparisons in which its bias is surely not above by that much: "
            "{bias_variance.everywhere.perceptron.bias.not_above}",
            "training sets separated: {bias_variance.cells.primary.perceptron.separates:.3f}",
            "bias, perceptron: {bias_variance.cells.primary.perceptron.bias:.4f}",
            "unit, box: {bias_variance.cells.primary.unit_cross_entropy_box_3.bias:.4f}",
            "comparisons in all settings: {bias_variance.everywhere.perceptron.bias.compared}",
        ),
        rests="[Figure](figures/spoiler_rates.svg)b",
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
            "variance, perceptron less unit: "
            "{bias_variance.differences.perceptron.unit_cross_entropy_box_3.variance.difference:+.4f}",
            "bias: {bias_variance.differences.perceptron.unit_cross_entropy_box_3.bias.difference:+.4f}",
        ),
        rests="[Figure](figures/bias_variance.svg)",
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
        "among which, by the law, a spoiler is given up, within a factor of three.",
        source="this study",
        holds=lambda results: (
            results["bias_variance"]["law"]["least_ratio"] >= 1 / 3
            and results["bias_variance"]["law"]["most_ratio"] <= 3.0
        ),
        sample=SETS,
        evidence=(
            "measured over predicted, at most: {bias_variance.law.most_ratio:.2f}",
            "predicted, box of three: {bias_variance.law.unit_cross_entropy_box_3.predicted_rate:.3f}",
            "measured: {bias_variance.law.unit_cross_entropy_box_3.peak_rate:.3f}",
            "measured over predicted, six units, from: {bias_variance.law.least_ratio:.2f}",
        ),
        rests="[Figure](figures/spoiler_rates.svg)a",
    ),
)
