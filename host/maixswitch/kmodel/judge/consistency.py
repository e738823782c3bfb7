"""Do the registers of a KPU layer agree with each other, and does it stay within what chip and tools take?

The emulator derives the memory layout from the map sizes; a file whose registers say otherwise would run differently
on the chip. Sources: K210 register block; nncase 0.1 K210Conv2d.cs and nncase 0.2, which compute these fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS, Conv
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.format.pools import POOL_TYPES
from maixswitch.kmodel.format.program import Layer
from maixswitch.kmodel.format.registers import LOWEST_START, SEGMENTS
from maixswitch.language import tr

CONSTANTS = {
    "pad_type": 0,
    "first_stride": 0,
    "bypass_conv": 0,
    "load_para": 1,
    "dma_burst_size": 15,
    "load_coor": 1,
    "coef_column_offset": 0,
    "coef_row_offset": 0,
    "coef_size": 0,
    "load_act": 1,
}
"""Fields that every published converter sets to the same value."""
WIDTHS = range(4, 513)
HEIGHTS = range(4, 257)
"""Input sizes that nncase 0.2 accepts for a KPU layer."""
MAX_SHIFT = 31
"""The reference computes half of 1 << shift in a C int; a larger shift is undefined there."""


@dataclass(frozen=True)
class Finding:
    """``layer``: its index; ``limit``: True where nothing is inconsistent, but the chip's tools make no such layer."""

    layer: int
    field: str
    found: object
    wanted: object
    limit: bool = False

    def __str__(self) -> str:
        return tr(
            "layer {layer}: {field} is {found}, expected {wanted}",
            layer=self.layer,
            field=self.field,
            found=self.found,
            wanted=self.wanted,
        )


def expected(conv: Conv) -> dict[str, int]:
    """The fields that follow from the others, by name."""
    given, made = conv.input, conv.output
    registers = conv.registers
    size = conv.kernel * conv.kernel
    unit = conv.weights.dtype.itemsize
    per_output = size * unit * (1 if conv.depthwise else given.channels)
    at_once = made.channels if conv.depthwise else registers["o_ch_num_coef"] + 1
    stride = POOL_TYPES[conv.pool].stride
    zero_x = -(registers["arg_w"] >> registers["shr_w"])
    zero_w = -(registers["arg_x"] >> registers["shr_x"])
    return {
        **CONSTANTS,
        "o_row_wid": given.width // stride - 1,
        "o_col_high": given.height // stride - 1,
        "o_ch_num_coef": at_once - 1,
        "load_time": -(-made.channels // at_once) - 1,
        "para_size": per_output * at_once,
        "channel_switch_addr": given.line_rows * given.height,
        "row_switch_addr": given.line_rows,
        "coef_group": given.groups,
        "wb_channel_switch_addr": made.line_rows * made.height,
        "wb_row_switch_addr": made.line_rows,
        "wb_group": made.groups,
        "channel_byte_num": (made.width * made.height - 1) & 0xFFFF,
        "dma_total_byte": made.width * made.height * made.channels - 1,
        "pad_value": zero_x,
        "arg_add": size * zero_x * zero_w,
        "arg_w": -zero_x << registers["shr_w"],
        "arg_x": -zero_w << registers["shr_x"],
    }


def check_layer(layer: Layer) -> Iterator[Finding]:
    """What is odd about one layer; nothing for a layer that the CPU runs."""
    conv = getattr(layer.spec, "conv", None)
    if not isinstance(conv, Conv):
        return
    for field, wanted in expected(conv).items():
        found = conv.registers[field]
        if found != wanted:
            yield Finding(layer.index, field, found, wanted)
    start = conv.activation.start
    if int(start[0]) != LOWEST_START:
        yield Finding(layer.index, tr("x_start of segment 0"), int(start[0]), LOWEST_START)
    if any(int(start[index]) > int(start[index + 1]) for index in range(SEGMENTS - 1)):
        yield Finding(layer.index, "x_start", tr("not in order"), "rising")
    if int(conv.activation.shift.max()) > MAX_SHIFT:
        yield Finding(
            layer.index,
            "shift_number",
            int(conv.activation.shift.max()),
            tr("at most {most}", most=MAX_SHIFT),
        )
    yield from check_limits(layer.index, conv)


def check_limits(index: int, conv: Conv) -> Iterator[Finding]:
    """What the chip's tools would not make."""
    given, made = conv.input, conv.output
    if given.width not in WIDTHS:
        yield Finding(index, tr("input width"), given.width, "4..512", True)
    if given.height not in HEIGHTS:
        yield Finding(index, tr("input height"), given.height, "4..256", True)
    if min(made.width, made.height) < 4:
        yield Finding(index, tr("output size"), (made.width, made.height), tr("at least 4 x 4"), True)
    if conv.depthwise and conv.pool:
        yield Finding(index, tr("pool of a depthwise layer"), POOL_TYPES[conv.pool].name, "none", True)
    load = LOAD_BYTES[conv.weights.dtype.itemsize]
    if not conv.depthwise and conv.registers["para_size"] > load:
        yield Finding(index, "para_size", conv.registers["para_size"], tr("at most {load}", load=load), True)
    if conv.registers["load_time"] + 1 > MAX_LOADS:
        yield Finding(index, "load_time", conv.registers["load_time"] + 1, tr("at most {most}", most=MAX_LOADS), True)


def check(model: ModelFile) -> list[Finding]:
    """What is odd about the KPU layers of a model; empty for every file that a published converter wrote."""
    return [finding for layer in model.layers for finding in check_layer(layer)]
