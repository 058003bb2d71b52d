"""`study cite`."""

import subprocess
from pathlib import Path

from study.checks import BadInput, did_you_mean
from study.commands.checkout import checkout, load_figure, results, select
from study.commands.output import show


def cite(*what: str) -> None:
    """Print what it takes to cite the paper, the code, a figure or a number.

    Parameters
    ----------
    what
        `paper` (the default) or `code`; a figure, such as spoiler; a number, as its experiment and key, such as
        spoilers.n. The links of the paper name file and key of each number.
    """
    root = checkout()
    for name in what or ("paper",):
        show(citation(root, name))


def citation(root: Path, what: str) -> str:
    """Return how to cite one thing.

    Raises
    ------
    BadInput
        For what is neither paper, code, a figure, nor a number of a result.
    """
    from study.report.citation import cite_figure, cite_number, cite_study
    from study.report.drawing import drawn_from, is_page
    from study.report.numbers import keys
    from study.report.provenance import read_record

    if what in ("paper", "code"):
        return cite_study(root, what, commit(root))
    figures, experiments = select("figures"), select("experiments")
    if what in figures:
        figure, page = load_figure(what), is_page(root, what)
        path = root / "figures" / f"{what}.{'html' if page else 'svg'}"
        return cite_figure(root, results(root), path, drawn_from(figure), figure.CAPTION if page else "")
    name, _, key = what.partition(".")
    if name not in experiments:
        known = f"paper, code, a figure ({', '.join(figures)}), or EXPERIMENT.KEY"
        guess = did_you_mean(name, ["paper", "code", *(experiments if key else figures)])
        raise BadInput(f"`WHAT` must be {known}; got {what}{guess}")
    try:
        return cite_number(root, results(root), name, key)
    except (KeyError, TypeError, ValueError):
        guess = did_you_mean(key, keys(read_record(results(root), name)["numbers"]))
        raise BadInput(f"`WHAT` must be a number that {name}.json holds, such as {name}.n; got {what}{guess}") from None


def commit(root: Path) -> str:
    """Return the commit of the checkout; "unknown" where git does not say."""
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
