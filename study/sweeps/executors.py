"""Who computes blocks: threads or processes of this machine, or a Dask cluster."""

import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import study
from study.datasets.arguments import checked
from study.sweeps.digest import code_digest
from study.sweeps.runner import libraries
from study.validation import BadInput, count


@checked
@contextmanager
def executor(
    workers: int | None = None, scheduler: str | None = None, *, processes: bool = False
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

    Raises
    ------
    BadInput
        Where `workers` is not a whole number of at least 1, where Dask is not installed, where nothing answers at the
        address, or where a worker has other code or other versions.
    """
    if scheduler is None:
        n_workers = len(os.sched_getaffinity(0)) if workers is None else count("workers", workers)
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
        pool = (
            ProcessPoolExecutor(n_workers, spawn, initializer=_as_worker)
            if processes
            else ThreadPoolExecutor(n_workers)
        )
        try:
            yield pool, n_workers
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return
    if workers is not None:
        raise BadInput(f"`workers` must be left out where a scheduler is given: it has its own; got {workers}")
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(
            f"`scheduler` needs Dask, the extra `cluster`, which is not installed; got {scheduler}"
        ) from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise BadInput(f"`scheduler` must be the address of a Dask scheduler; got {scheduler} ({error})") from None
    with client:
        for found in client.run(prepare).values():
            if found != prepare():
                raise BadInput(
                    f"`scheduler` must have workers with this code and {libraries()}; got one with {found[1]}"
                )
        client.register_worker_callbacks(partial(_refuse_others, prepare()))
        yield client.get_executor(pure=False), max(1, sum(client.nthreads().values()))


def _as_worker() -> None:
    """Leave an interrupt to the parent, and do not outlive it: killed, it could not tell its workers to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def prepare() -> tuple[str, dict[str, str]]:
    """Make the experiments of this checkout importable, and return the digest of its code with its libraries."""
    root = Path(study.__file__).resolve().parent.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    modules = [f"study.{path.parent.name}.{path.stem}" for path in (root / "study").glob("*/*.py")]
    return code_digest(root, *sorted(modules)), libraries()


def _refuse_others(expected: tuple[str, dict[str, str]]) -> None:
    """Keep a worker that joins later from computing with other code."""
    if prepare() != expected:
        raise RuntimeError("this worker has other code or other versions than the study that it is to compute for")
