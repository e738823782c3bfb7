"""The layers of the code: which room may import which; no modules import each other.

Every import counts: at the top of a file, inside a function, and for types alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.host.sim_helpers import ROOT

# From the ground up; the longest prefix counts. A module imports from its own row's prefix and from the rows above.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("maixswitch",),  # the version
    ("maixswitch.language",),
    ("maixswitch.errors", "maixswitch.device_types", "maixswitch.stub_types"),
    ("maixswitch.files", "maixswitch.console", "maixswitch.html_page", "maixswitch.board_code", "maixswitch.link"),
    ("maixswitch.findings", "maixswitch.rgb565", "maixswitch.diagram"),
    ("maixswitch.kmodel.format",),
    ("maixswitch.kmodel.run",),
    ("maixswitch.kmodel",),
    ("maixswitch.kmodel.write", "maixswitch.kmodel.judge"),
    ("maixswitch.models_shipped", "maixswitch.k210"),
    ("maixswitch.convert", "maixswitch.sim"),
    ("maixswitch.card",),
    ("maixswitch.board", "maixswitch.web", "maixswitch.evaluate", "maixswitch.guide"),
    ("maixswitch.cli",),
    ("maixswitch.docs", "maixswitch.__main__"),
)

Graph = Mapping[str, frozenset[str]]


def imported(name: str, path: Path, known: frozenset[str]) -> Iterator[str]:
    """Yield the modules of `known` that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                package = name if path.name == "__init__.py" else name.rpartition(".")[0]
                for _ in range(node.level - 1):
                    package = package.rpartition(".")[0]
                source = f"{package}.{source}".rstrip(".")
            for alias in node.names:
                if f"{source}.{alias.name}" in known:
                    yield f"{source}.{alias.name}"
                elif source in known:
                    yield source


def read_graph(folder: Path, package: str) -> Graph:
    """Return module -> modules of the same package that it imports.

    `folder` holds the package. An empty `package` means that the modules lie in the folder itself.
    """
    paths = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    known = frozenset(paths)
    return {name: frozenset(imported(name, path, known)) - {name} for name, path in paths.items()}


def circles(graph: Graph) -> list[frozenset[str]]:
    """Return the largest groups of modules in which each one reaches every other by imports."""

    def reached(start: str) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for name in graph[waiting.pop()]:
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return frozenset(seen)

    reach = {name: reached(name) for name in graph}
    groups = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph}
    return sorted((group for group in groups if group), key=sorted)


def room(name: str) -> tuple[int, str]:
    """Return the number of a module's layer and the prefix that puts it there."""
    fitting = [
        (len(prefix), number, prefix)
        for number, layer in enumerate(LAYERS)
        for prefix in layer
        if name == prefix or (name.startswith(f"{prefix}.") and prefix != "maixswitch")
    ]
    assert fitting, f"{name} has no layer: add it to LAYERS"
    _, number, prefix = max(fitting)
    return number, prefix


HOST = read_graph(ROOT / "host", "maixswitch")
DEVICE = read_graph(ROOT, "device")
STUBS = read_graph(ROOT / "stubs", "")  # its modules are at the top, as in the firmware


@pytest.mark.parametrize("graph", [HOST, DEVICE, STUBS], ids=["host", "device", "stubs"])
def test_no_modules_import_each_other_in_a_circle(graph: Graph) -> None:
    assert [sorted(group) for group in circles(graph)] == []


def test_no_module_imports_from_a_higher_layer_or_from_a_neighbour() -> None:
    wrong = []
    for name, targets in HOST.items():
        number, prefix = room(name)
        for target in targets:
            other, other_prefix = room(target)
            allowed = other < number or other_prefix == prefix
            if not allowed:
                wrong.append(f"{name} ({prefix}) imports {target} ({other_prefix})")
    assert wrong == []


def test_a_circle_and_an_upward_import_would_be_seen(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    (package / "inner").mkdir(parents=True)
    files = {
        "__init__": "",
        "low": "def late():\n    from .inner import high\n",
        "inner/__init__": "",
        "inner/high": "from ..low import late\nimport pack.inner.alone\n",
        "inner/alone": "",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    graph = read_graph(tmp_path, "pack")
    assert graph["pack.low"] == {"pack.inner.high"}
    assert graph["pack.inner.high"] == {"pack.low", "pack.inner.alone"}
    assert circles(graph) == [frozenset({"pack.low", "pack.inner.high"})]
