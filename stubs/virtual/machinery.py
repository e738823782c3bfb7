"""The firmware of the virtual board: boot, start of the programs of the card, and REPL."""

import json
import sys

import bench
import flavours
from benchlib.pins import Pins

from virtual import repl, wire
from virtual.clock import RealClock
from virtual.files import Folder

SOFT, SOFT_RAW, RESET = 42, 43, 44
HEAP_TOP = 0x80600000
WELCOME = """try:
    import lcd
    lcd.init()
    lcd.clear(lcd.RED)
    lcd.draw_string(lcd.width() // 2 - 68, lcd.height() // 2 - 4, "Welcome to MaixPy", lcd.WHITE, lcd.RED)
except Exception as e:
    print(e)
"""


class _Micropython:
    """The module micropython of the board: its keyboard interrupt comes from the serial line."""

    def __init__(self, own):
        for name in (
            "const",
            "heap_lock",
            "heap_unlock",
            "mem_info",
            "opt_level",
            "qstr_info",
            "schedule",
            "stack_use",
        ):
            setattr(self, name, getattr(own, name))
        for name in ("mem_current", "mem_peak", "mem_total"):
            setattr(self, name, getattr(own, name))
        self.__name__ = "micropython"

    def kbd_intr(self, _char: int) -> None:
        wire.ask(wire.INTERRUPT, _char)

    def alloc_emergency_exception_buf(self, _size: int) -> None:
        """Accept a size; it has no effect."""


def run(system, system_time, opener, builtins, options) -> int:
    """Boot and serve the REPL until a reset. Returns the exit code of this interpreter.

    system, system_time, opener, builtins: the os module, the time module, open() and the builtins of the interpreter.
    options: (card, chip, flavour, cause, mode, space, readonly), as in start.py.
    """
    card, chip, flavour, cause, mode, space, readonly = options
    install(system, system_time, opener, builtins)
    # Clock and pins are replaced before the reset, because what the reset starts must count real time.
    bench.clock = bench.keys = None  # those of the bench do not move by themselves
    bench.clock = RealClock(bench.scheduler, system_time)
    bench.keys = Pins(bench.clock, bench.scheduler)
    flash = Folder(system, opener, "/flash", flat=True)
    bench.reset(flavour, _read_config(flash))
    bench.flash.insert(flash)
    if chip:
        for row in system.ilistdir("/chip"):
            with opener("/chip/" + row[0], "rb") as file:
                bench.kpu.flash[int(row[0], 16)] = file.read()
        system.umount("/chip")  # no folder of the board
    if card:
        bench.card.insert(Folder(system, opener, "/sd", space=space, readonly=readonly == "1"))
    bench.uart.echo = builtins.print
    # A serial port shows no pixels, and painting would make the board slower than a real one.
    bench.screen.capture = bench.screen.draw = False
    bench.screen.on_show = _move_results
    # _boot.py leaves what it imported.
    names = {"__name__": "__main__", "os": sys.modules["os"], "sys": sys, "time": sys.modules["time"]}
    names["exec"] = exec_of_v1_11(names)
    session = repl.Session(names, mode)
    try:
        _boot(system, session, cause)
        session.run()
    except bench.Reset:
        return RESET
    wire.write(b"[MaixPy]: soft reboot\r\n")
    return SOFT_RAW if session.mode == repl.RAW else SOFT


def install(system, system_time, opener, builtins):
    """Put the modules, open() and print() of the firmware in place of the interpreter's."""
    bench.install()
    machine = __import__("machine")
    from virtual.uart import UART

    setattr(machine, "UART", UART)  # noqa: B010  that of the bench has no serial line
    uio = sys.modules["uio"]
    for name, module in (
        ("os", sys.modules["uos"]),
        ("time", sys.modules["utime"]),
        ("machine", machine),
        ("umachine", machine),
        ("micropython", _Micropython(__import__("micropython"))),
    ):
        sys.modules[name] = module
    builtins.open = uio.open
    builtins.print = _print_with_poll(builtins.print)
    builtins.__import__ = _import_of_v1_11(
        builtins.__import__, [row[0].split(".")[0] for row in system.ilistdir("/stubs")]
    )


def _import_of_v1_11(own, fakes):
    """Return __import__() for which a fake is built in: no file of the card is found in its place (builtinimport.c).

    fakes: the names of the fakes, which are not in sys.path.
    """

    def find(name, *more):
        head = name.split(".")[0]
        if head not in fakes or head in sys.modules:
            return own(name, *more)
        path = sys.path[:]
        sys.path[:] = ["/stubs"]
        try:
            return own(name, *more)
        finally:
            sys.path[:] = path

    return find


def _read_config(flash):
    """Return the content of /flash/config.json, None without one that is JSON (Maix_config.c)."""
    try:
        return json.loads(flash.read("config.json"))
    except (OSError, ValueError):
        return None


def _print_with_poll(own):
    def print(*words, **options):
        wire.poll()
        own(*words, **options)

    return print


def exec_of_v1_11(own):
    """Return exec() of v1.11, which accepts text and bytes but no bytearray (py/builtinevex.c).

    own: the names of __main__.
    """

    def run(code, names=None, inner=None):
        if isinstance(code, bytearray):
            raise TypeError("can't convert 'bytearray' object to str implicitly")
        names = own if names is None else names
        exec(code, names, names if inner is None else inner)

    return run


def _move_results():
    """Move the results of the scripted networks over the picture, a step for each frame."""
    step = bench.screen.shows % 160
    x = 40 + (step if step < 80 else 160 - step)
    bench.kpu.boxes[:] = [(x, 60, 80, 80, 0, 0.80 + step / 1000)]
    bench.kpu.scores[:] = [0.1 + step / 200, 0.9 - step / 200]


def _boot(system, session, cause):
    row = bench.flavour
    # The start of the chip prints these lines; a soft reset starts the interpreter only (maixpy_main.c).
    if cause != "soft":
        print("\n[MAIXPY] Pll0:freq:806000000")
        print("[MAIXPY] Pll1:freq:398666666")
        print("[MAIXPY] Pll2:freq:45066666")
        print("[MAIXPY] cpu:freq:403000000")
        print("[MAIXPY] kpu:freq:398666666")
        print("[MAIXPY] Flash:0xc8:0x17")
    used = HEAP_TOP - row[flavours.BANNER_KIB] * 1024
    size = row[flavours.GC_KIB] * 1024
    print("[MaixPy] gc heap=0x%x-0x%x(%d)" % (used - size, used, size))
    try:
        bench.flash.stat("freq.conf")
    except OSError:
        bench.flash.backend.write("freq.conf", bench.FREQ_CONF)
    # With a card its main.py runs, and not that of the flash chip.
    folder = "/sd" if bench.card.mounted else "/flash"
    # The card is not in it; its modules are found because it is the current directory.
    sys.path[:] = ["", ".", "/flash"]
    system.chdir(folder)
    bench.cwd = folder
    print("[MaixPy] init end")
    # This comes before any file of the card, so that Ctrl-C gets past a boot.py that hangs.
    if not _wait_for_ctrl_c(session):
        return
    drive = bench.card if folder == "/sd" else bench.flash
    if row[flavours.NAME] == "m5stickv":
        # The _boot.py of this build runs boot.py with exec and ends with sys.exit(), and
        # maixpy_main.c then runs no file.
        session.names["dirList"] = [entry[0] for entry in drive.backend.listdir("")]
        _program(session, drive if "boot.py" in session.names["dirList"] else bench.flash, "boot.py")
        return
    try:
        drive.stat("main.py")
    # _boot.py writes a welcome if main.py is missing. A card that is read-only boots too.
    except OSError:
        try:
            drive.backend.write("main.py", WELCOME.encode())
        except OSError as error:
            print(error)
    _copy_cover_files()
    _program(session, drive, "boot.py")
    # In raw mode a program on the PC uses the line, so main.py does not run (maixpy_main.c).
    if session.mode == repl.FRIENDLY:
        _program(session, drive, "main.py")


def _wait_for_ctrl_c(session):
    """Wait 200 ms, in which Ctrl-C leads to the REPL. Returns False when it came."""
    try:
        wire.ask_until_done(wire.MODE, 1)
        wire.ask(wire.INTERRUPT, 3)
        for _ in range(200):
            bench.clock.advance(1)
        return True
    except KeyboardInterrupt:
        print('Traceback (most recent call last):\n  File "_boot.py", line 37, in <module>\nKeyboardInterrupt: ')
        return False
    finally:
        wire.ask_until_done(wire.INTERRUPT, -1)
        wire.ask_until_done(wire.MODE, 0)


def _copy_cover_files():
    """Copy cover.boot.py and cover.main.py of the card to the flash chip if they differ, and restart the chip."""
    if not bench.card.mounted:
        return
    changed = False
    for name in ("boot.py", "main.py"):
        try:
            new = bytes(bench.card.backend.read("cover." + name))
        # The card need not have the file; a file that is missing in flash counts as different.
        except OSError:
            continue
        try:
            old = bytes(bench.flash.backend.read(name))
        except OSError:
            old = None
        if new != old:
            bench.flash.backend.write(name, new)
            changed = True
    if changed:
        bench.chip_reset("cover files")


def _program(session, drive, name):
    try:
        text = drive.backend.read(name)
    except OSError:
        return
    session.execute(bytes(text), "exec")
