"""A cluster that goes away in mid-run: one line says what happened, what is kept, and how to go on."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.checks import CheckFailed
from study.sweeps.executors import executor
from study.sweeps.experiment import Cell, Experiment, Statistics, concatenate
from study.sweeps.runner import Place, run_experiment
from tests.conftest import Study
from tests.sweeps.test_executors import SLOW
from tests.test_faults import MAIN

IMPATIENT = "import study.sweeps.runner as r, study.sweeps.executors as e; r.SILENCE = 0.2; e.PATIENCE = {}"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(spoilt: Path) -> Iterator[Start]:
    """Return a function that starts Python in a checkout, without the variables that speed up its imports."""
    with ExitStack() as stack:

        def begin(*words: str, **variables: str) -> "subprocess.Popen[str]":
            environment = os.environ | {"PYTHONPATH": str(spoilt)} | variables
            process = subprocess.Popen(
                [sys.executable, *words], cwd=spoilt, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        yield begin


def line(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Return the first line of stderr that holds a pattern, and go on reading so that the process is not held up."""
    assert process.stderr is not None
    read = []
    for text in process.stderr:
        read.append(text)
        if re.search(pattern, text):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return text
    raise AssertionError("".join(read))


def scheduler(start: Start, **variables: str) -> tuple["subprocess.Popen[str]", str]:
    words = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    process = start(*words, **variables)
    (address,) = re.findall(r"tcp://127.0.0.1:\d+", line(process, "Scheduler at"))
    return process, address


def worker(start: Start, address: str) -> "subprocess.Popen[str]":
    process = start("-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    line(process, "Registered to")
    return process


def first_block(run: "subprocess.Popen[str]") -> None:
    assert run.stderr is not None
    assert run.stderr.readline() == "a block\n"


BLOCKS = """
import study.sweeps.runner as r, sys
save = r.save_block
def told(*arguments):
    save(*arguments)
    print("a block", file=sys.stderr, flush=True)
r.save_block = told
"""


def test_a_scheduler_that_is_killed_is_said_on_one_line(spoilt: Path, start: Start, study: Study) -> None:
    (spoilt / "experiments" / "slow.py").write_text(SLOW)
    there, address = scheduler(start)
    worker(start, address)
    run = start("-c", MAIN.format(BLOCKS), "run", "slow", "--resamples", "399", "--scheduler", address)
    first_block(run)
    there.kill()
    said = run.communicate(timeout=120)[1].replace("a block\n", "")
    assert run.returncode == 1
    found = re.fullmatch(
        rf"slow: the scheduler at {address} is gone; (\d+) of 200 blocks are kept: repeat the command, without "
        r"--fresh, to go on\n",
        said,
    )
    assert found, said
    again = json.loads(study(spoilt, "run", "slow", "--resamples", "399", "--json").stdout)
    assert again["blocks_reused"] == int(found[1])


def test_a_run_without_workers_says_so_and_goes_on_with_a_new_one(spoilt: Path, start: Start) -> None:
    (spoilt / "experiments" / "slow.py").write_text(SLOW)
    _, address = scheduler(start)
    first = worker(start, address)
    prelude = BLOCKS + IMPATIENT.format(600.0)
    run = start("-c", MAIN.format(prelude), "run", "slow", "--resamples", "399", "--scheduler", address, "--json")
    first_block(run)
    first.kill()
    assert line(run, "no worker") == (f"the scheduler at {address} has no worker; this run waits 600 s for one\n")
    worker(start, address)
    assert run.stdout is not None
    report = json.loads(run.stdout.read())
    assert run.wait(timeout=60) == 0
    assert report["blocks_computed"] == 200


def test_a_worker_that_joins_with_other_code_computes_nothing(spoilt: Path, start: Start) -> None:
    (spoilt / "experiments" / "slow.py").write_text(SLOW)
    _, address = scheduler(start)
    first = worker(start, address)
    run = start("-c", MAIN.format(BLOCKS), "run", "slow", "--resamples", "399", "--scheduler", address)
    first_block(run)
    (spoilt / "experiments" / "slow.py").write_text(SLOW.replace("rng.random(size)", "rng.random(size) + 1"))
    first.kill()
    worker(start, address)
    said = run.communicate(timeout=120)[1].splitlines()
    assert run.returncode == 2, said
    assert re.fullmatch(r"study: `--scheduler` must have workers .*; got one with {'code': '\w+'}", said[-1]), said


def test_a_run_without_workers_does_not_wait_for_ever(spoilt: Path, start: Start) -> None:
    (spoilt / "experiments" / "slow.py").write_text(SLOW)
    _, address = scheduler(start)
    run = start("-c", MAIN.format(IMPATIENT.format(0.0)), "run", "slow", "--resamples", "399", "--scheduler", address)
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 1
    assert said.splitlines()[-1] == (
        f"slow: the scheduler at {address} has had no worker for 0 s; 0 of 200 blocks are kept: repeat the command, "
        "without --fresh, to go on"
    )
    assert len(said.splitlines()) == 2


def ending(_: Cell, __: int, ___: np.random.Generator) -> Statistics:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def fine(_: Cell, size: int, ___: np.random.Generator) -> Statistics:
    return {"n_fits": np.array([size])}


def declared(run: Any) -> Experiment:
    return Experiment(
        name="ending", question="Who is gone?", cells=({"k": 1},), resamples=3, block_size=1, run=run,
        merge=concatenate, tables=lambda _: {}, numbers=lambda _: {},
    )  # fmt: skip


@pytest.mark.slow
def test_a_worker_process_that_is_killed_is_said_on_one_line(tmp_path: Path) -> None:
    with executor(1, processes=True) as (pool, _):  # noqa: SIM117
        with pytest.raises(CheckFailed, match=r"\Aending: .*abruptly.*; 0 of 3 blocks are kept: repeat .*\Z"):
            run_experiment(declared(ending), "", Place(store=tmp_path, executor=pool))


@pytest.mark.slow
def test_what_was_not_kept_is_not_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with executor(1, processes=True) as (pool, _):  # noqa: SIM117
        with pytest.raises(CheckFailed, match="nothing was kept, as its store cannot be written"):
            run_experiment(declared(ending), "", Place(store=tmp_path / "file", executor=pool))


@pytest.mark.filterwarnings("ignore")
def test_a_block_that_ends_every_worker_is_said_on_one_line(start: Start, tmp_path: Path) -> None:
    _, address = scheduler(start, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")  # two workers, and not four
    process = start(
        "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard",
    )  # fmt: skip
    line(process, "Registered to")
    with executor(scheduler=address) as (pool, _):  # noqa: SIM117
        with pytest.raises(CheckFailed, match="ending: one block has ended several workers; 0 of 3 blocks are kept"):
            run_experiment(declared(ending), "", Place(store=tmp_path, executor=pool))
