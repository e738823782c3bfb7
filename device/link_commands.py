"""The commands of the protocol json: what they take, how a line is read, and what each one does.

COMMANDS is the only table: the board checks lines by it, docs/serial.md shows it, and `maixswitch monitor` sends by it.
"""

import ujson

from device import forget, hal
from device.fsm import Refused

LINE = 256  # bytes of a line; a longer one is a bad line
PAUSE_MS = 50  # a load waits for the rest of a line until nothing has come for so long

# A command and its fields, all optional for the check: "0..9" a whole number, "0.0..1.0" any number, "text", "flag".
COMMANDS = """
models
select index=0..999 title=text
next
previous
reload
tune threshold=0.0..1.0 nms=0.0..1.0 keep=flag
results
subscribe rate=0..30
snapshot screen=flag
status
"""


def parse(line):
    """Return the object in a line: flat, and complete; ujson.loads of v1.11 would read broken text, too.

    Raises ValueError, which says what is wrong.
    """
    sketch = ""  # the line without what is in it: "s" for a text, "n" for a number or word
    quoted = escaped = apart = False
    for c in line:
        if quoted:
            if c < 32:
                raise ValueError("a control character")
            quoted = escaped or c != 34
            escaped = c == 92 and not escaped
        elif c == 32 or c == 9:
            apart = True
        else:
            sign = chr(c)
            if c == 34:
                quoted = True
                sketch += "s"
            elif sign in "{}:,[]":
                sketch += sign
            elif apart or sketch[-1:] != "n":
                sketch += "n"
            apart = False
    if quoted or sketch[:1] != "{" or sketch[-1:] != "}":
        raise ValueError("not a JSON object")
    for part in sketch[1:-1].split(","):
        if part not in ("s:s", "s:n"):
            raise ValueError("not names and plain values")
    try:
        data = ujson.loads(line.decode())
    except (ValueError, TypeError):
        raise ValueError("broken text")
    if not isinstance(data, dict) or len(data) != sketch.count(":"):
        raise ValueError("a name twice")
    return data


def obeys(value, rule):
    """Return whether a value obeys a rule of COMMANDS."""
    if rule == "text":
        return isinstance(value, str)
    # True is an int in Python.
    if rule == "flag" or isinstance(value, bool):
        return rule == "flag" and isinstance(value, bool)
    low, high = rule.split("..")
    if not isinstance(value, (int, float) if "." in low else int):
        return False
    return float(low) <= value <= float(high)


def known(name):
    """Return the fields of a command, ["rate=0..30"]; None for an unknown one."""
    at = COMMANDS.find("\n" + name + " ") + 1 or COMMANDS.find("\n" + name + "\n") + 1
    if not at or not name or " " in name or "\n" in name:
        return None
    return COMMANDS[at : COMMANDS.find("\n", at)].split(" ")[1:]


class Commands:
    """Reads lines and carries them out, one at a time: the next line waits in the ring until the last is answered."""

    def __init__(self, link, app):
        self._link = link
        self._app = app
        self._line = bytearray(LINE)
        self._size = 0
        self._from = self._till = 0  # what of link._heard has not been looked at
        self._last = 0  # when something came in

    def listen(self, now):
        """Carry out the lines that have come in; return whether a load must wait for the rest of one."""
        link = self._link
        heard = link._heard
        line = self._line
        came = False
        while not link.answers:
            if self._from >= self._till:
                self._from = 0
                self._till = link.receive()
                if not self._till:
                    break
                came = True
            size = self._size
            byte = 0
            while self._from < self._till and byte != 10:
                byte = heard[self._from]
                self._from += 1
                if byte == 13:  # Enter of a terminal, or half of CR LF
                    byte = 10
                if byte != 10:
                    if size < LINE:
                        line[size] = byte
                    size += 1
            self._size = 0 if byte == 10 else min(size, LINE + 1)
            if byte == 10 and size:
                self.take(bytes(line[:size]) if size <= LINE else None)
        if came:
            self._last = now = hal.ticks()  # a command may have taken a while
        return bool(link.answers) or self._from < self._till or (self._size > 0 and now - self._last < PAUSE_MS)

    def take(self, line):
        """Carry out one line, and answer it. line: None for one that was too long."""
        number = 0
        result = None
        try:
            if line is None:
                raise ValueError("more than %d bytes" % LINE)
            data = parse(line)
            number = data.pop("id", 0)
            if not obeys(number, "0..999999999"):
                number = 0
                raise ValueError("id: wanted: a whole number, 0 to 999999999")
            name = data.pop("do", "")
            fields = known(name) if isinstance(name, str) else None
            if fields is None:
                raise ValueError("do: wanted: one of " + " ".join([row.split(" ")[0] for row in rows()]))
            for field in data:
                rule = [row for row in fields if row.split("=")[0] == field]
                if not rule or not obeys(data[field], rule[0].split("=")[1]):
                    raise ValueError("%s: wanted: %s" % (field, rule[0] if rule else " ".join(fields) or "no field"))
            result = getattr(self, name)(data, number)
        except ValueError as error:
            result = ("answer", number, False, str(error))
        except Refused as error:  # "cannot SELECT in NO_CARD"
            result = ("answer", number, False, str(error))
        if result is not False:
            self._link.answers.append(result or ("answer", number, True))
        self._link.flush()

    def running(self):
        """Return the spec of the running model; raise ValueError without one."""
        spec = self._app.slot.loaded
        if not spec:
            raise ValueError("no model runs")
        return spec

    def post(self, event, arg=None):
        self._app.machine.post(event, arg)

    # The commands: each returns the row of its answer, None for a plain one, or False when the answer comes later.

    def models(self, data, number):
        total = len(self._app.catalog)
        if total:
            self._link.listing = [number, 0]
        return ("answer", number, True, None, total, self._app.selected)

    def select(self, data, number):
        titles = [spec.title for spec in self._app.catalog]
        at = data.get("index", -1)
        if "title" in data:
            at = titles.index(data["title"]) if data["title"] in titles else -1
        if not 0 <= at < len(titles):
            raise ValueError("no such model; there are %d" % len(titles))
        self.post("SELECT", at)

    def next(self, data, number):
        self.post("NEXT")

    def previous(self, data, number):
        self.post("PREVIOUS")

    def reload(self, data, number):
        self.post("RELOAD")

    def tune(self, data, number):
        spec = self.running()
        keep = data.pop("keep", False)
        for field in data:
            if not hasattr(spec, field):
                raise ValueError("%s: this model has none" % field)
        for field in data:
            setattr(spec, field, data[field])
        if keep:
            self.kept(spec)
        # The firmware takes them when a model is loaded; a second kpu.init_yolo2 would leak memory.
        if data:
            self.post("SELECT", self._app.selected)

    def kept(self, spec):
        """Keep threshold and nms in the model's folder."""
        try:
            from device.once.tuned import tuned_write

            tuned_write(self._app.root + "/models/" + spec.folder + "/", spec)
        except (ImportError, MemoryError, OSError, SyntaxError):  # a full or pulled card
            raise ValueError("not kept: the card cannot be written")
        finally:
            forget()

    def results(self, data, number):
        self.running()
        self._link.asked["results"] = number

    def subscribe(self, data, number):
        self._link.pace(data.get("rate", 5))

    def snapshot(self, data, number):
        self.running()
        if data.get("screen"):
            self._link.shot = number
            return False
        path = self._link.keep(self._app.camera.snapshot())
        return ("answer", number, bool(path), None if path else "not saved", None, None, path or None)

    def status(self, data, number):
        self._link.asked["status"] = number


def rows():
    """Return the lines of COMMANDS."""
    return COMMANDS.strip().split("\n")
