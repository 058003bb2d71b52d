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


def _loss_separates(results: Results) -> bool:
    """Say whether the threshold loss separated at every distance tried, and clusters in 95% of sets from each start."""
    losses = results["losses"]
    starts = losses["runs"]["clusters"]["threshold_quadratic"]["unbounded"].values()
    return losses["all_found"] and all(start["separates_low"] >= 0.95 for start in starts)


def _descends_to_separators(results: Results) -> bool:
    """Say whether descent on hard targets separated at every size tried, its loss falling as 1/t within 2%."""
    unbounded = results["unbounded"]
    return unbounded["meeting_all"] and all(
        abs(rates["loss_slope"]["mean"] + 1.0) <= 0.02 for rates in unbounded["rates"].values()
    )


def _soft_separates(results: Results) -> bool:
    """Say whether descent on soft targets, without a bound, separates spoiled clusters in 95% of sets."""
    starts = results["losses"]["runs"]["clusters"]["cross_entropy"]["unbounded"].values()
    return all(start["separates_low"] >= 0.95 for start in starts)


def _bound_is_stopping(results: Results) -> bool:
    """Say whether optimum and descent of one norm stay within 5 degrees, and meet the spoiler at norms within 10%."""
    unbounded = results["unbounded"]
    ratios = [met["norm_ratio"] for met in unbounded["meeting"].values()]
    return unbounded["path"]["most_apart"] <= 5.0 and all(0.9 <= ratio <= 1.1 for ratio in ratios)


def _hidden_layers_fail(results: Results) -> bool:
    """Say whether both failures stand: the proved minimum, and the bound from which every optimum fails."""
    failures = results["hidden_failures"]
    proof = failures["proof"]
    return all(proof[key] for key in ("proved", "spoiler_lost", "lower_separates", "separable")) and all(
        rows["all_from_there"] for losses in failures["global"].values() for rows in losses.values()
    )


def _nets(results: Results, shape: str) -> list[Mapping[str, Mapping[str, float]]]:
    """Return the nets at each bound of a shape, from the tightest."""
    return list(results["networks"]["grid"][shape].values())


def _hidden_layer_saves(results: Results) -> bool:
    """Say whether sixteen hidden nodes separate in 95% of sets at every bound tried."""
    bounds = [*_nets(results, "box"), *_nets(results, "ball")]
    return all(nets["depth_1_width_16"]["lowest_separates"] >= 0.95 for nets in bounds)


def _saves_weight_by_weight(results: Results) -> bool:
    """Say whether, at the widest box, they do where the unit fails, and at no product of norms beat the unit."""
    widest = _nets(results, "box")[-1]
    return (
        widest["depth_1_width_16"]["separates_low"] >= 0.9
        and widest["depth_0_width_0"]["separates_high"] <= 0.3
        and all(
            nets["depth_1_width_16"]["separates_low"] <= nets["depth_0_width_0"]["separates_high"]
            for nets in _nets(results, "ball")
        )
    )


def _margins_alone(results: Results, widths: tuple[int, ...]) -> bool:
    """Say whether the log of the copies grows with the class's margin at a slope of 1, within 15%."""
    return all(abs(results["networks"]["law"][f"width_{width}"]["slope"] - 1.0) <= 0.15 for width in widths)


def _variance_falls(results: Results, *shapes: str) -> bool:
    """Say whether four hidden layers vary less than none at every bound of the shapes, by their intervals."""
    return all(
        nets[f"depth_4_width_{width}"]["variance_high"] < nets["depth_0_width_0"]["variance_low"]
        for shape in shapes
        for nets in _nets(results, shape)
        for width in (4, 16)
    )


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
        key="worked example",
        statement="The lecture's worked example is right to the digits that it prints.",
        source="[@rana]",
        holds=lambda results: results["worked_example"]["n_exact_agrees"] == results["worked_example"]["n"],
        condition="its own rounded numbers are carried on",
        holds_conditionally=lambda results: results["worked_example"]["n_reproduced"] == results["worked_example"]["n"],
        evidence=(
            Evidence("worked_example", "n", "numbers printed"),
            Evidence("worked_example", "n_exact_agrees", "right without rounding on the way"),
            Evidence("worked_example", "n_reproduced", "reproduced from the printed operands"),
        ),
    ),
    Claim(
        key="threshold loss",
        statement="With a loss that is zero beyond the target, descent without a bound separates in finite time.",
        source="[@sontag1991]",
        holds=_loss_separates,
        evidence=(
            Evidence("losses", "all_found", "the fourth point is met at every distance tried"),
            Evidence(
                "losses",
                "runs.clusters.threshold_quadratic.unbounded.zero.separates",
                "share of spoiled clusters, from zero",
                ".2f",
            ),
        ),
    ),
    Claim(
        key="finite is soon",
        statement="That time grows with the distance of the fourth point no faster than a power of it.",
        source="ours, after @sontag1991",
        holds=lambda results: results["losses"]["growth"] <= 0.5,
        evidence=(
            Evidence("losses", "growth", "growth of its logarithm, for each unit of distance", ".2f"),
            Evidence("losses", "time.t_7.threshold_quadratic", "steps at the largest distance", ",.0f"),
            Evidence("losses", "perceptron.four", "updates of the perceptron at ten"),
        ),
    ),
    Claim(
        key="separates in the end",
        statement="Without a bound, descent on the cross-entropy separates separable points in the end.",
        source="[@soudry2018]",
        holds=lambda results: _descends_to_separators(results) and _soft_separates(results),
        condition="the targets are zero and one",
        holds_conditionally=_descends_to_separators,
        evidence=(
            Evidence("unbounded", "meeting_all", "hard targets, at every size tried"),
            Evidence("unbounded", "rates.generic.loss_slope.mean", "power of time in the loss", ".4f"),
            Evidence(
                "losses", "runs.clusters.cross_entropy.unbounded.zero.separates", "soft targets, share of sets", ".2f"
            ),
        ),
    ),
    Claim(
        key="1 / log t",
        statement="The direction of descent goes to the largest margin at least as fast as one over log time.",
        source="[@soudry2018]",
        holds=lambda results: all(
            rates["error_slope"]["low"] <= -0.9 for rates in results["unbounded"]["rates"].values()
        ),
        evidence=(
            Evidence("unbounded", "rates.generic.error_slope.mean", "power of log time, generic sets", ".2f"),
            Evidence("unbounded", "rates.symmetric.error_slope.mean", "symmetric set", ".1f"),
        ),
    ),
    Claim(
        key="a bound is a time",
        statement="A bound on the norm acts like stopping descent when it reaches that norm.",
        source="folklore",
        holds=_bound_is_stopping,
        evidence=(
            Evidence("unbounded", "path.most_apart", "degrees between the two, at most", ".1f"),
            Evidence("unbounded", "most_norm_ratio", "norm that meets the spoiler, over the bound that does", ".3f"),
        ),
    ),
    Claim(
        key="hidden layers fail",
        statement="Networks with hidden layers fail in the same way on separable points.",
        source="[@brady1989]",
        holds=_hidden_layers_fail,
        evidence=(
            Evidence("hidden_failures", "proof.proved", "a strict minimum that loses the spoiler is proved"),
            Evidence("hidden_failures", "proof.loss_high", "its loss", ".5f"),
            Evidence("hidden_failures", "proof.lower_loss", "loss of weights that separate", ".0e"),
            Evidence("hidden_failures", "global.depth_1.cross_entropy.copies", "copies from which every optimum fails"),
        ),
    ),
    Claim(
        key="a hidden layer saves",
        statement="A hidden layer saves backpropagation from the spoiler.",
        source="folklore",
        holds=_hidden_layer_saves,
        condition="each weight is bounded by itself, and not when the product of the layers' norms is",
        holds_conditionally=_saves_weight_by_weight,
        evidence=(
            Evidence("networks", "grid.box.R_4.depth_0_width_0.separates", "unit, box", ".2f"),
            Evidence("networks", "grid.box.R_4.depth_1_width_16.separates", "sixteen hidden nodes, box", ".2f"),
            Evidence("networks", "grid.ball.R_16.depth_0_width_0.separates", "unit, product of norms", ".2f"),
            Evidence("networks", "grid.ball.R_16.depth_1_width_16.separates", "sixteen hidden nodes", ".2f"),
        ),
    ),
    Claim(
        key="only margins enter",
        statement="The copies at which a class of networks gives the spoiler up grow as the exponential of the class's "
        "own margin.",
        source="ours",
        holds=lambda results: _margins_alone(results, (0, 1, 2)),
        condition="there is no hidden layer",
        holds_conditionally=lambda results: _margins_alone(results, (0,)),
        evidence=tuple(
            Evidence("networks", f"law.width_{width}.slope", f"slope, {name}", ".2f")
            for width, name in ((0, "no hidden layer"), (1, "one hidden node"), (2, "two"))
        ),
    ),
    Claim(
        key="variance and depth",
        statement="The variance of the prediction decreases with depth.",
        source="folklore",
        holds=lambda results: _variance_falls(results, "box", "ball"),
        condition="the product of the layers' norms is what is bounded",
        holds_conditionally=lambda results: _variance_falls(results, "ball"),
        evidence=(
            Evidence("networks", "grid.box.R_1.depth_0_width_0.variance", "unit, tightest box", ".4f"),
            Evidence("networks", "grid.box.R_1.depth_4_width_4.variance", "four layers of four", ".4f"),
            Evidence("networks", "grid.ball.R_64.depth_0_width_0.variance", "unit, product of norms", ".4f"),
            Evidence("networks", "grid.ball.R_64.depth_4_width_4.variance", "four layers of four", ".4f"),
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
