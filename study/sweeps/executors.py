"""Who computes blocks: threads or processes of this machine, or a Dask cluster."""

import logging
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import study
from study.checks import BadInput, PositiveInt, checked
from study.sweeps.digest import code_digest
from study.sweeps.own_rule import OwnRule
from study.sweeps.runner import RemoteExecutor, libraries

PATIENCE = 60.0
"""Seconds for which a run waits for a worker where none is left."""


@checked
@contextmanager
def executor(
    workers: PositiveInt | None = None,
    scheduler: str | None = None,
    *,
    processes: bool = False,
    own: Sequence[str] = (),
) -> Iterator[tuple[Executor, int]]:
    """Give an executor and the number of blocks that it computes at once.

    Parameters
    ----------
    workers : int, at least 1, optional
        Threads of this machine; by default one for each processor. Compiled loops let go of the interpreter, so threads
        compute at once.
    processes : bool
        Processes in place of threads, for blocks that hold on to the interpreter.
    scheduler : str, optional
        Address of a Dask scheduler, such as tcp://10.0.0.1:8786, whose workers take the place of threads. They must
        have this code and these versions of NumPy, SciPy and numba.
    own : sequence of str
        Rules of the user's own, as module:name, of which workers of a scheduler must have the same code too.

    Raises
    ------
    BadInput
        Where `workers` is not a whole number of at least 1, where Dask is not installed, where nothing answers at the
        address, or where a worker has other code or other versions.
    """
    if scheduler is None:
        n_workers = len(os.sched_getaffinity(0)) if workers is None else workers
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
        pool = (
            ProcessPoolExecutor(n_workers, spawn, initializer=_as_worker)
            if processes
            else ThreadPoolExecutor(n_workers)
        )
        try:
            yield pool, n_workers
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown(cancel_futures=True)  # an interpreter that ends while a pool does may wake what is closed
        return
    if workers is not None:
        raise BadInput(f"`workers` must be left out where a scheduler is given: it has its own; got {workers}")
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(
            f"`scheduler` needs Dask, the extra `cluster`, which is not installed; got {scheduler}"
        ) from None
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said on one line
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise BadInput(f"`scheduler` must be the address of a Dask scheduler; got {scheduler} ({error})") from None
    try:
        expected = prepare(own)
        for found in client.run(prepare, own).values():
            check_worker(found, expected)
        yield Cluster(client, scheduler, own, expected), max(1, sum(client.nthreads().values()))
    finally:
        client.close(timeout=1)


class Cluster(RemoteExecutor):
    """The workers of a Dask scheduler.

    Parameters
    ----------
    client : distributed.Client
    address : str
        Of the scheduler, for messages.
    own : sequence of str
        Rules of the user's own.
    expected : dict of str to str
        The code and the versions that workers must have, as `prepare` gives them.
    """

    def __init__(self, client: Any, address: str, own: Sequence[str], expected: dict[str, str]) -> None:
        self._client, self._address, self._own, self._expected = client, address, own, expected
        self._empty_since: float | None = None

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Hand a call to the workers; where they or the scheduler are lost, its future holds `BrokenExecutor`."""
        from distributed.protocol.pickle import dumps

        packed = dumps((function, args, kwargs))
        there, here = self._client.submit(_call, self._own, self._expected, packed, pure=False), Future[Any]()
        here.add_done_callback(
            lambda future: there.cancel() if future.cancelled() and there.status == "pending" else None
        )
        there.add_done_callback(partial(self._pass_on, here))
        return here

    def _pass_on(self, here: "Future[Any]", there: Any) -> None:
        """Give the outcome of a call to whoever waits for it."""
        if not here.set_running_or_notify_cancel():
            return
        error = BrokenExecutor(f"the scheduler at {self._address} is gone")
        with suppress(OSError, CancelledError):  # its connection is closed, or it has forgotten the call
            if there.status == "finished":
                here.set_result(there.result())
                return
            if there.status == "error":
                error = there.exception()
        killed = type(error).__name__ == "KilledWorker"
        here.set_exception(BrokenExecutor("one block has ended several workers") if killed else error)

    def check(self, notice: Callable[[str], None]) -> None:
        """Say where no worker is left, or raise `BrokenExecutor` where none has come for `PATIENCE` seconds."""
        try:
            if self._client.nthreads():
                self._empty_since = None
                return
        except (OSError, RuntimeError):
            raise BrokenExecutor(f"the scheduler at {self._address} is gone") from None
        if self._empty_since is None:
            self._empty_since = time.monotonic()
            notice(f"the scheduler at {self._address} has no worker; this run waits {PATIENCE:.0f} s for one")
        elif time.monotonic() - self._empty_since >= PATIENCE:
            raise BrokenExecutor(f"the scheduler at {self._address} has had no worker for {PATIENCE:.0f} s")


def _as_worker() -> None:
    """Leave an interrupt to the parent, and do not outlive it: killed, it could not tell its workers to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def prepare(own: Sequence[str] = ()) -> dict[str, str]:
    """Make the experiments of this checkout importable, and return digests of its code and of rules, and libraries."""
    root = Path(study.__file__).resolve().parent.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return {"code": checkout_digest(root), **{place: own_digest(place) for place in own}, **libraries()}


@cache  # a process keeps to the code that it has loaded, whatever becomes of the files
def checkout_digest(root: Path) -> str:
    """Return the digest of all code of a checkout that computes: the study, and experiments where there are any."""
    paths = [*root.glob("study/*/*.py"), *root.glob("experiments/*.py")]
    return code_digest(root, *sorted(".".join(path.relative_to(root).with_suffix("").parts) for path in paths))


@cache
def own_digest(place: str) -> str:
    """Return the digest of the code of a rule of the user's own."""
    try:
        return OwnRule(place=place).code().digest
    except BadInput as error:
        reason = error.__context__ or error
        raise BadInput(f"`scheduler` must have workers that load {place}; got one that cannot ({reason})") from error


def check_worker(found: dict[str, str], expected: dict[str, str]) -> None:
    """Raise `BadInput` unless a worker has the same code and libraries."""
    if found != expected:
        other = {name: value for name, value in found.items() if value != expected.get(name)}
        raise BadInput(f"`scheduler` must have workers with this code and versions, {expected}; got one with {other}")


def _call(own: Sequence[str], expected: dict[str, str], packed: bytes) -> Any:
    """Call a function on a worker, which may have joined after the others were looked at."""
    from distributed.protocol.pickle import loads

    check_worker(prepare(own), expected)
    function, args, kwargs = loads(packed)
    return function(*args, **kwargs)
