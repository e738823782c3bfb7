"""A labels file of 1,000 lines takes at most 8 KiB of heap, and every line can be named."""

import bench
from stage import THINGS, Stage, card, heap, kmodel_v3, say

BUDGET = 8192
LINE = "n%08d thing %04d\n"
LENGTH = len(LINE % (0, 0))


def name(number):
    return (LINE % (number * 7919, number)).strip()


class Lines:
    """A labels file that is not kept, but written when it is read: the heap is short here."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count * LENGTH

    def __getitem__(self, part):
        first = part.start // LENGTH
        last = min(part.stop // LENGTH + 1, self._count)
        text = "".join([name(number) + "\n" for number in range(first, last)])
        return text.encode()[part.start - first * LENGTH : part.stop - first * LENGTH]


def start(count, quiet):
    """Start with a card whose third model has `count` classes."""
    files = card()
    files["models/3-things/model.json"] = THINGS
    files["models/3-things/things.kmodel"] = kmodel_v3((224, 224, 3), (1, 1, count), "dequantize", 450000)
    files["models/3-things/labels.txt"] = Lines(count)
    return Stage(quiet).start(files)


def kept(count):
    """Return how many bytes of heap stay taken by what the app knows of a card with so many labels."""
    stage = start(count, True)
    stage.run(100)
    app = stage.app
    app.selection.models = app.catalog = ()
    app.selection.spec = None
    before = heap()
    app.read_card(None)
    for number in range(0, count, count // 4):
        app.catalog[2].label(number)
    after = heap()
    stage.end()
    return after - before


def run():
    few = kept(4)
    many = kept(1000)
    if many - few > BUDGET:
        raise AssertionError("%d bytes of heap for 1,000 labels" % (many - few))
    stage = start(1000, False)
    spec = stage.app.catalog[2]
    say(len(spec.labels), "labels")
    for number in (0, 1, 15, 16, 17, 499, 511, 512, 998, 999, 1000, -1):
        say(number, spec.label(number))
    for number in range(1000):
        if spec.label(number) != name(number):
            raise AssertionError(spec.label(number))
    stage.until("RUNNING")
    bench.kpu.scores = [0.0] * 1000
    bench.kpu.scores[997] = 9.0
    stage.press(hold=900)
    stage.frames(2)
    bench.card.eject()
    say("without the card", spec.label(500))
    stage.until("NO_CARD")
    stage.end()
