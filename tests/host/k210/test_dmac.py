"""DMAC: from memory to memory, with devices, interrupts, and transfers that take their time."""

from __future__ import annotations

import numpy as np
import pytest

from .machine import DATA, Machine, run

SOURCE_FIXED, TARGET_FIXED = 0x10, 0x40
TARGET = DATA + 0x10000


def width(size: int) -> int:
    """Return the bits of the control register for items of `size` bytes."""
    return (size.bit_length() - 1) << 8


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_memory_is_copied_in_items_of_each_width(size: int) -> None:
    content = np.random.default_rng(size).bytes(1000)
    machine = Machine(f"dma 3, DATA, DATA+0x10000, 125, {width(size)}\nwait DMAC+0x488, 2\nshow DMAC+0x18")
    machine.write(DATA, content)
    machine.run()
    assert machine.read(TARGET, 1000) == content[: 125 * size] + bytes(1000 - 125 * size)
    assert machine.first(1) == [0]


def test_memory_is_copied_from_one_view_to_the_other() -> None:
    machine = Machine(f"dma 0, 0x40400000, DATA+0x10000, 4, {width(8)}\nwait DMAC+0x188, 2")
    machine.write(DATA, bytes(range(32)))
    assert machine.run().read(TARGET, 32) == bytes(range(32))


def test_a_fixed_source_fills() -> None:
    machine = run(f"""
        poke DATA, 0x11223344
        dma 0, DATA, DATA+0x10000, 5, {width(4) | SOURCE_FIXED}
        wait DMAC+0x188, 2
    """)
    assert machine.read(TARGET, 24) == bytes.fromhex("44332211") * 5 + bytes(4)


def test_the_end_of_a_transfer_interrupts_and_comes_behind_the_code_that_started_it() -> None:
    machine = run(
        f"enable 31, 1\ninterrupts\ndma 4, DATA, DATA+0x10000, 4, {width(4)}\nput gp\nawait 1\nshow DMAC+0x588",
        external="""
            li t3, DMAC+0x500
            lwu t4, 0x88(t3)
            sd t4, 0(s11)
            addi s11, s11, 8
            li t4, 0xFFFFFFFF
            sw t4, 0x98(t3)
        """,
    )
    log_before, status, status_after = machine.first(3)
    assert log_before == 0x8032_0000
    assert (status, status_after) == (3, 0)
    assert [trap.source for trap in machine.traps()] == [31]


def test_a_device_without_items_keeps_its_channel_waiting_until_it_is_stopped() -> None:
    machine = run(f"dma 2, SPI0+0x60, DATA, 8, {width(4) | SOURCE_FIXED}\ndelay 100000\nshow DMAC+0x18\nshow DMAC+0x388\n"
                  "poke DMAC+0x18, 0x400\nshow DMAC+0x18")  # fmt: skip
    assert machine.first(3) == [4, 0, 0]


def test_items_go_to_a_device() -> None:
    sent: list[bytes] = []

    class Part:
        def send(self, data: bytes) -> None:
            sent.append(data)

        def receive(self, count: int) -> bytes:
            return bytes(count)

        def exchange(self, byte: int) -> int:
            return 0

        def end(self) -> None:
            sent.append(b"end")

    machine = Machine(f"""
        poke SPI0, {31 << 16 | 1 << 8}
        poke SPI0+0x8, 1
        poke SPI0+0x10, 8
        dma 2, DATA, SPI0+0x60, 3, {width(4) | TARGET_FIXED}
        wait DMAC+0x388, 2
        poke SPI0+0x10, 0
    """)
    machine.chip.spi0.slave = Part()
    machine.write(DATA, bytes(range(12)))
    machine.run()
    # The first byte on the wire is the highest of a frame.
    assert sent == [bytes((3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8)), b"end"]


PLL2_45_MHZ = 45_066_666
I2S = """
    poke SYSCTL+8, 0x2F41E0
    poke SYSCTL+0x20, 1
    poke SYSCTL+0x10, {pll2}
    poke SYSCTL+0x44, {threshold}
    poke I2S0+0x10, {control}
"""


@pytest.mark.parametrize(
    ("source", "target", "flags", "control", "samples"),
    [
        ("DATA", "I2S0+0x1C8", TARGET_FIXED, 2 << 3, 128),
        ("DATA", "I2S0+0x1C8", TARGET_FIXED, 2 << 3 | 1 << 10, 256),
        ("I2S0+0x1C0", "DATA", SOURCE_FIXED, 2 << 3, 128),
    ],
    ids=["sends pairs", "sends packed pairs", "receives"],
)
def test_sound_takes_the_time_of_its_samples(source: str, target: str, flags: int, control: int, samples: int) -> None:
    # PLL2 = 26 MHz * 52 / 15 / 2, divided by 2 * 16 and by 64 clocks a sample: 22 kHz.
    pll2 = 14 | 51 << 4 | 1 << 10
    machine = Machine(
        I2S.format(pll2=pll2, threshold=15, control=control)
        + f"""
        enable 28, 1
        interrupts
        csrr a0, mcycle
        dma 1, {source}, {target}, 256, {width(4) | flags}
        show DMAC+0x18
        await 1
        csrr a1, mcycle
        sub a1, a1, a0
        put a1
        show DMAC+0x18
        """,
        external="li t3, DMAC+0x200\nli t4, 0xFFFFFFFF\nsw t4, 0x98(t3)",
    )
    machine.write(DATA, b"\x55" * 1024)
    machine.run()
    busy, cycles, busy_after = machine.first(3)
    assert (busy, busy_after) == (2, 0)
    rate = PLL2_45_MHZ // 32 // 64
    assert abs(cycles - samples * 403_000_000 // rate) < 100_000
    assert machine.read(DATA, 1024) == (bytes(1024) if flags == SOURCE_FIXED else b"\x55" * 1024)


def test_sound_that_is_stopped_never_ends() -> None:
    machine = run(
        I2S.format(pll2=14 | 51 << 4 | 1 << 10, threshold=0, control=2 << 3)
        + f"dma 1, DATA, I2S0+0x1C8, 16, {width(4) | TARGET_FIXED}\npoke DMAC+0x18, 0x200\nshow DMAC+0x18\n"
        "delay 500000\nshow DMAC+0x288"
    )
    assert machine.first(2) == [0, 0]
