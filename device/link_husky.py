"""The protocol husky: the app answers as a HuskyLens does (protocol 0.5.1), so that its finished clients work.

A model of the card is an "algorithm", a class is an id from 1. docs/husky.md has a row for each command. The port says
nothing unless a whole command for our address has come. Of several commands at once each is carried out, and all but
the last are answered with BUSY: a client that does not read every answer would otherwise always read the one before.

Clients wait 100 ms for the beginning of an answer, so this also looks at the port after each picture of the camera.
"""

from device import hal
from device.hal import DUE
from device.link import NEVER, Link
from device.results import BARS

HEAD = b"\x55\xaa\x11"
INFO = 0x29
BLOCK = 0x2A
OK = 0x2E
PRO = 0x3B
BUSY = 0x3D
WHITE = 0xFFFF
ROOM = 768  # bytes of answers that wait: ten blocks, and BUSY for all that the port's ring can hold
LONGEST = 261  # bytes of a command
QUIET_MS = 15  # after a command whose answer clients do not read, another may come: pyhuskylens pauses for 5 ms
STALE_MS = 50  # the beginning of a command is noise when nothing has followed it for so long
MOST_MS = 25  # that hear() may take from the frames
LATE_MS = 60  # an answer waits no longer, whatever else comes


class Protocol(Link):
    """Collects bytes into commands, and answers them; what changes the app waits for App.watch()."""

    def __init__(self, app, port, settings, board):
        self._frame = bytearray(LONGEST)  # what may be a command, from its first byte
        self._size = self._came = self._since = self._last = 0
        self._slow = self._shot = False
        self._todo = []  # (code, number, text) for App.watch()
        self._texts = []  # [x, y, text] on the picture
        self._acts = None
        Link.__init__(self, app, port)
        self._slice = max(port[4] // 600, 16)  # 17 ms of the line, and never less than an answer
        self._line = bytearray(ROOM)
        texts = self._texts
        results = app.results
        snapshot = app.camera.snapshot
        show = app.screen.show
        waiting = self._waiting
        hear = self.hear

        def snapped():
            img = snapshot()
            if waiting() or self._at or self._size:
                hear()
            return img

        def drawn(img):
            for x, y, text in texts:
                img.draw_string(x * results.width // 320, y * results.height // 240, text, WHITE)
            show(img)

        app.camera.snapshot = snapped
        app.screen.show = drawn

    def step(self, img, now, ms):
        """Save the picture if a command asked for it, and go on with the answers."""
        if self._shot:
            self._shot = False
            self.keep(img)
        self.pump(now)

    def listen(self, now):
        """Take what has come in, and carry out the commands; return whether a load must wait for their answers."""
        self.hear()
        if self._todo:
            if not self._acts:
                from device.link_husky_acts import Acts

                self._acts = Acts(self, self._app)
            while self._todo:
                self._acts.act(*self._todo.pop(0))
        return self._at > 0 or (self._size > 0 and now - self._came < STALE_MS)

    def tell(self, row):
        """Forget the new names of classes when their model goes."""
        if row[0] == "unload" and self._acts:
            self._acts.unnamed()

    def shoot(self):
        """Save the next picture as it is shown."""
        self._shot = True
        self._gate[DUE] = 0

    # Bytes that come.

    def hear(self):
        """Take what has come in, wait for what follows at once, and begin to answer."""
        now = hal.ticks()
        end = now + MOST_MS
        while now < end:
            count = self.receive()
            now = hal.ticks()
            if count:
                self._take(count)
                self._came = now
            else:
                if self._size and now - self._came >= STALE_MS:
                    self._size = self._scan(1, self._size, True)
                if not self._at or not self._waits(now):
                    break
                hal.sleep(1)
        self.pump(now)

    def _take(self, count):
        heard = self._heard
        frame = self._frame
        size = self._size
        for i in range(count):
            byte = heard[i]
            frame[size] = byte
            size += 1
            if size < 4:
                if byte != HEAD[size - 1]:
                    # Noise, or another device's address. 0x55 may begin the next command.
                    size = 0
                    if byte == 0x55:
                        frame[0] = byte
                        size = 1
            elif size > 5 and size == frame[3] + 6:
                if self._whole(0, size):
                    self._command(0)
                    size = 0
                else:
                    size = self._scan(1, size, False)
        self._size = size

    def _whole(self, at, size):
        """Return whether the checksum of a command is right."""
        frame = self._frame
        total = 0
        end = at + size - 1
        for i in range(at, end):
            total += frame[i]
        return total & 255 == frame[end]

    def _scan(self, start, size, stale):
        """Look for commands in frame[start:size], before which was noise; keep the rest, and return its size.

        stale: nothing has followed for long, so what is not complete is noise, too.
        """
        frame = self._frame
        while start < size:
            have = size - start
            i = 0
            while i < 3 and i < have and frame[start + i] == HEAD[i]:
                i += 1
            if i == 3 or i == have:
                if have > 3 and have >= frame[start + 3] + 6:
                    if self._whole(start, frame[start + 3] + 6):
                        self._command(start)
                        start += frame[start + 3] + 5
                elif not stale:
                    break
            start += 1
        kept = 0
        while start < size:
            frame[kept] = frame[start]
            kept += 1
            start += 1
        return kept

    def _command(self, at):
        """Answer the command at frame[at], in place of what the client has not got yet of the last answer."""
        frame = self._frame
        size = frame[at + 3]
        code = frame[at + 4]
        at += 5
        self._displace()
        self._since = hal.ticks()
        self._slow = False
        if 0x20 <= code <= 0x28:
            # all, blocks, arrows; of these each time any, the learned ones, those of one id
            kind = code - 0x20
            self._found(kind % 3 == 2, kind // 3, self._number(at, size))
        elif code == PRO:
            self._short(PRO, 1)
        else:
            if code != 0x2C and code != 0x3C:
                self._slow = True
                self._later(code, at, size)
            self._short(OK, -1)

    def _later(self, code, at, size):
        frame = self._frame
        number = self._number(at, size)
        text = ""
        if code == 0x2F and size > 1:
            number = frame[at]
            text = self._text(at + 2, min(frame[at + 1], size - 2))
        elif code == 0x34 and size > 3:
            # With the flag, clients send x mod 255 or x's low byte; both give x to one pixel.
            x = frame[at + 2]
            if frame[at + 1]:
                x = 255 if x == 255 else 255 + x
            number = x << 8 | frame[at + 3]
            text = self._text(at + 4, min(frame[at], size - 4, 20))
        if len(self._todo) < 16:  # more than any client sends before it reads an answer
            self._todo.append((code, number, text))
        self._app.clock[DUE] = 0

    def _number(self, at, size):
        """Return the int16 that a command begins with, 0 without one."""
        if size < 2:
            return 0
        value = self._frame[at] | self._frame[at + 1] << 8
        return value - 65536 if value > 32767 else value

    def _text(self, at, size):
        """Return `size` characters, or those before a 0: after it, Arduino's library sends whatever its memory held."""
        text = ""
        for i in range(at, at + size):
            byte = self._frame[i]
            if not byte:
                break
            text += chr(byte) if 32 <= byte < 127 else "?"
        return text

    # Bytes that go.

    def _displace(self):
        """Make room for the next answer: nobody reads what is left of the last one."""
        if self._sent <= self._last < self._at:
            self._at = self._last
            self._short(BUSY, -1)
        else:
            # A frame that has begun is completed: a client that looks for the next head must find it.
            at = self._last
            while at < self._sent:
                at += self._line[at + 3] + 6
            self._at = at
        if self._at > ROOM - 192:  # nobody reads them
            self._at = self._sent = 0
        self._last = self._at

    def _waits(self, now):
        """Return whether the last answer must wait, since another command may be under way."""
        return (self._slow or self._size > 0) and now - self._came < QUIET_MS and now - self._since < LATE_MS

    def pump(self, now):
        """Send a slice of the answers."""
        if self._at and not self._waits(now):
            self._ready = self._at
            self.send()
            if self._sent >= self._at:
                self._at = self._sent = self._ready = self._last = 0
        self._gate[DUE] = 0 if self._at or self._shot else NEVER

    def settle(self):
        """Do nothing: the app never prints on this port."""

    def _close_frame(self, start):
        line = self._line
        total = 0
        for i in range(start, self._at):
            total += line[i]
        line[self._at] = total & 255
        self._at += 1

    def _open_frame(self, code, size):
        start = self._at
        line = self._line
        line[start] = 0x55
        line[start + 1] = 0xAA
        line[start + 2] = 0x11
        line[start + 3] = size
        line[start + 4] = code
        self._at = start + 5
        return start

    def _short(self, code, value):
        """Append a frame without data, or with an int16 when `value` is not negative."""
        start = self._open_frame(code, 0 if value < 0 else 2)
        if value >= 0:
            self._word(value)
        self._close_frame(start)

    def _word(self, value):
        self._line[self._at] = value & 255
        self._line[self._at + 1] = value >> 8 & 255
        self._at += 2

    def _five(self, code, a, b, c, d, e):
        start = self._open_frame(code, 10)
        self._word(a)
        self._word(b)
        self._word(c)
        self._word(d)
        self._word(e)
        self._close_frame(start)

    def _found(self, arrows, only, number):
        """Append the results.

        arrows: whether only arrows are wanted, of which there are none. only: 0 for all, 1 for those with an id, 2 for
        those with the id `number`.
        """
        app = self._app
        spec = app.slot.loaded
        results = app.results
        items = results.items
        many = 0
        if spec and not arrows:
            # A classifier shows several classes, but the picture is of one.
            many = min(results.count, 1) if results.shape == BARS else results.count
        count = 0
        for i in range(many):
            known = items[i].class_id + 1
            if not only or (known > 0 if only == 1 else known == number):
                count += 1
        labels = len((spec.names or spec).labels) if spec else 0
        self._five(INFO, count, labels, app.frames & 32767, 0, 0)
        width = results.width
        height = results.height
        for i in range(many):
            item = items[i]
            known = item.class_id + 1
            if not only or (known > 0 if only == 1 else known == number):
                if results.shape == BARS:
                    self._five(BLOCK, 160, 120, 320, 240, known)
                else:
                    x = (item.x * 2 + item.w) * 160 // width
                    y = (item.y * 2 + item.h) * 120 // height
                    self._five(BLOCK, x, y, item.w * 320 // width, item.h * 240 // height, known)
