"""Feed-forward networks, trained by backpropagation; `layers` has the passes and their notation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, check_broadcast, check_finite
from study.kernels.codes import ACTIVATION_CODES
from study.trainers.fit import Bound, Fit, stop_codes
from study.trainers.layers import Activation, check_classes, check_layers, check_loss, mean_loss_and_gradient, n_weights
from study.trainers.losses import Eps, Loss, check_sample_weight, convention
from study.trainers.optimiser import Optimiser
from study.trainers.solvers import BoundedProblem, Minimum, Solution, solve_each

PLAIN = ("descent", "online")


@checked
def network(
    X: Features,
    y: ArrayLike,
    *,
    layers: Sequence[PositiveInt],
    w0: ArrayLike,
    activation: Activation = "sigmoid",
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound = Bound(),  # noqa: B008 (frozen)
    method: Literal["L-BFGS-B", "spectral", "descent", "online"] | Optimiser = "L-BFGS-B",
    learning_rate: Positive | None = None,
    max_steps: PositiveInt = 10_000,
    tol: NonNegative = 1e-9,
    rng: np.random.Generator | None = None,
) -> Fit:
    """Train a network, keeping its weights inside a bound.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        For one output labels in {-1, +1}, for n_outputs classes 0 to n_outputs - 1; two present in every set.
    layers : sequence of int
        Widths of the layers after the input; the last is n_outputs. (1,) is the sigmoid unit, (4, 1) has four hidden
        nodes. One output is a sigmoid's; several are a softmax, and their loss is the mean of -log o_y.
    w0 : array_like of shape (..., n_weights)
        Weights to start from: W^1, ..., W^K one after another, each row after row, the bias row last; projected on the
        bound. A leading axis more makes restarts on the same points. Hidden nodes that start equal stay equal.
    activation : {"sigmoid", "tanh", "relu"}
        Of hidden nodes.
    loss, eps, sample_weight
        As in `study.trainers.sigmoid_unit.sigmoid_unit`.
    bound : Bound
        box: every weight, biases included, in [-R, R]. ball: the norm of each W^k at most the K-th root of R, which
        keeps the product of the layers' norms at most R; for one layer, the ball of the unit.
    method : {"L-BFGS-B", "spectral", "descent", "online"} or Optimiser
        L-BFGS-B: a minimum near the start by scipy, the reference; box or no bound. spectral: projected gradient steps
        of the spectral length [1]_, compiled for stacks. descent: plain steps, w <- P(w - learning_rate dE/dw).
        online: plain steps, one sample at a time, w <- P(w - learning_rate dE_i/dw) with E_i the sample's own loss.
        An `Optimiser` has steps on batches, with momentum, Adam or AdamW, by the weighted mean loss.
    learning_rate : float in (0, inf)
        For descent and online only, and needed there.
    max_steps : int, at least 1
        Budget of steps; an online step, and one of an `Optimiser`, is a pass over the samples.
    tol : float in [0, inf)
        A residual of at most this is called stationary.
    rng : numpy.random.Generator, optional
        Needed where an `Optimiser` draws batches.

    Returns
    -------
    Fit
        As `sigmoid_unit` returns it: `loss` is the slides' E at `w`, `residual` the max-norm of w - P(w - g), g the
        gradient of the weighted mean loss, and of the penalty under an `Optimiser` that has one. `right_since` is there
        unless the method is L-BFGS-B or spectral; `stop` is STATIONARY, BUDGET_SPENT, STALLED or NOT_FINITE.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, an empty list of layers, labels that are none of the outputs' classes,
        several outputs on another loss than the cross-entropy with hard targets, a start of another length, an argument
        outside its range, a learning rate that is missing or given where none is used, a batch larger than a set, or a
        Generator that is missing.

    References
    ----------
    .. [1] E. G. Birgin, J. M. Martinez, M. Raydan, "Nonmonotone spectral projected gradient methods on convex sets",
       SIAM Journal on Optimization 10(4):1196-1211, 2000. doi:10.1137/S1052623497330963
    """
    layers = check_layers(layers)
    X, y = check_classes(X, y, layers)
    check_loss(layers, loss, eps)
    if (method in PLAIN) == (learning_rate is None):
        due = "given" if method in PLAIN else "left out"
        raise BadInput(f"`learning_rate` must be {due} for method {method}; got {learning_rate}")
    if isinstance(method, Optimiser) and rng is None and method.n_batches(X.shape[-2]) > 1:
        raise BadInput(f"`rng` must be a numpy Generator where batches are drawn; got {rng}")
    if method == "L-BFGS-B" and bound.shape == "ball":
        raise BadInput("`bound` must be a box or none for method L-BFGS-B; got ball")
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total = weights.sum(axis=-1)
    start = np.asarray(w0)
    check_broadcast("w0", start, (*start.shape[:-1], n_weights(X.shape[-1], layers)))
    check_finite("w0", start)
    share = weights / total[..., None]
    problem = NetworkProblem(X, y, share, loss, eps, bound, start, max_steps, layers, activation)
    right_since, n_batches = None, 1
    if method == "L-BFGS-B":
        answer = _l_bfgs_b(problem, tol)
    elif method == "spectral":
        answer = _spectral(problem, tol)
    else:
        how, rate = _optimiser(method, learning_rate, problem, total)
        n_batches = how.n_batches(X.shape[-2])
        answer, right_since = _train(problem, how, rate, tol, rng if method is how else None)
    w, value, residual, n_steps = answer.w, answer.value, answer.residual, answer.n_steps
    return Fit(
        w=w,
        stop=stop_codes(residual, tol, n_steps >= max_steps, w, value, residual),
        n_updates=n_steps * n_batches,
        n_passes=answer.n_passes,
        loss=value * convention(loss, total),
        residual=residual,
        right_since=right_since,
    )


@dataclass(frozen=True)
class NetworkProblem(BoundedProblem):
    """A network, its points and its bound."""

    layers: tuple[int, ...]
    activation: Activation

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled loops take first."""
        loss, eps, shape, R = self.codes
        widths, activation = np.array(self.layers), ACTIVATION_CODES[self.activation]
        return self.X, self.y, self.share, self.start, widths, activation, loss, eps, shape, R, self.max_steps


def _spectral(network: NetworkProblem, tol: float) -> Minimum:
    """Take projected gradient steps of the spectral length."""
    from study.kernels import network as kernel  # compiles for seconds where its cache is cold

    w, n_steps, n_passes, value, residual = kernel.spectral(*network.arrays, tol)
    return Minimum(w, value, residual, n_steps, n_passes)


def _optimiser(
    method: Optimiser | str, learning_rate: Any, network: NetworkProblem, total: Floats
) -> tuple[Optimiser, Floats]:
    """Return the optimiser that a method is, and its rate for the mean loss of a set or of a batch."""
    if isinstance(method, Optimiser):
        return method, np.asarray(method.learning_rate)
    if method == "online":
        return Optimiser(rule="descent", learning_rate=1.0, batch_size=1), learning_rate * total / network.X.shape[-2]
    sums = network.loss != "cross-entropy"  # the slides' mean is descended as a mean
    return Optimiser(rule="descent", learning_rate=1.0), learning_rate * (total if sums else np.ones(()))


def _train(
    network: NetworkProblem, how: Optimiser, rate: Floats, tol: float, rng: np.random.Generator | None
) -> tuple[Minimum, NDArray[np.int64]]:
    """Take steps of an optimiser; where no Generator is given, batches are in natural order."""
    from study.kernels import optimisers as kernel

    n_samples, seeds = network.X.shape[-2], np.zeros((), np.uint64)
    shuffles = rng is not None and how.n_batches(n_samples) > 1
    if rng is not None and shuffles:
        seeds = rng.integers(2**64, size=network.shape, dtype=np.uint64)
    w, n_steps, right_since, value, residual = kernel.train(
        *network.arrays, tol, rate, *how.codes(n_samples, shuffles), seeds
    )
    return Minimum(w, value, residual, n_steps, n_steps), right_since


def _l_bfgs_b(network: NetworkProblem, tol: float) -> Minimum:
    """Solve set after set by scipy."""
    R, max_steps = network.bound.weight_bound, network.max_steps
    options = {"maxiter": max_steps, "maxfun": 20 * max_steps, "ftol": 0.0, "gtol": tol, "maxcor": 20}

    def solve(index: tuple[int, ...]) -> Solution:
        X, y, share, start = network.one_set(index)

        def value_and_gradient(w: Floats) -> tuple[Floats, Floats]:
            return mean_loss_and_gradient(w, X, y, share, network.layers, network.loss, network.eps, network.activation)

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
