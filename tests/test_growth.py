"""Times that grow are told only of answers that agree, and the model of many workers is the arithmetic that it says."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import growth
from experiments.growth import EXPERIMENT, exponent, model, time_fits, time_sweep, time_verdicts, watched
from study import sigmoid_unit
from study.checks import CheckFailed
from study.sweeps.runner import run_experiment
from study.sweeps.streams import stream


def rng() -> np.random.Generator:
    return stream("test", "growth", {}, 0)


@pytest.mark.parametrize(
    ("task_ms", "seconds"), [(0.05, [110.0, 60.0, 20.0, 11.0, 10.1]), (5.0, [110.0, 60.0, 20.0, 15.0, 15.0])]
)
def test_the_model_is_bounded_by_the_serial_share_and_by_the_scheduler(task_ms: float, seconds: list[float]) -> None:
    one, two = (pd.Series({"seconds": s, "serial_s": 0.1, "block_s": 0.1, "n_blocks": 10}) for s in (1.2, 0.7))
    rows = model(one, two, task_ms)
    assert rows["modelled_s"].tolist() == pytest.approx(seconds)
    assert rows["speedup"].tolist() == pytest.approx([110.0 / s for s in seconds])
    assert rows["amdahl"].tolist() == pytest.approx([110.0 / s for s in [110.0, 60.0, 20.0, 11.0, 10.1]])
    assert rows["measured_s"].tolist() == pytest.approx([120.0, 70.0, *[np.nan] * 3], nan_ok=True)


def test_an_exponent_is_the_slope_of_the_last_two_points() -> None:
    n = np.array([1.0, 10.0, 1000.0])
    rows = pd.DataFrame({"n": n, "seconds": [5.0, *(3.0 * n[1:] ** 1.5)]})
    assert exponent(rows, "n", "seconds") == pytest.approx(1.5)


def test_the_peak_of_a_process_is_its_own() -> None:
    held = np.ones(60 * 2**17)  # 60 MB that a fork of this process would count as well
    small, large = (watched([sys.executable, "-S", "-c", f"bytearray({mb} << 20)"])["peak_mb"] for mb in (1, 40))
    assert small < 40.0 < large < 60.0 < held.nbytes / 2**20 + 1.0


def test_no_time_is_told_where_threads_or_workers_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "FEATURES_HELD", 200)
    few: Any = time_fits(10, 2, 2, size=1, rng=rng())
    assert [row["n_threads"] for row in few["fits"]] == [1, 2]
    draws = iter(np.arange(100.0))

    def other(*a: Any, **b: Any) -> Any:
        return replace(sigmoid_unit(*a, **b), w=np.full((20, 3), next(draws)))

    monkeypatch.setattr(growth, "sigmoid_unit", other)
    with pytest.raises(CheckFailed, match="1 threads give other weights"):
        time_fits(10, 2, 1, size=1, rng=rng())

    def altered(*a: Any, **b: Any) -> Any:
        found = run_experiment(*a, **b)
        return replace(found, tables={"": found.tables[""].assign(error=next(draws))})

    sweep: Any = time_sweep(40, 2, size=1, rng=rng())
    assert [row["n_workers"] for row in sweep["sweeps"]] == [1, 2]
    assert all(row["block_s"] > 0.0 < row["serial_s"] for row in sweep["sweeps"])
    monkeypatch.setattr(growth, "run_experiment", altered)
    with pytest.raises(CheckFailed, match="two workers give another table"):
        time_sweep(40, 2, size=1, rng=rng())


def test_verdicts_change_at_the_threshold() -> None:
    rows: Any = time_verdicts("cross-entropy", size=1, rng=rng())
    assert [row["claim"] for row in rows["verdicts"]] == ["separates"] * 5 + ["fails"] * 5


def test_times_are_neither_compared_nor_reproduced() -> None:
    assert EXPERIMENT.kind == "timed"
