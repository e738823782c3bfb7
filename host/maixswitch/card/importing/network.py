"""What an import asks of the network itself: its input, its output and whether it ends with a softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maixswitch import board_code
from maixswitch.card.options import Options
from maixswitch.errors import KModelError
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.kmodel.judge.memory import Memory, memory
from maixswitch.kmodel.judge.nature import cells, kind_for, nature
from maixswitch.kmodel.run.model import KModel, load
from maixswitch.language import tr

PAIRS = 5
"""Anchor pairs that MaixPy's run_yolo2 takes. Other firmwares may take more."""
CLASS_COUNTS = range(1, 101)


@dataclass(frozen=True)
class NetworkFacts:
    """A network and its properties.

    data: the bytes of the .kmodel for the card.
    swapped: whether the words of the source were in the other byte order.
    """

    data: bytes
    kmodel: KModel
    swapped: bool = False

    @property
    def input(self) -> tuple[int, int, int] | None:
        """Width, height and channels; None if the file does not state them or the network does not take a picture."""
        # A kmodel stores channels, height, width; model.json has the reverse order.
        first = self.kmodel.inputs[0]
        shape = first.shape[-3:] if first.shape else ()
        if len(self.kmodel.inputs) != 1 or first.dtype != "uint8" or len(shape) != 3:
            return None
        return shape[2], shape[1], shape[0]

    @property
    def takes(self) -> str:
        """The input as a text for messages."""
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
        return cells(self.kmodel.outputs[0])

    @cached_property
    def nature(self) -> str:
        """What the network seems to be, for a message; "" for a classifier or a YOLOv2 detector. See `judge.nature`."""
        return nature(self.kmodel)

    @property
    def kind(self) -> str:
        """The kind to propose for a network that is neither a classifier nor a YOLOv2 detector."""
        return kind_for(self.kmodel)

    @property
    def several(self) -> str:
        """What to tell of a network with several outputs."""
        count = len(self.kmodel.outputs)
        text = self.nature.replace(tr("{count} outputs", count=count), "")
        more = tr("; it seems to be: {nature}", nature=text) if text else ""
        return tr("the network has {count} outputs; name its kind", count=count) + more

    def grid(self, pairs: int, classes: int) -> tuple[int, int] | None:
        """Return the columns and rows of a detector with these pairs and classes; None if the output does not fit."""
        # A kmodel v4 often states only the size of its output. The board then derives the grid from the input, and so
        # does this function.
        if self.map:
            columns, rows, channels = self.map
            return (columns, rows) if channels == pairs * (classes + 5) else None
        width, height, _ = self.input or (0, 0, 0)
        return board_code.kmodel_head().grid(width, height, self.elements, pairs, classes)

    def classes(self, pairs: int) -> int | None:
        """Return the number of classes of a detector with these anchor pairs; None if the output does not fit one."""
        return next((count for count in CLASS_COUNTS if self.grid(pairs, count)), None)

    @cached_property
    def last(self) -> str:
        """The type of the last layer that computes something."""
        names = [layer.type.name for layer in self.kmodel.layers]
        # These layers only move or scale values, so they do not show how the network ends.
        passing = ("dequantize", "transpose", "pad", "memory_copy", "k210_remove_padding")
        return next((name for name in reversed(names) if name not in passing), "")

    @property
    def open_ended(self) -> bool:
        """Does it end with a plain weighted sum, so that its scores do not add up to 1?"""
        return self.last in ("fully_connected", "matmul", "quantized_matmul", "quantized_fully_connected")

    def judged(self, forward: bool, stages: Sequence[NetworkFacts] = ()) -> list[Memory]:
        """Return the memory that an entry needs, beside panel and camera, on each firmware that `check` judges.

        forward: whether the app gives it pictures by kpu.forward. stages: the networks that are loaded beside it.
        """
        parts = [stage.kmodel for stage in stages]
        return [memory(self.kmodel, item, forward=forward, stages=parts) for item in Options().flavours]


def read_network(data: bytes) -> NetworkFacts:
    """Read the network of a .kmodel, and correct the byte order of a word-swapped kmodel v3.

    Raises KModelError for a file that cannot be used.
    """
    # kpu.load_flash() expects the bytes of each word in reverse. kpu.load() of a file does not, so the card needs the
    # original order.
    if file_kind(data).name != "kmodel v3, word-swapped":
        return NetworkFacts(data, load(data))
    # Bytes behind the last full word were never swapped.
    end = len(data) // 4 * 4
    plain = np.frombuffer(data, ">u4", end // 4).astype("<u4").tobytes() + data[end:]
    try:
        return NetworkFacts(plain, load(plain), True)
    except KModelError as error:
        raise KModelError(tr("a word-swapped kmodel v3 that is damaged too: {reason}", reason=error.message)) from error
