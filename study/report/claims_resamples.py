"""Claims about bias, variance and stability."""

from study.report.claim import Claim, Evidence, Results

UNITS = tuple(f"unit_{loss}_{shape}" for loss in ("cross_entropy", "quadratic") for shape in ("box", "ball"))


TIGHT = tuple(f"{unit}_{R}" for unit in UNITS for R in (1, 3))


def _surely(results: Results, baseline: str, part: str, sign: int) -> bool:
    """Say whether a baseline's part lies on one side of that of every tight unit, by the primary intervals."""
    compared = results["bias_variance"]["differences"][baseline]
    side = "difference_low" if sign > 0 else "difference_high"
    return all(sign * compared[label][part][side] > 0 for label in TIGHT)


def _never(results: Results, baseline: str, part: str, larger: str) -> bool:
    """Say whether, elsewhere and after Holm's correction, no comparison came out the other way."""
    return bool(results["bias_variance"]["elsewhere"][baseline][part][larger] == 0)


def _low_bias(results: Results) -> bool:
    """Say whether the perceptron separates every training set, and no unit anywhere has less bias for certain."""
    cells = results["bias_variance"]["cells"].values()
    return _never(results, "perceptron", "bias", "baseline_larger") and all(
        cell["perceptron"]["separates"] == 1.0 for cell in cells
    )


def _swing(results: Results, rule: str, instance: str) -> float:
    """Return the median swing of a boundary, in degrees, the larger of training on and training anew."""
    return max(float(start["angle_median"]) for start in results["stability"][rule][instance].values())


def _hardly_moved(results: Results, instances: tuple[str, ...]) -> bool:
    """Say whether each unit swings by less than half of what the perceptron does, in the median set."""
    return all(
        _swing(results, unit, instance) < 0.5 * _swing(results, "perceptron", instance)
        for unit in UNITS
        for instance in instances
    )


CLAIMS = (
    Claim(
        key="low bias",
        statement="The perceptron makes no training error if none need be made, and its bias is low: nowhere above "
        "that of a bounded unit.",
        source="[@rana]",
        holds=_low_bias,
        condition="spoilers are one in a hundred and the bound is three or less",
        holds_conditionally=lambda results: _surely(results, "perceptron", "bias", -1),
        basis="measured",
        sample=Evidence("bias_variance", "n", "sets", ","),
        evidence=(
            Evidence("bias_variance", "cells.primary.perceptron.separates", "training sets separated", ".3f"),
            Evidence("bias_variance", "cells.primary.perceptron.bias", "bias, perceptron", ".4f"),
            Evidence("bias_variance", "cells.primary.unit_cross_entropy_box_3.bias", "unit, box", ".4f"),
            Evidence("bias_variance", "elsewhere.perceptron.bias.baseline_larger", "settings where it is higher"),
        ),
    ),
    Claim(
        key="high variance",
        statement="The perceptron has a higher variance than a unit with bounded weights.",
        source="[@rana]",
        holds=lambda results: (
            _surely(results, "perceptron", "variance", 1) and _never(results, "perceptron", "variance", "unit_larger")
        ),
        condition="spoilers are one in a hundred and the bound is three or less",
        holds_conditionally=lambda results: _surely(results, "perceptron", "variance", 1),
        basis="measured",
        sample=Evidence("bias_variance", "n", "sets", ","),
        evidence=(
            Evidence("bias_variance", "cells.primary.perceptron.variance", "variance, perceptron", ".4f"),
            Evidence("bias_variance", "cells.primary.unit_cross_entropy_box_3.variance", "unit, box", ".5f"),
            Evidence("bias_variance", "elsewhere.perceptron.variance.compared", "comparisons elsewhere"),
            Evidence("bias_variance", "elsewhere.perceptron.variance.unit_larger", "the unit's is higher in"),
        ),
    ),
    Claim(
        key="variance for bias",
        statement="What a bounded unit gains in variance over the perceptron it pays in bias.",
        source="[@rana]",
        holds=lambda results: (
            _surely(results, "perceptron", "variance", 1)
            and _surely(results, "perceptron", "bias", -1)
            and _never(results, "perceptron", "variance", "unit_larger")
        ),
        condition="spoilers are one in a hundred and the bound is three or less",
        holds_conditionally=lambda results: (
            _surely(results, "perceptron", "variance", 1) and _surely(results, "perceptron", "bias", -1)
        ),
        basis="measured",
        sample=Evidence("bias_variance", "n", "sets", ","),
        evidence=(
            Evidence(
                "bias_variance",
                "differences.perceptron.unit_cross_entropy_box_3.variance.difference",
                "perceptron less unit, variance",
                "+.4f",
            ),
            Evidence(
                "bias_variance", "differences.perceptron.unit_cross_entropy_box_3.bias.difference", "bias", "+.4f"
            ),
        ),
    ),
    Claim(
        key="below the optimal classifier",
        statement="A bounded unit has a lower variance than the optimal classifier for the training data, the one with "
        "the widest margin.",
        source="[@rana]",
        holds=lambda results: (
            _surely(results, "max_margin", "variance", 1) and _never(results, "max_margin", "variance", "unit_larger")
        ),
        condition="spoilers are one in a hundred and the bound is three or less",
        holds_conditionally=lambda results: _surely(results, "max_margin", "variance", 1),
        basis="measured",
        sample=Evidence("bias_variance", "n", "sets", ","),
        evidence=(
            Evidence("bias_variance", "cells.primary.max_margin.variance", "variance, widest margin", ".4f"),
            Evidence("bias_variance", "cells.primary.unit_cross_entropy_box_3.variance", "unit, box", ".5f"),
            Evidence("bias_variance", "elsewhere.max_margin.variance.compared", "comparisons elsewhere"),
            Evidence("bias_variance", "elsewhere.max_margin.variance.unit_larger", "the unit's is higher in"),
        ),
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
        basis="measured",
        sample=Evidence("bias_variance", "n", "sets", ","),
        evidence=(
            Evidence("bias_variance", "law.unit_cross_entropy_box_3.predicted_rate", "predicted, box of three", ".3f"),
            Evidence("bias_variance", "law.unit_cross_entropy_box_3.peak_rate", "measured", ".3f"),
            Evidence("bias_variance", "law.least_ratio", "measured over predicted, six units, from", ".2f"),
            Evidence("bias_variance", "law.most_ratio", "to", ".2f"),
        ),
    ),
    Claim(
        key="swings wildly",
        statement="One added instance may swing the perceptron's boundary wildly: by ten degrees or more in half the "
        "sets.",
        source="[@rana]",
        holds=lambda results: min(_swing(results, "perceptron", kind) for kind in ("ordinary", "spoiler")) >= 10.0,
        condition="the instance is a spoiler",
        holds_conditionally=lambda results: _swing(results, "perceptron", "spoiler") >= 10.0,
        basis="measured",
        sample=Evidence("stability", "n", "sets", ","),
        evidence=(
            Evidence("stability", "perceptron.spoiler.warm.angle_median", "degrees, median, a spoiler", ".1f"),
            Evidence("stability", "perceptron.spoiler.warm.angle_q99", "one set in a hundred, more than", ".1f"),
            Evidence("stability", "perceptron.right_already.warm.angle_max", "a point it has right, at most", ".1f"),
        ),
    ),
    Claim(
        key="minimally changed",
        statement="One added instance changes a bounded unit minimally: by less than half of what it does to the "
        "perceptron.",
        source="[@rana]",
        holds=lambda results: _hardly_moved(results, ("ordinary", "spoiler")),
        condition="the instance is a spoiler",
        holds_conditionally=lambda results: _hardly_moved(results, ("spoiler",)),
        basis="measured",
        sample=Evidence("stability", "n", "sets", ","),
        evidence=(
            Evidence("stability", "unit_cross_entropy_box.spoiler.warm.angle_median", "degrees, a spoiler", ".1f"),
            Evidence("stability", "unit_quadratic_box.spoiler.warm.angle_median", "quadratic loss", ".1f"),
            Evidence("stability", "unit_cross_entropy_box.ordinary.warm.angle_median", "an ordinary point", ".2f"),
        ),
    ),
)
