"""What the commands say: messages and progress on stderr, one machine-readable object on stdout."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from study.validation import BadInput


def say(message: str) -> None:
    """Write a message to stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def show(text: str) -> None:
    """Write an answer to stdout."""
    print(text, flush=True)  # noqa: T201


def show_json(value: Any) -> None:
    """Write one machine-readable object to stdout."""
    show(json.dumps(value, ensure_ascii=False, indent=1))


@contextmanager
def writing(wanted: str, path: Path) -> Iterator[None]:
    """Turn a failure to write into bad input: `wanted` names the argument, and what it must be."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{wanted}; got {path} ({error.strerror})") from None


@contextmanager
def progress(title: str, unit: str = "blocks") -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, total) that shows progress: a bar on a terminal, elsewhere a line every ten seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    rate = TextColumn(f"{unit}, {{task.fields[rate]:,.1f}} a second,")
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, rate=0.0)
        begin = said = time.monotonic()
        reused: int | None = None

        def advance(done: int, total: int) -> None:
            nonlocal said, reused
            reused = done if reused is None else reused
            now = time.monotonic()
            rate = (done - reused) / max(now - begin, 1e-3)
            bar.update(task, completed=done, total=total, rate=rate)
            if not console.is_terminal and now - said > 10.0:
                said = now
                left = f", about {(total - done) / rate:.0f} s left" if rate else ""
                say(f"{title}: {done:,} of {total:,} {unit}, {rate:.1f} a second{left}")

        yield advance
