"""The proofs of a result, checked again, and held to what the rows that name them mean."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from study.certificates.checker import check
from study.certificates.reading import Refused
from study.report.provenance import is_same, read_tables, table_name
from study.sweeps.experiment import CERTIFICATES, Experiment

Proof = Mapping[str, Any]


def proof_problems(folder: Path, experiment: Experiment) -> Iterator[str]:
    """Yield a line for each proof that the checker refuses, or that is not a proof of what its row means.

    What a row means is rebuilt from the row by the experiment: points, weights, loss, eps, bound and claim. A proof
    that lists points is named by one row for each, and every other proof by one row.
    """
    name = experiment.name
    tables = read_tables(folder, name)
    file, certificates = table_name(name, CERTIFICATES), tables.pop(CERTIFICATES, None)
    lines = [] if certificates is None else list(certificates["certificate"])
    for number, line in enumerate(lines, 1):
        try:
            check(line)
        except Refused as refusal:
            yield f"{file}:{number}: refused: {refusal}"
            return  # what rests on it need not be said
    proofs = [json.loads(line) for line in lines]
    named: Counter[int] = Counter()
    for part, table in tables.items():
        columns = [column for column in table if column.startswith("certificate")]
        named.update(int(place) for column in columns for place in table[column])
        if columns:
            yield from _row_problems(experiment, part, table, columns, file, proofs)
    for place, proof in enumerate(proofs):
        rows = len(proof.get("points", [0]))
        if named[place] != rows:
            yield f"{file}:{place + 1} is to be named by {rows} rows, and is named by {named[place]}"


def _row_problems(
    experiment: Experiment, part: str, table: pd.DataFrame, columns: list[str], file: str, proofs: list[Proof]
) -> Iterator[str]:
    for number, row in enumerate(table.to_dict("records"), 2):
        where = f"{table_name(experiment.name, part)}: row {number}"
        stated = experiment.statements[part](row)
        for column in columns:
            place = int(row[column])
            if column not in stated:
                if place != -1:
                    yield f"{where}, {column}: names certificate {place}, and claims nothing that is proved"
            elif not 0 <= place < len(proofs):
                yield f"{where} names certificate {place}, and {file} has {len(proofs)}"
            else:
                for field, value in stated[column].items():
                    if not _states(proofs[place], field, value):
                        yield f"{where}: {file}:{place + 1} is a proof of something else: its `{field}` is not {value}"
                        break


def _states(proof: Proof, field: str, value: Any) -> bool:
    """Return whether a field of a proof has a value; of listed points one must have all of the value's fields."""
    if field == "points":
        return any(all(is_same(point.get(k), v) for k, v in value.items()) for point in proof.get("points", []))
    return is_same(proof.get(field), value)
