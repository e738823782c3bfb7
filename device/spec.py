"""ModelSpec, which describes one model for the app, and Labels, the names of its classes, which stay on the card."""

import uio

EVERY = 16  # lines of a labels file for each entry of its index
CACHE = 12  # labels kept as texts; a frame shows ten at most


def source_open(source):
    """Return a file of lines. source: the path of a labels file, or the bytes of one."""
    return uio.open(source, "rb") if isinstance(source, str) else uio.BytesIO(source)


class Labels:
    """The names of the classes, read from their source when somebody asks for one.

    source: see source_open(). count: how many there are. index: where every 16th line of the source begins.
    """

    def __init__(self, source, count, index):
        self.source = source
        self._count = count
        self._index = index
        self._cache = {}

    def __len__(self):
        return self._count

    def get(self, at):
        """Return a label; "#3" for 3 when there is no such label or the card does not answer."""
        # A thousand names would fill a tenth of the heap: they stay on the card, and an index leads near each.
        text = self._cache.get(at)
        if text is None:
            text = "#%d" % at
            if 0 <= at < self._count:
                try:
                    with source_open(self.source) as file:
                        file.seek(self._index[at // EVERY])
                        for _ in range(at % EVERY):
                            file.readline()
                        text = file.readline().decode().strip()
                except (OSError, ValueError):
                    pass  # the card is gone: show the number
            # Clear all of it: finding the oldest entry would take more code than reading a few names again.
            if len(self._cache) >= CACHE:
                self._cache.clear()
            self._cache[at] = text
        return text


class ModelSpec:
    """One folder of models/.

    kmodel: path, or (flash address, bytes).
    size: bytes of the file.
    labels: has len().
    ascii_title, ascii_labels: what the panel shows instead, because its font has ASCII only; None when model.json has
        none.
    main: bytes of a kmodel v4's main memory, which its loader takes beside the file; else 0.
    outputs: (width, height, channels) of each output, for a kmodel v4.
    count: the number of the network's outputs.
    grid: (columns, rows) of a detector, None if unknown.
    stages: a ModelSpec for each network that runs on the boxes of this one; these have no title and no stages.
    names: the stage that names the boxes of this model, else None: then the classes are its own.
    learns: whether a double press makes the model learn. path: then its folder, with a slash at its end.
    pixels: how each picture is changed for the network, see device/once/pixels.py.
    enlarge: of a stage, how many times as wide and high as the box its part of the picture is.
    problems: what is wrong, see say().
    loadable: whether the problems are only contradictions between model.json and the head of the kmodel; then the
        firmware's own error (too large, another version) comes first. If not, the title is the folder's name, and the
        other attributes may be missing.
    refused: the code of a fault that must come before the firmware sees the file, else 0.
    The fields that the kind adds to model.json are attributes too, see device/kinds.
    """

    schema = kind = kmodel = outputs = grid = anchors = ascii_title = ascii_labels = names = path = None
    width = height = channels = size = main = refused = 0
    top = 3  # bars that the screen shows
    count = enlarge = 1
    loadable = learns = False
    labels = problems = stages = pixels = ()

    def __init__(self, folder):
        self.folder = folder
        self.title = None

    def label(self, at):
        """Return the name of a class; "#3" for 3 when it is unknown, "?" for -1: a stage gave the box no class."""
        if at < 0:
            return "?"
        if self.names:
            return self.names.label(at)
        return self.labels.get(at) if self.labels else "#%d" % at

    def panel_label(self, at):
        """Return the name of a class as the panel shows it."""
        if self.names:
            return self.names.panel_label(at)
        return self.ascii_labels.get(at) if self.ascii_labels and at >= 0 else self.label(at)

    def panel_title(self):
        """Return the title as the panel shows it."""
        return self.ascii_title or self.title


def say(problem):
    """Return a problem (file, field, what is there, what was expected) as one text."""
    return "%s: %s; wanted: %s" % ((problem[0] + " " + problem[1]).strip(), problem[2], problem[3])
