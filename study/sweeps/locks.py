"""One run at a time in a store, and temporary folders that a killed run does not leave for good."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = "lock"
TEMPORARY = "study-temporary-"


@contextmanager
def alone(store: Path, notice: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs out of a store, and remove the half-written blocks that killed runs have left in it.

    A second run waits until the first has ended. A store that cannot be written needs no guard.

    Parameters
    ----------
    store : Path
        The folder of block files.
    notice : callable (message)
        Called where this run waits for another, or where the file system cannot lock.
    """
    lock = FileLock(store / LOCK)
    try:
        store.mkdir(parents=True, exist_ok=True)
        (store / LOCK).open("a").close()
    except OSError:
        yield
        return
    try:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            notice(f"another run is at work in {store.parent}; this one waits for it")
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or error
        notice(f"{store} cannot be locked ({why}): let no other run work in it meanwhile")
        yield
        return
    try:
        with suppress(OSError):
            for path in store.glob("*/.*.tmp"):
                path.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder for the length of a run; those that killed runs have left are removed.

    Each holds a lock for as long as its run lives: a folder whose lock is free is nobody's. The lock gets its name
    once it is held.
    """
    for lock_file in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/{LOCK}"):
        with suppress(OSError, NotImplementedError, Timeout), FileLock(lock_file, blocking=False):
            shutil.rmtree(lock_file.parent)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, ignore_cleanup_errors=True) as name:
        lock = FileLock(Path(name) / "new")
        with suppress(OSError, NotImplementedError):
            lock.acquire()
            Path(lock.lock_file).rename(Path(name) / LOCK)
        try:
            yield Path(name)
        finally:
            lock.release()
