"""The command that proves and checks; the committed proofs are checked where the paper is, in test_paper.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from study.checks import BadInput, CheckFailed
from study.commands.certify import certify
from study.commands.input import LossOptions, TableOptions
from tests.conftest import ROOT, Study
from tests.sweeps.test_files import STRANGE

CERTIFICATES = ROOT / "experiments" / "results" / "certificates"
FOUR = "x,y,kind\n1,0,p\n0,1,p\n-1,0,n\n0,-10,p\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "four points.csv"
    path.write_text(FOUR)
    return path


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("verdict", "every optimum classifies the points correctly"),
        ("stationary", "exactly 3 stationary points in |w_j| <= 10: minimum that separates, minimum that fails"),
        ("separability", "4 points with 2 features are separable"),
    ],
)
def test_a_proof_is_written_and_checked(claim: str, sentence: str, table: Path, study: Study, tmp_path: Path) -> None:
    out = tmp_path / "proofs" / "proof.json"
    unit = () if claim == "separability" else ("--loss", "quadratic", "--eps", "0.1", "--weight-bound", "10")
    answer = study(ROOT, "certify", str(table), "--label", "kind", *unit, "--claim", claim, "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    assert sentence in answer.stdout
    again = study(ROOT, "certify", "--check", str(out.parent))
    assert (again.returncode, again.stdout) == (0, "1 accepted, 0 refused\n")
    out.write_text(out.read_text().replace('"y":[', '"y":[1,'))
    refused = study(ROOT, "certify", "--check", str(out), "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["refused"] == 1
    assert "proof.json: refused: `y` must have" in refused.stderr


def test_a_penalised_unit_is_proved_too(table: Path, study: Study, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    answer = study(ROOT, "certify", str(table), "--label", "kind", "--C", "0.01", "--out", str(out))
    assert "with the cross-entropy loss and the penalty of C = 0.01, bias free, every optimum mis" in answer.stdout
    again = study(ROOT, "certify", "--check", str(out))
    assert (again.returncode, again.stdout) == (0, "1 accepted, 0 refused\n")


def test_equal_rows_and_a_column_of_weights_count_alike(study: Study, tmp_path: Path) -> None:
    rows = {-1.0: "n", 1.0: "p", -0.2: "p"}
    long = "x,c\n" + "".join(f"{x},{c}\n" * (1 if x == -0.2 else 100) for x, c in rows.items())
    short = "x,n,c\n" + "".join(f"{x},{1 if x == -0.2 else 100},{c}\n" for x, c in rows.items())
    told = []
    for name, text, more in (("long", long, ()), ("short", short, ("--weight", "n"))):
        table, out = tmp_path / f"{name}.csv", tmp_path / f"{name}.json"
        table.write_text(text)
        settings = ("--label", "c", "--loss", "quadratic", "--eps", "0.1", "--weight-bound", "6", "--json", *more)
        answer = study(ROOT, "certify", str(table), *settings, "--out", str(out))
        assert answer.returncode == 0, answer.stderr
        said = json.loads(answer.stdout)
        counted = {key: said.pop(key) for key in ("rows", "distinct_points", "lost_rows")}
        (lost,) = [k for k, line in enumerate(text.split("\n"), 1) if line.startswith("-0.2")]
        assert counted == {"rows": text.count("\n") - 1, "distinct_points": 3, "lost_rows": [lost]}
        told.append({key: value for key, value in said.items() if key != "out"})
    assert told[0] == told[1]
    assert told[0]["verdict"] == "fails"
    assert (tmp_path / "long.json").read_text() == (tmp_path / "short.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "study: `FILE` must be given, or else `--example` or `--check`"),
        (
            ("FILE", "--label", "kind", "--out", "OUT"),
            "study: `--weight-bound` or `--C` must be given for the claim verdict",
        ),
        (
            ("FILE", "--label", "kind", "--C", "1", "--weight-bound", "1", "--out", "OUT"),
            "study: one of `--weight-bound` and `--C` must be given; got 1.0 and 1.0",
        ),
        (
            ("FILE", "--label", "kind", "--C", "1", "--claim", "stationary", "--out", "OUT"),
            "study: `--C` must be left out for the claim stationary; got 1.0",
        ),
        (
            (
                "FILE",
                "--label",
                "kind",
                "--bias",
                "penalised",
                "--weight-bound",
                "1",
                "--claim",
                "stationary",
                "--out",
                "OUT",
            ),
            "study: `--bias` must be left out for the claim stationary; got penalised",
        ),
        *(
            (
                ("FILE", "--label", "kind", f"--{option}", value, "--claim", "separability", "--out", "OUT"),
                f"study: `--{option}` must be left out for the claim separability; got {value}",
            )
            for option, value in (
                ("weight-bound", "3.0"),
                ("C", "5.0"),
                ("loss", "quadratic"),
                ("eps", "0.1"),
                ("bias", "penalised"),
                ("max-cells", "1"),
            )
        ),
        (
            ("FILE", "--label", "colour", "--weight-bound", "1", "--out", "OUT"),
            "study: `--label` must name columns of the table, which are x, y, kind",
        ),
        (("FILE", "--label", "x", "--weight-bound", "1", "--out", "OUT"), "points.csv: column 'x' has 3 values"),
        (
            ("FILE", "--label", "kind", "--weight", "z", "--weight-bound", "1", "--out", "OUT"),
            "study: `--weight` must name columns of the table",
        ),
        (
            ("FILE", "--label", "kind", "--weight-bound", "-1", "--out", "OUT"),
            "study: `--weight-bound` must be positive",
        ),
        (
            ("OUT", "--label", "kind", "--weight-bound", "1", "--out", "OUT"),
            "study: `FILE` must be a file that can be read",
        ),
        (("FILE", "--check", "FOLDER"), "study: `FILE` must be left out where `--check` names the proofs"),
        (("--check", "OUT"), "study: `--check` must name a file that can be read"),
        (("--check", "FOLDER"), "study: `--check` must name a proof or a folder of proofs"),
        (("FILE", "--label", "kind", "--weight-bound", "9", "--out", "FOLDER"), "study: `--out` must be a file"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], line: str, table: Path, study: Study, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    names = {"FILE": str(table), "OUT": str(tmp_path / "none.json"), "FOLDER": str(tmp_path / "folder")}
    answer = study(ROOT, "certify", *(names.get(argument, argument) for argument in arguments))
    assert answer.returncode == 2
    assert answer.stderr.startswith("study: ")
    assert line in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not (tmp_path / "none.json").exists()


def test_a_place_that_cannot_be_written_is_refused_before_the_search(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study.certificates.search.verdict", lambda *_, **__: pytest.fail("the search has begun"))
    with pytest.raises(BadInput, match=r"`--out` must be a file that can be written; got .* \(Not a directory\)"):
        certify(table, table_options=TableOptions(label="kind"), weight_bound=9.0, out=table / "a" / "b.json")


def test_many_faces_are_refused_and_separability_is_decided(study: Study, tmp_path: Path) -> None:
    """A box of 21 weights has too many faces; exact separability of random points starts from floating point."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(200, 20)), rng.choice(["a", "b"], 200)
    rows = [",".join([*map(str, x), label]) for x, label in zip(X.round(6).tolist(), labels, strict=True)]
    table, out = tmp_path / "wide.csv", tmp_path / "wide.json"
    table.write_text("\n".join([",".join([*(f"x{j}" for j in range(20)), "class"]), *rows]))
    given = (str(table), "--label", "class", "--out", str(out))
    refused = study(ROOT, "certify", *given, "--claim", "stationary", "--weight-bound", "3")
    assert refused.returncode == 2
    assert "`X` must have at most 7 features where all stationary points are asked for" in refused.stderr
    assert not out.exists()
    decided = study(ROOT, "certify", *given, "--claim", "separability")
    assert decided.returncode == 0, decided.stderr
    assert "are not separable" in decided.stdout
    undecided = study(ROOT, "certify", *given, "--loss", "quadratic", "--weight-bound", "3", "--max-cells", "50")
    assert undecided.returncode == 1
    assert "the points are not separable, which `--claim separability` proves" in undecided.stderr


def test_an_undecided_search_writes_nothing_and_fails(study: Study, tmp_path: Path) -> None:
    table, out = tmp_path / "tie.csv", tmp_path / "tie.json"
    table.write_text("x,n,c\n-1,1,0\n1,1000000,1\n3,1000000,1\n")
    settings = ("--weight", "n", "--loss", "quadratic", "--weight-bound", "1", "--max-cells", "2000")
    answer = study(ROOT, "certify", str(table), "--label", "c", *settings, "--out", str(out))
    assert answer.returncode == 1
    assert answer.stderr.startswith("undecided: ")
    assert not out.exists()


def test_broken_files_are_refused_one_by_one(study: Study, tmp_path: Path) -> None:
    good = (CERTIFICATES / "unique_minimum.jsonl").read_text().splitlines()[0]
    (tmp_path / "a.jsonl").write_text(f"{good}\n\n{good[:-9]}\n{good}\n")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.txt").write_text("not a proof, and not looked at")
    answer = study(ROOT, "certify", "--check", str(tmp_path))
    assert answer.returncode == 1
    assert answer.stdout == "2 accepted, 2 refused\n"
    assert "a.jsonl:3: refused: not JSON" in answer.stderr
    assert "b.json: refused: not JSON" in answer.stderr


@pytest.mark.parametrize("kind", STRANGE)
def test_what_stands_in_place_of_a_proof_is_named(kind: str, tmp_path: Path) -> None:
    make, reason = STRANGE[kind]
    (tmp_path / "proofs").mkdir()
    make(tmp_path / "proofs" / "a.json")
    with pytest.raises(BadInput, match=rf"must name a file that can be read; got .*a\.json \({reason.lower()}\)"):
        certify(check=tmp_path / "proofs")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"kind":' * 900 + "1" + "}" * 900, "9" * 5000, '{"a": "\\ud800"'])
def test_a_text_that_is_no_json_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(CheckFailed, match=r"\A[^\n]*a\.jsonl:1: refused: [^\n]{1,200}\Z"):
        certify(check=tmp_path)


def test_a_proof_has_a_place_and_may_be_about_standardised_points(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options, loss = TableOptions(label="kind", standardise=True), LossOptions(loss="quadratic", eps=0.1)
    certify(table, table_options=options, loss_options=loss, weight_bound=3.0, json=True)
    assert json.loads(capsys.readouterr().out)["out"] == "four points.proof.json"
    proof = json.loads((tmp_path / "four points.proof.json").read_text())
    assert np.mean(proof["X"], axis=0) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert np.std(proof["X"], axis=0) == pytest.approx([1.0, 1.0])
    certify(table, table_options=options, claim="separability")
    assert json.loads((tmp_path / "four points.proof.json").read_text())["X"][0] in (
        ["-1", "0"],
        ["0", "-10"],
        ["0", "1"],
        ["1", "0"],
    )


def test_rows_are_counted_before_equal_ones_are_joined(study: Study, tmp_path: Path) -> None:
    table, out = tmp_path / "twice.csv", tmp_path / "twice.json"
    table.write_text(FOUR + "1,0,p\n")
    answer = study(ROOT, "certify", str(table), "--label", "kind", "--claim", "separability", "--out", str(out))
    assert answer.stdout == "5 points, 4 of them distinct: 4 points with 2 features are separable\n"


def test_an_undecided_search_says_first_that_no_separator_exists(study: Study, tmp_path: Path) -> None:
    table, out = tmp_path / "xor.csv", tmp_path / "xor.json"
    table.write_text("x,y,c\n1,1,p\n-1,-1,p\n1,-1,n\n-1,1,n\n")
    settings = ("--label", "c", "--weight-bound", "3", "--max-cells", "5")
    answer = study(ROOT, "certify", str(table), *settings, "--out", str(out))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("the points are not separable")
    assert "`--claim separability`" in answer.stderr
    assert not out.exists()


def test_other_json_in_a_folder_is_passed_over(study: Study, table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    compared = study(ROOT, "compare", str(table), "--label", "kind", "--out", str(folder))
    assert compared.returncode == 0, compared.stderr
    answer = study(ROOT, "certify", "--check", str(folder))
    assert (answer.returncode, answer.stdout) == (0, "1 accepted, 0 refused\n")
    (folder / "compare.proof.json").unlink()
    answer = study(ROOT, "certify", "--check", str(folder))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "there is none in" in answer.stderr
    assert study(ROOT, "certify", "--check", str(folder / "compare.json")).returncode == 1
