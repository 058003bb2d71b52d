"""What is read is a file, and JSON that can be used: anything else is refused in one line, and nothing hangs."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from study.sweeps.files import DEEPEST, LARGEST, parse_json, read_file


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(60 * 10**9)


STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "Is a directory"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "a socket": (lambda path: os.mknod(path, stat.S_IFSOCK | 0o600), "No such device or address"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "a link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "60 GB of nothing": (sparse, f"larger than {LARGEST:,} bytes"),
}
"""What may stand in place of a file, and why it is not read."""


@pytest.mark.parametrize("kind", STRANGE)
def test_only_files_of_bounded_size_are_read(kind: str, tmp_path: Path) -> None:
    make, reason = STRANGE[kind]
    make(tmp_path / "it")
    with pytest.raises(OSError, match="it'") as caught:
        read_file(tmp_path / "it")
    assert caught.value.strerror == reason


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "nowhere").symlink_to("absent")
    assert read_file(tmp_path / "link") == b"content"
    for absent in ("absent", "nowhere"):
        with pytest.raises(FileNotFoundError):
            read_file(tmp_path / absent)


def test_a_pipe_is_read_where_a_user_may_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"content")
    os.close(writing)
    assert read_file(Path(f"/dev/fd/{reading}"), pipes=True) == b"content"
    os.close(reading)
    monkeypatch.setattr("study.sweeps.files.LARGEST", 10**6)
    with pytest.raises(OSError, match="larger than 1,000,000 bytes"):
        read_file(Path("/dev/zero"), pipes=True)


def test_json_is_read() -> None:
    value = {"a": [1, -2.5, None, True, "γ₀"], "b": {"c": 10**30}}
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode()) == value
    assert parse_json(b"[" * DEEPEST + b"]" * DEEPEST)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"a": 1} {}', "Extra data"),
        (b"[" * 100_000, f"more than {DEEPEST} levels deep"),
        (b"[" * 100_000 + b"]" * 100_000, f"more than {DEEPEST} levels deep"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), f"more than {DEEPEST} levels deep"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, f"more than {DEEPEST} levels deep"),
        (b'{"a": 1, "a": 2}', "a key stands twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "a key stands twice"),
        (b"NaN", "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b"[1e999]", "1e999 is not a number"),
        (b"9" * 5000, r"99\.\.\. of 5,000 digits is not a number"),
        (b'"\xff"', "'utf-8' codec can't decode"),
        ('{"a": 1}'.encode("utf-16"), "'utf-8' codec can't decode"),
        (b'["\\ud800"]', "surrogates not allowed"),
        (b'{"a": {"\\udfff": 1}}', "surrogates not allowed"),
        (b"\x00", "Expecting value"),
    ],
    ids=range(18),
)
def test_json_that_cannot_be_used_is_refused_in_one_line(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_json(content)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)
