"""The paper's numbers are links, refreshed and checked."""

import pytest

from study.report.numbers import format_number, lookup, refresh_numbers, stale_numbers

RECORD = {
    "declaration": {"t": 10.0},
    "numbers": {"rate": 0.93456, "n": 12345, "below": -0.0026, "ok": True, "deep": {"name": "one unit"}},
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
        ("deep.name", "", "one unit"),
        ("declaration.t", "g", "10"),
    ],
)
def test_a_number_is_printed_as_asked(key: str, spec: str, text: str) -> None:
    assert format_number(RECORD, key, spec) == text
    title = f"{key}:{spec}" if spec else key
    assert refresh_numbers(f"so {link('old', title)}.", RECORDS) == f"so {link(text, title)}."
    assert not list(stale_numbers(link(text, title), RECORDS))


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (link("0.94", "rate:.2f"), r"paper.md:1: [0.94] is stale: `rate` is 0.93"),
        (link("1", "absent:.2f"), "paper.md:1: [1] cites `absent`, which e.json does not hold"),
        (link("1", "deep:.2f"), "cites `deep`, which e.json does not hold"),
        (link("1", "rate.more:.2f"), "cites `rate.more`, which e.json does not hold"),
        (link("1", "*:.2f"), "cites `*`, which e.json does not hold"),
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


def test_a_key_may_stand_for_several_numbers() -> None:
    tree = {"box": {"R_1": {"n": 1}, "R_3": {"n": 3}}, "ball": {"R_1": {"n": 10}}}
    assert lookup(tree, "box.R_3.n") == [3]
    assert lookup(tree, "box|ball.R_1.n") == [1, 10]
    assert lookup(tree, "*.R_*.n") == [1, 3, 10]
    for absent in ("box.R_2.n", "box|cube.R_1.n", "box.S_*.n"):
        with pytest.raises(KeyError):
            lookup(tree, absent)
