"""The machine that the bench runs on: what it is called, what runs on it, and what one of its processors can do."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
from numba import njit

from experiments._timing import timed
from study.datasets.dataset import Floats
from study.kernels.exponential import exponentials
from study.sweeps.parts import Records

LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "scikit-learn", "mlxtend")
LANES, TRIES = 64, 15
"""Sums that a processor is given at once, enough to fill its units; and a peak is the best of so many tries."""


def machine() -> Records:
    """Return what the times hold for: the machine with its peaks, versions, threads, and the date."""
    said: dict[str, Any] = {
        "processor": processor(),
        "instructions": llvmlite.binding.get_host_cpu_name(),
        "processors": os.cpu_count(),
        "threads": "1 unless the row says more",
        "system": platform.platform(),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "C compiler": compiler(),
        **{name: f"{value:.4g}" for name, value in asdict(peaks()).items()},
    }
    return {"machine": {"name": list(said), "value": list(map(str, said.values()))}}


def processor() -> str:
    """Return the processor's name, as Linux knows it, else as Python does."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def compiler() -> str:
    """Return the name and version of the C compiler."""
    command = shutil.which("cc")
    if command is None:
        return "none"
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]  # noqa: S603


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """What one processor can do: nanoseconds an exponential takes, multiply-adds and bytes in a nanosecond."""

    exponential_ns: float
    multiply_adds_per_ns: float
    bytes_per_ns: float


def peaks() -> Peaks:
    """Measure the peaks, each the best of some tries by the fastest way that is at hand; that of memory once a run."""
    x = np.linspace(-5.0, 5.0, 1000)
    e, power = np.empty_like(x), np.empty_like(x)
    ways: list[Callable[[], object]] = [lambda: _exponentials(x, e, power, 50), lambda: _numpy_exponentials(x, e, 50)]
    return Peaks(
        exponential_ns=1e9 * min(map(_best, ways)) / (50 * x.size),
        multiply_adds_per_ns=1e-9 * LANES * 100_000 / _best(lambda: _multiply_adds(100_000, 0.5, 1.0)),
        bytes_per_ns=_bandwidth(),
    )


@cache
def _bandwidth() -> float:
    big = np.zeros((3, 8_000_000))
    return 1e-9 * big.nbytes / _best(lambda: _triad(*big, 3.0))


def _best(work: Callable[[], object]) -> float:
    work()  # compiled, and its memory allocated
    return min(timed(work) for _ in range(TRIES))


def _numpy_exponentials(x: Floats, e: Floats, repeats: int) -> None:
    for _ in range(repeats):
        np.exp(x, out=e)


@njit
def _exponentials(x, e, power, repeats):  # type: ignore[no-untyped-def]
    for _ in range(repeats):
        exponentials(x, e, power)


@njit(fastmath={"contract"})
def _multiply_adds(n, a, b):  # type: ignore[no-untyped-def]
    """Go on with `LANES` sums at once: they stay in registers, and none waits for another."""
    sums = np.zeros(LANES)
    for _ in range(n):
        for lane in range(LANES):
            sums[lane] = sums[lane] * a + b
    return sums.sum()


@njit
def _triad(a, b, c, s):  # type: ignore[no-untyped-def]
    for i in range(a.size):
        a[i] = b[i] + s * c[i]
