"""`study bench`."""

from study.commands.checkout import build, checkout, results
from study.commands.output import show, show_json


def bench(*, commit: bool = False, json: bool = False) -> None:
    """Time our rules against their peers, answers compared first, and write build/results/bench.csv.

    Parameters
    ----------
    commit
        Write experiments/results/bench.csv, in place of the times that the paper cites.
    json
        Put one machine-readable object on stdout, in place of the table.
    """
    from study.commands.run import run_all
    from study.report.provenance import read_record, read_tables

    root = checkout()
    run_all(["bench"], commit=commit)
    folder = results(root) if commit else build(root) / "results"
    if json:
        show_json(read_record(folder, "bench")["numbers"])
    else:
        table = read_tables(folder, "bench")[""]
        shown = [name for name in table.columns if not name.endswith(("_least", "_most"))]
        show(table[shown].to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}"))
