"""Blocks are computed once, damaged ones again, and merged in order."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.sweeps.experiment import Cell, Experiment, Statistics, concatenate
from study.sweeps.runner import run_experiment
from study.sweeps.store import load_block, save_block, write_file
from study.validation import BadInput


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


def test_a_second_run_computes_nothing_and_gives_the_same(checkout: Path) -> None:
    seen: list[tuple[int, int]] = []
    first = run_experiment(EXPERIMENT, checkout, advance=lambda done, total: seen.append((done, total)))
    assert (first.blocks_computed, first.blocks_reused, first.fits) == (4, 0, 26)
    assert seen == [(k, 4) for k in range(5)]
    second = run_experiment(EXPERIMENT, checkout)
    assert (second.blocks_computed, second.blocks_reused, second.fits) == (0, 4, 0)
    pd.testing.assert_frame_equal(first.tables[""], second.tables[""], check_exact=True)
    fresh = run_experiment(EXPERIMENT, checkout, fresh=True)
    assert fresh.blocks_computed == 4
    pd.testing.assert_frame_equal(first.tables[""], fresh.tables[""], check_exact=True)


def test_more_resamples_reuse_the_whole_blocks(checkout: Path) -> None:
    run_experiment(EXPERIMENT, checkout)
    more = run_experiment(EXPERIMENT, checkout, resamples=30)
    assert (more.blocks_computed, more.blocks_reused) == (1, 3)


def test_changed_code_makes_blocks_stale(checkout: Path) -> None:
    run_experiment(EXPERIMENT, checkout)
    (checkout / "experiments" / "tiny.py").write_text("k = 2\n")
    assert run_experiment(EXPERIMENT, checkout).blocks_computed == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"not a block"])
def test_a_damaged_block_is_computed_again(checkout: Path, damage: bytes) -> None:
    first = run_experiment(EXPERIMENT, checkout)
    victim = sorted((checkout / ".study" / "tiny").iterdir())[0]
    victim.write_bytes(damage or victim.read_bytes()[:-20])
    again = run_experiment(EXPERIMENT, checkout)
    assert (again.blocks_computed, again.blocks_reused) == (1, 3)
    pd.testing.assert_frame_equal(first.tables[""], again.tables[""], check_exact=True)


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
