"""`study certify`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from study.checks import BadInput, CheckFailed, escape_controls
from study.commands.input import NO_TABLE_OPTIONS, USUAL_LOSS, LossOptions, TableOptions, read
from study.commands.output import check_file, check_proof, progress, say, show, show_json, writing

if TYPE_CHECKING:
    from study.datasets.dataset import Floats
    from study.datasets.exact import Exact
    from study.datasets.table import Table

WRITABLE_FILE = "`--out` must be a file that can be written"
CELLS_A_MINUTE = 10**9
"""Cells times points times weights that a search looks at in about a minute."""


def certify(
    file: Path | None = None,
    *,
    table_options: TableOptions = NO_TABLE_OPTIONS,
    weight: str | None = None,
    claim: Literal["verdict", "stationary", "separability"] = "verdict",
    loss_options: LossOptions = USUAL_LOSS,
    weight_bound: float | None = None,
    C: Annotated[float | None, Parameter(name="--C")] = None,
    out: Path | None = None,
    max_cells: int | None = None,
    check: Path | None = None,
    json: bool = False,
) -> None:
    """Prove what the optimum of a bounded or penalised unit does on your points, or check such proofs independently.

    Parameters
    ----------
    file
        Delimited text, compressed or not, each row a point; - is standard input.
    table_options
        How it is read.
    weight
        Column that says how often each point counts; once by default.
    claim
        What to prove: that every optimum separates, or that none does; the list of all stationary points inside; or,
        exactly, whether the points are separable.
    loss_options
        What the unit minimises.
    weight_bound
        Bound on each weight, bias included.
    C
        In place of the bound, a penalty: the unit minimises |w|^2 / 2 + C times its summed cross-entropy.
    out
        File for the proof, JSON; by default FILE's name with the ending .proof.json, in the working directory.
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
    if file is None and table_options.example is None:
        raise BadInput("`FILE` must be given, or else `--example` or `--check`")
    _check_unused(claim, {"weight_bound": weight_bound, "C": C, "max_cells": max_cells} | asdict(loss_options))
    bias = loss_options.bias_beside(C)
    if claim != "separability" and weight_bound is None and C is None:
        raise BadInput(f"`--weight-bound`{' or `--C`' * (claim == 'verdict')} must be given for the claim {claim}")
    name, table = read(file, table_options, weight)
    points = _distinct(table, standardised=table_options.standardise and claim != "separability")
    stem = "table" if name == "standard input" else name.partition(".")[0]
    out = Path(f"{stem or 'table'}.proof.json") if out is None else out
    check_file(WRITABLE_FILE, out)
    unit: dict[str, Any] = {"loss": loss_options.loss, "eps": loss_options.eps, "weight_bound": weight_bound}
    if claim == "separability":
        found: tuple[str | None, dict[str, Any]] = _separability(points)
    else:
        penalty = {} if C is None else {"C": C, "bias": bias}
        found = _optima(points, unit | penalty, max_cells, stationary=claim == "stationary")
    _finish(*found, table, len(points.rows), out, json)


def _check_unused(claim: str, options: dict[str, Any]) -> None:
    """Raise `BadInput` where an option is given that a claim has no use for."""
    usual = asdict(USUAL_LOSS)
    unused = {"stationary": ["C", "bias"], "separability": list(options)}.get(claim, [])
    for name in unused:
        if options[name] != usual.get(name):
            option = name.replace("_", "-")
            raise BadInput(f"`--{option}` must be left out for the claim {claim}; got {options[name]}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The distinct points of a table, how often each counts, and the rows that hold each."""

    exact: "Exact"
    y: "Floats"
    weight: "Floats"
    rows: list[list[int]]


def _distinct(table: "Table", *, standardised: bool) -> Points:
    """Return the points as they are written, or the floats that standardising makes of them."""
    import numpy as np

    from study.datasets.exact import as_exact
    from study.datasets.table import standardise

    exact = as_exact("points", standardise(table.points)[0].X) if standardised else table.exact
    held: dict[Any, list[int]] = {}
    points = zip(exact.whole_rows(np.arange(exact.shape[0])), table.points.y.tolist(), strict=True)
    for i, point in enumerate(points):
        held.setdefault(point, []).append(i)
    places = [held[point] for point in sorted(held)]
    first = np.array([samples[0] for samples in places])
    return Points(
        exact=exact.take(first),
        y=table.points.y[first],
        weight=np.array([table.weight[samples].sum() for samples in places]),
        rows=[table.rows[samples].tolist() for samples in places],
    )


def _separability(points: Points) -> tuple[str, dict[str, Any]]:
    """Return a proof that the points are separable, or that they are not, and which."""
    from study.analysis.separability import separability

    decision = separability(points.exact, points.y)
    if not decision.proof:
        raise CheckFailed(
            f"separable: {str(decision.separable).lower()}, {decision.evidence}; a proof, which repeats all "
            f"{points.exact.shape[0] * points.exact.shape[1]:,} numbers, is not written for so many"
        )
    return decision.proof, {"separable": decision.separable}


def _optima(
    points: Points, unit: dict[str, Any], max_cells: int | None, *, stationary: bool
) -> tuple[str | None, dict[str, Any]]:
    """Return a proof about a unit's optima or stationary points, or None, and what the search found."""
    from study.analysis.separability import separability
    from study.certificates.search import verdict
    from study.certificates.stationary import stationary_points

    X, y = points.exact.floats(), points.y
    n, d = X.shape
    room = max(1_000, min(1_000_000, CELLS_A_MINUTE // (n * (d + 1)))) if max_cells is None else max_cells
    options = {**unit, "sample_weight": points.weight, "max_cells": room}
    with progress("certify", unit="cells") as advance:
        options["advance"] = lambda n_cells: advance(n_cells, room)
        if stationary:
            found = stationary_points(X, y, **options)
            report = {"points": len(found.points), "cells": found.n_cells, "cells_left": found.cells_left}
            return _as_written(found.certificate, points), report
        answer = verdict(X, y, **options)
    if answer.certificate is None and not separability(points.exact, y).separable:
        raise CheckFailed(
            "the points are not separable, which `--claim separability` proves: no optimum has all of them right; "
            f"the search is undecided, {answer.cells_left:,} cells left; nothing was written"
        )
    return _as_written(answer.certificate, points), {
        "verdict": answer.claim,
        "w": answer.w.tolist(),
        "loss": answer.loss_value,
        "lost_rows": sorted(row for i in answer.lost.nonzero()[0] for row in points.rows[i]),
        "cells": answer.n_cells,
        "cells_left": answer.cells_left,
    }


def _as_written(proof: str | None, points: Points) -> str | None:
    """Return a proof about the points as they are written, whatever the search found on the floats next to them."""
    import json

    if proof is None:
        return None
    return json.dumps({**json.loads(proof), "X": points.exact.plain()}, separators=(",", ":"))


def _finish(proof: str | None, report: dict[str, Any], table: "Table", distinct: int, out: Path, json: bool) -> None:
    """Check a proof, write it, and say what it proves."""
    from study.sweeps.store import write_file

    if proof is None:
        raise CheckFailed(f"undecided: {report['cells_left']:,} cells left; nothing was written")
    sentence = check_proof(proof)
    with writing(WRITABLE_FILE, out):
        write_file(out, f"{proof}\n".encode())
    n_rows = len(table.rows)
    if json:
        counts = {"rows": n_rows, "distinct_points": distinct}
        names = {"features": table.features, "positive": table.positive, "negative": table.negative}
        show_json({"claim": sentence, **counts, **names, "notes": table.notes, **report, "out": str(out)})
    else:
        show(sentence if n_rows == distinct else f"{n_rows:,} points, {distinct:,} of them distinct: {sentence}")
        for note in table.notes:
            show(f"note: {escape_controls(note)}")
        say(f"the proof is in {out}; `study certify --check {out}` checks it again")


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
