"""A whole board with the app on it, for the tests of the path of a frame and the path of a press."""

from __future__ import annotations

import json

import bench
from benchlib.models import kmodel_v3, kmodel_v4
from device import app
from tests.device.sample_models import DIGITS, FACE

THINGS = {
    "schema": 1,
    "title": "Things",
    "kind": "classifier",
    "kmodel": "things.kmodel",
    "input": [224, 224, 3],
    "labels": "labels.txt",
    "top": 3,
    "softmax": True,
}
CARD = {
    "models/1-face/model.json": json.dumps(FACE),
    "models/1-face/face.kmodel": kmodel_v3(),
    "models/2-digits/model.json": json.dumps(DIGITS),
    "models/2-digits/digits.kmodel": kmodel_v3((28, 28, 1), (4, 4, 16), "softmax", classes=10),
    "models/3-things/model.json": json.dumps(THINGS),
    "models/3-things/things.kmodel": kmodel_v3((224, 224, 3), (7, 7, 64), "dequantize", classes=4),
    "models/3-things/labels.txt": "cat\ndog\ncup\nkey\n",
}
V4 = {
    "models/4-new/model.json": json.dumps(dict(FACE, title="New", kmodel="new.kmodel", outputs=[[20, 15, 30]])),
    "models/4-new/new.kmodel": kmodel_v4(),
}
KEY = 16


class Board:
    """A powered board and the app on it; log holds what the app reported."""

    def __init__(self):
        self.app = None
        self.log = []

    def power(self, files=CARD, flavour="minimum_with_kmodel_v4_support", config=None, settings=None, panel=False):
        """Switch on: files on the card (None: no card), settings: of maixswitch.json; panel: paint (slow)."""
        bench.reset(flavour, config)
        bench.screen.capture = bench.screen.draw = panel
        if files is not None:
            files = dict(files)
            if settings is not None:
                files["maixswitch.json"] = settings if isinstance(settings, str) else json.dumps(settings)
            bench.card.insert(bench.MemoryCard(files))
        return self

    def start(self, **options):
        """Switch on and start the app."""
        return self.power(**options).boot()

    def boot(self):
        """Start the app on the powered board."""
        self.app = app.build(lambda *row: self.log.append(row))
        return self

    state = property(lambda self: self.app.machine.state)

    def reports(self, kind):
        """Return what the app reported of one kind, in order."""
        return [row for row in self.log if row[0] == kind]

    def run(self, ms):
        """Let the app run for a while."""
        end = bench.clock.now + ms
        while bench.clock.now < end and self.app.step():
            pass
        return self

    def until(self, state, ms=10000):
        """Let the app run until it reaches a state."""
        end = bench.clock.now + ms
        while self.state != state:
            assert bench.clock.now < end, "still %s, log: %s" % (self.state, self.log)
            self.app.step()
        return self

    def press(self, pin=KEY, hold=80, **how):
        """Press and release a key while the app runs."""
        bench.keys.press(pin, hold, **how)
        return self.run(hold + 60)

    def end(self):
        """Stop the app; nothing may be left behind."""
        if self.app is not None:
            self.app.stop()
            assert self.app.step() is False
        left_behind()


def left_behind():
    """Check that nothing is loaded or armed, and nothing crashed."""
    bench.kpu.check()
    assert not bench.irqs
    assert not bench.wdt
    assert not bench.timers
    assert not bench.hardfaults
