"""`study run`."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from study.checks import BadInput, CheckFailed
from study.commands.checkout import QUICK_DIVISOR, build, checkout, load_experiment, repeatable, results, select
from study.commands.output import Whole, progress, say, show_json, work_done

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from study.sweeps.experiment import Experiment
    from study.sweeps.runner import Outcome


def run(
    *names: str,
    resamples: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    commit: bool = False,
    json: bool = False,
) -> None:
    """Run experiments: compute the blocks that are missing, and write tables and numbers.

    Results at the declared settings go to experiments/results, all others to build/results. Times are another run's
    whenever they are taken: those of bench, growth and proof_cost go to build/results too, unless `--commit` says
    otherwise.

    Parameters
    ----------
    names
        Experiments to run; by default all but those that take long or hold times, which `study list` names.
    resamples
        Resamples of each cell that draws, in place of the declared number.
    workers
        Blocks computed at once, in processes; by default one for each processor. Results do not depend on it.
    scheduler
        Address of a Dask scheduler whose workers compute in place of processes, such as tcp://10.0.0.1:8786.
    fresh
        Compute every block anew, also those computed before.
    commit
        Write times to experiments/results, in place of those that the paper cites.
    json
        Put one machine-readable object on stdout.
    """
    report = run_all(names, resamples=resamples, workers=workers, scheduler=scheduler, fresh=fresh, commit=commit)
    if json:
        show_json(report)


def run_all(
    names: Sequence[str] = (),
    *,
    resamples: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    quick: bool = False,
    commit: bool = False,
) -> dict[str, Any]:
    """Run experiments and return what was done; the work behind `run`, `bench` and `reproduce`."""
    from study.sweeps.executors import executor
    from study.sweeps.locks import alone

    root = checkout()
    experiments = [load_experiment(name) for name in repeatable(names)]
    _check_commit(commit, experiments, resamples)
    numbers = {e.name: max(2, e.resamples // QUICK_DIVISOR) if quick else resamples for e in experiments}
    whole = Whole({experiment.name: experiment.n_blocks(numbers[experiment.name]) for experiment in experiments})
    report: dict[str, Any] = {"experiments": {}, "blocks_computed": 0, "blocks_reused": 0, "fits": 0, "seconds": 0.0}
    with ExitStack() as stack:
        stack.enter_context(alone(root / ".study", say))
        pool = cache(lambda processes: stack.enter_context(executor(workers, scheduler, processes=processes)))
        for experiment in experiments:
            number = numbers[experiment.name]
            declared = number in (None, experiment.resamples) and not quick
            committed = declared and (commit or experiment.kind != "timed")
            folder = results(root) if committed else build(root, quick=quick) / "results"
            outcome, state = _run_one(
                experiment, number, folder, pool(experiment.in_processes), whole, fresh=fresh, declared=declared
            )
            report["experiments"][experiment.name] = state
            for key in ("blocks_computed", "blocks_reused", "fits", "seconds"):
                report[key] += getattr(outcome, key)
    report["seconds"] = round(report["seconds"], 3)
    return report


def _check_commit(commit: bool, experiments: "Sequence[Experiment]", resamples: int | None) -> None:
    """Raise `BadInput` where times are to be committed and there are none, or other resamples than declared."""
    if commit and not any(experiment.kind == "timed" for experiment in experiments):
        timed = [name for name in select("experiments") if load_experiment(name).kind == "timed"]
        raise BadInput(f"`commit` is for experiments that hold times, {', '.join(timed)}; got none of them")
    if commit and resamples is not None:
        raise BadInput("`commit` needs the declared resamples: leave out `resamples`")


def _run_one(
    experiment: "Experiment",
    resamples: int | None,
    folder: Path,
    pool: "tuple[Executor, int]",
    whole: Whole,
    *,
    fresh: bool,
    declared: bool,
) -> "tuple[Outcome, str]":
    """Run an experiment, write its results to a folder, and return what was done and what became of them."""
    from study.sweeps.runner import Place, experiment_digest, run_experiment
    from study.sweeps.store import forget

    root, name = checkout(), experiment.name
    timed, begin = experiment.kind == "timed", time()
    digest, store = experiment_digest(experiment, root), root / ".study"
    with progress(name, whole=whole) as advance:
        executor = None if timed else pool[0]  # nothing else may run beside what is timed
        place = Place(store=store, executor=executor, workers=pool[1], advance=advance, notice=say)
        outcome = run_experiment(experiment, digest, place, resamples=resamples, fresh=fresh or timed)
    state = _write(experiment, digest, folder, outcome, keep=declared and not timed)
    if declared:  # former code and other settings leave files behind
        forget((store / name).glob("*"), outcome.files, begin)
        forget(folder.rglob(f".{name}.*.tmp"), (), begin)
    say(f"{name}: {work_done(outcome)}; results {state}")
    return outcome, state


def _write(experiment: "Experiment", digest: str, folder: Path, outcome: "Outcome", *, keep: bool) -> str:
    """Write results, or compare with those that the same code has left; return what happened."""
    from study.report.provenance import compare, read_record, result_files, write_result

    files = result_files(experiment, digest, outcome.tables)
    if keep and (folder / f"{experiment.name}.json").is_file():
        try:
            known = read_record(folder, experiment.name)["digest"]
        except CheckFailed as failure:
            raise CheckFailed(f"experiments/results/{failure}") from None
        if known == digest:
            return compare(folder, files)
    write_result(folder, files)
    return f"written to {folder.relative_to(checkout())}"
