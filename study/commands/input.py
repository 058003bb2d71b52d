"""What the commands read: the text of a file of the user's own points, and names of its columns."""

from pathlib import Path

from study.checks import BadInput


def read_text(path: Path) -> str:
    """Return the text of a file, compressed or not: UTF-8, UTF-16 with a byte order mark, else Windows-1252.

    Raises
    ------
    BadInput
        For a file that is absent, empty, damaged or not text.
    """
    import bz2
    import gzip
    import lzma
    import zlib

    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"`FILE` must be a file that can be read; got {path} ({reason})") from None
    openers = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
    for magic, unpack in openers.items():
        if content.startswith(magic):
            try:
                content = unpack(content)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise BadInput(f"{path}: damaged archive ({error})") from None
    if not content.strip():
        raise BadInput(f"{path}: empty; a header and a row for each point are needed")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    control = [code for code in (content.find(byte) for byte in (b"\x00", b"\x01", b"\x02", b"\x1b")) if code >= 0]
    if control:
        row = content[: min(control)].count(b"\n") + 1
        raise BadInput(f"{path}: not text: row {row} holds the byte {content[min(control)]:#04x}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def names(argument: str, text: str) -> list[str]:
    """Return the column names in an argument: separated by commas, in quotes where they hold commas."""
    import csv

    listed = [name.strip() for name in next(csv.reader([text]), [])]
    if text and not all(listed):
        raise BadInput(f"`{argument}` must be column names with commas between them; got {text!r}")
    return listed
