"""Each predicate was committed before the results that it judges, or the history of claims says what changed."""

import ast
import csv
import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from experiments.claims.table import CLAIMS
from study.report.claims import HISTORY, NUMBER, Claim, insert_changes
from study.report.numbers import RESULTS
from study.sweeps.digest import meaning

GIT = shutil.which("git") or "git"
ROOT = Path(__file__).resolve().parent.parent.parent
with (ROOT / HISTORY).open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
STATED = [row for row in ROWS if row["stated"]]
OF_KEY = {claim.key: claim for claim in CLAIMS}


def git(*arguments: str) -> str:
    """Return what Git prints; skip the test where the history is not there, as in an archive or a shallow clone."""
    done = subprocess.run([GIT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1 or not (ROOT / ".git").exists() or (ROOT / ".git" / "shallow").exists():
        pytest.skip(f"the history is not here: git {' '.join(arguments[:2])}: {done.stderr.strip() or 'a part of it'}")
    return done.stdout.strip()


@cache
def parents() -> dict[str, list[str]]:
    return {commit: of_it for commit, *of_it in map(str.split, git("rev-list", "--parents", "HEAD").splitlines())}


def full(short: str) -> str:
    [commit] = [commit for commit in parents() if commit.startswith(short)]
    return commit


def ancestors(commit: str) -> set[str]:
    """Return all commits that one rests on, itself not among them."""
    waiting, found = list(parents()[commit]), set()
    while waiting:
        found.add(one := waiting.pop())
        waiting += [parent for parent in parents()[one] if parent not in found]
    return found


def predicate(claim: Claim) -> str:
    """Return a digest of a claim's predicates and of all that they use of their module."""
    tree = ast.parse((ROOT / f"{claim.holds.__module__.replace('.', '/')}.py").read_text(encoding="utf-8"))
    defined: dict[str, ast.AST] = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    defined |= {ast.unparse(node.targets[0]): node for node in tree.body if isinstance(node, ast.Assign)}
    del defined["CLAIMS"]

    def reach(node: ast.AST) -> Iterator[str]:
        for name in sorted({name.id for name in ast.walk(node) if isinstance(name, ast.Name) and name.id in defined}):
            if name not in seen:
                seen.add(name)
                yield meaning(defined[name])
                yield from reach(defined[name])

    seen: set[str] = set()
    [call] = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(word.arg == "key" and _is(word.value, claim.key) for word in node.keywords)
    ]
    words = [word.value for word in call.keywords if word.arg in ("holds", "holds_conditionally")]
    parts = words or [call.func, *call.args]
    return meaning(ast.parse(repr([digest for part in parts for digest in (meaning(part), *reach(part))])))[:8]


def _is(node: ast.AST, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def committed_results(commit: str) -> dict[str, Any]:
    """Return the numbers of all results as a commit has them."""
    names = git("ls-tree", "--name-only", commit, f"{RESULTS}/").splitlines()
    return {Path(n).stem: json.loads(git("show", f"{commit}:{n}"))["numbers"] for n in names if n.endswith(".json")}


def results_here() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text())["numbers"] for path in (ROOT / RESULTS).glob("*.json")}


def test_each_claim_has_its_row_and_its_predicate() -> None:
    absent = {key: predicate(claim) for key, claim in OF_KEY.items() if key not in {row["claim"] for row in ROWS}}
    assert not absent, f"{HISTORY}: add a row for each, with this predicate, in the order of `CLAIMS`"
    assert [row["claim"] for row in ROWS] == [claim.key for claim in CLAIMS], f"{HISTORY}: not in the order of `CLAIMS`"
    predicates = {key: predicate(claim) for key, claim in OF_KEY.items()}
    altered = {row["claim"]: now for row in ROWS if (now := predicates[row["claim"]]) != row["predicate"]}
    assert not altered, f"{HISTORY}: put these predicates in, and say in `what` if results were known"


def test_what_changed_is_said() -> None:
    for row in ROWS:
        assert row["what"] or not row["changed"], row["claim"]
        assert row["stated"] or not (row["results"] or row["changed"]), row["claim"]


@pytest.mark.parametrize("row", STATED, ids=[row["claim"] for row in STATED])
def test_a_claim_is_stated_before_its_results(row: dict[str, str]) -> None:
    claim, stated = OF_KEY[row["claim"]], full(row["stated"])
    assert git("grep", "-lF", f'"{claim.key}"', stated, "--", "*claims*.py"), "it is not stated there"
    assert row["results"] or row["what"]
    if row["results"]:
        cited = {f"{RESULTS}/{number['name']}.json" for number in NUMBER.finditer(str(claim.evidence))}
        assert cited & set(git("show", "--format=", "--name-only", row["results"]).splitlines())
    for later in (*row["results"].split(), *row["changed"].split()):
        assert stated in ancestors(full(later))


def test_a_new_predicate_knows_no_results() -> None:
    """What the predicate reads is not in the results of the commit that brought it, or `what` says so."""
    for row in (row for row in ROWS if not (row["stated"] or row["what"])):
        commits = git("log", "--format=%h", f"-S{row['predicate']}", "--", HISTORY).splitlines()
        with pytest.raises((KeyError, TypeError)):  # or results were known: say in `what` what was changed and why
            OF_KEY[row["claim"]].verdict(committed_results(commits[-1]) if commits else results_here())


def test_changes_are_told_and_the_others_counted() -> None:
    row = {"claim": "c", "stated": "1a", "results": "2b", "changed": "3c 4d", "what": "all of it"}
    same = dict.fromkeys(row, "")
    *_, told, _, counted, _, end = insert_changes(
        "<!-- changes: made by `study paper` --><!-- end of changes -->", [row, same]
    ).splitlines()
    assert told == "| c | `1a` | `2b` | `3c` `4d` | all of it |"
    assert counted == "The other 1 of 2 claims stand as they were stated."
    assert end == "<!-- end of changes -->"
