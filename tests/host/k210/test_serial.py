"""UARTHS and the UARTs: bytes in both directions, polled and by interrupt."""

from __future__ import annotations

from .machine import INTERRUPT, Machine, run

EXTERNAL = INTERRUPT | 11
SAY = """
    la a0, text
    li a1, {port}
again:
    lbu a2, 0(a0)
    beqz a2, end
    sw a2, 0(a1)
    addi a0, a0, 1
    j again
end:
"""
TEXT = "text: .hex 68656C6C6F00"  # "hello"


def test_uarths_sends_what_is_written() -> None:
    machine = run(SAY.format(port="UARTHS"), data=TEXT)
    assert machine.chip.uarths.take_sent() == b"hello"
    assert machine.chip.uarths.take_sent() == b""


def test_uarths_is_never_full_and_says_when_nothing_has_come() -> None:
    machine = run("show UARTHS\nshow UARTHS+4\nshow UARTHS+0x14")
    assert machine.first(3) == [0, 1 << 31, 1]


def test_uarths_receives_by_interrupt() -> None:
    machine = Machine(
        "enable 33, 1\npoke UARTHS+0x10, 2\ninterrupts\nawait 12",
        external="li t3, UARTHS\nlwu t4, 4(t3)\nsd t4, 0(s11)\naddi s11, s11, 8",
    )
    machine.chip.uarths.incoming += b"twelve bytes"
    machine.run()
    assert bytes(machine.first(12)) == b"twelve bytes"
    assert [(trap.cause, trap.source) for trap in machine.traps()] == [(EXTERNAL, 33)] * 12


def test_uarths_holds_eight_bytes_and_the_rest_waits_outside() -> None:
    machine = Machine(
        """
        delay 1000000
        li a0, UARTHS
        li a1, 20
    again:
        lwu a2, 4(a0)
        bltz a2, again
        srli a3, a2, 31
        bnez a3, again
        put a2
        addi a1, a1, -1
        bnez a1, again
        """
    )
    machine.chip.uarths.incoming += b"abcdefghijklmnopqrst"
    machine.chip.run(900_000)
    assert machine.chip.uarths.received == b"abcdefgh"
    machine.run()
    assert bytes(machine.first(20)) == b"abcdefghijklmnopqrst"


def test_the_receive_level_of_uarths_says_how_many_bytes_it_takes() -> None:
    machine = Machine(
        "enable 33, 1\npoke UARTHS+0xC, 0x30001\npoke UARTHS+0x10, 2\ninterrupts\nawait 1",
        external="li t3, UARTHS\nsw zero, 0x10(t3)",
    )
    machine.chip.uarths.incoming += b"abc"
    assert not machine.chip.run(400_000, machine.finished)
    assert machine.traps() == []
    machine.chip.uarths.incoming += b"d"
    machine.run()
    assert machine.chip.uarths.received == b"abcd"


def test_a_uart_sends_what_is_written_and_not_its_divisor() -> None:
    machine = run("poke UART1+0xC, 0x80\npoke UART1, 13\nshow UART1\npoke UART1+0xC, 3\n" + SAY.format(port="UART1"),
                  data=TEXT)  # fmt: skip
    assert machine.chip.uarts[0].sent == b"hello"
    assert machine.first(1) == [13]


def test_a_uart_receives_by_polling() -> None:
    machine = Machine("""
        show UART2+0x14
        wait UART2+0x14, 1
        show UART2
        show UART2
        show UART2+0x14
        show UART2
        show UART2+8
    """)
    machine.chip.run(20_000)
    machine.chip.uarts[1].receive(b"ok")
    machine.run()
    assert machine.first(6) == [0x60, ord("o"), ord("k"), 0x60, 0, 1]


def test_a_uart_receives_by_interrupt() -> None:
    machine = Machine(
        "enable 11, 3\npoke UART1+4, 1\ninterrupts\nawait 3",
        external="""
            li t3, UART1
            lwu t4, 8(t3)
            sd t4, 0(s11)
            lwu t4, 0(t3)
            sd t4, 8(s11)
            addi s11, s11, 16
        """,
    )
    machine.chip.uarts[0].receive(b"abc")
    machine.run()
    assert machine.first(6) == [4, ord("a"), 4, ord("b"), 4, ord("c")]
    assert [trap.source for trap in machine.traps()] == [11, 11, 11]


def test_a_uart_without_its_interrupt_enabled_is_silent() -> None:
    machine = Machine("enable 12, 3\ninterrupts\nwait UART2+0x14, 1\ndelay 50000")
    machine.chip.uarts[1].receive(b"x")
    assert machine.run().traps() == []
