"""The content of a file in one form for both versions: inputs, outputs, memory sizes and a list of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from maixswitch.language import tr

from .byte_reader import Cursor

MAIN, AI_RAM, CONST = "main", "ai_ram", "const"
MAX_FILE = 64 << 20
Problem = tuple[str, object, object]
"""(field, found, wanted)"""


@dataclass(frozen=True)
class Use:
    """A piece of memory that a layer reads or writes; ``start`` and ``size`` in bytes."""

    field: str
    memory: str
    start: int
    size: int
    dtype: str
    writes: bool = False
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Tensor:
    """An input or an output.

    bytes: its size as the file states it.
    shape: None if the file does not tell it.
    """

    memory: str
    dtype: str
    address: int
    bytes: int
    elements: int
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Context:
    """What a layer's parser may need besides its own bytes."""

    file: memoryview
    main_memory: int
    constants: int = 0
    wide_weights: bool = False


@dataclass(frozen=True)
class LayerType:
    """One type of layer that a version of the format has.

    id: its number in the file.
    parse: turns the bytes of a body into a spec (see ``Layer``).
    known: False for a type that the format names but no firmware runs.
    """

    id: int
    name: str
    parse: Callable[[Cursor, Context], Any]
    known: bool = True


@dataclass(frozen=True)
class Layer:
    """One layer of a file; ``spec`` is the dataclass that its type's parser returned.

    Every spec has ``uses()``, ``problem()`` (field, found, wanted, or None) and ``work()`` (elementary operations).
    """

    index: int
    type: LayerType
    offset: int
    size: int
    spec: Any

    @property
    def name(self) -> str:
        return self.type.name

    def uses(self) -> Iterator[Use]:
        """The memory that the layer reads and writes."""
        yield from self.spec.uses()

    def written(self) -> list[Use]:
        """The memory that the layer writes."""
        return [use for use in self.uses() if use.writes]

    def __str__(self) -> str:
        return tr("layer {index} ({name})", index=self.index, name=self.name)


@dataclass(frozen=True)
class Program:
    """A whole file, ready to run."""

    version: int
    file_size: int
    main_memory: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    constants: memoryview = field(default_factory=lambda: memoryview(b""), repr=False)
    notes: tuple[str, ...] = ()


def table(*rows: LayerType) -> Mapping[int, LayerType]:
    """Rows by id; ValueError when two share one."""
    result = {row.id: row for row in rows}
    if len(result) != len(rows):
        raise ValueError("two layer types share an id")
    return result
