"""Files that are written whole or not at all, and the blocks of experiments kept in such files."""

import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from study.sweeps.experiment import Statistics


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
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def save_block(path: Path, statistics: Statistics) -> None:
    """Write the statistics of a block."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **statistics)
    write_file(path, content.getvalue())


def load_block(path: Path) -> Statistics | None:
    """Return the statistics of a block, or None where the file is absent or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
