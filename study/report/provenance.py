"""Results as files: tables and a JSON that seals them; written, read back, and compared with what was there."""

import hashlib
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study.checks import CheckFailed
from study.sweeps.experiment import CERTIFICATES, Experiment, Tables
from study.sweeps.files import parse_json, read_file
from study.sweeps.store import write_file
from study.sweeps.streams import SEED

RTOL, ATOL = 1e-6, 1e-9
"""Two machines may differ by this much in a real number; whole numbers, truth values and words may not differ."""
RECORD = {"question": str, "digest": str, "declaration": dict, "tables": dict, "numbers": dict, "seal": str}
"""The fields of the JSON of a result."""
STATED = ("kind", "X", "motion", "y", "weight", "loss", "eps", "weight_bound", "judged", "claim", "everywhere")
"""The fields of a proof that say what it is about, and what it claims."""


def declaration(experiment: Experiment) -> dict[str, Any]:
    """Return what was decided before anything ran."""
    usual = {"resamples": experiment.resamples, "block_size": experiment.block_size, "seed": SEED}
    return {**usual, "cells": len(experiment.cells), **experiment.settings}


def result_files(experiment: Experiment, digest: str, tables: Tables) -> dict[str, bytes]:
    """Return name and content of every file of a result, the JSON last."""
    files = {table_name(experiment.name, part): _content(part, table) for part, table in tables.items()}
    read_back = {part: _table(table_name(experiment.name, part), files) for part in tables}
    record = {
        "question": experiment.question,
        "digest": digest,
        "declaration": declaration(experiment),
        "tables": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "numbers": _plain(experiment.numbers(read_back), experiment.name),
    }
    files[f"{experiment.name}.json"] = _seal(record)
    return files


def table_name(name: str, part: str) -> str:
    """Return the file name of a table; the main one has the part "", and certificates are one JSON object a line."""
    if part == CERTIFICATES:
        return f"{CERTIFICATES}/{name}.jsonl"
    return f"{name}.{part}.csv" if part else f"{name}.csv"


def write_result(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a result, the JSON last, so that a JSON never names tables that are not there."""
    for name, content in files.items():
        write_file(folder / name, content)


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """Return the JSON of a result, or raise `CheckFailed` where it is absent or its seal is broken."""
    file = f"{name}.json"
    text = _read(folder, file, "; `study reproduce` makes it")
    try:
        record: dict[str, Any] = parse_json(text)
    except ValueError as error:
        raise CheckFailed(f"{file}: not JSON ({error}); `git checkout` brings it back") from None
    if not isinstance(record, dict) or _seal({k: v for k, v in record.items() if k != "seal"}) != text:
        raise CheckFailed(f"{file}: altered by hand: its seal does not fit; `git checkout` brings it back")
    missing = [key for key, kind in RECORD.items() if not isinstance(record.get(key), kind)]
    places = [] if missing else [Path(file) for file in record["tables"]]
    if missing or any(place.is_absolute() or ".." in place.parts for place in places):  # outside the results
        raise CheckFailed(f"{file}: not the record of a result: `{'`, `'.join(missing or ['tables'])}`")
    return record


def _read(folder: Path, file: str, but: str) -> bytes:
    """Return the content of a file of a result, or raise `CheckFailed` where it is not there or no file."""
    try:
        return read_file(folder / file)
    except FileNotFoundError:
        raise CheckFailed(f"{file}: not there{but}") from None
    except OSError as error:
        raise CheckFailed(f"{file}: cannot be read ({(error.strerror or str(error)).lower()})") from None


def read_tables(folder: Path, name: str) -> dict[str, pd.DataFrame]:
    """Return the tables of a result by part, or raise `CheckFailed` where one is not the one that was sealed."""
    tables = {}
    for file, digest in read_record(folder, name)["tables"].items():
        content = _read(folder, file, f", though {name}.json names it")
        if hashlib.sha256(content).hexdigest() != digest:
            raise CheckFailed(
                f"{file}: altered by hand: its SHA-256 is not the one in {name}.json; `git checkout` brings it back"
            )
        part = file.removeprefix(f"{name}.").removesuffix("csv").removesuffix(".")
        tables[CERTIFICATES if file.endswith(".jsonl") else part] = _table(file, {file: content})
    return tables


def check_result(folder: Path, experiment: Experiment, digest: str) -> dict[str, Any]:
    """Return the JSON of a result that is whole and fresh.

    Raises
    ------
    CheckFailed
        Where JSON or table was altered, where the code has changed since, or where the numbers are not those that the
        tables give.
    """
    record = read_record(folder, experiment.name)
    tables = read_tables(folder, experiment.name)
    changed = record["digest"] != digest and experiment.kind == "repeatable"
    if changed or record["declaration"] != _plain(declaration(experiment), experiment.name):
        command = "reproduce" if experiment.kind == "repeatable" else f"run {experiment.name}"
        command += " --commit" if experiment.kind == "timed" else ""
        raise CheckFailed(f"{experiment.name}.json: stale: its code has changed; `study {command}` renews it")
    _compare_numbers(f"{experiment.name}.json", record["numbers"], _plain(experiment.numbers(tables), experiment.name))
    return record


def compare(folder: Path, files: Mapping[str, bytes]) -> str:
    """Return how a recomputed result agrees with the one in `folder`, made by the same code.

    Returns
    -------
    {"same bytes", "within tolerance (other CPU)"}

    Raises
    ------
    CheckFailed
        Naming file, row, column and both values where they differ by more than `RTOL` and `ATOL`.
    """
    there = {name: _read(folder, name, ", though its JSON is") for name in files}
    if there == files:
        return "same bytes"
    for name in files:
        if name.endswith(".csv"):
            _compare_tables(name, _frame(name, there[name]), _frame(name, files[name]))
        elif name.endswith(".jsonl"):
            _compare_proofs(name, there[name].splitlines(), files[name].splitlines())
    read_record(folder, next(name for name in files if name.endswith(".json")).removesuffix(".json"))
    return "within tolerance (other CPU)"


def _compare_tables(name: str, old: pd.DataFrame, new: pd.DataFrame) -> None:
    if list(old.columns) != list(new.columns) or len(old) != len(new):
        raise CheckFailed(f"{name}: {old.shape} {list(old.columns)}, recomputed {new.shape} {list(new.columns)}")
    for column in new.columns:
        a, b = old[column], new[column]
        if pd.api.types.is_float_dtype(a) and pd.api.types.is_float_dtype(b):
            same = np.isclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True)
        else:
            same = ((a == b) | (a.isna() & b.isna())).to_numpy()
        if not same.all():
            row = int(np.argmin(same))
            raise CheckFailed(f"{name}: row {row + 2}, {column}: {a[row]} committed, {b[row]} recomputed")


def _compare_proofs(name: str, old: list[bytes], new: list[bytes]) -> None:
    """Compare what proofs are about; their evidence may differ, as the checker accepts both."""
    if len(old) != len(new):
        raise CheckFailed(f"{name}: {len(old)} proofs committed, {len(new)} recomputed")
    for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
        a, b = ({key: value for key, value in json.loads(line).items() if key in STATED} for line in (one, other))
        if not is_same(a, b, RTOL):
            raise CheckFailed(f"{name}:{number}: the proof committed is not about what the one recomputed is about")


def is_same(a: Any, b: Any, rtol: float = 1e-12) -> bool:
    """Return whether two JSON values are one, real numbers up to a relative `rtol`, as another CPU may round them."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(is_same(a[key], b[key], rtol) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(is_same(x, y, rtol) for x, y in zip(a, b, strict=True))
    if {type(a), type(b)} <= {int, float}:
        return math.isclose(a, b, rel_tol=rtol)
    return type(a) is type(b) and bool(a == b)


def _compare_numbers(name: str, old: Any, new: Any, key: str = "numbers") -> None:
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for part in old:
            _compare_numbers(name, old[part], new[part], f"{key}.{part}")
    elif isinstance(old, float) and isinstance(new, float):
        if not np.isclose(old, new, rtol=RTOL, atol=ATOL):
            raise CheckFailed(f"{name}: {key} is {old}, but the tables give {new}")
    elif old != new:
        raise CheckFailed(f"{name}: {key} is {old}, but the tables give {new}")


def _content(part: str, table: pd.DataFrame) -> bytes:
    if part == CERTIFICATES:
        return "".join(f"{line}\n" for line in table["certificate"]).encode()
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _table(file: str, files: Mapping[str, bytes]) -> pd.DataFrame:
    if file.endswith(".jsonl"):
        return pd.DataFrame({"certificate": files[file].decode(errors="replace").splitlines()})
    return _frame(file, files[file])


def _frame(file: str, content: bytes) -> pd.DataFrame:
    try:
        return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=["nan", ""])
    except (ValueError, OverflowError) as error:
        raise CheckFailed(f"{file}: not a table ({' '.join(str(error).split())})") from None


def _plain(value: Any, name: str) -> Any:
    """Return NumPy's numbers as Python's, for JSON; an entry that no data decided (nan) is left out."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{name}.{key}") for key, item in value.items() if not _is_nan(item)}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{name}[{place}]") for place, item in enumerate(value)]
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        raise ValueError(f"{name}: a number that is cited must be finite; got {plain}")
    return plain


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isnan(value)


def _seal(record: Mapping[str, Any]) -> bytes:
    body = json.dumps(record, ensure_ascii=False, allow_nan=False, sort_keys=True)
    sealed = {**record, "seal": hashlib.sha256(body.encode()).hexdigest()}
    return (json.dumps(sealed, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()
