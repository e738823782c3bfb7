"""The test's handle on the fake board. Everything that is not a firmware name is here; every state lives here.

    bench.install()   bench.reset("minimum_with_kmodel_v4_support", config={...})
    bench.clock  bench.keys  bench.card  bench.flash  bench.camera  bench.screen  bench.kpu  bench.memory  bench.uart
    bench.fail_next("KPU.load", 2006)   bench.fail_at(name, nth, what)   bench.heal()   bench.calls   bench.trace = []
    bench.failed  bench.hardfaults  bench.resets  bench.open_files  bench.wdt  bench.timers  bench.irqs
    bench.scheduler.errors

Names of calls: "KPU.load", "sensor.snapshot", "lcd.display", "uio.open", "uos.listdir", "file.read", "file.write",
"GPIO.value", "Image.draw_string", "WDT.feed", "maix.load_kmodel": module or class, then the firmware's name.

Engine protocol: what stands behind the fake KPU (bench.kpu.engine; None = benchlib.engine.ScriptedEngine).
engine.load(data) -> network
    data: the file as bytes (SparseFile for synthetic ones). Called after the firmware's own checks of type, size,
    version and memory. May raise EngineError(code, reason); any other exception becomes 2015 (ERR_UNKNOWN), with its
    text on the uart.
network.version
    3 or 4
network.input_shape
    (channels, height, width), or None when the network takes floats (first layer not a convolution)
network.first_is_conv
    True when the first layer is a convolution (v4: the input lies in AI RAM)
network.outputs
    one tuple per output: (bytes, shape, typecode); shape (w, h, channels) or None; typecode 'B' (v3, last layer a
    convolution: raw bytes) or 'f' (little-endian float32; v4: always)
network.grid
    (w, h, channels) of the last convolution, or None: what run_yolo2 of a v3 model takes as its grid
network.layers, network.main_mem
    number of layers or nodes; bytes
network.run(x) -> list of buffers, one per output, in order
    x: planar 8-bit input of channels*height*width bytes (bytearray or memoryview, do not keep it), or a list of
    floats. For 'B' a bytes-like; for 'f' a bytes-like of float32 or a sequence of floats; never shorter than the
    output. They are copied at once. May raise EngineError; any other exception becomes 2008 (ERR_RUN_MODEL), with its
    text on the uart.
network.run_ms, network.netinfo, network.input_floats, network.scripted
    optional: milliseconds of one run instead of bench.kpu.run_ms; rows (type, wi, hi, wo, ho, chi, cho, dw,
    kernel_type, pool_type, para_size) for kpu.netinfo; how many floats a float input takes; True: run_yolo2 answers
    with bench.kpu.boxes and never calls run, x may be None
"""

import sys

import flavours
from benchlib import pool
from benchlib.card import Drive, MemoryCard, SparseFile
from benchlib.clock import Clock, Scheduler
from benchlib.errors import EngineError, HardFault, PowerCut, Reset
from benchlib.heap import SystemHeap
from benchlib.parts import Camera, Kpu, Screen, Uart, Wire
from benchlib.pins import Pins

__all__ = ("EngineError", "HardFault", "MemoryCard", "PowerCut", "Reset", "SparseFile")

scheduler = Scheduler()
clock = Clock(scheduler)
keys = Pins(clock, scheduler)
card = Drive("sd", False)
flash = Drive("flash", True)
camera = Camera()
screen = Screen()
kpu = Kpu()
memory = SystemHeap()
uart = Uart()

flavour = flavours.find(flavours.DEFAULT)
config = None  # type: object  # what /flash/config.json holds; None: there is no such file
calls = {}  # type: dict  # call name -> how often
failed = {}  # type: dict  # call name -> planned faults that happened, on all boards so far
trace = None  # a list here gets every call name
hardfaults = []  # type: list  # reasons of every HardFault since reset, even of those that somebody swallowed
resets = []  # type: list  # reasons of every chip reset since reset
wires = {}  # type: dict  # uart number -> Wire
i2c = {}  # type: dict  # (bus, address) -> dict register -> value: devices on the I2C buses
frequencies = [400, 400]  # CPU and KPU MHz
board_values = {}  # type: dict  # what board_info.set() wrote
wdt = {}  # type: dict  # watchdog id -> armed WDT object
timers = {}  # type: dict  # (timer, channel) -> armed Timer object
irqs = keys.irqs  # GPIO id -> what is armed
open_files = 0  # of the card and the flash, opened and not closed
cwd = "/flash"
generation = 0  # counts the boards: objects of an earlier one own nothing on this one
next_gc_heap = 0  # Maix.utils.gc_heap_size(n): size after the next reset
_plans = {}  # type: dict  # call name -> list of [calls to wait, what, times]
_versions = []  # type: list  # arguments of by_version()


def install() -> None:
    """Make `import utime` and friends find the fakes; needed on MicroPython, where those names are built in.

    Call it before any module of the app is imported. Harmless where the folder of this file leads sys.path.
    """
    # CPython has no such names, so the path decides there and nothing must be replaced.
    if sys.implementation.name != "micropython":
        return
    folder = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    # Built-in names win over the path. As parts of a package the fakes have other names and can be found.
    parent, package = folder.rsplit("/", 1) if "/" in folder else (".", folder)
    sys.path.insert(0, parent)
    try:
        for name in ("utime", "uos", "uio"):
            sys.modules[name] = getattr(__import__(package + "." + name), name)
    finally:
        sys.path.remove(parent)


def reset(flavour: str = flavours.DEFAULT, config=None) -> None:
    """Power on a fresh board of that flavour: empty card socket, empty flash, every fake back to its state at boot.

    `flavour`: "full" means its newest known image, "full@v0.5.0-89" that version (flavours.find). `config`: the dict
    that Maix.config serves, as from /flash/config.json. ValueError for an unknown flavour.
    """
    here = globals()
    row = flavours.find(flavour)
    # The fakes hold this module and read its names late, so a new board is new values under the same names.
    here["flavour"] = row
    here["config"] = config
    here["trace"] = None
    here["open_files"] = 0
    here["cwd"] = "/flash"
    here["generation"] = generation + 1
    here["next_gc_heap"] = 0
    # Tables are emptied, not replaced: fakes and tests may hold them.
    for table in (calls, wires, i2c, wdt, timers, board_values, _plans):
        table.clear()
    frequencies[0] = frequencies[1] = 400
    hardfaults.clear()
    resets.clear()
    for part in (scheduler, clock, keys, card, flash, camera, screen, kpu, uart):
        part.reset()
    # Pins.reset() makes a new table, so the second name for it has to follow.
    here["irqs"] = keys.irqs
    scheduler.report = _callback_failed
    memory.reset(row[flavours.FREE_KIB] * 1024)
    memory.gc_capacity = row[flavours.GC_KIB] * 1024
    for part in _versions:
        _fit(*part)


def has(feature: str) -> bool:
    """Return whether the firmware that runs has one of flavours.FEATURES, such as flavours.CONFIG."""
    return not flavours.lacks(flavours.version_of(flavour), (feature,))


def by_version(names, name, feature, value, older=None) -> None:
    """Put value into a fake's globals, now and at every power-on; without the feature `older`, None for nothing."""
    _versions.append((names, name, feature, value, older))
    _fit(*_versions[-1])


def _fit(names, name, feature, value, older):
    names.pop(name, None)
    if not has(feature):
        value = older
    if value:
        names[name] = value


def power_off() -> None:
    """Stop what would go on by itself, watchdogs and timers among it; reset() is power-on."""
    clock.stop()
    wdt.clear()
    timers.clear()


def _callback_failed(error):
    uart.print("uncaught exception in a callback: %s: %s" % (type(error).__name__, error))


def reserve(*sizes: int) -> None:
    """Make pixel memories of these sizes (bytes) now; panel, camera and pictures take them when they fit exactly.

    For a small heap: the panel needs width*height*2, a camera frame w*h*2 and w*h*3. bench.reset() keeps them.
    """
    pool.reserve(sizes)


def enter(name):
    """Every fake call passes here first: counts, logs, runs waiting callbacks, raises what was planned."""
    calls[name] = calls.get(name, 0) + 1
    if trace is not None:
        trace.append(name)
    # Callbacks run before the call and not inside it, as MicroPython runs them between two bytecodes.
    if scheduler.pending:
        scheduler.run()
    if _plans:
        what = _due(name)
        if what is not None:
            raise OSError(what) if isinstance(what, int) else what


def enter_code(name):
    """As enter(), for calls that turn a planned code into an error of their own: 0 or the code."""
    calls[name] = calls.get(name, 0) + 1
    if trace is not None:
        trace.append(name)
    if scheduler.pending:
        scheduler.run()
    if _plans:
        what = _due(name)
        if isinstance(what, int):
            return what
        if what is not None:
            raise what
    return 0


def block(ms: int) -> None:
    """Let time pass inside a C function: interrupts queue up, their callbacks run when it returns."""
    clock.advance(ms, True)


def hard_fault(reason: str) -> None:
    """Note and raise a HardFault."""
    hardfaults.append(reason)
    uart.print("core dump: " + reason)
    raise HardFault(reason)


def chip_reset(reason: str) -> None:
    """Note and raise a Reset."""
    resets.append(reason)
    raise Reset(reason)


def fail_next(name: str, what, times=1) -> None:
    """Let the next `times` calls of `name` fail with `what`; times=None: until heal().

    `what`: an exception, an exception class, or an int: for KPU.* the library's code (2006), else OSError(int).
    """
    _plans.setdefault(name, []).append([0, what, times])


def fail_at(name: str, nth: int, what) -> None:
    """Let the nth call of `name` from now (1 = the next) fail once."""
    _plans.setdefault(name, []).append([nth - 1, what, 1])


def heal(name=None) -> None:
    """Forget planned faults, of one call or of all."""
    if name is None:
        _plans.clear()
    else:
        _plans.pop(name, None)


def _due(name):
    plans = _plans.get(name)
    if not plans:
        return None
    effect = None
    # Each plan that waits counts this call, even when another one strikes: "the nth call" means calls, not free ones.
    for plan in list(plans):
        if plan[0] > 0:
            plan[0] -= 1
        elif effect is None:
            effect = plan[1]
            if plan[2] is not None:
                plan[2] -= 1
                if plan[2] <= 0:
                    plans.remove(plan)
    if not plans:
        del _plans[name]
    if effect is not None:
        failed[name] = failed.get(name, 0) + 1
    # A class is instantiated at each use: one exception object raised twice would carry the first traceback.
    if isinstance(effect, type):
        return effect()
    return effect


def wire(number: int):
    """Return the far end of UART number 0..2 (UART1..3) or 4 (UARTHS, the REPL)."""
    if number not in wires:
        wires[number] = Wire()
        if number == 4:
            uart.wire = wires[number]
    return wires[number]


def _print_exception(error, file=None) -> None:
    lines = __import__("traceback").format_exception(error)
    (file.write if file else uart.print)("".join(lines))


if not hasattr(sys, "print_exception"):
    setattr(sys, "print_exception", _print_exception)  # noqa: B010  the firmware has it, CPython does not

reset()
