"""The paper as it stands holds; each planted fault is found, and named."""

from pathlib import Path

import pytest

from tests.conftest import ROOT, Study


def test_the_paper_holds(whole_copy: Path, study: Study) -> None:
    answer = study(whole_copy, "paper", "--check")
    assert answer.returncode == 0, answer.stderr
    assert not (whole_copy / "build").exists()


FAULTS = {
    "a digit in the paper": ("paper.md", "[0.40500](", "[0.40600](", "[0.40600] is stale"),
    "a digit in a table": ("experiments/results/four_points.csv", "0.40499", "0.41499", "four_points.csv: altered"),
    "a digit in another table": ("experiments/results/four_points.fold.csv", "0.05", "0.06", "fold.csv: altered"),
    "a digit in a JSON": ("experiments/results/four_points.json", "45000005", "45000006", "four_points.json: altered"),
    "a setting in a JSON": ("experiments/results/four_points.json", '"seed": 1989', '"seed": 1988', "its seal"),
    "a figure link": (
        "paper.md",
        "[Figure](figures/four_points.svg)a",
        "[Figure](figures/five_points.svg)a",
        "five_points",
    ),
    "a figure image": (
        "paper.md",
        "bound.](figures/four_points.svg)",
        "bound.](figures/gone.svg)",
        "gone.svg is linked",
    ),
    "a bare number": ("paper.md", "### Claims\n", "It is 83 times higher.\n\n### Claims\n", "'83' is a bare number"),
    "a bare decimal in mathematics": ("paper.md", "### Claims\n", "$w = 2.5$\n\n### Claims\n", "'w = 2.5' is a bare"),
    "a number link without its key": (
        "paper.md",
        "### Claims\n",
        "[9](experiments/results/four_points.json)\n\n",
        "each link",
    ),
    "a lost mark of the claims": ("paper.md", "<!-- end of claims -->", "", "the table of claims stands between"),
    "a dead key": ("paper.md", '"barrier:.4f"', '"barriers:.4f"', "cites `barriers`"),
    "an unknown citation": ("paper.md", "[@novikoff1962]", "[@novikoff1692]", "novikoff1692"),
    "a dead cross-reference": ("paper.md", "(#eq-quadratic)", "(#eq-cubic)", "nothing is called #eq-cubic"),
    "a claim": ("paper.md", "| does not hold |", "| holds |", "the table of claims is stale"),
    "changed code": ("experiments/four_points.py", "T_LARGEST, T_DRAWN = 3000", "T_LARGEST, T_DRAWN = 2999", "stale"),
    "a changed figure module": ("figures/four_points.py", '"three points"', '"3 points"', "four_points.svg: stale"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, spoilt: Path, study: Study) -> None:
    file, old, new, finding = FAULTS[fault]
    text = (spoilt / file).read_text()
    assert old in text
    (spoilt / file).write_text(text.replace(old, new, 1))
    answer = study(spoilt, "paper", "--check")
    assert answer.returncode == 1
    assert finding in answer.stderr
    assert "Traceback" not in answer.stderr


def test_refreshing_mends_a_stale_number_and_renders(spoilt: Path, study: Study) -> None:
    paper = (spoilt / "paper.md").read_text()
    (spoilt / "paper.md").write_text(paper.replace("[0.40500](", "[0.7](").replace("| does not hold |", "| holds |"))
    answer = study(spoilt, "paper")
    assert answer.returncode == 0, answer.stderr
    assert (spoilt / "paper.md").read_text() == paper
    assert (spoilt / "build" / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert "Figure 1" in (spoilt / "build" / "paper.html").read_text().replace("\N{NO-BREAK SPACE}", " ")


def test_the_documents_name_what_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    for room in ("study", "experiments", "figures"):
        for path in (ROOT / room).rglob("*.py"):
            if path.name != "__init__.py" and "commands" not in path.parts:
                assert path.name in readme or path.parent.name in ("experiments", "figures"), path
    bibliography = (ROOT / "references.bib").read_text()
    paper = (ROOT / "paper.md").read_text()
    for entry in bibliography.split("@")[1:]:
        key = entry.split("{")[1].split(",")[0]
        assert f"@{key}" in paper, f"{key} is never cited"
