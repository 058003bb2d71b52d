"""The table of claims is made from results, and says what they say."""

from dataclasses import replace

import pytest

from experiments.claims.table import CLAIMS
from study.report.claims import BEGIN, END, Claim, Results, at_least, at_most, insert_claims


def at_least_two(results: Results) -> bool:
    return at_least(results, "e.*.low", 2)


CLAIM = Claim(
    key="c",
    statement="It is so.",
    source="[@a]",
    holds=at_least_two,
    condition="it is $e^2$",
    holds_conditionally=lambda results: at_most(results, "e.a|b.low", 1),
    basis="measured",
    sample="{f.n:,} sets",
    evidence=("least: {e.a.low:.1f}", "declared: {e.declaration.t:g}"),
    rests="[Figure](figures/e.svg)a",
)
TEXT = f"before {BEGIN} old {END} after"


@pytest.mark.parametrize(
    ("low", "verdict"), [((2, 3), "holds"), ((1, 3), "does not hold"), ((0, 1), "holds when it is $e^2$")]
)
def test_the_table_says_what_results_say(low: tuple[int, int], verdict: str) -> None:
    a, b = low
    e: Results = {"declaration": {"t": 5.0}, "numbers": {"a": {"low": a}, "b": {"low": b}}}
    records: dict[str, Results] = {"e": e, "f": {"numbers": {"n": 1200}}}
    *_, title, _, head, _, row, _, end = insert_claims(TEXT, [CLAIM], records).splitlines()
    assert title == "### Brady and others {#claims-others}"
    assert head == "| Claim | Verdict | Strength | What decides | Where |"
    assert row == (
        f'| It is so. *[@a]* | {verdict} | measured, [1,200](experiments/results/f.json "n:,") sets | '
        f'least: [{a}.0](experiments/results/e.json "a.low:.1f") | [Figure](figures/e.svg)a |'
    )
    assert end == f"{END} after"


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("[@rana; @brady1989]", "lecture"),
        ("our reading of [@raj2026]", "lecture"),
        ("this study, after [@rana]", "study"),
        ("folklore", "others"),
        ("[@xie2024]; this study", "others"),
    ],
)
def test_a_claim_stands_in_the_table_of_its_source(source: str, table: str) -> None:
    assert replace(CLAIM, source=source).table == table


@pytest.mark.parametrize("records", [{}, {"e": {"numbers": {}}}, {"f": {"numbers": {}}}])
def test_the_table_is_made_only_when_every_result_is_there(records: dict[str, Results]) -> None:
    assert insert_claims(TEXT, [CLAIM], records) == TEXT


def test_each_claim_has_a_name_of_its_own() -> None:
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)
