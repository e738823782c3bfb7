"""Checks whether the registers of a KPU layer agree, and whether any published converter writes such a layer.

The emulator derives the memory layout from the sizes of the maps. A file whose registers describe another layout would
run differently on the chip. Sources: K210 register block; nncase 0.1 K210Conv2d.cs and nncase 0.2, which compute these
fields.
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
class RegisterFinding:
    """One odd register.

    layer: index of the layer.
    limit: True if the registers agree, but no converter writes such a layer.
    """

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
    source, target = conv.input, conv.output
    registers = conv.registers
    size = conv.kernel * conv.kernel
    unit = conv.weights.dtype.itemsize
    per_output = size * unit * (1 if conv.depthwise else source.channels)
    # A depthwise layer has all its weights in one load (nncase 0.1 K210Conv2d.cs).
    at_once = target.channels if conv.depthwise else registers["o_ch_num_coef"] + 1
    stride = POOL_TYPES[conv.pool].stride
    # The file holds the zero points shifted to the left, and with the opposite sign.
    zero_x = -(registers["arg_w"] >> registers["shr_w"])
    zero_w = -(registers["arg_x"] >> registers["shr_x"])
    return {
        **CONSTANTS,
        "o_row_wid": source.width // stride - 1,
        "o_col_high": source.height // stride - 1,
        "o_ch_num_coef": at_once - 1,
        "load_time": -(-target.channels // at_once) - 1,
        "para_size": per_output * at_once,
        "channel_switch_addr": source.line_rows * source.height,
        "row_switch_addr": source.line_rows,
        "coef_group": source.groups,
        "wb_channel_switch_addr": target.line_rows * target.height,
        "wb_row_switch_addr": target.line_rows,
        "wb_group": target.groups,
        # The register has 16 bits; the converters write the lower 16 bits of a larger number.
        "channel_byte_num": (target.width * target.height - 1) & 0xFFFF,
        "dma_total_byte": target.width * target.height * target.channels - 1,
        "pad_value": zero_x,
        "arg_add": size * zero_x * zero_w,
        "arg_w": -zero_x << registers["shr_w"],
        "arg_x": -zero_w << registers["shr_x"],
    }


def check_layer(layer: Layer) -> Iterator[RegisterFinding]:
    """Yields what is odd about one layer; nothing for a layer that the CPU runs."""
    conv = getattr(layer.spec, "conv", None)
    if not isinstance(conv, Conv):
        return
    for field, value in expected(conv).items():
        if conv.registers[field] != value:
            yield RegisterFinding(layer.index, field, conv.registers[field], value)
    # The KPU looks for the last piece that starts below z, so the first piece has to start at the lowest z.
    start = conv.activation.start
    if int(start[0]) != LOWEST_START:
        yield RegisterFinding(layer.index, tr("x_start of segment 0"), int(start[0]), LOWEST_START)
    # With pieces out of order, the result depends on how the chip searches, which is not documented.
    if any(int(start[index]) > int(start[index + 1]) for index in range(SEGMENTS - 1)):
        yield RegisterFinding(layer.index, "x_start", tr("not in order"), "rising")
    if int(conv.activation.shift.max()) > MAX_SHIFT:
        yield RegisterFinding(
            layer.index,
            "shift_number",
            int(conv.activation.shift.max()),
            tr("at most {most}", most=MAX_SHIFT),
        )
    yield from check_limits(layer.index, conv)


def check_limits(index: int, conv: Conv) -> Iterator[RegisterFinding]:
    """Yields the values that no published converter writes."""
    source, target = conv.input, conv.output
    # Layers outside these limits may run, but nobody has published one, so this is only a warning.
    if source.width not in WIDTHS:
        yield RegisterFinding(index, tr("input width"), source.width, "4..512", True)
    if source.height not in HEIGHTS:
        yield RegisterFinding(index, tr("input height"), source.height, "4..256", True)
    if min(target.width, target.height) < 4:
        yield RegisterFinding(index, tr("output size"), (target.width, target.height), tr("at least 4 x 4"), True)
    # No published converter writes such a layer, so nothing shows whether the chip computes it as the reference does.
    if conv.depthwise and conv.pool:
        yield RegisterFinding(index, tr("pool of a depthwise layer"), POOL_TYPES[conv.pool].name, "none", True)
    load = LOAD_BYTES[conv.weights.dtype.itemsize]
    if not conv.depthwise and conv.registers["para_size"] > load:
        yield RegisterFinding(index, "para_size", conv.registers["para_size"], tr("at most {load}", load=load), True)
    if conv.registers["load_time"] + 1 > MAX_LOADS:
        yield RegisterFinding(
            index, "load_time", conv.registers["load_time"] + 1, tr("at most {most}", most=MAX_LOADS), True
        )


def check(model: ModelFile) -> list[RegisterFinding]:
    """What is odd about the KPU layers of a model; empty for every file that a published converter wrote."""
    return [finding for layer in model.layers for finding in check_layer(layer)]
