"""The models of a card: a ModelSpec for every folder of models/, in the button's order, with what is wrong in it.

model.json itself is judged by device.once.model_json. All files are opened with uio, and closed again.
"""

import uio
import uos

from device import forget

EVERY = 16  # lines of a labels file to one entry of its index
CACHE = 12  # labels kept as texts; a frame shows ten at most


def source_open(source):
    """Return a file of lines: source is the path of a labels file, or the bytes of one."""
    return uio.open(source, "rb") if isinstance(source, str) else uio.BytesIO(source)


class Labels:
    """The names of the classes, looked up when they are asked for; index: where every 16th line of source begins."""

    def __init__(self, source, count, index):
        self._source = source
        self._count = count
        self._index = index
        self._cache = {}

    def __len__(self):
        return self._count

    def get(self, at):
        """Return a label; "#3" for 3 when there is no such label or the card does not answer."""
        text = self._cache.get(at)
        if text is None:
            text = "#%d" % at
            if 0 <= at < self._count:
                try:
                    with source_open(self._source) as file:
                        file.seek(self._index[at // EVERY])
                        for _ in range(at % EVERY):
                            file.readline()
                        text = file.readline().decode().strip()
                except (OSError, ValueError):
                    pass  # the card is gone: the number has to do
            if len(self._cache) >= CACHE:
                self._cache.clear()
            self._cache[at] = text
        return text


class ModelSpec:
    """One folder of models/. kmodel: path, or (flash address, bytes). size: bytes of the file. labels: has len().

    anchors: floats, None without. outputs: (width, height, channels) of each, for a kmodel v4. grid: (columns, rows) of
    a detector if known. problems: what is wrong. loadable: whether that is no more than model.json against the
    kmodel's own head, so that the firmware's word (too large, another version) goes first; if not, the title is the
    folder's name, and nothing else need be there. refused: the code of a fault that must come before the firmware sees
    the file, whatever it would say of it.
    """

    schema = kind = kmodel = outputs = grid = _anchors = None
    width = height = channels = size = refused = 0
    threshold = 0.5
    nms = 0.3
    top = 3
    softmax = loadable = False
    labels = problems = ()

    def __init__(self, folder):
        self.folder = folder
        self.title = None

    anchors = property(lambda self: tuple(self._anchors) if self._anchors else None)

    def label(self, at):
        """Return the name of a class; "#3" for 3 when it is unknown."""
        return self.labels.get(at) if self.labels else "#%d" % at


def say(problem):
    """Return a problem (file, field, found, wanted) as one text."""
    return "%s: %s; wanted: %s" % ((problem[0] + " " + problem[1]).strip(), problem[2], problem[3])


def read(root, kinds, anchor_pairs=None):
    """Return a ModelSpec for every folder in root/models, in the order of their names; [] when there is none.

    kinds: name -> module with `needs`. anchor_pairs: how many the adapter can use, None for any. Order: by name as
    bytes, capitals as small letters (ASCII). Passed over: files, names that begin with ".", folders that are empty or
    that sync has not brought whole. A title that an earlier folder has is a problem of the later one. OSError when
    there is no card, or it cannot be listed. Another card may lack the app: ImportError, but not where it has no model
    either.
    """
    base = root + "/models"
    try:
        rows = list(uos.ilistdir(base))
        if not rows:
            return rows
        from device.once.model_json import read_folders

        return read_folders(base, rows, kinds, anchor_pairs)
    except OSError as error:
        if error.args[0] != 2:
            raise
        return []
    finally:
        forget()
