"""`study bench`."""

from study.commands.checkout import checkout, results
from study.commands.output import show, show_json


def bench(*, json: bool = False) -> None:
    """Time our rules against their peers, answers compared first, and write experiments/results/bench.csv.

    Parameters
    ----------
    json
        Put one machine-readable object on stdout, in place of the table.
    """
    from study.commands.run import run_all
    from study.report.provenance import read_record, read_tables

    root = checkout()
    run_all(["bench"])
    if json:
        show_json(read_record(results(root), "bench")["numbers"])
    else:
        table = read_tables(results(root), "bench")[""]
        shown = [name for name in table.columns if not name.endswith(("_least", "_most"))]
        show(table[shown].to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}"))
