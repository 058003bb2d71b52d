"""The paper and the results: every number in the one is a link into the other.

A number is written `[0.93](experiments/results/spoilers.json "perceptron.separation_rate:.2f")`: text, file, key and,
after a colon, Python's format. Keys that begin with `declaration.` are settings, all others measured numbers.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

RESULTS = "experiments/results"
NUMBER_LINK = re.compile(
    r'\[(?P<text>[^][]*)\]\(experiments/results/(?P<name>\w+)\.json "(?P<key>[^":]+):?(?P<spec>[^"]*)"\)'
)
MINUS = "\N{MINUS SIGN}"
GUARDED_SECTIONS = ("abstract", "results")
"""In these sections every digit stands inside a number link, code, a citation or mathematics."""

Records = Mapping[str, Mapping[str, Any]]


def formatted(record: Mapping[str, Any], key: str, spec: str) -> str:
    """Return the number behind a key as the paper prints it.

    Raises
    ------
    KeyError
        Where the result holds no such number.
    ValueError
        Where the format does not fit the number.
    """
    tree: Any = record if key.startswith("declaration.") else record["numbers"]
    for part in key.split("."):
        tree = tree[part]
    if isinstance(tree, Mapping):
        raise KeyError(key)
    if isinstance(tree, bool):
        return "yes" if tree else "no"
    return format(tree, spec).replace("-", MINUS)


def refreshed(text: str, records: Records) -> str:
    """Return the paper with the text of every number link that can be resolved brought up to date."""

    def number(link: re.Match[str]) -> str:
        try:
            value = formatted(records[link["name"]], link["key"], link["spec"])
        except (KeyError, TypeError, ValueError):
            return link[0]
        return link[0].replace(f"[{link['text']}]", f"[{value}]", 1)

    return NUMBER_LINK.sub(number, text)


def stale_numbers(text: str, records: Records, broken: Collection[str] = ()) -> Iterator[str]:
    """Yield a finding for each number link that is stale or leads to no number, but for results in `broken`."""
    for link in NUMBER_LINK.finditer(text):
        where = f"paper.md:{text.count(chr(10), 0, link.start()) + 1}"
        if link["name"] in broken:
            continue
        if link["name"] not in records:
            yield f"{where}: [{link['text']}] cites {RESULTS}/{link['name']}.json, which is not a result"
            continue
        try:
            value = formatted(records[link["name"]], link["key"], link["spec"])
        except (KeyError, TypeError):
            yield f"{where}: [{link['text']}] cites `{link['key']}`, which {link['name']}.json does not hold"
        except ValueError as error:
            yield f"{where}: [{link['text']}] cites `{link['key']}` with a format that does not fit it: {error}"
        else:
            if value != link["text"]:
                yield f"{where}: [{link['text']}] is stale: `{link['key']}` is {value}; `study paper` refreshes it"


def bare_numbers(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a finding for each digit of a guarded section that stands bare, from Pandoc's syntax tree.

    Mathematics may hold whole numbers (exponents, indices) but no decimal ones.
    """
    guarded, depth, heading = False, 0, ""
    for block in document["blocks"]:
        if block["t"] == "Header":
            level, (identifier, *_), _ = block["c"]
            if not guarded or level <= depth:
                guarded, depth, heading = identifier in GUARDED_SECTIONS, level, identifier
        if guarded:
            for text in _unguarded(block):
                yield f"paper.md: in section {heading!r}, {text!r} is a bare number: make it a link to a result"


def _unguarded(node: Any) -> Iterator[str]:
    match node:
        case {"t": "Str", "c": str(text)} if any(c.isdigit() for c in text):
            yield text
        case {"t": "Math", "c": [_, str(text)]} if re.search(r"\d\s*\.\s*\d|\d\{?,\}?\d{3}", text):
            yield text
        case {"t": "Link", "c": [_, _, [str(url), _]]} if url.startswith(f"{RESULTS}/"):
            pass  # a number link, checked as such
        case {"t": "Figure", "c": [_, caption, _]}:  # the image inside repeats the caption
            yield from _unguarded(caption)
        case {"t": "Code" | "CodeBlock" | "Cite" | "Math" | "RawInline" | "RawBlock"}:
            pass
        case {"c": content}:
            yield from _unguarded(content)
        case [*items]:
            for item in items:
                yield from _unguarded(item)


def links(node: Any) -> Iterator[tuple[str, str]]:
    """Yield kind ("Link" or "Image") and target of every link and image of Pandoc's syntax tree."""
    match node:
        case {"t": "Link" | "Image" as kind, "c": [_, text, [str(url), _]]}:
            yield kind, url
            yield from links(text)
        case {"c": content}:
            yield from links(content)
        case [*items]:
            for item in items:
                yield from links(item)
