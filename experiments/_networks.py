"""The best of a class of bounded networks on one set, and start weights scaled by layer."""

from typing import Any

import numpy as np
from scipy.optimize import minimize

from study import Bound, Dataset, initial_weights, network, outputs
from study.datasets.dataset import Floats
from study.trainers.layers import backward, forward, weight_matrices


def lowest(
    points: Dataset, layers: tuple[int, ...], starts: Floats, weight: Floats, bound: Bound, **options: Any
) -> tuple[Floats, float]:
    """Return the weights of the lowest loss that the spectral method reaches from the starts, and that loss."""
    fit = network(
        points.X, points.y, layers=layers, w0=starts, sample_weight=weight, bound=bound, method="spectral", **options
    )
    best = fit.loss.argmin()
    return fit.w[best], float(fit.loss[best])


def widest_margin(
    X: Floats, y: Floats, layers: tuple[int, ...], weight_bound: float, starts: Floats, least: float
) -> float:
    """Return the largest least base margin found, by SLSQP, with a spoiler's margin of at least `least`.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The spoiler last.
    y : ndarray of shape (n_samples,)
        Labels in {-1, +1}.
    layers : tuple of int
        Widths, as `study.trainers.network.network` takes them.
    weight_bound : float in (0, inf)
        Every weight lies in [-weight_bound, weight_bound].
    starts : ndarray of shape (n_starts, n_weights)
    least : float
        For 0 the answer is Gamma_0, for -inf Gamma_1.

    Returns
    -------
    float
        A lower bound on the largest one; -inf where no start leads to such weights.
    """
    Z, R = X[:, None, :], weight_bound

    def constraints(u: Floats) -> Floats:
        margins = y * outputs(u[:-1], X, layers)
        return np.append(margins[:-1] - u[-1], margins[-1])[: len(X) - np.isinf(least)]

    def jacobian(u: Floats) -> Floats:
        W = weight_matrices(u[:-1], X.shape[1], layers)
        x, _ = forward(W, Z)
        rows = [g.reshape(len(X), -1) for g in backward(W, x, y[:, None, None])]
        whole = np.column_stack([*rows, np.append(-np.ones(len(X) - 1), 0.0)])
        return whole[: len(X) - np.isinf(least)]

    best = -np.inf
    for w in starts:
        start = np.clip(w, -R, R)
        answer = minimize(
            lambda u: (-u[-1], np.append(np.zeros(len(u) - 1), -1.0)),
            np.append(start, (y * outputs(start, X, layers))[:-1].min()),
            jac=True,
            method="SLSQP",
            bounds=[(-R, R)] * len(start) + [(None, None)],
            constraints={"type": "ineq", "fun": constraints, "jac": jacobian},
            options={"maxiter": 200, "ftol": 1e-10},
        )
        w = np.clip(answer.x[:-1], -R, R)
        margins = y * outputs(w, X, layers)
        if margins[-1] > least - 1e-7:
            best = max(best, float(margins[:-1].min()))
    return best


def start(layers: tuple[int, ...], activation: str, size: int, rng: np.random.Generator, n_features: int = 2) -> Floats:
    """Draw start weights whose variance is two over the inputs of a node for ReLU, else one."""
    w = initial_weights(n_features, layers, scale=1.0, size=size, rng=rng)
    for W in weight_matrices(w, n_features, layers):
        W *= np.sqrt((2.0 if activation == "relu" else 1.0) / W.shape[-2])
    return w
