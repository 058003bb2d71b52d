"""The bench compares answers before it tells a time, and tells none where a peer is lacking or has another answer."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import _environments, _floors, _machine, _timing
from experiments._environments import is_built
from experiments._floors import Work, floor_seconds, network_work, newton_work
from experiments._machine import Peaks, machine
from experiments._peers import PEERS, PRESENT, PROBLEMS, TOL, Peer, agreement, compare_with_peers, draw
from experiments.bench import EXPERIMENT, tables
from experiments.peers.present import SOLVERS
from study.analysis.separability import is_separable
from study.checks import CheckFailed
from study.commands.bench import build_peers, say_what_is_left_out
from study.datasets.dataset import Dataset
from study.datasets.generators import BOX, make_boxes
from study.sweeps.streams import stream

PEAKS = Peaks(exponential_ns=2.0, multiply_adds_per_ns=10.0, bytes_per_ns=4.0)
FAKE = """
from experiments.peers._serving import serve
serve(right=lambda task: lambda: task.right, wrong=lambda task: lambda: task.right + 1.0, broken=None)
"""


def rng() -> np.random.Generator:
    return stream("test", "bench", {}, 0)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a program of the name fake, in the place of the peers' programs and environments."""
    monkeypatch.setattr(_floors, "peaks", lambda: PEAKS)
    monkeypatch.setattr(_environments, "PROGRAMS", tmp_path)
    monkeypatch.setattr(_environments, "BUILT", tmp_path / "built")
    (tmp_path / "fake.py").write_text(FAKE)
    return tmp_path


def row_of(solver: str, **changed: Any) -> pd.Series:
    """Return the row of the table for a fake peer whose right answer is ours."""
    problem = PROBLEMS["bounded"](make_boxes(10, 2, **BOX, size=5, rng=rng()))
    problem = replace(problem, constants={**problem.constants, "right": problem.fit().w}, **changed)
    records: Any = compare_with_peers(problem, {"fake": Peer(environment="fake", package="numpy", solver=solver)}, 2)
    blank = dict.fromkeys(("net", "loss", "points", "n_samples", "n_features"))
    times = pd.DataFrame(records["times"]).assign(part="bounded", extra_mb=np.nan, **blank)
    table = tables({"times": times, "machine": pd.DataFrame()})[""]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.usefixtures("fake")
def test_a_peer_with_our_answer_is_timed_in_turn_with_ours() -> None:
    row = row_of("right")
    assert (row["n"], row["n_sets"], row["agree"], row["better"], row["why"]) == (2, 5, 1.0, 0.0, "")
    assert row["version"] == f"numpy {np.__version__}"
    assert row["ratio_least"] <= row["ratio"] <= row["ratio_most"]
    assert row["peer_us"] > 0.0 < row["floors"]


@pytest.mark.usefixtures("fake")
def test_no_ratio_is_told_where_the_answers_differ() -> None:
    row = row_of("wrong")
    assert "ratio" not in row
    assert row["peer_us"] > 0.0
    assert row["why"] == "it has no answer as good on 100.0% of the sets"


def test_a_better_answer_than_ours_is_a_fault_unless_the_loss_has_several_minima() -> None:
    excess = np.array([-2.0 * TOL, 0.0, 0.0, 0.0, 0.0])
    assert agreement("fake", excess, "quadratic") == {"agree": 1.0, "better": 0.2, "why": ""}
    with pytest.raises(CheckFailed, match=r"fake has a better answer than ours on 20\.0% of the sets"):
        agreement("fake", excess, "cross-entropy")


def test_a_peer_that_ends_is_named_with_its_last_words_and_ours_is_timed(
    fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = row_of("broken")
    assert "peer_us" not in row
    assert row["ours_us"] > 0.0
    assert row["why"] == "TypeError: 'NoneType' object is not callable"
    (fake / "fake.txt").touch()  # now it has an environment of its own
    row = row_of("right")
    say_what_is_left_out(pd.DataFrame([{**row, "peer_us": np.nan}]))
    assert capsys.readouterr().err == "bench: left out: fake (not built; `study bench --peers` builds it)\n"


def test_a_peer_that_gives_no_answer_is_not_waited_for(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environments, "LIMIT", 0.0)
    (fake / "fake.py").write_text("import signal\nsignal.pause()")
    assert row_of("right")["why"] == "no answer within 0 s"


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_named_and_the_next_is_built(
    fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fake / "absent.txt").write_text("--no-index\nnothing-of-this-name==1\n")
    (fake / "empty.txt").write_text("# nothing\n")
    build_peers()
    assert is_built("empty")
    assert [path.name for path in (fake / "built").iterdir()] == ["empty"]
    first, why, last = capsys.readouterr().err.splitlines()
    assert first == "bench: build/peers/absent is built from experiments/peers/absent.txt"
    assert why.startswith("bench: build/peers/absent cannot be built, and its peers are left out: ERROR: No matching")
    assert last == "bench: build/peers/empty is built from experiments/peers/empty.txt"
    (fake / "empty.txt").write_text("# something else\n")
    assert not is_built("empty")


HERE = [
    (part, name, loss)
    for part, peers in PEERS.items()
    for name, peer in peers.items()
    if peer.environment == PRESENT
    for loss in (peer.losses if part in ("bounded", "penalty") else ("",))
]


@pytest.mark.parametrize(("part", "name", "loss"), HERE)
def test_the_peers_of_this_environment_have_our_answer(part: str, name: str, loss: str) -> None:
    if name == "C loop" and shutil.which("cc") is None:
        pytest.skip("there is no C compiler on this machine")
    points = make_boxes(30, 3, **BOX, size=4, rng=rng())
    if part == "unbounded":  # labels that nothing separates: the others' have no least loss
        points = Dataset(X=points.X, y=np.tile([-1.0, 1.0], (4, 15)), name="noise")
    problem = PROBLEMS[part](points, **({"loss": loss} if loss else {}))
    ours = problem.fit().w
    w = SOLVERS[PEERS[part][name].solver](SimpleNamespace(**problem.stacks, **problem.constants))()
    assert np.abs(problem.excess(w, ours, problem.stacks)).max() <= TOL
    assert (problem.excess(np.flip(w, axis=-1), ours, problem.stacks) > TOL).all()


def test_every_peer_has_a_program_and_every_program_pins_what_it_needs() -> None:
    used = {peer.environment for peers in PEERS.values() for peer in peers.values()}
    assert used == {path.stem for path in _environments.PROGRAMS.glob("[!_]*.py")}
    assert set(_environments.environments()) == used - {PRESENT}
    lists = [(_environments.PROGRAMS / f"{name}.txt").read_text() for name in _environments.environments()]
    assert all("==" in line for text in lists for line in text.splitlines())


def test_a_floor_is_arithmetic_or_traffic_whichever_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_floors, "peaks", lambda: PEAKS)
    work = Work(exponentials=50, multiply_adds=600, n_bytes=400)
    assert floor_seconds(work, 3) == pytest.approx(3 * 160e-9, rel=1e-12)
    assert floor_seconds(work, 0.5) == pytest.approx(100e-9, rel=1e-12)
    spared = Work(exponentials=50, multiply_adds=600, n_bytes=0, spared_exponentials=10, spared_multiply_adds=100)
    assert floor_seconds(spared, 3) == pytest.approx((3 * 160 - 10 * 2 - 100 / 10) * 1e-9, rel=1e-12)


def test_each_multiply_add_is_counted_once() -> None:
    n, p = 5, 3
    margins = gradient = n * p
    hessian = n * sum(range(1, p + 1))
    assert newton_work(n, p) == Work(
        exponentials=n,
        multiply_adds=margins + gradient + hessian + 4.5,
        n_bytes=120,
        spared_exponentials=n,
        spared_multiply_adds=margins + hessian + 4.5,
    )
    assert network_work(n, 2, 4) == Work(exponentials=25, multiply_adds=n * (17 + 17 + 4), n_bytes=120)


def test_a_short_piece_of_work_is_timed_by_the_mean_of_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(_timing, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    calls: list[int] = []
    assert _timing.timed(lambda: calls.append(1), 4) == 0.5
    assert len(calls) == 4


def test_the_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_machine, "peaks", lambda: PEAKS)
    table: Any = machine()["machine"]
    record = dict(zip(table["name"], table["value"], strict=True))
    assert record["exponential_ns"] == "2"
    assert record["numpy"] == np.__version__
    assert record["processor"]
    assert date.fromisoformat(record["date"])


@pytest.mark.slow
def test_noisy_sets_are_the_ones_that_nothing_separates() -> None:
    points = draw("noisy", 50, 2, rng())
    assert not is_separable(points.X[:50], points.y[:50]).any()


def test_times_are_neither_compared_nor_reproduced() -> None:
    assert EXPERIMENT.kind == "timed"
