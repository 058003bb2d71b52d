"""The built wheel does what the docs show, far from the checkout, with the newest and the oldest libraries allowed.

Neither are the pinned ones: `pip install` takes the newest, and what else is installed may hold them back.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.conftest import ROOT
from tests.test_docs import block

EXAMPLES = (
    ("library.md", "points = four_points(10.0)"),
    ("library.md", "from study import Node"),
    ("own-data.md", "from study.estimators import"),
)
MORE = """
import sys
import study.cli
print(study.__file__)
for line in (
    "certify --check compared/compare.proof.json",
    "sweep --rule perceptron unit --weight-bound 3 --resamples 100 --out mine.csv",
    "sweep --from mine.json --out again.csv",
    "certify points.csv --label class --weight-bound 3 --out proof.json",
    "certify --check proof.json",
):
    sys.argv[1:] = line.split()
    try:
        study.cli.main()
    except SystemExit as end:
        assert end.code == 0
"""
"""In one process, for each that is new imports for seconds."""
ELSEWHERE = ("PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
"""These would lead a command to another environment or its loops, or have each read every library from its source."""


def run(folder: Path, *command: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | changes
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def uv(*arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    return run(ROOT, find_uv_bin(), "--no-progress", *arguments, UV_PYTHON_DOWNLOADS="never", **changes)


def interpreters() -> list[str]:
    """Return the Pythons of this machine that pyproject.toml allows, the newest first."""
    changes = {}
    if pyenv := shutil.which("pyenv"):  # it hides those that are not asked for by their version
        changes["PYENV_VERSION"] = ":".join(run(ROOT, pyenv, "versions", "--bare").stdout.split())
    listed = uv("python", "list", "cpython>=3.11", "--only-installed", "--output-format=json", **changes).stdout
    found = {tuple(one["version_parts"].values()): one["path"] for one in json.loads(listed)}
    paths = [found[version] for version in sorted(found, reverse=True)]
    return [run(ROOT, path, "-c", "import sys; print(sys.executable)", **changes).stdout.strip() for path in paths]


def install(python: str, resolution: str, folder: Path) -> bool:
    """Make an environment; return whether the requirements have an answer for this Python, or skip without network."""
    uv("venv", "--clear", f"--python={python}", str(folder)).check_returncode()
    how = (f"--python={folder}", f"--resolution={resolution}", "--only-binary=:all:")
    asked = ("pip", "install", *how, "--requirements=pyproject.toml", "--extra=sklearn")
    answer = uv(*asked)
    if "error sending request" in answer.stderr:
        answer = uv(*asked, "--offline")  # what earlier runs have fetched may do
        if answer.returncode:
            pytest.skip("no package registry answers: the wheel is not tried in new environments")
    return answer.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
def test_the_wheel_does_what_readme_shows(resolution: str, tmp_path: Path) -> None:
    environment, wheels, folder = (tmp_path / name for name in ("environment", "wheels", "a folder of ones own"))
    folder.mkdir()
    run(ROOT, sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={wheels}").check_returncode()
    pythons = interpreters() if resolution == "highest" else interpreters()[::-1]
    assert any(install(python, resolution, environment) for python in pythons)
    (wheel,) = wheels.iterdir()
    uv("pip", "install", f"--python={environment}", "--no-deps", str(wheel)).check_returncode()
    assert uv("pip", "check", f"--python={environment}").returncode == 0

    def shell(command: str) -> str:
        path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        answer = run(folder, "/bin/sh", "-ec", command, PATH=path, HOME=str(tmp_path))
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    assert (
        shell(block("own-data.md", "sh", "> points.csv")).splitlines()[:2]
        == block("own-data.md", "text", "41 points").splitlines()[:2]
    )
    (folder / "more.py").write_text(MORE + "\n".join(block(page, "python", example) for page, example in EXAMPLES))
    place, *said, graph, perceptron, unit = shell("python more.py").splitlines()
    assert str(environment) in place
    assert said.count("1 accepted, 0 refused") == 2
    assert (folder / "mine.csv").read_bytes() == (folder / "again.csv").read_bytes()
    assert graph == "44.0 [4.0, 8.0, 12.0, 11.0]"
    assert perceptron.startswith("PerceptronClassifier")
    assert unit.startswith("BoundedSigmoidClassifier")
