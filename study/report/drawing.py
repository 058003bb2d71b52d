"""From sealed tables to figure files."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from study.report.provenance import read_record, read_tables
from study.sweeps.digest import code_digest

SEAL = b"<!-- SHA-256 of the lines above: "


def drawn_from(figure: ModuleType) -> tuple[str, ...]:
    """Return the experiments that a figure shows: its `DRAWN_FROM`, or the one that has the figure's name."""
    names: tuple[str, ...] = getattr(figure, "DRAWN_FROM", (figure.__name__.rpartition(".")[2],))
    return names


def figure_source(root: Path, results: Path, figure: ModuleType) -> str:
    """Return a line that names what a figure depends on: tables, code and the version of matplotlib.

    It stands in the SVG's metadata, so that a figure says itself whether it is stale.
    """
    (experiment,) = drawn_from(figure)
    read_tables(results, experiment)  # refuses what is not whole
    tables = read_record(results, experiment)["tables"]
    code = code_digest(root, figure.__name__, "study.report.style", "study.report.drawing")
    digest = hashlib.sha256(f"{tables} {code} {version('matplotlib')}".encode()).hexdigest()
    return f"experiments/results/{experiment}.json {digest}"


def is_current(svg: Path, source: str) -> bool:
    """Return whether an SVG is as it was drawn, and says that it depends on just what `source` names."""
    return is_sealed(svg) and source.encode() in svg.read_bytes()[:4096]


def is_sealed(svg: Path) -> bool:
    """Return whether an SVG ends with the SHA-256 of what stands above."""
    content, mark, _ = svg.read_bytes().rpartition(SEAL)
    return bool(mark) and seal(content) == svg.read_bytes()


def seal(svg: bytes) -> bytes:
    """Return an SVG with its SHA-256 as a last line, a comment."""
    return svg + SEAL + hashlib.sha256(svg).hexdigest().encode() + b" -->\n"


def is_page(root: Path, name: str) -> bool:
    """Return whether a figure is a page: its module has `page(tables) -> str`, and no `draw`."""
    return "\ndef page(" in (root / "figures" / f"{name}.py").read_text(encoding="utf-8")


def draw_page(figure: ModuleType, results: Path) -> bytes:
    """Return a page, made from the tables of the results that its module names."""
    text: str = figure.page({name: read_tables(results, name) for name in drawn_from(figure)})
    return text.encode()


def draw(figure: ModuleType, results: Path, file_format: str, source: str) -> bytes:
    """Return a figure, drawn from the tables of its experiment."""
    from study.report.style import render_figure, study_style  # matplotlib is slow to import, and often not needed

    (experiment,) = drawn_from(figure)
    tables = read_tables(results, experiment)
    with study_style():
        content = render_figure(figure.draw(tables), file_format, source)
    return seal(content) if file_format == "svg" else content
