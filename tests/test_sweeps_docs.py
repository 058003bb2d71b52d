"""What docs/sweeps.md shows runs, and does what it says."""

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import Run
from tests.test_docs import FENCED, PAGES

BLOCKS = FENCED.findall(PAGES["sweeps.md"])


@pytest.mark.slow
def test_every_example_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    (made, *commands) = [text for kind, text in BLOCKS if kind == "sh"]
    subprocess.run(["/bin/sh", "-c", made], check=True)
    pd.read_csv("cancer.csv")[:100].to_csv("cancer.csv", index=False)  # a sixth of the rows, in a sixth of the time
    Path("mine.py").write_text(next(text for kind, text in BLOCKS if kind == "python"))

    def threads(n_workers: int, *_: Any, **__: Any) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(n_workers)

    monkeypatch.setattr("study.sweeps.executors.ProcessPoolExecutor", threads)  # they take seconds to begin
    monkeypatch.setattr(sys, "path", [*sys.path])
    printed = []
    for command in [line for text in commands for line in text.splitlines()]:
        code, out, err = run(*shlex.split(command)[1:])
        assert code == 0, f"{command}\n{err}"
        printed.append(out)
        if "nearest.csv" in command:
            written = {path.name: path.read_bytes() for path in Path().glob("nearest.*")}
    assert {path.name: path.read_bytes() for path in Path().glob("nearest.*")} == written  # the JSON has repeated it
    assert "about" in printed[-1]
    labels = {line.split()[0] for text in printed for line in text.splitlines() if "[" in line}
    assert {"mine:kernel_C_0_1", "sklearn_svm:SVC_C_10", "mine:nearest"} <= labels
    assert pd.read_csv("nearest.csv")["dispersion"].isna().all()
