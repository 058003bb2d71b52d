"""Run the command line in processes forked from one that has imported all of it, in a tenth of the time of a new one.

A command runs the code that was imported, on the experiments, figures and results of the checkout that it is told.
"""

import atexit
import faulthandler
import gc
import importlib
import os
import pickle
import pkgutil
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

IMPORTED_LATE = (
    *("matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf", "panflute", "pypandoc", "typst"),
    *("pandas", "rich.progress", "scipy.optimize", "scipy.stats"),
)
"""Libraries that the study imports when it needs them."""


def serve(number: int) -> NoReturn:
    """Import all; then fork a process for each connection, which forks the command and says how it ended."""
    import study

    for module in pkgutil.walk_packages(study.__path__, "study."):
        importlib.import_module(module.name)
    for name in IMPORTED_LATE:
        importlib.import_module(name)
    gc.freeze()
    listener = socket.socket(fileno=number)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:  # whoever asked for this process has gone
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            continue
        _, streams, *_ = socket.recv_fds(connection, 1, 2)
        asked = pickle.load(connection.makefile("rb"))  # noqa: S301 (made below)
        pid = os.fork()
        if not pid:
            connection.close()
            listener.close()
            command([os.open(os.devnull, os.O_RDONLY), *streams], *asked)
        connection.sendall(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
        os._exit(0)
    sys.exit()


def command(
    streams: Sequence[int], folder: Path, arguments: Sequence[str], prelude: str, environment: Mapping[str, str]
) -> NoReturn:
    """Be the process of a command."""
    import study
    from study.__main__ import main

    os.setsid()
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    faulthandler.dump_traceback_later(150.0, exit=True)
    study.__file__ = str(folder / "study" / "__init__.py")
    sys.path[:0] = [str(folder), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["study", *arguments]
    exec(prelude, {})  # noqa: S102
    try:
        main()
    except SystemExit as end:  # as the interpreter ends, but for taking to pieces all that was imported, for a second
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))


@cache
def _socket() -> str:
    """Begin the process that commands are forked from; return where it listens, until this process ends."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    code = "import sys; from tests.forks import serve; serve(int(sys.argv[1]))"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder.name}/socket")
        listener.listen()
        number = listener.fileno()
        words = [sys.executable, "-X", "faulthandler", "-c", code, str(number)]
        root = Path(__file__).parent.parent
        process = subprocess.Popen(words, cwd=root, pass_fds=[number], stdin=subprocess.PIPE)
    atexit.register(process.communicate)
    return f"{folder.name}/socket"


def study(
    folder: Path, *arguments: str, prelude: str = "", environment: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a checkout, after a prelude in Python; one that hangs is ended, and says on stderr where."""
    with ExitStack() as stack:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX))
        connection.connect(_socket())
        files = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(2)]
        socket.send_fds(connection, [b"."], [file.fileno() for file in files])
        connection.sendall(pickle.dumps((folder, arguments, prelude, {**os.environ, **environment})))
        code = int(connection.recv(16))
        for file in files:
            file.seek(0)
        return subprocess.CompletedProcess(arguments, code, *(file.read() for file in files))
