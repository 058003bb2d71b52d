"""What the lecture and its sources claim, each with the predicate that decides it, and the paper's table of verdicts.

A predicate reads results and nothing else, and is committed before the first result that it judges.
"""

from collections.abc import Mapping
from typing import Any

from study.report import claims_networks, claims_points, claims_proofs, claims_resamples
from study.report.claim import Claim
from study.report.numbers import RESULTS, formatted

CLAIMS = (*claims_points.CLAIMS, *claims_proofs.CLAIMS, *claims_resamples.CLAIMS, *claims_networks.CLAIMS)

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
