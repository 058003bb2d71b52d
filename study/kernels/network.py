"""The spectral projected gradient method for networks, compiled for stacks; the loop is written for one set.

References
----------
.. [1] E. G. Birgin, J. M. Martinez, M. Raydan, "Nonmonotone spectral projected gradient methods on convex sets", SIAM
   Journal on Optimization 10(4):1196-1211, 2000. doi:10.1137/S1052623497330963
"""

import numpy as np

from study.kernels.codes import CANCELLED
from study.kernels.compilation import gufunc, release_gil, restore_gil
from study.kernels.passes import dot, fill_gradient, loss_of, nodes, prepare, project, residual_of

MEMORY = 10
"""The line search of the spectral method looks back over so many values."""


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64[:], int64, int64, float64, int64, float64, int64,"
    " float64, int64[:], float64[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(n),(p),(k),(),(),(),(),(),(),(),(c)->(p),(),(),(),()",
)
def spectral(
    X,
    y,
    share,
    w0,
    widths,
    activation,
    loss,
    eps,
    shape,
    R,
    max_steps,
    tol,
    control,
    out,
    n_steps,
    n_passes,
    value,
    residual,
):
    """Take projected gradient steps of the spectral length, with a line search that looks back over ten values."""
    gil = release_gil()
    n, d = X.shape
    p, n_nodes, n_outputs = w0.size, nodes(widths, d), widths[widths.size - 1]
    A, D, points, past = np.empty((n_nodes, n)), np.empty((n_nodes, n)), np.empty((2, n)), np.empty(MEMORY)
    w, g, new_g, step, trial = np.empty(p), np.empty(p), np.empty(p), np.empty(p), np.empty(p)
    prepare(X, y, share, w0, A, points, w)
    project(w, widths, d, shape, R)
    fill_gradient(w, widths, activation, A, points, n, d, loss, eps, D, g)
    f = loss_of(A, points, n_outputs, loss, eps)
    residual[0] = residual_of(w, g, widths, d, shape, R, trial)
    length = 1.0 / residual[0] if residual[0] > 0.0 else 1.0
    n_steps[0], n_passes[0] = 0, 1
    while n_steps[0] < max_steps and residual[0] > tol and not control[CANCELLED]:
        past[n_steps[0] % MEMORY] = f
        highest = f
        for k in range(min(MEMORY, n_steps[0] + 1)):
            highest = max(highest, past[k])
        for j in range(p):
            step[j] = w[j] - length * g[j]
        project(step, widths, d, shape, R)
        for j in range(p):
            step[j] -= w[j]
        downhill, part, f_trial, accepted = dot(g, step, p), 1.0, f, False
        for _ in range(40):  # [1] algorithm SPG2; `part` of the way to the projected point
            for j in range(p):
                trial[j] = w[j] + part * step[j]
            fill_gradient(trial, widths, activation, A, points, n, d, loss, eps, D, new_g)
            f_trial = loss_of(A, points, n_outputs, loss, eps)
            n_passes[0] += 1
            if f_trial <= highest + 1e-4 * part * downhill:
                accepted = True
                break
            part *= 0.3
        if not accepted:
            break
        curved, square = 0.0, 0.0
        for j in range(p):
            move = trial[j] - w[j]
            curved += move * (new_g[j] - g[j])
            square += move * move
            w[j] = trial[j]
            g[j] = new_g[j]
        length = min(max(square / curved, 1e-10), 1e10) if curved > 0.0 else 1e10
        f = f_trial
        project(w, widths, d, shape, R)
        residual[0] = residual_of(w, g, widths, d, shape, R, trial)
        n_steps[0] += 1
    value[0] = f
    for j in range(p):
        out[j] = w[j]
    restore_gil(gil)
