"""State of the camera, the panel, the KPU and the serial line; the rules are in the fakes."""

import sys

from benchlib.planes import components
from benchlib.pool import take

ON_CPYTHON = sys.implementation.name == "cpython"
LOG_LINES = 2000 if ON_CPYTHON else 40
LEDGER_LINES = 20000 if ON_CPYTHON else 60


class Uart:
    """The lines that were printed on the serial line, newest last.

    echo: a function that gets every line, or None. wire: the far end of the line, once a test asked for it; it gets
    the lines between the writes of UARTHS.
    """

    def __init__(self):
        self.lines = []
        self.echo = self.wire = None

    def reset(self):
        self.lines.clear()
        self.echo = self.wire = None

    def print(self, text: str) -> None:
        """Append the lines of a text; empty lines are dropped."""
        lines = self.lines
        for line in text.replace("\r", "").split("\n"):
            if line:
                lines.append(line)
                if self.echo:
                    self.echo(line)
                if self.wire:
                    self.wire.tx.extend(line.encode() + b"\r\n")
        # Half of the log is dropped at once, so that a long run does not copy it for each line.
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
    """The camera and what it sees, and the state of its driver (sensor.c)."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.connected = True
        self.period_ms = 33
        self.name = "ov2640"
        self.chip = 0x2642
        self.source = None  # None: a flat picture, which takes no memory until somebody reads it
        self.has_flips = True  # whether set_hmirror and set_vflip work
        # driver state
        self.known = False  # whether a sensor.reset() has found the camera
        self.reset_set = False
        self.size_set = False
        self.pixformat = 0
        self.framesize = 0
        self.dual = False
        self.hmirror = False
        self.vflip = False
        self.running = False
        self.window = (0, 0, 0, 0)  # x, y, w, h inside the frame
        self.fb_size = (0, 0)  # the size in MAIN_FB: of the frame, after set_windowing of the window
        self.max_size = (0, 0)  # the frame
        self.blocks = []  # system heap blocks, two per buffer
        self.buffers = ()  # frame buffers of the pictures
        self.current = 0
        self.frames = 0


class Screen:
    """The panel.

    pixels: RGB565, high byte first, of width x height after rotation; None before the first display.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        self.fitted = True  # whether the board has a panel
        self.connected = True  # the same, for tests that unplug the panel
        self.capture = True  # False: display() counts and copies nothing
        self.draw = True  # False: draw_*() check their arguments and paint nothing
        self.show_ms = 8  # an estimate, for 320x240 over 8 data lines
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
        self.ready = False  # whether the pointer to the driver is set

    def canvas(self) -> bytearray:
        """Return the pixel memory, which is allocated at the first use."""
        if self.pixels is None or len(self.pixels) != self.width * self.height * 2:
            self.pixels = take(self.width * self.height * 2)
        return self.pixels

    def get(self, x: int, y: int):
        """Return one pixel of the panel as (r, g, b) with 8 bits each."""
        at = (y * self.width + x) * 2
        pixels = self.canvas()
        return components(pixels[at] | pixels[at + 1] << 8)


class Kpu:
    """The loaded models, a log of what the KPU did, and the results of the scripted engine."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.engine = None  # None: the scripted engine
        self.boxes = []  # (x, y, w, h, classid, value): detections of the scripted engine
        self.scores = []  # floats: outputs of the scripted engine
        self.run_ms = 40
        self.ledger = []  # ("load", id, path) ("load_failed", code, path) ("run", id) ("deinit", id) ("finalised", id)
        self.runs = 0
        self.loads = 0
        self.slots = [None] * 5
        self.dropped = []  # models whose task object is gone without deinit; the next collection frees them
        self.next_id = 1
        self.canmv = []  # the loaded KPU objects of CanMV
        self.table = []  # the blocks that the newer CanMV keeps a table of
        self.leaked = []  # (name, block): memory that the firmware leaks
        self.flash = {}  # address in the flash chip -> bytes, for KPU.load(address)

    @property
    def live(self):
        """The ids of the loaded models."""
        return [model.id for model in self.slots if model is not None] + [task.id for task in self.canmv]

    def note(self, entry) -> None:
        """Append an entry to the ledger; runs of the same model in a row are one entry."""
        ledger = self.ledger
        # A model has one run entry, and a loop of frames must not fill the ledger with it.
        if ledger and ledger[-1] is entry:
            return
        ledger.append(entry)
        if len(ledger) > LEDGER_LINES:
            kept = ledger[len(ledger) - LEDGER_LINES // 2 :]
            ledger.clear()
            ledger.extend(kept)

    def check(self) -> None:
        """Raise AssertionError when a model is still loaded."""
        held = ["task %d (%s)" % (model.id, model.where) for model in self.slots if model is not None]
        held += ["CanMV task %d (%s)" % (task.id, task.where) for task in self.canmv]
        if held:
            raise AssertionError("loaded and never released: " + ", ".join(held))
