"""Files that are written whole or not at all, and the blocks of experiments kept in such files."""

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from errno import ENOENT
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from study.sweeps.experiment import Statistics
from study.sweeps.files import read_file


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
    for path in paths:
        with suppress(OSError):  # nothing is deleted from a folder that cannot be written, nor is a folder
            if path.name not in keep and path.lstat().st_mtime < before:
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
        Where the file is truncated, altered, or was saved under another name, where it claims more than it holds, and
        where it cannot be read or is no file.
    """
    try:
        content = read_file(path)
    except OSError as error:
        if error.errno == ENOENT and not path.is_symlink():
            return None
        raise DamagedBlock(path.name) from None
    content, digest = content[:-32], content[-32:]
    if digest != _digest(path, content):
        raise DamagedBlock(path.name)
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            return {info.filename.removesuffix(".npy"): _array(archive, info) for info in archive.infolist()}
    except Exception:  # its writer has sealed what is no block
        raise DamagedBlock(path.name) from None


def _array(archive: ZipFile, info: ZipInfo) -> NDArray[Any]:
    """Return an array of a block: as `numpy.load` does, but without making room for more than the file holds."""
    if info.compress_type != ZIP_STORED:
        raise ValueError("compressed")
    content = archive.read(info)
    header = io.BytesIO(content)
    version = np.lib.format.read_magic(header)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, by_columns, dtype = read_header(header)
    flat = np.frombuffer(content, dtype, offset=header.tell()) if header.tell() < len(content) else np.empty(0, dtype)
    if min(shape, default=0) < 0:
        raise ValueError("a negative size")  # which would stand for whatever fits
    return flat.reshape(shape, order="F" if by_columns else "C").copy("K")


def _digest(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\x00" + content).digest()
