"""What the lecture and its sources claim, each with the predicate that decides it, and the paper's table of verdicts.

A predicate reads results and nothing else, and is committed before the first result that it judges.
"""

from collections.abc import Mapping
from typing import Any

from study.report import claims_networks, claims_points, claims_proofs, claims_resamples
from study.report.claim import Claim, Evidence
from study.report.numbers import RESULTS, formatted

CLAIMS = (*claims_points.CLAIMS, *claims_proofs.CLAIMS, *claims_resamples.CLAIMS, *claims_networks.CLAIMS)

BEGIN, END = "<!-- claims: made by `study paper` -->", "<!-- end of claims -->"


def with_claims(text: str, records: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the paper with the table of claims between its two marks made anew.

    Where a result that a claim rests on is missing, the paper is returned as it is.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end or any(item.experiment not in records for claim in CLAIMS for item in _numbers(claim)):
        return text
    results = {name: record["numbers"] for name, record in records.items()}
    rows = "".join(
        f"| {claim.statement} | {claim.source} | {claim.verdict(results)} ({_basis(claim, records)}) | "
        f"{'; '.join(_cited(item, records) for item in claim.evidence)} |\n"
        for claim in CLAIMS
    )
    head = "| Claim | Source | Verdict | Evidence |\n|:----------------|:--------|:-------------|:---------------|\n"
    return f"{before}{begin}\n\n{head}{rows}\n{end}{after}"


def _numbers(claim: Claim) -> tuple[Evidence, ...]:
    return claim.evidence if claim.sample is None else (claim.sample, *claim.evidence)


def _basis(claim: Claim, records: Mapping[str, Mapping[str, Any]]) -> str:
    if claim.sample is None:
        return claim.basis
    value, label = _link(claim.sample, records), claim.sample.label
    return f"{claim.basis}, {value} {label}"


def _cited(item: Evidence, records: Mapping[str, Mapping[str, Any]]) -> str:
    return f"{item.label}: {_link(item, records)}"


def _link(item: Evidence, records: Mapping[str, Mapping[str, Any]]) -> str:
    title = f"{item.key}:{item.spec}" if item.spec else item.key
    return f'[{formatted(records[item.experiment], item.key, item.spec)}]({RESULTS}/{item.experiment}.json "{title}")'
