"""A board without a panel (UnitV), and one whose panel fails: the models run all the same."""

import bench
from stage import Stage, card, say


def run():
    stage = Stage().start(card(), settings='{"board": "unitv"}')
    stage.frames(2)
    stage.press(18)
    stage.frames(2)
    stage.expect("RUNNING", "Digits")
    bench.fail_next("KPU.load", 2006)
    stage.press(18)
    stage.until("FAULT")
    stage.press(18)
    stage.frames(1)
    say("shows", bench.screen.shows)
    stage.end()

    stage = Stage().power(card())
    bench.fail_next("lcd.init", OSError(12))
    stage.boot()
    stage.frames(1)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()
