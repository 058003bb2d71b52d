"""What the commands say: messages and progress on stderr, one machine-readable object on stdout."""

import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from study.checks import BadInput, CheckFailed, counted, escape_controls

if TYPE_CHECKING:
    from study.sweeps.runner import Outcome


def say(message: str) -> None:
    """Write a message to stderr."""
    print(_printable(message), file=sys.stderr, flush=True)  # noqa: T201


def show(text: str) -> None:
    """Write an answer to stdout."""
    print(_printable(text), flush=True)  # noqa: T201


def _printable(text: str) -> str:
    return "\n".join(map(escape_controls, text.split("\n")))


def to_json(value: Any) -> str:
    """Return a value as JSON, with escapes for the characters that control a terminal."""
    return _printable(json.dumps(value, ensure_ascii=False, indent=1))


def show_json(value: Any) -> None:
    """Write one machine-readable object to stdout."""
    show(to_json(value))


def check_proof(proof: str) -> str:
    """Return what a proof proves; raise `CheckFailed` for one that the checker refuses."""
    from study.certificates.checker import check
    from study.certificates.reading import Refused

    try:
        return check(proof)
    except Refused as refusal:
        raise CheckFailed(f"the checker does not accept what the search found: {refusal}") from None


@contextmanager
def writing(wanted: str, path: Path) -> Iterator[None]:
    """Turn a failure to write into bad input: `wanted` names the argument, and what it must be."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{wanted}; got {path} ({error.strerror})") from None


WRITABLE = "`out` must be a folder that can be written to"


def check_folder(folder: Path) -> None:
    """Refuse a folder that could not be made or written to, before any work is done."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"`out` must be a folder; got the file {folder}")
    with writing(WRITABLE, folder):
        _check_room(folder)


def check_file(wanted: str, path: Path) -> None:
    """Refuse a file that could not be written, before any work is done; `wanted` as in `writing`."""
    with writing(wanted, path):
        if path.is_dir():
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        _check_room(path.absolute().parent)


def _check_room(folder: Path) -> None:
    """Raise `OSError` where nothing can be written to a folder, or to the nearest that there is above it."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    with TemporaryDirectory(dir=there):
        pass


def drawing(draw: Callable[..., Any], *drawn: Any) -> tuple[bytes, str]:
    """Return a drawing as SVG, or nothing and what was wrong: whatever fails in drawing, the answer is given."""
    from study.report.style import render_figure, study_style

    try:
        with study_style(mathematics=False):
            return render_figure(draw(*drawn)), ""
    except Exception as error:
        return b"", f"{type(error).__name__}: {' '.join(str(error).split())}"


def write_answer(
    folder: Path, name: str, answer: Mapping[str, Any], figure: bytes, proofs: Sequence[str], ending: str = "proof.json"
) -> None:
    """Write a drawing, the caption that the answer holds, the proofs, one a line, and the answer, as files of one name.

    A folder that cannot be written to is bad input.
    """
    from study.sweeps.store import write_file

    for proof in proofs:
        check_proof(proof)
    with writing(WRITABLE, folder):
        if figure:
            write_file(folder / f"{name}.svg", figure)
        write_file(folder / f"{name}.txt", f"{answer['caption']}\n".encode())
        if proofs:
            write_file(folder / f"{name}.{ending}", "".join(f"{proof}\n" for proof in proofs).encode())
        write_file(folder / f"{name}.json", f"{to_json(answer)}\n".encode())


def view(path: Path) -> None:
    """Open a file in the viewer of its kind, and say where it is."""
    import webbrowser

    opened = webbrowser.open(path.resolve().as_uri())
    say(f"opened {path}" if opened else f"no viewer was found; the file is {path}")


def duration(seconds: float) -> str:
    """Return a time in words: in seconds, minutes or hours."""
    for unit, length in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2.0 * length:
            return f"{seconds / length:.2g} {unit}" if seconds < 99.0 * length else f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"


def work_done(outcome: "Outcome") -> str:
    """Return how much a run computed, and in what time."""
    blocks = counted(outcome.blocks_computed, "block")
    return f"{blocks} computed, {outcome.blocks_reused:,} reused, {outcome.fits:,} fits, {outcome.seconds:.1f} s"


EVERY = 10.0
"""Seconds between two lines of progress."""


class Whole:
    """How far a run of several experiments is in all.

    Parameters
    ----------
    counts : mapping of str to int
        The blocks of each experiment, in the order in which they run.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.total = sum(counts.values())
        self.said = time.monotonic()

    def done(self, name: str, of_it: int) -> int:
        """Return the blocks that are done when `of_it` blocks of an experiment are."""
        return sum(list(self.counts.values())[: list(self.counts).index(name)]) + of_it

    def sentence(self, name: str, of_it: int) -> str:
        """Say which experiment it is, and the share of all blocks that is done."""
        share = self.done(name, of_it) / max(self.total, 1)
        return f"experiment {list(self.counts).index(name) + 1} of {len(self.counts)}, {share:.1%} of all blocks"


@contextmanager
def progress(title: str, unit: str = "blocks", whole: Whole | None = None) -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, total) that shows progress: a bar on a terminal, elsewhere a line every ten seconds.

    Where `title` is one of the experiments of a `whole`, there is a second bar for it, or a second half of the line.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    texts = [TextColumn(f"{{task.{part}}}") for part in ("description", "fields[rate]")]
    columns = (texts[0], BarColumn(), MofNCompleteColumn(), texts[1], TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, rate=unit)
        in_all = bar.add_task("in all", rate=unit, total=whole.total) if whole else None
        begin = time.monotonic()
        said = whole.said if whole else begin
        reused: int | None = None

        def advance(done: int, total: int) -> None:
            nonlocal said, reused
            reused = done if reused is None else reused
            now = time.monotonic()
            rate = (done - reused) / max(now - begin, 1e-3)
            bar.update(task, completed=done, total=total, rate=f"{unit}, {rate:,.1f} a second,")
            if whole and in_all is not None:
                bar.update(in_all, completed=whole.done(title, done))
            if not console.is_terminal and now - said > EVERY:
                said = now
                left = f", about {duration((total - done) / rate)} left" if rate else ""
                line = f"{title}: {done:,} of {total:,} {unit}, {rate:.1f} a second{left}"
                if whole:
                    whole.said = now
                    line += f"; {whole.sentence(title, done)}"
                say(line)

        yield advance
