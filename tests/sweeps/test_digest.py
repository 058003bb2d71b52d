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
