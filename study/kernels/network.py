"""Networks compiled for stacks: plain backprop, batch and online, and the spectral projected gradient method.

The loops are written for one set. Activations are rows of A, one a node, the inputs first, so that the inner loops run
over samples along memory; w holds W^1, ..., W^K one after another, each row after row, the bias row last.

References
----------
.. [1] E. G. Birgin, J. M. Martinez, M. Raydan, "Nonmonotone spectral projected gradient methods on convex sets", SIAM
   Journal on Optimization 10(4):1196-1211, 2000. doi:10.1137/S1052623497330963
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CANCELLED, CROSS_ENTROPY, NONE, THRESHOLD
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil

MEMORY = 10
"""The line search of the spectral method looks back over so many values."""


@helper()
def _dot(a, b):
    """Return the inner product in four sums: as fast as any order, and the same bits whatever the processor's width."""
    s0 = s1 = s2 = s3 = 0.0
    n = a.size - a.size % 4
    for i in range(0, n, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(n, a.size):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@helper()
def _forward(w, widths, A, d):
    """Fill the rows of A after the d inputs; the last holds theta^K, without the sigmoid."""
    n, at, below, n_below = A.shape[1], 0, 0, d
    for k in range(widths.size):
        above = below + n_below
        for j in range(widths[k]):
            row, bias = A[above + j], w[at + n_below * widths[k] + j]
            for s in range(n):
                row[s] = bias
            for i in range(n_below):
                weight = w[at + i * widths[k] + j]
                for s in range(n):
                    row[s] += weight * A[below + i, s]
            if k < widths.size - 1:
                for s in range(n):
                    row[s] = 1.0 / (1.0 + math.exp(-row[s]))
        at += (n_below + 1) * widths[k]
        below, n_below = above, widths[k]


@helper()
def _output(A, y, share, loss, eps, delta):
    """Fill the derivatives of the mean loss by theta^K and return the mean loss."""
    theta, total = A[A.shape[0] - 1], 0.0
    for s in range(y.size):
        m = y[s] * theta[s]
        e = math.exp(-abs(m))
        larger = 1.0 / (1.0 + e)
        q = e * larger if m > 0.0 else larger
        if loss == CROSS_ENTROPY:
            total += share[s] * (max(-m, 0.0) + math.log1p(e) + eps * m)
            slope = eps - q
        else:
            r = q - eps
            if loss == THRESHOLD and r < 0.0:
                r = 0.0
            total += 0.5 * share[s] * r * r
            slope = -r * e * larger * larger
        delta[s] = share[s] * y[s] * slope
    return total


@helper()
def _backward(w, widths, A, d, D, g):
    """Fill the gradient from the last row of D, which holds the output's delta; D has a row a node, as A has."""
    n, at, above = A.shape[1], w.size, A.shape[0]
    for k in range(widths.size - 1, -1, -1):
        n_below = widths[k - 1] if k > 0 else d
        at -= (n_below + 1) * widths[k]
        above -= widths[k]
        below = above - n_below
        for j in range(widths[k]):
            total = 0.0
            for s in range(n):
                total += D[above + j, s]
            g[at + n_below * widths[k] + j] = total
            for i in range(n_below):
                g[at + i * widths[k] + j] = _dot(A[below + i], D[above + j])
        if k > 0:
            for i in range(n_below):
                row = D[below + i]
                for s in range(n):
                    row[s] = 0.0
                for j in range(widths[k]):
                    weight = w[at + i * widths[k] + j]
                    for s in range(n):
                        row[s] += weight * D[above + j, s]
                for s in range(n):
                    row[s] *= A[below + i, s] * (1.0 - A[below + i, s])


@helper()
def _value_and_gradient(w, widths, A, points, d, loss, eps, D, g):
    """Fill the gradient and return the mean loss; the rows of `points` are labels and shares."""
    _forward(w, widths, A, d)
    value = _output(A, points[0], points[1], loss, eps, D[D.shape[0] - 1])
    _backward(w, widths, A, d, D, g)
    return value


@helper()
def _nodes(widths, d):
    total = d
    for k in range(widths.size):
        total += widths[k]
    return total


@helper()
def _project(w, widths, d, shape, R):
    """Keep each weight in the box, or each layer's norm below the K-th root of R."""
    if shape == BOX:
        for j in range(w.size):
            w[j] = min(max(w[j], -R), R)
    elif shape == BALL:
        at, n_below, reach = 0, d, R ** (1.0 / widths.size)
        for k in range(widths.size):
            end, square = at + (n_below + 1) * widths[k], 0.0
            for j in range(at, end):
                square += w[j] * w[j]
            if square > reach * reach:
                for j in range(at, end):
                    w[j] *= reach / math.sqrt(square)
            at, n_below = end, widths[k]


@helper()
def _residual(w, g, widths, d, shape, R, moved):
    """Return the max-norm of w - P(w - g)."""
    for j in range(w.size):
        moved[j] = w[j] - g[j]
    _project(moved, widths, d, shape, R)
    largest = 0.0
    for j in range(w.size):
        off = abs(g[j]) if shape == NONE else abs(w[j] - moved[j])  # w - (w - g) loses g where w is huge
        largest = off if not off <= largest else largest  # also where it is NaN
    return largest


@helper()
def _prepare(X, y, share, w0, A, points, w):
    """Copy points and start into memory of one layout: helpers that see one kind of array are compiled once."""
    for s in range(y.size):
        points[0, s], points[1, s] = y[s], share[s]
        for i in range(X.shape[1]):
            A[i, s] = X[s, i]
    for j in range(w0.size):
        w[j] = w0[j]


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64[:], int64, float64, int64, float64, int64, float64,"
    " float64, boolean, int64[:], float64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(n),(p),(k),(),(),(),(),(),(),(),(),(c)->(p),(),(),()",
)
def descend(
    X, y, share, w0, widths, loss, eps, shape, R, max_steps, rate, tol, online, control, out, n_steps, value, residual
):
    """Take projected gradient steps of a fixed rate: one a pass, or online one a sample, in natural order."""
    state = release_gil()
    n, d = X.shape
    n_nodes = _nodes(widths, d)
    A, D, points = np.empty((n_nodes, n)), np.empty((n_nodes, n)), np.empty((2, n))
    one_A, one_D, one = np.empty((n_nodes, 1)), np.empty((n_nodes, 1)), np.empty((2, 1))
    w, g, moved = np.empty(w0.size), np.empty(w0.size), np.empty(w0.size)
    _prepare(X, y, share, w0, A, points, w)
    _project(w, widths, d, shape, R)
    n_steps[0] = 0
    while True:
        value[0] = _value_and_gradient(w, widths, A, points, d, loss, eps, D, g)
        residual[0] = _residual(w, g, widths, d, shape, R, moved)
        if n_steps[0] == max_steps or not residual[0] > tol or control[CANCELLED]:
            break
        for s in range(n if online else 1):
            if online:
                one[0, 0], one[1, 0] = points[0, s], points[1, s]
                for i in range(d):
                    one_A[i, 0] = A[i, s]
                _value_and_gradient(w, widths, one_A, one, d, loss, eps, one_D, g)
            for j in range(w.size):
                w[j] -= rate * g[j]
            _project(w, widths, d, shape, R)
        n_steps[0] += 1
    for j in range(w.size):
        out[j] = w[j]
    restore_gil(state)


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64[:], int64, float64, int64, float64, int64, float64,"
    " int64[:], float64[:], int64[:], int64[:], float64[:], float64[:])",
    "(n,d),(n),(n),(p),(k),(),(),(),(),(),(),(c)->(p),(),(),(),()",
)
def spectral(
    X, y, share, w0, widths, loss, eps, shape, R, max_steps, tol, control, out, n_steps, n_passes, value, residual
):
    """Take projected gradient steps of the spectral length, with a line search that looks back over ten values."""
    state = release_gil()
    n, d = X.shape
    p, n_nodes = w0.size, _nodes(widths, d)
    A, D, points, past = np.empty((n_nodes, n)), np.empty((n_nodes, n)), np.empty((2, n)), np.empty(MEMORY)
    w, g, new_g, step, trial = np.empty(p), np.empty(p), np.empty(p), np.empty(p), np.empty(p)
    _prepare(X, y, share, w0, A, points, w)
    _project(w, widths, d, shape, R)
    f = _value_and_gradient(w, widths, A, points, d, loss, eps, D, g)
    residual[0] = _residual(w, g, widths, d, shape, R, trial)
    length = 1.0 / residual[0] if residual[0] > 0.0 else 1.0
    n_steps[0], n_passes[0] = 0, 1
    while n_steps[0] < max_steps and residual[0] > tol and not control[CANCELLED]:
        past[n_steps[0] % MEMORY] = f
        highest = f
        for k in range(min(MEMORY, n_steps[0] + 1)):
            highest = max(highest, past[k])
        for j in range(p):
            step[j] = w[j] - length * g[j]
        _project(step, widths, d, shape, R)
        for j in range(p):
            step[j] -= w[j]
        downhill, part, f_trial, accepted = _dot(g, step), 1.0, f, False
        for _ in range(40):  # [1] algorithm SPG2; `part` of the way to the projected point
            for j in range(p):
                trial[j] = w[j] + part * step[j]
            f_trial = _value_and_gradient(trial, widths, A, points, d, loss, eps, D, new_g)
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
        _project(w, widths, d, shape, R)
        residual[0] = _residual(w, g, widths, d, shape, R, trial)
        n_steps[0] += 1
    value[0] = f
    for j in range(p):
        out[j] = w[j]
    restore_gil(state)
