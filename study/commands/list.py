"""`study list`."""

from study.checks import CheckFailed
from study.commands.checkout import checkout, load_experiment, results, select
from study.commands.output import show, show_json


def list_experiments(*, json: bool = False) -> None:
    """List every experiment: its question, cells and resamples, and whether its results are fresh or stale.

    Parameters
    ----------
    json
        Put one machine-readable object on stdout.
    """
    from study.report.provenance import read_record, read_tables
    from study.sweeps.runner import experiment_digest

    root = checkout()
    rows = []
    for name in select("experiments"):
        experiment = load_experiment(name)
        try:
            read_tables(results(root), name)
            fresh = read_record(results(root), name)["digest"] == experiment_digest(experiment, root)
            state: str = experiment.kind if experiment.kind != "repeatable" else "fresh" if fresh else "stale"
        except CheckFailed:
            state = "missing or altered"
        row = {"name": name, "question": experiment.question, "cells": len(experiment.cells)}
        rows.append({**row, "resamples": experiment.resamples, "state": state})
    if json:
        show_json({"experiments": rows})
    else:
        for row in rows:
            show(f"{row['name']}  ({row['cells']} cells, up to {row['resamples']:,} resamples, {row['state']})")
            show(f"    {row['question']}")
