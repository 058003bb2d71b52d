"""Run the command line in processes forked from one that has imported all of it, in a tenth of the time of a new one.

A command runs the code that was imported, on the experiments, figures and results of the checkout that it is told.
"""

import atexit
import faulthandler
import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import MappingProxyType

IMPORTED_LATE = (
    *("matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf", "panflute", "pypandoc", "typst"),
    *("pandas", "rich.progress", "scipy.optimize", "scipy.stats"),
)
"""Libraries that the study imports when it needs them."""
NO_CLOCK = "from study.commands import output; output.EVERY = 1e9"
"""How far a run has come is said every ten seconds: on a busy machine, that is a line that a test does not expect."""


@cache
def _context() -> ForkServerContext:
    """Return the context whose processes are forked from one that has imported the study."""
    import study

    modules = [module.name for module in pkgutil.walk_packages(study.__path__, "study.")]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*modules, *IMPORTED_LATE, __name__])
    return context


def study(
    folder: Path, *arguments: str, prelude: str = "", environment: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a checkout, after a prelude in Python; one that hangs is ended, and says on stderr where."""
    with (
        tempfile.NamedTemporaryFile("r", encoding="utf-8") as out,
        tempfile.NamedTemporaryFile("r", encoding="utf-8") as err,
    ):
        given = (folder, arguments, prelude, {**os.environ, **environment}, (out.name, err.name))
        process = _context().Process(target=run_command, args=given)
        process.start()
        process.join()
        return subprocess.CompletedProcess(arguments, process.exitcode or 0, out.read(), err.read())


def run_command(
    folder: Path, arguments: tuple[str, ...], prelude: str, environment: Mapping[str, str], streams: tuple[str, str]
) -> None:
    """Be the process of a command, its output going to two files."""
    import study
    from study.__main__ import main

    os.setsid()
    for number, path in enumerate((os.devnull, *streams)):
        file = os.open(path, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    faulthandler.dump_traceback_later(150.0, exit=True)
    study.__file__ = str(folder / "study" / "__init__.py")
    sys.path[:0] = [str(folder), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["study", *arguments]
    exec(f"{NO_CLOCK}\n{prelude}", {})  # noqa: S102
    try:
        main()
    except SystemExit as end:  # as the interpreter ends, but for taking to pieces all that was imported, for a second
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))
