"""The paper's numbers are links, refreshed and checked; bare digits are found."""

import pytest

from study.report.claims import BEGIN, CLAIMS, END, with_claims
from study.report.document import syntax_tree
from study.report.numbers import bare_numbers, formatted, odd_links, refreshed, stale_numbers

RECORD = {
    "declaration": {"t": 10.0},
    "numbers": {"rate": 0.93456, "n": 12345, "below": -0.0026, "ok": True, "deep": {"name": "unit"}},
}
RECORDS = {"e": RECORD}


def link(text: str, title: str, name: str = "e") -> str:
    return f'[{text}](experiments/results/{name}.json "{title}")'


@pytest.mark.parametrize(
    ("key", "spec", "text"),
    [
        ("rate", ".2f", "0.93"),
        ("rate", ".0%", "93%"),
        ("n", ",", "12,345"),
        ("below", ".4f", "\N{MINUS SIGN}0.0026"),
        ("ok", "", "yes"),
        ("deep.name", "", "unit"),
        ("declaration.t", "g", "10"),
    ],
)
def test_a_number_is_printed_as_asked(key: str, spec: str, text: str) -> None:
    assert formatted(RECORD, key, spec) == text
    title = f"{key}:{spec}" if spec else key
    assert refreshed(f"so {link('old', title)}.", RECORDS) == f"so {link(text, title)}."
    assert not list(stale_numbers(link(text, title), RECORDS))


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (link("0.94", "rate:.2f"), r"paper.md:1: [0.94] is stale: `rate` is 0.93"),
        (link("1", "absent:.2f"), "paper.md:1: [1] cites `absent`, which e.json does not hold"),
        (link("1", "deep:.2f"), "cites `deep`, which e.json does not hold"),
        (link("1", "rate.more:.2f"), "cites `rate.more`, which e.json does not hold"),
        (link("1", "rate:d"), "cites `rate` with a format that does not fit it"),
        (link("99990.9", "rate:9>7.1f"), "'9>7.1f' is none of the formats"),
        (link("0.9", "rate:.1"), "'.1' is none of the formats"),
        (link("1", "deep.name:.1f"), "cites `deep.name` with a format that does not fit it"),
        (link("1", "rate:.2f", "f"), "cites experiments/results/f.json, which is not a result"),
    ],
)
def test_a_link_that_does_not_hold_is_found(text: str, finding: str) -> None:
    (found,) = stale_numbers(text, RECORDS)
    assert finding in found


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("It is 0.93.", ["0.93."]),
        ("Of 12 points", ["12"]),
        ("### Part 2", ["2"]),
        ("![caption 7](figures/x.svg)", ["7"]),
        ("| a |\n|---|\n| 4 |", ["4"]),
        ("$w = 0.5$", ["w = 0.5"]),
        ("[5](https://example.org)", ["5"]),
        ('[6](experiments/other.json "rate")', ["6"]),
        ("*emphasis 8*", ["8"]),
        (link("0.93", "rate:.2f"), []),
        ("`code 1`", []),
        ("`code 21`", ["code 21"]),
        ("```\n0.5\n```", ["0.5"]),
        ("½ and ² and \N{FULLWIDTH DIGIT THREE}", ["½", "²", "\N{FULLWIDTH DIGIT THREE}"]),
        ("$n = 21$", ["n = 21"]),
        ("$n = 2 1$", ["n = 2 1"]),
        ("$n = 2{,}1$", ["n = 2{,}1"]),
        ("$2$ of $1$ and $-1$", ["2"]),
        ("$w_{21} = 20$, $10^{-21}$, $R = 2^8$, $(1, 0)$, $\\frac{12}{13}$", []),
        ("[^1]\n\n[^1]: Note 9.", ["9."]),
        ("as @brady1989 and [@brady1989, p. 3]", []),
        ("$w_1 = 2 t^2$", []),
    ],
)
@pytest.mark.parametrize("section", ["Abstract", "Results"])
def test_every_bare_digit_of_a_guarded_section_is_found(section: str, text: str, bare: list[str]) -> None:
    other = {"Abstract": "Results", "Results": "Abstract"}[section]
    free = f"Free 1\n\n## Methods\n\nFree 2\n\n## {other}\n\nNone\n"
    tree = syntax_tree(f"{free}\n## {section}\n\n{text}\n\n## Later\n\nFree 3\n")
    assert [finding.split("'")[3] for finding in bare_numbers(tree)] == bare


def test_subsections_are_guarded_too() -> None:
    tree = syntax_tree("## Abstract\n\n## Results\n\nNone\n\n### Part\n\nIt is 4.\n")
    assert len(list(bare_numbers(tree))) == 1


def test_sections_that_are_not_there_and_a_number_in_the_title_are_found() -> None:
    findings = list(bare_numbers(syntax_tree("---\ntitle: 83 times\n---\n\n## Summary\n\n## Findings\n")))
    assert [finding.split("'")[1] for finding in findings] == ["83", "abstract", "results"]


@pytest.mark.parametrize(
    "text",
    [
        "[0.9](experiments/results/e.json)",
        "[0.9](experiments/results/e.csv)",
        "[0.9][e]\n\n[e]: experiments/results/e.json",
        link("**0.9**", "rate:.1f"),
        f"`{link('0.9', 'rate:.1f')}`",
    ],
)
def test_a_link_that_is_not_written_as_a_number_link_is_found(text: str) -> None:
    assert list(odd_links(syntax_tree(text), text))
    good = f"{link('0.93', 'rate:.2f')}, {link('yes', 'ok')}"
    assert not list(odd_links(syntax_tree(good), good))


def test_the_table_of_claims_is_made_only_when_every_result_is_there() -> None:
    text = f"before {BEGIN} old {END} after"
    assert with_claims(text, {}) == text
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)
