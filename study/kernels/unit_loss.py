"""The loss of a sigmoid unit, compiled: margins, terms, gradient and Hessian, and the bound that holds the weights.

Samples are kept as the columns of Z, rows y (x, 1) turned over, so that the inner loops run along memory. Losses,
slopes and curvatures of samples far on their own side are tiny together, so nothing is compared with a fixed number:
what is small is small beside the loss.
"""

import math

import numpy as np

from study.kernels.codes import BALL, BOX, CROSS_ENTROPY, THRESHOLD
from study.kernels.compilation import helper

LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUND, LEAST = 1.5 * 2.0**52, -708.0
SERIES = tuple(1.0 / math.factorial(j) for j in range(13, -1, -1))
ROUNDING = 4.0 * 2.0**-52
FAR = 9.0  # a margin from which exp(-m) is the loss but for a share of 1e-4
CHUNK = 128  # samples of which twenty features take two thirds of the nearest cache


@helper(fastmath={"reassoc"})  # the one sum that may be taken in any order
def dot(a, b):
    """Return the inner product."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@helper(fastmath={"reassoc"})
def sum_of(a):
    """Return the sum, taken in any order."""
    total = 0.0
    for i in range(a.size):
        total += a[i]
    return total


@helper()
def least_of(m):
    """Return the least number."""
    least = np.inf
    for i in range(m.size):
        least = min(least, m[i])
    return least


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
def fill(X, y, share, Z, held_share):
    """Fill Z, of shape (p, n), and a copy of the shares that runs along memory."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            Z[j, i] = y[i] * X[i, j]
        Z[d, i] = y[i]
        held_share[i] = share[i]


@helper()
def largest_of(Z, largest, room):
    """Return the size of the largest number of Z, or `largest` where that is more; `room` is for one number.

    Positive numbers are in the order of their bits, and whole numbers are compared four or eight at once.
    """
    bits, most = Z.reshape(Z.size).view(np.int64), np.int64(0)
    for i in range(bits.size):
        most = max(most, bits[i] & np.int64(0x7FFFFFFFFFFFFFFF))
    room.view(np.int64)[0] = most
    return max(room[0], largest)


@helper(fastmath={"contract"}, forceinline=True)
def fill_margins(Z, w, m):
    """Fill m with w Z, four rows at a time."""
    p, n = Z.shape
    for j in range(0, p, 4):
        one, two, three = min(j + 1, p - 1), min(j + 2, p - 1), min(j + 3, p - 1)  # what is not there counts 0 times
        a, b = w[j], w[one] if one == j + 1 else 0.0
        c, d = w[two] if two == j + 2 else 0.0, w[three] if three == j + 3 else 0.0
        if j == 0:
            for i in range(n):
                m[i] = a * Z[j, i] + b * Z[one, i] + c * Z[two, i] + d * Z[three, i]
        else:
            for i in range(n):
                m[i] += a * Z[j, i] + b * Z[one, i] + c * Z[two, i] + d * Z[three, i]


@helper()
def farthest(Z, d, change):
    """Return the largest change of a margin on the step d; `change` is room for them."""
    fill_margins(Z, d, change)
    largest = 0.0
    for i in range(change.size):
        largest = max(largest, abs(change[i]))
    return largest


@helper(fastmath={"contract"}, forceinline=True)
def exponentials(m, e, power):
    """Fill e with exp(-|m|), to the last bit but one; `power` is room.

    exp(x) = 2^k exp(r) with |r| <= ln 2 / 2, and the series of exp(r): without branches, so that four or eight samples
    go through the processor at once. Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits, whence
    the shift makes the power of two.
    """
    bits = power.view(np.int64)
    for i in range(m.size):
        x = -abs(m[i])
        x = LEAST if x < LEAST else x
        power[i] = x * LOG2_E + ROUND
        k = power[i] - ROUND
        r = x - k * LN2_HIGH - k * LN2_LOW
        series = 0.0
        for j in range(14):
            series = series * r + SERIES[j]
        e[i] = series
    for i in range(m.size):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(m.size):
        e[i] = 0.0 if -abs(m[i]) < LEAST else e[i] * power[i]  # below the smallest normal number


@helper(forceinline=True)
def loss_terms(Z, share, w, loss, eps, m, e, slope, curvature):
    """Fill margins, exp(-|m|), weighted slopes and curvatures; return the mean loss, of the cross-entropy 0."""
    n = share.size
    fill_margins(Z, w, m)
    exponentials(m, e, curvature)  # the one expensive operation
    if loss == CROSS_ENTROPY:
        for i in range(n):
            larger = 1.0 / (1.0 + e[i])
            smaller = e[i] * larger
            slope[i] = share[i] * (eps - (smaller if m[i] > 0.0 else larger))
            curvature[i] = share[i] * smaller * larger
        return 0.0
    floor = 0.0 if loss == THRESHOLD else -1.0
    for i in range(n):
        larger = 1.0 / (1.0 + e[i])
        smaller = e[i] * larger
        q = smaller if m[i] > 0.0 else larger  # 1 - sigma(m)
        r = max(q - eps, floor)
        pq = smaller * larger if q - eps > floor else 0.0
        slope[i] = -share[i] * r * pq
        curvature[i] = share[i] * pq * (pq - r * (2.0 * q - 1.0))
        e[i] = 0.5 * r * r
    return dot(share, e)


@helper()
def loss_value(m, e, share, loss, eps, value):
    """Return the objective, of which `value` leaves out the cross-entropy: its logarithms are taken here only."""
    if loss != CROSS_ENTROPY:
        return value
    even = True
    for i in range(share.size):
        even = even and share[i] == share[0]
    total, logs, product = 0.0, 0.0, 1.0
    for i in range(m.size):
        total += share[i] * (max(-m[i], 0.0) + eps * m[i])
        x = e[i]
        if x <= 1e-4:  # log(1 + x) as a series
            total += share[i] * x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)))
        elif even:  # logarithms with equal weights are taken of their product, before it overflows
            product *= 1.0 + x
            if product > 1e300:
                logs += math.log(product)
                product = 1.0
        else:
            total += share[i] * math.log(1.0 + x)
    return value + (total + share[0] * (logs + math.log(product)))


@helper()
def loss_size(value, slope, loss, eps):
    """Return what is compared with a loss: itself and that of a soft target, or a lower bound without logarithms."""
    return value + (2.0 * eps - sum_of(slope) if loss == CROSS_ENTROPY else 0.5 * eps * eps)


@helper(fastmath={"reassoc", "contract"}, forceinline=True)
def loss_gradient(Z, slope, g):
    """Fill g with the gradient, four rows at a time."""
    p = Z.shape[0]
    for j in range(0, p, 4):
        one, two, three = min(j + 1, p - 1), min(j + 2, p - 1), min(j + 3, p - 1)
        a = b = c = d = 0.0
        for i in range(slope.size):
            a += Z[j, i] * slope[i]
            b += Z[one, i] * slope[i]
            c += Z[two, i] * slope[i]
            d += Z[three, i] * slope[i]
        g[three], g[two], g[one], g[j] = d, c, b, a


@helper(fastmath={"reassoc", "contract"})
def loss_hessian(Z, curvature, weighted, H):
    """Fill H, three rows by three at a time, of samples that the nearest cache holds; `weighted` is room for three."""
    p, n = Z.shape
    for begin in range(0, n, CHUNK):
        end = min(begin + CHUNK, n)
        bend = curvature[begin:end]
        u, v, w = weighted[0, begin:end], weighted[1, begin:end], weighted[2, begin:end]
        for j in range(0, p, 3):
            two, three = min(j + 1, p - 1), min(j + 2, p - 1)
            x, y, z = Z[j, begin:end], Z[two, begin:end], Z[three, begin:end]
            for i in range(bend.size):
                u[i], v[i], w[i] = bend[i] * x[i], bend[i] * y[i], bend[i] * z[i]
            for k in range(0, j + 1, 3):
                other, last = min(k + 1, p - 1), min(k + 2, p - 1)
                x, y, z = Z[k, begin:end], Z[other, begin:end], Z[last, begin:end]
                ux = uy = uz = vx = vy = vz = wx = wy = wz = 0.0
                for i in range(bend.size):
                    ux += u[i] * x[i]
                    uy += u[i] * y[i]
                    uz += u[i] * z[i]
                    vx += v[i] * x[i]
                    vy += v[i] * y[i]
                    vz += v[i] * z[i]
                    wx += w[i] * x[i]
                    wy += w[i] * y[i]
                    wz += w[i] * z[i]
                if begin > 0:
                    ux, uy, uz = ux + H[j, k], uy + H[j, other], uz + H[j, last]
                    vx, vy, vz = vx + H[two, k], vy + H[two, other], vz + H[two, last]
                    wx, wy, wz = wx + H[three, k], wy + H[three, other], wz + H[three, last]
                H[three, last], H[three, other], H[three, k] = wz, wy, wx
                H[two, last], H[two, other], H[two, k] = vz, vy, vx
                H[j, last], H[j, other], H[j, k] = uz, uy, ux
    for j in range(p):
        for k in range(j):
            H[k, j] = H[j, k]


@helper()
def add_penalty(penalty, w, g):
    """Add the gradient of sum_j penalty_j w_j^2 / 2 to g; return that sum."""
    total = 0.0
    for j in range(w.size):
        if penalty[j] > 0.0:
            g[j] += penalty[j] * w[j]
            total += 0.5 * penalty[j] * w[j] * w[j]
    return total


@helper()
def blur_of(w, scale):
    """Return the share of the loss that the rounding of the weights may cost."""
    longest = 0.0
    for j in range(w.size):
        longest += abs(w[j])
    return (ROUNDING * (1.0 + longest * scale)) ** 2


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
