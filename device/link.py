"""Link: the app's end of a serial line, in the protocol that the settings name; only when they ask for a link.

This is what the protocols share: how the app calls them, and how bytes come and go. A protocol is a module
device/link_NAME.py with a class Protocol(Link). Never tried on a board.

The firmware waits for what its port cannot take at once (87 us a byte at 115200), so a frame sends at most one slice,
and a line takes several frames. What comes in waits in the firmware's ring until App.watch() runs, between two frames.
"""

from device import forget, hal
from device.hal import DUE

SLICE = 48  # bytes a frame: 4.2 ms at 115200
SLOW = 16  # the same below 57600 baud: what a port takes without a wait (uart.c of the vendor's SDK)
SIZE = SLICE * 16
CHUNK = 64  # bytes that are read at once
HOLD_MS = 300  # a load waits at most this long for what comes in: a noisy line must not keep it from loading
NEVER = 1 << 60
LAST = 0  # in Link._gate: when the last picture was shown; DUE: when a frame must next look at the link


class Link:
    """Puts itself before the screen, the keys and app.report, and calls the originals.

    port: (write, waiting, readinto, shut, baud) of the serial port, see hal_start.line().
    A protocol has the methods below that end with a docstring and nothing else, as far as it needs them.
    """

    def __init__(self, app, port):
        self._app = app
        self._write, self._waiting, self._readinto, self._shut, baud = port
        self._slice = SLICE if baud >= 57600 else SLOW
        self._line = bytearray(SIZE)
        self._heard = bytearray(CHUNK)
        self._at = self._sent = self._ready = self._held = 0
        self._labels = {}  # class -> its label as bytes: only one that is seen for the first time allocates
        self._report = report = app.report
        self._gate = gate = [hal.ticks(), NEVER]
        clock = app.clock
        show = app.screen.show
        poll = app.keys.poll
        waiting = self._waiting
        ticks = hal.ticks
        step = self.step

        # This runs in every frame: it looks up no attribute and creates no object, since a time is a small integer.
        def shown(img):
            show(img)
            if waiting():
                clock[DUE] = 0
            now = ticks()
            if now >= gate[DUE]:
                step(img, now, now - gate[LAST])
            gate[LAST] = now

        # An event of the machine unloads the model at once. App.watch() polls the keys when no frame runs.
        def polled(now, post):
            busy = poll(now, post)
            if not self.listen(now):
                self._held = 0
                return busy
            self._held = self._held or now
            return busy or now - self._held < HOLD_MS

        def reported(*row):
            self.settle()  # the print must not split a line of the link
            report(*row)
            self.tell(row)

        app.screen.show = shown
        app.keys.poll = polled
        app.report = reported

    def step(self, img, now, ms):
        """Do what is due after a picture. ms: how long that took."""

    def listen(self, now):
        """Take what has come in, between two frames; return whether a load must wait for more."""

    def tell(self, row):
        """Take what the app reports."""

    def beat(self):
        """Take that a second has passed."""

    def end(self):
        """Say the last word."""

    def close(self):
        """End the link, if it still works, and restore app.report; later calls do nothing."""
        app = self._app
        if app.link is not self:
            return
        app.link = None
        app.report = self._report
        try:
            self.end()
        finally:
            self._write = self._waiting = hal.nothing
            self._shut()

    # Bytes that go.

    def settle(self):
        """Send the rest of a line that has begun."""
        while self._sent < self._ready:
            self.send()

    def send(self):
        """Send the next slice of the line."""
        at = self._sent
        count = min(self._slice, self._ready - at)
        self._sent = at + count
        try:
            self._write(self._line, at, count)
        except OSError:  # the frames go on when the port fails
            self._write = hal.nothing

    def done(self):
        """Give the line to settle() and send()."""
        self._ready = self._at
        self._sent = 0

    def room(self):
        """Return how many more bytes the line may take, with 24 kept for its end."""
        return SIZE - 24 - self._at

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
        """Append a name, with what belongs between it and the number, and a number of 0 or more."""
        self.put(name)
        self.number(value, 1)

    # Bytes that come, and pictures.

    def receive(self):
        """Read what waits, at most CHUNK bytes, into self._heard; return how many there are."""
        count = self._waiting()
        if not count:
            return 0
        try:
            # Never more than waits: stream.c would wait for the rest.
            return self._readinto(self._heard, min(count, CHUNK)) or 0
        except OSError:
            self._waiting = hal.nothing
            return 0

    def keep(self, img):
        """Save a picture on the card; return its path below the card's folder, "" when that failed."""
        try:
            from device.once.photos import save

            return save(self._app.root, img)
        except (ImportError, MemoryError, OSError, SyntaxError, ValueError):  # a full or pulled card
            return ""
        finally:
            forget()
