"""The models of the card in the order in which the key selects them, the selected one, and the remembered one."""

import uos

from device import forget


def read(root, anchor_pairs=None):
    """Return a ModelSpec for every folder in root/models, in the order of their names; [] when there is none.

    The order is that of the names as bytes, capitals as small letters (ASCII). Files are skipped, and so are names that
    begin with ".", empty folders, and folders that sync has not finished. If two folders have the same title, that is a
    problem of the later one.

    anchor_pairs: the number of anchor pairs that the adapter can use, None for any number.
    Raises OSError when there is no card or it cannot be listed; ImportError when a card without the app has models.
    """
    base = root + "/models"
    try:
        # An empty card needs no reader, so a card without the app can be told from one without models.
        rows = list(uos.ilistdir(base))
        if not rows:
            return rows
        from device.once.model_json import read_folders

        return read_folders(base, rows, anchor_pairs)
    except OSError as error:
        if error.args[0] != 2:
            raise
        return []
    finally:
        forget()


class Selection:
    """models: list of ModelSpec, bad folders too. selected: index. spec: the selected one or None. position: "2/5"."""

    def __init__(self, root, anchor_pairs):
        self.root = root
        self.anchor_pairs = anchor_pairs
        self.remembered = ""  # the folder that this card remembers
        self.models = ()
        self.selected = 0
        self.spec = None
        self.position = ""

    def read(self):
        """Read the card and return the models; the selected folder stays selected, at first the remembered one is."""
        self.models = models = read(self.root, self.anchor_pairs)
        last = self.spec
        self.spec = None
        if models:
            try:
                from device.once.choice import choice_read

                self.remembered = choice_read(self.root)
            finally:
                forget()
            folder = last.folder if last else self.remembered
            # By name, not by index: a sync may have added folders before it. If it is gone, the first one is selected.
            at = len(models) - 1
            while at and models[at].folder != folder:
                at -= 1
            self.choose(at)
        return models

    def choose(self, at):
        """Select by index, wrapping around; return the ModelSpec."""
        count = len(self.models)
        self.selected = at = at % count
        self.position = "%d/%d" % (at + 1, count)
        self.spec = spec = self.models[at]
        return spec

    def remember(self, folder):
        """Remember a folder for the next start.

        Returns True when it was written, False when the card refused, None when the card remembers it already. A card
        that refused is not asked again for the same folder.
        """
        # Flash cells wear out: do not write a choice that the card already holds.
        if folder == self.remembered:
            return None
        # Before the write: a card that refuses once will refuse again, and each try would stop the frames.
        self.remembered = folder
        try:
            from device.once.choice import choice_write

            return choice_write(self.root, folder)
        except (ImportError, OSError, SyntaxError, ValueError, MemoryError):  # a pulled card has no module either
            return False
        finally:
            forget()
