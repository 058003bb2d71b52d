"""The peers that the bench compares with, on what points, and how answers and times are compared."""

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import Bounds, minimize
from scipy.special import expit

from study.analysis.separability import is_separable
from study.checks import CheckFailed
from study.datasets.dataset import Dataset, Floats
from study.datasets.generators import BOX, make_boxes
from study.datasets.spoilers import PLACE, add_spoilers
from study.sweeps.parts import Records
from study.trainers.fit import Bound, Fit
from study.trainers.losses import Loss
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

WEIGHT_BOUND = 3.0


def draw(kind: str, n_samples: int, n_features: int, rng: np.random.Generator) -> Dataset:
    """Draw a stack of easy sets, of clusters with a spoiler, or of sets that no hyperplane separates."""
    n_sets = max(100, min(4000, 400_000 // (n_samples * n_features)))
    if kind == "easy":
        return make_boxes(n_samples, n_features, **BOX, size=n_sets, rng=rng)
    if kind == "spoilt":
        return add_spoilers(make_boxes(n_samples - 1, n_features, **BOX, size=n_sets, rng=rng), 1, depth=PLACE["depth"])
    X = rng.standard_normal((n_sets, n_samples, n_features))
    y = np.where(X[..., 0] + rng.logistic(size=X.shape[:-1]) > 0.0, 1.0, -1.0)
    both = (y.min(axis=-1) < y.max(axis=-1)) & ~is_separable(X, y)
    return Dataset(X=X[both], y=y[both], name=kind)


Peer = Callable[[Floats, Floats], Any]
Comparison = tuple[Callable[[], Fit], Peer, Callable[[Fit, int, Any], bool]]


def against_perceptron(points: Dataset, **_: str) -> Comparison:
    """Compare with scikit-learn's Perceptron, the samples in natural order, as many passes as ours takes."""
    from sklearn.linear_model import Perceptron

    n_passes = {X.tobytes(): int(perceptron(X, y).n_passes) for X, y in zip(points.X[:10], points.y[:10], strict=True)}

    def peer(X: Floats, y: Floats) -> Any:
        return Perceptron(shuffle=False, tol=None, max_iter=n_passes[X.tobytes()]).fit(X, y)

    def agree(fit: Fit, k: int, model: Any) -> bool:
        return np.allclose(np.append(model.coef_[0], model.intercept_), fit.w[k], rtol=1e-9, atol=1e-12)

    return lambda: perceptron(points.X, points.y), peer, agree


def against_scipy(points: Dataset, *, loss: Loss, **_: str) -> Comparison:
    """Compare with scipy's L-BFGS-B on the same bounded problem, taken to a residual as small as ours."""

    def peer(X: Floats, y: Floats) -> Any:
        Z = y[:, None] * np.column_stack([X, np.ones(len(X))])

        def cross_entropy(w: Floats) -> tuple[float, Floats]:
            m = Z @ w
            return np.logaddexp(0.0, -m).mean(), -(expit(-m) @ Z) / len(m)

        def quadratic(w: Floats) -> tuple[float, Floats]:
            q = expit(-(Z @ w))
            return 0.5 * (q @ q), -((q * q * (1.0 - q)) @ Z)

        return minimize(
            quadratic if loss == "quadratic" else cross_entropy,
            np.zeros(Z.shape[1]),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(-WEIGHT_BOUND, WEIGHT_BOUND),
            options={"ftol": 0.0, "gtol": 1e-12, "maxiter": 10_000, "maxfun": 100_000},
        )

    def agree(fit: Fit, k: int, answer: Any) -> bool:
        return bool(fit.loss[k] <= answer.fun * (1.0 + 1e-9) + 1e-12) or loss == "quadratic"

    bound = Bound("box", WEIGHT_BOUND)
    return lambda: sigmoid_unit(points.X, points.y, loss=loss, bound=bound, method="newton"), peer, agree


def against_logistic(points: Dataset, *, peer: str, **_: str) -> Comparison:
    """Compare with scikit-learn's LogisticRegression without a penalty, where no weights separate."""
    from sklearn.linear_model import LogisticRegression

    def fit_peer(X: Floats, y: Floats) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LogisticRegression(C=np.inf, solver=peer, tol=1e-8, max_iter=10_000).fit(X, y)

    def agree(fit: Fit, k: int, model: Any) -> bool:
        return np.allclose(np.append(model.coef_[0], model.intercept_), fit.w[k], rtol=1e-3, atol=1e-3)

    return lambda: sigmoid_unit(points.X, points.y, method="newton"), fit_peer, agree


def compared(
    points: Dataset,
    ours: Callable[[], Fit],
    peer: Peer,
    agree: Callable[[Fit, int, Any], bool],
    repeats: int,
) -> Records:
    """Compare answers, then time in turn; seconds a fit, one row for each repeat."""
    fit = ours()
    some = range(min(len(points.X), 10))
    for k in some:
        if not agree(fit, k, peer(points.X[k], points.y[k])):
            raise CheckFailed(f"bench: ours and the peer disagree on set {k}; no time is worth telling")
    rows = []
    for _ in range(repeats):
        mine = timed(ours) / len(points.X)
        theirs = timed(lambda: [peer(points.X[k], points.y[k]) for k in some]) / len(some)
        row = {"ours": mine, "theirs": theirs, "exp": exp_seconds(), "passes": fit.n_passes.mean()}
        rows.append(row | {"n_sets": len(points.X)})
    return {"times": rows, "n_fits": repeats * len(points.X)}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@njit
def _many_exp(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = math.exp(-abs(x[i]))


def exp_seconds() -> float:
    """Return what one exponential costs in a compiled loop: the unit of the floor."""
    x = np.linspace(-5.0, 5.0, 1000)
    out = np.empty_like(x)
    _many_exp(x, out)
    return timed(lambda: [_many_exp(x, out) for _ in range(200)]) / (200 * x.size)
