"""Draws results, status bar and messages, all within the part of the view that the panel shows."""

from device import forget
from device.errors import describe
from device.text import CELL, LINE, plain

# RGB565 with swapped bytes, as lcd's own constants
RED = 0x0098  # dark, so that white text on it is easy to read
BLUE = 0x1F00
ORANGE = 0x20FD
CARD = (101, 102)  # faults of the card: the key looks again


class Overlay:
    """Draws on pictures with Image.draw_*, which does not change their AI plane, and shows messages on the screen."""

    def __init__(self, screen):
        self._screen = screen
        self._head = None  # (x, y, text) of the status bar
        self._bar = [None]  # the same with the frames per second

    def begin(self, spec, results, position, view, row=LINE + 2, pen=None):
        """Return what app.frame_path() draws for one model: (paint, strip, bar, place).

        paint(img, count) draws the results and allocates only the text of a label or percentage that is new. strip: the
        place of the status bar. bar: a list of its text, (x, y, text). place: (x, y, width, height) for results.extra.
        position: the model's number and how many there are, such as "2/5". view: (width, height) of the pictures.
        row: the height of the status bar. pen: see device/glyphs.py.
        """
        left, top, width, height = self._screen.visible(view[0], view[1])
        bar = self._bar
        # The title is cut and never the position, because the position tells how many models there are.
        title = plain(spec.panel_title())[: max(width // CELL - len(position) - 7, 0)]
        self._head = (left + 2, top + 1, (title + " " + position).strip())
        self.status(0)
        try:
            from device.once.painters import painter

            paint = painter(spec, results, (left, top, width, height), row, pen)
        finally:
            forget()
        # Image.draw_* also takes its geometry as one tuple: created here, not in every frame.
        return paint, (left, top, width, row), bar, (left, top + row, width, height - row)

    def status(self, fps):
        """Set the frames per second in the status bar; 0: not yet known."""
        # One new tuple a second; frame_path() finds it through the list and needs no attribute.
        x, y, text = self._head
        self._bar[0] = (x, y, "%s %dfps" % (text, fps)) if fps else self._head

    def loading(self, spec, position):
        """Show which model comes next; this stays while it loads."""
        text = spec.kind or ""
        if spec.size:
            text = "%s, %d KiB" % (text, (spec.size + 1023) // 1024)
        self._screen.message(BLUE, position + " " + spec.panel_title(), text, "Loading...")

    def fault(self, error, spec=None):
        """Show a DeviceError: code and name, the model's title, meaning, remedy, detail, and what the key does."""
        code = error.code
        name, meaning, remedy = describe(code)
        # The panel may be too low for all of it, so what helps the user most comes first.
        parts = [spec.panel_title() if spec else "", meaning, remedy, error.detail]
        if code < 2000:  # our own details are part of the sentence, the firmware's are for experts
            parts[2], parts[3] = parts[3], parts[2]
        last = "Press the key: " + ("look again" if code in CARD else "next model")
        if code == 109:
            last = "Going on..."
        elif code == 111 or (code == 101 and error.detail):  # no key helps
            last = ""
        text = "\n".join([part for part in parts if part])
        self._screen.message(ORANGE if code in CARD else RED, "%d %s" % (code, name), text, last)

    def stopped(self, error):
        """Show that the app has ended. error: what ended it, or None."""
        self._screen.message(BLUE, "Stopped", repr(error) if error else "", "Reset the board to start again")
