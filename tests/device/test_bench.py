"""The bench itself: clock, keys, heap, logs, faults, and a reset, which leaves nothing of the previous board."""

from __future__ import annotations

import contextlib
import random
from itertools import pairwise
from typing import Any

import pytest

import bench
import flavours
from benchlib.heap import SystemHeap
from benchlib.models import kmodel_v3, kmodel_v4


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    bench.reset()


# -- clock -------------------------------------------------------------------------------------------------------------


def test_events_happen_in_order() -> None:
    """Each at its time, those of equal times in the order in which they were scheduled, those of the past at once."""
    seen: list[tuple[str, int]] = []
    for name, at in (("b", 20), ("a", 10), ("c", 20), ("late", 500)):
        bench.clock.at(at, lambda name=name: seen.append((name, bench.clock.now)))
    bench.clock.advance(100)
    assert seen == [("a", 10), ("b", 20), ("c", 20)]
    assert bench.clock.now == 100
    bench.clock.at(50, lambda: seen.append(("past", bench.clock.now)))
    bench.clock.advance(0)
    assert seen[-1] == ("past", 100)


def test_events_can_ask_for_more() -> None:
    """An event scheduled by an event still happens in the same advance."""
    seen: list[int] = []

    def again() -> None:
        seen.append(bench.clock.now)
        bench.clock.at(bench.clock.now + 7, again)

    bench.clock.at(7, again)
    bench.clock.advance(30)
    assert seen == [7, 14, 21, 28]


def test_cancelled_events() -> None:
    """An event can be cancelled before its time; cancelling it later, or None, does nothing."""
    seen: list[int] = []
    event = bench.clock.at(5, lambda: seen.append(1))
    bench.clock.cancel(event)
    bench.clock.advance(10)
    bench.clock.cancel(event)
    bench.clock.cancel(None)
    assert seen == []


def test_blocking_time() -> None:
    """Events happen at their time, callbacks only when the call returns; a ninth waiting callback is lost."""
    seen: list[tuple[int, int]] = []
    for nth in range(12):
        bench.clock.at(nth, lambda nth=nth: bench.scheduler.post(lambda n: seen.append((n, bench.clock.now)), nth))
    bench.clock.advance(100, blocking=True)
    assert seen == [(nth, 100) for nth in range(8)]
    assert bench.scheduler.dropped == 4


def test_callbacks_wait_for_the_next_call() -> None:
    """A callback of an interrupt during a computation runs at the program's next call of the firmware."""
    import utime

    seen: list[int] = []
    bench.scheduler.post(seen.append, 1)
    assert seen == []
    utime.sleep_ms(0)
    assert seen == [1]


def test_callbacks_do_not_nest() -> None:
    """A callback that calls the firmware is not interrupted by the next one."""
    import utime

    seen: list[str] = []

    def first(_: object) -> None:
        seen.append("in")
        utime.sleep_ms(5)
        seen.append("out")

    bench.scheduler.post(first, None)
    bench.scheduler.post(lambda _: seen.append("second"), None)
    bench.clock.advance(1)
    assert seen == ["in", "out", "second"]


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bounce", [(), (1,), (1, 3), (2, 4, 9)])
def test_a_press_settles(bounce: tuple[int, ...]) -> None:
    """However often it bounces, a key ends pressed, then released, and toggles as often as the test says."""
    edges: list[tuple[int, int]] = []
    level = 1
    bench.keys.press(16, hold=100, after=50, bounce=bounce)
    for _ in range(300):
        bench.clock.advance(1)
        if bench.keys.level(16) != level:
            level = bench.keys.level(16)
            edges.append((bench.clock.now, level))
    extra = len(bounce) + len(bounce) % 2
    assert len(edges) == 2 * (1 + extra)
    assert edges[0] == (50, 0)
    assert edges[extra][1] == 0
    assert edges[-1][1] == 1


def test_keys_that_are_active_high() -> None:
    """The pressed level is an argument."""
    bench.keys.set(10, 0)
    bench.keys.press(10, hold=10, pressed=1)
    bench.clock.advance(5)
    assert bench.keys.level(10) == 1
    bench.clock.advance(10)
    assert bench.keys.level(10) == 0


# -- system heap -------------------------------------------------------------------------------------------------------


def test_heap_best_fit() -> None:
    """The smallest hole that fits is used; the break falls only when a large top block goes, and by pages."""
    heap = SystemHeap()
    heap.reset(409600)
    sizes = (16000, 1600, 8000, 1600, 160000)
    a, b, c, d, e = (heap.alloc(name, size) for name, size in zip("abcde", sizes, strict=True))
    heap.free_block(a)
    heap.free_block(c)
    heap.alloc("f", 6400)
    assert [name for name, _ in heap.items()] == ["b", "f", "d", "e"]
    before = heap.above_break()
    assert before % 4096 == 0
    heap.free_block(d)
    assert heap.above_break() == before
    heap.free_block(e)
    assert heap.above_break() == before + 40 * 4096, (
        "e and d are 167,440 bytes with the rest; at most a page of it stays"
    )
    heap.free_block(None)
    assert heap.alloc("too much", 409600) is None
    assert heap.failed == [("too much", 409600)]
    assert b is not None


def test_heap_against_a_model() -> None:
    """Random requests: blocks never overlap, sums agree, a refused request really did not fit."""
    chance = random.Random(7)
    heap = SystemHeap()
    heap.reset(65536)
    live: list[Any] = []
    for _ in range(3000):
        if live and chance.random() < 0.5:
            heap.free_block(live.pop(chance.randrange(len(live))))
        else:
            size = chance.choice((16, 100, 1000, 5000, 20000))
            largest = heap.largest()
            block = heap.alloc("x", size)
            assert (block is None) == (largest < size)
            if block is not None:
                live.append(block)
        spans = sorted((block[0], block[0] + block[1]) for block in live)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))
        assert heap.used() == sum(block[3] for block in live)
        assert heap.used() + heap.free() == 65536
        assert heap.largest() <= heap.free() + flavours.UNDER_BREAK
        assert heap.peak >= heap.used()


# -- logs and faults ---------------------------------------------------------------------------------------------------


def test_calls_and_trace() -> None:
    """Every call is counted by name, and listed in the trace if there is one."""
    import uos
    import utime

    bench.trace = []
    utime.sleep_ms(1)
    uos.listdir("/")
    uos.listdir("/")
    assert bench.trace == ["utime.sleep_ms", "uos.listdir", "uos.listdir"]
    assert bench.calls == {"utime.sleep_ms": 1, "uos.listdir": 2}


def test_fault_plans_queue_up() -> None:
    """Two plans for one call: the earlier one first; others are not touched."""
    bench.fail_next("x", 1)
    bench.fail_next("x", 2, times=2)
    bench.fail_at("x", 5, 3)
    numbers = []
    for _ in range(7):
        try:
            bench.enter("x")
            numbers.append(0)
        except OSError as error:
            numbers.append(error.args[0])
    bench.enter("y")
    assert numbers == [1, 2, 2, 0, 3, 0, 0]
    assert bench.enter_code("x") == 0


def test_logs_are_bounded() -> None:
    """A long story does not fill the memory: the newest lines stay."""
    for nth in range(5000):
        bench.uart.print(f"line {nth}\r\nsecond")
    assert len(bench.uart) <= 2000
    assert bench.uart[-2] == "line 4999"
    for nth in range(50000):
        bench.kpu.note(("load", nth, "x"))
    assert len(bench.kpu.ledger) <= 20000
    assert bench.kpu.ledger[-1][1] == 49999


def test_echo() -> None:
    """Lines go to the listener, and never to the output by themselves."""
    heard: list[str] = []
    bench.uart.echo = heard.append
    bench.uart.print("a\r\nb\n")
    assert heard == ["a", "b"]
    assert "b" in bench.uart


def test_print_exception() -> None:
    """The firmware's sys.print_exception exists on a PC, too, and prints to the serial line or into a file."""
    import io
    import sys

    show = getattr(sys, "print_exception")  # noqa: B009
    try:
        raise ValueError("why")
    except ValueError as error:
        show(error)
        text = io.StringIO()
        show(error, text)
    assert bench.uart[-1] == "ValueError: why"
    assert text.getvalue().endswith("ValueError: why\n")


def test_severe_exceptions_are_not_exceptions() -> None:
    """No `except Exception` of the app hides a crash, a reset or a power cut; the list keeps what a bare one hides."""
    for kind in (bench.HardFault, bench.Reset, bench.PowerCut):
        assert not issubclass(kind, Exception)
    with contextlib.suppress(BaseException):
        bench.hard_fault("why")
    assert bench.hardfaults == ["why"]


def test_reset_forgets_everything() -> None:
    """Power on again: no card, no keys, no faults, no timers, no pictures, no models, time zero."""
    import KPU
    import lcd
    import machine
    import Maix
    import sensor
    import uio
    from fpioa_manager import fm

    bench.card.insert(bench.MemoryCard({"a.kmodel": kmodel_v3(), "v4.kmodel": kmodel_v4()}))
    with uio.open("/flash/x", "w") as file:
        file.write("x")
    fm.register(16, fm.fpioa.GPIOHS0)
    Maix.GPIO(0, 0).irq(print)
    machine.WDT()
    machine.Timer(0, 0, callback=print)
    lcd.init()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.set_windowing((64, 64))
    task = KPU.load("/sd/a.kmodel")
    bench.kpu.boxes = [(0, 0, 1, 1, 0, 1.0)]
    bench.fail_next("uio.open", 5)
    bench.trace = []
    bench.keys.press(16, after=1000)
    bench.screen.capture = False
    bench.reset("full", config={"type": "x"})
    assert bench.card.mounted is False
    assert list(bench.flash.backend.files) == ["freq.conf"]
    assert (bench.irqs, bench.wdt, bench.timers) == ({}, {}, {})
    assert (bench.kpu.live, bench.kpu.boxes, bench.kpu.ledger) == ([], [], [])
    assert bench.memory.items() == []
    assert (bench.calls, bench.trace, bench.clock.now) == ({}, None, 0)
    assert bench.screen.capture is True
    assert bench.screen.width == 0
    assert lcd.width() is None
    with pytest.raises(TypeError, match="not found sensor"):
        sensor.snapshot()
    assert Maix.config.get_value("type", None) == "x"
    assert fm.get_pin_by_function(fm.fpioa.GPIOHS0) is None
    bench.clock.advance(100000)
    assert bench.keys.level(16) == 1
    assert bench.resets == []
    bench.kpu.check()
    assert KPU.deinit(task) is True


def test_reserved_memory() -> None:
    """The panel uses reserved memory of exactly its size, zeroed; it leaves memory of other sizes alone."""
    import lcd
    from benchlib import pool

    bench.reserve(100, 240 * 135 * 2)
    built = pool._waiting[1]
    lcd.init(type=3, width=240, height=135)
    assert bench.screen.canvas() is built
    pool.wipe(built)
    assert built == bytes(64800)
    assert len(pool._waiting) == 1
    pool.clear()


def test_install_does_nothing_here() -> None:
    """install() changes nothing if the folder of the fakes comes first on the path."""
    import sys

    before = dict(sys.modules)
    bench.install()
    assert dict(sys.modules) == before


# -- synthetic models --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["conv", "dequantize", "softmax", "fc"])
def test_synthetic_v3(last: str) -> None:
    """The header reader finds what the helper has written."""
    from benchlib.headers import read

    header = read(kmodel_v3((224, 160, 3), (7, 5, 40), last, main_mem=1234, floats=9, classes=3, outputs=2))
    assert (header.version, header.main_mem, len(header.outputs)) == (3, 1234, 2)
    if last == "fc":
        assert (header.input_shape, header.input_floats, header.first_is_conv) == (None, 9, False)
    else:
        assert (header.input_shape, header.grid, header.first_is_conv) == ((3, 160, 224), (7, 5, 40), True)
    assert header.outputs[0] == ((1400, (7, 5, 40), "B") if last == "conv" else (12, None, "f"))


def test_synthetic_v4() -> None:
    """Shapes, outputs and sizes of the other container."""
    from benchlib.headers import read

    header = read(kmodel_v4((64, 48, 1), (100, 200), main_mem=77))
    assert (header.version, header.input_shape, header.main_mem) == (4, (1, 48, 64), 77)
    assert header.outputs == ((100, None, "f"), (200, None, "f"))
    floats = read(kmodel_v4(floats=4, outputs=(12,)))
    assert (floats.input_shape, floats.input_floats) == (None, 4)
    assert len(kmodel_v4(size=5000)) == 5000
