"""What is compared is what the trainers do."""

import numpy as np
import pytest

from study.analysis.comparison import compare_perceptron
from study.datasets.dataset import Dataset
from study.trainers.fit import Stop
from study.trainers.perceptron import perceptron


@pytest.fixture
def points() -> Dataset:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 5))
    return Dataset(X=X, y=np.where(X @ np.arange(1.0, 6.0) > 0.0, 1, -1), name="plane")


def test_training_in_parts_is_training_in_one(points: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = perceptron(points.X, points.y)
    monkeypatch.setattr("study.analysis.comparison.LOOKS_A_PART", 1.0)  # a part a pass
    said: list[int] = []
    verdict = compare_perceptron(points, max_updates=10**6, max_passes=10**6, advance=lambda done, _: said.append(done))
    assert (verdict.w == whole.w).all()
    assert verdict.n_updates == int(whole.n_updates)
    assert verdict.n_passes == int(whole.n_passes) - 1  # the last, which finds nothing, is saved
    assert verdict.stop == Stop.SEPARATED
    assert verdict.separates
    assert said == sorted(said)
    assert len(said) == verdict.n_passes


def test_budgets_are_obeyed(points: Dataset) -> None:
    by_passes = compare_perceptron(points, max_updates=10**6, max_passes=1)
    assert (by_passes.n_passes, by_passes.stop) == (1, Stop.BUDGET_SPENT)
    by_updates = compare_perceptron(points, max_updates=3, max_passes=100)
    assert (by_updates.n_updates, by_updates.stop) == (3, Stop.BUDGET_SPENT)
