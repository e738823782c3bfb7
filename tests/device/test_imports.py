"""The rules for imports: the board's code stays apart from the host's, and each device has one owner."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEVICE = sorted((ROOT / "device").rglob("*.py"))
DEVICES = {"sensor", "lcd", "image", "Maix", "fpioa_manager", "machine", "board"}
NETWORKS = {"device/kpu_maixpy.py", "device/kpu_canmv.py"}

# Files over 400 lines and why each is still one subject.
LONG_FILES: dict[str, str] = {}


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level package and the line of every import in the file, also within functions."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ("." * node.level or (node.module or "").split(".")[0]), node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            yield (node.args[0].value if isinstance(node.args[0], ast.Constant) else "?"), node.lineno


def _takes_kpu(path: Path) -> bool:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    named = [alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    reached = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    return not {"KPU", "*"}.isdisjoint(named + reached)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DEVICE, ids=_name)
def test_owners(path: Path) -> None:
    """Only the two adapters import the network modules, only hal*.py imports the other devices, fsm imports nothing."""
    name = _name(path)
    for module, line in _imports(path):
        if module == "KPU":
            assert name in NETWORKS, f"{name}:{line} imports {module}"
        if module == "maix":  # in CanMV it holds maix.KPU, the networks, and pins and clocks
            assert name in NETWORKS or path.name.startswith("hal"), f"{name}:{line} imports {module}"
            assert name in NETWORKS or not _takes_kpu(path), f"{name}:{line} imports {module}.KPU"
        if module in DEVICES:
            assert path.name.startswith("hal"), f"{name}:{line} imports {module}"
        assert module not in {"maixswitch", "bench", "flavours", "stubs", "host", "time", "os", "io"}, f"{name}:{line}"
        assert module != ".", f"{name}:{line}: write the import in full"
        if name == "device/fsm.py":
            pytest.fail(f"{name}:{line} imports {module}")


@pytest.mark.parametrize("path", [*DEVICE, ROOT / "boot.py", ROOT / "main.py"], ids=_name)
def test_the_app_never_asks_where_it_runs(path: Path) -> None:
    """Board, simulator and tests run the same statements: none reads sys.platform, sys.implementation or os.uname."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            if node.attr == "uname" and path.name == "hal_start.py":
                continue  # only names the version that cannot run the app; missing functions have decided that
            assert node.attr not in {"platform", "implementation", "uname", "maxsize"}, f"{_name(path)}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "sys":
            assert not {alias.name for alias in node.names} & {"platform", "implementation", "maxsize"}


@pytest.mark.parametrize("path", DEVICE, ids=_name)
def test_files_are_opened_through_the_firmware(path: Path) -> None:
    """With the fakes open() would read the PC's disk: only uio and uos read the card."""
    tree = ast.parse(path.read_text())
    bound = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "open":
            assert "open" in bound, f"{_name(path)}:{node.lineno}"


def _modules_of(path: Path, known: set[str]) -> set[str]:
    """Return the modules of device/ that a file imports, also within functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names & known


def test_imports_of_the_app_have_no_cycle() -> None:
    """Remove the modules that import none of the remaining ones, again and again: a cycle would remain."""
    names = {_name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in DEVICE}
    left = {name: _modules_of(path, set(names)) - {name, "device"} for name, path in names.items()}
    while free := [name for name, imports in left.items() if not imports & set(left)]:
        for name in free:
            del left[name]
    assert not left


def test_fakes_know_nothing_of_the_host() -> None:
    """The fakes run without numpy and without the host's package."""
    for path in sorted((ROOT / "stubs").rglob("*.py")):
        for module, line in _imports(path):
            assert module not in {"numpy", "PIL", "maixswitch", "device", "rich", "typer"}, f"{_name(path)}:{line}"


def test_importing_the_app_touches_no_device() -> None:
    """Importing all modules of device/ calls no fake."""
    names = [_name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in DEVICE]
    adapters = {"device.kpu_canmv"}  # it imports a module that only CanMV has
    program = f"""
import bench
bench.install()
bench.reset()
for name in {sorted(set(names) - adapters)!r}:
    __import__(name)
assert not bench.calls, dict(bench.calls)
"""
    path = [str(ROOT / "stubs"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{program}"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_files_hold_one_subject() -> None:
    """No Python file of the project passes 400 lines unless the list above says why; the list names no short file."""
    sources = [path for folder in ("device", "host", "stubs", "tests") for path in (ROOT / folder).rglob("*.py")]
    long = {_name(path) for path in sources if len(path.read_text().splitlines()) > 400}
    assert long == set(LONG_FILES)
