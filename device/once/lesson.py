"""What kinds that learn share: the names of what is learnt, and a note on the picture."""

from device.hal import ticks
from device.once.learnt import MOST_NAMES, learnt_path, learnt_write

NOTE_MS = 3000
WHITE = 0xFFFF


class Names:
    """The names of what is learnt, in the place of a model's labels. planned: the labels of model.json."""

    def __init__(self, names, planned):
        self.names = names
        # The spec stays when a model is unloaded: at its next load its labels are these, of a class Names that was
        # imported before. Keeping them would keep that whole module, once more with each load.
        self.planned = getattr(planned, "planned", planned)

    def __len__(self):
        return len(self.names)

    def get(self, at):
        """Return a name; "#3" for 3 when it is not learnt."""
        return self.names[at] if 0 <= at < len(self.names) else "#%d" % at

    def next(self):
        """Return the name of what is learnt next: a planned one, or its number."""
        at = len(self.names)
        return self.planned.get(at) if at < len(self.planned) else "%d" % (at + 1)


class Note:
    """Results.extra: a line of text on the picture for three seconds."""

    def __init__(self):
        self.text = ""
        self._until = 0

    def say(self, text):
        self.text = text
        self._until = ticks() + NOTE_MS

    def begin(self):
        """Keep the text: it is not of one frame."""

    def draw(self, img, place):
        """Draw the text while it is new."""
        if self.text and ticks() < self._until:
            left, top, width, _ = place
            img.draw_rectangle(left, top, width, 14, 0, 1, 1)
            img.draw_string(left + 2, top + 1, self.text[: width // 8], WHITE)

    def send(self, link):
        """Append nothing: the results name what was learnt."""


def teach(known, note, folder, what, rows, row, write, which=True):
    """Learn a row, save all of them on the card, and say on the picture what came of it.

    known: the Names. folder: the model's, with a slash at its end. what: the word for several of them. rows: a list, to
    which `row` is appended. write(path, rows) writes the file of the data. which: what Results.learn was.
    """
    at = which - 2
    done = "Learnt"
    if which < 0:
        del rows[:]
        del known.names[:]
        done = "Forgotten"
        name = what
    elif 0 <= at < len(known):
        rows[at] = row
        name = known.get(at)
    elif len(known) >= MOST_NAMES:
        note.say("No more than %d %s" % (MOST_NAMES, what))
        return
    else:
        name = known.next()
        rows.append(row)
        known.names.append(name)
    try:
        write(learnt_path(folder), rows)
        learnt_write(folder, known.names)
        note.say("%s: %s" % (done, name))
    except OSError:  # a full or pulled card: it counts until the model is unloaded
        note.say("%s, not saved: %s" % (done, name))
