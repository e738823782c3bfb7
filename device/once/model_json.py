"""The folders of models/: model.json and what lies beside it -> ModelSpec, with every mistake named.

Needed only while the card is read: catalog.read() has this module forgotten again.
"""

from array import array

import uio
import uos

from device.catalog import EVERY, Labels, ModelSpec, source_open
from device.once.checks import BOM, all_fit, fits, read_json, show
from device.once.kmodel_head import HEAD, grid, sniff

LABELS_MAX = 65535
KMODEL_MAX = 0x600000  # the firmware's own limit

FIELDS = "schema title kind kmodel input labels anchors threshold nms top softmax outputs"
RULES = (
    ("schema", "a whole number, 1 to 1"),
    ("title", "a text, length 1 to 32"),
    ("threshold", "a number, 0 to 1"),
    ("nms", "a number, 0 to 1"),
    ("top", "a whole number, 1 to 10"),
    ("softmax", "true or false"),
)


def _size(path):
    """Return the size of a file, None when there is none."""
    try:
        stat = uos.stat(path)
    except OSError as error:
        if error.args[0] != 2:
            raise
        return None
    return None if stat[0] & 0x4000 else stat[6]


def scan(source):
    """Return (count, index, trouble or "") of the lines of a labels file; blank lines may only come last."""
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
            if lines % EVERY == 0:
                index.append(at)
            at += len(line)
            lines += 1
            try:
                blank = not line.decode().strip()
            except ValueError:
                return 0, index, "line %d is not UTF-8" % lines
            if not blank and count < lines - 1:
                return 0, index, "line %d is blank" % (count + 1)
            if len(line) > 256:
                return 0, index, "line %d is too long" % lines
            if not blank:
                count = lines
    return count, index, "" if count else "no label"


class _Reader:
    """Reads one folder into `spec`; `bad` collects the problems, in `doubts` once the model could be loaded."""

    def __init__(self, base, folder, kinds, pairs):
        self.spec = ModelSpec(folder)
        self.problems = []
        self.doubts = []
        self.path = base + "/" + folder + "/"
        self.name = folder + "/model.json"
        self.pairs = pairs
        self.data = read_json(self.path + "model.json", self.name, self.problems)
        if not self.problems:
            self.fill(kinds)

    def bad(self, field, wanted, found=None):
        if found is None:
            found = show(self.data[field]) if field in self.data else "missing"
        self.problems.append((self.name, field, found, wanted))

    def doubt(self, field, wanted, found):
        self.doubts.append((self.name, field, found, wanted))

    def beside(self, name):
        """Return the path of a file beside model.json, None unless it is a plain name."""
        if fits(name, "a text, length 1 to 64") and name[0] != "." and not [c for c in "/\\:" if c in name]:
            return self.path + name
        return None

    def fill(self, kinds):
        data = self.data
        spec = self.spec
        for field in data:
            if field not in FIELDS.split(" "):
                self.bad(field, "one of " + FIELDS, "unknown")
        for field, rule in RULES:
            if not fits(data.get(field, getattr(spec, field)), rule):
                self.bad(field, rule)
            elif field in data:
                setattr(spec, field, data[field])
        rule = "one of " + " ".join(sorted(kinds))
        boxes = False
        if fits(data.get("kind"), rule):
            spec.kind = data["kind"]
            boxes = "anchors" in kinds[spec.kind].needs
        else:
            self.bad("kind", rule)
        if not boxes and "threshold" not in data:
            spec.threshold = 0
        if all_fit(data.get("input"), "a whole number, 1 to 1024", 3) and data["input"][2] in (1, 3):
            spec.width, spec.height, spec.channels = data["input"]
        else:
            self.bad("input", "[width, height, 1 or 3]")
        if boxes:
            self.anchors(data.get("anchors"))
        if "outputs" in data:
            self.outputs(data["outputs"])
        head = self.kmodel(data.get("kmodel"))
        self.labels(data.get("labels"))
        if not self.problems and not self.doubts:
            self.compare(head, boxes)

    def anchors(self, value):
        pairs = len(value) // 2 if isinstance(value, list) else 0
        if not pairs or not all_fit(value, "a number, 0 to 1024", pairs * 2) or min(value) <= 0:
            self.bad("anchors", "pairs of numbers above 0")
        elif pairs != (self.pairs or pairs):
            self.bad("anchors", "%d pairs, all that this firmware can use" % self.pairs, "%d pairs" % pairs)
        else:
            self.spec._anchors = array("f", value)

    def outputs(self, value):
        if isinstance(value, list) and value and all([all_fit(v, "a whole number, 1 to 65536", 3) for v in value]):
            self.spec.outputs = tuple([tuple(part) for part in value])
        else:
            self.bad("outputs", "[[width, height, channels], ...]")

    def kmodel(self, value):
        """Take the field; return what the file's head says, None for a model in flash."""
        spec = self.spec
        if isinstance(value, dict):
            rule = "a whole number, 1 to 16777216"
            if len(value) == 2 and fits(value.get("flash"), rule) and fits(value.get("bytes"), rule):
                spec.kmodel = (value["flash"], value["bytes"])
                spec.size = value["bytes"]
                from device.once.hal_start import flash_read

                self.refuse(sniff(flash_read(value["flash"], HEAD)))
            else:
                self.bad("kmodel", '{"flash": address, "bytes": size}')
            return None
        path = self.beside(value)
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
        if not self.refuse(head) and head[0] not in ("v3", "v4", "encrypted"):
            self.doubt("kmodel", "kmodel v3 or v4", head[0])
        return head

    def refuse(self, head):
        """Keep a kmodel v5 or later from the firmware: it begins as v4, and the loader would crash the chip."""
        if head[1] > 4:
            self.doubt("kmodel", "kmodel v3 or v4", head[0])
            self.spec.refused = 2002
        return head[1] > 4

    def labels(self, value):
        if isinstance(value, list):
            if not value or not all_fit(value, "a text, length 1 to 64", len(value)):
                self.bad("labels", "a list of names, or a file's name")
                return
            source = "\n".join(value).encode()
        else:
            source = self.beside(value)
            if not source:
                self.bad("labels", "a list of names, or a file's name")
                return
            size = _size(source)
            if size is None or size > LABELS_MAX:
                found = "no such file" if size is None else "%d bytes" % size
                self.bad("labels", "a file of at most %d bytes" % LABELS_MAX, found)
                return
        count, index, found = scan(source)
        self.spec.labels = Labels(source, count, index)
        if found:
            self.bad("labels", "a name in every line, UTF-8", found)

    def compare(self, head, boxes):
        """Compare what model.json says with the head of the file; infer grid and, for v4, the outputs."""
        spec = self.spec
        count = len(spec.labels)
        if head and head[1] == 3:
            spec.outputs = None  # the firmware wants them for v4 only
        given = spec.outputs
        sizes = head[3] if head else ()
        shape = (spec.width, spec.height, spec.channels)
        if head and head[4] and head[4] != shape:
            self.doubt("input", show(list(head[4])), show(list(shape)))
        if given and sizes and head[1] == 4 and sizes != tuple([w * h * c * 4 for w, h, c in given]):
            self.doubt("outputs", "w x h x ch = %s" % show([size // 4 for size in sizes]), show(given))
            return
        if not given and not sizes:
            return
        first = sizes[0] // 4 if sizes else given[0][0] * given[0][1] * given[0][2]
        said = "%d labels" % count
        if not boxes:
            if first != count:
                self.doubt("labels", "%d labels" % first, said)
            cells = (1, 1, count)
        else:
            pairs = len(spec._anchors) // 2
            if given:
                spec.grid = given[0][:2] if given[0][2] == pairs * (count + 5) else None
            else:
                spec.grid = grid(spec.width, spec.height, first, pairs, count)
            if not spec.grid:
                fit = [n for n in range(1, 101) if grid(spec.width, spec.height, first, pairs, n)]
                self.doubt("labels", "%d labels" % fit[0] if fit else "%d x (labels + 5) channels" % pairs, said)
                return
            cells = spec.grid + (pairs * (count + 5),)
        if not given and head[1] == 4:
            spec.outputs = (cells,)


def read_folder(base, folder, kinds, anchor_pairs=None):
    """Return the ModelSpec of one folder in `base`, with its problems."""
    try:
        reader = _Reader(base, folder, kinds, anchor_pairs)
        spec = reader.spec
        spec.loadable = not reader.problems
        if reader.problems or reader.doubts:
            spec.problems = reader.problems + reader.doubts
    except MemoryError:
        spec = ModelSpec(folder)
        spec.problems = [(folder, "", "too large for this memory", "smaller files")]
    except OSError as error:
        if error.args[0] == 19:
            raise
        spec = ModelSpec(folder)
        spec.problems = [(folder, "", "error %s" % error.args[0], "files that can be read")]
    if not spec.loadable:
        spec.title = folder
    return spec


def arriving(path):
    """Return whether sync has not brought all of a model's folder yet: then it has no model.json, and a mark."""
    try:
        names = [row[0] for row in uos.ilistdir(path)]
    except OSError:
        return False
    return not names or ("ARRIVING" in names and "model.json" not in names)


def read_folders(base, rows, kinds, anchor_pairs):
    """Return what catalog.read() returns; base: the folder of the models, rows: what uos.ilistdir() says is in it."""
    folders = [row[0] for row in rows if row[1] == 0x4000 and row[0][0] != "."]
    folders.sort(key=lambda name: (name.encode().lower(), name.encode()))
    specs = []
    titles = {}
    for folder in folders:
        spec = read_folder(base, folder, kinds, anchor_pairs)
        if not spec.loadable and arriving(base + "/" + folder):
            continue
        if not spec.problems:
            first = titles.setdefault(spec.title, folder)
            if first != folder:
                spec.problems = [(folder + "/model.json", "title", spec.title, "another than %s has" % first)]
                spec.title = folder
                spec.loadable = False
        specs.append(spec)
    return specs
