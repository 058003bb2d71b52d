"""The digest of a user's own modules follows all that they load."""

from pathlib import Path

import pytest

from study.sweeps.loaded import loaded_code

FILES = {
    "own_rule.py": "import own_flat\nfrom own_package import part\nfrom own_package.deep import inner\n",
    "own_flat.py": "def f():\n    import own_lazy\n    return own_lazy.x\n",
    "own_lazy.py": "import numpy\nx = 1\n",
    "own_package/__init__.py": "y = 1\n",
    "own_package/part.py": "from . import sibling\nfrom .deep.inner import z\n",
    "own_package/sibling.py": "w = 1\n",
    "own_package/deep/inner.py": "z = 1\n",
    "own_other.py": "v = 1\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_every_module_that_is_loaded_counts_and_no_other(folder: Path, name: str) -> None:
    before = loaded_code(["own_rule"])
    assert before.unknown == ()
    (folder / name).write_text(f"# a comment\n{FILES[name]}")
    assert loaded_code(["own_rule"]) == before
    (folder / name).write_text(f"{FILES[name]}u = 2\n")
    assert (loaded_code(["own_rule"]).digest == before.digest) == (name == "own_other.py")


def test_a_module_that_appears_counts(folder: Path) -> None:
    before = loaded_code(["own_rule"])
    (folder / "own_package" / "y.py").write_text("")
    (folder / "own_rule.py").write_text(f"{FILES['own_rule.py']}from own_package import y\n")
    with_module = loaded_code(["own_rule"])
    (folder / "own_package" / "y.py").unlink()
    assert len({before.digest, with_module.digest, loaded_code(["own_rule"]).digest}) == 3


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("import importlib\nimportlib.import_module('own_' + 'other')\n", "own_lazy.py:2 (import_module)"),
        ("from importlib import import_module as load\n", "own_lazy.py:1 (import_module)"),
        ("exec(open('own_other.py').read())\n", "own_lazy.py:1 (exec)"),
    ],
)
def test_code_that_cannot_be_known_is_named(folder: Path, text: str, where: str) -> None:
    (folder / "own_lazy.py").write_text(text)
    assert loaded_code(["own_rule"]).unknown == (where,)


@pytest.mark.usefixtures("folder")
def test_the_version_of_an_installed_package_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded_code(["own_rule"])
    monkeypatch.setattr("study.sweeps.loaded.version", lambda _: "99")
    assert loaded_code(["own_rule"]).digest != before.digest


@pytest.mark.parametrize(("text", "follows"), [("from own_lazily import f\n", True), ("import own_lazily\n", True),
                                               ("from own_lazily import g\n", False)])  # fmt: skip
def test_an_export_is_followed_to_its_module(folder: Path, text: str, follows: bool) -> None:
    (folder / "own_lazily").mkdir()
    (folder / "own_lazily" / "__init__.py").write_text("def __getattr__(name): ...\n")
    (folder / "own_lazily" / "__init__.pyi").write_text("from own_lazily.part import f as f\n")
    (folder / "own_lazily" / "part.py").write_text("f = 1\n")
    (folder / "own_rule.py").write_text(text)
    before = loaded_code(["own_rule"]).digest
    (folder / "own_lazily" / "part.py").write_text("f = 2\n")
    assert (loaded_code(["own_rule"]).digest != before) == follows
