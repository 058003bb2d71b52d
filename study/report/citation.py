"""How to cite the study, a figure or a number: what it says, where it stands, data, digests and BibTeX."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from study.report import syntax
from study.report.numbers import NUMBER_LINK, RESULTS, number_at
from study.report.provenance import read_record

LICENCE = "CC BY 4.0"
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n\n|\|")


def cite_figure(root: Path, results: Path, figure: Path, data: Sequence[str], caption: str = "") -> str:
    """Return how to cite a figure.

    Parameters
    ----------
    root : Path
        The checkout.
    results : Path
        The folder of results.
    figure : Path
        The figure's file, inside the checkout.
    data : sequence of str
        The experiments that it is drawn from.
    caption : str, optional
        Its caption; by default the one in the paper.
    """
    path = figure.relative_to(root).as_posix()
    text = caption or syntax.caption(syntax.syntax_tree((root / "paper.md").read_text(encoding="utf-8")), path)
    records = {name: read_record(results, name) for name in data}
    tables = [f"{RESULTS}/{table}" for record in records.values() for table in record["tables"]]
    digest = hashlib.sha256(figure.read_bytes()).hexdigest()
    return (
        f"{text or records[data[0]]['question']}\n\n"
        f"figure:  {path}\n"
        f"data:    {', '.join(tables)}\n"
        f"{_seals(records)}"
        f"SHA-256: {digest}\n"
        f"licence: {LICENCE}\n\n"
        f"{_bibtex(root, figure.stem, f'{path}, SHA-256 {digest[:16]}, {LICENCE}')}"
    )


def cite_number(root: Path, results: Path, name: str, key: str) -> str:
    """Return how to cite a number: its value, the first sentence of the paper that cites it, and where it stands.

    Raises
    ------
    KeyError, TypeError
        Where the result holds no such number.
    """
    record = read_record(results, name)
    value = number_at(record, key)
    paper = (root / "paper.md").read_text(encoding="utf-8")
    links = (link for link in NUMBER_LINK.finditer(paper) if (link["name"], link["key"]) == (name, key))
    link = next(links, None)
    note = f"{RESULTS}/{name}.json, {key}, seal {record['seal'][:16]}, {LICENCE}"
    said = f"paper:   {_sentence(paper, link.start(), link.end())}\n" if link else "paper:   not cited there\n"
    return (
        f"value:   {value}\n{said}"
        f"file:    {RESULTS}/{name}.json\n"
        f"key:     {key}\n"
        f"{_seals({name: record})}"
        f"licence: {LICENCE}\n\n"
        f"{_bibtex(root, f'{name}_number', note)}"
    )


def cite_study(root: Path, what: str, commit: str) -> str:
    """Return how to cite the paper or the code, at a commit."""
    licence = "MIT" if what == "code" else LICENCE
    return _bibtex(root, what, f"{what}, commit {commit[:12]}, {licence}")


def _sentence(paper: str, start: int, end: int) -> str:
    """Return the sentence of the paper around a place, with numbers as text."""
    begins = [found.end() for found in SENTENCE_END.finditer(paper, 0, start)]
    stop = SENTENCE_END.search(paper, end)
    sentence = paper[begins[-1] if begins else 0 : stop.start() if stop else len(paper)]
    return " ".join(NUMBER_LINK.sub(lambda link: link["text"], sentence).split())


def _seals(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a line for the seal of each result."""
    return "".join(f"seal:    {RESULTS}/{name}.json {record['seal']}\n" for name, record in records.items())


def _bibtex(root: Path, name: str, note: str) -> str:
    """Return an entry for BibTeX, with what CITATION.cff says of the study."""
    study = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    return (
        f"@misc{{ignored_spoiler_{name},\n"
        f"  author  = {{{{{study['authors'][0]['name']}}}}},\n"
        f"  title   = {{{{{study['title']}}}}},\n"
        f"  year    = {{{str(study['date-released'])[:4]}}},\n"
        f"  version = {{{study['version']}}},\n"
        f"  note    = {{{note.replace('_', chr(92) + '_')}}},\n"
        "}\n"
    )
