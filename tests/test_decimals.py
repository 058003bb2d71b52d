"""What is said of a table is about the decimals in the file: by both commands, in any unit, and in the proof."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from flint import fmpq

from study.analysis.comparison import Settings
from study.analysis.comparison import compare as compare_rules
from study.analysis.limits import WeightBound
from study.analysis.separability import Separability, lost_samples, separability
from study.certificates.checker import check
from study.commands.certify import certify
from study.commands.compare import compare
from study.commands.input import LossOptions, TableOptions
from study.datasets.exact import as_exact, written_column
from study.datasets.table import read_table
from study.report.comparison_text import first_sentences, to_json

FOUR = "p,q,class\n.1,.9,a\n.2,.8,b\n.3,.7,a\n.4,.6,b\n"


def proved_about(text: str, proof: str) -> bool:
    """Return whether the points are separable, having checked the proof in plain fractions of the decimals."""
    _, *rows = csv.reader(io.StringIO(text))
    larger = max(row[-1] for row in rows)
    points = {(*map(Fraction, row[:-1]), 1 if row[-1] == larger else -1) for row in rows}
    claim = json.loads(proof)
    held = [(*map(Fraction, x), sign) for x, sign in zip(claim["X"], claim["y"], strict=True)]
    Z = [[sign * v for v in (*x, 1)] for *x, sign in held]
    if claim["claim"] == "separable":
        w = [Fraction(v) for v in claim["evidence"]]
        assert set(held) == points
        assert all(sum(a * b for a, b in zip(w, z, strict=True)) > 0 for z in Z)
    else:
        multipliers = [(Z[i], Fraction(v)) for i, v in claim["evidence"]]
        assert set(held) <= points
        assert multipliers
        assert all(v > 0 for _, v in multipliers)
        assert not any(sum(v * z[j] for z, v in multipliers) for j in range(len(Z[0])))
    return bool(claim["claim"] == "separable")


def decide(text: str) -> Separability:
    table = read_table(text, "class")
    answer = separability(table.exact, table.points.y)
    assert check(answer.proof).endswith("are separable" if answer.separable else "are not separable")
    assert proved_about(text, answer.proof) == answer.separable
    return answer


def as_text(columns: list[list[str]], labels: list[str]) -> str:
    names = [*(f"x{j}" for j in range(len(columns))), "class"]
    return "\n".join(map(",".join, [names, *zip(*columns, labels, strict=True)])) + "\n"


def decimal(whole: int, places: int) -> str:
    return f"{'-' * (whole < 0)}{abs(whole) // 10**places}.{abs(whole) % 10**places:0{places}}"


@pytest.mark.parametrize("units", [(1, 1), (1000, 1), (254, 3)])
@pytest.mark.parametrize("alternate", [True, False], ids=["alternating", "in two halves"])
def test_points_on_a_line_are_decided_in_whole_numbers(units: tuple[int, int], *, alternate: bool) -> None:
    """The floats of such points are off the line, and half of the alternating ones are separable."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        total, places = int(rng.integers(50, 3000)), int(rng.integers(1, 5))
        p = np.sort(rng.choice(np.arange(1, total), 6, replace=False)).tolist()
        columns = [[unit * v for v in column] for unit, column in zip(units, (p, [total - v for v in p]), strict=True)]
        labels = list("ababab" if alternate else "aaabbb")
        assert decide(as_text([[decimal(v, places) for v in c] for c in columns], labels)).separable != alternate


def test_tables_with_a_linear_relation_have_one_verdict_in_all_units() -> None:
    rng = np.random.default_rng(1)
    separable: list[bool] = []
    for _ in range(30):
        n, d = int(rng.integers(6, 40)), int(rng.integers(2, 5))
        A = rng.integers(-999, 1000, (n, d))
        A = np.column_stack([A, A @ rng.integers(-3, 4, d) + 24])
        margin = A @ rng.integers(-2, 3, d + 1)
        positive = np.where(margin == np.median(margin), rng.random(n) < 0.5, margin > np.median(margin))
        positive[:2] = [False, True]
        labels = np.where(positive, "b", "a").tolist()
        verdicts = set()
        for units in (np.ones(d + 1, int), 10 ** rng.integers(0, 7, d + 1), rng.integers(1, 1000, d + 1)):
            columns = [[decimal(v, 3) for v in column] for column in (A * units).T.tolist()]
            verdicts.add(decide(as_text(columns, labels)).separable)
        assert len(verdicts) == 1
        separable += verdicts
    assert 3 < sum(separable) < 27


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"without": "q"}, {"features": "q"}], ids=["all", "without", "features"])
def test_both_commands_say_that_collinear_points_alternate(
    more: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "four.csv", tmp_path / "proof.json"
    table.write_text(FOUR)
    compare(table, table_options=TableOptions(label="class", **more), json=True, out=tmp_path / "compared")
    assert json.loads(capsys.readouterr().out)["separable"] is False
    certify(table, table_options=TableOptions(label="class", **more), claim="separability", out=out)
    assert "are not separable" in capsys.readouterr().out
    columns = [row.split(",") for row in FOUR.split()]
    kept = [j for j, name in enumerate(columns[0]) if name == "class" or name in more.get("features", name)]
    kept = [j for j in kept if columns[0][j] != more.get("without")]
    text = "\n".join(",".join(row[j] for j in kept) for row in columns)
    for proof in (out, tmp_path / "compared" / "compare.proof.json"):
        assert not proved_about(text, proof.read_text())


def test_digits_that_floats_do_not_hold_decide() -> None:
    assert decide("x,class\n1,a\n1.00000000000000000001,b\n").separable
    assert not decide("x,class\n0.3,a\n0.30,b\n1,b\n").separable
    assert decide("x,class\n1e-320,a\n2e-320,b\n").separable
    assert decide("x,class\n123456789012345678901234567890,a\n123456789012345678901234567891,b\n").separable


@pytest.mark.parametrize("places", [0, 1, 4, 14, 22, 23, 30])
@pytest.mark.parametrize("largest", [9, 10**6, 2**50 - 1, 2**50, 2**53 + 2, 10**20])
def test_a_column_holds_the_numbers_that_are_written(places: int, largest: int) -> None:
    rng = np.random.default_rng(places)
    wholes = [largest, -largest, *(int(share * largest) for share in rng.uniform(-1, 1, 200))]
    cells = [decimal(whole, places) if places else str(whole) for whole in wholes]
    for written in (cells, [cell.rstrip("0") or "0" if places else cell for cell in cells], [f"{c}e-3" for c in cells]):
        column = written_column(written, np.array(written, float))
        assert [Fraction(k, column.scale) for k in column.whole.tolist()] == [Fraction(cell) for cell in written]
        assert list(map(Decimal, column.plain())) == list(map(Decimal, written))
        assert column.floats() == list(map(float, written))


def test_an_array_holds_binary_fractions_and_a_table_decimals() -> None:
    tenths, labels = [[0.1, 0.2], [0.2, 0.1], [0.3, 0.0]], [-1, 1, -1]
    assert separability(tenths, labels).separable  # the float of .3 is less than .1 + .2
    table = read_table("p,q,class\n.1,.2,a\n.2,.1,b\n.3,0,a\n", "class")
    assert not separability(table.exact, table.points.y).separable
    assert table.points.X.tolist() == tenths
    assert separability(as_exact("X", tenths), labels).separable


def test_optima_are_proved_about_the_decimals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "table.csv", tmp_path / "proof.json"
    table.write_text("x,y,class\n.1,.7,b\n1.30,.2,b\n-.9,-.3,a\n-.6,.1,a\n")
    claims: tuple[Literal["verdict"], Literal["stationary"]] = "verdict", "stationary"
    for claim in claims:
        certify(
            table,
            table_options=TableOptions(label="class"),
            claim=claim,
            loss_options=LossOptions(loss="quadratic", eps=0.1),
            weight_bound=4.0,
            out=out,
        )
        assert "quadratic loss" in capsys.readouterr().out
        proof = json.loads(out.read_text())
        assert sorted(proof["X"]) == [["-0.6", "0.1"], ["-0.9", "-0.3"], ["0.1", "0.7"], ["1.3", "0.2"]]
        floats = [[float(v) for v in x] for x in proof["X"]]
        assert check(json.dumps({**proof, "X": floats})) == check(out.read_text())


NEAR = "x,y,class\n0.00,0.00,a\n1.00,0.01,a\n0.50,0.01,b\n"
SETTINGS = Settings(
    unit=WeightBound(shape="box", loss="cross-entropy", eps=0.0),
    limits=(2.0,),
    standardise=False,
    max_updates=9,
    max_passes=9,
)


@pytest.mark.parametrize(
    ("text", "standardise", "said"),
    [
        (NEAR, False, "maximum margin 0.0025, less than the digits of the cells resolve"),
        (NEAR, True, "less than the digits of the cells resolve"),
        (NEAR.replace("0.50,0.01", "0.50,0.05"), False, "maximum margin 0.0225\n"),
        ("x,y,class\n0,0,a\n100,1,a\n50,1,b\n", False, "maximum margin 0.25\n"),  # whole numbers are not rounded
        ("x,class\n1e-310,a\n2e-310,b\n", False, "too thin for floating point"),
        ("p,q,class\n.1,.2,a\n.2,.1,b\n.3,0,a\n", False, "separable: no, by a Farkas combination"),
    ],
)
def test_a_margin_below_what_digits_resolve_is_called_so(text: str, *, standardise: bool, said: str) -> None:
    comparison = compare_rules(read_table(text, "class"), replace(SETTINGS, standardise=standardise))
    assert said in first_sentences("table", comparison)
    json.dumps(to_json(comparison))


def test_a_rule_is_judged_on_the_decimals() -> None:
    """Three points on a line, which their floats leave: the weights that separate the floats lose a decimal."""
    table = read_table("p,q,class\n.1,.2,a\n.2,.1,b\n.3,0,a\n", "class")
    normal = [fmpq(v) for v in (-1, -1, 0)]
    floats = separability(table.points.X, table.points.y)
    assert floats.separable
    assert len(lost_samples(table, list(floats.w))) > 0
    assert lost_samples(table, normal).tolist() == [1]


def test_large_features_make_a_proof_that_the_checker_accepts(tmp_path: Path) -> None:
    table, out = tmp_path / "large.csv", tmp_path / "proof.json"
    table.write_text("x,y,class\n1e60,1,a\n3e60,2,a\n2e60,-5e99,b\n")
    certify(table, table_options=TableOptions(label="class"), claim="separability", out=out)
    assert proved_about(table.read_text(), out.read_text())
