"""Protocols of the modules in stubs/, the fakes of the firmware, with what the host uses of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableSequence, Sequence
from typing import Any, Protocol

ImageRow = tuple[Any, ...]
"""A row of the table of firmware images; the constants of `Flavours` are its columns."""


class Clock(Protocol):
    """Board time in ms; it advances only when code advances it."""

    now: int
    tick: Callable[[], None] | None

    def advance(self, ms: int, blocking: bool = False) -> None: ...


class Keys(Protocol):
    """The keys, as a person presses them."""

    levels: dict[int, int]

    def set(self, pin: int, level: int) -> None: ...
    def press(self, pin: int, hold: int = 80, after: int = 0, bounce: Sequence[int] = (), pressed: int = 0) -> None: ...


class Drive(Protocol):
    """The socket of the TF card, and the faults that can be ordered for the card in it."""

    inserted: bool
    bytes_per_ms: int

    def insert(self, card: Any = None, mount: bool = True) -> None: ...
    def eject(self) -> None: ...
    def mount(self) -> Any: ...
    def power_cut_after(self, count: int | None) -> None: ...
    def pull_at(self, at: Any) -> None: ...


class Camera(Protocol):
    """What the camera sees; `source` makes its pictures."""

    connected: bool
    source: Any


class Screen(Protocol):
    """What the panel shows."""

    fitted: bool
    width: int
    height: int

    def canvas(self) -> bytearray: ...


class Kpu(Protocol):
    """The neural network processor: the engine that computes for it, and the loaded models."""

    engine: Any
    boxes: list[Any]
    scores: list[Any]
    slots: list[Any]
    flash: dict[int, bytes]
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


class Wire(Protocol):
    """The far end of a UART (stubs/benchlib/wire.py)."""

    def say(self, data: bytes) -> None: ...
    def leave(self) -> bytes: ...


class Bench(Protocol):
    """stubs/bench.py: the handle on the fake board and all its state."""

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
    jpeg: Callable[[bytes, int, int, int, int], bytes] | None

    def install(self) -> None: ...
    def reset(self, flavour: str = ..., config: dict[str, Any] | None = None) -> None: ...
    def power_off(self) -> None: ...
    def fail_at(self, name: str, nth: int, what: Any) -> None: ...
    def heal(self, name: str | None = None) -> None: ...
    def wire(self, number: int) -> Wire: ...
    def timed_wire(self, number: int) -> Wire: ...


class Flavours(Protocol):
    """stubs/flavours.py: the firmware images as rows, and the firmware's needs of the system heap."""

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
    SIZE: int
    NOTE: int
    DEFAULT: str
    NEWER_KPU: tuple[str, ...]
    NEEDED: tuple[str, ...]
    WISHED: tuple[str, ...]
    PANEL_WISHED: tuple[str, ...]
    CONFIG: str
    WATCHDOG: str
    HEAP_FREE: str
    LCD_TYPE: str
    REMOUNT: str
    STARTS_MAIN: str
    FORWARD_V4: str
    BANNERS: dict[str, str]
    FLASH_PREFIX: int
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
    """stubs/benchlib/font.py: letters in the firmware's cell, ROWS rows of BITS bits each, beginning with the space."""

    WIDTH: int
    HEIGHT: int
    LEFT: int
    TOP: int
    ROWS: int
    BITS: int
    GLYPHS: bytes
