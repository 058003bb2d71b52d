"""`study price` says which rows are given up, where, and at what price; what is wrong is one line."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from study.certificates.checker import check
from tests.analysis.test_limit_path import draw
from tests.conftest import Run

PLAIN = "x,y,class\n1,0,a\n0,1,a\n-1,0,b\n"
ERRORS: dict[str, tuple[tuple[str, ...], str]] = {
    "a bound of zero": (("--weight-bound", "0"), "`--weight-bound` must be positive and finite; got 0"),
    "no bound": (("--weight-bound",), "`--weight-bound` must be one or more positive numbers"),
    "no rows": (("--rows", "0"), "`--rows` must be a whole number of at least 1"),
    "hard targets for a threshold": (("--loss", "threshold-quadratic"), "`--eps` must lie in (0, 1/2) for loss"),
    "no label": (("--label", ""), "`--label` must name the column that holds the two classes, of x, y, class"),
    "a file for a folder": (("--out", __file__), "`--out` must be a folder; got the file"),
}


@pytest.mark.parametrize("fault", ERRORS)
def test_what_is_wrong_is_one_line(fault: str, run: Run, tmp_path: Path) -> None:
    arguments, message = ERRORS[fault]
    (tmp_path / "points.csv").write_text(PLAIN)
    label = () if "--label" in arguments else ("--label", "class")
    code, out, err = run("price", str(tmp_path / "points.csv"), *label, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"study: {message}")


def write(folder: Path, spread: float) -> Path:
    """Write drawn points as a table, and return its name."""
    points = draw(1, 40, 3, spread)
    frame = pd.DataFrame(points.X.round(3), columns=["a", "b", "$c$"]).assign(side=np.where(points.y > 0, "up", "down"))
    frame.to_csv(folder / "points.csv", index=False)
    return folder / "points.csv"


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["separable", "not separable"])
def test_sentences_object_and_drawing_agree(spread: float, run: Run, tmp_path: Path) -> None:
    file, folder = write(tmp_path, spread), tmp_path / "out"
    code, out, err = run(
        "price", str(file), "--label", "side", "--weight-bound", "0.3", "2", "--rows", "4", "--out", str(folder)
    )
    assert (code, err) == (0, "")
    answer = json.loads((folder / "price.json").read_text())
    first, second = (given["rows"] for given in answer["given_up"])
    assert [given["limit"] for given in answer["given_up"]] == [0.3, 2.0]
    assert f"at R = 0.3: gives up rows {', '.join(map(str, first[:5]))}" in out
    for row in answer["rows"]:
        right = [(low or 0.0, np.inf if high is None else high) for low, high in row["right"]]
        for limit, lost in ((0.3, first), (2.0, second)):
            assert any(low < limit < high for low, high in right) == (row["row"] not in lost)
        assert (row["kept_from"] is None) == (not right or right[-1][1] < np.inf)
    assert len(answer["rows"]) + answer["always_right"] == answer["n_samples"] == 40
    listed = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert [int(words[0]) for words in listed] == [row["row"] for row in answer["rows"][:4]]
    assert (
        answer["separable"] == (not spread) == (f"from R = {answer['all_right_from'] or 0:.4g} on: all rows are" in out)
    )
    never = answer["given_up_at_every_limit"]
    assert bool(never) == ("given up at every R: row" in out) == bool(spread)
    assert {row["row"] for row in answer["rows"] if not row["right"]} == set(never)
    assert ("no law beside it: it is about separable points" in out) == bool(spread)
    least, most = answer["fewest_errors"]
    sets = [set(rows) for rows in answer["disjoint_inseparable_sets"]]
    proved = [check(line) for line in (folder / "price.proofs.jsonl").read_text().splitlines()]
    expected = [f"{len(rows)} points with 3 features are not separable" for rows in sets]
    assert proved == (expected or ["40 points with 3 features are separable"])
    code, said, _ = run("certify", "--check", str(folder / "price.proofs.jsonl"))
    assert (code, said) == (0, f"{len(proved)} accepted, 0 refused\n")
    assert (least, most) == (len(sets), min(answer["errors"]))
    assert bool(sets) == bool(spread) == (f"any line has at least {least} row" in out)
    assert sum(map(len, sets)) == len(set().union(*sets))
    assert ElementTree.parse(folder / "price.svg").getroot().tag.endswith("svg")  # noqa: S314
    for row in answer["rows"][:4]:
        assert f"<!-- row {row['row']} -->" in (folder / "price.svg").read_text()
    assert answer["caption"] == (folder / "price.txt").read_text().strip() in out.replace("\n", " ")
    assert (
        json.loads(run("price", str(file), "--label", "side", "--weight-bound", "0.3", "2", "--rows", "4", "--json")[1])
        == answer
    )


@pytest.mark.slow
def test_a_penalty_takes_the_place_of_the_bound(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, 1.0)
    code, out, err = run("price", str(file), "--label", "side", "--C", "1", "30", "--rows", "2")
    assert (code, err) == (0, "")
    usual = next(line for line in out.splitlines() if line.startswith("LogisticRegression(C=1) of"))
    assert usual.partition(": ")[2] == next(line for line in out.splitlines() if line.startswith("at C = 1: "))[10:]
    assert "weight at C = 30 (others wrong)" in out
    assert run("price", str(file), "--label", "side", "--C", "-1")[2] == (
        "study: `--C` must be positive and finite; got -1.0\n"
    )


def test_points_without_a_price_are_said_to_have_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("x,c\n-1,a\n1,b\n")
    code, out, err = run("price", str(tmp_path / "two.csv"), "--label", "c", "--out", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    assert "at R = 3: no row is given up" in out
    assert "all rows are right at every R\n" in out
    assert "given up anywhere" not in out
    assert "<!-- (a) no row is given up -->" in (tmp_path / "out" / "price.svg").read_text()


def test_a_drawing_that_fails_costs_no_answer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr("study.report.price_figure.draw", fail)
    (tmp_path / "points.csv").write_text(PLAIN)
    code, out, err = run("price", str(tmp_path / "points.csv"), "--label", "class", "--out", str(tmp_path / "out"))
    assert (code, err) == (1, "price.svg was not drawn: ValueError: no ink\n")
    assert "drawn to" not in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"price.json", "price.proofs.jsonl", "price.txt"}


def priced(text: str, run: Run, folder: Path) -> str:
    """Return what is said of a table with the label `class`."""
    (folder / "points.csv").write_text(text)
    code, out, err = run("price", str(folder / "points.csv"), "--label", "class")
    assert (code, err) == (0, "")
    return out


TOUCHING = "a,b,class\n0,1,u\n1,1,u\n2,0,u\n-{gap},1,d\n-1,2,d\n-2,0,d\n"


def test_a_thin_margin_is_right_and_not_a_tie(run: Run, tmp_path: Path) -> None:
    lines = priced(TOUCHING.format(gap="0.00000001"), run, tmp_path).splitlines()
    limits = {line.split()[0]: float(line.split()[2]) for line in lines if line.strip()[:1] in "25"}
    assert set(limits) == {"2", "5"}
    assert max(limits.values()) < 20.0  # a cut at a millionth would say 200


def test_rows_not_kept_where_the_path_breaks_off_are_not_said_to_be_never_kept(run: Run, tmp_path: Path) -> None:
    out = priced("a,b,class\n0,0,u\n1e-23,0,d\n1,1,u\n", run, tmp_path)
    assert "separable: yes" in out
    assert "where the path ends: row" in out
    assert "never" not in out
    assert "  not to " in out
