"""What all peers' programs do: take a problem from a file, give their answer, and take times when they are asked to."""

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

Solver = Callable[[SimpleNamespace], Callable[[], Any]]
"""Takes the arrays of a problem; returns what solves it: weights of shape (n_sets, n_weights), the bias last."""


def serve(**solvers: Solver) -> None:
    """Solve the problem of a file, once for the answer and again for each line of the standard input, on one processor.

    The command line names the solver, the package whose version is told (none where it is empty), the file of the
    problem, and that of the answer. The first line of the output is JSON: version, and seconds until the first answer,
    compilation included. Each further line holds the seconds of one more solution.
    """
    solver, package, problem, answer = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    with np.load(problem) as arrays:
        task = SimpleNamespace(**{name: array[()] for name, array in arrays.items()})
    begin = perf_counter()
    solve = solvers[solver](task)
    np.save(answer, np.asarray(solve()))
    print(json.dumps({"version": version(package) if package else "", "first": perf_counter() - begin}), flush=True)  # noqa: T201
    for _ in sys.stdin:
        begin = perf_counter()
        solve()
        print(perf_counter() - begin, flush=True)  # noqa: T201


def one_by_one(fit: Callable[[Any, Any, SimpleNamespace], Any]) -> Solver:
    """Return a solver that fits set after set."""
    return lambda task: lambda: np.array([fit(X, y, task) for X, y in zip(task.X, task.y, strict=True)])


def with_ones(X: Any) -> Any:
    """Return features and a column of ones after them."""
    return np.concatenate([X, np.ones((*X.shape[:-1], 1))], axis=-1)


def slopes(q: Any, loss: str) -> tuple[Any, Any]:
    """Return first and second derivatives of a loss by the margin, from q = 1 / (1 + e^margin), in any library."""
    if loss == "cross-entropy":
        return -q, q * (1.0 - q)
    return -(q**2) * (1.0 - q), q**2 * (1.0 - q) * (2.0 - 3.0 * q)
