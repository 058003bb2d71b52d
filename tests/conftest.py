"""A copy of the checkout that tests may spoil, and the command line run in it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

for library in ("OPENBLAS", "OMP", "MKL"):  # before NumPy is imported
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("study", derandomize=True, deadline=None)
settings.load_profile("study")

SECONDS = 60
"""Longer than any single answer to a small input may take, a first compilation included."""
Study = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def whole_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout that no test changes, compiled loops included."""
    copy = tmp_path_factory.mktemp("the copy")  # a path with a space
    for name in ("study", "experiments", "figures"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("paper.md", "references.bib", "pyproject.toml", "LICENSE", "CITATION.cff", "README.md"):
        shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture
def spoilt(whole_copy: Path, tmp_path: Path) -> Path:
    """Return a copy of the checkout that a test may change."""
    copy = tmp_path / "a checkout"
    shutil.copytree(whole_copy, copy)
    return copy


@pytest.fixture(scope="session")
def study() -> Study:
    """Return a function that runs the command line of a checkout: study(folder, *arguments)."""

    def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        code = f"import sys; sys.path.insert(0, {str(folder)!r}); from study.__main__ import main; main()"
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return the Chromium of this machine, without a window."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("Chromium is not installed: the pages were not looked at in a browser")
    with sync_playwright() as tool, tool.chromium.launch(executable_path=path) as browser:
        yield browser


@contextmanager
def limited() -> Iterator[None]:
    """Fail what takes too long."""

    def late(*_: object) -> None:
        raise TimeoutError(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
