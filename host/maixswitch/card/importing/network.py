"""What an import must know about the network itself: its input, its output and whether it ends with a softmax."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maixswitch import board_code
from maixswitch.card.options import Options
from maixswitch.errors import KModelError
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.kmodel.judge.memory import Memory, memory
from maixswitch.kmodel.run.model import KModel, load
from maixswitch.language import tr

PAIRS = 5
"""Anchor pairs that MaixPy's run_yolo2 takes. Other firmwares may take more."""
CLASS_COUNTS = range(1, 101)


@dataclass(frozen=True)
class NetworkFacts:
    """A network and the bytes that go onto the card. ``swapped``: the source had its words in the other byte order."""

    data: bytes
    kmodel: KModel
    swapped: bool = False

    @property
    def input(self) -> tuple[int, int, int] | None:
        """Width, height and channels; None if the file does not state them or the network does not take a picture."""
        # A kmodel stores channels, height, width; model.json names them the other way round.
        first = self.kmodel.inputs[0]
        shape = first.shape[-3:] if first.shape else ()
        if len(self.kmodel.inputs) != 1 or first.dtype != "uint8" or len(shape) != 3:
            return None
        return shape[2], shape[1], shape[0]

    @property
    def takes(self) -> str:
        """The input in words, for messages."""
        if self.input:
            return "x".join(map(str, self.input))
        if len(self.kmodel.inputs) != 1:
            return tr("{count} inputs", count=len(self.kmodel.inputs))
        return tr("{count} {type} values", count=self.kmodel.inputs[0].elements, type=self.kmodel.inputs[0].dtype)

    @property
    def elements(self) -> int:
        """The number of values of the first output."""
        return self.kmodel.outputs[0].elements

    @property
    def map(self) -> tuple[int, int, int] | None:
        """Columns, rows and channels of an output with more than one cell; None for a plain list of values."""
        shape = self.kmodel.outputs[0].shape
        # One cell is what global pooling leaves of a picture: a list of scores, not a grid.
        if not shape or len(shape) < 3 or shape[-1] * shape[-2] <= 1:
            return None
        return shape[-1], shape[-2], shape[-3]

    def grid(self, pairs: int, classes: int) -> tuple[int, int] | None:
        """Return the columns and rows of a detector with these pairs and classes; None if the output does not fit."""
        # A kmodel v4 often states only the bytes of its output. Then the board's own rule derives the grid from the
        # input.
        if self.map:
            columns, rows, channels = self.map
            return (columns, rows) if channels == pairs * (classes + 5) else None
        width, height, _ = self.input or (0, 0, 0)
        return board_code.kmodel_head().grid(width, height, self.elements, pairs, classes)

    def classes(self, pairs: int) -> int | None:
        """Return how many classes a detector with this many anchor pairs has; None if the output does not fit one."""
        return next((count for count in CLASS_COUNTS if self.grid(pairs, count)), None)

    @cached_property
    def last(self) -> str:
        """The type of the last layer that computes something."""
        names = [layer.type.name for layer in self.kmodel.layers]
        # These layers only move or scale values, so they do not tell how the network ends.
        passing = ("dequantize", "transpose", "pad", "memory_copy", "k210_remove_padding")
        return next((name for name in reversed(names) if name not in passing), "")

    @property
    def open_ended(self) -> bool:
        """Does it end with a plain weighted sum, so that its scores do not add up to 1?"""
        return self.last in ("fully_connected", "matmul", "quantized_matmul", "quantized_fully_connected")

    def judged(self) -> list[Memory]:
        """Return the memory that the model needs on each firmware that `check` judges for, beside panel and camera."""
        return [memory(self.kmodel, item) for item in Options().flavours]


def read_network(data: bytes) -> NetworkFacts:
    """Read the network of a .kmodel; a word-swapped kmodel v3 gets its byte order corrected.

    Raises KModelError for a file that cannot be used.
    """
    # kpu.load_flash() wants each word in the other byte order; kpu.load() of a file does not, so the card needs the
    # plain form.
    if file_kind(data).name != "kmodel v3, word-swapped":
        return NetworkFacts(data, load(data))
    # The tail that is not a whole word was never swapped.
    whole = len(data) // 4 * 4
    plain = np.frombuffer(data, ">u4", whole // 4).astype("<u4").tobytes() + data[whole:]
    try:
        return NetworkFacts(plain, load(plain), True)
    except KModelError as error:
        raise KModelError(tr("a word-swapped kmodel v3 that is damaged too: {reason}", reason=error.message)) from error
