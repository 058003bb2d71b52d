"""What README shows is what happens: its worked example runs, and the output it prints is the output."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run, Study
from tests.test_paper import UNCHECKED

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, text) for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def block(kind: str, holding: str) -> str:
    (text,) = [text for k, text in BLOCKS if k == kind and holding in text]
    return str(text)


def test_the_example_of_an_experiment_runs(spoilt: Path, study: Study) -> None:
    (spoilt / "experiments" / "gap.py").write_text(block("python", "EXPERIMENT = experiment("))
    (spoilt / "figures" / "gap.py").write_text(block("python", "def draw("))
    answer = study(spoilt, "run", "gap", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["blocks_computed"] == 8
    record = json.loads((spoilt / "experiments" / "results" / "gap.json").read_text())
    assert record["numbers"]["growth"] > 3.0
    answer = study(spoilt, "figures", "gap")
    assert answer.returncode == 0, answer.stderr
    assert (spoilt / "figures" / "gap.svg").is_file()
    paper = (spoilt / "paper.md").read_text()
    cited = '[0](experiments/results/gap.json "growth:.1f") times.\n\n![What to see.](figures/gap.svg)\n\n### Claims\n'
    (spoilt / "paper.md").write_text(paper.replace("### Claims\n", cited, 1))
    answer = study(spoilt, "paper", prelude=UNCHECKED)
    assert answer.returncode == 0, answer.stderr
    assert (
        f'[{record["numbers"]["growth"]:.1f}](experiments/results/gap.json "growth:.1f")'
        in (spoilt / "paper.md").read_text()
    )


@pytest.mark.slow
def test_the_tour_of_ones_own_points_prints_what_it_says(run: Run) -> None:
    commands = block("sh", "> points.csv")
    made, _, compare = commands.partition("study compare ")
    subprocess.run(["/bin/sh", "-c", made], check=True)
    code, out, err = run("compare", *compare.split())
    assert (code, out) == (0, block("text", "41 points")), err
    assert {path.name for path in Path("compared").iterdir()} == {
        f"compare.{ending}" for ending in ("svg", "txt", "json", "proof.json")
    }


@pytest.mark.slow
def test_the_price_of_each_row_is_what_it_says(run: Run) -> None:
    price = block("sh", "--rows 8").removeprefix("study price ")
    code, out, err = run("price", *price.split())
    assert (code, out) == (0, block("text", "569 points")), err


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["$ study sweep --rule", "$ study sweep points.csv"])
def test_a_sweep_prints_what_it_says(begin: str, run: Run) -> None:
    subprocess.run(["/bin/sh", "-c", block("sh", "> points.csv").partition("study compare ")[0]], check=True)
    command, said, *shown = block("console", begin).splitlines()
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
    exec(block("python", "from study.estimators"), {})  # noqa: S102
    assert capsys.readouterr().out == block("text", "PerceptronClassifier(")


def test_every_command_is_shown(study: Study) -> None:
    for command in re.findall(r"^│?\s*(\w+)\s{2,}[A-Z]\w+ ", study(ROOT, "--help").stdout, re.MULTILINE):
        assert f"study {command}" in README, command
