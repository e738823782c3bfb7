"""mypy and basedpyright accept scripts in the manner of public ones, and find the mistakes in a wrong one."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from maixswitch.card import editor
from tests.dialect import check_file
from tests.host.maixpy_stubs.checkers import PACKAGE, SCRIPTS, basedpyright, marked, mypy

MYPY_HAS_NOT = {("faces.py", "sys.print_exception")}
"""mypy knows Python's `sys` only, and refuses another one."""


def test_the_scripts_are_micropython() -> None:
    """The script with mistakes aside, all keep to the language of the board; they use more modules than the app."""
    for path in SCRIPTS.glob("*.py"):
        found = [problem for problem in check_file(path) if problem.rule != "module"]
        assert path.name == "wrong.py" or not found


def test_mypy_on_scripts() -> None:
    stubs = (PACKAGE / "typings", PACKAGE / "typings-canmv")
    errors, text = mypy("--check-untyped-defs", *sorted(SCRIPTS.glob("*.py")), stubs=stubs)
    known = {
        (name, number)
        for name, word in MYPY_HAS_NOT
        for number, line in enumerate((SCRIPTS / name).read_text(encoding="utf-8").splitlines(), 1)
        if word in line
    }
    assert errors == marked() | known, text


def test_mypy_on_the_stubs_themselves() -> None:
    files = [*(PACKAGE / "typings").glob("*.pyi"), *(PACKAGE / "typings-canmv").glob("*.pyi")]
    errors, text = mypy("--strict", *files, stubs=(PACKAGE / "typings",))
    assert not errors, text


@pytest.mark.skipif(
    importlib.util.find_spec("basedpyright") is None, reason="basedpyright is not installed: pip install basedpyright"
)
def test_pyright_in_a_folder_that_is_set_up(tmp_path: Path) -> None:
    """Pyright finds the stubs by what `maixswitch editor` wrote, `sys` and CanMV's `maix` included."""
    for path in SCRIPTS.glob("*.py"):
        shutil.copy(path, tmp_path)
    editor.set_up(tmp_path)
    errors, text = basedpyright(tmp_path)
    assert errors == marked(), text


def test_the_wheel(tmp_path: Path) -> None:
    """Modules that Python lacks are stub packages (PEP 561); the others lie at the top for `pip install --target`."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = tmp_path.glob("maixpy_stubs-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("KPU-stubs/__init__.pyi") == (PACKAGE / "typings" / "KPU.pyi").read_bytes()
    assert {"time.pyi", "sys.pyi", "image-stubs/__init__.pyi"} <= names
    assert not [name for name in names if not re.search(r"\.pyi$|dist-info/", name)]
