"""The wheel holds the board's code and the fakes, and its command runs a card without a clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.host.sim_helpers import ROOT


def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without this clone on its path; show its output if it fails."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    result = subprocess.run(
        list(map(str, words)), cwd=cwd, env=clean, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    [path] = folder.glob("*.whl")
    return path


def test_contents(wheel: Path) -> None:
    """The wheel holds all files of the board and all fakes, byte for byte, and neither tests nor caches."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for source in [ROOT / "boot.py", ROOT / "main.py", *(ROOT / "device").rglob("*"), *(ROOT / "stubs").rglob("*")]:
            if source.is_file() and "__pycache__" not in source.parts:
                inside = f"maixswitch/_board/{source.relative_to(ROOT).as_posix()}"
                assert inside in names
                assert archive.read(inside) == source.read_bytes()
        for source in (ROOT / "host" / "maixpy-stubs").glob("typings*/*.pyi"):
            inside = f"maixswitch/_maixpy_stubs/{source.parent.name}/{source.name}"
            assert archive.read(inside) == source.read_bytes()
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "device/", "stubs/"))]
    assert {"maixswitch/py.typed", "maixswitch/languages/zh.json"} <= names
    models = [f"maixswitch/models/{name}" for name in ("shapes", "digits")]
    expected = {
        f"{folder}/{name}" for folder in models for name in ("model.json", f"{folder.rpartition('/')[2]}.kmodel")
    }
    assert expected <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_installed_command(wheel: Path, card: Path, tmp_path: Path) -> None:
    """In a new environment with the libraries of this one, the command uses its own copy of the board's code."""
    home = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=tmp_path)
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site_packages = Path(run(python, "-c", code, cwd=tmp_path).stdout.strip())
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet",
        "--target", site_packages, wheel, cwd=tmp_path)  # fmt: skip
    # Only the libraries: an editable install of this clone would come with a .pth file, which is not read from here.
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    board_root = run(python, "-c", "from maixswitch.board_code import board_root; print(board_root())", cwd=tmp_path)
    assert Path(board_root.stdout.strip()) == site_packages / "maixswitch" / "_board"

    result = run(python, "-m", "maixswitch", "sim", card, "--frames", 3, "--json", cwd=tmp_path)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[-1]["frames"] == 3
    assert events[-1]["exit"] == 0
