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
