"""`study sweep`."""

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from study.commands.output import progress, say, show, show_json, writing
from study.validation import BadInput

if TYPE_CHECKING:
    from study.sweeps.experiment import Experiment
    from study.sweeps.grid import Setting
    from study.sweeps.rules import Rule

Many = Parameter(consume_multiple=True)
DEFAULT_RULES = ["perceptron", "unit"]
RULE_OPTIONS: dict[str, list[Any]] = {
    "loss": ["cross-entropy"],
    "eps": [0.0],
    "shape": ["box"],
    "weight_bound": [3.0],
    "max_steps": [10],
    "C": [1.0],
}
"""Of each rule that has a use for them."""


def sweep(
    *,
    rule: Annotated[list[str] | None, Many] = None,
    loss: Annotated[list[Literal["quadratic", "cross-entropy", "threshold-quadratic"]] | None, Many] = None,
    eps: Annotated[list[float] | None, Many] = None,
    shape: Annotated[list[Literal["box", "ball", "none"]] | None, Many] = None,
    weight_bound: Annotated[list[float] | None, Many] = None,
    max_steps: Annotated[list[int] | None, Many] = None,
    C: Annotated[list[float] | None, Many, Parameter(name=["--C", "--c"])] = None,
    generator: Annotated[list[Literal["boxes", "gaussians"]] | None, Many] = None,
    n_samples: Annotated[list[int] | None, Many] = None,
    n_features: Annotated[list[int] | None, Many] = None,
    spoiler_rate: Annotated[list[float] | None, Many] = None,
    depth: Annotated[list[float] | None, Many] = None,
    offset: Annotated[list[float] | None, Many] = None,
    features: Annotated[list[Literal["raw", "centred", "standardised"]] | None, Many] = None,
    resampling: Annotated[list[Literal["fresh", "bootstrap", "subsample"]] | None, Many] = None,
    resamples: int | None = None,
    n_test: int | None = None,
    seed: int | None = None,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    out: Path | None = None,
    dry_run: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    json: bool = False,
) -> None:
    """Measure bias and variance of rules over resampled sets, on a grid of your own: a CSV, a figure, and a JSON.

    Every list may hold several values, such as --n-samples 50 100 200; all combinations are computed, and all rules see
    the same sets. The table has a row for each setting and rule, with n and 95% intervals. An interrupted sweep goes on
    where it stopped when it is repeated.

    Parameters
    ----------
    rule
        perceptron, perceptron-random, averaged-perceptron, pocket-perceptron, nearest-centroid, max-margin,
        soft-margin, unit, unit-stopped-early; or module:function, a callable (X, y) over stacks that returns weights.
        By default perceptron and unit.
    loss
        Of the units; by default cross-entropy.
    eps
        The targets of the units are eps and 1 - eps; by default 0. "threshold-quadratic" asks for eps above 0.
    shape
        Of the bound on the weights of "unit"; by default box.
    weight_bound
        The bound R of "unit"; by default 3.
    max_steps
        Steps of descent of "unit-stopped-early"; updates of "pocket-perceptron". By default 10.
    C
        What a short margin costs "soft-margin"; by default 1.
    generator
        Where points come from; by default boxes.
    n_samples
        Points in a training set, spoilers included; by default 100.
    n_features
        Features of a point; by default 2.
    spoiler_rate
        Probability of each point to be a spoiler; by default 0.01.
    depth
        How far spoilers lie beyond the middle of the gap, on the other class's side; by default 0.4.
    offset
        How far spoilers lie across, along the gap; by default 0.5.
    features
        raw, or centred or standardised by each training set; by default raw.
    resampling
        Fresh sets, the bootstrap of one set, or halves of one set without replacement; by default fresh.
    resamples
        Training sets for each setting; by default 10,000.
    n_test
        Test points for each setting; by default 500.
    seed
        Draws other sets; the same seed draws the same.
    from_
        The JSON file of an earlier sweep, to be repeated; all options above are then taken from it. Where it names
        rules of the form module:function, `--rule` must name them too, as they are run.
    out
        The table; figure (.svg) and settings (.json) go beside it. By default sweep.csv; with --from x.json, x.csv.
    dry_run
        Only say what would be computed, and about how long it would take.
    workers
        Blocks computed at once, in threads; by default one for each processor.
    scheduler
        Address of a Dask scheduler whose workers compute in place of threads, such as tcp://10.0.0.1:8786.
    fresh
        Compute every block anew.
    json
        Put one machine-readable object on stdout.
    """
    from study.sweeps.grid import Setting
    from study.sweeps.grid import sweep as declared
    from study.sweeps.rules import Rule

    if out is not None and out.suffix != ".csv":
        raise BadInput(f"`out` must end in .csv; got {out}")
    of_rules = given(loss=loss, eps=eps, shape=shape, weight_bound=weight_bound, max_steps=max_steps, C=C)
    of_settings = given(
        generator=generator, n_samples=n_samples, n_features=n_features, spoiler_rate=spoiler_rate, depth=depth,
        offset=offset, features=features, resampling=resampling,
    )  # fmt: skip
    numbers = given(resamples=resamples, n_test=n_test, seed=seed)
    if from_ is not None:
        settings, rules, more = read_declaration(from_)
        own = {one.rule for one in rules if ":" in one.rule}
        also = [*(given(rule=rule) if set(rule or []) - own else []), *of_rules, *of_settings, *numbers]
        if also:
            raise BadInput(f"`from` takes what is swept from {from_}: leave out `{'`, `'.join(also)}`")
        unnamed = sorted(own - set(rule or []))
        if unnamed:
            raise BadInput(
                f"`from` {from_} names code to be run, {', '.join(unnamed)}: where you trust it, say so by "
                f"--rule {' '.join(sorted(own))}"
            )
        out = out or from_.with_suffix(".csv")
    else:
        options = RULE_OPTIONS | of_rules
        rules = [one for name in (DEFAULT_RULES if rule is None else rule) for one in variants(Rule, name, **options)]
        settings = [Setting(**dict(zip(of_settings, values, strict=True))) for values in product(*of_settings.values())]
        more = {"resamples": 10_000, "n_test": 500, "seed": None} | numbers
        out = out or Path("sweep.csv")
    settings, rules = list(dict.fromkeys(settings)), list(dict.fromkeys(rules))
    experiment = declared(settings, rules, **more)
    if dry_run:
        estimate(experiment, rules, workers, json=json)
    else:
        compute(experiment, settings, rules, more, out, workers, scheduler, fresh=fresh, json=json)


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def variants(make: "type[Rule]", name: str, **options: list[Any]) -> "list[Rule]":
    """Return a rule with every combination of the options that it has a use for."""
    used = {
        "unit": ("loss", "eps", "shape", "weight_bound"),
        "unit-stopped-early": ("loss", "eps", "max_steps"),
        "pocket-perceptron": ("max_steps",),
        "soft-margin": ("C",),
    }.get(name, ())
    found = []
    for values in product(*(options[option] for option in used)):
        chosen = dict(zip(used, values, strict=True))
        if chosen.get("shape") == "none":
            chosen["weight_bound"] = 0.0
        found.append(make(rule=name, **chosen))
    return found


def read_declaration(path: Path) -> "tuple[list[Setting], list[Rule], dict[str, Any]]":
    """Return settings, rules and numbers of an earlier sweep."""
    from study.sweeps.files import parse_json, read_file
    from study.sweeps.grid import Setting
    from study.sweeps.rules import Rule

    wrong = f"`from` must be the JSON file of a sweep; got {path}"
    try:
        declaration = parse_json(read_file(path, pipes=True))
        settings = [Setting(**setting) for setting in declaration["settings"]]
        rules = [Rule(**rule) for rule in declaration["rules"]]
        return settings, rules, {name: declaration[name] for name in ("resamples", "n_test", "seed")}
    except BadInput as error:
        raise BadInput(f"{wrong}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{wrong} ({type(error).__name__}: {' '.join(str(error).split())})") from None


def estimate(experiment: "Experiment", rules: "list[Rule]", workers: int | None, *, json: bool) -> None:
    """Say how many settings and fits there are, and how long they would take."""
    from study.sweeps.executors import executor
    from study.sweeps.pilot import expected_seconds

    with executor(workers) as (pool, n_workers):
        about, least, most = (round(seconds, 1) for seconds in expected_seconds(experiment, pool, n_workers))
    fits = len(experiment.cells) * len(rules) * experiment.resamples
    answer = {"cells": len(experiment.cells), "rules": len(rules), "fits": fits, "seconds": about}
    if json:
        show_json({**answer, "seconds_least": least, "seconds_most": most})
    else:
        show(
            f"{answer['cells']} settings, {answer['rules']} rules, {fits:,} fits; "
            f"about {about:g} s with {n_workers} workers ({least:g} to {most:g} s)"
        )


def compute(
    experiment: "Experiment",
    settings: "list[Setting]",
    rules: "list[Rule]",
    more: dict[str, Any],
    out: Path,
    workers: int | None,
    scheduler: str | None,
    *,
    fresh: bool,
    json: bool,
) -> None:
    """Run a sweep and write its three files, the JSON last."""
    import hashlib
    from dataclasses import asdict
    from json import dumps

    from study.report.style import render_figure, study_style
    from study.report.sweep_figure import draw_sweep
    from study.sweeps.executors import executor
    from study.sweeps.grid import SETTINGS
    from study.sweeps.locks import alone
    from study.sweeps.rules import own_code
    from study.sweeps.runner import Place, libraries, run_experiment
    from study.sweeps.store import write_file

    declaration = {
        **more,
        "settings": [asdict(setting) for setting in settings],
        "rules": [asdict(rule) for rule in rules],
    }
    own = [own_code(rule.rule) for rule in rules if ":" in rule.rule]
    unknown = [where for loaded in own for where in loaded.unknown]
    if unknown:
        say(f"what a rule of your own loads cannot be known ({', '.join(unknown)}): every block is computed anew")
    key = digest(declaration, [loaded.digest for loaded in own])
    store = out.parent / ".study"
    with alone(store, say), executor(workers, scheduler) as (pool, n_workers), progress("sweep") as advance:
        place = Place(store=store, executor=pool, workers=n_workers, advance=advance, notice=say)
        outcome = run_experiment(experiment, key, place, fresh=fresh or bool(unknown))
    table = outcome.tables[""]
    content = table.to_csv(index=False, lineterminator="\n").encode()
    with study_style():
        figure = render_figure(draw_sweep(table, SETTINGS))
    record = {**declaration, "libraries": libraries(), "table_sha256": hashlib.sha256(content).hexdigest()}
    files = {out: content, out.with_suffix(".svg"): figure, out.with_suffix(".json"): dumps(record, indent=1).encode()}
    with writing("`out` must be a place that can be written", out):
        for path, data in files.items():
            write_file(path, data)
    told = {"blocks_computed": outcome.blocks_computed, "blocks_reused": outcome.blocks_reused, "fits": outcome.fits}
    say(
        f"sweep: {outcome.fits:,} fits, {told['blocks_computed']} blocks computed, {told['blocks_reused']} reused, "
        f"{outcome.seconds:.1f} s; {', '.join(str(path) for path in files)} written"
    )
    if json:
        show_json({**told, "seconds": round(outcome.seconds, 3), "files": [str(path) for path in files]})
    else:
        columns = [name for name in SETTINGS if len(set(table[name])) > 1]
        shown = [*columns, "label", "n", "error", "bias", "variance", "variance_low", "variance_high", "separates"]
        show(table[shown].to_string(index=False, float_format=lambda value: f"{value:.5g}"))


def digest(declaration: dict[str, Any], own: list[str]) -> str:
    """Return the digest of the code of a sweep, of its settings, and of the user's own rules."""
    import hashlib
    import json

    import study
    from study.sweeps.digest import code_digest
    from study.sweeps.runner import BLOCK_CODE

    code = code_digest(Path(study.__file__).resolve().parent.parent, "study.sweeps.grid", *BLOCK_CODE)
    words = json.dumps([code, declaration["rules"], declaration["n_test"], own], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
