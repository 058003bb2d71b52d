"""Claims of the lecture's other pictures."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

SETS = "{lecture.n:,} sets"
UNITS = "unit_cross_entropy_box|unit_quadratic_box"


def _outvoted(results: Results) -> bool:
    """Say whether both sides of the number that outvotes are proved, on each line, at each bound, for both losses."""
    far = results["lecture"]["far"]
    return bool(far["n"] == far["proved"] > 0)


def _each_place(results: Results) -> bool:
    """Say whether the perceptron swings over a tenth of the region between places, and the units by less than half."""
    perceptron = results["lecture"]["four"]["perceptron"]["apart"]
    return bool(perceptron >= 0.1 and max(lookup(results, f"lecture.four.{UNITS}.apart")) < 0.5 * perceptron)


CLAIMS = (
    Claim(
        key="safe points far out",
        statement="Safe points far out on one side, if there are enough of them, push the threshold past the near "
        "points of the other class, all of which are given up although the classes are separable.",
        source="[@raj2026]",
        holds=_outvoted,
        basis="proved by machine",
        evidence=(
            "cases with both sides proved: {lecture.far.proved}",
            "lines, bounds and losses: {lecture.far.n}",
            "points it takes at distance ten, bound three: {lecture.far.cross_entropy.D_10.R_3.copies:.1e}",
            "bound one: {lecture.far.cross_entropy.D_10.R_1.copies:,.0f}",
        ),
        rests="`lecture.csv`",
    ),
    Claim(
        key="four places",
        statement="The perceptron's line swings to a spoiler in each of four places, and the unit's hardly moves.",
        source="[@raj2026]",
        holds=_each_place,
        sample=SETS,
        evidence=(
            "share of the region between two places, unit, cross-entropy: "
            "{lecture.four.unit_cross_entropy_box.apart:.1%}",
            "share of the region between two places, perceptron: {lecture.four.perceptron.apart:.1%}",
            "widest margin: {lecture.four.max_margin.apart:.1%}",
            "quadratic loss: {lecture.four.unit_quadratic_box.apart:.1%}",
        ),
        rests="`lecture.four.csv`",
    ),
    Claim(
        key="any place",
        statement="Wherever it lies, the bounded unit gives a spoiler up: in nine of ten places or more.",
        source="our reading of [@rana]",
        holds=lambda results: min(lookup(results, f"lecture.any.{UNITS}.lost_low")) >= 0.9,
        condition="the loss is the cross-entropy",
        holds_conditionally=lambda results: results["lecture"]["any"]["unit_cross_entropy_box"]["lost_low"] >= 0.9,
        sample=SETS,
        evidence=(
            "share of places in which it is given up, quadratic loss: {lecture.any.unit_quadratic_box.lost:.1%}",
            "given up, cross-entropy: {lecture.any.unit_cross_entropy_box.lost:.1%}",
            "at least: {lecture.any.unit_cross_entropy_box.lost_low:.1%}",
            "perceptron: {lecture.any.perceptron.lost:.1%}",
        ),
        rests="`lecture.any.csv`",
    ),
)
