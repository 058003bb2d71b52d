"""`study run` and `study bench`: where results go, and how far a run is."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from study.commands import output
from tests.conftest import ROOT, Study
from tests.sweeps.test_locks import TICKS
from tests.test_faults import MAIN


def declare(checkout: Path, name: str, kind: str) -> None:
    (checkout / "experiments" / f"{name}.py").write_text(TICKS.replace("NAME", name).replace("KIND", kind))


def committed(checkout: Path) -> dict[str, bytes]:
    folder = checkout / "experiments" / "results"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("command", "name"), [(("bench",), "bench"), (("run", "ticks"), "ticks")])
def test_times_go_to_build_unless_they_are_to_be_committed(
    spoilt: Path, study: Study, command: tuple[str, ...], name: str
) -> None:
    declare(spoilt, name, "timed")
    before = committed(spoilt)
    answer = study(spoilt, *command)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.endswith("results written to build/results\n")
    assert committed(spoilt) == before
    assert (spoilt / "build" / "results" / f"{name}.json").is_file()
    answer = study(spoilt, *command, "--commit", "--json")
    assert answer.returncode == 0, answer.stderr
    after = committed(spoilt)
    changed = {file for file in after if after[file] != before.get(file)}
    assert changed == {f"{name}.csv", f"{name}.json"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("four_points",),
            "`--commit` is for experiments that hold times, bench, growth, proof_cost; got none of them",
        ),
        (("bench", "--resamples", "2"), "`--commit` needs the declared resamples: leave out `--resamples`"),
    ],
)
def test_nothing_else_is_committed_on_demand(arguments: tuple[str, ...], message: str, study: Study) -> None:
    answer = study(ROOT, "run", *arguments, "--commit")
    assert (answer.returncode, answer.stderr) == (2, f"study: {message}\n")


def test_ten_seconds_pass_between_two_lines_of_progress_whatever_runs(capsys: pytest.CaptureFixture[str]) -> None:
    whole = output.Whole({"basins": 50, "losses": 150})
    whole.said -= 2.0 * output.EVERY
    for name, total in whole.counts.items():
        with output.progress(name, whole=whole) as advance:
            for done in range(0, total + 1, 50):
                advance(done, total)
    expected = "basins: 0 of 50 blocks, 0.0 a second; experiment 1 of 2, 0.0% of all blocks\n"
    assert capsys.readouterr().err == expected


def started(checkout: Path, prelude: str, **streams: int) -> "subprocess.Popen[bytes]":
    code = MAIN.format(prelude)
    names = ("ticks", "tocks")
    for name in names:
        declare(checkout, name, "repeatable")
    return subprocess.Popen([sys.executable, "-c", code, "run", *names, "--resamples", "30"], cwd=checkout, **streams)  # type: ignore[call-overload, no-any-return]


def test_a_run_counts_the_blocks_of_all_its_experiments(spoilt: Path) -> None:
    process = started(spoilt, "import study.commands.output as o; o.EVERY = 0.0", stderr=subprocess.PIPE)
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0, said
    shares = re.findall(r"^(t.cks): .*; experiment (\d) of 2, ([\d.]+)% of all blocks$", said, re.MULTILINE)
    expected = [("ticks", "1", f"{100 * k / 6:.1f}") for k in range(4)]
    assert shares == expected + [("tocks", "2", f"{100 * k / 6:.1f}") for k in range(3, 7)]


def test_a_terminal_shows_a_bar_of_all_blocks(spoilt: Path) -> None:
    ours, theirs = pty.openpty()
    process = started(spoilt, "", stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the terminal is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"in all .*6/6", text), text
