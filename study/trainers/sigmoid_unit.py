"""A sigmoid unit, its weights inside a bound or penalised: literal backpropagation, and minima with their gap."""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Labels, check_points, check_room
from study.trainers.few_features import few_features
from study.trainers.fit import Bound, Fit, Stop, check_start, stop_codes
from study.trainers.losses import Bias, Eps, Loss, PenaltyC, check_sample_weight, convention, penalty_weights
from study.trainers.solvers import UnitProblem, descend, is_endless, l_bfgs_b, newton


@checked
def sigmoid_unit(
    X: Features,
    y: Labels,
    *,
    loss: Loss = "cross-entropy",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    bound: Bound = Bound(),  # noqa: B008 (frozen)
    C: PenaltyC = math.inf,
    bias: Bias = "free",
    w0: ArrayLike | None = None,
    method: Literal["L-BFGS-B", "newton", "compiled", "descent"] = "L-BFGS-B",
    learning_rate: Positive | None = None,
    max_steps: PositiveInt = 10_000,
    tol: NonNegative = 1e-9,
    record_path: bool = False,
) -> Fit:
    """Train o = sigma(w.(x, 1)) on targets 1 - eps and eps, keeping the weights inside a bound or penalising them.

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
    C : float in (0, inf]
        The weights minimise |w|^2 / 2 + C times the summed loss, as in scikit-learn, inside the bound if there is one;
        inf for no penalty.
    bias : {"free", "penalised"}
        Whether the bias counts in that |w|. Free is scikit-learn's LogisticRegression, penalised its solver liblinear.
    w0 : array_like of shape (..., n_features + 1), optional
        Weights to start from, the bias last, projected on the bound; zeros by default.
    method : {"L-BFGS-B", "newton", "compiled", "descent"}
        L-BFGS-B: a minimum near the start by scipy (the ball by its SLSQP), the reference; at wide bounds, where all
        outputs saturate, it stalls. newton: safeguarded projected Newton, compiled for stacks, accurate at any bound;
        what it leaves above a gap of 1e-9 is solved again by the reference, or without a bound along the axes of the
        points, and the lower of the two is kept.
        compiled: the compiled Newton alone, quick on more features than samples too. descent: literal
        backpropagation, w <- P(w - learning_rate dE/dw), E as `loss` and `C` state it, P the projection on the bound.
    learning_rate : float in (0, inf)
        For descent only, and needed there.
    max_steps : int, at least 1
        Budget of steps.
    tol : float in [0, inf)
        A gap of at most this is called stationary. L-BFGS-B and descent go no further at a residual of at most this.
    record_path : bool
        For descent only: keep the weights after every step in `Fit.path`.

    Returns
    -------
    Fit
        `loss` is E at `w`, which with a penalty is |w|^2 / 2 + C times the summed loss; `residual` the max-norm of
        w - P(w - g), g the gradient of the weighted mean loss, or of E / (C times the sum of the sample weights); `gap`
        is explained in the notes. `stop` is STATIONARY where the gap is at most `tol`; SEPARATED where there is no
        minimum, all samples are right, and the residual is at most `tol`; else BUDGET_SPENT, STALLED or NOT_FINITE. For
        method newton `resolved` says which sets were solved again.

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, an unknown loss or method, eps outside [0, 1/2), C outside (0, inf], sample
        weights that are not positive and finite, a start of another length, a budget below 1, a negative tolerance, or
        a learning rate that is missing, not positive, or given where nothing descends.

    Notes
    -----
    The cross-entropy is convex, and the gap bounds, but for rounding, the share by which the loss exceeds the least
    inside the bound: (E - least E) / E <= gap. It is -g.d / E, with d the step to the minimiser, inside the bound, of
    the quadratic model of the loss, or max_v g.(w - v) / E over the v inside the bound where that is less [1]_. The
    first is a bound of Fenchel's duality where the model's outputs at the minimiser lie between 0 and 1 (else it is
    infinite); without a bound on the weights it is all there is. Where rounding of the margins alone may cost more, the
    gap says so; where points extend along a direction by rounding only, and neither bound nor penalty keeps weights
    from being as long as that takes, it is infinite. A penalty is its own quadratic model, so that all of this holds of
    E with a penalty too.

    Without a bound or a penalty, hard targets have no minimum on separable points: the loss falls towards zero as the
    weights grow, and the gap is 1. The two quadratic losses are not convex: which minimum is reached depends on the
    start, and under descent on the learning rate too. Their gap is no bound. It is what the quadratic model promises at
    `w`, or less where the slopes promise less on steps that move no margin by more than 1, as a share of E (plus
    eps^2 / 2 a sample, for E may be zero), and tells how stationary `w` is whatever the scale of loss and features.
    With soft targets a plateau far out, where the outputs saturate, counts as STATIONARY as well.

    References
    ----------
    .. [1] M. Jaggi, "Revisiting Frank-Wolfe: projection-free sparse convex optimization", ICML 2013.
    """
    X, y = check_points(X, y)
    for name, given in (("learning_rate", learning_rate), ("record_path", record_path or None)):
        if method != "descent" and given is not None:
            raise BadInput(f"`{name}` must be left out for method {method}; got {given}")
    if record_path:
        check_room(max_steps=max_steps, X=math.prod(X.shape[:-2]) * (X.shape[-1] + 1))
    weights = check_sample_weight(sample_weight, X.shape[:-1])
    start = check_start(w0, X.shape[-1] + 1)
    total = weights.sum(axis=-1)
    penalty = penalty_weights(C, bias, total, X.shape[-1] + 1)
    unit = UnitProblem(X, y, weights / total[..., None], loss, eps, bound, start, max_steps, penalty)
    from_mean = convention(loss, total, C)
    path = resolved = None
    if method == "descent":
        if learning_rate is None:
            raise BadInput("`learning_rate` must be given for method descent; got None")
        answer, path = descend(unit, learning_rate * from_mean, tol, record_path)
    elif method == "newton":
        answer, resolved = newton(unit)
    elif method == "compiled":
        answer = few_features(unit)
    else:
        answer = l_bfgs_b(unit, tol)
    value = answer.value * from_mean
    stop = stop_codes(answer.gap, tol, answer.n_steps >= max_steps, answer.w, value)
    return Fit(
        w=answer.w,
        stop=np.where((stop != Stop.NOT_FINITE) & is_endless(answer, tol), np.int8(Stop.SEPARATED), stop),
        n_updates=answer.n_steps,
        n_passes=answer.n_passes,
        loss=value,
        residual=answer.residual,
        gap=answer.gap,
        path=path,
        resolved=resolved,
    )
