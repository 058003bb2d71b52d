"""Files that are written whole or not at all, and the blocks of experiments kept in such files."""

import hashlib
import io
import os
import platform
import tempfile
from collections.abc import Container, Iterable
from contextlib import suppress
from errno import ENOENT
from glob import escape
from pathlib import Path

import numpy as np

from study.sweeps.experiment import Statistics
from study.sweeps.files import read_file

HOST = platform.node().replace(".", "-")
"""This machine, in the names of temporary files: whether a process of another still runs cannot be known."""


class DamagedBlock(Exception):
    """A block file that is not, byte for byte, what was saved under its name."""


def write_file(path: Path, content: bytes) -> None:
    """Write a file in one step; what a killed writer of the same file, on this machine, has left is removed."""
    for left in path.parent.glob(f".{escape(path.name)}.{escape(HOST)}.*.tmp"):
        owner = left.name.removeprefix(f".{path.name}.{HOST}.").partition(".")[0]
        if not _is_running(owner):
            with suppress(OSError):
                left.unlink(missing_ok=True)
    _replace(path, content, durable=True)


def _replace(path: Path, content: bytes, *, durable: bool) -> None:
    """Write to a temporary file beside it first, then under its name; `durable`: not before it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{HOST}.{os.getpid()}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
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


def _is_running(process: str) -> bool:
    """Return whether a process, named by its number, runs on this machine."""
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def forget(paths: Iterable[Path], keep: Container[str], before: float) -> None:
    """Delete files that are older than a time, but for those named in `keep`."""
    for path in paths:
        with suppress(OSError):  # nothing is deleted from a folder that cannot be written, nor is a folder
            if path.name not in keep and path.lstat().st_mtime < before:
                path.unlink(missing_ok=True)


def save_block(path: Path, statistics: Statistics) -> None:
    """Write the statistics of a block, and after them a digest of name and content.

    It is not waited for the disk: a block that a loss of power has cut short is found by its digest.
    """
    content = _pack(statistics)
    _replace(path, content + _digest(path, content), durable=False)


def has_block(path: Path) -> bool:
    """Return whether there is a file of a block; a damaged one raises `DamagedBlock`, as `load_block` does.

    The file is compared with its digest, and not unpacked.
    """
    return _content(path) is not None


def load_block(path: Path) -> Statistics | None:
    """Return the statistics of a block, or None where there is no such file.

    Raises
    ------
    DamagedBlock
        Where the file is truncated, altered, or was saved under another name, where it claims more than it holds, and
        where it cannot be read or is no file.
    """
    content = _content(path)
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            statistics: Statistics = dict(archive)
        if _pack(statistics) != content:
            raise ValueError("its writer has sealed what is no block")
    except Exception:
        raise DamagedBlock(path.name) from None
    return statistics


def _content(path: Path) -> bytes | None:
    """Return what a file of a block holds before its digest, which it agrees with, or None where there is none."""
    try:
        content = read_file(path)
    except OSError as error:
        if error.errno == ENOENT and not path.is_symlink():
            return None
        raise DamagedBlock(path.name) from None
    content, digest = content[:-32], content[-32:]
    if digest != _digest(path, content):
        raise DamagedBlock(path.name)
    return content


def _pack(statistics: Statistics) -> bytes:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **statistics)
    return content.getvalue()


def _digest(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\x00" + content).digest()
