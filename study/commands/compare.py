"""`study compare`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from study.commands.output import progress, say, show, show_json, writing
from study.validation import BadInput

if TYPE_CHECKING:
    from study.datasets.table import Table
    from study.trainers.fit import Bound
    from study.trainers.losses import Loss


def compare(
    file: Path,
    *,
    label: str,
    positive: str | None = None,
    features: str = "",
    without: str = "",
    standardise: bool = False,
    weight_bound: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = (3.0,),
    shape: Literal["box", "ball"] = "box",
    loss: Literal["cross-entropy", "quadratic", "threshold-quadratic"] = "cross-entropy",
    eps: float = 0.0,
    max_updates: int = 1_000_000,
    max_passes: int | None = None,
    out: Path | None = None,
    json: bool = False,
) -> None:
    """Judge your own points: whether they are separable, what both rules make of them, and which rows are the spoilers.

    Parameters
    ----------
    file
        Delimited text with a header, compressed or not; each row is a point.
    label
        Column that holds the two classes.
    positive
        Value of the label that is the positive class; needed where there are more than two.
    features
        Columns to use, separated by commas; by default all but the label.
    without
        Columns to leave out, separated by commas.
    standardise
        Centre each feature and divide it by its standard deviation before training.
    weight_bound
        Bounds R on the unit's weights; give several to compare them.
    shape
        Shape of the bound.
    loss
        Loss of the unit.
    eps
        Targets of the unit are eps and 1 - eps.
    max_updates
        Budget of the perceptron's updates.
    max_passes
        Budget of the perceptron's passes; by default what takes about twenty seconds, and at least a thousand.
    out
        Folder to write compare.svg (of the first bound), its caption in compare.txt, compare.json, and
        compare.proof.json to.
    json
        Put one machine-readable object on stdout, in place of sentences.
    """
    from study.commands.input import names, read_table
    from study.datasets.table import from_frame
    from study.report.comparison import sentences
    from study.trainers.fit import Bound
    from study.trainers.losses import check_targets
    from study.validation import count

    if out is not None and out.exists() and not out.is_dir():
        raise BadInput(f"`out` must be a folder; got the file {out}")
    if not weight_bound:
        raise BadInput("`weight_bound` must be one or more positive numbers; got none")
    settings = Settings(
        bounds=[Bound(shape, R) for R in dict.fromkeys(weight_bound)],
        loss=loss,
        eps=check_targets(loss, eps),
        standardise=standardise,
        max_updates=count("max_updates", max_updates),
        max_passes=None if max_passes is None else count("max_passes", max_passes),
    )
    columns, left = names("features", features), names("without", without)
    table = from_frame(read_table(file), label, positive=positive, features=columns, without=left)
    try:
        answer, figure = answered(table, settings, draw=out is not None)
    except KeyboardInterrupt:
        say("study: interrupted; nothing was written")
        raise SystemExit(130) from None
    certificate = answer.pop("certificate")
    if out is not None:
        write(out, answer, figure, certificate)
    if json:
        show_json(answer)
    else:
        show(sentences(file.name, answer, table))
        if out is not None:
            one = f", of R = {weight_bound[0]:g}" if len(settings.bounds) > 1 else ""
            show(f"drawn to {out / 'compare.svg'}{one}: {answer['caption']}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to train, and how long."""

    bounds: "Sequence[Bound]"
    loss: "Loss"
    eps: float
    standardise: bool
    max_updates: int
    max_passes: int | None


def answered(table: "Table", settings: Settings, *, draw: bool) -> tuple[dict[str, Any], bytes]:
    """Return the machine-readable answer and, where it is wanted, the drawing as SVG."""
    import numpy as np

    from study.analysis.comparison import compare_perceptron, compare_unit, usual_passes
    from study.analysis.margin import geometric_margin
    from study.certificates.decision import decide
    from study.datasets.table import standardise
    from study.report.comparison import caption, draw_comparison, summary
    from study.report.style import render_figure, study_style
    from study.trainers.max_margin import max_margin

    points, centre, spread = table.points, np.zeros(len(table.features)), np.ones(len(table.features))
    if settings.standardise:
        points, centre, spread = standardise(points)
    widest = max_margin(points.X, points.y).w
    normal = widest[:-1] / spread
    decision = decide(table.points.X, table.points.y, np.append(normal, widest[-1] - normal @ centre), table.rows)
    separable = bool(decision["separable"])
    with progress("perceptron", unit="updates") as advance:
        perceptron = compare_perceptron(
            points,
            separable=separable,
            max_updates=settings.max_updates,
            max_passes=settings.max_passes or usual_passes(points),
            advance=advance,
        )
    options: dict[str, Any] = {"loss": settings.loss, "eps": settings.eps, "separable": separable}
    units = [(bound.weight_bound, compare_unit(points, bound=bound, **options)) for bound in settings.bounds]
    said = {"loss": settings.loss, "eps": settings.eps, "shape": settings.bounds[0].shape}
    margin = float(geometric_margin(widest, points.X, points.y)) if np.isfinite(widest).all() else float("nan")
    answer = summary(table, decision, margin, perceptron, units, {**said, "standardised": settings.standardise})
    weight_bound, unit = units[0]
    answer["caption"] = caption(answer, table, points, perceptron, unit)
    if not draw:
        return answer, b""
    with study_style():
        return answer, render_figure(draw_comparison(table, points, perceptron, unit, weight_bound))


def write(folder: Path, answer: dict[str, Any], figure: bytes, certificate: str) -> None:
    """Write the drawing, its caption, the proof and the answer; a folder that cannot be written to is bad input."""
    import json

    from study.sweeps.store import write_file

    with writing("`out` must be a folder that can be written to", folder):
        write_file(folder / "compare.svg", figure)
        write_file(folder / "compare.txt", f"{answer['caption']}\n".encode())
        if certificate:
            write_file(folder / "compare.proof.json", f"{certificate}\n".encode())
        write_file(folder / "compare.json", (json.dumps(answer, ensure_ascii=False, indent=1) + "\n").encode())
