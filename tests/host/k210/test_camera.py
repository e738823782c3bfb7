"""I2C with sensor and power chip, SCCB, and the camera's frames in both buffers."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch import rgb565
from maixswitch.k210.board.power import PowerChip
from maixswitch.k210.board.sensors import KINDS, Sensor

from .machine import DATA, Machine

READ_REGISTER = """
    poke I2C2+0x6C, 0
    poke I2C2+0x4, {address}
    poke I2C2+0x6C, 1
    {number}
    wait I2C2+0x70, 4
    poke I2C2+0x10, 0x100
    wait I2C2+0x70, 8
    show I2C2+0x10
    show I2C2+0x80
"""
WRITE_REGISTER = "poke I2C2+0x6C, 0\npoke I2C2+0x4, {address}\npoke I2C2+0x6C, 1\n{bytes}\npoke I2C2+0x6C, 0\n"


def read_register(address: int, *number: int) -> str:
    """Return a program part that puts the register and the abort source."""
    return READ_REGISTER.format(address=address, number="\n".join(f"poke I2C2+0x10, {byte}" for byte in number))


def write_register(address: int, *content: int) -> str:
    """Return a program part that writes a register."""
    return WRITE_REGISTER.format(address=address, bytes="\n".join(f"poke I2C2+0x10, {byte}" for byte in content))


IDS = {
    "OV2640": [((0x0A,), 0x26), ((0x0B,), 0x42), ((0x1C,), 0x7F), ((0x1D,), 0xA2)],
    "OV7740": [((0x0A,), 0x77), ((0x0B,), 0x42)],
    "GC0328": [((0xF0,), 0x9D)],
    "GC2145": [((0xF0,), 0x21), ((0xF1,), 0x45)],
    "OV5640": [((0x30, 0x0A), 0x56), ((0x30, 0x0B), 0x40)],
}


@pytest.mark.parametrize("name", IDS)
def test_a_sensor_tells_its_id(name: str) -> None:
    kind = KINDS[name]
    machine = Machine("".join(read_register(kind.address, *number) for number, _ in IDS[name]))
    machine.chip.i2c[2].parts[kind.address] = Sensor(kind)
    machine.run()
    expected = [value for _, identity in IDS[name] for value in (identity, 0)]
    assert machine.first(len(expected)) == expected


def test_the_banks_of_the_ov2640_keep_their_own_registers() -> None:
    machine = Machine(
        write_register(0x30, 0xFF, 0) + write_register(0x30, 0x0A, 0x55) + read_register(0x30, 0x0A)
        + write_register(0x30, 0xFF, 1) + read_register(0x30, 0x0A)
    )  # fmt: skip
    machine.chip.i2c[2].parts[0x30] = Sensor(KINDS["OV2640"])
    assert machine.run().first(4) == [0x55, 0, 0x26, 0]


def test_an_address_without_a_part_aborts() -> None:
    machine = Machine(read_register(0x22, 0) + "show I2C2+0x54\nshow I2C2+0x80")
    assert machine.run().first(4) == [0xFF, 1, 0, 0]


def test_the_power_chip_remembers_and_tells_a_full_battery() -> None:
    machine = Machine(
        read_register(0x34, 0x78)
        + read_register(0x34, 0x79)
        + write_register(0x34, 0x28, 0xF0)
        + read_register(0x34, 0x28)
    )
    machine.chip.i2c[2].parts[0x34] = PowerChip()
    high, _, low, _, kept, _ = machine.run().first(6)
    # 1.1 mV a step, twelve bits.
    assert 3900 < (high << 4 | low) * 1.1 < 4200
    assert kept == 0xF0


@pytest.mark.parametrize(("clock", "data", "answer"), [(130, 131, [0xF4, 0]), (128, 129, [0xFF, 1])])
def test_a_part_answers_on_the_pins_that_it_is_wired_to(clock: int, data: int, answer: list[int]) -> None:
    """130 and 131 are the lines of I2C2, which the program asks; 128 and 129 are those of I2C1."""
    pins = f"poke FPIOA+{4 * 28}, {clock}\npoke FPIOA+{4 * 29}, {data}\n"
    machine = Machine(pins + read_register(0x34, 0))
    machine.chip.i2c[2].parts[0x34] = PowerChip()
    machine.chip.i2c[2].pins[0x34] = (28, 29)
    assert machine.run().first(2) == answer


def test_old_firmwares_ask_the_sensor_over_sccb() -> None:
    machine = Machine("""
        poke DVP+0x14, 2
        poke DVP+0x18, 0x0A60
        poke DVP+0x20, 0x3000000
        poke DVP+0x20, 0x3000000
        show DVP+0x14
    """)
    machine.chip.sccb[0x30] = Sensor(KINDS["OV2640"])
    assert machine.run().first(1)[0] >> 24 == 0x26


WIDTH, HEIGHT = 64, 48
PLANES, DISPLAY = DATA, DATA + 0x10000


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return a picture in which every pixel is another."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3)).astype(np.uint8)


def config(flags: int, bursts_of_four: bool = True, width: int = WIDTH, height: int = HEIGHT) -> int:
    """Return the value of DVP's first register."""
    bursts = width // 32 if bursts_of_four else width // 8
    return flags | int(bursts_of_four) << 8 | bursts << 12 | height << 20


CAPTURE = """
    enable 24, 1
    poke DVP+0x4, {planes}
    poke DVP+0x8, {planes}+0xC00
    poke DVP+0xC, {planes}+0x1800
    poke DVP+0x28, DATA+0x10000
    interrupts
    poke DVP, {config}
    {then}
"""
# As the firmware does it: a frame's start enables the capture, its finish is the picture.
HANDLER = """
    li t3, DVP
    lwu t4, 0x20(t3)
    sd t4, 0(s11)
    addi s11, s11, 8
    li t5, 3
    andi t4, t4, 1
    beqz t4, finished
    sw t5, 0x20(t3)
    li t5, 0x30000
    sw t5, 0x20(t3)
    j handled
finished:
    li t5, 0x300
    sw t5, 0x20(t3)
handled:
"""
START, FINISH, TO_AI, TO_DISPLAY = 1, 2, 4, 8


@pytest.mark.parametrize("bursts_of_four", [True, False])
@pytest.mark.parametrize("planes", [PLANES, PLANES - 0x4000_0000])
def test_a_frame_reaches_both_buffers(bursts_of_four: bool, planes: int) -> None:
    value = config(START | FINISH | TO_AI | TO_DISPLAY, bursts_of_four)
    machine = Machine(CAPTURE.format(planes=planes, config=value, then="await 2"), external=HANDLER)
    machine.chip.camera = lambda width, height: picture(1, width, height)
    machine.run()
    assert [trap.source for trap in machine.traps()[:2]] == [24, 24]
    assert machine.first(2) == [1, 0x100]
    expected = picture(1)
    stored = np.frombuffer(machine.read(PLANES, 3 * WIDTH * HEIGHT), np.uint8).reshape(3, HEIGHT, WIDTH)
    assert np.array_equal(stored, expected.transpose(2, 0, 1))
    # The first pixel lies in the high half of a word.
    words = np.frombuffer(machine.read(DISPLAY, 2 * WIDTH * HEIGHT), "<u4")
    pixels = np.stack((words >> 16, words & 0xFFFF), axis=1).reshape(HEIGHT, WIDTH)
    assert np.array_equal(pixels, rgb565.words(expected))


def test_a_buffer_that_is_switched_off_keeps_its_bytes() -> None:
    machine = Machine(
        CAPTURE.format(planes=PLANES, config=config(START | FINISH | TO_DISPLAY), then="await 2"), external=HANDLER
    )
    machine.chip.camera = lambda width, height: picture(1, width, height)
    machine.write(PLANES, b"\xaa" * 1000)
    machine.run()
    assert machine.read(PLANES, 1000) == b"\xaa" * 1000
    assert any(machine.read(DISPLAY, 1000))


def test_frames_follow_each_other_and_are_taken_when_they_are_asked_for() -> None:
    numbers: list[int] = []

    def camera(width: int, height: int) -> np.ndarray:
        numbers.append(len(numbers))
        return picture(numbers[-1], width, height)

    machine = Machine(
        CAPTURE.format(planes=PLANES, config=config(START | FINISH | TO_AI), then="await 6\ncsrr a0, mcycle\nput a0"),
        external=HANDLER,
    )
    machine.chip.camera = camera
    machine.run()
    assert numbers == [0, 1, 2]
    assert machine.first(6) == [1, 0x100] * 3
    assert 3 * 4_000_000 - 1_100_000 < machine.first(7)[6] < 3 * 4_000_000 + 200_000


def test_a_frame_that_nobody_enables_is_dropped() -> None:
    machine = Machine(CAPTURE.format(planes=PLANES, config=config(TO_AI), then="delay 5000000\nshow DVP+0x20"))
    machine.chip.camera = lambda width, height: picture(1, width, height)
    machine.run()
    assert machine.first(1) == [1]
    assert not any(machine.read(PLANES, 1000))
    assert machine.chip.dvp.frames == 0


def test_without_a_camera_no_frame_comes() -> None:
    machine = Machine(
        CAPTURE.format(planes=PLANES, config=config(START | FINISH | TO_AI), then="delay 5000000"), external=HANDLER
    ).run()
    assert machine.traps() == []


def test_buffers_outside_the_memory_are_left_alone() -> None:
    machine = Machine(
        CAPTURE.format(planes=0x2000_0000, config=config(START | FINISH | TO_AI | TO_DISPLAY), then="await 2"),
        external=HANDLER,
    )
    machine.chip.camera = lambda width, height: picture(1, width, height)
    machine.run()
    assert any(machine.read(DISPLAY, 1000))
