"""`study claims`."""

from collections.abc import Sequence

from study.checks import CheckFailed
from study.commands.checkout import checkout, load_claims
from study.commands.output import show, show_json


def plain(texts: Sequence[str]) -> list[str]:
    """Return texts of the paper as a terminal shows them: mathematics in letters, citations by their keys."""
    import pypandoc

    text = pypandoc.convert_text("\n\n".join(texts), "plain", format="markdown-citations", extra_args=["--wrap=none"])
    return [line.replace("[@", "").replace("@", "").replace("]", "") for line in text.strip().split("\n\n")]


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
        said = [(f"{claim.verdict(numbers)} ({claim.basis})", claim.statement, claim.source) for claim in load_claims()]
        texts = iter(plain([text for texts in said for text in texts]))
        for claim, verdict, statement, source in zip(load_claims(), texts, texts, texts, strict=True):
            show(f"{claim.key}: {verdict}\n    {statement}\n    ({source})")
