"""Thousands of edits of good files, seeded: each is read, or refused in one line; no false proof is accepted."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.analysis.separability import separability
from study.certificates.checker import check
from study.certificates.fold import fold_near
from study.certificates.reading import Refused
from study.certificates.search import verdict
from study.certificates.stationary import stationary_points
from study.checks import BadInput
from study.commands.input import read_file, read_text
from study.commands.sweep import read_sweep
from study.datasets.table import read_table
from study.sweeps.store import DamagedBlock, load_block, save_block
from tests.certificates.test_search import crowd
from tests.certificates.test_stationary import SPOILT

EDITS = 5000
"""Of proofs; tables, sweeps and blocks have theirs below."""
KINDS = ("tree", "plane", "optimum", "listed", "separable", "not separable", "fold")
EVIDENCE = {"evidence", "tree", "directions", "points", "w", "v", "normal"}


@cache
def proofs() -> dict[str, str]:
    still, motion = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0]] * 3 + [[0.0, -1.0]]
    fold = fold_near(still, motion, [1, 1, -1, 1], eps=0.1, w0=[2.2, 2.0, 0.1], t0=4.2)
    assert fold is not None
    found = {
        "tree": crowd("quadratic", 4.0, 30.0).certificate,
        "plane": crowd("quadratic", 4.0, 200.0).certificate,
        "optimum": crowd("cross-entropy", 4.0, 1000.0).certificate,
        "listed": stationary_points(
            *SPOILT, eps=0.1, sample_weight=[100, 100, 1], weight_bound=6.0, everywhere=True
        ).certificate,
        "separable": separability([[0.25, 1.0], [1.0, 0.5], [-0.5, 0.25]], [-1, 1, 1]).proof,
        "not separable": separability([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]).proof,
        "fold": fold.certificate,
    }
    return {kind: text for kind, text in found.items() if text is not None}


def is_true(text: str, original: str) -> bool:
    """Say, by the search, which shares nothing with the checker, whether the claim of a proof is true."""
    new, old = json.loads(text), json.loads(original)
    if {k: v for k, v in new.items() if k not in EVIDENCE} == {k: v for k, v in old.items() if k not in EVIDENCE}:
        return bool(new["kind"] != "stationary") or same_points(new["points"], old["points"])
    if new["kind"] == "separability":
        return bool(separability(new["X"], new["y"]).separable == (new["claim"] == "separable"))
    if new["kind"] == "fold":
        given_ = (new[k] for k in ("X", "motion", "y"))
        fold = fold_near(
            *given_, loss=new["loss"], eps=new["eps"], sample_weight=new["weight"], w0=new["w"], t0=new["t"]
        )
        return fold is not None and abs(fold.t - new["t"]) <= new["radius"]
    options = {
        "loss": new["loss"],
        "eps": new["eps"],
        "sample_weight": new["weight"],
        "weight_bound": new["weight_bound"],
    }
    if new["kind"] == "verdict":
        return bool(verdict(new["X"], new["y"], judged=new["judged"], **options).claim == new["claim"])
    found = stationary_points(new["X"], new["y"], everywhere=new["everywhere"], **options)
    return same_points(new["points"], [{**q.__dict__, "w": q.w.tolist()} for q in found.points])


def same_points(claimed: list[dict[str, Any]], known: list[dict[str, Any]]) -> bool:
    """Say whether two lists of stationary points agree; the loss may be given more loosely."""
    for one, other in zip(
        sorted(claimed, key=lambda q: sum(q["loss"])), sorted(known, key=lambda q: sum(q["loss"])), strict=True
    ):
        same = all(one[k] == other[k] for k in ("kind", "face", "separates"))
        near = np.abs(np.subtract(one["w"], other["w"])).max() <= one["radius"] + other["radius"]
        if not (same and near and one["loss"][0] < other["loss"][1] and other["loss"][0] < one["loss"][1]):
            return False
    return True


def edited(text: str, rng: np.random.Generator) -> str:
    """Change one to three characters: a digit for a digit, most often, so that it stays a proof to look at."""
    characters = list(text)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(characters)))
        kind = rng.random()
        if kind < 0.6:
            digits = [i for i, c in enumerate(characters) if c.isdigit()]
            characters[int(rng.choice(digits))] = str(rng.integers(10))
        elif kind < 0.75:
            characters[at] = chr(rng.integers(32, 127))
        elif kind < 0.85:
            del characters[at]
        elif kind < 0.95:
            characters.insert(at, str(rng.choice(list('0123456789.-+eE,:[]{}" '))))
        else:
            other = int(rng.integers(len(characters)))
            characters[at], characters[other] = characters[other], characters[at]
    return "".join(characters)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_an_edited_proof_is_accepted_only_where_its_claim_is_true(kind: str) -> None:
    original = proofs()[kind]
    rng = np.random.default_rng(KINDS.index(kind))
    check(original)
    accepted = 0
    for _ in range(EDITS // len(KINDS) + 1):
        text = edited(original, rng)
        try:
            check(text)
        except Refused:
            continue
        accepted += 1
        assert is_true(text, original), text
    assert accepted < EDITS // len(KINDS)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("fails"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["w", "face", "tree"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.sampled_from(KINDS), st.data())
def test_a_field_may_hold_anything(kind: str, data: st.DataObject) -> None:
    original = proofs()[kind]
    node = proof = json.loads(original)
    for _ in range(data.draw(st.integers(1, 3))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            node[key] = data.draw(ANYTHING)
            break
        node = node[key]
    text = json.dumps(proof)
    try:
        check(text)
    except Refused:
        return
    assert is_true(text, original)


PLAIN = "x,y,class\n1,0,up\n0,1,up\n-1,0.5,down\n2,-3e2,up\n"
TABLES = {
    "commas": PLAIN.encode(),
    "quotes": b'"x, first",y,class\r\n"1",0,a\r\n"-2",3,"b ""quoted"""\r\n4,5,a\r\n',
    "semicolons": "x;y;class\n1,5;0;ä\n-1,25;3;ö\n2,5;1;ä\n".encode("cp1252"),
    "tabs and a mark": "x\ty\tclass\n1\t2\t0\n3\t4\t1\n-1\t4\t1\n".encode("utf-8-sig"),
    "utf-16": PLAIN.encode("utf-16"),
    "spaces": b"x y class\n1 2 0\n3 4 1\n-1 -2 1\n",
    "gzip": gzip.compress(PLAIN.encode(), mtime=0),
    "bzip2": bz2.compress(PLAIN.encode()),
    "xz": lzma.compress(PLAIN.encode()),
}
PIECES = [
    b"\n", b"\r", b",", b";", b"\t", b" ", b'"', b"'", b"\\", b"#", b"\x00", b"\x1a", b"\xff", b"\xfe", b"\xef\xbb\xbf",
    b"nan", b"inf", b"-inf", b"1e999", b"1e-999", b"-", b"+", b"0x10", b"1_000", b"9" * 400, b"1.2.3", b"NA", b"class",
    b"x", b"2001-01-01", b"1+2j", "\u0661".encode(), "\u2028".encode(), b"\n\n\n", b",,,,,,", b"=1+1", b"{", b"]",
]  # fmt: skip


def mangled(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite, insert, delete, repeat or cut off bytes, one to four times."""
    for _ in range(rng.integers(1, 5)):
        at, length = int(rng.integers(len(content) + 1)), int(rng.integers(12))
        piece = PIECES[rng.integers(len(PIECES))]
        match rng.integers(5):
            case 0:
                content = content[:at] + piece + content[at + len(piece) :]
            case 1:
                content = content[:at] + piece + content[at:]
            case 2:
                content = content[:at] + content[at + length :]
            case 3:
                content = content[:at] + content[at : at + length] * int(rng.integers(1, 6)) + content[at + length :]
            case _:
                content = content[: max(at, len(content) - length)]
    return content


def read(path: Path) -> None:
    """Read a table as the commands do."""
    try:
        read_table(read_text(path, read_file(path))[0], "class")
    except BadInput as error:
        if "positive" not in str(error):
            raise


def damaged(path: Path, good: bytes, n_edits: int, read: Callable[[Path], object], refusal: type[Exception]) -> int:
    """Read edits of a file, and return how many are refused: each on one line, with nothing left beside it."""
    rng, refused = np.random.default_rng(len(good)), list[str]()
    for _ in range(n_edits):
        path.write_bytes(mangled(good, rng))
        try:
            read(path)
        except refusal as error:
            refused.append(str(error))
    assert list(path.parent.iterdir()) == [path]
    assert not [line for line in refused if len(line.splitlines()) != 1]
    return len(refused)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_or_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(TABLES[name])
    assert len(read_table(read_text(tmp_path, TABLES[name])[0], "class").rows) >= 3
    assert damaged(tmp_path / "table", TABLES[name], 300, read, BadInput) > 50


@pytest.mark.slow
def test_a_sweep_is_read_or_refused(tmp_path: Path) -> None:
    good = {
        "resamples": 60,
        "n_test": 50,
        "seed": None,
        "settings": [{"n_samples": 20, "spoiler_rate": 0.1}, {"generator": "gaussians", "resampling": "bootstrap"}],
        "rules": [{"rule": "perceptron"}, {"rule": "unit", "loss": "quadratic", "shape": "box", "weight_bound": 3.0}],
    }
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(good))
    read_sweep(path)
    assert damaged(path, path.read_bytes(), 1000, read_sweep, BadInput) > 500


def test_a_block_is_the_one_that_was_saved_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "block.npz"
    save_block(path, {"a": np.arange(6.0), "b": np.array([True, False])})
    good = path.read_bytes()
    assert damaged(path, good, 1000, load_block, DamagedBlock) > 900
