"""`study figures`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from study.commands.checkout import build, checkout, load_figure, results, select
from study.commands.output import say, view


def figures(
    *names: str,
    open: bool = False,  # noqa: A002
    format: Literal["svg", "png", "pdf"] = "svg",  # noqa: A002
    out: Path | None = None,
) -> None:
    """Draw figures from the tables: figures/NAME.svg, or another format beside them in build/figures.

    Parameters
    ----------
    names
        Figures to draw; all of them by default.
    open
        Open each figure afterwards.
    format
        Format of the files.
    out
        Folder to write to, in place of figures/ (svg) or build/figures/ (png, pdf).
    """
    root = checkout()
    chosen_names = select("figures", names)
    folder = out or (root / "figures" if format == "svg" else build(root) / "figures")
    for path in draw_all(chosen_names, root, results(root), folder, format):
        if open:
            view(path)


def draw_all(names: Sequence[str], root: Path, tables: Path, folder: Path, file_format: str = "svg") -> list[Path]:
    """Draw figures that are absent or stale and return their files; the work behind `figures` and `reproduce`."""
    from study.report.drawing import draw, draw_page, figure_source, is_current, is_page
    from study.sweeps.store import write_file

    paths = []
    for name in names:
        figure, page = load_figure(name), is_page(root, name)
        path = folder / (f"{name}.html" if page else f"{name}.{file_format}")
        paths.append(path)
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        if page:
            content = draw_page(figure, tables)
            current = path.is_file() and path.read_bytes() == content
        else:
            source = figure_source(root, tables, figure)
            current = file_format == "svg" and path.is_file() and is_current(path, source)
            content = b"" if current else draw(figure, tables, file_format, source)
        if not current:
            write_file(path, content)
        say(f"{name}: {shown} is up to date" if current else f"{name}: drawn to {shown}")
    return paths
