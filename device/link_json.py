"""The protocol json: one JSON object per line tells what the app sees and does, as docs/serial.md says.

A line is RS (0x1e), one JSON object, LF. Its bytes are written one by one into one buffer, so a frame allocates
nothing. If the port receives, device/link_commands.py takes commands.
"""

import gc
import json

from device import hal
from device.hal import DUE
from device.link import LAST, NEVER, Link

TEXT = 80  # characters of a text; the rest is cut off
LABEL = 24  # characters of a label
LABELS = 16  # labels kept as bytes
EVENTS = 8  # events that wait while frames run; later ones are dropped
RATE = 5  # results a second, unless the settings say otherwise

heap_left = getattr(gc, "mem_free", None)  # absent on a PC

# The fields of what the app reports, in the order of its arguments (see App), and of what commands are answered with.
FIELDS = """
start board rate
state old cause new
select title index total
load title ms free
unload title error
fault code name detail
camera what detail
choice folder written
note text
end frames dropped
answer id ok error total index file
model id index title kind
"""


def quoted(value, most):
    """Return a value as bytes of JSON; a text is cut to `most` characters."""
    return json.dumps(value[:most] if isinstance(value, str) else value).encode()


class Protocol(Link):
    """While a model runs, a line is sent slice by slice; otherwise it is sent at once.

    asked: {"results": id, "status": id} of commands that wait for such a line. answers: of commands, sent before
    anything else. listing: [id, index] of the next model to tell, or None. shot: the id of a command that waits for the
    next picture, or None.
    """

    def __init__(self, app, port, settings, board):
        self.answers = []
        self.asked = {}
        self.listing = self.shot = None
        self._next = self.dropped = 0
        self._waits = self._second = False
        self._events = []
        # These are kept as bytes of JSON: the status is sent while frames run, and must not encode them again.
        self._state = self._title = b'""'
        rate = settings.get("rate", RATE)
        self.pace(rate)
        self._commands = None
        Link.__init__(self, app, port)
        self._gate[DUE] = 0
        self._line[:12] = b'\x1e{"v":1,"t":'
        if port[2] is not hal.nothing:
            from device.link_commands import Commands

            self._commands = Commands(self, app)
        self.tell(("start", board, rate))

    def pace(self, rate):
        """Set how many results a second are sent; 0: only those that are asked for."""
        self._period = 1000 // rate if rate else NEVER
        self._next = 0 if rate else NEVER

    def tell(self, row):
        """Send what the app reports, or remember it while frames run."""
        if row[0] == "state":
            self._state = quoted(row[3], TEXT)
        elif row[0] == "select":
            self._title = quoted(row[1], TEXT)
        elif row[0] == "load":
            # The numbers of the classes mean other labels now, and results of the last model must not follow.
            self._labels.clear()
            self._waits = False
            self._gate[LAST] = hal.ticks()
        elif row[0] == "unload":
            self.asked.pop("results", None)
            if self.shot is not None:
                self.answers.append(("answer", self.shot, False, "no model runs"))
                self.shot = None
        # The first events are the cause, the later ones often repeat it: so the later ones are dropped.
        if len(self._events) < EVENTS:
            self._events.append(row)
        else:
            self.dropped += 1
        self.flush()

    def beat(self):
        """Send the status; the app calls this once a second."""
        self._second = True
        self.flush()

    def listen(self, now):
        """Carry out the commands that have come in."""
        return self._commands and self._commands.listen(now)

    def end(self):
        """Send the end; it tells how many events were lost, so there is room for it."""
        self._waits = self._second = False
        self.listing = None
        del self._events[EVENTS - 1 :]
        self._events.append(("end", self._app.frames, self.dropped))
        self._drain()

    def flush(self):
        """Let the next frame look at what is to be sent; without frames send it now."""
        self._gate[DUE] = 0
        if not self._app.slot.loaded:
            self._drain()

    def _drain(self):
        while self._pending():
            self.settle()

    def _pending(self):
        """Compose the next line other than results; return whether there is anything to send."""
        if self._sent < self._ready:
            return True
        if self.answers:
            self._event(self.answers.pop(0))
        elif self.listing:
            self._event(self._model())
        elif self._events:
            self._event(self._events.pop(0))
        elif self._second or "status" in self.asked:
            self._second = False
            self._status()
        else:
            return False
        return True

    def step(self, img, now, ms):
        """Send a slice after a picture. ms: how long the picture took that the results belong to."""
        if self.shot is not None:
            path = self.keep(img)
            self.answers.append(("answer", self.shot, bool(path), None if path else "not saved", None, None, path))
            self.shot = None
        if now >= self._next:
            self._next += self._period  # not from now: a frame seldom ends just when results are due
            if now >= self._next:
                self._next = now + self._period
            if self._waits:  # the older results have not been sent: these replace them
                self.dropped += 1
            self._waits = True
        # Events and status come before results: a result may be replaced by a newer one, an event may not.
        if not self._pending() and (self._waits or "results" in self.asked):
            self._waits = False
            self._results(ms)
        if self._sent < self._ready:
            self.send()
        busy = self._sent < self._ready or self._waits or self._second or self._events
        busy = busy or self.asked or self.answers or self.listing
        self._gate[DUE] = 0 if busy else self._next

    # Composing. Only _event and a new label allocate.

    def _begin(self, kind):
        self._at = 12
        self.number(hal.ticks(), 1)
        self.put(kind)

    def _end(self):
        self.put(b"}\n")
        self.done()

    def _asked_for(self, what):
        """Append the id of a command that asked for this line."""
        if what in self.asked:
            self.put(b',"id":')
            self.put(quoted(self.asked.pop(what), TEXT))

    def _event(self, row):
        kind = row[0]
        self._begin(b',"event":"' + kind.encode() + b'"')
        at = FIELDS.find("\n" + kind + " ") + len(kind) + 2
        # An event may allocate: it comes with a key, a command or a fault, not with a frame.
        names = FIELDS[at : FIELDS.find("\n", at)].split(" ")
        for name, value in zip(names, row[1:]):
            if value is not None:
                data = b',"' + name.encode() + b'":' + quoted(value, TEXT)
                if len(data) <= self.room():
                    self.put(data)
        self._end()

    def _model(self):
        """Return the row of the next model that a command asked for."""
        number, at = self.listing
        catalog = self._app.catalog
        self.listing = [number, at + 1] if at + 1 < len(catalog) else None
        return ("model", number, at, catalog[at].title, catalog[at].kind)

    def _status(self):
        app = self._app
        results = app.results
        self._begin(b',"event":"status","state":')
        self.put(self._state)
        self.put(b',"title":')
        self.put(self._title)
        self.field(b',"index":', app.selected)
        self.field(b',"total":', len(app.catalog))
        self.field(b',"fps":', app.fps if app.slot.loaded else 0)
        self.field(b',"frames":', app.frames)
        self.field(b',"width":', results.width)
        self.field(b',"height":', results.height)
        self.field(b',"free":', hal.heap_free())
        if heap_left:
            self.field(b',"heap":', heap_left())
        self.field(b',"dropped":', self.dropped)
        if app.fault:
            self.field(b',"fault":', app.fault.code)
        self._asked_for("status")
        self._end()

    def _results(self, ms):
        results = self._app.results
        items = results.items
        labels = self._labels
        shape = results.shape
        count = results.count
        self._begin(b',"event":"results","ms":')
        self.number(ms, 1)
        self.field(b',"frame":', self._app.frames)
        self._asked_for("results")
        self.field(b',"count":', count)
        self.put(b',"found":[')
        for i in range(count):
            item = items[i]
            # Labels stay encoded: only a class that is seen for the first time allocates.
            label = labels.get(item.class_id)
            if label is None:
                if len(labels) >= LABELS:
                    labels.clear()
                labels[item.class_id] = label = quoted(self._app.slot.loaded.label(item.class_id), LABEL)
            if len(label) + 30 > self.room():  # "count" tells that there were more
                break
            self.put(b",[" if i else b"[")
            self.put(label)
            # The score by hand, "0.935": a float or a "%" would be a new object.
            score = item.score
            self.put(b",1." if score >= 1000 else b",0.")
            self.number(score % 1000, 3)
            if shape:
                self.field(b",", item.x)
                self.field(b",", item.y)
            if shape > 2:
                self.field(b",", item.w)
                self.field(b",", item.h)
            self.put(b"]")
        self.put(b"]")
        if results.extra:
            results.extra.send(self)
        self._end()
