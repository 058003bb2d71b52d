"""What may go wrong with the machine, planted: the command says so plainly, and the next run makes results whole.

Each row of the table plants one fault in a small checkout, whose path holds a space and Greek, runs the command line
there, and says what must be seen. After every fault nothing half-written may lie about, and a plain run must leave the
very bytes that an undisturbed one leaves.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.conftest import ROOT, ended

TINY = """
import time
from functools import partial
import numpy as np
import pandas as pd
from study.sweeps.experiment import Experiment, concatenate

FACTOR = 1.0

def run(cell, size, rng):
    time.sleep(0.02)
    return {"draw": FACTOR * rng.random(size), "n_fits": np.array([size])}

def tables(merged):
    rows = [{"k": cell["k"], "mean": statistics["draw"].mean()} for cell, statistics in merged]
    return {"": pd.DataFrame(rows), "more": pd.DataFrame(rows)}

EXPERIMENT = Experiment(
    name="tiny", question="Is γ₀ whole?", cells=[{"k": k} for k in range(6)], resamples=20, block_size=10, run=run,
    merge=concatenate, tables=tables, numbers=lambda tables: {"mean": tables[""]["mean"].mean()}, in_processes=False,
)
"""
FIGURE = """
from matplotlib import pyplot as plt

def draw(tables):
    figure = plt.figure()
    figure.subplots().plot(tables[""]["k"], tables["more"]["mean"])
    return figure
"""
N_BLOCKS = 12
"""Then come tiny.csv, tiny.more.csv and tiny.json, each put in its place by one more call of os.replace."""

MAIN = f"from study.__main__ import main\n{forks.NO_CLOCK}\n{{}}\nmain()"  # of the checkout that it is run in
ON_IMPORT = """
import os, signal, sys
seen = []
def hook(event, arguments):
    if event == "import" and arguments[0] == {module!r} and not seen:
        seen.append(event)
        {act}
sys.addaudithook(hook)
"""
ON_THREAD = """
import os, signal, threading
start = threading.Thread.start
def first(thread):
    threading.Thread.start = start
    start(thread)
    {act}
threading.Thread.start = first
"""
"""Blocks are computed in threads."""
ON_REPLACE = """
import os, signal, errno
calls, replace = [], os.replace
def counted(source, target, **options):
    calls.append(target)
    if len(calls) == {call}:
        {act}
    replace(source, target, **options)
os.replace = counted
"""
NO_SPACE = 'raise OSError(errno.ENOSPC, "No space left on device")'
READ_ONLY = """
import errno, tempfile
def refuse(*_, **__):
    raise OSError(errno.EROFS, "Read-only file system")
tempfile.mkstemp = refuse
"""
SMALL_FILES = (
    "import resource, sys; sys.dont_write_bytecode = True; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
)
INTERRUPTED = r"\Astudy: interrupted; the blocks computed so far are kept: .*\n\Z"
FULL = r"\Astudy: .*tiny.* cannot be read or written: No space left on device\n\Z"
LEFT_BEHIND = (".study", "experiments/results", "figures", "build", "out ö")


def on_replace(call: int, act: str) -> str:
    return ON_REPLACE.format(call=call, act=act)


def on_import(module: str, act: str) -> str:
    return ON_IMPORT.format(module=module, act=act)


def on_thread(act: str) -> str:
    return ON_THREAD.format(act=act)


def kill(name: str) -> str:
    return f"os.kill(os.getpid(), signal.{name})"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is done to the command, or to the checkout before it, and what must be seen."""

    command: tuple[str, ...] = ("run", "tiny")
    state: str = "new"
    before: Callable[[Path], object] = lambda _: None
    prelude: str = ""
    environment: dict[str, str | None] = field(default_factory=dict)
    redirect: str = ""
    new: bool = False
    code: int = 0
    says: str = ""
    answers: str = ""
    after: Callable[[Path], object] = lambda _: None


def study(checkout: Path, *command: str, **fault: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own, in a new one where the fault is there from its start."""
    row = Fault(command=command, **fault)
    if not (row.environment or row.redirect or row.new):
        return forks.study(checkout, *row.command, prelude=row.prelude)
    words = [sys.executable, "-X", "faulthandler", "-c", MAIN.format(row.prelude), *row.command]
    if row.redirect:
        words = ["/bin/sh", "-c", f'exec "$@" {row.redirect}', "sh", *words]
    changed = {**os.environ, **row.environment}
    environment = {name: value for name, value in changed.items() if value is not None}
    return ended(begun(words, checkout, env=environment, start_new_session=True))


def begun(words: list[str], checkout: Path, **options: Any) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=checkout, stdout=pipe, stderr=pipe, encoding="utf-8", **options)


def readerless(checkout: Path, stream: str) -> None:
    """Give a stream to a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writing}
    words = [sys.executable, "-c", MAIN.format(""), *(["list"] if stream == "stdout" else ["run", "tiny"])]
    answer = subprocess.run(words, cwd=checkout, **streams, timeout=60, check=False)
    os.close(writing)
    assert answer.returncode == 141
    assert not answer.stderr
    assert not answer.stdout


def results(checkout: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (checkout / "experiments" / "results").iterdir()}


def blocks(checkout: Path) -> list[Path]:
    return sorted((checkout / ".study" / "tiny").iterdir())


def in_place_of(name: str) -> Callable[[Path], None]:
    def put(checkout: Path) -> None:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("a file where a folder belongs")

    return put


def cut(checkout: Path) -> None:
    victim = blocks(checkout)[0]
    victim.write_bytes(victim.read_bytes()[:-9])


def replaced(pattern: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Return what puts something else in place of the first file of a pattern."""

    def put(checkout: Path) -> None:
        path = min(checkout.glob(pattern), default=checkout / pattern)
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        make(path)

    return put


def exchanged(checkout: Path) -> None:
    one, other, *_ = blocks(checkout)
    one.write_bytes(other.read_bytes())


def in_the_future(checkout: Path) -> None:
    later = time.time() + 1e8
    for path in (
        (checkout / "experiments").rglob("*"),
        (checkout / ".study").rglob("*"),
        (checkout / "study").rglob("*"),
    ):
        for found in path:
            os.utime(found, (later, later))


def unfinished(checkout: Path) -> None:
    """Leave the temporary files of killed runs."""
    for folder in (checkout / ".study" / "tiny", checkout / "experiments" / "results"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".tiny.csv.x0.tmp").write_text("half")
        os.utime(folder / ".tiny.csv.x0.tmp", (0, 0))


def noticed(checkout: Path) -> None:
    """Tables of two runs lie side by side: all who read them say so."""
    assert "missing or altered" in study(checkout, "list").stdout
    for command in (("figures",), ("paper", "--check")):
        answer = study(checkout, *command)
        assert answer.returncode == 1
        assert re.search(r"^(experiments/results/)?tiny(\.more)?\.csv: altered by hand", answer.stderr, re.MULTILINE), (
            answer.stderr
        )


def only_its_own_blocks(checkout: Path) -> None:
    assert len(blocks(checkout)) == N_BLOCKS


def kept(number: int) -> Callable[[Path], None]:
    def held(checkout: Path) -> None:
        assert json.loads(study(checkout, "run", "tiny", "--json").stdout)["blocks_reused"] >= number

    return held


def both(*command: str) -> Callable[[Path], None]:
    """Begin a run while another is at its first block, and let that one go on once the second has said so."""

    def at_once(checkout: Path) -> None:
        for name in ("there", "go on"):
            os.mkfifo(checkout / name)
        wait = on_replace(1, "open('there', 'w').close(); open('go on').close()")
        first, second = ([sys.executable, "-c", MAIN.format(prelude), *command] for prelude in (wait, ""))
        with begun(first, checkout) as one:
            (checkout / "there").read_text()
            with begun(second, checkout) as two:
                assert two.stderr is not None
                assert "another run is at work in" in two.stderr.readline()
                (checkout / "go on").write_text("")
                answers = ended(one), ended(two)
        assert [answer.returncode for answer in answers] == [0, 0], answers
        assert not any(re.search("Traceback|another run", answer.stderr) for answer in answers)

    return at_once


FAULTS: dict[str, Fault] = {
    "disk full at the first block": Fault(prelude=on_replace(1, NO_SPACE), code=1, says=FULL),
    "disk full at a later block": Fault(prelude=on_replace(7, NO_SPACE), code=1, says=FULL, after=kept(3)),
    "disk full at the first table": Fault(prelude=on_replace(N_BLOCKS + 1, NO_SPACE), code=1, says=FULL),
    "disk full at the second table": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 2, NO_SPACE), code=1, says=FULL
    ),
    "disk full at the JSON": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 3, NO_SPACE), code=1, says=FULL, after=noticed
    ),
    "files that may not grow": Fault(
        prelude=SMALL_FILES, new=True, code=1, says="cannot be read or written: File too large"
    ),
    "answer to a full device": Fault(
        command=("list", "--json"), redirect="> /dev/full", code=1, says=r"\Astudy: the answer cannot be .*\n\Z"
    ),
    "read-only file system": Fault(prelude=READ_ONLY, code=1, says="Read-only file system\n"),
    "a file in place of the store": Fault(before=in_place_of(".study"), says="blocks are kept for this run only"),
    "a file in place of build": Fault(
        command=("run", "tiny", "--resamples", "11"), before=in_place_of("build"), code=1,
        says=r"\Astudy: .*build/results cannot be read or written: Not a directory\n\Z",
    ),
    "a file in place of the folder --out": Fault(
        command=("figures", "--out", "out ö/below"), state="done", before=in_place_of("out ö"), code=1,
        says=r"\Astudy: out ö/below.* cannot be read or written: Not a directory\n\Z",
    ),
    "closed pipe after stdout": Fault(command=("list",), before=lambda c: readerless(c, "stdout")),
    "closed pipe after stderr": Fault(command=("list",), before=lambda c: readerless(c, "stderr")),
    "closed stdout": Fault(command=("run", "tiny", "--json"), redirect=">&-", says=r"\Atiny: 12 blocks computed.*\n\Z"),
    "closed stderr": Fault(command=("run", "tiny", "--json"), redirect="2>&-", answers=r"\A\{\n"),
    "all closed": Fault(command=("run", "tiny", "--json"), redirect="<&- >&- 2>&-", answers=r"\A\Z"),
    "Ctrl-C during the first imports": Fault(
        prelude=on_import("cyclopts", kill("SIGINT")), new=True, code=130, says=INTERRUPTED
    ),
    "Ctrl-C during the heavy imports": Fault(
        prelude=on_import("numpy", kill("SIGINT")), new=True, code=130, says=INTERRUPTED
    ),
    "Ctrl-C while libraries are loaded": Fault(
        prelude=on_import("pandas._libs.tslibs.offsets", kill("SIGINT")), new=True, code=130, says=INTERRUPTED
    ),
    "Ctrl-C when blocks begin": Fault(prelude=on_thread(kill("SIGINT")), code=130, says=INTERRUPTED),
    "Ctrl-C while blocks are computed": Fault(
        prelude=on_replace(5, kill("SIGINT")), code=130, says=INTERRUPTED, after=kept(4)
    ),
    "Ctrl-C while the first table is written": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 1, kill("SIGINT")), code=130, says=INTERRUPTED
    ),
    "Ctrl-C while the JSON is written": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 3, kill("SIGINT")), code=130, says=INTERRUPTED
    ),
    "terminated while blocks are computed": Fault(
        prelude=on_replace(5, kill("SIGTERM")), new=True, code=143, after=kept(4)
    ),
    "terminated during the heavy imports": Fault(prelude=on_import("numpy", kill("SIGTERM")), new=True, code=143),
    "terminated when blocks begin": Fault(prelude=on_thread(kill("SIGTERM")), new=True, code=143),
    "killed while blocks are computed": Fault(prelude=on_replace(5, kill("SIGKILL")), code=-9, after=kept(4)),
    "killed between two tables": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 2, kill("SIGKILL")), code=-9, after=noticed
    ),
    "killed before the JSON": Fault(
        state="changed", prelude=on_replace(N_BLOCKS + 3, kill("SIGKILL")), code=-9
    ),
    "temporary files of killed runs": Fault(before=unfinished),
    "two runs at once": Fault(command=("list",), before=both("run", "tiny")),
    "two reproductions at once": Fault(command=("list",), before=both("reproduce", "--quick")),
    "clock set back": Fault(state="changed", before=in_the_future, says="results written"),
    "a locale without Unicode": Fault(
        command=("list",), environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        answers=r"Is \\u03b3\\u2080 whole\?",
    ),
    "a home that cannot be written": Fault(
        command=("figures",), state="done", environment={"HOME": "/dev/null", "XDG_CONFIG_HOME": None}
    ),
    "no home": Fault(command=("figures",), state="done", environment={"HOME": None, "XDG_CONFIG_HOME": None}),
    "a truncated block": Fault(state="done", before=cut, says="damaged; it is computed again"),
    "a block under another's name": Fault(state="done", before=exchanged, says="damaged; it is computed again"),
    "a pipe in place of a block": Fault(
        state="done", before=replaced(".study/tiny/*.npz", os.mkfifo), says="damaged; it is computed again"
    ),
    "a folder in place of a block": Fault(
        state="done", before=replaced(".study/tiny/*.npz", Path.mkdir), says="damaged; it is computed again"
    ),
    "a pipe in place of a folder of blocks": Fault(
        before=replaced(".study/tiny", os.mkfifo), says="tiny cannot be written .*: blocks are kept for this run only"
    ),
    "a pipe in place of a result": Fault(
        command=("list",), state="done", before=replaced("experiments/results/tiny.json", os.mkfifo),
        answers="missing or altered",
    ),
    "a pipe in place of a table": Fault(
        command=("paper", "--check"), state="done", before=replaced("experiments/results/tiny.csv", os.mkfifo),
        code=1, says=r"(?m)^experiments/results/tiny\.csv: cannot be read \(not a regular file\)$",
        after=lambda c: shutil.rmtree(c / "experiments" / "results"),
    ),
    "a result of too many levels": Fault(
        command=("paper", "--check"), state="done",
        before=replaced("experiments/results/tiny.json", lambda path: path.write_text("[" * 100_000)),
        code=1, says=r"(?m)^experiments/results/tiny\.json: not JSON \(more than 50 levels deep\)",
        after=lambda c: shutil.rmtree(c / "experiments" / "results"),
    ),
    "blocks of other code": Fault(state="changed", after=only_its_own_blocks),
    "blocks of other settings": Fault(
        before=lambda c: study(c, "run", "tiny", "--resamples", "13"), after=only_its_own_blocks
    ),
    "no checkout": Fault(
        command=("run",), before=lambda c: (c / "paper.md").rename(c / "away.md"), code=2,
        says=r"\Astudy: this command needs a checkout of the study; .*\n\Z",
        after=lambda c: (c / "away.md").rename(c / "paper.md"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a checkout that is new, one with results and blocks of other code, and one with its own."""
    new = tmp_path_factory.mktemp("checkouts") / "new"
    shutil.copytree(ROOT / "study", new / "study")
    for room, text in (("experiments", TINY.replace("1.0", "2.00")), ("figures", FIGURE)):
        (new / room).mkdir()
        (new / room / "__init__.py").write_text('"""A room."""\n')
        (new / room / "tiny.py").write_text(text, encoding="utf-8")
    (new / "experiments" / "claims").mkdir()
    (new / "experiments" / "claims" / "table.py").write_text("CLAIMS = ()\n")
    for name in ("paper.md", "references.bib"):
        shutil.copy2(ROOT / name, new)
    found = {"new": new}
    for state in ("changed", "done"):
        found[state] = new.parent / state
        shutil.copytree(new, found[state])
        assert study(found[state], "run", "tiny").returncode == 0
        (new / "experiments" / "tiny.py").write_text(TINY, encoding="utf-8")
    (found["changed"] / "experiments" / "tiny.py").write_text(TINY, encoding="utf-8")
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_met(name: str, tmp_path: Path, checkouts: dict[str, Path]) -> None:
    fault, checkout = FAULTS[name], tmp_path / "a checkout λ"
    shutil.copytree(checkouts[fault.state], checkout)
    fault.before(checkout)
    row = {key: getattr(fault, key) for key in ("prelude", "environment", "redirect", "new")}
    answer = study(checkout, *fault.command, **row)
    assert answer.returncode == fault.code, answer
    assert re.search(fault.says, answer.stderr), answer
    assert re.search(fault.answers, answer.stdout), answer
    assert not re.search("Traceback|Exception ignored|Error:", answer.stderr), answer.stderr
    fault.after(checkout)
    if fault.code != -signal.SIGKILL and fault.before is not unfinished:
        assert not half_written(checkout)
    again = study(checkout, "run", "tiny")
    assert again.returncode == 0, again
    assert results(checkout) == results(checkouts["done"])
    assert not half_written(checkout)


def half_written(checkout: Path) -> list[Path]:
    """Return the temporary files that lie about."""
    return [path for name in LEFT_BEHIND for path in (checkout / name).rglob("*.tmp")]


def test_the_docs_say_how_many() -> None:
    (number,) = re.findall(r"(\d+) faults are planted", (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8"))
    assert int(number) == len(FAULTS)


def test_other_settings_never_reach_the_committed_results(tmp_path: Path, checkouts: dict[str, Path]) -> None:
    checkout = tmp_path / "a checkout"
    shutil.copytree(checkouts["done"], checkout)
    for command in (("run", "tiny", "--resamples", "11"), ("reproduce", "--quick")):
        assert study(checkout, *command).returncode == 0
    assert results(checkout) == results(checkouts["done"])
    assert not (checkout / "figures" / "tiny.svg").exists()
    written = {path.relative_to(checkout / "build").as_posix() for path in (checkout / "build").rglob("tiny*")}
    tables = {f"results/tiny{ending}" for ending in (".csv", ".more.csv", ".json")}
    assert written == tables | {f"quick/{name}" for name in tables} | {"quick/figures/tiny.svg"}
