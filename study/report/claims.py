"""What the lecture and its sources claim, each with the predicate that decides it.

A predicate reads results and nothing else, and is committed before the first result that it judges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from study.report.numbers import RESULTS, formatted

Results = Mapping[str, Mapping[str, Any]]
"""The `numbers` of each experiment, by its name."""


@dataclass(frozen=True)
class Evidence:
    """A number that a verdict rests on: where it stands, what it says, and Python's format for it."""

    experiment: str
    key: str
    label: str
    spec: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim, its source, and how results decide it.

    Parameters
    ----------
    key : str
        A short name.
    statement : str
        The claim in the study's words.
    source : str
        A citation as Pandoc reads it, or the lecture.
    holds : callable (results) -> bool
        Whether it holds as it is stated.
    condition : str
        Where it holds only under a condition: that condition, as it follows "holds when".
    holds_conditionally : callable (results) -> bool, optional
        Whether it holds under `condition`.
    evidence : tuple of Evidence
        The numbers that the verdict rests on.
    """

    key: str
    statement: str
    source: str
    holds: Callable[[Results], bool]
    condition: str = ""
    holds_conditionally: Callable[[Results], bool] | None = None
    evidence: tuple[Evidence, ...]

    def verdict(self, results: Results) -> str:
        """Return "holds", "holds when ..." or "does not hold"."""
        if self.holds(results):
            return "holds"
        if self.holds_conditionally is not None and self.holds_conditionally(results):
            return f"holds when {self.condition}"
        return "does not hold"


def _stuck(results: Results) -> bool:
    """Say whether the perceptron separates and the unit, trained on from the old optimum, ends where it fails."""
    four = results["four_points"]
    return (
        four["rules"]["perceptron_four"]["separates"]
        and not four["rules"]["continued"]["separates"]
        and not four["rules"]["descent"]["separates"]
        and four["rules"]["continued"]["residual"] <= 1e-9
        and four["stationary"]["stuck"]["least_curvature"] > 1e-6
        and four["rules"]["lowest"]["separates"]
    )


def _quadratic_growth(results: Results) -> bool:
    """Say whether the updates grow with t at a power nearer to two than to one."""
    return bool(results["four_points"]["updates"]["growth_exponent"] > 1.5)


COMPARED = tuple((generator, loss) for generator in ("boxes", "gaussians") for loss in ("cross_entropy", "quadratic"))


def _rate(results: Results, generator: str, n_spoilers: int, rule: str) -> Mapping[str, float]:
    rate: Mapping[str, float] = results["spoilers"]["rates"][generator][f"spoilers_{n_spoilers}"][rule]
    return rate


def _both_separate_without(results: Results) -> bool:
    """Say whether each rule separates in at least 95% of sets without a spoiler, by its interval."""
    return all(
        _rate(results, generator, 0, rule)["separates_low"] >= 0.95
        for generator, loss in COMPARED
        for rule in ("perceptron", loss)
    )


def _unit_fails(results: Results) -> bool:
    """Say whether, one spoiler or three, the perceptron separates in 95% of sets or more, the unit in 5% or less."""
    return all(
        _rate(results, generator, n_spoilers, "perceptron")["separates_low"] >= 0.95
        and _rate(results, generator, n_spoilers, loss)["separates_high"] <= 0.05
        for generator, loss in COMPARED
        for n_spoilers in (1, 3)
    )


def _at_each_bound(results: Results) -> list[list[float]]:
    """Return, for each shape and loss, the rates of separation from the tightest bound to the widest."""
    shapes = results["spoilers"]["bounds"].values()
    return [[rate["separates"] for rate in bounds.values()] for losses in shapes for bounds in losses.values()]


def _unit_fails_at_every_bound(results: Results) -> bool:
    """Say whether the unit fails with spoilers as declared, and with one at every bound tried."""
    return _unit_fails(results) and all(max(rates) <= 0.05 for rates in _at_each_bound(results))


def _unit_fails_at_tight_bounds(results: Results) -> bool:
    """Say whether the unit fails as declared and at the tightest bound, and separates at the widest."""
    return _unit_fails(results) and all(rates[0] <= 0.05 and rates[-1] >= 0.95 for rates in _at_each_bound(results))


def _share(results: Results, n_samples: int) -> float:
    """Return the larger of the two losses' median shares that the spoiler's own term has."""
    growth = results["spoilers"]["growth"]
    return max(float(growth[loss][f"n_{n_samples}"]["own_share"]) for loss in ("cross_entropy", "quadratic"))


def _not_feasible(results: Results) -> bool:
    """Say whether separators are inside the bound and, wherever the unit fails, all of them cost more."""
    rows = [_rate(results, generator, n_spoilers, loss) for generator, loss in COMPARED for n_spoilers in (1, 3)]
    return all(row["separable"] == 1.0 and row.get("optimum_below_best") == 1.0 for row in rows)


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


def _bound_decides(results: Results) -> bool:
    """Say whether, for both losses and all numbers of base points, separating is a matter of how wide the bound is.

    At the tightest bound the optimum fails from a hundred points on; for each number it separates from some bound on.
    """
    return all(
        results["phase_diagram"][loss]["separates_at_widest"]
        and results["phase_diagram"][loss]["fails_at_tightest"]
        and results["phase_diagram"][loss]["monotone_in_bound"]
        and results["phase_diagram"][loss]["undecided"] == 0
        for loss in ("cross_entropy", "quadratic")
    )


def _exponential(results: Results) -> bool:
    """Say whether certified verdicts put ln N* within a twentieth of the law wherever it is resolved."""
    both = [results["phase_diagram"][loss] for loss in ("cross_entropy", "quadratic")]
    return all(one["brackets_accepted"] == one["n_brackets"] >= 20 and one["worst"] <= 0.05 for one in both)


def _unique_failing(results: Results) -> bool:
    """Say whether, proved, one stationary point is left in all of space, for all larger m too, and it fails."""
    unique = results["unique_minimum"]
    hundred = unique["at"]["m_100"]
    alone = hundred["n_stationary"] == hundred["n_minima"] == 1 and "separating" not in hundred
    return alone and unique["unique_failing"]["ever_after"] and hundred["failing"]["loss"] < hundred["loss_at_infinity"]


def _stuck_least(results: Results, warm: bool) -> float:
    """Return the least share that loses the fourth point, quadratic loss: of warm starts, or, by interval, of drawn."""
    stuck = results["basins"]["warm" if warm else "starts"]
    shares = [share for name, share in stuck.items() if name.startswith("quadratic")]
    return float(min(shares if warm else (spread["low"] for share in shares for spread in share.values())))


CLAIMS = (
    Claim(
        key="four points",
        statement="Four separable points in the plane suffice: backpropagation stays in a minimum that misclassifies "
        "one of them, though separating weights have a lower loss, while the perceptron separates all four.",
        source="[@brady1989]",
        holds=_stuck,
        evidence=(
            Evidence("four_points", "rules.perceptron_four.separates", "the perceptron separates"),
            Evidence("four_points", "rules.continued.separates", "the unit separates, trained on by L-BFGS-B"),
            Evidence("four_points", "rules.descent.separates", "by descent"),
            Evidence("four_points", "stationary.stuck.least_curvature", "least curvature where it stays", ".4f"),
            Evidence("four_points", "rules.lowest.separates", "the lowest minimum found separates"),
        ),
    ),
    Claim(
        key="t squared",
        statement="On these four points the perceptron may take a number of iterations that grows as the square of the "
        "fourth point's distance.",
        source="folklore, after the bound of @novikoff1962",
        holds=_quadratic_growth,
        evidence=(
            Evidence("four_points", "updates.growth_exponent", "power of the distance in the updates", ".2f"),
            Evidence("four_points", "updates.follow_rule", "distance plus three or four, always"),
        ),
    ),
    Claim(
        key="no spoiler",
        statement="On separable points without a spoiler both rules find a separator.",
        source="[@rana]",
        holds=_both_separate_without,
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_0.perceptron.separates", "share of sets, perceptron", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_0.cross_entropy.separates", "unit, cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_0.quadratic.separates", "unit, quadratic loss", ".3f"),
        ),
    ),
    Claim(
        key="spoilers",
        statement="With a few spoilers the perceptron separates and the unit with bounded weights does not.",
        source="[@rana; @brady1989]",
        holds=_unit_fails_at_every_bound,
        condition="the bound is tight for the number of points",
        holds_conditionally=_unit_fails_at_tight_bounds,
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_1.perceptron.separates", "one spoiler, perceptron", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.cross_entropy.separates", "unit, cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.quadratic.separates", "unit, quadratic loss", ".3f"),
            Evidence("spoilers", "bounds.box.quadratic.R_100.separates", "unit at the widest bound", ".3f"),
        ),
    ),
    Claim(
        key="insignificant",
        statement="A single additional input does not change the loss significantly: its own term is at most a "
        "twentieth of the loss.",
        source="[@rana]",
        holds=lambda results: _share(results, 100) <= 0.05,
        condition="the other points are many",
        holds_conditionally=lambda results: _share(results, 10_000) <= 0.05,
        evidence=(
            Evidence(
                "spoilers", "growth.cross_entropy.n_100.own_share", "share among a hundred points, cross-entropy", ".3f"
            ),
            Evidence("spoilers", "growth.quadratic.n_100.own_share", "quadratic loss", ".3f"),
            Evidence("spoilers", "growth.quadratic.n_10000.own_share", "quadratic loss, ten thousand points", ".4f"),
        ),
    ),
    Claim(
        key="not a feasible optimum",
        statement="Where the unit fails, separators are within its reach, but the best of them that was found has "
        "a higher loss than the failing optimum.",
        source="[@rana]",
        holds=_not_feasible,
        evidence=(
            Evidence("spoilers", "rates.boxes.spoilers_1.cross_entropy.optimum_below_best", "cross-entropy", ".3f"),
            Evidence("spoilers", "rates.boxes.spoilers_1.quadratic.optimum_below_best", "quadratic", ".3f"),
        ),
    ),
    Claim(
        key="low bias",
        statement="The perceptron makes no training error if none need be made, and its bias is low: nowhere above "
        "that of a bounded unit.",
        source="[@rana]",
        holds=_low_bias,
        condition="spoilers are one in a hundred and the bound is three or less",
        holds_conditionally=lambda results: _surely(results, "perceptron", "bias", -1),
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
        evidence=(
            Evidence("bias_variance", "cells.primary.perceptron.variance", "variance, perceptron", ".4f"),
            Evidence("bias_variance", "cells.primary.unit_cross_entropy_box_3.variance", "unit, box", ".4f"),
            Evidence("bias_variance", "elsewhere.perceptron.variance.compared", "comparisons elsewhere"),
            Evidence("bias_variance", "elsewhere.perceptron.variance.unit_larger", "the unit's is higher in"),
        ),
    ),
    Claim(
        key="variance for bias",
        statement="What a bounded unit gains in variance over the perceptron it pays in bias.",
        source="[@rana]",
        holds=lambda results: (
            _surely(results, "perceptron", "variance", 1) and _surely(results, "perceptron", "bias", -1)
        ),
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
        evidence=(
            Evidence("bias_variance", "cells.primary.max_margin.variance", "variance, widest margin", ".4f"),
            Evidence("bias_variance", "cells.primary.unit_cross_entropy_box_3.variance", "unit, box", ".4f"),
            Evidence("bias_variance", "elsewhere.max_margin.variance.compared", "comparisons elsewhere"),
            Evidence("bias_variance", "elsewhere.max_margin.variance.unit_larger", "the unit's is higher in"),
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
        evidence=(
            Evidence("stability", "unit_cross_entropy_box.spoiler.warm.angle_median", "degrees, a spoiler", ".1f"),
            Evidence("stability", "unit_quadratic_box.spoiler.warm.angle_median", "quadratic loss", ".1f"),
            Evidence("stability", "unit_cross_entropy_box.ordinary.warm.angle_median", "an ordinary point", ".2f"),
        ),
    ),
    Claim(
        key="unique minimum",
        statement="There are separable points on which the quadratic loss, its weights unbounded, has one minimum, "
        "and it fails to separate.",
        source="[@brady1989]",
        holds=_unique_failing,
        evidence=(
            Evidence("unique_minimum", "n_certificates", "proofs accepted"),
            Evidence("unique_minimum", "at.m_100.n_stationary", "stationary points at a hundred copies"),
            Evidence("unique_minimum", "at.m_100.failing.loss", "loss there", ".4f"),
            Evidence("unique_minimum", "at.m_100.loss_at_infinity", "loss far out, at least", ".3f"),
        ),
    ),
    Claim(
        key="nearly always stuck",
        statement="On the four points backpropagation with the quadratic loss loses the fourth nearly all the time: in "
        "nineteen of twenty runs or more.",
        source="folklore, after [@brady1989]",
        holds=lambda results: min(_stuck_least(results, True), _stuck_least(results, False)) >= 0.95,
        condition="training goes on from the optimum of the other three",
        holds_conditionally=lambda results: _stuck_least(results, True) >= 0.95,
        evidence=(
            Evidence("basins", "warm.quadratic_t_10", "from that optimum, distance ten", ".2f"),
            Evidence("basins", "starts.quadratic_t_10.s_1.stuck", "from starts of spread one", ".2f"),
            Evidence("basins", "starts.quadratic_t_10.s_0_01.stuck", "from small starts", ".2f"),
        ),
    ),
    Claim(
        key="likely to fail",
        statement="On the four points descent from random starts is likely to lose the fourth: more often than not.",
        source="[@brady1989]",
        holds=lambda results: _stuck_least(results, False) >= 0.5,
        condition="the starts are wide and the fourth point is far",
        holds_conditionally=lambda results: results["basins"]["starts"]["quadratic_t_100"]["s_1"]["low"] >= 0.5,
        evidence=(
            Evidence("basins", "starts.quadratic_t_5.s_1.stuck", "spread one, distance five", ".2f"),
            Evidence("basins", "starts.quadratic_t_100.s_1.stuck", "distance a hundred", ".2f"),
            Evidence("basins", "starts.quadratic_t_100.s_0_01.stuck", "small starts, distance a hundred", ".2f"),
        ),
    ),
    Claim(
        key="the bound",
        statement="It is the bound on the weights that makes the unit give a spoiler up: for every number of base "
        "points tried the optimum separates once the bound is wide enough, and at every wider one.",
        source="[@rana]",
        holds=_bound_decides,
        evidence=(
            Evidence("phase_diagram", "most_base", "most base points", ",.0f"),
            Evidence("phase_diagram", "cross_entropy.separates_at_widest", "all separate at the widest, cross-entropy"),
            Evidence("phase_diagram", "quadratic.separates_at_widest", "quadratic loss"),
            Evidence("phase_diagram", "cross_entropy.monotone_in_bound", "never again lost, cross-entropy"),
            Evidence("phase_diagram", "quadratic.monotone_in_bound", "quadratic loss"),
        ),
    ),
    Claim(
        key="the law",
        statement="One spoiler is given up once the base points outnumber a constant times $e^{\\gamma_0 R}$ with the "
        "cross-entropy, $e^{2 \\gamma_0 R}$ with the quadratic loss.",
        source="this study",
        holds=_exponential,
        evidence=(
            Evidence("phase_diagram", "cross_entropy.brackets_accepted", "certified, cross-entropy"),
            Evidence("phase_diagram", "cross_entropy.n_brackets", "of"),
            Evidence("phase_diagram", "quadratic.brackets_accepted", "quadratic loss"),
            Evidence("phase_diagram", "quadratic.n_brackets", "of"),
        ),
    ),
)

BEGIN, END = "<!-- claims: made by `study paper` -->", "<!-- end of claims -->"


def with_claims(text: str, records: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the paper with the table of claims between its two marks made anew.

    Where a result that a claim rests on is missing, the paper is returned as it is.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end or any(evidence.experiment not in records for claim in CLAIMS for evidence in claim.evidence):
        return text
    results = {name: record["numbers"] for name, record in records.items()}
    rows = "".join(
        f"| {claim.statement} | {claim.source} | {claim.verdict(results)} | {_evidence(claim, records)} |\n"
        for claim in CLAIMS
    )
    head = "| Claim | Source | Verdict | Evidence |\n|:------------------|:---------|:--------|:------------------|\n"
    return f"{before}{begin}\n\n{head}{rows}\n{end}{after}"


def _evidence(claim: Claim, records: Mapping[str, Mapping[str, Any]]) -> str:
    links = []
    for item in claim.evidence:
        title = f"{item.key}:{item.spec}" if item.spec else item.key
        value = formatted(records[item.experiment], item.key, item.spec)
        links.append(f'{item.label}: [{value}]({RESULTS}/{item.experiment}.json "{title}")')
    return "; ".join(links)
