"""`study bench`."""

import importlib
from typing import TYPE_CHECKING

from study.commands.checkout import build, checkout, results
from study.commands.output import say, show, show_json

if TYPE_CHECKING:
    import pandas as pd


def bench(*, peers: bool = False, commit: bool = False, json: bool = False) -> None:
    """Time our rules against their peers, answers compared first, and write build/results/bench.csv.

    Parameters
    ----------
    peers
        First build the environments of those peers that the study's own does not hold, in build/peers: three gigabytes,
        some minutes, once.
    commit
        Write experiments/results/bench.csv, in place of the times that the paper cites.
    json
        Put one machine-readable object on stdout, in place of the table.
    """
    from study.commands.run import run_all
    from study.report.provenance import read_record, read_tables

    root = checkout()
    if peers:
        build_peers()
    run_all(["bench"], commit=commit)
    folder = results(root) if commit else build(root) / "results"
    table = read_tables(folder, "bench")[""]
    say_what_is_left_out(table)
    if json:
        show_json(read_record(folder, "bench")["numbers"])
    else:
        shown = [name for name in table.columns if not name.endswith(("_least", "_most"))]
        show(table[shown].to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}"))


def build_peers() -> None:
    """Build the environments of the peers; one that cannot be built is named, and the others are built."""
    environments = importlib.import_module("experiments._environments")
    for name in environments.environments():
        if environments.is_built(name):
            continue
        say(f"bench: build/peers/{name} is built from experiments/peers/{name}.txt")
        try:
            environments.build(name)
        except environments.Unavailable as why:
            say(f"bench: build/peers/{name} cannot be built, and its peers are left out: {why}")


def say_what_is_left_out(table: "pd.DataFrame") -> None:
    """Name the peers that gave no answer, in a line for each reason."""
    if "why" in table:
        for why, rows in table[table["peer_us"].isna()].groupby("why"):
            say(f"bench: left out: {', '.join(dict.fromkeys(rows['peer']))} ({why})")
