"""A proof of something else than its row is found, though the checker accepts it and every seal fits."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from study.checks import CheckFailed
from study.commands.checkout import load_experiment
from study.report import proofs
from study.report.provenance import compare, read_tables, table_name
from tests.conftest import ROOT

RESULTS = ROOT / "experiments" / "results"
Tables = dict[str, pd.DataFrame]


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Tables], None]], list[str]]:
    """Return what is found in the tables of an experiment after a change, each proof counted as accepted."""

    def find(name: str, change: Callable[[Tables], None]) -> list[str]:
        tables = read_tables(RESULTS, name)
        change(tables)
        monkeypatch.setattr(proofs, "read_tables", lambda *_: dict(tables))
        monkeypatch.setattr(proofs, "check", lambda _: "accepted")
        return list(proofs.proof_problems(RESULTS, load_experiment(name)))

    return find


@pytest.mark.slow
@pytest.mark.parametrize("name", ["basins", "unique_minimum", "phase_diagram"])
def test_each_exchange_of_two_proofs_is_found(name: str, planted: Any) -> None:
    """Every proof is replaced by the next of the same claim, loss and bound: each row that it carries is named."""
    moved: list[int] = []

    def change(tables: Tables) -> None:
        lines = list(tables["certificates"]["certificate"])
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, line in enumerate(lines):
            proof = json.loads(line)
            kind = tuple(str(proof.get(field)) for field in ("kind", "claim", "loss", "weight_bound"))
            alike.setdefault(kind, []).append(place)
        new = list(lines)
        for places in alike.values():
            if len(places) > 1:
                moved.extend(places)
                for here, there in zip(places, [*places[1:], places[0]], strict=True):
                    new[here] = lines[there]
        tables["certificates"]["certificate"] = new

    found = "\n".join(planted(name, change))
    file = table_name(name, "certificates")
    assert len(moved) > 10
    assert [place for place in moved if f"{file}:{place + 1} is a proof of something else" not in found] == []


@pytest.mark.slow
def test_rows_that_their_proofs_do_not_bear_out_are_named(planted: Any) -> None:
    changes = [
        ("verdict", "undecided", "row 2, certificate: names certificate 0, and claims nothing that is proved"),
        ("certificate", -1, "row 3 names certificate -1, and "),
        ("certificate", 0, "phase_diagram.jsonl:1 is to be named by 1 rows, and is named by 2"),
        ("depth", 1.25, "row 5: certificates/phase_diagram.jsonl:4 is a proof of something else: its `X` is not "),
        ("n_base", 9.0, "row 6: certificates/phase_diagram.jsonl:5 is a proof of something else: its `weight` is not "),
        ("weight_bound", 3.0, "is a proof of something else: its `weight_bound` is not 3.0"),
    ]

    def change(tables: Tables) -> None:
        law = tables["law"]
        tables[""] = tables[""].astype(object)
        for row, (column, value, _) in enumerate(changes):
            tables[""].loc[row, column] = value
        law.loc[law.index[law["n_brackets"] > 0][0], "certificate_above"] = 7

    found = "\n".join(planted("phase_diagram", change))
    assert [message for *_, message in changes if message not in found] == []
    assert "phase_diagram.law.csv: row" in found


def test_a_recomputed_proof_about_other_points_is_named() -> None:
    """`study run` holds the proofs committed to those that it makes; their evidence may differ."""
    name = table_name("basins", "certificates")
    lines = (RESULTS / name).read_text().splitlines()
    first = json.loads(lines[0])
    assert compare(RESULTS, {name: (RESULTS / name).read_bytes()}) == "same bytes"
    near, far = ([[x * (1.0 + share) for x in row] for row in first["X"]] for share in (1e-8, 1e-4))
    changes: list[tuple[dict[str, Any], bool]] = [({"tree": "."}, False), ({"X": near}, False)]  # as another CPU does
    for change, refused in [*changes, ({"eps": 0.2}, True), ({"X": far}, True), ({"X": first["X"][::-1]}, True)]:
        new = "\n".join([json.dumps(first | change), *lines[1:]]).encode()
        files = {name: new, "basins.json": (RESULTS / "basins.json").read_bytes()}
        if refused:
            with pytest.raises(CheckFailed, match=r"basins.jsonl:1: the proof committed is not about what"):
                compare(RESULTS, files)
        else:
            assert compare(RESULTS, files) == "within tolerance (other CPU)"
