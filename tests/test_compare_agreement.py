"""What `study compare` finds agrees with other people's code: a grid of weights, linear programmes, SVC."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.special import logsumexp
from sklearn import datasets
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from study.analysis.comparison import Settings, compare, examine
from study.analysis.influence import movement
from study.analysis.limits import WeightBound
from study.analysis.stability import angle_swing
from study.datasets.table import read_table
from study.trainers.losses import Loss
from tests.conftest import Run
from tests.test_compare import tour_points


def searched(X: np.ndarray, y: np.ndarray, R: float, loss: str, shape: str) -> tuple[np.ndarray, float]:
    """Return the weights of least loss, and its logarithm, by a grid that shrinks around its best node."""
    Z = y[:, None] * np.column_stack([X, np.ones(len(X))])
    nodes = np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, 15)] * 3), axis=-1).reshape(-1, 3)

    def value(v: np.ndarray) -> np.ndarray:
        m = R * v @ Z.T
        if loss == "quadratic":
            return np.asarray(logsumexp(-2.0 * np.logaddexp(0.0, m), axis=1) - np.log(2.0))
        entropy = np.where(m > 20.0, -m, np.log(np.logaddexp(0.0, -np.minimum(m, 20.0))))
        return np.asarray(logsumexp(entropy, axis=1) - np.log(len(Z)))

    best, width = np.zeros(3), 1.0
    for _ in range(120):
        v = np.clip(best + width * nodes, -1.0, 1.0)
        if shape == "ball":
            v = v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1.0)
        best, width = v[np.argmin(value(v))], 0.8 * width
    return R * best, float(value(best[None])[0])


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.parametrize(("loss", "R"), [("cross-entropy", 60.0), ("cross-entropy", 400.0), ("quadratic", 50.0)])
@pytest.mark.slow
def test_wide_bounds_agree_with_a_search_of_all_weights(loss: Loss, R: float, shape: Any) -> None:
    X, y = tour_points()
    table = read_table(pd.DataFrame(X).assign(c=y).to_csv(index=False), "c", positive="1.0")
    options: dict[str, Any] = {"standardise": False, "max_updates": 10_000}
    settings = Settings(unit=WeightBound(shape=shape, loss=loss, eps=0.0), limits=(R,), **options)
    verdict = examine(compare(table, settings)).units[0]
    w, logarithm = searched(X, y, R, loss, shape)
    without, _ = searched(X[:-1], y[:-1], R, loss, shape)
    assert verdict.least_loss_found
    assert np.log(verdict.loss) == pytest.approx(logarithm, abs=2e-3)
    assert np.log(verdict.best_separator) == pytest.approx(logarithm, abs=2e-3)
    assert np.degrees(angle_swing(verdict.w, w)) < 0.02
    assert verdict.moved[verdict.left_out == 40][0] == pytest.approx(float(movement(without, w, X)), abs=0.02)


def programme_separates(X: np.ndarray, y: np.ndarray) -> bool:
    """Ask scipy's linear programme for weights with margins of at least 1."""
    Z = y[:, None] * np.column_stack([StandardScaler().fit_transform(X), np.ones(len(X))])
    return bool(linprog(np.zeros(Z.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None)).status == 0)


def real_sets() -> dict[str, tuple[Any, np.ndarray, str]]:
    iris, wine, cancer, digits = (
        load() for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer, datasets.load_digits)
    )
    sets = {
        f"{name} {k}": (data, data.target == k, data.target_names[k])
        for name, data in (("iris", iris), ("wine", wine))
        for k in range(3)
    }
    sets["cancer"] = (cancer, cancer.target == 0, "malignant")
    for a, b in ((0, 1), (3, 8), (1, 8), (4, 9)):
        chosen = np.isin(digits.target, (a, b))
        pair = type(digits)(data=digits.data[chosen], feature_names=digits.feature_names)
        sets[f"digits {a} {b}"] = (pair, digits.target[chosen] == a, str(a))
    return sets


@pytest.mark.parametrize("name", real_sets())
@pytest.mark.slow
def test_real_data_agree_with_the_linear_programme_and_with_svc(name: str, run: Run, tmp_path: Path) -> None:
    data, positive, _ = real_sets()[name]
    frame = pd.DataFrame(data.data, columns=data.feature_names)
    constant = list(frame.columns[(frame == frame.iloc[0]).all()])
    frame["class"] = np.where(positive, "this", "other")
    frame.to_csv(tmp_path / "real.csv", index=False)
    quick = ("--max-updates", "2000")
    without = ("--without", ",".join(constant)) if constant else ()
    code, out, err = run(
        "compare",
        str(tmp_path / "real.csv"),
        "--label",
        "class",
        "--positive",
        "this",
        "--standardise",
        "--json",
        *quick,
        *without,
    )
    assert code == 0, err
    answer = json.loads(out)
    X, y = frame.drop(columns=[*constant, "class"]).to_numpy(), np.where(positive, 1.0, -1.0)
    assert answer["separable"] == programme_separates(X, y)
    if answer["separable"]:
        U = StandardScaler().fit_transform(X)
        machine = SVC(kernel="linear", C=1e6, tol=1e-4).fit(U, y)
        norm = np.linalg.norm(machine.coef_)
        assert (y * machine.decision_function(U)).min() / norm <= answer["margin"] * (1.0 + 1e-9)
        # Its kernel is kept in single precision, which a margin as thin as cancer's feels.
        assert answer["margin"] == pytest.approx(1.0 / norm, rel=0.02 if name == "cancer" else 1e-3)
        assert (y * (X @ answer["separator"][:-1] + answer["separator"][-1]) > 0.0).all()
    else:
        assert answer["margin"] is None
        held = [int(row) - 2 for row in answer["multipliers"]]
        Z = y[held, None] * np.column_stack([X[held], np.ones(len(held))])
        weights = np.array([float(pd.eval(m)) if "/" in m else float(m) for m in answer["multipliers"].values()])
        assert np.abs(weights @ Z).max() <= 1e-9 * (weights @ np.abs(Z)).max()
        assert (weights > 0.0).all()
