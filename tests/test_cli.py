"""The command line: help for every command, one line for every error, and its exit codes."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Study, begun, ended

NAMES = (
    "agreement, basins, bench, bias_variance, binary, brakes, curved, four_points, growth, hidden_failures, lecture, "
    "losses, memorising, minority, natural, networks, optimisers, perceptron_updates, phase_diagram, practice, "
    "proof_cost, reach, significance, spoilers, stability, unbounded, unique_minimum, units, window, worked_example"
)
KNOWN = f"study: `NAME` must be one of {NAMES}"
COMMANDS = ("reproduce", "list", "run", "figures", "paper", "claims", "bench", "certify")


def test_help_describes_every_command(study: Study) -> None:
    text = study(ROOT, "--help").stdout
    for command in (*COMMANDS, "compare", "price", "datasets"):
        assert re.search(rf"{command}\s+[A-Z]\w+", text), command
        answer = study(ROOT, command, "--help")
        assert answer.returncode == 0
        for row in re.findall(r"│ (--.+) +│", answer.stdout):
            assert re.match(r"--[\w-]+( [A-Z]+(\.\.\.)?)? {2,}[A-Z]\w+ ", row), f"{command}: {row} has no description"


@pytest.mark.parametrize("command", ["compare", "price", "sweep", "certify"])
def test_help_shows_no_empty_value(command: str, study: Study) -> None:
    assert not re.search(r"\[default: \]|\[choices: ,", study(ROOT, command, "--help").stdout)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, study.cli; print([m for m in ('numpy', 'scipy', 'numba', 'matplotlib') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", "five_points"), f"{KNOWN}; got five_points"),
        (("figures", "../four_points"), "study: `NAME` must be one of "),
        (("run", "--resamples", "0"), "study: `--resamples` must be a whole number of at least 1; got 0"),
        (("run", "--resamples", "many"), "study: `--resamples` must be a whole number; got many"),
        (("run", "--resamples", "100.4"), "study: `--resamples` must be a whole number; got 100.4"),
        (("sweep", "--n-samples", "10", "20.5"), "study: `--n-samples` must be a whole number; several have s"),
        (
            ("compare", "x.csv", "--weight-bound", "3,10"),
            "study: `--weight-bound` must be a number; several have spaces",
        ),
        (
            ("compare", "x.csv", "class"),
            "study: class is not expected here: did you mean `--label class`? See `study compare --help`",
        ),
        (
            ("certify", "x.csv", "--label", "c", "--weight-bound", "3", "10"),
            "study: 10 is not expected here: only options with dots take several values; see `study certify --help`",
        ),
        (
            ("compare", "x.csv", "--C", "1", "--weight-bound", "3", "9"),
            "study: `--weight-bound` must be left out where `--C`",
        ),
        (
            ("price", "x.csv", "--C", "1", "--shape", "ball"),
            "study: `--shape` must be left out where `--C` is given; got",
        ),
        (("price", "x.csv", "--bias", "free"), "study: `--bias` must be left out where there is no `--C`; got free"),
        (("certify", "x.csv", "--weight-bound", "3", "--bias", "free"), "study: `--bias` must be left out where there"),
        (
            ("sweep", "--rule", "perceptron", "--weight-bound", "3"),
            "study: `--weight-bound` must be left out, as none of",
        ),
        (
            ("sweep", "--rule", "unit", "--rate", "0.1"),
            "study: `--rate` must be left out, as none of these rules uses it",
        ),
        (
            ("sweep", "--rule", "unit", "--optimiser", "adam", "--momentum", "0", "0.5"),
            "study: `--momentum` must be left out, as none of these rules uses it so; got 0.5",
        ),
        (
            ("sweep", "--weight-bound", "3", "--shape", "none"),
            "study: `--weight-bound` must be left out, as none of these",
        ),
        (("certify", "x.csv", "--weight-bound", "3,10"), "study: `--weight-bound` must be a number; got 3,10"),
        (("run", "--bogus"), "study: Unknown option: --bogus."),
        (("figures", "--format", "gif"), "study: Invalid value"),
        (("nonsense",), "study: Unknown command"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], line: str, study: Study) -> None:
    answer = study(ROOT, *arguments)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stderr.startswith(line)


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        ("run spoiler", "spoilers"),
        ("figures Four_Points", "four_points"),
        ("sweep --rule Perceptron", "perceptron"),
        ("cite spoilr", "spoiler"),
        ("cite spoiler.n", "spoilers"),
        ("cite spoilers.nn", "n"),
    ],
)
def test_a_name_that_is_nearly_there_is_guessed(words: str, guess: str, study: Study) -> None:
    answer = study(ROOT, *words.split())
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.endswith(f"; got {words.split()[-1]}; did you mean {guess!r}?\n")


def test_without_a_checkout_the_commands_say_so(tmp_path: Path, study: Study) -> None:
    shutil.copytree(ROOT / "study", tmp_path / "study")
    for command in COMMANDS[:-1]:  # the last needs none
        answer = study(tmp_path, command)
        assert answer.returncode == 2
        assert answer.stderr.startswith("study: this command needs a checkout of the study")


def test_list_and_claims_speak_json(study: Study) -> None:
    (row,) = [r for r in json.loads(study(ROOT, "list", "--json").stdout)["experiments"] if r["name"] == "four_points"]
    assert row["state"] == "fresh"
    verdicts = {c["key"]: c["verdict"] for c in json.loads(study(ROOT, "claims", "--json").stdout)["claims"]}
    assert verdicts["four points"] == "holds"
    assert verdicts["t squared"] == "does not hold"
    assert "does not hold" in study(ROOT, "claims").stdout


def test_an_interrupt_says_how_to_go_on(spoilt: Path) -> None:
    run = begun(spoilt, "run", "--fresh")
    while run.poll() is None and not (spoilt / ".study" / "lock").exists():
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    answer = ended(run)
    assert answer.returncode == 130
    # An interrupt right after a semaphore is made leaves it to Python's tracker, which removes it and says so last.
    said = [line for line in answer.stderr.splitlines() if "resource_tracker" not in line]
    assert said[-1].startswith("study: interrupted")
