"""Ten thousand edits of true proofs: none is accepted unless the claim that it then makes is true; nothing crashes."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.certificates.checker import check
from study.certificates.fold import fold_near
from study.certificates.reading import Refused
from study.certificates.search import verdict
from study.certificates.separability import separability
from study.certificates.stationary import stationary_points
from tests.certificates.test_search import crowd
from tests.certificates.test_stationary import SPOILT

EDITS = 10_000
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
        "separable": separability([[0.25, 1.0], [1.0, 0.5], [-0.5, 0.25]], [-1, 1, 1]).certificate,
        "not separable": separability([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]).certificate,
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


@settings(max_examples=300)
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
