"""`study run`."""

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from study.checks import BadInput, CheckFailed
from study.commands.checkout import QUICK_DIVISOR, build, checkout, load_experiment, repeatable, results, select
from study.commands.output import Whole, progress, say, show_json


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
    whenever they are taken: those of bench and proof_cost go to build/results too, unless `--commit` says otherwise.

    Parameters
    ----------
    names
        Experiments to run; by default all but those that take long or hold times, which `study list` names.
    resamples
        Resamples of each cell that draws, in place of the declared number.
    workers
        Blocks computed at once, in threads; by default one for each processor. Results do not depend on it.
    scheduler
        Address of a Dask scheduler whose workers compute in place of threads, such as tcp://10.0.0.1:8786.
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
    import time

    from study.sweeps.executors import executor
    from study.sweeps.locks import alone
    from study.sweeps.runner import Place, experiment_digest, run_experiment
    from study.sweeps.store import forget

    root = checkout()
    experiments = [load_experiment(name) for name in repeatable(names)]
    numbers = {e.name: max(2, e.resamples // QUICK_DIVISOR) if quick else resamples for e in experiments}
    if commit and not any(experiment.kind == "timed" for experiment in experiments):
        timed_names = [name for name in select("experiments") if load_experiment(name).kind == "timed"]
        raise BadInput(f"`commit` is for experiments that hold times, {', '.join(timed_names)}; got none of them")
    if commit and resamples is not None:
        raise BadInput("`commit` asks for the declared resamples: leave out `resamples`")
    whole = Whole({experiment.name: experiment.n_blocks(numbers[experiment.name]) for experiment in experiments})
    report: dict[str, Any] = {"experiments": {}, "blocks_computed": 0, "blocks_reused": 0, "fits": 0, "seconds": 0.0}
    with ExitStack() as stack:
        stack.enter_context(alone(root / ".study", say))
        pools: dict[bool, tuple[Executor, int]] = {}
        for experiment in experiments:
            name, number = experiment.name, numbers[experiment.name]
            kind = experiment.in_processes
            if kind not in pools:
                pools[kind] = stack.enter_context(executor(workers, scheduler, processes=kind))
            pool, n_workers = pools[kind]
            digest = experiment_digest(experiment, root)
            begin = time.time()
            timed = experiment.kind == "timed"  # nothing else may run beside it
            with progress(name, whole=whole) as advance:
                place = Place(
                    store=root / ".study",
                    executor=None if timed else pool,
                    workers=n_workers,
                    advance=advance,
                    notice=say,
                )
                outcome = run_experiment(experiment, digest, place, resamples=number, fresh=fresh or timed)
            declared = number in (None, experiment.resamples) and not quick
            folder = results(root) if declared and (commit or not timed) else build(root, quick=quick) / "results"
            state = _write(experiment, digest, folder, root, outcome, keep=declared and not timed)
            if declared:  # former code and other settings leave files behind
                forget((root / ".study" / name).glob("*"), outcome.files, begin)
                forget(folder.rglob(f".{name}.*.tmp"), (), begin)
            say(
                f"{name}: {outcome.blocks_computed} blocks computed, {outcome.blocks_reused} reused, "
                f"{outcome.fits:,} fits, {outcome.seconds:.1f} s; results {state}"
            )
            report["experiments"][name] = state
            for key in ("blocks_computed", "blocks_reused", "fits", "seconds"):
                report[key] += getattr(outcome, key)
    report["seconds"] = round(report["seconds"], 3)
    return report


def _write(experiment: Any, digest: str, folder: Path, root: Path, outcome: Any, *, keep: bool) -> str:
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
    return f"written to {folder.relative_to(root)}"
