"""A whole board with the app on it: what the tests of both paths press, break and look at."""

from __future__ import annotations

import json

import bench
from benchlib.models import kmodel_v3, kmodel_v4
from device import app

ANCHORS = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]

FACE = {
    "schema": 1,
    "title": "Face",
    "kind": "yolo2",
    "kmodel": "face.kmodel",
    "input": [320, 240, 3],
    "labels": ["face"],
    "anchors": ANCHORS,
    "threshold": 0.5,
    "nms": 0.3,
}
DIGITS = {
    "schema": 1,
    "title": "Digits",
    "kind": "classifier",
    "kmodel": "digits.kmodel",
    "input": [28, 28, 1],
    "labels": [str(i) for i in range(10)],
    "top": 3,
}
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

    def start(self, **given):
        """Switch on and start the app."""
        return self.power(**given).boot()

    def boot(self):
        """Start the app on the powered board."""
        self.app = app.build(lambda *row: self.log.append(row))
        return self

    state = property(lambda self: self.app.machine.state)

    def said(self, kind):
        """Return the reports of one kind."""
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
        """Press a key and let go, while the app runs."""
        bench.keys.press(pin, hold, **how)
        return self.run(hold + 60)

    def end(self):
        """Stop; nothing may be left behind."""
        if self.app is not None:
            self.app.stop()
            assert self.app.step() is False
        left_behind()


def left_behind():
    """Nothing is loaded, armed or crashed."""
    bench.kpu.check()
    assert not bench.irqs
    assert not bench.wdt
    assert not bench.timers
    assert not bench.hardfaults
