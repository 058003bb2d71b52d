"""`study sweep`: its three files, its replay, and what it refuses."""

import hashlib
import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock, Timeout

from study.checks import BadInput
from study.commands import sweep as command
from study.commands.input import ReadOptions
from study.commands.sweep import limit_passes, option_lists, read_sweep, show_table
from study.datasets.dataset import Dataset, Floats
from study.sweeps import rules
from study.sweeps.grid import Pool
from study.sweeps.rule import RULES, Rule
from study.sweeps.settings import SETTING_COLUMNS, Setting, option
from tests.conftest import ROOT, Run, Study

MINE = ("--rule", "tests.sweeps.test_grid:mine")
SMALL = ("--n-samples", "20", "--resamples", "60", "--n-test", "50")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, study: Study) -> Path:
    folder = tmp_path_factory.mktemp("a sweep")
    answer = study(
        ROOT, "sweep", "--rule", "perceptron", "unit", "tests.sweeps.test_grid:mine", "--weight-bound", "1", "3",
        "--shape", "box", "none", "--spoiler-rate", "0", "0.1", *SMALL, "--out", str(folder / "mine.csv"), "--json",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["fits"] == 2 * 5 * 60
    return folder


def test_it_writes_a_tidy_table_a_figure_and_its_settings(swept: Path) -> None:
    table = pd.read_csv(swept / "mine.csv")
    assert len(table) == 10
    assert {"n_samples", "spoiler_rate", "rule", "loss", "shape", "weight_bound", "n", "bias_low"} <= set(table.columns)
    assert (table["n"] == 60).all()
    assert (swept / "mine.svg").read_text().startswith("<?xml")
    read = read_sweep(swept / "mine.json")
    assert (len(read.settings), len(read.rules)) == (2, 5)
    assert (read.resamples, read.n_test, read.seed) == (60, 50, None)


def test_what_is_printed_has_intervals_and_error_is_bias_and_net_variance(
    swept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(swept / "mine.csv")
    show_table(table, SETTING_COLUMNS)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["spoiler_rate", "label", "n", "error", "bias", "net_variance", "separates"]
    number = r"(-?[\d.]+)"
    shown = [re.findall(rf"{number} \[{number}, {number}\]", line) for line in lines]
    error, bias, net, _ = np.array(shown, float)[..., 0].T
    assert error == pytest.approx(bias + net, abs=2e-4)
    ends = table[["net_variance_low", "net_variance_high"]].to_numpy()
    assert np.array(shown, float)[:, 2, 1:] == pytest.approx(ends, abs=6e-5)
    assert "-0.0000" not in "".join(lines)


def test_its_json_repeats_it_under_its_own_name(swept: Path, study: Study, tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_bytes((swept / "mine.json").read_bytes())
    answer = study(ROOT, "sweep", "--from", str(tmp_path / "copy.json"), *MINE)
    assert answer.returncode == 0, answer.stderr
    for kind in (".csv", ".json", ".svg"):
        assert (tmp_path / "copy").with_suffix(kind).read_bytes() == (swept / "mine").with_suffix(kind).read_bytes()
    assert not (ROOT / "sweep.csv").exists()


def test_its_json_says_all_that_is_swept(swept: Path, study: Study, tmp_path: Path) -> None:
    beside = ("--rule", "unit", "--n-samples", "100", "--C", "1", "--resamples", "60")
    answer = study(ROOT, "sweep", "--from", str(swept / "mine.json"), *beside, "--out", str(tmp_path / "x.csv"))
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert line.endswith("mine.json: leave out `--rule`, `--C`, `--n-samples`, `--resamples`")
    assert not list(tmp_path.iterdir())


def test_every_option_is_described(study: Study) -> None:
    rows = re.findall(r"^│ (--.+?) +│$", study(ROOT, "sweep", "--help").stdout, re.MULTILINE)
    assert len(rows) == 49
    for row in rows:
        assert re.match(r"(--[\w-]+ )+([A-Z]+(\.\.\.)?)? {2,}\w", row), f"{row} has no description"


def test_none_is_a_shape_wherever_it_stands(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    answer = study(ROOT, "sweep", *SMALL, "--rule", "unit", "--shape", "none", "box", "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    assert pd.read_csv(out)["label"].tolist() == ["unit_cross_entropy_none", "unit_cross_entropy_box_3"]


def test_a_new_rule_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "ridge-regression", Rule)  # and the class in its place; both leave again

    @dataclass(frozen=True, kw_only=True)
    class Ridge(Rule, name="ridge-regression"):
        penalty: float = option(1.0, 'how much weights cost "ridge-regression"')
        C: float = option(1.0, "as of the soft margin")

        def train(self, X: Floats, y: Floats, rng: np.random.Generator) -> Floats:
            raise NotImplementedError

    assert rules.make_rules("ridge-regression", {"penalty": [0.5, 2.0]}) == [Ridge(penalty=0.5), Ridge(penalty=2.0)]
    assert Ridge(penalty=0.5).label == "ridge_regression_0_5_1"
    assert rules.read_rule(Ridge(penalty=0.5).to_record()) == Ridge(penalty=0.5)
    assert rules.table_columns([rules.Perceptron(), Ridge()])[0] == {"rule": "perceptron", "C": 0.0, "penalty": 0.0}
    helps = {one.name: one.metadata["help"] for one in fields(option_lists("Options", rules.rule_options()))}
    assert helps["penalty"] == 'How much weights cost "ridge-regression"; by default 1.'
    assert helps["C"].startswith('What a short margin costs "soft-margin"; ')
    assert helps["C"].endswith("; as of the soft margin; by default 1.")


def test_a_table_has_the_options_that_its_rules_make_use_of() -> None:
    unit, other = rules.Unit(loss="quadratic"), rules.Unit(optimiser="adam", decay=0.1)
    columns = {"loss": "", "shape": "", "weight_bound": 0.0, "optimiser": "", "schedule": "", "C": 0.0, "rate": 0.0}
    blank = columns | {"epochs": 0, "decay": 0.0}
    bounded = {"rule": "unit", "loss": "quadratic", "shape": "box", "weight_bound": 3.0}
    trained = {"loss": "cross-entropy", "optimiser": "adam", "schedule": "constant", "rate": 0.01}
    assert rules.table_columns([rules.Perceptron(), unit, rules.SoftMargin(), other]) == [
        {"rule": "perceptron"} | blank,
        blank | bounded,
        {"rule": "soft-margin"} | blank | {"C": 1.0},
        blank | bounded | trained | {"epochs": 200, "decay": 0.1},
    ]


@pytest.mark.parametrize("name", [*RULES, "a:b", "sklearn.svm:SVC,C=10,kernel=rbf"])
def test_a_record_gives_its_rule_back(name: str) -> None:
    for rule in rules.make_rules(name, {"optimiser": ["none", "adam"], "shape": ["none", "box"], "decay": [0.0, 0.1]}):
        assert rules.read_rule(json.loads(json.dumps(rule.to_record()))) == rule
        assert rules.read_rule({"rule": name, "max_passes": 0}).rule == name  # a blank, as former versions wrote


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"rule": "perceptron", "C": 1.0}, "`C` must be left out where `rule` is perceptron; got 1.0"),
        ({"rule": "unit", "radius": 1.0}, "`option of a rule` must be one of loss, eps, .*; got radius"),
        ({"rule": "soft-margin", "C": 0.0}, "`C` must be positive and finite; got 0"),
        ({"rule": 3}, "`rule` must be one of unit, .*; got 3"),
    ],
)
def test_a_record_of_no_rule_is_refused(record: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        rules.read_rule(record)


@pytest.mark.parametrize("option", ["--C", "--c"])
def test_an_option_is_called_as_its_column(option: str, study: Study, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    answer = study(ROOT, "sweep", *SMALL, "--rule", "soft-margin", option, "2", "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    assert pd.read_csv(out)["C"].tolist() == [2.0]


def test_repeating_it_computes_nothing(swept: Path, study: Study) -> None:
    answer = study(ROOT, "sweep", "--from", str(swept / "mine.json"), *MINE, "--out", str(swept / "mine.csv"), "--json")
    told = json.loads(answer.stdout)
    assert told["fits"] == told["blocks_computed"] == 0
    assert told["blocks_reused"] > 0


def test_a_dry_run_writes_nothing(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "dry.csv"
    answer = study(ROOT, "sweep", *SMALL, "--dry-run", "--out", str(out), "--json")
    told = json.loads(answer.stdout)
    assert (told["cells"], told["rules"], told["fits"]) == (1, 2, 120)
    assert told["seconds"] >= 0.0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rule", "perceptrons"), "`--rule` must be one of"),
        (("--rule", "nowhere:mine"), "`--rule` must be one of"),
        (("--rule", "tests.sweeps.test_grid:oops"), "`--rule` tests.sweeps.test_grid:oops failed: RuntimeError: oops"),
        (("--rule", "math:pi"), "`--rule` must name an estimator or a callable (X, y); got math:pi, of type float"),
        (("--weight-bound", "0"), "`--weight-bound` must be positive and finite; got 0"),
        (("--loss", "hinge"), "hinge"),
        (("--rule", "unit", "--loss", "threshold-quadratic"), "which else is the quadratic loss; got 0.0"),
        (("--rule", "unit", "--eps", "0.5"), "`--eps` must lie in [0, 1/2); got 0.5"),
        (("--n-samples", "3"), "`--n-samples` must be a whole number of at least 4; got 3"),
        (("--spoiler-rate", "1"), "`--spoiler-rate` must lie in"),
        (("--depth", "2"), "separable: `--depth` must be below 0.45, or `--offset` above 4.5; got 2 and 0.5"),
        (("--depth", "0.5", "--n-features", "1"), "`--depth` must be below 0.45; got 0.5"),
        (("--depth", "0.5", "--generator", "gaussians"), "`--depth` must be below 0.45; got 0.5"),
        (("--resamples", "10"), "`--resamples` must be a whole number of at least 40; got 10"),
        (("--seed", "-1"), "`--seed` must be a whole number of at least 0; got -1"),
        (("--resampling", "folds"), "`--resampling` must be fresh, bootstrap or subsample; of a table also `--folds`"),
        (("--features", "a,b"), "which scale all features; `--without` leaves columns out; got a,b"),
        (("--standardise",), "`--standardise` must be written `--features standardised`; got --standardise"),
        (("--out", "sweep.txt"), "`--out` must end in .csv; got sweep.txt"),
        (("--from", "nowhere.json"), "`--from` must be the JSON file of a sweep; got nowhere.json"),
        (("--workers", "0"), "`--workers` must be a whole number of at least 1; got 0"),
        (("--scheduler", "nowhere"), "`--scheduler` must be the address of a Dask scheduler; got nowhere"),
        (("--dry-run", "--scheduler", "nowhere"), "`--scheduler` must be the address of a Dask scheduler; got nowhere"),
        (("--dry-run", "--fresh"), "`--fresh` must be left out of a dry run, which keeps and draws nothing; got True"),
        (
            ("--dry-run", "--format", "png"),
            "`--format` must be left out of a dry run, which keeps and draws nothing; got",
        ),
    ],
)
def test_bad_arguments_get_one_line(arguments: tuple[str, ...], message: str, run: Run, tmp_path: Path) -> None:
    out = () if "--out" in arguments else ("--out", str(tmp_path / "x.csv"))
    code, _, err = run("sweep", *(() if {"--resamples", "--from"} & set(arguments) else SMALL), *arguments, *out)
    assert code == 2, err
    lines = [line for line in err.splitlines() if line.startswith("study: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in err
    assert not list(tmp_path.glob("x.*"))


@pytest.fixture(scope="module")
def of_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table, and beside it what was swept of it."""
    path = tmp_path_factory.mktemp("table") / "points.csv"
    drawn = Setting(n_samples=40, n_features=3, spoiler_rate=0.1).draw(1, np.random.default_rng(0))
    pd.DataFrame(drawn.X[0], columns=["a", "b", "id"]).assign(kind=drawn.y[0]).to_csv(path, index=False)
    sweep(path, label="kind", resamples=200, max_passes=[20])
    return path


def sweep(path: Path | None, label: str = "", without: str = "", out: str = "mine.csv", **given: Any) -> None:
    options = {name: given.pop(name) for name in ("max_passes",) if name in given}
    of_sets = {name: given.pop(name) for name in ("resampling", "folds", "n_samples", "spoiler_rate") if name in given}
    command.sweep(
        path,
        table_options=ReadOptions(label=label, without=without),
        rule_options=command.RuleOptions(**options),
        setting_options=command.SettingOptions(**of_sets),
        out=path.parent / out if path else None,
        **given,
    )


def test_the_json_of_a_table_repeats_its_sweep_and_no_other_table(of_table: Path, tmp_path: Path) -> None:
    sweep(of_table, from_=of_table.with_name("mine.json"), out="again.csv")
    for kind in (".csv", ".json", ".svg"):
        assert (of_table.with_name("again" + kind)).read_bytes() == of_table.with_name("mine" + kind).read_bytes()
    source = json.loads(of_table.with_name("mine.json").read_bytes())["table"]
    assert source == {"sha256": hashlib.sha256(of_table.read_bytes()).hexdigest(), "label": "kind"}
    other = tmp_path / "points.csv"
    other.write_bytes(of_table.read_bytes() + b"\n")
    with pytest.raises(BadInput, match=f"`FILE` must have SHA-256 {source['sha256']}; got {other}, with "):
        sweep(other, from_=of_table.with_name("mine.json"))
    with pytest.raises(
        BadInput, match=r"\A`FILE` must be given beside `from` .*mine.json: the table of that sweep; got none\Z"
    ):
        sweep(None, from_=of_table.with_name("mine.json"))
    with pytest.raises(BadInput, match="leave out `label`"):
        sweep(of_table, label="kind", from_=of_table.with_name("mine.json"))


def test_a_table_is_resampled_in_every_way_that_is_asked_for(of_table: Path) -> None:
    ways = {"resampling": ["bootstrap", "subsample"], "n_samples": [20, 30], "folds": [4, 5]}
    sweep(of_table, label="kind", without="id", resamples=400, rule=["nearest-centroid"], out="ways.csv", **ways)
    table = pd.read_csv(of_table.with_name("ways.csv"))
    shown = [f"{way.resampling} {way.n_samples} {way.folds}" for way in table.itertuples()]
    drawn = [f"{way} {n} 0" for n in (20, 30) for way in ("bootstrap", "subsample")]
    assert shown == [*drawn, "folds 31 4", "folds 33 5"]
    sweep(of_table, label="kind", resamples=400, folds=[5], dry_run=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"spoiler_rate": [0.1]}, "`spoiler_rate` must be left out where points come from a table"),
        ({"resampling": ["fresh"]}, "`resampling` must be bootstrap or subsample of a table, or else `folds` be"),
        ({"label": ""}, "`label` must name the column that holds the two classes, of a, b, id, kind; got none"),
        ({"path": None, "label": "kind"}, "`FILE` must be a table where `label` is given; got none"),
        ({"path": None, "label": "", "folds": [5]}, r"`folds` must be left out without a table; got \[5\]"),
    ],
)
def test_what_a_table_has_no_use_for_is_refused(given: dict[str, Any], message: str, of_table: Path) -> None:
    values: dict[str, Any] = {"path": of_table, "label": "kind"} | given
    path = values.pop("path")
    with pytest.raises(BadInput, match=message):
        sweep(path, **values)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "more than 50 levels deep"),
        (b'{"settings": [{"depth": 1e999}]}', "1e999 is not a number"),
        (b'{"settings": [{"n_samples": %s}]}' % (b"9" * 5000), "of 5,000 digits is not a number"),
        (b'{"settings": [{"n_samples": %s}]}' % (b"9" * 400), "`n_samples` must be a number; got 999"),
        (b'{"settings": [], "settings": []}', "a key stands twice"),
        ('{"settings": []}'.encode("utf-16"), "'utf-8' codec can't decode"),
        (b'{"settings": ["\\ud800"]}', "surrogates not allowed"),
        (b"[]", "AttributeError"),
        (b"{}", "KeyError: 'settings'"),
        (b"", "Expecting value"),
    ],
    ids=range(10),
)
def test_a_declaration_that_cannot_be_used_gets_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadInput, match="`from` must be the JSON file of a sweep; got .*x.json.*" + reason):
        read_sweep(tmp_path / "x.json")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "x.csv").mkdir()
    for out, reason in ((tmp_path / "file" / "x.csv", "Not a directory"), (tmp_path / "x.csv", "Is a directory")):
        answer = study(ROOT, "sweep", *SMALL, "--rule", "perceptron", "--out", str(out))
        assert answer.returncode == 2
        assert answer.stderr == f"study: `--out` must be a place that can be written; got {out} ({reason})\n"
    assert not (tmp_path / ".study").exists()


def test_its_files_are_written_while_no_other_sweep_can_write_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def locked(path: Path, _: bytes) -> None:
        with pytest.raises(Timeout):
            FileLock(tmp_path / ".study" / "lock").acquire(blocking=False)
        written.append(path)

    monkeypatch.setattr("study.sweeps.store.write_file", locked)
    sets = command.SettingOptions(n_samples=[20])
    command.sweep(rule=["perceptron"], setting_options=sets, resamples=60, n_test=50, out=tmp_path / "x.csv")
    assert [path.suffix for path in written] == [".csv", ".svg", ".json"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a rule that reads a module of the user's own; where it has run there is a file `ran`."""
    (tmp_path / "mine.py").write_text(
        "from pathlib import Path\n\nimport numpy as np\n\nimport helper\n\n"
        "(Path(__file__).parent / 'ran').touch()\n\n\ndef rule(X, y):\n"
        "    return np.broadcast_to([helper.SIGN, 0.0, 0.0], (*X.shape[:-2], 3))\n"
    )
    (tmp_path / "helper.py").write_text("SIGN = 1.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def swept_by(study: Study, own: Path, *options: str) -> tuple[int, float, str]:
    """Return blocks computed, the error of the rule, and what was said."""
    out = own / "x.csv"
    answer = study(ROOT, "sweep", "--rule", "mine:rule", *SMALL, "--out", str(out), "--json", *options)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["blocks_computed"], float(pd.read_csv(out)["error"][0]), answer.stderr


def test_a_rule_is_trained_anew_when_a_module_that_it_loads_has_changed(own: Path, study: Study) -> None:
    first = swept_by(study, own)
    assert first[0] > 0
    (own / "helper.py").write_text("# a comment\nSIGN = 1.0\n")
    assert swept_by(study, own)[0] == 0
    (own / "helper.py").write_text("SIGN = -1.0\n")
    computed, error, _ = swept_by(study, own)
    assert computed == first[0]
    assert error > 0.5 > first[1]


def test_a_rule_whose_code_cannot_be_known_is_always_trained_anew(own: Path, study: Study) -> None:
    text = (own / "mine.py").read_text()
    (own / "mine.py").write_text(text.replace("import helper", "helper = __import__('hel' + 'per')"))
    first = swept_by(study, own)
    assert first[0] > 0
    assert "cannot be known (mine.py:5 (__import__)): every block is computed anew" in first[2]
    assert swept_by(study, own)[0] == first[0]


@pytest.mark.parametrize("option", ["--fresh", "--dry-run"])
def test_a_file_does_not_run_code_that_the_command_does_not_name(own: Path, study: Study, option: str) -> None:
    swept_by(study, own)
    (own / "ran").unlink()
    answer = study(ROOT, "sweep", "--from", str(own / "x.json"), option)
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert line.endswith("x.json names code to be run, mine:rule: where you trust it, say so by --rule mine:rule")
    assert not (own / "ran").exists()
    answer = study(ROOT, "sweep", "--from", str(own / "x.json"), option, "--rule", "mine:rule")
    assert answer.returncode == 0, answer.stderr
    assert (own / "ran").exists()


def test_a_table_of_few_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("x,kind\n1,a\n2,b\n")
    with pytest.raises(BadInput, match=r"`FILE` must hold 10 points for a sweep at least; got .*few\.csv, with 2"):
        sweep(tmp_path / "few.csv", label="kind")


@pytest.mark.parametrize(
    ("labels", "rules", "options", "limited"),
    [
        ([1, -1, 1, -1], ["perceptron", "unit"], {}, True),
        ([1, -1, 1, -1], ["unit"], {}, False),
        ([1, -1, 1, -1], ["perceptron"], {"max_passes": [7]}, False),
        ([1, 1, -1, -1], ["perceptron"], {}, False),
    ],
)
def test_a_perceptron_stops_on_rows_that_no_line_separates(
    labels: list[int], rules: list[str], options: dict[str, Any], limited: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = Pool(points=Dataset(X=np.arange(4.0)[:, None], y=np.array(labels), name="rows"), source={})
    assert limit_passes(rules, options, pool) == ({"max_passes": [100]} if limited else options)
    said = "no line separates the rows: perceptron stops after 100 passes; --max-passes says otherwise\n"
    assert capsys.readouterr().err == (said if limited else "")
