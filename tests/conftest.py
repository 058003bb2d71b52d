"""A copy of the checkout that tests may spoil, the command line run in it, and a browser."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests import forks

for library in ("OPENBLAS", "OMP", "MKL"):  # before NumPy is imported; workers and commands inherit it
    os.environ[f"{library}_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # begun in the background by a shell; commands inherit that too
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("study", derandomize=True, deadline=None)
settings.load_profile("study")

COPIED = (
    *("study", "experiments", "figures", "paper.md", "references.bib"),
    *("README.md", "pyproject.toml", "LICENSE", "CITATION.cff"),
)
BEGIN_PROCESSES = {"study", "spoilt", "checkouts", "cluster", "chromium", "rendered"}
"""The fixtures that do, or whose tests do."""
BEGIN_FIRST = ("test_wheel.py", "test_compilation.py")
"""Files of the longest tests, so that none of these is left over for one processor at the end."""
Study = Callable[..., "subprocess.CompletedProcess[str]"]
Run = Callable[..., tuple[int, str, str]]


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers: the processors that are ours, but eight at most, for each takes half a gigabyte."""
    return min(len(os.sched_getaffinity(0)), 8)


def pytest_configure(config: pytest.Config) -> None:
    """Compile the loops from the last on: workers all come to the first one first, and wait for whoever compiles it."""
    if config.getoption("numprocesses", None):  # this process has workers
        code = "from study.kernels import optimisers, network, hinge, nearest_points, proof_cells, interior_point, wide"
        stack = ExitStack()
        stack.enter_context(subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL))
        config.add_cleanup(stack.close)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Close what a test has drawn: matplotlib keeps it, and warns of too much."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and mark as slow what begins commands, a browser or a cluster, or renders the paper."""
    items.sort(key=lambda item: item.path.name not in BEGIN_FIRST)
    for item in items:
        if not BEGIN_PROCESSES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on one line for each reason how many tests were left out."""
    skipped = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()))
    for reason, number in skipped.items():
        terminalreporter.write_line(f"{number} tests left out: {reason.removeprefix('Skipped: ')}")


def ended(process: "subprocess.Popen[str]", seconds: float = 280.0) -> "subprocess.CompletedProcess[str]":
    """Wait for a process, and return its answer; one that hangs is ended, and says on stderr where it was."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # answered with the stacks of its threads, see `begun`
        pytest.fail(f"no end after {seconds} s: {process.args!r}\n{process.communicate()[1]}")
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def begun(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Begin the command line of a checkout in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from study.__main__ import main; main()"
    command = [sys.executable, "-X", "faulthandler", "-c", code, *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Return a copy of the checkout, compiled loops included, that a test may change."""
    copy = tmp_path / "a checkout"  # a path with a space
    copy.mkdir()
    for name in COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def study() -> Study:
    """Return a function that runs the command line of a checkout: study(folder, *arguments)."""
    return forks.study


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs `study` in this process, in an empty folder: exit code, stdout and stderr."""
    from study.cli import main

    monkeypatch.setattr("study.commands.output.EVERY", 1e9)  # see forks.NO_CLOCK
    empty = tmp_path / "here"
    empty.mkdir()
    monkeypatch.chdir(empty)

    def study(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["study", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(str(exit_.value.code)), captured.out, captured.err

    return study


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return the Chromium of this machine, without a window; nothing is fetched."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("Chromium is not installed: no page was opened in a browser")
    with sync_playwright() as tool, tool.chromium.launch(executable_path=path) as browser:
        yield browser
