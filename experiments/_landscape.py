"""The stationary points of a loss, and where two of them meet as the points move: by Newton's method, unproved."""

from collections.abc import Callable, Iterable

import numpy as np
from scipy import optimize

from study.datasets.dataset import Floats
from study.trainers.losses import Objective


def stationary_near(loss: Objective, w: Floats) -> Floats:
    """Return the stationary point that Newton's method finds from `w`, a saddle as well as a minimum."""
    answer = optimize.root(lambda w: loss.value_and_gradient(w)[1], w, jac=loss.hessian, options={"xtol": 1e-15})
    return np.asarray(answer.x)


def saddle_between(loss: Objective, one: Floats, other: Floats) -> Floats:
    """Return the stationary point next to the highest place on the segment between two minima."""
    between = one + np.linspace(0.0, 1.0, 201)[:, None] * (other - one)
    return stationary_near(loss, between[np.argmax([loss.value_and_gradient(w)[0] for w in between])])


def least_curvature(loss: Objective, w: Floats) -> float:
    """Return the least eigenvalue of the Hessian."""
    return float(np.linalg.eigvalsh(loss.hessian(w))[0])


def fold_from(loss_at: Callable[[float], Objective], w: Floats, steps: Iterable[float]) -> float:
    """Return the t at which a minimum meets a saddle and is gone; `study.certificates.fold` proves such a place.

    Parameters
    ----------
    loss_at : callable (t) -> Objective
        The loss on the points at t.
    w : ndarray of shape (p,)
        The minimum at the first of the steps.
    steps : iterable of float
        Values of t at which the minimum is followed, to within a step of the fold.

    Notes
    -----
    Solves for gradient = 0 and least eigenvalue of the Hessian = 0 in (w, t).
    """
    p = len(w)

    def extended(u: Floats) -> Floats:
        loss = loss_at(u[p])
        return np.append(loss.value_and_gradient(u[:p])[1], least_curvature(loss, u[:p]))

    for t in steps:
        below = stationary_near(loss_at(t), w)
        if np.abs(below - w).max() > 0.1 or least_curvature(loss_at(t), below) <= 0.0:
            break
        w = below
    return float(optimize.root(extended, np.append(w, t), options={"xtol": 1e-14}).x[p])
