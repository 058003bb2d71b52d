"""A loop is compiled once by however many processes, kept whole or not at all, and ended by an interrupt."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from numba import guvectorize
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Flags
from numba.core.compiler_lock import global_compiler_lock

from study.kernels.compilation import METHODS, _in_one_piece, gufunc, helper
from tests.conftest import ROOT, ended

pytestmark = pytest.mark.slow
MODULES = (
    *("unit", "side_by_side", "wide", "descent", "network", "optimisers"),
    *("proof_cells", "interior_point", "perceptron", "nearest_points", "hinge", "wrong"),
)
CALLS = """
import numpy as np
from study.analysis.bias_variance import wrong_counts
from study.certificates.search import verdict
from study.trainers.best_separator import best_separator
from study.trainers.fit import Bound, Stop
from study.trainers.max_margin import max_margin
from study.trainers.network import network
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit
from study.trainers.soft_margin import soft_margin
X, y = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), np.array([1.0, 1.0, -1.0])
w0, box = np.linspace(-1.0, 1.0, 9), Bound("box", 2.0)
for method, rate in (("spectral", None), ("descent", 0.1), ("online", 0.1)):
    options = {"method": method, "learning_rate": rate, "max_steps": 9}
    assert np.isfinite(network(X, y, layers=(2, 1), w0=w0, **options).w).all()
assert perceptron(X, y).stop == Stop.SEPARATED
assert max_margin(X, y).stop == soft_margin(X, y).stop == Stop.STATIONARY
assert sigmoid_unit(X, y, bound=box, method="newton").stop == Stop.STATIONARY
assert sigmoid_unit(X, y, bound=box, method="descent", learning_rate=1.0, max_steps=9).n_updates == 9
assert np.isfinite(best_separator(X, y, bound=box).loss)
assert verdict(X, y, loss="quadratic", weight_bound=2.0).claim == "separates"
assert wrong_counts(np.ones((4, 3)), X, y, 4).sum() == 4
"""
SMALL = {
    "first": """
from study.kernels.compilation import gufunc, helper

@helper()
def twice(x):
    return 2.0 * x

@gufunc("void(float64[:], int64[:], float64[:])", "(n),(c)->(n)")
def double(x, control, out):
    for i in range(x.size):
        out[i] = twice(x[i])
""",
    "second": """
from study.kernels.compilation import gufunc
from study.kernels.first import twice

@gufunc("void(float64[:], int64[:], float64[:])", "(n),(c)->()")
def total(x, control, out):
    out[0] = 0.0
    for i in range(x.size):
        out[0] += twice(x[i])
""",
    "third": """
from study.kernels.compilation import jit

@jit("float64(float64, int64[:])")
def half(x, control):
    return 0.5 * x
""",
}
"""Three loops that compile in half a second each; the second calls into the file of the first."""
TOTAL = """
from study.kernels.second import total
print(total([1.0, 2.0]))
"""
HALF = """
from study.kernels.third import half
print(half(8.0))
"""
IMPORTS = """
import sys
from study.kernels import compilation

class Counting(compilation.ZipFile):
    def __init__(self, file, mode="r"):
        super().__init__(file, mode)
        opened[mode] += 1

opened = {"r": 0, "w": 0}
compilation.ZipFile = Counting
sys.stdin.readline()
for module in sys.argv[1:]:
    __import__(f"study.kernels.{module}")
print(opened["w"])
"""
PAUSE = """
import sys
from contextlib import suppress
from study.kernels import compilation
compiler = compilation.guvectorize

def paused(*arguments, **options):
    def build(loop):
        if loop.__name__ == {loop!r}:
            print("compiling", flush=True)
            with suppress(BaseException):  # the compiler, too, loses what is raised inside it
                sys.stdin.readline()
        return compiler(*arguments, **options)(loop)
    return build

compilation.guvectorize = paused
"""
"""Wait for a line when a loop is about to be compiled."""


def begin(code: str, *arguments: str, package: Path = ROOT, cache: Path | None = None) -> "subprocess.Popen[str]":
    """Start an interpreter with the package of a folder, whose compiled loops are kept in another."""
    environment = {**os.environ, "PYTHONPATH": str(package)} | ({"NUMBA_CACHE_DIR": str(cache)} if cache else {})
    pipe = subprocess.PIPE
    command = [sys.executable, "-X", "faulthandler", "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, cwd=package, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finish(process: "subprocess.Popen[str]") -> str:
    """Return what a process says once its stdin is closed, which ends every wait for a line."""
    answer = ended(process)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def archives(cache: Path) -> list[Path]:
    return sorted((cache / "study").glob("*.zip"))


def folders(cache: Path) -> list[Path]:
    return [path for path in (cache / "study").iterdir() if path.is_dir()]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a folder with the package, in which two small loops take the place of its own."""
    shutil.copytree(ROOT / "study", tmp_path / "study", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "study" / "kernels"
    for name in MODULES:
        (kernels / f"{name}.py").unlink()
    for name, text in SMALL.items():
        (kernels / f"{name}.py").write_text(text)
    return tmp_path


def at_once(modules: tuple[str, ...], package: Path, cache: Path) -> int:
    """Import modules in four processes at once, in as many orders; return how often a loop was compiled."""
    orders = [modules[k % len(modules) :] + modules[: k % len(modules)] for k in range(4)]
    processes = [begin(IMPORTS, *order, package=package, cache=cache) for order in orders]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(int(finish(process)) for process in processes)


def test_each_loop_of_the_study_is_kept_and_called_from_what_is_kept() -> None:
    """By now it is, in the checkout's own cache: where that was cold, by all that have compiled at the same time."""
    finish(begin(IMPORTS, *MODULES))
    assert finish(begin(IMPORTS + CALLS + "print(opened['r'])", *MODULES)) == f"0\n{len(MODULES)}\n"


def test_processes_that_start_at_once_compile_each_loop_once_in_every_round(small: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):
        assert at_once(tuple(SMALL), small, cache) == len(SMALL)
        assert finish(begin(IMPORTS + TOTAL + HALF, *SMALL, package=small, cache=cache)) == "0\n6.0\n4.0\n"
        assert len(archives(cache)) == len(list((cache / "study").glob("*.lock"))) == len(SMALL)
        assert not folders(cache)
        for archive in archives(cache):
            archive.unlink()


def test_an_edit_of_another_kernel_is_noticed(small: Path) -> None:
    assert finish(begin(TOTAL, package=small)) == "6.0\n"
    first = small / "study" / "kernels" / "first.py"
    # Of another size: Python takes the old bytecode where a file has the size and the second of the one before.
    first.write_text(first.read_text().replace("2.0 * x", "3.00 * x"))
    assert finish(begin(TOTAL, package=small)) == "9.0\n"
    assert len(list((first.parent / "__pycache__" / "loops").glob("second.total-*.zip"))) == 1  # none of former code


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_archive_is_never_loaded(damage: str, small: Path, tmp_path: Path) -> None:
    finish(begin(IMPORTS, "second", package=small, cache=tmp_path / "cache"))
    _, archive = archives(tmp_path / "cache")
    whole = archive.read_bytes()
    half = len(whole) // 2
    changed = {
        "cut": whole[:-40],
        "flipped": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
        "emptied": b"",
    }
    archive.write_bytes(changed[damage])
    assert finish(begin(IMPORTS + TOTAL, "second", package=small, cache=tmp_path / "cache")) == "1\n6.0\n"
    with ZipFile(archive) as file:
        assert file.testzip() is None
        assert len(file.namelist()) == 4


def compiling(loop: str, code: str, small: Path, cache: Path) -> "subprocess.Popen[str]":
    """Begin a process, and wait until it compiles a loop, which it does when it has read a line."""
    process = begin(PAUSE.format(loop=loop) + code, package=small, cache=cache)
    assert process.stdout is not None
    assert process.stdout.readline() == "compiling\n"
    return process


def test_a_process_killed_while_it_compiles_leaves_nothing_that_is_loaded(small: Path, tmp_path: Path) -> None:
    process = compiling("total", TOTAL, small, tmp_path / "cache")
    process.kill()
    process.communicate()
    assert [folder.name for folder in folders(tmp_path / "cache")] == ["second.total"]
    assert [archive.name.split("-")[0] for archive in archives(tmp_path / "cache")] == ["first.double"]
    assert finish(begin(IMPORTS + TOTAL, "second", package=small, cache=tmp_path / "cache")) == "1\n6.0\n"
    assert not folders(tmp_path / "cache")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("loop", ["double", "total"])
def test_a_signal_while_a_loop_is_compiled_is_obeyed(
    loop: str, name: str, code: int, small: Path, tmp_path: Path
) -> None:
    command = "import study.cli; study.cli.main = lambda: __import__('study.kernels.second') and print('went on')"
    process = compiling(loop, f"{command}; from study.__main__ import main; main()", small, tmp_path / "cache")
    process.send_signal(getattr(signal, name))
    answer = ended(process)
    assert answer.returncode == code, answer.stderr
    assert not answer.stdout
    assert answer.stderr == ("study: interrupted\n" if name == "SIGINT" else "")
    assert not folders(tmp_path / "cache")


def test_a_cache_that_cannot_be_written_or_locked_is_done_without(small: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "study").write_text("a file where a folder belongs")
    assert finish(begin(IMPORTS + TOTAL, "second", package=small, cache=cache)) == "0\n6.0\n"
    refusing = (
        "from study.kernels import compilation\n"
        "def refuse(*_):\n    raise NotImplementedError('no locks here')\n"
        "compilation.FileLock = refuse\n"
    )
    (cache / "study").unlink()
    assert finish(begin(refusing + IMPORTS, "second", package=small, cache=cache)) == "0\n"
    assert not archives(cache)


def test_a_path_that_has_no_name_in_the_locale_is_done_without(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "λ").mkdir()
    package = (small / "study").rename(tmp_path / "λ" / "study").parent
    assert finish(begin(IMPORTS + TOTAL, package=package)) == "0\n6.0\n"


def test_a_loop_that_cannot_be_kept_on_disk_compiles_all_the_same() -> None:
    names: dict[str, object] = {}
    exec("def total(x, control, out):\n    out[0] = x.sum()", names)  # noqa: S102 (no file, hence no place for a cache)
    total = gufunc("void(float64[:], int64[:], float64[:])", "(n),(c)->()")(names["total"])  # type: ignore[arg-type]
    assert total(np.arange(6.0).reshape(2, 3)).tolist() == [3.0, 12.0]


@pytest.mark.parametrize("known", [True, False])
def test_a_loop_is_optimised_once_with_all_that_it_calls(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """And part by part, as numba always does, where its code generator is not the one that is known."""
    optimised = []
    compile_stacks: Any = guvectorize
    optimise: Any = JITCodeLibrary._optimize_final_module

    def count(library: Any) -> None:
        optimised.append(library.name.rpartition(".")[2])
        optimise(library)

    @helper(counts=True)
    def shorter(n: int) -> Any:
        return np.empty(n - 2)

    def size(x: Any, control: Any, out: Any) -> None:  # noqa: ARG001
        out[0] = shorter(x.size).size

    monkeypatch.setattr(JITCodeLibrary, "_optimize_final_module", count)
    if not known:
        monkeypatch.setattr("study.kernels.compilation.METHODS", [(object, name) for _, name in METHODS])
    with _in_one_piece(size.__qualname__):
        loop = compile_stacks(["void(float64[:], int64[:], float64[:])"], "(n),(c)->()", nopython=True)(size)
    monkeypatch.undo()
    assert {"size", "shorter"} & set(optimised) == ({"size"} if known else {"size", "shorter"})
    assert (len(optimised) == 1) == known
    assert loop(np.ones((2, 3)), [0]).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="negative dimensions"):
        loop(np.ones(1), [0])


def test_numbas_options_are_told_as_they_are_while_a_loop_compiles() -> None:
    make_flags: Any = Flags
    flags = make_flags()
    flags.nrt = True
    before = flags.values()
    with _in_one_piece("loop"):
        assert flags.values() == before
        collects = gc.isenabled()
    assert flags.values() == before
    assert (collects, gc.isenabled()) == (False, True)


def test_no_other_thread_compiles_while_parts_are_left_out() -> None:
    free: list[bool] = []
    other = threading.Thread(target=lambda: free.append(global_compiler_lock._lock.acquire(blocking=False)))
    with _in_one_piece("loop"):
        other.start()
        other.join()
    assert free == [False]


TRAIN = """
import os, time
from pathlib import Path

def train(folder):
    Path(folder, str(os.getpid())).touch()
    while len(os.listdir(folder)) < 2:
        time.sleep(0.005)
    from study.kernels.second import total
    return float(total([1.0, 2.0]))
"""
WORKERS = """
import sys
from contextlib import ExitStack
from distributed import LocalCluster
from study.sweeps.executors import executor
from task import train

options = {"workers": 2, "processes": True}
with ExitStack() as stack:
    if sys.argv[1] == "cluster":
        cluster = stack.enter_context(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None))
        options = {"scheduler": cluster.scheduler_address}
    pool, _ = stack.enter_context(executor(**options))
    calls = [pool.submit(train, sys.argv[2]) for _ in range(2)]
    print([call.result() for call in calls], train(sys.argv[2]))
"""


@pytest.mark.parametrize("where", ["processes", "cluster"])
def test_two_cold_workers_leave_loops_that_can_be_called(where: str, small: Path, tmp_path: Path) -> None:
    (small / "task.py").write_text(TRAIN)
    (tmp_path / "begun").mkdir()
    process = begin(WORKERS, where, str(tmp_path / "begun"), package=small, cache=tmp_path / "cache")
    assert finish(process) == "[6.0, 6.0] 6.0\n"
    assert [archive.name.split("-")[0] for archive in archives(tmp_path / "cache")] == ["first.double", "second.total"]
    assert not folders(tmp_path / "cache")
