"""The proofs of a result, checked again, beside the rows that rest on them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from study.certificates.checker import check
from study.certificates.reading import Refused
from study.report.provenance import read_tables, table_name
from study.sweeps.experiment import CERTIFICATES

FIELDS = {"verdict": "claim", "loss": "loss", "weight_bound": "weight_bound"}
"""A row's column, and the field of its certificate that says the same."""


def proof_problems(folder: Path, name: str) -> Iterator[str]:
    """Yield a line for each proof that the checker refuses, and for each row that its certificate does not bear out.

    A table's column `certificate` holds the place, counted from zero, of the row's certificate.
    """
    tables = read_tables(folder, name)
    file, certificates = table_name(name, CERTIFICATES), tables.pop(CERTIFICATES, None)
    lines = [] if certificates is None else list(certificates["certificate"])
    for number, line in enumerate(lines, 1):
        try:
            check(line)
        except Refused as refusal:
            yield f"{file}:{number}: refused: {refusal}"
            return  # what rests on it need not be said
    for part, table in tables.items():
        if "certificate" in table:
            yield from _row_problems(table_name(name, part), table, file, [json.loads(line) for line in lines])


def _row_problems(where: str, table: pd.DataFrame, file: str, proofs: list[dict[str, object]]) -> Iterator[str]:
    for number, row in enumerate(table.to_dict("records"), 2):
        place = int(row["certificate"])
        if not 0 <= place < len(proofs):
            yield f"{where}: row {number} names certificate {place}, and {file} has {len(proofs)}"
            continue
        for column, field in FIELDS.items():
            proved = proofs[place].get(field)
            if row.get(column, proved) != proved:
                yield f"{where}: row {number}, {column}: {row[column]}, but {file}:{place + 1} is a proof for {proved}"
