"""The command line."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from cyclopts import App, CoercionError, CycloptsError, Parameter, Token, UnusedCliTokensError, convert

from study.checks import BadInput, CheckFailed
from study.commands.bench import bench
from study.commands.certify import certify
from study.commands.cite import cite
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

EXAMPLES: dict[Callable[..., None], list[str]] = {
    reproduce: ["reproduce", "reproduce --quick"],
    list_experiments: ["list"],
    run: ["run four_points --json"],
    figures: ["figures four_points --format png --open"],
    paper: ["paper --check"],
    claims: ["claims --json"],
    cite: ["cite spoiler", "cite spoilers.n"],
    sweep: [
        "sweep --rule perceptron unit --weight-bound 1 3 --spoiler-rate 0.01 0.05",
        "sweep points.csv --label class --rule perceptron unit --weight-bound 3 10 --out mine.csv",
    ],
    compare: ["compare points.csv --label class --weight-bound 1 3 10 --out compared"],
    price: ["price points.csv --label class --standardise --out priced", "price --example breast-cancer --standardise"],
    datasets: ["datasets"],
    bench: ["bench --peers"],
    certify: [
        "certify points.csv --label class --weight-bound 10 --out proof.json",
        "certify --check experiments/results/certificates",
    ],
}
"""Each command, in the order of the help, with examples."""


def examples(*commands: list[str]) -> str:
    """Return examples as the help shows them."""
    return "Examples:\n\n" + "".join(f"    study {line}\n" for lines in commands for line in lines)


NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}
OF_SWEEPS = {
    "--resampling": "must be fresh, bootstrap or subsample; of a table also `--folds` may be given",
    "--features": "must be raw, centred or standardised, which scale all features; `--without` leaves columns out",
    "--standardise": "must be written `--features standardised`",
}
"""What is right of options that mean something else than one may think."""


def one_line(error: CycloptsError) -> str:
    """Return what is wrong with the arguments, on one line."""
    if isinstance(error, CoercionError) and error.argument and error.token and error.target_type in NUMBERS:
        many = "; several have spaces between them" if error.argument.parameter.consume_multiple else ""
        return f"study: `{error.argument.name}` must be {NUMBERS[error.target_type]}{many}; got {error.token.value}"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        words, typed = " ".join(error.unused_tokens), error.root_input_tokens or []
        label = "--label" in options(typed) and not any(word.startswith("--label") for word in typed)
        meant = f"did you mean `--label {words}`? See" if label else "only options with dots take several values; see"
        return (
            f"study: {words} is not expected here: {meant} `{' '.join(['study', *(error.command_chain or ())])} --help`"
        )
    token: Token | None = getattr(error, "token", None)
    option = (token.keyword or token.value) if token else ""
    if token and option in OF_SWEEPS and tuple(error.command_chain or ()) == ("sweep",):
        return f"study: `{option}` {OF_SWEEPS[option]}; got {token.value}"
    return f"study: {' '.join(str(error).split())}"


def shown(default: object) -> str | None:
    """Return a default as the help shows it; None for a switch and for what says its default in words."""
    if isinstance(default, tuple):
        return " ".join(str(shown(item)) for item in default)
    return f"{default:g}" if isinstance(default, float) else str(default or "") or None


def one_value(kind: type, word: str) -> Any:
    """Return the value of a word; a decimal is not rounded to a whole number."""
    return int(word) if kind is int else convert(kind, [word])


def converted(kind: Any, tokens: Sequence[Token]) -> Any:
    """Return the value of an option."""
    return convert(kind, tokens, converter=one_value)


app = App(
    name="study",
    help="When does backpropagation with bounded weights miss a separator that the perceptron finds?",
    help_epilogue=examples(*EXAMPLES.values()),
    help_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=shown, converter=converted),
    error_formatter=one_line,
    suppress_keyboard_interrupt=False,
)
for command, lines in EXAMPLES.items():
    name = "list" if command is list_experiments else command.__name__
    app.command(command, name=name, help_epilogue=examples(lines))


def options(words: Sequence[str]) -> set[str]:
    """Return the options of the command that words begin with."""
    _, apps, _ = app.parse_commands(words)
    return {argument.name for argument in apps[-1].assemble_argument_collection()}


def as_typed(message: str, words: Sequence[str]) -> str:
    """Return a message with the names of a command's options, such as `weight_bound`, as these are typed."""
    known = options(words)

    def typed(name: re.Match[str]) -> str:
        option = f"--{name[1].replace('_', '-')}"
        return f"`{option}`" if option in known else name[0]

    return re.sub(r"`(\w+)`", typed, message)


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
        say(f"study: {as_typed(str(error), words)}")
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
