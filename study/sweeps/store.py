"""Files that are written whole or not at all, and the blocks of experiments kept in such files."""

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import numpy as np

from study.sweeps.experiment import Statistics


class DamagedBlock(Exception):
    """A block file that is not, byte for byte, what was saved under its name."""


def write_file(path: Path, content: bytes) -> None:
    """Write a file: to a temporary one beside it first, then under its name in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:  # those of a full disk name no file
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def forget(paths: Iterable[Path], keep: Container[str], before: float) -> None:
    """Delete files that are older than a time, but for those named in `keep`."""
    with suppress(OSError):  # in a folder that cannot be written nothing can be deleted
        for path in paths:
            if path.name not in keep and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


@contextmanager
def alone(store: Path, notice: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process works in a store, and keep others waiting; where it cannot be written, do neither."""
    with ExitStack() as stack:
        try:
            store.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((store / "lock").open("a"))
        except OSError:
            lock = None
        if lock is not None:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                notice(f"another run is at work in {store.parent}; this one waits for it")
                flock(lock, LOCK_EX)
            except OSError:  # a file system without locks
                pass
        yield


def save_block(path: Path, statistics: Statistics) -> None:
    """Write the statistics of a block, and after them a digest of name and content."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **statistics)
    write_file(path, content.getvalue() + _digest(path, content.getvalue()))


def load_block(path: Path) -> Statistics | None:
    """Return the statistics of a block, or None where there is no such file.

    Raises
    ------
    DamagedBlock
        Where the file is truncated, altered, or was saved under another name.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    content, digest = content[:-32], content[-32:]
    if digest != _digest(path, content):
        raise DamagedBlock(path.name)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _digest(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\x00" + content).digest()
