"""The SPI controllers with a flash and a card: modes, widths of frames, polled and by DMA."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.k210.board.flash import Flash
from maixswitch.k210.board.sdcard import BLOCK, SdCard

from . import sd_driver as sd
from .machine import DATA, Machine, run

SEND, RECEIVE, BOTH_WAYS, COMMAND_FIRST = 1 << 10, 2 << 10, 0, 3 << 10
QUAD = 2 << 22
BYTES, WORDS = 7, 31
END = "poke SPI3+0x10, 0\npoke SPI3+0x8, 0\n"


def transfer(control: int, frames: str, receive: int = 0, form: int = 0) -> str:
    """Return a transfer of SPI3 that puts what it received."""
    text = f"poke SPI3, {control}\npoke SPI3+0x4, {max(receive - 1, 0)}\npoke SPI3+0xF4, {form}\npoke SPI3+0x8, 1\n"
    text += f"frames SPI3, {frames}\npoke SPI3+0x10, 1\n"
    return text + "wait SPI3+0x28, 8\nshow SPI3+0x60\n" * receive + END


def with_flash(main: str, content: bytes = b"") -> tuple[Machine, Flash]:
    """Run a program with a flash at SPI3."""
    machine, flash = Machine(main), Flash(content)
    machine.chip.spi3.slave = flash
    return machine.run(), flash


@pytest.mark.parametrize(
    ("question", "answer"),
    [("0x90, 0, 0, 0", [0xEF, 0x17]), ("0x9F", [0xEF, 0x40, 0x18]), ("0x05", [0]), ("0x35", [2])],
)
def test_the_flash_tells_what_it_is(question: str, answer: list[int]) -> None:
    machine, _ = with_flash(transfer(BYTES | COMMAND_FIRST, question, len(answer)))
    assert machine.first(len(answer)) == answer


def test_a_command_that_is_exchanged_brings_its_answer_behind_it() -> None:
    machine, _ = with_flash(transfer(BYTES | BOTH_WAYS, "0x9F, 0, 0, 0").replace(END, "")
                            + "show SPI3+0x24\n" + "show SPI3+0x60\n" * 4)  # fmt: skip
    assert machine.first(5) == [4, 0xFF, 0xEF, 0x40, 0x18]


def test_a_sector_is_erased_and_programmed() -> None:
    sector = bytes(range(256)) * 48
    machine, flash = with_flash(
        transfer(BYTES | SEND, "0x06")
        + transfer(BYTES | SEND, "0x20, 0x00, 0x12, 0x34")
        + transfer(BYTES | SEND, "0x02, 0x00, 0x10, 0x10, 0x12, 0x34")
        + transfer(BYTES | SEND, "0x02, 0x00, 0x10, 0x10, 0xF0")
        + transfer(BYTES | COMMAND_FIRST, "0x03, 0x00, 0x10, 0x0F", 4),
        sector,
    )
    assert machine.first(4) == [0xFF, 0x10, 0x34, 0xFF]
    assert flash.content[:0x1000] == sector[:0x1000]
    assert flash.content[0x1000:0x2000].count(0xFF) == 0x1000 - 2
    assert flash.content[0x2000:0x3000] == sector[0x2000:0x3000]


def test_a_program_on_four_lines_wraps_around_in_its_page() -> None:
    # Command of 8 bits and address of 24 bits as frames, then the data.
    machine, flash = with_flash(transfer(BYTES | SEND | QUAD, "0x32, 0x0010FE, 1, 2, 3", form=2 << 8 | 6 << 2))
    assert machine.traps() == []
    assert flash.content[0x10FE:0x1100] == b"\1\2"
    assert flash.content[0x1000:0x1002] == b"\3\xff"
    assert flash.content[0x1100] == 0xFF


QUAD_READ = 2 << 8 | 8 << 2
"""Of EB: a command of 8 bits, 24 bits of address and 8 of a mode."""


def test_a_read_on_four_lines_brings_bytes() -> None:
    content = bytes(range(1, 33))
    machine, _ = with_flash(transfer(BYTES | RECEIVE | QUAD, "0xEB, 0x00000400", 3, QUAD_READ), content)
    assert machine.first(3) == [5, 6, 7]


@pytest.mark.parametrize(("endian", "expected"), [(0, ">u4"), (1, "<u4")])
def test_a_read_of_wide_frames_by_dma(endian: int, expected: str) -> None:
    content = np.random.default_rng(5).bytes(4096)
    machine, _ = with_flash(
        f"""
        poke SPI3, {WORDS | RECEIVE | QUAD}
        poke SPI3+0x4, 255
        poke SPI3+0xF4, {QUAD_READ}
        poke SPI3+0x118, {endian}
        poke SPI3+0x4C, 3
        poke SPI3+0x8, 1
        dma 1, SPI3+0x60, DATA, 256, 0x210
        show DMAC+0x18
        frames SPI3, 0xEB, 0x00010000
        poke SPI3+0x10, 1
        wait DMAC+0x288, 2
        show DMAC+0x18
        poke SPI3+0x10, 0
        """,
        content,
    )
    assert machine.first(2) == [2, 0]
    words = np.frombuffer(content[0x100 : 0x100 + 1024], expected).astype("<u4")
    assert machine.read(DATA, 1024) == words.tobytes()


def test_a_controller_without_a_part_receives_ones() -> None:
    assert run(transfer(BYTES | COMMAND_FIRST, "0x9F", 3)).first(3) == [0xFF] * 3


def test_switching_a_controller_off_empties_its_queues() -> None:
    machine, _ = with_flash(
        transfer(BYTES | COMMAND_FIRST, "0x9F", 1).replace("poke SPI3+0x4, 0", "poke SPI3+0x4, 9")
        + "show SPI3+0x24\nshow SPI3+0x28\nshow SPI3+0x60\nshow SPI3+0x20"
    )
    assert machine.first(5) == [0xEF, 0, 6, 0, 0]


class Blocks:
    """A card of 2 MiB whose block n is filled with the byte n."""

    count = 4096

    def __init__(self) -> None:
        self.written: dict[int, bytes] = {}

    def read(self, block: int) -> bytes:
        return self.written.get(block, bytes([block & 0xFF]) * BLOCK)

    def write(self, block: int, data: bytes) -> None:
        self.written[block] = data


def with_card(main: str, block: bytes = b"") -> tuple[Machine, Blocks]:
    """Run a program with a card at SPI1; `block` is what the driver sends."""
    machine, blocks = Machine(main + "\nj finish\n" + sd.DRIVER), Blocks()
    chip = machine.chip
    chip.spi1.slave = SdCard(lambda: chip.output_level(sd.SELECT_PIN) is False, blocks)
    machine.write(DATA + 0x20000, np.frombuffer(block, np.uint8).astype("<u4").tobytes())
    return machine.run(), blocks


def received(machine: Machine) -> bytes:
    """Return the block that the driver read last."""
    return np.frombuffer(machine.read(DATA + 0x10000, 4 * BLOCK), "<u4").astype(np.uint8).tobytes()


PUT = "put a0\n"


def test_a_card_starts() -> None:
    machine, _ = with_card(
        "call sd_open\n"
        + sd.command(0) + PUT
        + sd.command(8, 0x1AA) + PUT + (sd.byte(0xFF) + PUT) * 4
        + sd.command(55) + PUT
        + sd.command(41, 0x4000_0000) + PUT
        + sd.command(58) + PUT + (sd.byte(0xFF) + PUT) * 4
        + sd.command(61) + PUT
    )  # fmt: skip
    assert machine.first(14) == [1, 1, 0, 0, 1, 0xAA, 1, 0, 0, 0xC0, 0xFF, 0x80, 0, 4]


def test_a_card_that_is_not_selected_is_silent() -> None:
    machine, _ = with_card("call sd_polled\n" + sd.byte(0x40) + (sd.byte(0xFF) + PUT) * 8)
    assert machine.first(8) == [0xFF] * 8


def test_the_size_of_a_card_is_in_its_csd() -> None:
    machine, blocks = with_card("call sd_start\n" + sd.command(9) + "call sd_token\n" + (sd.byte(0xFF) + PUT) * 16)
    csd = machine.first(16)
    assert csd[0] >> 6 == 1
    assert ((csd[7] & 63) << 16 | csd[8] << 8 | csd[9]) + 1 == blocks.count // 1024


def test_a_block_is_read() -> None:
    machine, _ = with_card("call sd_start\n" + PUT + sd.command(17, 5) + PUT + "call sd_token\ncall sd_block_in\n")
    assert machine.first(2) == [0, 0]
    assert received(machine) == bytes([5]) * BLOCK


def test_a_block_is_written() -> None:
    block = np.random.default_rng(3).bytes(BLOCK)
    machine, blocks = with_card(
        "call sd_start\n" + sd.command(24, 77) + PUT + sd.byte(0xFE) + "call sd_block_out\n"
        + sd.byte(0xFF) + PUT + "call sd_busy\n" + sd.command(17, 77) + "call sd_token\ncall sd_block_in\n",
        block,
    )  # fmt: skip
    ready, accepted = machine.first(2)
    assert (ready, accepted & 0x1F) == (0, 5)
    assert blocks.written == {77: block}
    assert received(machine) == block


def test_many_blocks_are_read_until_the_stop() -> None:
    machine, _ = with_card(
        "call sd_start\n" + sd.command(18, 9) + PUT
        + f"call sd_token\ncall sd_block_in\npeek a0, {sd.FRAMES_IN}\n{PUT}" * 3
        + sd.command(12) + PUT + sd.command(17, 1) + PUT
    )  # fmt: skip
    assert machine.first(6) == [0, 9, 10, 11, 0, 0]


def test_many_blocks_are_written_until_the_stop() -> None:
    block = np.random.default_rng(4).bytes(BLOCK)
    one = sd.byte(0xFC) + "call sd_block_out\n" + sd.byte(0xFF) + PUT + "call sd_busy\n"
    machine, blocks = with_card(
        "call sd_start\n" + sd.command(25, 30) + one * 3 + sd.byte(0xFD) + "call sd_busy\n" + sd.command(13) + PUT,
        block,
    )
    assert [answer & 0x1F for answer in machine.first(3)] == [5] * 3
    assert machine.first(4)[3] == 0
    assert blocks.written == {30: block, 31: block, 32: block}


def test_a_slot_without_a_card_is_silent() -> None:
    machine = Machine("call sd_open\n" + "".join(sd.byte(value) for value in (0x40, 0, 0, 0, 0, 0x95))
                      + (sd.byte(0xFF) + PUT) * 4 + "j finish\n" + sd.DRIVER)  # fmt: skip
    machine.chip.spi1.slave = SdCard(lambda: True)
    assert machine.run().first(4) == [0xFF] * 4


def test_a_card_that_was_pulled_and_inserted_must_be_started_again() -> None:
    machine = Machine("call sd_start\naddi a0, a0, 100\nput a0\nwait DATA, 1\n" + sd.command(58) + PUT
                      + "j finish\n" + sd.DRIVER)  # fmt: skip
    slot = SdCard(lambda: True, Blocks())
    machine.chip.spi1.slave = slot
    assert machine.chip.run(20_000_000, lambda: bool(machine.reports()))
    slot.insert(None)
    slot.insert(Blocks())
    machine.write(DATA, b"\1")
    assert machine.run().first(2) == [100, 1]


def test_an_exchange_by_two_channels_of_the_dma() -> None:
    machine = Machine(f"""
        poke SPI3, {BYTES | BOTH_WAYS}
        poke SPI3+0x8, 1
        poke SPI3+0x10, 1
        dma 1, SPI3+0x60, DATA+0x100, 4, 0x210
        dma 0, DATA, SPI3+0x60, 4, 0x240
        wait DMAC+0x288, 2
        show DMAC+0x18
    """)
    machine.chip.spi3.slave = Flash()
    machine.write(DATA, np.array([0x9F, 0, 0, 0], "<u4").tobytes())
    assert machine.run().first(1) == [0]
    assert np.frombuffer(machine.read(DATA + 0x100, 16), "<u4").tolist() == [0xFF, 0xEF, 0x40, 0x18]
