"""Reads the folders of models/: model.json and the files beside it become a ModelSpec, with every mistake named.

A kind's module says which fields, labels and outputs its models have; see device/kinds. Needed only while the card is
read: catalog.read() drops this module again.
"""

from array import array

import uio
import uos

from device import kind as kind_module
from device.kinds import KINDS
from device.spec import EVERY, Labels, ModelSpec, source_open
from device.once.checks import BOM, all_fit, fits, read_json, show
from device.once.kmodel_head import HEAD, sniff

LABELS_MAX = 65535
KMODEL_MAX = 0x600000  # the firmware's own limit

FIELDS = "schema title ascii_title kind kmodel input labels ascii_labels outputs pixels stages"  # of every kind


def _size(path):
    """Return the size of a file, None when there is none."""
    try:
        stat = uos.stat(path)
    except OSError as error:
        if error.args[0] != 2:
            raise
        return None
    # Treat a folder of that name as no file: opening it would raise an OSError with another number.
    return None if stat[0] & 0x4000 else stat[6]


def scan(source, plain=False):
    """Return (count, index, problem or "") of the lines of a labels file; blank lines may only come last.

    plain: whether a line with a character outside printable ASCII is a problem.
    """
    at = lines = count = 0
    index = array("H")
    with source_open(source) as file:
        while True:
            line = file.readline()
            if not line:
                break
            if at == 0 and line[:3] == BOM:
                at = 3
                line = line[3:]
            # Two bytes for 16 lines: offsets fit 16 bits, because LABELS_MAX keeps the file below 64 KiB.
            if lines % EVERY == 0:
                index.append(at)
            at += len(line)
            lines += 1
            try:
                text = line.decode().strip()
            except ValueError:
                return 0, index, "line %d is not UTF-8" % lines
            blank = not text
            if plain and text and (max(text) > "~" or min(text) < " "):
                return 0, index, "line %d is not ASCII" % lines
            # A blank line would shift all names behind it by one class: no labels are better than wrong ones.
            if not blank and count < lines - 1:
                return 0, index, "line %d is blank" % (count + 1)
            if len(line) > 256:
                return 0, index, "line %d is too long" % lines
            if not blank:
                count = lines
    return count, index, "" if count else "no label"


class Reader:
    """Reads one folder into `spec`; `problems` keep the app from loading it, `doubts` leave that to the firmware.

    prefix: what stands before the names of fields in problems: "" for the model itself, "stages[0]." for a stage.
    """

    prefix = ""

    def __init__(self, base, folder, anchor_pairs):
        self.spec = ModelSpec(folder)
        self.problems = []
        self.doubts = []
        self.path = base + "/" + folder + "/"
        self.name = folder + "/model.json"
        self.anchor_pairs = anchor_pairs

    def read(self):
        """Fill the spec from model.json."""
        self.data = read_json(self.path + "model.json", self.name, self.problems)
        if not self.problems:
            self.network(KINDS, FIELDS)
            if "stages" in self.data:
                from device.once.stages import read_stages

                read_stages(self)

    def bad(self, field, expected, actual=None):
        if actual is None:
            actual = show(self.data[field]) if field in self.data else "missing"
        self.problems.append((self.name, self.prefix + field, actual, expected))

    def doubt(self, field, expected, actual):
        self.doubts.append((self.name, self.prefix + field, actual, expected))

    def beside(self, name):
        """Return the path of a file beside model.json, None unless it is a plain name."""
        # The folder must be complete in itself, so that it can be copied: no path may lead out of it.
        if fits(name, "a text, length 1 to 64") and name[0] != "." and not [c for c in "/\\:" if c in name]:
            return self.path + name
        return None

    def network(self, kinds, own):
        """Check the fields of one network. kinds: the names of what it may be. own: the fields of every kind."""
        data = self.data
        spec = self.spec
        names = "one of " + " ".join(sorted(kinds))
        kind = None
        if fits(data.get("kind"), names):
            spec.kind = data["kind"]
            kind = kind_module(spec.kind)
            if getattr(kind, "LEARNS", False):
                spec.learns = True
                spec.path = self.path

        rows = list(fields(kind))
        known = own.split(" ") + [row[0] for row in rows]
        if [field for field in data if field not in known]:
            # A field of another kind has no effect here, but its name is known, and its value must obey the rule of
            # that kind. Only now is it worth the time to import the others.
            for name in kinds:
                for field, rule, _ in fields(kind_module(name)):
                    if field not in known:
                        known.append(field)
                        if isinstance(rule, str) and field in data:
                            rows.append((field, rule, None))
        known = own.split(" ") + sorted(known[len(own.split(" ")) :])
        for field in data:
            if field not in known:
                self.bad(field, "one of " + " ".join(known), "unknown")
        # From here on every field is checked even if one before it is bad: the user sees all mistakes at once.
        if own == FIELDS:
            self.take("schema", "a whole number, 1 to 1", None)
            self.take("title", "a text, length 1 to 32", None)
            if "ascii_title" in data:
                self.take("ascii_title", "an ASCII text, length 1 to 32", None)
        if not kind:
            self.bad("kind", names)
        if all_fit(data.get("input"), "a whole number, 1 to 1024", 3) and data["input"][2] in (1, 3):
            spec.width, spec.height, spec.channels = data["input"]
        else:
            self.bad("input", "[width, height, 1 or 3]")
        for row in rows:
            self.take(*row)
        if "pixels" in data:
            from device.once.pixels import words

            self.take("pixels", words(kind, spec.channels), None)
        if "outputs" in data:
            self.outputs(data["outputs"])
        head = self.kmodel(data.get("kmodel"))
        needed = getattr(kind, "LABELS", "optional")
        if needed == "none" and "labels" in data:
            self.bad("labels", "no labels: this kind has no classes")
        elif needed == "needed" or "labels" in data:
            spec.labels = self.labels("labels", "a text, length 1 to 64")
        if "ascii_labels" in data:
            self.ascii_labels()
        # Only a complete spec can be compared. What merely follows from a mistake is not reported as another one.
        if not self.problems and not self.doubts:
            self.compare(head, kind)

    def take(self, field, rule, default):
        """Set an attribute of the spec to a field's value, or its default; a value that breaks its rule is bad."""
        value = self.data.get(field, default)
        if not isinstance(rule, str):
            try:
                setattr(self.spec, field, rule(value, self.anchor_pairs))
            except ValueError as error:
                self.bad(field, *error.args)
        elif fits(value, rule):
            setattr(self.spec, field, value)
        else:
            self.bad(field, rule)

    def outputs(self, value):
        if isinstance(value, list) and value and all([all_fit(v, "a whole number, 1 to 65536", 3) for v in value]):
            self.spec.outputs = tuple([tuple(part) for part in value])
        else:
            self.bad("outputs", "[[width, height, channels], ...]")

    def kmodel(self, value):
        """Take the field; return what the file's head says, None for a flash chip that holds no model there."""
        spec = self.spec
        if isinstance(value, dict):
            rule = "a whole number, 1 to 16777216"
            if len(value) == 2 and fits(value.get("flash"), rule) and fits(value.get("bytes"), rule):
                spec.kmodel = (value["flash"], value["bytes"])
                spec.size = value["bytes"]
                from device.once.hal_start import flash_read

                head = sniff(flash_read(value["flash"], HEAD))
                self.refuse(head)
                # Nothing else is a doubt: on a PC the flash chip is empty, and on a board the loader says 2002.
                return head if head[0] in ("v3", "v4") else None
            self.bad("kmodel", '{"flash": address, "bytes": size}')
            return None
        path = self.beside(value)
        # The firmware looks for these letters anywhere in the path, in lower case (Maix_kpu.c).
        if not path or not [end for end in (".kmodel", ".smodel", ".emodel") if end in value]:
            self.bad("kmodel", "the name of a .kmodel file beside it")
            return None
        spec.size = size = _size(path)
        spec.kmodel = path
        if not size or size > KMODEL_MAX:
            self.bad("kmodel", "1 to %d bytes" % KMODEL_MAX, "no such file" if size is None else "%d bytes" % size)
            return None
        with uio.open(path, "rb") as file:
            head = sniff(file.read(HEAD))
        # Only a doubt: the firmware decides, since custom builds may read formats that we do not know.
        if not self.refuse(head) and head[0] not in ("v3", "v4", "encrypted"):
            self.doubt("kmodel", "kmodel v3 or v4", head[0])
        return head

    def refuse(self, head):
        """Keep a kmodel v5 or later from the firmware: it begins like v4, and can crash the loader for v4."""
        if head[1] == 4:
            self.spec.main = head[2]
        if head[1] > 4:
            self.doubt("kmodel", "kmodel v3 or v4", head[0])
            self.spec.refused = 2002
        return head[1] > 4

    def labels(self, field, rule):
        """Return the Labels of a field; () if it is bad. rule: of each name in a list."""
        value = self.data.get(field)
        plain = "ASCII" in rule
        expected = "a list of ASCII names, or a file's name" if plain else "a list of names, or a file's name"
        if isinstance(value, list):
            if not value or not all_fit(value, rule, len(value)):
                self.bad(field, expected)
                return ()
            source = "\n".join(value).encode()
        else:
            source = self.beside(value)
            if not source:
                self.bad(field, expected)
                return ()
            size = _size(source)
            if size is None or size > LABELS_MAX:
                actual = "no such file" if size is None else "%d bytes" % size
                self.bad(field, "a file of at most %d bytes" % LABELS_MAX, actual)
                return ()
        count, index, actual = scan(source, plain)
        if actual:
            self.bad(field, "a name in every line, ASCII" if plain else "a name in every line, UTF-8", actual)
        return Labels(source, count, index)

    def ascii_labels(self):
        """Take the names that the panel shows instead of the labels: one for each of them."""
        spec = self.spec
        names = self.labels("ascii_labels", "an ASCII text, length 1 to 64")
        count = len(spec.labels)
        if len(names) == count:
            spec.ascii_labels = names
        # What merely follows from another mistake is not reported.
        elif names and not [row for row in self.problems if row[1] == "labels"]:
            self.bad("ascii_labels", "%d names, one for each label" % count, "%d names" % len(names))

    def compare(self, head, kind):
        """Compare model.json with the head of the file; infer the outputs that a kmodel v4 must be told."""
        spec = self.spec
        version = head[1] if head else 0
        sizes = head[3] if head else ()
        if version == 3:
            spec.outputs = None  # the firmware needs them for v4 only
        outputs = spec.outputs
        if len(sizes) > 1:
            spec.count = len(sizes)
        shape = (spec.width, spec.height, spec.channels)
        if head and head[4] and head[4] != shape:
            self.doubt("input", show(list(head[4])), show(list(shape)))
        if outputs and sizes and version == 4 and sizes != tuple([w * h * c * 4 for w, h, c in outputs]):
            self.doubt("outputs", "w x h x ch = %s" % show([size // 4 for size in sizes]), show(outputs))
            return
        if not (outputs or sizes):
            return

        elements = [size // 4 for size in sizes] or [w * h * c for w, h, c in outputs]
        # A kind that has no opinion takes its outputs as rows of numbers.
        cells = tuple([(1, 1, count) for count in elements])
        if hasattr(kind, "fit"):
            cells = kind.fit(spec, tuple(elements), outputs or (), self.doubt)
        if cells and not outputs and version == 4:
            spec.outputs = cells


def fields(kind):
    """Return the rows (name, rule, default) of the fields that a kind adds to model.json; () for kind None."""
    return getattr(kind, "FIELDS", ())


def read_folder(base, folder, anchor_pairs=None):
    """Return the ModelSpec of one folder in `base`, with its problems."""
    try:
        reader = Reader(base, folder, anchor_pairs)
        reader.read()
        spec = reader.spec
        spec.loadable = not reader.problems
        # Only a card whose link has kept something needs the module, and the heap for its names.
        if spec.loadable and _size(reader.path + "tuned.s0"):
            from device.once.tuned import tuned_read

            tuned_read(reader.path, spec, reader.data)
        if reader.problems or reader.doubts:
            spec.problems = reader.problems + reader.doubts
    except MemoryError:
        spec = ModelSpec(folder)
        spec.problems = [(folder, "", "too large for this memory", "smaller files")]
    except OSError as error:
        # Without a card every folder would have a problem: the caller must show one fault for all of them.
        if error.args[0] == 19:
            raise
        spec = ModelSpec(folder)
        spec.problems = [(folder, "", "error %s" % error.args[0], "files that can be read")]
    if not spec.loadable:
        spec.title = folder
        spec.ascii_title = None
    return spec


def arriving(path):
    """Return whether sync has not finished a model's folder: it is empty, or has a mark and no model.json yet."""
    try:
        names = [row[0] for row in uos.ilistdir(path)]
    except OSError:
        return False
    return not names or ("ARRIVING" in names and "model.json" not in names)


def read_folders(base, rows, anchor_pairs):
    """Return what catalog.read() returns. base: the folder of the models. rows: its listing by uos.ilistdir()."""
    folders = [row[0] for row in rows if row[1] == 0x4000 and row[0][0] != "."]
    # FatFs lists a folder in the order of its entries. The second key decides if names differ only in case.
    folders.sort(key=lambda name: (name.encode().lower(), name.encode()))
    specs = []
    titles = {}
    for folder in folders:
        spec = read_folder(base, folder, anchor_pairs)
        if not spec.loadable and arriving(base + "/" + folder):
            continue
        if not spec.problems:
            # Two models with one title could not be told apart on the screen or over the link.
            first = titles.setdefault(spec.title, folder)
            if first != folder:
                spec.problems = [(folder + "/model.json", "title", spec.title, "another than %s has" % first)]
                spec.title = folder
                spec.ascii_title = None
                spec.loadable = False
        specs.append(spec)
    return specs
