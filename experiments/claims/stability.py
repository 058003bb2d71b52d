"""Claims about one more instance."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

SETS = "{stability.n:,} sets"
MOVED = "all_points_moved"
UNITS = tuple(f"unit_{loss}_{shape}" for loss in ("cross_entropy", "quadratic") for shape in ("box", "ball"))


def _swing(results: Results, rule: str, instance: str) -> float:
    """Return on how much of the region a boundary changes its mind, in the median set.

    The larger of training on and training anew. (An angle misleads: the widest margin turns less than a unit, and
    changes its mind on ten times as much.)
    """
    return float(max(lookup(results, f"stability.{rule}.{instance}.*.disagreement_median")))


def _hardly_moves(results: Results, *instances: str) -> bool:
    """Say whether each unit swings by less than half of what the perceptron does, in the median set."""
    return all(
        _swing(results, unit, instance) < 0.5 * _swing(results, "perceptron", instance)
        for unit in UNITS
        for instance in instances
    )


CLAIMS = (
    Claim(
        key="swings wildly",
        statement="One added instance may swing the perceptron's boundary wildly: over a tenth of the region or more "
        "in half the sets.",
        source="[@rana]",
        holds=lambda results: min(_swing(results, "perceptron", kind) for kind in ("ordinary", "spoiler")) >= 0.1,
        condition="the instance is a spoiler",
        holds_conditionally=lambda results: _swing(results, "perceptron", "spoiler") >= 0.1,
        sample=SETS,
        evidence=(
            "share of the region, median, a spoiler: {stability.perceptron.spoiler.warm.disagreement_median:.1%}",
            "widest margin: {stability.max_margin.spoiler.warm.disagreement_median:.1%}",
            "a point it has right, at most: {stability.perceptron.right_already.warm.disagreement_max:.0%}",
        ),
        rests="[Figure](figures/stability.svg)a",
    ),
    Claim(
        key="minimally changed",
        statement="One added instance changes a bounded unit minimally: by less than half of what it does to the "
        "perceptron.",
        source="[@rana]",
        holds=lambda results: _hardly_moves(results, "ordinary", "spoiler"),
        condition="the instance is a spoiler",
        holds_conditionally=lambda results: _hardly_moves(results, "spoiler"),
        sample=SETS,
        evidence=(
            "share of the region, a spoiler: {stability.unit_cross_entropy_box.spoiler.warm.disagreement_median:.1%}",
            "quadratic loss: {stability.unit_quadratic_box.spoiler.warm.disagreement_median:.1%}",
            "an ordinary point: {stability.unit_cross_entropy_box.ordinary.warm.disagreement_median:.2%}",
        ),
        rests="[Figure](figures/stability.svg)a",
    ),
    Claim(
        key="small changes of the inputs",
        statement="Small changes of the inputs swing the perceptron's boundary too, and a bounded unit's by less than "
        "half of that.",
        source="[@rana]",
        holds=lambda results: _swing(results, "perceptron", MOVED) >= 0.1 and _hardly_moves(results, MOVED),
        condition="the perceptron is allowed to swing by less than a tenth of the region",
        holds_conditionally=lambda results: _hardly_moves(results, MOVED),
        sample=SETS,
        evidence=(
            "share of the region, perceptron: {stability.perceptron.all_points_moved.warm.disagreement_median:.1%}",
            "trained anew: {stability.perceptron.all_points_moved.anew.disagreement_median:.1%}",
            "widest margin: {stability.max_margin.all_points_moved.anew.disagreement_median:.1%}",
            "unit: {stability.unit_cross_entropy_box.all_points_moved.anew.disagreement_median:.2%}",
        ),
        rests="[Figure](figures/stability.svg)a",
    ),
)
