"""The chip as a whole: memory, harts, devices, clock and events."""

from __future__ import annotations

import copy
import ctypes
import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
import unicorn
from numpy.typing import NDArray

from .clock import LONGEST_JUMP, READS, SLICE, Clock
from .firmware_code import adapt
from .hart import WAITING_SLICE, Hart
from .image import Image
from .memory import PAGE, READ, WRITE, Memory, host_address, map_registers
from .native import counter
from .peripherals.chip_view import I2cPart, Named
from .peripherals.clint import NEVER, Clint
from .peripherals.device import Device
from .peripherals.dmac import Dmac
from .peripherals.dvp import Dvp
from .peripherals.fft import Fft
from .peripherals.fpioa import GPIO, GPIOHS, Fpioa
from .peripherals.gpio import Gpio
from .peripherals.gpiohs import Gpiohs
from .peripherals.i2c import I2c
from .peripherals.i2s import I2s
from .peripherals.kpu import Kpu
from .peripherals.otp import Otp
from .peripherals.page import PageDevice
from .peripherals.plic import Plic
from .peripherals.rtc import Rtc
from .peripherals.sha256 import Sha256
from .peripherals.spi import Spi
from .peripherals.sysctl import Sysctl
from .peripherals.timer import Timer
from .peripherals.uart import Uart
from .peripherals.uarths import Uarths
from .peripherals.watchdog import Watchdog
from .unmodelled import Unmodelled

Camera = Callable[[int, int], NDArray[np.uint8]]


class Chip:
    """A K210 with a firmware in its memory.

    ``uarths`` is the serial line of the REPL, ``spi0`` to ``spi3`` take the panel, the card and the flash, ``i2c`` and
    ``sccb`` the sensor and the power chip, ``camera`` gives the pictures.
    """

    def __init__(self, image: Image, strict: bool = False) -> None:
        self.memory = Memory()
        self.clock = Clock()
        self.unmodelled = Unmodelled(strict)
        self.stopping = False
        self.reset_requested = False
        self.restarts = 0  # how often the firmware reset the chip since the power came
        self.before_restart = b""  # what it had sent then that nobody took
        self.camera: Camera | None = None
        self.reset_sensor: Callable[[], None] = lambda: None
        self.sccb: dict[int, I2cPart] = {}
        self.watched_outputs = 0
        self.pin_levels: dict[int, bool] = {}
        self._events: list[tuple[int, int, str, str, int]] = []
        self._serial = 0
        self._failure: BaseException | None = None
        self._keep: list[Any] = []
        self._running: Hart | None = None
        self._delay_start = 0
        self._delay_accesses = 0
        self.accesses = 0
        self._corrections: list[tuple[PageDevice, int, int]] = []

        self.harts = [Hart(self, number, len(image.code)) for number in (0, 1)]
        self._make_devices()
        code = bytearray(image.code)
        self.sites = adapt(code)
        self._code = np.frombuffer(bytes(code), np.uint8)
        self.memory.data[: len(code)] = self._code
        for hart in self.harts:
            hart.watch(self.sites)
            self._map_counter(hart)
        self.harts[0].running = True
        self._at_reset = copy.deepcopy({name: device.state() for name, device in self.devices.items()})

    def _make_devices(self) -> None:
        self.devices: dict[str, Device] = {}

        def add(kind: Any, base: int, name: str = "", **more: Any) -> Any:
            device = kind(self, base, name, **more)
            self.devices[device.name] = device
            self._map(device)
            return device

        self.clint: Clint = add(Clint, 0x0200_0000)
        self.plic: Plic = add(Plic, 0x0C00_0000)
        self.uarths: Uarths = add(Uarths, 0x3800_0000)
        self.gpiohs: Gpiohs = add(Gpiohs, 0x3800_1000)
        self.kpu: Kpu = add(Kpu, 0x4080_0000)
        add(Fft, 0x4200_0000)
        self.dmac: Dmac = add(Dmac, 0x5000_0000)
        self.gpio: Gpio = add(Gpio, 0x5020_0000)
        self.uarts: list[Uart] = [
            add(Uart, 0x5021_0000 + 0x1_0000 * at, f"UART{at + 1}", source=11 + at) for at in range(3)
        ]
        add(PageDevice, 0x5024_0000, "SPI2")
        for at in range(3):
            add(I2s, 0x5025_0000 + 0x1_0000 * at, f"I2S{at}", number=at)
        self.i2c: list[I2c] = [add(I2c, 0x5028_0000 + 0x1_0000 * at, f"I2C{at}") for at in range(3)]
        self.fpioa: Fpioa = add(Fpioa, 0x502B_0000)
        add(Sha256, 0x502C_0000)
        self.timers: list[Timer] = [add(Timer, 0x502D_0000 + 0x1_0000 * at, f"TIMER{at}", number=at) for at in range(3)]
        for at in range(2):
            add(Watchdog, 0x5040_0000 + 0x1_0000 * at, f"WDT{at}", source=21 + at)
        add(Otp, 0x5042_0000)
        self.dvp: Dvp = add(Dvp, 0x5043_0000)
        self.sysctl: Sysctl = add(Sysctl, 0x5044_0000)
        add(PageDevice, 0x5045_0000, "AES")
        add(Rtc, 0x5046_0000)
        self.spi0: Spi = add(Spi, 0x5200_0000, "SPI0")
        self.spi1: Spi = add(Spi, 0x5300_0000, "SPI1")
        self.spi3: Spi = add(Spi, 0x5400_0000, "SPI3", late=True)

    # Registers.

    def _map(self, device: Device) -> None:
        if isinstance(device, PageDevice):
            address = host_address(device.page)
            for hart in self.harts:
                hart.uc.mem_map_ptr(device.base, PAGE, unicorn.UC_PROT_READ, address)
                hart.uc.hook_add(
                    unicorn.UC_HOOK_MEM_WRITE_PROT, self._page_write, device, device.base, device.base + PAGE - 1
                )
            return
        read, write = self._callbacks(device)
        for hart in self.harts:
            self._map_callbacks(hart, device.base, device.SIZE, read, write)

    def _map_callbacks(self, hart: Hart, base: int, size: int, read: Any, write: Any) -> None:
        self._keep += [read, write]
        map_registers(hart.uc, base, size, read, write)

    def _callbacks(self, device: Device) -> tuple[Any, Any]:
        words, get, put = self.clock.words, device.read, device.write
        # A sleeping thread of FreeRTOS reads the counter and yields, again and again, by an interrupt of the CLINT.
        # That is a delay, too.
        counts = device.name != "CLINT"

        def read(handle: Any, offset: int, size: int, user: Any) -> int:
            if counts:
                words[READS] = 0
                self.accesses += 1
            try:
                return get(offset)
            except BaseException as error:
                self._fail(error)
                return 0

        def write(handle: Any, offset: int, size: int, value: int, user: Any) -> None:
            if counts:
                words[READS] = 0
                self.accesses += 1
            try:
                put(offset, value & 0xFFFF_FFFF)
            except BaseException as error:
                self._fail(error)

        return READ(read), WRITE(write)

    def _page_write(self, uc: Any, access: int, address: int, size: int, value: int, device: PageDevice) -> bool:
        offset, value = address - device.base & ~3, value & 0xFFFF_FFFF
        try:
            device.write(offset, value)
            # Unicorn stores the value behind this callback, even when the device has put another one there.
            if device.get(offset) != value:
                self._corrections.append((device, offset, device.get(offset)))
        except BaseException as error:
            self._fail(error)
        return True

    def _map_counter(self, hart: Hart) -> None:
        def write(handle: Any, offset: int, size: int, value: int, user: Any) -> None:
            return

        ignored, words = WRITE(write), self.clock.words
        self._keep.append(ignored)
        map_registers(hart.uc, 0, PAGE, counter(words), ignored, ctypes.addressof(words))

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        if self._running is not None:
            self._running.uc.emu_stop()

    def raise_failure(self) -> None:
        """Raise what a device raised inside a callback, where Python cannot let it through."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    # What devices ask of the chip.

    def later(self, cycles: int, device: Named, action: str, argument: int) -> None:
        """Call `device.happen(action, argument)` that many cycles from now."""
        self._serial += 1
        heapq.heappush(self._events, (self.clock.cycles + cycles, self._serial, device.name, action, argument))

    def stop(self) -> None:
        """End the run at the next chance."""
        self.stopping = True
        if self._running is not None:
            self._running.uc.emu_stop()

    def software_interrupt(self, hart: int) -> None:
        """A hart's msip was set: start the hart if it slept, or stop behind the store if it is the one that runs."""
        target = self.harts[hart]
        if not target.running:
            target.running = True
        elif target is self._running:
            target.stop_behind_store()

    def port(self, address: int) -> Any:
        """Return the device at an address of a DMA transfer."""
        for device in self.devices.values():
            if device.base <= address < device.base + device.SIZE:
                return device
        raise ValueError(f"no device at {address:#x}")

    def pins_changed(self) -> None:
        """The functions of the pins changed."""
        for pin, level in self.pin_levels.items():
            self._apply_pin(pin, level)

    def set_pin(self, pin: int, level: bool) -> None:
        """Drive a pin from outside."""
        self.pin_levels[pin] = level
        self._apply_pin(pin, level)

    def _apply_pin(self, pin: int, level: bool) -> None:
        function = self.fpioa.function(pin)
        if GPIOHS <= function < GPIOHS + 32:
            self.gpiohs.set_input(function - GPIOHS, level)
        elif GPIO <= function < GPIO + 8:
            self.gpio.set_input(function - GPIO, level)

    def output_level(self, pin: int) -> bool | None:
        """Return the level that the firmware drives on a pin, None when it drives none."""
        function = self.fpioa.function(pin)
        if GPIOHS <= function < GPIOHS + 32:
            return bool(self.gpiohs.output >> function - GPIOHS & 1)
        if GPIO <= function < GPIO + 8:
            return bool(self.gpio.registers.get(0, 0) >> function - GPIO & 1)
        return None

    def outputs_changed(self, changed: int) -> None:
        """Outputs of GPIOHS that somebody watches changed."""

    def camera_present(self) -> bool:
        """Tell whether there is a camera."""
        return self.camera is not None

    def camera_frame(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return the camera's picture now, (height, width, 3) uint8."""
        if self.camera is None:
            return np.zeros((height, width, 3), np.uint8)
        return self.camera(width, height)

    def reset(self) -> None:
        """Start the firmware again, as the chip's reset does; the parts of the board keep their power."""
        self.reset_requested = False
        self.memory.data[: len(self._code)] = self._code
        self._events.clear()
        for name, state in copy.deepcopy(self._at_reset).items():
            self.devices[name].restore(state)
        for hart in self.harts:
            hart.reset()
        self.harts[0].running = True
        self.pins_changed()

    def state(self) -> dict[str, Any]:
        """Return all of the chip but the memory: numbers, strings, bytes, lists and dictionaries."""
        return {
            "cycles": self.clock.cycles,
            "reads": self.clock.reads,
            "events": [list(event) for event in self._events],
            "serial": self._serial,
            "delay": [self.clock.delay, self._delay_start, self._delay_accesses, self.accesses],
            "unmodelled": [[*place, count] for place, count in self.unmodelled.counts.items()],
            "pins": dict(self.pin_levels),
            "harts": [hart.state() for hart in self.harts],
            "devices": {name: device.state() for name, device in self.devices.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.clock.cycles, self.clock.reads = state["cycles"], state["reads"]
        self._events = [tuple(event) for event in state["events"]]
        self._serial = state["serial"]
        self.clock.delay, self._delay_start, self._delay_accesses, self.accesses = state["delay"]
        self.unmodelled.counts.clear()
        self.unmodelled.counts.update({tuple(place): count for *place, count in state["unmodelled"]})
        self.pin_levels = dict(state["pins"])
        for device, kept in state["devices"].items():
            self.devices[device].restore(kept)
        for hart, kept in zip(self.harts, state["harts"], strict=True):
            hart.restore(kept)

    # Running.

    def run(self, cycles: int, until: Callable[[], bool] | None = None) -> bool:
        """Run for a number of cycles, or until a condition holds, which is asked once a slice.

        Returns whether the condition held.
        """
        end = self.clock.cycles + cycles
        self.stopping = False
        while self.clock.cycles < end and not self.stopping:
            self._slice()
            if self.reset_requested:
                self.restarts += 1
                self.before_restart = bytes(self.uarths.sent)
                self.reset()
                self.stopping = False
            if until is not None and until():
                return True
        return False

    def step(self, count: int) -> int:
        """Run hart 0 alone for about `count` instructions; return where it is then."""
        hart = self.harts[0]
        self._running = hart
        hart.run(count)
        self._running = None
        self.clock.cycles += count
        return hart.pc

    def pass_time(self, cycles: int) -> None:
        """Let time pass in which the firmware does nothing: at most up to the next event, which it must see."""
        self.clock.cycles += max(min(cycles, self._next_change() - self.clock.cycles), 0)

    def _slice(self) -> None:
        clock = self.clock
        start = clock.cycles
        self._happen()
        self.clint.update()
        self.uarths.feed()
        if not clock.delay:
            self._delay_start = start
        clock.delay = False
        clock.reads = 0
        for hart in self.harts:
            if hart.running and not self.stopping:
                self._running = hart
                hart.run(WAITING_SLICE if hart.idle else SLICE)
                self._running = None
        while self._corrections:
            device, offset, value = self._corrections.pop(0)
            device.set(offset, value)
        clock.cycles = max(clock.cycles, start + SLICE)
        if self.stopping:
            return
        if all(hart.idle or not hart.running for hart in self.harts):
            clock.cycles = max(clock.cycles, min(self._next_change(), start + LONGEST_JUMP))
        elif clock.delay and (self.harts[1].idle or not self.harts[1].running):
            # The longer the delay already is, the longer a step of it may be: it ends a sixteenth too late at most.
            if self._delay_accesses != self.accesses:
                self._delay_accesses, self._delay_start = self.accesses, start
            step = (clock.cycles - self._delay_start) // 16
            clock.cycles += min(max(step, SLICE), LONGEST_JUMP, max(self._next_change() - clock.cycles, 0))

    def cycles_to_next_change(self) -> int:
        """Return how long nothing can happen but what the harts do themselves."""
        return max(min(self._next_change() - self.clock.cycles, LONGEST_JUMP), 0)

    def _next_change(self) -> int:
        """Return the cycle at which something can wake harts that only wait."""
        event = self._events[0][0] if self._events else NEVER
        return min(event, self.clint.next_change(), self.uarths.next_change())

    def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.clock.cycles:
            _, _, device, action, argument = heapq.heappop(self._events)
            self.devices[device].happen(action, argument)
