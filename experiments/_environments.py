"""Environments of the peers' own, and their programs at work in them."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import Any

import numpy as np

from study.datasets.dataset import Floats
from study.sweeps.locks import temporary_folder

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS, BUILT = ROOT / "experiments" / "peers", ROOT / "build" / "peers"
LIMIT = 60.0
"""Seconds that a peer may take to an answer."""


class Unavailable(Exception):
    """A peer that cannot be had, or does not answer; the message says why, in a line."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a peer's program says: its version, its weights, seconds to these weights, and a way to take the time again.

    `seconds` solves the problem once more and returns the seconds that it took.
    """

    version: str
    w: Floats
    first: float
    seconds: Callable[[], float]


def environments() -> list[str]:
    """Return the environments that have a list; a program without one runs where the study runs."""
    return sorted(path.stem for path in PROGRAMS.glob("*.txt"))


def is_built(environment: str) -> bool:
    """Return whether an environment holds what its list pins."""
    wanted, mark = _list_and_mark(environment)
    return mark.is_file() and mark.read_text() == wanted.read_text()


def build(environment: str) -> None:
    """Install what the list of an environment pins; raise `Unavailable` where that fails."""
    wanted, mark = _list_and_mark(environment)
    pip = [sys.executable, "-m", "pip", "--python", _python(environment), "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", "--no-compile", "--requirement", str(wanted)]
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, mark.parent, ignore_errors=True)
        try:
            venv.create(mark.parent, clear=True)
            answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise Unavailable(str(error)) from None
        if answer.returncode:
            raise Unavailable(_last_line(answer.stderr))
        mark.write_text(wanted.read_text())  # last: an environment that was cut short has none
        undo.pop_all()


def _list_and_mark(environment: str) -> tuple[Path, Path]:
    """Return the list of an environment, and where a copy of it says that the environment is built."""
    return PROGRAMS / f"{environment}.txt", BUILT / environment / "built.txt"


@contextmanager
def running(environment: str, solver: str, package: str, problem: Mapping[str, Any]) -> Iterator[Answer]:
    """Let a peer's program solve a problem, and hold it ready to solve it again.

    Parameters
    ----------
    environment : str
        The name of its program, and of its list if there is one.
    solver, package : str
        What the program calls the solver, and the package whose version it tells.
    problem : mapping of str to array_like
        What the solver takes.

    Raises
    ------
    Unavailable
        Where the environment has not been built, or the program ends or takes too long before an answer.
    """
    if environment in environments() and not is_built(environment):
        raise Unavailable("not built; `study bench --peers` builds it")
    with temporary_folder() as folder, (folder / "errors").open("w+") as errors:
        np.savez(folder / "problem.npz", **problem)
        answer = folder / "answer.npy"
        program = str(PROGRAMS / f"{environment}.py")  # -P, for it has the name of the library that it imports
        command = [_python(environment), "-P", program, solver, package, str(folder / "problem.npz"), str(answer)]
        with subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=_variables()
        ) as process:

            def say_more() -> float:
                process.stdin.write("\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
                return float(_next_line(process, errors))

            try:
                first = json.loads(_next_line(process, errors))
                yield Answer(**first, w=np.load(answer), seconds=say_more)
            finally:
                process.kill()


def _next_line(process: Any, errors: Any) -> str:
    """Return the next line of a program, or raise `Unavailable` with the last line of its errors."""
    late, begin = Timer(LIMIT, process.kill), perf_counter()
    late.start()
    line: str = process.stdout.readline()
    late.cancel()
    if line:
        return line
    if perf_counter() - begin >= LIMIT:
        raise Unavailable(f"no answer within {LIMIT:.0f} s")
    process.wait()
    errors.seek(0)
    raise Unavailable(_last_line(errors.read()))


def _python(environment: str) -> str:
    return str(BUILT / environment / "bin" / "python") if environment in environments() else sys.executable


def _variables() -> dict[str, str]:
    """Return this process's variables, with one thread for linear algebra, and what the programs share to import."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return {**os.environ, **threads, "PYTHONPATH": str(ROOT)}


def _last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no word of why"
