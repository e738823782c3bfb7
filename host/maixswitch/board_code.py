"""The only door from the host to the board's own code: the folders device/ and stubs/, boot.py and main.py.

A clone keeps them beside this package, an installed wheel keeps them inside it (`_board`). The host imports their
modules by name at run time, because sys.path decides which firmware interface the fakes imitate. Each module is typed
here with a Protocol, so that the host's type check does not end at the door.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

PACKAGE = Path(__file__).resolve().parent
ROOTS = (PACKAGE.parent.parent, PACKAGE / "_board")
"""Where the board's code may be: a clone, then an installed wheel."""

Key = tuple[int, str]
"""IO pin and role of a key."""
TableRow = tuple[str, str, tuple[str, ...], str]
"""A row of the state machine: state, event, actions, next state."""
ImageRow = tuple[Any, ...]
"""A row of the table of firmware images; the constants of `Flavours` are its columns."""


# Modules of device/.


class Board(Protocol):
    """A row of the table of boards; device/once/boards.py says what each field means."""

    id: str
    config_type: str | None
    keys: tuple[Key, ...]
    lcd: tuple[Any, ...] | None
    backlight: tuple[int, int] | None
    needs_pmu: str | None
    rotation: int


class Boards(Protocol):
    """device/once/boards.py: the table of boards."""

    def names(self) -> list[str]: ...
    def find(self, name: str) -> Board: ...
    def find_by_config(self, kind: str) -> Board | None: ...
    def gestures(self, keys: Sequence[Key]) -> tuple[tuple[int, str, str | None], ...]: ...


class BoardSettings(Protocol):
    """What maixswitch.json on the card asks for; device/once/settings.py says what each field means."""

    board: str
    keys: tuple[Key, ...] | None
    screen: dict[str, Any]
    camera: dict[str, Any]
    link: Any
    watchdog: int
    problems: list[tuple[str, str, str, str]]


class Labels(Protocol):
    """The names of a model's classes, read from the card when somebody asks for one."""

    def __len__(self) -> int: ...
    def get(self, at: int) -> str: ...


class ModelSpec(Protocol):
    """A folder of models/ as the app reads it; device/spec.py says what each field means."""

    folder: str
    title: str | None
    kind: str | None
    kmodel: str | tuple[int, int] | None
    outputs: tuple[tuple[int, int, int], ...] | None
    grid: tuple[int, int] | None
    width: int
    height: int
    channels: int
    size: int
    loadable: bool
    labels: Labels
    anchors: Sequence[float] | None
    problems: Sequence[tuple[str, str, str, str]]

    def label(self, at: int) -> str: ...


@dataclass(frozen=True)
class Kind:
    """What the host asks of a module of device/kinds/; its __init__.py says what each part means."""

    SHAPE: int
    FIELDS: tuple[tuple[str, Any, Any], ...]
    LABELS: str


class ResultShapes(Protocol):
    """device/results.py: what results may be, and how many coordinates each has."""

    BARS: int
    POINTS: int
    BOXES: int


class Catalog(Protocol):
    """device/catalog.py: the models of a card."""

    def read(self, root: str, anchor_pairs: int | None = None) -> list[ModelSpec]: ...


class ErrorTexts(Protocol):
    """device/once/error_texts.py: the codes that the screen can show."""

    def codes(self) -> list[int]: ...


class DeviceErrors(Protocol):
    """device/errors.py: name, meaning and remedy of a code, and the code of an exception."""

    def describe(self, code: int) -> tuple[str, str, str]: ...
    def from_exception(self, error: BaseException) -> Any: ...


class StateMachine(Protocol):
    """device/fsm.py: the transitions of the app."""

    def rows(self) -> list[TableRow]: ...


class KModelHead(Protocol):
    """device/once/kmodel_head.py: what the app reads from the first bytes of a .kmodel."""

    def grid(self, width: int, height: int, elements: int, pairs: int, classes: int) -> tuple[int, int] | None: ...


class Application(Protocol):
    """A started app: its parts, and one step of its loop."""

    machine: Any
    catalog: Sequence[ModelSpec]
    selected: int
    fault: Any
    frames: int
    fps: int
    results: Any
    slot: Any

    def step(self) -> bool: ...
    def stop(self) -> None: ...
    def close(self, error: BaseException | None = None) -> None: ...


# Modules of stubs/.


class Clock(Protocol):
    """Board time: it moves only when somebody moves it."""

    now: int

    def advance(self, ms: int, blocking: bool = False) -> None: ...


class Keys(Protocol):
    """The keys, as the finger of a person reaches them."""

    def set(self, pin: int, level: int) -> None: ...
    def press(self, pin: int, hold: int = 80, after: int = 0, bounce: Sequence[int] = (), pressed: int = 0) -> None: ...


class Drive(Protocol):
    """The socket of the TF card, and what can go wrong with a card in it."""

    inserted: bool
    bytes_per_ms: int

    def insert(self, card: Any = None, mount: bool = True) -> None: ...
    def eject(self) -> None: ...
    def mount(self) -> Any: ...
    def power_cut_after(self, count: int | None) -> None: ...
    def pull_at(self, at: Any) -> None: ...


class Camera(Protocol):
    """The lens side of the camera; `source(width, height)` makes its pictures."""

    connected: bool
    source: Any


class Screen(Protocol):
    """The glass of the panel."""

    fitted: bool
    width: int
    height: int

    def canvas(self) -> bytearray: ...


class Kpu(Protocol):
    """The neural network processor: the engine behind it, and what holds a model."""

    engine: Any
    boxes: list[Any]
    scores: list[Any]
    slots: list[Any]
    canmv: Any
    live: Any


class SystemHeap(Protocol):
    """The system heap, in bytes."""

    capacity: int
    gc_capacity: int
    gc_used: int

    def free(self) -> int: ...
    def largest(self) -> int: ...
    def items(self) -> Iterable[tuple[str, int]]: ...


class Uart(Protocol):
    """The serial line that the firmware prints on."""

    lines: list[str]

    def print(self, text: str) -> None: ...


class Bench(Protocol):
    """stubs/bench.py: the handle on the fake board, with every state of it."""

    EngineError: type[Exception]
    HardFault: type[BaseException]
    PowerCut: type[BaseException]
    Reset: type[BaseException]
    MemoryCard: Callable[[dict[str, Any]], Any]
    clock: Clock
    keys: Keys
    card: Drive
    camera: Camera
    screen: Screen
    kpu: Kpu
    memory: SystemHeap
    uart: Uart
    trace: MutableSequence[str] | None

    def install(self) -> None: ...
    def reset(self, flavour: str = ..., config: dict[str, Any] | None = None) -> None: ...
    def power_off(self) -> None: ...
    def fail_at(self, name: str, nth: int, what: Any) -> None: ...
    def heal(self, name: str | None = None) -> None: ...


class Flavours(Protocol):
    """stubs/flavours.py: the firmware images as rows, and what the firmware takes from the system heap."""

    NAME: int
    VERSION: int
    IMAGE: int
    V4: int
    FREE_KIB: int
    BANNER_KIB: int
    GC_KIB: int
    THREADS: int
    IDE: int
    API: int
    PANEL: int
    FONT: int
    BLOBS: int
    NOTE: int
    DEFAULT: str
    NEEDED: tuple[str, ...]
    WISHED: tuple[str, ...]
    PANEL_WISHED: tuple[str, ...]
    STARTS_MAIN: str
    BANNERS: dict[str, str]
    MODEL_LIMIT: int

    def parse(self, version: str) -> tuple[int, ...]: ...
    def images(self, flavour: str = "") -> list[ImageRow]: ...
    def newest(self) -> list[ImageRow]: ...
    def find(self, name: str) -> ImageRow: ...
    def lacks(self, version: tuple[int, ...] | None, names: Sequence[str]) -> list[str]: ...
    def need_parts(self, version: int, file_size: int, main_mem: int) -> tuple[tuple[str, int], ...]: ...
    def growth(self, sizes: Iterable[int]) -> int: ...
    def region_bytes(self, w: int, h: int, anchors: int, classes: int) -> int: ...
    def doubles(self, name: str) -> bool: ...
    def camera_parts(self, w: int, h: int, dual: bool = False) -> tuple[int, ...]: ...
    def lcd_bytes(self, w: int, h: int) -> int: ...


class Planes(Protocol):
    """stubs/benchlib/planes.py: the firmware's formulas of pixels."""

    def rgb_to_grey(self, pixels: bytes) -> bytearray: ...


class Font(Protocol):
    """stubs/benchlib/font.py: the letters of the firmware, seven rows of bits each from the space on."""

    WIDTH: int
    HEIGHT: int
    LEFT: int
    TOP: int
    GLYPHS: bytes


# Where the code is.


def board_root() -> Path:
    """Return the folder that holds device/, stubs/, boot.py and main.py.

    Raises MaixSwitchError when the installation lacks it.
    """
    for root in ROOTS:
        if (root / "device" / "app.py").is_file() and (root / "stubs" / "bench.py").is_file():
            return root
    raise MaixSwitchError(
        tr(
            "the board's code is missing: no device/app.py and stubs/bench.py in {places}; install maixswitch again",
            places=" or ".join(map(str, ROOTS)),
        ),
        EXIT_IO,
    )


def put_on_path(canmv: bool = False) -> Path:
    """Make `device` and the fakes importable, with those of the CanMV firmware first when `canmv`; return the root.

    Selection by path is the only switch between the firmware interfaces: no module is patched.
    """
    root = board_root()
    folders = [root / "stubs", root]
    if canmv:
        folders.insert(0, root / "stubs" / "canmv")
    entries = [str(folder) for folder in folders]
    sys.path[:] = entries + [entry for entry in sys.path if entry not in entries]
    return root


def _module(name: str) -> Any:
    # whoever chose CanMV with put_on_path keeps it: the folders go onto the path only when they are not there yet
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
    """Return what maixswitch.json in a folder of the fake board says."""
    return cast(BoardSettings, _module("device.once.settings").Settings.read(root))


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the registry of kinds: name -> what its module says, in the order of the names."""
    modules = {name: _module(f"device.kinds.{name}") for name in sorted(_module("device.kinds").KINDS)}
    return {
        name: Kind(module.SHAPE, getattr(module, "FIELDS", ()), getattr(module, "LABELS", "optional"))
        for name, module in modules.items()
    }


def has_field(kind: str | None, field: str) -> bool:
    """Does the kind of this name add this field to model.json? False for a kind that the app does not know."""
    module = kinds().get(kind or "")
    return module is not None and any(row[0] == field for row in module.FIELDS)


def shapes() -> ResultShapes:
    """Return the constants of the shapes that results have."""
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


def transitions() -> list[TableRow]:
    """Return the rows of the app's state machine."""
    return cast(StateMachine, _module("device.fsm")).rows()


def states() -> list[str]:
    """Return the states of the app, each once, in the order of the table."""
    rows = transitions()
    return list(dict.fromkeys([row[0] for row in rows] + [row[3] for row in rows]))


def kmodel_head() -> KModelHead:
    """Return the app's reader of the first bytes of a .kmodel."""
    return cast(KModelHead, _module("device.once.kmodel_head"))


def start_app(report: Callable[..., None]) -> Application:
    """Start the app on the fake board; `report(kind, ...)` hears what it does. Raises whatever ends the start."""
    return cast(Application, _module("device.app").build(report=report))


def bench(canmv: bool = False) -> Bench:
    """Return the handle on the fake board; `canmv`: with the fakes of the CanMV firmware."""
    put_on_path(canmv)
    return cast(Bench, importlib.import_module("bench"))


def scripted_engine() -> Any:
    """Return an engine for the fake KPU that answers with bench.kpu.boxes and bench.kpu.scores."""
    return _module("benchlib.engine").ScriptedEngine()


def flavours() -> Flavours:
    """Return the table of firmware images."""
    return cast(Flavours, _by_path("flavours.py"))


def planes() -> Planes:
    """Return the firmware's formulas of pixels."""
    return cast(Planes, _by_path("benchlib", "planes.py"))


def font() -> Font:
    """Return the letters of the firmware."""
    return cast(Font, _by_path("benchlib", "font.py"))
