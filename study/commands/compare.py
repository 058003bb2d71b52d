"""`study compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

from study.checks import CheckFailed
from study.commands.input import NO_TABLE_OPTIONS, USUAL_UNIT, TableOptions, UnitOptions, read
from study.commands.output import (
    WRITABLE,
    check_folder,
    drawing,
    progress,
    say,
    show,
    show_json,
    view,
    write_answer,
    writing,
)

if TYPE_CHECKING:
    from study.analysis.comparison import Comparison, Settings
    from study.datasets.table import Table


def compare(
    file: Path | None = None,
    *,
    table_options: TableOptions = NO_TABLE_OPTIONS,
    unit_options: UnitOptions = USUAL_UNIT,
    max_updates: int = 1_000_000,
    max_passes: int | None = None,
    out: Path | None = None,
    json: bool = False,
    open: bool = False,  # noqa: A002
) -> None:
    """Say whether your own points are separable, what both rules make of them, and which rows are the spoilers.

    Parameters
    ----------
    file
        Delimited text, compressed or not, each row a point; - is standard input.
    table_options
        How it is read.
    unit_options
        What is trained beside the perceptron.
    max_updates
        Budget of the perceptron's updates.
    max_passes
        Budget of the perceptron's passes; by default what takes about twenty seconds, and at least a thousand.
    out
        Folder to write compare.svg (of the first limit), its caption in compare.txt, compare.json, and
        compare.proof.json to.
    json
        Put one machine-readable object on stdout, in place of sentences.
    open
        Open a page on which to drag these points: compare.html in `out`, or else in a temporary folder.
    """
    from study.analysis.comparison import Settings
    from study.checks import count
    from study.report.comparison_text import further_sentences, to_json

    unit, limits = unit_options.unit()
    settings = Settings(
        unit=unit,
        limits=limits,
        standardise=table_options.standardise,
        max_updates=count("max_updates", max_updates),
        max_passes=None if max_passes is None else count("max_passes", max_passes),
    )
    if out is not None:
        check_folder(out)
    name, table = read(file, table_options)
    comparison = answers(table, settings, None if json else name)
    answer = to_json(comparison)
    figure, fault = b"", ""
    if out is not None:
        from study.report.comparison_figure import draw  # matplotlib is slow to import

        figure, fault = drawing(draw, comparison)
        proof = comparison.separability.proof
        write_answer(out, "compare", answer, figure, [proof] if proof else [])
    if json:
        show_json(answer)
    else:
        show(further_sentences(comparison))
        if out is not None and figure:
            one = f", of {settings.first}" if len(limits) > 1 else ""
            show(f"drawn to {out / 'compare.svg'}{one}: {answer['caption']}")
    if open:
        open_page(name, table, table_options.label_column, settings, out)
    if out is not None and fault:
        raise CheckFailed(f"compare.svg was not drawn: {fault}")


def open_page(name: str, table: "Table", label: str, settings: "Settings", out: Path | None) -> None:
    """Write the interactive page with the points of a table inside, open it, and say where it is."""
    from tempfile import mkdtemp

    from study.report.explore_page import MOST_ROWS, page_of_table
    from study.sweeps.store import write_file

    folder = Path(mkdtemp(prefix="study-")) if out is None else out
    page = page_of_table(name, label, table, settings.unit, settings.limits[0], settings.standardise)
    with writing(WRITABLE, folder):
        write_file(folder / "compare.html", page.encode())
    if len(table.rows) > MOST_ROWS:
        say(f"the page holds {MOST_ROWS:,} of {len(table.rows):,} rows, an even choice of each class")
    view(folder / "compare.html")


def answers(table: "Table", settings: "Settings", name: str | None) -> "Comparison":
    """Return all answers, with progress; the first are shown as soon as they are known where the table has a name."""
    from study.analysis.comparison import compare, examine
    from study.report.comparison_text import first_sentences

    so_far = ""
    try:
        with progress("perceptron", unit="updates") as advance:
            comparison = compare(table, settings, advance)
        if name is not None:
            show(first_sentences(name, comparison))
            so_far = " after the first answers"
        with progress("rows left out one at a time", unit="fits") as advance:
            return examine(comparison, advance)
    except KeyboardInterrupt:
        say(f"study: interrupted{so_far}; nothing was written")
        raise SystemExit(130) from None
