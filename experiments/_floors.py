"""The least time that a fit can take: its exponentials and multiply-adds, or its memory traffic, at measured peaks."""

from dataclasses import dataclass

from experiments._machine import peaks


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a pass over one set takes, in exponentials and multiply-adds, and the bytes of the set.

    What is spared is what a fit need not do in one of its passes.
    """

    exponentials: float
    multiply_adds: float
    n_bytes: float
    spared_exponentials: float = 0.0
    spared_multiply_adds: float = 0.0


def newton_work(n_samples: int, n_weights: int) -> Work:
    """Return what a pass of Newton's method takes.

    That is an exponential a sample; multiply-adds for n margins, a gradient, and half of a symmetric Hessian; and its
    Cholesky factor. A fit is spared the margins and exponentials of its first pass, at zero weights, and the Hessian
    and factor of its last.
    """
    n, p = n_samples, n_weights
    model = n * p * (p + 1) / 2 + p**3 / 6
    return Work(
        exponentials=n,
        multiply_adds=2 * n * p + model,
        n_bytes=8.0 * n * p,
        spared_exponentials=n,
        spared_multiply_adds=n * p + model,
    )


def perceptron_work(n_samples: int, n_weights: int) -> Work:
    """Return what a pass of the perceptron takes: the margins."""
    return Work(exponentials=0, multiply_adds=n_samples * n_weights, n_bytes=8.0 * n_samples * n_weights)


def network_work(n_samples: int, n_features: int, width: int) -> Work:
    """Return what a pass through a network with one hidden layer takes: its nodes, and both passes over its weights."""
    n_weights = (n_features + 1) * width + width + 1
    backward = n_weights + width  # the gradient, and what is handed back to the hidden nodes
    return Work(
        exponentials=n_samples * (width + 1.0),
        multiply_adds=float(n_samples * (n_weights + backward)),
        n_bytes=8.0 * n_samples * (n_features + 1),
    )


def floor_seconds(work: Work, passes: float) -> float:
    """Return the least seconds that so many passes over a set can take.

    Exponentials and multiply-adds take the same units of the processor, so that their times add up. The set comes from
    memory once, however many passes go over it; what is more, this or the arithmetic, counts.
    """
    peak = peaks()
    exponentials = passes * work.exponentials - work.spared_exponentials
    multiply_adds = passes * work.multiply_adds - work.spared_multiply_adds
    arithmetic = exponentials * peak.exponential_ns + multiply_adds / peak.multiply_adds_per_ns
    return 1e-9 * max(arithmetic, work.n_bytes / peak.bytes_per_ns)
