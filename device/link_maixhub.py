"""The protocol maixhub: the lines that the scripts of MaixHub send, so that a receiver made for them works unchanged.

A detector: "x:y:w:h:class:score:label", joined by ", ", in pixels of the network's input; no line for no result.
A classifier: "class:score:label" of the best one. The scores have two digits. It only sends.
"""

from device.hal import DUE, nothing
from device.link import Link
from device.results import BARS, EXTRA

LABELS = 16  # labels kept as bytes


class Protocol(Link):
    """Sends a line for each picture, or for the newest one when the line is slower."""

    def __init__(self, app, port, settings, board):
        rate = settings.get("rate")
        self._period = 1000 // rate if rate else 0
        self._next = 0
        Link.__init__(self, app, port[:1] + (nothing,) + port[2:])  # nothing is read
        self._gate[DUE] = 0

    def tell(self, row):
        """Take the labels of the next model."""
        if row[0] == "load":
            self._labels.clear()
            self._sent = self._ready = 0

    def step(self, img, now, ms):
        """Send a slice of a line."""
        if self._sent >= self._ready and now >= self._next:
            self._next += self._period  # not from now: a frame seldom ends just when a line is due
            if now >= self._next:
                self._next = now + self._period
            self._compose()
        if self._sent < self._ready:
            self.send()
            if self._sent < self._ready:
                return
        self._gate[DUE] = self._next

    def _compose(self):
        results = self._app.results
        items = results.items
        shape = results.shape
        self._at = 0
        for i in range(min(results.count, 1) if shape == BARS else results.count if shape != EXTRA else 0):
            item = items[i]
            label = self._label(item.class_id)
            if len(label) + 40 > self.room():
                break
            if i:
                self.put(b", ")
            if shape != BARS:
                self.field(b"", item.x * results.in_width // results.width)
                self.field(b":", item.y * results.in_height // results.height)
                self.field(b":", item.w * results.in_width // results.width)
                self.field(b":", item.h * results.in_height // results.height)
                self.put(b":")
            self.number(max(item.class_id, 0), 1)
            score = (item.score + 5) // 10
            self.put(b":1." if score >= 100 else b":0.")
            self.number(score % 100, 2)
            self.put(b":")
            self.put(label)
        if self._at:
            self.put(b"\n")
        self.done()

    def _label(self, at):
        """Return a label as bytes; only one that is seen for the first time allocates."""
        labels = self._labels
        label = labels.get(at)
        if label is None:
            if len(labels) >= LABELS:
                labels.clear()
            labels[at] = label = self._app.slot.loaded.label(at).encode()
        return label
