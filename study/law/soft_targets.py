"""What the law becomes with soft targets and no bound."""

from typing import Annotated

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import linprog, minimize

from study.checks import BadInput, checked, within
from study.datasets.dataset import Floats
from study.law.conflict import Spoilt, check_one_spoiler
from study.trainers.losses import loss_of_margin


@checked
def soft_rate(points: Spoilt) -> float:
    """Return lambda', the multiplier of z_s.v = 0 in min {sum_i z_i.v: all z_i.v >= 1}, for one spoiler.

    Notes
    -----
    With soft targets, the cross-entropy and no bound, eps M* tends to 1/(2 lambda') where lambda' is positive.
    """
    check_one_spoiler(points)
    answer = linprog(
        points.base.sum(axis=0),
        A_ub=-points.base,
        b_ub=-np.ones(len(points.base)),
        A_eq=points.spoilers,
        b_eq=[0.0],
        bounds=(None, None),
        method="highs",
    )
    if answer.x is None:
        raise BadInput(
            "`points` must leave the base separable by a boundary through the spoiler; no such one was found"
        )
    return float(answer.eqlin.marginals[0])


@checked
def soft_threshold(points: Spoilt, eps: Annotated[float, within("(0, 1/2)")]) -> float:
    """Return ln M* of the cross-entropy with soft targets and no bound, for one spoiler; inf where it is infinite.

    Parameters
    ----------
    points : Spoilt
        Its base must span all n_features + 1 dimensions.
    eps : float in (0, 1/2)
        The targets are eps and 1 - eps.

    Returns
    -------
    float

    Raises
    ------
    BadInput
        For eps 0 or outside its range, several spoilers, or a base that spans less.

    Notes
    -----
    M* = (1/2 - eps) / lambda, with lambda the multiplier of z_s.w = 0 in the least base loss; exact at every eps.
    """
    check_one_spoiler(points)
    if eps <= np.finfo(float).tiny:
        raise BadInput(f"`eps` must lie in (0, 1/2); got {eps}")
    if np.linalg.matrix_rank(points.base) < points.base.shape[1]:
        raise BadInput(f"`points` must hold a base that spans {points.base.shape[1]} dimensions; it spans fewer")
    across = null_space(points.spoilers)
    scale = np.log(1.0 / eps - 1.0)
    unit = eps * scale * len(points.base)

    def objective(a: Floats) -> tuple[float, Floats, Floats]:
        value, slope, curvature = loss_of_margin("cross-entropy", scale * (points.base @ across @ a), eps)
        Z = scale * (points.base @ across)
        return float(value.sum() / unit), slope @ Z / unit, Z.T @ (curvature[:, None] * Z) / unit

    a = np.zeros(across.shape[1])
    if a.size:
        options = {"gtol": 1e-12, "maxiter": 2000}
        found = minimize(
            lambda a: objective(a)[:2],
            a,
            jac=True,
            hess=lambda a: objective(a)[2],
            method="trust-exact",
            options=options,
        )
        a = found.x
    slope = loss_of_margin("cross-entropy", scale * (points.base @ across @ a), eps)[1]
    z = points.spoilers[0]
    multiplier = float((slope @ points.base) @ z / (z @ z))
    return float(np.log((0.5 - eps) / multiplier)) if multiplier > 0.0 else np.inf
