"""The paper as Pandoc reads it, and what is wrong with it."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import panflute as pf
import pypandoc

from study.report.numbers import NUMBER_LINK, RESULTS

SOURCE = "markdown"
COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
GUARDED_SECTIONS = ("abstract", "results", "claims", "more-results")
"""In these sections every digit stands inside a number link, a citation, code or mathematics.

Code and mathematics hold no decimal number, and no whole number above `LARGEST` but in an index or exponent; a number
alone they are only where it is a label.
"""
LARGEST = 20
LABELS = ("-1", "0", "1", "+1")
INDEX = re.compile(r"[_^](?:\{[^{}]*\}|\\?\w)")
APART = re.compile(r"(?<=\d)(?:\s|\{\}|\{,\}|\\[,;:! ])+(?=\d)")
"""What may stand between two digits that are read as one number."""
PANELS = re.compile(r"\]\((?P<url>figures/\w+\.svg)\)(?P<letters>[a-z](?:(?:-|, )[a-z])*)\b")
"""A link to a figure, and the letters of its panels that follow: d-f, h."""
IN_CAPTION, DRAWN = re.compile(r"(?<!\S)\(([a-z])\)"), re.compile(r"<!-- \(([a-z])\)")
"""A panel's letter in a caption, and in an SVG, where a comment repeats each text."""


@lru_cache(maxsize=8)
def syntax_tree(text: str) -> pf.Doc:
    """Return Pandoc's syntax tree of a paper, with a list of its `parts`; both are kept, and not to be changed."""
    tree = pf.load(io.StringIO(pypandoc.convert_text(text, "json", format=SOURCE)))
    tree.parts = elements(tree, pf.Element)  # walking takes a second
    return tree


def parts(tree: pf.Doc, *kinds: type) -> list[Any]:
    """Return the elements of some kinds of a paper."""
    return [part for part in tree.parts if isinstance(part, kinds)]


def elements(part: pf.Element, *kinds: type, stop_if: Callable[[pf.Element], bool] | None = None) -> list[Any]:
    """Return the elements of some kinds, but none inside of what `stop_if` is true of."""
    found: list[Any] = []

    def collect(element: pf.Element, _: pf.Doc) -> None:
        if isinstance(element, kinds):
            found.append(element)

    part.walk(collect, stop_if=stop_if)
    return found


def targets(tree: pf.Doc, kind: type) -> set[str]:
    """Return where all links, or all images, of a paper lead."""
    return {element.url for element in parts(tree, kind)}


def caption(tree: pf.Doc, url: str) -> str:
    """Return the caption of a paper's figure as plain text, empty where the paper does not show it."""
    for figure in parts(tree, pf.Figure):
        if elements(figure, pf.Image)[0].url == url:
            file = io.StringIO()
            pf.dump(pf.Doc(*figure.caption.content, api_version=tree.api_version), file)
            plain: str = pypandoc.convert_text(file.getvalue(), "plain", format="json", extra_args=["--wrap=none"])
            return plain.strip()
    return ""


def uncited_entries(tree: pf.Doc, bibliography: str) -> Iterator[str]:
    """Yield a finding for each entry of the bibliography, in BibTeX, that is never cited."""
    cited = {citation.id for citation in parts(tree, pf.Citation)}
    try:
        entries = json.loads(pypandoc.convert_text(bibliography, "csljson", format="bibtex"))
    except RuntimeError as error:
        _, _, reason = str(error).partition("conversion: ")
        yield f"references.bib: {' '.join(reason.split())}"
    else:
        for entry in entries:
            if entry["id"] not in cited:
                yield f"references.bib: {entry['id']} is never cited"


def raw_parts(tree: pf.Doc) -> Iterator[str]:
    """Yield a finding for each part that is neither Markdown nor a comment: it would go into one format unchecked."""
    for part in parts(tree, pf.RawInline, pf.RawBlock):
        if not COMMENT.fullmatch(part.text):
            yield f"paper.md: {part.text.strip()!r} is raw {part.format}: write it in Markdown"


def absent_panels(tree: pf.Doc, text: str, root: Path) -> Iterator[str]:
    """Yield a finding for each panel that a link to a figure or a caption names and the figure does not have."""
    named = [
        (image.url, letter) for image in parts(tree, pf.Image) for letter in IN_CAPTION.findall(pf.stringify(image))
    ]
    for link in PANELS.finditer(text):
        for first, _, last in (part.partition("-") for part in link["letters"].split(", ")):
            named += [(link["url"], chr(code)) for code in range(ord(first), ord(last or first) + 1)]
    files = [url for url in dict.fromkeys(url for url, _ in named) if (root / url).is_file()]
    drawn = {url: DRAWN.findall((root / url).read_text(encoding="utf-8")) for url in files}
    for url, letter in dict.fromkeys(named):
        if url in drawn and letter not in drawn[url]:
            yield f"paper.md: {url} has no panel ({letter})"


def odd_links(tree: pf.Doc, text: str) -> Iterator[str]:
    """Yield a finding for each link into results that Pandoc reads and `NUMBER_LINK` does not, or the converse."""
    into_results = filter(_leads_to_result, parts(tree, pf.Link))
    read = Counter((pf.stringify(link), link.url, link.title) for link in into_results)
    written = Counter(
        (link["text"], f"{RESULTS}/{link['name']}.json", link[0].rpartition(' "')[2][:-2])
        for link in NUMBER_LINK.finditer(text)
    )
    for shown, url, title in [*(read - written), *(written - read)]:
        yield (
            f'paper.md: [{shown}]({url} "{title}") is not one number link; each link into results is written '
            '[text](experiments/results/NAME.json "key:format")'
        )


def bare_numbers(tree: pf.Doc) -> Iterator[str]:
    """Yield a finding for each number of the title or a guarded section that stands bare, from Pandoc's syntax tree."""
    guarded, depth, heading, seen = False, 0, "", set()
    for text in _find_bare(tree.metadata):
        yield f"paper.md: in the title, {text!r} is a bare number: write it as a word"
    for block in tree.content:
        if isinstance(block, pf.Header) and (not guarded or block.level <= depth):
            guarded, depth, heading = block.identifier in GUARDED_SECTIONS, block.level, block.identifier
            seen.add(heading)
        if guarded:
            for text in _find_bare(block):
                yield f"paper.md: in section {heading!r}, {text!r} is a bare number: make it a link to a result"
    for section in GUARDED_SECTIONS:
        if section not in seen:
            yield f"paper.md: no section is called {section!r}; in it, no number may stand bare"


def _find_bare(part: pf.Element) -> Iterator[str]:
    """Yield each text of a part that is a bare number, or holds one."""
    for element in elements(part, pf.Str, pf.Math, pf.Code, pf.CodeBlock, stop_if=_is_checked_elsewhere):
        if isinstance(element, pf.Str):
            bare = any(c.isnumeric() for c in element.text)
        else:
            bare = _may_be_measured(element.text, isinstance(element, pf.Math))
        if bare:
            yield element.text


def _is_checked_elsewhere(element: pf.Element) -> bool:
    """Return whether an element is a citation, a number link, or an image that repeats its figure's caption."""
    repeats = isinstance(element, pf.Image) and isinstance(element.ancestor(2), pf.Figure)
    return repeats or isinstance(element, pf.Cite) or _leads_to_result(element)


def _may_be_measured(text: str, indices: bool) -> bool:
    """Return whether code or mathematics holds a number that may have been measured."""
    bare, whole = APART.sub("", INDEX.sub("", text) if indices else text), APART.sub("", text).strip()
    return (
        any(c.isnumeric() and not c.isascii() for c in text)
        or re.search(r"\d\s*\.\s*\d|\d\{?,\}?\d{3}", text) is not None
        or any(int(number) > LARGEST for number in re.findall(r"\d+", bare))
        or (re.fullmatch(r"[-+]?\d+", whole) is not None and whole not in LABELS)
    )


def _leads_to_result(element: pf.Element) -> bool:
    """Return whether an element is a link to a file of results."""
    return isinstance(element, pf.Link) and element.url.startswith(f"{RESULTS}/")
