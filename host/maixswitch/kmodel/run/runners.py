"""The function that runs each type of layer. The tables have the same keys as those of the parsers in ``format``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from maixswitch.errors import KModelError
from maixswitch.kmodel.format.program import LayerType
from maixswitch.language import tr

from . import nnil, v3_cpu, v4_bytes, v4_cpu, v4_float
from .chip import Chip

Runner = Callable[[Any, Chip], None]
"""Runs a layer with this spec on the chip's memory."""

V3_RUNNERS: Mapping[int, Runner] = {
    1: v3_cpu.add,
    2: v3_cpu.quantized_add,
    5: v3_cpu.global_average_pool,
    8: v3_cpu.quantized_max_pool,
    9: v3_cpu.average_pool,
    11: v3_cpu.quantize,
    12: v3_cpu.dequantize,
    13: v3_cpu.requantize,
    14: v3_cpu.l2_normalize,
    15: v3_cpu.softmax,
    16: v3_cpu.concat,
    17: v3_cpu.concat,
    18: v3_cpu.fully_connected,
    20: v3_cpu.flatten,
    22: v3_cpu.resize_nearest,
    23: v3_cpu.quantized_resize_nearest,
    24: v3_cpu.channelwise_dequantize,
    25: v3_cpu.logistic,
    10240: v3_cpu.conv,
    10241: v3_cpu.add_padding,
    10242: v3_cpu.remove_padding,
    10243: v3_cpu.upload,
}
V4_RUNNERS: Mapping[int, Runner] = {
    0x00: v4_float.binary,
    0x01: v4_bytes.concat,
    0x02: v4_float.conv2d,
    0x03: v4_bytes.dequantize,
    0x04: v4_float.matmul,
    0x05: v4_bytes.pad,
    0x06: v4_bytes.quantize,
    0x07: v4_float.reduce,
    0x08: v4_float.reduce_window2d,
    0x09: v4_bytes.memory_copy,
    0x0A: v4_bytes.resize_image,
    0x0B: v4_float.softmax,
    0x0C: v4_bytes.transpose,
    0x0D: v4_bytes.strided_slice,
    0x0E: v4_float.unary,
    0x0F: v4_bytes.quantized_conv2d,
    0x10: v4_bytes.quantized_matmul,
    0x11: v4_bytes.quantized_binary,
    0x12: v4_bytes.table_lookup1d,
    0x13: v4_float.conv2d_transpose,
    0x14: nnil.run,
    0x1001: v4_cpu.conv2d,
    0x1002: v4_cpu.conv2d,
    0x1003: v4_cpu.reduce_window2d,
    0x1004: v4_cpu.quantized_conv2d,
    0x1005: v4_cpu.quantized_conv2d,
    0x2001: v4_bytes.kpu_upload,
    0x2002: v4_bytes.kpu_conv2d,
}
RUNNERS: Mapping[int, Mapping[int, Runner]] = {3: V3_RUNNERS, 4: V4_RUNNERS}
"""Version of the format -> number of the type in the file -> function that runs it."""


def runner_of(version: int, kind: LayerType) -> Runner:
    """The function that runs a type of layer. For a type that no firmware runs, it raises KModelError when called."""
    return RUNNERS[version][kind.id] if kind.known else partial(_refuse, kind)


def _refuse(kind: LayerType, spec: object, chip: Chip) -> None:
    raise KModelError(
        tr("no K210 firmware runs {name}, and neither does the emulator", name=kind.name),
        field=tr("layer type"),
        found=kind.id,
        wanted=tr("one of {known}", known=", ".join(map(str, RUNNERS[chip.program.version]))),
    )
