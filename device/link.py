"""Link: tells a PC over the serial line what the app does, as docs/serial.md says; only when the settings ask for it.

A line is RS (0x1e), one JSON object, spaces, LF. Its bytes are written one by one into one buffer, so a frame allocates
nothing. The firmware waits for each byte that a serial port sends (87 us at 115200), so a frame sends at most one
slice, and a line takes several frames. Never tried on a board.
"""

import gc
import json

from device import hal
from device.hal import DUE

SLICE = 48  # bytes a frame: 4.2 ms at 115200
SIZE = SLICE * 16
ROOM = SIZE - 24  # where fields must end: the brackets and the line end still fit
TEXT = 80  # characters of a text; the rest is cut off
LABEL = 24  # characters of a label
LABELS = 16  # labels kept as bytes
EVENTS = 8  # events that wait while frames run; later ones are dropped
RATE = 5  # results a second, unless the settings say otherwise
LAST = 0  # in Link._gate: when the last picture was shown; DUE: when a frame must next look at the link

heap_left = getattr(gc, "mem_free", None)  # absent on a PC

# The fields of what the app reports, in the order of its arguments (see App).
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
"""


def quoted(value, most):
    """Return a value as bytes of JSON; a text is cut to `most` characters."""
    return json.dumps(value[:most] if isinstance(value, str) else value).encode()


class Link:
    """Replaces app.report and the screen's show by functions that call the originals and then send.

    write(bytes), shut(): the port's functions. rate: results a second. While a model runs, a line is sent slice by
    slice; otherwise it is sent at once.
    """

    def __init__(self, app, write, shut, rate):
        self._app = app
        self._write = write
        self._shut = shut
        self._period = 1000 // rate
        self._line = line = bytearray(SIZE)
        line[:12] = b'\x1e{"v":1,"t":'
        view = memoryview(line)
        self._slices = [view[at : at + SLICE] for at in range(0, SIZE, SLICE)]  # here, or each would take heap later
        self._at = self._sent = self._ready = self._next = self.dropped = 0
        self._waiting = self._second = False
        self._events = []
        self._labels = {}
        # These are kept as bytes of JSON: the status is sent while frames run, and must not encode them again.
        self._state = self._title = b'""'
        self._report = report = app.report
        self._gate = gate = [hal.ticks(), 0]
        show = app.screen.show
        ticks = hal.ticks
        step = self._step

        # This runs in every frame: it looks up no attribute and creates no object, since a time is a small integer.
        def shown(img):
            show(img)
            now = ticks()
            if now >= gate[DUE]:
                step(now, now - gate[LAST])
            gate[LAST] = now

        def reported(*row):
            self.settle()  # the print must not split a line of the link
            report(*row)
            self.tell(row)

        app.screen.show = shown
        app.report = reported

    def tell(self, row):
        """Send what the app reports, or remember it while frames run."""
        if row[0] == "state":
            self._state = quoted(row[3], TEXT)
        elif row[0] == "select":
            self._title = quoted(row[1], TEXT)
        elif row[0] == "load":
            # The numbers of the classes mean other labels now, and results of the last model must not follow.
            self._labels.clear()
            self._waiting = False
            self._gate[LAST] = hal.ticks()
        # The first events are the cause, the later ones often repeat it: so the later ones are dropped.
        if len(self._events) < EVENTS:
            self._events.append(row)
        else:
            self.dropped += 1
        self._gate[DUE] = 0
        self._flush()

    def beat(self):
        """Send the status; the app calls this once a second."""
        self._second = True
        self._gate[DUE] = 0
        self._flush()

    def close(self):
        """Send the end, if the line still works, and restore app.report; later calls do nothing."""
        app = self._app
        if app.link is not self:
            return
        app.link = None
        app.report = self._report
        self._waiting = self._second = False
        # Keep room for the end event: it tells how many events were lost.
        del self._events[EVENTS - 1 :]
        self._events.append(("end", app.frames, self.dropped))
        try:
            self._drain()
        finally:
            self._write = hal.nothing
            self._shut()

    def _flush(self):
        if not self._app.slot.loaded:  # no frames run that would have to wait
            self._drain()

    def settle(self):
        """Send the remaining slices of a line that has begun."""
        while self._sent < self._ready:
            self._send()

    def _drain(self):
        while self._pending():
            self.settle()

    def _pending(self):
        """Compose the next line other than results; return whether there is anything to send."""
        if self._sent < self._ready:
            return True
        if self._events:
            self._event(self._events.pop(0))
        elif self._second:
            self._second = False
            self._status()
        else:
            return False
        return True

    def _step(self, now, ms):
        """Send a slice after a picture. ms: how long the picture took that the results belong to."""
        if now >= self._next:
            self._next += self._period  # not from now: a frame seldom ends just when results are due
            if now >= self._next:
                self._next = now + self._period
            if self._waiting:  # the older results have not been sent: these replace them
                self.dropped += 1
            self._waiting = True
        # Events and status come before results: a result may be replaced by a newer one, an event may not.
        if not self._pending() and self._waiting:
            self._waiting = False
            self._results(ms)
        if self._sent < self._ready:
            self._send()
        busy = self._sent < self._ready or self._waiting or self._second or self._events
        self._gate[DUE] = 0 if busy else self._next

    def _send(self):
        at = self._sent
        self._sent = at + 1
        try:
            self._write(self._slices[at])
        except OSError:  # the frames go on when the port fails
            self._write = hal.nothing

    # Composing. Only _event and a new label allocate.

    def _begin(self, kind):
        self._at = 12
        self.number(hal.ticks(), 1)
        self.put(kind)

    def room(self):
        """Return how many more bytes the fields of a line may take."""
        return ROOM - self._at

    def put(self, data):
        """Append bytes; the line must have room for them."""
        line = self._line
        at = self._at
        for byte in data:
            line[at] = byte
            at += 1
        self._at = at

    def number(self, value, digits):
        """Append a number of 0 or more, with zeros in front up to `digits` digits."""
        line = self._line
        # The digits are counted and written by hand: "%d" would make a text, and then bytes, for each number.
        over = 10
        size = 1
        while over <= value or size < digits:
            over *= 10
            size += 1
        self._at = at = self._at + size
        while size:
            at -= 1
            line[at] = 48 + value % 10
            value //= 10
            size -= 1

    def field(self, name, value):
        """Append a name, with its comma, quotes and colon, and a number of 0 or more."""
        self.put(name)
        self.number(value, 1)

    def _end(self):
        line = self._line
        at = self._at
        line[at] = 125
        at += 1
        self._sent = 0
        self._ready = ready = at // SLICE + 1
        end = ready * SLICE - 1
        while at < end:  # fill up the last slice: one of another length would be a new object
            line[at] = 32
            at += 1
        line[end] = 10

    def _event(self, row):
        kind = row[0]
        self._begin(b',"event":"' + kind.encode() + b'"')
        at = FIELDS.find("\n" + kind + " ") + len(kind) + 2
        # An event may allocate: it comes with a key or a fault, not with a frame.
        names = FIELDS[at : FIELDS.find("\n", at)].split(" ")
        for name, value in zip(names, row[1:]):
            if value is not None:
                data = b',"' + name.encode() + b'":' + quoted(value, TEXT)
                if self._at + len(data) <= ROOM:
                    self.put(data)
        self._end()

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
            if self._at + len(label) + 30 > ROOM:  # "count" tells that there were more
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
