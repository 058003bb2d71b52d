"""Claims about the window: where the trade holds, where it pays, and where the unit is worse on both counts."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

UNIT = "unit_cross_entropy_box_3"
THREE, ALL = "unit_cross_entropy_box_3|unit_cross_entropy_ball_3", "unit_cross_entropy_*"
AGAINST = "window.regions.perceptron"
SETS = "{window.cells} cells of {window.n:,} sets"


def _mostly(results: Results, labels: str, region: str, part: str, way: str) -> bool:
    """Say whether four in five cells of a region or more came out one way, and one of each rule at most the other way.

    The way is that the perceptron's part is surely larger, surely smaller, or the same. At first every cell was to come
    out that way; the paper says so.
    """
    where = f"{AGAINST}.{labels}.{region}.{part}"
    other = {"larger": "smaller", "smaller": "larger"}.get(way)
    cells, hits = (lookup(results, f"{where}.{column}") for column in ("cells", way))
    against = lookup(results, f"{where}.{other}") if other else [0]
    return bool(cells) and max(against) <= 1 and all(5 * hit >= 4 * n for hit, n in zip(hits, cells, strict=True))


def _trade(results: Results, labels: str) -> bool:
    """Say whether the perceptron has less bias and more variance in the window, and below it as much bias and more."""
    return (
        _mostly(results, labels, "window", "bias", "smaller")
        and _mostly(results, labels, "window", "variance", "larger")
        and _mostly(results, labels, "below", "bias", "same")
        and _mostly(results, labels, "below", "variance", "larger")
    )


def _gain(results: Results, labels: str) -> bool:
    """Say whether the unit errs less than the perceptron below the window, and more inside it and above."""
    inside = all(_mostly(results, labels, region, "error", "smaller") for region in ("window", "above"))
    return inside and _mostly(results, labels, "below", "error", "larger")


def _loss(results: Results, labels: str) -> bool:
    """Say whether the unit has the larger variance and the larger error above the window."""
    return all(_mostly(results, labels, "above", part, "smaller") for part in ("variance", "error"))


def _often_better(results: Results, regions: str) -> bool:
    """Say whether the unit errs surely less in a third of the cells, against both rules without training errors."""
    for baseline in ("perceptron", "max_margin"):
        errors = lookup(results, f"window.regions.{baseline}.{UNIT}.{regions}.error")
        if 3 * sum(one["larger"] for one in errors) < sum(one["cells"] for one in errors):
            return False
    return True


CLAIMS = (
    Claim(
        key="the window",
        statement="Variance is traded for bias in a window of rates: where most training sets hold a spoiler, and "
        "spoilers are fewer than one in the number that outvotes one. Below it the perceptron has the unit's bias, "
        "and more variance.",
        source="this study",
        holds=lambda results: _trade(results, ALL),
        condition="the bound is three",
        holds_conditionally=lambda results: _trade(results, THREE),
        sample=SETS,
        evidence=(
            f"cells in the window in which the perceptron's bias is significantly lower, box of three: "
            f"{{{AGAINST}.{UNIT}.window.bias.smaller}}",
            f"box of three, cells in the window: {{{AGAINST}.{UNIT}.window.bias.cells}}",
            f"its variance higher in: {{{AGAINST}.{UNIT}.window.variance.larger}}",
            f"cells below: {{{AGAINST}.{UNIT}.below.bias.cells}}",
            f"bias the same in: {{{AGAINST}.{UNIT}.below.bias.same}}",
        ),
        rests="[Figure](figures/window.svg)a, b",
    ),
    Claim(
        key="where a bound pays",
        statement="A bounded unit errs less than the perceptron where fewer than half of the training sets hold a "
        "spoiler, and more where more do.",
        source="this study",
        holds=lambda results: _gain(results, ALL),
        condition="the bound is three",
        holds_conditionally=lambda results: _gain(results, THREE),
        sample=SETS,
        evidence=(
            f"cells below the window in which the unit's error is significantly lower, box of three: "
            f"{{{AGAINST}.{UNIT}.below.error.larger}}",
            f"box of three, cells below the window: {{{AGAINST}.{UNIT}.below.error.cells}}",
            f"cells in the window: {{{AGAINST}.{UNIT}.window.error.cells}}",
            f"the perceptron's lower in: {{{AGAINST}.{UNIT}.window.error.smaller}}",
        ),
        rests="[Figure](figures/window.svg)c",
    ),
    Claim(
        key="above the window",
        statement="Where spoilers are more than one in the number that outvotes one, a bounded unit has more variance "
        "than the perceptron and errs more.",
        source="this study",
        holds=lambda results: _loss(results, ALL),
        condition="the bound is three",
        holds_conditionally=lambda results: _loss(results, THREE),
        sample=SETS,
        evidence=(
            f"cells above the window in which the unit's error is significantly higher, box of three: "
            f"{{{AGAINST}.{UNIT}.above.error.smaller}}",
            f"box of three, cells: {{{AGAINST}.{UNIT}.above.variance.cells}}",
            f"the unit's variance is significantly higher in: {{{AGAINST}.{UNIT}.above.variance.smaller}}",
        ),
        rests="[Figure](figures/window.svg)c",
    ),
    Claim(
        key="consistency over perfection",
        statement="Preferring consistency often gives a better classifier than having the fewest training errors: in a "
        "third of the cells or more.",
        source="[@raj2026]",
        holds=lambda results: _often_better(results, "*"),
        condition="fewer than half of the training sets hold a spoiler",
        holds_conditionally=lambda results: _often_better(results, "below"),
        sample=SETS,
        evidence=(
            f"cells below the window in which the unit is better than the widest margin: "
            f"{{window.regions.max_margin.{UNIT}.below.error.larger}}",
            f"cells below the window: {{{AGAINST}.{UNIT}.below.error.cells}}",
            f"better than the perceptron in: {{{AGAINST}.{UNIT}.below.error.larger}}",
            f"better than the widest margin inside the window, of {{{AGAINST}.{UNIT}.window.error.cells}}: "
            f"{{window.regions.max_margin.{UNIT}.window.error.larger}}",
        ),
        rests="[Figure](figures/window.svg)f",
    ),
)
