"""Compile a loop once, keep its machine code on disk, and let an interrupt end it while it runs.

numba keeps a compiled loop in several files that belong together. Two processes that compile the same loop at the same
time can leave files that do not belong together, and a call then crashes. Here the files of a loop are kept in one
archive, which is written in one step while a lock keeps other processes waiting. The archive's name holds a digest of
all modules of this package and of the compiler, so that a loop may call into any of these modules: after an edit of
one of them the name is another.
"""

import contextvars
import gc
import hashlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import llvmlite
import llvmlite.binding
import numba
import numpy as np
from filelock import FileLock
from numba import config, guvectorize, njit, types
from numba.core.caching import UserProvidedCacheLocator
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.targetconfig import ConfigStack, TargetConfig
from numba.core.types.functions import BaseFunction
from numpy.typing import NDArray
from platformdirs import user_cache_path

from study.kernels.codes import CANCELLED, DONE

PACKAGE = Path(__file__).parent
SETTINGS = ("CPU_NAME", "CPU_FEATURES", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")
"""numba's settings that change machine code."""
_THREADS = threading.RLock()
"""numba's setting of a cache's place holds for all threads, so that one thread at a time compiles."""
METHODS = (
    *((JITCodeLibrary, name) for name in ("_optimize_final_module", "_finalize_final_module", "add_linking_library")),
    (JITCPUCodegen, "set_env"),
    (TargetConfig, "values"),
    (BaseFunction, "get_call_type"),
)
"""What of numba is replaced while it compiles a loop, see `_in_one_piece`."""
WRAPPER = "_GufuncWrapper"
"""Part of the name that numba gives to what calls a loop for each set of a stack."""
TICK = 0.1
"""Seconds between two looks at how far a loop has come."""

Function = Callable[..., Any]


_SAVE = types.ExternalFunction("PyEval_SaveThread", types.intp())
_RESTORE = types.ExternalFunction("PyEval_RestoreThread", types.void(types.intp))
_HOLDS = types.ExternalFunction("PyGILState_Check", types.int32())


@njit
def release_gil():
    """Let other Python threads run; return what `restore_gil` needs. NumPy does so itself for large stacks only."""
    return _SAVE() if _HOLDS() else 0


@njit
def restore_gil(state):
    """Undo what `release_gil` did."""
    if state:
        _RESTORE(state)


def helper(*, counts: bool = False, **options: Any) -> Callable[[Function], Function]:
    """Return a decorator for what compiled loops call and Python does not: it compiles in less time.

    A helper borrows arrays: it does not count the references to them, which takes longer than many a helper's work. One
    that allocates or returns arrays, or calls one that does, has to count, as loops do.

    A whole number that starts as a literal and is passed on is written np.int64(0): numba compiles what is called for
    the literal as well.
    """
    settings: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    settings["_nrt"] = counts  # numba's runtime, which counts
    decorate: Callable[[Function], Function] = njit(**settings, **options)
    return decorate


@helper()
def copy(a, b):
    """Copy a to b: the assignment b[:] = a brings the words of its error with it, and they take seconds to compile."""
    for i in range(a.size):
        b[i] = a[i]


def gufunc(signature: str, layout: str) -> Callable[[Function], Function]:
    """Return a decorator that compiles a loop, when its module is imported, into a generalised ufunc over stacks.

    Parameters
    ----------
    signature : str
        numba's types of inputs and outputs, such as "void(float64[:,:], int64[:], float64[:])". The last input is the
        array `control` of two numbers, which callers leave out. The loop ends early where control[CANCELLED] is not
        zero; it looks there at least every tenth of a second.
    layout : str
        Core dimensions in NumPy's notation, such as "(n,d),(c)->(d)".
    """

    def decorate(loop: Function) -> Function:
        build = partial(guvectorize, [signature], layout, nopython=True)
        return _interruptible(loop, lambda keep: build(cache=keep)(loop), allocates=True)

    return decorate


def jit(signature: str, **options: Any) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function for one problem at a time, when its module is imported.

    Parameters
    ----------
    signature : str
        numba's types of result and arguments; the last argument is `control`, as for `gufunc`.
    options
        Options of `numba.njit`.
    """

    def decorate(function: Function) -> Function:
        return _interruptible(function, lambda keep: njit([signature], nogil=True, cache=keep, **options)(function))

    return decorate


def _interruptible(function: Function, build: Callable[[bool], Function], *, allocates: bool = False) -> Function:
    """Compile a function, and return one that calls it so that an exception in the main thread ends it early.

    One that `allocates` all that it writes to may begin again.
    """
    machine_code = _recall(function, build)

    @wraps(function)
    def call(*arguments: Any, watch: Callable[[int], None] | None = None) -> Any:
        def work(control: NDArray[np.int64]) -> Any:
            return machine_code(*arguments, control)

        if not _interrupts_reach_us():
            return work(np.zeros(2, np.int64))
        answer = _run_here(work) if allocates and watch is None else None
        return _run_in_thread(work, watch) if answer is None else answer

    return call


def _run_here(work: Callable[[NDArray[np.int64]], Any]) -> Any:
    """Return the answer of a loop, which a signal ends, or None where it has to begin again, in a thread.

    Python calls a signal's handler between two of its own instructions: when the loop has ended. If the handler then
    raises no exception, others may have to be called while the loop runs. Starting a thread takes longer than many a
    loop, hence this way.
    """
    control = np.zeros(2, np.int64)
    _HEARS[:] = [control]
    bell = _bell().fileno()
    before = signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    try:
        if before not in (-1, bell):  # another part of the program waits for signals
            return None
        answer = work(control)
    finally:
        signal.set_wakeup_fd(before)
    return None if control[CANCELLED] else answer


_HEARS: list[NDArray[np.int64]] = []
"""`control` of the loop that runs in the main thread, if one does."""


@cache
def _bell() -> socket.socket:
    """Return a socket for Python to write to when a signal comes; a thread reads it, and ends the loop that runs."""
    heard, bell = socket.socketpair()
    bell.setblocking(False)

    def listen() -> None:
        while heard.recv(1):
            for control in tuple(_HEARS):
                control[CANCELLED] = 1

    threading.Thread(target=listen, daemon=True).start()
    return bell


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_bell.cache_clear)  # threads do not outlive a fork


def _run_in_thread(work: Callable[[NDArray[np.int64]], Any], watch: Callable[[int], None] | None) -> Any:
    """Return the answer of a loop that runs in another thread, while Python answers signals in this one."""
    control = np.zeros(2, np.int64)
    outcome: list[Any] = []
    ended = threading.Event()  # a join that an interrupt ends takes the thread for ended, and so do later ones

    def run() -> None:
        try:
            outcome.extend((work(control), None))
        except BaseException as error:
            outcome.extend((None, error))
        ended.set()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    try:
        thread.start()
        while watch is not None and not ended.wait(TICK):
            watch(int(control[DONE]))
        ended.wait()
    except BaseException:
        control[CANCELLED] = 1
        if thread.ident is not None:  # it has begun
            ended.wait()
        raise
    answer, error = outcome
    if error is not None:
        raise error
    return answer


def _interrupts_reach_us() -> bool:
    """Say whether a signal may raise an exception in this thread: not in a worker process, which its parent ends."""
    handled = any(callable(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM))
    return handled and threading.current_thread() is threading.main_thread()


def _recall(function: Function, build: Callable[[bool], Function]) -> Function:
    """Return machine code from disk, or compile it and keep it there; where nothing can be kept, compile it only."""
    source = Path(function.__code__.co_filename)
    with ExitStack() as stack:
        place = None
        if source.parent == PACKAGE:  # no digest covers code of elsewhere
            place = stack.enter_context(_lock(f"{source.stem}.{function.__name__}"))
            stack.enter_context(_in_one_piece(function.__qualname__))
        stack.enter_context(_hold_signals())
        if place is not None:
            with suppress(OSError, UnicodeError):  # a full disk, or a path that has no name in this locale
                return _through_archive(place, source, build)
        return build(False)


def _through_archive(place: Path, source: Path, build: Callable[[bool], Function]) -> Function:
    """Let numba load from, or write to, a folder that is unpacked from and packed into the archive of a loop."""
    code, machine = _digests()
    archive = place.with_name(f"{place.name}-{code}-{machine}.zip")
    for other in place.parent.glob(f"{place.name}-{sys.implementation.cache_tag}-*.zip"):
        if not other.name.startswith(f"{place.name}-{code}-"):  # of former code
            other.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)  # left by a process that was killed
    folder = place / UserProvidedCacheLocator.get_suitable_cache_subpath(str(source))
    folder.mkdir(parents=True)
    before = config.CACHE_DIR
    try:
        known = _unpack(archive)
        for name, content in known.items():
            (folder / name).write_bytes(content)
        config.CACHE_DIR = str(place)
        loop = build(True)
        found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        if found != known:
            packed = place / archive.name
            with ZipFile(packed, "w") as file:
                for name, content in found.items():
                    file.writestr(name, content)
            packed.replace(archive)
        return loop
    finally:
        config.CACHE_DIR = before
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _in_one_piece(loop: str) -> Iterator[None]:
    """Let numba optimise and assemble a loop once, with all that it calls.

    numba does so for each function by itself, again in each function that calls it, and again for the wrapper of a
    loop over stacks; it has no setting against that, and takes twice as long. It also looks for the type of the same
    operation again and again, and compares its own options, one attribute after another, each time. Six methods, the
    same from numba 0.62 to 0.68, are replaced until the block is left, while no other thread compiles; where one is
    missing, numba works as it always does. Python's search for unreachable objects, a tenth of the time, waits till
    then.
    """
    before: list[Any] = [getattr(owner, name, None) for owner, name in METHODS]
    if None in before:
        yield
        return

    def replace(methods: Sequence[Any]) -> None:
        for (owner, name), method in zip(METHODS, methods, strict=True):
            setattr(owner, name, method)

    early: list[tuple[Any, str, Any]] = []
    with global_compiler_lock:
        cpu_target.target_context  # noqa: B018  # numba's own functions are assembled here
        replace(_methods(loop, before, early))
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            replace(before)
            if collects:
                gc.enable()
        for generator, name, environment in early:
            if generator._engine.get_global_value_address(name):  # of a part, which is assembled now, and used
                generator.set_env(name, environment)


def _methods(loop: str, before: Sequence[Any], early: list[tuple[Any, str, Any]]) -> tuple[Function, ...]:
    """Return what takes the place of `METHODS`; environments that come before their code are put into `early`."""
    optimise, assemble, link, set_environment, _, find_type = before

    def optimise_loop(library: Any) -> None:
        if library.name == loop:
            optimise(library)

    def assemble_loop(library: Any) -> None:
        if library.name == loop or WRAPPER in library.name:
            assemble(library)
        else:
            library._finalized = True

    def link_part(library: Any, other: Any) -> None:
        if WRAPPER not in library.name:  # it finds the loop, which is assembled, by its name
            link(library, other)

    def set_known_environment(generator: Any, name: str, environment: Any) -> None:
        if generator._engine.get_global_value_address(name):
            set_environment(generator, name, environment)
        else:
            early.append((generator, name, environment))

    return optimise_loop, assemble_loop, link_part, set_known_environment, *_lookups(find_type)


def _lookups(find_type: Function) -> tuple[Function, Function]:
    """Return quicker ways to numba's options, and to the types of operations, which are found once each."""
    defaults: dict[Any, dict[str, Any]] = {}

    def options_of(config: Any) -> dict[str, Any]:
        if type(config) not in defaults:
            defaults[type(config)] = {name: option.default for name, option in config.options.items()}
        values: dict[str, Any] = config._values
        return defaults[type(config)] | values

    types_of_calls: dict[Any, tuple[Any, Any]] = {}

    def type_of_call(function: Any, context: Any, args: Any, kws: Any) -> Any:
        key = function, context, tuple(args), tuple(kws.items()), ConfigStack.top_or_none()
        if key not in types_of_calls:
            found = find_type(function, context, args, kws)
            types_of_calls[key] = found, function._impl_keys[found.args]
        found, function._impl_keys[found.args] = types_of_calls[key]
        return found

    return options_of, type_of_call


def _unpack(archive: Path) -> dict[str, bytes]:
    """Return the files of an archive, or none where there is no whole archive."""
    try:
        with ZipFile(archive) as file:
            return {name: file.read(name) for name in file.namelist()}  # compared with their checksums
    except (OSError, BadZipFile, EOFError):
        return {}


@contextmanager
def _lock(name: str) -> Iterator[Path | None]:
    """Give a path for the loop of a name, locked against other processes; or None where none can be written to."""
    with ExitStack() as stack:
        stack.enter_context(_THREADS)
        for place in _places():
            try:
                place.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=place):
                    pass
                stack.enter_context(FileLock(place / f"{name}.lock"))
            except (OSError, NotImplementedError):
                continue
            yield place / name
            return
        yield None


def _places() -> list[Path]:
    """Return the folders that may hold archives: in numba's own setting, beside the source, in the user's cache."""
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR) / "study"]
    return [PACKAGE / "__pycache__" / "loops", user_cache_path("study-loops", appauthor=False)]


@cache
def _digests() -> tuple[str, str]:
    """Return Python's tag with a digest of the code and its compiler, and a digest of the processor and settings."""
    code = [numba.__version__, llvmlite.__version__, np.__version__, sys.version]
    code += [f"{path.name} {path.read_text(encoding='utf-8')}" for path in sorted(PACKAGE.glob("*.py"))]
    machine = [llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()]
    machine += [str(getattr(config, name, None)) for name in SETTINGS]
    one, other = (hashlib.sha256("\x00".join(words).encode()).hexdigest()[:16] for words in (code, machine))
    return f"{sys.implementation.cache_tag}-{one}", other


@contextmanager
def _hold_signals() -> Iterator[None]:
    """Hold an interrupt or a request to end until the block is left: the compiler loses what is raised inside it."""
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
        yield
        return
    caught: list[int] = []
    held = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, lambda number, _: caught.append(number))) for number in held]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for caught_number in dict.fromkeys(caught):
            signal.raise_signal(caught_number)
