"""The bodies of kmodel v3 layers; the order of the fields is the order in the file.

Source: nncase 0.1 layer bodies, SDK kpu.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from maixswitch.language import tr

from .airam import ROW, MapLayout
from .binary_record import F32, I32, U32, array
from .budget import CALL_COST, MAX_PARTS
from .conv import Conv
from .program import AI_RAM, MAIN, Problem, Use

FLOAT, BYTE = "float32", "uint8"
_SIZE = {FLOAT: 4, BYTE: 1}


def _use(
    name: str, address: int, count: int, dtype: str, writes: bool = False, shape: tuple[int, ...] | None = None
) -> Use:
    return Use(name, MAIN, address, count * _SIZE[dtype], dtype, writes, shape)


_SIZES = (
    *("count", "kernel_size", "channels", "channel_size", "in_channels", "out_channels", "width", "height", "number"),
    *("in_w", "in_h", "in_c", "out_w", "out_h", "out_c", "kernel_w", "kernel_h", "stride_w", "stride_h"),
)


def at_most(name: str, number: int, limit: int) -> Problem | None:
    """None for a number that is small enough."""
    return None if number <= limit else (name, number, tr("at most {limit}", limit=limit))


class Body:
    """What all bodies share."""

    def uses(self) -> Iterator[Use]:
        """The memory that the layer reads and writes."""
        raise NotImplementedError

    def problem(self) -> Problem | None:
        """A size of 0, or anything else that makes the layer impossible to run; None if there is nothing."""
        for name in _SIZES:
            if getattr(self, name, 1) == 0:
                return name, 0, tr("at least 1")
        return None

    def work(self) -> int:
        """A rough number of elementary operations of the layer."""
        return sum(use.size for use in self.uses())


@dataclass(frozen=True)
class Add(Body):
    flags: U32
    a: U32
    b: U32
    output: U32
    count: U32

    def uses(self) -> Iterator[Use]:
        yield _use("a", self.a, self.count, FLOAT)
        yield _use("b", self.b, self.count, FLOAT)
        yield _use("output", self.output, self.count, FLOAT, True)


@dataclass(frozen=True)
class QuantizedAdd(Body):
    flags: U32
    a: U32
    b: U32
    output: U32
    count: U32
    a_offset: I32
    a_mul: I32
    a_shift: I32
    b_offset: I32
    b_mul: I32
    b_shift: I32
    out_offset: I32
    out_mul: I32
    out_shift: I32

    def problem(self) -> Problem | None:
        for name in ("a_shift", "b_shift", "out_shift"):
            if not 0 <= getattr(self, name) < 64:  # C does not define longer shifts of an int64
                return name, getattr(self, name), "0..63"
        return super().problem()

    def uses(self) -> Iterator[Use]:
        yield _use("a", self.a, self.count, BYTE)
        yield _use("b", self.b, self.count, BYTE)
        yield _use("output", self.output, self.count, BYTE, True)


@dataclass(frozen=True)
class GlobalAveragePool(Body):
    flags: U32
    input: U32
    output: U32
    kernel_size: U32
    channels: U32

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.channels * self.kernel_size, FLOAT)
        yield _use("output", self.output, self.channels, FLOAT, True)


@dataclass(frozen=True)
class Pool(Body):
    """Window of kernel_w x kernel_h; sizes in pixels."""

    flags: U32
    input: U32
    output: U32
    in_w: U32
    in_h: U32
    in_c: U32
    out_w: U32
    out_h: U32
    out_c: U32
    kernel_w: U32
    kernel_h: U32
    stride_w: U32
    stride_h: U32
    pad_w: U32
    pad_h: U32

    def problem(self) -> Problem | None:
        if self.out_c > self.in_c:
            return tr("output channels"), self.out_c, tr("at most {in_c}", in_c=self.in_c)
        return super().problem()

    def work(self) -> int:
        return self.kernel_w * self.kernel_h * (self.out_c * self.out_h * self.out_w + CALL_COST)

    def uses_as(self, dtype: str) -> Iterator[Use]:
        yield _use("input", self.input, self.in_c * self.in_h * self.in_w, dtype)
        shape = (self.out_c, self.out_h, self.out_w)
        yield _use("output", self.output, self.out_c * self.out_h * self.out_w, dtype, True, shape)


@dataclass(frozen=True)
class QuantizedMaxPool(Pool):
    def uses(self) -> Iterator[Use]:
        return self.uses_as(BYTE)


@dataclass(frozen=True)
class AveragePool(Pool):
    act: U32

    def uses(self) -> Iterator[Use]:
        return self.uses_as(FLOAT)


@dataclass(frozen=True)
class Quantize(Body):
    flags: U32
    input: U32
    output: U32
    count: U32
    scale: F32
    bias: F32

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.count, FLOAT)
        yield _use("output", self.output, self.count, BYTE, True)


@dataclass(frozen=True)
class Dequantize(Quantize):
    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.count, BYTE)
        yield _use("output", self.output, self.count, FLOAT, True)


@dataclass(frozen=True, eq=False)
class Requantize(Body):
    flags: U32
    input: U32
    output: U32
    count: U32
    table: Any = field(metadata=array("u1", lambda r: (256,)))

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.count, BYTE)
        yield _use("output", self.output, self.count, BYTE, True)


@dataclass(frozen=True)
class Elementwise(Body):
    """l2_normalization, softmax and logistic."""

    flags: U32
    input: U32
    output: U32
    channels: U32

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.channels, FLOAT)
        yield _use("output", self.output, self.channels, FLOAT, True)


@dataclass(frozen=True, eq=False)
class Concat(Body):
    """``parts``: (start, bytes) pairs."""

    flags: U32
    output: U32
    number: U32
    parts: Any = field(metadata=array("<u4", lambda r: (r.number, 2)))

    def problem(self) -> Problem | None:
        return super().problem() or at_most(tr("number of parts"), self.number, MAX_PARTS)

    def _uses(self, dtype: str) -> Iterator[Use]:
        for start, size in self.parts.tolist():
            yield Use("part", MAIN, start, size, dtype)
        yield Use("output", MAIN, self.output, int(self.parts[:, 1].sum()), dtype, True)

    def uses(self) -> Iterator[Use]:
        return self._uses(FLOAT)


@dataclass(frozen=True, eq=False)
class QuantizedConcat(Concat):
    def uses(self) -> Iterator[Use]:
        return self._uses(BYTE)


@dataclass(frozen=True, eq=False)
class FullyConnected(Body):
    """``act``: 0 none, 1 relu, 2 relu6."""

    flags: U32
    input: U32
    output: U32
    in_channels: U32
    out_channels: U32
    act: U32
    weights: Any = field(metadata=array("<f4", lambda r: (r.out_channels, r.in_channels)))
    bias: Any = field(metadata=array("<f4", lambda r: (r.out_channels,)))

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.in_channels, FLOAT)
        yield _use("output", self.output, self.out_channels, FLOAT, True)


@dataclass(frozen=True)
class Flatten(Body):
    flags: U32
    input: U32
    output: U32
    width: U32
    height: U32
    channels: U32

    def uses(self) -> Iterator[Use]:
        count = self.width * self.height * self.channels
        yield _use("input", self.input, count, FLOAT)
        yield _use("output", self.output, count, FLOAT, True)


@dataclass(frozen=True)
class ResizeNearest(Body):
    flags: U32
    input: U32
    output: U32
    in_w: U32
    in_h: U32
    in_c: U32
    out_w: U32
    out_h: U32
    align_corners: U32

    def _uses(self, dtype: str) -> Iterator[Use]:
        yield _use("input", self.input, self.in_c * self.in_h * self.in_w, dtype)
        shape = (self.in_c, self.out_h, self.out_w)
        yield _use("output", self.output, self.in_c * self.out_h * self.out_w, dtype, True, shape)

    def uses(self) -> Iterator[Use]:
        return self._uses(FLOAT)


@dataclass(frozen=True)
class QuantizedResizeNearest(ResizeNearest):
    def uses(self) -> Iterator[Use]:
        return self._uses(BYTE)


@dataclass(frozen=True, eq=False)
class ChannelwiseDequantize(Body):
    """``factors``: (scale, bias) per channel."""

    flags: U32
    input: U32
    output: U32
    channels: U32
    channel_size: U32
    factors: Any = field(metadata=array("<f4", lambda r: (r.channels, 2)))

    def uses(self) -> Iterator[Use]:
        count = self.channels * self.channel_size
        yield _use("input", self.input, count, BYTE)
        yield _use("output", self.output, count, FLOAT, True)


@dataclass(frozen=True)
class AddPadding(Body):
    """``channels`` bytes become the first pixels of 4x4 maps at AI-RAM row ``row``."""

    flags: U32
    input: U32
    row: U32
    channels: U32

    def uses(self) -> Iterator[Use]:
        layout = MapLayout(self.channels, 4, 4)
        yield _use("input", self.input, self.channels, BYTE)
        yield Use("row", AI_RAM, self.row * ROW, layout.size, BYTE, True)


@dataclass(frozen=True)
class RemovePadding(Body):
    flags: U32
    input: U32
    output: U32
    channels: U32

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, 16 * self.channels, BYTE)
        yield _use("output", self.output, self.channels, BYTE, True)


@dataclass(frozen=True)
class Upload(Body):
    flags: U32
    input: U32
    row: U32
    width: U32
    height: U32
    channels: U32

    @property
    def layout(self) -> MapLayout:
        return MapLayout(self.channels, self.height, self.width)

    def uses(self) -> Iterator[Use]:
        yield _use("input", self.input, self.channels * self.height * self.width, BYTE)
        shape = (self.channels, self.height, self.width)
        yield Use("row", AI_RAM, self.row * ROW, self.layout.size, BYTE, True, shape)


@dataclass(frozen=True)
class ConvBody:
    """The fixed head of a KPU layer's body; the four offsets count from the start of the file."""

    flags: U32
    main_output: U32
    layer_offset: U32
    weights_offset: U32
    norm_offset: U32
    activation_offset: U32


@dataclass(frozen=True)
class KpuConv(Body):
    """A KPU layer of v3; bit 0 of the flags sends the result to main memory too."""

    body: ConvBody
    conv: Conv

    @property
    def main_output(self) -> int | None:
        """Byte offset in main memory, or None."""
        return self.body.main_output if self.body.flags & 1 else None

    def work(self) -> int:
        return self.conv.macs

    def uses(self) -> Iterator[Use]:
        source, target = self.conv.input, self.conv.output
        yield Use("image_src_addr", AI_RAM, self.conv.source * ROW, source.size, BYTE)
        shape = (target.channels, target.height, target.width)
        yield Use("image_dst_addr", AI_RAM, self.conv.target * ROW, target.size, BYTE, True, shape)
        if self.main_output is not None:
            count = target.channels * target.height * target.width
            yield _use("main_out_addr", self.main_output, count, BYTE, True, shape)
