"""The app itself is on the card that is pulled: what it forgot cannot be read again, and every fault is shown still.

Another card that is put in has no app: a blank one holds no model, and one with models cannot be read.
"""

import sys

import bench
import device
import lcd
from stage import Stage, card, say

MODULES = (sys.path[:], device.__path__)
NOWHERE = "nowhere"


def pull():
    """Take the card out, and the app's own files with it."""
    say("pull")
    bench.card.eject()
    home = device.__path__
    if isinstance(home, str):  # as in MicroPython; v1.11 goes by sys.path
        device.__path__ = NOWHERE
    else:
        home = home[0]
        device.__path__ = [NOWHERE]
    sys.path[:] = [path for path in sys.path if path + "/device" != home]


def put_another(files):
    """Put in a card that has no app."""
    say("insert another")
    bench.card.insert(bench.MemoryCard(files), mount=False)


def put():
    say("insert")
    bench.card.insert(bench.MemoryCard(card()), mount=False)
    sys.path[:] = MODULES[0]
    device.__path__ = MODULES[1]


def listen(stage):
    """Write into the log what the app writes onto the panel."""
    real = lcd.draw_string

    def draw_string(*given):
        if not stage._quiet:
            say("panel", given[2].strip())
        real(*given)

    lcd.draw_string = draw_string


def run():
    stage = Stage().start(card())
    stage.frames(1)
    listen(stage)
    stage.run(4000)
    pull()  # the choice cannot be written now
    stage.until("NO_CARD")
    stage.run(3000)
    put()
    stage.until("RUNNING")
    stage.run(6000)

    stage.press()
    stage.expect("UNLOADED")
    pull()  # the load finds no card
    stage.until("FAULT")
    stage.expect("FAULT", None, 2005)
    stage.until("NO_CARD")
    put()
    stage.until("RUNNING")

    pull()  # a fault whose texts are on the card, which nobody has missed yet
    bench.fail_next("KPU.forward", 2008)
    stage.until("FAULT")
    stage.expect("FAULT", None, 2008)
    stage.press()  # next model; its folder was read before
    stage.until("FAULT")
    stage.until("NO_CARD")
    put()
    stage.until("RUNNING")

    pull()  # for a blank card, which is pulled too
    stage.until("NO_CARD")
    put_another({})
    stage.until("EMPTY")
    stage.run(5000)
    stage.press()
    stage.expect("EMPTY")
    pull()
    stage.until("NO_CARD")
    put()
    stage.until("RUNNING")

    pull()
    stage._quiet = True  # each interpreter says in its own words that there is no such module
    stage.app.machine.post("RELOAD")  # what reads a card is on the card as well
    stage.expect("FAULT", None, 108)
    stage.until("NO_CARD")
    put_another(card())
    stage.until("EMPTY")
    stage.expect("EMPTY", None, 108)
    pull()
    stage.until("NO_CARD")
    stage._quiet = False
    put()
    stage.until("RUNNING")
    stage.end()
