"""What timed experiments share: how a time is taken, and what of many times makes a row."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from study.datasets.dataset import Floats
from study.sweeps.parts import Rows


def timed(work: Callable[[], object], calls: int = 1) -> float:
    """Return the seconds that some work takes, the mean of so many calls."""
    begin = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begin) / calls


def spread(name: str, values: Floats) -> dict[str, float]:
    """Return the median, the least and the most, as columns."""
    return {name: float(np.median(values)), f"{name}_least": float(values.min()), f"{name}_most": float(values.max())}


def verdict_counts(rows: Rows) -> dict[str, Any]:
    """Return the cells of the largest tree of some verdicts, and how often each verdict came."""
    claims = {claim: int((rows["claim"] == claim).sum()) for claim in ("separates", "fails", "undecided")}
    return {"most_cells": int(rows["cells"].max()), **claims}
