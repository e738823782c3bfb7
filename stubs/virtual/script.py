"""Runs one script on the fakes without a boot: the program at the other end of the line has camera, panel and KPU.

What lies outside the board comes as a document, with the options and as the answer to each TURN:
{"pins": [[pin, level], ...], "camera": is it connected?, "card": is it inserted?, "bytes_per_ms": speed of the card}.
"""

import array
import sys
from json import loads
from struct import pack

import bench
from benchlib.clock import Clock

from virtual import machinery, repl, wire
from virtual.files import Folder

ENDED, RAISED, OVER, RESET, CRASHED = range(5)
"""How a script ends; the first byte of its last request."""


FOREIGN = (
    "_asyncio", "_thread", "argparse", "asyncio", "cryptolib", "deflate", "framebuf", "mip", "platform", "requests",
    "select", "socket", "ssl", "termios", "tls", "uctypes", "vfs", "websocket",
)  # fmt: skip
"""Modules of the interpreter that are no fakes: they lack what the firmware's have, or reach the PC and its network."""


class Over(BaseException):
    """The time of the run is over. No `except Exception` of a script catches it."""


class LimitedClock(Clock):
    """The clock of the bench, which moves only when told. It ends the run at a time.

    end: in ms.
    turn: after so many ms the program on the PC is asked to let the script go on; 0 for never.
    """

    def __init__(self, scheduler, end, turn):
        super().__init__(scheduler)
        self._end = end
        self._turn = turn
        self._due = turn

    def advance(self, ms: int, blocking: bool = False) -> None:
        # The rest of a long wait is not waited for: a callback of a timer must not run behind the end either.
        until = min(self.now + ms, self._end)
        # Inside a C function callbacks wait for its end, so it is one piece.
        while self._turn and self._due < until and not blocking:
            super().advance(self._due - self.now)
            self._ask()
        super().advance(max(until - self.now, 0), blocking)
        self._ask()
        # The exception comes again at each call, because a script with a bare `except` goes on.
        if self.now >= self._end:
            raise Over

    def _ask(self):
        if self._turn and self.now >= self._due:
            self._due = self.now + self._turn
            _set_outside(loads(wire.ask_large(wire.TURN, pack("<I", self.now))[1]))


class PolledPins(machinery.Pins):
    """Pins on which a program can wait: their reads cost time as those of the clock do."""

    def gpio_level(self, number: int) -> int:
        self._clock.read()
        return super().gpio_level(number)


class RemoteNetwork:
    """A model that the program on the PC computes, in the form of benchlib.engine.

    number: its handle there. facts: what is known about it.
    """

    def __init__(self, number, facts):
        self._number = number
        self.version = facts["version"]
        self.input_shape = facts["input_shape"] and tuple(facts["input_shape"])
        self.first_is_conv = facts["first_is_conv"]
        self.outputs = [(size, shape and tuple(shape), code) for size, shape, code in facts["outputs"]]
        self.grid = facts["grid"] and tuple(facts["grid"])
        self.layers = facts["layers"]
        self.main_mem = facts["main_mem"]
        self.run_ms = facts["run_ms"]
        self.netinfo = [tuple(row) for row in facts["netinfo"]]

    def run(self, x):
        """Return one buffer per output."""
        is_planes = isinstance(x, (bytes, bytearray, memoryview))
        data = bytes(x) if is_planes else bytes(memoryview(array.array("f", x)))
        number, results = wire.ask_large(wire.RUN, pack("<HB", self._number, not is_planes) + data)
        if number:
            raise bench.EngineError(number, str(results, "utf-8"))
        buffers = []
        at = 0
        for size, _, code in self.outputs:
            part = results[at : at + size]
            buffers.append(bytearray(part) if code == "B" else array.array("f", part))
            at += size
        return buffers


class RemoteEngine:
    """The engine of the fake KPU: the arithmetic is that of the program on the PC."""

    needs_pixels = True

    def load(self, data):
        """Return the network of a file. Raises EngineError."""
        if isinstance(data, bench.SparseFile):
            data = data.head
        number, answer = wire.ask_large(wire.LOAD, bytes(data))
        if number < 0:
            raise bench.EngineError(-number, str(answer, "utf-8"))
        return RemoteNetwork(number, loads(answer))


def run(system, system_time, opener, builtins, flavour) -> int:
    """Run the script that the line gives. Returns the exit code of this interpreter.

    system, system_time, opener, builtins: the os module, the time module, open() and the builtins of the interpreter.
    """
    options = loads(wire.ask_large(wire.OPTIONS)[1])
    source = wire.ask_large(wire.SOURCE)[1]
    machinery.install(system, system_time, opener, builtins)
    bench.clock = bench.keys = None  # those of the bench have no end
    bench.clock = LimitedClock(bench.scheduler, options["ms"], options["turn"])
    bench.keys = PolledPins(bench.clock, bench.scheduler)
    bench.reset(flavour, options["config"])
    bench.flash.insert(Folder(system, opener, "/flash", flat=True))
    bench.card.backend = Folder(system, opener, "/sd")
    _set_outside(options["outside"])
    bench.card.mount()
    bench.uart.echo = builtins.print
    bench.camera.source = _camera
    bench.screen.on_show = _show
    bench.kpu.engine = RemoteEngine()
    for address in options["flash"]:
        bench.kpu.flash[address] = wire.ask_large(wire.FLASH, str(address).encode())[1]
    folder = "/sd" if bench.card.mounted else "/flash"
    sys.path[:] = ["", "."] + (["/sd"] if bench.card.mounted else []) + ["/flash", "/stubs"]
    system.chdir(folder)
    bench.cwd = folder
    builtins.__import__ = _guarded(builtins.__import__)
    # _boot.py of the firmware leaves these names to every program.
    names = {"__name__": "__main__", "sys": sys, "os": sys.modules["uos"], "time": sys.modules["utime"]}
    names["exec"] = machinery.exec_of_v1_11(names)
    how, text = _execute(source, names)
    wire.ask_large(wire.END, bytes([how]) + pack("<I", bench.clock.now) + text.encode())
    return 0


def _set_outside(outside):
    """Set what lies outside the board."""
    for pin, level in outside["pins"]:
        bench.keys.set(pin, level)
    bench.camera.connected = outside["camera"]
    bench.card.bytes_per_ms = outside["bytes_per_ms"]
    if outside["card"] != bench.card.inserted:
        if outside["card"]:
            bench.card.insert(mount=False)
        else:
            bench.card.eject()


def _execute(source, names):
    """Run the text of a program. Returns how it ended and its traceback or reason."""
    try:
        exec(compile(source, "<stdin>", "exec"), names)
    except (Over, SystemExit) as error:
        return (OVER if isinstance(error, Over) else ENDED, "")
    except bench.Reset as error:
        return (RESET, str(error.args[0]))
    except bench.HardFault as error:
        return (CRASHED, str(error.args[0]))
    except wire.Gone:
        raise
    except BaseException as error:
        return (RAISED, repl.report(error))
    return (ENDED, "")


def _guarded(own):
    """Return an __import__ that refuses the modules of the interpreter that are no fakes."""

    def load(name, *others):
        first = name.split(".")[0]
        if first in FOREIGN or (first[:1] == "u" and first[1:] in FOREIGN):
            raise ImportError("no module named '%s'" % name)
        return own(name, *others)

    return load


class _View:
    """What bench.camera.source is: asks the program on the PC for a part of its picture."""

    def grab(self, x, y, w, h, frame_w, frame_h, gray):
        place = pack("<IHHHHHHB", bench.clock.now, x, y, w, h, frame_w, frame_h, bool(gray))
        size, data = wire.ask_large(wire.CAMERA, place)
        return (data[:size], data[size:])


_camera = _View()


def _show():
    screen = bench.screen
    if screen.pixels is not None:
        size = pack("<IHH", bench.clock.now, screen.width, screen.height)
        wire.ask_large(wire.PANEL, size + bytes(screen.pixels))
