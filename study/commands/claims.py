"""`study claims`."""

import re

from study.checks import CheckFailed
from study.commands.checkout import checkout, load_claims
from study.commands.output import show, show_json


def plain(citation: str) -> str:
    """Return a citation without Pandoc's marks."""
    return re.sub(r"\[?@(\w+)\]?", r"\1", citation).replace("; @", "; ")


def claims(*, json: bool = False) -> None:
    """State every claim of the lecture and its sources with the verdict that the results give.

    Parameters
    ----------
    json
        Put one machine-readable object on stdout.
    """
    from study.commands.paper import read_records
    from study.report.claims import NUMBER
    from study.report.numbers import RESULTS

    records, findings = read_records(checkout())
    if findings:
        raise CheckFailed("\n".join(findings))
    numbers = {name: record["numbers"] for name, record in records.items()}
    if json:
        rows = [
            {
                "key": claim.key,
                "statement": claim.statement,
                "source": claim.source,
                "verdict": claim.verdict(numbers),
                "basis": claim.basis,
                "evidence": [
                    f"{RESULTS}/{number['name']}.json {number['key']}"
                    for number in NUMBER.finditer(str(claim.evidence))
                ],
            }
            for claim in load_claims()
        ]
        show_json({"claims": rows})
    else:
        for claim in load_claims():
            verdict = f"{claim.verdict(numbers)} ({claim.basis})"
            show(f"{claim.key}: {verdict}\n    {claim.statement}\n    ({plain(claim.source)})")
