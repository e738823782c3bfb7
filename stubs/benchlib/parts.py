"""Camera, panel, KPU and serial line as the bench sees them: state, switches and logs; the rules are in the fakes."""

import sys

from benchlib.planes import components
from benchlib.pool import take

ON_CPYTHON = sys.implementation.name == "cpython"
LOG_LINES = 2000 if ON_CPYTHON else 40
LEDGER_LINES = 20000 if ON_CPYTHON else 60


class Uart:
    """What is printed on the serial line, newest last; `echo` = a callable that gets every line.

    `wire`: the far end of that line, once somebody writes to it as UARTHS: a print comes between two writes.
    """

    def __init__(self):
        self.lines = []
        self.echo = self.wire = None

    def reset(self):
        self.lines.clear()
        self.echo = self.wire = None

    def print(self, text: str) -> None:
        """Take text from the firmware, split into lines without their ends."""
        lines = self.lines
        for line in text.replace("\r", "").split("\n"):
            if line:
                lines.append(line)
                if self.echo:
                    self.echo(line)
                if self.wire:
                    self.wire.tx.extend(line.encode() + b"\r\n")
        # Half of the log goes at once, so that a long run does not copy it at each line.
        if len(lines) > LOG_LINES:
            del_to = len(lines) - LOG_LINES // 2
            kept = lines[del_to:]
            lines.clear()
            lines.extend(kept)

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        return self.lines[index]

    def __contains__(self, text):
        for line in self.lines:
            if text in line:
                return True
        return False


class Camera:
    """The lens side: is there a camera, what does it see; below it the state of the driver (sensor.c)."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.connected = True
        self.period_ms = 33
        self.name = "ov2640"
        self.chip = 0x2642
        self.source = None  # None: a flat picture, and no memory is spent on it until somebody looks
        self.has_flips = True  # set_hmirror, set_vflip work
        # driver state
        self.known = False  # a sensor.reset() found the camera once
        self.reset_set = False
        self.size_set = False
        self.pixformat = 0
        self.framesize = 0
        self.dual = False
        self.hmirror = False
        self.vflip = False
        self.running = False
        self.window = (0, 0, 0, 0)  # x, y, w, h inside the frame
        self.fb_size = (0, 0)  # what MAIN_FB remembers: after windowing the window
        self.max_size = (0, 0)  # the frame
        self.blocks = []  # system heap blocks, two per buffer
        self.buffers = ()  # frame buffers of the pictures
        self.current = 0
        self.frames = 0


class Screen:
    """The glass: `pixels` are RGB565, high byte first, width x height after rotation; None until something was
    shown."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fitted = True  # a panel is wired to the board
        self.connected = True  # the same word for tests that unplug it later
        self.capture = True  # False: display() counts and copies nothing
        self.draw = True  # False: draw_*() check their arguments and paint nothing
        self.show_ms = 8  # an estimate for 320x240 over 8 bits
        self.on_show = None  # called after every display()
        self.shows = 0
        self.pixels = None
        # driver state
        self.type = 0
        self.width = 0
        self.height = 0
        self.para_width = 0  # of the panel, before rotation; stays after deinit as in py_lcd.c
        self.para_height = 0
        self.rotation = 0
        self.mirror = False
        self.invert = 0
        self.bgr = False
        self.direction = 0xA0
        self.freq = 0
        self.lcd_type = 0
        self.offsets = (0, 0, 0, 0)
        self.pins = {}
        self.registers = []
        self.block = None  # the driver's buffer
        self.ready = False  # the driver's pointer is set

    def canvas(self) -> bytearray:
        """Return the pixel memory, made on first use."""
        if self.pixels is None or len(self.pixels) != self.width * self.height * 2:
            self.pixels = take(self.width * self.height * 2)
        return self.pixels

    def get(self, x: int, y: int):
        """Return (r, g, b), 8 bits each, of one pixel of the glass."""
        at = (y * self.width + x) * 2
        pixels = self.canvas()
        return components(pixels[at] | pixels[at + 1] << 8)


class Kpu:
    """Who is loaded, what was asked of the KPU, and what the scripted engine answers."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.engine = None  # None: the scripted engine
        self.boxes = []  # (x, y, w, h, classid, value) for the scripted engine's yolo2
        self.scores = []  # floats for the scripted engine's outputs
        self.run_ms = 40
        self.ledger = []  # ("load", id, path) ("load_failed", code, path) ("run", id) ("deinit", id) ("finalised", id)
        self.runs = 0
        self.loads = 0
        self.slots = [None] * 5
        self.dropped = []  # models whose task object is gone without deinit; freed at the next collection
        self.next_id = 1
        self.canmv = []  # loaded objects of the CanMV api
        self.leaked = []  # (name, bytes): heap that the firmware itself loses
        self.flash = {}  # flash address -> bytes, for kpu.load(address)

    @property
    def live(self):
        """Ids of the tasks that hold a model now."""
        return [model.id for model in self.slots if model is not None] + [task.id for task in self.canmv]

    def note(self, entry) -> None:
        """Enter a fact; the same run again and again is entered once."""
        ledger = self.ledger
        # The same object, not an equal one: a model has one run entry, and a loop of frames must not fill the ledger.
        if ledger and ledger[-1] is entry:
            return
        ledger.append(entry)
        if len(ledger) > LEDGER_LINES:
            kept = ledger[len(ledger) - LEDGER_LINES // 2 :]
            ledger.clear()
            ledger.extend(kept)

    def check(self) -> None:
        """Raise AssertionError when a task still holds a model."""
        held = ["task %d (%s)" % (model.id, model.where) for model in self.slots if model is not None]
        held += ["CanMV task %d (%s)" % (task.id, task.where) for task in self.canmv]
        if held:
            raise AssertionError("loaded and never released: " + ", ".join(held))


class Wire:
    """The far end of a UART: put bytes into `rx` for the board to read, find what it wrote in `tx`."""

    def __init__(self):
        self.rx = bytearray()
        self.tx = bytearray()
