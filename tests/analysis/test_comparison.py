"""What is compared is what the trainers do, and the plane shows every point on its own side."""

import numpy as np
import pytest

from study.analysis.comparison import compare_perceptron, compare_unit, telling_plane
from study.datasets.dataset import Dataset
from study.trainers.fit import Bound, Stop
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


def test_the_plane_keeps_every_margin(points: Dataset) -> None:
    rule = compare_perceptron(points, max_updates=10**6, max_passes=10**6)
    unit = compare_unit(points, "cross-entropy", 0.0, Bound("box", 1.0))
    directions = telling_plane(points, unit.w, rule.w)
    assert directions @ directions.T == pytest.approx(np.eye(2), abs=1e-12)
    for w in (unit.w, rule.w):
        seen = (points.X @ directions.T) @ (directions @ w[:-1])
        assert seen == pytest.approx(points.X @ w[:-1], rel=1e-9)
    same = telling_plane(points, unit.w, 2.0 * unit.w)
    assert same @ same.T == pytest.approx(np.eye(2), abs=1e-9)
    assert (
        telling_plane(Dataset(X=points.X[:, :2], y=points.y, name="two"), unit.w, rule.w).tolist() == np.eye(2).tolist()
    )
