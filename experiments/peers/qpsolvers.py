"""qpsolvers: the widest margin as a quadratic programme, by each of its solvers that is installed."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from qpsolvers import available_solvers, solve_qp

from experiments.peers._serving import one_by_one, serve, with_ones


def margin(X: Any, y: Any, task: SimpleNamespace, *, solver: str) -> Any:
    """Minimise |w|^2 / 2 with all margins at least 1."""
    del task  # the points are all there is
    p = X.shape[1] + 1
    P = np.diag(np.append(np.ones(p - 1), 0.0))
    if solver == "quadprog":  # it wants a definite matrix
        P[-1, -1] = 1e-10
    options = {"eps_abs": 1e-9, "eps_rel": 0.0} if solver == "proxqp" else {}  # it stops early by itself
    w = solve_qp(P, np.zeros(p), -y[:, None] * with_ones(X), -np.ones(len(X)), solver=solver, **options)
    return np.full(p, np.nan) if w is None else w  # it gave up


if __name__ == "__main__":
    serve(**{name: one_by_one(partial(margin, solver=name)) for name in available_solvers})
