"""Types of the modules of device/ that the host reads; board_code.py is the way to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Key = tuple[int, str]
"""IO pin and role of a key."""
TableRow = tuple[str, str, tuple[str, ...], str]
"""A row of the state machine: state, event, actions, next state."""


class Board(Protocol):
    """A row of the table of boards; device/once/boards.py explains the fields."""

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
    """The settings in maixswitch.json on the card; device/once/settings.py explains the fields."""

    board: str
    keys: tuple[Key, ...] | None
    screen: dict[str, Any]
    camera: dict[str, Any]
    link: Any
    watchdog: int
    language: str
    problems: list[tuple[str, str, str, str]]


class Labels(Protocol):
    """The names of a model's classes; each is read from the card when it is needed."""

    def __len__(self) -> int: ...
    def get(self, at: int) -> str: ...


class ModelSpec(Protocol):
    """A folder of models/ as the app reads it; device/spec.py explains the fields."""

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
    ascii_title: str | None
    ascii_labels: Labels | None
    anchors: Sequence[float] | None
    learns: bool
    stages: Sequence[ModelSpec]
    problems: Sequence[tuple[str, str, str, str]]

    def label(self, at: int) -> str: ...

    def panel_label(self, at: int) -> str: ...

    def panel_title(self) -> str: ...


@dataclass(frozen=True)
class Kind:
    """The parts of a module of device/kinds/ that the host reads; its __init__.py explains them."""

    SHAPE: int
    FIELDS: tuple[tuple[str, Any, Any], ...]
    LABELS: str
    FORWARD: bool
    NAMES: bool


class ResultShapes(Protocol):
    """device/results.py: the shapes of results, each as its number of coordinates."""

    BARS: int
    EXTRA: int
    POINTS: int
    BOXES: int
    CAP: int


class FirmwareJson(Protocol):
    """stubs/ujson.py: the firmware's reader of JSON, which is more tolerant than Python's."""

    def loads(self, text: str | bytes) -> Any: ...


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


class Overlay(Protocol):
    """device/overlay.py: the titles and results that the app draws over the picture."""

    CELL: int

    def plain(self, text: str) -> str: ...


class Painters(Protocol):
    """device/once/painters.py: how the app draws the results of a model."""

    COLOURS: Sequence[int]

    def letter_scale(self, shape: int | str, top: int, width: int, height: int) -> int: ...


class KModelHead(Protocol):
    """device/once/kmodel_head.py: reads the first bytes of a .kmodel."""

    def sniff(self, data: bytes) -> tuple[str, int, int, tuple[int, ...], tuple[int, int, int] | None]: ...
    def grid(self, width: int, height: int, elements: int, pairs: int, classes: int) -> tuple[int, int] | None: ...


@dataclass(frozen=True)
class PicturePath:
    """What turns the camera's next picture into results, for one model.

    spec: the model's. snapshot() -> the camera's picture. prepare(picture) -> the model's input, None if it is already.
    run(picture): fills `results`, whose items are in pixels of a view of width x height. task: the loaded model.
    close(): releases the model and ends the app.
    """

    spec: Any
    snapshot: Any
    prepare: Any
    run: Any
    task: Any
    results: Any
    width: int
    height: int
    close: Any


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
