"""The sigmoid unit compiled for stacks: projected gradient descent at a fixed rate."""

import numpy as np

from study.kernels.bound import kkt_residual, project
from study.kernels.codes import CANCELLED
from study.kernels.compilation import copy, gufunc, release_gil, restore_gil
from study.kernels.unit_loss import evaluate, fill, loss_value, make_room


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64, float64, int64, float64, float64[:], int64, float64,"
    " float64, float64[:], int64[:], float64[:], int64[:], float64[:], float64[:], float64[:,:])",
    "(n,d),(n),(n),(p),(),(),(),(),(p),(),(),(),(k),(c)->(p),(),(),(),(k,p)",
)
def descend(
    X, y, shares, w0, loss, eps, shape, R, penalty, max_steps, rate, tol, room, control, answer, n_steps, value,
    residual, path
):  # fmt: skip
    """Take projected gradient steps of a fixed rate until the residual is at most `tol`; record while there is room."""
    gil = release_gil()
    n, p = y.size, w0.size
    (Z, samples, sums), g, moved, w = make_room(n, p), np.empty(p), np.empty(p), np.empty(p)
    fill(X, y, shares, Z, samples, sums)
    copy(w0, w)
    project(w, shape, R)
    copy(w, path[0])
    n_steps[0] = 0
    while True:
        f, _ = evaluate(Z, samples, w, loss, eps, penalty, np.bool_(False), sums, g)
        residual[0] = kkt_residual(w, g, shape, R, moved)
        if n_steps[0] == max_steps or not residual[0] > tol or control[CANCELLED]:
            break
        for j in range(p):
            w[j] -= rate * g[j]
        project(w, shape, R)
        n_steps[0] += 1
        if n_steps[0] < room.size:
            copy(w, path[n_steps[0]])
    for k in range(n_steps[0] + 1, room.size):
        copy(w, path[k])
    value[0] = loss_value(samples, loss, eps, f)
    copy(w, answer)
    restore_gil(gil)
