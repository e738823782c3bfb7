"""The 12 x u64 register block of a KPU layer and its two tables, decoded and encoded. Source: K210 register block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .arrays import Array, Ints

BLOCK_SIZE = 96
ACTIVATION_SIZE = 144
SEGMENTS = 16
LOWEST_START = -(1 << 35)

FIELDS: tuple[tuple[str, int, int, int, bool], ...] = (
    # name, word, first bit, bit after the last, signed
    ("int_en", 0, 0, 1, False),
    ("ram_flag", 0, 1, 2, False),
    ("full_add", 0, 2, 3, False),
    ("depth_wise_layer", 0, 3, 4, False),
    ("image_src_addr", 1, 0, 15, False),
    ("image_dst_addr", 1, 32, 47, False),
    ("i_ch_num", 2, 0, 10, False),
    ("o_ch_num", 2, 32, 42, False),
    ("o_ch_num_coef", 2, 48, 58, False),
    ("i_row_wid", 3, 0, 10, False),
    ("i_col_high", 3, 10, 19, False),
    ("o_row_wid", 3, 32, 42, False),
    ("o_col_high", 3, 42, 51, False),
    ("kernel_type", 4, 0, 3, False),
    ("pad_type", 4, 3, 4, False),
    ("pool_type", 4, 4, 8, False),
    ("first_stride", 4, 8, 9, False),
    ("bypass_conv", 4, 9, 10, False),
    ("load_para", 4, 10, 11, False),
    ("dma_burst_size", 4, 16, 24, False),
    ("pad_value", 4, 24, 32, False),
    ("bwsx_base_addr", 4, 32, 64, False),
    ("load_coor", 5, 0, 1, False),
    ("load_time", 5, 1, 7, False),
    ("para_size", 5, 15, 32, False),
    ("para_start_addr", 5, 32, 64, False),
    ("coef_column_offset", 6, 0, 4, False),
    ("coef_row_offset", 6, 4, 16, False),
    ("channel_switch_addr", 7, 0, 15, False),
    ("row_switch_addr", 7, 16, 20, False),
    ("coef_size", 7, 20, 28, False),
    ("coef_group", 7, 28, 31, False),
    ("load_act", 7, 31, 32, False),
    ("active_addr", 7, 32, 64, False),
    ("wb_channel_switch_addr", 8, 0, 15, False),
    ("wb_row_switch_addr", 8, 16, 20, False),
    ("wb_group", 8, 20, 23, False),
    ("shr_w", 9, 0, 4, False),
    ("shr_x", 9, 4, 8, False),
    ("arg_w", 9, 8, 32, True),
    ("arg_x", 9, 32, 56, True),
    ("arg_add", 10, 0, 40, True),
    ("send_data_out", 11, 0, 1, False),
    ("channel_byte_num", 11, 16, 32, False),
    ("dma_total_byte", 11, 32, 64, False),
)


def decode_block(block: bytes | memoryview) -> dict[str, int]:
    """The 96 bytes as a dict of field name -> number."""
    words = [int(word) for word in np.frombuffer(block, "<u8", 12)]
    values = {}
    for name, word, low, high, signed in FIELDS:
        size = high - low
        value = (words[word] >> low) & ((1 << size) - 1)
        # The chip stores signed fields as two's complement in as many bits as the field has.
        values[name] = value - (1 << size) if signed and value >> (size - 1) else value
    return values


def encode_block(values: Mapping[str, int]) -> bytes:
    """A dict of field name -> number as 96 bytes; fields that are not named are 0.

    Raises ValueError for an unknown name or a number that its bits cannot hold.
    """
    # A misspelt name would otherwise leave a register at 0, which is a valid value for most of them.
    unknown = set(values) - {row[0] for row in FIELDS}
    if unknown:
        raise ValueError(f"no such register field: {', '.join(sorted(unknown))}")
    words = [0] * 12
    for name, word, low, high, signed in FIELDS:
        value = values.get(name, 0)
        size = high - low
        least, most = (-(1 << (size - 1)), (1 << (size - 1)) - 1) if signed else (0, (1 << size) - 1)
        # A number that is cut off would run on the chip and give wrong results without a message.
        if not least <= value <= most:
            raise ValueError(f"{name} = {value} does not fit into {size} bits")
        words[word] |= (value & ((1 << size) - 1)) << low
    return np.array(words, "<u8").tobytes()


def _signed(values: Array, bits: int) -> Ints:
    # Flipping the top bit and taking it off again extends the sign without a case for negative numbers.
    top = np.int64(1 << (bits - 1))
    result: Ints = (values.astype(np.int64) ^ top) - top
    return result


@dataclass(frozen=True)
class BatchNorm:
    """Per output channel: z = ((acc * mul) >> shift) + add; mul signed 24 bits, shift 0..15, add signed 32 bits."""

    mul: Ints
    shift: Ints
    add: Ints


def decode_norm(raw: bytes | memoryview) -> BatchNorm:
    """The u64 per output channel."""
    words = np.frombuffer(raw, "<u8")
    mul = _signed(words & np.uint64(0xFFFFFF), 24)
    add = _signed((words >> np.uint64(24)) & np.uint64(0xFFFFFFFF), 32)
    return BatchNorm(mul, ((words >> np.uint64(56)) & np.uint64(15)).astype(np.int64), add)


def encode_norm(norm: BatchNorm) -> bytes:
    """One u64 per output channel."""
    _fits("norm_mul", norm.mul, -(1 << 23), (1 << 23) - 1)
    _fits("norm_add", norm.add, -(1 << 31), (1 << 31) - 1)
    _fits("norm_shift", norm.shift, 0, 15)
    words = (norm.mul & 0xFFFFFF) | ((norm.add & 0xFFFFFFFF) << 24) | (norm.shift << 56)
    return words.astype("<u8").tobytes()


@dataclass(frozen=True)
class Activation:
    """16 linear pieces over z: y = round((z - start) * mul >> shift) + bias; start signed 36 bits, mul signed 16."""

    start: Ints
    mul: Ints
    shift: Ints
    bias: Ints


def decode_activation(raw: bytes | memoryview) -> Activation:
    """The 144 bytes: 16 x u64 and 16 result biases."""
    words = np.frombuffer(raw, "<u8", SEGMENTS)
    mul = _signed((words >> np.uint64(8)) & np.uint64(0xFFFF), 16)
    start = _signed((words >> np.uint64(24)) & np.uint64((1 << 36) - 1), 36)
    bias = np.frombuffer(raw, np.uint8, SEGMENTS, 8 * SEGMENTS).astype(np.int64)
    return Activation(start, mul, (words & np.uint64(0xFF)).astype(np.int64), bias)


def encode_activation(table: Activation) -> bytes:
    """144 bytes."""
    _fits("x_start", table.start, LOWEST_START, -LOWEST_START - 1)
    _fits("y_mul", table.mul, -(1 << 15), (1 << 15) - 1)
    _fits("shift_number", table.shift, 0, 255)
    _fits("result_bias", table.bias, 0, 255)
    words = table.shift | ((table.mul & 0xFFFF) << 8) | ((table.start & ((1 << 36) - 1)) << 24)
    return words.astype("<u8").tobytes() + table.bias.astype(np.uint8).tobytes()


def _fits(name: str, values: Ints, least: int, most: int) -> None:
    if values.size and (values.min() < least or values.max() > most):
        raise ValueError(f"{name} outside {least}..{most}: {int(values.min())}..{int(values.max())}")
