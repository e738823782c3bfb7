"""The power goes while the choice is written, after every byte: the next start finds the old choice or the new."""

import bench
from device.once.choice import choice_read, choice_write
from stage import Stage, card, say

OLD = "2-digits"
NEW = "3-things"


def run():
    bench.reset()
    files = card()
    for cut in range(-1, 40):
        for earlier in (0, 1):  # both slots have their turn
            backend = bench.MemoryCard(dict(files))
            bench.reset()
            bench.card.insert(backend)
            if earlier:
                choice_write("/sd", "1-face")
            choice_write("/sd", OLD)
            if cut >= 0:
                bench.card.power_cut_after(cut)
            try:
                choice_write("/sd", NEW)
                lost = False
            except bench.PowerCut:
                lost = True
            bench.reset()
            bench.card.insert(backend)
            actual = choice_read("/sd")
            if actual != NEW and (actual != OLD or not lost):
                raise AssertionError("cut after %d bytes: %r" % (cut, actual))
            say(cut, earlier, lost, actual)
    kept = backend
    for cut in (0, 3, 10):
        stage = Stage().power()
        bench.card.insert(kept)
        stage.boot()
        stage.until("RUNNING")
        stage.press()
        stage.until("RUNNING")
        bench.card.power_cut_after(cut)
        try:
            stage.run(6000)
            raise AssertionError("nothing was written")
        except bench.PowerCut:
            say("power cut")
        # the power is gone: no clean end
    stage = Stage().power()
    bench.card.insert(kept)
    stage.boot()
    stage.frames(1)
    stage.end()
