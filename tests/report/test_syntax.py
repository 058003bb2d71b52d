"""What Pandoc reads in the paper is checked: bare digits, odd links and entries that are never cited are found."""

from pathlib import Path

import pytest

from study.report.syntax import (
    GUARDED_SECTIONS,
    absent_panels,
    bare_numbers,
    caption,
    odd_links,
    syntax_tree,
    uncited_entries,
)
from tests.report.test_numbers import link

GUARDED = [name.replace("-", " ").capitalize() for name in GUARDED_SECTIONS]


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
@pytest.mark.parametrize("section", [GUARDED[0], GUARDED[-1]])
def test_every_bare_digit_of_a_guarded_section_is_found(section: str, text: str, bare: list[str]) -> None:
    others = "".join(f"## {other}\n\nNone\n\n" for other in GUARDED if other != section)
    free = f"Free 1\n\n## Methods\n\nFree 2\n\n{others}"
    tree = syntax_tree(f"{free}\n## {section}\n\n{text}\n\n## Later\n\nFree 3\n")
    assert [finding.split("'")[3] for finding in bare_numbers(tree)] == bare


def test_subsections_are_guarded_too() -> None:
    sections = "\n\n".join(f"## {section}\n\n### Part\n\nIt is 4." for section in GUARDED)
    tree = syntax_tree(f"{sections}\n")
    assert len(list(bare_numbers(tree))) == len(GUARDED)


def test_sections_that_are_not_there_and_a_number_in_the_title_are_found() -> None:
    findings = list(bare_numbers(syntax_tree("---\ntitle: 83 times\n---\n\n## Summary\n\n## Findings\n")))
    assert [finding.split("'")[1] for finding in findings] == ["83", *GUARDED_SECTIONS]


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


def test_entries_that_are_never_cited_are_found_whatever_their_layout() -> None:
    tree = syntax_tree("As @known and [see @other, p. 3] show.")
    entries = "@misc{known, title = {A}} @string{x = {@misc{no, }}}\n@Book { other, title = {B}}\n"
    assert list(uncited_entries(tree, entries)) == []
    (finding,) = uncited_entries(tree, entries + "% a remark\n@misc{ghost, title = {A @misc{text, in} it}}")
    assert finding == "references.bib: ghost is never cited"
    (finding,) = uncited_entries(tree, "@misc{known, title = {A}")
    assert finding.startswith("references.bib: Error at (line ")


def test_captions_are_read_as_plain_text() -> None:
    text = "![*One* point, $w_1$.](figures/a.svg)\n\n![Two.](figures/b.svg)\n\nNot ![this](figures/c.svg).\n"
    shown = [caption(syntax_tree(text), f"figures/{name}.svg") for name in "abc"]
    assert shown == ["One point, w₁.", "Two.", ""]


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("[Figure](figures/x.svg)a, b", []),
        ("[Figure](figures/x.svg)a-d, and more", ["c", "d"]),
        ("([Figure](figures/x.svg)a, h)", ["h"]),
        ("[Figure](figures/x.svg) and more", []),
        ("[Figure](figures/gone.svg)a", []),
        ("![(a) One, $f(z)$. (e) Another.](figures/x.svg)", ["e"]),
    ],
)
def test_panels_that_are_not_drawn_are_found(text: str, absent: list[str], tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "x.svg").write_text("<!-- (a) one --><!-- (b) two --><!-- other -->")
    found = [f"paper.md: figures/x.svg has no panel ({letter})" for letter in absent]
    assert list(absent_panels(syntax_tree(text), text, tmp_path)) == found
