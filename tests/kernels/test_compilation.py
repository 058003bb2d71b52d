"""A loop is compiled once by however many processes, kept whole or not at all, and ended by an interrupt."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from study.kernels.compilation import PACKAGE, gufunc
from tests.conftest import ROOT, Study

pytestmark = pytest.mark.slow
MODULES = ("unit", "network", "proof_cells", "perceptron", "nearest_points", "hinge")
QUICK_TO_COMPILE = ("perceptron", "nearest_points", "hinge")
NETWORK = """
import numpy as np
from study.trainers.network import network
X, y = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), np.array([1.0, 1.0, -1.0])
w0 = np.linspace(-1.0, 1.0, 9)
for method, rate in (("spectral", None), ("descent", 0.1), ("online", 0.1)):
    options = {"method": method, "learning_rate": rate, "max_steps": 9}
    assert np.isfinite(network(X, y, layers=(2, 1), w0=w0, **options).w).all()
"""
CALLS = (
    NETWORK
    + """
from study.certificates.search import verdict
from study.trainers.fit import Bound, Stop
from study.trainers.max_margin import max_margin
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit
from study.trainers.soft_margin import soft_margin
box = Bound("box", 2.0)
assert perceptron(X, y).stop == Stop.SEPARATED
assert max_margin(X, y).stop == soft_margin(X, y).stop == Stop.STATIONARY
assert sigmoid_unit(X, y, bound=box, method="newton").stop == Stop.STATIONARY
assert sigmoid_unit(X, y, bound=box, method="descent", learning_rate=1.0, max_steps=9).n_updates == 9
assert verdict(X, y, loss="quadratic", weight_bound=2.0).claim == "separates"
"""
)
HINGE = """
import numpy as np
from study.kernels.hinge import descend
assert np.isfinite(descend(np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]), np.zeros(2), 1.0, 1e-9, 100)[0]).all()
"""
IMPORTS = """
import sys
from study.kernels import compilation

class Counting(compilation.ZipFile):
    def __init__(self, file, mode="r"):
        n_written[0] += mode == "w"
        super().__init__(file, mode)

n_written = [0]
compilation.ZipFile = Counting
sys.stdin.readline()
for module in sys.argv[1:]:
    __import__(f"study.kernels.{module}")
print(n_written[0])
"""


def begin(cache: Path, code: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start an interpreter whose compiled loops are kept in a folder of the test's own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finish(process: "subprocess.Popen[str]", said: str = "") -> str:
    out, err = process.communicate(said, timeout=300)
    assert process.returncode == 0, err
    return out


def archives(cache: Path) -> list[Path]:
    return sorted((cache / "study").glob("*.zip"))


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a loop is being compiled, which its folder shows."""
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.005)


def test_processes_that_start_at_once_compile_each_loop_once(tmp_path: Path) -> None:
    for modules in (MODULES, QUICK_TO_COMPILE, QUICK_TO_COMPILE):
        for archive in archives(tmp_path):
            if archive.name.split(".")[0] in modules:
                archive.unlink()
        orders = [modules[k % len(modules) :] + modules[: k % len(modules)] for k in range(4)]
        processes = [begin(tmp_path, IMPORTS, *order) for order in orders]
        n_compiled = sum(int(finish(process, "go\n")) for process in processes)
        assert n_compiled == sum(archive.name.split(".")[0] in modules for archive in archives(tmp_path))
        finish(begin(tmp_path, IMPORTS + CALLS, *modules), "go\n")
    assert len(archives(tmp_path)) == len(list((tmp_path / "study").glob("*.lock"))) == 9
    assert not [path for path in (tmp_path / "study").iterdir() if path.is_dir()]


def test_an_edit_of_another_kernel_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "study" / "kernels"
    package.mkdir(parents=True)
    for name in ("__init__", "codes", "compilation", "perceptron", "hinge"):
        (package / f"{name}.py").write_bytes((PACKAGE / f"{name}.py").read_bytes())
    (tmp_path / "study" / "__init__.py").write_text("")
    code = f"import sys; sys.path[:] = [{str(tmp_path)!r}, *sys.path]\nimport numpy as np\n"
    code += "from study.kernels.hinge import descend\n"
    code += "X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])\n"
    code += "print(descend(X, y, np.zeros(2), 1.0, 1e-9, 100)[0].tolist())"
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}
    said = []
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert answer.returncode == 0, answer.stderr
        said.append(answer.stdout)
        margin = package / "perceptron.py"
        margin.write_text(margin.read_text().replace("return label * z", "return 2.0 * label * z"))
    assert said[0] != said[1]
    assert (
        len(list((package / "__pycache__" / "loops").glob("hinge.descend-*.zip"))) == 1
    )  # of former code there is none


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_archive_is_never_loaded(damage: str, tmp_path: Path) -> None:
    finish(begin(tmp_path, IMPORTS, "hinge"), "go\n")
    (archive,) = (path for path in archives(tmp_path) if path.name.startswith("hinge"))
    whole = archive.read_bytes()
    half = len(whole) // 2
    changed = {
        "cut": whole[:-40],
        "flipped": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
        "emptied": b"",
    }
    archive.write_bytes(changed[damage])
    assert finish(begin(tmp_path, IMPORTS + HINGE, "hinge"), "go\n") == "1\n"
    (archive,) = (path for path in archives(tmp_path) if path.name.startswith("hinge"))
    with ZipFile(archive) as file:
        assert file.testzip() is None
        assert len(file.namelist()) == 4


def test_a_process_killed_while_it_compiles_leaves_nothing_that_is_loaded(tmp_path: Path) -> None:
    process = begin(tmp_path, IMPORTS, "hinge")
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    wait_for(tmp_path / "study" / "hinge.descend", process)
    process.kill()
    process.communicate()
    assert not [archive for archive in archives(tmp_path) if archive.name.startswith("hinge")]
    assert finish(begin(tmp_path, IMPORTS + HINGE, "hinge"), "go\n") == "1\n"
    assert not (tmp_path / "study" / "hinge.descend").exists()


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("loop", ["perceptron.train", "hinge.descend"])
def test_a_signal_while_a_loop_is_compiled_is_obeyed(loop: str, name: str, code: int, tmp_path: Path) -> None:
    command = "import study.cli; study.cli.main = lambda: __import__('study.kernels.hinge') and print('went on')"
    process = begin(tmp_path, f"{command}; from study.__main__ import main; main()")
    wait_for(tmp_path / "study" / loop, process)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert not out
    assert err == ("study: interrupted\n" if name == "SIGINT" else "")
    assert not [path for path in (tmp_path / "study").iterdir() if path.is_dir()]


def test_a_cache_that_cannot_be_written_or_locked_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("a file where a folder belongs")
    assert finish(begin(tmp_path, IMPORTS + HINGE, "hinge"), "go\n") == "0\n"
    refusing = (
        "from study.kernels import compilation\n"
        "def refuse(*_):\n    raise NotImplementedError('no locks here')\n"
        "compilation.FileLock = refuse\n"
    )
    (tmp_path / "study").unlink()
    assert finish(begin(tmp_path, refusing + IMPORTS, "hinge"), "go\n") == "0\n"
    assert not archives(tmp_path)


def test_a_loop_that_cannot_be_kept_on_disk_compiles_all_the_same() -> None:
    names: dict[str, object] = {}
    exec("def total(x, control, out):\n    out[0] = x.sum()", names)  # noqa: S102 (no file, hence no place for a cache)
    total = gufunc("void(float64[:], int64[:], float64[:])", "(n),(c)->()")(names["total"])  # type: ignore[arg-type]
    assert total(np.arange(6.0).reshape(2, 3)).tolist() == [3.0, 12.0]


CLUSTER = """
import numpy as np
from distributed import Client, LocalCluster

def train(seed):
    from study.trainers.network import network
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), np.array([1.0, 1.0, -1.0])
    w0 = np.random.default_rng(seed).normal(size=9)
    return network(X, y, layers=(2, 1), w0=w0, method="spectral", max_steps=9).w.tolist()

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        found = client.run(train, 1)
        assert len(found) == 2
        assert len(set(map(tuple, found.values()))) == 1
        assert train(1) == next(iter(found.values()))
"""


def test_two_cold_workers_of_a_cluster_compile_once(tmp_path: Path) -> None:
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert answer.returncode == 0, answer.stderr
    assert {archive.name.split("-")[0] for archive in archives(tmp_path)} >= {"network.descend", "network.spectral"}


def test_a_cold_run_in_processes_leaves_loops_that_can_be_called(
    spoilt: Path, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    answer = study(spoilt, "run", "hidden_failures", "--resamples", "4", "--workers", "4")
    assert answer.returncode == 0, answer.stderr
    assert {archive.name.split("-")[0] for archive in archives(tmp_path / "cache")} >= {"network.spectral"}
    assert finish(begin(tmp_path / "cache", IMPORTS + NETWORK, "network"), "go\n") == "0\n"
