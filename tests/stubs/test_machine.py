"""Pins, timers, watchdog, serial ports, clocks and boards of the fakes."""

from __future__ import annotations

from typing import Any

import pytest

import bench
import flavours
import machine
import Maix
import uos
import utime
from board import board_info
from fpioa_manager import fm

GPIO = Maix.GPIO


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    bench.reset()


def key(pin: int = 16) -> Any:
    fm.register(pin, fm.fpioa.GPIOHS0)
    return GPIO(GPIO.GPIOHS0, GPIO.IN, GPIO.PULL_UP)


def test_one_object_per_id() -> None:
    """A second GPIO() of an id is the first; a pull with IN replaces the mode."""
    pin = key()
    assert GPIO(0) is pin
    assert pin.mode() == GPIO.PULL_UP
    assert str(pin) == "Pin(0)"
    assert str(GPIO(GPIO.GPIO3)) == "Pin(3)"


def test_levels() -> None:
    """An untouched key reads 1, a pressed one 0, by value() and by call."""
    pin = key()
    assert (pin.value(), pin()) == (1, 1)
    bench.keys.set(16, 0)
    assert (pin.value(), pin()) == (0, 0)
    assert GPIO(5).value() == 0  # mapped to no pin


def test_output() -> None:
    """An output drives its pin."""
    fm.register(12, fm.fpioa.GPIO0)
    led = GPIO(GPIO.GPIO0, GPIO.OUT, value=1)
    assert led.value() == 1
    led.value(0)
    assert (led.value(), bench.keys.level(12)) == (0, 0)


@pytest.mark.parametrize(("trigger", "edges"), [(1, [0]), (2, [1]), (3, [0, 1]), (0, [])])
def test_interrupts(trigger: int, edges: list[int]) -> None:
    """The handler gets the GPIO at the requested edges, and is not called after disirq()."""
    pin = key()
    heard: list[int] = []
    pin.irq(lambda gpio: heard.append(gpio.value()), trigger)
    bench.keys.press(16, hold=30, after=10)
    bench.clock.advance(100)
    assert heard == edges
    assert list(bench.irqs) == [0]
    pin.disirq()
    bench.keys.press(16)
    bench.clock.advance(100)
    assert heard == edges
    assert bench.irqs == {}


def test_sleep_without_threads_is_deaf() -> None:
    """In flavours without threads handlers run after the sleep, in the others during it."""
    for flavour, late in (("minimum", True), ("full", False)):
        bench.reset(flavour)
        pin = key()
        heard: list[int] = []
        pin.irq(lambda gpio, heard=heard: heard.append(bench.clock.now), GPIO.IRQ_FALLING)
        bench.keys.press(16, after=10)
        utime.sleep_ms(200)
        assert heard == [200 if late else 10]


def test_handler_that_raises() -> None:
    """The firmware prints the exception and goes on; the bench keeps it."""
    pin = key()
    pin.irq(lambda gpio: 1 / 0, GPIO.IRQ_FALLING)
    bench.keys.press(16)
    bench.clock.advance(1)
    assert [type(error) for error in bench.scheduler.errors] == [ZeroDivisionError]
    assert "uncaught exception in a callback: ZeroDivisionError" in bench.uart


def test_functions_move() -> None:
    """A function belongs to one pin: registering it for another warns and moves it."""
    key(16)
    assert fm.get_pin_by_function(fm.fpioa.GPIOHS0) == 16
    fm.register(16, fm.fpioa.GPIOHS0)
    assert len(bench.uart) == 0
    fm.register(17, fm.fpioa.GPIOHS0)
    assert fm.get_pin_by_function(fm.fpioa.GPIOHS0) == 17
    assert bench.uart[-1] == "[Warning] function is used by fm.fpioa.GPIOHS0(pin:16)"
    fm.unregister(17)
    assert fm.get_pin_by_function(fm.fpioa.GPIOHS0) is None
    assert ("fm.fpioa.GPIOHS0", None) in fm.get_gpio_used()


@pytest.mark.parametrize(("timeout", "period"), [(5000, 2581), (1000, 645), (200000, 165191), (10, 5)])
def test_watchdog(timeout: int, period: int) -> None:
    """The first expiry comes after half to all of the requested time, and restarts the chip."""
    dog = machine.WDT(0, timeout)
    bench.clock.advance(period - 1)
    dog.feed()
    bench.clock.advance(period - 1)
    assert bench.resets == []
    with pytest.raises(bench.Reset, match="watchdog 0"):
        bench.clock.advance(2)
    assert bench.resets == ["watchdog 0"]
    assert machine.reset_cause() == machine.WDT_RESET


def test_watchdog_with_callback() -> None:
    """The callback comes at the first expiry; without feeding the second one restarts the chip."""
    heard: list[Any] = []

    def feed(dog: Any) -> None:
        heard.append(dog.context())
        if len(heard) < 3:
            dog.feed()

    machine.WDT(1, 1000, callback=feed, context="ctx")
    bench.clock.advance(645 * 3)
    assert heard == ["ctx"] * 3
    with pytest.raises(bench.Reset, match="watchdog 1"):
        bench.clock.advance(646)


def test_watchdog_stops() -> None:
    """A stopped watchdog is not armed; a second one with its id replaces it."""
    dog = machine.WDT(0, 1000)
    other = machine.WDT(0, 5000)
    assert bench.wdt == {0: other}
    dog.feed()
    bench.clock.advance(2000)
    other.stop()
    assert bench.wdt == {}
    bench.clock.advance(100000)


def test_a_load_starves_the_watchdog() -> None:
    """Nobody can feed during a load that takes longer than the period."""
    import KPU
    from benchlib.models import kmodel_v3

    bench.card.insert(bench.MemoryCard({"a.kmodel": kmodel_v3(size=800000)}))
    machine.WDT(0, 1000)
    with pytest.raises(bench.Reset):
        KPU.load("/sd/a.kmodel")


def test_timer() -> None:
    """Periodic and one-shot timers call back with themselves; stopped ones do not."""
    heard: list[Any] = []
    timer = machine.Timer(0, 1, mode=machine.Timer.MODE_PERIODIC, period=50, callback=heard.append, arg=9)
    once = machine.Timer(machine.Timer.TIMER1, machine.Timer.CHANNEL0, period=60, callback=heard.append)
    assert set(bench.timers) == {(0, 1), (1, 0)}
    bench.clock.advance(120)
    assert heard == [timer, once, timer]
    assert timer.callback_arg() == 9
    assert timer.period() == 50
    timer.stop()
    assert bench.timers == {}
    bench.clock.advance(200)
    assert len(heard) == 3


def test_serial() -> None:
    """read() returns None after timeout_char if no byte waits; bytes that exceed the buffer are lost."""
    port = machine.UART(machine.UART.UART1, 9600, timeout_char=20, read_buf_len=8)
    before = bench.clock.now
    assert port.read(4) is None
    assert bench.clock.now - before == 20
    bench.wire(0).rx.extend(b"one\ntwo\nthree")
    assert port.any() == 8
    assert port.readline() == b"one\n"
    buffer = bytearray(2)
    assert port.readinto(buffer) == 2
    assert (bytes(buffer), port.readchar(), port.read()) == (b"tw", ord("o"), b"\n")
    assert port.write("hi") == 2
    assert bytes(bench.wire(0).tx) == b"hi"
    assert machine.UART.repl_uart().any() == 0


def test_a_read_goes_on_until_a_pause() -> None:
    """stream.c asks again for what is missing: a buffer that stays short costs timeout_char, one of any() bytes not."""
    port = machine.UART(machine.UART.UART1)
    wire = bench.wire(0)
    buffer = bytearray(b"......")
    wire.rx.extend(b"abc")
    assert port.readinto(buffer, port.any()) == 3
    assert bench.clock.now == 0
    wire.rx.extend(b"de")
    bench.clock.at(4, lambda: wire.rx.extend(b"f"))
    assert port.readinto(buffer) == 3
    assert bytes(buffer) == b"def..."
    assert bench.clock.now == 14
    assert port.readinto(buffer, 0) == 0
    assert port.readinto(buffer, 9) is None
    assert bench.clock.now == 24


def test_a_write_takes_a_part() -> None:
    """stream_write_method of stream.c: (data), (data, length), (data, offset, length)."""
    port = machine.UART(machine.UART.UART1)
    assert [port.write(b"abcdef", *part) for part in ((), (2,), (2, 3), (5, 9), (9, 1))] == [6, 2, 3, 1, 0]
    assert bytes(bench.wire(0).tx) == b"abcdef" + b"ab" + b"cde" + b"f"
    with pytest.raises(TypeError, match="at most 4"):
        port.write(b"a", 0, 1, 1)


def test_a_timed_line() -> None:
    """At 9600 baud a byte takes 1.04 ms each way; a write waits for what exceeds the 16 bytes of the port."""
    wire = bench.timed_wire(0)
    port = machine.UART(machine.UART.UART1, 9600, read_buf_len=20)
    wire.say(b"0123456789")
    assert port.any() == 0
    bench.clock.advance(5)
    assert port.any() == 4
    assert port.read(9) == b"012345678"
    assert 9 <= bench.clock.now <= 10
    bench.clock.advance(90)
    wire.say(bytes(30))
    bench.clock.advance(100)
    assert (port.any(), wire.dropped) == (20, 11)  # the "9" waited, too
    begun = bench.clock.now
    port.write(bytes(16))
    assert bench.clock.now == begun
    assert wire.leave() == b""
    bench.clock.advance(8)
    assert len(wire.leave()) == 7
    port.write(bytes(24))
    assert 16 <= bench.clock.now - begun - 8 <= 18
    bench.clock.advance(18)
    assert len(wire.leave()) == 33
    assert not wire.leave()


def test_i2c() -> None:
    """Devices are dicts of registers; an address without a device gives EIO."""
    bench.i2c[(0, 0x34)] = {}
    bus = machine.I2C(machine.I2C.I2C0, freq=400000, scl=28, sda=29)
    assert bus.scan() == [0x34]
    bus.writeto_mem(0x34, 0x27, 0x20)
    bus.writeto_mem(0x34, 0x28, b"\x0c\x0d")
    assert bus.readfrom_mem(0x34, 0x27, 3) == b"\x20\x0c\x0d"
    with pytest.raises(OSError, match="5"):
        bus.writeto_mem(0x35, 0, 0)


def test_reset() -> None:
    """The chip restarts: no `except Exception` keeps a program running through that."""
    with pytest.raises(bench.Reset, match=r"machine\.reset"):
        machine.reset()
    with pytest.raises(bench.Reset, match=r"freq\.set"):
        Maix.freq.set(cpu=500)
    assert Maix.freq.get() == (500, 398)
    with pytest.raises(bench.Reset, match=r"freq\.set"):
        Maix.freq.set(cpu=400)
    assert Maix.freq.get() == (403, 398), "as far as the PLLs reach"
    with pytest.raises(OSError, match="Unsupported KPU frequency!"):
        Maix.freq.set(pll1=1200)


def test_heap_counters() -> None:
    """heap_free() does not count blocks that were freed below the break."""
    start = Maix.utils.heap_free()
    assert start == 4376 * 1024
    low = bench.memory.alloc("low", 1000000)
    bench.memory.alloc("high", 1600)
    bench.memory.free_block(low)
    assert Maix.utils.heap_free() == start - 1003520, "245 pages; the small block lies in what is left of them"
    assert bench.memory.free() == start - 1600
    assert Maix.utils.gc_heap_size() == 512 * 1024
    assert Maix.utils.gc_heap_size(262144) is None
    assert Maix.utils.gc_heap_size() == 262144


def test_board_info() -> None:
    """It comes from the file; without it there is BOOT_KEY, in v0.6.0 on an Amigo only; the M5StickV has its own."""
    assert board_info.BOOT_KEY == 16
    bench.reset(config={"board_info": {"BOOT_KEY": 10, "LED_R": 13}, "type": "cube"})
    assert (board_info.BOOT_KEY, board_info.LED_R, Maix.config.get_value("type", "")) == (10, 13, "cube")
    bench.reset("amigo_tft")
    assert board_info.BOOT_KEY == 16
    bench.reset("minimum@v0.6.0-2")
    with pytest.raises(AttributeError):
        board_info.BOOT_KEY  # noqa: B018
    bench.reset("m5stickv")
    assert board_info.BUTTON_A == 36
    with pytest.raises(AttributeError):
        board_info.BOOT_KEY  # noqa: B018
    with pytest.raises(NameError):
        board_info.get()


def test_time() -> None:
    """Time starts in 2000 and moves with the clock; a loop that only reads it ends, too."""
    assert utime.time() == 0
    assert utime.localtime()[:3] == (2000, 1, 1)
    utime.sleep_ms(2500)
    assert utime.ticks_ms() == 2500
    assert utime.time() == 2
    assert utime.set_time((2024, 2, 29, 12, 0, 0)) is True
    assert utime.localtime()[:5] == (2024, 2, 29, 12, 0)
    assert utime.mktime(utime.localtime(800000000)) == 800000000
    start = utime.ticks_ms()
    while utime.ticks_diff(utime.ticks_ms(), start) < 50:
        pass


def test_frames_per_second() -> None:
    """fps counts a frame per call over tick-to-call times, and starts again every 2 s."""
    clock = utime.clock()
    clock.tick()
    assert clock.fps() == float("inf")
    bench.clock.advance(50)
    assert clock.fps() == 40.0
    clock.reset()
    clock.tick()
    bench.clock.advance(2000)
    assert clock.fps() == 0.5
    clock.tick()
    bench.clock.advance(100)
    assert clock.avg() == 100.0


@pytest.mark.parametrize(
    ("firmware", "present"),
    [
        ("full@v0.5.0-89", set()),
        ("full@v0.5.1-103", {"config", "WDT", "heap_free"}),
        ("full@v0.6.2-16", {"config", "WDT", "heap_free"}),
        ("full@v0.6.2-41", {"config", "WDT", "heap_free", "SDCard"}),
        ("minimum", {"config", "WDT", "heap_free"}),
        ("minimum_with_kmodel_v4_support", {"config", "WDT", "heap_free", "SDCard"}),
    ],
)
def test_missing_names_of_a_version(firmware: str, present: set[str]) -> None:
    """As dir() showed in the images; the next board has the names again."""
    bench.reset(firmware)
    parts = {"config": Maix, "heap_free": Maix.utils, "WDT": machine, "SDCard": machine}
    assert {name for name, owner in parts.items() if hasattr(owner, name)} == present
    version = bench.flavour[flavours.VERSION]
    assert uos.uname()[3].startswith("9720594 on" if version == "v0.6.0-2" else version + "-g")
    bench.reset()
    assert {name for name, owner in parts.items() if hasattr(owner, name)} | {"heap_free"} == set(parts)


def test_prints_and_writes_share_the_line_of_the_repl() -> None:
    """The firmware's prints come between the writes of a program, as on the wire."""
    line = machine.UART.repl_uart()
    line.write(b"a message in ")
    bench.uart.print("kpu_net __del__\r\n")
    line.write(b"two pieces")
    assert bytes(bench.wire(4).tx) == b"a message in kpu_net __del__\r\ntwo pieces"
