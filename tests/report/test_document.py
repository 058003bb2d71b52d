"""Rendering numbers figures and equations, and fails on whatever leads nowhere."""

import json
import re
from pathlib import Path

import pytest

from study.checks import CheckFailed
from study.report.document import render

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="5" height="5"/></svg>'
BIB = "@misc{known, author = {Known, A.}, title = {A title}, year = {1989}}\n"
PAPER = """---
title: T
---

As [Figure](figures/b.svg) and [Figure](figures/a.svg)c show, see [Equation](#eq-two), [below](#part) and [@known]:
[0.5](experiments/results/e.json "k").

[$$a = b$$]{#eq-one}

[$$c = \\frac{1}{2}$$]{#eq-two}

![Caption A.](figures/a.svg)

![Caption B.](figures/b.svg){#fig-b}

## Part
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "figures").mkdir()
    for name in "ab":
        (tmp_path / "figures" / f"{name}.svg").write_text(SVG)
    (tmp_path / "references.bib").write_text(BIB)
    (tmp_path / "paper.md").write_text(PAPER)
    (tmp_path / "experiments" / "results").mkdir(parents=True)
    record = {"question": "Q?", "declaration": {"n": 1}, "tables": {"e.csv": "0"}, "numbers": {"k": 0.5}}
    (tmp_path / "experiments" / "results" / "e.json").write_text(json.dumps({**record, "seal": "s", "digest": "d"}))
    return tmp_path


@pytest.mark.slow
def test_references_are_numbered_and_bytes_repeat(folder: Path) -> None:
    files = render(folder)
    html = files["paper.html"].decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
    assert "Figure 2 and Figure 1c show, see Equation 2, below" in text
    assert "Figure 1. Caption A." in text
    assert "Figure 2. Caption B." in text
    assert html.index('id="fig-a"') < html.index('id="fig-b"')
    assert 'href="#fig-b"' in html
    assert 'href="numbers/e.html#k"' in html
    assert '<tr id="k"><td>k</td><td>0.5</td></tr>' in files["numbers/e.html"].decode()
    assert "Known 1989" in text
    assert "<math" in html
    assert 'src="figures' not in html
    assert files["paper.pdf"].startswith(b"%PDF-")
    assert render(folder) == files


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            "(figures/b.svg) and",
            "(figures/c.svg) and",
            "unresolved reference: figures/c.svg is not a figure",
        ),
        ("(#eq-two)", "(#eq-three)", "unresolved reference: nothing is called #eq-three"),
        ("(#part)", "(#whole)", "unresolved reference: nothing is called #whole"),
        ("[@known]", "[@unknown]", "citation unknown not found"),
        ("![Caption A.](figures/a.svg)", "![Caption A.](figures/gone.svg)", "figures/a.svg is not a figure"),
    ],
)
def test_an_unresolved_reference_is_an_error(folder: Path, old: str, new: str, finding: str) -> None:
    assert old in PAPER
    (folder / "paper.md").write_text(PAPER.replace(old, new, 1))
    with pytest.raises(CheckFailed, match=re.escape(finding)):
        render(folder)
