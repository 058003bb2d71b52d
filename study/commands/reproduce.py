"""`study reproduce`."""

from study.commands.checkout import build, checkout, load_figure, results, select
from study.commands.output import say, show_json


def reproduce(*, quick: bool = False, json: bool = False) -> None:
    """Run what is stale, draw the figures, refresh the paper, check it, and render it: the main job.

    Parameters
    ----------
    quick
        Take a twentieth of the resamples, and write results and figures to build/quick; the paper stays as it is.
    json
        Put one machine-readable object on stdout.
    """
    from study.commands.figures import draw_all
    from study.commands.paper import paper
    from study.commands.run import run_all
    from study.report.drawing import drawn_from

    root = checkout()
    report = run_all(quick=quick)
    if quick:
        folder = build(root, quick=True)
        names = [name for name in select("figures") if set(drawn_from(load_figure(name))) <= set(report["experiments"])]
        draw_all(names, root, folder / "results", folder / "figures")
        say("quick results and figures are in build/quick")
    else:
        draw_all(select("figures"), root, results(root), root / "figures")
        paper()
        say("done: experiments/results, figures, paper.md, build/paper.html and build/paper.pdf are up to date")
    if json:
        show_json(report)
