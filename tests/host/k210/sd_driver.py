"""A driver of ours for the card, in assembly: commands byte by byte, blocks by DMA, as the firmware does it."""

from __future__ import annotations

SELECT_PIN, SELECT_FUNCTION = 29, 53
"""GPIOHS 29 drives the card's select line, as in MaixPy v0.6."""
FRAMES_IN, FRAMES_OUT = "DATA+0x10000", "DATA+0x20000"
"""Blocks as the DMA moves them: a byte in each 32-bit word."""

DRIVER = f"""
sd_open:                    # connects the select line and takes it low
    poke FPIOA+{4 * SELECT_PIN}, {SELECT_FUNCTION}
    poke GPIOHS+0x8, 0x20000000
    poke GPIOHS+0xC, 0x20000000
    poke GPIOHS+0xC, 0
sd_polled:                  # back to frames that go out and in
    poke SPI1+0x8, 0
    poke SPI1, 0x70000
    poke SPI1+0x10, 1
    poke SPI1+0x8, 1
    ret
sd_byte:                    # a0: the byte to send; returns the byte that comes back
    li t1, SPI1
    sw a0, 0x60(t1)
sd_byte_waits:
    lwu t2, 0x28(t1)
    andi t2, t2, 8
    beqz t2, sd_byte_waits
    lwu a0, 0x60(t1)
    ret
sd_command:                 # a0: number, a1: argument; returns the first byte that is not FF
    mv s8, ra
    ori a0, a0, 0x40
    call sd_byte
    srli a0, a1, 24
    call sd_byte
    srli a0, a1, 16
    call sd_byte
    srli a0, a1, 8
    call sd_byte
    mv a0, a1
    call sd_byte
    li a0, 0x95
    call sd_byte
    mv ra, s8
sd_answer:
    mv s9, ra
sd_answer_waits:
    li a0, 0xFF
    call sd_byte
    li t1, 0xFF
    beq a0, t1, sd_answer_waits
    mv ra, s9
    ret
sd_token:                   # waits for the token FE that a block begins with
    mv s8, ra
sd_token_waits:
    call sd_answer
    li t1, 0xFE
    bne a0, t1, sd_token_waits
    mv ra, s8
    ret
sd_block_in:                # 512 bytes and the two of the checksum
    mv s8, ra
    poke SPI1+0x8, 0
    poke SPI1, 0x70200
    poke SPI1+0x4, 511
    poke SPI1+0x8, 1
    dma 0, SPI1+0x60, {FRAMES_IN}, 512, 0x210
    poke SPI1+0x60, 0xFF
    wait DMAC+0x188, 2
    j sd_checksum
sd_block_out:
    mv s8, ra
    poke SPI1+0x8, 0
    poke SPI1, 0x70100
    poke SPI1+0x8, 1
    dma 0, {FRAMES_OUT}, SPI1+0x60, 512, 0x240
    wait DMAC+0x188, 2
sd_checksum:
    call sd_polled
    li a0, 0xFF
    call sd_byte
    li a0, 0xFF
    call sd_byte
    mv ra, s8
    ret
sd_busy:                    # waits until the card lets the line go high again
    mv s8, ra
sd_busy_waits:
    li a0, 0xFF
    call sd_byte
    beqz a0, sd_busy_waits
    mv ra, s8
    ret
sd_start:                   # the commands that make a card ready; returns the answer of the last one
    mv s7, ra
    call sd_open
    li a0, 0
    li a1, 0
    call sd_command
    li a0, 8
    li a1, 0x1AA
    call sd_command
    li s6, 4
sd_start_skips:
    li a0, 0xFF
    call sd_byte
    addi s6, s6, -1
    bnez s6, sd_start_skips
    li a0, 55
    li a1, 0
    call sd_command
    li a0, 41
    li a1, 0x40000000
    call sd_command
    mv ra, s7
    ret
"""


def command(number: int, argument: int = 0) -> str:
    """Return a call of `sd_command`."""
    return f"li a0, {number}\nli a1, {argument}\ncall sd_command\n"


def byte(value: int) -> str:
    """Return a call of `sd_byte`."""
    return f"li a0, {value}\ncall sd_byte\n"
