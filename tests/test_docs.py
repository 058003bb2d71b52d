"""What README and docs/ show is what happens: every example runs, and the output they print is the output."""

import doctest
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run, Study
from tests.test_paper import UNCHECKED

MADE = ("commands.md", "api.md")
"""What `make docs` writes."""
PAGES = {
    path.name: path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if path.name not in MADE
}
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LONGEST = 30
"""Words of a sentence in what is read first."""


def block(page: str, kind: str, holding: str) -> str:
    (text,) = [text for k, text in FENCED.findall(PAGES[page]) if k == kind and holding in text]
    return str(text)


@pytest.mark.slow
def test_the_example_of_an_experiment_runs(spoilt: Path, study: Study) -> None:
    (spoilt / "experiments" / "gap.py").write_text(block("extending.md", "python", "EXPERIMENT = experiment("))
    (spoilt / "figures" / "gap.py").write_text(block("extending.md", "python", "def draw("))
    answer = study(spoilt, "run", "gap", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["blocks_computed"] == 8
    record = json.loads((spoilt / "experiments" / "results" / "gap.json").read_text())
    assert record["numbers"]["growth"] > 3.0
    answer = study(spoilt, "figures", "gap")
    assert answer.returncode == 0, answer.stderr
    assert (spoilt / "figures" / "gap.svg").is_file()
    paper = (spoilt / "paper.md").read_text()
    place = "## What to do {#what-to-do}\n"
    cited = f'[0](experiments/results/gap.json "growth:.1f") times.\n\n![What to see.](figures/gap.svg)\n\n{place}'
    (spoilt / "paper.md").write_text(paper.replace(place, cited, 1))
    answer = study(spoilt, "paper", prelude=UNCHECKED)
    assert answer.returncode == 0, answer.stderr
    assert (
        f'[{record["numbers"]["growth"]:.1f}](experiments/results/gap.json "growth:.1f")'
        in (spoilt / "paper.md").read_text()
    )


@pytest.mark.slow
def test_the_tour_of_ones_own_points_prints_what_it_says(run: Run) -> None:
    commands = block("own-data.md", "sh", "> points.csv")
    made, _, compare = commands.partition("study compare ")
    subprocess.run(["/bin/sh", "-c", made], check=True)
    code, out, err = run("compare", *compare.split())
    assert (code, out) == (0, block("own-data.md", "text", "41 points")), err
    assert {path.name for path in Path("compared").iterdir()} == {
        f"compare.{ending}" for ending in ("svg", "txt", "json", "proof.json")
    }


@pytest.mark.slow
@pytest.mark.parametrize(("page", "rows"), [("README.md", 3), ("own-data.md", 8)])
def test_the_price_of_each_row_is_what_it_says(page: str, rows: int, run: Run) -> None:
    price = block(page, "sh", f"--rows {rows}").removeprefix("study price ")
    code, out, err = run("price", *price.split())
    shown = block(page, "text", "569 points")
    assert code == 0, err
    assert out == shown if rows == 8 else out.startswith(shown)


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["$ study sweep --rule", "$ study sweep points.csv"])
def test_a_sweep_prints_what_it_says(begin: str, run: Run) -> None:
    subprocess.run(
        ["/bin/sh", "-c", block("own-data.md", "sh", "> points.csv").partition("study compare ")[0]], check=True
    )
    command, said, *shown = block("sweeps.md", "console", begin).splitlines()
    code, out, err = run(*command.removeprefix("$ study ").split())
    assert code == 0, err
    seconds = re.compile(r"[\d.]+ s;")
    assert seconds.sub("s;", err.splitlines()[-1]) == seconds.sub("s;", said)
    printed = out.splitlines()
    assert len(shown) > 3
    for line, written in zip(printed, shown, strict=False):
        assert line == written or written.strip() == "..."
    assert len(shown) == len(printed) or (len(shown) < len(printed) and shown[-1].strip() == "...")


def test_the_estimators_score_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    exec(block("own-data.md", "python", "from study.estimators"), {})  # noqa: S102
    assert capsys.readouterr().out == block("own-data.md", "text", "PerceptronClassifier(")


@pytest.mark.slow
@pytest.mark.parametrize(("page", "most"), [("README.md", 1), ("library.md", 2)])
def test_the_examples_of_the_library_run(page: str, most: int, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [text for kind, text in FENCED.findall(PAGES[page]) if kind == "python"]
    assert len(blocks) == most
    exec("\n".join(blocks), {})  # noqa: S102
    assert capsys.readouterr().out


@pytest.mark.slow
def test_every_line_of_the_tutorial_gives_what_it_says() -> None:
    text = re.sub(r"^```.*$", "", PAGES["tutorial.md"], flags=re.MULTILINE)
    example = doctest.DocTestParser().get_doctest(text, {}, "tutorial", "docs/tutorial.md", 0)
    assert len(example.examples) > 20
    assert doctest.DocTestRunner().run(example).failed == 0


def test_every_command_is_shown(study: Study) -> None:
    for command in re.findall(r"^│?\s*(\w+)\s{2,}[A-Z]\w+ ", study(ROOT, "--help").stdout, re.MULTILINE):
        assert any(f"study {command}" in page for page in PAGES.values()), command


def test_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert PAGES["README.md"].count("\n") <= 130
    for name, page in PAGES.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"`[^`\n]*`", "", FENCED.sub("", page))):
            assert (folder / target).exists() or target in MADE, (name, target)


def sentences(markdown: str) -> list[str]:
    """Return the sentences of what is read first, without code, tables, mathematics and the targets of links."""
    text = re.sub(r"\$\$.*?\$\$", "", FENCED.sub("", markdown), flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "!"))]
    plain = re.sub(r"\[([^][]*)\]\([^)]*\)", r"\1", "\n".join(lines))
    return [" ".join(one.split()) for one in re.split(r"(?<=[.?!:])[*_]*\s+|\n\n|\n- ", plain)]


@pytest.mark.parametrize("part", ["README.md", "## Abstract", "## Introduction", "## What to do"])
def test_no_sentence_of_what_is_read_first_is_long(part: str) -> None:
    paper = (ROOT / "paper.md").read_text(encoding="utf-8")
    text = PAGES[part] if part in PAGES else paper.partition(f"\n{part}")[2].partition("\n## ")[0]
    assert [one for one in sentences(text) if len(one.split()) > LONGEST] == []
