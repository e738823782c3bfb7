"""One KPU layer: its register block, its weights, its batch norm and its activation table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from maixswitch.errors import KModelError
from maixswitch.language import tr

from . import airam
from .airam import MapLayout
from .arrays import Array
from .pools import POOL_TYPES
from .registers import Activation, BatchNorm

LOAD_BYTES = {1: 30 * 1024, 2: 60 * 1024}
"""Bytes per weight -> bytes of weights that the KPU loads at a time."""
MAX_LOADS = 64


@dataclass(frozen=True, eq=False)
class Conv:
    """A 1x1 or 3x3 convolution at stride 1, batch norm, activation table and pool.

    weights: uint8 or uint16, (out, in, k, k), depthwise (channels, 1, k, k).
    source, target: the first rows of the input and of the output in the AI RAM.
    """

    registers: Mapping[str, int] = field(repr=False)
    weights: Array = field(repr=False)
    norm: BatchNorm = field(repr=False)
    activation: Activation = field(repr=False)

    @property
    def depthwise(self) -> bool:
        return bool(self.registers["depth_wise_layer"])

    @property
    def kernel(self) -> int:
        return 3 if self.registers["kernel_type"] == 1 else 1

    @property
    def pool(self) -> int:
        return self.registers["pool_type"]

    @property
    def pad_value(self) -> int:
        return self.registers["pad_value"]

    @property
    def source(self) -> int:
        return self.registers["image_src_addr"]

    @property
    def target(self) -> int:
        return self.registers["image_dst_addr"]

    @cached_property
    def input(self) -> MapLayout:
        return input_layout(self.registers)

    @cached_property
    def output(self) -> MapLayout:
        return output_layout(self.registers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one pass."""
        return int(self.weights.size) * self.input.height * self.input.width


def input_layout(registers: Mapping[str, int]) -> MapLayout:
    """The map that the layer reads."""
    return MapLayout(registers["i_ch_num"] + 1, registers["i_col_high"] + 1, registers["i_row_wid"] + 1)


def output_layout(registers: Mapping[str, int]) -> MapLayout:
    """The map that the layer writes, after pooling."""
    return MapLayout(registers["o_ch_num"] + 1, registers["o_col_high"] + 1, registers["o_row_wid"] + 1)


def weight_shape(registers: Mapping[str, int]) -> tuple[int, int, int, int]:
    """(out, in, k, k), depthwise (channels, 1, k, k)."""
    size = 3 if registers["kernel_type"] == 1 else 1
    inner = 1 if registers["depth_wise_layer"] else registers["i_ch_num"] + 1
    return registers["o_ch_num"] + 1, inner, size, size


def check_registers(registers: Mapping[str, int], part: str, offset: int, batches: int = 1) -> None:
    """Refuses what neither the chip nor the reference can run: unknown kernels and pools, maps beyond the AI RAM.

    offset: of the register block in the file.
    batches: number of maps that lie one behind the other.
    Raises KModelError that names the register.
    """

    def refuse(field_name: str, found: object, wanted: object) -> KModelError:
        return KModelError(
            tr("{part}: the KPU cannot run this", part=part),
            offset=offset,
            field=field_name,
            found=found,
            wanted=wanted,
        )

    # The chip's behaviour for these values is not documented, and no converter writes them.
    if registers["kernel_type"] not in (0, 1):
        raise refuse("kernel_type", registers["kernel_type"], tr("0 (1x1) or 1 (3x3)"))
    if registers["pool_type"] not in POOL_TYPES:
        raise refuse("pool_type", registers["pool_type"], f"0..{max(POOL_TYPES)}")
    if registers["bypass_conv"]:
        raise refuse("bypass_conv", 1, 0)
    # The sizes of the output follow from those of the input and the pool; the reference reads only the latter.
    source, target = input_layout(registers), output_layout(registers)
    # A depthwise layer has one filter for each channel, so the two numbers have to agree.
    if registers["depth_wise_layer"] and source.channels != target.channels:
        raise refuse(tr("o_ch_num of a depthwise layer"), target.channels, source.channels)
    stride = POOL_TYPES[registers["pool_type"]].stride
    # The chip leaves out rows and columns that do not fill a pool.
    pooled = source.height // stride, source.width // stride
    if (target.height, target.width) != pooled:
        raise refuse(tr("output height x width"), f"{target.height} x {target.width}", f"{pooled[0]} x {pooled[1]}")
    for name, layout, row in (
        ("image_src_addr", source, registers["image_src_addr"]),
        ("image_dst_addr", target, registers["image_dst_addr"]),
    ):
        # A map beyond the last row would wrap around to the first on the chip, and destroy another map.
        if row + layout.rows * batches > airam.ROWS:
            raise refuse(
                name,
                tr("rows {row}..{row2}", row=row, row2=row + layout.rows * batches),
                tr("rows up to {rows}", rows=airam.ROWS),
            )
