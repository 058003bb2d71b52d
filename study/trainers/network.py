"""Feed-forward networks of sigmoid nodes, trained by backpropagation; `layers` has the passes and their notation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, Labels, check_broadcast, check_finite, check_points
from study.trainers.fit import Bound, Fit, stop_codes
from study.trainers.layers import _value_and_gradient, check_one_output, n_weights
from study.trainers.losses import Eps, Loss, check_sample_weight, convention
from study.trainers.solvers import BoundedProblem, Minimum, Solution, solve_each

PLAIN = ("descent", "online")


@checked
def network(
    X: Features,
    y: Labels,
    *,
    layers: Sequence[PositiveInt],
    w0: ArrayLike,
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound = Bound(),  # noqa: B008 (frozen)
    method: Literal["L-BFGS-B", "spectral", "descent", "online"] = "L-BFGS-B",
    learning_rate: Positive | None = None,
    max_steps: PositiveInt = 10_000,
    tol: NonNegative = 1e-9,
) -> Fit:
    """Train a network of sigmoid nodes with one output, keeping its weights inside a bound.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    layers : sequence of int
        Widths of the layers after the input; the last is 1. (1,) is the sigmoid unit, (4, 1) has four hidden nodes.
    w0 : array_like of shape (..., n_weights)
        Weights to start from: W^1, ..., W^K one after another, each row after row, the bias row last; projected on the
        bound. A leading axis more makes restarts on the same points. Hidden nodes that start equal stay equal.
    loss, eps, sample_weight
        As `study.trainers.sigmoid_unit.sigmoid_unit` takes them.
    bound : Bound
        box: every weight, biases included, in [-R, R]. ball: the norm of each W^k at most the K-th root of R, which
        keeps the product of the layers' norms at most R; for one layer, the ball of the unit.
    method : {"L-BFGS-B", "spectral", "descent", "online"}
        L-BFGS-B: a minimum near the start by scipy, the reference; box or no bound. spectral: projected gradient steps
        of the spectral length [1]_, compiled for stacks. descent: plain backprop, w <- P(w - learning_rate dE/dw).
        online: plain backprop one sample at a time, w <- P(w - learning_rate dE_i/dw) with E_i the sample's own loss.
    learning_rate : float in (0, inf)
        For descent and online only, and needed there.
    max_steps : int, at least 1
        Budget of steps; an online step is a pass over the samples.
    tol : float in [0, inf)
        A residual of at most this is called stationary.

    Returns
    -------
    Fit
        As `sigmoid_unit` returns it: `loss` is the slides' E at `w`, `residual` the max-norm of w - P(w - g), g the
        gradient of the weighted mean loss; `stop` is STATIONARY, BUDGET_SPENT, STALLED or NOT_FINITE.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, an empty list of layers, a last width other than 1, a start of another
        length, an argument outside its range, or a learning rate that is missing or given where nothing descends.

    References
    ----------
    .. [1] E. G. Birgin, J. M. Martinez, M. Raydan, "Nonmonotone spectral projected gradient methods on convex sets",
       SIAM Journal on Optimization 10(4):1196-1211, 2000. doi:10.1137/S1052623497330963
    """
    X, y = check_points(X, y)
    layers = check_one_output(layers)
    if (method in PLAIN) == (learning_rate is None):
        due = "given" if method in PLAIN else "left out"
        raise BadInput(f"`learning_rate` must be {due} for method {method}; got {learning_rate}")
    if method == "L-BFGS-B" and bound.shape == "ball":
        raise BadInput("`bound` must be a box or none for method L-BFGS-B; got ball")
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total = weights.sum(axis=-1)
    start = np.asarray(w0)
    check_broadcast("w0", start, (*start.shape[:-1], n_weights(X.shape[-1], layers)))
    check_finite("w0", start)
    problem = NetworkProblem(X, y, weights / total[..., None], loss, eps, bound, start, max_steps, layers)
    if method == "L-BFGS-B":
        answer = _l_bfgs_b(problem, tol)
    elif learning_rate is None:
        answer = _spectral(problem, tol)
    else:
        sums = method == "online" or loss != "cross-entropy"  # the slides' mean is descended as a mean
        answer = _descend(problem, learning_rate * (total if sums else np.ones(())), tol, method == "online")
    w, value, residual, n_steps = answer.w, answer.value, answer.residual, answer.n_steps
    return Fit(
        w=w,
        stop=stop_codes(residual, tol, n_steps >= max_steps, w, value, residual),
        n_updates=n_steps * X.shape[-2] if method == "online" else n_steps,
        n_passes=answer.n_passes,
        loss=value * convention(loss, total),
        residual=residual,
    )


@dataclass(frozen=True)
class NetworkProblem(BoundedProblem):
    """A network, its points and its bound."""

    layers: tuple[int, ...]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled loops take first."""
        loss, eps, shape, R = self.codes
        widths = np.array(self.layers)
        return self.X, self.y, self.share, self.start, widths, loss, eps, shape, R, self.max_steps


def _spectral(network: NetworkProblem, tol: float) -> Minimum:
    """Take projected gradient steps of the spectral length."""
    from study.kernels import network as kernel  # compiles for seconds where its cache is cold

    w, n_steps, n_passes, value, residual = kernel.spectral(*network.arrays, tol)
    return Minimum(w, value, residual, n_steps, n_passes)


def _descend(network: NetworkProblem, rate: Floats, tol: float, online: bool) -> Minimum:
    """Take projected gradient steps of a fixed rate."""
    from study.kernels import network as kernel

    w, n_steps, value, residual = kernel.descend(*network.arrays, rate, tol, online)
    return Minimum(w, value, residual, n_steps, n_steps)


def _l_bfgs_b(network: NetworkProblem, tol: float) -> Minimum:
    """Solve set after set by scipy."""
    R, max_steps = network.bound.weight_bound, network.max_steps
    options = {"maxiter": max_steps, "maxfun": 20 * max_steps, "ftol": 0.0, "gtol": tol, "maxcor": 20}

    def solve(index: tuple[int, ...]) -> Solution:
        X, y, share, start = network.one_set(index)

        def value_and_gradient(w: Floats) -> tuple[Floats, Floats]:
            return _value_and_gradient(w, X, y, share, network.layers, network.loss, network.eps)

        answer = optimize.minimize(
            value_and_gradient,
            network.bound.project(start),
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(-R, R),
            options=options,
        )
        return answer.x, *value_and_gradient(answer.x), answer.nit, answer.nfev

    return solve_each(network, solve)
