"""The only way from the host to the board's code: the folders device/ and stubs/, boot.py and main.py.

A clone keeps them beside this package, an installed wheel keeps them inside it (`_board`). The host imports their
modules by name at run time, because sys.path decides which firmware interface the fakes imitate. Each module is typed
with a Protocol, in device_types.py or stub_types.py, so that the types of the host's calls are checked.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from maixswitch.device_types import (
    Application,
    Boards,
    BoardSettings,
    Catalog,
    DeviceErrors,
    ErrorTexts,
    FirmwareJson,
    Kind,
    KModelHead,
    Overlay,
    Painters,
    PicturePath,
    ResultShapes,
    StateMachine,
    TableRow,
)
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr
from maixswitch.stub_types import Bench, Flavours, Font, Planes

PACKAGE = Path(__file__).resolve().parent
ROOTS = (PACKAGE.parent.parent, PACKAGE / "_board")
"""The folders that may hold the board's code: of a clone, then of an installed wheel."""


# The folders of the code.


def board_root() -> Path:
    """Return the folder that holds device/, stubs/, boot.py and main.py.

    Raises MaixSwitchError when the installation lacks it.
    """
    # Look for a file of each: other projects may have a folder named device, too.
    for root in ROOTS:
        if (root / "device" / "app.py").is_file() and (root / "stubs" / "bench.py").is_file():
            return root
    raise MaixSwitchError(
        tr(
            "the board's code is missing: no device/app.py and stubs/bench.py in {folders}; install maixswitch again",
            folders=" or ".join(map(str, ROOTS)),
        ),
        EXIT_IO,
    )


FAKES: Mapping[str, tuple[str, ...]] = {"maixpy": (), "canmv": ("canmv",), "canmv_new": ("canmv_new", "canmv")}
"""Python interface of a firmware -> the folders of stubs/ that come before stubs/ itself."""


def put_on_path(interface: str = "maixpy") -> Path:
    """Make `device` and the fakes importable; return the root.

    interface: a key of FAKES. The path is the only switch between the interfaces: no module is patched.
    """
    root = board_root()
    # The first folder wins: CanMV's modules hide those of MaixPy with the same names, and the others serve both.
    folders = [str(root / "stubs" / name) for name in FAKES[interface]] + [str(root / "stubs"), str(root)]
    # In place, since other modules hold the list, and without old entries, so that a second call can change it.
    ours = [str(root / "stubs" / name) for name in FAKES["canmv_new"]] + folders
    sys.path[:] = folders + [entry for entry in sys.path if entry not in ours]
    return root


def _interface() -> str:
    """Return the interface whose fakes are on the path."""
    stubs = board_root() / "stubs"
    return next((name for name in ("canmv_new", "canmv") if str(stubs / name) in sys.path), "maixpy")


def _module(name: str) -> Any:
    # Add the folders only if they are missing: the caller may have chosen CanMV with put_on_path.
    if str(board_root() / "stubs") not in sys.path:
        put_on_path()
    return importlib.import_module(name)


@cache
def _by_path(*parts: str) -> Any:
    """Import a module of stubs/ by its path, so that no fake (`image`, `machine`, ...) gets onto sys.path."""
    path = board_root().joinpath("stubs", *parts)
    spec = importlib.util.spec_from_file_location(f"maixswitch._{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MaixSwitchError(tr("cannot load {path}; install maixswitch again", path=path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The modules.


def boards() -> Boards:
    """Return the table of boards."""
    return cast(Boards, _module("device.once.boards"))


def default_board() -> str:
    """Return the id of the board that the app assumes when nothing names one."""
    return str(_module("device.once.setup").BOARD)


def settings(root: str = "/sd") -> BoardSettings:
    """Return the settings of maixswitch.json in a folder of the fake board."""
    return cast(BoardSettings, _module("device.once.settings").Settings.read(root))


@cache
def kinds(stages: bool = False) -> Mapping[str, Kind]:
    """Return the registry of kinds, or of those of stages: name -> kind, in the order of the names."""
    registry = _module("device.kinds")
    names = sorted(registry.STAGES if stages else registry.KINDS)
    modules = {name: _module(f"device.kinds.{name}") for name in names}
    return {
        # A kind may leave out parts that it does not need (device/kinds/__init__.py).
        name: Kind(
            module.SHAPE,
            getattr(module, "FIELDS", ()),
            getattr(module, "LABELS", "optional"),
            getattr(module, "FORWARD", True),
            getattr(module, "NAMES", False),
        )
        for name, module in modules.items()
    }


def forwards(kind: str | None) -> bool:
    """Does the app run networks of this kind with kpu.forward? False for an unknown kind."""
    module = kinds().get(kind or "")
    return module is not None and module.FORWARD


def has_field(kind: str | None, field: str) -> bool:
    """Does the kind of this name add this field to model.json? False for an unknown kind."""
    module = kinds().get(kind or "")
    return module is not None and any(row[0] == field for row in module.FIELDS)


def shapes() -> ResultShapes:
    """Return the shapes that results can have."""
    return cast(ResultShapes, _module("device.results"))


def catalog() -> Catalog:
    """Return the app's reader of models/."""
    return cast(Catalog, _module("device.catalog"))


def device_errors() -> DeviceErrors:
    """Return the app's reader of codes and exceptions."""
    return cast(DeviceErrors, _module("device.errors"))


def error_codes() -> list[int]:
    """Return every code that the screen can show, in the order of the table."""
    return cast(ErrorTexts, _module("device.once.error_texts")).codes()


def command_rows() -> list[str]:
    """Return the lines of the table of commands of the serial link."""
    return cast(list[str], _module("device.link_commands").rows())


def transitions() -> list[TableRow]:
    """Return the rows of the app's state machine."""
    return cast(StateMachine, _module("device.fsm")).rows()


def buttons() -> Any:
    """Return the app's debouncing of keys, with its times in ms."""
    return _module("device.buttons")


def overlay() -> Overlay:
    """Return the app's drawing of titles and results."""
    return cast(Overlay, _module("device.overlay"))


def painters() -> Painters:
    """Return the module of the painters of results."""
    return cast(Painters, _module("device.once.painters"))


def states() -> list[str]:
    """Return the states of the app, each once, in the order of the table."""
    rows = transitions()
    return list(dict.fromkeys([row[0] for row in rows] + [row[3] for row in rows]))


def kmodel_head() -> KModelHead:
    """Return the app's reader of the first bytes of a .kmodel."""
    return cast(KModelHead, _module("device.once.kmodel_head"))


def start_app(report: Callable[..., None]) -> Application:
    """Start the app on the fake board; it calls `report(kind, ...)`. Raises any exception that ends the start."""
    return cast(Application, _module("device.app").build(report=report))


def open_kpu() -> Any:
    """Return the app's adapter for the fakes on the path; device/once/setup.py explains it."""
    return _module("device.once.setup").open_kpu()


def picture_path(kpu: Any, top: int) -> PicturePath:
    """Start the app on the fake board and load the first model of its card, as App.load() does, but draw nothing.

    kpu: an adapter. top: how many classes a classifier gives at least; the app asks for as many as the panel shows.
    Raises what the app raises, such as the firmware's errors, for a model that cannot be loaded.
    """
    app = _module("device.app").build(report=None, kpu=kpu)
    spec = app.selection.spec
    spec.top = max(spec.top, top)
    shape, make, width, height, prepare = _module("device.once.stages").maker(spec, app.camera)
    results = app.results
    results.reset(shape, width, height, spec.width, spec.height)
    results.nth(top - 1)
    tasks = []

    def make_and_note(kpu: Any, task: Any, spec: Any, results: Any) -> Any:
        tasks.extend(task if isinstance(task, list) and spec.stages else [task])
        return make(kpu, task, spec, results)

    app.slot.load(spec, results, make_and_note)
    return PicturePath(spec, app.camera.snapshot, prepare, app.slot.run, tasks[0], results, width, height, app.close)


def region() -> Any:
    """Return the fake of the firmware's decoder of YOLOv2."""
    return _module("benchlib.region")


def heads() -> Any:
    """Return the app's own decoder of YOLO (device/once/heads.py)."""
    return _module("device.once.heads")


def faces() -> Any:
    """Return the app's packing and comparing of faces (device/once/faces.py)."""
    return _module("device.once.faces")


_resting: dict[str, dict[str, ModuleType]] = {}
"""Interface -> the modules of the board's code that were imported for it, while it is not in use."""


def _change_interface(interface: str) -> None:
    """Put the modules for another interface in place of those that were imported for this one."""
    root = board_root()
    last = _interface()
    if last == interface or "bench" not in sys.modules:
        return
    folders = tuple(f"{root / name}{os.sep}" for name in ("stubs", "device"))
    # By their file: a module of another package may have a name such as `image`, too.
    used = {
        name: module
        for name, module in sys.modules.items()
        if not name.startswith("maixswitch") and str(getattr(module, "__file__", "")).startswith(folders)
    }
    for name in used:
        del sys.modules[name]
    _resting[last] = used
    # The same modules as the last time, because those who use them hold their objects.
    sys.modules.update(_resting.pop(interface, {}))


def bench(interface: str = "maixpy") -> Bench:
    """Return the handle on the fake board. interface: a key of FAKES, whose fakes to use.

    Two boards of the same process may have different firmwares, one after the other.
    """
    _change_interface(interface)
    put_on_path(interface)
    return cast(Bench, importlib.import_module("bench"))


def program_heap() -> int:
    """Return the bytes of Python's heap that the fakes keep from pictures: for the app, and what it breaks up."""
    return int(_module("benchlib.frames").GC_FOR_PROGRAM)


def scripted_engine() -> Any:
    """Return an engine for the fake KPU that answers with bench.kpu.boxes and bench.kpu.scores."""
    return _module("benchlib.engine").ScriptedEngine()


def flavours() -> Flavours:
    """Return the table of firmware images."""
    return cast(Flavours, _by_path("flavours.py"))


def firmware_json() -> FirmwareJson:
    """Return the firmware's reader of JSON."""
    return cast(FirmwareJson, _by_path("ujson.py"))


def planes() -> Planes:
    """Return the firmware's formulas of pixels."""
    return cast(Planes, _by_path("benchlib", "planes.py"))


def font() -> Font:
    """Return the font of the firmware."""
    return cast(Font, _by_path("benchlib", "font.py"))
