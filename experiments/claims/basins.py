"""Claims about how often the fourth point is misclassified."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

STARTS = "{basins.starts.quadratic_t_10.s_1.n:,} starts"


def _least_share(results: Results, warm: bool) -> float:
    """Return the least share with the fourth point wrong, quadratic loss: of warm starts, or, by interval, of drawn."""
    return float(min(lookup(results, "basins.warm.quadratic*" if warm else "basins.starts.quadratic*.*.low")))


CLAIMS = (
    Claim(
        key="nearly always stuck",
        statement="On the four points backpropagation with the quadratic loss misclassifies the fourth nearly all "
        "the time: in "
        "nineteen of twenty runs or more.",
        source="[@raj2026]",
        holds=lambda results: min(_least_share(results, True), _least_share(results, False)) >= 0.95,
        condition="training goes on from the optimum of the other three",
        holds_conditionally=lambda results: _least_share(results, True) >= 0.95,
        sample=STARTS,
        evidence=(
            "misclassified, from starts of spread one: {basins.starts.quadratic_t_10.s_1.stuck:.3f}",
            "from that optimum, distance ten: {basins.warm.quadratic_t_10:.2f}",
            "from small starts: {basins.starts.quadratic_t_10.s_0_01.stuck:.2f}",
        ),
        rests="[Figure](figures/basins.svg)d",
    ),
    Claim(
        key="likely to fail",
        statement="On the four points descent from random starts is likely to misclassify the fourth: more often "
        "than not.",
        source="our reading of @brady1989",
        holds=lambda results: _least_share(results, False) >= 0.5,
        condition="the starts are wide and the fourth point is far",
        holds_conditionally=lambda results: results["basins"]["starts"]["quadratic_t_100"]["s_1"]["low"] >= 0.5,
        sample=STARTS,
        evidence=(
            "misclassified, spread one, distance a hundred: {basins.starts.quadratic_t_100.s_1.stuck:.3f}",
            "spread one, distance five: {basins.starts.quadratic_t_5.s_1.stuck:.3f}",
            "small starts, distance a hundred: {basins.starts.quadratic_t_100.s_0_01.stuck:.2f}",
        ),
        rests="[Figure](figures/basins.svg)d",
    ),
)
