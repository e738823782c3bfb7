"""The KPU: a layer through its registers, by DMA and interrupt, against the emulator's other arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from tests.host.kmodel.small_networks import Choice

from .kpu_layers import Layer, random_layer
from .machine import DATA, Machine

BLOCK, INPUT, OUTPUT, TABLES = DATA, DATA + 0x10000, DATA + 0x40000, DATA + 0x80000
KPU_MEMORY = 0x4060_0000
DONE, ALMOST_EMPTY = 1, 2

SET_UP = """
    poke64 KPU+0x20, 7
    poke64 KPU+0x28, 0x1A
    poke64 KPU+0x40, {eight_bit}
    poke64 KPU+0x18, {mask}
"""
START_INPUT = "dma 5, DATA+0x10000, {source}, {items}, 0x300\n"
INPUT_BY_DMA = START_INPUT + "wait DMAC+0x688, 2\n"
PUSH = """
    li a0, DATA
    li a1, KPU
    li a2, 12
push:
    ld a3, 0(a0)
    sd a3, 0(a1)
    addi a0, a0, 8
    addi a2, a2, -1
    bnez a2, push
"""
OUTPUT_BY_DMA = "dma 5, KPU+0x30, DATA+0x40000, {items}, 0x310\n"
CLEAR = "li t3, KPU\nlwu t4, 0x8(t3)\nsd t4, 0(s11)\naddi s11, s11, 8\nli t4, 7\nsd t4, 0x20(t3)"


def machine_for(layer: Layer, main: str, **parts: str) -> Machine:
    """Return a machine with a layer's data in its memory."""
    machine = Machine(main, **parts)
    machine.write(BLOCK, layer.block)
    machine.write(INPUT, layer.stored)
    machine.write(TABLES, layer.tables)
    return machine


LAYERS = {
    "3x3": (3, 8, 64, Choice()),
    "1x1": (5, 6, 64, Choice(kernel=1, out=7)),
    "narrow": (6, 10, 12, Choice(out=9)),
    "two side by side": (3, 6, 24, Choice(out=5, curve="leaky")),
    "depthwise": (4, 8, 64, Choice(depthwise=True, curve="leaky")),
    "pooled": (2, 8, 64, Choice(pool=1)),
    "16 bits": (3, 8, 64, Choice(wide=True)),
    "wild curve": (3, 8, 64, Choice(curve="wild")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_through_dma_and_interrupt_is_exact(name: str) -> None:
    layer = random_layer(7, *LAYERS[name], TABLES)
    main = (
        "enable 25, 1\nenable 32, 1\ninterrupts\n"
        + SET_UP.format(eight_bit=int(not layer.wide), mask=6)
        + START_INPUT.format(source=KPU_MEMORY + 64 * layer.source, items=len(layer.stored) // 8)
        + "await 1\n"
        + OUTPUT_BY_DMA.format(items=-(-layer.expected.size // 8))
        + PUSH
        + "await 3"
    )
    # One handler for both sources: it says which bits of the KPU were up, and clears them, and those of the channel.
    machine = machine_for(layer, main, external=CLEAR + "\nli t3, DMAC+0x600\nli t4, 0xFFFFFFFF\nsw t4, 0x98(t3)").run()
    assert machine.read(OUTPUT, layer.expected.size) == layer.expected.tobytes()
    assert sorted(trap.source for trap in machine.traps()) == [25, 32, 32]
    assert DONE in machine.first(3)
    assert machine.chip.kpu.layers == 1


def test_a_result_that_stays_in_the_kpus_memory_is_read_there() -> None:
    layer = random_layer(3, 3, 8, 64, Choice(), TABLES, to_main=False)
    machine = machine_for(
        layer,
        SET_UP.format(eight_bit=1, mask=5)
        + INPUT_BY_DMA.format(source=KPU_MEMORY + 64 * layer.source, items=len(layer.stored) // 8)
        + PUSH
        + "show KPU+0x10\nwait KPU+0x10, 2\nshow KPU+0x10\nshow KPU+0x8\npoke64 KPU+0x20, 2\nshow KPU+0x10",
    ).run()
    # Nothing is done at once; then both bits are up, one of them behind the mask.
    assert machine.first(4) == [0, DONE | ALMOST_EMPTY, ALMOST_EMPTY, DONE]
    result = machine.read(KPU_MEMORY + 64 * layer.target, layer.expected.size)
    assert result == layer.expected.tobytes()


def test_the_tables_are_found_in_either_view_of_the_memory_and_after_they_moved() -> None:
    layers = [random_layer(9, 3, 8, 64, Choice(), address) for address in (TABLES, TABLES - 0x4000_0000 + 0x4000)]
    assert layers[0].tables == layers[1].tables
    results = []
    for layer, address in zip(layers, (TABLES, TABLES + 0x4000), strict=True):
        machine = Machine(
            SET_UP.format(eight_bit=1, mask=7)
            + INPUT_BY_DMA.format(source=KPU_MEMORY + 64 * layer.source, items=len(layer.stored) // 8)
            + PUSH
            + OUTPUT_BY_DMA.format(items=layer.expected.size // 8)
            + "wait DMAC+0x688, 2"
        )
        machine.write(BLOCK, layer.block)
        machine.write(INPUT, layer.stored)
        machine.write(address, layer.tables)
        results.append(machine.run().read(OUTPUT, layer.expected.size))
    assert results == [layers[0].expected.tobytes()] * 2


def test_the_same_layer_with_other_weights_is_another_layer() -> None:
    # Everything but the weights is the same, so nothing but their contents tells the two apart.
    layer = random_layer(9, 3, 8, 64, Choice(kernel=1), TABLES)
    main = (
        SET_UP.format(eight_bit=1, mask=7)
        + INPUT_BY_DMA.format(source=KPU_MEMORY + 64 * layer.source, items=len(layer.stored) // 8)
        + OUTPUT_BY_DMA.format(items=layer.expected.size // 8) + PUSH + "wait DMAC+0x688, 2\n"
        + "poke DATA+0x80000, 0x01020304\n"
        + OUTPUT_BY_DMA.format(items=layer.expected.size // 8).replace("0x40000", "0x50000")
        + PUSH.replace("push", "push_2") + "wait DMAC+0x688, 2\n"
    )  # fmt: skip
    machine = machine_for(layer, main).run()
    first, second = (machine.read(OUTPUT + at, layer.expected.size) for at in (0, 0x10000))
    assert first == layer.expected.tobytes()
    assert second != first
    channels = np.frombuffer(second, np.uint8).reshape(layer.expected.shape)
    # The four bytes are weights of the first output and one of the second.
    assert np.array_equal(channels[2:], layer.expected[2:])


def test_a_larger_layer_takes_longer() -> None:
    cycles = []
    for height in (4, 128):
        layer = random_layer(2, 3, height, 64, Choice(out=16), TABLES, to_main=False)
        machine = machine_for(
            layer,
            SET_UP.format(eight_bit=1, mask=7) + PUSH
            + "csrr a0, mcycle\nwait KPU+0x10, 1\ncsrr a1, mcycle\nsub a1, a1, a0\nput a1",
        )  # fmt: skip
        cycles += machine.run().first(1)
    # 27 multiplications a pixel and output, 64 in a cycle.
    more = 27 * 16 * 64 * (128 - 4) // 64
    assert abs(cycles[1] - cycles[0] - more) < 45_000
