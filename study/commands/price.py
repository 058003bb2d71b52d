"""`study price`."""

from pathlib import Path
from typing import TYPE_CHECKING

from study.checks import CheckFailed
from study.commands.input import NO_TABLE_OPTIONS, USUAL_UNIT, TableOptions, UnitOptions, read
from study.commands.output import check_folder, check_proof, drawing, progress, say, show, show_json, write_answer

if TYPE_CHECKING:
    from study.analysis.least_errors import LeastErrors
    from study.analysis.limits import Limit
    from study.analysis.separability import Separability
    from study.datasets.table import Table
    from study.law.prices import Prices


def price(
    file: Path | None = None,
    *,
    table_options: TableOptions = NO_TABLE_OPTIONS,
    unit_options: UnitOptions = USUAL_UNIT,
    rows: int = 20,
    out: Path | None = None,
    json: bool = False,
) -> None:
    """Say which of your own rows the unit gives up, at which limits, and what keeping each of them costs.

    Parameters
    ----------
    file
        Delimited text, compressed or not, each row a point; - is standard input.
    table_options
        How it is read.
    unit_options
        What is trained, and the limits at which to say what is given up, and at what weight it would be kept.
    rows
        How many of the dearest rows to list, with what the law says of them and the weights that keep them.
    out
        Folder to write price.svg, its caption in price.txt, price.json, and price.proofs.jsonl to.
    json
        Put one machine-readable object on stdout, in place of sentences.
    """
    from study.checks import count
    from study.report.price_text import sentences, to_json

    unit, limits = unit_options.unit()
    most_rows, standardised = count("rows", rows), table_options.standardise
    if out is not None:
        check_folder(out)
    name, table = read(file, table_options)
    decision, least, prices = answers(table, unit, limits, most_rows, standardised, None if json else name)
    answer = to_json(table, decision, least, prices, standardised=standardised)
    figure, fault = b"", ""
    if out is not None:
        from study.report.price_figure import draw  # matplotlib is slow to import

        figure, fault = drawing(draw, table, prices)
        proofs = [one.proof for one in least.sets or (decision,) if one.proof]
        write_answer(out, "price", answer, figure, proofs, "proofs.jsonl")
    if json:
        show_json(answer)
    else:
        show(sentences(table, least, prices, most_rows))
        if out is not None and figure:
            show(f"drawn to {out / 'price.svg'}: {answer['caption']}")
    if fault:
        raise CheckFailed(f"price.svg was not drawn: {fault}")


def answers(
    table: "Table",
    unit: "Limit",
    limits: tuple[float, ...],
    most_rows: int,
    standardised: bool,
    name: str | None,
) -> "tuple[Separability, LeastErrors, Prices]":
    """Return whether a table is separable, which is shown at once where it has a name, and the rest, with progress."""
    from study.analysis.least_errors import least_errors
    from study.analysis.limit_path import follow_path
    from study.analysis.separability import table_separability
    from study.datasets.table import standardise
    from study.law.prices import price_rows
    from study.report.comparison_text import separable_sentence, table_sentences

    points = standardise(table.points)[0] if standardised else table.points
    try:
        decision = table_separability(table)
        if name is not None:
            first = table_sentences(name, table, standardised)
            show("\n".join([*first, separable_sentence(table, decision)]))
        with progress("fits along the path", unit="fits") as advance:
            path = follow_path(points, unit, limits, advance=advance)
        least = least_errors(table, decision)
        for one in least.sets:
            check_proof(one.proof)
        with progress("weights that keep rows", unit="weights") as advance:
            prices = price_rows(points, decision, unit, path, limits, most_rows=most_rows, advance=advance)
        return decision, least, prices
    except KeyboardInterrupt:
        say("study: interrupted; nothing was written")
        raise SystemExit(130) from None
