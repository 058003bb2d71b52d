"""The bound that holds the weights, compiled: a box, a ball or none."""

import math

import numpy as np

from study.kernels.codes import BALL, BOX
from study.kernels.compilation import helper


@helper(fastmath={"reassoc"})
def dot(a, b):
    """Return the inner product, summed in any order."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@helper()
def norm_of(w):
    """Return the Euclidean norm, where squares would leave the range of floats too."""
    largest = 0.0
    for j in range(w.size):
        largest = max(largest, abs(w[j]))
    if largest == 0.0 or not largest < np.inf:
        return largest
    total = 0.0
    for j in range(w.size):
        total += (w[j] / largest) ** 2
    return largest * math.sqrt(total)


@helper()
def shorten(w, R):
    """Project w on the ball of radius R."""
    norm = norm_of(w)
    if norm > R:
        for j in range(w.size):
            w[j] *= R / norm


@helper()
def project(w, shape, R):
    """Project w on the bound."""
    if shape == BOX:
        for j in range(w.size):
            w[j] = min(max(w[j], -R), R)
    elif shape == BALL:
        shorten(w, R)


@helper()
def kkt_residual(w, g, shape, R, moved):
    """Return the max-norm of w - P(w - g), of g where P leaves that be; `moved` is room."""
    for j in range(w.size):
        moved[j] = w[j] - g[j]
    outside = shape == BALL and norm_of(moved) > R
    if outside:
        project(moved, shape, R)
    largest = 0.0
    for j in range(w.size):
        off = w[j] - moved[j] if outside or not abs(w[j]) < np.inf else g[j]
        if shape == BOX:
            off = max(min(off, w[j] + R), w[j] - R)
        off = abs(off)
        largest = off if not off <= largest else largest  # also where it is NaN
    return largest
