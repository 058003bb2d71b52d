"""The font of mathematics in HTML: New Computer Modern Math, which the package typst brings, cut to what is used."""

import html
import io
import re
import struct
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import typst
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FAMILY = "New Computer Modern Math"
FILE_NAME = "NewCMMath-Regular"
ITALICS = {0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)}
"""What a browser puts in the place of a variable's letter."""


def mathematics_style(page: str) -> str:
    """Return the rule that gives a page the font of its mathematics, in itself; the same text for the same page."""
    formulae = re.sub(
        r"<annotation.*?</annotation>", "", "".join(re.findall(r"<math.*?</math>", page, re.S)), flags=re.S
    )
    letters = {ord(letter) for letter in html.unescape(re.sub(r"<[^>]*>", "", formulae))} | ITALICS
    options = Options(flavor="woff", layout_features=["ssty"], drop_tables=["FFTM", "PfEd", "GPOS", "DSIG"])
    font = mathematics_font()
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    font.flavor = "woff"
    file = io.BytesIO()
    font.save(file)
    data = b64encode(file.getvalue()).decode()
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{data}) format("woff"); }}'


def mathematics_font() -> TTFont:
    """Return the font that Typst sets mathematics in; it stands in the package's one compiled file."""
    (library,) = Path(str(typst.__file__)).parent.glob("_typst.*")
    for content in _fonts(library.read_bytes()):
        font = TTFont(io.BytesIO(content), recalcTimestamp=False)
        if font["name"].getDebugName(6) == FILE_NAME:
            return font
    raise LookupError(f"typst brings no font {FILE_NAME}")


def _fonts(library: bytes) -> Iterator[bytes]:
    """Yield what begins like an OpenType font with CFF outlines and has a directory of tables inside the file."""
    for found in re.finditer(rb"OTTO\x00[\x09-\x20]", library):
        start = found.start()
        n_tables = library[start + 5]
        ends = [sum(struct.unpack_from(">II", library, start + 20 + 16 * k)) for k in range(n_tables)]
        if start + max(ends) <= len(library) and b"name" in library[start : start + 12 + 16 * n_tables]:
            yield library[start : start + max(ends)]
