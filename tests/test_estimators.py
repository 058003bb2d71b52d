"""The estimators are scikit-learn's in every way that scikit-learn tests, and the study's rules inside."""

from dataclasses import replace
from typing import Any
from warnings import catch_warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from study.estimators import BoundedSigmoidClassifier, PerceptronClassifier
from study.trainers.fit import Bound, Stop
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

ESTIMATORS = (
    PerceptronClassifier(),
    PerceptronClassifier(order="cyclic-shuffled"),
    PerceptronClassifier(order="random"),
    BoundedSigmoidClassifier(),
    BoundedSigmoidClassifier(loss="quadratic", shape="ball", eps=0.1),
    BoundedSigmoidClassifier(shape="none", C=1.0),
    BoundedSigmoidClassifier(loss="threshold-quadratic", weight_bound=1.0),
)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of sets that no line separates
def test_check_estimator_passes_and_skips_its_array_api_check_alone(estimator: Any) -> None:
    outcomes = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(outcomes) > 40
    assert {o["check_name"] for o in outcomes if o["status"] == "skipped"} <= {"check_array_api_input"}
    assert [o["check_name"] for o in outcomes if o["status"] not in ("passed", "skipped")] == []


@pytest.fixture
def pair() -> tuple[Any, Any]:
    iris = load_iris()
    chosen = iris.target != 0
    return iris.data[chosen], iris.target_names[iris.target[chosen]]


def test_they_are_the_trainers(pair: tuple[Any, Any]) -> None:
    X, names = pair
    y = np.where(names == "virginica", 1, -1)
    with pytest.warns(ConvergenceWarning, match="PerceptronClassifier: the budget was spent first; `max_updates`"):
        by_rule = PerceptronClassifier(max_updates=5000).fit(X, names)
    assert (by_rule.coef_[0] == perceptron(X, y, max_updates=5000).w[:-1]).all()
    assert by_rule.fit_.stop == Stop.BUDGET_SPENT
    unit = BoundedSigmoidClassifier(weight_bound=2.0, loss="quadratic", eps=0.05).fit(X, names)
    w = sigmoid_unit(X, y, loss="quadratic", eps=0.05, bound=Bound("box", 2.0), method="newton").w
    assert np.append(unit.coef_[0], unit.intercept_) == pytest.approx(w)
    assert (unit.predict(X) == np.where(X @ w[:-1] + w[-1] > 0.0, "virginica", "versicolor")).all()
    assert unit.predict_proba(X)[:, 1] == pytest.approx(1.0 / (1.0 + np.exp(-unit.decision_function(X))))


@pytest.mark.parametrize("stop", Stop)
def test_each_stop_without_an_answer_is_warned_of_and_the_budget_is_named_where_it_was_spent(
    stop: Stop, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = perceptron(pair[0], np.where(pair[1] == "virginica", 1, -1), max_updates=10)
    monkeypatch.setattr("study.estimators.perceptron", lambda *_, **__: replace(fit, stop=np.array(stop, np.int8)))
    with catch_warnings(record=True, action="always") as caught:
        PerceptronClassifier().fit(*pair)
    said = [] if stop in (Stop.STATIONARY, Stop.SEPARATED) else [f"PerceptronClassifier: {stop.sentence}"]
    budget = "; `max_updates` is the budget" if stop == Stop.BUDGET_SPENT else ""
    assert [str(one.message) for one in caught] == [sentence + budget for sentence in said]


def test_without_a_bound_it_is_logistic_regression(pair: tuple[Any, Any]) -> None:
    X, names = pair
    theirs = LogisticRegression(C=2.0, solver="newton-cholesky", tol=1e-12).fit(X, names)
    unit = BoundedSigmoidClassifier(shape="none", C=2.0).fit(X, names)
    assert unit.coef_ == pytest.approx(theirs.coef_, rel=1e-9)
    assert unit.intercept_ == pytest.approx(theirs.intercept_, rel=1e-9)
    both = BoundedSigmoidClassifier(shape="none", C=2.0, bias="penalised").fit(X, names)
    assert abs(both.intercept_) < abs(unit.intercept_)


def test_weights_count_samples(pair: tuple[Any, Any]) -> None:
    X, names = pair
    repeats = np.arange(len(names)) % 3
    counted = BoundedSigmoidClassifier(weight_bound=2.0).fit(X, names, sample_weight=repeats)
    copied = BoundedSigmoidClassifier(weight_bound=2.0).fit(np.repeat(X, repeats, axis=0), np.repeat(names, repeats))
    assert counted.coef_ == pytest.approx(copied.coef_, abs=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_they_drop_into_a_pipeline_and_a_grid_search(pair: tuple[Any, Any]) -> None:
    X, names = pair
    pipeline = make_pipeline(StandardScaler(), BoundedSigmoidClassifier())
    search = GridSearchCV(pipeline, {"boundedsigmoidclassifier__weight_bound": [0.1, 1.0, 10.0]}, cv=5).fit(X, names)
    assert search.best_score_ > 0.9
    assert cross_val_score(make_pipeline(StandardScaler(), PerceptronClassifier()), X, names, cv=5).mean() > 0.85


def test_bad_arguments_are_named(pair: tuple[Any, Any]) -> None:
    X, names = pair
    for estimator, message in (
        (BoundedSigmoidClassifier(weight_bound=-1.0), "`weight_bound` must be positive"),
        (BoundedSigmoidClassifier(loss="hinge"), "`loss` must be one of"),  # type: ignore[arg-type]
        (PerceptronClassifier(max_updates=0), "`max_updates` must be a whole number"),
        (PerceptronClassifier(order="backwards"), "`order` must be one of"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match=message):
            estimator.fit(X, names)
    with pytest.raises(ValueError, match="two classes; got 3"):
        PerceptronClassifier().fit(load_iris().data, load_iris().target)
