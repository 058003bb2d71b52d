"""Render paper.md: to Pandoc's syntax tree for the checks, to HTML and PDF for the reader."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pypandoc
import typst

from study.validation import CheckFailed

HERE = Path(__file__).parent
SOURCE = "markdown"
OUTPUTS = ("paper.html", "paper.pdf")
COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)


def syntax_tree(text: str) -> dict[str, Any]:
    """Return Pandoc's syntax tree of a paper."""
    tree: dict[str, Any] = json.loads(pypandoc.convert_text(text, "json", format=SOURCE))
    return tree


def uncited(tree: Any, bibliography: str) -> Iterator[str]:
    """Yield a finding for each entry of the bibliography that is never cited."""
    citations = [citation for node in _nodes(tree["blocks"]) if node["t"] == "Cite" for citation in node["c"][0]]
    cited = {citation["citationId"] for citation in citations}
    for key in re.findall(r"^\s*@\w+\s*\{\s*([^,\s]+)\s*,", bibliography, re.MULTILINE):
        if key not in cited:
            yield f"references.bib: {key} is never cited"


def raw_parts(tree: Any) -> Iterator[str]:
    """Yield a finding for each part that is neither Markdown nor a comment: it would go into one format unchecked."""
    for node in _nodes(tree["blocks"]):
        if node["t"] in ("RawInline", "RawBlock") and not COMMENT.fullmatch(node["c"][1]):
            yield f"paper.md: {node['c'][1].strip()!r} is raw {node['c'][0]}: write it in Markdown"


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    match part:
        case {"t": _}:
            yield part
            yield from _nodes(part.get("c"))
        case [*items]:
            for item in items:
                yield from _nodes(item)


def captions(text: str) -> dict[str, str]:
    """Return the captions of a paper's figures as plain text, by the target of each image."""
    tree = syntax_tree(text)
    found = {}
    for block in tree["blocks"]:
        if block["t"] == "Figure":
            _, (_, caption), content = block["c"]
            (target,) = re.findall(r'"(figures/[^"]+)"', json.dumps(content))[:1] or [""]
            part = {**tree, "meta": {}, "blocks": caption}
            plain: str = pypandoc.convert_text(json.dumps(part), "plain", format="json", extra_args=["--wrap=none"])
            found[target] = plain.strip()
    return found


def render(root: Path) -> dict[str, bytes]:
    """Return the paper as `paper.html` and `paper.pdf`; the same bytes for the same files.

    Raises
    ------
    CheckFailed
        For a reference or citation that leads nowhere, or whatever else Pandoc warns about or Typst refuses.
    """
    css = f"--css={HERE / 'paper.css'}"
    html = _pandoc(root, "html5", "--embed-resources", "--mathml", "--toc", "--toc-depth=3", css)
    page = ('--variable-json=margin:{"x":"2.6cm","y":"2.6cm"}', "--variable=papersize=a4", "--variable=fontsize=10.5pt")
    source = _pandoc(root, "typst", f"--include-in-header={HERE / 'paper.typ'}", *page)
    main: Any = source.encode()
    try:
        pdf: Any = typst.compile(main, root=root, ignore_system_fonts=True, timestamp=0)
    except typst.TypstError as error:
        raise CheckFailed(f"paper.md: Typst: {error}") from None
    return {"paper.html": html.encode(), "paper.pdf": bytes(pdf)}


def inputs_digest(root: Path) -> str:
    """Return the SHA-256 of all that a rendered paper depends on."""
    paths: Sequence[Path] = [
        root / "paper.md",
        root / "references.bib",
        *sorted((root / "figures").glob("*.svg")),
        *sorted(HERE.glob("paper.*")),
        Path(__file__),
    ]
    versions = " ".join(version(name) for name in ("pypandoc_binary", "typst"))
    return hashlib.sha256(b"\x00".join([versions.encode(), *(path.read_bytes() for path in paths)])).hexdigest()


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
