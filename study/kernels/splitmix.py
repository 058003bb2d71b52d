"""Random numbers inside compiled loops: splitmix64, whose state counts up and is hashed.

References
----------
.. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
   doi:10.1145/2660193.2660195
"""

import numpy as np

from study.kernels.compilation import helper

GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""What the state grows by, modulo 2^64, before each number."""


@helper()
def mix(state):
    """Return 64 random bits of a state."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
