"""The KPU's parts against the plain loops, and against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.registers import (
    FIELDS,
    Activation,
    BatchNorm,
    decode_activation,
    decode_block,
    decode_norm,
    encode_activation,
    encode_block,
    encode_norm,
)
from maixswitch.kmodel.run.arithmetic import POOLS, ROUND, activate
from maixswitch.kmodel.run.roundings import ROUNDINGS
from tests.host.kmodel.run import slow_kpu


@given(st.integers(-(1 << 40), 1 << 40), st.integers(0, 31), st.sampled_from(ROUNDINGS))
def test_rounding_is_that_of_the_loops(product: int, shift: int, rounding: str) -> None:
    output = ROUND[rounding](np.array([product]), np.array([shift]))[0]
    assert output == slow_kpu.shifted(product, shift, rounding)


@pytest.mark.parametrize(
    ("product", "shift", "v02", "v01"),
    [(3, 1, 2, 2), (5, 1, 2, 3), (-3, 1, -2, -3), (-1, 1, -2, -2), (7, 2, 2, 2), (-7, 2, -2, -2), (9, 0, 9, 9)],
)
def test_rounding_by_hand(product: int, shift: int, v02: int, v01: int) -> None:
    for rounding, expected in (("v02", v02), ("v01", v01)):
        assert ROUND[rounding](np.array([product]), np.array([shift])) == expected


rows = st.tuples(
    st.integers(-(1 << 35), (1 << 35) - 1),
    st.integers(-(1 << 15), (1 << 15) - 1),
    st.integers(0, 31),
    st.integers(0, 255),
)


@given(st.lists(rows, min_size=16, max_size=16), st.lists(st.integers(-(1 << 34), 1 << 34), min_size=1, max_size=8))
def test_activation_is_that_of_the_loops(table: list[tuple[int, int, int, int]], values: list[int]) -> None:
    columns = [np.array(column, np.int64) for column in zip(*table, strict=True)]
    values = [*values, *(row[0] for row in table)]  # exactly on a knot, too
    for rounding in ROUNDINGS:
        output = activate(np.array(values, np.int64), Activation(*columns), rounding)
        assert output.tolist() == [slow_kpu.active(value, table, rounding) for value in values]


@given(st.lists(rows, min_size=16, max_size=16))
def test_activation_table_survives_its_bytes(table: list[tuple[int, int, int, int]]) -> None:
    columns = [np.array(column, np.int64) for column in zip(*table, strict=True)]
    raw = encode_activation(Activation(*columns))
    assert len(raw) == 144
    back = decode_activation(raw)
    for output, expected in zip((back.start, back.mul, back.shift, back.bias), columns, strict=True):
        assert output.tolist() == expected.tolist()


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 23), (1 << 23) - 1), st.integers(0, 15), st.integers(-(1 << 31), (1 << 31) - 1))
    )
)
def test_batch_norm_survives_its_bytes(table: list[tuple[int, int, int]]) -> None:
    columns = [np.array([row[index] for row in table], np.int64) for index in range(3)]
    back = decode_norm(encode_norm(BatchNorm(*columns)))
    assert [back.mul.tolist(), back.shift.tolist(), back.add.tolist()] == [column.tolist() for column in columns]


@given(st.data())
def test_register_block_survives_its_bytes(data: st.DataObject) -> None:
    values = {}
    for name, _, low, high, signed in FIELDS:
        size = high - low
        least, most = (-(1 << size - 1), (1 << size - 1) - 1) if signed else (0, (1 << size) - 1)
        values[name] = data.draw(st.integers(least, most), label=name)
    assert decode_block(encode_block(values)) == values


def test_register_block_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="i_ch_num = 1024 does not fit into 10 bits"):
        encode_block({"i_ch_num": 1024})
    with pytest.raises(ValueError, match="no such register field: colour"):
        encode_block({"colour": 1})


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("number", POOLS)
def test_pools_are_those_of_the_loops(number: int, rounding: str) -> None:
    for height, width in ((8, 8), (9, 7), (4, 5), (11, 13)):
        image = np.random.default_rng(number).integers(0, 256, (3, height, width), np.uint8)
        output = POOLS[number][2](image, rounding)
        assert output.tolist() == slow_kpu.pooled(image.tolist(), number, rounding)


@pytest.mark.parametrize("width", [1, 4, 14, 16, 17, 20, 32, 33, 64, 65, 130, 320])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
def test_map_layout_puts_every_pixel_where_the_chip_does(width: int, channels: int) -> None:
    height = 3
    layout = MapLayout(channels, height, width)
    groups = 4 if width <= 16 else 2 if width <= 32 else 1
    line = -(-width // 64)
    image = np.random.default_rng(1).integers(1, 256, (channels, height, width), np.uint8)
    ram = np.zeros(1 << 16, np.uint8)
    layout.write(ram, 7, image)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                offset = 7 * 64 + (c // groups) * line * height * 64 + (c % groups) * (64 // groups) + y * line * 64 + x
                assert ram[offset] == image[c, y, x]
                assert layout.pixel_offsets()[c, y, x] == offset - 7 * 64
    assert np.count_nonzero(ram) == image.size
    assert np.array_equal(layout.read(ram, 7), image)
    assert layout.rows == line * height * -(-channels // min(channels, groups))
