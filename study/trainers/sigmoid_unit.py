"""A sigmoid unit with its weights kept inside a bound: literal backpropagation, and minima by scipy."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from study.datasets.dataset import Floats, check_points
from study.trainers.bounded import kkt_residual, minimise
from study.trainers.fit import Bound, Fit, Stop, check_start
from study.trainers.losses import LOSSES, Loss, Objective, check_eps, check_sample_weight, objective
from study.validation import BadInput, count, one_of, positive


def sigmoid_unit(
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Loss = "cross-entropy",
    eps: float = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound = Bound(),  # noqa: B008 (frozen)
    w0: ArrayLike | None = None,
    method: Literal["L-BFGS-B", "descent"] = "L-BFGS-B",
    learning_rate: float | None = None,
    max_steps: int = 10_000,
    tol: float = 1e-9,
    record_path: bool = False,
) -> Fit:
    """Train o = sigma(w.(x, 1)) on targets 1 - eps and eps, keeping the weights inside a bound.

    Parameters
    ----------
    X : array_like of shape (..., n_samples, n_features)
        Finite features.
    y : array_like of shape (..., n_samples)
        Labels in {-1, +1}, both present in every set.
    loss : {"quadratic", "cross-entropy", "threshold-quadratic"}
        quadratic: sum of 1/2 (o - d)^2, as on the slides. cross-entropy: mean of -(d log o + (1 - d) log(1 - o)), as
        on the slides. threshold-quadratic: the quadratic loss, zero where an output lies beyond its target.
    eps : float in [0, 1/2)
        The targets are eps for label -1 and 1 - eps for label +1; 0 makes them hard.
    sample_weight : array_like of shape (..., n_samples), optional
        Positive and finite; a weight of k counts a sample k times. Ones by default.
    bound : Bound
        Box, ball or none; it covers the bias too.
    w0 : array_like of shape (..., n_features + 1), optional
        Weights to start from, the bias last, projected on the bound; zeros by default.
    method : {"L-BFGS-B", "descent"}
        L-BFGS-B: a minimum near the start by scipy (the ball by its SLSQP), see `study.trainers.bounded`. descent:
        literal backpropagation, w <- P(w - learning_rate dE/dw), E as `loss` states it, P the projection on the bound.
    learning_rate : float in (0, inf)
        For descent only, and needed there.
    max_steps : int, at least 1
        Budget of steps.
    tol : float in [0, inf)
        A residual of at most this is called stationary; descent goes no further then.
    record_path : bool
        For descent only: keep the weights after every step in `Fit.path`.

    Returns
    -------
    Fit
        `loss` is E at `w`; `residual` the max-norm of w - P(w - g), g the gradient of the weighted mean loss; `stop` is
        STATIONARY where that is at most `tol`, else BUDGET_SPENT or NOT_FINITE.

    Raises
    ------
    BadInput
        For points that `check_points` refuses, an unknown loss or method, eps outside [0, 1/2), sample weights that
        are not positive and finite, a start of another length, a budget below 1, a negative tolerance, or a learning
        rate that is missing, not positive, or given where nothing descends.

    Notes
    -----
    Without a bound, hard targets have no minimum on separable points: the loss falls towards zero as the weights grow,
    and STATIONARY then says only that the gradient has become that small. The two quadratic losses are not convex:
    which minimum is reached depends on the start, and under descent on the learning rate too.
    """
    X, y = check_points(X, y)
    one_of("loss", loss, LOSSES)
    one_of("method", method, ("L-BFGS-B", "descent"))
    max_steps = count("max_steps", max_steps)
    if not 0.0 <= tol < np.inf:
        raise BadInput(f"`tol` must lie in [0, inf); got {tol}")
    problem = objective(X, y, check_sample_weight(sample_weight, X.shape[:-1]), loss, check_eps(eps))
    start = bound.project(check_start(w0, X.shape[-1] + 1))
    shape = np.broadcast_shapes(problem.Z.shape[:-2], start.shape[:-1])
    start = np.broadcast_to(start, (*shape, start.shape[-1]))
    path = None
    if method == "descent":
        if learning_rate is None:
            raise BadInput("`learning_rate` must be given for method descent; got None")
        rate = positive("learning_rate", learning_rate)
        w, steps, path = _descend(problem, bound, start, rate, max_steps, tol, record_path)
        passes = steps
    else:
        if learning_rate is not None or record_path:
            raise BadInput(f"`learning_rate` and `record_path` must be left out for method {method}")
        w, steps, passes = _minimise_each(problem, bound, start, max_steps, tol)
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = problem.value_and_gradient(w)
        residual = kkt_residual(w, gradient, bound)
    stop = np.where(residual <= tol, Stop.STATIONARY, Stop.BUDGET_SPENT)
    stop = np.where(np.isfinite(w).all(axis=-1) & np.isfinite(value), stop, Stop.NOT_FINITE).astype(np.int8)
    return Fit(
        w=w, stop=stop, n_updates=steps, n_passes=passes, loss=value * problem.convention, residual=residual, path=path
    )


def _minimise_each(
    problem: Objective, bound: Bound, start: Floats, max_steps: int, tol: float
) -> tuple[Floats, np.ndarray, np.ndarray]:
    shape = start.shape[:-1]
    w, steps, passes = np.empty(start.shape), np.empty(shape, np.int64), np.empty(shape, np.int64)
    single = problem.Z.ndim == 2  # one set, perhaps from many starts
    for index in np.ndindex(shape):
        each = problem if single else problem[index]
        w[index], steps[index], passes[index] = minimise(each, bound, start[index], max_steps, tol)
    return w, steps, passes


def _descend(
    problem: Objective,
    bound: Bound,
    start: Floats,
    learning_rate: float,
    max_steps: int,
    tol: float,
    record_path: bool,
) -> tuple[Floats, np.ndarray, Floats | None]:
    """Return weights, steps and path; a set of the stack stands still once it is stationary."""
    w = start.copy()
    steps = np.zeros(start.shape[:-1], np.int64)
    path = [w.copy()] if record_path else None
    rate = learning_rate * problem.convention[..., None]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(max_steps):
            gradient = problem.value_and_gradient(w)[1]
            moving = kkt_residual(w, gradient, bound) > tol  # false also where it is NaN
            if not moving.any():
                break
            w = np.where(moving[..., None], bound.project(w - rate * gradient), w)
            steps += moving
            if path is not None:
                path.append(w.copy())
    return w, steps, None if path is None else np.stack(path, axis=-2)
