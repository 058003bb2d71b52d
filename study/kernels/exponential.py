"""The exponential of many numbers, compiled: a series that takes four or eight at once, to the last bit but one."""

import math

import numpy as np

from study.kernels.compilation import helper

LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUND, LEAST = 1.5 * 2.0**52, -708.0
SERIES = tuple(1.0 / math.factorial(j) for j in range(13, -1, -1))


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
