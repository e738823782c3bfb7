"""Shelf: the models of the card in the button's order, the selected one, and the one remembered for the next start."""

from device import catalog, forget
from device.kinds import KINDS


class Shelf:
    """models: list of ModelSpec, bad folders too; selected: index; spec: the selected one or None; place: "2/5"."""

    def __init__(self, root, pairs):
        self.root = root
        self.pairs = pairs
        self.kept = ""  # the folder that this card remembers
        self.models = ()
        self.selected = 0
        self.spec = None
        self.place = ""

    def read(self):
        """Read the card and return the models; the selected folder stays so, at first the remembered one."""
        self.models = models = catalog.read(self.root, KINDS, self.pairs)
        last = self.spec
        self.spec = None
        if models:
            try:
                from device.once.choice import choice_read

                self.kept = choice_read(self.root)
            finally:
                forget()
            folder = last.folder if last else self.kept
            at = len(models) - 1
            while at and models[at].folder != folder:
                at -= 1
            self.choose(at)
        return models

    def choose(self, at):
        """Select by index, wrapping around; return the ModelSpec."""
        count = len(self.models)
        self.selected = at = at % count
        self.place = "%d/%d" % (at + 1, count)
        self.spec = spec = self.models[at]
        return spec

    def keep(self, folder):
        """Remember a folder for the next start; True: written, False: the card refused (once), None: nothing to do."""
        if folder == self.kept:
            return None
        self.kept = folder  # also after a refusal: said once, and a bad card is left alone
        try:
            from device.once.choice import choice_write

            return choice_write(self.root, folder)
        except (ImportError, OSError, SyntaxError, ValueError, MemoryError):  # a card just pulled has no module either
            return False
        finally:
            forget()
