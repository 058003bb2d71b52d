"""Networks trained step after step, compiled for stacks: descent with momentum, Adam and AdamW, on batches.

The loop is written for one set. A pass goes over all samples; before each the whole set is looked at.

References
----------
.. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics
   and Mathematical Physics 4(5):1-17, 1964. doi:10.1016/0041-5553(64)90137-5
.. [2] D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015. arXiv:1412.6980
.. [3] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019. arXiv:1711.05101
.. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
   arXiv:1211.5063
.. [5] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017. arXiv:1608.03983
.. [6] R. Durstenfeld, "Algorithm 235: random permutation", Communications of the ACM 7(7):420, 1964.
   doi:10.1145/364520.364540
"""

import math

import numpy as np

from study.kernels.codes import ADAMW, CANCELLED, DESCENT
from study.kernels.compilation import gufunc, helper, release_gil, restore_gil
from study.kernels.passes import dot, fill_gradient, is_right, loss_of, nodes, prepare, project, residual_of
from study.kernels.splitmix import GAMMA, mix


@helper()
def _step(w, g, m, v, t, rate, rule, numbers):
    """Take the t-th step, from t = 1 on, by the gradient g of the loss; m and v are the moments."""
    beta1, beta2, epsilon, decay, clip = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    norm = math.sqrt(dot(g, g, g.size))
    shorter = clip / norm if norm > clip else 1.0  # [4] algorithm 1
    unbias1, unbias2 = 1.0 - beta1**t, 1.0 - beta2**t
    for j in range(w.size):
        gradient = g[j] * shorter
        if rule != ADAMW:
            gradient += decay * w[j]  # [3] algorithms 1 and 2, line 6: the penalty's gradient
        if rule == DESCENT:
            m[j] = beta1 * m[j] + gradient  # [1] eq. (9), from rest
            w[j] -= rate * m[j]
        else:
            m[j] = beta1 * m[j] + (1.0 - beta1) * gradient  # [2] algorithm 1: first moment
            v[j] = beta2 * v[j] + (1.0 - beta2) * gradient * gradient  # [2] second moment
            if rule == ADAMW:
                w[j] -= rate * decay * w[j]  # [3] algorithm 2, line 12, decay in units of the rate
            w[j] -= rate * (m[j] / unbias1) / (math.sqrt(v[j] / unbias2) + epsilon)  # [2] both corrected


@helper()
def _shuffle(order, state):
    """Draw a permutation [6] and return the state after it; the bias of the product is below n / 2^32."""
    for i in range(order.size - 1, 0, -1):
        state += GAMMA
        j = np.int64(((mix(state) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
    return state


@helper()
def _gather(A, points, order, first, d, batch_A, batch):
    """Copy a batch, the last one of a pass may be smaller, and return its size; its shares make a mean of its own."""
    n = order.size
    size = min(batch.shape[1], n - first)
    for s in range(size):
        i = order[first + s]
        batch[0, s], batch[1, s] = points[0, i], points[1, i] * (n / size)
        for j in range(d):
            batch_A[j, s] = A[j, i]
    return size


@gufunc(
    "void(float64[:,:], float64[:], float64[:], float64[:], int64[:], int64, int64, float64, int64, float64, int64,"
    " float64, float64, int64[:], float64[:], uint64, int64[:], float64[:], int64[:], int64[:], float64[:],"
    " float64[:])",
    "(n,d),(n),(n),(p),(k),(),(),(),(),(),(),(),(),(h),(q),(),(c)->(p),(),(),(),()",
)
def train(
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
    rate,
    how,
    numbers,
    seed,
    control,
    out,
    n_steps,
    right_since,
    value,
    residual,
):
    """Go over the samples until the weights are stationary, the budget is spent or the loss is no number."""
    gil = release_gil()
    rule, cosine, batch_size, shuffles = how[0], how[1], how[2], how[3]
    n, d = X.shape
    n_nodes, n_outputs, p = nodes(widths, d), widths[widths.size - 1], w0.size
    A, D, points = np.empty((n_nodes, n)), np.empty((n_nodes, n)), np.empty((2, n))
    batch_A, batch = np.empty((n_nodes, batch_size)), np.empty((2, batch_size))
    w, g, pull, moved, m, v = np.empty(p), np.empty(p), np.empty(p), np.empty(p), np.zeros(p), np.zeros(p)
    order, state, t = np.arange(n), seed, 0
    last = float(max_steps) * ((n + batch_size - 1) // batch_size)
    prepare(X, y, share, w0, A, points, w)
    project(w, widths, d, shape, R)
    n_steps[0], right_since[0] = 0, -1
    while True:
        fill_gradient(w, widths, activation, A, points, n, d, loss, eps, D, g)
        for j in range(p):
            pull[j] = g[j] if rule == ADAMW else g[j] + numbers[3] * w[j]
        residual[0] = residual_of(w, pull, widths, d, shape, R, moved)
        if not is_right(A, points, n_outputs):
            right_since[0] = -1
        elif right_since[0] < 0:
            right_since[0] = n_steps[0]
        if n_steps[0] == max_steps or not residual[0] > tol or control[CANCELLED]:
            break
        if shuffles:
            state = _shuffle(order, state)
        for first in range(0, n, batch_size):
            if batch_size < n:
                size = _gather(A, points, order, first, d, batch_A, batch)
                fill_gradient(w, widths, activation, batch_A, batch, size, d, loss, eps, D, g)
            now = rate * 0.5 * (1.0 + math.cos(math.pi * t / last)) if cosine else rate  # [5] eq. (5), to zero
            t += 1
            _step(w, g, m, v, t, now, rule, numbers)
            project(w, widths, d, shape, R)
        n_steps[0] += 1
    value[0] = loss_of(A, points, n_outputs, loss, eps)
    for j in range(p):
        out[j] = w[j]
    restore_gil(gil)
