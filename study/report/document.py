"""Render paper.md to HTML and PDF."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pypandoc
import typst

from study.checks import CheckFailed
from study.report.number_page import number_page
from study.report.numbers import RESULTS
from study.report.syntax import SOURCE

HERE = Path(__file__).parent
OUTPUTS = ("paper.html", "paper.pdf")


def render(root: Path) -> dict[str, bytes]:
    """Return `paper.html`, `paper.pdf` and a page of numbers for each result; the same bytes for the same files.

    Raises
    ------
    CheckFailed
        For a reference or citation that leads nowhere, or whatever else Pandoc warns about or Typst refuses.
    """
    css = f"--css={HERE / 'paper.css'}"
    html = _pandoc(root, "html5", "--embed-resources", "--mathml", "--toc", "--toc-depth=3", css)
    script = (HERE / "paper.js").read_text(encoding="utf-8")
    html = html.replace("</body>", f"<script>\n{script}</script>\n</body>")
    page = ('--variable-json=margin:{"x":"2.6cm","y":"2.6cm"}', "--variable=papersize=a4", "--variable=fontsize=10.5pt")
    # no wrapped lines: one that began with "115." would be an item of a list in Typst
    source = _pandoc(root, "typst", "--wrap=none", f"--include-in-header={HERE / 'paper.typ'}", *page)
    main: Any = source.encode()
    try:
        pdf: Any = typst.compile(main, root=root, ignore_system_fonts=True, timestamp=0)
    except typst.TypstError as error:
        raise CheckFailed(f"paper.md: Typst: {error}") from None
    records = {path.stem: json.loads(path.read_bytes()) for path in _records(root)}
    pages = {f"numbers/{name}.html": number_page(name, record).encode() for name, record in records.items()}
    return {"paper.html": html.encode(), "paper.pdf": bytes(pdf), **pages}


def inputs_digest(root: Path) -> str:
    """Return the SHA-256 of all that a rendered paper depends on."""
    paths: Sequence[Path] = [
        root / "paper.md",
        root / "references.bib",
        *_records(root),
        *sorted((root / "figures").glob("*.svg")),
        *sorted(HERE.glob("paper.*")),
        Path(__file__),
        HERE / "number_page.py",
    ]
    versions = " ".join(version(name) for name in ("pypandoc_binary", "typst"))
    return hashlib.sha256(b"\x00".join([versions.encode(), *(path.read_bytes() for path in paths)])).hexdigest()


def _records(root: Path) -> list[Path]:
    """Return the results' JSON files."""
    return sorted((root / RESULTS).glob("*.json"))


def _pandoc(root: Path, to: str, *arguments: str) -> str:
    common = [
        "--standalone",
        "--fail-if-warnings",
        "--citeproc",
        f"--lua-filter={HERE / 'paper.lua'}",
        f"--bibliography={root / 'references.bib'}",
        f"--resource-path={root}",
        "--metadata=link-citations",
    ]
    try:
        text: str = pypandoc.convert_file(str(root / "paper.md"), to, format=SOURCE, extra_args=[*common, *arguments])
    except RuntimeError as error:
        reason = str(error).strip().splitlines()
        raise CheckFailed("paper.md: " + " ".join(line.strip() for line in reason if line.strip())) from None
    return text
