"""`study paper`."""

import csv
from collections.abc import Container, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from study.checks import CheckFailed
from study.commands.checkout import build, checkout, load_claims, load_experiment, load_figure, results, select
from study.commands.output import say


def paper(*, check: bool = False) -> None:
    """Refresh the numbers of paper.md, check it, and render it to build/paper.html and build/paper.pdf.

    Parameters
    ----------
    check
        Change and render nothing; fail, with a line for each finding, where a number, a figure, a reference or a result
        is stale, absent, altered or typed by hand.
    """
    from study.sweeps.store import write_file

    root = checkout()
    records, stale = read_records(root)
    if not check:
        refresh(root, records)
    with ThreadPoolExecutor(1) as beside:  # Pandoc and Typst take as long as the checks
        rendering = beside.submit(render_anew, root)
        findings = [*stale, *problems(root, records)]
        if findings:
            raise CheckFailed("\n".join(findings))
        rendered = rendering.result()
    if check:
        say("paper.md: every number, figure, claim and reference leads where it says")
        return
    for name, content in rendered.items():
        write_file(build(root) / name, content)
    files = "build/paper.html and build/paper.pdf"
    say(f"paper.md: rendered to {files}" if rendered else f"paper.md: {files} are up to date")


def refresh(root: Path, records: Mapping[str, Any]) -> None:
    """Bring the numbers and the two tables of claims in paper.md up to date."""
    from study.report.numbers import refresh_numbers
    from study.sweeps.store import write_file

    path = root / "paper.md"
    text = path.read_text(encoding="utf-8")
    new = refresh_numbers(insert_tables(root, text, records), records)
    if new != text:
        write_file(path, new.encode())
        say("paper.md: refreshed")


def insert_tables(root: Path, text: str, records: Mapping[str, Any]) -> str:
    """Return the paper with the table of claims and that of their changes made anew."""
    from study.report.claims import HISTORY, insert_changes, insert_claims

    text = insert_claims(text, load_claims(), records)
    if not (root / HISTORY).exists():  # a checkout without claims
        return text
    with (root / HISTORY).open(encoding="utf-8", newline="") as file:
        return insert_changes(text, list(csv.DictReader(file)))


def problems(root: Path, records: Mapping[str, Any]) -> list[str]:
    """Return a line for each thing that is wrong with the paper, or with a proof that a whole result names."""
    from panflute import Image, Link

    from study.report import syntax
    from study.report.claims import BEGIN, CHANGES_BEGIN, CHANGES_END, END
    from study.report.numbers import stale_numbers
    from study.report.proofs import proof_problems

    text = (root / "paper.md").read_text(encoding="utf-8")
    tree = syntax.syntax_tree(text)
    broken = set(select("experiments")) - set(records)  # named elsewhere; not once more for each number
    findings = [*stale_numbers(text, records, broken)]
    findings += syntax.odd_links(tree, text)
    findings += syntax.bare_numbers(tree)
    findings += syntax.raw_parts(tree)
    findings += syntax.uncited_entries(tree, (root / "references.bib").read_text(encoding="utf-8"))
    for begin, end in ((BEGIN, END), (CHANGES_BEGIN, CHANGES_END)):
        if text.count(begin) != 1 or text.count(end) != 1:
            findings.append(f"paper.md: a table of claims stands between {begin} and {end}, each once")
    if insert_tables(root, text, records) != text:
        findings.append("paper.md: a table of claims is stale; `study paper` refreshes it")
    linked, shown = syntax.targets(tree, Link), syntax.targets(tree, Image)
    findings += [
        f"paper.md: {url} is linked, but is not there"
        for url in sorted({url.split("#")[0] for url in linked | shown})
        if url and ":" not in url and not (root / url).exists()
    ]
    findings += figure_problems(root, records, shown, linked)
    findings += syntax.absent_panels(tree, text, root)
    findings += file_problems(root, records, broken, text)
    for name in records:
        findings += [f"experiments/results/{line}" for line in proof_problems(results(root), load_experiment(name))]
    return findings


def figure_problems(
    root: Path, records: Mapping[str, Any], shown: AbstractSet[str], linked: AbstractSet[str]
) -> list[str]:
    """Return a line for each figure that is nowhere shown, stale or altered, and for each that nothing here draws."""
    from study.report.drawing import drawn_from, figure_source, is_current, is_page, is_sealed

    findings, figures = [], {}
    for name in select("figures"):
        figure, page = load_figure(name), is_page(root, name)
        path = root / "figures" / (f"{name}.html" if page else f"{name}.svg")
        figures[f"figures/{path.name}"] = path
        if page:
            findings += page_problems(root, name, linked)
        elif f"figures/{path.name}" not in shown:
            findings.append(f"paper.md: figures/{path.name} is nowhere shown")
        elif path.is_file() and not is_sealed(path):
            findings.append(
                f"figures/{path.name}: altered by hand: its seal does not fit; `study figures` draws it anew"
            )
        elif not path.is_file() or not set(drawn_from(figure)) <= records.keys():
            pass  # what is absent, and a result that is not whole, have lines of their own
        elif not is_current(path, figure_source(root, results(root), figure)):
            findings.append(f"figures/{path.name}: stale; `study figures` draws it anew")
    findings += [
        f"paper.md: {url} is shown, but no module in figures/ draws it" for url in sorted(shown - set(figures))
    ]
    drawn = {path.name for path in figures.values()}
    return findings + [
        f"figures/{path.name}: no module draws it; a figure is figures/NAME.svg beside figures/NAME.py"
        for path in sorted((root / "figures").glob("[!.]*"))
        if path.is_file() and path.suffix != ".py" and path.name not in drawn
    ]


def file_problems(root: Path, records: Mapping[str, Any], broken: Container[str], text: str) -> list[str]:
    """Return a line for each file that no result names, and for each file of proofs that the paper omits."""
    known = {file for name, record in records.items() for file in (f"{name}.json", *record["tables"])}
    there = [path for path in sorted(results(root).rglob("[!.]*")) if path.is_symlink() or not path.is_dir()]
    findings = [
        f"experiments/results/{file}: no result names it"
        for file in (path.relative_to(results(root)).as_posix() for path in there)
        if file not in known and Path(file).name.split(".")[0] not in broken
    ]
    return findings + [
        f"paper.md: experiments/results/{file} is nowhere named"
        for file in sorted(known)
        if file.endswith(".jsonl") and f"`experiments/results/{file}`" not in text
    ]


def page_problems(root: Path, name: str, linked: Container[str]) -> list[str]:
    """Return a line where a page is linked nowhere, and one where it is not what its sources and tables give."""
    from study.report.drawing import draw_page

    path, findings = root / "figures" / f"{name}.html", []
    if f"figures/{name}.html" not in linked:
        findings.append(f"paper.md: figures/{name}.html is nowhere linked")
    try:
        current = path.is_file() and path.read_bytes() == draw_page(load_figure(name), results(root))
    except CheckFailed:
        return findings  # a table that is altered has a line of its own
    if not current:
        findings.append(f"figures/{name}.html: stale; `study figures` makes it anew")
    return findings


def read_records(root: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the results that are whole, and a line for each thing that is wrong with the others."""
    from study.report.provenance import check_result
    from study.sweeps.runner import experiment_digest

    records, findings = {}, []
    for name in select("experiments"):
        experiment = load_experiment(name)
        try:
            records[name] = check_result(results(root), experiment, experiment_digest(experiment, root))
        except CheckFailed as failure:
            findings.append(f"experiments/results/{failure}")
    return records, findings


def render_anew(root: Path) -> dict[str, bytes]:
    """Return the rendered paper and its stamp, or nothing where build/ holds what the same files gave."""
    from study.report.document import OUTPUTS, inputs_digest, render

    stamp = build(root) / "paper.sha256"
    digest = inputs_digest(root).encode()
    if all((build(root) / name).is_file() for name in OUTPUTS) and stamp.is_file() and stamp.read_bytes() == digest:
        return {}
    return {**render(root), stamp.name: digest}
