"""Read files whatever stands in their place: what is read is a file of bounded size, and JSON of bounded depth."""

import errno
import json
import math
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

LARGEST = 2**30
"""Bytes of a file that is read; no file of the study comes near."""
DEEPEST = 50
"""Levels of JSON that are read; no file of the study comes near."""


def read_file(path: Path, *, pipes: bool = False) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    path : Path
    pipes : bool
        Pipes and devices are read too, as the names that a user types may stand for one (`<(...)`, `/dev/stdin`). The
        files of the study may not: a pipe that nobody writes to would never end.

    Raises
    ------
    OSError
        With a reason in `strerror`: where there is no such file, where it cannot be read, where it is of another kind
        (a folder, a socket, a pipe, a device, a link that leads nowhere), or where it holds more than `LARGEST` bytes.
    """
    # Opened so, a pipe does not wait for somebody who writes to it.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags if pipes else flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not (stat.S_ISREG(status.st_mode) or pipes):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(LARGEST + 1) if status.st_size <= LARGEST else b""
        if max(len(content), status.st_size) > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST:,} bytes", str(path))
        return content


def parse_json(content: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises
    ------
    ValueError
        With a reason of one line: for what is not JSON in UTF-8, for a key that stands twice in an object, for NaN and
        numbers out of range, for half of a surrogate pair, and for more than `DEEPEST` levels.
    """
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_finite, parse_int=_whole
        )
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels deep") from None
    level = [value]
    for _ in range(DEEPEST):
        for item in level:
            if isinstance(item, str):
                item.encode()  # JSON may hold half of a surrogate pair, which nothing else can
        level = [part for item in level for part in _parts(item)]
    if level:
        raise ValueError(f"more than {DEEPEST} levels deep")
    return value


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _refuse(text[:40])


def _whole(text: str) -> int:
    return int(text) if len(text) < 1000 else _refuse(f"{text[:40]}... of {len(text):,} digits")
