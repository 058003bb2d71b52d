"""A digest follows what code means, and nothing else."""

from pathlib import Path

import pytest

from study.sweeps.digest import code_digest

CODE = '''"""Doc."""
from study.helper import double

def f(x, *, k=2):
    """Do."""
    def g():
        from study.nested import y
        return y
    return f"a{x}b" + str(double(x) * k)
'''
HELPER = "def double(x):\n    return 2 * x\n"


def project(folder: Path, code: str = CODE, helper: str = HELPER, nested: str = "y = 1\n") -> str:
    for name, text in (("__init__", ""), ("helper", helper), ("nested", nested), ("unused", "z = 1\n")):
        path = folder / "study" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments" / "e.py").write_text(code)
    return code_digest(folder, "experiments.e")


@pytest.mark.parametrize(
    "code",
    [
        CODE.replace('"""Doc."""\n', ""),
        CODE.replace('    """Do."""\n', ""),
        "# a comment\n" + CODE,
        CODE.replace("double(x) * k", "(double(x)\n        * k)"),
        CODE.replace('f"a{x}b"', 'f"a" f"{x}b"'),
    ],
)
def test_layout_comments_and_docstrings_do_not_count(tmp_path: Path, code: str) -> None:
    assert project(tmp_path, code) == project(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"code": CODE.replace("k=2", "k=3")},
        {"code": CODE.replace("* k", "+ k")},
        {"code": CODE.replace('f"a{x}b"', 'f"a{x}c"')},
        {"code": CODE.replace("k=2", "k=2.0")},
        {"helper": HELPER.replace("2 * x", "x * 2")},
        {"nested": "y = 2\n"},
    ],
)
def test_a_change_of_meaning_anywhere_in_the_closure_counts(tmp_path: Path, change: dict[str, str]) -> None:
    assert project(tmp_path, **change) != project(tmp_path)


def test_a_module_that_is_not_imported_does_not_count(tmp_path: Path) -> None:
    before = project(tmp_path)
    (tmp_path / "study" / "unused.py").write_text("z = 2\n")
    assert code_digest(tmp_path, "experiments.e") == before


def test_the_digest_is_the_same_on_every_version_of_python(tmp_path: Path) -> None:
    assert project(tmp_path) == "c8809a4dac08e64cf464f7fb44613f4616405c037fde4c71295929baed465e57"


LAZY = {
    "__init__.py": "def __getattr__(name): ...\n",
    "__init__.pyi": "from study.part import double as double\nfrom study import other as other\n",
    "part.py": "def double(x):\n    return 2 * x\n",
    "other.py": "z = 1\n",
}


def lazy(folder: Path, code: str, **changed: str) -> str:
    for path, text in LAZY.items():
        (folder / "study" / path).parent.mkdir(exist_ok=True)
        (folder / "study" / path).write_text(changed.get(path.partition(".")[0], text))
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments" / "e.py").write_text(code)
    return code_digest(folder, "experiments.e")


@pytest.mark.parametrize(
    ("code", "of_part", "of_other"),
    [
        ("from study import double\n", True, False),
        ("from study import other\n", False, True),
        ("from study import *\n", True, True),
        ("import study\n", True, True),
        ("import study.other as s\n", True, True),  # which loads the package, too
        ("from study.other import z\n", False, True),
    ],
)
def test_an_export_is_followed_to_its_module(tmp_path: Path, code: str, of_part: bool, of_other: bool) -> None:
    before = lazy(tmp_path, code)
    assert (lazy(tmp_path, code, part="def double(x):\n    return x + x\n") != before) == of_part
    assert (lazy(tmp_path, code, other="z = 2\n") != before) == of_other
