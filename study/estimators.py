"""The rules as scikit-learn estimators: thin adapters over the trainers, for pipelines, grid searches and resamplers.

Needs the extra `sklearn`. Both are linear classifiers of two classes; the second of `classes_` is the positive one.
"""

from typing import Any, Literal, Self
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from study.analysis.margin import decision_values
from study.datasets.dataset import Floats
from study.trainers.fit import Bound, Fit, Stop
from study.trainers.losses import Bias, Loss
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit


class _LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What both share: two classes, a weight for each feature, a bias."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _check(self, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Return features, and labels in {-1, +1}; set `classes_`."""
        checked, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported: `y` must hold two classes; got {len(self.classes_)}"
            )
        if len(self.classes_) < 2:
            raise ValueError(f"`y` must hold two classes; got only one class, {self.classes_[0]!r}")
        return np.asarray(checked), np.where(index == 1, 1.0, -1.0)

    def _keep(self, fit: Fit) -> Self:
        self.coef_, self.intercept_ = fit.w[None, :-1].copy(), fit.w[-1:].copy()
        self.fit_, self.n_iter_ = fit, max(1, int(fit.n_passes))
        stop = Stop(int(fit.stop))
        if stop not in (Stop.STATIONARY, Stop.SEPARATED):
            budget = "; `max_updates` is the budget" if stop == Stop.BUDGET_SPENT else ""
            warn(f"{type(self).__name__}: {stop.sentence}{budget}", ConvergenceWarning, stacklevel=3)
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return w.(x, 1) of every sample, of shape (n_samples,); each sign is exact."""
        check_is_fitted(self)
        checked = np.asarray(validate_data(self, X, dtype=np.float64, reset=False))
        return decision_values(np.append(self.coef_[0], self.intercept_), checked)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of every sample; a sample on the boundary is called negative."""
        positive = self.decision_function(X) > 0.0
        return np.asarray(self.classes_[positive.astype(int)])


class PerceptronClassifier(_LinearClassifier):
    """Rosenblatt's perceptron, `study.trainers.perceptron.perceptron`.

    Parameters
    ----------
    order : {"natural", "cyclic-shuffled", "random"}
        The order in which samples are looked at.
    max_updates : int, at least 1
        Budget of updates; where no boundary separates the samples the rule stops at no other.
    random_state : int, RandomState or None
        For the two orders that are drawn.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    coef_ : ndarray of shape (1, n_features)
    intercept_ : ndarray of shape (1,)
    n_iter_ : int
        Passes over the samples.
    fit_ : Fit
        What the trainer returned: the stop, the number of updates and more.
    """

    def __init__(
        self,
        *,
        order: Literal["natural", "cyclic-shuffled", "random"] = "natural",
        max_updates: int = 100_000,
        random_state: Any = None,
    ) -> None:
        self.order = order
        self.max_updates = max_updates
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X of shape (n_samples, n_features) and y of shape (n_samples,) with two classes."""
        X, signs = self._check(X, y)
        rng = None
        if self.order != "natural":
            rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31, size=4))
        return self._keep(perceptron(X, signs, order=self.order, rng=rng, max_updates=self.max_updates))


class BoundedSigmoidClassifier(_LinearClassifier):
    """A sigmoid unit, its weights inside a bound or penalised, `study.trainers.sigmoid_unit.sigmoid_unit`.

    Parameters
    ----------
    weight_bound : float in (0, inf)
        The bound R; it covers the bias too, so the scale and the origin of the features matter.
    shape : {"box", "ball", "none"}
        box: each weight at most R in size; ball: their Euclidean norm; none: no bound, and `weight_bound` is ignored.
    C : float in (0, inf]
        Weight of the summed loss against |w|^2 / 2, as in LogisticRegression; inf for no penalty.
    bias : {"free", "penalised"}
        Whether the bias counts in that |w|.
    loss : {"cross-entropy", "quadratic", "threshold-quadratic"}
    eps : float in [0, 1/2)
        The targets are eps and 1 - eps. With loss threshold-quadratic soft targets may leave many minima; which of them
        is found then hangs on rounding.
    max_updates : int, at least 1
        Budget of steps.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    coef_ : ndarray of shape (1, n_features)
    intercept_ : ndarray of shape (1,)
    n_iter_ : int
        Loss evaluations.
    fit_ : Fit
        What the trainer returned: the stop, the loss, its gap to the least loss and more.
    """

    def __init__(
        self,
        *,
        weight_bound: float = 3.0,
        shape: Literal["box", "ball", "none"] = "box",
        C: float = np.inf,
        bias: Bias = "free",
        loss: Loss = "cross-entropy",
        eps: float = 0.0,
        max_updates: int = 10_000,
    ) -> None:
        self.weight_bound = weight_bound
        self.shape = shape
        self.C = C
        self.bias = bias
        self.loss = loss
        self.eps = eps
        self.max_updates = max_updates

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on X of shape (n_samples, n_features), y of shape (n_samples,) and weights of at least zero."""
        X, signs = self._check(X, y)
        weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        kept = weights > 0.0  # a weight of zero is a sample that is not there
        bound = Bound("none") if self.shape == "none" else Bound(self.shape, self.weight_bound)
        options: dict[str, Any] = {"loss": self.loss, "eps": self.eps, "bound": bound, "C": self.C, "bias": self.bias}
        options["max_steps"] = self.max_updates
        return self._keep(sigmoid_unit(X[kept], signs[kept], sample_weight=weights[kept], method="newton", **options))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the outputs 1 - o and o of every sample, of shape (n_samples, 2)."""
        from scipy.special import expit

        z = self.decision_function(X)
        return np.column_stack([expit(-z), expit(z)])
