"""Threshold and nms that a command has set and kept, in the model's own folder, in two slots as in choice.py.

The text is the two in thousandths, "-" where the kind has no such field, and then what model.json says: when that has
changed since, its author means the new values, and what was kept no longer counts.
"""

from device.once.checks import read_json
from device.once.choice import slots_read, slots_write

SLOTS = ("tuned.s0", "tuned.s1")
FIELDS = ("threshold", "nms")
MOST = 64  # bytes of a slot


def _words(values):
    return ["%d" % (value * 1000 + 0.5) if isinstance(value, (int, float)) else "-" for value in values]


def tuned_read(folder, spec, data):
    """Set what was kept. folder: the model's, with a slash at its end. data: of model.json. Raises OSError 19."""
    try:
        number, text = slots_read(folder, SLOTS, MOST)
    except OSError as error:  # what model.json says is good enough when only this cannot be read
        if error.args[0] == 19:
            raise
        return
    words = text.split(" ")
    if number < 0 or words[2:] != _words([data.get(field) for field in FIELDS]):
        return
    for field, word in zip(FIELDS, words):
        if word != "-" and hasattr(spec, field):
            setattr(spec, field, int(word) / 1000)


def tuned_write(folder, spec):
    """Keep what the spec has now. Raises OSError."""
    problems = []  # type: list
    data = read_json(folder + "model.json", "", problems)
    if problems:  # what is kept now would never count
        raise OSError(5)
    now = _words([getattr(spec, field, None) for field in FIELDS])
    slots_write(folder, SLOTS, MOST, " ".join(now + _words([data.get(field) for field in FIELDS])))
