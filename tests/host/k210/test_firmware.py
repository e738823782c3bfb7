"""A firmware of ours on a whole board: serial line, card, panel and KPU, with both harts, and the same on every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maixswitch.k210 import saved_state
from maixswitch.k210.image import Image
from maixswitch.k210.virtual_board import MOST_RESTARTS, SECOND, VirtualBoard
from tests.host.kmodel.small_networks import Choice

from .kpu_layers import Layer, random_layer
from .machine import DATA, ORIGIN, image_of, program
from .sd_driver import DRIVER, FRAMES_IN, command

TABLES, BLOCK, INPUT, EXPECTED = (ORIGIN + at for at in (0x4000, 0x6000, 0x7000, 0x9000))
WIDTH, HEIGHT = 320, 240
WORDS = WIDTH * HEIGHT // 2
FACTOR = 2_654_435_761
"""Makes the words of the picture from their numbers."""
DATA_LINE = 38
"""The pin of the panel's data/command line; GPIOHS 31 drives it."""

MAIN = f"""
    la a0, hello
    call say
    poke CLINT+4, 1             # hart 1 reads the card meanwhile
    call show_picture
    la a0, panel_text
    call say
    wait DATA, 1
    la a0, card_text
    call say
    peek a0, DATA+8             # the last two bytes of block 0
    call say_hex
    call run_layer
    call say
    enable 33, 1
    poke UARTHS+0x10, 2
    interrupts
    la a0, prompt
    call say
listen:
    j listen

say:                            # a0: a text that ends with a zero
    li t1, UARTHS
say_more:
    lbu t2, 0(a0)
    beqz t2, say_end
    sw t2, 0(t1)
    addi a0, a0, 1
    j say_more
say_end:
    ret

say_hex:                        # a0: sixteen bits
    li t1, UARTHS
    li a1, 12
say_digit:
    srl a2, a0, a1
    andi a2, a2, 15
    slti t2, a2, 10
    addi a2, a2, 48
    bnez t2, say_decimal
    addi a2, a2, 7
say_decimal:
    sw a2, 0(t1)
    addi a1, a1, -4
    bgez a1, say_digit
    ret

panel_command:                  # a0: the command
    poke GPIOHS+0xC, 0
    j panel_byte
panel_data:                     # a0: a byte of its data
    poke GPIOHS+0xC, 0x80000000
panel_byte:
    poke SPI0+0x8, 0
    poke SPI0, 0x670100
    poke SPI0+0x8, 1
    li t1, SPI0
    sw a0, 0x60(t1)
    poke SPI0+0x10, 8
    poke SPI0+0x10, 0
    ret

show_picture:
    mv s1, ra
    poke FPIOA+{4 * DATA_LINE}, 55
    la s2, panel_script
next_of_script:                 # pairs: 0 and a command, 1 and a byte, 2 at the end
    lbu a1, 0(s2)
    lbu a0, 1(s2)
    addi s2, s2, 2
    addi a2, a1, -2
    beqz a2, pixels
    bnez a1, a_byte
    call panel_command
    j next_of_script
a_byte:
    call panel_data
    j next_of_script
pixels:
    li a0, DATA+0x40000
    li a1, {WORDS}
    li a2, 0
    li a3, {FACTOR}
next_pixels:
    mul a4, a2, a3
    sw a4, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 1
    bne a2, a1, next_pixels
    poke GPIOHS+0xC, 0x80000000
    poke SPI0+0x8, 0
    poke SPI0, 0x7F0100
    poke SPI0+0x8, 1
    poke SPI0+0x10, 8
    dma 2, DATA+0x40000, SPI0+0x60, {WORDS}, 0x240
    wait DMAC+0x388, 2
    poke SPI0+0x10, 0
    jr s1

run_layer:                      # returns the text to say
    mv s1, ra
    poke64 KPU+0x20, 7
    poke64 KPU+0x40, 1
    poke64 KPU+0x18, 6
    dma 5, {INPUT}, {{source}}, {{input_items}}, 0x300
    wait DMAC+0x688, 2
    dma 5, KPU+0x30, DATA+0x80000, {{output_items}}, 0x310
    enable 25, 1
    interrupts
    li a0, {BLOCK}
    li a1, KPU
    li a2, 12
push:
    ld a3, 0(a0)
    sd a3, 0(a1)
    addi a0, a0, 8
    addi a2, a2, -1
    bnez a2, push
    await 1
    csrci mstatus, 8
    wait DMAC+0x688, 2
    li a1, {EXPECTED}
    li a2, DATA+0x80000
    li a3, {{output_items}}
    la a0, wrong_text
compare:
    ld a4, 0(a1)
    ld a5, 0(a2)
    bne a4, a5, compared
    addi a1, a1, 8
    addi a2, a2, 8
    addi a3, a3, -1
    bnez a3, compare
    la a0, right_text
compared:
    jr s1
"""
SECOND_HART = (
    "call sd_start\n"
    + command(17, 0)
    + f"""
    call sd_token
    call sd_block_in
    peek a0, {FRAMES_IN}+0x7F8
    peek a1, {FRAMES_IN}+0x7FC
    slli a0, a0, 8
    or a0, a0, a1
    li a1, DATA
    sd a0, 8(a1)
    li a0, 1
    sd a0, 0(a1)
asleep:
    j asleep
"""
    + DRIVER
)
HANDLER = """
    addi t5, t6, -25
    beqz t5, from_the_kpu
    li t3, UARTHS               # echoes
    lwu t4, 4(t3)
    sw t4, 0(t3)
    j handled
from_the_kpu:
    li t3, KPU
    li t4, 7
    sd t4, 0x20(t3)
handled:
"""
PANEL_SCRIPT = (
    "00 11 00 3A 01 55 00 36 01 A0 00 29 00 2A 01 00 01 00 01 01 01 3F 00 2B 01 00 01 00 01 00 01 EF 00 2C 02 00"
)
"""Sleep out, RGB565, wide, on, the whole window, write."""


def text(label: str, content: str) -> str:
    """Return a text for `say`."""
    return f"{label}: .hex {content.encode().hex()}00\n"


def layer_of_the_firmware() -> Layer:
    """Return the layer that the firmware runs."""
    return random_layer(11, 3, 16, 64, Choice(curve="leaky"), TABLES)


def firmware(folder: Path, expected: bytes | None = None) -> Image:
    """Return the firmware; `expected` is what it takes for the right result of its layer."""
    layer = layer_of_the_firmware()
    count = layer.expected.size
    assert count % 8 == 0
    data = (
        text("hello", "hello from a K210\r\n") + text("panel_text", "panel\r\n") + text("card_text", "card ")
        + text("right_text", "\r\nkpu right\r\n") + text("wrong_text", "\r\nkpu wrong\r\n") + text("prompt", ">>> ")
        + f"panel_script: .hex {PANEL_SCRIPT}\n"
        + f".org {TABLES}\n.hex {layer.tables.hex()}\n.org {BLOCK}\n.hex {layer.block.hex()}\n"
        + f".org {INPUT}\n.hex {layer.stored.hex()}\n.org {EXPECTED}\n"
        + f".hex {(layer.expected.tobytes() if expected is None else expected).hex()}\n"
    )  # fmt: skip
    main = MAIN.format(
        source=0x4060_0000 + 64 * layer.source, input_items=len(layer.stored) // 8, output_items=count // 8
    )
    return image_of(program(main, second=SECOND_HART, external=HANDLER, data=data), folder)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card with one file."""
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "readme.txt").write_text("a card\n")
    return folder


GREETING = b"hello from a K210\r\npanel\r\ncard 55AA\r\nkpu right\r\n>>> "


def test_a_firmware_of_ours_boots_reads_the_card_draws_and_runs_a_layer(tmp_path: Path, card: Path) -> None:
    board = VirtualBoard(firmware(tmp_path), card=card, strict=True)
    assert board.boot(1) == GREETING
    words = (np.arange(WORDS, dtype=np.uint64) * FACTOR & 0xFFFF_FFFF).astype("<u4")
    picture = np.stack((words >> 16, words & 0xFFFF), axis=1).reshape(HEIGHT, WIDTH)
    assert np.array_equal(board.picture(), picture)
    assert board.chip.memory.view(DATA + 0x80000, 64).tobytes() == layer_of_the_firmware().expected.tobytes()[:64]
    board.type(b"typed")
    assert board.run(0.01, lambda: board.chip.uarths.sent.endswith(b"typed"))
    assert board.heard() == b"typed"


def test_the_firmware_says_when_the_layer_is_wrong(tmp_path: Path, card: Path) -> None:
    expected = bytearray(layer_of_the_firmware().expected.tobytes())
    expected[-1] ^= 1
    board = VirtualBoard(firmware(tmp_path, bytes(expected)), card=card)
    assert board.boot(1) == GREETING.replace(b"right", b"wrong")


def test_the_same_run_is_the_same_to_the_cycle(tmp_path: Path, card: Path) -> None:
    runs = []
    for _ in range(2):
        board = VirtualBoard(firmware(tmp_path), card=card)
        told = board.boot(1)
        board.type(b"abc")
        board.run(0.002)
        memory = board.chip.memory.data.tobytes()
        state = [hart.state() for hart in board.chip.harts]
        runs.append((told, board.heard(), board.chip.clock.cycles, board.picture().tobytes(), memory, state))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("seconds", [0.00005, 0.0003, 0.0005])
def test_a_run_from_a_saved_state_goes_on_as_the_first(tmp_path: Path, card: Path, seconds: float) -> None:
    image, path = firmware(tmp_path), tmp_path / "state"
    first = VirtualBoard(image, card=card)
    first.run(seconds)
    saved_state.save(first, path)
    second = VirtualBoard(image, card=card)
    saved_state.load(second, path)
    results = []
    for board in (first, second):
        told = board.boot(1)
        results.append((told, board.chip.clock.cycles, board.picture().tobytes(), board.chip.memory.data.tobytes()))
    assert results[0] == results[1]
    assert results[0][0] == GREETING


def test_a_reset_boots_again_on_the_same_board(tmp_path: Path, card: Path) -> None:
    board = VirtualBoard(firmware(tmp_path), card=card)
    board.boot(1)
    board.chip.memory.view(DATA, 16)[:] = 0
    board.chip.memory.view(0x8032_0000, 64)[:] = 0
    board.chip.reset()
    assert board.boot(1) == GREETING


def test_the_prompt_is_heard_when_the_firmware_resets_the_chip_first(tmp_path: Path) -> None:
    # The memory behind the image keeps what the first start wrote, so the second one comes to the prompt.
    main = """
    peek a0, DATA
    poke DATA, 1
    bnez a0, again
    poke UARTHS, 65
    poke SYSCTL+0x30, 1
again:
    poke UARTHS, 62
    poke UARTHS, 62
    poke UARTHS, 62
    poke UARTHS, 32
    """
    board = VirtualBoard(image_of(program(main), tmp_path))
    assert board.boot(0.01).endswith(b">>> ")


def test_a_firmware_that_always_resets_the_chip_is_told_from_one_that_is_slow(tmp_path: Path) -> None:
    main = """
    poke UARTHS, 72
    poke UARTHS, 105
    poke SYSCTL+0x30, 1
again:
    j again
    """
    board = VirtualBoard(image_of(program(main), tmp_path))
    with pytest.raises(TimeoutError, match=r"^Hi$"):
        board.boot(60)
    assert board.chip.restarts == MOST_RESTARTS
    assert board.chip.clock.cycles < SECOND
    board.power_cycle()
    assert board.chip.restarts == 0
