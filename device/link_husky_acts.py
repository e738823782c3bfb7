"""What the commands of the protocol husky change in the app; link_husky.py calls it between two frames."""

from device import forget
from device.fsm import Refused

TEXTS = 10


class Renamed:
    """Labels with other names for some classes. labels: the model's own."""

    def __init__(self, labels):
        self.labels = labels
        self.names_by_class = {}

    def __len__(self):
        return len(self.labels)

    def __bool__(self):  # also without labels of its own
        return True

    def get(self, at):
        name = self.names_by_class.get(at)
        return name or (self.labels.get(at) if self.labels else "#%d" % at)


class Acts:
    """Carries out commands. link: the Protocol."""

    def __init__(self, link, app):
        self._link = link
        self._app = app
        self._renamed = None  # (spec, its labels, its ascii_labels) before new names
        self._oldest = 0

    def act(self, code, number, text):
        """Carry out a command; one that is impossible now, or unknown, changes nothing."""
        app = self._app
        spec = app.slot.loaded
        try:
            if code == 0x2D:
                # The model that runs is not loaded once more: clients send this at each start.
                if 0 <= number < len(app.catalog) and (number != app.selected or app.machine.state == "FAULT"):
                    app.machine.post("SELECT", number)
            elif code == 0x34:
                self._write(number >> 8, number & 255, text)
            elif code == 0x35:
                del self._link._texts[:]
                self._oldest = 0
            elif not spec:
                return
            elif code == 0x2F:
                if number > 0 and text:
                    self._rename(spec.names or spec, number - 1, text)
            elif code == 0x30:
                self._link.keep(app.camera.snapshot())
            elif code == 0x39:
                self._link.shoot()
            elif spec.learns:
                if code == 0x36:
                    app.machine.post("LEARN", number + 1 if number > 0 else None)
                elif code == 0x37:
                    app.machine.post("LEARN", -1)
                elif code == 0x32 or code == 0x33:
                    self._slot(spec, code == 0x32, number)
        except Refused:
            pass

    def _write(self, x, y, text):
        """Put a text on the pictures; at most ten, and one at a place."""
        texts = self._link._texts
        for row in texts:
            if row[0] == x and row[1] == y:
                row[2] = text
                return
        if len(texts) < TEXTS:
            texts.append([x, y, text])
        else:
            texts[self._oldest] = [x, y, text]
            self._oldest = (self._oldest + 1) % TEXTS

    def _rename(self, spec, at, name):
        labels = spec.labels
        if hasattr(labels, "names"):  # what was learnt keeps its name on the card
            if at < len(labels.names):
                labels.names[at] = name
                self._saved("rename", spec.path, labels.names)
        else:
            if not self._renamed:
                self._renamed = (spec, labels, spec.ascii_labels)
                spec.labels = Renamed(labels)
                if spec.ascii_labels:
                    spec.ascii_labels = Renamed(spec.ascii_labels)
            for known in (spec.labels, spec.ascii_labels):
                if known:
                    known.names_by_class[at] = name
        for item in self._app.results.items:
            item.text = None

    def unnamed(self):
        """Give the model that goes its own names back."""
        if self._renamed:
            spec, spec.labels, spec.ascii_labels = self._renamed
            self._renamed = None

    def _slot(self, spec, save, number):
        """Save what the model has learnt into a slot on the card, or load it from there."""
        for part in (spec,) + spec.stages:
            if part.path and 0 <= number < 10:
                if self._saved("backup" if save else "restore", part.path, number) and not save:
                    self._app.machine.post("SELECT", self._app.selected)

    def _saved(self, what, folder, value):
        try:
            from device.once import backups

            return getattr(backups, what)(folder, value)
        except (ImportError, MemoryError, OSError, SyntaxError, ValueError):  # a full or pulled card
            return False
        finally:
            forget()
