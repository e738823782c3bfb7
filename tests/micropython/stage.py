"""What a scenario plays on: a powered board of the bench with the app on it, and the event log on stdout.

MicroPython v1.11 language and no more of the interpreter than sys and gc, since the same files run under CPython and
under any MicroPython from v1.11 up. Lines that begin with ">" are the event log: board time in ms, then words, ints and
None; never a float, which has other digits in single and in double precision.
"""

import gc
import sys

import bench
from benchlib.models import kmodel_v3, kmodel_v4

KEY = 16  # of the board "dock", which runs when nobody says what board it is
ON_CPYTHON = sys.implementation.name == "cpython"

# Written out, not dumped by json: every interpreter orders and spaces that in its own way.
FACE = """{"schema": 1, "title": "Face", "kind": "yolo2", "kmodel": "face.kmodel", "input": [320, 240, 3],
"labels": ["face"], "anchors": [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025],
"threshold": 0.5, "nms": 0.3}"""
DIGITS = """{"schema": 1, "title": "Digits", "kind": "classifier", "kmodel": "digits.kmodel", "input": [28, 28, 1],
"labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], "top": 3}"""
THINGS = """{"schema": 1, "title": "Things", "kind": "classifier", "kmodel": "things.kmodel", "input": [224, 224, 3],
"labels": "labels.txt", "top": 3, "softmax": true}"""


def card():
    """Return the files of a card with three models, of 388,776, 73,344 and 450,000 bytes; only their heads are kept."""
    return {
        "models/1-face/model.json": FACE,
        "models/1-face/face.kmodel": kmodel_v3(size=388776),
        "models/2-digits/model.json": DIGITS,
        "models/2-digits/digits.kmodel": kmodel_v3((28, 28, 1), (4, 4, 16), "softmax", 73344, classes=10),
        "models/3-things/model.json": THINGS,
        "models/3-things/things.kmodel": kmodel_v3((224, 224, 3), (1, 1, 4), "dequantize", 450000),
        "models/3-things/labels.txt": "cat\ndog\ncup\nkey\n",
    }


def new_format(outputs="[[20, 15, 30]]"):
    """Return the two files of a fourth model, of kmodel v4; outputs: the field of model.json, "" for none."""
    text = FACE.replace("Face", "New").replace("face.kmodel", "new.kmodel")
    if outputs:
        text = text.replace('"nms"', '"outputs": %s, "nms"' % outputs)
    return {"models/4-new/model.json": text, "models/4-new/new.kmodel": kmodel_v4(size=200000)}


def plain(word):
    """Return a word of the log as every interpreter writes it: "[Errno 5] EIO", as MicroPython says, is "5"."""
    if isinstance(word, float):
        raise AssertionError("a float in the event log: %r" % word)
    if isinstance(word, str):
        start = word.find("[Errno ")
        while start >= 0:
            end = word.find("]", start)
            stop = end + 1
            while stop < len(word) and word[stop] in " ABCDEFGHIJKLMNOPQRSTUVWXYZ":
                stop += 1
            word = word[:start] + word[start + 7 : end] + word[stop:]
            start = word.find("[Errno ")
        return word.replace("\n", " / ")
    return word


def say(*words):
    """Write a line of the event log."""
    print("> %6d" % bench.clock.now, *[plain(word) for word in words])


def use_canmv():
    """Let this process find CanMV's modules; call it before the app is imported."""
    sys.path.insert(0, bench.__file__.rsplit("/", 1)[0] + "/canmv")


def app_module():
    """Return device.app; imported when first asked for, so that a scenario can prepare its interpreter before."""
    from device import app

    return app


class Stage:
    """A board and its app. Every report of the app goes to the log; `rows` keeps them for the asserts."""

    def __init__(self, quiet=False):
        self.app = None
        self.rows = []
        self._quiet = quiet

    def power(self, files=None, flavour="minimum_with_kmodel_v4_support", config=None, settings=None, panel=False):
        """Switch the board on. files: of the card, None for no card; panel: paint what is shown (slow)."""
        bench.reset(flavour, config)
        bench.screen.capture = bench.screen.draw = panel
        if files is not None:
            if settings is not None:
                files["maixswitch.json"] = settings
            bench.card.insert(bench.MemoryCard(files))
        return self

    def boot(self):
        """Start the app."""
        self.app = app_module().build(self._report)
        return self

    def start(self, files, **given):
        """Switch on and start the app."""
        return self.power(files, **given).boot()

    def _report(self, *row):
        if not self._quiet:
            self.rows.append(row)
            say(*row)

    def said(self, kind):
        """Return the reports of one kind so far."""
        return [row for row in self.rows if row[0] == kind]

    def state(self):
        """Return the state of the machine."""
        return self.app.machine.state

    def run(self, ms):
        """Let the app run for a while."""
        end = bench.clock.now + ms
        while bench.clock.now < end and self.app.step():
            pass
        return self

    def frames(self, count):
        """Let the app show so many pictures; say what it found in the last one."""
        self.until("RUNNING")
        end = self.app.frames + count
        while self.app.frames < end:
            if self.state() != "RUNNING":
                raise AssertionError("%s instead of a picture" % self.state())
            self.app.step()
        self.results()
        return self

    def results(self):
        """Write what the app shows into the log: class, score in permille and, of a box, its place."""
        results = self.app.results
        for item in results.items[: results.count]:
            label = self.app.slot.loaded.label(item.class_id)
            say("sees", label, item.score, item.x, item.y, item.w, item.h)
        if not results.count:
            say("sees nothing")

    def until(self, state, ms=10000):
        """Let the app run until it reaches a state."""
        end = bench.clock.now + ms
        while self.state() != state:
            if bench.clock.now >= end:
                raise AssertionError("still %s, not %s" % (self.state(), state))
            self.app.step()
        return self

    def press(self, pin=KEY, hold=80, after=0, bounce=()):
        """Press a key and let go, while the app runs."""
        bench.keys.press(pin, hold, after, bounce)
        return self.run(after + hold + 60)

    def loaded(self):
        """Return the title of the loaded model, None when there is none."""
        spec = self.app.slot.loaded
        return spec and spec.title

    def expect(self, state, title=None, fault=None):
        """Check state, title of the loaded model and number of the fault; `title` None: no model is loaded."""
        app = self.app
        found = (app.machine.state, self.loaded(), app.fault and app.fault.code)
        if found != (state, title, fault):
            raise AssertionError("found %r, wanted %r" % (found, (state, title, fault)))
        live = len(bench.kpu.live)
        if live != (1 if title else 0):
            raise AssertionError("%d live tasks" % live)
        return self

    def end(self):
        """Stop the app; nothing may be left behind."""
        self.app.stop()
        if self.app.step():
            raise AssertionError("step() goes on after stop()")
        left_behind()


def left_behind():
    """Nothing is loaded, armed, open or crashed; say what the board went through."""
    bench.kpu.check()
    for name, left in (
        ("interrupts", bench.irqs),
        ("watchdogs", bench.wdt),
        ("timers", bench.timers),
        ("crashes", bench.hardfaults),
        ("resets", bench.resets),
        ("lost heap", bench.kpu.leaked),
        ("errors in handlers", bench.scheduler.errors),
    ):
        if left:
            raise AssertionError("%s left: %r" % (name, left))
    if bench.open_files:
        raise AssertionError("%d files left open" % bench.open_files)
    say("end", bench.kpu.loads, bench.kpu.runs, bench.screen.shows)


def heap():
    """Return the bytes of Python heap that are in use after a collection; 0 under CPython, which does not tell."""
    gc.collect()
    return 0 if ON_CPYTHON else gc.mem_alloc()
