"""The tests' handle on the fake board: all of its state, and what the firmware has no name for.

    bench.install()   bench.reset("minimum_with_kmodel_v4_support", config={...})
    bench.clock  bench.keys  bench.card  bench.flash  bench.camera  bench.screen  bench.kpu  bench.memory  bench.uart
    bench.fail_next("KPU.load", 2006)   bench.fail_at(name, nth, fault)   bench.heal()   bench.calls   bench.trace = []
    bench.failed  bench.hardfaults  bench.resets  bench.open_files  bench.wdt  bench.timers  bench.irqs
    bench.scheduler.errors

A call is named by its module or class and the firmware's name: "KPU.load", "sensor.snapshot",
"lcd.display", "uio.open", "uos.listdir", "file.read", "file.write", "GPIO.value", "Image.draw_string", "WDT.feed",
"maix.load_kmodel".

The engine computes for the fake KPU. bench.kpu.engine is one, or None for benchlib.engine.ScriptedEngine:
engine.load(data) -> network
    data: the file as bytes or as a SparseFile. The firmware's checks of type, size, version and memory come before.
    It may raise EngineError(code, reason); any other exception becomes code 2015 (ERR_UNKNOWN), with its text on the
    serial line.
network.version
    3 or 4
network.input_shape
    (channels, height, width), or None when the network takes floats (first layer not a convolution)
network.first_is_conv
    True when the first layer is a convolution (v4: the input lies in AI RAM)
network.outputs
    one tuple per output: (bytes, shape, typecode). The shape is (w, h, channels) or None. The typecode is 'B' for the
    raw bytes of a v3 model that ends in a convolution, else 'f' for little-endian float32.
network.grid
    (w, h, channels) of the last convolution, which is the grid of run_yolo2 for a v3 model, or None
network.layers, network.main_mem
    the number of layers, and the bytes of main memory
network.run(x) -> list of buffers, one per output, in order
    x: planes of channels * height * width bytes (a bytearray or a memoryview; do not keep it), or a list of floats.
    A result is bytes-like; for 'f' it may be a sequence of floats. It is not shorter than the output, and it is copied
    at once. run() may raise EngineError; any other exception becomes code 2008 (ERR_RUN_MODEL), with its text on the
    serial line.
network.run_ms, network.netinfo, network.input_floats, network.scripted
    optional. run_ms: milliseconds of one run, instead of bench.kpu.run_ms. netinfo: rows (type, wi, hi, wo, ho, chi,
    cho, dw, kernel_type, pool_type, para_size) for KPU.netinfo. input_floats: number of floats that the input takes.
    scripted: if true, run_yolo2 returns bench.kpu.boxes without a call of run, and x may be None.
"""

import sys

import flavours
from benchlib import planes, pool
from benchlib.card import Drive, MemoryCard, SparseFile
from benchlib.clock import Clock, Scheduler
from benchlib.errors import EngineError, HardFault, PowerCut, Reset
from benchlib.heap import SystemHeap
from benchlib.parts import Camera, Kpu, Screen, Uart
from benchlib.pins import Pins
from benchlib.wire import Wire

__all__ = ("EngineError", "HardFault", "MemoryCard", "PowerCut", "Reset", "SparseFile")

# What the first start of the firmware writes to /flash/freq.conf: CPU and PLL1 in Hz, the divider of the KPU, and the
# size of the Python heap.
FREQ_CONF = b"\x00\x84\xd7\x17\x00\x84\xd7\x17\x01\x00\x00\x00\x00\x00\x08\x00"

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
config = None  # type: object  # the content of /flash/config.json; None: there is no such file
calls = {}  # type: dict  # call name -> number of calls
failed = {}  # type: dict  # call name -> number of planned faults that happened, on all boards so far
trace = None  # a list to which every call name is appended, or None
hardfaults = []  # type: list  # reason of every HardFault since reset(), also of those that a program caught
resets = []  # type: list  # reason of every chip reset since reset()
wires = {}  # type: dict  # uart number -> Wire
i2c = {}  # type: dict  # (bus, address) -> dict of register -> value: the devices on the I2C buses
frequencies = [403, 398]  # of CPU and KPU, in MHz
board_values = {}  # type: dict  # attributes that board_info.set() stored
wdt = {}  # type: dict  # watchdog id -> armed WDT object
timers = {}  # type: dict  # (timer, channel) -> armed Timer object
irqs = keys.irqs  # GPIO id -> [callback, trigger, GPIO object]
open_files = 0  # files of the card and the flash chip that are open
cwd = "/flash"
generation = 0  # number of this board: objects of an earlier one own nothing on it
jpeg = None  # jpeg(pixels, width, height, bytes of a pixel, quality) -> bytes: compresses a picture
next_gc_heap = 0  # size in bytes after the next reset, from Maix.utils.gc_heap_size(n)
_plans = {}  # type: dict  # call name -> list of [calls to wait, fault, times]
_versions = []  # type: list  # arguments of by_version() and by_flavour()


def install() -> None:
    """Make `import utime`, uos and uio find the fakes, although MicroPython has built-in modules of these names.

    Call it before any module of the app is imported. On CPython it does nothing.
    """
    # CPython has no modules of these names, so sys.path is enough there.
    if sys.implementation.name != "micropython":
        return
    folder = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    # A built-in module wins over sys.path, but not over a module of a package, so the folder is taken as a package.
    parent, package = folder.rsplit("/", 1) if "/" in folder else (".", folder)
    sys.path.insert(0, parent)
    try:
        for name in ("utime", "uos", "uio"):
            sys.modules[name] = getattr(__import__(package + "." + name), name)
    finally:
        sys.path.remove(parent)


def reset(flavour: str = flavours.DEFAULT, config=None) -> None:
    """Power on a new board with an empty card socket and an empty flash chip.

    flavour: "full" for its newest known image, "full@v0.5.0-89" for that version (flavours.find).
    config: the content of /flash/config.json as a dict, for Maix.config. Raises ValueError for an unknown flavour.
    """
    names = globals()
    row = flavours.find(flavour)
    # The fakes read the names of this module at each call, so a new board is a new value for each name.
    names["flavour"] = row
    names["config"] = config
    names["trace"] = None
    names["open_files"] = 0
    names["cwd"] = "/flash"
    names["generation"] = generation + 1
    names["next_gc_heap"] = 0
    names["jpeg"] = None
    # Tables are emptied and not replaced, because fakes and tests may hold them.
    for table in (calls, wires, i2c, wdt, timers, board_values, _plans):
        table.clear()
    frequencies[0] = 403
    frequencies[1] = 398
    hardfaults.clear()
    resets.clear()
    for part in (scheduler, clock, keys, card, flash, camera, screen, kpu, uart):
        part.reset()
    keys.start_card(row[flavours.NAME])
    planes.exact[0] = flavours.exact_grey(row[flavours.NAME])
    flash.backend.write("freq.conf", FREQ_CONF)
    # Pins.reset() makes a new table, so its second name must follow.
    names["irqs"] = keys.irqs
    scheduler.report = _callback_failed
    memory.reset(row[flavours.FREE_KIB] * 1024)
    memory.gc_capacity = row[flavours.GC_KIB] * 1024
    for part in _versions:
        _set_by_version(*part)


def has(feature: str) -> bool:
    """Return whether this board's firmware has a feature of flavours.FEATURES or CHANGES, as flavours.CONFIG."""
    return not flavours.lacks(flavours.version_of(flavour), (feature,))


def by_version(names, name, feature, value, older=None) -> None:
    """Give a fake a name that depends on the version of the firmware, now and at every reset().

    names: the globals of the fake. value: for firmware with the feature. older: for any other, None for no such name.
    """
    _versions.append((names, name, feature, value, older))
    _set_by_version(*_versions[-1])


def by_flavour(names, name, column, value) -> None:
    """Give a fake a name that only some builds have, now and at every reset().

    names: the globals of the fake. column: of the row in flavours that says whether the build has it.
    """
    _versions.append((names, name, column, value, None))
    _set_by_version(*_versions[-1])


def _set_by_version(names, name, feature, value, older):
    names.pop(name, None)
    if not (flavour[feature] if isinstance(feature, int) else has(feature)):
        value = older
    if value:
        names[name] = value


def power_off() -> None:
    """Stop everything that happens by itself, such as watchdogs and timers. reset() powers on again."""
    clock.stop()
    wdt.clear()
    timers.clear()


def _callback_failed(error):
    uart.print("uncaught exception in a callback: %s: %s" % (type(error).__name__, error))


def reserve(*sizes: int) -> None:
    """Allocate memories of these sizes, in bytes, for the panel, the camera and pictures of exactly that size.

    It is for a small heap: the panel needs width * height * 2, a frame of the camera w * h * 2 and w * h * 3. reset()
    keeps the memories.
    """
    pool.reserve(sizes)


def enter(name):
    """Start a call of a fake: count it, run the waiting callbacks, and raise the planned fault if there is one."""
    calls[name] = calls.get(name, 0) + 1
    if trace is not None:
        trace.append(name)
    # Callbacks run before the call and not during it, as MicroPython runs them between two bytecodes.
    if scheduler.pending:
        scheduler.run()
    if _plans:
        fault = _planned_fault(name)
        if fault is not None:
            raise OSError(fault) if isinstance(fault, int) else fault


def enter_code(name):
    """Start a call as enter() does, but return a planned code instead of raising it, and 0 without one."""
    calls[name] = calls.get(name, 0) + 1
    if trace is not None:
        trace.append(name)
    if scheduler.pending:
        scheduler.run()
    if _plans:
        fault = _planned_fault(name)
        if isinstance(fault, int):
            return fault
        if fault is not None:
            raise fault
    return 0


def block(ms: int) -> None:
    """Let `ms` milliseconds pass inside a C function: callbacks wait until it returns."""
    clock.advance(ms, True)


def hard_fault(reason: str) -> None:
    """Note the reason in bench.hardfaults and raise HardFault."""
    hardfaults.append(reason)
    uart.print("core dump: " + reason)
    raise HardFault(reason)


def chip_reset(reason: str) -> None:
    """Note the reason in bench.resets and raise Reset."""
    resets.append(reason)
    raise Reset(reason)


def fail_next(name: str, fault, times=1) -> None:
    """Let the next `times` calls of `name` fail; None: all of them until heal().

    fault: an exception or its class, or a number: for KPU.* a code of the library, for others the number of an OSError.
    """
    _plans.setdefault(name, []).append([0, fault, times])


def fail_at(name: str, nth: int, fault) -> None:
    """Let the nth call of `name` from now (1 = the next) fail once, with a fault as in fail_next()."""
    _plans.setdefault(name, []).append([nth - 1, fault, 1])


def heal(name=None) -> None:
    """Forget the planned faults of one call, or of all."""
    if name is None:
        _plans.clear()
    else:
        _plans.pop(name, None)


def _planned_fault(name):
    plans = _plans.get(name)
    if not plans:
        return None
    fault = None
    # Every waiting plan counts this call, also when another plan makes it fail.
    for plan in list(plans):
        if plan[0] > 0:
            plan[0] -= 1
        elif fault is None:
            fault = plan[1]
            if plan[2] is not None:
                plan[2] -= 1
                if plan[2] <= 0:
                    plans.remove(plan)
    if not plans:
        del _plans[name]
    if fault is not None:
        failed[name] = failed.get(name, 0) + 1
    # Each use of a class makes a new object: one that is raised twice would have the traceback of the first time.
    if isinstance(fault, type):
        return fault()
    return fault


def wire(number: int):
    """Return the far end of UART number 0 to 2 (UART1 to UART3) or 4 (UARTHS, the line of the REPL)."""
    if number not in wires:
        wires[number] = Wire(clock)
        if number == 4:
            uart.wire = wires[number]
    return wires[number]


def timed_wire(number: int):
    """As wire(), but bytes take their time on the line. Call it before the board sets the UART up."""
    if not wire(number).timed:
        from benchlib.timed_wire import TimedWire

        wires[number] = TimedWire(clock)
    return wires[number]


def _print_exception(error, file=None) -> None:
    lines = __import__("traceback").format_exception(error)
    (file.write if file else uart.print)("".join(lines))


if not hasattr(sys, "print_exception"):
    setattr(sys, "print_exception", _print_exception)  # noqa: B010  the firmware has it, CPython does not

reset()
