"""The table of the stubs against firmware images, the table of the firmware's interface, and the fakes."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bench
from tests.host.maixpy_stubs import firmware_names
from tests.host.maixpy_stubs.checkers import PACKAGE, ROOT

API: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "maixpy_api.json").read_text(encoding="utf-8"))
NOT_DESCRIBED = {
    "collections": "type checkers know namedtuple in their own stub only",
    **dict.fromkeys(
        ("button", "camera", "core", "es8374", "fs", "led", "msa301", "pmu_axp173", "sound", "touch", "ui_camera",
         "ui_canvas", "ui_container", "wdt"),
        "a program of the Amigo's factory image v0.6.0",
    ),
    "pmu": "in the M5StickV's image v0.6.0 only",
}  # fmt: skip
SPELLED = {
    "KPU.kpu_net": "KPU._kpu_net",
    "KPU.kpu_yolo2": "KPU._kpu_yolo2",
    "KPU.kpu_yolo2_find": "KPU._kpu_yolo2_find",
    "KPU.kpu_fmap": "KPU._kpu_fmap",
    "benchlib.kpu_extra.kpu_netinfo_find": "KPU._kpu_netinfo_find",
    "benchlib.img.Image": "image.Image",
}
"""Classes of the interface's table that have another name here."""
CRASHES = ("KPU.set_outputs", "lcd.fill_rectangle")
"""Functions that take one argument less than they need, and read past their array then."""


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_stubs", PACKAGE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = _generator()
TABLE: dict[str, list[Any]] = generate.read_table()


def rows(owner: str) -> dict[str, list[Any]]:
    """Return the rows of a module, class or object by name, without what only type checkers need."""
    module, _, inside = owner.partition(".")
    # board_info and fm.fpioa are objects: their class has the rows.
    inside = {"board_info": "_board_info"}.get(inside, inside)
    found: dict[str, list[Any]] = {}
    for row in TABLE[module][1:]:
        imported = re.search(r" as (\w+)$", row.declaration) if row.name == "import" and not inside else None
        if imported:
            found[imported[1]] = [row]
        elif row.name != "import" and row.owner == inside:
            found.setdefault(row.own_name, []).append(row)
    return found


def is_of_python(name: str) -> bool:
    """Is this a name that dir() shows nowhere, or of every object, or of type checkers only?"""
    return name.startswith("_") and name not in ("__del__", "__deinit__", "__read_reg", "__write_reg")


def test_the_files_are_generated() -> None:
    command = [sys.executable, str(PACKAGE / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_module_of_the_images_is_described() -> None:
    assert firmware_names.modules() - set(NOT_DESCRIBED) == set(TABLE)
    for module, (head, *_) in TABLE.items():
        assert head.where == firmware_names.where_module(module), module


@pytest.mark.parametrize("owner", sorted(firmware_names.owners()))
def test_names_and_flavours_equal_those_of_the_images(owner: str) -> None:
    expected = {name for name in firmware_names.owners()[owner] if not is_of_python(name)}
    if owner.partition(".")[0] in NOT_DESCRIBED:
        pytest.skip(NOT_DESCRIBED[owner.partition(".")[0]])
    described = {name: same for name, same in rows(owner).items() if not is_of_python(name)}
    assert set(described) == expected
    seen = any(owner in image["names"] for image in firmware_names.IMAGES)
    for name, same in described.items():
        if seen and same[0].name != "import":
            assert same[0].where == firmware_names.where_name(owner, name), f"{owner}.{name}"


def interface() -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Yield (owner, name, what is known of its arguments or None) from the table of the firmware's interface."""
    for module, parts in API["modules"].items():
        for name, arguments in parts.get("functions", {}).items():
            yield module, name, arguments
    for owner, parts in [*API["classes"].items(), *API["canmv"].items()]:
        for name, arguments in parts.get("methods", {}).items():
            yield SPELLED.get(owner, owner), name, arguments


def parameters(declaration: str) -> tuple[int, int | None, set[str]]:
    """Return (least, most) arguments by position, None without an end, and the names that can be given."""
    function = ast.parse(f"def f{declaration.removeprefix('static ')}: ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    of = function.args
    by_position = [each.arg for each in (*of.posonlyargs, *of.args) if each.arg != "self"]
    least = len(by_position) - len(of.defaults)
    names = {each.arg for each in (*of.args, *of.kwonlyargs)} - {"self"}
    return least, None if of.vararg else len(by_position), names


def test_arguments_equal_those_of_the_interface() -> None:
    """The table of the interface, which the fakes are tested with, was read in the same source."""
    differing = []
    for owner, name, arguments in interface():
        if arguments is None:
            continue
        same = rows(owner)[name]
        if same[0].declaration == "class":
            same = [row for row in TABLE[owner] if row.name == f"{name}.__init__"]
        found = [parameters(row.declaration) for row in same]
        # The first argument of Image has a name in the fakes only.
        wanted_names = set(arguments.get("keywords") or ()) - ({"source"} if name == "Image" else set())
        if not wanted_names <= set().union(*(names for *_, names in found)):
            differing.append(f"{owner}.{name}: {found}, wanted the names {sorted(wanted_names)}")
        if arguments["positional"] is None:
            continue
        least, most = arguments["positional"]
        least += f"{owner}.{name}" in CRASHES
        # A name that may be given by position and must be given counts on one side only.
        if min(start for start, *_ in found) > max(least, 0) + len(wanted_names):
            differing.append(f"{owner}.{name}: {found}, wanted {least} or more by position")
        ends = [end for _, end, _ in found]
        if most is not None and None not in ends and max(end or 0 for end in ends) != most:
            differing.append(f"{owner}.{name}: {found}, wanted up to {most} by position")
    assert not differing, "\n".join(differing)


def test_constants_equal_those_of_the_interface_and_the_fakes() -> None:
    bench.reset()
    differing = []
    for module in TABLE:
        constants = {name: same[0] for name, same in rows(module).items() if same[0].declaration.startswith("= ")}
        known = dict(API["modules"].get(module, {}).get("constants", {}))
        if (ROOT / "stubs" / f"{module}.py").exists() and module != "micropython":
            fake = importlib.import_module(module)
            known |= {name: getattr(fake, name) for name in constants if hasattr(fake, name)}
        for name, value in known.items():
            if name not in constants or ast.literal_eval(constants[name].declaration[2:]) != value:
                differing.append(f"{module}.{name}: {constants.get(name)}, wanted {value}")
    assert not differing, "\n".join(differing)


def test_the_fakes_have_no_other_names() -> None:
    """A name of the fakes that the table lacks would be one that no firmware has."""
    bench.reset()
    other = []
    for module in ("KPU", "Maix", "board", "fpioa_manager", "image", "lcd", "machine", "sensor", "uos", "utime"):
        fake = importlib.import_module(module)
        source = ast.parse(Path(str(fake.__file__)).read_text(encoding="utf-8"))
        defined = {node.name for node in source.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        other += [f"{module}.{name}" for name in defined if not name.startswith("_") and name not in rows(module)]
        for name, value in vars(fake).items():
            if isinstance(value, type) and name in rows(module) and rows(module)[name][0].declaration == "class":
                members = {each for each in vars(value) if not each.startswith("_")}
                other += [f"{module}.{name}.{each}" for each in members - set(rows(f"{module}.{name}"))]
    assert not other


def test_the_readme_counts() -> None:
    """The page says how many names there are, and how many of them have no known parameters."""
    named = [row for module in TABLE.values() for row in module[1:] if not is_of_python(row.own_name)]
    declared = {(row.module, row.name) for row in named if row.name != "import"}
    unknown = {(row.module, row.name) for row in named if row.is_unknown}
    of_lvgl = {each for each in unknown if each[0] in ("lvgl", "lodepng", "lvgl_helper")}
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    assert f"{len(declared):,} names" in text, len(declared)
    assert f"{len(unknown)} of them" in text, len(unknown)
    assert unknown == of_lvgl
    assert f"all {len(of_lvgl)} belong to" in text, len(of_lvgl)
