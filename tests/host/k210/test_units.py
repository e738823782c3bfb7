"""SHA-256, OTP and FFT."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from .machine import DATA, Machine, run

SHA256 = """
    poke SHA256+0x28, {blocks}
    poke SHA256+0x34, 0
    poke SHA256+0x2C, 0x10001
    li a0, DATA
    li a1, SHA256
    li a2, {words}
again:
    lwu a3, 0x34(a1)
    andi a3, a3, 0x100
    bnez a3, again
    lwu a3, 0(a0)
    sw a3, 0x20(a1)
    addi a0, a0, 4
    addi a2, a2, -1
    bnez a2, again
    wait SHA256+0x2C, 1
    li a0, 28
results:
    add a2, a1, a0
    lwu a3, 0(a2)
    put a3
    addi a0, a0, -4
    bgez a0, results
"""


def padded(message: bytes) -> bytes:
    """Return a message as the firmware pads it: a one, zeros, its length in bits."""
    return message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "big")


@pytest.mark.parametrize("length", [0, 3, 200])
def test_a_digest_is_that_of_sha_256(length: int) -> None:
    message = bytes(range(length))
    data = padded(message)
    machine = Machine(SHA256.format(blocks=len(data) // 64, words=len(data) // 4))
    machine.write(DATA, data)
    words = machine.run().first(8)
    assert np.array(words, "<u4").tobytes() == hashlib.sha256(message).digest()


def test_two_digests_in_a_row_do_not_mix() -> None:
    data = padded(b"abc")
    again = SHA256.format(blocks=1, words=16).replace("again", "again_2").replace("results", "results_2")
    machine = Machine(SHA256.format(blocks=1, words=16) + again)
    machine.write(DATA, data)
    words = machine.run().first(16)
    assert words[:8] == words[8:]


def test_the_unique_id_is_read_from_the_otp() -> None:
    machine = run("""
        li a1, OTP
        poke OTP+0x44, 15
        li a2, 32
        li a3, 0x1EC80
    again:
        wait OTP+0x3C, 1
        sw a3, 0x30(a1)
        wait OTP+0xAC, 1
        lwu a0, 0x60(a1)
        put a0
        lwu a0, 0x24(a1)
        put a0
        addi a3, a3, 8
        addi a2, a2, -1
        bnez a2, again
    """)
    reports = machine.first(64)
    assert reports[::2] == [0] * 32
    identity = bytes(reports[1::2])
    assert len(set(identity)) == 32


LENGTHS = {512: 0, 256: 1, 128: 2, 64: 3}
FORWARD, ON, DMA = 1 << 3, 1 << 13, 1 << 14
FFT = """
    poke64 FFT+0x8, {control}
    dma 1, FFT+0x38, DATA+0x10000, {words}, 0x310
    dma 0, DATA, FFT, {words}, 0x340
    wait DMAC+0x288, 2
"""


def transform(values: np.ndarray, shift: int = 0, direction: int = FORWARD) -> np.ndarray:
    """Return what the FFT makes of complex numbers."""
    length = len(values)
    control = LENGTHS[length] | direction | shift << 4 | ON | DMA
    machine = Machine(FFT.format(control=control, words=length // 2))
    parts = np.stack((values.imag, values.real), axis=1).astype("<i2")
    machine.write(DATA, parts.tobytes())
    result = np.frombuffer(machine.run().read(DATA + 0x10000, 4 * length), "<i2").reshape(-1, 2)
    return result[:, 1] + 1j * result[:, 0]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_transform_is_that_of_numpy(length: int) -> None:
    random = np.random.default_rng(length)
    values = random.integers(-50, 50, length) + 1j * random.integers(-50, 50, length)
    expected = np.fft.fft(values)
    result = transform(values)
    assert np.abs(result.real - expected.real).max() <= 0.5 + 1e-9
    assert np.abs(result.imag - expected.imag).max() <= 0.5 + 1e-9


def test_each_shifted_layer_halves_the_result() -> None:
    tone = np.rint(1000 * np.cos(2 * np.pi * 10 * np.arange(512) / 512)) + 0j
    result = transform(tone, shift=0x155)  # five layers
    assert abs(result[10]) == pytest.approx(1000 * 256 / 32, abs=2)
    assert np.abs(result[[*range(10), *range(11, 502), *range(503, 512)]]).max() <= 1


def test_results_that_do_not_fit_are_limited() -> None:
    result = transform(np.full(64, 1000 + 0j))
    assert result[0] == 32767
    assert np.abs(result[1:]).max() == 0


def test_there_and_back_is_what_was_there() -> None:
    values = np.random.default_rng(1).integers(-10000, 10000, 64) + 0j
    there = transform(values, shift=0x3F)
    back = transform(there, direction=0)
    assert np.abs(back - values).max() <= 40


def test_a_transform_through_the_registers_interrupts() -> None:
    machine = run(
        f"""
        enable 26, 1
        interrupts
        poke64 FFT+0x8, {LENGTHS[64] | FORWARD | ON}
        li a0, FFT
        li a1, 0x0000000100000001
        slli a1, a1, 16            # both real parts are 1
        li a2, 32
    again:
        sd a1, 0(a0)
        addi a2, a2, -1
        bnez a2, again
        await 1
        ld a3, 0x38(a0)
        put a3
        ld a3, 0x38(a0)
        addi a3, a3, 1
        put a3
        """,
        external="li t3, FFT\nlwu t4, 0x28(t3)\nsd t4, 0(s11)\naddi s11, s11, 8\nli t4, 1\nsd t4, 0x20(t3)",
    )
    assert machine.first(3) == [1, 64 << 16, 1]
    assert [trap.source for trap in machine.traps()] == [26]
