"""The same bytes on threads, on a cluster, and after any number of deaths."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from study.checks import BadInput
from study.sweeps.executors import executor
from study.sweeps.experiment import Cell, Experiment, Statistics, add_up
from study.sweeps.runner import Place, run_experiment
from study.sweeps.settings import Setting
from tests.conftest import ROOT, Study
from tests.sweeps.test_grid import OOPS, own, swept

pytestmark = pytest.mark.filterwarnings("ignore")  # a cluster that loses a worker has much to say


def run(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
    time.sleep(0.02)
    return {"sum": rng.normal(size=size).sum(keepdims=True) * cell["scale"], "n_fits": np.array([size])}


def tables(merged: Any) -> dict[str, pd.DataFrame]:
    return {"": pd.DataFrame([{**cell, "sum": statistics["sum"][0]} for cell, statistics in merged])}


EXPERIMENT = Experiment(
    name="slow",
    question="Does a sum depend on who took it?",
    cells=({"scale": 1.0}, {"scale": 2.0}),
    resamples=500,
    block_size=10,
    run=run,
    merge=add_up,
    tables=tables,
    numbers=lambda frames: {"sum": frames[""]["sum"].sum()},
)


def csv(store: Path, **options: Any) -> tuple[str, int]:
    outcome = run_experiment(EXPERIMENT, "a digest", Place(store=store, **options))
    return outcome.tables[""].to_csv(), outcome.blocks_reused


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> str:
    return csv(tmp_path_factory.mktemp("serial"))[0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        yield cluster


def test_a_cluster_gives_the_same_though_a_worker_is_killed(serial: str, cluster: Any, tmp_path: Path) -> None:
    killed = []

    def kill(done: int, _: int) -> None:
        if done == 10:
            with Client(cluster) as client:
                victim = next(iter(client.run(os.getpid).values()))
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    with executor(scheduler=cluster.scheduler_address) as (pool, workers):
        assert workers == 2
        text, reused = csv(tmp_path, executor=pool, workers=workers, advance=kill)
    assert len(killed) == 1
    assert reused == 0
    assert text == serial


def test_a_worker_with_other_versions_is_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.sweeps.executors.libraries", lambda: {"numpy": "0.1"})
    with pytest.raises(BadInput, match=r"`scheduler` must have workers .* 'numpy': '0.1'}; got one with {'numpy': '"):  # noqa: SIM117
        with executor(scheduler=cluster.scheduler_address):
            pass


@pytest.mark.parametrize(
    ("module", "line"),
    [("experiments/_differences.py", "changed = 1\n"), ("study/sweeps/streams.py", "SEED = 8\n")],
)
def test_a_worker_with_other_code_is_refused(
    module: str, line: str, cluster: Any, spoilt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (spoilt / module).open("a") as file:
        file.write(line)
    monkeypatch.setattr("study.__file__", str(spoilt / "study" / "__init__.py"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(BadInput, match=r"`scheduler` must have workers .*; got one with {'code': '\w+'}$"):  # noqa: SIM117
        with executor(scheduler=cluster.scheduler_address):
            pass


def test_a_worker_with_another_rule_of_the_users_own_is_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, weight in ((here, "1.0"), (there, "2.0")):
        folder.mkdir()
        (folder / "of_two_places.py").write_text(f"def rule(X, y):\n    return {weight}\n")
    (here / "of_one_place.py").write_text("def rule(X, y):\n    return 1.0\n")
    monkeypatch.syspath_prepend(here)
    with Client(cluster) as client:
        client.run(exec, f"import sys; sys.path.insert(0, {str(there)!r})")
    for place, reason in (
        ("of_two_places:rule", r"with this code .*; got one with {'of_two_places:rule': '\w+'}$"),
        ("of_one_place:rule", r"that load of_one_place:rule; got one that cannot \(No module named 'of_one_place'\)"),
    ):
        with pytest.raises(BadInput, match=f"`scheduler` must have workers {reason}"):  # noqa: SIM117
            with executor(scheduler=cluster.scheduler_address, own=[place]):
                pass


@pytest.mark.parametrize("where", ["threads", "processes", "a cluster"])
def test_a_rule_that_fails_is_bad_input_wherever_it_runs(where: str, cluster: Any, tmp_path: Path) -> None:
    failing = swept([Setting(n_samples=20)], [own("oops")])
    options: dict[str, Any] = {"workers": 1, "processes": where == "processes"}
    if where == "a cluster":
        options = {"scheduler": cluster.scheduler_address}
    with executor(**options) as (pool, _):  # noqa: SIM117
        with pytest.raises(BadInput, match=OOPS):
            run_experiment(failing, "", Place(store=tmp_path, executor=pool))


def test_a_pool_of_processes_has_ended_when_its_work_is_done() -> None:
    before = set(threading.enumerate())
    with executor(1, processes=True) as (pool, _):
        pool.submit(os.getpid).result()
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) <= before  # none is left to be woken by an interpreter that ends


SLOW = """
import time
import numpy as np
from study.sweeps.experiment import Experiment, concatenate

def run(cell, size, rng):
    time.sleep(0.02)
    return {"draw": rng.random(size), "n_fits": np.array([size])}

def tables(merged):
    import pandas as pd
    return {"": pd.DataFrame({"mean": [statistics["draw"].mean() for _, statistics in merged]})}

EXPERIMENT = Experiment(name="slow", question="Is it the same?", cells=({"k": 1}, {"k": 2}), resamples=400,
    block_size=4, run=run, merge=concatenate, tables=tables, numbers=lambda frames: {"n": len(frames[""])})
"""


def test_a_run_killed_five_times_gives_the_same(spoilt: Path, study: Study) -> None:
    (spoilt / "experiments" / "slow.py").write_text(SLOW)
    blocks, table = spoilt / ".study" / "slow", spoilt / "build" / "results" / "slow.csv"
    moments = random.Random(7)  # noqa: S311
    code = f"import sys; sys.path.insert(0, {str(spoilt)!r}); from study.__main__ import main; main()"
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", "slow", "--resamples", "399", "--workers", "2"],
            cwd=spoilt,
            stderr=subprocess.DEVNULL,
        )
        enough = len(list(blocks.glob("*.npz"))) + moments.randint(5, 25)
        while len(list(blocks.glob("*.npz"))) < enough and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.03))
        process.kill()
        process.wait()
        assert not table.exists()
    answer = study(spoilt, "run", "slow", "--resamples", "399", "--workers", "5", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["blocks_reused"] >= 25
    resumed = table.read_bytes()
    whole = study(spoilt, "run", "slow", "--resamples", "399", "--workers", "1", "--fresh", "--json")
    assert json.loads(whole.stdout)["blocks_reused"] == 0
    assert table.read_bytes() == resumed


@pytest.mark.slow
def test_workers_do_not_outlive_a_killed_run(tmp_path: Path) -> None:
    code = (
        "import os, time\nfrom study.sweeps.executors import executor\n"
        "if __name__ == '__main__':\n"
        "    with executor(1, processes=True) as (pool, _):\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "run.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, "run.py"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert int(run.stdout.readline()) != run.pid
    run.kill()
    run.communicate(timeout=30)  # the pipe is closed once the worker, which holds it too, is gone
