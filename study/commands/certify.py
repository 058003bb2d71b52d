"""`study certify`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from study.commands.output import progress, say, show, show_json, writing
from study.validation import BadInput, CheckFailed

if TYPE_CHECKING:
    import numpy as np

CELLS_A_MINUTE = 10**9
"""Cells times points times weights that a search looks at in about a minute."""


def certify(
    file: Path | None = None,
    *,
    label: str = "",
    weight: str | None = None,
    claim: Literal["verdict", "stationary", "separability"] = "verdict",
    loss: Literal["quadratic", "cross-entropy", "threshold-quadratic"] = "cross-entropy",
    eps: float = 0.0,
    weight_bound: float | None = None,
    out: Path | None = None,
    max_cells: int | None = None,
    check: Path | None = None,
    json: bool = False,
) -> None:
    """Prove what the bounded optimum of a sigmoid unit does on your points, or check such proofs independently.

    Parameters
    ----------
    file
        Delimited text with a header, compressed or not; each row is a point, every column but two a feature.
    label
        Column of the labels: two different values, the later one positive.
    weight
        Column that says how often each point counts; once by default.
    claim
        What to prove: that every optimum separates, or that none does; the list of all stationary points inside; or,
        exactly, whether the points are separable.
    loss
        Loss of the unit.
    eps
        The targets are EPS and 1 - EPS.
    weight_bound
        Bound on each weight, bias included.
    out
        File for the proof, JSON.
    max_cells
        Cells after which the search ends undecided; by default as many as take about a minute, a million at most.
    check
        Check the proofs in a file or a folder instead; exit code 1 where one is refused.
    json
        Put one machine-readable object on stdout.
    """
    if check is not None:
        if file is not None:
            raise BadInput(f"`FILE` must be left out where `--check` names the proofs; got {file}")
        _check_all(check, json)
        return
    if file is None or out is None or not label:
        raise BadInput("`FILE`, `--label` and `--out` must be given, or else `--check`")
    if claim != "separability" and weight_bound is None:
        raise BadInput(f"`--weight-bound` must be given for the claim {claim}")
    X, y, weights, rows = _points(file, label, weight)
    proof, report = _proved(X, y, weights, rows, claim, loss, eps, weight_bound, max_cells)
    _finish(proof, report, rows, out, json)


def _proved(
    X: Any, y: Any, weights: Any, rows: list[list[int]], claim: str, *settings: Any
) -> tuple[str | None, dict[str, Any]]:
    """Return a proof, or None, and what the search found; points are named by their rows."""
    from study.certificates.search import verdict
    from study.certificates.stationary import stationary_points

    loss, eps, weight_bound, max_cells = settings
    if claim == "separability":
        exact = _decided(X, y)
        if not exact["certificate"]:
            raise CheckFailed(
                f"separable: {str(exact['separable']).lower()}, {exact['proof']}; a proof, which repeats all "
                f"{X.size:,} numbers, is not written for so many"
            )
        return exact["certificate"], {"separable": exact["separable"]}
    room = max(1_000, min(1_000_000, CELLS_A_MINUTE // (len(X) * (X.shape[1] + 1)))) if max_cells is None else max_cells
    options = {"loss": loss, "eps": eps, "sample_weight": weights, "weight_bound": weight_bound, "max_cells": room}
    with progress("certify", unit="cells") as advance:
        options["advance"] = lambda n_cells: advance(n_cells, room)
        if claim == "stationary":
            found = stationary_points(X, y, **options)
            report = {"points": len(found.points), "cells": found.n_cells, "cells_left": found.cells_left}
            return found.certificate, report
        answer = verdict(X, y, **options)
    if answer.certificate is None and not _decided(X, y)["separable"]:
        raise CheckFailed(
            "the points are not separable, which `--claim separability` proves: no optimum has all of them right; "
            f"the search is undecided, {answer.cells_left:,} cells left; nothing was written"
        )
    lost = sorted(row for i in answer.lost.nonzero()[0] for row in rows[i])
    return answer.certificate, {
        "verdict": answer.claim,
        "w": answer.w.tolist(),
        "loss": answer.loss_value,
        "lost_rows": lost,
        "cells": answer.n_cells,
        "cells_left": answer.cells_left,
    }


def _decided(X: Any, y: Any) -> dict[str, Any]:
    """Return whether points are separable, decided exactly."""
    import numpy as np

    from study.certificates.decision import decide
    from study.trainers.max_margin import max_margin

    return decide(X, y, max_margin(X, y).w, np.arange(len(X)))


def _finish(proof: str | None, report: dict[str, Any], rows: list[list[int]], out: Path, json: bool) -> None:
    """Check a proof, write it, and say what it proves."""
    from study.certificates.checker import check
    from study.certificates.reading import Refused
    from study.sweeps.store import write_file

    if proof is None:
        raise CheckFailed(f"undecided: {report['cells_left']:,} cells left; nothing was written")
    try:
        sentence = check(proof)
    except Refused as refusal:
        raise CheckFailed(f"the checker does not accept what the search found: {refusal}") from None
    with writing("`--out` must be a file that can be written", out):
        write_file(out, f"{proof}\n".encode())
    n_rows = sum(map(len, rows))
    if json:
        show_json({"claim": sentence, "rows": n_rows, "distinct_points": len(rows), **report, "out": str(out)})
    else:
        show(sentence if n_rows == len(rows) else f"{n_rows:,} points, {len(rows):,} of them distinct: {sentence}")
        say(f"the proof is in {out}; `study certify --check {out}` checks it again")


def _points(
    path: Path, label: str, weight: str | None
) -> tuple["np.ndarray", "np.ndarray", "np.ndarray", list[list[int]]]:
    """Read features, labels in {-1, +1}, weights and rows from a table; equal points are joined."""
    import numpy as np
    import pandas as pd

    from study.commands.input import read_table

    try:
        table = read_table(path)
    except BadInput as error:
        raise BadInput(f"`FILE` must be a table with a header; got {error}") from None
    for option, column in (("--label", label), ("--weight", weight)):
        if column is not None and column not in table:
            raise BadInput(f"`{option}` must name a column, one of {', '.join(table)}; got {column}")
    kinds = sorted(table[label].dropna().unique())
    if len(kinds) != 2 or table[label].isna().any():
        raise BadInput(f"`--label` must name a column of two values without gaps; {label} has {len(kinds)}")
    features = [name for name in table if name not in (label, weight)]
    for name in [*features, *([weight] if weight else [])]:
        if not pd.api.types.is_numeric_dtype(table[name]) or not np.isfinite(table[name]).all():
            raise BadInput(f"column {name} of {path} must hold finite numbers only")
    if not features:
        raise BadInput(f"{path} must have a column of features beside {label}")
    y = np.where(table[label] == kinds[1], 1.0, -1.0)
    points, place = np.unique(np.column_stack([table[features], y]).astype(float) + 0.0, axis=0, return_inverse=True)
    counts = table[weight].to_numpy(float) if weight else np.ones(len(y))
    place = place.ravel()
    weights = np.bincount(place, weights=counts, minlength=len(points))
    rows: list[list[int]] = [[] for _ in points]
    for point, row in zip(place, table.index, strict=True):
        rows[point].append(int(row))
    return points[:, :-1], points[:, -1], weights, rows


def _check_all(path: Path, json: bool) -> None:
    from study.certificates.checker import check
    from study.certificates.reading import Refused

    accepted, refused = 0, []
    for where, text in _proofs(path):
        try:
            check(text)
        except Refused as refusal:
            refused.append({"proof": where, "reason": str(refusal)})
        else:
            accepted += 1
    if json:
        show_json({"accepted": accepted, "refused": len(refused), "refusals": refused})
    else:
        show(f"{accepted} accepted, {len(refused)} refused")
    if refused:
        raise CheckFailed("\n".join(f"{one['proof']}: refused: {one['reason']}" for one in refused))


def _proofs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and text of every proof: one a .json file, one a line of a .jsonl file.

    In a folder, a .json file that holds a JSON object of no proof's kind is passed over.
    """
    from study.sweeps.files import read_file

    folder, found = path.is_dir(), False
    for file in sorted(p for p in path.rglob("*.json*") if p.suffix in (".json", ".jsonl")) if folder else [path]:
        try:
            text = read_file(file, pipes=not folder).decode(errors="replace")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise BadInput(f"`--check` must name a file that can be read; got {file} ({reason})") from None
        if file.suffix == ".jsonl":
            lines = [(f"{file}:{number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
            found |= bool(lines)
            yield from lines
        elif not folder or not _other_json(text):
            found = True
            yield str(file), text
    if not found:
        raise BadInput(f"`--check` must name a proof or a folder of proofs; there is none in {path}")


def _other_json(text: str) -> bool:
    """Return whether a text is a JSON object without the `kind` of a proof; what cannot be read may be a proof."""
    import json

    from study.certificates.checker import KINDS

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    kind = value.get("kind") if isinstance(value, dict) else None
    return isinstance(value, dict) and not (isinstance(kind, str) and kind in KINDS)
