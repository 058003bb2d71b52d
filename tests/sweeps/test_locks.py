"""One run at a time works in a store, and what a killed run has left is removed by the next."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from study.sweeps.locks import alone, temporary_folder
from study.sweeps.store import HOST, load_block, save_block, write_file
from tests.conftest import ROOT, Study
from tests.test_faults import MAIN, kill, on_replace

HOLD = """
import sys
from pathlib import Path
from study.sweeps.locks import alone, temporary_folder
with {manager} as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def holder(manager: str, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that stays inside a context manager until it is killed or its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD.format(manager=manager)], env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def said_by(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_temporary_folder_of_a_killed_run_is_removed_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed, alive = (holder("temporary_folder()", TMPDIR=str(tmp_path)) for _ in range(2))
    left, used = Path(said_by(killed)), Path(said_by(alive))
    (left / "block.npz").write_text("a block")
    killed.kill()
    killed.communicate()
    with temporary_folder() as mine:
        assert set(tmp_path.iterdir()) == {mine, used}
    alive.communicate("", timeout=60)
    assert alive.returncode == 0
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_taken_from_a_run_that_is_about_to_lock_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    flock = fcntl.flock

    def after_another(*arguments: int) -> None:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(fcntl, "flock", flock)
            with temporary_folder():
                pass
        flock(*arguments)

    with monkeypatch.context() as before:
        before.setattr(fcntl, "flock", after_another)
        manager = temporary_folder()
        mine = manager.__enter__()
    with temporary_folder():
        assert mine.is_dir()
    manager.__exit__(None, None, None)
    assert not list(tmp_path.iterdir())


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    killed = holder(f"alone(Path({str(tmp_path)!r}), print)")
    said_by(killed)
    killed.kill()
    killed.communicate()
    said: list[str] = []
    with alone(tmp_path, said.append):
        assert not said


@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.ENOLCK])
def test_a_file_system_that_cannot_lock_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    said: list[str] = []
    with alone(tmp_path / ".study", said.append):
        pass
    (line,) = said
    assert (
        line == f"{tmp_path / '.study'} cannot be locked ({os.strerror(code)}): let no other run work in it meanwhile"
    )
    with temporary_folder() as folder:
        assert folder.is_dir()


def test_a_store_that_cannot_be_written_is_not_guarded(tmp_path: Path) -> None:
    (tmp_path / ".study").write_text("a file in place of the folder")
    said: list[str] = []
    with alone(tmp_path / ".study", said.append):
        assert not said


def test_an_error_inside_is_passed_on_and_frees_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(OSError, match="inside"), alone(tmp_path, pytest.fail):
            raise OSError("inside")


TICKS = """
import numpy as np
import pandas as pd
from study.sweeps.experiment import Experiment, concatenate

def run(cell, size, rng):
    return {"draw": rng.random(size), "n_fits": np.array([size])}

def tables(merged):
    return {"": pd.DataFrame({"mean": [statistics["draw"].mean() for _, statistics in merged]})}

EXPERIMENT = Experiment(name="NAME", question="Which?", cells=({"k": 1},), resamples=40, block_size=10, run=run,
    merge=concatenate, tables=tables, numbers=lambda tables: {"n": len(tables[""])}, kind="KIND",
    in_processes=False)
"""


@pytest.mark.parametrize(
    "command",
    [
        ("run", "ticks", "--resamples", "30"),
        ("sweep", "--rule", "perceptron", "--n-samples", "20", "--resamples", "40", "--n-test", "50"),
    ],
)
def test_what_a_killed_run_has_left_is_removed_by_the_next(
    spoilt: Path, study: Study, command: tuple[str, ...]
) -> None:
    (spoilt / "experiments" / "ticks.py").write_text(TICKS.replace("NAME", "ticks").replace("KIND", "repeatable"))
    for call in (1, 2, 3):  # in a block, or in a table
        code = MAIN.format(on_replace(call, kill("SIGKILL")))
        answer = subprocess.run([sys.executable, "-c", code, *command], cwd=spoilt, capture_output=True, check=False)
        assert answer.returncode == -signal.SIGKILL, answer
        assert len(list(spoilt.rglob("*.tmp"))) == 1
        assert study(spoilt, *command).returncode == 0
        assert not list(spoilt.rglob("*.tmp"))
        for made in (spoilt / ".study", spoilt / "build"):
            subprocess.run(["rm", "-rf", str(made)], check=True)  # noqa: S607


def test_writing_a_file_removes_what_a_dead_writer_has_left(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])  # noqa: S607
    dead.wait()
    kept = {
        f".x.csv.{HOST}.{os.getpid()}.b.tmp",
        f".x.csv.another-machine.{dead.pid}.c.tmp",
        f".y.csv.{HOST}.{dead.pid}.d.tmp",
    }
    for name in (f".x.csv.{HOST}.{dead.pid}.a.tmp", f".x.csv.{HOST}.who.tmp", *kept):
        (tmp_path / name).write_text("half")
    write_file(tmp_path / "x.csv", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"x.csv", *kept}


def test_a_killed_writer_leaves_a_file_that_names_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: left.extend(path.name for path in tmp_path.iterdir()))
    write_file(tmp_path / "x.csv", b"whole")
    assert left[0].startswith(f".x.csv.{HOST}.{os.getpid()}.")


def test_a_block_that_was_cut_short_is_found(tmp_path: Path) -> None:
    """A block is not waited for on the disk, so a loss of power may cut it short."""
    import numpy as np

    from study.sweeps.store import DamagedBlock

    save_block(tmp_path / "block.npz", {"a": np.arange(6.0)})
    whole = (tmp_path / "block.npz").read_bytes()
    for length in (0, 10, len(whole) - 1):
        (tmp_path / "block.npz").write_bytes(whole[:length])
        with pytest.raises(DamagedBlock):
            load_block(tmp_path / "block.npz")
