"""Proofs as experiments keep them, and what they must state."""

from typing import Any

from numpy.typing import ArrayLike

from study import check
from study.certificates.problem import problem_of
from study.checks import CheckFailed
from study.datasets.dataset import Features, Labels
from study.trainers.losses import Bias, Loss


def accepted(certificate: str | None) -> dict[str, str]:
    """Return a proof as a record, once the checker accepts it."""
    if certificate is None:
        raise CheckFailed("nothing was proved: the search left cells undecided")
    check(certificate)
    return {"certificate": certificate}


def statement(
    X: Features,
    y: Labels,
    *,
    loss: Loss = "quadratic",
    eps: float = 0.0,
    sample_weight: ArrayLike | None = None,
    weight_bound: float | None = None,
    C: float | None = None,
    bias: Bias = "free",
    **claimed: Any,
) -> dict[str, Any]:
    """Return the fields that a proof about a unit must have, with those that make its claim.

    They are those of a verdict on all points where `claim` is among the latter, else those of a count of stationary
    points, of which `points` is one.
    """
    problem = problem_of(X, y, loss, eps, sample_weight, weight_bound, None, C, bias).plain()
    if "claim" in claimed:
        kind = "verdict" if C is None else "penalised verdict"
        return {"kind": kind, **problem, "judged": list(range(len(problem["y"]))), **claimed}
    return {"kind": "stationary", **problem, **claimed}
