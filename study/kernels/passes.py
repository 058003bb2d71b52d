"""The passes through a network of one set, compiled: outputs, loss, gradient, and the bound that holds the weights.

Activations are rows of A, one a node, the inputs first, so that the inner loops run over samples along memory; of the
columns the first n are in use. w holds W^1, ..., W^K one after another, each row after row, the bias row last. One
output is a sigmoid's; several make a softmax [1]_.

References
----------
.. [1] J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs", Neurocomputing,
   NATO ASI Series 68:227-236, 1990. doi:10.1007/978-3-642-76153-9_28
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CROSS_ENTROPY, NONE, RELU, SIGMOID, THRESHOLD
from study.kernels.compilation import helper
from study.kernels.exponential import exponentials
from study.kernels.vectors import WIDTH, add_product, four, load, total


@helper()
def dot(a, b, n):
    """Return the inner product of the first n in four sums: fast, and the same bits whatever the processor's width."""
    s0 = s1 = s2 = s3 = 0.0
    whole = n - n % 4
    for i in range(0, whole, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(whole, n):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@helper()
def _fill_dots(A, first, count, D, row, n, g, at, stride):
    """Fill entries of g with the inner products of rows of A with a row of D, in four sums each, four at a time.

    Behind them comes the sum of that row, for the bias.
    """
    whole = n - n % WIDTH
    for i in range(0, count, 4):
        one, two, three = min(i + 1, count - 1), min(i + 2, count - 1), min(i + 3, count - 1)
        a = b = c = d = e = four(0.0)
        for s in range(0, whole, WIDTH):
            delta = load(D, row, s)
            a, b = add_product(a, delta, load(A, first + i, s)), add_product(b, delta, load(A, first + one, s))
            c, d = add_product(c, delta, load(A, first + two, s)), add_product(d, delta, load(A, first + three, s))
            e = add_product(e, delta, four(1.0))
        a_sum, b_sum, c_sum, d_sum, e_sum = total(a), total(b), total(c), total(d), total(e)
        for s in range(whole, n):
            delta_s = D[row, s]
            a_sum += delta_s * A[first + i, s]
            b_sum += delta_s * A[first + one, s]
            c_sum += delta_s * A[first + two, s]
            d_sum += delta_s * A[first + three, s]
            e_sum += delta_s
        g[at + three * stride], g[at + two * stride] = d_sum, c_sum
        g[at + one * stride], g[at + i * stride] = b_sum, a_sum
        g[at + count * stride] = e_sum


@helper()
def _add_rows(row, M, first, count, w, at, stride, n):
    """Add to a row the rows of M, from `first` on, times entries of w, four at a time."""
    for i in range(0, count, 4):
        one, two, three = min(i + 1, count - 1), min(i + 2, count - 1), min(i + 3, count - 1)
        a, b = w[at + i * stride], w[at + one * stride] if one > i else 0.0  # what is not there counts 0 times
        c, d = w[at + two * stride] if two > one else 0.0, w[at + three * stride] if three > two else 0.0
        for s in range(n):
            row[s] += (a * M[first + i, s] + b * M[first + one, s]) + (c * M[first + two, s] + d * M[first + three, s])


@helper()
def _activate(row, n, activation, e, power):
    """Put the outputs of a hidden node in the place of its theta; `e` and `power` are room."""
    if activation == RELU:
        for s in range(n):
            row[s] = 0.0 if row[s] < 0.0 else row[s]  # NaN stays
        return
    for s in range(n):
        row[s] *= 1.0 if activation == SIGMOID else 2.0
    exponentials(row[:n], e[:n], power[:n])
    if activation == SIGMOID:
        for s in range(n):
            larger = 1.0 / (1.0 + e[s])
            row[s] = larger if row[s] > 0.0 else e[s] * larger
    else:  # tanh(x) = (1 - exp(-2x)) / (1 + exp(-2x)), odd
        for s in range(n):
            out = (1.0 - e[s]) / (1.0 + e[s])
            row[s] = out if row[s] > 0.0 else -out


@helper()
def _times_slopes(row, out, n, activation):
    """Multiply a row by the derivatives of the activation, which follow from its outputs."""
    if activation == SIGMOID:
        for s in range(n):
            row[s] *= out[s] * (1.0 - out[s])
    elif activation == RELU:
        for s in range(n):
            row[s] = 0.0 if out[s] == 0.0 else row[s]
    else:
        for s in range(n):
            row[s] *= 1.0 - out[s] * out[s]


@helper()
def _forward(w, widths, activation, A, n, d, D):
    """Fill the rows of A after the d inputs; the last hold theta^K, without the sigmoid or the softmax. D is room."""
    at, below, n_below = 0, np.int64(0), d
    for k in range(widths.size):
        above = below + n_below
        for j in range(widths[k]):
            row, bias = A[above + j], w[at + n_below * widths[k] + j]
            for s in range(n):
                row[s] = bias
            _add_rows(row, A, below, n_below, w, at + j, widths[k], n)
            if k < widths.size - 1:
                _activate(row, n, activation, D[above + j], D[0])
        at += (n_below + 1) * widths[k]
        below, n_below = above, widths[k]


@helper()
def _off_target(q, eps, loss):
    """Return how far an output is from its target, q being how far it is from its class."""
    return 0.0 if loss == THRESHOLD and q < eps else q - eps


@helper()
def _highest(A, first, s):
    """Return the largest of a sample's outputs."""
    highest = A[first, s]
    for j in range(first + 1, A.shape[0]):
        highest = max(highest, A[j, s])
    return highest


@helper()
def _one_output(theta, points, n, loss, eps, delta, power):
    """Fill the derivatives of the mean loss by theta^K; `power` is room."""
    exponentials(theta[:n], delta[:n], power[:n])
    for s in range(n):
        y, share = points[0, s], points[1, s]
        e = delta[s]
        larger = 1.0 / (1.0 + e)
        smaller = e * larger
        q = smaller if y * theta[s] > 0.0 else larger
        slope = eps - q if loss == CROSS_ENTROPY else -_off_target(q, eps, loss) * smaller * larger
        delta[s] = share * y * slope


@helper()
def _softmax(A, first, points, n, D):
    """Fill the derivatives of the mean cross-entropy by the rows of theta^K."""
    end = A.shape[0]
    for s in range(n):
        highest, own, mass = _highest(A, first, s), first + int(points[0, s]), 0.0
        for j in range(first, end):
            D[j, s] = math.exp(A[j, s] - highest)
            mass += D[j, s]
        for j in range(first, end):
            D[j, s] *= points[1, s] / mass  # [1] dE/dtheta_j = o_j - d_j
        D[own, s] -= points[1, s]


@helper()
def loss_of(A, points, n_outputs, loss, eps):
    """Return the mean loss of the outputs that are in A."""
    value, first = 0.0, A.shape[0] - n_outputs
    for s in range(points.shape[1]):
        share = points[1, s]
        if n_outputs > 1:
            highest, mass = _highest(A, first, s), 0.0
            for j in range(first, A.shape[0]):
                mass += math.exp(A[j, s] - highest)
            value += share * (math.log(mass) + highest - A[first + int(points[0, s]), s])
            continue
        m = points[0, s] * A[first, s]
        e = math.exp(-abs(m))
        if loss == CROSS_ENTROPY:
            value += share * (max(-m, 0.0) + math.log1p(e) + eps * m)
        else:
            value += 0.5 * share * _off_target((e if m > 0.0 else 1.0) / (1.0 + e), eps, loss) ** 2
    return value


@helper()
def _backward(w, widths, activation, A, n, d, D, g):
    """Fill the gradient from the last rows of D, which hold the outputs' deltas; D has a row a node, as A has."""
    at, above = w.size, A.shape[0]
    for k in range(widths.size - 1, -1, -1):
        n_below = widths[k - 1] if k > 0 else d
        at -= (n_below + 1) * widths[k]
        above -= widths[k]
        below = above - n_below
        for j in range(widths[k]):
            _fill_dots(A, below, n_below, D, above + j, n, g, at + j, widths[k])
        if k > 0:
            for i in range(n_below):
                row = D[below + i]
                for s in range(n):
                    row[s] = 0.0
                _add_rows(row, D, above, widths[k], w, at + i * widths[k], np.int64(1), n)
                _times_slopes(row, A[below + i], n, activation)


@helper()
def fill_gradient(w, widths, activation, A, points, n, d, loss, eps, D, g):
    """Fill A with all outputs, and the gradient; the rows of `points` are labels, or classes, and shares."""
    _forward(w, widths, activation, A, n, d, D)
    first = A.shape[0] - widths[widths.size - 1]
    if first == A.shape[0] - 1:
        _one_output(A[first], points, n, loss, eps, D[first], D[0])
    else:
        _softmax(A, first, points, n, D)
    _backward(w, widths, activation, A, n, d, D, g)


@helper()
def is_right(A, points, n_outputs):
    """Say whether each sample has the outputs of its class."""
    first = A.shape[0] - n_outputs
    for s in range(points.shape[1]):
        if n_outputs == 1:
            if not points[0, s] * A[first, s] > 0.0:
                return False
        else:
            own = first + int(points[0, s])
            for j in range(first, A.shape[0]):
                if j != own and not A[own, s] > A[j, s]:
                    return False
    return True


@helper()
def nodes(widths, d):
    """Return the number of nodes, the inputs among them."""
    total = d
    for k in range(widths.size):
        total += widths[k]
    return total


@helper()
def project(w, widths, d, shape, R):
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
def residual_of(w, g, widths, d, shape, R, moved):
    """Return the max-norm of w - P(w - g)."""
    for j in range(w.size):
        moved[j] = w[j] - g[j]
    project(moved, widths, d, shape, R)
    largest = 0.0
    for j in range(w.size):
        off = abs(g[j]) if shape == NONE else abs(w[j] - moved[j])  # w - (w - g) loses g where w is huge
        largest = off if not off <= largest else largest  # also where it is NaN
    return largest


@helper()
def prepare(X, y, share, w0, A, points, w):
    """Copy points and start into memory of one layout: helpers that see one kind of array are compiled once."""
    for s in range(y.size):
        points[0, s], points[1, s] = y[s], share[s]
        for i in range(X.shape[1]):
            A[i, s] = X[s, i]
    for j in range(w0.size):
        w[j] = w0[j]
