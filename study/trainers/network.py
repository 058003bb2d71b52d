"""Feed-forward networks of sigmoid nodes, in the slides' notation, and the backpropagation that trains them.

x^k are the outputs of layer k, x^0 the inputs; W^k leads from layer k - 1 to layer k, W^k_ij from node i to node j.
What the slides call node 0, the constant 1 with the biases as its weights, stands last here, as in every rule of the
study: a network of one layer with one node is the sigmoid unit, with the same weights in the same order.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, Labels, check_broadcast, check_finite, check_points, leading_shape
from study.kernels.codes import LOSS_CODES, SHAPE_CODES
from study.trainers.bounded import _one_set, kkt_residual
from study.trainers.fit import Bound, Fit, stop_codes
from study.trainers.layers import _value_and_gradient, check_one_output, n_weights
from study.trainers.losses import Eps, Loss, check_sample_weight, convention

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
        raise BadInput(f"`learning_rate` must be {_needed(method)} for method {method}; got {learning_rate}")
    if method == "L-BFGS-B" and bound.shape == "ball":
        raise BadInput("`bound` must be a box or none for method L-BFGS-B; got ball")
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    total = weights.sum(axis=-1)
    start = np.asarray(w0)
    check_broadcast("w0", start, (*start.shape[:-1], n_weights(X.shape[-1], layers)))
    check_finite("w0", start)
    leading_shape(X=X.shape[:-2], y=y.shape[:-1], sample_weight=weights.shape[:-1], w0=start.shape[:-1])
    problem = (X, y, weights / total[..., None], start, layers, loss, eps, bound, max_steps, tol)
    if method == "L-BFGS-B":
        w, n_steps, n_passes, value, residual = _l_bfgs_b(*problem)
    else:
        sums = method == "online" or loss != "cross-entropy"  # the slides' mean is descended as a mean
        w, n_steps, n_passes, value, residual = _run_kernel(
            *problem, learning_rate, total if sums else np.ones(()), method
        )
    n_updates = n_steps * X.shape[-2] if method == "online" else n_steps
    return Fit(
        w=w,
        stop=stop_codes(residual, tol, n_steps >= max_steps, w, value, residual),
        n_updates=n_updates,
        n_passes=n_passes,
        loss=value * convention(loss, total),
        residual=residual,
    )


def _needed(method: str) -> str:
    return "given" if method in PLAIN else "left out"


Solution = tuple[Floats, NDArray[np.int64], NDArray[np.int64], Floats, Floats]


def _run_kernel(
    X: Floats,
    y: Floats,
    share: Floats,
    start: Floats,
    layers: tuple[int, ...],
    loss: Loss,
    eps: float,
    bound: Bound,
    max_steps: int,
    tol: float,
    rate: float | None,
    factor: Floats,
    method: str,
) -> Solution:
    """Return weights, steps, passes, mean loss and residual over a stack, by the compiled loops."""
    from study.kernels import network as kernel  # compiles for seconds where its cache is cold

    problem = (X, y, share, start, np.array(layers), LOSS_CODES[loss], eps)
    inside = (SHAPE_CODES[bound.shape], bound.weight_bound, max_steps)
    if rate is None:
        answer: Solution = kernel.spectral(*problem, *inside, tol)
        return answer
    online = method == "online"
    w, n_steps, value, residual = kernel.descend(*problem, *inside, rate * factor, tol, online)
    return w, n_steps, n_steps, value, residual


def _l_bfgs_b(
    X: Floats,
    y: Floats,
    share: Floats,
    start: Floats,
    layers: tuple[int, ...],
    loss: Loss,
    eps: float,
    bound: Bound,
    max_steps: int,
    tol: float,
) -> Solution:
    """Solve set after set by scipy."""
    shape = leading_shape(X=X.shape[:-2], y=y.shape[:-1], sample_weight=share.shape[:-1], w0=start.shape[:-1])
    w, value, residual = np.empty((*shape, start.shape[-1])), np.empty(shape), np.empty(shape)
    n_steps, n_passes = np.empty(shape, np.int64), np.empty(shape, np.int64)
    R = bound.weight_bound
    options = {"maxiter": max_steps, "maxfun": 20 * max_steps, "ftol": 0.0, "gtol": tol, "maxcor": 20}
    for index in np.ndindex(shape):
        one_X, one_y, one_share, one_start = _one_set(shape, index, X, y, share, start)
        set_ = (one_X, one_y, one_share, layers, loss, eps)
        answer = optimize.minimize(
            _value_and_gradient,
            bound.project(one_start),
            args=set_,
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(-R, R),
            options=options,
        )
        w[index], n_steps[index], n_passes[index] = answer.x, answer.nit, answer.nfev
        value[index], gradient = _value_and_gradient(w[index], *set_)
        residual[index] = kkt_residual(w[index], gradient, bound)
    return w, n_steps, n_passes, value, residual
