"""The paper and the results: every number in the one is a link into the other.

A number is written `[0.93](experiments/results/spoilers.json "perceptron.separation_rate:.2f")`: text, file, key and,
after a colon, Python's format. Keys that begin with `declaration.` are settings, all others measured numbers.
"""

import fnmatch
import re
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

Records = Mapping[str, Mapping[str, Any]]


def lookup(tree: Any, key: str) -> list[Any]:
    """Return what stands at a dotted key of nested mappings; of its names, `a|b` is either, and `a*` all that match.

    Raises
    ------
    KeyError, TypeError
        Where nothing stands there.
    """
    found = [tree]
    for part in key.split("."):
        found = [node[name] for node in found for name in _names(node, part)]
    if not found:
        raise KeyError(key)
    return found


def _names(node: Mapping[str, Any], part: str) -> list[str]:
    """Return the names of a mapping that a part of a key stands for."""
    return [name for one in part.split("|") for name in (fnmatch.filter(node, one) if "*" in one else [one])]


def keys(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield the dotted keys of what nested mappings hold."""
    for name, node in tree.items():
        if isinstance(node, Mapping):
            yield from (f"{name}.{key}" for key in keys(node))
        else:
            yield name


def number_at(record: Mapping[str, Any], key: str) -> Any:
    """Return the one number, or setting, of a result that stands at a key.

    Raises
    ------
    KeyError, TypeError
        Where the result holds no such number, or several.
    """
    number, *more = lookup(record if key.startswith("declaration.") else record["numbers"], key)
    if more or isinstance(number, Mapping):
        raise KeyError(key)
    return number


def format_number(record: Mapping[str, Any], key: str, spec: str) -> str:
    """Return the number behind a key as the paper prints it.

    Raises
    ------
    KeyError, TypeError
        Where the result holds no such number.
    ValueError
        Where the format is none of `FORMAT`, or does not fit the number.
    """
    if not FORMAT.fullmatch(spec):
        raise ValueError(f"{spec!r} is none of the formats of a number, such as ',.2f', '.1%', 'g' or ','")
    number = number_at(record, key)
    if isinstance(number, bool):
        return "yes" if number else "no"
    if isinstance(number, str):
        return format(number, spec)
    mantissa, e, power = format(number, spec).partition("e")
    if e:
        mantissa = ("" if mantissa == "1" else mantissa + TIMES) + "10" + str(int(power)).translate(RAISED)
    return mantissa.replace("-", MINUS)


def refresh_numbers(text: str, records: Records) -> str:
    """Return the paper with the text of every number link that can be resolved brought up to date."""

    def refresh(link: re.Match[str]) -> str:
        try:
            value = format_number(records[link["name"]], link["key"], link["spec"])
        except (KeyError, TypeError, ValueError):
            return link[0]
        return link[0].replace(f"[{link['text']}]", f"[{value}]", 1)

    return NUMBER_LINK.sub(refresh, text)


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
            value = format_number(records[link["name"]], link["key"], link["spec"])
        except (KeyError, TypeError):
            yield f"{where}: [{link['text']}] cites `{link['key']}`, which {link['name']}.json does not hold"
        except ValueError as error:
            yield f"{where}: [{link['text']}] cites `{link['key']}` with a format that does not fit it: {error}"
        else:
            if value != link["text"]:
                yield f"{where}: [{link['text']}] is stale: `{link['key']}` is {value}; `study paper` refreshes it"
