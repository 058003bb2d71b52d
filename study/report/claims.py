"""A claim of the lecture or of its sources, how results decide it, and the paper's tables of claims."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from study.report.numbers import RESULTS, Records, lookup, refresh_numbers

Results = Mapping[str, Mapping[str, Any]]
"""The `numbers` of each experiment, by its name."""
HISTORY = "experiments/claims/history.csv"
"""When each claim was stated, first judged and changed; a test holds it to the commits."""
NUMBER = re.compile(r"\{(?P<name>\w+)\.(?P<key>[^:}]+)(?P<spec>:[^}]*)?\}")
BEGIN, END = "<!-- claims: made by `study paper` -->", "<!-- end of claims -->"
CHANGES_BEGIN, CHANGES_END = "<!-- changes: made by `study paper` -->", "<!-- end of changes -->"
HEAD = (
    "| Claim | Verdict | Strength | What decides | Where |\n"
    "|:------------------|:------------|:--------|:-----------|:---------|\n"
)
TABLES = {"lecture": "The lecture", "others": "Brady and others", "study": "This study"}
"""The tables of claims, and their titles."""
LECTURE = re.compile(r"@(?:rana|raj2026)\b")
CHANGES_HEAD = (
    "| Claim | Stated | Results | Changed | What and why |\n"
    "|:---------|:----|:----|:----|:---------------------------|\n"
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim, its source, and how results decide it.

    In `sample` and `evidence` a number is written as {experiment.key:format}.

    Parameters
    ----------
    key : str
        A short name.
    statement : str
        The claim in the study's words.
    source : str
        Who claims it, with citations as Pandoc reads them; this study's own claims begin with "this study".
    holds : callable (results) -> bool
        Whether it holds as it is stated.
    condition : str
        Where it holds only under a condition: that condition, as it follows "holds when".
    holds_conditionally : callable (results) -> bool, optional
        Whether it holds under `condition`.
    basis : str
        How sure the verdict is: measured, or proved, by hand or by machine.
    sample : str, optional
        The number of sets or runs that were drawn.
    evidence : tuple of str
        What the verdict rests on, a number each; the first is the one that decides, and stands in the paper's table.
    rests : str
        The figure, with its panels, or the table that shows it, in Markdown.
    """

    key: str
    statement: str
    source: str
    holds: Callable[[Results], bool]
    condition: str = ""
    holds_conditionally: Callable[[Results], bool] | None = None
    basis: str = "measured"
    sample: str = ""
    evidence: tuple[str, ...]
    rests: str

    @property
    def table(self) -> str:
        """The key in `TABLES` of the table that it stands in: its own study's, the lecture's, or that of others."""
        if self.source.startswith("this study"):
            return "study"
        return "lecture" if LECTURE.search(self.source) else "others"

    def verdict(self, results: Results) -> str:
        """Return "holds", "holds when ..." or "does not hold"."""
        if self.holds(results):
            return "holds"
        if self.holds_conditionally is not None and self.holds_conditionally(results):
            return f"holds when {self.condition}"
        return "does not hold"

    def row(self, results: Results) -> str:
        """Return the claim as a row of the paper's table, its numbers as links that are to be refreshed."""
        strength = f"{self.basis}, {self.sample}" if self.sample else self.basis
        links = NUMBER.sub(rf'[]({RESULTS}/\g<name>.json "\g<key>\g<spec>")', f"{strength} | {self.evidence[0]}")
        source = "" if self.source == "this study" else f" *{self.source}*"
        return f"| {self.statement}{source} | {self.verdict(results)} | {links} | {self.rests} |\n"


def at_least(results: Results, key: str, bound: float) -> bool:
    """Say whether no number at a key, as `lookup` finds it, is below a bound."""
    return all(number >= bound for number in lookup(results, key))


def at_most(results: Results, key: str, bound: float) -> bool:
    """Say whether no number at a key, as `lookup` finds it, is above a bound."""
    return all(number <= bound for number in lookup(results, key))


def insert_claims(text: str, claims: Sequence[Claim], records: Records) -> str:
    """Return the paper with the tables of claims between their two marks made anew.

    Where a result that a claim rests on is missing, the paper is returned as it is.
    """
    cited = {number["name"] for claim in claims for number in NUMBER.finditer(f"{claim.sample} {claim.evidence}")}
    if not cited <= records.keys():
        return text
    results = {name: record["numbers"] for name, record in records.items()}
    rows = {key: "".join(claim.row(results) for claim in claims if claim.table == key) for key in TABLES}
    tables = [f"### {title} {{#claims-{key}}}\n\n{HEAD}{rows[key]}" for key, title in TABLES.items() if rows[key]]
    return _insert(text, BEGIN, refresh_numbers("\n".join(tables), records), END)


def insert_changes(text: str, history: Sequence[Mapping[str, str]]) -> str:
    """Return the paper with the table of claims that do not stand as they were stated between its two marks made anew.

    Parameters
    ----------
    text : str
    history : sequence of mappings
        The rows of `HISTORY`: of each claim its key `claim` and the commits in which it was `stated`, first judged by
        `results` and `changed`, several parted by spaces; `what` was changed and why, or blank.
    """
    rows = []
    for row in history:
        if row["what"]:
            commits = (" ".join(f"`{c}`" for c in row[column].split()) for column in ("stated", "results", "changed"))
            rows.append(f"| {row['claim']} | {' | '.join(commits)} | {row['what']} |\n")
    unchanged = f"The other {len(history) - len(rows)} of {len(history)} claims stand as they were stated.\n"
    return _insert(text, CHANGES_BEGIN, f"{CHANGES_HEAD}{''.join(rows)}\n{unchanged}", CHANGES_END)


def _insert(text: str, begin: str, table: str, end: str) -> str:
    """Return a text with a table between two marks, or as it is where they do not stand in it."""
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    return f"{before}{found}\n\n{table}\n{closed}{after}" if closed else text
