"""The command line."""

import os
import sys
from pathlib import Path
from typing import NoReturn, TextIO

from cyclopts import App, CycloptsError, Parameter

from study.checks import BadInput, CheckFailed
from study.commands.bench import bench
from study.commands.certify import certify
from study.commands.claims import claims
from study.commands.compare import compare
from study.commands.datasets import datasets
from study.commands.figures import figures
from study.commands.list import list_experiments
from study.commands.output import say
from study.commands.paper import paper
from study.commands.price import price
from study.commands.reproduce import reproduce
from study.commands.run import run
from study.commands.sweep import sweep

for library in ("OPENBLAS", "OMP", "MKL"):  # before NumPy is imported: the same bytes on any number of cores
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

EXAMPLES = """Examples:

    study reproduce
    study run four_points --json
    study figures four_points --format png --open
    study paper --check
    study sweep --rule perceptron unit --weight-bound 1 3 --n-samples 50 100 --spoiler-rate 0.01 0.05
    study compare points.csv --label class --weight-bound 1 3 10 --out compared
    study price --example breast-cancer --standardise --out priced
"""


def one_line(error: CycloptsError) -> str:
    """Return what is wrong with the arguments, on one line."""
    return f"study: {' '.join(str(error).split())}"


app = App(
    name="study",
    help="When does backpropagation with bounded weights miss a separator that the perceptron finds?",
    help_epilogue=EXAMPLES,
    help_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=False),
    error_formatter=one_line,
    suppress_keyboard_interrupt=False,
)
app.command(reproduce)
app.command(list_experiments, name="list")
app.command(run)
app.command(figures)
app.command(paper)
app.command(claims)
app.command(sweep)
app.command(compare)
app.command(price)
app.command(datasets)
app.command(bench)
app.command(certify)


def _forget_what_is_unsaid(*streams: TextIO) -> None:
    """Keep the interpreter from trying, on its way out, to write what cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams or (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def main() -> NoReturn:
    """Run a command: exit 0 when done, 1 when a check failed, 2 for bad input."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called us
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")  # of a terminal that has no Greek
    try:
        words = ["--file=-" if word == "-" else word for word in sys.argv[1:]]  # cyclopts takes - for an option
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        say(one_line(error))
        sys.exit(2)
    except BadInput as error:
        say(f"study: {error}")
        sys.exit(2)
    except CheckFailed as error:
        say(str(error))
        sys.exit(1)
    except BrokenPipeError:  # whoever read our answer has gone
        _forget_what_is_unsaid()
        sys.exit(141)
    except OSError as error:
        _forget_what_is_unsaid(sys.stdout)
        say(f"study: {error.filename or 'the answer'} cannot be read or written: {error.strerror or error}")
        sys.exit(1)
    sys.exit(0)
