"""Claims about one more instance."""

from study.report.claims import Claim, Results
from study.report.numbers import lookup

SETS = "{stability.n:,} sets"
UNITS = tuple(f"unit_{loss}_{shape}" for loss in ("cross_entropy", "quadratic") for shape in ("box", "ball"))


def _swing(results: Results, rule: str, instance: str) -> float:
    """Return the median swing of a boundary, in degrees, the larger of training on and training anew."""
    return float(max(lookup(results, f"stability.{rule}.{instance}.*.angle_median")))


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
        statement="One added instance may swing the perceptron's boundary wildly: by ten degrees or more in half the "
        "sets.",
        source="[@rana]",
        holds=lambda results: min(_swing(results, "perceptron", kind) for kind in ("ordinary", "spoiler")) >= 10.0,
        condition="the instance is a spoiler",
        holds_conditionally=lambda results: _swing(results, "perceptron", "spoiler") >= 10.0,
        sample=SETS,
        evidence=(
            "degrees, median, a spoiler: {stability.perceptron.spoiler.warm.angle_median:.1f}",
            "one set in a hundred, more than: {stability.perceptron.spoiler.warm.angle_q99:.1f}",
            "a point it has right, at most: {stability.perceptron.right_already.warm.angle_max:.1f}",
        ),
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
            "degrees, a spoiler: {stability.unit_cross_entropy_box.spoiler.warm.angle_median:.1f}",
            "quadratic loss: {stability.unit_quadratic_box.spoiler.warm.angle_median:.1f}",
            "an ordinary point: {stability.unit_cross_entropy_box.ordinary.warm.angle_median:.2f}",
        ),
    ),
)
