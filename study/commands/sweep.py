"""`study sweep`."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, field, fields, make_dataclass
from functools import partial
from itertools import product
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import Parameter

from study.checks import BadInput
from study.commands.input import NO_READ_OPTIONS, ReadOptions, content_of, read_content
from study.commands.output import check_file, duration, progress, say, show, show_json, work_done, writing
from study.sweeps.own_rule import OwnRule
from study.sweeps.rule import RULES
from study.sweeps.rules import make_rules, rule_options
from study.sweeps.settings import PoolSetting, Setting

if TYPE_CHECKING:
    import pandas as pd

    from study.sweeps.grid import Pool, Sweep
    from study.sweeps.runner import Outcome

Many = Parameter(consume_multiple=True)
WRITABLE_FILE = "`out` must be a place that can be written"
DEFAULT_RULES = ("perceptron", "unit")
PASSES = 100
"""Of a perceptron on rows that no line separates."""
LEAST_ROWS = 10
RULE_HELP = (
    f"{', '.join(RULES)}; or module:name of an estimator, with its options, such as sklearn.svm:SVC,C=10, "
    "of a function that makes one, or of a callable (X, y) over stacks that returns weights. "
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
        words = tuple(filter(None, get_args(same[0].type))) if get_origin(same[0].type) is Literal else ()
        kind: Any = GenericAlias(list, Literal[words] if words else same[0].type)  # the empty word is a blank
        text = field(default=None, metadata={"help": f"{texts[0].upper()}{texts[1:]}; by default {shown}."})
        made.append((option, Annotated[kind, Many, Parameter(name=spellings)], text))
    return Parameter(name="*")(make_dataclass(name, made, namespace={"__module__": __name__}, frozen=True))


if TYPE_CHECKING:
    RuleOptions = Any
    SettingOptions = Any
else:
    RuleOptions = option_lists("RuleOptions", rule_options())
    both = [column for kind in (Setting, PoolSetting) for column in fields(kind) if column.metadata]
    SettingOptions = option_lists("SettingOptions", {column.name: [column] for column in both})
NO_RULE_OPTIONS, NO_SETTING_OPTIONS = RuleOptions(), SettingOptions()


def sweep(
    file: Path | None = None,
    *,
    table_options: ReadOptions = NO_READ_OPTIONS,
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
    format: Literal["svg", "png", "pdf"] = "svg",  # noqa: A002
    json: bool = False,
) -> None:
    """Measure bias and variance of rules over resampled sets, on a grid of your own: a CSV, a figure, and a JSON.

    Every list may hold several values, such as --n-samples 50 100 200; all combinations are computed, and all rules see
    the same sets. The table has a row for each setting and rule, with n and 95% intervals. An interrupted sweep goes on
    where it stopped when it is repeated.

    Parameters
    ----------
    file
        A table of your own, delimited text, compressed or not: training sets are drawn from its rows, by bootstrap,
        `--resampling subsample` or `--folds`, and each is tested on the rows that it leaves out. Without a file, points
        are generated.
    table_options
        How it is read.
    rule
        Names of rules, or module:name.
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
        The JSON file of an earlier sweep, to be repeated; all options above are then taken from it. The table of a
        sweep must be given too. Where rules of the form module:name are named, `--rule` must name them, as they are
        run.
    out
        The table; figure and settings (.json) go beside it. By default sweep.csv; with --from x.json, x.csv.
    dry_run
        Only say what would be computed, and about how long it would take.
    workers
        Blocks computed at once, in threads, or of estimators in processes; by default one for each processor.
    scheduler
        Address of a Dask scheduler whose workers compute in place of threads, such as tcp://10.0.0.1:8786.
    fresh
        Compute every block anew.
    format
        Of the figure.
    json
        Put one machine-readable object on stdout.
    """
    if out is not None and out.suffix != ".csv":
        raise BadInput(f"`out` must end in .csv; got {out}")
    for name, value in (("fresh", fresh), ("format", format != "svg" and format)):
        if dry_run and value:
            raise BadInput(f"`{name}` must be left out of a dry run, which keeps and draws nothing; got {value}")
    numbers = {"resamples": resamples, "n_test": n_test, "seed": seed}
    options, of_settings, numbers = map(chosen, (asdict(rule_options), asdict(setting_options), numbers))
    if from_ is not None:
        swept = read_sweep(from_, file)
        check_replay(from_, swept, rule or [], [*changed(table_options), *options, *of_settings, *numbers])
        out = out or from_.with_suffix(".csv")
    else:
        pool = read_pool(file, table_options) if file or table_options.example else None
        if pool is None and changed(table_options):
            raise BadInput(f"`FILE` must be a table where `{'`, `'.join(changed(table_options))}` is given; got none")
        swept = declare(DEFAULT_RULES if rule is None else rule, options, of_settings, numbers, pool)
        out = out or Path("sweep.csv")
    if dry_run:
        estimate(swept, workers, scheduler, json=json)
    else:
        check_file(WRITABLE_FILE, out)
        outcome, files = compute(swept, out, format, workers=workers, scheduler=scheduler, fresh=fresh)
        report(swept, outcome, files, json=json)


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are given."""
    return {name: value for name, value in options.items() if value is not None}


def changed(options: ReadOptions) -> dict[str, Any]:
    """Return the options of a table that are not the usual ones."""
    usual = asdict(NO_READ_OPTIONS)
    return {name: value for name, value in asdict(options).items() if value != usual[name]}


def read_pool(file: Path | None, options: ReadOptions, sha256: str | None = None) -> "Pool":
    """Return the points of a table, whose file must have a digest where that is given."""
    import hashlib

    from study.sweeps.grid import Pool

    name, content = content_of(file, options)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, digest):
        raise BadInput(f"`FILE` must have SHA-256 {sha256}; got {name}, with {digest}")
    table = read_content(name, content, options)
    if len(table.rows) < LEAST_ROWS:
        raise BadInput(f"`FILE` must hold {LEAST_ROWS} points for a sweep at least; got {name}, with {len(table.rows)}")
    for note in table.notes:
        say(note)
    return Pool(points=table.points, source={"sha256": digest, **changed(options)})


def limit_passes(names: Sequence[str], options: dict[str, Any], pool: "Pool") -> dict[str, Any]:
    """Return the options, with a limit on passes where no line separates the rows: a perceptron would never stop."""
    endless = [name for name in names if name in RULES and "max_passes" in {one.name for one in fields(RULES[name])}]
    if "max_passes" in options or not endless:
        return options
    from study.analysis.separability import separability

    if separability(pool.points.X, pool.points.y).separable:
        return options
    say(f"no line separates the rows: {', '.join(endless)} stops after {PASSES} passes; --max-passes says otherwise")
    return {**options, "max_passes": [PASSES]}


def declare(
    names: Sequence[str],
    options: dict[str, Any],
    of_settings: dict[str, Any],
    numbers: dict[str, Any],
    pool: "Pool | None" = None,
) -> "Sweep":
    """Return the sweep over all combinations of the options, of a table where there is a pool."""
    from study.sweeps.grid import Sweep

    grids: list[dict[str, Any]] = [of_settings]
    kind: Any = Setting
    if pool is not None:
        numbers = {"n_test": len(pool.points.y), **numbers}
        grids, kind = pool_grids(of_settings), partial(PoolSetting.of, pool.points.y)
        options = limit_passes(names, options, pool)
    elif "folds" in of_settings:
        raise BadInput(f"`folds` must be left out without a table; got {of_settings['folds']}")
    settings = [kind(**dict(zip(grid, values, strict=True))) for grid in grids for values in product(*grid.values())]
    rules = [rule for name in names for rule in make_rules(name, options)]
    for name, values in options.items():
        used = {getattr(rule, name, None) for rule in rules}
        if unused := [value for value in values if value not in used]:
            got = " ".join(value if isinstance(value, str) else f"{value:g}" for value in unused)
            raise BadInput(f"`{name}` must be left out, as none of these rules uses it so; got {got}")
    return Sweep(settings=list(dict.fromkeys(settings)), rules=list(dict.fromkeys(rules)), pool=pool, **numbers)


def pool_grids(of_settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options of the sets that a table gives: those that resampling has a use for, and those that folds do.

    Folds stand in place of resampling, unless that is given too.
    """
    known = {column.name for column in fields(PoolSetting)}
    unknown = [name for name in of_settings if name not in known]
    if unknown:
        raise BadInput(f"`{'`, `'.join(unknown)}` must be left out where points come from a table")
    if "fresh" in of_settings.get("resampling", ()):
        raise BadInput("`resampling` must be bootstrap or subsample of a table, or else `folds` be given; got fresh")
    folds = {name: values for name, values in of_settings.items() if name in ("features", "folds")}
    others = {name: values for name, values in of_settings.items() if name != "folds"}
    if "folds" not in of_settings:
        return [others]
    return [others, folds] if "resampling" in others else [others | folds]


def read_sweep(path: Path, file: Path | None = None) -> "Sweep":
    """Return an earlier sweep from its JSON file, and from the file of its table where it has one."""
    from study.sweeps import files
    from study.sweeps.grid import Sweep

    wrong = f"`from` must be the JSON file of a sweep; got {path}"
    try:
        record = files.parse_json(files.read_file(path, pipes=True))
        source, pool = record.get("table"), None
        if file is None and source is not None and "example" not in source:
            wrong = f"`FILE` must be given beside `from` {path}"
            raise BadInput("the table of that sweep; got none")
        if file is not None and source is None:
            raise BadInput(f"it has no table, and `FILE` must be left out; got {file}")
        if source is not None:
            sha256, options = source["sha256"], {name: source[name] for name in source if name != "sha256"}
            pool = read_pool(file, ReadOptions(**options), sha256)
        return Sweep.from_record(record, pool)
    except BadInput as error:
        raise BadInput(f"{wrong}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{wrong} ({type(error).__name__}: {' '.join(str(error).split())})") from None


def check_replay(path: Path, swept: "Sweep", names: list[str], options: list[str]) -> None:
    """Raise `BadInput` unless a replay names just the code that a file would run, and no option beside it."""
    own = [rule for rule in swept.rules if isinstance(rule, OwnRule)]
    places = {rule.place for rule in own}
    also = [*(["rule"] if set(names) - places - {rule.rule for rule in own} else []), *options]
    if also:
        raise BadInput(f"`from` takes what is swept from {path}: leave out `{'`, `'.join(also)}`")
    unnamed = sorted(places - {OwnRule.read(name).place for name in names})
    if unnamed:
        raise BadInput(
            f"`from` {path} names code to be run, {', '.join(unnamed)}: where you trust it, say so by "
            f"--rule {' '.join(sorted(places))}"
        )


def estimate(swept: "Sweep", workers: int | None, scheduler: str | None, *, json: bool) -> None:
    """Say how many settings and fits there are, and how long they would take."""
    from study.sweeps.executors import executor
    from study.sweeps.pilot import expected_seconds

    experiment = swept.experiment()
    own = [rule.place for rule in swept.rules if isinstance(rule, OwnRule)]
    with executor(workers, scheduler, processes=experiment.in_processes, own=own) as (pool, n_workers):
        about, least, most = expected_seconds(experiment, pool, n_workers, swept.least_resamples)
    fits = len(experiment.cells) * len(swept.rules) * experiment.resamples
    answer = {"cells": len(experiment.cells), "rules": len(swept.rules), "fits": fits, "seconds": round(about, 1)}
    if json:
        show_json({**answer, "seconds_least": round(least, 1), "seconds_most": round(most, 1)})
    else:
        show(
            f"{answer['cells']} settings, {answer['rules']} rules, {fits:,} fits; about {duration(about)} with "
            f"{n_workers} workers ({duration(least)} to {duration(most)})"
        )


def compute(
    swept: "Sweep", out: Path, file_format: str, *, workers: int | None, scheduler: str | None, fresh: bool
) -> "tuple[Outcome, list[Path]]":
    """Run a sweep, write its files, and return their paths too; its blocks are kept beside the table."""
    from study.sweeps.executors import executor
    from study.sweeps.locks import alone
    from study.sweeps.runner import Place, run_experiment

    own = {rule.place: rule.code() for rule in swept.rules if isinstance(rule, OwnRule)}
    unknown = [where for loaded in own.values() for where in loaded.unknown]
    if unknown:
        say(f"what a rule of your own loads cannot be known ({', '.join(unknown)}): every block is computed anew")
    key = digest(swept, [loaded.digest for loaded in own.values()])
    store, experiment = out.parent / ".study", swept.experiment()
    computing = executor(workers, scheduler, processes=experiment.in_processes, own=list(own))
    with alone(store, say):
        with computing as (pool, n_workers), progress("sweep") as advance:
            place = Place(store=store, executor=pool, workers=n_workers, advance=advance, notice=say)
            outcome = run_experiment(experiment, key, place, fresh=fresh or bool(unknown))
        return outcome, write_files(swept, outcome.tables[""], out, file_format)


def report(swept: "Sweep", outcome: "Outcome", files: Sequence[Path], *, json: bool) -> None:
    """Say what was computed and written, and show the table."""
    table = outcome.tables[""]
    say(f"sweep: {work_done(outcome)}; {', '.join(str(path) for path in files)} written")
    for column, what in (("not_finite", "left the range of floating-point numbers"), ("warned", "gave a warning")):
        for row in table[table[column] > 0.0].drop_duplicates("label").to_dict("records"):
            say(f"{row['label']} {what} in {row[column]:.2%} of its fits: see the column {column}")
    if json:
        counts = {name: getattr(outcome, name) for name in ("blocks_computed", "blocks_reused", "fits")}
        show_json({**counts, "seconds": round(outcome.seconds, 3), "files": [str(path) for path in files]})
    else:
        show_table(table, swept.columns)


def write_files(swept: "Sweep", table: "pd.DataFrame", out: Path, file_format: str) -> list[Path]:
    """Write the table, its figure and its settings, and return their paths."""
    import hashlib
    from json import dumps

    from study.report.style import render_figure, study_style
    from study.report.sweep_figure import draw_sweep
    from study.sweeps.runner import libraries
    from study.sweeps.store import write_file

    content = table.to_csv(index=False, lineterminator="\n").encode()
    with study_style(mathematics=False):
        figure = render_figure(draw_sweep(table, swept.columns, swept.rules), file_format)
    record = {**swept.to_record(), "libraries": libraries(), "table_sha256": hashlib.sha256(content).hexdigest()}
    files = {
        out: content,
        out.with_suffix(f".{file_format}"): figure,
        out.with_suffix(".json"): dumps(record, indent=1).encode(),
    }
    with writing(WRITABLE_FILE, out):
        for path, data in files.items():
            write_file(path, data)
    return list(files)


def show_table(table: "pd.DataFrame", columns: Sequence[str]) -> None:
    """Write the columns that are read first to stdout, with their intervals, and those of `columns` that vary."""
    import pandas as pd

    varying = [name for name in columns if len(set(table[name])) > 1]
    shown = table[[*varying, "label", "n"]].copy()
    for part in ("error", "bias", "net_variance", "separates"):
        ends = table[[part, f"{part}_low", f"{part}_high"]].to_numpy().tolist()
        shown[part] = ["{:.4f} [{:.4f}, {:.4f}]".format(*(round(x, 4) + 0.0 for x in row)) for row in ends]  # no -0
    with pd.option_context("display.max_colwidth", None):
        show(shown.to_string(index=False, float_format=lambda value: f"{value:.5g}"))


def digest(swept: "Sweep", own: list[str]) -> str:
    """Return the digest of what each cell of a sweep rests on: code, rules, test points, the table, and own rules."""
    import hashlib
    import json

    import study
    from study.sweeps.digest import code_digest
    from study.sweeps.runner import BLOCK_CODE

    code = code_digest(Path(study.__file__).resolve().parent.parent, "study.sweeps.grid", *BLOCK_CODE)
    record = swept.to_record()
    words = json.dumps([code, record["rules"], record["n_test"], record.get("table"), own], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
