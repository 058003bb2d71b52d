"""`study sweep`."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, field, fields, make_dataclass
from itertools import product
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from study.checks import BadInput
from study.commands.output import progress, say, show, show_json, writing
from study.sweeps.rules import RULES, OwnRule, make_rules, rule_options
from study.sweeps.settings import SETTING_COLUMNS, Setting

if TYPE_CHECKING:
    import pandas as pd

    from study.sweeps.grid import Sweep

Many = Parameter(consume_multiple=True)
DEFAULT_RULES = ("perceptron", "unit")
RULE_HELP = (
    f"{', '.join(RULES)}; or module:function, a callable (X, y) over stacks that returns weights. "
    f"By default {' and '.join(DEFAULT_RULES)}."
)


def option_lists(name: str, options: Mapping[str, Sequence[Field[Any]]]) -> Any:
    """Return a dataclass of lists of values, or None where they are not given, for options by their names.

    Parameters
    ----------
    name : str
        Of the class.
    options : mapping of str to sequence of Field
        The fields that `option` has made, one for each class that has a use for the option; all have one default.
    """
    made: list[tuple[str, Any, Any]] = []
    for option, same in options.items():
        (default,) = {of_class.default for of_class in same}
        texts = "; ".join(dict.fromkeys(of_class.metadata["help"] for of_class in same))
        shown = default if isinstance(default, str) else f"{default:g}"
        spellings = [f"--{spelling.replace('_', '-')}" for spelling in dict.fromkeys((option, option.lower()))]
        kind: Any = GenericAlias(list, same[0].type)
        text = field(default=None, metadata={"help": f"{texts[0].upper()}{texts[1:]}; by default {shown}."})
        made.append((option, Annotated[kind, Many, Parameter(name=spellings)], text))
    return Parameter(name="*")(make_dataclass(name, made, namespace={"__module__": __name__}, frozen=True))


if TYPE_CHECKING:
    RuleOptions = Any
    SettingOptions = Any
else:
    RuleOptions = option_lists("RuleOptions", rule_options())
    SettingOptions = option_lists("SettingOptions", {column.name: [column] for column in fields(Setting)})
NO_RULE_OPTIONS, NO_SETTING_OPTIONS = RuleOptions(), SettingOptions()


def sweep(
    *,
    rule: Annotated[list[str] | None, Many, Parameter(help=RULE_HELP)] = None,
    rule_options: RuleOptions = NO_RULE_OPTIONS,
    setting_options: SettingOptions = NO_SETTING_OPTIONS,
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
        Names of rules, or module:function.
    rule_options
        Of each rule that has a use for them.
    setting_options
        How training sets come about.
    resamples
        Training sets for each setting; by default 10,000.
    n_test
        Test points for each setting; by default 500. Where there are spoilers, a quarter of these are spoilers or more.
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
    if out is not None and out.suffix != ".csv":
        raise BadInput(f"`out` must end in .csv; got {out}")
    numbers = {"resamples": resamples, "n_test": n_test, "seed": seed}
    options, of_settings, numbers = map(chosen, (asdict(rule_options), asdict(setting_options), numbers))
    if from_ is not None:
        swept = read_sweep(from_)
        check_replay(from_, swept, rule or [], [*options, *of_settings, *numbers])
        out = out or from_.with_suffix(".csv")
    else:
        swept = declare(DEFAULT_RULES if rule is None else rule, options, of_settings, numbers)
        out = out or Path("sweep.csv")
    if dry_run:
        estimate(swept, workers, json=json)
    else:
        compute(swept, out, workers=workers, scheduler=scheduler, fresh=fresh, json=json)


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are given."""
    return {name: value for name, value in options.items() if value is not None}


def declare(
    names: Sequence[str], options: dict[str, Any], of_settings: dict[str, Any], numbers: dict[str, Any]
) -> "Sweep":
    """Return the sweep over all combinations of the options."""
    from study.sweeps.grid import Sweep

    settings = [Setting(**dict(zip(of_settings, values, strict=True))) for values in product(*of_settings.values())]
    rules = [rule for name in names for rule in make_rules(name, options)]
    return Sweep(settings=list(dict.fromkeys(settings)), rules=list(dict.fromkeys(rules)), **numbers)


def read_sweep(path: Path) -> "Sweep":
    """Return an earlier sweep from its JSON file."""
    from study.sweeps.files import parse_json, read_file
    from study.sweeps.grid import Sweep

    wrong = f"`from` must be the JSON file of a sweep; got {path}"
    try:
        return Sweep.from_record(parse_json(read_file(path, pipes=True)))
    except BadInput as error:
        raise BadInput(f"{wrong}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{wrong} ({type(error).__name__}: {' '.join(str(error).split())})") from None


def check_replay(path: Path, swept: "Sweep", names: list[str], options: list[str]) -> None:
    """Raise `BadInput` unless a replay names just the code that a file would run, and no option beside it."""
    own = {rule.place for rule in swept.rules if isinstance(rule, OwnRule)}
    also = [*(["rule"] if set(names) - own else []), *options]
    if also:
        raise BadInput(f"`from` takes what is swept from {path}: leave out `{'`, `'.join(also)}`")
    unnamed = sorted(own - set(names))
    if unnamed:
        raise BadInput(
            f"`from` {path} names code to be run, {', '.join(unnamed)}: where you trust it, say so by "
            f"--rule {' '.join(sorted(own))}"
        )


def estimate(swept: "Sweep", workers: int | None, *, json: bool) -> None:
    """Say how many settings and fits there are, and how long they would take."""
    from study.sweeps.executors import executor
    from study.sweeps.pilot import expected_seconds

    experiment = swept.experiment()
    with executor(workers) as (pool, n_workers):
        about, least, most = (round(seconds, 1) for seconds in expected_seconds(experiment, pool, n_workers))
    fits = len(experiment.cells) * len(swept.rules) * experiment.resamples
    answer = {"cells": len(experiment.cells), "rules": len(swept.rules), "fits": fits, "seconds": about}
    if json:
        show_json({**answer, "seconds_least": least, "seconds_most": most})
    else:
        show(
            f"{answer['cells']} settings, {answer['rules']} rules, {fits:,} fits; "
            f"about {about:g} s with {n_workers} workers ({least:g} to {most:g} s)"
        )


def compute(swept: "Sweep", out: Path, *, workers: int | None, scheduler: str | None, fresh: bool, json: bool) -> None:
    """Run a sweep and write its three files, the JSON last."""
    from study.sweeps.executors import executor
    from study.sweeps.locks import alone
    from study.sweeps.runner import Place, run_experiment

    own = [rule.code() for rule in swept.rules if isinstance(rule, OwnRule)]
    unknown = [where for loaded in own for where in loaded.unknown]
    if unknown:
        say(f"what a rule of your own loads cannot be known ({', '.join(unknown)}): every block is computed anew")
    key = digest(swept, [loaded.digest for loaded in own])
    store = out.parent / ".study"
    with alone(store, say), executor(workers, scheduler) as (pool, n_workers), progress("sweep") as advance:
        place = Place(store=store, executor=pool, workers=n_workers, advance=advance, notice=say)
        outcome = run_experiment(swept.experiment(), key, place, fresh=fresh or bool(unknown))
    table = outcome.tables[""]
    files = write_files(swept, table, out)
    counts = {name: getattr(outcome, name) for name in ("blocks_computed", "blocks_reused", "fits")}
    say(
        f"sweep: {outcome.fits:,} fits, {outcome.blocks_computed} blocks computed, {outcome.blocks_reused} reused, "
        f"{outcome.seconds:.1f} s; {', '.join(str(path) for path in files)} written"
    )
    if json:
        show_json({**counts, "seconds": round(outcome.seconds, 3), "files": [str(path) for path in files]})
    else:
        show_table(table)


def write_files(swept: "Sweep", table: "pd.DataFrame", out: Path) -> list[Path]:
    """Write the table, its figure and its settings, and return their paths."""
    import hashlib
    from json import dumps

    from study.report.style import render_figure, study_style
    from study.report.sweep_figure import draw_sweep
    from study.sweeps.runner import libraries
    from study.sweeps.store import write_file

    content = table.to_csv(index=False, lineterminator="\n").encode()
    with study_style(mathematics=False):
        figure = render_figure(draw_sweep(table, SETTING_COLUMNS))
    record = {**swept.to_record(), "libraries": libraries(), "table_sha256": hashlib.sha256(content).hexdigest()}
    files = {out: content, out.with_suffix(".svg"): figure, out.with_suffix(".json"): dumps(record, indent=1).encode()}
    with writing("`out` must be a place that can be written", out):
        for path, data in files.items():
            write_file(path, data)
    return list(files)


def show_table(table: "pd.DataFrame") -> None:
    """Write the columns that are read first to stdout, and the settings that vary."""
    columns = [name for name in SETTING_COLUMNS if len(set(table[name])) > 1]
    shown = [*columns, "label", "n", "error", "bias", "net_variance", "variance", "separates"]
    show(table[shown].to_string(index=False, float_format=lambda value: f"{value:.5g}"))


def digest(swept: "Sweep", own: list[str]) -> str:
    """Return the digest of the code of a sweep, of its settings, and of the user's own rules."""
    import hashlib
    import json

    import study
    from study.sweeps.digest import code_digest
    from study.sweeps.runner import BLOCK_CODE

    code = code_digest(Path(study.__file__).resolve().parent.parent, "study.sweeps.grid", *BLOCK_CODE)
    record = swept.to_record()
    words = json.dumps([code, record["rules"], record["n_test"], own], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
