"""A table of the user's own: what is wrong is said in one line, and what is found in sentences."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from sklearn.linear_model import LogisticRegression

from study.certificates.checker import check
from study.commands import output
from tests.conftest import ROOT, Run, Study

PLAIN = "x,y,class\n1,0,a\n0,1,a\n-1,0,b\n"


ERRORS: dict[str, tuple[tuple[str, ...], str]] = {
    "a gap": (("--features", "x,z"), "row 3, column 'z': the value is missing"),
    "no such class": (("--positive", "c"), "`--positive` must be a value of column 'class', one of a, b"),
    "no label": (("--label", ""), "`--label` must name the column that holds the two classes, of x, y, class"),
    "an empty name": (("--features", "x,,y"), "`--features` must be column names with commas between"),
    "a bound of zero": (("--weight-bound", "0"), "`--weight-bound` must be positive and finite; got 0"),
    "no bound": (("--weight-bound",), "`--weight-bound` must be one or more positive numbers"),
    "a penalty below zero": (("--C", "1", "-1"), "`--C` must be positive and finite; got -1.0"),
    "eps out of range": (("--eps", "0.5"), "`--eps` must lie in [0, 1/2); got 0.5"),
    "a threshold without targets": (
        ("--loss", "threshold-quadratic"),
        "`--eps` must lie in (0, 1/2) for loss threshold-quadratic, which else is the quadratic loss; got 0.0",
    ),
    "no updates": (("--max-updates", "0"), "`--max-updates` must be a whole number"),
    "no passes": (("--max-passes", "0"), "`--max-passes` must be a whole number"),
    "an unknown loss": (("--loss", "hinge"), "Invalid value"),
    "a file for a folder": (("--out", __file__), "`--out` must be a folder; got the file"),
    "a folder that cannot be": (("--out", "/proc/none"), "`--out` must be a folder that can be written"),
}


@pytest.mark.parametrize("fault", ERRORS)
def test_what_is_wrong_is_one_line(fault: str, run: Run, tmp_path: Path) -> None:
    arguments, message = ERRORS[fault]
    file = tmp_path / "points.csv"
    file.write_text("x,y,z,class\n1,0,1,a\n0,1,,a\n-1,0,2,b\n" if fault == "a gap" else PLAIN)
    label = () if "--label" in arguments else ("--label", "class")
    code, out, err = run("compare", str(file), *label, *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("study: ")
    assert message in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "points.csv"]
    assert not list((tmp_path / "here").iterdir())


SAID: dict[str, tuple[str, tuple[str, ...], list[str]]] = {
    "one point with both labels": (
        "x,y,c\n1,0,a\n0,1,b\n2,2,b\n1.0,-0,b\n3,1,a\n",
        (),
        ["separable: no, rows 2 and 5 are the same point with both labels", "perceptron: has ", "unit, "],
    ),
    "features and notes": (
        ",x,y,c\n0,1,0,a\n1,0,1,b\n2,2,2,b\n",
        (),
        ["3 points, 2 features (x, y); positive b (2), negative a (1)", "note: row numbers, left out: column 1, to wh"],
    ),
    "a perceptron out of budget": (
        "x,c\n1,a\n2,b\n1.5,b\n1.2,a\n",
        ("--max-updates", "1"),
        ["perceptron: has 2 points wrong, rows 3, 4, and calls every point a (training error 0.5, against 0.5 for al"],
    ),
    "one answer to all": (
        "x,c\n" + "-1,a\n1,a\n" * 5 + "0,b\n",
        (),
        ["gives up 1 point, row 12, and calls every point a (training error 0.0909, against 0.0909 for"],
    ),
    "rows not tried": (
        "x,c\n" + "".join(f"{x},{'ab'[x > 0]}\n" for x in range(-150, 151) if x),
        (),
        [
            "of 200 left out one at a time, those nearest to its boundary; 100 others not tried",
            "those that pull most; 100",
        ],
    ),
    "text that a terminal obeys": (
        'x,"y\x07\u202e",c\n1,0,"a\x9b\n2J"\n0,1,b\x08\n2,3,b\x08\n',
        (),
        ["2 features (x, y\\u0007\\u202e)", "positive b\\b (2), negative a\\u009b\\n2J (1)"],
    ),
}


@pytest.mark.parametrize("kind", SAID)
def test_the_answer_says(kind: str, run: Run, tmp_path: Path) -> None:
    text, options, words = SAID[kind]
    (tmp_path / "points.csv").write_bytes(text.encode())
    code, out, err = run("compare", str(tmp_path / "points.csv"), "--label", "c", *options)
    assert code == 0, err
    for word in words:
        assert word in out
    assert all(character.isprintable() or character == "\n" for character in out)
    answer = run("compare", str(tmp_path / "points.csv"), "--label", "c", *options, "--json")[1]
    assert all(character.isprintable() or character == "\n" for character in answer)
    assert json.loads(answer)["separable"] == ("separable: yes" in out)


@pytest.mark.parametrize(
    "words",
    [("$_$", "low$ high$", "_up", "_down"), ("a\x07\x9b\ufffe\n<&>--", "\\frac{", "$5_$", "\u4e2d\U0001f600")],
    ids=["mathematics", "letters"],
)
def test_words_are_drawn_as_words(words: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    file, out_folder = tmp_path / "points.csv", tmp_path / "out"
    pd.DataFrame({words[0]: [1, 0, -1], words[1]: [0, 1, 0], "c": [*words[2:], words[2]]}).to_csv(file, index=False)
    code, _, err = run("compare", str(file), "--label", "c", "--out", str(out_folder))
    assert (code, err) == (0, "")
    svg = (out_folder / "compare.svg").read_text()
    ElementTree.fromstring(svg)  # noqa: S314
    for word in words:  # matplotlib names in a comment what it draws
        drawn = json.dumps(word)[1:-1] if "\x07" in word else word
        assert f"<!-- {escape(drawn).replace('--', '- -')}" in svg


def test_a_drawing_that_fails_costs_no_answer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr("study.report.comparison_figure.draw", fail)
    (tmp_path / "points.csv").write_text(PLAIN)
    code, out, err = run("compare", str(tmp_path / "points.csv"), "--label", "class", "--out", str(tmp_path / "out"))
    assert (code, err) == (1, "compare.svg was not drawn: ValueError: no ink\n")
    assert "separable: yes" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"compare.{end}" for end in ("json", "proof.json", "txt")
    }


def test_the_four_points_are_judged_as_in_the_paper(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "four.csv"
    file.write_text("x,y,class\n1,0,1\n0,1,1\n-1,0,-1\n0,-10,1\n")
    code, out, err = run("compare", str(file), "--label", "class", "--json", "--weight-bound", "1", "8")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["positive"] == "1"
    assert answer["margin"] == pytest.approx(0.5)
    assert answer["perceptron"]["separates"]
    assert answer["perceptron"]["updates"] == 14
    assert answer["perceptron"]["errors"] == 0
    assert [unit["weight_bound"] for unit in answer["backprops"]] == [1.0, 8.0]
    assert answer["backprop"] == answer["backprops"][0]
    assert answer["backprops"][1]["separates"]
    assert answer["backprops"][1]["loss"] == pytest.approx(answer["backprops"][1]["best_separator_loss"])


def test_the_spoiler_of_a_cluster_is_named_and_drawn(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    X = np.column_stack([rng.uniform(0.5, 1.5, 100), rng.uniform(-1.0, 1.0, 100), rng.normal(size=100)])
    X[50:, 0] *= -1.0
    frame = pd.DataFrame(np.vstack([X, [-0.4, 0.7, 0.0]]), columns=["along", "across", "noise"])
    frame["class"] = ["right"] * 50 + ["left"] * 50 + ["right"]
    frame.to_csv(tmp_path / "cluster.csv", index=False)
    out_folder = tmp_path / "out"
    code, out, err = run(
        "compare", str(tmp_path / "cluster.csv"), "--label", "class", "--positive", "right", "--out", str(out_folder)
    )
    assert code == 0, err
    assert "gives up 1 point, row 102" in out
    answer = json.loads((out_folder / "compare.json").read_text())
    assert answer["separable"]
    assert answer["backprop"]["lost_rows"] == [102]
    assert answer["backprop"]["best_separator_loss"] > answer["backprop"]["loss"]
    assert 102 in [item["row"] for item in answer["perceptron"]["spoilers"]]
    assert answer["backprop"]["spoilers"][0]["row"] == 102
    assert "Weights of the unit: +1.00 along " in (out_folder / "compare.txt").read_text()
    svg = (out_folder / "compare.svg").read_text()
    assert svg.lstrip().startswith("<?xml")
    assert check((out_folder / "compare.proof.json").read_text()) == "101 points with 3 features are separable"
    # The drawing's bytes repeat.
    assert (
        run(
            "compare",
            str(tmp_path / "cluster.csv"),
            "--label",
            "class",
            "--positive",
            "right",
            "--out",
            str(out_folder),
        )[0]
        == 0
    )
    assert (out_folder / "compare.svg").read_text() == svg


def tour_points() -> tuple[np.ndarray, np.ndarray]:
    """Return the forty points of docs/own-data.md and the spoiler."""
    X = np.array([[1, 1], [1, -1], [2, 1], [2, -1], [-1, 1], [-1, -1], [-2, 1], [-2, -1]] * 5 + [[-1, 2]], float)
    return X, np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0] * 5 + [1.0])


def test_a_least_loss_that_is_not_found_is_said(run: Run, tmp_path: Path) -> None:
    X, y = tour_points()
    file = tmp_path / "points.csv"
    pd.DataFrame(X, columns=["x", "y"]).assign(c=y).to_csv(file, index=False)
    for bound in ("10", "1e12"):
        code, out, err = run("compare", str(file), "--label", "c", "--loss", "quadratic", "--weight-bound", bound)
        assert code == 0, err
        first, unit = out.split("\nunit, quadratic")[1:]
        assert ("the least loss was not found" in first) == (bound == "1e12")
        assert ("no row was left out: its least loss was not found" in unit) == (bound == "1e12")
        assert ("best separator" in unit) == (bound == "10")
        assert ("moves most" in unit) == (bound == "10")
    answer = json.loads(
        run("compare", str(file), "--label", "c", "--loss", "quadratic", "--weight-bound", bound, "--json")[1]
    )
    assert answer["backprop"]["least_loss_found"] is False
    assert answer["backprop"]["best_separator_loss"] is None
    assert answer["backprop"]["spoilers"] == []


def test_sentences_name_settings_measures_and_what_is_drawn(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("x,class\n-1,a\n1,b\n")
    settings = ("--loss", "quadratic", "--eps", "0.1", "--weight-bound", "3", "5", "--out", str(tmp_path / "out"))
    code, out, err = run("compare", str(file), "--label", "class", *settings)
    assert code == 0, err
    assert "unit, quadratic, eps 0.1, box R = 3: " in out
    assert "left out" not in out  # without either row one class is left
    assert "its normal 0 degrees from the perceptron's" in out
    assert "compare.svg, of R = 3: 2 points, the unit at R = 3;" in out
    assert "the unit at R = 3;" in (tmp_path / "out" / "compare.txt").read_text()
    file.write_text("x,class\n-1,a\n1,b\n-1.5,a\n1.5,b\n")
    code, out, err = run("compare", str(file), "--label", "class", "--max-passes", "1")
    assert "in 1 pass (" in out
    assert "the unit at" not in out


def test_a_penalty_takes_the_place_of_the_bound(run: Run, tmp_path: Path) -> None:
    X, y = tour_points()
    file, folder = tmp_path / "points.csv", tmp_path / "out"
    pd.DataFrame(X, columns=["x", "y"]).assign(c=y).to_csv(file, index=False)
    code, out, err = run("compare", str(file), "--label", "c", "--C", "0.5", "100", "--out", str(folder))
    assert (code, err) == (0, "")
    answer = json.loads((folder / "compare.json").read_text())
    assert (answer["limit"], [unit["C"] for unit in answer["backprops"]]) == ("penalty C", [0.5, 100.0])
    assert [one["C"] for one in answer["logistic_regression"]] == [1.0, 0.5, 100.0]
    for unit, usual in zip(answer["backprops"], answer["logistic_regression"][1:], strict=True):
        theirs = LogisticRegression(C=unit["C"], tol=1e-10).fit(X, y)
        assert usual["weights"] == unit["weights"] == pytest.approx([*theirs.coef_[0], *theirs.intercept_], rel=1e-5)
        wrong = (np.flatnonzero(theirs.predict(X) != y) + 2).tolist()
        assert usual["lost_rows"] == unit["lost_rows"] == wrong
    assert wrong == []
    assert "\nLogisticRegression(C=0.5) of scikit-learn, at its optimum: gives up row 42 (1 row of 41)\n" in out
    assert "\nLogisticRegression(C=100) of scikit-learn, at its optimum: no row is given up\n" in out
    assert "unit, cross-entropy, penalty C = 0.5: best separator " in out
    assert answer["backprop"]["best_separator_loss"] > answer["backprop"]["loss"]
    assert "41 points, the unit at C = 0.5;" in answer["caption"]
    code, bounded, _ = run("compare", str(file), "--label", "c", "--weight-bound", "10")
    assert bounded.count("LogisticRegression(C=1) of scikit-learn, ") == bounded.count("LogisticRegression(") == 1


def test_a_rule_without_a_boundary_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "exclusive.csv"
    file.write_text("x,y,class\n1,1,a\n-1,-1,a\n1,-1,b\n-1,1,b\n")
    code, out, err = run("compare", str(file), "--label", "class")
    assert code == 0, err
    assert "no boundary" in out
    assert "none degrees" not in out


def test_a_budget_is_obeyed_and_progress_is_shown(tmp_path: Path, study: Study) -> None:
    X = np.random.default_rng(0).normal(size=(4000, 20))
    frame = pd.DataFrame(X).assign(label=np.where(X[:, 0] + 0.3 * np.sin(9 * X[:, 1]) > 0.0, 1, 0))
    frame.to_csv(tmp_path / "many.csv", index=False)
    answer = study(ROOT, "compare", str(tmp_path / "many.csv"), "--label", "label", "--json", "--max-passes", "300")
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    assert said["perceptron"]["passes"] == 300
    assert said["perceptron"]["stop"] == "the budget was spent first"
    assert not said["separable"]
    assert said["perceptron"]["errors"] > 0


def test_what_a_terminal_obeys_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    for write in (output.say, output.show):
        write("a\x1b[2J\nb\x9b\u202e")
    assert capsys.readouterr() == ("a\\u001b[2J\nb\\u009b\\u202e\n",) * 2


def test_long_training_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with output.progress("perceptron", unit="updates") as advance:
        for done in (1000, 2000, 3000):
            advance(done, 1_000_000)
    assert capsys.readouterr().err == "perceptron: 2,000 of 1,000,000 updates, 83.3 a second, about 3.3 hours left\n"


def draw_table(n: int, d: int, spread: float = 0.0) -> str:
    """Return points of two classes on either side of a boundary, but for a spread, as text."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)).round(2)
    y = X @ rng.normal(size=d) + spread * rng.normal(size=n) > 0.0
    return str(pd.DataFrame(X).assign(c=np.where(y, "a", "b")).to_csv(index=False))


@pytest.mark.parametrize("shape", ["box", "ball"])
@pytest.mark.parametrize(("n", "d", "R"), [(12, 60, "3"), (12, 60, "0.01"), (30, 2, "0.1"), (30, 2, "60")])
def test_slsqp_is_not_called(
    n: int, d: int, R: str, shape: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minimize = optimize.minimize

    def refuse(*given: Any, method: str = "", **options: Any) -> Any:
        assert method != "SLSQP"
        return minimize(*given, method=method, **options)

    monkeypatch.setattr(optimize, "minimize", refuse)
    (tmp_path / "points.csv").write_text(draw_table(n, d))
    options = ("--label", "c", "--weight-bound", R, "--shape", shape, "--json")
    code, out, err = run("compare", str(tmp_path / "points.csv"), *options)
    assert code == 0, err
    answer = json.loads(out)
    unit = answer["backprop"]
    assert len(unit["rows_tried"]) == len(answer["perceptron"]["rows_tried"]) == n
    assert unit["least_loss_found"]
    assert unit["best_separator_loss"] >= unit["loss"] * (1.0 - 1e-9)
    assert (unit["best_separator_loss"] > unit["loss"] * (1.0 + 1e-6)) == (not unit["separates"])


def test_what_is_left_out_for_the_budget_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.analysis.comparison.WORK", 3000.0)
    monkeypatch.setattr("study.analysis.comparison.MOST_A_STEP", 1.0)
    file = tmp_path / "points.csv"
    file.write_text(draw_table(20, 2))
    code, out, err = run("compare", str(file), "--label", "c", "--weight-bound", "0.1")
    assert code == 0, err
    first, _, further = out.split("\nunit, ")
    assert "separable: yes" in first
    assert "the best separator was not sought: 20 points with 2 features are too many for the bud" in further
    assert "of 1 left out one at a time, those that pull most; 19 others not tried: the budget of work" in further
    answer = json.loads(run("compare", str(file), "--label", "c", "--weight-bound", "0.1", "--json")[1])
    assert answer["backprop"]["rows_not_tried"] == "the budget of work was spent"
    assert answer["backprop"]["best_separator_not_sought"].startswith("20 points")
    assert len(answer["backprop"]["rows_tried"]) == 1


@pytest.mark.parametrize(
    ("spread", "options", "why"),
    [
        (3.0, (), "on inseparable points it never comes to rest"),
        (0.0, ("--max-updates", "1"), "it did not come to rest within its budget"),
    ],
)
def test_why_no_row_is_left_out_of_the_perceptron(
    spread: float, options: tuple[str, ...], why: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "points.csv"
    file.write_text(draw_table(40, 2, spread))
    code, out, err = run("compare", str(file), "--label", "c", "--max-passes", "100", *options)
    assert code == 0, err
    assert f"perceptron: no row was left out: {why}\n" in out
    answer = json.loads(run("compare", str(file), "--label", "c", "--max-passes", "100", *options, "--json")[1])
    assert answer["perceptron"]["rows_not_tried"] == why
    assert answer["perceptron"]["rows_tried"] == []


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_first_answers_stand_before_the_rest_is_sought(
    options: tuple[str, ...], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("study.analysis.comparison.examine", interrupt)
    (tmp_path / "points.csv").write_text(PLAIN)
    code, out, err = run("compare", str(tmp_path / "points.csv"), "--label", "class", *options)
    assert code == 130
    assert ("separable: yes" in out and "unit, " in out) == (not options)
    said = "" if options else " after the first answers"
    assert err.splitlines()[-1] == f"study: interrupted{said}; nothing was written"
    assert not (options and out)


@pytest.mark.slow
def test_the_command_works_outside_a_checkout_and_in_a_locale_without_unicode(tmp_path: Path) -> None:
    (tmp_path / "σημεία.csv").write_text(PLAIN.replace("b", "β"), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from study.__main__ import main; main()"
    command = [sys.executable, "-c", code, "compare", "σημεία.csv", "--label", "class", "--out", "out ö", "--json"]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = subprocess.run(command, cwd=tmp_path, env=os.environ | locale, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["separable"]
    assert (tmp_path / "out ö" / "compare.svg").is_file()
