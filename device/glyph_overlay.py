"""An Overlay that draws titles, labels and messages in glyphs; device/glyphs.py reads and draws them.

Imported only when the card has glyphs. A text with a letter that is not among them is shown in its ASCII form, as on a
card without glyphs.
"""

from device import forget
from device.glyphs import SIDE, cells, cut, foreign, write
from device.overlay import Overlay
from device.text import CELL, LINE, plain

ROW = SIDE + 2  # of a status bar with glyphs
CACHE = 12  # labels kept as rows; a frame shows ten at most


def begin(app, settings):
    """Give the app such an Overlay if the firmware can draw glyphs."""
    from device.once.hal_glyphs import can_draw

    if can_draw():
        table = app.root + "/maixswitch.zh" if settings.language == "zh" else ""
        app.overlay = GlyphOverlay(app.screen, app.root + "/maixswitch.fnt", table)


class Pen:
    """What the painters draw with in the place of a picture, so that they can write labels in glyphs.

    img: the picture. line: the height of a line. caption(item, most): its label and percentage, see the painters.
    """

    line = SIDE

    def __init__(self, path, spec):
        self.img = None
        self._path = path
        self._spec = spec
        self._known = {}

    def draw_rectangle(self, x, y, w, h, colour, thickness, fill):
        self.img.draw_rectangle(x, y, w, h, colour, thickness, fill)

    def draw_string(self, x, y, row, colour, scale, x_spacing, y_spacing, mono_space):
        write(self.img, x, y, row, colour)

    def caption(self, item, most):
        """Return an item's label and percentage as a row of at most `most` cells."""
        spec = self._spec
        known = self._known
        label = spec.label(item.class_id)
        # The percentage is new in nearly every frame: the card must not be read for it.
        row = known.get(label)
        if row is None:
            row = cells(self._path, label) or list(plain(spec.panel_label(item.class_id)))
            if len(known) >= CACHE:
                known.clear()
            known[label] = row
        score = " %d%%" % (item.score // 10)
        item.text = row = cut(row, max(most - len(score), 1)) + list(score)
        return row


def pen_of(pen, paint):
    """Return paint(img, count) that paints with a Pen."""

    def painted(img, count):
        pen.img = img
        paint(pen, count)

    return painted


class Wide:
    """The screen as an Overlay uses it: messages in glyphs where the card has them. spec: the model that they name.

    path: of the file of glyphs. table: of the messages in another language, "" for none, see device/once/hal_glyphs.py.
    """

    def __init__(self, screen, path, table):
        self.visible = screen.visible
        self.spec = None
        self._screen = screen
        self._path = path
        self._table = table

    def message(self, colour, heading, text, last=""):
        """Show a message as Screen.message does; as that one itself when the card or the heap cannot give more."""
        try:
            from device.once.hal_glyphs import message

            shown = message(self._screen, self._path, self._table, self.spec, colour, heading, text, last)
        except Exception:  # a pulled card has no module either
            shown = False
        finally:
            forget()
        if not shown:
            self._screen.message(colour, heading, text, last)


class GlyphOverlay(Overlay):
    """The Overlay of a card with glyphs. A title in glyphs is drawn when a picture is shown, above the status bar."""

    def __init__(self, screen, path, table):
        Overlay.__init__(self, Wide(screen, path, table))
        self._path = path
        self._panel = screen
        self._show = None

    def begin(self, spec, results, position, view):  # type: ignore[override]  # the rest is its own to choose
        """Do what Overlay.begin does; it also sets the screen's show() for this model."""
        panel = self._panel
        show = self._show = self._show or panel.show  # only now: the link has put its own in front
        panel.show = show
        title = cells(self._path, spec.title) if plain(spec.title) != spec.title else None
        pen = Pen(self._path, spec) if foreign((spec.names or spec).labels) else None
        marks = Overlay.begin(self, spec, results, position, view, ROW if title else LINE + 2, pen)
        if pen:
            marks = (pen_of(pen, marks[0]),) + marks[1:]
        if title:
            left, top, width, _ = marks[1]
            title = cut(title, max(width // CELL - len(position) - 7, 0))
            # The bar is drawn with the frame, and then the title into it.
            self._head = (left + 2 + len(title) * CELL, top + 3, " " + position)
            self.status(0)

            x = left + 2
            y = top + 1

            def shown(img):
                write(img, x, y, title, 0xFFFF)
                show(img)

            panel.show = shown
        return marks

    def loading(self, spec, position):
        self._screen.spec = spec
        Overlay.loading(self, spec, position)

    def fault(self, error, spec=None):
        self._screen.spec = spec
        Overlay.fault(self, error, spec)
