"""Claims about the window: where the trade holds, where it pays, and where the unit loses on both counts."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

UNIT = "unit_cross_entropy_box_3"
ALL = "unit_cross_entropy_*"
AGAINST = "window.regions.perceptron"
SETS = "{window.cells} cells of {window.n:,} sets"


def _all(results: Results, label: str, region: str, part: str, column: str) -> bool:
    """Say whether all cells of a region came out one way, and there are some."""
    cells, hits = (lookup(results, f"{AGAINST}.{label}.{region}.{part}.{name}") for name in ("cells", column))
    return bool(cells) and cells == hits


def _trade(results: Results, label: str) -> bool:
    """Say whether the perceptron has less bias and more variance in the window, and below it as much bias and more."""
    return (
        _all(results, label, "window", "bias", "smaller")
        and _all(results, label, "window", "variance", "larger")
        and _all(results, label, "below", "bias", "same")
        and _all(results, label, "below", "variance", "larger")
    )


def _gain(results: Results, label: str) -> bool:
    """Say whether the unit errs less than the perceptron below the window, and more inside it and above."""
    inside = all(_all(results, label, region, "error", "smaller") for region in ("window", "above"))
    return inside and _all(results, label, "below", "error", "larger")


CLAIMS = (
    Claim(
        key="the window",
        statement="Variance is traded for bias in a window of rates: where most training sets hold a spoiler, and "
        "spoilers are fewer than one in the number that outvotes one. Below it the perceptron has the unit's bias, "
        "and more variance.",
        source="this study",
        holds=lambda results: _trade(results, ALL),
        condition="the bound is three",
        holds_conditionally=lambda results: _trade(results, UNIT),
        sample=SETS,
        evidence=(
            f"box of three, cells in the window: {{{AGAINST}.{UNIT}.window.bias.cells}}",
            f"the perceptron's bias is surely lower in: {{{AGAINST}.{UNIT}.window.bias.smaller}}",
            f"its variance higher in: {{{AGAINST}.{UNIT}.window.variance.larger}}",
            f"cells below: {{{AGAINST}.{UNIT}.below.bias.cells}}",
            f"bias the same in: {{{AGAINST}.{UNIT}.below.bias.same}}",
        ),
    ),
    Claim(
        key="where a bound pays",
        statement="A bounded unit errs less than the perceptron where fewer than half of the training sets hold a "
        "spoiler, and more where more do.",
        source="this study",
        holds=lambda results: _gain(results, ALL),
        condition="the bound is three",
        holds_conditionally=lambda results: _gain(results, UNIT),
        sample=SETS,
        evidence=(
            f"box of three, cells below the window: {{{AGAINST}.{UNIT}.below.error.cells}}",
            f"the unit's error is surely lower in: {{{AGAINST}.{UNIT}.below.error.larger}}",
            f"cells in the window: {{{AGAINST}.{UNIT}.window.error.cells}}",
            f"the perceptron's lower in: {{{AGAINST}.{UNIT}.window.error.smaller}}",
        ),
    ),
    Claim(
        key="above the window",
        statement="Where spoilers are more than one in the number that outvotes one, a bounded unit has more variance "
        "than the perceptron and errs more.",
        source="this study",
        holds=lambda results: (
            _all(results, ALL, "above", "variance", "smaller") and _all(results, ALL, "above", "error", "smaller")
        ),
        condition="the bound is three",
        holds_conditionally=lambda results: (
            _all(results, UNIT, "above", "variance", "smaller") and _all(results, UNIT, "above", "error", "smaller")
        ),
        sample=SETS,
        evidence=(
            f"box of three, cells: {{{AGAINST}.{UNIT}.above.variance.cells}}",
            f"the unit's variance is surely higher in: {{{AGAINST}.{UNIT}.above.variance.smaller}}",
            f"its error in: {{{AGAINST}.{UNIT}.above.error.smaller}}",
        ),
    ),
)
