"""Blocks are computed once, damaged ones again, and merged in order."""

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
import pandas as pd
import pytest

from study.checks import BadInput
from study.sweeps.executors import executor
from study.sweeps.experiment import Cell, Experiment, Statistics, add_up, concatenate
from study.sweeps.runner import Outcome, Place, experiment_digest, run_experiment
from study.sweeps.store import DamagedBlock, has_block, load_block, save_block, write_file
from tests.sweeps.test_files import STRANGE


def run(_: Cell, size: int, rng: np.random.Generator) -> Statistics:
    return {"draw": rng.random(size), "n_fits": np.array([size])}


def tables(merged: Any) -> dict[str, pd.DataFrame]:
    return {"": pd.DataFrame({"k": [cell["k"] for cell, _ in merged], "mean": [s["draw"].mean() for _, s in merged]})}


EXPERIMENT = Experiment(
    name="tiny",
    question="Is a draw the same whenever it is drawn?",
    cells=({"k": 1}, {"k": 2, "resamples": 1}),
    resamples=25,
    block_size=10,
    run=run,
    merge=concatenate,
    tables=tables,
    numbers=lambda frames: {"mean": frames[""]["mean"].mean()},
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "tiny.py").write_text("k = 1\n")
    return tmp_path


def test_blocks_are_cut_to_size() -> None:
    assert EXPERIMENT.block_sizes(EXPERIMENT.cells[0]) == [10, 10, 5]
    assert EXPERIMENT.block_sizes(EXPERIMENT.cells[0], 20) == [10, 10]
    assert EXPERIMENT.block_sizes(EXPERIMENT.cells[1], 20) == [1]
    with pytest.raises(BadInput, match="`resamples` must be a whole number of at least 1; got 0"):
        EXPERIMENT.block_sizes(EXPERIMENT.cells[0], 0)


def once(checkout: Path, experiment: Experiment = EXPERIMENT, place: Place | None = None, **options: Any) -> Outcome:
    place = place or Place(store=checkout / ".study")
    return run_experiment(experiment, experiment_digest(experiment, checkout), place, **options)


def same(one: Outcome, other: Outcome) -> bool:
    return one.tables.keys() == other.tables.keys() and all(
        one.tables[part].to_csv() == other.tables[part].to_csv() for part in one.tables
    )


def test_a_second_run_computes_nothing_and_gives_the_same(checkout: Path) -> None:
    seen: list[tuple[int, int]] = []
    advance = lambda done, total: seen.append((done, total))  # noqa: E731
    first = once(checkout, place=Place(store=checkout / ".study", advance=advance))
    assert (first.blocks_computed, first.blocks_reused, first.fits) == (4, 0, 26)
    assert seen == [(k, 4) for k in range(5)]
    second = once(checkout)
    assert (second.blocks_computed, second.blocks_reused, second.fits) == (0, 4, 0)
    fresh = once(checkout, fresh=True)
    assert fresh.blocks_computed == 4
    assert same(first, second)
    assert same(first, fresh)


def test_a_block_is_unpacked_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once(checkout)
    load = Mock(wraps=np.load)
    monkeypatch.setattr(np, "load", load)
    assert once(checkout).blocks_reused == load.call_count == 4


def test_more_resamples_reuse_the_whole_blocks(checkout: Path) -> None:
    once(checkout)
    more = once(checkout, resamples=30)
    assert (more.blocks_computed, more.blocks_reused) == (1, 3)


def test_changed_code_makes_blocks_stale(checkout: Path) -> None:
    once(checkout)
    (checkout / "experiments" / "tiny.py").write_text("k = 2\n")
    assert once(checkout).blocks_computed == 4


def cut(content: bytes) -> bytes:
    return content[:-20]


def empty(_: bytes) -> bytes:
    return b""


def shorter(content: bytes) -> bytes:
    """Return a block that is a block still, with one draw less: a header altered by hand."""
    return content.replace(b"'shape': (10,)", b"'shape': (9,) ", 1).replace(b"(5,)", b"(4,)", 1)


@pytest.mark.parametrize("damage", [cut, empty, shorter])
def test_a_damaged_block_is_named_and_computed_again(checkout: Path, damage: Callable[[bytes], bytes]) -> None:
    first = once(checkout)
    victim = max((checkout / ".study" / "tiny").iterdir(), key=lambda path: (path.stat().st_size, path.name))
    assert damage(victim.read_bytes()) != victim.read_bytes()
    victim.write_bytes(damage(victim.read_bytes()))
    said: list[str] = []
    again = once(checkout, place=Place(store=checkout / ".study", notice=said.append))
    assert (again.blocks_computed, again.blocks_reused) == (1, 3)
    assert said == [f"{victim}: damaged; it is computed again"]
    assert same(first, again)


@pytest.mark.parametrize("kind", [*STRANGE, "a link to nothing"])
def test_whatever_stands_in_place_of_a_block_it_is_named_and_computed_again(kind: str, checkout: Path) -> None:
    first = once(checkout)
    victim = next((checkout / ".study" / "tiny").iterdir())
    victim.unlink()
    STRANGE.get(kind, (lambda path: path.symlink_to("nothing"), ""))[0](victim)
    said: list[str] = []
    again = once(checkout, place=Place(store=checkout / ".study", notice=said.append))
    assert (again.blocks_computed, again.blocks_reused) == (1, 3)
    assert said == [f"{victim}: damaged; it is computed again"]
    assert same(first, again)
    assert once(checkout).blocks_computed == (1 if kind == "a folder" else 0)


def claiming(shape: str, compression: int = ZIP_STORED) -> bytes:
    """Return an archive of one array of six numbers, whose header claims another shape."""
    content, archive = io.BytesIO(), io.BytesIO()
    np.save(content, np.arange(6.0))
    before, after = b"'shape': (6,), }          ", f"'shape': {shape}, }}".encode()
    assert content.getvalue().count(before) == 1
    with ZipFile(archive, "w", compression) as file:
        file.writestr("a.npy", content.getvalue().replace(before, after.ljust(len(before))))
    return archive.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *map(claiming, ("(7500000000,)", "(9999999,999999)", "(7,)", "(5,)", "(-1,)", "(2, 3.0)", "None")),
        *(claiming("(6,)", ZIP_DEFLATED), b"PK", b""),
    ],
    ids=range(10),
)
def test_a_block_that_claims_what_it_does_not_hold_is_damaged(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "block.npz"
    path.write_bytes(content + hashlib.sha256(path.name.encode() + b"\x00" + content).digest())
    with pytest.raises(DamagedBlock):
        load_block(path)


def test_a_foreign_block_is_computed_again(checkout: Path) -> None:
    first = once(checkout)
    one, other, *_ = (checkout / ".study" / "tiny").iterdir()
    one.write_bytes(other.read_bytes())
    again = once(checkout)
    assert again.blocks_computed == 1
    assert same(first, again)


def test_any_byte_that_is_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "block.npz"
    save_block(path, {"a": np.arange(6.0)})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for look in (has_block, load_block):
            with pytest.raises(DamagedBlock):
                look(path)


def test_a_store_that_cannot_be_written_costs_only_the_blocks(checkout: Path) -> None:
    (checkout / ".study").write_text("a file in place of the folder")
    said: list[str] = []
    outcome = once(checkout, place=Place(store=checkout / ".study", notice=said.append))
    assert outcome.blocks_computed == 4
    assert len(said) == 1
    assert said[0].endswith("blocks are kept for this run only")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_threads_gives_the_same(checkout: Path, workers: int) -> None:
    many = replace(EXPERIMENT, resamples=200)
    serial = once(checkout, many)
    with executor(workers) as (pool, n_workers):
        assert n_workers == workers
        place = Place(store=checkout / "other", executor=pool, workers=workers)
        assert same(serial, once(checkout, many, place))


class AtOnce(Executor):
    """An executor whose every block has ended when it is handed out, well or not."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(function(*args, **options))
        except BadInput as error:
            future.set_exception(error)
        return future


def test_a_failing_block_ends_the_run_and_the_others_that_have_ended_are_kept(checkout: Path) -> None:
    def failing(cell: Cell, size: int, rng: np.random.Generator) -> Statistics:
        if size == 5:
            raise BadInput("`size` must not be 5")
        return run(cell, size, rng)

    with pytest.raises(BadInput, match="must not be 5"):
        once(checkout, replace(EXPERIMENT, run=failing), Place(store=checkout / ".study", executor=AtOnce(), workers=2))
    assert once(checkout).blocks_reused == 3


def test_bad_executors_are_refused() -> None:
    with pytest.raises(BadInput, match="`workers` must be a whole number of at least 1; got 0"), executor(0):
        pass
    with pytest.raises(BadInput, match="`workers` must be left out"), executor(2, "tcp://127.0.0.1:1"):
        pass
    with pytest.raises(BadInput, match="`scheduler` must be the address of a Dask scheduler; got nowhere"):  # noqa: SIM117
        with executor(scheduler="nowhere"):
            pass


def test_counts_are_added() -> None:
    blocks: list[Statistics] = [{"a": np.array([1, 2])}, {"a": np.array([3, 4])}]
    assert add_up(iter(blocks))["a"].tolist() == [4, 6]
    assert blocks[0]["a"].tolist() == [1, 2]


def test_a_block_survives_the_disk(tmp_path: Path) -> None:
    statistics: Statistics = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True])}
    save_block(tmp_path / "deep" / "block.npz", statistics)
    loaded = load_block(tmp_path / "deep" / "block.npz")
    assert loaded is not None
    assert loaded.keys() == statistics.keys()
    assert all(np.array_equal(loaded[name], statistics[name]) for name in statistics)
    assert load_block(tmp_path / "absent.npz") is None


def test_nothing_half_written_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path / "file", b"old")

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        write_file(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
