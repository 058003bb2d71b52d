"""Results are sealed, and compared with what was there by the stated tolerance."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.checks import CheckFailed
from study.report.provenance import check_result, compare, read_record, read_tables, result_files, write_result
from tests.sweeps.test_files import STRANGE
from tests.sweeps.test_runner import EXPERIMENT

TABLES = {
    "": pd.DataFrame({"rule": ["perceptron", "unit"], "mean": [0.1, 1 / 3], "n": [4, 5], "separates": [True, False]}),
    "extra": pd.DataFrame({"x": [1.0, float("nan")]}),
}


@pytest.fixture
def files() -> dict[str, bytes]:
    return result_files(EXPERIMENT, "digest", TABLES)


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    write_result(tmp_path, files)
    return tmp_path


def changed(column: str, value: object) -> dict[str, bytes]:
    table = TABLES[""].astype({column: object})
    table.loc[1, column] = value
    return result_files(EXPERIMENT, "digest", {**TABLES, "": table.infer_objects()})


def test_a_result_reads_back_exactly(folder: Path, files: dict[str, bytes]) -> None:
    assert list(files) == ["tiny.csv", "tiny.extra.csv", "tiny.json"]
    tables = read_tables(folder, "tiny")
    for part, table in TABLES.items():
        pd.testing.assert_frame_equal(tables[part], table, check_exact=True, check_dtype=False)
    assert check_result(folder, EXPERIMENT, "digest")["numbers"]["mean"] == pytest.approx((0.1 + 1 / 3) / 2, rel=1e-15)
    assert compare(folder, files) == "same bytes"


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("tiny.csv", b"0.1", b"0.2", r"tiny\.csv: altered by hand: its SHA-256"),
        ("tiny.extra.csv", b"1.0", b"1.1", r"tiny\.extra\.csv: altered by hand"),
        ("tiny.json", b'"mean": 0.2', b'"mean": 0.3', r"tiny\.json: altered by hand: its seal"),
        ("tiny.json", b'"seed": 1989', b'"seed": 1980', r"tiny\.json: altered by hand: its seal"),
        ("tiny.json", b"{", b"[", r"tiny\.json: not JSON"),
    ],
)
def test_one_altered_byte_is_found(folder: Path, file: str, old: bytes, new: bytes, finding: str) -> None:
    content = (folder / file).read_bytes()
    assert old in content
    (folder / file).write_bytes(content.replace(old, new, 1))
    with pytest.raises(CheckFailed, match=finding):
        check_result(folder, EXPERIMENT, "digest")


@pytest.mark.parametrize("file", ["tiny.csv", "tiny.json"])
@pytest.mark.parametrize("kind", STRANGE)
def test_what_stands_in_place_of_a_file_is_named(folder: Path, files: dict[str, bytes], file: str, kind: str) -> None:
    make, reason = STRANGE[kind]
    (folder / file).unlink()
    make(folder / file)
    with pytest.raises(CheckFailed) as caught:
        check_result(folder, EXPERIMENT, "digest")
    assert str(caught.value) == f"{file}: cannot be read ({reason.lower()})"
    with pytest.raises(CheckFailed, match=f"^{file}: "):
        compare(folder, files)


def sealed(**changes: object) -> str:
    """Return the JSON of a result with a seal that fits, and something else in place of its fields."""
    record: dict[str, Any] = {"question": "?", "digest": "", "declaration": {}, "tables": {}, "numbers": {}, **changes}
    seal = hashlib.sha256(json.dumps(record, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return json.dumps({**record, "seal": seal}, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, r"not JSON \(more than 50 levels deep\); `git checkout` brings it back"),
        ('{"a":' * 400 + "1" + "}" * 400, r"not JSON \(more than 50 levels deep\)"),
        ('{"seal": 1e999}', r"not JSON \(1e999 is not a number\)"),
        ('{"seal": "\\ud800"}', r"not JSON \(.*surrogates not allowed\)"),
        (sealed(tables=["tiny.csv"]), "not the record of a result: `tables`"),
        (sealed(tables={"../tiny.csv": ""}), "not the record of a result: `tables`"),
        (sealed(digest=None, numbers=3), "not the record of a result: `digest`, `numbers`"),
    ],
    ids=range(7),
)
def test_a_json_that_is_no_record_is_named(folder: Path, content: str, reason: str) -> None:
    (folder / "tiny.json").write_text(content)
    for read in (read_record, read_tables):
        with pytest.raises(CheckFailed, match=rf"^tiny\.json: {reason}"):
            read(folder, "tiny")


@pytest.mark.parametrize("file", ["tiny.csv", "tiny.json"])
def test_a_missing_file_is_found(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(CheckFailed, match=file.replace(".", r"\.") + ": not there"):
        check_result(folder, EXPERIMENT, "digest")


def test_numbers_must_follow_from_the_tables(tmp_path: Path) -> None:
    other = replace(EXPERIMENT, numbers=lambda _: {"mean": 0.5})
    write_result(tmp_path, result_files(other, "digest", TABLES))
    with pytest.raises(CheckFailed, match=r"numbers\.mean is 0\.5, but the tables give 0\.21"):
        check_result(tmp_path, EXPERIMENT, "digest")


def test_a_number_that_no_data_decided_is_left_out_and_an_infinite_one_is_named(tmp_path: Path) -> None:
    found = {"mean": {"few": float("nan"), "many": np.float64(0.5)}}
    write_result(tmp_path, result_files(replace(EXPERIMENT, numbers=lambda _: found), "digest", TABLES))
    assert read_record(tmp_path, "tiny")["numbers"] == {"mean": {"many": 0.5}}
    endless = {"mean": [0.5, float("inf")]}
    with pytest.raises(ValueError, match=r"tiny\.mean\[1\]: a number that is cited must be finite; got inf"):
        result_files(replace(EXPERIMENT, numbers=lambda _: endless), "digest", TABLES)


def test_changed_code_or_declaration_makes_a_result_stale(folder: Path) -> None:
    for experiment, digest in ((EXPERIMENT, "other"), (replace(EXPERIMENT, resamples=26), "digest")):
        with pytest.raises(CheckFailed, match=r"tiny\.json: stale"):
            check_result(folder, experiment, digest)


def test_a_last_bit_is_tolerated_and_more_is_named(folder: Path) -> None:
    assert compare(folder, changed("mean", 1 / 3 + 1e-12)) == "within tolerance (other CPU)"
    for column, value, finding in (
        ("mean", 0.334, r"tiny\.csv: row 3, mean: 0\.3333333333333333 committed, 0\.334 recomputed"),
        ("n", 6, r"tiny\.csv: row 3, n: 5 committed, 6 recomputed"),
        ("separates", True, r"tiny\.csv: row 3, separates: False committed, True recomputed"),
        ("rule", "other", r"tiny\.csv: row 3, rule: unit committed, other recomputed"),
    ):
        with pytest.raises(CheckFailed, match=finding):
            compare(folder, changed(column, value))


def test_a_record_names_no_time_and_no_machine(folder: Path) -> None:
    assert set(read_record(folder, "tiny")) == {"question", "digest", "declaration", "tables", "numbers", "seal"}
