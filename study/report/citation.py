"""How to cite a figure: caption, path, data, digests and BibTeX, ready to be pasted."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import yaml

from study.report.provenance import read_record
from study.report.syntax import captions, syntax_tree

LICENCE = "CC BY 4.0"


def citation(root: Path, results: Path, figure: Path, data: Sequence[str], caption: str | None = None) -> str:
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
        Its caption; by default the one that the paper has.
    """
    path = figure.relative_to(root).as_posix()
    text = caption or captions(syntax_tree((root / "paper.md").read_text(encoding="utf-8"))).get(path, "")
    records = {name: read_record(results, name) for name in data}
    seals = [f"experiments/results/{name}.json {record['seal']}" for name, record in records.items()]
    tables = [f"experiments/results/{table}" for record in records.values() for table in record["tables"]]
    digest = hashlib.sha256(figure.read_bytes()).hexdigest()
    return (
        f"{text or records[data[0]]['question']}\n\n"
        f"figure:  {path}\n"
        f"data:    {', '.join(tables)}\n"
        f"seal:    {f'{chr(10)}         '.join(seals)}\n"
        f"SHA-256: {digest}\n"
        f"licence: {LICENCE}\n\n"
        f"{bibtex(root, path, digest)}"
    )


def bibtex(root: Path, path: str, digest: str) -> str:
    """Return a BibTeX entry for a figure, with what CITATION.cff says of the study."""
    study = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    return (
        f"@misc{{ignored_spoiler_{Path(path).stem},\n"
        f"  author  = {{{{{study['authors'][0]['name']}}}}},\n"
        f"  title   = {{{{{study['title']}}}}},\n"
        f"  year    = {{{str(study['date-released'])[:4]}}},\n"
        f"  version = {{{study['version']}}},\n"
        f"  note    = {{{path.replace('_', chr(92) + '_')}, SHA-256 {digest[:16]}, {LICENCE}}},\n"
        "}\n"
    )
