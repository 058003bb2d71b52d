"""The paper and the results: every number in the one is a link into the other.

A number is written `[0.93](experiments/results/spoilers.json "perceptron.separation_rate:.2f")`: text, file, key and,
after a colon, Python's format. Keys that begin with `declaration.` are settings, all others measured numbers.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

RESULTS = "experiments/results"
NUMBER_LINK = re.compile(
    r'\[(?P<text>[^][]*)\]\(experiments/results/(?P<name>\w+)\.json "(?P<key>[^":]+):?(?P<spec>[^"]*)"\)'
)
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FORMAT = re.compile(r"\+?,?(?:\.(?:\d|10)[fe%]|g)?")
"""The formats that a number link may have: sign, commas, a count of places; none that pads, cuts or hides digits."""
GUARDED_SECTIONS = ("abstract", "results")
"""In these sections every digit stands inside a number link, a citation, code or mathematics.

Code and mathematics hold no decimal number, and no whole number above `LARGEST` but in an index or exponent; a number
alone they are only where it is a label.
"""
LARGEST = 20
LABELS = ("-1", "0", "1", "+1")
INDEX = re.compile(r"[_^](?:\{[^{}]*\}|\\?\w)")
APART = re.compile(r"(?<=\d)(?:\s|\{\}|\{,\}|\\[,;:! ])+(?=\d)")
"""What may stand between two digits that are read as one number."""

Records = Mapping[str, Mapping[str, Any]]


def formatted(record: Mapping[str, Any], key: str, spec: str) -> str:
    """Return the number behind a key as the paper prints it.

    Raises
    ------
    KeyError
        Where the result holds no such number.
    ValueError
        Where the format is none of `FORMAT`, or does not fit the number.
    """
    if not FORMAT.fullmatch(spec):
        raise ValueError(f"{spec!r} is none of the formats of a number, such as ',.2f', '.1%', 'g' or ','")
    tree: Any = record if key.startswith("declaration.") else record["numbers"]
    for part in key.split("."):
        tree = tree[part]
    if isinstance(tree, Mapping):
        raise KeyError(key)
    if isinstance(tree, bool):
        return "yes" if tree else "no"
    mantissa, e, power = format(tree, spec).partition("e")
    if e:
        mantissa = ("" if mantissa == "1" else mantissa + TIMES) + "10" + str(int(power)).translate(RAISED)
    return mantissa.replace("-", MINUS)


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


def odd_links(document: Mapping[str, Any], text: str) -> Iterator[str]:
    """Yield a finding for each link into results that Pandoc reads and `NUMBER_LINK` does not, or the converse."""
    read = Counter((said, url, title) for kind, said, url, title in links(document["blocks"]) if _is_result(url))
    written = Counter(
        (link["text"], f"{RESULTS}/{link['name']}.json", link[0].rpartition(' "')[2][:-2])
        for link in NUMBER_LINK.finditer(text)
    )
    for said, url, title in [*(read - written), *(written - read)]:
        yield (
            f'paper.md: [{said}]({url} "{title}") is not one number link; each link into results is written '
            '[text](experiments/results/NAME.json "key:format")'
        )


def bare_numbers(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a finding for each number of the title or a guarded section that stands bare, from Pandoc's syntax tree."""
    guarded, depth, heading, seen = False, 0, "", set()
    for text in _unguarded(list(document["meta"].values())):
        yield f"paper.md: in the title, {text!r} is a bare number: write it as a word"
    for block in document["blocks"]:
        if block["t"] == "Header":
            level, (identifier, *_), _ = block["c"]
            if not guarded or level <= depth:
                guarded, depth, heading = identifier in GUARDED_SECTIONS, level, identifier
                seen.add(identifier)
        if guarded:
            for text in _unguarded(block):
                yield f"paper.md: in section {heading!r}, {text!r} is a bare number: make it a link to a result"
    for section in GUARDED_SECTIONS:
        if section not in seen:
            yield f"paper.md: no section is called {section!r}; in it, no number may stand bare"


def _unguarded(node: Any) -> Iterator[str]:
    match node:
        case {"t": "Str", "c": str(text)} if any(c.isnumeric() for c in text):
            yield text
        case {"t": "Math" | "Code" | "CodeBlock" as kind, "c": [_, str(text)]} if _measured(text, kind == "Math"):
            yield text
        case {"t": "Link", "c": [_, _, [str(url), _]]} if _is_result(url):
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


def _measured(text: str, indices: bool) -> bool:
    """Return whether code or mathematics holds a number that may have been measured."""
    bare, whole = APART.sub("", INDEX.sub("", text) if indices else text), APART.sub("", text).strip()
    return (
        any(c.isnumeric() and not c.isascii() for c in text)
        or re.search(r"\d\s*\.\s*\d|\d\{?,\}?\d{3}", text) is not None
        or any(int(number) > LARGEST for number in re.findall(r"\d+", bare))
        or (re.fullmatch(r"[-+]?\d+", whole) is not None and whole not in LABELS)
    )


def _is_result(url: str) -> bool:
    return url.startswith(f"{RESULTS}/")


def links(node: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind ("Link" or "Image"), text, target and title of every link and image of Pandoc's syntax tree."""
    match node:
        case {"t": "Link" | "Image" as kind, "c": [_, text, [str(url), str(title)]]}:
            yield kind, "".join(words(text)), url, title
            yield from links(text)
        case {"c": content}:
            yield from links(content)
        case [*items]:
            for item in items:
                yield from links(item)


def words(node: Any) -> Iterator[str]:
    """Yield the words of a part of Pandoc's syntax tree."""
    match node:
        case {"t": "Space" | "SoftBreak" | "LineBreak"}:
            yield " "
        case {"t": "Str", "c": str(text)} | {"c": [_, str(text)]}:
            yield text
        case {"c": content}:
            yield from words(content)
        case [*items]:
            for item in items:
                yield from words(item)
