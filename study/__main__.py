"""Where the command `study` begins: an interrupt is answered from its first import on."""

import multiprocessing
import os
import signal
import sys
from multiprocessing import util
from types import FrameType
from typing import NoReturn

KEEPING_BLOCKS = ("bench", "reproduce", "run", "sweep")


def main() -> NoReturn:
    """Run the command line; exit 130 when interrupted, 143 when terminated, with nothing half-written."""
    signal.signal(signal.SIGTERM, _end)
    try:
        from study.cli import main as begin

        begin()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        message = "study: interrupted"
        if sys.argv[1:2] and sys.argv[1] in KEEPING_BLOCKS:
            message += "; the blocks computed so far are kept: repeat the command, without --fresh, to go on"
        print(message, file=sys.stderr, flush=True)  # noqa: T201
        for worker in multiprocessing.active_children():
            worker.kill()
        util._run_finalizers(0)  # type: ignore[attr-defined]  # else its semaphores are reported as leaked, afterwards
        os._exit(130)  # a worker that was being started might never end, and a common exit would wait for it
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done


def _end(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
